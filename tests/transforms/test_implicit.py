"""Derivatives of solutions, around solvers that only NumPy understands."""

import numpy as np
import pytest

import dualtape as dt
from dualtape.core import modes
from dualtape.core.errors import GradientWarning, LinAlgError, TransformError

A = np.array([[3.0, 1.0, 0.2], [0.5, 2.0, -0.3], [0.1, 0.4, 4.0]])


def newton(f, jac, x):
    for _ in range(50):
        x = x - np.linalg.solve(jac(x), f(x))
    return x


def equations(x, p):
    return A @ x + p["a"] * np.tanh(x) * x - p["b"]


def black_box(p):
    a, b = np.array(p["a"], float), np.array(p["b"], float)  # fails on anything but plain numbers

    def slope(x):
        return A + np.diag(a * (np.tanh(x) + x / np.cosh(x) ** 2))

    return newton(lambda x: A @ x + a * np.tanh(x) * x - b, slope, b / 3)


def unrolled(p):
    x = p["b"] / 3
    for _ in range(60):
        x = np.linalg.solve(A, p["b"] - p["a"] * np.tanh(x) * x)
    return x


P = {"a": 0.3, "b": np.array([0.4, -0.2, 0.7])}
DOT = {"a": 1.0, "b": np.array([0.3, 0.1, -1.0])}
SOLVERS = {"dense": None, "gmres": dt.implicit.gmres}

