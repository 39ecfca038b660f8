"""Reductions: sums, products, moments, norms, and what counts or asks about all elements.

`dim` is an int, a sequence of ints, or nothing for all dimensions; NumPy's names `axis` and `keepdims` are
accepted, as PyTorch does. Extrema are in `extrema`, running sums in `scans`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops import moments, products, reduce
from ..ops.complex import cast
from ._tensor import Tensor
from .arguments import (
    check_keepdim,
    dims_argument,
    dtype_argument,
    invalid_combination,
    is_integer,
    known,
    not_implemented,
    numpy_names,
    tensor_argument,
)
from .creation import finished
from .dtypes import scalar_name
from .registry import method, store

Axes = tuple[int, ...]


def every(x: Any) -> Axes:
    """All axes of a tensor."""
    return tuple(range(len(x.value.shape)))


def dims_of(function: str, x: Tensor, dim: Any) -> Axes:
    """The axes to reduce; all where `dim` says so."""
    if isinstance(dim, (str, float)):
        raise invalid_combination(function, (x, dim))
    found = dims_argument(function, dim, len(x.value.shape))
    return every(x) if found is None else found


def _wide_integer(x: Tensor, dtype: Any, function: str) -> Tensor:
    """The operand of a sum or product: in `dtype`, or integers and booleans in int64."""
    if dtype is not None:
        return cast(x, dtype_argument(function, dtype))  # type: ignore[no-any-return]
    return cast(x, np.int64) if x.value.dtype.kind in "biu" else x


# --- sum, mean, prod --------------------------------------------------------------------------------


@method()
def sum(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    **names: Any,
) -> Tensor:
    """Add the elements up over `dim`; integers and booleans are added up as int64.

    Raises:
        IndexError: A dimension is out of range.
        RuntimeError: A dimension is named twice.
    """
    if names:
        dim, keepdim = numpy_names("sum", names, dim, keepdim)
    if not isinstance(input, Tensor):
        input = tensor_argument("sum", input)
    value = input.value
    if dtype is not None or out is not None or value.dtype.kind in "biu":
        if dtype is None and out is not None:
            dtype = out.dtype
        input = _wide_integer(input, dtype, "sum")
    if dim is None and keepdim is False:
        result = reduce.sum_all_p.bind1(input)
    else:
        check_keepdim("sum", keepdim)
        result = reduce.sum_p.bind(input, axes=dims_of("sum", input, dim), keepdims=bool(keepdim))
    return result if out is None else store(out, result, "sum")


@method()
def mean(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    **names: Any,
) -> Tensor:
    """The arithmetic mean over `dim`.

    Raises:
        RuntimeError: Integers, unless a floating dtype is named.
        IndexError: A dimension is out of range.
    """
    if names:
        dim, keepdim = numpy_names("mean", names, dim, keepdim)
    if not isinstance(input, Tensor):
        input = tensor_argument("mean", input)
    if dtype is not None:
        input = cast(input, dtype_argument("mean", dtype))
    d = input.value.dtype
    if d.kind in "biu":
        which = "Input" if dtype is None else "Optional"
        raise RuntimeError(
            f"mean(): could not infer output dtype. {which} dtype must be either a floating point or complex dtype. "
            f"Got: {scalar_name(d)}"
        )
    if dim is None and keepdim is False:
        result = reduce.mean_all_p.bind1(input)
    else:
        check_keepdim("mean", keepdim)
        result = reduce.mean_p.bind(input, axes=dims_of("mean", input, dim), keepdims=bool(keepdim))
    return result if out is None else store(out, result, "mean")


@method()
def prod(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    **names: Any,
) -> Tensor:
    """Multiply the elements, along one dimension or all; integers and booleans as int64.

    Raises:
        IndexError: The dimension is out of range.
    """
    if names:
        dim, keepdim = numpy_names("prod", names, dim, keepdim)
    x = tensor_argument("prod", input)
    if dim is not None and not is_integer(dim):
        raise invalid_combination("prod", (input, dim))
    x = _wide_integer(x, dtype if dtype is not None or out is None else out.dtype, "prod")
    if dim is None:
        return store(out, products.prod_all_p.bind1(x), "prod")
    check_keepdim("prod", keepdim)
    return store(
        out,
        products.prod_p.bind(x, axes=dims_of("prod", x, int(dim)), keepdims=bool(keepdim)),
        "prod",
    )


@method()
def nansum(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    **names: Any,
) -> Tensor:
    """Add up the elements that are not NaN.

    Raises:
        RuntimeError: Complex input.
    """
    dim, keepdim = numpy_names("nansum", names, dim, keepdim)
    x = tensor_argument("nansum", input)
    if x.value.dtype.kind == "c":
        raise RuntimeError("nansum on CPU does not support complex inputs")
    if x.value.dtype.kind in "biu":
        return sum(x, dim, keepdim, dtype=dtype, out=out)
    if dtype is not None:
        x = cast(x, dtype_argument("nansum", dtype))
    check_keepdim("nansum", keepdim)
    return store(
        out,
        reduce.nansum_p.bind(x, axes=dims_of("nansum", x, dim), keepdims=bool(keepdim)),
        "nansum",
    )


@method()
def nanmean(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    **names: Any,
) -> Tensor:
    """The mean of the elements that are not NaN.

    Raises:
        RuntimeError: Integers.
    """
    dim, keepdim = numpy_names("nanmean", names, dim, keepdim)
    x = tensor_argument("nanmean", input)
    if x.value.dtype.kind in "biu":
        raise RuntimeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {scalar_name(x.value.dtype)}"
        )
    if dtype is not None:
        x = cast(x, dtype_argument("nanmean", dtype))
    check_keepdim("nanmean", keepdim)
    return store(out, reduce.nanmean(x, dims_of("nanmean", x, dim), bool(keepdim)), "nanmean")


# --- moments ----------------------------------------------------------------------------------------


def _moment(
    name: str, operation: Callable[..., Any], dim: Any, unbiased: Any, keepdim: Any, correction: Any, input: Any,
    names: dict[str, Any],
) -> Any:  # fmt: skip
    dim, keepdim = numpy_names(name, names, dim, keepdim)
    x = tensor_argument(name, input)
    d = x.value.dtype
    if d.kind in "biu":
        only = f"{name} only support" if name.endswith("_mean") else "std and var only support"
        raise RuntimeError(f"{only} floating point and complex dtypes")
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and not isinstance(unbiased, bool):
        raise invalid_combination(name, (input, dim, unbiased))
    if correction is None:
        correction = 0 if unbiased is False else 1
    check_keepdim(name, keepdim, 4)
    axes = dims_of(name, x, dim)
    count = 1
    for a in axes:
        count *= x.value.shape[a]
    if count - correction <= 0 and 0 not in x.value.shape:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel).",
            UserWarning,
            stacklevel=3,
        )
    return operation(x, None if dim is None and not keepdim else axes, bool(keepdim), correction)


@method()
def var(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None,
    out: Any = None, **names: Any,
) -> Tensor:  # fmt: skip
    """The variance over `dim`, with n - `correction` (1; 0 if not `unbiased`) in the denominator.

    Raises:
        RuntimeError: Integers.
        IndexError: A dimension is out of range.
    """
    return store(
        out, _moment("var", moments.var, dim, unbiased, keepdim, correction, input, names), "var"
    )


@method()
def std(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None,
    out: Any = None, **names: Any,
) -> Tensor:  # fmt: skip
    """The standard deviation over `dim`: the root of `var`."""
    return store(
        out, _moment("std", moments.std, dim, unbiased, keepdim, correction, input, names), "std"
    )


def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    **names: Any,
) -> tuple[Tensor, Tensor]:
    """The variance and the mean over `dim`; see `var`."""
    return _moment("var_mean", moments.var_mean, dim, unbiased, keepdim, correction, input, names)  # type: ignore[no-any-return]


def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    **names: Any,
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean over `dim`; see `var`."""
    return _moment("std_mean", moments.std_mean, dim, unbiased, keepdim, correction, input, names)  # type: ignore[no-any-return]


