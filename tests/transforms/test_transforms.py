"""`grad`, `vjp`, `jvp`, `linearize`, `jacobian`, `hessian`, `hvp`, `vmap`: results, arguments, errors."""

import dataclasses
import itertools

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch
from dualtape.core import modes

A = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
X = np.array([0.3, -0.2, 0.9])


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def f(x):
    return np.sin(A @ x) * np.exp(-x[0])


def numeric(f, x, h=1e-6):
    columns = []
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = h
        columns.append((f(x + e) - f(x - e)) / (2 * h))
    return np.moveaxis(np.array(columns), 0, -1).reshape(*np.shape(columns[0]), *x.shape)


# --- grad -----------------------------------------------------------------------------------------
def test_grad_of_numpy_code():
    g = dt.grad(rosenbrock)(X)
    assert type(g) is np.ndarray
    assert g.dtype == np.float64
    assert g.flags.c_contiguous
    assert g.flags.writeable
    np.testing.assert_allclose(g, numeric(rosenbrock, X), rtol=1e-6)


def test_a_number_gives_a_number():
    g = dt.grad(np.sin)(0.5)
    assert isinstance(g, float)
    assert g == np.cos(0.5)


def test_float32_stays():
    g = dt.grad(lambda x: np.sum(x * x))(np.ones(3, np.float32))
    assert g.dtype == np.float32


def test_grad_of_a_tuple_says_has_aux():
    with pytest.raises(TypeError, match="has_aux=True"):
        dt.grad(lambda x: (x.sum(), x * 2))(X)


def test_value_and_grad_with_auxiliary():
    def loss(w, data):
        residual = data @ w
        return np.sum(residual**2), {"residual": residual}

    (value, aux), g = dt.value_and_grad(loss, has_aux=True)(X, A)
    assert value == pytest.approx(np.sum((A @ X) ** 2))
    assert type(aux["residual"]) is np.ndarray
    np.testing.assert_allclose(aux["residual"], A @ X)
    np.testing.assert_allclose(g, 2 * A.T @ A @ X)
    g2, aux2 = dt.grad(loss, has_aux=True)(X, A)
    np.testing.assert_array_equal(g, g2)
    np.testing.assert_array_equal(aux["residual"], aux2["residual"])


def g3(a, b, *, c=1.0):
    return a * b**2 * c**3


@pytest.mark.parametrize(
    ("argnums", "want"),
    [
        (0, 9 * 8.0),
        (1, 2 * 2 * 3 * 8.0),
        (-1, 2 * 2 * 3 * 8.0),
        ("b", 2 * 2 * 3 * 8.0),
        ("c", 2 * 9 * 3 * 4.0),
        ((1, 0), (2 * 2 * 3 * 8.0, 9 * 8.0)),
        (("a", "c"), (9 * 8.0, 2 * 9 * 3 * 4.0)),
    ],
    ids=str,
)
def test_arguments_by_position_and_name(argnums, want):
    assert dt.grad(g3, argnums)(2.0, 3.0, c=2.0) == want


def test_trees():
    @dataclasses.dataclass
    class Model:
        w: np.ndarray
        rest: dict

    def loss(m):
        return np.sum(m.w * m.rest["scale"]) + m.rest["shifts"][1]

    g = dt.grad(loss)(Model(X, {"scale": 2.0, "shifts": [1.0, 5.0]}))
    assert type(g) is Model
    np.testing.assert_array_equal(g.w, [2.0, 2.0, 2.0])
    assert g.rest["scale"] == pytest.approx(X.sum())
    assert g.rest["shifts"] == [0.0, 1.0]


def test_gradients_are_arrays_of_the_callers_own():
    a, b = dt.grad(lambda x, y: np.sum(x + y), (0, 1))(np.ones(3), np.ones(3))
    a[0] = 7.0
    assert b.tolist() == [1.0, 1.0, 1.0]


def test_a_constant_function_has_gradient_zero():
    assert dt.grad(lambda x: 3.0)(X).tolist() == [0.0, 0.0, 0.0]


def test_complex_gradient_is_the_direction_of_ascent():
    z = np.array([1.0 + 2.0j, -0.5j])
    g = dt.grad(lambda z: np.sum(np.abs(z) ** 2))(z)
    np.testing.assert_allclose(g, 2 * z)


