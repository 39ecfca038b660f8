"""Rearrangements: reshape, transpose, join, split, repeat, pad."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..core.tensor import Tensor
from ..ops import padding, rearrange, scan
from ..ops import shape as s
from . import kernels as k
from .convert import as_tensor, converted, static, static_shape, unified
from .elementwise import conj
from .kernels import check_dtype
from .raising import dims, dtype_mismatch, dtype_not_allowed, kernel_error
from .shapes import TensorShape
from .tensor import EagerTensor, Readable, tensor

INDICES = "int32, int64"


def static_integers(op: str, value: Any, attribute: str = "Tshape") -> Any:
    """A shape-like argument as Python ints, refusing floats as TensorFlow does."""
    out = static(value)
    for n in out if isinstance(out, list) else [out]:
        if isinstance(n, float):
            raise dtype_not_allowed(op, np.dtype(np.float32), INDICES, attribute=attribute)
    return out


def reshape(tensor: Any, shape: Any, name: str | None = None) -> EagerTensor:
    """Give a tensor another shape of the same size; one length may be -1.

    Raises:
        InvalidArgumentError: The sizes differ, or two lengths are -1.
    """
    x = as_tensor(tensor)
    want = static_integers("Reshape", shape)
    want = (want,) if isinstance(want, int) else tuple(want)
    size = math.prod(x.value.shape)
    unknown = [i for i, n in enumerate(want) if n == -1]
    if len(unknown) > 1:
        raise kernel_error(
            "Reshape", f"Only one input size may be -1, not both {unknown[0]} and {unknown[1]}"
        )
    for i, n in enumerate(want):
        if n < -1:
            raise kernel_error("Reshape", f"Size {i} must be non-negative, not {n}")
    rest = math.prod(n for n in want if n != -1)
    if unknown:
        if rest == 0 or size % rest:
            if rest == 0:
                raise kernel_error(
                    "Reshape",
                    "reshape cannot infer the missing input size for an empty tensor unless all specified input sizes are non-zero",
                )
            raise kernel_error(
                "Reshape",
                f"Input to reshape is a tensor with {size} values, but the requested shape requires a "
                f"multiple of {rest}",
            )
        want = tuple([size // rest if n == -1 else n for n in want])
    elif rest != size:
        raise kernel_error(
            "Reshape",
            f"Input to reshape is a tensor with {size} values, but the requested shape has {rest}",
        )
    return s.reshape_p(x, shape=want)  # type: ignore[no-any-return]


def transpose(
    a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose"
) -> EagerTensor:
    """Reorder the axes, reversing them if `perm` is None.

    Raises:
        InvalidArgumentError: `perm` is no permutation of the axes.
    """
    x = as_tensor(a)
    rank = len(x.value.shape)
    order = list(reversed(range(rank))) if perm is None else static(perm)
    if len(order) != rank:
        raise kernel_error(
            "Transpose",
            f"transpose expects a vector of size {rank}. But input(1) is a vector of size {len(order)}",
        )
    for n in order:
        if not -rank <= n < rank:
            raise kernel_error("Transpose", f"{n} is out of range [0 .. {rank})")
    axes = tuple([n % rank for n in order])
    for i in range(rank):
        if i not in axes:
            raise kernel_error("Transpose", f"{i} is missing from {{{','.join(map(str, order))}}}.")
    out = x if axes == tuple(range(rank)) else s.permute_p(x, axes=axes)
    return conj(out) if conjugate else out


def expand_dims(input: Any, axis: Any, name: str | None = None) -> EagerTensor:
    """Insert an axis of length 1.

    Raises:
        InvalidArgumentError: `axis` is out of range.
    """
    x = as_tensor(input)
    rank = len(x.value.shape)
    at = int(static(axis))
    if not -rank - 1 <= at <= rank:
        raise kernel_error(
            "ExpandDims", f"Tried to expand dim index {at} for tensor with {rank} dimensions."
        )
    return s.expand_dims(x, at)  # type: ignore[no-any-return]


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> EagerTensor:
    """Drop axes of length 1: all, or those in `axis`.

    Raises:
        InvalidArgumentError: One has another length or does not exist.
    """
    x = as_tensor(input)
    have = x.value.shape
    rank = len(have)
    if axis is None:
        axes = [i for i, n in enumerate(have) if n == 1]
    else:
        given = static(axis)
        axes = []
        for i in [given] if isinstance(given, int) else given:
            if not -rank <= i < rank:
                raise kernel_error(
                    "Squeeze", f"Tried to squeeze dim index {i} for tensor with {rank} dimensions."
                )
            axes.append(i % rank)
            if have[i] != 1:
                raise kernel_error(
                    "Squeeze",
                    f"Can not squeeze dim[{i % rank}], expected a dimension of 1, got {have[i]}",
                )
    return s.reshape_p(x, shape=tuple([n for i, n in enumerate(have) if i not in axes]))  # type: ignore[no-any-return]


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> EagerTensor:
    """Repeat a tensor along axes of length 1 and new leading ones.

    Raises:
        InvalidArgumentError: It does not broadcast to `shape`.
    """
    x = as_tensor(input)
    want = static_shape(shape)
    try:
        return s.broadcast_to(x, want)  # type: ignore[no-any-return]
    except ShapeError as error:
        raise kernel_error(
            "BroadcastTo", f"Incompatible shapes: {dims(x.value.shape)} vs. {dims(want)}"
        ) from error


def identity(input: Any, name: str | None = None) -> EagerTensor:
    """Return a tensor with the same value."""
    return same(as_tensor(input))


def same(x: EagerTensor) -> EagerTensor:
    """Another tensor object with the value and history of `x`."""
    return s.reshape_p(x, shape=tuple(x.value.shape))  # type: ignore[no-any-return]


# --- joining ----------------------------------------------------------------------------------------


def alike(op: str, values: Any, *, dtype: Any = None) -> list[EagerTensor]:
    """The operands of an operation on several tensors, of the dtype of the first tensor among them.

    Raises:
        InvalidArgumentError: Tensors of different dtypes.
        TypeError: A Python number does not fit the dtype.
    """
    values = (
        list(values)
        if isinstance(values, (list, tuple))
        else [values[i] for i in range(len(values))]
    )
    first = next(
        (v for v in values if isinstance(v, (Tensor, Readable))), values[0] if values else None
    )
    if first is None:
        return []
    want = as_tensor(first).value.dtype
    out = []
    for i, v in enumerate(values):
        if isinstance(v, (Tensor, Readable)):
            x = as_tensor(v)
            if x.value.dtype != want:
                raise dtype_mismatch(op, i, want, x.value.dtype)
            out.append(x)
        else:
            out.append(converted(v, want))
    return unified(out)


def concat(values: Any, axis: Any, name: str = "concat") -> EagerTensor:
    """Join tensors along an axis.

    Raises:
        InvalidArgumentError: Ranks, other axes or dtypes differ, or `axis` is out of range.
    """
    if isinstance(values, (EagerTensor, Readable)) or not isinstance(values, (list, tuple)):
        values = [values]
    xs = alike("ConcatV2", values)
    if len(xs) == 1:
        return same(xs[0])
    kernel = f"ConcatV2_N_{len(xs)}"

    def error(text: str) -> Exception:
        return kernel_error("ConcatV2", "ConcatOp : " + text, kernel=kernel, name=name)

    first = xs[0].value.shape
    rank = len(first)
    at = int(static(axis))
    if not -rank <= at < rank:
        raise error(
            f"Expected concatenating dimensions in the range [{-rank}, {rank}), but got {at}"
        )
    for number, x in enumerate(xs):
        have = x.value.shape
        if len(have) != rank:
            raise error(
                f"Ranks of all input tensors should match: shape[0] = {dims(first)} vs. "
                f"shape[{number}] = {dims(have)}"
            )
        for i, n in enumerate(have):
            if i != at % rank and n != first[i]:
                raise error(
                    f"Dimension {i} in both shapes must be equal: shape[0] = {dims(first)} vs. "
                    f"shape[{number}] = {dims(have)}"
                )
    return s.concatenate(xs, at)  # type: ignore[no-any-return]


def stack(values: Any, axis: int = 0, name: str = "stack") -> EagerTensor:
    """Join tensors of one shape along a new axis.

    Raises:
        InvalidArgumentError: Shapes or dtypes differ.
        ValueError: `axis` is out of range.
    """
    xs = alike("Pack", values)
    if not xs:
        raise ValueError("tf.stack needs at least one tensor")
    first = xs[0].value.shape
    rank = len(first) + 1
    if not -rank <= axis < rank:
        raise ValueError(f"Argument `axis` = {axis} not in range [{-rank}, {rank})")
    for number, x in enumerate(xs):
        if x.value.shape != first:
            raise kernel_error(
                "Pack",
                f"Shapes of all inputs must match: values[0].shape = {dims(first)} != "
                f"values[{number}].shape = {dims(x.value.shape)}",
                kernel=f"Pack_N_{len(xs)}", name=name,
            )  # fmt: skip
    return s.stack(xs, axis)  # type: ignore[no-any-return]


parallel_stack = stack


def unstack(
    value: Any, num: int | None = None, axis: int = 0, name: str = "unstack"
) -> list[EagerTensor]:
    """Return the slices along an axis, without it.

    Raises:
        ValueError: `axis` is out of range, or `num` is not its length.
    """
    x = as_tensor(value)
    rank = len(x.value.shape)
    if not -rank <= axis < rank:
        raise ValueError(f"Argument `axis` = {axis} not in range [{-rank}, {rank})")
    axis %= rank
    n = x.value.shape[axis]
    if num is not None and num != n:
        raise ValueError(f"Argument `num` = {num} does not match the length {n} of axis {axis}")
    return [s.slice_p(x, index=s.along(axis, i)) for i in range(n)]


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str = "split"
) -> list[EagerTensor]:
    """Return the parts of a tensor along an axis.

    Args:
        value: The tensor.
        num_or_size_splits: How many parts of one size, or the size of each (one may be -1).
        axis: Where to cut.
        num: Not used.
        name: In error messages.

    Raises:
        InvalidArgumentError: The sizes do not add up to the axis, or there is no such axis.
    """
    x = as_tensor(value)
    have = x.value.shape
    rank = len(have)
    at = int(static(axis))
    if not -rank <= at < rank:
        raise kernel_error(
            "Split",
            f"-input rank(-{rank}) <= split_dim < input rank ({rank}), but got {at}",
            name=name,
        )
    at %= rank
    length = have[at]
    sizes = static(num_or_size_splits)
    if isinstance(sizes, int):
        if sizes <= 0 or length % sizes:
            raise kernel_error(
                "Split",
                "Number of ways to split should evenly divide the split dimension, but got split_dim "
                f"{at} (size = {length}) and num_split {sizes}",
                kernel=f"Split_num_split_{sizes}", name=name,
            )  # fmt: skip
        sizes = [length // sizes] * sizes
    else:
        given = sum(n for n in sizes if n != -1)
        if (-1 not in sizes and given != length) or given > length or sizes.count(-1) > 1:
            raise kernel_error(
                "SplitV",
                "Determined shape must either match input shape along split_dim exactly if fully "
                "specified, or be less than the size of the input along split_dim if not fully "
                f"specified.  Got: {given}",
                kernel=f"SplitV_num_split_{len(sizes)}", name=name,
            )  # fmt: skip
        sizes = [length - given if n == -1 else n for n in sizes]
    parts = []
    start = 0
    for n in sizes:
        parts.append(s.slice_p(x, index=s.along(at, _slice(start, start + n))))
        start += n
    return parts


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> EagerTensor:
    """Return the part that starts at `begin` and has `size` (-1: all the rest).

    Raises:
        InvalidArgumentError: It sticks out.
    """
    x = as_tensor(input_)
    starts, sizes = static_shape(begin), static_shape(size)
    have = x.value.shape
    if len(starts) != len(have) or len(sizes) != len(have):
        raise kernel_error(
            "Slice",
            f"Expected begin and size arguments to be 1-D tensors of size {len(have)}, but got shapes [{len(starts)}] and [{len(sizes)}] instead.",
        )
    index = []
    for i, (n, a, m) in enumerate(zip(have, starts, sizes, strict=True)):
        if not 0 <= a <= n:
            raise kernel_error("Slice", f"Expected begin[{i}] in [0, {n}], but got {a}")
        length = n - a if m == -1 else m
        if not 0 <= length <= n - a:
            raise kernel_error("Slice", f"Expected size[{i}] in [0, {n - a}], but got {m}")
        index.append(_slice(a, a + length))
    return s.slice_p(x, index=tuple(index))  # type: ignore[no-any-return]


_slice = builtins.slice


def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Return `input_[begin:end:strides]`, an axis for each element of `begin`.

    Raises:
        NotImplementedError: A mask is set.
    """
    if begin_mask or end_mask or ellipsis_mask or new_axis_mask or shrink_axis_mask:
        raise NotImplementedError(
            "tf.strided_slice with masks: index the tensor with brackets instead"
        )
    x = as_tensor(input_)
    starts, ends = static_shape(begin), static_shape(end)
    steps = (1,) * len(starts) if strides is None else static_shape(strides)
    return x[tuple([_slice(*part) for part in zip(starts, ends, steps, strict=True)])]  # type: ignore[no-any-return]


