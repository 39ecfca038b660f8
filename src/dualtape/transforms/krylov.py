"""Linear solvers that need products with the matrix only, on plain vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import LinAlgError

Matvec = Callable[[Any], Any]


def cg(matvec: Matvec, b: Any, *, tolerance: float = 1e-12, steps: int | None = None) -> Any:
    """Solve `matvec(x) = b` by conjugate gradients, for a symmetric positive definite operator.

    Args:
        matvec: The operator, on vectors.
        b: A vector.
        tolerance: Of the residual, relative to that of x = 0.
        steps: At most so many; ten times the number of unknowns by default.

    Raises:
        LinAlgError: It did not converge.

    Method: Hestenes and Stiefel, J. Res. Nat. Bur. Standards 49, 1952.
    """
    x = np.zeros_like(b)
    r = np.array(b)
    p, rho = r, float(r @ r)
    enough = tolerance**2 * rho
    for _ in range(10 * b.size if steps is None else steps):
        if rho <= enough:
            return x
        q = np.asarray(matvec(p))
        step = rho / float(p @ q)
        x = x + step * p
        r = r - step * q
        rho, before = float(r @ r), rho
        p = r + (rho / before) * p
    if rho <= enough:
        return x
    raise LinAlgError(
        f"cg: no convergence, the residual is {np.sqrt(rho):.3g}: is the operator symmetric and positive definite? "
        "Otherwise use gmres."
    )


def gmres(matvec: Matvec, b: Any, *, tolerance: float = 1e-12, steps: int | None = None) -> Any:
    """Solve `matvec(x) = b` by the method of generalised minimal residuals, without restarts.

    Args:
        matvec: The operator, on vectors.
        b: A vector.
        tolerance: Of the residual, relative to that of x = 0.
        steps: At most so many; the number of unknowns by default.

    Raises:
        LinAlgError: It did not converge.

    Keeps a vector per step. Method: Saad and Schultz, SIAM J. Sci. Stat. Comput. 7, 1986.
    """
    size = float(np.linalg.norm(b))
    if size == 0.0:
        return np.zeros_like(b)
    most = b.size if steps is None else min(steps, b.size)
    basis = [b / size]
    h = np.zeros((most + 1, most), b.dtype)
    error = size
    for k in range(most):
        w = np.asarray(matvec(basis[k]))
        for _ in range(2):  # twice: once leaves rounding errors along the basis
            for j, v in enumerate(basis):
                part = v @ w
                h[j, k] += part
                w = w - part * v
        h[k + 1, k] = np.linalg.norm(w)
        right = np.zeros(k + 2, b.dtype)
        right[0] = size
        y = np.linalg.lstsq(h[: k + 2, : k + 1], right, rcond=None)[0]
        error = float(np.linalg.norm(right - h[: k + 2, : k + 1] @ y))
        if error <= tolerance * size or h[k + 1, k] <= 1e-300:
            break
        basis.append(w / h[k + 1, k])
    if error > max(tolerance, 1e-10) * size:
        raise LinAlgError(
            f"gmres: no convergence, the residual is {error:.3g} after {len(basis)} steps: is the operator singular?"
        )
    return sum(c * v for c, v in zip(y, basis, strict=False))
