"""Loops and conditions that are code of the program around them, in every direction and at every size."""

import signal

import numpy as np
import pytest

import dualtape as dt

pytest.importorskip("llvmlite")

from dualtape.compiler.lowering.structured import Structured

A = np.random.default_rng(0).normal(size=(30, 30)) / 8
B = np.random.default_rng(1).normal(size=(120, 120)) / 12
V = np.linspace(0.5, 1.5, 30)


def total(f):
    return dt.grad(lambda x: np.sum(f(x)))


def dense(x):
    return dt.fori_loop(0, 7, lambda i, s: np.tanh(A @ s) + i * 0.01, x)


def large(x):
    return dt.fori_loop(0, 3, lambda i, s: np.tanh(B @ s), x)


def scanned(x):
    c, out = dt.scan(lambda c, e: (c * 0.9 + e, np.sin(c)), x, np.arange(300.0).reshape(10, 30))
    return c + out.sum(0)


def indexed(x):
    return dt.fori_loop(0, 30, lambda i, s: s * 0.5 + x[i], np.zeros(()))


def decomposed(x):
    """With a call of NumPy in a loop in a loop."""
    inner = lambda j, s: np.linalg.svd(s.reshape(5, 6))[1].sum() * s * 0.01 + j  # noqa: E731
    return dt.fori_loop(0, 3, lambda i, s: dt.fori_loop(0, 2, inner, s) + i, x)


def chosen(least):
    return lambda x: dt.cond(x[0] > least, lambda: np.sin(x) * A[0], lambda: x * 2)


