"""Arrays that are overwritten after they were used: the derivative is that of what was there."""

# ruff: noqa: B023 - functions are called where they are made

import gc
import threading

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp
from dualtape.core.errors import InplaceError
from dualtape.numpy import journal

X = np.array([0.5, 1.2, -0.7])
V = np.array([1.0, 2.0, -1.0])


def kalman(np_, x):
    P = np_.array(np.outer(x, x) + np.eye(3))
    total = 0.0
    for r in (0.5, 0.7):
        S = P[:, 0] / (P[0, 0] + r)
        P -= np.outer(S, P[0])
        total = total + np.sum(np.log(np.diag(P) + 1) * S)
    return total


def running_sum(np_, x):
    y = np.sin(x)
    for _ in range(3):
        y[1:] += y[:-1] * y[0]
    return np.sum(y**2)


def scaled(np_, x):
    a = x * 1.0
    b = np.sin(a)
    alias = a
    a *= 2
    c = np.exp(alias)
    a -= c
    return np.sum(a * b * c)


def views_of_views(np_, x):
    a = np.outer(x, x)
    b = a[1:]
    c = b.T[::-1]
    s = np.sin(c)
    c[0] *= b[:, 1]
    t = np.cos(a) * b[0]
    b[...] = b**2
    a[:, ::2] += 1.5
    return np.sum(s) + np.sum(t * a) + np.sum(c * s)


def by_out(np_, x):
    a = np.exp(x)
    b = a * a
    np.sin(a, out=a)
    np.multiply(a, b, out=b)
    np.add(a, b, out=a[::-1])
    return np.sum(a * b)


def by_masks_and_lists(np_, x):
    a = x * 2
    b = np.tanh(a)
    a[a > 0] *= 3.0
    c = a * b
    a[[0, 2]] = c[[2, 1]]
    b[np.array([True, False, True])] += a[1]
    d = a * b
    d[[0, 0, 1]] = a * a
    return np.sum(c * d) + np.sum(a * b)


def gauss_seidel(np_, x):
    u = np_.zeros(5)
    u[1:4] = x
    for _ in range(4):
        for i in range(1, 4):
            u[i] = 0.5 * np.sin(u[i - 1] + u[i + 1] ** 2) + 0.1 * x[i - 1]
        u[0] = u[2] * u[3]
    return np.sum(u**2)


def filled_again(np_, x):
    buffer = np_.empty(3)
    total = 0.0
    for k in range(4):
        buffer[:] = x * k
        buffer[k % 3] += 1.0
        total = total + np.sum(np.cos(buffer) * buffer)
    buffer.fill(2.0)
    return total


def sorted_in_place(np_, x):
    a = x * x
    b = np.sqrt(a)
    a.sort()
    return np.sum(a * b * np.arange(3.0))


def swapped_rows(np_, x):
    a = np.outer(x, np.cos(x))
    d = a * a
    a[[0, 2]] = a[[2, 0]]
    np.fill_diagonal(a, x[1])
    return np.sum(a * d)


PROGRAMS = [
    kalman, running_sum, scaled, views_of_views, by_out, by_masks_and_lists, gauss_seidel, filled_again, sorted_in_place, swapped_rows,
]  # fmt: skip


def numeric(f, x, h=1e-6):
    return (f(x + h * V) - f(x - h * V)) / (2 * h)


@pytest.fixture(params=PROGRAMS, ids=lambda f: f.__name__)
def program(request):
    f = request.param
    return (lambda x: f(np, x)), (lambda x: f(dnp, x))


def test_first_order(program):
    plain, f = program
    y, g = dt.value_and_grad(f)(X)
    np.testing.assert_allclose(y, plain(X.copy()), rtol=1e-13)
    want = numeric(plain, X)
    np.testing.assert_allclose(g @ V, want, rtol=1e-6)
    np.testing.assert_allclose(dt.jvp(f, (X,), (V,))[1], want, rtol=1e-6)
    _, pullback = dt.vjp(f, X)
    for _ in range(2):
        np.testing.assert_array_equal(pullback(1.0)[0], g)
    np.testing.assert_allclose(dt.jacobian(f)(X), g, rtol=1e-12)


