"""Adafactor, Muon, averaged weights: beside PyTorch."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import dualtape.torch as ours

theirs = pytest.importorskip("torch")
BOTH = (ours, theirs)
START = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)


def trained(t, make, steps=5):
    p = t.nn.Parameter(t.tensor(START))
    optimizer = make(t, [p])
    for _ in range(steps):
        optimizer.zero_grad()
        ((p * t.arange(3.0) - 1) ** 2).sum().backward()
        optimizer.step()
    return p.detach().numpy(), optimizer


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Adafactor", {}), ("Adafactor", {"weight_decay": 0.1, "eps": (1e-2, 1e-1), "d": 2.0}), ("Adafactor", {"maximize": True}),
        ("Muon", {}), ("Muon", {"nesterov": False, "adjust_lr_fn": "match_rms_adamw", "ns_steps": 3}),
    ],
)  # fmt: skip
def test_training_agrees(name, options):
    (a, mine), (b, other) = (
        trained(t, lambda t, p: getattr(t.optim, name)(p, lr=0.1, **options)) for t in BOTH
    )
    np.testing.assert_allclose(a, b, rtol=1e-3 if name == "Muon" else 1e-5, atol=1e-4)
    assert mine.state_dict()["state"][0].keys() == other.state_dict()["state"][0].keys()
    copied = copy.deepcopy(mine)
    copied.load_state_dict(mine.state_dict())
    assert repr(mine) == repr(other)


@pytest.mark.parametrize(
    ("name", "shape", "options"),
    [
        ("Muon", (2,), {}), ("Muon", (2, 2), {"lr": -1.0}), ("Muon", (2, 2), {"adjust_lr_fn": "x"}), ("Adafactor", (2,), {"d": 0.5}),
        ("Adafactor", (2,), {"beta2_decay": 1.0}), ("Adafactor", (2,), {"eps": (-1, 0.1)}), ("SparseAdam", (2,), {}),
    ],
)  # fmt: skip
def test_refusals(name, shape, options):
    said = []
    for t in BOTH:
        p = t.nn.Parameter(t.ones(shape))
        p.grad = t.ones(shape)
        with pytest.raises((ValueError, RuntimeError)) as info:
            getattr(t.optim, name)([p], **options).step()
        said.append((type(info.value), str(info.value)))
    assert said[0] == said[1]


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_averaged_model_and_its_schedule(strategy):
    results = []
    for t in BOTH:
        swa = t.optim.swa_utils
        t.manual_seed(0)
        net = t.nn.Sequential(t.nn.Linear(2, 3, bias=False), t.nn.BatchNorm1d(3))
        models = [
            swa.AveragedModel(net),
            swa.AveragedModel(net, multi_avg_fn=swa.get_ema_multi_avg_fn(0.9), use_buffers=True),
            swa.AveragedModel(net, avg_fn=swa.get_ema_avg_fn(0.8)),
        ]
        optimizer = t.optim.SGD(net.parameters(), lr=0.02)
        schedule = swa.SWALR(optimizer, swa_lr=0.005, anneal_epochs=3, anneal_strategy=strategy)
        x, rates = t.tensor(START[:, :2]), []
        for _ in range(5):
            optimizer.zero_grad()
            ((net(x) - 1) ** 2).mean().backward()
            optimizer.step()
            for m in models:
                m.update_parameters(net)
            schedule.step()
            rates.append(optimizer.param_groups[0]["lr"])
        swa.update_bn([x, x * 2], models[0])
        results.append((rates, [{k: v.numpy() for k, v in m.state_dict().items()} for m in models]))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-6)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        assert list(a) == list(b)
        for k in a:
            np.testing.assert_allclose(a[k], b[k], rtol=1e-4, atol=1e-5, err_msg=k)
