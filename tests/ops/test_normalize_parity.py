"""Softmax and the normalisation layers against PyTorch's."""

import numpy as np
import pytest

from dualtape.core.errors import ArgumentError, ShapeError
from dualtape.ops import normalize as n

torch = pytest.importorskip("torch")
F = torch.nn.functional
inf, nan = np.inf, np.nan
DTYPES = ["float16", "float32", "float64"]


def draw(rng, dtype, *shapes):
    return [rng.standard_normal(s).astype(dtype) for s in shapes]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_softmax(against_torch, rng, name, axis, dtype):
    order = 1 if dtype == "float16" else 2
    for shape in ((2, 3, 4), (3, 0, 2)):
        against_torch(
            lambda x: getattr(n, name)(x, axis),
            lambda x: getattr(F, name)(x, axis),
            *draw(rng, dtype, shape),
            order=order,
        )


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize(
    "x", [[1000.0, 999.0], [-1e9, 0.0], [-inf, 0.0], [-inf, -inf], [inf, 1.0], [nan, 1.0], [3.0]]
)
def test_softmax_extremes(against_torch, name, x):
    against_torch(getattr(n, name), lambda x: getattr(F, name)(x, 0), np.array(x), order=1)


def test_softmax_of_a_scalar(against_torch):
    against_torch(n.softmax, lambda x: x.softmax(0), np.array(2.0))
    with pytest.raises(IndexError, match="Dimension out of range"):
        n.softmax(np.ones(2), 1)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_rows_are_worked_off_in_blocks(against_torch, rng, name):
    x = rng.standard_normal((130, 1001))
    against_torch(getattr(n, name), lambda x: getattr(F, name)(x, -1), x, order=1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("trailing", [1, 2])
@pytest.mark.parametrize("parts", [0, 1, 2])
def test_layer_norm(against_torch, rng, parts, trailing, dtype):
    for eps in (1e-5, 0.1):
        shape = (3, 5)[-trailing:]
        operands = draw(rng, dtype, (2, 3, 5), *[shape] * parts)
        against_torch(
            lambda x, *wb, e=eps, s=shape: n.layer_norm(x, s, *wb, eps=e),
            lambda x, *wb, e=eps, s=shape: F.layer_norm(x, s, *wb, eps=e),
            *operands,
            order=1 if dtype == "float16" else 2,
            tolerance={"float16": 1e-2, "float32": 1e-4}.get(dtype),
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("eps", [None, 0.1])
@pytest.mark.parametrize("parts", [0, 1])
def test_rms_norm(against_torch, rng, parts, eps, dtype):
    for shape in ((5,), (3, 5)):
        against_torch(
            lambda x, *w, s=shape: n.rms_norm(x, s, *w, eps=eps),
            lambda x, *w, s=shape: F.rms_norm(x, s, *w, eps=eps),
            *draw(rng, dtype, (2, 3, 5), *[shape] * parts),
            tolerance=1e-4 if dtype == "float32" else None,
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (2, 3, 2, 5), (0, 3)])
@pytest.mark.parametrize("parts", [0, 1, 2])
def test_batch_norm(against_torch, rng, parts, shape, dtype):
    operands = draw(rng, dtype, shape, *[(3,)] * parts)
    tolerance = 1e-4 if dtype == "float32" else None
    against_torch(
        lambda x, *wb: n.batch_norm(x, *wb)[0],
        lambda x, *wb: F.batch_norm(x, None, None, *wb, training=True),
        *operands, tolerance=tolerance,
    )  # fmt: skip
    mean, variance = draw(rng, dtype, (3,), (3,))
    variance = np.abs(variance)
    against_torch(
        lambda x, *wb: n.batch_norm_by(x, mean, variance, *wb, eps=0.1),
        lambda x, *wb: F.batch_norm(x, torch.tensor(mean), torch.tensor(variance), *wb, eps=0.1),
        *operands, tolerance=tolerance,
    )  # fmt: skip


def test_batch_statistics(rng):
    x = rng.standard_normal((4, 3, 2))
    _, mean, variance = n.batch_norm(x)
    np.testing.assert_allclose(mean, x.mean((0, 2)))
    np.testing.assert_allclose(variance, x.var((0, 2)))
    _, mean, variance = n.instance_norm(x)
    np.testing.assert_allclose(mean, x.mean(2))
    np.testing.assert_allclose(variance, x.var(2))


@pytest.mark.parametrize("shape", [(2, 4), (2, 4, 3), (2, 4, 3, 2), (0, 4, 3)])
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("parts", [0, 1, 2])
def test_group_norm(against_torch, rng, parts, groups, shape):
    if shape == (2, 4) and groups == 4:
        return  # one value per group: a division of zeros, and of rounding errors
    against_torch(
        lambda x, *wb: n.group_norm(x, groups, *wb),
        lambda x, *wb: F.group_norm(x, groups, *wb),
        *draw(rng, "float64", shape, *[(4,)] * parts),
    )


@pytest.mark.parametrize("parts", [0, 2])
def test_instance_norm(against_torch, rng, parts):
    against_torch(
        lambda x, *wb: n.instance_norm(x, *wb)[0],
        lambda x, *wb: F.instance_norm(x, None, None, *wb),
        *draw(rng, "float64", (2, 3, 4), *[(3,)] * parts),
    )


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_local_response_norm(against_torch, rng, size):
    for shape in ((2, 4, 3), (2, 4, 3, 2)):
        against_torch(
            lambda x: n.local_response_norm(x, size, 0.5, 0.75, 1.5),
            lambda x: F.local_response_norm(x, size, 0.5, 0.75, 1.5),
            *draw(rng, "float64", shape),
        )


@pytest.mark.parametrize("p", [1, 2, 3, inf])
def test_normalize(against_torch, rng, p):
    x = rng.standard_normal((3, 4))
    x[1] = 0
    against_torch(lambda x: n.normalize(x, p), lambda x: F.normalize(x, p), x, order=1)
    against_torch(lambda x: n.normalize(x, p, 0), lambda x: F.normalize(x, p, 0), x[:1] + 1)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda x: n.layer_norm(x, (5,)),
            ShapeError,
            r"Given normalized_shape=\[5\], expected input with shape \[\*, 5\]",
        ),
        (
            lambda x: n.layer_norm(x, ()),
            ShapeError,
            "Expected normalized_shape to be at least 1-dimensional",
        ),
        (
            lambda x: n.layer_norm(x, (3,), np.ones(2)),
            ShapeError,
            "Expected weight to be of same shape as normalized_shape",
        ),
        (
            lambda x: n.rms_norm(x, (3,), np.ones(2)),
            ShapeError,
            "Expected weight to be of same shape as normalized_shape",
        ),
        (
            lambda x: n.group_norm(x, 2),
            ShapeError,
            "Expected number of channels in input to be divisible by num_groups",
        ),
        (
            lambda x: n.group_norm(x[0], 1),
            ShapeError,
            "Expected at least 2 dimensions for input tensor but received 1",
        ),
        (
            lambda x: n.group_norm(x, 3, np.ones(2)),
            ShapeError,
            "Expected weight to be a vector of size equal to the number",
        ),
        (
            lambda x: n.batch_norm(x[:1]),
            ShapeError,
            "Expected more than 1 value per channel when training, got input size",
        ),
        (
            lambda x: n.batch_norm(x, np.ones(2)),
            ShapeError,
            "weight should contain 3 elements not 2",
        ),
        (lambda x: n.batch_norm(x[0]), IndexError, "Dimension out of range"),
        (
            lambda x: n.instance_norm(x),
            ShapeError,
            "Expected more than 1 spatial element when training",
        ),
        (lambda x: n.local_response_norm(x, 2), ShapeError, "Expected 3D or higher dimensionality"),
        (
            lambda x: n.local_response_norm(x[None], 0),
            ArgumentError,
            "kernel size should be greater than zero",
        ),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(np.ones((2, 3)))
