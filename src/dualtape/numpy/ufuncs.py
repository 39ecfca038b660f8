"""What NumPy's ufuncs mean in operations, and how a call of one is answered.

Dtypes are NumPy's: `ufunc.resolve_dtypes` says in which ones it would compute, and the operands are cast
to them. Ufuncs without a derivative are primitives of kind "constant", made from the ufunc itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.errors import MissingRuleError
from ..core.inplace import write
from ..core.kinds import constant
from ..core.tensor import Tensor
from ..ops import arithmetic, compare, exponential, numbers, select, trigonometric
from ..ops.arithmetic import power, rpow
from ..ops.complex import cast, conj
from ..ops.shape import broadcast_to
from ..ops.views import clone
from . import _array
from ._array import Array
from .concrete import concrete, is_concrete, refused
from .operands import PLAIN, as_array, beside, inexact, is_quiet, operand, plainly, spec
from .operators import stored
from .products import matmul, matvec, vecdot, vecmat
from .writing import check_write

Rule = Callable[..., Any]

SIMPLE: dict[np.ufunc, Any] = {
    np.sin: trigonometric.sin, np.cos: trigonometric.cos, np.tan: trigonometric.tan,
    np.arcsin: trigonometric.asin, np.arccos: trigonometric.acos, np.arctan: trigonometric.atan,
    np.sinh: trigonometric.sinh, np.cosh: trigonometric.cosh, np.tanh: trigonometric.tanh,
    np.arcsinh: trigonometric.asinh, np.arccosh: trigonometric.acosh, np.arctanh: trigonometric.atanh,
    np.exp: exponential.exp, np.exp2: exponential.exp2, np.expm1: exponential.expm1,
    np.log: exponential.log, np.log2: exponential.log2, np.log10: exponential.log10,
    np.log1p: exponential.log1p, np.sqrt: exponential.sqrt, np.cbrt: exponential.cbrt,
    np.square: arithmetic.square, np.reciprocal: arithmetic.reciprocal, np.negative: arithmetic.neg,
    np.absolute: numbers.abs_, np.fabs: numbers.abs_, np.sign: numbers.signum, np.conjugate: conj,
    np.floor: numbers.floor, np.ceil: numbers.ceil, np.trunc: numbers.trunc, np.rint: numbers.round_p,
    np.deg2rad: trigonometric.deg2rad, np.radians: trigonometric.deg2rad,
    np.rad2deg: trigonometric.rad2deg, np.degrees: trigonometric.rad2deg,
}  # fmt: skip
"""One argument, one primitive, and for floating dtypes the dtype of the argument."""

PAIRS: dict[np.ufunc, Any] = {
    np.add: arithmetic.add, np.subtract: arithmetic.sub, np.multiply: arithmetic.mul,
    np.true_divide: arithmetic.div, np.maximum: select.maximum, np.minimum: select.minimum,
    np.fmax: select.fmax, np.fmin: select.fmin, np.power: arithmetic.pow,
    np.arctan2: trigonometric.atan2, np.hypot: trigonometric.hypot,
    np.logaddexp: exponential.logaddexp, np.logaddexp2: exponential.logaddexp2,
    np.remainder: arithmetic.remainder, np.fmod: arithmetic.fmod,
    np.copysign: numbers.copysign, np.nextafter: numbers.nextafter,
    np.less: compare.lt, np.less_equal: compare.le, np.greater: compare.gt,
    np.greater_equal: compare.ge, np.equal: compare.eq, np.not_equal: compare.ne,
}  # fmt: skip
"""Two arguments, one primitive."""


def _divmod(x: Any, y: Any) -> Any:
    return arithmetic.floor_divide(x, y), arithmetic.remainder(x, y)


def _modf(x: Any) -> Any:
    whole = numbers.trunc(x)
    return x - whole, whole


def _ldexp(x: Any, n: Any) -> Any:
    return numbers.ldexp(x, cast(n, x.value.dtype))


def _heaviside(x: Any, y: Any) -> Any:
    return select.where(compare.isnan(x), x, numbers.heaviside(x, y))


def _positive(x: Any) -> Any:
    return clone(x)


def _sign(x: Any) -> Any:
    return numbers.sgn(x) if x.value.dtype.kind == "c" else numbers.signum(x)


OTHERS: dict[np.ufunc, Rule] = {
    np.divmod: _divmod, np.modf: _modf, np.frexp: lambda x: numbers.frexp(x), np.ldexp: _ldexp,
    np.positive: _positive, np.heaviside: _heaviside, np.floor_divide: arithmetic.floor_divide, np.sign: _sign,
    np.float_power: lambda x, y: arithmetic.pow(x, y),
    np.matmul: matmul, np.vecdot: vecdot, np.matvec: matvec, np.vecmat: vecmat,
}  # fmt: skip
"""The rest of those with a derivative."""

CONSTANT = [
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_count", "invert", "left_shift", "right_shift", "gcd",
    "lcm", "isfinite", "isinf", "isnan", "isnat", "logical_and", "logical_or", "logical_xor", "logical_not",
    "signbit", "spacing",
]  # fmt: skip
"""Those without: the results are booleans or integers, or constant between jumps."""

RULES: dict[np.ufunc, Rule] = {**SIMPLE, **PAIRS, **OTHERS}


_ORDERINGS = frozenset((np.less, np.less_equal, np.greater, np.greater_equal))


@cache
def constant_of(ufunc: np.ufunc) -> Any:
    """A ufunc without a derivative as a primitive."""
    return constant(ufunc.__name__, ufunc, inputs=" ".join("xyzw"[: ufunc.nin]), outputs=ufunc.nout)


for _name in CONSTANT:
    RULES[getattr(np, _name)] = constant_of(getattr(np, _name))

# What SciPy and other packages add: (ufunc) -> rule, None where it is unknown.
_finders: list[Callable[[np.ufunc], Rule | None]] = []


def rule_of(ufunc: np.ufunc) -> Rule:
    """What a ufunc means in operations.

    Raises:
        MissingRuleError: It is not known here.
    """
    rule = RULES.get(ufunc)
    if rule is None:
        for find in _finders:
            rule = find(ufunc)
            if rule is not None:
                RULES[ufunc] = rule
                return rule
        raise uncovered(f"the ufunc {ufunc.__name__!r}")
    return rule


def uncovered(what: str) -> MissingRuleError:
    """The error for something of NumPy that has no derivative here."""
    return MissingRuleError(
        f"{what} is not covered by dualtape for values that are being differentiated, batched or traced.\n"
        "  docs/numpy.md lists what is. Compute it of other functions, give it a derivative with "
        "dt.custom_rule, or take the number alone with dt.stop_gradient(x)."
    )


def call(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer `__array_ufunc__`.

    Raises:
        MissingRuleError: The ufunc has no derivative here, and one is asked for.
        ConcreteError: The result would go into a plain array and lose its derivative.
    """
    if method != "__call__":
        return methods[method](ufunc, *inputs, **kwargs)
    if kwargs:
        return with_options(ufunc, inputs, **kwargs)
    combine = _array.BINARY.get(ufunc)
    if combine is not None:
        x, y = inputs
        if type(x) is Array:
            if (plain := beside(x, y)) is not None:
                return combine(x, plain)
        elif type(y) is Array and (plain := beside(y, x)) is not None:
            return combine(plain, y)
    for x in inputs:
        if not isinstance(x, (Tensor, Box, *PLAIN, int, float, complex, list, tuple)):
            return NotImplemented
    return apply(ufunc, inputs)


