"""The logarithm of the gamma function, and its derivative.

Right to some ulp for x > 0. Left of 0 there are infinitely many zeros between the poles, next to which the
error is some ulp of the terms that cancel, as it is elsewhere.
"""

from __future__ import annotations

import math

from . import coefficients
from .logarithmic import log
from .rounding import rint
from .trigonometric import cosine, sine
from .values import INFINITY, NAN, Value


def lgamma(x: Value) -> Value:
    """log|gamma(x)|: infinite at 0, -1, -2, ...

    From 1.2 to 2.2 it is t*P(t), t = x - 2, which is 0 where it has to be. From 6.2 on it is Stirling's
    series, between those gamma(x) = (x - 1)*(x - 2)*...*gamma(2 + t), and below gamma(x + 1) = x*gamma(x);
    there is one logarithm whatever the interval. Left of -0.2, gamma(x)*gamma(-x) = -pi/(x*sin(pi*x)).
    """
    size = abs(x)
    n, _ = (size.under(16.0) + 0.3).nearest()
    zero, one = n.equals(0.0), n.equals(1.0)
    a = zero.where(x, size)
    t = a - n
    large = n > 6.0
    factor = zero.where(a.mad(a, a), one.where(a, 1.0))
    for j in range(1, 5):
        factor = factor * (n > j + 1.0).where(a - float(j), 1.0)
    logarithm = log(abs(large.where(a, factor)))
    near = t * t.polynomial(coefficients.LGAMMA[x.t.bits])
    near = near + (n < 2.0).where(-logarithm, logarithm)
    inverse = 1.0 / a
    series = inverse * (inverse * inverse).polynomial(coefficients.STIRLING[x.t.bits])
    far = (a - 0.5).mad(logarithm - 1.0, series + coefficients.STIRLING_BASE[x.t.bits][0])
    y = large.where(far, near)
    _, _, s, _ = of_pi(x)
    turned = math.log(math.pi) - log(size * s) - y
    turned = s.equals(0.0).where(INFINITY, turned)
    y = ((x < 0.0) & ~zero).where(turned, y)
    return size.equals(INFINITY).where(x, y)  # SciPy has -inf at -inf


def of_pi(x: Value) -> tuple[Value, Value, Value, Value]:
    """Whether x is further than 1/4 from an integer; its offset from that; |sin(pi*x)| and |cos(pi*x)|."""
    offset = x - rint(x)
    size = abs(offset)
    odd = size > 0.25
    r = odd.where(0.5 - size, size) * math.pi
    z = r * r
    s, c = sine(r, z), cosine(z)
    return odd, offset, odd.where(c, s), odd.where(s, c)


def digamma(x: Value) -> Value:
    """The derivative of lgamma: infinite at 0, NaN at -1, -2, ...

    On [1, 2] x less the root, times a polynomial; elsewhere below 3 by digamma(x + 1) = digamma(x) + 1/x;
    from 3 on log(x) and a polynomial in 1/x. For x <= 0 it is digamma(1 - x) - pi/tan(pi*x).
    """
    left = x <= 0.0
    a = left.where(1.0 - x, x)
    below, above, large = a < 1.0, a >= 2.0, a >= 3.0
    u = below.where(a, a - above.where(2.0, 1.0, like=a))  # less 1, moved to [0, 1]
    root, rest = coefficients.PSI_ROOT[x.t.bits]
    near = ((u - root) - rest) * (u - 0.5).polynomial(coefficients.DIGAMMA[x.t.bits])
    inverse = 1.0 / (above & ~large).where(a - 1.0, a)
    near = near + below.where(-inverse, above.where(inverse, 0.0))
    series = inverse.polynomial(coefficients.DIGAMMA_FAR[x.t.bits])
    y = large.where((-inverse).mad(series, log(a)), near)
    _, offset, s, c = of_pi(x)
    cotangent = (c / s).copysign(offset) * math.pi
    y = left.where(y - cotangent, y)
    y = (left & offset.equals(0.0)).where(NAN, y)
    y = x.equals(0.0).where(x.number(INFINITY).copysign(-x), y)
    return x.equals(INFINITY).where(x, y)
