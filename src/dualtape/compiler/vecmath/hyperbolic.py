"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from . import coefficients
from .exponential import half_exp, keep_tiny, plain_exp
from .logarithmic import finish_log1p, log_of_sum
from .values import INFINITY, NAN, Value, two_sum


def tanh(x: Value) -> Value:
    """The hyperbolic tangent: an odd polynomial near 0, elsewhere 1 - 2/(exp(2|x|) + 1)."""
    size = abs(x)
    z = x * x
    near = (size * z).mad(z.polynomial(coefficients.TANH[x.t.bits]), size)
    top = 20.0 if x.t.bits == 32 else 40.0
    far = 1.0 - 2.0 / (plain_exp((size + size).under(top)) + 1.0)
    return (size < 0.6).where(near, far).copysign(x)


def sinh(x: Value) -> Value:
    """The hyperbolic sine: an odd polynomial below 1, elsewhere h - 1/(4*h) with h = exp(|x|)/2."""
    size = abs(x)
    z = x * x
    near = (size * z).mad(z.polynomial(coefficients.SINH[x.t.bits]), size)
    h = half_exp(size)
    return (size < 1.0).where(near, h - 0.25 / h).copysign(x)


def cosh(x: Value) -> Value:
    """The hyperbolic cosine, h + 1/(4*h) with h = exp(|x|)/2, which overflows later than exp."""
    h = half_exp(abs(x))
    return h + 0.25 / h


def asinh(x: Value) -> Value:
    """The inverse hyperbolic sine: log(1 + u), u = a + a**2/(1 + sqrt(1 + a**2)) for a = |x|; log(2*a) where a is large."""
    size = abs(x)
    large = size > LARGE[x.t.bits]
    square = size * size
    part = square / ((square + 1.0).sqrt() + 1.0)
    u, more = two_sum(size, part)
    y = large_or_log1p(size, large, u, more)
    return keep_tiny(size, (size < INFINITY).where(y, size)).copysign(x)


def acosh(x: Value) -> Value:
    """The inverse hyperbolic cosine: log(1 + t + sqrt(t*(t + 2))), t = x - 1; log(2*x) where x is large."""
    large = x > LARGE[x.t.bits]
    t = x - 1.0
    y = large_or_log1p(x, large, *two_sum(t, (t * (x + 1.0)).sqrt()))
    y = (x < INFINITY).where(y, x)
    return (x < 1.0).where(NAN, y)


def atanh(x: Value) -> Value:
    """The inverse hyperbolic tangent: log(1 + 2*a/(1 - a))/2 for a = |x|."""
    size = abs(x)
    y = finish_log1p(size, log_of_sum(1.0, (size + size) / (1.0 - size)) * 0.5)
    y = size.equals(1.0).where(INFINITY, y)
    y = (size > 1.0).where(NAN, y)
    return keep_tiny(size, y).copysign(x)


LARGE = {32: 2.0**26, 64: 2.0**55}  # x**2 + 1 is x**2 from here on


def large_or_log1p(x: Value, large: Value, u: Value, more: Value) -> Value:
    """log(2*x) where `large`, else log(1 + u + more)."""
    one, add = large.where(0.0, 1.0, like=x), large.where(1.0, 0.0, like=x)
    return log_of_sum(one, large.where(x, u), large.where(0.0, more), add)
