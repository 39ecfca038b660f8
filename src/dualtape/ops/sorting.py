"""Sorted elements and ranks along an axis, with the places they came from, which get the gradient.

Every sort here is stable, NaN counts as the largest number, and a 0-d value is a row of one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.kinds import constant, general
from .along import INT64, one_of_each, selection, take_along, without
from .axes import add_reduce, batch_in_front, in_front, normalize_axis
from .evaluation import real_only
from .extrema import along, tie_share
from .reduce import sum, sum_all_p
from .scan import along_row
from .shape import reshape

Array = Any

# From this length on a few elements of a row are found by partition instead of a sort of the whole
# row.
_LONG_ROW = 1024
_FEW = 16


def order(x: Array, axis: int, descending: bool) -> Array:
    """The indices that sort `x` stably along `axis`."""
    if not descending:
        return np.argsort(x, axis, kind="stable")
    backwards = np.argsort(np.flip(x, axis), axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(backwards, axis)


def _ends(x: Array, axis: int, k: int, largest: bool) -> Array:
    """The indices of the `k` largest or smallest elements along `axis`, sorted."""
    n = x.shape[axis]
    rest = (slice(None),) * (-axis - 1)
    if n >= _LONG_ROW and k * _FEW <= n:
        some = np.argpartition(x, n - k if largest else k - 1, axis) if k else np.argsort(x, axis)
        some = np.sort(some[(..., slice(n - k, n) if largest else slice(0, k), *rest)], axis)
        return take_along(some, order(take_along(x, some, axis), axis, largest), axis)
    return order(x, axis, largest)[(..., slice(0, k), *rest)]


def _sort_eval(x: Array, *, axis: int, descending: bool) -> tuple[Array, Array]:
    places = order(x, axis, descending)
    return take_along(x, places, axis), places


def _topk_eval(x: Array, *, axis: int, k: int, largest: bool) -> tuple[Array, Array]:
    places = np.ascontiguousarray(_ends(x, axis, k, largest))
    return take_along(x, places, axis), places


def _resized(shape: tuple[int, ...], *, axis: int, k: int, largest: bool) -> tuple[int, ...]:
    at = axis % len(shape)
    return (*shape[:at], k, *shape[at + 1 :])


sort_p = selection(
    "sort", real_only("sort", _sort_eval), aval=lambda shape, *, axis, descending: shape,
    doc="The elements in order along `axis`, and where they came from.",
)  # fmt: skip

argsort_p: Any = constant(
    "argsort", real_only("argsort", lambda x, *, axis, descending: order(x, axis, descending)),
    aval=lambda x, **_: Aval(x.shape, INT64), batch=batch_in_front(lambda: argsort_p),
)  # fmt: skip

topk_p = selection(
    "topk", real_only("topk", _topk_eval), aval=_resized,
    doc="The k largest (or smallest) elements along `axis` in order, and where they came from.",
)  # fmt: skip


def _kth(x: Array, axis: int, k: Any) -> Array:
    """Where the k-th smallest elements (k from 0; an int, or an array with the axis kept) stand."""
    places = order(x, axis, False)
    if isinstance(k, int):
        k = np.full((*x.shape[: x.ndim + axis], 1, *x.shape[x.ndim + axis + 1 :]), k)
    return take_along(places, k, axis)


def _median_place(x: Array, axis: int) -> Array:
    """Where the lower median stands, or the first NaN if there is one."""
    bad = np.isnan(x)
    middle = _kth(x, axis, (x.shape[axis] - 1) // 2)
    return np.where(bad.any(axis, keepdims=True), np.argmax(bad, axis, keepdims=True), middle)


def _nanmedian_place(x: Array, axis: int) -> Array:
    """Where the lower median of the numbers stands; the first element if there is no number."""
    n = add_reduce(np.equal(x, x), axis, np.int64, None, True)
    return _kth(x, axis, np.maximum(n - 1, 0) // 2)


def _mode_place(x: Array, axis: int) -> Array:
    """Where the last of the commonest elements stands, the smallest of several as common."""
    places = order(x, axis, False)
    n = x.shape[axis]
    rest: tuple[Any, ...] = (slice(None),) * (-axis - 1)
    row = take_along(x, places, axis)
    starts = np.ones(x.shape, bool)
    starts[(..., slice(1, None), *rest)] = (
        row[(..., slice(1, None), *rest)] != row[(..., slice(0, -1), *rest)]
    )
    ramp = np.arange(n).reshape(n, *[1] * len(rest))
    run = ramp - np.maximum.accumulate(
        np.where(starts, ramp, 0), axis
    )  # how many equals came before
    return take_along(places, np.argmax(run, axis, keepdims=True), axis)


def _one(name: str, place: Any, doc: str, **rest: Any) -> Any:
    def evaluate(x: Array, *, axis: int, keepdims: bool, **params: Any) -> tuple[Array, Array]:
        return one_of_each(x, place(x, axis, **params), axis, keepdims)

    return selection(name, real_only(name, evaluate), aval=without, doc=doc, **rest)


median_p = _one(
    "median", _median_place, "The lower median along `axis`, NaN if there is one, and its place.",
    grad_name="MedianBackward1",
)  # fmt: skip
nanmedian_p = _one(
    "nanmedian", _nanmedian_place, "The lower median of the numbers along `axis`, and its place.",
    grad_name="NanmedianBackward1",
)  # fmt: skip
mode_p = _one("mode", _mode_place, "The commonest element along `axis`, and its last place.")
kthvalue_p = _one(
    "kthvalue", lambda x, axis, *, k: _kth(x, axis, k - 1),
    "The k-th smallest element (k from 1) along `axis`, and its place.",
)  # fmt: skip


def _full_median(name: str, skip_nan: bool, grad_name: str) -> Any:
    def evaluate(x: Any, *, lead: int = 0) -> Any:
        if lead:
            rows = x.reshape(*x.shape[:lead], -1)
            return (
                np.apply_along_axis(evaluate, -1, rows)
                if rows.size
                else np.full(rows.shape[:-1], np.nan, x.dtype)
            )
        row = x.reshape(-1)
        bad = np.isnan(row)
        if skip_nan:
            row = row[~bad]
        if not row.size or (not skip_nan and bad.any()):
            return np.full((), np.nan, x.dtype)[()]
        middle = (row.size - 1) // 2
        return np.partition(row, middle)[middle]

    def aligned(y: Any, x: Any, lead: int) -> Any:
        shape = tuple(x.shape)
        return reshape(y, (*shape[:lead], *(1,) * (len(shape) - lead)))

    def share(x: Any, out: Any, lead: int) -> Any:
        axes = tuple(range(lead, len(x.shape)))
        return tie_share(x, aligned(out, x, lead), axes=axes, share_nan=True)

    def jvp(d: Any, x: Any, out: Any, *, lead: int = 0) -> Any:
        dots = d * share(x, out, lead)
        return sum_all_p(dots) if not lead else sum(dots, tuple(range(lead, len(x.shape))))

    primitive = general(
        name,
        real_only(name, evaluate),
        aval=lambda x, *, lead=0: Aval(tuple(x.shape)[:lead], x.dtype),
        grad_name=grad_name,
        jvp=jvp,
        vjp=lambda ct, x, out, *, lead=0: aligned(ct, x, lead) * share(x, out, lead),
        batch=lambda xs, where, n, *, lead=0: (
            primitive(in_front(xs[0], where[0]), lead=lead + 1), 0
        ),
        doc="The lower median of all elements but for `lead` axes in front; ties share the gradient evenly.",
    )  # fmt: skip
    return primitive


median_all_p = _full_median("median_all", False, "MedianBackward0")
nanmedian_all_p = _full_median("nanmedian_all", True, "NanmedianBackward0")


def sort(x: Any, axis: int = -1, descending: bool = False) -> tuple[Any, Any]:
    """The elements in order along `axis`, and their indices before; stable, NaN largest."""
    return along_row(sort_p, x, axis, descending=descending)  # type: ignore[no-any-return]


def argsort(x: Any, axis: int = -1, descending: bool = False) -> Any:
    """The indices that sort `x` along `axis`; stable, NaN largest."""
    return along_row(argsort_p, x, axis, descending=descending)


def _rank(name: str, x: Any, axis: int, k: int) -> None:
    """Check that there is a k-th element, k from 1, in PyTorch's words."""
    rank = len(x.shape)
    n = x.shape[normalize_axis(axis, rank)] if rank else 1
    if name == "topk":
        if not 0 <= k <= n:
            raise ShapeError("selected index k out of range")
    elif rank and not n:
        raise IndexError(
            f"{name}(): Expected reduction dim {normalize_axis(axis, rank)} to have non-zero size."
        )
    elif not 1 <= k <= n:
        raise ShapeError(
            f"{name}(): selected number k out of range for dimension {normalize_axis(axis, rank)}"
        )


