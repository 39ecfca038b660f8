"""SciPy's solvers with derivatives from dualtape."""

import numpy as np
import pytest

import dualtape as dt

optimize = pytest.importorskip("scipy.optimize")
special = pytest.importorskip("scipy.special")


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


X0 = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "SLSQP", "TNC"])
def test_minimize_with_the_gradient(method):
    result = optimize.minimize(rosenbrock, X0, method=method, jac=dt.grad(rosenbrock), tol=1e-10)
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-4)


@pytest.mark.parametrize(
    "method", ["Newton-CG", "trust-ncg", "trust-exact", "trust-krylov", "dogleg"]
)
def test_minimize_with_the_hessian(method):
    x0 = np.full(5, 1.1) if method == "dogleg" else X0
    result = optimize.minimize(
        rosenbrock, x0, method=method, jac=dt.grad(rosenbrock), hess=dt.hessian(rosenbrock), tol=1e-10
    )  # fmt: skip
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-6)


def test_minimize_of_value_and_gradient():
    result = optimize.minimize(dt.value_and_grad(rosenbrock), X0, jac=True, method="L-BFGS-B")
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-3)


def test_what_scipy_gets_is_contiguous_float64():
    g, h = dt.grad(rosenbrock)(X0), dt.hessian(rosenbrock)(X0)
    for a in (g, h):
        assert type(a) is np.ndarray
        assert a.dtype == np.float64
        assert a.flags.c_contiguous
        assert a.flags.writeable
    np.testing.assert_allclose(g, optimize.rosen_der(X0))
    np.testing.assert_allclose(h, optimize.rosen_hess(X0))


def test_least_squares_and_root():
    t = np.linspace(0.0, 2.0, 20)
    y = 2.5 * np.exp(-1.3 * t) + 0.5

    def residuals(p):
        return p[0] * np.exp(-p[1] * t) + p[2] - y

    result = optimize.least_squares(residuals, np.ones(3), jac=dt.jacobian(residuals))
    np.testing.assert_allclose(result.x, [2.5, 1.3, 0.5], rtol=1e-8)

    def equations(x):
        return np.stack([x[0] + 0.5 * (x[0] - x[1]) ** 3 - 1.0, 0.5 * (x[1] - x[0]) ** 3 + x[1]])

    result = optimize.root(equations, np.zeros(2), jac=dt.jacobian(equations))
    np.testing.assert_allclose(equations(result.x), 0, atol=1e-10)


def test_scalar_root_with_two_derivatives():
    def f(x):
        return special.erf(x) - 0.3

    result = optimize.root_scalar(
        f, x0=0.1, fprime=dt.grad(f), fprime2=dt.grad(dt.grad(f)), method="halley"
    )
    assert abs(result.root - special.erfinv(0.3)) < 1e-12
