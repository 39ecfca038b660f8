"""Fits the polynomials of `dualtape.compiler.vecmath` and prints their module.

    python tools/fit_polynomials.py > /tmp/c && mv /tmp/c src/dualtape/compiler/vecmath/coefficients.py

Each is the minimax polynomial of a function on an interval with a weight, found by Remez's exchange
(Remez 1934; Cheney, Introduction to Approximation Theory, 1966) on a fine Chebyshev grid, in 60 digits.
The lowest coefficients are then rounded to the type one after the other, and the rest fitted anew.
Needs mpmath.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import mpmath as mp
import numpy as np

mp.mp.dps = 60

# name: (function, low, high (or one for each type), weight, degrees for float and double, what it is)
Fit = tuple[
    Callable[[Any], Any], Any, Any, Callable[[Any], Any], tuple[int | None, int | None], str
]


def remez(
    f: Callable[[Any], Any],
    low: Any,
    high: Any,
    weight: Callable[[Any], Any],
    degree: int,
    fixed: list[Any],
) -> tuple[list[Any], Any]:
    """Return coefficients (the first ones as given in `fixed`) and the largest weighted error."""
    free = degree + 1 - len(fixed)
    middle, half = (low + high) / 2, (high - low) / 2
    n = 30 * (free + 2)
    xs = [middle - half * mp.cos(mp.pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    xs = [low, *xs, high]
    xs = [x for x in xs if abs(x) > 1e-8]
    ws = [abs(weight(x)) for x in xs]
    fs = [f(x) for x in xs]
    rest = [y - mp.polyval(fixed[::-1], x) if fixed else y for x, y in zip(xs, fs, strict=True)]
    at = [round((len(xs) - 1) * (1 - mp.cos(mp.pi * i / free)) / 2) for i in range(free + 1)]
    best: tuple[list[Any], Any] = ([], mp.inf)
    for _ in range(40):
        system = mp.matrix(free + 1, free + 1)
        right = mp.matrix(free + 1, 1)
        for row, i in enumerate(at):
            power = xs[i] ** len(fixed)
            for column in range(free):
                system[row, column] = power
                power *= xs[i]
            system[row, free] = (-1) ** row / ws[i]
            right[row] = rest[i]
        solution = mp.lu_solve(system, right)
        coefficients = [*fixed, *list(solution)[:free]]
        errors = [
            w * (mp.polyval(coefficients[::-1], x) - y) for x, y, w in zip(xs, fs, ws, strict=True)
        ]
        largest = max(abs(e) for e in errors)
        if largest < best[1]:
            best = coefficients, largest
        if largest <= abs(solution[free]) * mp.mpf("1.001"):
            break
        at = exchange(errors, free + 1)
        if len(at) != free + 1:
            break
    return best


def exchange(errors: list[Any], count: int) -> list[int]:
    """The largest error of each run of one sign; `count` runs, without the smaller at either end."""
    at: list[int] = []
    for i, e in enumerate(errors):
        if at and (e > 0) == (errors[at[-1]] > 0):
            if abs(e) > abs(errors[at[-1]]):
                at[-1] = i
        else:
            at.append(i)
    while len(at) > count:
        at.pop(0 if abs(errors[at[0]]) < abs(errors[at[-1]]) else -1)
    return at


def rounded(value: Any, bits: int) -> float:
    """To the type, to nearest: mpmath rounds once to its precision."""
    with mp.workprec(24 if bits == 32 else 53):
        return float(+value)


def fit(entry: Fit, bits: int) -> tuple[list[float], float] | None:
    """Coefficients of a type and the weighted error that they leave; None where it has no use for them."""
    f, low, high, weight, degrees, _ = entry
    if isinstance(high, tuple):
        high = high[bits == 64]
    degree = degrees[bits == 64]
    if degree is None:
        return None
    fixed: list[Any] = []
    # With 0 inside the interval powers without the first are no Chebyshev system.
    for _ in range(min(4, degree) if low > 0 else 0):
        coefficients, _ = remez(f, low, high, weight, degree, fixed)
        fixed.append(mp.mpf(rounded(coefficients[len(fixed)], bits)))
    coefficients, _ = remez(f, low, high, weight, degree, fixed)
    final = [rounded(c, bits) for c in coefficients]
    n = 500
    xs = [low + (high - low) * (mp.mpf(i) + mp.mpf("0.37")) / n for i in range(n)]
    error = max(
        abs(weight(x) * (mp.polyval([mp.mpf(c) for c in final[::-1]], x) - f(x))) for x in xs
    )
    return final, float(error)


def one(_: Any) -> Any:
    """No weight."""
    return mp.mpf(1)


def series(x: Any, first: int, step: int, term: Callable[[int], Any]) -> Any:
    """Sum of term(k) * x**((k - first) / step) for k = first, first + step, ..., for |x| < 1."""
    total, power, k = mp.mpf(0), mp.mpf(1), first
    while True:
        extra = term(k) * power
        total += extra
        if abs(extra) < mp.mpf(10) ** -55 or k > first + 4000 * step:
            return total
        power *= x
        k += step


STIRLING = mp.log(2 * mp.pi) / 2 - mp.mpf("0.5")
PSI_ROOT = mp.findroot(lambda x: mp.psi(0, x), mp.mpf("1.4616")) - 1  # of digamma, less 1
HALF_LN2 = mp.log(2) / 2 * mp.mpf("1.0001")
QUARTER_PI = mp.pi / 4 * mp.mpf("1.0001")
EIGHTH = mp.tan(mp.pi / 8)
ROOT = mp.sqrt(mp.mpf("0.5"))


def over_z(f: Callable[[Any], Any], slope: int = 1) -> Callable[[Any], Any]:
    """(f(sqrt z)/sqrt z - slope) / z of an odd f: f(x) = x*slope + x**3 * p(x*x)."""
    return lambda z: (f(mp.sqrt(z)) / mp.sqrt(z) - slope) / z


def odd_weight(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What an error of such a p is relative to f."""
    return lambda z: z * mp.sqrt(z) / f(mp.sqrt(z))