def topk(x: Any, k: int, axis: int = -1, largest: bool = True) -> tuple[Any, Any]:
    """The `k` largest (or smallest) elements along `axis` in order, and their indices.

    Raises:
        ShapeError: There are fewer than `k`.
    """
    _rank("topk", x, axis, k)
    if not len(x.shape) and not k:
        return topk_p(reshape(x, (1,)), axis=-1, k=0, largest=largest)  # type: ignore[no-any-return]
    return along_row(topk_p, x, axis, k=k, largest=largest)  # type: ignore[no-any-return]


def kthvalue(x: Any, k: int, axis: int = -1, keepdims: bool = False) -> tuple[Any, Any]:
    """The `k`-th smallest elements (k from 1) along `axis`, and their indices.

    Raises:
        ShapeError: There are fewer than `k`.
        IndexError: The axis is empty or out of range.
    """
    _rank("kthvalue", x, axis, k)
    return along(kthvalue_p, None, x, axis, keepdims, k=k)  # type: ignore[no-any-return]


def median(x: Any) -> Any:
    """The lower of the medians of all elements; NaN if there is one or nothing at all.

    Elements equal to it share the gradient evenly.
    """
    return median_all_p(x)


def nanmedian(x: Any) -> Any:
    """The lower of the medians of the elements that are not NaN."""
    return nanmedian_all_p(x)


def median_along(x: Any, axis: int = -1, keepdims: bool = False) -> tuple[Any, Any]:
    """The lower medians along `axis` and their indices; of a row with NaN, the first NaN.

    Raises:
        IndexError: The axis is empty or out of range.
    """
    return along(median_p, "median", x, axis, keepdims)  # type: ignore[no-any-return]


def nanmedian_along(x: Any, axis: int = -1, keepdims: bool = False) -> tuple[Any, Any]:
    """The lower medians along `axis` of what is not NaN, and their indices."""
    return along(nanmedian_p, "nanmedian", x, axis, keepdims)  # type: ignore[no-any-return]


def mode(x: Any, axis: int = -1, keepdims: bool = False) -> tuple[Any, Any]:
    """The commonest elements along `axis`, the smallest of several, and the last index of each.

    Raises:
        IndexError: The axis is empty or out of range.
    """
    return along(mode_p, "mode", x, axis, keepdims)  # type: ignore[no-any-return]


def msort(x: Any) -> Any:
    """The elements in order along the first axis."""
    return sort(x, 0)[0]
