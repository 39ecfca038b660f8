"""Losses: PyTorch's values, gradients, warnings and errors."""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch import nn
from dualtape.torch.nn import functional as F

draw = np.random.default_rng(0)
X, Y, Z = (draw.standard_normal((4, 3)) for _ in range(3))
CLASSES, SIGNS = np.array([0, 2, 1, 2]), np.array([1.0, -1.0, 1.0, -1.0])
P = 1 / (1 + np.exp(-Y))
SOFT = np.exp(Y) / np.exp(Y).sum(1, keepdims=True)

LOSSES = {
    "mse": lambda f, t, x, r: f.mse_loss(x, t(Y), reduction=r),
    "mse-weight": lambda f, t, x, r: f.mse_loss(x, t(Y), reduction=r, weight=t(P)),
    "mse-broadcast": lambda f, t, x, r: f.mse_loss(x, t(Y[:1]), reduction=r),
    "mse-promoted": lambda f, t, x, r: f.mse_loss(x, t(CLASSES[:3]), reduction=r),
    "l1": lambda f, t, x, r: f.l1_loss(x, t(Y), reduction=r),
    "l1-weight": lambda f, t, x, r: f.l1_loss(x, t(Y), reduction=r, weight=t(P)),
    "smooth_l1": lambda f, t, x, r: f.smooth_l1_loss(x, t(Y), reduction=r, beta=0.7),
    "smooth_l1-0": lambda f, t, x, r: f.smooth_l1_loss(x, t(Y), reduction=r, beta=0.0),
    "huber": lambda f, t, x, r: f.huber_loss(x, t(Y), reduction=r, delta=0.5),
    "huber-weight": lambda f, t, x, r: f.huber_loss(x, t(Y), reduction=r, weight=t(P)),
    "cross_entropy": lambda f, t, x, r: f.cross_entropy(x, t(CLASSES), reduction=r),
    "cross_entropy-all": lambda f, t, x, r: f.cross_entropy(
        x, t(CLASSES), weight=t(P[0]), ignore_index=1, reduction=r, label_smoothing=0.1
    ),
    "cross_entropy-soft": lambda f, t, x, r: f.cross_entropy(x, t(SOFT), reduction=r, label_smoothing=0.2),
    "nll": lambda f, t, x, r: f.nll_loss(x, t(CLASSES), weight=t(P[0]), reduction=r),
    "bce": lambda f, t, x, r: f.binary_cross_entropy(x.sigmoid(), t(P), weight=t(P[0]), reduction=r),
    "bce-logits": lambda f, t, x, r: f.binary_cross_entropy_with_logits(x, t(P), reduction=r, pos_weight=t(P[0])),
    "kl": lambda f, t, x, r: f.kl_div(f.log_softmax(x, dim=1), t(SOFT), reduction=r),
    "kl-log": lambda f, t, x, r: f.kl_div(x, t(Y), reduction=r, log_target=True),
    "poisson": lambda f, t, x, r: f.poisson_nll_loss(x, t(np.exp(Y)), reduction=r, full=True),
    "gaussian": lambda f, t, x, r: f.gaussian_nll_loss(x, t(Y), t(P), reduction=r, full=True),
    "hinge": lambda f, t, x, r: f.hinge_embedding_loss(x, t(SIGNS[:, None] * np.ones((1, 3))), reduction=r),
    "soft_margin": lambda f, t, x, r: f.soft_margin_loss(x, t(SIGNS[:, None] * np.ones((1, 3))), reduction=r),
    "cosine": lambda f, t, x, r: f.cosine_embedding_loss(x, t(Y), t(SIGNS), margin=0.1, reduction=r),
    "ranking": lambda f, t, x, r: f.margin_ranking_loss(x, t(Y), t(SIGNS[:, None]), margin=0.3, reduction=r),
    "triplet": lambda f, t, x, r: f.triplet_margin_loss(x, t(Y), t(Z), swap=True, reduction=r),
    "triplet-distance": lambda f, t, x, r: f.triplet_margin_with_distance_loss(
        x, t(Y), t(Z), distance_function=lambda a, b: (a - b).abs().sum(-1), reduction=r
    ),
    "multi_margin": lambda f, t, x, r: f.multi_margin_loss(x, t(CLASSES), p=2, weight=t(P[0]), reduction=r),
    "multilabel_margin": lambda f, t, x, r: f.multilabel_margin_loss(
        x, t(np.array([[0, 2, -1], [1, -1, 0], [-1, 0, 1], [2, 1, 0]])), reduction=r
    ),
    "multilabel_soft_margin": lambda f, t, x, r: f.multilabel_soft_margin_loss(x, t(P.round()), weight=t(P[0]), reduction=r),
}  # fmt: skip


