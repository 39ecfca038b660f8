"""Running reductions, differences and integrals along a dimension."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..ops import products, scan, shape
from ..ops.complex import cast
from . import dtypes, return_types
from ._tensor import Tensor
from .arguments import dtype_argument, integer, not_implemented, tensor_argument, wrap_dim
from .promotion import Number, as_operand, result_numpy
from .registry import in_place, install, store, store_all


def _dim(function: str, dim: Any, axis: Any) -> int:
    """The dimension, which has no default.

    Raises:
        TypeError: It is missing, or no int.
    """
    if dim is None:
        dim = axis
    if dim is None:
        raise TypeError(f'{function}() missing 1 required positional arguments: "dim"')
    return integer(function, dim, "dim", 2)


def _running(name: str, operation: Callable[..., Any]) -> Callable[..., Tensor]:
    """cumsum, cumprod: integers and booleans run in int64."""

    def function(
        input: Any, dim: Any = None, *, dtype: Any = None, out: Any = None, axis: Any = None
    ) -> Tensor:
        x = tensor_argument(name, input)
        along = _dim(name, dim, axis)
        if dtype is None and out is not None:
            dtype = out.dtype
        if dtype is not None:
            x = cast(x, dtype_argument(name, dtype))
        elif x.value.dtype.kind in "biu":
            x = cast(x, np.int64)
        return store(out, operation(x, along), name)

    def inplace(self: Tensor, dim: Any, *, dtype: Any = None) -> Any:
        return rewrite(self, dim, dtype=self.dtype if dtype is None else dtype)

    rewrite = in_place(function, name + "_")
    function.__name__ = function.__qualname__ = name
    inplace.__name__ = inplace.__qualname__ = name + "_"
    inplace.__doc__ = f"`{name}` in place; returns the tensor."
    function.__doc__ = (
        f"The running {'sum' if name == 'cumsum' else 'product'} along `dim`; integers and booleans in int64.\n\n"
        "Raises:\n    IndexError: The dimension is out of range."
    )
    setattr(Tensor, name, function)
    setattr(Tensor, name + "_", inplace)
    return function


cumsum = _running("cumsum", scan.cumsum)
cumprod = _running("cumprod", products.cumprod)


def _running_extremum(name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
    make = getattr(return_types, name)

    def function(input: Any, dim: Any = None, *, out: Any = None, axis: Any = None) -> Any:
        x = tensor_argument(name, input)
        along = _dim(name, dim, axis)
        if x.value.dtype.kind == "c":
            raise not_implemented(f"{name}_cpu", x.value.dtype)
        return store_all(out, operation(x, along), name, make)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The running {'largest' if name == 'cummax' else 'smallest'} element along `dim`, and its index; a named "
        "tuple.\n\nRaises:\n    IndexError: The dimension is out of range.\n    NotImplementedError: Complex numbers."
    )
    setattr(Tensor, name, function)
    return function


cummax = _running_extremum("cummax", scan.cummax)
cummin = _running_extremum("cummin", scan.cummin)


def logcumsumexp(input: Any, dim: Any = None, *, out: Any = None, axis: Any = None) -> Tensor:
    """The logarithm of the running sum of exponentials along `dim`.

    Raises:
        NotImplementedError: Integers.
        IndexError: The dimension is out of range.
    """
    x = tensor_argument("logcumsumexp", input)
    along = _dim("logcumsumexp", dim, axis)
    if x.value.dtype.kind in "biu":
        raise not_implemented("logcumsumexp_out_cpu", x.value.dtype)
    return store(out, scan.logcumsumexp(x, along), "logcumsumexp")


install({"logcumsumexp": logcumsumexp})


def diff(
    input: Any,
    n: int = 1,
    dim: int = -1,
    prepend: Any = None,
    append: Any = None,
    *,
    out: Any = None,
) -> Tensor:
    """The `n`-th differences of neighbours along `dim`, `prepend` and `append` joined on first.

    Raises:
        RuntimeError: 0-d input, a negative `n`, or parts of another rank.
        IndexError: The dimension is out of range.
    """
    x = tensor_argument("diff", input)
    parts = [
        None if p is None else tensor_argument("diff", p, "prepend", None)
        for p in (prepend, append)
    ]
    d = result_numpy(x, *[p for p in parts if p is not None])
    before, after = (None if p is None else as_operand(p, d, Tensor) for p in parts)
    order, along = integer("diff", n, "n", 2), integer("diff", dim, "dim", 3)
    return store(out, scan.diff(as_operand(x, d, Tensor), order, along, before, after), "diff")


install({"diff": diff})


# --- integrals --------------------------------------------------------------------------------------


def _integral(
    name: str, operation: Callable[..., Any], y: Any, x: Any, dx: Any, dim: int
) -> Tensor:
    ordinates = tensor_argument(name, y, "y")
    if x is not None and not isinstance(x, CoreTensor):
        x, dx = None, x
    if x is not None and dx is not None:
        raise RuntimeError(f"{name}(): only one of x and dx may be given")
    points = [ordinates] if x is None else [ordinates, tensor_argument(name, x, "x", 2)]
    d = result_numpy(*points)
    if d.kind in "biu":
        d = dtypes.default_numpy
    operands = [as_operand(p, d, Tensor) for p in points]
    return operation(  # type: ignore[no-any-return]
        operands[0], operands[1] if x is not None else None, 1.0 if dx is None else dx, dim
    )


def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integral of `y` along `dim` by the trapezoidal rule, abscissas `x` or `dx` (1) apart.

    Raises:
        RuntimeError: The abscissas are not as many as the ordinates.
        IndexError: The dimension is out of range.
    """
    return _integral("trapezoid", scan.trapezoid, y, x, dx, dim)


