"""NumPy's functions without a derivative in compiled functions and batches: the same results, and errors, as eager code."""

import numpy as np
import pytest

import dualtape as dt

X = np.random.default_rng(0).integers(0, 4, (5, 6)).astype(float)
X[0, 2] = np.nan
WHOLE = np.nan_to_num(X).astype(np.int32)

PLACES = (np.argmax, np.argmin)
FUNCTIONS = (*PLACES, np.all, np.any, np.count_nonzero)


def equal(a, b):
    a, b = (v if isinstance(v, tuple) else (v,) for v in (a, b))
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        assert np.asarray(x).dtype == np.asarray(y).dtype
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


@pytest.mark.parametrize("backend", ["auto", "numpy"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_places_and_counts_are_compiled(function, backend):
    for x in (X, WHOLE, X > 1):
        for axis in (None, 0, -1):
            for keepdims in (False, True):

                def f(x, axis=axis, keepdims=keepdims):
                    return function(x, axis=axis, keepdims=keepdims)

                equal(dt.jit(f, strict=True, backend=backend)(x), f(x))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.argsort(x),
        lambda x: np.argsort(x, axis=None, kind="stable"),
        lambda x: x[np.argsort(x[:, 0], stable=True)],
        lambda x: x.argmax(1),
        lambda x: (x > 0).all(axis=0),
        lambda x: np.isclose(x, x + 1e-9),
        lambda x: np.isin(x, [1, 3]),
        lambda x: np.isposinf(x),
        lambda x: np.searchsorted(np.array([0.5, 1.5]), x[1:]),
        lambda x: np.digitize(x, np.array([0.5, 1.5])),
        lambda x: np.argpartition(x[1:], 1),
        lambda x: np.lexsort((x[1], x[2])),
        lambda x: np.nanargmax(x, 1),
        lambda x: np.unravel_index(np.argmax(x[1:]), (4, 6)),
        lambda x: x[np.unravel_index(np.argmin(x[1:]), (4, 6))],
        lambda x: x[np.triu_indices_from(x)],
        lambda x: np.take_along_axis(x, np.argmax(x, 1)[:, None], 1),
        lambda x: np.mean(np.argmax(x, 1) == np.arange(5)),
        lambda x: np.linalg.matrix_rank(x[1:]),
    ],
)
def test_others_too(f):
    equal(dt.jit(f, strict=True)(X), f(X))


def test_a_step_that_reports_its_accuracy():
    rng = np.random.default_rng(1)
    w, x, y = rng.normal(size=(4, 3)), rng.normal(size=(8, 4)), rng.integers(0, 3, 8)

    def loss(w, x, y):
        out = x @ w
        return np.mean(out**2), np.mean(np.argmax(out, 1) == y)

    step = dt.jit(lambda *a: dt.value_and_grad(loss, has_aux=True)(*a), strict=True)
    (value, right), _ = step(w, x, y)
    assert (value, right) == pytest.approx(loss(w, x, y))
    assert "NumPy" not in step.explain()


def test_a_result_goes_into_an_array_of_the_function():
    def f(x):
        out = np.zeros_like(x[:, 0])
        np.all(x, 1, out=out)
        return out

    equal(dt.jit(f, strict=True)(WHOLE), f(WHOLE))


def test_a_plain_array_as_out_is_not_left_as_it_was():
    def f(x):
        out = np.zeros(5, np.int64)
        np.argmax(x, 1, out)
        return out

    with pytest.warns(UserWarning, match="writing it into a plain NumPy array"):
        equal(dt.jit(f)(X), f(X))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.argmax(x, axis=7),
        lambda x: np.argmax(x[:0]),
        lambda x: np.any(x, axis=3),
        lambda x: np.nanargmin(x * np.nan, 1),
    ],
)
def test_errors_are_numpys(f):
    with pytest.raises((ValueError, IndexError)) as eager:
        f(X)
    with pytest.raises(type(eager.value)) as compiled:
        dt.jit(f)(X)
    assert str(compiled.value) == str(eager.value)


def test_batches():
    rows = np.stack([WHOLE, WHOLE + 1])
    out = dt.vmap(lambda x: x[np.unravel_index(np.argmax(x), x.shape)])(rows)
    equal(np.asarray(out), rows.max((1, 2)))
    for f in FUNCTIONS:
        equal(np.asarray(dt.vmap(lambda x, f=f: f(x, 0))(rows)), f(rows, 1))


def test_the_result_may_be_a_loops_condition():
    def f(x):
        return dt.while_loop(lambda v: np.any(v < 10), lambda v: v * 2, x)

    equal(dt.jit(f, strict=True)(np.array([1.0, 3.0])), np.array([16.0, 48.0]))
