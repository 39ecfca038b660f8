"""Samples of `dualtape.ops.pointwise_loss`."""

from ...ops import pointwise_loss as p
from ..sample import distinct, positive, real, sample

PROBABILITY = positive(2, 3, low=0.1, high=0.9)

SAMPLES = [
    *[
        sample(f, real(2, 3), distinct(2, 3), complex=False, **r, **more)
        for f, more in [
            (p.mse_loss_p, {}),
            (p.smooth_l1_loss_p, {"beta": 0.7}),
            (p.huber_loss_p, {"delta": 0.7}),
            (p.soft_margin_loss_p, {}),
            (p.bce_with_logits_p, {}),
        ]
        for r in ({}, {"reduction": "sum"}, {"reduction": "none"})
    ],
    sample(p.mse_loss_p, real(), real(), complex=False),
    sample(p.mse_loss_p, real(0), real(0), reduction="sum", complex=False),
    *[sample(p.binary_cross_entropy_p, PROBABILITY, PROBABILITY, complex=False, **r) for r in ({}, {"reduction": "none"})],
]  # fmt: skip
