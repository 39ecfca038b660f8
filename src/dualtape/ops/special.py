"""The error function, the gamma function and their relatives.

Incomplete gamma functions are in `incomplete`, Bessel functions in `bessel`, other integrals in
`integrals`, orthogonal polynomials in `polynomials`.

SciPy computes them where it is installed. Without it the ones that the normal distribution and the
gamma function need are computed by `special_fallback`, slowly; the others say what to install.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.kinds import elementwise
from . import special_fallback as slow
from .evaluation import real_in_single, special
from .exponential import exp, log

_TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)
_HALF_SQRT_PI = math.sqrt(math.pi) / 2
_SQRT_2PI = math.sqrt(2 * math.pi)

# The error function and the normal distribution

_erf_scipy = special("erf", "erf", slow.erf)

# NOTE [erf in single precision]
# SciPy's erf takes 15 ns an element, ten times NumPy's tanh. In single precision erf(x) = tanh(x *
# p(x^2)), for atanh(erf(x))/x is so smooth that a polynomial of degree 7 gives it to 2.4e-7
# (relative, of erf, and rounding included), and tanh saturates where erf does. Fitted with weights
# for the relative error of erf on [0, 4.1^2].
_ERF_POLYNOMIAL = (
    5.422006843502913e-09, 2.7565604909796093e-08, -4.7945045480446424e-06, 8.459613309241831e-05,
    -0.0006148372194729745, -0.00019528920529410243, 0.1027698665857315, 1.128379225730896,
)  # fmt: skip


_ERF_BLOCK = 65536


def erf_eval(x: Any) -> Any:
    """Erf of an array or NumPy scalar."""
    dtype = x.dtype
    if type(x) is not np.ndarray or x.size < 1024 or dtype.itemsize > 4 or dtype.kind not in "fV":
        return _erf_scipy(x)
    if x.size > _ERF_BLOCK:  # in pieces that stay in the cache
        flat = x.reshape(-1)
        out = np.empty(flat.shape, dtype)
        for i in range(0, flat.size, _ERF_BLOCK):
            out[i : i + _ERF_BLOCK] = erf_eval(flat[i : i + _ERF_BLOCK])
        return out.reshape(x.shape)
    x = np.clip(x, -4.1, 4.1, dtype=np.float32)
    square = x * x
    t = square * _ERF_POLYNOMIAL[0]
    for coefficient in _ERF_POLYNOMIAL[1:-1]:
        t += coefficient
        t *= square
    t += _ERF_POLYNOMIAL[-1]
    t *= x
    return np.tanh(t, out=t).astype(dtype, copy=False)


erf = elementwise(
    "erf", erf_eval, lambda d, x: d * (exp(-(x * x)) * _TWO_OVER_SQRT_PI),
    doc="The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.",
)  # fmt: skip
erfc = elementwise(
    "erfc", special("erfc", "erfc", slow.erfc),
    lambda d, x: d * (exp(-(x * x)) * -_TWO_OVER_SQRT_PI),
    doc="1 - erf(x), exact for large x.",
)  # fmt: skip
# From x, not from the result, which a program may overwrite: PyTorch computes it again too.
erfinv = elementwise(
    "erfinv", special("erfinv", "erfinv", slow.erfinv), lambda d, x: d * _erfinv_slope(erfinv(x)),
    doc="The inverse of erf.",
)  # fmt: skip
erfcinv = elementwise(
    "erfcinv", special("erfcinv", "erfcinv", slow.erfcinv),
    lambda d, x: -(d * _erfinv_slope(erfcinv(x))),
    doc="The inverse of erfc.",
)  # fmt: skip


def _erfinv_slope(y: Any) -> Any:
    return exp(y * y) * _HALF_SQRT_PI


erfcx = elementwise(
    "erfcx", special("erfcx", "erfcx"), lambda d, x, out: d * (x * out * 2 - _TWO_OVER_SQRT_PI),
    grad_name="SpecialErfcxBackward0", doc="exp(x^2) * erfc(x), without overflow.",
)  # fmt: skip

ndtr = elementwise(
    "ndtr", special("ndtr", "ndtr", slow.ndtr),
    lambda d, x: d * (exp(x * x * -0.5) * (1 / _SQRT_2PI)),
    grad_name="MulBackward0", doc="The distribution function of the standard normal distribution.",
)  # fmt: skip
# phi(x) / Phi(x), written with erfcx so that neither underflows on the left.
log_ndtr = elementwise(
    "log_ndtr", special("log_ndtr", "log_ndtr"),
    lambda d, x: d * math.sqrt(2 / math.pi) / erfcx(x * -math.sqrt(0.5)),
    grad_name="SpecialLogNdtrBackward0", doc="The logarithm of `ndtr`, exact for large negative x.",
)  # fmt: skip
ndtri = elementwise(
    "ndtri", special("ndtri", "ndtri", slow.ndtri),
    lambda d, out: d * (exp(out * out * 0.5) * _SQRT_2PI),
    grad_name="SpecialNdtriBackward0", doc="The inverse of `ndtr`.",
)  # fmt: skip


# The gamma function

lgamma = elementwise(
    "lgamma", special("lgamma", "gammaln", slow.lgamma), lambda d, x: d * digamma(x),
    doc="The logarithm of the absolute value of the gamma function; infinite at 0, -1, -2, ...",
)  # fmt: skip
digamma = elementwise(
    "digamma", special("digamma", "psi", slow.digamma), lambda d, x: d * polygamma_p(x, n=1),
    doc="The derivative of lgamma; NaN at -1, -2, ...",
)  # fmt: skip

_zeta_eval = special("zeta", "zeta", slow.zeta)


def _polygamma_eval(x: Any, *, n: int) -> Any:
    wide = x.astype(np.float64)
    values = _zeta_eval(np.asarray(n + 1, np.float64), wide) * math.factorial(n)
    return (values if n % 2 else -values).astype(x.dtype)


polygamma_p = elementwise(
    "polygamma", _polygamma_eval, lambda d, x, *, n: d * polygamma_p(x, n=n + 1),
    doc="The n-th derivative of digamma, n >= 1: (-1)^(n+1) n! zeta(n + 1, x).",
)  # fmt: skip


def polygamma(n: int, x: Any) -> Any:
    """Return the n-th derivative of digamma (digamma itself for n = 0).

    Raises:
        ArgumentError: n is negative.
    """
    if n < 0:
        raise ArgumentError("polygamma(n, x) does not support negative n.")
    return digamma(x) if n == 0 else polygamma_p(x, n=int(n))


def multigammaln(x: Any, p: int) -> Any:
    """Return the logarithm of the multivariate gamma function of dimension p, for x > (p - 1)/2.

    Raises:
        ArgumentError: p is less than 1.
    """
    if p < 1:
        raise ArgumentError("p has to be greater than or equal to 1")
    total = lgamma(x)
    for j in range(1, p):
        total = total + lgamma(x - 0.5 * j)
    return total + p * (p - 1) / 4 * math.log(math.pi)


zeta = elementwise(
    "zeta", _zeta_eval, "missing", lambda d, x, y: -d * (x * zeta(x + 1, y)),
    grad_name="SpecialZetaBackward0",
    doc="Hurwitz's zeta function, the sum of 1/(k + y)^x over k >= 0.",
)  # fmt: skip


@real_in_single("entr")
def _entr(x: Any) -> Any:
    out = np.where(x == 0, x.dtype.type(0), -x * np.log(x))
    return np.where(x < 0, x.dtype.type(-np.inf), out)


entr = elementwise(
    "entr", _entr, lambda d, x: -d * (log(x) + 1), grad_name="SpecialEntrBackward0",
    doc="-x * log(x); 0 at 0, -inf below.",
)  # fmt: skip