def test_holomorphic():
    z = 0.3 + 0.4j
    assert dt.grad(lambda z: z**3, holomorphic=True)(z) == pytest.approx(3 * z**2)
    with pytest.raises(TypeError, match="holomorphic=True"):
        dt.grad(lambda z: z**3)(z)
    with pytest.raises(TypeError, match="needs a complex output"):
        dt.grad(lambda x: x**3, holomorphic=True)(0.3)


def test_the_dialects_in_and_out():
    x = torch.tensor([1.0, 2.0])
    g = dt.grad(lambda x: (x**2).sum())(x)
    assert isinstance(g, torch.Tensor)
    assert g.tolist() == [2.0, 4.0]
    assert not g.requires_grad
    g = dt.grad(lambda x: tf.reduce_sum(x * x))(tf.constant([1.0, 2.0]))
    assert isinstance(g, tf.Tensor)
    assert g.numpy().tolist() == [2.0, 4.0]


def test_weights_from_outside_join_their_own_recording():
    w = torch.tensor(3.0, requires_grad=True)
    g = dt.grad(lambda x: w * x**2)(torch.tensor(2.0))
    g.backward()
    assert g.item() == 12.0
    assert w.grad.item() == 4.0


def test_inside_no_grad():
    x = torch.tensor(2.0, requires_grad=True)
    with torch.no_grad():
        g = dt.grad(lambda y: y * x)(torch.tensor(1.0))
    assert g.item() == 2.0
    assert not g.requires_grad


# --- perturbation confusion ---------------------------------------------------------------------
def test_perturbation_confusion():
    """d/dx (x * d/dy (x + y)) = 1, not 2: Siskind and Pearlmutter, 2005."""

    def d_reverse(f):
        return dt.grad(f)

    def d_forward(f):
        return lambda x: dt.jvp(f, (x,), (1.0,))[1]

    def check(outer, inner):
        assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0
        assert outer(lambda x: inner(lambda y: x * y)(2.0) * x)(3.0) == 6.0

    for outer, inner in itertools.product((d_reverse, d_forward), repeat=2):
        check(outer, inner)


def test_a_closed_over_argument_is_not_the_inner_variable():
    assert dt.grad(lambda x: dt.grad(lambda y: x * y * y)(x))(3.0) == 4 * 3.0


def test_an_inner_gradient_in_a_transformation_keeps_the_outer_weight():
    """A recording inside a transformation meets a tensor of one outside it, without any box."""

    def through(transform):
        return dt.grad(lambda w: transform(lambda t: dt.grad(lambda y: y * w * t)(5.0)))(3.0)

    assert through(lambda f: dt.jvp(f, (2.0,), (1.0,))[1]) == 1.0
    assert through(lambda f: np.sum(dt.vmap(f)(np.array([1.0, 2.0])))) == 3.0


# --- vjp, jvp, linearize -------------------------------------------------------------------------
def test_vjp_may_be_called_again():
    value, pull = dt.vjp(f, X)
    np.testing.assert_allclose(value, f(X))
    J = numeric(f, X)
    for ct in (np.array([1.0, 0.0]), np.array([0.5, -2.0])):
        (g,) = pull(ct)
        np.testing.assert_allclose(g, ct @ J, rtol=1e-6)


def test_vjp_of_trees_with_auxiliary():
    value, pull, aux = dt.vjp(
        lambda d: ({"s": d["a"] * d["b"]}, "note"), {"a": X, "b": 2.0}, has_aux=True
    )
    assert aux == "note"
    (g,) = pull({"s": np.ones(3)})
    np.testing.assert_allclose(g["a"], [2.0, 2.0, 2.0])
    assert g["b"] == pytest.approx(X.sum())
    assert type(value["s"]) is np.ndarray


def test_the_identity_gives_a_copy_of_the_cotangent():
    ct = np.ones(3)
    (g,) = dt.vjp(lambda x: x, X)[1](ct)
    assert g is not ct


def test_jvp_and_linearize():
    v = np.array([1.0, -1.0, 0.5])
    value, slope = dt.jvp(f, (X,), (v,))
    np.testing.assert_allclose(value, f(X))
    np.testing.assert_allclose(slope, numeric(f, X) @ v, rtol=1e-6)
    value, linear = dt.linearize(f, X)
    np.testing.assert_allclose(value, f(X))
    np.testing.assert_allclose(linear(v), slope)
    np.testing.assert_allclose(linear(2 * v), 2 * slope)