@lru_cache(None)
def erfinv(c: Any) -> Any:
    """The inverse error function of 1 - c, by Newton's steps on log(erfc)."""
    target, y = mp.log(c), 1 - c if c > 0.5 else mp.sqrt(-mp.log(c)) * mp.mpf("0.8")
    for _ in range(60):
        e = mp.erfc(y)
        step = (mp.log(e) - target) * e * mp.exp(y * y) * mp.sqrt(mp.pi) / 2
        y += step
        if abs(step) < mp.mpf(10) ** -50 * abs(y):
            break
    return y


def far_erfinv(u: Any) -> Any:
    """The inverse error function of 1 - exp(-u**2), over u."""
    return erfinv(mp.exp(-u * u)) / u


def erfcx_ratio(x: Any) -> Any:
    """(1 + x) * exp(x*x) * erfc(x)."""
    return (1 + x) * mp.exp(x * x) * mp.erfc(x)


FITS: dict[str, Fit] = {
    "EXP": (
        lambda r: series(r, 2, 1, lambda k: 1 / mp.factorial(k)), -HALF_LN2, HALF_LN2,
        lambda r: r * r + mp.mpf("0.01"), (5, 10), "(e**r - 1 - r) / r**2 for |r| <= ln(2)/2",
    ),
    "EXP2": (
        lambda r: series(r * mp.log(2), 1, 1, lambda k: 1 / mp.factorial(k)) * mp.log(2),
        mp.mpf("-0.5001"), mp.mpf("0.5001"), one, (6, 11), "(2**r - 1) / r for |r| <= 1/2",
    ),
    "LOG": (
        lambda f: (mp.log1p(f) - f + f * f / 2) / f**3, ROOT - 1, 1 / ROOT - 1,
        lambda f: f * f + mp.mpf("0.01"), (8, None), "(log(1 + f) - f + f**2/2) / f**3 for sqrt(1/2) <= 1 + f <= sqrt(2)",
    ),
    "LOG_S": (
        lambda z: series(z, 3, 2, lambda k: mp.mpf(2) / k), mp.mpf("1e-9"), mp.mpf("0.02944"),
        lambda z: z * mp.sqrt(z) / mp.atanh(mp.sqrt(z)), (None, 6), "(2*atanh(s) - 2*s) / s**3 at z = s**2, |s| <= 3 - 2*sqrt(2)",
    ),
    "SIN": (
        over_z(mp.sin), mp.mpf("1e-9"), QUARTER_PI**2, odd_weight(mp.sin), (3, 6),
        "(sin(r) - r) / r**3 at z = r**2, |r| <= pi/4",
    ),
    "COS": (
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, mp.mpf("1e-9"), QUARTER_PI**2,
        lambda z: z * z, (2, 5), "(cos(r) - 1 + r**2/2) / r**4 at z = r**2",
    ),
    "TANH": (
        over_z(mp.tanh), mp.mpf("1e-9"), mp.mpf("0.36"), odd_weight(mp.tanh), (4, 11),
        "(tanh(x) - x) / x**3 at z = x**2, |x| <= 0.6",
    ),
    "SINH": (
        over_z(mp.sinh), mp.mpf("1e-9"), mp.mpf(1), odd_weight(mp.sinh), (3, 6),
        "(sinh(x) - x) / x**3 at z = x**2, |x| <= 1",
    ),
    "ERF": (
        lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, mp.mpf("1e-9"), mp.mpf(1),
        lambda z: mp.sqrt(z) / mp.erf(mp.sqrt(z)), (6, 13), "erf(x) / x - 1 at z = x**2, |x| <= 1",
    ),
    "ERFC": (
        lambda t: erfcx_ratio(3 * (1 + t) / (1 - t)), mp.mpf(-5) / 7, 1 - mp.mpf("1e-6"),
        lambda t: 1 / erfcx_ratio(3 * (1 + t) / (1 - t)), (11, 24),
        "(1 + x) * exp(x**2) * erfc(x) at t = (x - 3)/(x + 3), x >= 1/2 (after Shepherd & Laframboise 1981)",
    ),
    "ERFINV": (
        lambda z: erfinv(1 - mp.sqrt(z)) / mp.sqrt(z) - 1, mp.mpf("1e-9"), mp.mpf("0.25"),
        lambda z: mp.sqrt(z) / erfinv(1 - mp.sqrt(z)), (6, 14), "erfinv(x)/x - 1 at z = x**2, |x| <= 1/2",
    ),
    "ERFINV_FAR": (
        lambda t: far_erfinv(3 * (1 + t) / (1 - t) / 2), mp.mpf("-0.2865"), (mp.mpf("0.47"), mp.mpf("0.605")),
        lambda t: 1 / far_erfinv(3 * (1 + t) / (1 - t) / 2), (10, 22),
        "erfinv(x)/u at t = (u - 3/2)/(u + 3/2), u = sqrt(-log(1 - x)), 1/2 <= x",
    ),
    "LOG_ERFC": (
        lambda x: mp.log(mp.erfc(x)), mp.mpf(1), (mp.mpf(4), mp.mpf(6)), lambda x: mp.erfc(x) / mp.erf(x), (6, 18),
        "log(erfc(x)) for 1 <= x <= 4 and 6, the error relative to erf",
    ),
    "LGAMMA": (
        lambda t: mp.loggamma(2 + t) / t, mp.mpf("-0.8001"), mp.mpf("0.2001"), one, (9, 19),
        "lgamma(2 + t) / t for -0.8 <= t <= 0.2",
    ),
    "STIRLING": (
        lambda z: (mp.loggamma(1 / mp.sqrt(z)) - (1 / mp.sqrt(z) - mp.mpf("0.5")) * (-mp.log(z) / 2 - 1) - STIRLING) / mp.sqrt(z),
        mp.mpf("1e-9"), mp.mpf(1) / 38, one, (1, 5), "a * (lgamma(a) - Stirling's formula) at z = 1/a**2, a >= 6.2",
    ),
    "DIGAMMA": (
        lambda s: mp.psi(0, s + mp.mpf("1.5")) / (s + mp.mpf("0.5") - PSI_ROOT), mp.mpf("-0.5"), mp.mpf("0.5"), one, (10, 22),
        "digamma(s + 3/2) / (s + 3/2 - root) for |s| <= 1/2",
    ),
    "DIGAMMA_FAR": (
        lambda q: (-mp.log(q) - mp.psi(0, 1 / q)) / q, mp.mpf("1e-6"), mp.mpf(1) / 3, lambda q: q + mp.mpf("0.02"), (4, 14),
        "x * (log(x) - digamma(x)) at q = 1/x, x >= 3",
    ),
    "ASIN": (
        over_z(mp.asin), mp.mpf("1e-9"), mp.mpf("0.25"), odd_weight(mp.asin), (5, 12),
        "(asin(x) - x) / x**3 at z = x**2, |x| <= 1/2",
    ),
    "ATAN": (
        over_z(mp.atan), mp.mpf("1e-9"), EIGHTH**2 * mp.mpf("1.0001"), odd_weight(mp.atan), (4, 10),
        "(atan(x) - x) / x**3 at z = x**2, |x| <= tan(pi/8)",
    ),
    "CBRT": (
        lambda m: 1 / mp.cbrt(m), mp.mpf("0.353"), mp.mpf("2.83"), lambda m: mp.cbrt(m), (3, 3), "m**(-1/3) for 2**-1.5 <= m <= 2**1.5, a first guess",
    ),
    "LOG2_WIDE": (
        lambda z: series(z, 1, 2, lambda k: mp.mpf(2) / k) / mp.log(2), mp.mpf("1e-9"), mp.mpf("0.02944"),
        lambda z: mp.sqrt(z) / mp.atanh(mp.sqrt(z)), (None, 4), "2*atanh(s)/s * log2(e) at z = s**2, for float's power in double",
    ),
    "ATANH": (
        lambda z: series(z, 5, 2, lambda k: mp.mpf(2) / k), mp.mpf("1e-9"), mp.mpf("0.02944"),
        lambda z: z**2 * mp.sqrt(z) / mp.atanh(mp.sqrt(z)), (None, 7), "(2*atanh(s) - 2*s - 2/3*s**3) / s**5 at z = s**2, for the power",
    ),
}  # fmt: skip


