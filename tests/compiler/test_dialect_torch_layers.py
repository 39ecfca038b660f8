"""PyTorch's layers and losses inside `torch.compile`: forward, backward and a step, each the same as eager code."""

import warnings

import numpy as np
import pytest

import dualtape.torch as torch
from dualtape.torch import nn

F = nn.functional


def t32(*shape, seed=0):
    return torch.tensor(np.random.RandomState(seed).randn(*shape).astype("f"))


class Apply(nn.Module):
    """A function as a module, with modules of its own."""

    def __init__(self, f, *modules):
        super().__init__()
        self.f, self.parts = f, nn.ModuleList(modules)

    def forward(self, *xs):
        return self.f(*self.parts, *xs)


WORDS = torch.tensor([[0, 2, 1], [4, 4, 3]])
CLASSES, OTHER = torch.tensor([0, 2, 1, 3, 2]), t32(5, 4, seed=5)
BITS, SIGNS = (OTHER > 0).float(), torch.sign(OTHER)


def embedding(**options):
    return lambda: Apply(lambda e, x: e(WORDS) * x, nn.Embedding(6, 3, **options))


def loss(name, target, **options):
    return lambda: Apply(lambda f, x: f(x, target), getattr(nn, name)(**options))


LAYERS = {
    "linear": (lambda: nn.Linear(4, 3), (5, 4)),
    "bilinear": (lambda: nn.Bilinear(4, 3, 2), (5, 4), (5, 3)),
    "conv1d": (lambda: nn.Conv1d(3, 4, 3, padding=1, stride=2), (2, 3, 8)),
    "conv2d": (lambda: nn.Conv2d(4, 4, 3, groups=2), (2, 4, 6, 6)),
    "conv2d circular": (lambda: nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"), (2, 4, 6, 6)),
    "conv3d": (lambda: nn.Conv3d(2, 3, 2), (2, 2, 4, 4, 4)),
    "transposed 1d": (lambda: nn.ConvTranspose1d(3, 4, 3, stride=2), (2, 3, 5)),
    "transposed 2d": (lambda: nn.ConvTranspose2d(3, 4, 3, stride=2, output_padding=1), (2, 3, 5, 5)),
    "unfold": (lambda: nn.Unfold(2), (2, 3, 4, 4)),
    "fold": (lambda: nn.Fold((4, 4), 2), (2, 12, 9)),
    "max pool": (lambda: nn.MaxPool2d(2, stride=1, padding=1), (2, 3, 6, 6)),
    "max pool 3d": (lambda: nn.MaxPool3d(2), (2, 3, 4, 4, 4)),
    "average pool": (lambda: nn.AvgPool2d(2, padding=1), (2, 3, 6, 6)),
    "adaptive average": (lambda: nn.AdaptiveAvgPool2d((2, 3)), (2, 3, 5, 7)),
    "adaptive max": (lambda: nn.AdaptiveMaxPool1d(3), (2, 3, 8)),
    "reflection": (lambda: nn.ReflectionPad2d(1), (2, 3, 4, 4)),
    "replication": (lambda: nn.ReplicationPad1d(1), (2, 3, 4)),
    "batch norm": (lambda: nn.BatchNorm1d(4), (6, 4)),
    "batch norm average": (lambda: nn.BatchNorm1d(4, momentum=None), (6, 4)),
    "batch norm eval": (lambda: nn.BatchNorm1d(4).eval(), (6, 4)),
    "batch norm 2d": (lambda: nn.BatchNorm2d(3, track_running_stats=False), (4, 3, 3, 3)),
    "instance norm": (lambda: nn.InstanceNorm1d(3, affine=True, track_running_stats=True), (4, 3, 5)),
    "group norm": (lambda: nn.GroupNorm(2, 4), (3, 4, 5)),
    "layer norm": (lambda: nn.LayerNorm([4, 5]), (3, 4, 5)),
    "rms norm": (lambda: nn.RMSNorm(5), (3, 4, 5)),
    "response norm": (lambda: nn.LocalResponseNorm(2), (3, 4, 5)),
    "dropout": (lambda: nn.Dropout(0.4), (5, 4)),
    "dropout in place": (lambda: nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.4, inplace=True)), (5, 4)),
    "channels dropped": (lambda: nn.Dropout2d(0.4), (5, 4, 3, 3)),
    "alpha dropout": (lambda: nn.AlphaDropout(0.4), (5, 4)),
    "prelu": (lambda: nn.PReLU(), (5, 4)),
    "softmax": (lambda: nn.Softmax(1), (5, 4)),
    "log softmax": (lambda: nn.LogSoftmax(1), (5, 4)),
    "unflatten": (lambda: nn.Unflatten(1, (2, 2)), (2, 4)),
    "pixel shuffle": (lambda: nn.PixelShuffle(2), (2, 4, 3, 3)),
    "bilinear upsampling": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), (2, 3, 3, 3)),
    "cosine": (lambda: nn.CosineSimilarity(), (5, 4), (5, 4)),
    "distance": (lambda: nn.PairwiseDistance(), (5, 4), (5, 4)),
    "rnn": (lambda: nn.RNN(4, 3, 2), (3, 2, 4)),
    "lstm": (lambda: nn.LSTM(4, 3, 2, dropout=0.3), (3, 2, 4)),
    "lstm both ways": (lambda: nn.LSTM(4, 3, bidirectional=True, batch_first=True), (3, 2, 4)),
    "gru": (lambda: nn.GRU(4, 3), (3, 2, 4)),
    "lstm cell": (lambda: nn.LSTMCell(4, 3), (5, 4)),
    "attention": (lambda: nn.MultiheadAttention(4, 2, dropout=0.2), (5, 2, 4), (5, 2, 4), (5, 2, 4)),
    "embedding": (embedding(padding_idx=2), (2, 3, 3)),
    "embedding with norm": (embedding(max_norm=0.5), (2, 3, 3)),
    "embedding by frequency": (embedding(scale_grad_by_freq=True), (2, 3, 3)),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), (5, 4)),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3)), (5, 4)),
    "orthogonal": (lambda: nn.utils.parametrizations.orthogonal(nn.Linear(4, 3)), (5, 4)),
    "attention by hand": (
        lambda: Apply(lambda q: F.scaled_dot_product_attention(q, q, q, is_causal=True)), (2, 5, 4),
    ),
    "grid": (
        lambda: Apply(lambda x, g: F.grid_sample(x, g.tanh(), align_corners=False)), (2, 3, 4, 4), (2, 5, 5, 2),
    ),
    "one hot": (lambda: Apply(lambda x: F.one_hot(x.detach().argmax(1), 4) * x), (5, 4)),
    "l1": (loss("L1Loss", OTHER), (5, 4)),
    "mse": (loss("MSELoss", OTHER), (5, 4)),
    "huber": (loss("HuberLoss", OTHER), (5, 4)),
    "cross entropy": (
        loss("CrossEntropyLoss", CLASSES, weight=torch.arange(1.0, 5), label_smoothing=0.1, ignore_index=2), (5, 4),
    ),
    "cross entropy of shares": (loss("CrossEntropyLoss", OTHER.softmax(1)), (5, 4)),
    "nll": (loss("NLLLoss", CLASSES), (5, 4)),
    "kl": (loss("KLDivLoss", OTHER.softmax(1), reduction="batchmean"), (5, 4)),
    "bce": (loss("BCEWithLogitsLoss", BITS), (5, 4)),
    "poisson": (loss("PoissonNLLLoss", OTHER.abs()), (5, 4)),
    "hinge": (loss("HingeEmbeddingLoss", SIGNS), (5, 4)),
    "soft margin": (loss("SoftMarginLoss", SIGNS), (5, 4)),
    "multi margin": (loss("MultiMarginLoss", CLASSES), (5, 4)),
    "label margin": (loss("MultiLabelMarginLoss", torch.tensor([[0, -1, 1, 1]] * 5)), (5, 4)),
    "triplet": (lambda: nn.TripletMarginLoss(), (5, 4), (5, 4), (5, 4)),
    "ctc": (
        lambda: Apply(lambda x: F.ctc_loss(x.log_softmax(2), torch.tensor([[1, 2], [2, 3]]), (6, 6), (2, 2))),
        (6, 2, 4),
    ),
}  # fmt: skip
LAYERS |= {
    f.__name__: (f, (5, 4))
    for f in (
        nn.ELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardtanh, nn.Hardswish, nn.LeakyReLU, nn.LogSigmoid, nn.ReLU, nn.ReLU6,
        nn.SELU, nn.CELU, nn.GELU, nn.Sigmoid, nn.SiLU, nn.Mish, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh,
        nn.Tanhshrink, nn.GLU,
    )
}  # fmt: skip