def test_linearize_does_not_call_again():
    calls = []

    def counted(x):
        calls.append(1)
        return x * x

    _, linear = dt.linearize(counted, X)
    linear(X), linear(X)
    assert len(calls) == 1


def test_jvp_of_what_does_not_depend():
    value, slope = dt.jvp(lambda x: (x * 2, np.float64(7.0)), (X,), (X,))
    assert value[1] == 7.0
    assert slope[1] == 0.0


# --- jacobian, hessian, hvp ----------------------------------------------------------------------
@pytest.mark.parametrize("jacobian", [dt.jacfwd, dt.jacrev, dt.jacobian])
def test_jacobians(jacobian):
    np.testing.assert_allclose(jacobian(f)(X), numeric(f, X), rtol=1e-6)
    tall = lambda x: np.outer(x, x)  # noqa: E731
    np.testing.assert_allclose(jacobian(tall)(X), numeric(tall, X), rtol=1e-6)
    tree = jacobian(lambda a, b: {"y": a * b, "z": b}, (0, 1))(X, 2.0)
    np.testing.assert_allclose(tree["y"][0], 2 * np.eye(3))
    np.testing.assert_allclose(tree["y"][1], X)
    np.testing.assert_allclose(tree["z"][0], np.zeros(3))
    assert tree["z"][1] == 1.0


@pytest.mark.parametrize("jacobian", [dt.jacfwd, dt.jacrev])
def test_holomorphic_jacobian(jacobian):
    z = np.array([0.3 + 1.0j, -0.2j])
    f = jacobian(lambda z: z**2 * (1 + 1j), holomorphic=True)
    np.testing.assert_allclose(f(z), np.diag(2 * z * (1 + 1j)))


@pytest.mark.parametrize("jacobian", [dt.jacfwd, dt.jacrev, dt.jacobian, dt.hessian])
def test_complex_numbers_need_a_holomorphic_function(jacobian):
    with pytest.raises(TypeError, match="holomorphic=True if the function is"):
        jacobian(lambda z: np.real(z * z))(1 + 1j)


def test_complex_output_of_real_arguments():
    f = lambda x: np.exp(1j * x)  # noqa: E731
    want = np.diag(1j * np.exp(1j * X))
    np.testing.assert_allclose(dt.jacfwd(f)(X), want)
    np.testing.assert_allclose(dt.jacobian(f)(X), want)
    with pytest.raises(TypeError, match="two real rows"):
        dt.jacrev(f)(X)


def test_jacobian_chooses_by_shape():
    calls = []

    def f(x):
        calls.append(modes.depth())
        return x[:2] * 3.0 if len(calls) < 2 else np.stack([x, x, x])

    dt.jacobian(f)(X)
    assert calls == [0]  # reverse: run once, outside of any box
    dt.jacobian(f)(X)
    assert len(calls) == 3
    assert calls[2] > 0  # forward: run again, inside


def test_hessian():
    H = dt.hessian(rosenbrock)(X)
    np.testing.assert_allclose(H, numeric(dt.grad(rosenbrock), X), rtol=1e-5)
    np.testing.assert_allclose(H, H.T)
    both = dt.hessian(lambda a, b: np.sum(a * a) * b, (0, 1))(X, 2.0)
    np.testing.assert_allclose(both[0][0], 4 * np.eye(3))
    np.testing.assert_allclose(both[0][1], 2 * X)
    np.testing.assert_allclose(both[1][0], 2 * X)
    assert both[1][1] == 0.0


def test_hvp():
    v = np.array([1.0, 2.0, -1.0])
    gradient, product = dt.hvp(rosenbrock, (X,), (v,))
    np.testing.assert_allclose(gradient, dt.grad(rosenbrock)(X))
    np.testing.assert_allclose(product, dt.hessian(rosenbrock)(X) @ v)


# --- vmap ---------------------------------------------------------------------------------------
def test_vmap_axes():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(
        dt.vmap(lambda x, y: np.sum(x) * y, (1, 0))(a, b), a.sum(0)[:, None] * b
    )
    np.testing.assert_allclose(dt.vmap(lambda x, y: x + y, (0, None), 1)(a, np.ones(3)), (a + 1).T)
    np.testing.assert_allclose(
        dt.vmap(lambda d, s: d["x"] * s, ({"x": 0}, None))({"x": X}, 2.0), 2 * X
    )
    np.testing.assert_allclose(dt.vmap(lambda x: np.ones(2), axis_size=3)(X), np.ones((3, 2)))
    np.testing.assert_allclose(dt.vmap(lambda *, k: k * 2)(k=X), 2 * X)
    one, two = dt.vmap(lambda x: (x, 5.0), out_axes=(0, None))(X)
    np.testing.assert_allclose(one, X)
    assert two == 5.0


