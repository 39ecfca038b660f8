"""`check`: right derivatives pass, wrong ones are found, and the operation that is wrong is named with its line."""

import inspect

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch
from dualtape.core import modes
from dualtape.core.kinds import constant, elementwise
from dualtape.ops.arithmetic import square
from dualtape.ops.exponential import exp
from dualtape.ops.reduce import sum as total
from dualtape.ops.trigonometric import sin
from dualtape.trust.check import GradientMismatch, check


def line_of(f):
    lines, start = inspect.getsourcelines(f)
    (found,) = [start + i for i, line in enumerate(lines) if "# HERE" in line]
    return found


# --- what is right ----------------------------------------------------------------------------------


def test_an_analytic_function_is_held_to_the_complex_step():
    report = check(lambda x: total(square(sin(x)) * x), np.array([0.5, 1.0, -0.3]))
    assert report.reference == "complex step"
    assert set(report.errors) == {"reverse", "forward", "second order"}
    assert report.errors["reverse"] < 1e-13
    assert report.errors["forward"] < 1e-13
    assert "off by" in str(report)


def test_arguments_nest_and_integers_stay_as_they_are():
    def f(p, n, s=2):
        return {"a": p["w"] @ p["x"] * n, "b": [sin(p["x"])]}

    p = {"w": torch.randn(2, 3), "x": torch.randn(3)}
    report = check(f, p, 3)
    assert report.operations >= 3


def test_single_precision_arguments_are_checked_in_double():
    seen = []

    def f(x):
        seen.append(x.dtype)
        return torch.tanh(x).sum()

    assert check(f, torch.randn(4)).errors["reverse"] < 1e-10
    assert set(seen) <= {torch.float64, torch.complex128}


def test_complex_arguments():
    report = check(lambda z: total((z * z.conj()).real), torch.randn(3, dtype=torch.complex64))
    assert report.reference == "differences"


def test_a_program_with_in_place_writes():
    def f(x):
        y = x * 2.0
        y[0] = torch.sin(x[1])
        y.mul_(x)
        return y.sum()

    check(f, torch.randn(3))


def test_a_tensorflow_function():
    check(lambda x: tf.reduce_sum(tf.nn.softmax(x) * x), tf.constant([1.0, 2.0, 0.5]))


def test_many_elements_are_moved_together():
    check(lambda x: torch.sin(x).sum(), torch.randn(40, 50))


def test_a_slope_between_the_sides_of_a_kink_is_accepted_and_reported():
    report = check(lambda x: torch.relu(x).sum(), torch.zeros(2))
    assert "0 to the left, 1 to the right, chosen 0" in report.kinks[0]


def test_a_kink_whose_mean_slope_was_chosen_is_reported_and_stops_the_second_order():
    report = check(lambda x: np.sum(np.abs(x)), np.array([0.0, 1.0]))
    assert report.kinks[0].endswith("-1 to the left, 1 to the right, chosen 0")
    assert "second order" in report.skipped
    assert "second order" not in report.errors
    smooth = check(lambda x: np.sum(np.where(x > -1, x, 0.0) ** 2 * 1e3), np.array([0.0, 1e-3]))
    assert not smooth.kinks
    assert smooth.errors["second order"] < 1e-6


def test_a_function_computed_in_single_precision_has_a_looser_tolerance():
    check(lambda x: torch.sin(x.to(torch.float32)).sum(), torch.randn(3))


# --- what is wrong ----------------------------------------------------------------------------------


class WrongCube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x**2


def wrong_function(x):
    y = torch.exp(x)
    z = WrongCube.apply(y)  # HERE
    return (z * y).sum()


@tf.custom_gradient
def wrong_sine(x):
    return tf.sin(x), lambda d: d * tf.sin(x)


def wrong_tensorflow(x):
    a = tf.exp(x)
    b = wrong_sine(a)  # HERE
    return tf.reduce_sum(b * a)


doubled = elementwise("doubled", lambda x: 2 * x, lambda d: d * 3)


def wrong_primitive(x):
    y = exp(x)
    z = doubled(y)  # HERE
    return total(z * sin(x))


def cut(x):
    y = torch.exp(x)
    z = y.detach() * 2  # HERE
    return (z * y).sum()


