"""Picking elements by integer positions and putting elements there: what all indexing is made of.

The operand `x` has the axes (*A, *N, *R): `axis` is the length of A, `depth` that of N. The axes N
count as one, in row-major order, and `positions`, of any shape P, say which of its elements are
meant; negative ones count from the end. What is picked or put has the axes (*A, *P, *R). So an
embedding is axis 0 and depth 1, and gathering, like indexing by a mask of the operand's shape, is
axis 0 and all axes deep.

Each map and its transpose:

    take      elements at positions            deposit  zeros, values added up at positions
    retrieve  take, 0 where overwritten later  place    zeros, values written, the last stays
    clear     zeros at positions               clear

Writing keeps the last of several values for one position; its derivative by the others is zero.
PyTorch's graph has a name for each use; the primitives of one family differ in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import BoundsError
from ..core.kinds import broadcast_shapes, constant, general, linear
from .axes import in_front, size_of
from .scattering import add_rows, checked_positions, last_of_each, summed_rows
from .shape import broadcast_to, expand_dims, move_axis

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

INT64 = np.dtype(np.int64)


# Positions ---------------------------------------------------------------------------------------


def out_of_bounds(index: int, axis: int, size: int) -> BoundsError:
    """The error for an index, in PyTorch's words."""
    return BoundsError(f"index {index} is out of bounds for dimension {axis} with size {size}")


def _own(positions: Array, i: Any) -> Array:
    """Positions in memory of their own: the node that keeps them must not see `i` overwritten."""
    return positions.copy() if positions is i or positions.base is not None else positions


def _position_eval(i: Any, *, size: int, wrap: bool, message: str) -> Any:
    out = checked_positions(
        np.asarray(i), size, wrap, lambda bad: BoundsError(message.format(index=bad, size=size))
    )
    return _own(out, i)


position_p = constant(
    "position", _position_eval, inputs="i", pointwise=True,
    aval=lambda i, *, size, wrap, message: Aval(i.shape, INT64),
    doc="Integers checked to be less than `size`, negative ones (with `wrap`) from the end.",
)  # fmt: skip


def _ravel_eval(*indices: Any, sizes: Shape, axis: int) -> Any:
    flat: Any = None
    if not all(i.size for i in indices):  # nothing is picked, so nothing is out of bounds
        return np.zeros(np.broadcast_shapes(*[i.shape for i in indices]), np.intp)
    for k, (i, n) in enumerate(zip(indices, sizes, strict=True)):
        i = checked_positions(
            np.asarray(i), n, True, lambda bad, k=k, n=n: out_of_bounds(bad, axis + k, n)
        )
        flat = i if flat is None else flat * n + i
    return _own(flat, indices[0])


ravel_p = constant(
    "ravel_index", _ravel_eval, inputs="indices*", pointwise=True,
    aval=lambda *indices, sizes, axis: Aval(
        broadcast_shapes("index", *[i.shape for i in indices]), INT64
    ),
    doc="Positions in axes of `sizes`, the first of them number `axis`, from an index for each.",
)  # fmt: skip


def _along_eval(i: Any, *, shape: Shape, axis: int) -> Any:
    rank = len(shape)
    n = shape[axis] if rank else 1
    flat = checked_positions(np.asarray(i), n, False, lambda bad: out_of_bounds(bad, axis, n))
    steps = [size_of(shape[k + 1 :]) for k in range(rank)]
    if rank and steps[axis] != 1:
        flat = flat * steps[axis]
    for k, step in enumerate(steps):
        if k != axis and (m := i.shape[k - rank]) > 1:
            flat = flat + (np.arange(m) * step).reshape(m, *(1,) * (rank - k - 1))
    return _own(flat, i)


along_p = constant(
    "along_index", _along_eval, inputs="i", pointwise=False,
    aval=lambda i, *, shape, axis: Aval(i.shape, INT64),
    batch=lambda xs, where, n, *, shape, axis: (
        along_p(in_front(xs[0], where[0]), shape=shape, axis=axis), 0
    ),
    doc="Positions in `shape` of elements whose index along `axis` is i, and elsewhere their own.",
)  # fmt: skip


# Kernels -----------------------------------------------------------------------------------------


def _folded(shape: Shape, axis: int, depth: int) -> tuple[int, int, int]:
    """The sizes of A, N and R."""
    return (
        size_of(shape[:axis]),
        size_of(shape[axis : axis + depth]),
        size_of(shape[axis + depth :]),
    )


def _picked_shape(shape: Shape, positions: Shape, axis: int, depth: int) -> Shape:
    return (*shape[:axis], *positions, *shape[axis + depth :])


def _valid(positions: Any, n: int, axis: int) -> Array:
    return checked_positions(
        np.asarray(positions), n, True, lambda bad: out_of_bounds(bad, axis, n)
    ).reshape(-1)


def _take_eval(x: Any, positions: Any, *, axis: int, depth: int) -> Any:
    if depth != 1:
        s = x.shape
        x = x.reshape(*s[:axis], size_of(s[axis : axis + depth]), *s[axis + depth :])
    try:
        return x.take(positions, axis)
    except IndexError as error:
        raise BoundsError(str(error).replace("axis", "dimension")) from None


