"""The largest and the smallest: of all elements, along a dimension with their places, of two tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import modes
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..ops import extrema as ops
from . import return_types
from ._tensor import Tensor
from .arguments import (
    check_keepdim,
    dims_argument,
    integer,
    invalid_combination,
    is_integer,
    not_implemented,
    numpy_names,
    tensor_argument,
    wrap_dim,
    wrong_type,
)
from .dtypes import scalar_name
from .pointwise_binary import maximum, minimum
from .registry import method, store, store_all


def _extremum(
    name: str,
    binary: Callable[..., Tensor],
    primitive: Any,
    whole: Callable[..., Any],
    along: Callable[..., Any],
) -> Any:
    make = getattr(return_types, name)
    bind = primitive.bind1

    def function(input: Any, *args: Any, out: Any = None, **names: Any) -> Any:
        x = tensor_argument(name, input)
        if not args and not names:
            value = x.value
            if value.dtype.kind == "c":
                raise not_implemented(f"{name}_all", value.dtype)
            result = whole(x) if 0 in value.shape else bind(x)
            return result if out is None else store(out, result, name)
        other = names.pop("other", None)
        dim = names.pop("dim", None)
        keepdim = names.pop("keepdim", False)
        dim, keepdim = numpy_names(name, names, dim, keepdim)
        given = list(args)
        if given and isinstance(given[0], CoreTensor) and not (len(given) > 1 or keepdim):
            other = given.pop(0)
        if other is not None:
            if given or dim is not None:
                raise invalid_combination(name, (input, *args))
            return binary(x, other, out=out)
        if given:
            dim = given.pop(0)
        if given:
            keepdim = given.pop(0)
        if given or not is_integer(dim):
            raise invalid_combination(name, (input, *args))
        check_keepdim(name, keepdim)
        if x.value.dtype.kind == "c":
            raise not_implemented(f"{name}_cpu", x.value.dtype)
        return store_all(out, along(x, int(dim), bool(keepdim)), name, make)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"`{name}(input)`: of all elements; `{name}(input, dim, keepdim=False)`: along a dimension, a named tuple of "
        f"values and indices; `{name}(input, other)`: of two tensors element by element.\n\n"
        "Ties share the gradient, but along a dimension all of it goes to the element whose index is returned.\n\n"
        "Raises:\n    RuntimeError: There is nothing to choose from.\n    IndexError: The dimension is empty or out "
        "of range.\n    NotImplementedError: Complex numbers."
    )
    setattr(Tensor, name, function)
    return function


max = _extremum("max", maximum, ops.max_all_p, ops.max, ops.max_along)
min = _extremum("min", minimum, ops.min_all_p, ops.min, ops.min_along)


def _over_dims(name: str, operation: Callable[..., Any], kernel: str) -> Callable[..., Tensor]:
    def function(
        input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None, **names: Any
    ) -> Tensor:
        dim, keepdim = numpy_names(name, names, dim, keepdim)
        x = tensor_argument(name, input)
        if isinstance(dim, (str, float)):
            raise wrong_type(name, "dim", 2, "tuple of ints", dim)
        check_keepdim(name, keepdim)
        if x.value.dtype.kind == "c":
            raise not_implemented(kernel, x.value.dtype)
        if out is not None and out.value.dtype != x.value.dtype:
            raise RuntimeError(
                f"Expected the dtype for input and out to match, but got {scalar_name(x.value.dtype)} for input's dtype "
                f"and {scalar_name(out.value.dtype)} for out's dtype."
            )
        return store(
            out, operation(x, dims_argument(name, dim, len(x.value.shape)), bool(keepdim)), name
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The {'largest' if name == 'amax' else 'smallest'} element over `dim`; ties share the gradient evenly.\n\n"
        "Raises:\n    RuntimeError, IndexError: There is nothing to choose from."
    )
    setattr(Tensor, name, function)
    return function


amax = _over_dims("amax", ops.amax, "max_values_cpu")
amin = _over_dims("amin", ops.amin, "min_values_cpu")


@method()
def aminmax(input: Any, *, dim: Any = None, keepdim: bool = False, out: Any = None) -> Any:
    """The smallest and the largest element, of all or along one dimension; a named tuple.

    Raises:
        RuntimeError: There is nothing to choose from.
    """
    x = tensor_argument("aminmax", input)
    if x.value.dtype.kind == "c":
        raise not_implemented("aminmax_cpu", x.value.dtype)
    axes = (
        None
        if dim is None
        else dims_argument("aminmax", integer("aminmax", dim, "dim"), len(x.value.shape))
    )
    for a in axes or ():
        if not x.value.shape[a]:
            raise IndexError(f"aminmax: Expected reduction dim {a} to have non-zero size.")
    return store_all(out, ops.aminmax(x, axes, bool(keepdim)), "aminmax", return_types.aminmax)


def _place(
    name: str, operation: Callable[..., Any], direct: Callable[..., Any]
) -> Callable[..., Tensor]:
    """Make argmax or argmin: on arrays `direct`, NumPy's, since nothing is recorded."""

    def function(
        input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None, **names: Any
    ) -> Tensor:
        dim, keepdim = numpy_names(name, names, dim, keepdim)
        x = tensor_argument(name, input)
        if dim is not None:
            dim = integer(name, dim, "dim", 2)
        check_keepdim(name, keepdim)
        kind = x.value.dtype.kind
        if kind in "bc":
            raise RuntimeError(
                f"{name}(): does not support {'bool' if kind == 'b' else 'complex'} input"
            )
        value = x.value
        if type(value) is np.ndarray and value.size and not modes.current() & modes.BOXED:
            axis = None if dim is None else wrap_dim(dim, value.ndim)
            if axis is None or value.ndim:
                found = direct(value, axis, keepdims=bool(keepdim))
                return store(out, wrap(Tensor, found), name, exact=True)  # type: ignore[arg-type]
        return store(out, operation(x, dim, bool(keepdim)), name, exact=True)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The index of the first {'largest' if name == 'argmax' else 'smallest'} element along `dim`; without `dim` in "
        "the flattened tensor.\n\n"
        "Raises:\n    RuntimeError: Booleans or complex numbers.\n    IndexError: There is nothing to choose from."
    )
    setattr(Tensor, name, function)
    return function


argmax = _place("argmax", ops.argmax, np.argmax)
argmin = _place("argmin", ops.argmin, np.argmin)

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]
