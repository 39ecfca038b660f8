"""Arrays that are assigned into: differentiable in every mode and nesting, through views too."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp
from dualtape.core.errors import InplaceError

X = np.array([0.5, 1.2, -0.7])


def elements(np_, x):
    a = np_.zeros(4)
    a[0] = x[0] * x[1]
    a[1:3] = np.sin(x[1:])
    a[-1] = a[0] + a[1]
    return np.sum(a * np.arange(1.0, 5))


def through_views(np_, x):
    a = np_.zeros((3, 3))
    a[1:][0] = x
    a.T[2] = x * x
    b = a[:, 0]
    b[1] = x[2] * x[0]
    b *= 3.0
    a[0, 1:] += x[1]
    return np.sum(a * np.arange(9.0).reshape(3, 3))


def picked(np_, x):
    a = np_.ones(5)
    a[[0, 3]] = x[:2]
    a[np.array([False, True, False, False, True])] = x[2]
    a[a > 1] *= x[0]
    return np.sum(a * np.arange(1.0, 6) ** 2)


def stale_view(np_, x):
    a = np_.zeros(3)
    b = a[1:]
    a[1] = x[0]
    a[2] = x[1] * x[2]
    return b[0] * b[1] + np.sum(b)


def row_by_row(np_, x):
    u = np_.empty((6, 3))
    u[0] = x
    for i in range(5):
        u[i + 1] = u[i] + 0.1 * np.sin(u[i]) * u[i, ::-1]
    return np.sum(u[-1] * u[2])


def element_by_element(np_, x):
    u = np_.zeros(7)
    u[:3] = x
    for i in range(3, 7):
        u[i] = np.cos(u[i - 1]) * u[i - 3] + u[i - 2] ** 2
    return np.sum(u)


def rows_added_to(np_, x):
    u = np_.zeros((5, 3))
    for i in range(4):
        u[i] += x
        u[i + 1] = np.exp(-u[i]) * x
        u[i + 1, 1:] *= x[0]
    return np.sum(u * u[::-1])


def swapped(np_, x):
    a = np_.array(x)
    a[0], a[1] = a[1] * 2, a[0]
    a[::-1][0] = a[0] * a[2]
    return np.sum(a * np.arange(1.0, 4))


def augmented(np_, x):
    a = np_.zeros(3)
    total = 0.0
    for i in range(3):
        a += x * i
        total += a[i] * x[0]
        before = total
        total *= 1.5
        total -= before
    return total


def results_reused(np_, x):
    y = np.exp(x)
    y /= y.sum()
    z = np.sqrt(1 + y)
    z[1:] *= x[0]
    w = np.tanh(z)
    np.exp(w, out=w)
    np.multiply(w, w, out=w)
    np.add(w, x, out=w[::-1])
    return np.sum(w * y)


def like(np_, x):
    y = np.zeros_like(x)
    y[1:] = np.diff(x) ** 2
    z = np.empty_like(y)
    z[:] = y[::-1]
    z[0] /= x[1]
    return z @ y + z[0]


PROGRAMS = [
    elements, through_views, picked, stale_view, row_by_row, rows_added_to, element_by_element, swapped, augmented, results_reused, like,
]  # fmt: skip


def numeric(f, x, h=1e-6):
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


@pytest.fixture(params=PROGRAMS, ids=lambda f: f.__name__)
def program(request):
    f = request.param
    return (lambda x: f(np, x)), (lambda x: f(dnp, x))


def test_reverse(program):
    plain, f = program
    y, g = dt.value_and_grad(f)(X)
    np.testing.assert_allclose(y, plain(X), rtol=1e-14)
    np.testing.assert_allclose(g, numeric(plain, X), rtol=1e-7, atol=1e-8)


def test_forward(program):
    plain, f = program
    y, dy = dt.jvp(f, (X,), (np.array([1.0, 2.0, -1.0]),))
    np.testing.assert_allclose(y, plain(X), rtol=1e-14)
    np.testing.assert_allclose(dy, dt.grad(f)(X) @ [1.0, 2.0, -1.0], rtol=1e-12)


def test_vmap(program):
    plain, f = program
    if f.__closure__[0].cell_contents is picked:
        pytest.skip("a mask that differs from example to example")
    rows = np.stack([X, X * 0.9 + 0.01])
    np.testing.assert_allclose(dt.vmap(f)(rows), [plain(r) for r in rows], rtol=1e-14)
    want = np.stack([dt.grad(f)(r) for r in rows])
    np.testing.assert_allclose(dt.vmap(dt.grad(f))(rows), want, rtol=1e-12)
    np.testing.assert_allclose(dt.grad(lambda r: dt.vmap(f)(r).sum())(rows), want, rtol=1e-12)


def test_second_order(program):
    _, f = program
    want = np.stack([numeric(lambda x, i=i: dt.grad(f)(x)[i], X, 1e-5) for i in range(3)])
    np.testing.assert_allclose(dt.hessian(f)(X), want, rtol=1e-5, atol=1e-7)
    _, forward_over_reverse = dt.jvp(dt.grad(f), (X,), (X,))
    np.testing.assert_allclose(forward_over_reverse, want @ X, rtol=1e-5, atol=1e-6)
    reverse_over_forward = dt.grad(lambda x: dt.jvp(f, (x,), (X,))[1])(X)
    np.testing.assert_allclose(reverse_over_forward, want @ X, rtol=1e-5, atol=1e-6)


def write_element(x):
    x[0] = 2.0
    return x.sum()


def write_view(x):
    x[1:][:] = 2.0
    return x.sum()


def write_whole(x):
    x += 2.0
    return x.sum()


def write_out(x):
    np.sin(x, out=x)
    return x.sum()


@pytest.mark.parametrize("f", [write_element, write_view, write_whole, write_out])
def test_writing_to_the_argument_is_an_error_that_names_the_line(f):
    line = f.__code__.co_firstlineno + 1
    with pytest.raises(InplaceError, match=rf"test_writing\.py:{line} in .*\n.*x = x\.copy"):
        dt.grad(f)(X)
    dt.grad(lambda x: f(x.copy()))(X)


def test_scalars_do_not_change():
    def f(x):
        s = x[0]
        t = s
        s += x[1]
        u = x.sum()
        v = u
        u *= 2.0
        v = v.reshape(1)
        w = v
        v += 1
        return s * t + u * w[0]

    total = X.sum()
    want = np.array([2 * X[0] + X[1], X[0], 0]) + 2 * (total + 1) + 2 * total
    np.testing.assert_allclose(dt.grad(f)(X), want)
    with pytest.raises(TypeError, match="does not support item assignment"):
        dnp.zeros(3)[0][...] = 1.0
    a = dnp.array([1.0, 2.0])
    b = a[0]
    a[0] = 5.0
    assert float(b) == 1.0


def test_dtypes_of_writes():
    a = dnp.zeros(3, int)
    a[0] = 1.7
    assert a.tolist() == [1, 0, 0]
    with pytest.raises(TypeError, match="same_kind"):
        a += 0.5
    with pytest.raises(TypeError, match="complex"):
        dnp.zeros(2)[0] = 1j
    b = dnp.zeros(2, np.float32)
    b += np.ones(2)
    assert b.dtype == np.float32


def test_a_buffer_may_be_reused_where_nothing_is_kept_of_it():
    def f(x):
        a = np.ones(3)
        y = x + a
        a[:] = 7.0
        return np.sum(np.sin(y - a))

    np.testing.assert_allclose(dt.grad(f)(X), np.cos(X - 6))