# --- repeating and moving ---------------------------------------------------------------------------


def tile(input: Any, multiples: Any, name: str | None = None) -> EagerTensor:
    """Repeat a tensor `multiples[i]` times along axis i.

    Raises:
        InvalidArgumentError: There is not one multiple per axis.
    """
    x = as_tensor(input)
    times = static_shape(multiples)
    rank = len(x.value.shape)
    if len(times) != rank:
        raise kernel_error(
            "Tile",
            f"Expected multiples argument to be a vector of length {rank} but got length {len(times)}",
        )
    return rearrange.tile(x, times)  # type: ignore[no-any-return]


def reverse(tensor: Any, axis: Any, name: str | None = None) -> EagerTensor:
    """Reverse the order along axes.

    Raises:
        InvalidArgumentError: An axis is out of range or named twice.
    """
    x = as_tensor(tensor)
    rank = len(x.value.shape)
    axes = static_shape(axis)
    for i in axes:
        if not -rank <= i < rank:
            raise kernel_error(
                "ReverseV2", f"'axis'[0] = {i} is out of valid range [0, {rank - 1}]"
            )
    if len({i % rank for i in axes}) != len(axes):
        raise kernel_error("ReverseV2", f"axis {axes[0]} specified more than once.")
    return rearrange.flip(x, axes)  # type: ignore[no-any-return]


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> EagerTensor:
    """Shift the elements along axes; those that leave at one end come in at the other."""
    shifts, axes = static_shape(shift), static_shape(axis)
    return rearrange.roll(as_tensor(input), shifts, axes)  # type: ignore[no-any-return]


