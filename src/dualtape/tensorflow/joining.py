"""Joining and splitting: concat, stack, unstack, split, meshgrid."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor
from ..ops import shape as s
from .convert import as_tensor, converted, static, unified
from .raising import dims, dtype_mismatch, kernel_error
from .shaping import same
from .tensor import EagerTensor, Readable


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
        ValueError: `axis` is out of range.
        InvalidArgumentError: `num` is not its length.
    """
    x = as_tensor(value)
    rank = len(x.value.shape)
    if not -rank <= axis < rank:
        raise ValueError(f"Argument `axis` = {axis} not in range [{-rank}, {rank})")
    axis %= rank
    n = x.value.shape[axis]
    if num is not None and num != n:
        raise kernel_error(
            "Unpack",
            f"Input shape axis {axis} must equal {num}, got shape {dims(x.value.shape)}",
            kernel=f"Unpack_num_{num}",
            name="unstack",
        )
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
        parts.append(s.slice_p(x, index=s.along(at, slice(start, start + n))))
        start += n
    return parts


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
