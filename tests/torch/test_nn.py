"""Modules: registration, printing, state, hooks, training as PyTorch's."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch import nn


def both():
    """The two frameworks; skips without PyTorch."""
    return dt, pytest.importorskip("torch")


def outcome(call):
    """What a call raises."""
    try:
        call()
    except Exception as error:  # whatever it is, it is what is compared
        return error
    return None


# --- printing -------------------------------------------------------------------------------------


def printed(torch):
    n = torch.nn

    class Block(n.Module):
        def __init__(self):
            super().__init__()
            self.conv = n.Conv2d(3, 8, 3, padding=1, bias=False)
            self.layers = n.ModuleList([n.Linear(2, 3), n.Linear(3, 4, bias=False)])
            self.named = n.ModuleDict({"a": n.ReLU(inplace=True), "b": n.Sequential()})
            self.scale = n.Parameter(torch.ones(2))

    yield Block()
    yield n.Sequential(OrderedDict(first=n.Linear(2, 3), block=Block(), last=n.Dropout(0.1)))
    yield n.ModuleList([n.Linear(2, 2) for _ in range(3)])
    yield n.ModuleList([n.ReLU(), n.ReLU(), n.Linear(1, 1), n.Linear(1, 1), n.ReLU()])
    yield n.ParameterList([n.Parameter(torch.ones(2)), n.Parameter(torch.ones(2, 3))])
    yield n.ParameterDict({"w": n.Parameter(torch.ones(2))})
    yield n.Sequential()
    yield n.ModuleList()
    for make in (
        lambda: n.Conv1d(4, 8, 3, stride=2, padding="same" if False else 1, dilation=2, groups=2),
        lambda: n.Conv2d(4, 8, (3, 5), padding="same", padding_mode="reflect", bias=False),
        lambda: n.ConvTranspose2d(4, 8, 3, output_padding=1, stride=2),
        lambda: n.Embedding(10, 3, padding_idx=2, max_norm=1.0),
        lambda: n.BatchNorm1d(4, affine=False),
        lambda: n.InstanceNorm2d(4),
        lambda: n.LayerNorm((3, 4), elementwise_affine=False),
        lambda: n.GroupNorm(2, 4),
        lambda: n.RMSNorm(4),
        lambda: n.LocalResponseNorm(2),
        lambda: n.Bilinear(2, 3, 4),
        lambda: n.Flatten(),
        lambda: n.Unflatten(1, (2, 3)),
        lambda: n.Identity(3, a=4),
        lambda: n.MaxPool2d(2),
        lambda: n.AvgPool2d(3, 2, 1),
        lambda: n.AdaptiveAvgPool2d((1, 2)),
        lambda: n.Upsample(scale_factor=2, mode="bilinear"),
        lambda: n.PixelShuffle(2),
        lambda: n.ZeroPad2d(1),
        lambda: n.ConstantPad1d(2, 3.5),
        lambda: n.ReflectionPad2d((1, 2, 1, 0)),
        lambda: n.LeakyReLU(0.2),
        lambda: n.ELU(),
        lambda: n.GELU("tanh"),
        lambda: n.Softplus(),
        lambda: n.Softmax(dim=1),
        lambda: n.Hardtanh(),
        lambda: n.Threshold(0.1, 20),
        lambda: n.GLU(),
        lambda: n.PReLU(),
        lambda: n.SELU(True),
        lambda: n.Tanh(),
        lambda: n.AlphaDropout(),
        lambda: n.MSELoss(),
        lambda: n.CrossEntropyLoss(label_smoothing=0.1),
        lambda: n.TripletMarginLoss(),
        lambda: n.CosineSimilarity(),
        lambda: n.PairwiseDistance(),
        lambda: n.MultiheadAttention(4, 2),
        lambda: n.Fold((4, 4), 2),
        lambda: n.Unfold(2),
        lambda: n.MaxUnpool2d(2),
    ):
        yield make()


def test_printing_as_pytorch():
    ours, theirs = both()
    for a, b in zip(printed(ours), printed(theirs), strict=True):
        assert repr(a) == repr(b)


def test_printing():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 1, bias=False)))
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (1): ReLU()\n"
        "  (2): Sequential(\n"
        "    (0): Linear(in_features=3, out_features=1, bias=False)\n"
        "  )\n"
        ")"
    )
    dt.manual_seed(0)
    assert (
        repr(nn.Linear(1, 1).bias) == "Parameter containing:\ntensor([0.5364], requires_grad=True)"
    )


# --- attributes -----------------------------------------------------------------------------------


class Net:
    """Makes the same small model in either framework."""

    def __new__(cls, torch):
        n = torch.nn

        class Net(n.Module):
            def __init__(self):
                super().__init__()
                self.a = n.Linear(3, 4)
                self.b = n.Sequential(n.Linear(4, 4), n.BatchNorm1d(4), n.Linear(4, 2))
                self.tied = self.a
                self.scale = n.Parameter(torch.tensor([2.0]))
                self.register_buffer("seen", torch.zeros(1))
                self.register_buffer("hidden", torch.zeros(1), persistent=False)
                self.register_parameter("nothing", None)

            def forward(self, x):
                return self.b(self.tied(self.a(x)[:, :3]).relu()) * self.scale

        torch.manual_seed(0)
        return Net()


def test_names_as_pytorch():
    for f in (
        lambda m: [n for n, _ in m.named_parameters()],
        lambda m: [n for n, _ in m.named_parameters(remove_duplicate=False)],
        lambda m: [n for n, _ in m.named_parameters(prefix="x", recurse=False)],
        lambda m: [n for n, _ in m.named_buffers()],
        lambda m: [n for n, _ in m.named_modules()],
        lambda m: [n for n, _ in m.named_children()],
        lambda m: len(list(m.modules())),
        lambda m: list(m.state_dict()),
        lambda m: list(m.state_dict(prefix="p.")),
        lambda m: [tuple(p.shape) for p in m.parameters()],
        lambda m: m.get_submodule("b.1").num_features,
        lambda m: list(m.get_parameter("b.0.weight").shape),
        lambda m: m.get_buffer("b.1.running_mean").tolist(),
        lambda m: sum(p.numel() for p in m.parameters()),
        lambda m: [type(c).__name__ for c in m.b],
    ):
        ours, theirs = (f(Net(t)) for t in both())
        assert ours == theirs


def wrong(torch):
    n = torch.nn
    m = n.Linear(2, 2)
    yield lambda: m.missing
    yield lambda: setattr(m, "weight", torch.ones(2, 2))
    yield lambda: setattr(m, "weight", 3)
    yield lambda: setattr(n.Sequential(m), "0", 3)
    yield lambda: setattr(n.BatchNorm1d(2), "running_mean", 3)
    yield lambda: m.register_parameter("weight.x", None)
    yield lambda: m.register_parameter("", None)
    yield lambda: m.register_parameter("in_features", n.Parameter(torch.ones(1)))
    yield lambda: m.register_parameter("w", torch.ones(1))
    yield lambda: m.register_parameter(3, None)
    yield lambda: m.register_buffer("weight", None)
    yield lambda: m.register_buffer("b.b", None)
    yield lambda: m.register_buffer("b", 3)
    yield lambda: m.add_module("x", 3)
    yield lambda: m.add_module("a.b", None)
    yield lambda: m.add_module("in_features", None)
    yield lambda: m.get_submodule("x.y")
    yield lambda: m.get_submodule("in_features")
    yield lambda: m.get_parameter("in_features")
    yield lambda: m.get_buffer("weight")
    yield lambda: n.Module()(3)
    yield lambda: n.Module(3)
    yield lambda: n.Module(a=3)
    yield lambda: n.Sequential(m)[3]
    yield lambda: n.ModuleList([m])[5]
    yield lambda: m.train("yes")
    yield lambda: m.to(torch.int64)
    yield lambda: n.Dropout(1.5)
    yield lambda: n.Conv2d(3, 4, 2, groups=2)
    yield lambda: n.Conv2d(2, 3, 2, groups=2)
    yield lambda: n.Conv2d(2, 2, 2, groups=0)
    yield lambda: n.GroupNorm(2, 3)
    yield lambda: n.Embedding(3, 2, padding_idx=5)
    yield lambda: n.Embedding(3, 2, _weight=torch.ones(2, 2))
    yield lambda: n.MultiheadAttention(5, 2)
    yield lambda: m(torch.ones(3))
    yield lambda: m(torch.ones(2, 3))
    yield lambda: m(torch.ones(3, 2, dtype=torch.float64))
    yield lambda: m(3)
    yield lambda: n.BatchNorm1d(2)(torch.ones(2))
    yield lambda: n.BatchNorm2d(2)(torch.ones(2, 2))
    yield lambda: n.BatchNorm1d(2)(torch.ones(1, 2))
    yield lambda: n.BatchNorm1d(3)(torch.ones(2, 2))
    yield lambda: n.CrossEntropyLoss()(torch.ones(2, 3), torch.tensor([0, 3]))
    yield lambda: n.MSELoss(reduction="x")(torch.ones(2), torch.ones(2))
    yield lambda: m.load_state_dict({"weight": torch.ones(3, 2), "x": torch.ones(1)})
    yield lambda: m.load_state_dict({"weight": 3, "bias": torch.ones(2)})
    yield lambda: m.load_state_dict(3)
    yield lambda: n.Sequential(m, n.Linear(2, 1)).load_state_dict(
        {"0.weight": torch.ones(2, 2), "2.y": torch.ones(1)}
    )


def test_errors_as_pytorch():
    ours, theirs = both()
    for i, (a, b) in enumerate(zip(wrong(ours), wrong(theirs), strict=True)):
        want, got = outcome(b), outcome(a)
        assert isinstance(got, type(want)), i
        assert str(got).replace("dualtape.torch", "torch") == str(want), i


def test_assigning_before_init_is_an_error():
    class Bad(nn.Module):
        def __init__(self, value):
            self.x = value

    with pytest.raises(AttributeError, match=r"cannot assign module before Module\.__init__"):
        Bad(nn.ReLU())
    with pytest.raises(AttributeError, match=r"cannot assign parameters before Module\.__init__"):
        Bad(nn.Parameter(dt.ones(1)))


def test_attributes_replace_each_other():
    m = nn.Module()
    m.x = 3
    m.x = nn.Parameter(dt.ones(1))
    assert list(m._parameters) == ["x"]
    assert "x" not in vars(m)
    m.x = None
    assert m.x is None
    del m.x
    with pytest.raises(AttributeError):
        _ = m.x
    m.x = nn.Buffer(dt.ones(1), persistent=False)
    assert list(m._buffers) == ["x"]
    assert not m.state_dict()


# --- state ----------------------------------------------------------------------------------------


def test_state_dict_shares_memory_and_has_no_history():
    m = nn.Linear(2, 2)
    state = m.state_dict()
    assert isinstance(state, OrderedDict)
    assert not state["weight"].requires_grad
    state["weight"].fill_(3.0)
    assert m.weight.tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert m.state_dict(keep_vars=True)["weight"] is m.weight


def test_load_state_dict_copies():
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    before = b.weight
    assert repr(b.load_state_dict(a.state_dict())) == "<All keys matched successfully>"
    assert b.weight is before
    assert b.weight.tolist() == a.weight.tolist()
    a.weight.data.fill_(0.0)
    assert b.weight.tolist() != a.weight.tolist()


def test_load_state_dict_without_strictness():
    m = nn.Linear(2, 2)
    keys = m.load_state_dict({"weight": dt.zeros(2, 2), "other": dt.ones(1)}, strict=False)
    assert keys.missing_keys == ["bias"]
    assert keys.unexpected_keys == ["other"]
    assert m.weight.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "bias"'):
        m.load_state_dict({"weight": dt.zeros(2, 2)})
    with pytest.raises(RuntimeError, match="size mismatch for weight: copying a param with shape"):
        m.load_state_dict({"weight": dt.zeros(3, 2), "bias": dt.zeros(2)})


def test_load_state_dict_by_assignment():
    m = nn.Linear(2, 2)
    new = dt.zeros(2, 2)
    m.load_state_dict({"weight": new, "bias": dt.zeros(2)}, assign=True)
    assert isinstance(m.weight, nn.Parameter)
    new.fill_(5.0)
    assert m.weight.tolist() == [[5.0, 5.0], [5.0, 5.0]]


def test_extra_state():
    class Extra(nn.Module):
        count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    a, b = Extra(), Extra()
    a.count = 7
    b.load_state_dict(a.state_dict())
    assert b.count == 7


def test_copies_are_independent():
    m = Net(dt)
    x = dt.ones(4, 3)
    m(x).sum().backward()
    twin = copy.deepcopy(m)
    again = pickle.loads(pickle.dumps(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))))
    assert isinstance(again[0].weight, nn.Parameter)
    assert twin.tied is twin.a
    assert twin.a.weight.grad.tolist() == m.a.weight.grad.tolist()
    twin.a.weight.data.fill_(0.0)
    assert m.a.weight.abs().sum().item() > 0
    assert repr(twin) == repr(m)


def test_conversion_and_modes():
    m = Net(dt).double()
    assert {p.dtype for p in m.parameters()} == {dt.float64}
    assert m.b[1].num_batches_tracked.dtype is dt.int64
    m.to(dt.float32)
    assert m.b[1].running_mean.dtype is dt.float32
    weight = m.a.weight
    assert m.half().a.weight is weight
    m.float()
    assert m.training
    m.eval()
    assert not any(c.training for c in m.modules())
    m.requires_grad_(False)
    assert not any(p.requires_grad for p in m.parameters())


def test_zero_grad_and_apply():
    m = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    m(dt.ones(1, 2)).sum().backward()
    m.zero_grad(set_to_none=False)
    assert all(p.grad.abs().sum().item() == 0 for p in m.parameters())
    m.zero_grad()
    assert all(p.grad is None for p in m.parameters())
    seen = []
    assert m.apply(lambda c: seen.append(type(c).__name__)) is m
    assert seen == ["Linear", "Linear", "Sequential"]


def test_containers_as_pytorch():
    def use(torch):
        n = torch.nn
        s = n.Sequential(n.ReLU(), n.Tanh())
        s.append(n.Sigmoid())
        s.insert(1, n.ELU())
        s[0] = n.SELU()
        del s[2]
        t = s + n.Sequential(n.GELU())
        names = [repr(s), repr(s[1:]), repr(t), len(s), [type(m).__name__ for m in s]]
        ml = n.ModuleList([n.ReLU()])
        ml.append(n.Tanh())
        ml.extend([n.ELU(), n.GELU()])
        ml.insert(0, n.Sigmoid())
        names += [repr(ml), repr(ml[1:3]), type(ml[-1]).__name__, len(ml)]
        del ml[1]
        names += [repr(ml), repr(ml + [n.ReLU()])]  # noqa: RUF005 - a ModuleList adds to a list
        md = n.ModuleDict({"a": n.ReLU()})
        md["b"] = n.Tanh()
        md.update({"c": n.ELU()})
        names += [
            repr(md),
            list(md.keys()),
            "a" in md,
            len(md),
            type(md.pop("a")).__name__,
            list(md),
        ]
        pl = n.ParameterList([n.Parameter(torch.ones(1))])
        pl.append(torch.zeros(2))
        names += [len(pl), len(list(pl.parameters()))]
        pd = n.ParameterDict({"a": n.Parameter(torch.ones(1))})
        pd["b"] = torch.zeros(2)
        names += [list(pd.keys()), len(list(pd.parameters()))]
        return names

    ours, theirs = map(use, both())
    assert ours == theirs


# --- hooks ----------------------------------------------------------------------------------------


def hooked(torch):
    """What every kind of hook sees, in order."""
    torch.manual_seed(0)
    log = []
    m = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))

    def plain(x):
        if isinstance(x, tuple):
            return [plain(v) for v in x]
        return None if x is None else np.round(x.detach().numpy().astype(float), 4).tolist()

    handles = [
        m[0].register_forward_pre_hook(lambda mod, args: log.append(("pre", plain(args)))),
        m[0].register_forward_hook(
            lambda mod, args, out: log.append(("post", plain(args), plain(out)))
        ),
        m[2].register_forward_hook(lambda mod, args, out: out * 2),
        m[2].register_forward_pre_hook(lambda mod, args: (args[0] + 1,)),
        m[0].register_full_backward_hook(
            lambda mod, gi, go: log.append(("back", plain(gi), plain(go)))
        ),
        m[2].register_full_backward_hook(lambda mod, gi, go: (gi[0] * 3,)),
        m[2].register_full_backward_pre_hook(lambda mod, go: log.append(("backpre", plain(go)))),
    ]
    x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    m(x).sum().backward()
    log.append(("grads", plain(x.grad), [plain(p.grad) for p in m.parameters()]))
    for h in handles:
        h.remove()
    x.grad = None
    m(x).sum().backward()
    log.append(plain(x.grad))
    return log


def test_hooks_as_pytorch():
    ours, theirs = map(hooked, both())
    assert ours == theirs


def test_hooks_with_keyword_arguments():
    class Add(nn.Module):
        def forward(self, x, *, y):
            return x + y

    m = Add()
    seen = []
    m.register_forward_pre_hook(
        lambda mod, args, kwargs: (args, {"y": kwargs["y"] * 2}), with_kwargs=True
    )
    m.register_forward_hook(lambda mod, args, kwargs, out: seen.append(kwargs), with_kwargs=True)
    assert m(dt.ones(1), y=dt.ones(1)).item() == 3.0
    assert seen[0]["y"].item() == 2.0


# --- training -------------------------------------------------------------------------------------


def train(torch, kind, steps=20):
    """Losses of a small model over some steps of training."""
    torch.manual_seed(0)
    n = torch.nn
    if kind == "mlp":
        model = n.Sequential(n.Linear(4, 16), n.ReLU(), n.Dropout(0.2), n.Linear(16, 3))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
        x = torch.randn(32, 4)
    elif kind == "conv":
        model = n.Sequential(
            n.Conv2d(1, 4, 3, padding=1, bias=False), n.BatchNorm2d(4), n.ReLU(), n.MaxPool2d(2), n.Conv2d(4, 8, 3), n.GELU(),
            n.AdaptiveAvgPool2d(1), n.Flatten(), n.LayerNorm(8), n.Linear(8, 3),
        )  # fmt: skip
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        x = torch.randn(32, 1, 8, 8)
    else:

        class Text(n.Module):
            def __init__(self):
                super().__init__()
                self.table = n.Embedding(11, 8, padding_idx=0)
                self.attend = n.MultiheadAttention(8, 2, batch_first=True)
                self.out = n.Linear(8, 3)

            def forward(self, i):
                h = self.table(i)
                h = h + self.attend(h, h, h, need_weights=False)[0]
                return self.out(h.mean(dim=1))

        model = Text()
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
        x = torch.randint(0, 11, (32, 5))
    y = torch.randint(0, 3, (32,))
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(x, y), batch_size=8, shuffle=True
    )
    loss_fn = n.CrossEntropyLoss(label_smoothing=0.1 if kind == "mlp" else 0.0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    losses = []
    while len(losses) < steps:
        for a, b in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(a), b)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        losses.append(loss_fn(model(x), y).item())
    return losses


@pytest.mark.parametrize("kind", ["mlp", "conv", "text"])
def test_training_repeats_pytorch_s_losses(kind):
    torch = pytest.importorskip("torch")
    np.testing.assert_allclose(train(dt, kind), train(torch, kind), rtol=1e-5, atol=1e-6)


def test_training_repeats_these_losses():
    losses = train(dt, "mlp")
    np.testing.assert_allclose([losses[0], losses[9], losses[-1]], GOLDEN_MLP, rtol=1e-5)


GOLDEN_MLP = [1.0778732299804688, 1.1199138164520264, 0.99569171667099]


def test_module_paths():
    from dualtape.torch.nn.modules.dropout import Dropout
    from dualtape.torch.nn.modules.linear import Linear

    from dualtape.torch.nn import functional as f
    from dualtape.torch.nn.parameter import Parameter

    assert Linear is nn.Linear
    assert Dropout is nn.Dropout
    assert Parameter is nn.Parameter
    assert f is nn.functional
