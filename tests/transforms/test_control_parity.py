"""Control flow and its derivatives beside plain Python's, and beside JAX's."""

import numpy as np
import pytest

import dualtape as dt
from dualtape.transforms import tree

jax = pytest.importorskip("jax")
jnp = jax.numpy


@pytest.fixture(autouse=True)
def _double():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


class Ours:
    np = np
    cond, while_loop, fori_loop, scan = (
        staticmethod(f) for f in (dt.cond, dt.while_loop, dt.fori_loop, dt.scan)
    )
    grad, jvp, vmap, hessian = (staticmethod(f) for f in (dt.grad, dt.jvp, dt.vmap, dt.hessian))
    jacfwd, jacrev = staticmethod(dt.jacfwd), staticmethod(dt.jacrev)


def _loop(f, in_axes=0):
    """Vmap, example by example."""

    def run(*args):
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        n = next(len(a) for a, axis in zip(args, axes, strict=True) if axis == 0)
        rows = [
            f(*[a if axis is None else a[i] for a, axis in zip(args, axes, strict=True)])
            for i in range(n)
        ]
        leaves = [tree.leaves(r) for r in rows]
        return tree.flatten(rows[0])[1].unflatten([np.stack(c) for c in zip(*leaves, strict=True)])

    return run


def _while(test, body, state):
    while test(state):
        state = body(state)
    return state


def _for(low, high, body, state):
    for i in range(low, high):
        state = body(i, state)
    return state


def _scan(f, state, xs, length=None, reverse=False):
    n = length or len(tree.leaves(xs)[0])
    outs = [None] * n
    for i in reversed(range(n)) if reverse else range(n):
        state, outs[i] = f(state, tree.map(lambda x, i=i: x[i], xs))
    return state, tree.map(lambda *o: np.stack(o), outs[0], *outs[1:])


class Plain(Ours):
    """Python's own control flow, and a loop for vmap."""

    cond = staticmethod(lambda p, a, b, *x: a(*x) if p else b(*x))
    while_loop, fori_loop, scan, vmap = (staticmethod(f) for f in (_while, _for, _scan, _loop))


class Theirs:
    np = jnp
    cond, while_loop, fori_loop, scan = (
        staticmethod(f) for f in (jax.lax.cond, jax.lax.while_loop, jax.lax.fori_loop, jax.lax.scan)
    )
    grad, jvp, vmap, hessian = (staticmethod(f) for f in (jax.grad, jax.jvp, jax.vmap, jax.hessian))
    jacfwd, jacrev = staticmethod(jax.jacfwd), staticmethod(jax.jacrev)


def branches(m):
    return lambda x, y: m.cond(x > y, lambda a, b: m.np.sin(a) * b, lambda a, b: a / b, x, y)


def nested_branches(m):
    def f(x, y):
        def inner(a, b):
            return m.cond(b > 0.5, lambda a: a * a * b, lambda a: m.np.exp(a), a)

        return m.cond(x > y, inner, lambda a, b: a - b**3, x, y)

    return f


def branches_with_trees(m):
    def f(x, y):
        out = m.cond(
            x * y > 0,
            lambda p: {"a": p["u"] * p["w"], "b": m.np.log(p["u"] ** 2)},
            lambda p: {"a": p["w"] ** 2, "b": p["u"]},
            {"u": x, "w": y},
        )
        return out["a"] + x * out["b"]

    return f


def counted(m):
    def f(x, y):
        def body(i, state):
            a, b = state
            return m.np.sin(a) + y * b, b * x + i

        a, b = m.fori_loop(0, 4, body, (x, y))
        return a * b

    return f


def scanned(m):
    def f(x, y):
        xs = m.np.linspace(0.1, 1.0, 5)

        def step(carry, e):
            h, c = carry
            h = m.np.tanh(h * x + e * y)
            return (h, c + h * e), h * c

        (h, c), out = m.scan(step, (y, x * x), xs)
        return h * c + m.np.sum(out**2)

    return f


def scanned_backwards(m):
    def f(x, y):
        out = m.scan(
            lambda s, e: (s * x + e["a"], s * e["b"]),
            y,
            {"a": m.np.arange(3.0), "b": x * m.np.arange(1.0, 4.0)},
            reverse=True,
        )
        return out[0] + m.np.sum(out[1] * m.np.arange(3.0))

    return f


def scanned_by_length(m):
    return lambda x, y: m.scan(lambda s, _: (m.np.cos(s) * x, s), y, None, length=3)[0]


def until(m):
    return lambda x, y: m.while_loop(
        lambda s: s[0] < 6.0, lambda s: (s[0] * 1.5 + 0.3, s[1] * m.np.sin(s[0])), (x * x + 0.5, y)
    )[1]


BOTH = [
    branches,
    nested_branches,
    branches_with_trees,
    counted,
    scanned,
    scanned_backwards,
    scanned_by_length,
]
XS, YS = np.array([0.7, -1.2, 2.1, 0.4]), np.array([0.3, 0.9, 0.6, -0.8])


def same(ours, theirs, rtol=1e-9):
    a, b = jax.tree.leaves(ours), jax.tree.leaves(theirs)
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        y = getattr(y, "value", y)
        assert np.shape(x) == np.shape(y)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=rtol, atol=1e-12)