@pytest.mark.parametrize(
    ("f", "x", "operation"),
    [
        (wrong_function, torch.tensor([0.3, -0.2, 0.5]), "WrongCube"),
        (wrong_tensorflow, tf.constant([0.3, -0.2, 0.5]), "wrong_sine"),
        (wrong_primitive, np.array([0.3, -0.2, 0.5]), "doubled"),
        (wrong_primitive, np.linspace(-1, 1, 60).reshape(3, 20), "doubled"),
        (cut, torch.tensor([0.3, -0.2, 0.5]), "mul"),
    ],
    ids=["Function", "custom_gradient", "primitive", "many elements", "detach"],
)
def test_the_wrong_operation_is_named_with_its_line(f, x, operation):
    with pytest.raises(GradientMismatch) as caught:
        check(f, x)
    error = caught.value
    assert error.operation == operation
    assert error.where.line == line_of(f)
    assert f"{__file__}:{line_of(f)}" in str(error)
    assert error.mode == "reverse"
    assert f"{error.got:.12g}" in str(error)
    assert f"{error.want:.12g}" in str(error)


def test_a_wrong_forward_rule_is_named():
    with pytest.raises(GradientMismatch) as caught:
        check(wrong_primitive, np.array([0.3, -0.2]), modes=["forward"])
    assert (caught.value.operation, caught.value.mode) == ("doubled", "forward")
    assert caught.value.where.line == line_of(wrong_primitive)


frozen_cos = constant("frozen_cos", np.cos)
crooked = elementwise("crooked", np.sin, lambda d, x: d * frozen_cos(x))


def wrong_twice(x):
    y = exp(x)
    z = crooked(y)  # HERE
    return total(z)


def test_a_rule_that_is_right_once_and_wrong_twice_is_named():
    with pytest.raises(GradientMismatch) as caught:
        check(wrong_twice, np.array([0.3, -0.2]))
    assert (caught.value.operation, caught.value.mode) == ("crooked", "second order")
    assert caught.value.where.line == line_of(wrong_twice)
    check(wrong_twice, np.array([0.3, -0.2]), order=1)


@dt.custom_rule(vjp=lambda out, args, ct: (ct * 2 * args[0] ** 2,), check=False)
def cubed(x):
    return x**3


def wrong_rule(x):
    y = np.exp(x)
    z = cubed(y)  # HERE
    return np.sum(z * y)


@pytest.mark.parametrize("modes", [("reverse",), ("forward",)])
def test_a_wrong_rule_of_the_users_is_named(modes):
    with pytest.raises(GradientMismatch) as caught:
        dt.check(wrong_rule, np.array([0.3, -0.2]), modes=modes)
    assert caught.value.operation == "cubed"
    assert caught.value.where.line == line_of(wrong_rule)


def test_numpy_code():
    report = dt.check(
        lambda x, a: np.linalg.solve(a + 3 * np.eye(2), np.sin(x))[0], np.ones(2), np.ones((2, 2))
    )
    assert report.reference == "complex step"


def test_a_function_without_forward_rule_is_checked_in_reverse():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x**2

    report = check(lambda x: Cube.apply(torch.exp(x)).sum(), torch.randn(3))
    assert "jvp" in report.skipped["forward"]
    assert "second order" in report.errors


# --- what cannot be checked -------------------------------------------------------------------------


def test_what_cannot_be_checked_is_an_error():
    with pytest.raises(TypeError, match="no argument is floating"):
        check(lambda n: n, 3)
    with pytest.raises(ValueError, match="another result for the same arguments"):
        check(lambda x: total(x * np.random.default_rng().random()), 1.0)
    with pytest.raises(ValueError, match="order must be 1 or 2"):
        check(sin, 1.0, order=3)
    with pytest.raises(ValueError, match="modes must be among"):
        check(sin, 1.0, modes=["sideways"])
    with pytest.raises(ValueError, match="pass the arguments"):
        check(sin)


def test_an_exception_in_the_function_leaves_nothing_behind():
    def f(x):
        raise KeyError("mine")

    before = modes.current(), modes.depth()
    with pytest.raises(KeyError):
        check(f, 1.0)
    assert (modes.current(), modes.depth()) == before


def test_it_is_a_name_of_the_package():
    assert dt.check is check
