"""The largest and the smallest: over axes, and along one axis with their places.

`amax`, `amin`, `aminmax`, and `max` and `min` over everything give ties equal shares of the
gradient; `max_along` and `min_along` give all of it to the element whose index they return, the
first one. NaN counts as both largest and smallest. These are PyTorch's choices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.kinds import broadcast_shapes, constant, general
from ..core.summation import reduce_over
from .along import INT64, one_of_each, selection, without
from .axes import (
    Axes,
    AxesLike,
    add_reduce,
    axis_from_end,
    batch_reduction,
    count_along,
    in_front,
    normalize_axes,
    reduced_aval,
    reduced_shape,
    restore_axes,
    scalar_aval,
    size_of,
)
from .reduce import sum_all_p, sum_p
from .shape import reshape


def _tie_share_eval(x: Any, y: Any, *, axes: Axes, share_nan: bool) -> Any:
    same = np.equal(x, y)
    if share_nan:
        same = same | (np.isnan(x) & np.isnan(y))
    return np.divide(
        same.astype(x.dtype), add_reduce(same, axes, np.int64, None, True).astype(x.dtype)
    )


def _tie_share_batch(
    values: list[Any], where: list[int | None], size: int, *, axes: Axes, share_nan: bool
) -> tuple[Any, int]:
    x, y = (
        in_front(v, a) if a is not None else reshape(v, (1, *v.shape))
        for v, a in zip(values, where, strict=True)
    )
    return tie_share(x, y, axes=tuple(a + 1 for a in axes), share_nan=share_nan), 0


tie_share: Any = constant(
    "tie_share", _tie_share_eval, inputs="x y",
    aval=lambda x, y, *, axes, share_nan: Aval(broadcast_shapes("tie_share", x.shape, y.shape), x.dtype),
    batch=_tie_share_batch,
    doc="1/k where x equals y, the extremum over `axes` (kept), which k elements do; else 0.\n\n"
    "Where nothing equals y, a NaN, that is 0/0 = NaN, unless `share_nan` counts NaN as equal to "
    "NaN.",
)  # fmt: skip


def _share(x: Any, out: Any, axes: Axes, keepdims: bool, share_nan: bool = False) -> Any:
    kept = out if keepdims else reshape(out, reduced_shape(x.shape, axes, True))
    return tie_share(x, kept, axes=axes, share_nan=share_nan)


def _every(x: Any) -> Axes:
    return tuple(range(len(x.shape)))


def _reduction(name: str, ufunc: Any) -> Any:
    primitive = general(
        name, lambda x, *, axes, keepdims: reduce_over(ufunc, x, axes, keepdims),
        aval=reduced_aval, batch=batch_reduction(lambda: primitive),
        jvp=lambda d, x, out, *, axes, keepdims: sum_p(
            d * _share(x, out, axes, keepdims), axes=axes, keepdims=keepdims
        ),
        vjp=lambda ct, x, out, *, axes, keepdims: (
            restore_axes(ct, x.shape, axes, keepdims) * _share(x, out, axes, keepdims)
        ),
        doc="The extremum over `axes`; ties share the gradient evenly.",
    )  # fmt: skip
    return primitive


def _full(name: str, ufunc: Any, reduction: Any, grad_name: str) -> Any:
    return general(
        name,
        lambda x: ufunc.reduce(x, None),
        aval=scalar_aval,
        batch=batch_reduction(lambda: reduction),
        jvp=lambda d, x, out: sum_all_p(d * _share(x, out, _every(x), False, share_nan=True)),
        vjp=lambda ct, x, out: ct * _share(x, out, _every(x), False, share_nan=True),
        grad_name=grad_name,
        doc="The extremum of all elements; ties, and NaNs if there are any, share the gradient "
        "evenly.",
    )


amax_p = _reduction("amax", np.maximum)
amin_p = _reduction("amin", np.minimum)
max_all_p = _full("max_all", np.maximum, amax_p, "MaxBackward1")
min_all_p = _full("min_all", np.minimum, amin_p, "MinBackward1")


def _aminmax_batch(
    values: list[Any], where: list[int | None], size: int, *, axes: Axes, keepdims: bool
) -> tuple[Any, int]:
    return aminmax_p(
        in_front(values[0], where[0]), axes=tuple(a + 1 for a in axes), keepdims=keepdims
    ), 0


aminmax_p: Any = general(
    "aminmax",
    lambda x, *, axes, keepdims: (
        reduce_over(np.minimum, x, axes, keepdims),
        reduce_over(np.maximum, x, axes, keepdims),
    ),
    outputs=2,
    aval=lambda x, **params: (reduced_aval(x, **params),) * 2,
    batch=_aminmax_batch,
    jvp=lambda d, x, out0, out1, *, axes, keepdims: tuple(
        sum_p(d * _share(x, out, axes, keepdims), axes=axes, keepdims=keepdims)
        for out in (out0, out1)
    ),
    vjp=lambda ct, x, out0, out1, *, axes, keepdims: (
        restore_axes(ct[0], x.shape, axes, keepdims) * _share(x, out0, axes, keepdims)
        + restore_axes(ct[1], x.shape, axes, keepdims) * _share(x, out1, axes, keepdims)
    ),
)


def _extremum_along(name: str, arg: Any, grad_name: str) -> Any:
    return selection(
        name,
        lambda x, *, axis, keepdims: one_of_each(x, arg(x, axis, keepdims=True), axis, keepdims),
        aval=without, grad_name=grad_name,
        doc="The extremum along `axis` and its first index, to which the gradient goes.",
    )  # fmt: skip


max_along_p = _extremum_along("max_along", np.argmax, "MaxBackward0")
min_along_p = _extremum_along("min_along", np.argmin, "MinBackward0")


def _place_aval(x: Aval, *, axis: int, keepdims: bool) -> Aval:
    return Aval(without(x.shape, axis=axis, keepdims=keepdims), INT64)


argmax_p: Any = constant(
    "argmax", lambda x, *, axis, keepdims: np.argmax(x, axis, keepdims=keepdims), aval=_place_aval,
    batch=lambda v, w, size, **params: (argmax_p(in_front(v[0], w[0]), **params), 0),
)  # fmt: skip

argmin_p: Any = constant(
    "argmin", lambda x, *, axis, keepdims: np.argmin(x, axis, keepdims=keepdims), aval=_place_aval,
    batch=lambda v, w, size, **params: (argmin_p(in_front(v[0], w[0]), **params), 0),
)  # fmt: skip


def nonempty(name: str, x: Any, axes: AxesLike) -> Axes:
    """Normalise the axes of a reduction that has no answer for nothing.

    Raises:
        IndexError: An axis named has length 0.
        ShapeError: None is named and `x` is empty.
    """
    shape = tuple(x.shape)
    found = normalize_axes(axes, len(shape))
    if not size_of(shape):
        if axes is None:
            raise ShapeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify "
                "the reduction dim with the 'dim' argument."
            )
        for a in found:
            if not shape[a]:
                raise IndexError(f"{name}(): Expected reduction dim {a} to have non-zero size.")
    return found


def amax(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """The largest element over `axes`, None for all; ties share the gradient evenly.

    Raises:
        IndexError, ShapeError: There is nothing to choose from.
    """
    return amax_p(x, axes=nonempty("amax", x, axes), keepdims=keepdims)


def amin(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """The smallest element over `axes`, as `amax`."""
    return amin_p(x, axes=nonempty("amin", x, axes), keepdims=keepdims)


def aminmax(x: Any, axes: AxesLike = None, keepdims: bool = False) -> tuple[Any, Any]:
    """The smallest and the largest element over `axes`; ties share the gradient evenly.

    Raises:
        ShapeError: There is nothing to choose from.
    """
    found = normalize_axes(axes, len(x.shape))
    if not size_of(x.shape) and (axes is None or not count_along(x.shape, found)):
        raise ShapeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity."
        )
    return aminmax_p(x, axes=found, keepdims=keepdims)  # type: ignore[no-any-return]


def max(x: Any) -> Any:
    """The largest of all elements; ties (or NaNs) share the gradient evenly."""
    nonempty("max", x, None)
    return max_all_p(x)


def min(x: Any) -> Any:
    """The smallest of all elements, as `max`."""
    nonempty("min", x, None)
    return min_all_p(x)


def along(
    primitive: Any, name: str | None, x: Any, axis: int, keepdims: bool = False, **params: Any
) -> Any:
    """Run a selection (or another operation that keeps one of each row) along a non-empty axis.

    A 0-d value is taken as a row of one.
    """
    rank = len(x.shape)
    axis = axis_from_end(axis, rank)
    if not rank:
        return primitive(reshape(x, (1,)), axis=axis, keepdims=False, **params)
    if name is not None and not x.shape[axis]:
        raise IndexError(f"{name}(): Expected reduction dim {axis + rank} to have non-zero size.")
    return primitive(x, axis=axis, keepdims=keepdims, **params)


def max_along(x: Any, axis: int = -1, keepdims: bool = False) -> tuple[Any, Any]:
    """The largest elements along `axis`, and each one's first index, which gets the gradient.

    Raises:
        IndexError: The axis is empty or out of range.
    """
    return along(max_along_p, "max", x, axis, keepdims)  # type: ignore[no-any-return]


def min_along(x: Any, axis: int = -1, keepdims: bool = False) -> tuple[Any, Any]:
    """The smallest elements along `axis`, as `max_along`."""
    return along(min_along_p, "min", x, axis, keepdims)  # type: ignore[no-any-return]


def _place(primitive: Any, name: str, x: Any, axis: int | None, keepdims: bool) -> Any:
    if axis is not None:
        return along(primitive, name, x, axis, keepdims)
    if not size_of(x.shape):
        raise IndexError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
        )
    place = primitive(reshape(x, (-1,)), axis=-1, keepdims=False)
    return reshape(place, (1,) * len(x.shape)) if keepdims else place


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the (first) largest element along `axis`; None: in the flattened array.

    Raises:
        IndexError: There is nothing to choose from.
    """
    return _place(argmax_p, "argmax", x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the (first) smallest element along `axis`; None: in the flattened array."""
    return _place(argmin_p, "argmin", x, axis, keepdims)
