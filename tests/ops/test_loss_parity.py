"""Losses against PyTorch's: values, first and second gradients, reductions, extremes, errors."""

import math

import numpy as np
import pytest

from dualtape.core.errors import ArgumentError, BoundsError, DtypeError, ShapeError
from dualtape.ops import distances, loss

torch = pytest.importorskip("torch")
F = torch.nn.functional
inf, nan = np.inf, np.nan
REDUCTIONS = ["mean", "sum", "none"]


def draw(rng, dtype, *shapes):
    return [rng.standard_normal(s).astype(dtype) for s in shapes]


def pair(name, **settings):
    """The loss in dualtape and in PyTorch."""
    ours = getattr(loss, name, None) or getattr(distances, name)
    theirs = getattr(F, name, None) or getattr(torch, name)
    return lambda *xs: ours(*xs, **settings), lambda *xs: theirs(*xs, **settings)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("mse_loss", {}),
        ("l1_loss", {}),
        ("smooth_l1_loss", {}),
        ("smooth_l1_loss", {"beta": 0.3}),
        ("smooth_l1_loss", {"beta": 0}),
        ("huber_loss", {}),
        ("huber_loss", {"delta": 0.3}),
        ("soft_margin_loss", {}),
        ("binary_cross_entropy_with_logits", {}),
        ("poisson_nll_loss", {}),
        ("kl_div", {}),
        ("kl_div", {"log_target": True}),
    ],
)
def test_pointwise(against_torch, rng, name, settings, reduction, dtype):
    x, y = draw(rng, dtype, (3, 4), (3, 4))
    if name == "kl_div" and not settings:
        y = np.abs(y)
    x[0, 0], y[0, 0] = 1, 1
    wanted = [0] if name in ("soft_margin_loss",) else [0, 1]
    # In half precision PyTorch rounds more often, and adds its elements up in half.
    half = {"tolerance": 2e-2, "order": 1} if dtype == "float16" else {}
    against_torch(*pair(name, reduction=reduction, **settings), x, y, wanted=wanted, **half)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_broadcasting_scalars_and_nothing(against_torch, rng, name):
    for shapes in (((2, 3), (3,)), ((), ()), ((0,), (0,))):
        for reduction in REDUCTIONS:
            against_torch(*pair(name, reduction=reduction), *draw(rng, "float64", *shapes))


def test_soft_margin_loss_does_not_overflow():
    assert loss.soft_margin_loss(np.array([-1000.0]), np.array([1.0])) == 1000


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_binary_cross_entropy(against_torch, rng, reduction):
    x, y, w = rng.uniform(0.1, 0.9, (3, 4)), rng.uniform(size=(3, 4)), rng.uniform(size=4)
    against_torch(*pair("binary_cross_entropy", reduction=reduction), x, y)
    against_torch(
        lambda x, y: loss.binary_cross_entropy(x, y, w, reduction),
        lambda x, y: F.binary_cross_entropy(x, y, torch.tensor(w), reduction=reduction), x, y,
    )  # fmt: skip
    for p in (None, np.abs(w) + 0.5):
        against_torch(
            lambda x, y, p=p: loss.binary_cross_entropy_with_logits(x, y, w, reduction, p),
            lambda x, y, p=p: F.binary_cross_entropy_with_logits(
                x,
                y,
                torch.tensor(w),
                reduction=reduction,
                pos_weight=None if p is None else torch.tensor(p),
            ),
            x * 4 - 2,
            y,
        )


