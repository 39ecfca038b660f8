"""Control flow in compiled functions: the same numbers as eagerly, whatever is taken inside and outside."""

import importlib.util
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch

BACKENDS = ["numpy", "native"] if importlib.util.find_spec("llvmlite") else ["numpy"]
chosen = ["numpy"]


@pytest.fixture(autouse=True, params=BACKENDS)
def backend(request):
    chosen[0] = request.param


def jit(f):
    return dt.jit(f, strict=True, backend=chosen[0])


def same(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def twice(f):
    return dt.grad(dt.grad(f))


def slope(f):
    return lambda x: dt.jvp(f, (x,), (1.0,))[1]


def branch(x):
    return dt.cond(x > 0, lambda x: np.sin(x) * x, lambda x: x**3, x)


def grow(x):
    return dt.while_loop(lambda y: y < 100, lambda y: y * y + 0.1 * x, x)


SCALAR_TRANSFORMS = {
    "value": lambda f: f,
    "grad": dt.grad,
    "jvp": slope,
    "reverse over reverse": twice,
    "forward over reverse": lambda f: dt.jacfwd(dt.jacrev(f)),
    "reverse over forward": lambda f: dt.jacrev(dt.jacfwd(f)),
    "third": lambda f: dt.grad(twice(f)),
}


@pytest.mark.parametrize("name", SCALAR_TRANSFORMS)
@pytest.mark.parametrize(("f", "at"), [(branch, (1.5, -0.7)), (grow, (2.0, 3.3, 200.0))])
def test_conditions_and_whiles(name, f, at):
    g = SCALAR_TRANSFORMS[name](f)
    compiled = jit(g)
    for x in at:
        same(compiled(np.float64(x)), g(np.float64(x)))
    examples = np.array(at)
    same(jit(dt.vmap(g))(examples), dt.vmap(g)(examples))


@pytest.mark.parametrize("f", [branch, grow])
def test_transformations_outside_of_the_compiled_function(f):
    compiled = dt.jit(f)
    x, xs = np.float64(2.7), np.array([2.1, 2.7, 20.0])
    same(dt.grad(compiled)(x), dt.grad(f)(x))
    same(twice(compiled)(x), twice(f)(x))
    same(dt.vmap(compiled)(xs), dt.vmap(f)(xs))
    same(dt.jvp(compiled, (x,), (1.0,))[1], dt.grad(f)(x))


A = np.array([[0.5, 0.2], [-0.3, 0.8]])


def powers(x, a):
    return np.sum(dt.fori_loop(0, 7, lambda i, y: np.tanh(a @ y) + 0.1 * i * x, x))


@pytest.mark.parametrize("argnum", [0, 1])
def test_counted_loops_with_closures(argnum):
    x = np.array([0.3, -0.4])
    same(jit(powers)(x, A), powers(x, A))
    same(jit(dt.grad(powers, argnum))(x, A), dt.grad(powers, argnum)(x, A))
    want = dt.hessian(powers, argnum)(x, A)
    same(jit(dt.hessian(powers, argnum))(x, A), want)
    same(jit(dt.jacrev(dt.jacrev(powers, argnum), argnum))(x, A), want)
    same(jit(dt.jacrev(dt.jacfwd(powers, argnum), argnum))(x, A), want)


@pytest.mark.parametrize("reverse", [False, True])
def test_scans(reverse):
    def f(c, xs):
        return dt.scan(lambda c, x: (np.sin(c) * x, (c * x, np.sum(c))), c, xs, reverse=reverse)

    def total(c, xs):
        last, (a, b) = f(c, xs)
        return np.sum(last) + np.sum(a**2) + np.sum(b)

    rng = np.random.default_rng(0)
    c, xs = np.ones(3), rng.normal(size=(5, 3))
    got, want = jit(f)(c, xs), f(c, xs)
    same(got[0], want[0])
    same(got[1][0], want[1][0])
    same(got[1][1], want[1][1])
    for i in (0, 1):
        same(jit(dt.grad(total, i))(c, xs), dt.grad(total, i)(c, xs))
        same(jit(dt.hessian(total, i))(c, xs), dt.hessian(total, i)(c, xs))
        same(jit(dt.jacrev(dt.jacrev(total, i), i))(c, xs), dt.hessian(total, i)(c, xs))
    wide = rng.normal(size=(5, 4, 3))
    for g in (total, dt.grad(total, 1)):
        same(jit(dt.vmap(g, (None, 1)))(c, wide), dt.vmap(g, (None, 1))(c, wide))
        same(jit(dt.vmap(g, (0, None)))(wide[0], xs), dt.vmap(g, (0, None))(wide[0], xs))


def test_nested_loops():
    def f(w, x):
        def inner(x):
            def middle(j, z):
                return dt.fori_loop(0, 2, lambda k, u: np.tanh(w @ u) + 0.1 * k * x, z) * 0.5 + j

            return dt.fori_loop(0, 3, middle, x)

        return np.sum(
            dt.while_loop(lambda s: s[1] < 3, lambda s: (inner(s[0]), s[1] + 1), (x, 0))[0]
        )

    x = np.array([0.1, 0.2])
    for g in (f, dt.grad(f), dt.jacrev(dt.jacrev(f))):
        same(jit(g)(A, x), g(A, x))
    batch = dt.vmap(dt.grad(f), (0, None))
    ws = np.stack([A, 1.1 * A, -0.3 * A])
    same(jit(batch)(ws, x), batch(ws, x))


def test_a_gradient_in_each_step():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 3))
    y = x @ np.array([1.0, 2.0, 3.0])

    def train(w, x, y):
        def loss(w):
            return np.mean((x @ w - y) ** 2)

        return dt.fori_loop(0, 50, lambda i, w: w - 0.1 * dt.grad(loss)(w), w)

    w = np.zeros(3)
    same(jit(train)(w, x, y), train(w, x, y))
    same(jit(dt.jacrev(train, 2))(w, x, y), dt.jacrev(train, 2)(w, x, y))


