"""SciPy's solvers on compiled functions, and on the Python functions themselves."""

from __future__ import annotations

import numpy as np

TIMES = np.linspace(0, 20, 11)
PARAMETERS = np.array([1.1, 0.4, 0.1, 0.4])


def bell(x):
    """A function to integrate."""
    return np.exp(-(x**2)) * np.sin(3 * x) * np.cos(x) + np.tanh(x)


def populations(t, y, p):
    """Lotka and Volterra's equations."""
    return [p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]]


def van_der_pol(t, y, mu):
    """A stiff oscillator."""
    return [y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]]


def _quad(compiled):
    def make():
        from scipy.integrate import quad

        f = bell
        if compiled:
            import dualtape as dt

            f = dt.jit(bell).low_level_callable()
        return lambda: quad(f, 0, 5, limit=200, epsabs=1e-12)

    return make


def _solve(compiled, *args, **options):
    def make():
        if compiled:
            from dualtape import solve_ivp
        else:
            from scipy.integrate import solve_ivp
        return lambda: solve_ivp(*args, **options)

    return make


def _both(maker, *args, **options):
    return {
        "dualtape": maker(True, *args, **options),
        "a Python function": maker(False, *args, **options),
    }


SOLVERS = {
    "scipy.integrate.quad": (_both(_quad), {}),
    "solve_ivp, Lotka-Volterra, RK45": (
        _both(_solve, populations, (0, 20), np.array([10.0, 5.0]), t_eval=TIMES, args=(PARAMETERS,), rtol=1e-8),
        {},
    ),
    "solve_ivp, van der Pol (1000), Radau": (
        _both(_solve, van_der_pol, (0, 1000), np.array([2.0, 0.0]), method="Radau", args=(1000.0,)), {},
    ),
}  # fmt: skip
"""Name to (maker by system, the ratios aimed at)."""
