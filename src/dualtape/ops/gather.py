"""Picking and putting elements along one axis, with an index for each: gather and scatter.

All are the maps of `picking` on positions that are worked out here. Indices are constants: integer
arrays, checked against the axis; unlike in x[index] negative ones do not count from the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes
from ..core.value import Value
from .axes import normalize_axis, size_of
from .picking import along_p, gather_p, position_p, scatter_add_p, scatter_fill_p, scatter_p
from .shape import broadcast_to, reshape_p, slice_p
from .views import ravel


def check_integers(name: str, index: Any) -> None:
    """Raise unless `index` holds integers."""
    if dtype_of(index).kind not in "iu":
        raise DtypeError(f"{name}(): Expected dtype int32/int64 for index")


def check_same(message: str, x: Any, v: Any) -> None:
    """Raise `message`, with both dtypes, unless they are the same."""
    if dtype_of(x) != dtype_of(v):
        raise DtypeError(message.format(a=dtype_of(x).name, b=dtype_of(v).name))


def _rank(shape: Sequence[int]) -> int:
    return len(shape) or 1


def gather(x: Any, axis: int, index: Any) -> Any:
    """out[i, j, k] = x[i, index[i, j, k], k] for axis 1, and so on.

    Args:
        x: Any value.
        axis: The axis that `index` is about.
        index: Integers, of the rank of `x` and along other axes no longer; its shape is the
            result's.

    Raises:
        IndexError, RuntimeError: An index is negative or too large.
        ShapeError: The shapes do not fit.
    """
    s, t = tuple(x.shape), tuple(index.shape)
    axis = normalize_axis(axis, len(s))
    check_integers("gather", index)
    if not size_of(t):
        return gather_p(x, index, axis=0, depth=len(s))
    if _rank(t) != _rank(s):
        raise ShapeError("Index tensor must have the same number of dimensions as input tensor")
    for k, (n, m) in enumerate(zip(s, t, strict=False)):
        if k != axis and m > n:
            raise ShapeError(
                f"Size does not match at dimension {k} expected index {list(t)} to be no larger "
                f"than self {list(s)} apart from dimension {axis}"
            )
    positions = along_p(index, shape=s, axis=axis)
    return gather_p(x, positions, axis=0, depth=len(s))


def take_along_dim(x: Any, index: Any, axis: int | None = None) -> Any:
    """`gather` where `x` and `index` broadcast along other axes and negative indices count back.

    Without an axis `x` counts as one row.

    Raises:
        IndexError: An index is out of range.
        ShapeError: The shapes do not fit.
    """
    if dtype_of(index).kind not in "iu":
        raise DtypeError(
            "torch.take_along_dim(): dtype of indices should be Long but got "
            f"{dtype_of(index).name}"
        )
    if axis is None:
        x, index, axis = ravel(x), ravel(index), 0
    s, t = tuple(x.shape), tuple(index.shape)
    if len(s) != len(t):
        raise ShapeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {len(s)} dimensions for input, and {len(t)} dimensions for indices"
        )
    axis = normalize_axis(axis, len(s))
    others = broadcast_shapes(
        "take_along_dim", (*s[:axis], 1, *s[axis + 1 :]), (*t[:axis], 1, *t[axis + 1 :])
    )
    n = s[axis] if s else 1
    index = position_p(
        index, size=n, wrap=True,
        message=f"index {{index}} is out of bounds for dimension {axis} with size {{size}}",
    )  # fmt: skip
    if s:
        x = broadcast_to(x, (*others[:axis], n, *others[axis + 1 :]))
        index = broadcast_to(index, (*others[:axis], t[axis], *others[axis + 1 :]))
    return gather(x, axis, index)


def scattered(name: str, x: Any, axis: int, index: Any, src: Any) -> tuple[int, Any, Any]:
    """The axis, the positions, and of `src`, unless it is None, what goes there."""
    s, t = tuple(x.shape), tuple(index.shape)
    axis = normalize_axis(axis, len(s))
    check_integers(name, index)
    if not size_of(t):  # whatever its shape
        none = None if src is None else slice_p(ravel(src), index=(slice(0, 0),))
        return axis, np.zeros(0, np.int64), none
    if _rank(t) != _rank(s):
        raise ShapeError("Index tensor must have the same number of dimensions as self tensor")
    u = t if src is None else tuple(src.shape)
    if src is not None:
        check_same(f"{name}(): Expected self.dtype to be equal to src.dtype", x, src)
        if _rank(u) != _rank(t):
            raise ShapeError("Index tensor must have the same number of dimensions as src tensor")
    too_long = any(k != axis and m > n for k, (n, m) in enumerate(zip(s, t, strict=False)))
    if too_long or any(m > n for n, m in zip(u, t, strict=False)):
        beyond = "" if src is None else f" and to be no larger size than src {list(u)}"
        raise ShapeError(
            f"Expected index {list(t)} to be no larger than self {list(s)} apart from dimension "
            f"{axis}{beyond}"
        )
    if src is not None and u != t:
        part = tuple([slice(n) for n in t]) if t else (0, ...)
        src = slice_p(src, index=part) if u else reshape_p(src, shape=t)
    return axis, along_p(index, shape=s, axis=axis), src


def scatter(x: Any, axis: int, index: Any, src: Any) -> Any:
    """A copy of `x` with out[i, index[i, j, k], k] = src[i, j, k] for axis 1, and so on.

    Args:
        x: Any value.
        axis: The axis that `index` is about.
        index: Integers, of the rank of `x` and along other axes no longer.
        src: A number, or a value at least as large as `index` along every axis. Of several for one
            place the last is written, and only that one gets a gradient.

    Raises:
        IndexError, RuntimeError: An index is negative or too large.
        ShapeError: The shapes do not fit.
        DtypeError: `src` is of another dtype.
    """
    if not isinstance(src, (Value, np.ndarray, np.generic)):
        _, positions, _ = scattered("scatter", x, axis, index, None)
        return scatter_fill_p(x, positions, axis=0, depth=len(x.shape), value=src)
    _, positions, v = scattered("scatter", x, axis, index, src)
    return scatter_p(x, positions, v, axis=0, depth=len(x.shape))


def scatter_add(x: Any, axis: int, index: Any, src: Any) -> Any:
    """A copy of `x` with src[i, j, k] added to out[i, index[i, j, k], k] for axis 1, and so on.

    Args:
        x: Any value.
        axis: The axis that `index` is about.
        index: As for `scatter`.
        src: A value at least as large as `index` along every axis.

    Raises:
        IndexError, RuntimeError: As for `scatter`.
    """
    _, positions, v = scattered("scatter_add", x, axis, index, src)
    return scatter_add_p(x, positions, v, axis=0, depth=len(x.shape))