def test_a_batch_in_each_step():
    def f(w, xs):
        rows = dt.vmap(lambda r: np.tanh(w @ r))
        return np.sum(dt.fori_loop(0, 4, lambda i, a: rows(a), xs))

    xs = np.random.default_rng(0).normal(size=(5, 2))
    same(jit(dt.grad(f))(A, xs), dt.grad(f)(A, xs))


def test_no_steps():
    one = np.float64(3.0)

    def f(x):
        return dt.fori_loop(3, 3, lambda i, y: y * x, x * 2)

    same(jit(f)(one), 6.0)
    same(jit(dt.grad(f))(one), 2.0)

    def g(x):
        return dt.while_loop(lambda y: y < 0, lambda y: y * 2 * x, x)

    same(jit(dt.grad(g))(one), 1.0)
    last, stacked = jit(lambda x, xs: dt.scan(lambda c, e: (c * e, c + e), x, xs))(
        one, np.zeros((0, 2, 2))[:, 0, 0]
    )
    same(last, 3.0)
    assert stacked.shape == (0,)


def test_bounds_that_are_data():
    def f(n, x):
        return dt.fori_loop(0, n, lambda i, y: y * x + i, x)

    compiled, slopes = jit(f), jit(dt.grad(f, 1))
    for n in (0, 1, 5):
        same(compiled(np.int64(n), np.float64(1.5)), f(n, 1.5))
        same(slopes(np.int64(n), np.float64(1.5)), dt.grad(f, 1)(n, 1.5))


CALLS = ContextVar("calls", default=0)  # which a compiled function may set unnoticed


def counted(i, x):
    CALLS.set(CALLS.get() + 1)
    return np.sin(x) + 1e-6 * i


def test_a_body_is_traced_once_however_many_steps_there_are():
    before = CALLS.get()
    f = jit(lambda x: dt.fori_loop(0, 5000, counted, x))
    f(np.float64(0.1))
    assert CALLS.get() - before <= 2
    assert len(f.graph().calls) == 1
    assert f.graph().calls[0].primitive.name == "fori_loop"


def descend(x, w):
    return dt.while_loop(lambda y: y > 0.5, lambda y: y - w * np.sqrt(y - 0.5), x)