_PAD_MODES = ("CONSTANT", "REFLECT", "SYMMETRIC")


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: Any = 0,
    name: str | None = None,
) -> EagerTensor:
    """Pad each axis in front and behind.

    Args:
        tensor: What to pad.
        paddings: A pair (before, after) for each axis.
        mode: "CONSTANT", "REFLECT" (without the edge) or "SYMMETRIC" (with it).
        constant_values: What to pad with in mode "CONSTANT".
        name: Not used.

    Raises:
        InvalidArgumentError: There is not one pair per axis, or a mirrored part is longer than the axis.
        ValueError: Another mode.
    """
    x = as_tensor(tensor)
    pairs = [tuple(p) for p in static(paddings)]
    rank = len(x.value.shape)
    mode = mode.upper()
    if mode not in _PAD_MODES:
        raise ValueError(
            f"Value of argument `mode` expected to be one of {_PAD_MODES}. Received `mode` = {mode}"
        )
    if len(pairs) != rank:
        raise kernel_error(
            "Pad" if mode == "CONSTANT" else "MirrorPad",
            f"The first dimension of paddings must be the rank of inputs[{len(pairs)},2] {dims(x.value.shape)}",
        )
    for a, b in pairs:
        if a < 0 or b < 0:
            raise kernel_error("Pad", f"Paddings must be non-negative: {a}, {b}")
    if mode == "CONSTANT":
        value = converted(constant_values, x.value.dtype).value
        return padding.constant_pad_p(x, pads=tuple(pairs), value=value.item())  # type: ignore[no-any-return]
    offset = 1 if mode == "REFLECT" else 0
    for axis, (a, b) in enumerate(pairs):
        n = x.value.shape[axis]
        if max(a, b) > n - offset:
            raise kernel_error(
                "MirrorPad",
                f"paddings must be {'less than' if offset else 'no greater than'} the dimension size: {a}, {b} not less than {n}",
            )
        before = rearrange.flip(s.slice_p(x, index=s.along(axis, _slice(offset, offset + a))), axis)
        behind = rearrange.flip(
            s.slice_p(x, index=s.along(axis, _slice(n - offset - b, n - offset))), axis
        )
        x = s.concatenate([before, x, behind], axis)
    return x


