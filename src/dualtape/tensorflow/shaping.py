"""Rearrangements: reshape, transpose, slice, repeat, pad."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..ops import padding, rearrange
from ..ops import shape as s
from .convert import as_tensor, converted, static, static_shape
from .elementwise import conj
from .raising import dims, dtype_not_allowed, kernel_error
from .shapes import TensorShape
from .tensor import EagerTensor, tensor

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
