"""Orthogonal polynomials of degree n, elementwise in n and x, by their recurrences.

All have the form p[k+1] = (a x + b) p[k] - c p[k-1] with a, b, c depending on k (DLMF 18.9), so the
derivatives of order m have p^(m)[k+1] = (a x + b) p^(m)[k] + m a p^(m-1)[k] - c p^(m)[k-1].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.kinds import elementwise

Coefficients = Callable[[int], tuple[float, float, float]]

_FAMILIES: dict[str, Coefficients] = {
    "chebyshev_t": lambda k: (2.0 if k else 1.0, 0.0, 1.0),
    "chebyshev_u": lambda k: (2.0, 0.0, 1.0),
    "chebyshev_v": lambda k: (2.0, 0.0 if k else -1.0, 1.0),
    "chebyshev_w": lambda k: (2.0, 0.0 if k else 1.0, 1.0),
    "hermite_h": lambda k: (2.0, 0.0, 2.0 * k),
    "hermite_he": lambda k: (1.0, 0.0, float(k)),
    "laguerre_l": lambda k: (-1 / (k + 1), (2 * k + 1) / (k + 1), k / (k + 1)),
    "legendre_p": lambda k: ((2 * k + 1) / (k + 1), 0.0, k / (k + 1)),
}


def _polynomial(n: Any, x: Any, *, family: str, order: int) -> Any:
    dtype = x.dtype
    degree, wide = np.broadcast_arrays(np.trunc(n), np.asarray(x, np.float64))
    top = int(np.max(degree, initial=0, where=np.isfinite(degree)))
    coefficients = _FAMILIES[family]
    zero = np.zeros_like(wide)
    # rows[m] holds the m-th derivative of p[k], before[m] that of p[k-1].
    before = [zero] * (order + 1)
    rows = [np.ones_like(wide), *[zero] * order]
    out = np.where(degree == 0, rows[order], zero)  # and 0 for a negative degree
    for k in range(top):
        a, b, c = coefficients(k)
        factor = a * wide + b
        after = [
            factor * rows[m] - c * before[m] + (m * a * rows[m - 1] if m else 0.0)
            for m in range(order + 1)
        ]
        before, rows = rows, after
        out = np.where(degree == k + 1, rows[order], out)
    return np.where(np.isnan(degree), np.nan, out).astype(dtype)


polynomial = elementwise(
    "polynomial", _polynomial, None,
    lambda d, n, x, *, family, order: d * polynomial(n, x, family=family, order=order + 1),
    inputs="n x",
    doc="The derivative of that order, by x, of the polynomial of degree n; 0 for negative n.",
)  # fmt: skip


def _op(family: str, doc: str) -> Callable[[Any, Any], Any]:
    def op(x: Any, n: Any) -> Any:
        return polynomial(n, x, family=family, order=0)

    op.__name__, op.__doc__ = family, doc
    return op


def _shifted(family: str, doc: str) -> Callable[[Any, Any], Any]:
    def op(x: Any, n: Any) -> Any:
        return polynomial(n, x * 2 - 1, family=family, order=0)

    op.__name__, op.__doc__ = f"shifted_{family}", doc
    return op


chebyshev_t = _op("chebyshev_t", "Return the Chebyshev polynomial of the first kind T_n(x).")
chebyshev_u = _op("chebyshev_u", "Return the Chebyshev polynomial of the second kind U_n(x).")
chebyshev_v = _op("chebyshev_v", "Return the Chebyshev polynomial of the third kind V_n(x).")
chebyshev_w = _op("chebyshev_w", "Return the Chebyshev polynomial of the fourth kind W_n(x).")
hermite_h = _op("hermite_h", "Return the physicists' Hermite polynomial H_n(x).")
hermite_he = _op("hermite_he", "Return the probabilists' Hermite polynomial He_n(x).")
laguerre_l = _op("laguerre_l", "Return the Laguerre polynomial L_n(x).")
legendre_p = _op("legendre_p", "Return the Legendre polynomial P_n(x).")
shifted_chebyshev_t = _shifted("chebyshev_t", "Return T_n(2x - 1).")
shifted_chebyshev_u = _shifted("chebyshev_u", "Return U_n(2x - 1).")
shifted_chebyshev_v = _shifted("chebyshev_v", "Return V_n(2x - 1).")
shifted_chebyshev_w = _shifted("chebyshev_w", "Return W_n(2x - 1).")