def test_binary_cross_entropy_extremes(against_torch):
    against_torch(
        *pair("binary_cross_entropy", reduction="none"),
        np.array([0.0, 1, 0, 1, 1e-13]),
        np.array([0.0, 1, 1, 0, 1]),
        wanted=[0],
        order=1,
        tolerance=1e-8,  # PyTorch's 1e-12 is one in single precision
    )
    against_torch(
        *pair("binary_cross_entropy_with_logits", reduction="none"),
        np.array([100.0, -1000, 1000, -800]),
        np.array([0.0, 1, 1, 0]),
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 5, 3), (2, 5, 3, 2), (0, 5)])
def test_class_indices(against_torch, rng, shape, name, reduction, dtype):
    (x,) = draw(rng, dtype, shape)
    t = rng.integers(0, 5, (*shape[:1], *shape[2:]) if len(shape) > 1 else ())
    half = {"tolerance": 2e-2, "order": 1} if dtype == "float16" else {}
    against_torch(
        lambda x: getattr(loss, name)(x, t, reduction=reduction),
        lambda x: getattr(F, name)(x, torch.tensor(t), reduction=reduction), x, **half,
    )  # fmt: skip


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("ignore", [-100, 1])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_settings(against_torch, rng, weighted, smoothing, ignore, reduction):
    w = rng.uniform(size=3) if weighted else None
    for shape in ((4, 3), (4, 3, 2)):
        (x,) = draw(rng, "float64", shape)
        t = rng.integers(0, 3, (4, *shape[2:]))
        t[0] = ignore
        against_torch(
            lambda x, t=t: loss.cross_entropy(x, t, w, ignore, reduction, smoothing),
            lambda x, t=t: F.cross_entropy(
                x, torch.tensor(t), None if w is None else torch.tensor(w), ignore_index=ignore,
                reduction=reduction, label_smoothing=smoothing,
            ),
            x,
        )  # fmt: skip
        if not smoothing:
            against_torch(
                lambda x, t=t: loss.nll_loss(x, t, w, ignore, reduction),
                lambda x, t=t: F.nll_loss(
                    x,
                    torch.tensor(t),
                    None if w is None else torch.tensor(w),
                    ignore_index=ignore,
                    reduction=reduction,
                ),
                x,
            )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(3,), (4, 3), (4, 3, 2)])
def test_cross_entropy_with_probabilities(
    against_torch, rng, shape, weighted, smoothing, reduction
):
    w = rng.uniform(size=3) if weighted else None
    against_torch(
        lambda x, y: loss.cross_entropy(x, y, w, reduction=reduction, label_smoothing=smoothing),
        lambda x, y: F.cross_entropy(
            x,
            y,
            None if w is None else torch.tensor(w),
            reduction=reduction,
            label_smoothing=smoothing,
        ),
        *draw(rng, "float64", shape),
        rng.uniform(size=shape),
    )


@pytest.mark.parametrize(
    ("x", "t"),
    [
        ([[-inf, 1.0]], 1),
        ([[-inf, 1.0]], 0),
        ([[1000.0, -1000.0]], 1),
        ([[nan, 1.0]], 0),
        ([[1.0, 2.0]], -100),
    ],
)
def test_cross_entropy_extremes(against_torch, x, t):
    t = np.array([t])
    against_torch(
        lambda x: loss.cross_entropy(x, t),
        lambda x: F.cross_entropy(x, torch.tensor(t)),
        np.array(x),
        order=1,
    )


def test_weights_of_classes_have_a_gradient_too(rng):
    from dualtape.core.backward import gradients
    from dualtape.core.tensor import Tensor, wrap

    x, t, w = rng.standard_normal((4, 3)), np.array([0, 2, 1, 2]), rng.uniform(0.5, 1, 3)
    weight = wrap(Tensor, w)
    weight.require_grad()
    y = loss.cross_entropy(x, t, weight)
    (g,) = gradients([(y.edge, np.float64(1))], [weight.edge])
    for i in range(3):
        step = 1e-6 * np.eye(3)[i]
        numeric = (loss.cross_entropy(x, t, w + step) - loss.cross_entropy(x, t, w - step)) / 2e-6
        assert float(g[i]) == pytest.approx(float(numeric), rel=1e-6)