CASES = {
    "dense": (dense, V),
    "dense, backwards": (total(dense), V),
    "dense, forwards": (lambda x: dt.jvp(dense, (x,), (np.ones(30),))[1], V),
    "large": (large, np.ones((120, 120))),
    "large, backwards": (total(large), np.ones((120, 120))),
    "exchanged": (lambda x: dt.fori_loop(0, 5, lambda i, s: (s[1], s[0] + 1), (x, 2 * x)), V),
    "no step": (lambda x: dt.fori_loop(3, 3, lambda i, s: (s[1], s[0] + 1), (x, 2 * x)), V),
    "scan": (scanned, V),
    "scan, backwards": (total(scanned), V),
    "one inside another": (
        lambda x: dt.fori_loop(0, 6, lambda i, s: dt.fori_loop(0, 4, lambda j, t: t * 0.5 + A[0] * j, s), x),
        V,
    ),
    "while": (
        lambda x: dt.while_loop(lambda s: s[0] < 20, lambda s: (s[0] + 1, np.tanh(A @ s[1])), (np.array(0), x)),
        V,
    ),
    "while, large": (lambda x: dt.while_loop(lambda s: np.sum(s) < 1e5, lambda s: s * 1.5, x), np.ones((120, 120))),
    "while, never": (lambda x: dt.while_loop(lambda s: s[0] > 9, lambda s: s * 1.5, x), V),
    "an index that is looked at": (indexed, V),
    "an index that is looked at, backwards": (total(indexed), V),
    "NumPy in the middle": (decomposed, V),
    "NumPy in the middle, backwards": (total(decomposed), V),
    "first branch": (chosen(0), V),
    "second branch": (chosen(2), V),
    "first branch, backwards": (total(chosen(0)), V),
    "a condition in a loop": (
        lambda x: dt.fori_loop(0, 6, lambda i, s: dt.cond(i > 2, lambda: s + i, lambda: s * A[1]), x),
        V,
    ),
    "whole numbers": (lambda n: dt.fori_loop(0, 10, lambda i, s: s + i * n, n), np.arange(5)),
    "a carried value that stays": (lambda x: dt.fori_loop(0, 4, lambda i, s: (s[0], s[0] + s[1]), (x, x)), V),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_code_of_the_program_itself(name):
    f, x = CASES[name]
    compiled = dt.jit(f, strict=True)
    found = compiled(x)
    expected = f(x)
    for a, b in zip(flat(found), flat(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    lowered = compiled._executable().lowered
    assert lowered.slots.callback == any(word in name for word in ("index", "NumPy"))
    ops = [n.op for c in lowered.program.order if c.routine for n in c.members]
    assert any(isinstance(op, Structured) for op in ops)
    for a, b in zip(flat(compiled(x)), flat(found), strict=True):
        np.testing.assert_array_equal(a, b)


def flat(x):
    return x if isinstance(x, tuple) else (x,)


def test_an_index_out_of_range_in_a_loop_raises():
    f = dt.jit(lambda x: dt.fori_loop(0, 4, lambda i, s: s + x[i], np.zeros(())), strict=True)
    g = dt.jit(
        lambda x: dt.fori_loop(
            0, 2, lambda i, s: dt.fori_loop(0, 3, lambda j, t: t + x[i + j], s), np.zeros(())
        ),
        strict=True,
    )
    assert f(V[:4]) == pytest.approx(V[:4].sum())
    for call in (f, g):
        with pytest.raises(IndexError):
            call(V[:3])
    assert f(V[:4]) == pytest.approx(V[:4].sum())


def test_arrays_of_a_body_are_read_at_each_call_and_not_copied_into_the_code():
    data = np.ones(40_000)  # too large to be compared at each call
    f = dt.jit(lambda x: dt.fori_loop(0, 3, lambda i, s: s + data, x), strict=True)
    assert f(np.zeros(40_000))[0] == 3
    data[:] = 2
    assert f(np.zeros(40_000))[0] == 6


def test_a_short_body_is_put_into_its_loop():
    f = dt.jit(lambda x: dt.fori_loop(0, 1000, lambda i, s: s * 0.5 + 1.0, x), strict=True)
    assert f(np.float64(3.0)) == 2
    assert "alwaysinline" in f.llvm()


def powers(x, w, n):
    def step(s):
        return s[0] + 1, np.tanh(w @ s[1]) + s[1] * 0.9

    return dt.while_loop(lambda s: s[0] < n, step, (np.array(0), x))[1]


@pytest.mark.parametrize("size", [2, 40])
def test_the_backward_pass_of_a_while_is_code_too(size):
    rng = np.random.default_rng(size)
    x, w = rng.normal(size=size), rng.normal(size=(size, size)) / size
    f = dt.value_and_grad(lambda x, w, n: np.sum(powers(x, w, n) ** 2), argnums=(0, 1))
    compiled = dt.jit(f, strict=True)
    for n in (3, 0, 1, 63, 64, 65, 200):
        (value, (gx, gw)), (found, (hx, hw)) = f(x, w, np.array(n)), compiled(x, w, np.array(n))
        assert found == pytest.approx(value)
        np.testing.assert_allclose(hx, gx, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(hw, gw, rtol=1e-9, atol=1e-12)
    assert "NumPy" not in compiled.explain()


def test_a_while_is_differentiated_twice_and_in_batches():
    def root(a):
        return dt.while_loop(
            lambda x: np.abs(x * x - a) > 1e-13 * a, lambda x: 0.5 * (x + a / x), a
        )

    a = np.array([2.0, 5.0, 9.0])
    first = dt.jit(dt.vmap(dt.grad(root)), strict=True)(a)
    np.testing.assert_allclose(first, dt.vmap(dt.grad(root))(a), rtol=1e-12)
    second = dt.grad(dt.grad(root))
    assert dt.jit(second, strict=True)(a[0]) == pytest.approx(second(a[0]), rel=1e-9)


def test_a_step_that_fails_on_the_way_back_raises():
    def f(x, i):
        return dt.while_loop(
            lambda s: s[1] < 4, lambda s: (s[0] * x[s[1] * i], s[1] + 1), (x, np.array(0))
        )[0].sum()

    g = dt.jit(dt.grad(f), strict=True)
    expected = dt.grad(f)(V, np.array(1))
    for _ in range(2):
        np.testing.assert_allclose(g(V, np.array(1)), expected)
        with pytest.raises(IndexError):
            g(V, np.array(len(V)))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
@pytest.mark.parametrize("fast", ["1", "0"])
@pytest.mark.parametrize(
    "endless",
    [
        lambda x: dt.while_loop(lambda s: s > -1, lambda s: s * 0.5, x),
        lambda x: dt.fori_loop(0, 10**11, lambda i, s: s * 0.5 + i, x),
    ],
)
def test_a_long_loop_can_be_stopped(endless, fast, monkeypatch):
    monkeypatch.setenv("DUALTAPE_FAST_CALL", fast)

    def stop(*_):
        raise KeyboardInterrupt

    f = dt.jit(endless, strict=True)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.6)
        with pytest.raises(KeyboardInterrupt):
            f(np.array(1.0))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
