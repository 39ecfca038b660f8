"""Learning-rate schedules: PyTorch's rates over thirty epochs, saving, errors."""

from __future__ import annotations

import math
import warnings

import pytest

import dualtape.torch as dt


def loss_of(epoch):
    """A metric that improves, then stalls."""
    return max(1.0 - 0.1 * epoch, 0.45) + 0.001 * math.sin(epoch)


SCHEDULES = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda e: 0.95**e),
    "LambdaLR-list": lambda s, o: s.LambdaLR(o, [lambda e: 0.95**e, lambda e: 1 / (1 + e)]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda e: 0.9 + 0.01 * (e % 3)),
    "StepLR": lambda s, o: s.StepLR(o, 7, gamma=0.3),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 11, 11, 20]),
    "ConstantLR": lambda s, o: s.ConstantLR(o, 0.25, 4),
    "LinearLR": lambda s, o: s.LinearLR(o, 0.1, 0.8, 12),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.93),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, 15, 2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 10, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 4, 2, 0.001),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, 1.0, 5), s.ConstantLR(o, 0.5, 3), s.ExponentialLR(o, 0.9)], [5, 12]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)]
    ),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, max_lr=0.5, total_steps=31),
    "OneCycleLR-linear": lambda s, o: s.OneCycleLR(
        o,
        max_lr=[0.5, 0.2],
        epochs=5,
        steps_per_epoch=7,
        anneal_strategy="linear",
        three_phase=True,
        pct_start=0.4,
    ),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.3, step_size_up=4, step_size_down=7),
    "CyclicLR-2": lambda s, o: s.CyclicLR(
        o, 0.01, 0.3, step_size_up=4, mode="triangular2", cycle_momentum=False
    ),
    "CyclicLR-exp": lambda s, o: s.CyclicLR(
        o, 0.01, 0.3, step_size_up=4, mode="exp_range", gamma=0.97
    ),
}


def rates(torch, make, epochs=30):
    """Rates and momenta of two groups at each epoch."""
    p, q = (torch.ones(1, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([{"params": p}, {"params": q, "lr": 0.3}], lr=0.1, momentum=0.9)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    out = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(epochs):
            out.append(
                [g[k] for g in optimizer.param_groups for k in ("lr", "momentum")]
                + list(scheduler.get_last_lr())
            )
            optimizer.step()
            scheduler.step()
    return out


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_thirty_epochs_as_pytorch(name):
    torch = pytest.importorskip("torch")
    ours, theirs = rates(dt, SCHEDULES[name]), rates(torch, SCHEDULES[name])
    assert ours == [pytest.approx(row, rel=1e-12, abs=1e-15) for row in theirs]


PLATEAU = [
    {},
    {"patience": 2},
    {"mode": "max", "patience": 1, "factor": 0.5, "threshold_mode": "abs", "threshold": 0.01},
    {"patience": 1, "cooldown": 3, "min_lr": 0.02, "threshold_mode": "abs"},
    {"patience": 0, "min_lr": [0.05, 0.01], "factor": 0.7},
]


def plateau(torch, options):
    p, q = (torch.ones(1, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([{"params": p}, {"params": q, "lr": 0.3}], lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    out = []
    for epoch in range(30):
        scheduler.step(loss_of(epoch))
        out.append(
            [
                *(g["lr"] for g in optimizer.param_groups),
                *scheduler.get_last_lr(),
                scheduler.num_bad_epochs,
            ]
        )
    return out


@pytest.mark.parametrize("options", PLATEAU, ids=str)
def test_plateau_as_pytorch(options):
    torch = pytest.importorskip("torch")
    assert plateau(dt, options) == [
        pytest.approx(row, rel=1e-13) for row in plateau(torch, options)
    ]


def one(lr=0.1):
    return dt.optim.SGD([dt.ones(1, requires_grad=True)], lr=lr)


def test_step_lr():
    optimizer = one()
    scheduler = dt.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
    seen = []
    for _ in range(6):
        optimizer.step()
        scheduler.step()
        seen.append(scheduler.get_last_lr()[0])
    assert seen == pytest.approx([0.1, 0.01, 0.01, 0.001, 0.001, 0.0001])


def test_cosine_annealing():
    optimizer = one(1.0)
    scheduler = dt.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    seen = []
    for _ in range(4):
        optimizer.step()
        scheduler.step()
        seen.append(optimizer.param_groups[0]["lr"])
    root = math.sqrt(0.5)
    assert seen == pytest.approx([(1 + root) / 2, 0.5, (1 - root) / 2, 0.0], abs=1e-15)


def test_state_dict_round_trip():
    a, b = one(), one()
    first = dt.optim.lr_scheduler.ExponentialLR(a, 0.9)
    for _ in range(5):
        a.step()
        first.step()
    second = dt.optim.lr_scheduler.ExponentialLR(b, 0.5)
    second.load_state_dict(first.state_dict())
    b.param_groups[0]["lr"] = a.param_groups[0]["lr"]
    for o, s in ((a, first), (b, second)):
        o.step()
        s.step()
    assert first.get_last_lr() == second.get_last_lr()
    assert second.last_epoch == 6


@pytest.mark.parametrize(
    "name",
    [n for n in SCHEDULES if not n.startswith(("Seq", "Chained", "Lambda", "Multiplicative"))],
)
def test_state_dict_keys_as_pytorch(name):
    torch = pytest.importorskip("torch")

    def keys(torch):
        p, q = (torch.ones(1, requires_grad=True) for _ in range(2))
        optimizer = torch.optim.SGD([{"params": p}, {"params": q}], lr=0.1, momentum=0.9)
        state = SCHEDULES[name](torch.optim.lr_scheduler, optimizer).state_dict()
        return {k for k in state if not k.startswith("_") or k in ("_step_count", "_last_lr")}

    assert keys(dt) == keys(torch)


def test_stepping_in_the_wrong_order_warns():
    scheduler = dt.optim.lr_scheduler.StepLR(one(), 2)
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`"):
        scheduler.step()


def failing(torch):
    s = torch.optim.lr_scheduler
    o = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
    yield lambda: s.StepLR(3, 2)
    yield lambda: s.StepLR(o, 2, last_epoch=3)
    yield lambda: s.LambdaLR(o, [abs, abs])
    yield lambda: s.ConstantLR(o, 1.5)
    yield lambda: s.LinearLR(o, 0.0)
    yield lambda: s.LinearLR(o, 0.5, 2.0)
    yield lambda: s.CosineAnnealingWarmRestarts(o, 0)
    yield lambda: s.CosineAnnealingWarmRestarts(o, 3, 0)
    yield lambda: s.ReduceLROnPlateau(o, factor=1.0)
    yield lambda: s.ReduceLROnPlateau(o, mode="up")
    yield lambda: s.ReduceLROnPlateau(o, threshold_mode="x")
    yield lambda: s.OneCycleLR(o, 0.1)
    yield lambda: s.OneCycleLR(o, 0.1, total_steps=-1)
    yield lambda: s.OneCycleLR(o, 0.1, total_steps=10, pct_start=2.0)
    yield lambda: s.OneCycleLR(o, 0.1, total_steps=10, anneal_strategy="x")
    yield lambda: s.CyclicLR(o, 0.1, 0.2, mode="x")


def test_errors_as_pytorch():
    torch = pytest.importorskip("torch")
    for ours, theirs in zip(failing(dt), failing(torch), strict=True):
        with pytest.raises(Exception) as want:  # noqa: PT011  # the type is what is compared
            theirs()
        with pytest.raises(type(want.value)) as got:
            ours()
        assert str(got.value) == str(want.value)