# Constants in pieces: the first of the given number of bits (less than the type's where multiples of
# it by an exponent shall be exact), the others rounded to the type.
PIECES: dict[str, tuple[Any, tuple[int, int], int, str]] = {
    "LN2": (mp.log(2), (24, 53), 2, "log(2)"),
    "LN2_SHORT": (mp.log(2), (16, 42), 2, "log(2)"),
    "LOG2_E": (1 / mp.log(2), (24, 53), 2, "log2(e)"),
    "LOG10_E": (1 / mp.log(10), (24, 53), 2, "log10(e)"),
    "TWO_THIRDS": (mp.mpf(2) / 3, (24, 53), 2, "2/3"),
    "LOG10_2": (mp.log10(2), (16, 42), 2, "log10(2)"),
    "HALF_PI": (mp.pi / 2, (24, 53), 3, "pi/2"),
    "PSI_ROOT": (PSI_ROOT, (24, 53), 2, "the positive root of digamma, less 1"),
    "STIRLING_BASE": (STIRLING, (24, 53), 1, "log(2*pi)/2 - 1/2"),
}


def pieces(value: Any, first: int, bits: int, count: int) -> list[float]:
    """A constant as a sum of numbers of a type."""
    with mp.workprec(first):
        out = [float(+value)]
    while len(out) < count:
        out.append(rounded(value - sum(map(mp.mpf, out)), bits))
    return out


