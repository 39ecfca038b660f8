"""Splitting an array into several and putting several together.

The parts of a split are views, made by one operation with several outputs: going back it is one
concatenation, not a full-sized array of zeros for each part. A write through a part is the same as
a write through the slice that it equals, and is remembered so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate, combinations_with_replacement, pairwise
from itertools import combinations as subsets
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.boxes import Box
from ..core.errors import ShapeError
from ..core.kinds import broadcast_shapes, linear
from ..core.tensor import Tensor
from ..core.views import connect, register, shares_memory
from .axes import in_front, normalize_axis
from .shape import (
    along,
    broadcast_to,
    concatenate,
    concatenate_p,
    place_slice_p,
    reshape,
    reshape_p,
    select_p,
    slice_p,
    stack,
    stack_p,
)
from .views import atleast_1d, atleast_2d, atleast_3d, ravel

Parts = list[tuple[Any, dict[str, Any]]]


def _ranges(sizes: Sequence[int]) -> list[slice]:
    return [slice(a, b) for a, b in pairwise(accumulate(sizes, initial=0))]


def _split_eval(x: Any, *, axis: int, sizes: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple([x[along(axis, part)] for part in _ranges(sizes)])


def _split_aval(x: Aval, *, axis: int, sizes: tuple[int, ...]) -> tuple[Aval, ...]:
    s = x.shape
    return tuple([Aval((*s[:axis], n, *s[axis + 1 :]), x.dtype) for n in sizes])


@cache
def split_primitive(count: int, by_sizes: bool = False) -> Any:
    """The primitive that splits into `count` (two or more) parts, of one size or of several."""
    primitive = linear(
        "split_with_sizes" if by_sizes else "split", _split_eval,
        lambda cts, *, axis, sizes: concatenate_p(*cts, axis=axis, sizes=sizes),
        aval=_split_aval,
        batch=lambda xs, where, n, *, axis, sizes: (
            primitive(in_front(xs[0], where[0]), axis=axis + 1, sizes=sizes), 0
        ),
        outputs=count, view=True,
        doc="The parts of x along `axis` whose lengths are `sizes`.",
    )  # fmt: skip
    return primitive


def _unbind_eval(x: Any, *, axis: int) -> tuple[Any, ...]:
    before = (slice(None),) * axis
    return tuple([x[(*before, i, ...)] for i in range(x.shape[axis])])


@cache
def unbind_primitive(count: int) -> Any:
    """The primitive that takes an axis of length `count` (two or more) apart."""
    primitive = linear(
        "unbind", _unbind_eval, lambda cts, *, axis: stack_p(*cts, axis=axis),
        aval=lambda x, *, axis: (Aval((*x.shape[:axis], *x.shape[axis + 1 :]), x.dtype),) * count,
        batch=lambda xs, where, n, *, axis: (
            primitive(in_front(xs[0], where[0]), axis=axis + 1), 0
        ),
        outputs=count, view=True,
        doc="All elements along `axis`, each without that axis.",
    )  # fmt: skip
    return primitive


def _linked(x: Any, outs: tuple[Any, ...], parts: Callable[[], Parts]) -> tuple[Any, ...]:
    """The outputs of a split, each noted as the view of `x` that it is."""
    if isinstance(x, Tensor) and outs[0].mutable and isinstance(x.value, (np.ndarray, Box)):
        for out, (primitive, params) in zip(outs, parts(), strict=True):
            if isinstance(x.value, Box):
                connect(out, x, primitive, params)
                register(out)
            elif shares_memory(out.value, x.value):
                connect(out, x, primitive, params)
    return outs


def _split(x: Any, axis: int, sizes: Sequence[int], by_sizes: bool) -> tuple[Any, ...]:
    parts = [{"index": along(axis, part)} for part in _ranges(sizes)]
    if len(parts) <= 1:
        return tuple([slice_p(x, **part) for part in parts])
    outs = split_primitive(len(parts), by_sizes)(x, axis=axis, sizes=tuple(sizes))
    return _linked(x, outs, lambda: [(slice_p, part) for part in parts])


def split(x: Any, size_or_sizes: int | Sequence[int], axis: int = 0) -> tuple[Any, ...]:
    """Views of `x` along `axis`, of the lengths given or all of one, the last being the rest.

    Raises:
        ShapeError: The lengths are negative or do not sum up to the axis.
    """
    s = tuple(x.shape)
    if not s:
        raise ShapeError("split expects at least a 1-dimensional tensor")
    axis = normalize_axis(axis, len(s))
    n = s[axis]
    if not isinstance(size_or_sizes, int):
        sizes = [int(k) for k in size_or_sizes]
        if any(k < 0 for k in sizes):
            raise ShapeError(
                "split_with_sizes expects split_sizes have only non-negative entries, but got "
                f"split_sizes={sizes}"
            )
        if sum(sizes) != n:
            raise ShapeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size "
                f"at dimension {axis}), but got split_sizes={sizes}"
            )
        return _split(x, axis, sizes, True)
    size = size_or_sizes
    if size < 0:
        raise ShapeError(f"split expects split_size be non-negative, but got split_size={size}")
    if not n:
        return _split(x, axis, [0], False)
    if not size:
        raise ShapeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}"
        )
    rest = n % size
    return _split(x, axis, [size] * (n // size) + [rest] * bool(rest), False)


def chunk(x: Any, chunks: int, axis: int = 0) -> tuple[Any, ...]:
    """At most `chunks` views of `x` along `axis`, of one size but the last.

    Raises:
        ShapeError: `chunks` is not positive, or `x` is 0-d.
    """
    s = tuple(x.shape)
    if not s:
        raise ShapeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise ShapeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    axis = normalize_axis(axis, len(s))
    n = s[axis]
    if not n:
        return _split(x, axis, [0] * chunks, True)
    return split(x, -(-n // chunks), axis)


def tensor_split(x: Any, sections: int | Sequence[int], axis: int = 0) -> tuple[Any, ...]:
    """Views of `x` along `axis`: as many as `sections`, or cut before each of these indices.

    Raises:
        ShapeError: `sections` is not positive, or `x` is 0-d.
    """
    s = tuple(x.shape)
    if not s:
        raise ShapeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    axis = normalize_axis(axis, len(s))
    n = s[axis]
    if isinstance(sections, int):
        if sections <= 0:
            raise ShapeError(f"number of sections must be larger than 0, got {sections}")
        size, rest = divmod(n, sections)
        bounds = [0, *accumulate([size + (i < rest) for i in range(sections)])]
    else:
        bounds = [0, *[int(i) for i in sections], n]
    # Plain slices, as in PyTorch's graph: with indices out of order the parts overlap.
    parts = [slice(a, b) for a, b in pairwise(bounds)]
    return tuple([slice_p(x, index=along(axis, part)) for part in parts])


def _numpy_split(name: str, x: Any, sections: int | Sequence[int], axis: int, least: int) -> Any:
    s = tuple(x.shape)
    if len(s) < least:
        raise ShapeError(
            f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor "
            f"with {len(s)} dimensions!"
        )
    if isinstance(sections, int) and (sections <= 0 or s[axis] % sections):
        raise ShapeError(
            f"torch.{name} attempted to split along dimension {axis}, but the size of the "
            f"dimension {s[axis]} is not divisible by the split_size {sections}!"
        )
    return tensor_split(x, sections, axis)


def hsplit(x: Any, sections: int | Sequence[int]) -> tuple[Any, ...]:
    """`tensor_split` along the columns (a vector's only axis) into equal parts or at indices."""
    return _numpy_split("hsplit", x, sections, 0 if len(x.shape) == 1 else 1, 1)  # type: ignore[no-any-return]


def vsplit(x: Any, sections: int | Sequence[int]) -> tuple[Any, ...]:
    """`tensor_split` along the rows into equal parts or at indices."""
    return _numpy_split("vsplit", x, sections, 0, 2)  # type: ignore[no-any-return]


def dsplit(x: Any, sections: int | Sequence[int]) -> tuple[Any, ...]:
    """`tensor_split` along the third axis into equal parts or at indices."""
    return _numpy_split("dsplit", x, sections, 2, 3)  # type: ignore[no-any-return]


def unbind(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """Views of all elements along `axis`, each without that axis.

    Raises:
        IndexError: `x` is 0-d, or has no such axis.
    """
    s = tuple(x.shape)
    if not s:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axis = normalize_axis(axis, len(s))
    before = (slice(None),) * axis
    parts = [{"index": (*before, i, ...)} for i in range(s[axis])]
    if len(parts) <= 1:
        return tuple([select_p(x, **part) for part in parts])
    outs = unbind_primitive(len(parts))(x, axis=axis)
    return _linked(x, outs, lambda: [(select_p, part) for part in parts])


def hstack(xs: Sequence[Any]) -> Any:
    """Join along the columns (vectors: along their only axis)."""
    xs = [atleast_1d(x) for x in xs]
    return concatenate(xs, 0 if xs and len(xs[0].shape) == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """Join along the rows; vectors are rows."""
    return concatenate([atleast_2d(x) for x in xs], 0)


def dstack(xs: Sequence[Any]) -> Any:
    """Join along the third axis."""
    return concatenate([atleast_3d(x) for x in xs], 2)


def column_stack(xs: Sequence[Any]) -> Any:
    """Join along the columns; vectors and 0-d values are columns."""
    columns = [x if len(x.shape) > 1 else reshape(x, (-1, 1)) for x in xs]
    return concatenate(columns, 1)


def broadcast_tensors(*xs: Any) -> tuple[Any, ...]:
    """All operands broadcast to their common shape, as views.

    Raises:
        ShapeError: They do not broadcast.
    """
    shape = common_shape("broadcast_tensors", *xs)
    return tuple([broadcast_to(x, shape) for x in xs])


def common_shape(name: str, *xs: Any) -> tuple[int, ...]:
    """The shape that the operands broadcast to; `name` is whose they are, for the message."""
    return broadcast_shapes(name, *[tuple(x.shape) for x in xs])


def meshgrid(xs: Sequence[Any], indexing: str = "ij") -> tuple[Any, ...]:
    """Coordinates of a grid from those of its axes, as views.

    Args:
        xs: Vectors or 0-d values.
        indexing: "ij": axis i of every result belongs to operand i; "xy": the first two exchanged.

    Raises:
        ShapeError: An operand has more axes, there is none, or `indexing` is something else.
    """
    if indexing not in ("ij", "xy"):
        raise ShapeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    if not xs:
        raise ShapeError("meshgrid expects a non-empty TensorList")
    for x in xs:
        if len(x.shape) > 1:
            raise ShapeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got shape "
                f"{list(x.shape)}"
            )
    swap = indexing == "xy" and len(xs) >= 2
    if swap:
        xs = [xs[1], xs[0], *xs[2:]]
    sizes = [x.shape[0] if len(x.shape) else 1 for x in xs]
    grids = []
    for i, (x, n) in enumerate(zip(xs, sizes, strict=True)):
        column = reshape_p(x, shape=(*(1,) * i, n, *(1,) * (len(xs) - i - 1)))
        grids.append(broadcast_to(column, sizes))
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def cartesian_prod(*xs: Any) -> Any:
    """All combinations of an element from each vector, one a row; of one vector, itself.

    Raises:
        ShapeError: An operand is not a vector.
    """
    for x in xs:
        _check_vector(x)
    if len(xs) == 1:
        return xs[0]
    return stack([ravel(g) for g in meshgrid(xs)], 1)


def _check_vector(x: Any) -> None:
    if len(x.shape) != 1:
        raise ShapeError(f"Expect a 1D vector, but got shape {list(x.shape)}")


def combination_indices(n: int, r: int, with_replacement: bool = False) -> np.ndarray[Any, Any]:
    """The indices of all combinations of r of n elements, one a row, in lexicographic order."""
    rows = (combinations_with_replacement if with_replacement else subsets)(range(n), r)
    return np.array(list(rows), np.int64).reshape(-1, r)


def _block_offsets(shapes: Sequence[tuple[int, ...]]) -> list[tuple[slice, slice]]:
    rows, columns = _ranges([s[0] for s in shapes]), _ranges([s[1] for s in shapes])
    return list(zip(rows, columns, strict=True))


def _block_diag_eval(*xs: Any, shapes: tuple[tuple[int, int], ...]) -> Any:
    out = np.zeros((sum(s[0] for s in shapes), sum(s[1] for s in shapes)), xs[0].dtype)
    for x, place in zip(xs, _block_offsets(shapes), strict=True):
        out[place] = x
    return out


def _block_diag_pullback(
    ct: Any, needs: Sequence[bool], *, shapes: tuple[tuple[int, int], ...]
) -> list[Any]:
    places = _block_offsets(shapes)
    return [slice_p(ct, index=p) if need else None for p, need in zip(places, needs, strict=True)]


def _block_diag_batch(xs: list[Any], where: list[Any], n: int, *, shapes: Any) -> Any:
    whole = (n, sum(s[0] for s in shapes), sum(s[1] for s in shapes))
    total = None
    for x, a, place in zip(xs, where, _block_offsets(shapes), strict=True):
        x = broadcast_to(x, (n, *x.shape)) if a is None else in_front(x, a)
        part = place_slice_p(x, index=(slice(None), *place), shape=whole)
        total = part if total is None else total + part
    return total, 0


block_diag_p = linear(
    "block_diag", _block_diag_eval, "joint", joint_vjp=_block_diag_pullback,
    aval=lambda *xs, shapes: Aval(
        (sum(s[0] for s in shapes), sum(s[1] for s in shapes)), xs[0].dtype
    ),
    batch=_block_diag_batch, inputs="xs*",
    doc="The operands, matrices of these `shapes`, along the diagonal of a matrix of zeros.",
)  # fmt: skip


def block_diag(*xs: Any) -> Any:
    """The operands along the diagonal of a matrix of zeros; vectors are rows.

    Raises:
        ShapeError: An operand has more than two axes, or there is none.
    """
    if not xs:
        raise ShapeError("block_diag: expected at least one operand")
    for i, x in enumerate(xs):
        if len(x.shape) > 2:
            raise ShapeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. "
                f"Input {i} has {len(x.shape)} dimensions"
            )
    blocks = [atleast_2d(x) for x in xs]
    return block_diag_p(*blocks, shapes=tuple([tuple(b.shape) for b in blocks]))
