"""Seeded programs whose gradient has a NaN: the operation and the line that made it are named."""

import inspect

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch
from dualtape.core import modes
from dualtape.trust.blame import blame_nan


def line_of(f):
    """The line of `f` that says HERE."""
    lines, start = inspect.getsourcelines(f)
    (found,) = [start + i for i, line in enumerate(lines) if "# HERE" in line]
    return found


# --- the programs: each returns a loss; the guilty line is marked ------------------------------------


def log_of_negative(x):
    y = x - 2.0
    z = torch.log(y)  # HERE
    return (z * x).sum()


def zero_over_zero(x):
    y = x - x
    z = y / y  # HERE
    return (z + x).sum()


def inf_minus_inf(x):
    big = torch.exp(x * 1000.0)  # HERE
    return ((big - big) * x).sum()


def sqrt_of_negative(x):
    z = torch.sqrt(-x - 1.0)  # HERE
    w = z * 2.0
    return (w * w).sum()


def overflowing_softmax(x):
    e = torch.exp(x * 800.0)  # HERE
    p = e / e.sum()
    return (p * x).sum()


def negative_power(x):
    z = (-x - 1.0) ** 0.5  # HERE
    return z.sum()


def acos_outside(x):
    z = torch.acos(x + 2.0)  # HERE
    return z.sum()


def division_makes_inf(x):
    r = x / (x - x)  # HERE
    return (r * torch.zeros(3) * x).sum()


def sqrt_at_zero(x):
    z = torch.sqrt((x - x) * x)  # HERE
    return z.sum()


def norm_at_zero(x):
    d = x - x.detach()
    n = ((d * d).sum()) ** 0.5  # HERE
    return n + x.sum()


def where_and_sqrt(x):
    y = torch.sqrt(x - 1.0)  # HERE
    return torch.where(x > 1.0, y, torch.zeros(3)).sum()


def where_and_division(x):
    zero = x - x.detach()
    y = x / zero  # HERE
    return torch.where(zero != 0, y, x).sum()


def rsqrt_times_zero(x):
    zero = (x - x.detach()) ** 2
    r = torch.rsqrt(zero)  # HERE
    return (r * zero).sum()


def all_masked_softmax(x):
    scores = x.masked_fill(x > 0, float("-inf"))  # the program's own infinities
    p = torch.softmax(scores, 0)  # HERE
    return (p * x).sum()


def second_branch(x):
    fine = torch.where(x > 10.0, torch.log(x - 2.0), torch.zeros(3))  # NaN here stays masked
    bad = torch.log(x[1:] - 3.0)  # HERE
    return fine.sum() + (bad * bad).sum()


def in_place(x):
    y = x * 1.0
    y[0] = -1.0
    z = torch.log(y)  # HERE
    y2 = z * 3.0
    return (y2 * y2 * x).sum()


TORCH = [
    (log_of_negative, "log", "forward", "NaN"),
    (zero_over_zero, "div", "forward", "NaN"),
    (inf_minus_inf, "exp", "forward", "inf"),
    (sqrt_of_negative, "sqrt", "forward", "NaN"),
    (overflowing_softmax, "exp", "forward", "inf"),
    (negative_power, "power", "forward", "NaN"),
    (acos_outside, "acos", "forward", "NaN"),
    (division_makes_inf, "div", "forward", "inf"),
    (sqrt_at_zero, "sqrt", "backward", "inf"),
    (norm_at_zero, "power", "backward", "inf"),
    (where_and_sqrt, "sqrt", "forward", "NaN"),
    (where_and_division, "div", "backward", "NaN"),
    (rsqrt_times_zero, "rsqrt", "forward", "inf"),
    (all_masked_softmax, "softmax", "forward", "NaN"),
    (second_branch, "log", "forward", "NaN"),
    (in_place, "log", "forward", "NaN"),
]


def point():
    return torch.tensor([0.5, 0.75, 1.5], dtype=torch.float64)


@pytest.mark.parametrize(
    ("f", "operation", "phase", "kind"), TORCH, ids=lambda p: getattr(p, "__name__", None)
)
def test_the_origin_is_named_when_the_function_is_run(f, operation, phase, kind):
    found = blame_nan(f, point())
    assert (found.operation, found.phase, found.kind) == (operation, phase, kind), str(found)
    assert found.where.filename == __file__
    assert found.where.line == line_of(f), str(found)
    assert found.certain
    assert operation in str(found)
    assert f"{__file__}:{line_of(f)}" in str(found)
    assert all(s is not None for s in found.inputs)


@pytest.mark.parametrize(
    ("f", "operation", "phase", "kind"), TORCH, ids=lambda p: getattr(p, "__name__", None)
)
def test_the_origin_is_named_or_said_to_be_unknown_on_a_recorded_loss(f, operation, phase, kind):
    x = point().requires_grad_()
    loss = f(x)
    found = blame_nan(loss)
    assert found is not None
    if found.certain:
        assert (found.operation, found.phase, found.kind) == (operation, phase, kind), str(found)
        assert found.where.line == line_of(f), str(found)
    else:
        assert "dt.blame_nan(f, *args)" in str(found)
    assert x.grad is None
    loss.backward()  # the recording is still there
    assert x.grad.isnan().any()