# --- questions --------------------------------------------------------------------------------------


def _question(name: str, operation: Callable[..., Any]) -> Callable[..., Tensor]:
    def function(
        input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None, **names: Any
    ) -> Tensor:
        dim, keepdim = numpy_names(name, names, dim, keepdim)
        x = tensor_argument(name, input)
        if out is not None and out.value.dtype.kind != "b" and out.value.dtype != np.uint8:
            raise RuntimeError(
                f"{name} only supports bool tensor for result, got: {scalar_name(out.value.dtype)}"
            )
        check_keepdim(name, keepdim)
        # Unlike sums, these take an empty sequence of dimensions at its word.
        axes = () if isinstance(dim, (tuple, list)) and not dim else dims_of(name, x, dim)
        result = operation(x, axes, bool(keepdim))
        if x.value.dtype == np.uint8:
            result = cast(result, np.uint8)
        return store(out, result, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"Whether {name} elements over `dim` are non-zero (NaN is); uint8 for uint8 input."
    )
    setattr(Tensor, name, function)
    return function


all = _question("all", reduce.all)
any = _question("any", reduce.any)


@method()
def count_nonzero(input: Any, dim: Any = None) -> Tensor:
    """How many elements over `dim` are not zero, int64."""
    x = tensor_argument("count_nonzero", input)
    return reduce.count_nonzero(x, dims_of("count_nonzero", x, dim))  # type: ignore[no-any-return]


@method()
def hash_tensor(
    input: Any, dim: Any = (), *, keepdim: bool = False, mode: int = 0, out: Any = None
) -> Tensor:
    """The exclusive or of all elements' bits over `dim`, uint64: of floats in double precision, of integers in int64.

    Raises:
        RuntimeError: Another mode than 0, or nothing to reduce.
        NotImplementedError: Complex numbers.
    """
    x = tensor_argument("hash_tensor", input)
    if mode != 0:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}")
    if x.value.dtype.kind == "c":
        raise not_implemented("xor_sum_cpu", x.value.dtype)
    value = known("hash_tensor", x)
    axes = dims_argument("hash_tensor", dim, value.ndim)
    if not value.size and axes is None:
        raise RuntimeError(
            "hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    for a in axes or ():
        if not value.shape[a]:
            raise IndexError(f"hash_tensor: Expected reduction dim {a} to have non-zero size.")
    bits = value.astype(np.float64 if value.dtype.kind in "fV" else np.int64).view(np.uint64)
    found: Any = np.bitwise_xor.reduce(bits, axis=axes, keepdims=bool(keepdim))  # type: ignore[call-overload]
    return store(out, finished(found), "hash_tensor")


__all__ = [
    "all", "any", "count_nonzero", "hash_tensor", "mean", "nanmean", "nansum", "prod",
    "std", "std_mean", "sum", "var", "var_mean",
]  # fmt: skip