def test_no_nan_leaks_from_examples_that_are_done():
    xs, w = np.array([0.2, 0.9, 3.0, 0.5]), np.float64(0.7)
    want = sum(dt.grad(lambda w, x=x: descend(x, w))(w) for x in xs)

    def batch(w):
        return dt.vmap(lambda x: descend(x, w))(xs)

    same(jit(dt.grad(lambda w: np.sum(batch(w))))(w), want)
    same(np.sum(jit(lambda w: dt.jvp(batch, (w,), (1.0,))[1])(w)), want)
    both = dt.grad(descend, argnums=(0, 1))
    each = jit(dt.vmap(both, in_axes=(0, None)))(xs, w)
    same(np.stack(each, 1), np.array([both(x, w) for x in xs]))


@pytest.mark.parametrize("xs", [np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0])])
def test_no_nan_leaks_from_a_branch_that_was_not_taken(xs):
    def f(x, w):
        return dt.cond(x > 0, lambda x: np.log(x) * w, lambda x: w * np.sqrt(-x) / x, x)

    want = sum(dt.grad(f, argnums=1)(x, 0.3) for x in xs)
    same(jit(dt.grad(lambda w: np.sum(dt.vmap(lambda x: f(x, w))(xs))))(np.float64(0.3)), want)


def test_a_body_that_needs_the_number_of_its_step_is_unrolled():
    table = [1.0, 2.0, 3.0]

    def f(x):
        return dt.fori_loop(0, 3, lambda i, y: y * table[i], x)

    same(jit(f)(np.float64(2.0)), 12.0)


def test_random_numbers_are_drawn_at_each_step():
    def f(x):
        return dt.fori_loop(0, 4, lambda i, y: y + torch.rand(2), x)

    torch.manual_seed(3)
    want = f(torch.zeros(2))
    torch.manual_seed(3)
    got = torch.compile(f, fullgraph=True)(torch.zeros(2))
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-6)


