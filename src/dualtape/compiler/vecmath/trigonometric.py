"""Sine, cosine and tangent, right for every argument."""

from __future__ import annotations

from ..emit.writer import Lanes, Writer
from . import coefficients
from .payne_hanek import reduced_far
from .values import Value, fast_two_sum, two_sum

# Up to here n = x / (pi/2) times the first piece of pi/2 leaves x exactly, and three pieces are enough.
NEAR = {32: 1e5, 64: 1e8}


def reduced(x: Value, tail: bool = False) -> tuple[Value, Value, Value | None]:
    """Split x = n*pi/2 + r for x >= 0, |r| <= pi/4: n as the low bits of integers, r, and its rounding error.

    Cody & Waite 1980, with fused operations; Payne & Hanek 1983 in a branch where x is large.
    """
    first, second, third = coefficients.HALF_PI[x.t.bits]
    n, bits = (x * TWO_OVER_PI).nearest()
    head = n.fma(-first, x)
    if tail:
        product, error = n.times(-second)
        r, more = two_sum(head, product)
        near = [bits, *fast_two_sum(r, n.mad(-third, more + error))]
    else:
        near = [bits, n.fma(-third, n.fma(-second, head))]
    bits, r, *lows = reduced_far(x, NEAR[x.t.bits], *near)
    return bits, r, lows[0] if tail else None


TWO_OVER_PI = 0.6366197723675814


def sine(r: Value, z: Value) -> Value:
    """sin(r) for |r| <= pi/4, z = r*r."""
    return (r * z).mad(z.polynomial(coefficients.SIN[r.t.bits]), r)


def cosine(z: Value) -> Value:
    """cos(r) for |r| <= pi/4, z = r*r."""
    head, rest = cosine_parts(z)
    return head + rest


def cosine_parts(z: Value) -> tuple[Value, Value]:
    """1 - z/2, and the rest of the cosine with the rounding error of that."""
    head = z.mad(-0.5, 1.0)
    error = z.mad(-0.5, 1.0 - head)
    return head, (z * z).mad(z.polynomial(coefficients.COS[z.t.bits]), error)


def sin(x: Value) -> Value:
    """The sine."""
    return sin_cos(x)[0]


def cos(x: Value) -> Value:
    """The cosine."""
    return sin_cos(x)[1]


def sin_cos(x: Value) -> tuple[Value, Value]:
    """Both, which share nearly everything; written once where a block asks for both."""
    both: tuple[Value, Value] = x.w.once(("sin_cos", x.name, x.t), lambda: _sin_cos(x))
    return both


def _sin_cos(x: Value) -> tuple[Value, Value]:
    """Of |x|, so that sin(-0) is -0. What is not used costs nothing: LLVM drops it."""
    size = abs(x)
    n, r, _ = reduced(size)
    z = r * r
    s, c = sine(r, z), cosine(z)
    odd = (n & 1).equals(1)
    top = x.t.bits - 1
    sign = (x.bits() ^ (n << (top - 1))) & sign_bit(x)
    other = ((n + 1) << (top - 1)) & sign_bit(x)
    return (odd.where(c, s).bits() ^ sign).real(), (odd.where(s, c).bits() ^ other).real()


def tan(x: Value) -> Value:
    """The tangent: sine over cosine, or minus cosine over sine, of r and its tail.

    Numerator and denominator are sums of two, and the quotient is improved by what it leaves.
    """
    n, r, low = reduced(abs(x), tail=True)
    assert low is not None
    z = r * r
    head, rest = cosine_parts(z)
    # sin(r + low) = sin(r) + low*cos(r), and cos(r + low) = cos(r) - low*sin(r)
    c, c_low = fast_two_sum(head, low.mad(-r, rest))
    s, s_low = fast_two_sum(r, (r * z).mad(z.polynomial(coefficients.SIN[r.t.bits]), low * c))
    odd = (n & 1).equals(1)
    over, over_low = odd.where(-c, s), odd.where(-c_low, s_low)
    under, under_low = odd.where(s, c), odd.where(s_low, c_low)
    inverse = 1.0 / under
    y = over * inverse
    y = ((-y).fma(under, over) + (over_low - y * under_low)).mad(inverse, y)
    y = (y.bits() ^ (x.bits() & sign_bit(x))).real()
    return (abs(x) < TINY[x.t.bits]).where(x, y)


TINY = {32: 2.0**-14, 64: 2.0**-28}


def sign_bit(x: Value) -> int:
    """The sign as an integer of the same bits."""
    return -(1 << (x.t.bits - 1))


def sincos(w: Writer, t: Lanes, x: str) -> tuple[str, str]:
    """Sine and cosine, names in, names out."""
    s, c = sin_cos(Value(w, t, x))
    return s.name, c.name