def _folds(x: Array, axis: int, depth: int) -> Array:
    """A row-major array with its axes folded to A, N and R, on the same memory."""
    return x.reshape(_folded(x.shape, axis, depth))


def _deposit_eval(v: Any, positions: Any, *, axis: int, depth: int, shape: Shape) -> Any:
    a, n, r = _folded(shape, axis, depth)
    at = _valid(positions, n, axis)
    return summed_rows(n, at, v.reshape(a, at.size, r)).reshape(shape)


def _written(out: Array, positions: Any, v: Any, axis: int, depth: int) -> Array:
    """Write v, an array or a number, into the row-major array `out`, and return it."""
    a, n, r = _folded(out.shape, axis, depth)
    at = _valid(positions, n, axis)
    if isinstance(v, (np.ndarray, np.generic)):
        v = v.reshape(a, at.size, r)
    if a == 1 and r == 1:  # one dimension is much the fastest
        out.reshape(-1)[at] = v.reshape(-1) if isinstance(v, np.ndarray) else v
    elif a == 1:
        out.reshape(n, r)[at] = v[0] if isinstance(v, np.ndarray) else v
    else:
        out.reshape(a, n, r)[:, at] = v
    return out


def _place_eval(v: Any, positions: Any, *, axis: int, depth: int, shape: Shape) -> Any:
    return _written(np.zeros(shape, v.dtype), positions, v, axis, depth)


def _retrieve_eval(x: Any, positions: Any, *, axis: int, depth: int) -> Any:
    a, n, r = _folded(x.shape, axis, depth)
    at = _valid(positions, n, axis)
    out = x.reshape(a, n, r).take(at, 1)
    last = last_of_each(at)
    if not last.all():
        out[:, ~last] = 0
    return out.reshape(_picked_shape(x.shape, np.shape(positions), axis, depth))


def _copy(x: Any) -> Array:
    return np.array(x, order="C")


def _clear_eval(x: Any, positions: Any, *, axis: int, depth: int) -> Any:
    return _written(_copy(x), positions, 0, axis, depth)


def _put_eval(x: Any, positions: Any, v: Any, *, axis: int, depth: int) -> Any:
    return _written(_copy(x), positions, v, axis, depth)


def _fill_eval(x: Any, positions: Any, *, axis: int, depth: int, value: Any) -> Any:
    return _written(_copy(x), positions, value, axis, depth)


def _add_eval(x: Any, positions: Any, v: Any, *, axis: int, depth: int) -> Any:
    out = _copy(x)
    a, n, r = _folded(out.shape, axis, depth)
    at = _valid(positions, n, axis)
    add_rows(out.reshape(a, n, r), at, v.reshape(a, at.size, r))
    return out


# Batching ----------------------------------------------------------------------------------------


def batching(primitive: Callable[[], Any], taking: bool = False) -> Callable[..., Any]:
    """The batching rule of all of them: the batch joins A, or, with positions of its own, N.

    Args:
        primitive: Gives the primitive, which is not bound yet in its declaration.
        taking: Whether it only reads: then many positions in one array need no copies of it.
    """

    def batch(
        xs: list[Any], where: list[Any], n: int, *, axis: int, depth: int, **rest: Any
    ) -> tuple[Any, int]:
        p, own = xs[1], where[1]
        shared = taking and where[0] is None
        to = 0 if own is None and not shared else axis
        operands = []
        for k, (x, b) in enumerate(zip(xs, where, strict=True)):
            if k == 1 or (k == 0 and shared):
                operands.append(x)
            elif b is None:
                s = tuple(x.shape)
                operands.append(broadcast_to(expand_dims(x, to), (*s[:to], n, *s[to:])))
            else:
                operands.append(move_axis(x, b, to))
        if "shape" in rest:
            s = rest["shape"]
            rest["shape"] = (*s[:to], n, *s[to:])
        if shared:
            operands[1] = in_front(p, own) if own is not None else broadcast_to(p, (n, *p.shape))
            return primitive()(*operands, axis=axis, depth=depth, **rest), axis
        whole = rest.get("shape") or tuple(operands[0].shape)
        if own is None:
            return primitive()(*operands, axis=axis + 1, depth=depth, **rest), 0
        size = size_of(whole[axis + 1 : axis + 1 + depth])
        p = in_front(p, own)
        p = position_p(p, size=size, wrap=True, message=_MESSAGE)
        starts = (np.arange(n) * size).reshape(n, *(1,) * (len(p.shape) - 1))
        operands[1] = p + starts
        return primitive()(*operands, axis=axis, depth=depth + 1, **rest), axis

    return batch


_MESSAGE = "index {index} is out of bounds for size {size}"


# Primitives --------------------------------------------------------------------------------------