EAGER = {
    # How much it draws depends on the signs.
    "rrelu": (lambda: nn.RReLU(), (5, 4)),
    # It leaves a tensor in an attribute.
    "weight norm by a hook": (lambda: nn.utils.weight_norm(nn.Linear(4, 3)), (5, 4)),
}


def tensors(x):
    if isinstance(x, torch.Tensor):
        return [x]
    return [t for y in x for t in tensors(y)] if isinstance(x, (tuple, list)) else []


def trained(make, shapes, use):
    torch.manual_seed(3)
    m = make()
    xs = [t32(*s, seed=i).requires_grad_() for i, s in enumerate(shapes)]
    parameters = list(m.parameters())
    optimizer = torch.optim.SGD(parameters, lr=0.05) if parameters else None

    def step(*xs):
        for x in (*xs, *parameters):
            x.grad = None
        out = tensors(m(*xs))
        loss = sum((o * o).mean() for o in out if o.is_floating_point())
        loss.backward()
        if optimizer:
            optimizer.step()
        return loss, [o.detach() for o in out]

    f = torch.compile(step) if use else step
    found = []
    for _ in range(3):
        found += [t.detach().numpy().copy() for t in tensors(f(*xs))]
        found += [x.grad.numpy().copy() for x in xs if x.grad is not None]
    return found + [t.detach().numpy().copy() for t in (*parameters, *m.buffers())], f


