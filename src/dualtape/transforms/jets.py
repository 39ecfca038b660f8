"""Taylor mode: `jet` pushes truncated power series through a function.

NOTE [order by order]
An operation without a Taylor rule is differentiated by its own pushforward: the result y(t) of operands x(t)
has y'(t) = pushforward(x(t), x'(t)), where the right side needs one order less of everything. So the
pushforward runs on shorter series, whose operations are treated in the same way, until order 0 is
left. A rule that uses the result itself needs it up to the order before, and is run once per order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..core import modes
from ..core.boxes import Box, Interpreter
from ..core.errors import ShapeError, StructureError
from ..core.forward import dtype_of, fitted, pushforward, zeros_like
from ..core.primitive import Primitive, Signature
from ..core.tensor import Tensor, wrap
from ..core.vocabulary import vocabulary
from ..ops.taylor import TABLE
from . import tree
from .surface import called, check_differentiable, inner, lift, lower, output, outward

Series = list[Any]


class Jet(Box):
    """A truncated power series: coefficients from order 0 up, None for zero past the first."""

    __slots__ = ("coefficients",)

    def __init__(self, interpreter: TaylorMode, coefficients: Series) -> None:
        self.interpreter = interpreter
        self.coefficients = coefficients

    @property
    def primal(self) -> Any:
        """The coefficient of order 0."""
        return self.coefficients[0]

    @property
    def shape(self) -> Any:
        """The coefficients' shape."""
        return self.coefficients[0].shape

    @property
    def dtype(self) -> Any:
        """The coefficients' NumPy dtype."""
        return dtype_of(self.coefficients[0])

    def __repr__(self) -> str:
        return f"Jet({self.coefficients!r})"