def apply(ufunc: np.ufunc, inputs: tuple[Any, ...], dtype: Any = None) -> Any:
    """Promote the operands as NumPy does and compute."""
    quiet = True
    for x in inputs:
        if not is_quiet(x):
            quiet = False
            break
    if quiet:
        return plainly(ufunc, inputs, {} if dtype is None else {"dtype": dtype})
    rule = rule_of(ufunc)
    if dtype is None and ufunc is np.power:
        short = _power(*inputs)
        if short is not None:
            return short
    inputs = tuple([as_array(x) if isinstance(x, (list, tuple)) else x for x in inputs])
    specs = [spec(x) for x in inputs]
    chosen: Any = (
        {}
        if dtype is None
        else {"signature": (None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout}
    )
    settled: Any = ufunc.resolve_dtypes((*specs, *(None,) * ufunc.nout), **chosen)
    operands = [operand(x, d) for x, d in zip(inputs, settled, strict=False)]
    if ufunc in _ORDERINGS and settled[0].kind == "c":
        rule = constant_of(ufunc)  # NumPy compares the real parts, then the imaginary ones
    out = rule(*operands)
    if ufunc.nout == 1:
        want = settled[-1]
        return out if out.value.dtype == want else cast(out, want)
    return tuple([cast(o, d) for o, d in zip(out, settled[ufunc.nin :], strict=True)])


def _power(x: Any, y: Any) -> Any:
    """A power with a Python number in it, which is no operand then; None for others."""
    if type(y) in (int, float) and isinstance(x, Array):
        if x.value.dtype.kind in "fc":
            return arithmetic.square(x) if y == 2 else power(x, exponent=y)
        if type(y) is float and x.value.dtype.kind in "biu":
            return power(inexact(x), exponent=y)
    if type(x) in (int, float) and isinstance(y, Array) and y.value.dtype.kind == "f":
        return rpow(y, base=x)
    return None


# Keywords ------------------------------------------------------------------------------------------


def with_options(
    ufunc: np.ufunc,
    inputs: tuple[Any, ...],
    *,
    out: Any = None,
    where: Any = True,
    dtype: Any = None,
    casting: str = "same_kind",
    order: str = "K",
    subok: bool = True,
    **rest: Any,
) -> Any:
    """A ufunc called with keywords."""
    if rest:
        raise TypeError(
            f"{ufunc.__name__} of an Array: the keyword {next(iter(rest))!r} is not supported"
        )
    outs = (out if isinstance(out, tuple) else (out,)) if out is not None else (None,) * ufunc.nout
    if ufunc.nout != 1 and any(o is not None for o in outs) and where is not True:
        raise TypeError(f"{ufunc.__name__} of an Array: where= and several out= together")
    if ufunc.nout == 1 and outs[0] is not None and not isinstance(outs[0], Array):
        return into_plain(ufunc, inputs, outs[0], where, dtype)
    if where is True:
        if ufunc.nout == 1 and outs[0] is not None:
            return in_place(ufunc, inputs, outs[0], dtype)
        result = apply(ufunc, inputs, dtype)
        if out is None:
            return result
        return tuple(
            [
                r if o is None else store(o, r, ufunc.__name__)
                for o, r in zip(outs, result, strict=True)
            ]
        )
    target = outs[0]
    if target is None:
        raise TypeError(
            f"{ufunc.__name__} with where= and without out= leaves the other elements to chance; give "
            "out=np.zeros_like(x), or use np.where"
        )
    if is_concrete(as_array(where)):
        mask = np.broadcast_to(concrete(as_array(where)), target.value.shape)
        parts = [broadcast_to(as_array(x), target.value.shape)[mask] for x in inputs]
        target[mask] = apply(ufunc, tuple(parts), dtype)
        return target
    result = apply(ufunc, inputs, dtype)
    return store(target, np.where(where, result, target), ufunc.__name__)


def in_place(ufunc: np.ufunc, inputs: tuple[Any, ...], out: Array, dtype: Any) -> Array:
    """A ufunc whose result goes into `out`, which may be an operand too."""

    def compute(old: Any) -> Any:
        return stored(
            apply(ufunc, tuple([old if x is out else x for x in inputs]), dtype),
            out,
            ufunc.__name__,
        )

    check_write(out)
    return write(out, compute)  # type: ignore[return-value]


def store(out: Array, result: Array, name: str) -> Array:
    """Write a result into an array given as `out=`."""
    check_write(out)
    return write(out, lambda old: stored(result, out, name))  # type: ignore[return-value]


def into_plain(ufunc: np.ufunc, inputs: tuple[Any, ...], out: Any, where: Any, dtype: Any) -> Any:
    """A ufunc whose result goes into a plain array: right as long as no derivative goes with it."""
    if not isinstance(out, np.ndarray):
        raise TypeError("return arrays must be of ArrayType")
    for x in inputs:
        if not is_quiet(x):
            raise into_plain_refused(x)
    kwargs = {"out": out, "where": where} | ({} if dtype is None else {"dtype": dtype})
    plainly(ufunc, inputs, kwargs)
    return out


def into_plain_refused(x: Any) -> Exception:
    """The error for an operation on `x` whose result goes into a plain array."""
    return refused(
        as_array(x), "writing it into a plain NumPy array (out=, or an augmented assignment to one)",
        "make the array with dt.numpy.zeros (or empty, full, array), which takes derivatives along",
    )  # fmt: skip


methods: dict[str, Callable[..., Any]] = {}
"""`reduce`, `accumulate`, `outer`, `at`, `reduceat`; filled by `ufunc_methods`."""


def install() -> None:
    """Fill the short paths of `Array.__array_ufunc__`."""
    _array.UNARY.update({f: p.bind1 for f, p in SIMPLE.items()})
    _array.BINARY.update({f: p.bind2 for f, p in PAIRS.items() if f is not np.power})
    _array.BINARY[np.matmul] = matmul
    _array.ufunc_call = call


__all__ = ["CONSTANT", "RULES", "apply", "call", "install", "methods", "rule_of", "uncovered"]