@pytest.mark.parametrize("name", [*LAYERS, *EAGER])
def test_a_layer(name):
    make, *shapes = {**LAYERS, **EAGER}[name]
    expected, _ = trained(make, shapes, False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, f = trained(make, shapes, True)
    for e, c in zip(expected, found, strict=True):
        assert e.dtype == c.dtype
        np.testing.assert_allclose(c, e, rtol=2e-4, atol=2e-6)
    last = f._history[-1]
    assert (last.program is None) == (name in EAGER), last.eager
    if name in LAYERS:
        assert [r.eager for r in f._history[1:]] == [None] * (len(f._history) - 1)


@pytest.mark.parametrize("name", LAYERS)
def test_a_module_with_its_backward_pass_outside(name):
    make, *shapes = LAYERS[name]
    xs = [t32(*s, seed=i).requires_grad_() for i, s in enumerate(shapes)]

    def run(use):
        torch.manual_seed(1)
        m = make()
        f = torch.compile(m) if use else m
        found = []
        for _ in range(2):
            for x in (*xs, *m.parameters()):
                x.grad = None
            out = [o for o in tensors(f(*xs)) if o.requires_grad]
            sum((o * o).mean() for o in out).backward()
            grads = [x.grad for x in (*xs, *m.parameters()) if x.grad is not None]
            found += [t.detach().numpy().copy() for t in (*out, *grads, *m.buffers())]
        return found, f

    expected, _ = run(False)
    found, f = run(True)
    for e, c in zip(expected, found, strict=True):
        np.testing.assert_allclose(c, e, rtol=2e-4, atol=2e-5)
    assert f._compiled._history[-1].program is not None, f._compiled._history[-1].eager