@pytest.mark.parametrize("name", list(LOSSES))
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_values_and_gradients_as_pytorch(name, reduction):
    torch = pytest.importorskip("torch")

    def run(torch):
        x = torch.tensor(X, requires_grad=True)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            out = LOSSES[name](torch.nn.functional, torch.tensor, x, reduction)
        (out * torch.arange(1.0, out.numel() + 1).reshape(out.shape)).sum().backward()
        return out.detach().numpy(), x.grad.numpy(), [str(w.message) for w in seen], str(out.dtype)

    for a, b in zip(run(dt), run(torch), strict=True):
        if isinstance(b, np.ndarray):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
        else:
            assert a == b


def test_losses_by_hand():
    x, y = dt.tensor([1.0, 2.0, 4.0]), dt.tensor([1.0, 0.0, 1.0])
    assert F.mse_loss(x, y).item() == pytest.approx(13 / 3)
    assert F.l1_loss(x, y, reduction="sum").item() == 5.0
    assert F.huber_loss(x, y, reduction="none").tolist() == [0.0, 1.5, 2.5]
    logits = dt.tensor([[0.0, 0.0], [0.0, 0.0]], requires_grad=True)
    loss = nn.CrossEntropyLoss()(logits, dt.tensor([0, 1]))
    loss.backward()
    assert loss.item() == pytest.approx(0.6931471806)
    assert logits.grad.tolist() == [[-0.25, 0.25], [0.25, -0.25]]
    assert repr(loss) == "tensor(0.6931, grad_fn=<NllLossBackward0>)"


def failing(torch):
    f, one = torch.nn.functional, torch.ones
    i = torch.tensor([0, 1, 1])
    yield lambda: f.mse_loss(one(3), one(2))
    yield lambda: f.mse_loss(one(3), one(3), reduction="x")
    yield lambda: f.mse_loss(i, i)
    yield lambda: f.l1_loss(i, i)
    yield lambda: f.smooth_l1_loss(one(3), one(3), beta=-1)
    yield lambda: f.huber_loss(one(3), one(3), delta=0)
    yield lambda: f.binary_cross_entropy(one(3), one(3, 1))
    yield lambda: f.binary_cross_entropy(one(3) * 2, one(3))
    yield lambda: f.binary_cross_entropy(one(3), i)
    yield lambda: f.binary_cross_entropy_with_logits(one(3), one(3, 1))
    yield lambda: f.binary_cross_entropy_with_logits(one(3), i.int())
    yield lambda: f.cross_entropy(one(3, 2), one(3))
    yield lambda: f.cross_entropy(one(3, 2), i.int())
    yield lambda: f.cross_entropy(one(3, 2), i + 4)
    yield lambda: f.cross_entropy(one(3, 2), i[:2])
    yield lambda: f.cross_entropy(one(3, 2), i, label_smoothing=2.0)
    yield lambda: f.nll_loss(one(3, 2), i.int())
    yield lambda: f.kl_div(one(3), one(3), reduction="x")
    yield lambda: f.poisson_nll_loss(one(3), one(3), reduction="x")
    yield lambda: f.gaussian_nll_loss(one(3), one(3), -1.0)
    yield lambda: f.gaussian_nll_loss(one(3), one(3), one(2))
    yield lambda: f.gaussian_nll_loss(one(3), one(3), one(3), reduction="x")
    yield lambda: f.triplet_margin_loss(one(3), one(3), one(3), margin=0)
    yield lambda: f.margin_ranking_loss(one(3), one(3), one(3, 1))
    yield lambda: f.cosine_embedding_loss(one(3, 2), one(3, 2), one(3, 2))
    yield lambda: f.multi_margin_loss(one(3, 2), i, p=3)