CASES = {
    "jacrev": lambda x: dt.jacrev(x)(P),
    "jacfwd": lambda x: dt.jacfwd(x)(P),
    "jvp": lambda x: dt.jvp(x, (P,), (DOT,)),
    "hessian": lambda x: dt.hessian(lambda p: np.sum(x(p) ** 2))(P),
    "reverse over reverse": lambda x: dt.jacrev(dt.grad(lambda p: np.sum(x(p) ** 2)))(P),
    "reverse over forward": lambda x: dt.grad(
        lambda a: np.sum(dt.jvp(lambda b: x({"a": a, "b": b}), (P["b"],), (DOT["b"],))[1])
    )(0.3),
    "forward over forward": lambda x: dt.jvp(lambda p: dt.jvp(x, (p,), (DOT,))[1], (P,), (DOT,)),
    "vmap": lambda x: dt.vmap(lambda a: x({"a": a, "b": P["b"]}))(np.array([0.1, 0.3])),
    "vmap of grad": lambda x: dt.vmap(dt.grad(lambda a: np.sum(x({"a": a, "b": P["b"]}))))(
        np.array([0.1, 0.3])
    ),
    "grad of vmap": lambda x: dt.grad(
        lambda b: np.sum(dt.vmap(lambda a: x({"a": a, "b": b}))(np.array([0.1, 0.3])) ** 2)
    )(P["b"]),
    "linearize": lambda x: dt.linearize(x, P)[1](DOT),
    "jet": lambda x: dt.jet(lambda t: x({"a": t, "b": P["b"]}), (0.3,), ([1.0, 0.0, 0.0],))[1],
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("case", CASES)
def test_root_is_the_unrolled_iteration(case, solver):
    solution = dt.implicit.root(equations, black_box, linear_solver=SOLVERS[solver])
    got, want = CASES[case](solution), CASES[case](unrolled)
    for g, w in zip(dt.transforms.tree.leaves(got), dt.transforms.tree.leaves(want), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-6, atol=1e-9)
    assert modes.depth() == 0
    assert modes.current() == 0


def test_third_order():
    root = dt.implicit.root(lambda x, a: x**3 - a, np.cbrt)
    d = root
    for want in (1 / 3, -2 / 9, 10 / 27):
        d = dt.grad(d)
        np.testing.assert_allclose(float(d(1.0)), want, rtol=1e-9)


def test_fixed_point_and_argmin():
    x = dt.implicit.fixed_point(
        lambda x, a: np.cos(a * x), lambda a: 0.7390851332151607 if a == 1 else None
    )
    np.testing.assert_allclose(dt.grad(x)(1.0), -0.2974741, rtol=1e-6)

    data, target = A, np.array([1.0, 2.0, 3.0])

    def ridge(w, k):
        return np.sum((data @ w - target) ** 2) + k * np.sum(w**2)

    def closed(k):
        return np.linalg.solve(data.T @ data + k * np.eye(3), data.T @ target)

    for solver in (None, dt.implicit.cg):
        w = dt.implicit.argmin(ridge, lambda k: closed(float(k)), linear_solver=solver)
        np.testing.assert_allclose(dt.jacobian(w)(0.5), dt.jacobian(closed)(0.5), rtol=1e-7)
        np.testing.assert_allclose(
            dt.jacfwd(dt.jacrev(w))(0.5), dt.jacfwd(dt.jacrev(closed))(0.5), rtol=1e-6
        )


@pytest.mark.parametrize("solver", [None, dt.implicit.gmres])
def test_linear_solve(solver):
    def scale(d):
        return A * d + np.eye(3)

    def direct(b, d):
        return np.linalg.solve(scale(d), b)

    x = dt.implicit.linear_solve(lambda v, d: scale(d) @ v, solver)
    b, d = np.array([1.0, -2.0, 0.5]), np.array([0.5, 1.0, 1.5])
    for f in (
        lambda x: x(b, d),
        lambda x: dt.jacrev(x, argnums=(0, 1))(b, d),
        lambda x: dt.jacfwd(x, argnums=(0, 1))(b, d),
        lambda x: dt.hessian(lambda b, d: np.sum(x(b, d) ** 3), argnums=(0, 1))(b, d),
        lambda x: dt.vmap(x, in_axes=(None, 0))(b, np.stack([d, 2 * d])),
        lambda x: dt.linearize(lambda b: x(b, d), b)[1](d),
    ):
        leaves = dt.transforms.tree.leaves
        for g, w in zip(leaves(f(x)), leaves(f(direct)), strict=True):
            np.testing.assert_allclose(g, w, rtol=1e-7, atol=1e-10)


def test_trees_as_solutions():
    def F(x, p):
        return {"u": x["u"] + x["v"][0] * p - 1, "v": x["v"] ** 2 - p * np.ones(2)}

    def solver(p):
        v = np.sqrt(float(p)) * np.ones(2)
        return {"u": 1 - v[0] * p, "v": v}

    slope = dt.jacobian(dt.implicit.root(F, solver))(4.0)
    np.testing.assert_allclose(slope["u"], -3.0)
    np.testing.assert_allclose(slope["v"], [0.25, 0.25])


def test_a_solver_that_has_not_solved_it_is_noticed():
    lazy = dt.implicit.root(lambda x, a: x * x - a, lambda a: np.sqrt(a) + 0.1)
    with pytest.warns(GradientWarning, match="Newton step would move it"):
        dt.grad(lazy)(4.0)


def test_a_singular_jacobian_and_wrong_counts():
    with pytest.raises(LinAlgError) as info:
        dt.grad(dt.implicit.root(lambda x, a: x * x - a, np.sqrt))(0.0)
    assert "no derivative" in info.value.__notes__[0]
    with pytest.raises(ValueError, match="2 equations for 1 unknowns"):
        dt.grad(dt.implicit.root(lambda x, a: np.stack([x, a]), lambda a: a))(1.0)
    with pytest.raises(TypeError, match="split complex numbers"):
        dt.grad(lambda a: dt.implicit.root(lambda x, a: x - a, lambda a: a * 1j)(a).real)(1.0)


def test_krylov_solvers():
    rng = np.random.default_rng(0)
    m = rng.normal(size=(30, 30))
    b = rng.normal(size=30)
    np.testing.assert_allclose(m @ dt.implicit.gmres(lambda v: m @ v, b), b, atol=1e-8)
    spd = m @ m.T + np.eye(30)
    np.testing.assert_allclose(spd @ dt.implicit.cg(lambda v: spd @ v, b), b, atol=1e-8)
    with pytest.raises(LinAlgError, match="use gmres"):
        dt.implicit.cg(lambda v: m @ v, b, steps=5)
    with pytest.raises(LinAlgError, match="singular"):
        dt.implicit.gmres(lambda v: 0 * v, b)


@pytest.mark.parametrize("followed", [True, False])
@pytest.mark.parametrize("around", [lambda f: f, dt.jit])
def test_equations_that_close_over_a_differentiated_value_are_refused(followed, around):
    """The solver knows nothing of t, so that its share of the derivative would be missing without a word."""

    def f(t):
        solve = dt.implicit.root(lambda y, a: y * y - a * t, lambda a: np.sqrt(3.0 * a))
        return solve(t if followed else 2.0)

    def g(t):
        return dt.implicit.argmin(lambda y, a: (y - a * t) ** 2, lambda a: 3.0 * a)(t)

    for function in (f, g):
        with pytest.raises(TransformError, match="closes over a value"):
            around(dt.grad(function))(3.0)
        with pytest.raises(TransformError, match="closes over a value"):
            around(lambda t, function=function: dt.jvp(function, (t,), (1.0,)))(3.0)
    assert f(np.array(3.0)) == pytest.approx(3.0 if followed else np.sqrt(6.0))


def test_a_solver_that_is_differentiable_itself_may_close_over_anything():
    def f(t):
        return dt.implicit.root(lambda y, a: y * y - a * t, lambda a: np.sqrt(a * t))(2.0)

    np.testing.assert_allclose(dt.grad(f)(3.0), np.sqrt(2 / 3) / 2)