def _taking(name: str, grad_name: str | None = None) -> Any:
    primitive = linear(
        name, _take_eval,
        lambda ct, positions, aval, *, axis, depth: deposit_p(
            ct, positions, axis=axis, depth=depth, shape=aval.shape
        ),
        aval=lambda x, p, *, axis, depth: Aval(
            _picked_shape(x.shape, p.shape, axis, depth), x.dtype
        ),
        batch=batching(lambda: primitive, taking=True), inputs="x positions", grad_name=grad_name, masks=True,
        doc="The elements of x at `positions`.",
    )  # fmt: skip
    return primitive


def _putting(name: str, grad_name: str | None = None) -> Any:
    primitive = general(
        name, _put_eval,
        jvp=[
            lambda d, positions, *, axis, depth: clear_p(d, positions, axis=axis, depth=depth),
            None,
            lambda d, x, positions, *, axis, depth: place_p(
                d, positions, axis=axis, depth=depth, shape=tuple(x.shape)
            ),
        ],
        vjp=[
            lambda ct, positions, *, axis, depth: clear_p(ct, positions, axis=axis, depth=depth),
            None,
            lambda ct, positions, *, axis, depth: retrieve_p(
                ct, positions, axis=axis, depth=depth
            ),
        ],
        aval=lambda x, p, v, *, axis, depth: x, batch=batching(lambda: primitive),
        inputs="x positions v", grad_name=grad_name,
        doc="x with v written at `positions`; of several for one position the last.",
    )  # fmt: skip
    return primitive


def _adding(name: str, grad_name: str | None = None) -> Any:
    primitive = general(
        name, _add_eval,
        jvp=[
            lambda d: d,
            None,
            lambda d, x, positions, *, axis, depth: deposit_p(
                d, positions, axis=axis, depth=depth, shape=tuple(x.shape)
            ),
        ],
        vjp=[
            lambda ct: ct,
            None,
            lambda ct, positions, *, axis, depth: index_p(ct, positions, axis=axis, depth=depth),
        ],
        aval=lambda x, p, v, *, axis, depth: x, batch=batching(lambda: primitive),
        inputs="x positions v", grad_name=grad_name, doc="x with v added at `positions`.",
    )  # fmt: skip
    return primitive


def _filling(name: str, grad_name: str | None = None) -> Any:
    primitive = general(
        name, _fill_eval,
        jvp=[
            lambda d, positions, *, axis, depth: clear_p(d, positions, axis=axis, depth=depth),
            None,
        ],
        vjp=[
            lambda ct, positions, *, axis, depth: clear_p(ct, positions, axis=axis, depth=depth),
            None,
        ],
        aval=lambda x, p, *, axis, depth, value: x, batch=batching(lambda: primitive),
        inputs="x positions", grad_name=grad_name,
        doc="x with a Python number written at `positions`.",
    )  # fmt: skip
    return primitive


index_p = _taking("index")
index_select_p = _taking("index_select")
gather_p = _taking("gather")
take_p = _taking("take")
masked_select_p = _taking("masked_select")
embedding_p = _taking("embedding")

deposit_p = linear(
    "deposit", _deposit_eval,
    lambda ct, positions, *, axis, depth, shape: index_p(ct, positions, axis=axis, depth=depth),
    aval=lambda v, p, *, axis, depth, shape: Aval(shape, v.dtype),
    batch=batching(lambda: deposit_p), inputs="v positions",
    doc="Zeros of `shape` with v added up at `positions`: the transpose of `index`.",
)  # fmt: skip

place_p = linear(
    "place", _place_eval,
    lambda ct, positions, *, axis, depth, shape: retrieve_p(ct, positions, axis=axis, depth=depth),
    aval=lambda v, p, *, axis, depth, shape: Aval(shape, v.dtype),
    batch=batching(lambda: place_p), inputs="v positions",
    doc="Zeros of `shape` with v written at `positions`; of several for one position the last.",
)  # fmt: skip

retrieve_p = linear(
    "retrieve", _retrieve_eval,
    lambda ct, positions, aval, *, axis, depth: place_p(
        ct, positions, axis=axis, depth=depth, shape=aval.shape
    ),
    aval=lambda x, p, *, axis, depth: Aval(
        _picked_shape(x.shape, p.shape, axis, depth), x.dtype
    ),
    batch=batching(lambda: retrieve_p), masks=True, inputs="x positions",
    doc="The elements of x at `positions`, zeros where a position comes again later.",
)  # fmt: skip

clear_p = linear(
    "clear", _clear_eval,
    lambda ct, positions, *, axis, depth: clear_p(ct, positions, axis=axis, depth=depth),
    aval=lambda x, p, *, axis, depth: x,
    batch=batching(lambda: clear_p), masks=True, inputs="x positions", doc="x with zeros at `positions`.",
)  # fmt: skip

index_put_p = _putting("index_put")
scatter_p = _putting("scatter")
index_copy_p = _putting("index_copy")
put_p = _putting("put")
masked_scatter_p = _putting("masked_scatter")

index_put_add_p = _adding("index_put_add", "IndexPutBackward0")
scatter_add_p = _adding("scatter_add")
index_add_p = _adding("index_add")
put_add_p = _adding("put_add", "PutBackward0")

scatter_fill_p = _filling("scatter_fill", "ScatterBackward1")
index_fill_p = _filling("index_fill")
