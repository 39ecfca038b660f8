"""Reductions over axes: sums, means, extrema, logic, variance, norms, counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops import arithmetic as a
from ..ops import exponential as e
from ..ops import extrema, norms, products, reduce
from ..ops.complex import cast as cast_to
from ..ops.complex import conj, real
from ..ops.tf_slopes import sqrt_masked
from . import kernels as k
from .arithmetic import boolean
from .convert import as_tensor, numpy_dtype, static
from .hosted import on_numbers
from .kernels import Dtypes, check_dtype
from .raising import kernel_error
from .tensor import EagerTensor, tensor

Axes = tuple[int, ...]


def axes_of(op: str, axis: Any, rank: int) -> Axes | None:
    """The axes to reduce, non-negative and sorted; None for all.

    Raises:
        InvalidArgumentError: One is out of range or given twice.
    """
    if axis is None:
        return None
    given = static(axis)
    found = []
    for i in [given] if isinstance(given, int) else given:
        if not -rank <= i < rank:
            raise kernel_error(
                op, f"Invalid reduction dimension ({i} for input with {rank} dimension(s)"
            )
        found.append(i % rank)
    if len(set(found)) != len(found):
        raise kernel_error(
            op, f"Invalid reduction arguments: Axes contains duplicate dimension: {found[0]}"
        )
    return tuple(sorted(found))


def _reduction(
    op: str, whole: Any, partial: Any, allowed: Dtypes, doc: str
) -> Callable[..., EagerTensor]:
    """Make a reduction from its primitives over everything and over axes."""
    kinds = allowed.kinds

    def function(
        input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
    ) -> EagerTensor:
        x = input_tensor if input_tensor.__class__ is EagerTensor else as_tensor(input_tensor)
        if x.value.dtype.kind not in kinds:
            check_dtype(op, x.value.dtype, allowed)
        if axis is None and not keepdims:
            return whole(x)  # type: ignore[no-any-return]
        rank = len(x.value.shape)
        axes = axes_of(op, axis, rank)
        return partial(  # type: ignore[no-any-return]
            x, axes=tuple(range(rank)) if axes is None else axes, keepdims=bool(keepdims)
        )

    function.__doc__ = f"""{doc}

    Args:
        input_tensor: A tensor, or what one can be made of.
        axis: An axis or several, negative ones counted from the end; None for all.
        keepdims: Whether the reduced axes stay, with length 1.
        name: Not used.

    Raises:
        InvalidArgumentError: An axis is out of range, or the dtype has no kernel.
    """
    return function


_float_mean = _reduction(
    "Mean", reduce.mean_all_p, reduce.mean_p, k.SUMMED, "Return the mean over axes."
)
reduce_sum = _reduction(
    "Sum", reduce.sum_all_p, reduce.sum_p, k.SUMMED, "Return the sum over axes."
)
reduce_prod = _reduction(
    "Prod", products.prod, products.prod_p, k.SUMMED, "Return the product over axes."
)


def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> EagerTensor:
    """Return the mean over axes; of integers, rounded towards zero.

    Args:
        input_tensor: A tensor, or what one can be made of.
        axis: An axis or several; None for all.
        keepdims: Whether the reduced axes stay, with length 1.
        name: Not used.

    Raises:
        InvalidArgumentError: An axis is out of range, or the dtype has no kernel.
    """
    x = input_tensor if input_tensor.__class__ is EagerTensor else as_tensor(input_tensor)
    if x.value.dtype.kind in "fcV":
        if axis is None and not keepdims:
            return reduce.mean_all_p.bind1(x)  # type: ignore[no-any-return]
        return _float_mean(x, axis, keepdims)
    check_dtype("Mean", x.value.dtype, k.SUMMED)
    total = reduce_sum(x, axis, keepdims).value
    dtype = x.value.dtype
    count = math.prod(x.value.shape) // max(math.prod(total.shape), 1)
    return tensor(
        on_numbers(lambda t: np.trunc(t / count).astype(dtype)[()], total.shape, dtype, total)
    )


def _extremum(op: str, primitive: Any, lowest: bool, doc: str) -> Callable[..., EagerTensor]:
    def function(x: EagerTensor, *, axes: Axes, keepdims: bool) -> EagerTensor:
        shape = x.value.shape
        if any(not shape[i] for i in axes):  # of nothing: the neutral element
            out = [1 if i in axes else n for i, n in enumerate(shape) if keepdims or i not in axes]
            return tensor(np.full(out, _neutral(x.value.dtype, lowest), x.value.dtype)[()])
        return primitive(x, axes=axes, keepdims=keepdims)  # type: ignore[no-any-return]

    def whole(x: EagerTensor) -> EagerTensor:
        return function(x, axes=tuple(range(len(x.value.shape))), keepdims=False)

    return _reduction(op, whole, function, k.ORDERED, doc)


def _neutral(dtype: np.dtype[Any], lowest: bool) -> Any:
    if dtype.kind in "fV":
        return -np.inf if lowest else np.inf
    return np.iinfo(dtype).min if lowest else np.iinfo(dtype).max


reduce_max = _extremum(
    "Max", extrema.amax_p, True, "Return the maximum over axes; ties share the gradient."
)
reduce_min = _extremum(
    "Min", extrema.amin_p, False, "Return the minimum over axes; ties share the gradient."
)


def _logical(op: str, primitive: Any, doc: str) -> Callable[..., EagerTensor]:
    def function(
        input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
    ) -> EagerTensor:
        x = boolean(input_tensor)
        if x.value.dtype.kind != "b":
            raise kernel_error(op, f"expected a bool tensor, got {x.dtype.name}")
        rank = len(x.value.shape)
        axes = axes_of(op, axis, rank)
        return primitive(  # type: ignore[no-any-return]
            x, axes=tuple(range(rank)) if axes is None else axes, keepdims=bool(keepdims)
        )

    function.__doc__ = f"""{doc}

    Args:
        input_tensor: Booleans.
        axis: An axis or several; None for all.
        keepdims: Whether the reduced axes stay, with length 1.
        name: Not used.

    Raises:
        TypeError: Python values that are not bool.
        InvalidArgumentError: A tensor that is not bool, or an axis out of range.
    """
    return function


reduce_all = _logical("All", reduce.all_p, "Return whether all are true over axes.")
reduce_any = _logical("Any", reduce.any_p, "Return whether any is true over axes.")


def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> EagerTensor:
    """Return log(sum(exp(x))) over axes, without overflow; arguments as for `reduce_sum`."""
    x = as_tensor(input_tensor)
    check_dtype("Exp", x.value.dtype, k.INEXACT)
    axes = axes_of("Max", axis, len(x.value.shape))
    return norms.logsumexp(x, axes, keepdims)  # type: ignore[no-any-return]


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> EagerTensor:
    """Return the mean squared distance from the mean over axes, real for complex x.

    Raises:
        TypeError: An integer tensor.
    """
    x = as_tensor(input_tensor)
    if x.value.dtype.kind not in "fcV":
        raise TypeError(f"Input must be either real or complex. Received integer type {x.dtype}.")
    centred = a.sub(x, reduce_mean(x, axis, True))
    if x.value.dtype.kind == "c":
        return reduce_mean(real(a.mul(centred, conj(centred))), axis, keepdims)
    return reduce_mean(a.square(centred), axis, keepdims)


def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> EagerTensor:
    """Return the square root of `reduce_variance`.

    Raises:
        TypeError: An integer tensor.
    """
    return sqrt_masked(reduce_variance(input_tensor, axis, keepdims))  # type: ignore[no-any-return]


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> EagerTensor:
    """Return sqrt(sum(x * x)) over axes; arguments as for `reduce_sum`."""
    x = as_tensor(input_tensor)
    return e.sqrt(reduce_sum(a.mul(x, conj(x)), axis, keepdims))  # type: ignore[no-any-return]


def count_nonzero(
    input: Any,
    axis: Any = None,
    keepdims: bool = False,
    dtype: Any = np.int64,
    name: str | None = None,
) -> EagerTensor:
    """Return how many elements are not zero, over axes, in the integer type `dtype`."""
    x = as_tensor(input)
    axes = axes_of("Sum", axis, len(x.value.shape))
    return cast_to(reduce.count_nonzero(x, axes, keepdims), numpy_dtype(dtype))  # type: ignore[no-any-return]


def argmax(
    input: Any, axis: Any = None, output_type: Any = np.int64, name: str | None = None
) -> EagerTensor:
    """Return the place of the largest element along `axis` (0 by default), the first at ties.

    Raises:
        InvalidArgumentError: `axis` is out of range.
    """
    return _place("ArgMax", extrema.argmax, input, axis, output_type)


def argmin(
    input: Any, axis: Any = None, output_type: Any = np.int64, name: str | None = None
) -> EagerTensor:
    """Return the place of the smallest element along `axis` (0 by default), the first at ties.

    Raises:
        InvalidArgumentError: `axis` is out of range.
    """
    return _place("ArgMin", extrema.argmin, input, axis, output_type)


def _place(op: str, find: Any, value: Any, axis: Any, output_type: Any) -> EagerTensor:
    x = as_tensor(value)
    check_dtype(op, x.value.dtype, k.PLACED)
    rank = len(x.value.shape)
    along = 0 if axis is None else static(axis)
    if not -rank <= along < rank:
        raise kernel_error(
            op, f"Expected dimension in the range [{-rank}, {rank}), but got {along}"
        )
    return cast_to(find(x, along), numpy_dtype(output_type))  # type: ignore[no-any-return]