def test_most_recorded_losses_still_know_their_origin():
    certain = 0
    for f, *_ in TORCH:
        certain += blame_nan(f(point().requires_grad_())).certain
    assert certain >= 12


# --- the same in the other dialects ------------------------------------------------------------------


def tf_zero_over_zero(x):
    y = x - x
    z = tf.math.divide(y, y)  # HERE
    return tf.reduce_sum(z + x)


def tf_inf_minus_inf(x):
    big = tf.exp(x * 1000.0)  # HERE
    return tf.reduce_sum((big - big) * x)


def tf_softmax_of_nothing(x):
    scores = tf.where(x > 0, float("-inf"), x)
    p = tf.nn.softmax(scores)  # HERE
    return tf.reduce_sum(p * x)


def tf_acos_outside(x):
    z = tf.acos(x + 2.0)  # HERE
    return tf.reduce_sum(z)


def tf_where_and_log(x):
    y = tf.math.log(x - 1.0)  # HERE
    return tf.reduce_sum(tf.where(x > 1.0, y * y, 0.0))


def tf_rsqrt_times_zero(x):
    zero = (x - tf.stop_gradient(x)) ** 2
    r = tf.math.rsqrt(zero)  # HERE
    return tf.reduce_sum(r * zero)


def np_zero_over_zero(x):
    y = x - x
    z = y / y  # HERE
    return np.sum(z + x)


def np_sqrt_of_negative(x):
    z = np.sqrt(-x - 1.0)  # HERE
    return np.sum(z * z)


def np_overflow(x):
    e = np.exp(x * 1000.0)  # HERE
    return np.sum(e / np.sum(e) * x)


def np_norm_at_zero(x):
    d = x - dt.stop_gradient(x)
    n = np.sum(d * d) ** 0.5  # HERE
    return n + np.sum(x)


def np_log_in_a_helper(x):
    def entropy(p):
        return -np.sum(p * np.log(p))  # HERE

    return entropy(x - 1.0)


def np_written_into(x):
    out = dt.numpy.zeros(3)
    for i in range(3):
        out[i] = np.log(x[i] - 0.6)  # HERE
    return np.sum(out * out)


OTHERS = [
    (tf_zero_over_zero, "div", "forward", "NaN"),
    (tf_inf_minus_inf, "exp", "forward", "inf"),
    (tf_softmax_of_nothing, "softmax", "forward", "NaN"),
    (tf_acos_outside, "acos", "forward", "NaN"),
    (tf_where_and_log, "log", "forward", "NaN"),
    (tf_rsqrt_times_zero, "rsqrt", "forward", "inf"),
    (np_zero_over_zero, "div", "forward", "NaN"),
    (np_sqrt_of_negative, "sqrt", "forward", "NaN"),
    (np_overflow, "exp", "forward", "inf"),
    (np_norm_at_zero, "power", "backward", "inf"),
    (np_log_in_a_helper, "log", "forward", "NaN"),
    (np_written_into, "log", "forward", "NaN"),
]


@pytest.mark.parametrize(
    ("f", "operation", "phase", "kind"), OTHERS, ids=lambda p: getattr(p, "__name__", None)
)
def test_the_origin_is_named_in_other_dialects(f, operation, phase, kind):
    x = np.array([0.5, 0.75, 1.5])
    found = dt.blame_nan(f, tf.constant(x) if f.__name__.startswith("tf") else x)
    assert found is not None
    assert (found.operation, found.phase, found.kind) == (operation, phase, kind), str(found)
    assert (found.where.filename, found.where.line) == (__file__, line_of(f)), str(found)
    assert found.certain


# --- what is not reported ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: torch.where(x > 1.0, torch.log(x - 1.0), torch.zeros(3)).sum(),
        lambda x: (x * x).sum() + torch.log(torch.tensor(-1.0)).detach(),
        lambda x: torch.exp(x * 1000.0).sum(),  # infinite, but no NaN
        lambda x: torch.log(x - 1.0)[2:].sum() + x.sum(),
    ],
)
def test_a_nan_that_reaches_no_gradient_is_not_reported(f):
    x = point().requires_grad_()
    assert blame_nan(f, point()) is None
    assert blame_nan(f(x)) is None
    f(x).backward()
    assert not x.grad.isnan().any()


# --- other dialects, other origins ------------------------------------------------------------------


def tensorflow_log(x):
    z = tf.math.log(x - 1.0)  # HERE
    return tf.reduce_sum(z * z)


