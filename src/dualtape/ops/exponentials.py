"""The exponential of matrices.

Scaling and squaring with Pade approximants: N. Higham, The scaling and squaring method for the
matrix exponential revisited, SIAM J. Matrix Anal. 26 (2005), of which the orders, bounds and
coefficients are. The derivative along E is a block of an exponential of twice the size, exp([[A,
E], [0, A]]) (C. Van Loan, IEEE Trans. AC 23, 1978), which is how derivatives of every order come
out of the one primitive.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.forward import dtype_of
from ..core.kinds import general
from .matrices import Array, batch_matrices, mt
from .shape import concatenate, slice_p

# The largest 1-norm for which each order is accurate to double and to single precision.
_BOUNDS = {
    8: (
        (3, 1.495585217958292e-2),
        (5, 2.539398330063230e-1),
        (7, 9.504178996162932e-1),
        (9, 2.097847961257068),
        (13, 5.371920351148152),
    ),
    4: ((3, 4.258730016922831e-1), (5, 1.880152677804762), (7, 3.925724783138660)),
}
_COEFFICIENTS = {
    3: (120, 60, 12, 1),
    5: (30240, 15120, 3360, 420, 30, 1),
    7: (17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1),
    9: (17643225600, 8821612800, 2075673600, 302702400, 30270240, 2162160, 110880, 3960, 90, 1),
    13: (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
         10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1),
}  # fmt: skip


def _pade(a: Array, order: int) -> Array:
    """The diagonal Pade approximant of exp(a)."""
    b = [np.asarray(c, a.dtype) for c in _COEFFICIENTS[order]]
    one = np.eye(a.shape[-1], dtype=a.dtype)
    a2 = a @ a
    if order < 13:
        power, even, odd = a2, b[0] * one, b[1] * one
        for k in range(2, order + 1, 2):
            even = even + b[k] * power
            odd = odd + b[k + 1] * power
            power = power @ a2
    else:
        a4 = a2 @ a2
        a6 = a4 @ a2
        odd = (
            a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2)
            + b[7] * a6
            + b[5] * a4
            + b[3] * a2
            + b[1] * one
        )
        even = (
            a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2)
            + b[6] * a6
            + b[4] * a4
            + b[2] * a2
            + b[0] * one
        )
    odd = a @ odd
    return np.linalg.solve(even - odd, even + odd)


def _matrix_exp_eval(x: Array) -> Array:
    if x.dtype.itemsize == 2:
        return _matrix_exp_eval(x.astype(np.float32)).astype(x.dtype)
    if x.size == 0:
        return x.copy()
    bounds = _BOUNDS[x.real.dtype.itemsize]
    norms = np.abs(x).sum(-2).max(-1).ravel()
    flat = x.reshape(-1, *x.shape[-2:])
    out = np.empty_like(flat)
    last, top = bounds[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        squarings = np.where(norms > top, np.ceil(np.log2(norms / top)), 0)
    # Each matrix with its own order and number of squarings, those that agree together.
    orders = np.full(len(flat), last)
    for order, bound in reversed(bounds):
        orders[norms <= bound] = order
    finite = np.isfinite(norms)
    out[~finite] = np.nan
    for order, times in {
        *zip(orders[finite].tolist(), squarings[finite].astype(int).tolist(), strict=True)
    }:
        mine = finite & (orders == order) & (squarings == times)
        # The real power of two is exact.
        part = _pade(flat[mine] * np.asarray(2.0**-times, x.real.dtype), order)
        for _ in range(times):
            part = part @ part
        out[mine] = part
    return out.reshape(x.shape)


def _slope(d: Any, x: Any) -> Any:
    """The derivative of exp at x along d."""
    n = x.shape[-1]
    rank = len(x.shape)
    zero = np.zeros(tuple(x.shape), dtype_of(x))
    upper = concatenate([x, d], rank - 1)
    lower = concatenate([zero, x], rank - 1)
    both = matrix_exp_p(concatenate([upper, lower], rank - 2))
    return slice_p(both, index=(..., slice(n), slice(n, 2 * n)))


matrix_exp_p = general(
    "matrix_exp", _matrix_exp_eval, aval=lambda x: x, jvp=lambda d, x: _slope(d, x),
    vjp=lambda ct, x: _slope(ct, mt(x)),
    batch=batch_matrices(lambda: matrix_exp_p), grad_name="LinalgMatrixExpBackward0",
    doc="The sum of all x^k / k!; NaN for a matrix that is not finite.",
)  # fmt: skip
