"""Rounding to integers, extrema with NumPy's NaN, remainders with NumPy's signs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..emit.writer import Lanes, Writer
from .cold import define, rare
from .values import INFINITY, NAN, Value

FMOD = "@dualtape.fmod"


def sqrt(x: Value) -> Value:
    """The square root, correctly rounded."""
    return x.sqrt()


def fabs(x: Value) -> Value:
    """Without the sign."""
    return abs(x)


def copysign(x: Value, y: Value) -> Value:
    """The size of x with the sign of y."""
    return x.copysign(y)


def rounded(x: Value, name: str, adjust: Callable[[Value, Value], Value]) -> Value:
    """An intrinsic, or where that may be a library call (before SSE4.1) `adjust` of the nearest and x."""
    if x.w.module.fma:
        return x.intrinsic(name)
    magic = 2.0 ** (23 if x.t.bits == 32 else 52)
    size = abs(x)
    nearest = ((size + magic) - magic).copysign(x)
    return (size < magic).where(adjust(nearest, x).copysign(x), x)


def rint(x: Value) -> Value:
    """The nearest integer, the even one at ties."""
    return rounded(x, "rint", lambda near, x: near)


def floor(x: Value) -> Value:
    """The largest integer that is not above x."""
    return rounded(x, "floor", lambda near, x: near - (near > x).where(1.0, 0.0, like=x))


def ceil(x: Value) -> Value:
    """The smallest integer that is not below x."""
    return rounded(x, "ceil", lambda near, x: near + (near < x).where(1.0, 0.0, like=x))


def trunc(x: Value) -> Value:
    """The integer next to x towards 0."""

    def adjust(near: Value, x: Value) -> Value:
        return abs(near) - (abs(near) > abs(x)).where(1.0, 0.0, like=x)

    return rounded(x, "trunc", adjust)


# Of equal operands the extrema are the second, as the instructions have it: it matters for signed zeros.


def maximum(x: Value, y: Value) -> Value:
    """The larger, NaN if one is NaN."""
    return x.is_nan().where(x, (x > y).where(x, y))


def minimum(x: Value, y: Value) -> Value:
    """The smaller, NaN if one is NaN."""
    return x.is_nan().where(x, (x < y).where(x, y))


def fmax(x: Value, y: Value) -> Value:
    """The larger, the other one if one is NaN."""
    return y.is_nan().where(x, (x > y).where(x, y))


def fmin(x: Value, y: Value) -> Value:
    """The smaller, the other one if one is NaN."""
    return y.is_nan().where(x, (x < y).where(x, y))


def fmod(x: Value, y: Value) -> Value:
    """The remainder with the sign of x, exact.

    While the quotient is below 2**22 (2**51) its integer part, which may be one too large, is exact, and
    so is x minus it times y. Otherwise by long division, in a branch.
    """
    a, b = abs(x), abs(y)
    below = a < b
    ratio = a / b
    limit = 2.0 ** (22 if x.t.bits == 32 else 51)
    quotient = trunc(ratio)
    rest = (-quotient).fma(b, a)
    rest = (rest < 0.0).where(rest + b, rest)
    far = ratio > limit
    if (
        x.t.bits == 64 and not x.w.module.fma
    ):  # where the splitting of the product overflows or underflows
        far = far | (~below & ((a > 2.0**990) | (b < 2.0**-900)))

    def body(operands: Sequence[Value]) -> tuple[Value, Callable[[], list[Value]]]:
        a, b = operands
        return (a >= b) & (a < INFINITY) & (b > 0.0), lambda: [long_division(a, b)]

    (rest,) = rare(far & (a < INFINITY), "far_fmod", [a, b], [rest], body)
    rest = below.where(a, rest)
    rest = (a.equals(INFINITY) | b.equals(0.0)).where(NAN, rest).copysign(x)
    return x.compare("uno", y).where(x + y, rest)


def long_division(a: Value, b: Value) -> Value:
    """The rest of a modulo b, of one pair, a >= b > 0."""
    w = a.w
    single = a.t.bits == 32
    if single:
        a, b = a.cast("fpext", "double"), b.cast("fpext", "double")
    define(w.module, FMOD, lambda: _fmod(Writer(w.module)))
    found = Value(w, a.t, w.op(f"call double {FMOD}(double {a.name}, double {b.name})"))
    return found.cast("fptrunc", "float") if single else found


def _fmod(w: Writer) -> str:
    """Eleven bits of the quotient at a time: a significand has 53 of the 64 bits of an integer."""
    double, i64 = Lanes("double"), Lanes("i64")

    def parts(name: str) -> tuple[Value, Value]:
        bits = Value(w, double, name).bits()
        exponent, fraction = bits >> 52, bits & ((1 << 52) - 1)
        normal = exponent.compare("ne", 0)
        return normal.where(fraction | (1 << 52), fraction), normal.where(exponent, 1)

    w.label("entry")
    m, e = parts("%a")
    divisor, unit = parts("%b")
    first, many = m % divisor, e - unit
    w.do("br label %test")
    w.label("test")
    rest = Value(w, i64, w.op(f"phi i64 [ {first.name}, %entry ], [ %rest, %digit ]"))
    left = Value(w, i64, w.op(f"phi i64 [ {many.name}, %entry ], [ %left, %digit ]"))
    w.do(f"br i1 {left.equals(0).name}, label %out, label %digit")
    w.label("digit")
    few = left < 11
    step = few.where(left, 11)
    shifted = rest << step
    w.do(f"%rest = urem i64 {shifted.name}, {divisor.name}")
    w.do(f"%left = sub i64 {left.name}, {step.name}")
    w.do("br label %test")
    w.label("out")
    # rest * 2**(unit - 1075): as bits it is rest * 2**-1074, times two powers of two.
    up = unit - 1
    half = up >> 1
    y = rest.real() * ((half + 1023) << 52).real() * ((up - half + 1023) << 52).real()
    w.do(f"ret double {y.name}")
    head = f"define internal double {FMOD}(double %a, double %b) noinline cold nounwind {{"
    return "\n".join([head, *w.lines, "}"])


def remainder(x: Value, y: Value) -> Value:
    """The remainder with the sign of y, as `np.remainder`."""
    rest = fmod(x, y)
    moved = ((y < 0.0) ^ (rest < 0.0)).where(rest + y, rest)
    return rest.equals(0.0).where(y.number(0.0).copysign(y), moved)


def floor_divide(x: Value, y: Value) -> Value:
    """The quotient rounded down, as `np.floor_divide`: from the exact remainder."""
    rest = fmod(x, y)
    quotient = (x - rest) / y
    other = ((y < 0.0) ^ (rest < 0.0)) & ~rest.equals(0.0)
    quotient = other.where(quotient - 1.0, quotient)
    down = floor(quotient)
    down = (quotient - down > 0.5).where(down + 1.0, down)
    ratio = x / y
    down = quotient.equals(0.0).where(ratio.number(0.0).copysign(ratio), down)
    return y.equals(0.0).where(ratio, down)