def test_a_tensorflow_program():
    f, phase = tensorflow_log, "forward"
    found = blame_nan(f, tf.constant([0.5, 2.0]))
    assert (found.phase, found.where.line) == (phase, line_of(f)), str(found)
    x = tf.Variable([0.5, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        loss = f(x)
    found = blame_nan(loss)
    assert (found.phase, found.where.line) == (phase, line_of(f)), str(found)
    assert np.isnan(tape.gradient(loss, x).numpy()).any()


def test_a_tensorflow_variable_may_be_an_argument():
    w = tf.Variable([0.0, 2.0])
    x = tf.constant([1.0, 1.0])

    def loss(w):
        y = tf.sqrt(w)
        return tf.reduce_sum(y * (x * 0.0) * tf.math.log(w))

    assert blame_nan(loss, w) is not None
    assert dt.check(lambda w: tf.reduce_sum(tf.exp(w)), w).errors["reverse"] < 1e-12


def numpy_trap(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


def numpy_log(x):
    y = np.log(x - 1.0)  # HERE
    return np.sum(y * y)


def test_numpy_code_whose_masked_gradients_are_looked_after():
    x = np.array([-1.0, 0.0, 4.0])
    assert dt.blame_nan(numpy_trap, x) is None
    assert np.isfinite(dt.grad(numpy_trap)(x)).all()
    with dt.safe_gradients(False):
        found = dt.blame_nan(numpy_trap, x)
    assert (found.operation, found.phase) == ("sqrt", "forward")
    found = dt.blame_nan(numpy_log, x)
    assert (found.operation, found.phase, found.where.line) == (
        "log",
        "forward",
        line_of(numpy_log),
    )
    with dt.safe_gradients():
        assert blame_nan(where_and_sqrt, point()) is None


def test_weights_that_the_function_closes_over_are_leaves_too():
    w = torch.tensor([0.0, 1.0], requires_grad=True)

    def loss():
        s = w * w
        r = torch.sqrt(s)
        return r.sum()

    found = blame_nan(loss)
    assert (found.operation, found.phase, found.kind) == ("sqrt", "backward", "inf")
    assert w.grad is None


def test_a_constant_made_by_an_operation_is_followed():
    def f(x):
        scale = torch.log(torch.tensor([-1.0, 1.0, 1.0]))  # HERE
        return (x * scale).sum()

    found = blame_nan(f, point())
    assert (found.operation, found.phase) == ("log", "forward")
    assert found.where.line == line_of(f)
    found = blame_nan(f(point().requires_grad_()))
    assert found.operation == "mul"
    assert "constant that has NaN already" in found.note


def test_an_argument_with_nan_is_said_to_have_it():
    found = blame_nan(lambda x: (x * x).sum(), torch.tensor([1.0, float("nan")]))
    assert found.operation == "mul"
    assert "has NaN already" in found.note


def test_a_function_of_the_users_with_a_nan_in_its_backward():
    class Odd(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x + 1.0

        @staticmethod
        def backward(ctx, g):
            return g * float("nan")

    def f(x):
        y = x * 2.0
        z = Odd.apply(y)  # HERE
        return z.sum()

    for found in (blame_nan(f, point()), blame_nan(f(point().requires_grad_()))):
        assert "Odd" in found.operation
        assert (found.phase, found.where.line) == ("backward", line_of(f))


def test_a_write_through_a_view_is_followed():
    def f(x):
        y = x * 1.0
        v = y[1:]
        bad = torch.log(x[1:] - 3.0)  # HERE
        v.copy_(bad)
        return (y * y).sum()

    found = blame_nan(f, point())
    assert (found.operation, found.where.line) == ("log", line_of(f)), str(found)


def test_hooks_and_other_leaves_are_left_alone():
    x = point().requires_grad_()
    loss = (x * x).sum()
    assert blame_nan(loss) is None
    assert x.grad is None


def test_what_cannot_be_answered_is_an_error():
    x = point().requires_grad_()
    loss = torch.log(x - 2.0).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="backward pass has used up this recording"):
        blame_nan(loss)
    with pytest.raises(RuntimeError, match="no history"):
        blame_nan(torch.tensor(1.0))
    with pytest.raises(TypeError, match="a function or a recorded loss"):
        blame_nan(3)
    with pytest.raises(TypeError, match="takes no arguments"):
        blame_nan((x * x).sum(), x)
    with pytest.raises(RuntimeError, match="does not depend"):
        blame_nan(lambda x: torch.tensor(1.0), point())


def test_an_exception_in_the_function_leaves_nothing_behind():
    def f(x):
        raise KeyError("mine")

    before = modes.current(), modes.depth()
    with pytest.raises(KeyError):
        blame_nan(f, point())
    assert (modes.current(), modes.depth()) == before


def test_a_long_chain_neither_recurses_nor_takes_long():
    x = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    y = torch.sqrt(x * x)
    for _ in range(3000):
        y = y * 1.0
    found = blame_nan(y)
    assert (found.operation, found.kind) == ("sqrt", "inf")


def test_it_is_a_name_of_the_package():
    assert dt.blame_nan is blame_nan