def test_errors_as_pytorch():
    torch = pytest.importorskip("torch")
    for i, (ours, theirs) in enumerate(zip(failing(dt), failing(torch), strict=True)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(Exception) as want:  # noqa: PT011  # the type is what is compared
                theirs()
            with pytest.raises(type(want.value)) as got:
                ours()
        assert str(got.value).split("\n")[0] == str(want.value), i


@pytest.mark.parametrize(
    "options",
    [{"size_average": False}, {"reduce": False}, {"size_average": True, "reduce": True}],
    ids=str,
)
def test_old_reductions_warn(options):
    with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
        F.mse_loss(dt.ones(3), dt.zeros(3), **options)


LABELS = [[1, 2, 2, 3], [4, 4, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize(
    "options",
    [
        {}, {"reduction": "none"}, {"reduction": "sum"}, {"zero_infinity": True}, {"blank": 3},
        {"reduction": "none", "zero_infinity": True},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize(
    ("times", "lengths"),
    [
        ([7, 7, 7], [3, 2, 1]),
        ([7, 4, 6], [3, 2, 1]),
        ([7, 3, 2], [1, 2, 0]),
        ([3, 2, 0], [3, 2, 0]),
    ],
)
def test_connectionist_temporal_classification_as_pytorch(options, times, lengths):
    torch = pytest.importorskip("torch")

    def run(torch):
        torch.manual_seed(0)
        x = torch.randn(7, 3, 5, dtype=torch.float64, requires_grad=True)
        log_probs = x.log_softmax(-1)
        log_probs.retain_grad()
        loss = torch.nn.CTCLoss(**options)(log_probs, torch.tensor(LABELS), times, lengths)
        loss.sum().backward()
        return [t.detach().numpy() for t in (loss, log_probs.grad, x.grad)]

    ours, theirs = run(dt), run(torch)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-9)
    if np.isfinite(theirs[0]).all():  # PyTorch's gradient of an infinite loss is NaN
        for a, b in zip(ours[1:], theirs[1:], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


def test_labellings_in_one_row_and_of_one_input():
    torch = pytest.importorskip("torch")

    def run(torch):
        torch.manual_seed(0)
        x = torch.randn(7, 3, 5).log_softmax(-1)
        f = torch.nn.functional.ctc_loss
        row = f(
            x,
            torch.tensor([1, 2, 2, 4, 4, 1]),
            torch.tensor([7, 7, 7]),
            torch.tensor([3, 2, 1]),
            reduction="none",
        )
        one = f(x[:, 0], torch.tensor([1, 2]), torch.tensor(7), torch.tensor(2), reduction="none")
        return [*row.tolist(), one.item()]

    assert run(dt) == pytest.approx(run(torch), rel=1e-5)


def test_the_gradient_of_a_labelling_is_its_numeric_one():
    dt.manual_seed(0)
    x = dt.randn(5, 2, 4, dtype=dt.float64, requires_grad=True)

    def loss(x):
        labels = dt.tensor([[1, 1], [2, 3]])
        return nn.functional.ctc_loss(x.log_softmax(-1), labels, [5, 4], [2, 2], reduction="sum")

    assert dt.autograd.gradcheck(loss, (x,))
    assert dt.autograd.gradgradcheck(loss, (x,))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([7, 6, 6], [3, 2, 1]), "Expected input_lengths to have value at most 6, but got value 7"),
        (([6, 6], [3, 2, 1]), "input_lengths must be of size batch_size"),
        (([6, 6, 6], [5, 1, 1]), "Expected tensor to have size at least 5 at dimension 1"),
        (([6, 6, 6], [3, 2, 1], 9), "blank must be in label range"),
    ],
)
def test_labellings_that_do_not_fit(arguments, words):
    real = [pytest.importorskip("torch")] if importlib.util.find_spec("torch") else []
    for torch in [dt, *real]:
        x = torch.zeros(6, 3, 5).log_softmax(-1)
        with pytest.raises(RuntimeError, match=words):
            torch.nn.functional.ctc_loss(x, torch.tensor(LABELS), *arguments)
