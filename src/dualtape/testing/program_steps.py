"""The operations that random programs are made of: how each is run, and when it may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.inplace import write
from ..core.tensor import Tensor
from ..ops import activation as ac
from ..ops import arithmetic as ar
from ..ops import complex as co
from ..ops import exponential as ex
from ..ops import (
    extrema,
    joining,
    linalg,
    logistic,
    matmul,
    norms,
    padding,
    piecewise,
    products,
    reduce,
    scan,
    shape,
    softmax,
    sorting,
)
from ..ops import trigonometric as tr
from ..ops.assign import setitem
from ..ops.compare import gt
from ..ops.index import getitem
from ..ops.moments import var
from ..ops.numbers import abs_
from ..ops.select import maximum, minimum, where
from ..transforms.surface import lift

Array = np.ndarray[Any, Any]
Params = dict[str, Any] | None
Choose = Callable[[int], int]

# How far from a kink an operand must be for a difference quotient to be told from it.
MARGIN = 0.02


class Row(NamedTuple):
    """One operation.

    Attributes:
        arity: How many values it takes.
        run: (*values, **params) -> value.
        choose: (choose, *arrays) -> its parameters, None where it cannot be applied.
    """

    arity: int
    run: Callable[..., Any]
    choose: Callable[..., Params]


def anything(choose: Choose, *arrays: Array) -> Params:
    """Always."""
    return {}


def if_real(choose: Choose, *arrays: Array) -> Params:
    """For real operands."""
    return {} if all(a.dtype.kind == "f" for a in arrays) and fits(*arrays) else None


def if_complex(choose: Choose, x: Array) -> Params:
    """For complex ones."""
    return {} if x.dtype.kind == "c" else None


def fits(*arrays: Array) -> bool:
    """Whether operands broadcast."""
    try:
        np.broadcast_shapes(*[a.shape for a in arrays])
    except ValueError:
        return False
    return True


def if_fits(choose: Choose, *arrays: Array) -> Params:
    """For operands that broadcast."""
    return {} if fits(*arrays) else None


def away_from(distance: Callable[..., Array], real: bool = True) -> Callable[..., Params]:
    """Where all of `distance(*arrays)` is well away from zero."""

    def pick(choose: Choose, *arrays: Array) -> Params:
        if (real and any(a.dtype.kind != "f" for a in arrays)) or not fits(*arrays):
            return None
        return {} if np.abs(distance(*arrays)).min(initial=1.0) > MARGIN else None

    return pick


def spread_along(x: Array, axis: int) -> bool:
    """Whether the elements along an axis are all well apart."""
    return bool(np.diff(np.sort(x, axis=axis), axis=axis).min(initial=1.0) > MARGIN)


def an_axis(
    real: bool = False, apart: bool = False, zero_free: bool = False
) -> Callable[..., Params]:
    """An axis; `apart`: along which no two elements tie."""

    def pick(choose: Choose, x: Array) -> Params:
        if not x.ndim or (real and x.dtype.kind != "f") or 0 in x.shape:
            return None
        axis = choose(x.ndim)
        if apart and not spread_along(x, axis):
            return None
        if zero_free and np.abs(x).min(initial=1.0) < 0.1:
            return None
        return {"axis": axis - x.ndim if choose(2) else axis}

    return pick


def some_axes(real: bool = False, apart: bool = False) -> Callable[..., Params]:
    """Axes to reduce over, and whether they are kept."""

    def pick(choose: Choose, x: Array) -> Params:
        if (real and x.dtype.kind != "f") or 0 in x.shape:
            return None
        if apart and not spread_along(x.ravel(), 0):
            return None
        axes = tuple(i for i in range(x.ndim) if choose(2)) or None
        return {"axes": axes, "keepdims": bool(choose(2))}

    return pick


def a_shape(choose: Choose, x: Array) -> Params:
    """Another shape of as many elements."""
    n = x.size
    ways = [(n,), (1, n), (n, 1), *[(k, n // k) for k in (2, 3) if n and n % k == 0]]
    ways += [()] if n == 1 else []
    return {"shape": ways[choose(len(ways))]}


def an_order(choose: Choose, x: Array) -> Params:
    """A permutation of the axes."""
    left = list(range(x.ndim))
    return {"axes": tuple([left.pop(choose(len(left))) for _ in range(x.ndim)])}


def an_index(choose: Choose, x: Array) -> Params:
    """An index of ints, slices, new axes, an ellipsis, integer arrays with repeats, or a mask."""
    if not x.ndim or 0 in x.shape:
        return None
    found: list[Any] = []
    array_used = False
    for n in x.shape[: 1 + choose(x.ndim)]:
        kind = choose(7)
        if kind == 0:
            found.append(choose(n) - (n if choose(2) else 0))
        elif kind == 1 and not array_used:
            array_used = True
            found.append(np.array([choose(n) for _ in range(1 + choose(4))]))
        elif kind == 2 and not array_used:
            array_used = True
            found.append(np.array([bool(choose(2)) for _ in range(n)]))
        elif kind == 3:
            found.append(slice(choose(n), None, 1 + choose(2)))
        elif kind == 4:
            found += [None, slice(None)]
        else:
            found.append(slice(None))
    if choose(4) == 0:
        found.append(...)
    return {"index": tuple(found)}


def a_slice(choose: Choose, x: Array) -> Params:
    """A basic index that leaves an array."""
    if not x.ndim or 0 in x.shape:
        return None
    found = []
    for n in x.shape[: 1 + choose(x.ndim)]:
        start = choose(n)
        found.append(slice(start, start + 1 + choose(n), 1 + choose(2)))
    return {"index": tuple(found)}


def a_joint(choose: Choose, x: Array, y: Array) -> Params:
    """An axis along which two arrays can be joined."""
    if not x.ndim or x.ndim != y.ndim or x.dtype != y.dtype:
        return None
    axis = choose(x.ndim)
    rest = [i for i in range(x.ndim) if i != axis]
    return {"axis": axis} if all(x.shape[i] == y.shape[i] for i in rest) else None


def alike(choose: Choose, x: Array, y: Array) -> Params:
    """For operands of one shape and dtype."""
    return {} if x.shape == y.shape and x.dtype == y.dtype else None


def products_fit(choose: Choose, x: Array, y: Array) -> Params:
    """For operands whose inner sizes match."""
    if not x.ndim or not y.ndim or x.dtype != y.dtype or 0 in x.shape or 0 in y.shape:
        return None
    if x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
        return None
    return {} if x.ndim < 3 or y.ndim < 3 or fits(x[..., 0, 0], y[..., 0, 0]) else None


def a_square(choose: Choose, x: Array) -> Params:
    """For small square matrices."""
    ok = x.ndim >= 2 and x.shape[-1] == x.shape[-2] and 0 not in x.shape
    return {} if ok else None


def a_padding(choose: Choose, x: Array) -> Params:
    """Pads for the last axis."""
    return {"pads": (choose(3), choose(2))} if x.ndim else None


def regular(x: Any) -> Any:
    """A matrix moved away from the singular ones."""
    return x + np.asarray(5 * np.eye(int(x.shape[-1])), kind_of(x))


def kind_of(x: Any) -> np.dtype[Any]:
    """The NumPy dtype."""
    dtype: np.dtype[Any] = x.value.dtype if isinstance(x, Tensor) else x.dtype
    return dtype


def written(x: Any) -> Any:
    """A copy of `x`, overwritten in place by its sine."""
    return write(lift(x * 1.0), tr.sin)


def written_with(x: Any, y: Any) -> Any:
    """A copy of `x`, overwritten in place twice, once with another value."""
    copy = lift(x * 1.0 + y * 0.0)  # under vmap, of the batch if `y` is
    write(copy, lambda t: t * y)
    return write(copy, lambda t: t + tr.cos(t))


def written_view(x: Any, index: Any) -> Any:
    """A copy of `x`, a view of which is overwritten in place."""
    copy = lift(x * 1.0)
    before = tr.sin(x)
    part = index_of(copy, index)
    write(part, lambda t: t * t + 0.5)
    return copy * before + total_of(part)


def assigned(x: Any, y: Any, index: Any) -> Any:
    """A copy of `x` with `y` summed up in some places."""
    copy = lift(x * 1.0 + total_of(y) * 0.0)  # under vmap, of the batch if `y` is
    setitem(copy, index, total_of(y))
    return copy * x


def total_of(x: Any) -> Any:
    """The sum of all elements."""
    return reduce.sum(x)


def index_of(x: Any, index: Any) -> Any:
    """x[index]."""
    return getitem(x, index)


def assignable(choose: Choose, x: Array, y: Array) -> Params:
    """For operands of one dtype, with a place to write to."""
    return a_slice(choose, x) if x.dtype == y.dtype else None


STEPS: dict[str, Row] = {
    "sin": Row(1, tr.sin, anything),
    "cos": Row(1, tr.cos, anything),
    "tanh": Row(1, tr.tanh, if_real),
    "atan": Row(1, tr.atan, if_real),
    "asinh": Row(1, tr.asinh, if_real),
    "exp": Row(1, ex.exp, anything),
    "expm1": Row(1, ex.expm1, anything),
    "log of square": Row(1, lambda x: ex.log1p(ar.square(x)), if_real),
    "sqrt of square": Row(1, lambda x: ex.sqrt(ar.square(x) + 1.0), if_real),
    "rsqrt": Row(1, lambda x: ex.rsqrt(ar.square(x) + 1.0), if_real),
    "sigmoid": Row(1, logistic.sigmoid, if_real),
    "softplus": Row(1, logistic.softplus, if_real),
    "gelu": Row(1, ac.gelu, if_real),
    "square": Row(1, ar.square, anything),
    "cube": Row(1, lambda x: x**3, anything),
    "neg": Row(1, ar.neg, anything),
    "reciprocal": Row(1, ar.reciprocal, away_from(lambda x: np.abs(x) > 0.3, real=False)),
    "times i": Row(1, lambda x: x * 1j, if_complex),
    "conj": Row(1, co.conj, anything),
    "real": Row(1, co.real, if_complex),
    "imag": Row(1, co.imag, if_complex),
    "abs": Row(1, abs_, away_from(lambda x: x, real=False)),
    "relu": Row(1, piecewise.relu, away_from(lambda x: x)),
    "leaky relu": Row(1, piecewise.leaky_relu, away_from(lambda x: x)),
    "add": Row(2, ar.add, if_fits),
    "sub": Row(2, ar.sub, if_fits),
    "mul": Row(2, ar.mul, if_fits),
    "div": Row(2, lambda x, y: ar.div(x, ar.square(y) + 2.0), if_real),
    "complex div": Row(2, ar.div, away_from(lambda x, y: np.abs(y) > 0.3, real=False)),
    "pow": Row(2, lambda x, y: ar.pow(ar.square(x) + 0.5, y), if_real),
    "hypot": Row(2, lambda x, y: tr.hypot(x, y + 3.0), if_real),
    "atan2": Row(2, lambda x, y: tr.atan2(x, ar.square(y) + 0.5), if_real),
    "logaddexp": Row(2, ex.logaddexp, if_real),
    "maximum": Row(2, maximum, away_from(lambda x, y: x - y)),
    "minimum": Row(2, minimum, away_from(lambda x, y: x - y)),
    "where": Row(2, lambda x, y: where(gt(x, y), ar.square(x), tr.sin(y)), away_from(lambda x, y: x - y)),
    "sum": Row(1, reduce.sum, some_axes()),
    "mean": Row(1, reduce.mean, some_axes()),
    "prod": Row(1, products.prod, some_axes()),
    "var": Row(1, lambda x, axes, keepdims: var(x, axes, keepdims, correction=0), some_axes()),
    "amax": Row(1, extrema.amax, some_axes(real=True, apart=True)),
    "amin": Row(1, extrema.amin, some_axes(real=True, apart=True)),
    "logsumexp": Row(1, norms.logsumexp, some_axes(real=True)),
    "norm": Row(1, lambda x, axes, keepdims: norms.vector_norm(x + 3.0, 2, axes, keepdims), some_axes()),
    "softmax": Row(1, softmax.softmax, an_axis(real=True)),
    "log_softmax": Row(1, softmax.log_softmax, an_axis(real=True)),
    "cumsum": Row(1, scan.cumsum, an_axis()),
    "cumprod": Row(1, products.cumprod, an_axis(zero_free=True)),
    "logcumsumexp": Row(1, scan.logcumsumexp, an_axis(real=True)),
    "cummax": Row(1, lambda x, axis: scan.cummax(x, axis)[0], an_axis(real=True, apart=True)),
    "sort": Row(1, lambda x, axis: sorting.sort(x, axis)[0], an_axis(real=True, apart=True)),
    "reshape": Row(1, shape.reshape, a_shape),
    "permute": Row(1, shape.permute, an_order),
    "broadcast": Row(1, lambda x: shape.broadcast_to(x, (2, *x.shape)), anything),
    "pad": Row(1, padding.pad, a_padding),
    "index": Row(1, index_of, an_index),
    "slice": Row(1, index_of, a_slice),
    "split": Row(1, lambda x, axis: joining.unbind(x, axis)[-1], an_axis()),
    "concatenate": Row(2, lambda x, y, axis: shape.concatenate([x, y], axis), a_joint),
    "stack": Row(2, lambda x, y: shape.stack([x, y], 0), alike),
    "matmul": Row(2, matmul.matmul, products_fit),
    "solve": Row(1, lambda x: linalg.solve(regular(x), x), a_square),
    "inv": Row(1, lambda x: linalg.inv(regular(x)), a_square),
    "det": Row(1, lambda x: linalg.det(regular(x) * 0.2), a_square),
    "write": Row(1, written, anything),
    "write with": Row(2, written_with, alike),
    "write view": Row(1, written_view, a_slice),
    "assign": Row(2, assigned, assignable),
}  # fmt: skip
