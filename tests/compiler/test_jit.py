"""`jit`: what is traced, what is guarded, what is kept between calls, and what runs eagerly."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dualtape as dt
from dualtape import CompileError, jit

RATE = 0.5
TABLE = {"scale": 2.0, "names": ["a", "b"]}


class Box:
    def __init__(self):
        self.scale = 1.0
        self.count = 0


def of(f):
    """The captures of a compiled function."""
    return f._history


def test_a_function_is_traced_once_per_kind_of_call():
    x = np.arange(3.0)
    g = jit(lambda x, y=1.0: np.sin(x) * y)
    for argument in (x, x + 1, x * 2):
        np.testing.assert_array_equal(g(argument), np.sin(argument))
    assert len(of(g)) == 1
    g(np.arange(4.0))
    assert "float64[3] and is a ndarray float64[4]" in of(g)[1].reason
    np.testing.assert_allclose(g(x, y=3.0), np.sin(x) * 3)
    np.testing.assert_allclose(g(x, y=4.0), np.sin(x) * 4)
    assert "argument 1 was 3.0 and is 4.0" in of(g)[3].reason
    g(x.astype(np.float32))
    assert of(g)[4].program.graph.avals[0].dtype == np.float32


def test_results_have_the_types_of_eager_code():
    f = jit(lambda x: {"a": x * 2, "b": (np.sum(x), 3, None)})
    out = f(np.arange(3.0))
    assert type(out["a"]) is np.ndarray
    assert type(out["b"][0]) is np.float64
    assert out["b"][1:] == (3, None)
    first, second = f(np.ones(3)), f(np.zeros(3))
    assert (first["a"][0], second["a"][0]) == (2, 0)


def test_globals_closures_and_attributes_are_guarded():
    global RATE
    box, scale = Box(), 3.0

    def inner(x):
        return x * RATE * TABLE["scale"] * box.scale * scale

    f = jit(lambda x: inner(x) + len(TABLE["names"]))
    x = np.ones(2)
    np.testing.assert_allclose(f(x), inner(x) + 2)
    assert len(of(f)) == 1
    before = RATE
    try:
        RATE = 0.25
        np.testing.assert_allclose(f(x), inner(x) + 2)
        assert "`RATE` was 0.5 and is 0.25" in of(f)[-1].reason
    finally:
        RATE = before
    np.testing.assert_allclose(f(x), inner(x) + 2)
    assert len(of(f)) == 2  # the first program holds again
    box.scale = 5.0
    np.testing.assert_allclose(f(x), inner(x) + 2)
    TABLE["names"].append("c")
    np.testing.assert_allclose(f(x), inner(x) + 3)
    TABLE["names"].pop()
    scale = 7.0
    np.testing.assert_allclose(f(x), inner(x) + 2)


def test_an_array_that_is_closed_over_is_not_frozen():
    w = np.array([1.0, 2.0])
    f = jit(lambda x: np.sum(x * w) + np.sum(w**2))
    x = np.ones(2)
    assert f(x) == 8.0
    w[0] = 3.0
    assert f(x) == 5.0 + 13.0
    w = np.zeros(2)
    assert f(x) == 0.0


def test_python_state_that_changes_at_each_call_runs_eagerly():
    box = Box()

    def f(x):
        box.count += 1
        return x * box.count

    g = jit(f)
    got = [g(1.0)]  # setting up is no fault
    with pytest.warns(
        UserWarning, match="changes what it will find at the next call: `count` was 1 and is 2"
    ):
        got.append(g(1.0))
    got += [g(1.0), g(1.0)]
    assert got == [1.0, 2.0, 3.0, 4.0]
    assert box.count == 4


def test_a_branch_on_a_traced_value_runs_eagerly_with_one_warning():
    @jit
    def f(x):
        if np.sum(x) > 0:
            return x * 2
        return x * 3

    with pytest.warns(
        UserWarning, match=r"(?s)a truth value .*test_jit.py:\d+ in f: if np.sum\(x\) > 0"
    ) as seen:
        assert f(np.ones(1)) == 2
    assert f(-np.ones(1)) == -3  # and without a warning, which would be an error
    assert len(seen) == 1
    with pytest.raises(CompileError, match=r"(?s)jit\(.*f\) cannot be compiled: .*if np.sum"):
        jit(f.__wrapped__, strict=True)(np.ones(1))


def test_errors_of_the_function_are_its_own():
    f = jit(lambda x: x @ np.ones(3))
    with pytest.raises(ValueError, match="matmul"):
        f(np.ones(4))


def test_transformations_inside_and_outside():
    def f(x):
        return np.sum(np.tanh(x) ** 3)

    x = np.array([0.3, -0.7, 1.1])
    for t in (dt.grad, dt.hessian, dt.jacfwd, lambda g: dt.vmap(lambda v: np.sin(v) * v)):
        np.testing.assert_allclose(jit(t(f))(x), t(f)(x), rtol=1e-12)
        np.testing.assert_allclose(t(jit(f))(x), t(f)(x), rtol=1e-12)
    np.testing.assert_allclose(dt.jvp(jit(f), (x,), (x,))[1], dt.jvp(f, (x,), (x,))[1])
    np.testing.assert_allclose(
        jit(dt.vmap(dt.grad(f)))(np.stack([x, x])), np.stack([dt.grad(f)(x)] * 2)
    )


def test_the_same_array_twice():
    f = jit(lambda a, b: a * b)
    x, y = np.ones(2), np.full(2, 3.0)
    np.testing.assert_array_equal(f(x, x), x)
    np.testing.assert_array_equal(f(x, y), y)
    np.testing.assert_array_equal(f(y, y), y * y)


def test_random_numbers_that_cannot_be_asked_for_again_run_eagerly():
    np.random.seed(0)
    f = jit(lambda x: x + np.random.normal(size=2))
    with pytest.warns(UserWarning, match="draws random numbers in a way"):
        a, b = f(np.zeros(2)), f(np.zeros(2))
    np.random.seed(0)
    np.testing.assert_array_equal([a, b], np.random.normal(size=(2, 2)))


def test_a_graph_is_text_and_explained():
    f = jit(lambda x: np.sum(np.exp(x) * 1.0))
    with pytest.raises(ValueError, match="has not been compiled yet"):
        f.graph()
    f(np.ones(3))
    text = str(f.graph())
    assert "exp(%0)" in text
    assert "mul" not in text  # times one
    assert "first call" in f.explain()


def test_retraces_are_warned_of_after_the_eighth():
    f = jit(lambda x, n: x * n)
    for n in range(8):
        f(1.0, float(n))
    with pytest.warns(UserWarning, match="traced 9 times.*Pass what changes as an array"):
        f(1.0, 8.0)


def test_in_place_writes_to_an_argument():
    def f(x):
        x[0] = 5.0
        x += 1
        return x * 2

    a, b = np.arange(3.0), np.arange(3.0)
    for _ in range(3):
        np.testing.assert_array_equal(jit(f)(a), f(b))
        np.testing.assert_array_equal(a, b)


BIG = np.ones((200, 400))


def test_large_arrays_that_are_closed_over_are_followed():
    local = np.ones((200, 400))

    def f(x):
        return x @ BIG + BIG[0] * np.sum(local) + np.mean(BIG, 0)

    g = jit(f)
    x = np.linspace(0, 1, 200)
    for a in (BIG, local):
        np.testing.assert_allclose(g(x), f(x), rtol=1e-12)
        a[0] = 7.0
        np.testing.assert_allclose(g(x), f(x), rtol=1e-12)
    assert len(of(g)) == 1
    assert type(BIG) is np.ndarray
    local = local * 2
    np.testing.assert_allclose(g(x), f(x), rtol=1e-12)


def test_a_compiled_function_goes_at_once_with_all_it_holds():
    gc.disable()
    try:
        for i in range(5):
            scale = np.ones(4) * i
            f = jit(lambda x, scale=scale: np.sum(np.sin(x) * scale))
            f(np.arange(4.0))
            f(np.arange(4.0))
            gone = weakref.ref(f), weakref.ref(f._last().run)
            del f
            assert [r() for r in gone] == [None, None]
    finally:
        gc.enable()


def test_the_same_bits_every_time():
    x = np.random.default_rng(0).normal(size=100_003).astype(np.float32)
    f = jit(dt.value_and_grad(lambda x: np.sum(np.sin(x) * np.exp(-x * x)) + np.mean(x)))
    first = f(x)
    for _ in range(5):
        value, g = f(x.copy())
        assert value == first[0]
        np.testing.assert_array_equal(g, first[1])


def test_compiled_functions_in_threads():
    f = jit(lambda x, y: np.sum(np.tanh(x @ y)) + np.sum(np.sort(x)))
    x, y = np.random.default_rng(0).normal(size=(2, 40, 40))
    want = f(x, y)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: float(f(x, y)), range(200))) == {float(want)}


def test_objects_among_the_arguments_are_told_apart():
    f = jit(lambda x, box: x * box.scale)

    def with_scale(scale):
        box = Box()
        box.scale = scale
        return f(1.0, box)

    assert [with_scale(float(i)) for i in range(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]


NUMBERS = [float(i) for i in range(1000)]
NAMED = {f"n{i}": float(i) for i in range(1000)}
ARRAYS = [np.ones((300, 300))]


def test_long_containers_and_large_arrays_in_them_are_guarded():
    def f(x):
        return x * NUMBERS[999] + NAMED["n500"] + ARRAYS[0].sum()

    g = jit(f)
    for change in (
        lambda: None,
        lambda: NUMBERS.__setitem__(999, 5.0),
        lambda: NAMED.__setitem__("n500", -1.0),
        lambda: ARRAYS[0].__setitem__(0, 7.0),
        lambda: NAMED.pop("n3"),
    ):
        change()
        for x in (1.0, 2.0):
            assert g(np.float64(x)) == f(np.float64(x))


def test_what_a_trace_does_to_a_long_dict_is_undone_before_it_runs_eagerly():
    table = {i: float(i) for i in range(1000)}

    def f(x):
        table[0] += 1.0
        table.pop(1, None)
        table["new"] = x
        return x * table[0]

    g = jit(f)
    with pytest.warns(UserWarning, match="changes what it will find"):
        assert [g(2.0), g(2.0), g(2.0)] == [2.0, 4.0, 6.0]
    assert (table[0], table["new"], len(table)) == (3.0, 2.0, 1000)


def test_an_argument_that_is_returned_is_itself():
    x, y = np.ones(3), np.zeros((2, 2)).T

    def f(x, y):
        x += 1
        return y, x

    g = jit(f, strict=True)
    for _ in range(3):
        a, b = g(x, y)
        assert a is y
        assert b is x
    assert x[0] == 4.0
