"""Activations against PyTorch's: values and derivatives, kinks and infinities included."""

import functools

import numpy as np
import pytest

from dualtape.core.backward import gradients
from dualtape.core.tensor import Tensor
from dualtape.ops import activation as a
from dualtape.ops import logistic as g

torch = pytest.importorskip("torch")
F = torch.nn.functional

INF, NAN = np.inf, np.nan
EDGES = np.array(
    [-INF, -100.0, -6.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 100.0, INF, NAN]
)
CASES = {
    "sigmoid": (g.sigmoid, torch.sigmoid),
    "logsigmoid": (g.log_sigmoid, F.logsigmoid),
    "softplus": (g.softplus, F.softplus),
    "softplus(2, 1)": (lambda x: g.softplus(x, 2.0, 1.0), lambda x: F.softplus(x, 2.0, 1.0)),
    "softplus(-1)": (lambda x: g.softplus(x, -1.0), lambda x: F.softplus(x, -1.0)),
    "relu": (a.relu, F.relu),
    "relu6": (a.relu6, F.relu6),
    "threshold": (lambda x: a.threshold(x, 0.5, 7.0), lambda x: F.threshold(x, 0.5, 7.0)),
    "hardtanh": (a.hardtanh, F.hardtanh),
    "hardtanh(0, 3)": (lambda x: a.hardtanh(x, 0.0, 3.0), lambda x: F.hardtanh(x, 0.0, 3.0)),
    "hardswish": (a.hardswish, F.hardswish),
    "hardshrink": (a.hardshrink, F.hardshrink),
    "softshrink": (a.softshrink, F.softshrink),
    "leaky_relu": (a.leaky_relu, F.leaky_relu),
    "leaky_relu(-2)": (lambda x: a.leaky_relu(x, -2.0), lambda x: F.leaky_relu(x, -2.0)),
    "leaky_relu(3)": (lambda x: a.leaky_relu(x, 3.0), lambda x: F.leaky_relu(x, 3.0)),
    "elu": (a.elu, F.elu),
    "elu(0.3)": (lambda x: a.elu(x, 0.3), lambda x: F.elu(x, 0.3)),
    "selu": (a.selu, F.selu),
    "celu": (a.celu, F.celu),
    "celu(0.3)": (lambda x: a.celu(x, 0.3), lambda x: F.celu(x, 0.3)),
    "silu": (a.silu, F.silu),
    "mish": (a.mish, F.mish),
    "gelu": (a.gelu, F.gelu),
    "gelu tanh": (
        functools.partial(a.gelu, approximate="tanh"),
        functools.partial(F.gelu, approximate="tanh"),
    ),
    "tanhshrink": (a.tanhshrink, F.tanhshrink),
    "softsign": (a.softsign, F.softsign),
}
NO_SECOND = {"hardsigmoid": (a.hardsigmoid, F.hardsigmoid)}
# PyTorch keeps constants of these in single precision.
SINGLE = {a.hardsigmoid: 1e-6, CASES["celu(0.3)"][0]: 1e-6}
both = pytest.mark.parametrize(
    ("ours", "theirs"), (CASES | NO_SECOND).values(), ids=CASES | NO_SECOND
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@both
def test_values_and_two_derivatives(against_torch, rng, ours, theirs, dtype):
    order = 1 if ours is a.hardsigmoid else 2  # PyTorch has no second derivative of hardsigmoid
    tolerance = SINGLE.get(ours) if dtype == "float64" else None
    for shape in ((3, 4), (), (0, 2)):
        against_torch(
            ours,
            theirs,
            np.asarray(rng.uniform(-4, 4, shape), dtype),
            order=order,
            tolerance=tolerance,
        )


@both
def test_half_precision(against_torch, rng, ours, theirs):
    against_torch(ours, theirs, rng.uniform(-4, 4, 50).astype("float16"), order=1, tolerance=6e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@both
def test_edges(against_torch, ours, theirs, dtype):
    x = EDGES.astype(dtype)
    if ours is a.gelu and dtype == "float32":
        x = x[
            [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12]
        ]  # PyTorch is off by 1e-4 at -3, and NaN at inf
    against_torch(ours, theirs, x, order=1, tolerance=SINGLE.get(ours))


def test_second_derivatives_at_kinks(against_torch):
    x = np.array([-3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 30.0, -30.0])
    for name, (ours, theirs) in CASES.items():
        if name != "hardswish":  # at -3 PyTorch's second derivative is the other side's
            against_torch(ours, theirs, x, tolerance=SINGLE.get(ours))


@pytest.mark.parametrize(
    "name", ["relu", "relu6", "threshold", "leaky_relu", "hardshrink", "softshrink", "elu"]
)
def test_a_second_derivative_that_is_zero_is_not_missing(name):
    x = Tensor(np.array([2.0]))
    x.require_grad()
    y = CASES[name][0](x)
    (slope,) = gradients([(y.edge, Tensor(np.ones(1)))], [x.edge], create_graph=True)
    (second,) = gradients([(slope.edge, np.ones(1))], [x.edge])
    assert second.tolist() == [0]


def test_large_arrays_take_the_other_path(against_torch, rng):
    x = rng.standard_normal(5000)
    x[:3] = INF, -INF, NAN
    for ours, theirs in (CASES["relu"], CASES["leaky_relu"]):
        against_torch(ours, theirs, x)
    against_torch(*CASES["elu"], x[3:])  # at NaN PyTorch's slope depends on the size of the array


@pytest.mark.parametrize(
    ("shape", "weights"),
    [((2, 3, 4), (3,)), ((2, 3), (1,)), ((5,), (1,)), ((), (1,)), ((2, 3), ()), ((3,), ())],
)
def test_prelu(against_torch, rng, shape, weights):
    against_torch(a.prelu, F.prelu, rng.standard_normal(shape), rng.uniform(0.1, 0.5, weights))


def test_prelu_at_zero(against_torch):
    against_torch(a.prelu, F.prelu, EDGES[1:-2], np.array([0.25]), order=1)
    against_torch(a.prelu, F.prelu, EDGES[[1, 2, 3, 8, 9]], np.array([0.25]))


@pytest.mark.parametrize("shape", [(2, 3), (3,), ()])
def test_prelu_with_the_wrong_number_of_weights(shape):
    with pytest.raises(RuntimeError, match="Mismatch of parameter numbers and input channel size"):
        a.prelu(np.ones(shape), np.ones(2))
    with pytest.raises(RuntimeError, match="to be a scalar or 1D tensor, but got: ndim = 2"):
        a.prelu(np.ones(shape), np.ones((1, 1)))


@pytest.mark.parametrize("axis", [-1, 0])
def test_glu(against_torch, rng, axis):
    against_torch(lambda x: a.glu(x, axis), lambda x: F.glu(x, axis), rng.standard_normal((4, 6)))
    with pytest.raises(
        RuntimeError, match="Halving dimension must be even, but dimension 0 is size 3"
    ):
        a.glu(np.ones((3, 4)), 0)


@pytest.mark.parametrize("eps", [None, 0.1, 0.0])
def test_logit(against_torch, rng, eps):
    f = lambda x: g.logit(x, eps)  # noqa: E731
    against_torch(f, lambda x: torch.logit(x, eps), rng.uniform(0.01, 0.99, 7))
    against_torch(
        f,
        lambda x: torch.logit(x, eps),
        np.array([0.0, 1.0, 0.1, 0.9, -2.0, NAN]),
        order=int(eps != 0.0),
    )


def test_settings_that_make_no_sense():
    x = np.ones(2)
    for call, words in (
        (lambda: a.softshrink(x, -1.0), "lambda must be"),
        (lambda: a.celu(x, 0.0), "alpha cannot be 0 for CELU"),
        (lambda: a.gelu(x, "sharp"), "approximate argument must be either none or tanh"),
    ):
        with pytest.raises(RuntimeError, match=words):
            call()


@pytest.mark.parametrize("ours", [a.relu, a.gelu, a.elu, g.softplus, a.hardswish, a.leaky_relu])
def test_complex_numbers_are_refused(ours):
    with pytest.raises(TypeError, match="not implemented for complex"):
        ours(np.array([1j, 2.0]))