def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> EagerTensor:
    """Return running sums along an axis.

    Args:
        x: The tensor.
        axis: Along which.
        exclusive: Whether each sum leaves its own element out.
        reverse: Whether to start from the end.
        name: Not used.

    Raises:
        InvalidArgumentError: `axis` is out of range.
    """
    out, at = _scanned("Cumsum", x, axis)
    run = scan.cumsum_p(out, axis=at - len(out.value.shape), reverse=reverse)
    return _excluded(run, at, reverse, 0) if exclusive else run


def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> EagerTensor:
    """Return running products along an axis; arguments as for `cumsum`.

    Raises:
        InvalidArgumentError: `axis` is out of range.
    """
    out, at = _scanned("Cumprod", x, axis)
    if reverse:
        out = rearrange.flip(out, at)
    run = scan.cumprod(out, at)
    if exclusive:
        run = _excluded(run, at, False, 1)
    return rearrange.flip(run, at) if reverse else run  # type: ignore[no-any-return]


def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> EagerTensor:
    """Return running log(sum(exp)) along an axis; arguments as for `cumsum`.

    Raises:
        InvalidArgumentError: `axis` is out of range.
    """
    out, at = _scanned("CumulativeLogsumexp", x, axis)
    check_dtype("CumulativeLogsumexp", out.value.dtype, k.FLOATING)
    if reverse:
        out = rearrange.flip(out, at)
    run = scan.logcumsumexp(out, at)
    if exclusive:
        run = _excluded(run, at, False, float(np.finfo(run.value.dtype).min))
    return rearrange.flip(run, at) if reverse else run  # type: ignore[no-any-return]