class TaylorMode(Interpreter):
    """Pushes series up to `order` through primitives for one level."""

    __slots__ = ("order",)

    name = "Taylor-mode level"

    def __init__(self, level: int, order: int) -> None:
        super().__init__(level)
        self.order = order

    def process(self, primitive: Primitive, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """See `Interpreter.process`."""
        series = [self.series(v) for v in values]
        primals = [s[0] for s in series]
        still = all(v is None for s in series for v in s[1:])
        if primitive.push is not None and not still:
            return self.packed(order_by_order(self.order, primitive, None, series, params))
        out = primitive(*primals, **params)  # type: ignore[operator]
        if primitive.kind == "constant" or still:
            return out
        outs = out if primitive.outputs != 1 else (out,)
        results = None
        rule = TABLE.get(primitive)
        if rule is not None:
            found = rule(out, *series, **params)
            results = found if found is None or primitive.outputs != 1 else [found]
        elif primitive.kind == "linear":
            results = linear(self.order, primitive, series, outs, params)
        elif primitive.kind == "multilinear":
            results = [multilinear(self.order, primitive, series, out, params)]
        if results is None:
            results = order_by_order(self.order, primitive, outs, series, params)
        packed = self.packed(results)
        return packed if primitive.outputs != 1 else packed[0]

    def series(self, value: Any) -> Series:
        """The coefficients of a value, which is constant if it is not this level's."""
        if isinstance(value, Jet) and value.interpreter is self:
            return value.coefficients
        return [value, *[None] * self.order]

    def packed(self, results: list[Series]) -> tuple[Any, ...]:
        """Series as values of this level."""
        return tuple(
            s[0] if all(v is None for v in s[1:])
            else Jet(self, [s[0], *[None if v is None else fitted(v, s[0]) for v in s[1:]]])
            for s in results
        )  # fmt: skip


@contextmanager
def taylor_level(order: int) -> Iterator[TaylorMode]:
    """Open a level of Taylor mode; its values end with it."""
    with modes.deeper() as depth:
        level = TaylorMode(depth, order)
        try:
            yield level
        finally:
            level.open = False


def linear(
    order: int, primitive: Primitive, series: list[Series], outs: Any, params: dict[str, Any]
) -> list[Series]:
    """The series of a linear operation's outputs: coefficient by coefficient."""
    results = [[o] for o in outs]
    moving = series if primitive.variadic else series[:1]
    fixed = [] if primitive.variadic else [s[0] for s in series[1:]]
    for k in range(1, order + 1):
        terms = [s[k] for s in moving]
        if all(v is None for v in terms):
            found: Any = [None] * len(results)
        else:
            given = [
                zeros_like(s[0]) if v is None else v for s, v in zip(moving, terms, strict=True)
            ]
            found = primitive(*given, *fixed, **params)  # type: ignore[operator]
            found = found if primitive.outputs != 1 else (found,)
        for r, v in zip(results, found, strict=True):
            r.append(v)
    return results


def multilinear(
    order: int, primitive: Primitive, series: list[Series], out: Any, params: dict[str, Any]
) -> Series:
    """The series of a multilinear operation: the convolution over its operands."""
    at = [i for i in range(len(series)) if primitive.vjp_of(i) is not None]
    orders = [[j for j, v in enumerate(series[i]) if v is not None] for i in at]
    result = [out, *[None] * order]

    def visit(operand: int, left: int, chosen: list[int]) -> Iterator[list[int]]:
        if operand == len(at):
            yield chosen
            return
        for j in orders[operand]:
            if j <= left:
                yield from visit(operand + 1, left - j, [*chosen, j])

    for chosen in visit(0, order, []):
        k = sum(chosen)
        if k:
            operands = [s[0] for s in series]
            for i, j in zip(at, chosen, strict=True):
                operands[i] = series[i][j]
            term = primitive(*operands, **params)  # type: ignore[operator]
            result[k] = term if result[k] is None else vocabulary.add(result[k], term)
    return result


def uses_result(primitive: Primitive, series: list[Series]) -> bool:
    """Whether the pushforward rule of an operand that moves names the result."""
    moving = [i for i, s in enumerate(series) if any(v is not None for v in s[1:])]
    rules = [primitive.jvp_of(i) for i in moving]
    operands = len(primitive.inputs)
    return any(isinstance(r, Signature) and any(n >= operands for n in r.needs) for r in rules)


def order_by_order(
    order: int, primitive: Primitive, outs: Any, series: list[Series], params: dict[str, Any]
) -> list[Series]:
    """The series of any operation's outputs; see NOTE [order by order]."""
    if outs is not None and uses_result(primitive, series):
        results = [[o] for o in outs]
        for n in range(1, order + 1):
            slopes = tangent(n - 1, primitive, series, results, params)[1]
            for r, s in zip(results, slopes, strict=True):
                r.append(None if s[n - 1] is None else s[n - 1] * (1 / n))
        return results
    found, slopes = tangent(
        order - 1, primitive, series, None if outs is None else [[o] for o in outs], params
    )
    return [
        [o, *[None if v is None else v * (1 / (k + 1)) for k, v in enumerate(s)]]
        for o, s in zip(found, slopes, strict=True)
    ]


def tangent(
    order: int,
    primitive: Primitive,
    series: list[Series],
    results: list[Series] | None,
    params: dict[str, Any],
) -> tuple[Any, list[Series]]:
    """The series of the outputs' derivatives by t, up to `order`, and the outputs' first coefficients.

    Args:
        order: Of the derivatives.
        primitive: The operation.
        series: The operands'.
        results: The outputs' up to `order`, as far as the rule needs them; None where it gives them.
        params: Static parameters.
    """
    with taylor_level(order) as level:
        primals = [level.packed([s[: order + 1]])[0] for s in series]
        dots: list[Any] = []
        for s in series:
            slope = [None if v is None else v * (k + 1) for k, v in enumerate(s[1 : order + 2])]
            if all(v is None for v in slope):
                dots.append(None)
            else:
                slope[0] = zeros_like(s[0]) if slope[0] is None else slope[0]
                dots.append(level.packed([slope])[0])
        if results is None:
            assert primitive.push is not None
            outs, found = primitive.push(primals, dots)
            firsts: Any = [level.series(o)[0] for o in outs]
        else:
            firsts = [r[0] for r in results]
            given = level.packed(
                [[*r, *[None] * (order + 1 - len(r))][: order + 1] for r in results]
            )
            found = pushforward(
                primitive, primals, dots, given if primitive.outputs != 1 else given[0], params
            )
        slopes = [[None] * (order + 1) if d is None else list(level.series(d)) for d in found]
        return firsts, slopes


def jet(
    f: Callable[..., Any],
    primals: Sequence[Any],
    series: Sequence[Sequence[Any]],
    *,
    factorial_scaled: bool = True,
) -> tuple[Any, Any]:
    """Return `f(*primals)` and the derivatives of f along a curve through `primals`.

    Args:
        f: Maps arrays (nested in tuples, lists, dicts, dataclasses) to such.
        primals: Its arguments: where the curve is at t = 0. Floating or complex.
        series: For each argument the curve's derivatives by t at 0, of orders 1 to k: a list of k
            values like the argument.
        factorial_scaled: Derivatives (the default), here and in the result; or Taylor coefficients, which
            are these divided by the factorial of their order.

    Returns:
        The output, and its derivatives by t: a tree like the output whose leaves are lists of k.

    Raises:
        StructureError: The series do not fit the primals, or differ in length.
        ShapeError, DtypeError: A term does not fit its primal.

    Costs O(k^2) operations per operation of `f` where Taylor rules are known (arithmetic, elementary
    functions, linear and multilinear operations; docs/rules.md shows which). Others run their
    pushforward on series one order shorter, which is right at any order, and slower. For the derivatives
    in the direction v at x: `jet(f, (x,), ([v, 0*v, 0*v],))`.

    >>> import numpy as np, dualtape as dt
    >>> value, terms = dt.jet(np.exp, (0.0,), ([1.0, 0.0, 0.0],))
    >>> [float(d) for d in terms]
    [1.0, 1.0, 1.0]
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(series, (tuple, list)):
        raise StructureError("jet: primals and series must be tuples, one entry per argument of f")
    if len(primals) != len(series):
        raise StructureError(f"jet: {len(primals)} primals but {len(series)} series")
    lengths = {len(s) for s in series}
    if len(lengths) > 1:
        raise StructureError(f"jet: all series must have the same length, got {sorted(lengths)}")
    order = lengths.pop() if lengths else 0
    with taylor_level(order) as level:
        args = []
        for primal, terms in zip(primals, series, strict=True):
            flat, structure = tree.flatten(primal)
            columns = [tree.matched(structure, term, "jet: a term of a series") for term in terms]
            leaves = [
                curve(level, lift(x), [column[i] for column in columns], factorial_scaled)
                for i, x in enumerate(flat)
            ]
            args.append(structure.unflatten(leaves))
        outs, shape = tree.flatten(called(f, args, {}))
        tensors = [output(o, "jet") for o in outs]
        found = [level.series(t.value) for t in tensors]
    values, lists = [], []
    for t, coefficients in zip(tensors, found, strict=True):
        cls = type(t).result_class
        first = t if coefficients[0] is t.value else outward(coefficients[0], cls)
        values.append(lower(first))
        terms = []
        for k, v in enumerate(coefficients[1:], 1):
            v = zeros_like(inner(first)) if v is None else v
            terms.append(
                lower(outward(v * math.factorial(k) if factorial_scaled and k > 1 else v, cls))
            )
        lists.append(terms)
    return shape.unflatten(values), shape.unflatten(lists)


def curve(level: TaylorMode, x: Tensor, terms: list[Any], factorial_scaled: bool) -> Tensor:
    """The tensor that runs along a curve.

    Raises:
        ShapeError: A term has another shape.
        DtypeError: `x` has no derivatives.
    """
    check_differentiable(x, "jet: a primal")
    coefficients = [inner(x)]
    for k, term in enumerate(terms, 1):
        t = lift(term)
        if tuple(t.shape) != tuple(x.shape):
            raise ShapeError(
                f"jet: a term of a series must have its primal's shape {list(x.shape)}, got {list(t.shape)}"
            )
        value = inner(t)
        if t.value.dtype != x.value.dtype:
            value = vocabulary.cast(value, x.value.dtype)
        coefficients.append(
            value * (1 / math.factorial(k)) if factorial_scaled and k > 1 else value
        )
    if not terms:
        return x
    return wrap(type(x).result_class, Jet(level, coefficients))
