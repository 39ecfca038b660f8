"""The gradient doctor inside functions of NumPy-style code."""

import linecache

import numpy as np
import pytest

import dualtape as dt


def line_of(text):
    """The number of the only line of this file that ends with `text` in a comment."""
    lines = linecache.getlines(__file__)
    (number,) = [i for i, line in enumerate(lines, 1) if line.rstrip().endswith(f"# {text}")]
    return number


def asked(function, *args, **options):
    """The verdicts that a function under `dt.grad` returned beside its value."""
    found = []

    def wrapped(*inner):
        value, *verdicts = function(*inner)
        found.extend(verdicts)
        return value

    dt.grad(wrapped, **options)(*args)
    return found


def told(verdict, cause, mark):
    assert verdict.cause is cause, str(verdict)
    assert (verdict.where.filename, verdict.where.line) == (__file__, line_of(mark)), str(verdict)


def test_what_breaks_a_derivative_is_named():
    def f(x):
        best = np.argmax(x)  # the largest
        share = np.where(x > 1, 1.0, 0.0).sum()  # a comparison
        count = int(x.sum()) * 2.0  # a whole number
        value = np.sum(np.sin(x) * share * count)
        return value, dt.why_none(best, x), dt.why_none(share, x), dt.why_none(count, x)

    best, share, count = asked(f, np.array([1.0, 2.0]))
    told(best, dt.Cause.NOT_DIFFERENTIABLE, "the largest")
    told(share, dt.Cause.NOT_DIFFERENTIABLE, "a comparison")
    told(count, dt.Cause.PYTHON_NUMBER, "a whole number")


def test_constants_and_unrelated_values():
    def f(x, z, k):
        y = np.sum(z * z) * k  # without x
        return y, dt.why_none(y, x), dt.why_none(y, z), dt.why_none(y, k)

    of_x, of_z, of_k = asked(f, np.ones(2), np.ones(2), 3.0, argnums=(0, 1))
    told(of_x, dt.Cause.NO_PATH, "without x")
    assert "depends on z" in of_x.reason
    assert of_z.cause is dt.Cause.HAS_GRADIENT
    assert of_k.cause is dt.Cause.NOT_REQUIRED


def test_numpy_functions_written_in_python_are_followed_to_the_users_line():
    def f(x):
        y = np.mean(x) + np.linalg.norm(x)
        other = np.mean(x > 1)  # a mean of truth values
        return y, dt.why_none(y, x), dt.why_none(other, x)

    y, other = asked(f, np.array([1.0, 2.0]))
    assert y.cause is dt.Cause.HAS_GRADIENT
    told(other, dt.Cause.NOT_DIFFERENTIABLE, "a mean of truth values")


def test_stop_gradient():
    def f(x):
        kept = dt.stop_gradient(x * 2.0)  # stopped
        y = np.sum(kept * 3.0)
        return np.sum(x) + y, dt.why_none(y, x)

    (verdict,) = asked(f, np.array([1.0, 2.0]))
    told(verdict, dt.Cause.STOP_GRADIENT, "stopped")
    assert verdict.certain


def test_of_a_function_it_says_what_to_ask_instead():
    with pytest.raises(TypeError, match=r"dualtape\.check"):
        dt.why_none(np.sin, np.ones(2))


def test_other_ways_to_lose_a_derivative():
    def f(x):
        whole = np.sum(x.astype(int) * 2.0)  # whole numbers
        y = np.sum(np.round(x))
        kept = np.sum(np.asarray(dt.stop_gradient(x)))  # out and not back
        count = len(x) * 2.0  # the length
        old = x
        x = x * 2.0  # after y
        verdicts = [dt.why_none(v, old) for v in (whole, y, kept, count)]
        return np.sum(x), *verdicts, dt.why_none(y, x)

    whole, y, kept, count, after = asked(f, np.array([1.5, 2.0]))
    told(whole, dt.Cause.INTEGER, "whole numbers")
    assert y.cause is dt.Cause.HAS_GRADIENT
    told(kept, dt.Cause.STOP_GRADIENT, "out and not back")
    assert count.cause is dt.Cause.PYTHON_NUMBER
    told(after, dt.Cause.NO_PATH, "after y")
