"""Inverse trigonometric functions."""

from __future__ import annotations

from . import coefficients
from .exponential import keep_tiny
from .values import INFINITY, NAN, Value, fast_two_sum

EIGHTH = 0.41421356237309503  # tan(pi/8), and its inverse
THREE_EIGHTHS = 2.414213562373095


def sine_parts(x: Value) -> tuple[Value, Value, Value, Value]:
    """|x| < 1/2; |x|; s and p with asin(s) = s + p, where s = |x| there and sqrt((1 - |x|)/2) elsewhere."""
    size = abs(x)
    near = size < 0.5
    z = near.where(x * x, size.mad(-0.5, 0.5))
    s = near.where(size, z.sqrt())
    return near, size, s, s * z * z.polynomial(coefficients.ASIN[x.t.bits])


def asin(x: Value) -> Value:
    """The inverse sine; pi/2 - 2*asin(sqrt((1 - |x|)/2)) above 1/2."""
    near, size, s, p = sine_parts(x)
    first, second, _ = coefficients.HALF_PI[x.t.bits]
    head, error = fast_two_sum(first, s * -2.0)
    far = head - (p.mad(2.0, -second) - error)
    return keep_tiny(size, near.where(s + p, far)).copysign(x)


def acos(x: Value) -> Value:
    """The inverse cosine: pi/2 - asin(x) below 1/2, else 2*asin(sqrt((1 - |x|)/2)), or pi less that."""
    near, _, s, p = sine_parts(x)
    first, second, _ = coefficients.HALF_PI[x.t.bits]
    negative = x < 0.0
    # base + sign*(s + p), twice that above 1/2: the base is pi/2, 0 or pi.
    base = near.where(first, negative.where(first, 0.0, like=x))
    low = near.where(second, negative.where(second, 0.0, like=x))
    minus = (near & ~negative) | (~near & negative)
    flip = minus.where(-1.0, 1.0, like=x)
    y = s.mad(flip, base) + p.mad(flip, low)
    return near.where(y, y + y)


def atan(x: Value) -> Value:
    """The inverse tangent: of x, (x - 1)/(x + 1) or -1/x, plus 0, pi/4 or pi/2."""
    size = abs(x)
    low, high = size < EIGHTH, size > THREE_EIGHTHS
    over = low.where(size, high.where(-1.0, size - 1.0))
    under = low.where(1.0, high.where(size, size + 1.0))
    multiple = low.where(0.0, high.where(1.0, 0.5, like=x))
    y = keep_tiny(size, angle(over / under, multiple))
    return x.is_nan().where(x, y.copysign(x))


def angle(t: Value, multiple: Value, flip: Value | None = None) -> Value:
    """multiple*pi/2 + atan(t) for |t| <= tan(pi/8); minus atan(t) by the sign bit of `flip`."""
    z = t * t
    p = t * z * z.polynomial(coefficients.ATAN[t.t.bits])
    if flip is not None:
        t, p = (t.bits() ^ flip).real(), (p.bits() ^ flip).real()
    first, second, _ = coefficients.HALF_PI[t.t.bits]
    return multiple.mad(first, t) + multiple.mad(second, p)


def atan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), with the signs of zeros and infinities as in C99's Annex F."""
    sign = -(1 << (x.t.bits - 1))
    down, across = abs(y), abs(x)
    steep = down > across
    big, small = steep.where(down, across), steep.where(across, down)
    # Away from overflow and denormals; what underflows here has a quotient that underflows too.
    up, edge = (2.0**60, 2.0**100) if x.t.bits == 32 else (2.0**200, 2.0**900)
    factor = (big > edge).where(0.25, (big < 1 / edge).where(up, 1.0, like=x))
    infinite, zero = big.equals(INFINITY), big.equals(0.0)
    small = infinite.where(small.equals(INFINITY).where(1.0, 0.0, like=x), small * factor)
    big = (infinite | zero).where(1.0, big * factor)
    middle = small > big * EIGHTH
    t = middle.where(small - big, small) / middle.where(big + small, big)
    multiple = middle.where(0.5, 0.0, like=x)
    multiple = steep.where(1.0 - multiple, multiple)
    back = x.bits() & sign
    turned = back.compare("ne", 0)
    multiple = turned.where(2.0 - multiple, multiple)
    flip = steep.where(back ^ sign, back)
    result = angle(t, multiple, flip).copysign(y)
    return y.compare("uno", x).where(NAN, result)