def test_vmap_nested():
    a, b = np.arange(3.0), np.arange(4.0)
    outer = dt.vmap(dt.vmap(lambda x, y: x * y + x, (None, 0)), (0, None))
    np.testing.assert_allclose(outer(a, b), np.outer(a, b) + a[:, None])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dt.vmap(np.sin, in_axes=None)(X), "no argument is batched"),
        (lambda: dt.vmap(np.dot)(X, np.ones(4)), "differ in length: 3 .*4"),
        (lambda: dt.vmap(np.sin, in_axes=1)(X), r"axis 1 of an argument of shape \[3\]"),
        (lambda: dt.vmap(np.sin, in_axes=(0, 0))(X), "is not a prefix"),
        (lambda: dt.vmap(np.sin, out_axes=None)(X), "differs from example to example"),
        (lambda: dt.vmap(np.sin, out_axes=3)(X), "out_axes asks for axis 3"),
        (lambda: dt.vmap(np.sin, randomness="some"), "'error', 'different' or 'same'"),
        (lambda: dt.vmap(lambda x: "text")(X), "returned str"),
        (lambda: dt.grad(f)(X), r"returns a scalar, but it returned an array of shape \[2\]"),
        (lambda: dt.grad(np.sum)(np.arange(3)), "int64, which has no derivatives"),
        (lambda: dt.grad(lambda x: x)(3), "pass 3.0 instead of 3"),
        (lambda: dt.grad(lambda x: x, 1)(3.0), "argument 1 of <lambda>, which was called with 1"),
        (lambda: dt.grad(lambda x: x, "y")(3.0), "respect to 'y', which <lambda> was called without"),
        (lambda: dt.grad(3), "expected a function, got int"),
        (lambda: dt.grad(f, 1.5), "positions or names, got float"),
        (lambda: dt.grad(lambda x: None)(3.0), "returned NoneType"),
        (lambda: dt.grad(lambda x: x > 0)(3.0), "returned bool, which has no derivatives"),
        (lambda: dt.grad(lambda x: x, has_aux=True)(3.0), r"must return \(output, auxiliary\)"),
        (lambda: dt.grad(lambda s: 1.0)("text"), "got str: 'text'"),
        (lambda: dt.jvp(np.sin, (X,), (np.ones(2),)), r"primal's shape \[3\], got \[2\]"),
        (lambda: dt.jvp(np.sin, (X,), (X, X)), "tangents: the structure does not match"),
        (lambda: dt.jvp(np.sin, (1.0,), (1j,)), "primal's dtype float64, got complex128"),
        (lambda: dt.jvp(np.sin, X, X), "must be tuples"),
        (lambda: dt.vjp(np.sin, X)[1](np.ones(2)), r"output's shape \[3\], got \[2\]"),
        (lambda: dt.vjp(np.sin, X)[1](X * 1j), "output's dtype float64, got complex128"),
        (lambda: dt.vjp(np.sin, X)[1]((X, X)), "cotangent: the structure does not match"),
        (lambda: dt.linearize(np.sin, X)[1](np.ones(2)), r"primal's shape \[3\], got \[2\]"),
        (lambda: dt.jacobian(f, mode="sideways"), "'forward', 'reverse' or None"),
    ],
)  # fmt: skip
def test_errors(call, message):
    with pytest.raises((ValueError, TypeError, RuntimeError), match=message):
        call()
    assert modes.depth() == 0
    assert modes.current() == 0


def test_a_value_that_escapes_is_caught():
    kept = []
    dt.vmap(lambda x: kept.append(x) or x)(X)
    with pytest.raises(RuntimeError, match=r"after it ended|had ended"):
        kept[0] + 1


def test_an_exception_leaves_no_state_behind():
    def bad(x):
        raise KeyError("mine")

    for transform in (dt.grad, dt.jacfwd, dt.jacrev, dt.hessian, dt.vmap):
        with pytest.raises(KeyError, match="mine"):
            transform(lambda x: np.sum(dt.vmap(bad)(x)))(X[None] if transform is dt.vmap else X)
        assert modes.depth() == modes.current() == 0
    assert dt.grad(np.sin)(0.0) == 1.0