FORWARD = {
    "value": lambda m, f: f(m)(XS[0], YS[0]),
    "jvp": lambda m, f: m.jvp(f(m), (XS[1], YS[1]), (1.0, 0.5)),
    "jvp of jvp": lambda m, f: m.jvp(
        lambda x: m.jvp(lambda y: f(m)(x, y), (YS[0],), (1.0,))[1], (XS[0],), (1.0,)
    ),
    "vmap": lambda m, f: m.vmap(f(m))(XS, YS),
    "vmap over one": lambda m, f: m.vmap(f(m), in_axes=(0, None))(XS, YS[0]),
    "vmap of vmap": lambda m, f: m.vmap(lambda x: m.vmap(lambda y: f(m)(x, y))(YS))(XS),
    "vmap of jvp": lambda m, f: m.vmap(lambda x, y: m.jvp(f(m), (x, y), (1.0, 2.0))[1])(XS, YS),
    "jacfwd": lambda m, f: m.jacfwd(lambda x: m.vmap(f(m))(x, YS))(XS),
}
BACKWARD = {
    "grad": lambda m, f: m.grad(f(m), argnums=(0, 1))(XS[2], YS[2]),
    "hessian": lambda m, f: m.hessian(f(m), argnums=(0, 1))(XS[3], YS[3]),
    "vmap of grad": lambda m, f: m.vmap(m.grad(f(m), argnums=(0, 1)))(XS, YS),
    "grad of vmap": lambda m, f: m.grad(lambda x: m.np.sum(m.vmap(f(m))(x, YS) ** 2))(XS),
    "grad of vmap over one": lambda m, f: m.grad(
        lambda y: m.np.sum(m.vmap(lambda x: f(m)(x, y))(XS) ** 2)
    )(YS[1]),
    "grad of vmap of grad": lambda m, f: m.grad(
        lambda y: m.np.sum(m.vmap(m.grad(lambda x: f(m)(x, y)))(XS) ** 2)
    )(YS[1]),
    "vmap of hessian": lambda m, f: m.vmap(m.hessian(f(m), argnums=1))(XS, YS),
}


@pytest.mark.parametrize("f", [*BOTH, until], ids=lambda f: f.__name__)
@pytest.mark.parametrize("what", FORWARD)
def test_forward(f, what):
    same(FORWARD[what](Ours, f), FORWARD[what](Plain, f))


@pytest.mark.parametrize("f", [*BOTH, until], ids=lambda f: f.__name__)
@pytest.mark.parametrize("what", BACKWARD)
def test_backward(f, what):
    same(BACKWARD[what](Ours, f), BACKWARD[what](Plain, f))


@pytest.mark.parametrize(
    "f", [nested_branches, branches_with_trees, scanned_backwards], ids=lambda f: f.__name__
)
def test_beside_jax(f):
    what = BACKWARD["grad of vmap over one"]
    same(what(Ours, f), what(Theirs, f))


def test_bounds_that_differ_from_example_to_example():
    def f(m):
        return lambda n, x: m.fori_loop(0, n, lambda i, y: y * x + i, 1.0)

    ns = np.array([0, 3, 1, 5])
    same(Ours.vmap(f(Ours))(ns, XS), Theirs.vmap(f(Theirs))(ns, XS))
    got = Ours.vmap(Ours.grad(f(Ours), argnums=1))(ns, XS)
    want = [Theirs.grad(f(Theirs), argnums=1)(int(n), x) for n, x in zip(ns, XS, strict=True)]
    same(got, np.array(want))


@pytest.mark.parametrize(
    "case",
    [
        lambda m: m.scan(lambda c, x: (m.np.float32(c), x), m.np.zeros(()), m.np.ones(3)),
        lambda m: m.scan(lambda c, x: ((c, c), x), m.np.zeros(()), m.np.ones(3)),
        lambda m: m.scan(lambda c, x: (m.np.ones(2), x), m.np.zeros(()), m.np.ones(3)),
        lambda m: m.scan(lambda c, x: c, m.np.zeros(()), m.np.ones(3)),
        lambda m: m.scan(lambda c, x: (c, x), 0.0, m.np.ones(3), length=4),
        lambda m: m.scan(lambda c, x: (c, x), 0.0, None),
        lambda m: m.scan(lambda c, x: (c, x[0]), 0.0, (m.np.ones(3), m.np.ones(4))),
        lambda m: m.while_loop(lambda c: c < 3, lambda c: (c + 1, c), m.np.zeros(())),
        lambda m: m.while_loop(lambda c: c[0] < 3, lambda c: c.reshape(3, 1), m.np.zeros(3)),
        lambda m: m.while_loop(lambda c: c < 3, lambda c: c + 1, m.np.zeros(3)),
        lambda m: m.fori_loop(0, 3, lambda i, c: m.np.stack([c, c]), m.np.zeros(3)),
        lambda m: m.cond(m.np.ones(2) > 0, lambda: 1.0, lambda: 2.0),
        lambda m: m.vmap(lambda p: m.cond(p, lambda: m.np.ones(2), lambda: m.np.ones(3)))(
            m.np.array([True, False])
        ),
        lambda m: m.vmap(lambda p: m.cond(p, lambda: (1.0, 2.0), lambda: 3.0))(
            m.np.array([True, False])
        ),
    ],
)
def test_what_jax_refuses_is_refused(case):
    with pytest.raises((TypeError, ValueError)):
        case(Theirs)
    with pytest.raises((TypeError, ValueError)):
        case(Ours)


def test_number_carries_take_the_dtype_of_what_they_meet():
    ones = np.ones(3, np.float32)
    for init in (0, 0.0):
        same(
            Ours.scan(lambda c, x: (c + x, x), init, ones),
            Theirs.scan(lambda c, x: (c + x, x), init, ones),
        )
    same(Ours.scan(lambda c, x: (c, c * x), 2.0, np.zeros((0, 3))),
         Theirs.scan(lambda c, x: (c, c * x), 2.0, np.zeros((0, 3))))  # fmt: skip