def _scanned(op: str, x: Any, axis: Any) -> tuple[EagerTensor, int]:
    x = as_tensor(x)
    check_dtype(op, x.value.dtype, k.SUMMED)
    rank = len(x.value.shape)
    at = int(static(axis))
    if not -rank <= at < rank:
        raise kernel_error(
            op, f"ScanOp: Expected scan axis in the range [{-rank}, {rank}), but got {at}"
        )
    return x, at % rank


def _excluded(run: EagerTensor, axis: int, reverse: bool, start: Any) -> EagerTensor:
    """Running results moved on by one place, the neutral element moving in."""
    n = run.value.shape[axis]
    if not n:
        return run
    first = tensor(np.full(
        [1 if i == axis else m for i, m in enumerate(run.value.shape)], start, run.value.dtype
    ))  # fmt: skip
    kept = s.slice_p(run, index=s.along(axis, _slice(1, n) if reverse else _slice(0, n - 1)))
    return s.concatenate(unified([kept, first] if reverse else [first, kept]), axis)  # type: ignore[no-any-return]


def meshgrid(*args: Any, **kwargs: Any) -> list[EagerTensor]:
    """Spread vectors over a grid.

    Args:
        args: The vectors.
        kwargs: `indexing`: "xy" (by default the first two axes swapped) or "ij".

    Raises:
        ValueError: Another `indexing`.
    """
    indexing = kwargs.pop("indexing", "xy")
    kwargs.pop("name", None)
    if indexing not in ("xy", "ij"):
        raise ValueError(
            f"Argument `indexing` parameter must be either 'xy' or 'ij', got '{indexing}'"
        )
    xs = [s.reshape(x, (-1,)) for x in alike("Pack", list(args))]
    order = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        order[0], order[1] = 1, 0
    full = [0] * len(xs)
    for i, x in enumerate(xs):
        full[order[i]] = x.value.shape[0]
    out = []
    for i, x in enumerate(xs):
        own = [1] * len(xs)
        own[order[i]] = x.value.shape[0]
        out.append(s.broadcast_to(s.reshape_p(x, shape=tuple(own)), tuple(full)))
    return out


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> Any:
    """The `tf.TensorShape` that two shapes broadcast to.

    Raises:
        ValueError: They do not.
    """
    try:
        return TensorShape(np.broadcast_shapes(tuple(shape_x), tuple(shape_y)))
    except ValueError as error:
        raise ValueError(
            f"Incompatible shapes for broadcasting. Two shapes are compatible if for each dimension pair "
            f"they are either equal or one of them is 1. Received: {shape_x} and {shape_y}."
        ) from error


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> EagerTensor:
    """The shape that two shapes broadcast to, as a tensor.

    Raises:
        InvalidArgumentError: They do not.
    """
    a, b = static_shape(shape_x), static_shape(shape_y)
    try:
        return tensor(np.array(np.broadcast_shapes(a, b), np.int32))
    except ValueError as error:
        raise kernel_error(
            "BroadcastArgs", f"Incompatible shapes: {dims(a)} vs. {dims(b)}"
        ) from error