def shown(values: list[float], bits: int) -> list[str]:
    """The shortest text that reads as the same number of the type."""
    return [repr(v) if bits == 64 else str(np.float32(v)) for v in values]


def main(names: list[str]) -> None:
    """Print the module, or only some of its tables."""
    if not names:
        print(
            '"""Polynomials, the constant term first, by bits of the type; written by tools/fit_polynomials.py."""'
        )
        print("\n# fmt: off\nTable = dict[int, tuple[float, ...]]")
        for name, (value, first, count, what) in PIECES.items():
            print(f"\n# {what}\n{name}: Table = {{")
            for bits in (32, 64):
                texts = shown(pieces(value, first[bits == 64], bits, count), bits)
                print(f"    {bits}: ({', '.join(texts)}{',' * (count == 1)}),")
            print("}")
    for name in names or FITS:
        entry = FITS[name]
        print(f"\n# {entry[-1]}")
        print(f"{name}: Table = {{")
        for bits in (32, 64):
            found = fit(entry, bits)
            if found is None:
                continue
            values, error = found
            print(f"    {bits}: (  # to 2**{float(np.log2(error)):.1f}")
            texts = shown(values, bits)
            for i in range(0, len(texts), 4):
                print(f"        {', '.join(texts[i : i + 4])},")
            print("    ),")
        print("}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