def test_rows_are_worked_off_in_blocks(against_torch, rng):
    x, t = rng.standard_normal((300, 401)), rng.integers(0, 401, 300)
    t[7] = -100
    for reduction in REDUCTIONS:
        against_torch(
            lambda x, r=reduction: loss.cross_entropy(x, t, reduction=r),
            lambda x, r=reduction: F.cross_entropy(x, torch.tensor(t), reduction=r), x, order=1,
        )  # fmt: skip


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("full", [False, True])
def test_likelihoods(against_torch, rng, full, reduction):
    x, y = draw(rng, "float64", (3, 4), (3, 4))
    y = np.abs(y) * 2
    against_torch(*pair("poisson_nll_loss", full=full, reduction=reduction), x, y, wanted=[0])
    against_torch(
        *pair("poisson_nll_loss", full=full, reduction=reduction, log_input=False),
        np.abs(x),
        y,
        wanted=[0],
    )
    for shape in ((3, 4), (3,), (3, 1)):
        v = rng.uniform(0.5, 2, shape)
        v[0] = 1e-9  # below eps
        order = 1  # the second derivatives at the raised variance are huge
        against_torch(
            *pair("gaussian_nll_loss", full=full, reduction=reduction),
            x,
            y,
            v,
            order=order,
            tolerance=1e-8,
        )
    against_torch(
        lambda x, y: loss.gaussian_nll_loss(x, y, 0.5, full=full),
        lambda x, y: F.gaussian_nll_loss(x, y, 0.5, full=full),
        x,
        y,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_margins(against_torch, rng, reduction):
    x, y, z = draw(rng, "float64", (4, 3), (4, 3), (4, 3))
    s = np.sign(z)
    s[0, 0] = 0
    r = {"reduction": reduction}
    against_torch(*pair("hinge_embedding_loss", margin=0.5, **r), x, s, wanted=[0])
    against_torch(*pair("margin_ranking_loss", margin=0.5, **r), x, y, s, wanted=[0, 1])
    against_torch(
        *pair("cosine_embedding_loss", margin=-0.3, **r),
        x,
        y,
        np.array([1.0, -1, -1, 1]),
        wanted=[0, 1],
    )
    against_torch(*pair("cosine_embedding_loss", **r), x[0], y[0], np.array(-1.0), wanted=[0, 1])
    for settings in ({}, {"p": 1, "margin": 0.2}, {"swap": True}):
        against_torch(*pair("triplet_margin_loss", **settings, **r), x, y, z)
    labels = np.array([[0, 2, -1], [1, -1, 0], [-1, 0, 1], [2, 1, 0]])
    for t, x_ in ((labels, x), (labels[0], x[0])):
        against_torch(
            lambda x, t=t: loss.multilabel_margin_loss(x, t, reduction),
            lambda x, t=t: F.multilabel_margin_loss(x, torch.tensor(t), **r), x_, order=1,
        )  # fmt: skip
    for w in (None, np.array([1.0, 2.0, 0.5])):
        tw = None if w is None else torch.tensor(w)
        against_torch(
            lambda x, y, w=w: loss.multilabel_soft_margin_loss(x, y, w, reduction),
            lambda x, y, w=tw: F.multilabel_soft_margin_loss(x, y, w, **r), x, np.abs(s),
        )  # fmt: skip
        t = np.array([0, 2, 1, 1])
        for p in (1, 2):
            for rows, target in ((x, t), (x[1], t[1])):
                against_torch(
                    lambda x, w=w, p=p, t=target: loss.multi_margin_loss(
                        x, t, p, 0.7, w, reduction
                    ),
                    lambda x, w=tw, p=p, t=target: F.multi_margin_loss(
                        x, torch.tensor(t), p, 0.7, w, **r
                    ),
                    rows,
                    order=1,
                )


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, inf])
def test_distances(against_torch, rng, p):
    x, y = draw(rng, "float64", (4, 3), (4, 3))
    against_torch(*pair("dist", p=p), x, y)
    against_torch(*pair("pairwise_distance", p=p), x, y)
    for a, b in ((x, y[:2]), (x[None], y[None])):
        against_torch(
            lambda x, y: distances.cdist(x, y, p), lambda x, y: torch.cdist(x, y, p), a, b, order=1
        )
    y[0] = x[0]
    against_torch(
        lambda x, y: distances.cdist(x, y, p), lambda x, y: torch.cdist(x, y, p), x, y, order=1
    )
    against_torch(lambda x: distances.pdist(x, p), lambda x: F.pdist(x, p), x, order=1)
    if p < inf:
        against_torch(
            lambda x: distances.renorm(x, p, 0, 1.0), lambda x: torch.renorm(x, p, 0, 1.0), x / 2
        )


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_cosine_similarity(against_torch, rng, axis):
    x, y = draw(rng, "float64", (2, 3), (3,))
    against_torch(
        lambda x, y: loss.cosine_similarity(x, y, axis),
        lambda x, y: F.cosine_similarity(x, y, axis),
        x,
        y,
    )
    x[0] = 0
    against_torch(
        lambda x, y: loss.cosine_similarity(x, y, axis),
        lambda x, y: F.cosine_similarity(x, y, axis),
        x,
        y,
        order=1,
    )


