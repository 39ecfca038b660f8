"""Powers and roots: pow, cbrt, hypot."""

from __future__ import annotations

from . import coefficients
from .exponential import power_of_two, scaled
from .logarithmic import split
from .rounding import trunc
from .values import INFINITY, NAN, Value, fast_two_sum


def pow(x: Value, y: Value) -> Value:
    """x**y, with C99's special cases.

    2**(y * log2|x|). Floats compute it in double, where nothing needs care; doubles carry log2|x| as a
    sum of two, to 2**-64.
    """
    size = abs(x)
    out = float_power(size, y) if x.t.bits == 32 else double_power(size, y)
    half = y * 0.5
    whole = trunc(y).equals(y)
    odd = whole & trunc(half).compare("une", half)
    edge = size.equals(0.0) | size.equals(INFINITY)
    # 0**negative and inf**positive are inf, the others 0
    to_infinity = (y < 0.0) ^ size.equals(INFINITY)
    out = edge.where(to_infinity.where(INFINITY, 0.0, like=x), out)
    negative = x.bits() < 0
    out = (negative & odd).where(-out, out)
    out = ((x < 0.0) & ~whole & ~edge).where(NAN, out)
    out = x.compare("uno", y).where(NAN, out)
    minus_one = x.equals(-1.0) & abs(y).equals(INFINITY)
    return (x.equals(1.0) | y.equals(0.0) | minus_one).where(1.0, out)


def float_power(size: Value, y: Value) -> Value:
    """size**y of floats, in double; denormals are no case of their own there."""
    a, b = size.cast("fpext", "double"), y.cast("fpext", "double")
    k, m = split(a)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    e = (b * s.mad(z.polynomial(coefficients.LOG2_WIDE[64]), k)).over(-200.0).under(200.0)
    n, bits = e.nearest()
    r = e - n
    out = r.mad(r.polynomial(coefficients.EXP2[32]), 1.0) * power_of_two(bits)
    return out.cast("fptrunc", "float")


def double_power(size: Value, y: Value) -> Value:
    """size**y of doubles.

    log(m) = 2*s + 2/3*s**3 + s**5*Q(s**2) with s = (m - 1)/(m + 1), the first two terms as sums of two
    numbers (Dekker 1971), each rest being as small as the rounding of the last term.
    """
    k, m = split(size)
    f = m - 1.0
    under, under_low = fast_two_sum(1.0, m)
    inverse = 1.0 / under
    s = f * inverse
    s_low = ((-s).fma(under, f) - s * under_low) * inverse
    z, z_error = s.times(s)
    z_low = (s + s).mad(s_low, z_error)
    cube, cube_error = s.times(z)
    cube_low = s.mad(z_low, s_low.mad(z, cube_error))
    first, second = coefficients.TWO_THIRDS[64]
    term, term_error = cube.times(first)
    term_low = cube.mad(second, cube_low.mad(first, term_error))
    last = cube * z * z.polynomial(coefficients.ATANH[64])
    log, log_error = fast_two_sum(s + s, term)
    log_low = ((last + term_low) + (s_low + s_low)) + log_error
    high, low = coefficients.LOG2_E[64]
    part, part_error = log.times(high)
    part_low = log.mad(low, log_low.mad(high, part_error))
    total, error = fast_two_sum(k, part)
    total_low = error + part_low
    # The logarithm is 0 or at least 2**-53, so that more than 2**64 overflows all the same.
    y = y.over(-(2.0**64)).under(2.0**64)
    e, e_error = y.times(total)
    e_low = y.mad(total_low, e_error)
    inside = abs(e) < 1100.0
    e = e.over(-1100.0).under(1100.0)
    n, bits = e.nearest()
    r = (e - n) + inside.where(e_low, 0.0)
    return scaled(r.mad(r.polynomial(coefficients.EXP2[64]), 1.0), e, bits)


def cbrt(x: Value) -> Value:
    """The cube root.

    Of m in |x| = 2**(3*j) * m: a polynomial for the inverse root, improved by steps of third order
    (Householder 1970), and a last step of Newton's with the exact cube.
    """
    size = abs(x)
    k, m = split(size)
    j, bits = (k * (1 / 3)).nearest()
    _, part = (k - 3.0 * j).nearest()
    m = m * power_of_two(part)
    r = m.polynomial(coefficients.CBRT[x.t.bits])
    for _ in range(1 if x.t.bits == 32 else 2):
        e = (-m * r).mad(r * r, 1.0)
        r = (r * e).mad(e.mad(2 / 9, 1 / 3), r)
    square = r * r
    c = m * square
    c2, error = c.times(c)
    off = c2.fma(c, -m) + c * error
    c = (off * square).mad(-1 / 3, c) * power_of_two(bits)
    return (x.equals(0.0) | ~(size < INFINITY)).where(x, c.copysign(x))


def hypot(x: Value, y: Value) -> Value:
    """sqrt(x**2 + y**2), scaled against overflow and underflow; inf if one is, even beside NaN."""
    a, b = abs(x), abs(y)
    steep = b > a
    big, small = steep.where(b, a), steep.where(a, b)
    edge = 2.0**60 if x.t.bits == 32 else 2.0**500
    up, down = big < 1 / edge, big > edge
    far = 2.0 ** (80 if x.t.bits == 32 else 600)
    factor = down.where(1 / far, up.where(far, 1.0, like=x))
    back = down.where(far, up.where(1 / far, 1.0, like=x))
    big, small = big * factor, small * factor
    out = small.mad(small, big * big).sqrt() * back
    out = x.compare("uno", y).where(NAN, out)
    return (a.equals(INFINITY) | b.equals(INFINITY)).where(INFINITY, out)
