"""Samples of `dualtape.ops.pointwise_loss`."""

from typing import Any

from ...ops import pointwise_loss as p
from ..sample import distinct, positive, real, sample

WAYS: list[dict[str, Any]] = [{}, {"reduction": "sum"}, {"reduction": "none"}]
SETTINGS: list[tuple[Any, dict[str, Any]]] = [
    (p.mse_loss_p, {}),
    (p.smooth_l1_loss_p, {"beta": 0.7}),
    (p.huber_loss_p, {"delta": 0.7}),
    (p.soft_margin_loss_p, {}),
    (p.bce_with_logits_p, {}),
]
PROBABILITY = positive(2, 3, low=0.1, high=0.9)

SAMPLES = [
    *[
        sample(f, real(2, 3), distinct(2, 3), complex=False, **r, **more)
        for f, more in SETTINGS
        for r in WAYS
    ],
    sample(p.mse_loss_p, real(), real(), complex=False),
    sample(p.mse_loss_p, real(0), real(0), reduction="sum", complex=False),
    *[sample(p.binary_cross_entropy_p, PROBABILITY, PROBABILITY, complex=False, **r) for r in WAYS],
]  # fmt: skip