X = np.ones((2, 3))
T = np.array([0, 2])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: loss.cross_entropy(X, np.array([0, 3])),
            BoundsError,
            "Target 3 is out of bounds.",
        ),
        (lambda: loss.nll_loss(X, np.array([0, -1])), BoundsError, "Target -1 is out of bounds."),
        (
            lambda: loss.nll_loss(X, np.array([0])),
            ShapeError,
            r"Expected input batch_size \(2\) to match target batch_size \(1\)",
        ),
        (lambda: loss.cross_entropy(X, np.ones((2, 2))), ShapeError, "multi-target not supported"),
        (
            lambda: loss.cross_entropy(X, T.astype(float)),
            DtypeError,
            "expected target dtype to be Long or Byte",
        ),
        (
            lambda: loss.cross_entropy(np.ones((2, 3, 4)), np.zeros((2, 3), int)),
            ShapeError,
            r"Expected target size \[2, 4\], got \[2, 3\]",
        ),
        (
            lambda: loss.nll_loss(X, T, np.ones(2)),
            ShapeError,
            "either for all 3 classes or no classes",
        ),
        (
            lambda: loss.cross_entropy(X, T, reduction="foo"),
            ArgumentError,
            "foo is not a valid value for reduction",
        ),
        (
            lambda: loss.mse_loss(X, X, "foo"),
            ArgumentError,
            "foo is not a valid value for reduction",
        ),
        (
            lambda: loss.cross_entropy(X, T, label_smoothing=1.5),
            ArgumentError,
            "label_smoothing must be between",
        ),
        (
            lambda: loss.cross_entropy(X, X, ignore_index=0),
            ArgumentError,
            "ignore_index is not supported for floating",
        ),
        (
            lambda: loss.mse_loss(X, np.ones(2)),
            ShapeError,
            r"The size of tensor a \(3\) must match the size of tensor b \(2\)",
        ),
        (
            lambda: loss.binary_cross_entropy(X * 2, X),
            ArgumentError,
            "all elements of input should be between 0 and 1",
        ),
        (
            lambda: loss.binary_cross_entropy(X, -X),
            ArgumentError,
            "all elements of target should be between 0 and 1",
        ),
        (
            lambda: loss.smooth_l1_loss(X, X, beta=-1),
            ArgumentError,
            "does not support negative values for beta",
        ),
        (
            lambda: loss.huber_loss(X, X, delta=0),
            ArgumentError,
            "does not support non-positive values for delta",
        ),
        (lambda: loss.gaussian_nll_loss(X, X, -X), ArgumentError, "var has negative entry/entries"),
        (lambda: loss.gaussian_nll_loss(X, X, np.ones(5)), ShapeError, "var is of incorrect size"),
        (
            lambda: loss.multi_margin_loss(X, T, 3),
            ArgumentError,
            "only p == 1 and p == 2 supported",
        ),
        (lambda: loss.multi_margin_loss(X, np.array([0, 3])), BoundsError, "target out of range"),
        (
            lambda: loss.multilabel_margin_loss(X, np.full((2, 3), 5)),
            BoundsError,
            "'target' is out of range",
        ),
        (lambda: loss.cosine_embedding_loss(X, X, X), ShapeError, "multi-target not supported"),
        (
            lambda: loss.margin_ranking_loss(X[0], X, X),
            ShapeError,
            "All input tensors should have same dimension",
        ),
        (
            lambda: loss.triplet_margin_loss(X, X, X, margin=0),
            ArgumentError,
            "margin must be greater than 0",
        ),
        (
            lambda: distances.cdist(X, np.ones((2, 4))),
            ShapeError,
            "X1 and X2 must have the same number of columns",
        ),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_means_are_numbers():
    assert loss.mse_loss(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == 2
    assert math.isclose(loss.cross_entropy(np.zeros((1, 4)), np.array([2])), math.log(4))