def test_second_order(program):
    _, f = program

    def slope(x):
        return dt.grad(f)(x) @ V

    want = numeric(slope, X)
    np.testing.assert_allclose(dt.grad(slope)(X) @ V, want, rtol=1e-5)
    np.testing.assert_allclose(dt.jvp(slope, (X,), (V,))[1], want, rtol=1e-5)
    other = dt.grad(lambda x: dt.jvp(f, (x,), (V,))[1])(X) @ V
    np.testing.assert_allclose(other, want, rtol=1e-5)


def test_batches(program):
    plain, f = program
    if f.__closure__[0].cell_contents is by_masks_and_lists:
        pytest.skip("a mask that differs from example to example")
    rows = np.stack([X, X * 0.9 + 0.01])
    np.testing.assert_allclose(dt.vmap(f)(rows), [plain(r.copy()) for r in rows], rtol=1e-13)
    want = np.stack([dt.grad(f)(r) for r in rows])
    np.testing.assert_allclose(dt.vmap(dt.grad(f))(rows), want, rtol=1e-11)
    np.testing.assert_allclose(dt.grad(lambda r: dt.vmap(f)(r).sum())(rows), want, rtol=1e-11)


def test_what_is_kept_of_an_outer_function():
    def f(x, in_place):
        b = x * 2

        def one(s):
            a = b * 1.0
            _, pullback = dt.vjp(lambda z: np.sum(np.sin(z) * b * a), np.ones(3) * s)
            if in_place:
                a *= 2
            else:
                a = a * 2
            return np.sum(pullback(1.0)[0]) + np.sum(a) * s

        return dt.vmap(one)(np.array([1.0, 2.0])).sum()

    for transform in (dt.grad, dt.hessian):
        got = transform(lambda x: f(x, True))(X)
        np.testing.assert_allclose(got, transform(lambda x: f(x, False))(X), rtol=1e-13)


def test_an_argument_of_a_nested_function_is_not_written_to():
    def inner(a):
        a *= 2
        return np.sum(a * a)

    def f(x):
        a = x * 1.0
        return np.sum(np.sin(a)) + np.sum(dt.grad(inner)(a))

    with pytest.raises(InplaceError, match=r"a \*= 2"):
        dt.grad(f)(X)


@pytest.mark.parametrize("later", ["vjp", "linearize"])
def test_derivatives_taken_later_are_those_of_the_first_call(later):
    transform = getattr(dt, later)
    for make in (np.array, dnp.array):
        x, c = make([1.0, 2.0]), dnp.array([2.0, 3.0])
        plain = np.array([0.5, 0.25])
        f = lambda x: np.sum(np.sin(x) * c * plain)  # noqa: E731
        _, derivative = transform(f, x)
        given = 1.0 if later == "vjp" else np.ones(2)
        want = np.asarray(derivative(given))
        x[:], c[:], plain[:] = 0.0, 0.0, 0.0
        np.testing.assert_array_equal(np.asarray(derivative(given)), want)


def index(x, i, mask):
    return x[i]


def take(x, i, mask):
    return np.take(x, i) * x


def choose(x, i, mask):
    return np.where(mask, np.sin(x), x * x)


def along_axis(x, i, mask):
    return np.take_along_axis(x, i, 0) ** 2


def counted(x, i, mask):
    return np.bincount(i, x) ** 2


def masked(x, i, mask):
    return x[mask] ** 2


def powers(x, i, mask):
    return x**i * i


def assigned(x, i, mask):
    a = dnp.zeros(3)
    a[i] = x
    a[mask] *= 2.0
    return a * a


@pytest.mark.parametrize(
    "use", [index, take, choose, along_axis, counted, masked, powers, assigned]
)
def test_plain_indices_masks_and_exponents_may_be_overwritten(use):
    def f(x, overwrite=True):
        i, mask = np.array([2, 0, 1]), np.array([True, False, True])
        y = use(np.sin(x), i, mask)
        if overwrite:
            i[:], mask[:] = 0, False
        return np.sum(y * np.arange(1.0, len(y) + 1))

    want = dt.grad(lambda x: f(x, False))(X)
    np.testing.assert_array_equal(dt.grad(f)(X), want)
    np.testing.assert_allclose(dt.vmap(dt.grad(f))(X[None])[0], want, rtol=1e-14)
    got = dt.grad(lambda r: dt.vmap(f)(r).sum())(X[None])[0]
    np.testing.assert_allclose(got, want, rtol=1e-14)
    _, rows = dt.jvp(dt.grad(f), (X,), (V,))
    np.testing.assert_allclose(rows, dt.hessian(lambda x: f(x, False))(X) @ V, rtol=1e-12)


