"""Loops that tracing has unrolled become loops again, with the same numbers."""

import sys

import numpy as np
import pytest

import dualtape as dt
from dualtape.compiler import passes
from dualtape.compiler.graph import Builder, Graph
from dualtape.compiler.passes import rolling
from dualtape.core.aval import Aval
from dualtape.ops.trigonometric import sin

X = np.random.default_rng(0).normal(size=3)
Y = 2 * X + 1


def train(w, b, steps):
    def loss(w, b):
        return np.mean((X * w + b - Y) ** 2)

    for _ in range(steps):
        gw, gb = dt.grad(loss, (0, 1))(w, b)
        w, b = w - 0.1 * gw, b - 0.1 * gb
    return w, b


def with_the_number_of_the_step(x, _, steps):
    s = x * 0
    for i in range(steps):
        s = s + np.sin(x) * i
        x = np.cos(s) * x
    return s, x


def two_steps_back(a, b, steps):
    for _ in range(steps):
        a, b = b, a * 0.5 + b * 0.25
    return a, b


def nested(x, _, steps):
    for _ in range(steps):
        for j in range(10):
            x = np.sin(x) + j
        x = x / 2
    return x


def with_what_came_before(x, y, steps):
    z = np.exp(x * y)
    for _ in range(steps):
        x = x + z * np.tanh(x)
        y = np.maximum(y, x)
    return x, np.sum(y), z


def two_loops(x, y, steps):
    for _ in range(steps):
        x = np.sin(x) + y
    for _ in range(steps):
        y = np.cos(y) * x
    return x, y


PROGRAMS = [
    (train, 150), (with_the_number_of_the_step, 300), (two_steps_back, 600), (nested, 120),
    (with_what_came_before, 400), (two_loops, 700),
]  # fmt: skip


def compiled(f, steps, backend="numpy"):
    return dt.jit(lambda a, b: f(a, b, steps), strict=True, backend=backend)


def flat(x):
    return [np.asarray(v) for v in (x if isinstance(x, tuple) else (x,))]


@pytest.mark.parametrize(("f", "steps"), PROGRAMS, ids=lambda x: getattr(x, "__name__", ""))
def test_the_same_numbers_in_fewer_calls(monkeypatch, f, steps):
    monkeypatch.setattr(passes, "checked", True)
    at = (np.float64(0.3), np.float64(0.2)) if f is train else (np.full(4, 0.3), np.full(4, 0.2))
    run = compiled(f, steps)
    got = flat(run(*at))
    assert len(run.graph().calls) < 64
    assert any(c.primitive.name == "rolled_loop" for c in run.graph().calls)
    monkeypatch.setattr(rolling, "LEAST_CALLS", 1 << 30)
    plain = compiled(f, steps)
    want = flat(plain(*at))
    assert len(plain.graph().calls) > 1000
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_differs_from_step_to_step_is_left_alone():
    def f(x):
        found = []
        for i in range(600):
            x = np.sin(x) + 1 if i % 7 in (0, 3) else np.cos(x) * 2
            found.append(x)
        return np.stack(found)

    run = dt.jit(f, strict=True, backend="numpy")
    np.testing.assert_array_equal(run(np.ones(2)), f(np.ones(2)))


def test_results_of_every_step_keep_it_unrolled():
    def f(x):
        found = []
        for _ in range(600):
            x = np.sin(x) + 1
            found.append(x)
        return sum(found)

    run = dt.jit(f, strict=True, backend="numpy")
    np.testing.assert_allclose(run(np.ones(2)), f(np.ones(2)), rtol=1e-12)


def chain(calls):
    aval = Aval((2,), np.dtype(np.float64))
    builder = Builder([aval])
    v = 0
    for _ in range(calls):
        v = builder.call(sin, v)
    return Graph(builder.avals, (0,), {}, tuple(builder.calls), (v,))


def test_detection_is_linear():
    def lines(calls):
        """How many lines of `rolling` are run: the same whatever else the machine does."""
        graph, count = chain(calls), 0

        def trace(frame, event, argument):
            nonlocal count
            count += event == "line" and frame.f_code.co_filename == rolling.__file__
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            assert len(rolling.rolled(graph).calls) < 20
        finally:
            sys.settrace(before)
        return count

    assert 1000 < lines(8000) < 4 * 1.1 * lines(2000)