trapz = trapezoid


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The running integral of `y` along `dim`; see `trapezoid`."""
    return _integral("cumulative_trapezoid", scan.cumulative_trapezoid, y, x, dx, dim)


# --- gradient ---------------------------------------------------------------------------------------


def gradient(
    input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """Estimate the derivatives along `dim` (all dimensions) from samples, by differences of second order inside.

    Args:
        input: Samples.
        spacing: The distance of samples, a number for all dimensions or one for each; or their coordinates, a 1-d
            tensor for each dimension.
        dim: An int or a sequence of ints.
        edge_order: 1 or 2, the order of the differences at the two ends.

    Raises:
        RuntimeError: Too few samples, or spacings that do not fit the dimensions.
    """
    x = tensor_argument("gradient", input)
    rank = len(x.value.shape)
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    given = range(rank) if dim is None else [dim] if isinstance(dim, int) else dim
    dims = [wrap_dim(integer("gradient", a, "dim"), rank) for a in given]
    if len(set(dims)) < len(dims):
        raise RuntimeError("dim is repeated in the list of dims")
    spacings = _spacings(spacing, dims)
    for a in dims:
        if x.value.shape[a] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1"
            )
    if x.value.dtype.kind in "biu":
        x = cast(x, dtypes.default_numpy)
    return tuple([_slope(x, a, s, edge_order) for a, s in zip(dims, spacings, strict=True)])


def _spacings(spacing: Any, dims: Sequence[int]) -> list[Any]:
    if spacing is None:
        return [1.0] * len(dims)
    if isinstance(spacing, Number):
        return [spacing] * len(dims)
    found = list(spacing)
    if len(found) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to 'self.dim() = "
            f"{len(dims)}', got a list of length {len(found)}."
        )
    return [
        tensor_argument("gradient", s, "spacing") if isinstance(s, CoreTensor) else s for s in found
    ]


def _cut(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return shape.slice_p(x, index=(slice(None),) * axis + (slice(start, stop),))


def _slope(x: Any, axis: int, spacing: Any, edge_order: int) -> Tensor:
    """Differences weighted for unequal steps: exact for parabolas (Fornberg, Math. Comp. 51, 1988)."""
    n = x.value.shape[axis]
    if isinstance(spacing, CoreTensor):
        if len(spacing.value.shape) != 1 or spacing.value.shape[0] != n:
            raise RuntimeError(
                "torch.gradient expected each element of spacing to have one coordinate for each sample, got "
                f"{list(spacing.value.shape)} for {n}"
            )
        steps: Any = scan.diff(cast(spacing, x.value.dtype)).reshape(
            -1, *[1] * (len(x.value.shape) - 1 - axis)
        )
    else:
        steps = None
    rise = scan.diff(x, 1, axis)
    slopes = rise / (spacing if steps is None else steps)
    first, last = _cut(slopes, axis, 0, 1), _cut(slopes, axis, n - 2, n - 1)
    before, after = _cut(slopes, axis, None, n - 2), _cut(slopes, axis, 1, None)
    if steps is None:
        inner, left, right = (
            (_cut(x, axis, 2, None) - _cut(x, axis, None, n - 2)) / (2 * spacing),
            1.0,
            1.0,
        )
    else:
        left, right = _cut(steps, 0, None, n - 2), _cut(steps, 0, 1, None)
        inner = (before * right + after * left) / (left + right)
    if edge_order == 2:
        # The parabola through the three outermost samples: the outer slope, less the curvature's share.
        bend = (after - before) / (left + right)
        first = first - _cut(bend * left, axis, 0, 1)
        last = last + _cut(bend * right, axis, n - 3, n - 2)
    return shape.concatenate([first, inner, last], axis)  # type: ignore[no-any-return]


__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "gradient", "logcumsumexp", "trapezoid",
    "trapz",
]  # fmt: skip