USES = [
    lambda x, a: np.sin(x) * np.broadcast_to(a, (2, 3)),
    lambda x, a: np.sin(x) * a,
    lambda x, a: x @ a,
    lambda x, a: np.arctan2(a, x),
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("batched", [False, True])
def test_a_small_plain_array_may_be_overwritten(use, batched):
    def f(x, overwrite=True):
        a = np.ones(3)
        y = use(x, a)
        if overwrite:
            a[:] = 2.0
        return np.sum(y)

    def run(f):
        return dt.grad(lambda r: dt.vmap(f)(r).sum())(X[None])[0] if batched else dt.grad(f)(X)

    np.testing.assert_allclose(run(f), run(lambda x: f(x, False)), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("at", [0, 77_777, -1])
def test_one_changed_element_of_a_large_plain_array_is_found(dtype, at):
    n = 100_001

    def f(x, change):
        a = np.ones(n, dtype)
        y = np.sum(np.real(a * x))
        a[at] = change
        return y

    x = np.linspace(1.0, 2.0, n).astype(np.float32 if dtype is np.float32 else np.float64)
    dt.grad(lambda x: f(x, 1.0))(x)
    with pytest.raises(InplaceError, match="plain NumPy array") as caught:
        dt.grad(lambda x: f(x, 2.0))(x)
    assert "test_overwriting.py" in "".join(caught.value.__notes__)


def test_rows_of_a_large_plain_array_that_change_places_are_found():
    def f(x, a):
        y = np.sum(a @ x)
        a[[0, 1]] = a[[1, 0]]
        return y

    with pytest.raises(InplaceError, match="plain NumPy array"):
        dt.grad(f)(np.ones(1024), np.arange(64 * 1024.0).reshape(64, 1024))


def test_what_is_handed_out_as_a_plain_array_is_a_copy():
    def f(x):
        c = dnp.ones(3)
        plain = np.asarray(c)
        y = np.sin(x) * c
        plain[0] = 7.0
        return np.sum(y)

    np.testing.assert_allclose(dt.grad(f)(X), np.cos(X))
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(dnp.ones(3), copy=False)[0] = 1.0


def test_states_that_nobody_needs_are_forgotten(monkeypatch):
    monkeypatch.setattr(journal, "_PATIENCE", 50_000)
    weights = []
    compact = journal.Journal._compact

    def watched(self, version):
        compact(self, version)
        weights.append(self._weight)

    monkeypatch.setattr(journal.Journal, "_compact", watched)

    def f(np_, x):
        a = x * 1.0
        b = np.sin(a)
        for i in range(200):
            a *= 0.99
            a[i % 7 :: 7] += 0.01
            if i == 120:
                b = b * np.cos(a)
        return np.sum(a * b)

    x = np.linspace(0.0, 1.0, 1000)
    got = dt.grad(lambda x: f(dnp, x))(x)
    h = 1e-6
    want = (f(np, x + h * np.cos(x)) - f(np, x - h * np.cos(x))) / (2 * h)
    np.testing.assert_allclose(got @ np.cos(x), want, rtol=1e-6)
    assert weights
    assert max(weights) < 60_000


def test_the_cost_of_a_write_does_not_depend_on_the_array():
    def copies(n):
        kept = []

        def f(x):
            a = dnp.zeros(n)
            y = np.cos(a) * x[0]
            for i in range(50):
                a[i] = x[0] * i
            kept.append(a.version.journal._weight)
            return np.sum(y) + np.sum(a)

        dt.grad(f)(np.ones(1))
        return kept[0]

    assert copies(100) == copies(100_000)


def test_writes_by_eight_threads_at_once():
    _, f = (None, lambda x: views_of_views(dnp, x) + kalman(dnp, x))
    want = dt.grad(f)(X)
    found = []

    def run():
        for _ in range(5):
            found.append(dt.grad(f)(X))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 40
    assert all(np.array_equal(g, want) for g in found)


def test_nothing_stays_behind():
    gc.collect()
    dt.grad(lambda x: views_of_views(dnp, x))(X)
    gc.collect()
    assert not [o for o in gc.get_objects() if type(o) is journal.Journal]