ERRORS = {
    "dtype": (
        lambda x: dt.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 0.5, c[1]), (np.array(1), x)),
        r"carried value\[0\] was int64\[\](.|\n)*returned float64\[\](.|\n)*test_control_compiled",
    ),
    "shape": (
        lambda x: dt.scan(lambda c, x: ((c[0], {"h": np.ones(3)}), x), (x, {"h": np.ones(2)}), np.ones(4)),
        r"carried value\[1\]\['h'\] was float64\[2\](.|\n)*float64\[3\]",
    ),
    "branches": (
        lambda x: dt.cond(x > 1, lambda: np.ones(2), lambda: np.ones(3)),
        r"results must be alike(.|\n)*false_fun returned float64\[3\](.|\n)*true_fun returned float64\[2\]",
    ),
    "structure": (
        lambda x: dt.cond(x > 1, lambda: np.ones(2), lambda: (np.ones(2),)),
        "branches must return the same structure",
    ),
    "predicate": (
        lambda x: dt.while_loop(lambda c: c < np.ones(2), lambda c: c, x),
        "predicate must be a scalar",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_messages(name):
    f, text = ERRORS[name]
    with pytest.raises(Exception, match=text):
        jit(f)(np.float64(1.0))


def test_a_loop_over_a_module_trains_it():
    def losses(compiled):
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x = torch.ones(2, 3)

        def step(x):
            optimizer.zero_grad()
            h = dt.fori_loop(0, 5, lambda i, h: torch.tanh(model(h)), x)
            loss = (h**2).sum()
            loss.backward()
            optimizer.step()
            return loss

        run = torch.compile(step) if compiled else step
        return [run(x).item() for _ in range(4)], run

    want, _ = losses(False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got, run = losses(True)
    np.testing.assert_allclose(got, want, rtol=1e-5)
    assert "fori_loop" in {c.primitive.name for c in run.graph().calls}


def test_a_loss_computed_in_a_compiled_loop_goes_backward():
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 3)
    x = torch.ones(2, 3)

    def loss(x):
        def body(s):
            return (torch.tanh(model(s[0])), s[1] + 1)

        h, _ = dt.while_loop(lambda s: s[1] < 3, body, (x, torch.tensor(0)))
        return (h**2).sum()

    def gradients(f):
        model.zero_grad()
        f(x).backward()
        return [p.grad.numpy().copy() for p in model.parameters()]

    want = gradients(loss)
    compiled = torch.compile(loss, fullgraph=True)
    for _ in range(2):
        for a, b in zip(gradients(compiled), want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.skipif("native" not in BACKENDS, reason="needs llvmlite")
@pytest.mark.parametrize("steps", [0, 1, 63, 64, 65, 200, 70000])
def test_native_loops_of_any_length(steps):
    f = lambda x: dt.while_loop(  # noqa: E731
        lambda s: s[0] < steps, lambda s: (s[0] + 1, np.sin(s[1]) + x), (0, x)
    )[1]
    for g in (f, dt.grad(f)) if steps <= 200 else (f,):
        same(dt.jit(g, strict=True)(np.float64(0.3)), g(np.float64(0.3)))


def test_threads_do_not_meet_in_a_loop():
    f = jit(lambda x: dt.fori_loop(0, 2000, lambda i, y: np.sin(y) + x, x))
    xs = np.linspace(0, 1, 8)
    want = [f(x) for x in xs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            same(list(pool.map(f, xs)), want)


def outcome(make, compiled):
    f, state = make()
    run = torch.compile(f) if compiled else f
    outs = [run(torch.ones(3)).detach().numpy().copy() for _ in range(3)]
    return [*outs, *[t.detach().numpy().copy() for t in state]]


def writing(steps):
    def make():
        buffer = torch.zeros(3)

        def f(x):
            def body(i, x):
                buffer.add_(x)
                return x + 1

            return dt.fori_loop(0, steps, body, x)

        return f, [buffer]

    return make


def batch_norm():
    m = torch.nn.BatchNorm1d(3)

    def f(x):
        wide = torch.arange(4.0)[:, None]
        return dt.fori_loop(0, 3, lambda i, x: m(x[None] * wide)[0] + x, x)

    return f, [m.running_mean]


def keeping():
    kept = []

    def f(x):
        def body(i, x):
            kept.append(x)
            return x + 1

        return dt.fori_loop(0, 3, body, x) + kept[-1]

    return f, []


@pytest.mark.filterwarnings("ignore:torch.compile")
@pytest.mark.parametrize("make", [writing(3), writing(300), batch_norm, keeping])
def test_what_a_body_does_besides_is_done_at_every_step(make):
    for a, b in zip(outcome(make, True), outcome(make, False), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def with_no_grad(y):
    with torch.no_grad():
        return y * y


STOPS = {
    "detach": lambda y: (y * y).detach(),
    "no_grad": with_no_grad,
    "data": lambda y: (y * y).data,
    "detach_": lambda y: (y * y).detach_(),
    "stop_gradient": lambda y: dt.stop_gradient(y * y),
    "nothing": lambda y: y * y,
}


@pytest.mark.parametrize("name", STOPS)
@pytest.mark.parametrize("kind", ["fori", "while", "cond"])
def test_what_stops_gradients_stops_them_in_a_body(name, kind):
    stop = STOPS[name]
    w = torch.tensor([0.9], requires_grad=True)
    if kind == "fori":
        loop = lambda x: dt.fori_loop(0, 3, lambda i, y: y * w + stop(y), x)  # noqa: E731
    elif kind == "while":
        loop = lambda x: dt.while_loop(  # noqa: E731
            lambda s: s[0] < 3,
            lambda s: (s[0] + 1, s[1] * w + stop(s[1] + w)),
            (torch.tensor(0), x),
        )[1]
    else:
        loop = lambda x: dt.cond(x.sum() > 0, lambda: x * w + stop(x * w), lambda: x)  # noqa: E731

    def slope(run):
        w.grad = None
        run(torch.ones(1)).backward()
        return w.grad.item()

    f = lambda x: loop(x * w).sum()  # noqa: E731
    want = slope(f)
    for _ in range(2):
        np.testing.assert_allclose(slope(torch.compile(f, fullgraph=True)), want, rtol=1e-5)
