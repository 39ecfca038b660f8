"""SciPy's special functions, recognised by the ufunc object; SciPy is imported by who calls them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops import bessel, exponential, incomplete, integrals, logistic, numbers, special
from ..ops.arithmetic import rpow
from .concrete import concrete
from .ufuncs import _finders

Rule = Callable[..., Any]

SPECIAL: dict[str, Any] = {
    "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv, "erfcinv": special.erfcinv,
    "erfcx": special.erfcx, "ndtr": special.ndtr, "log_ndtr": special.log_ndtr, "ndtri": special.ndtri,
    "gammaln": special.lgamma, "psi": special.digamma, "digamma": special.digamma,
    "zeta": special.zeta, "entr": special.entr, "_zeta": special.zeta,
    "expit": logistic.sigmoid, "logit": lambda x: logistic.logit(x), "log_expit": logistic.log_sigmoid,
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "xlogy": exponential.xlogy, "xlog1py": exponential.xlog1py, "exp2": exponential.exp2,
    "expm1": exponential.expm1, "log1p": exponential.log1p, "cbrt": exponential.cbrt,
    "exp10": lambda x: rpow(x, base=10.0),
    "rel_entr": lambda x, y: exponential.xlogy(x, x / y),
    "kl_div": lambda x, y: exponential.xlogy(x, x / y) - x + y,
    "i0": bessel.i0, "i1": bessel.i1, "i0e": bessel.i0e, "i1e": bessel.i1e, "j0": bessel.j0,
    "j1": bessel.j1, "y0": bessel.y0, "y1": bessel.y1, "k0": bessel.k0, "k1": bessel.k1,
    "k0e": bessel.k0e, "k1e": bessel.k1e,
    "gammainc": incomplete.gammainc, "gammaincc": incomplete.gammaincc, "betainc": incomplete.betainc,
    "betaln": lambda a, b: special.lgamma(a) + special.lgamma(b) - special.lgamma(a + b),
    "dawsn": integrals.dawsn, "exp1": lambda x: integrals.expint(-x) * -1.0, "expi": integrals.expint,
    "spence": integrals.spence, "fresnel": lambda x: (integrals.fresnel_sin(x), integrals.fresnel_cos(x)),
    "sindg": lambda x: np.sin(np.deg2rad(x)), "cosdg": lambda x: np.cos(np.deg2rad(x)),
    "cosm1": lambda x: np.square(np.sin(x * 0.5)) * -2.0,
    "boxcox": lambda x, p: np.where(p == 0, np.log(x), np.expm1(p * np.log(x)) / np.where(p == 0, 1.0, p)),
    "huber": lambda d, r: np.where(np.abs(r) <= d, 0.5 * np.square(r), d * (np.abs(r) - 0.5 * d)),
    "pseudo_huber": lambda d, r: np.square(d) * (np.sqrt(1 + np.square(r / d)) - 1),
}  # fmt: skip
"""Rules by the ufunc's name in `scipy.special`."""

ORDERED = {
    "jv": bessel.bessel_jn, "yn": bessel.bessel_yn, "yv": bessel.bessel_yn, "iv": bessel.bessel_in,
    "ive": bessel.bessel_ine, "kn": bessel.bessel_kn, "kv": bessel.bessel_kn, "kve": bessel.bessel_kne,
}  # fmt: skip
"""Functions of an order, whole and the same for all elements, and an argument."""


def _of_order(name: str, primitive: Any) -> Rule:
    def rule(order: Any, x: Any) -> Any:
        orders = np.unique(concrete(order))
        if len(orders) != 1 or orders[0] != int(orders[0]) or orders[0] < 0:
            raise TypeError(
                f"scipy.special.{name} of Arrays: one order for all, a whole number from 0 on"
            )
        return primitive(x, order=int(orders[0]))

    return rule


def _sign_of_gamma(x: Any) -> Any:
    # On the negative axis it alternates from one integer to the next.
    odd = np.remainder(numbers.floor(x), 2.0) != 0
    return np.where((x < 0) & odd, -1.0, 1.0)


def _gamma(x: Any) -> Any:
    return _sign_of_gamma(x) * exponential.exp(special.lgamma(x))


def _beta(a: Any, b: Any) -> Any:
    sign = _sign_of_gamma(a) * _sign_of_gamma(b) * _sign_of_gamma(a + b)
    return sign * exponential.exp(special.lgamma(a) + special.lgamma(b) - special.lgamma(a + b))


SPECIAL["beta"] = _beta
SPECIAL["gamma"] = _gamma


def find(ufunc: np.ufunc) -> Rule | None:
    """The rule of one of SciPy's ufuncs."""
    name = ufunc.__name__
    module = sys.modules.get("scipy.special._ufuncs")
    if getattr(module, name, None) is not ufunc:
        return None
    if name in ORDERED:
        return _of_order(name, ORDERED[name])
    return SPECIAL.get(name)


_finders.append(find)

__all__ = ["ORDERED", "SPECIAL", "find"]
