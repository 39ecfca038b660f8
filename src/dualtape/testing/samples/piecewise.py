"""Samples of `dualtape.ops.piecewise`."""

from typing import Any

from ...ops import piecewise as a
from ..sample import distinct, fixed, real, sample

SHAPES = ((2, 3), (), (0, 2))
KINKED = (a.relu, a.hardsigmoid, a.hardswish, a.hardswish_slope)
STATIC: tuple[tuple[Any, dict[str, Any]], ...] = (
    (a.threshold_p, {"threshold": 0.4, "value": 7.0}),
    (a.hardtanh_p, {"low": -1.0, "high": 1.0}),
    (a.hardtanh_p, {"low": 0.0, "high": 6.0}),
    (a.leaky_relu_p, {"slope": 0.1}),
    (a.leaky_relu_p, {"slope": -2.0}),
    (a.hardshrink_p, {"lambd": 0.45}),
    (a.softshrink_p, {"lambd": 0.45}),
)
GATES: tuple[tuple[Any, dict[str, Any]], ...] = (
    (a.relu_backward, {}),
    (a.threshold_backward, {"threshold": 0.4}),
    (a.hardtanh_backward, {"low": -1.0, "high": 1.0}),
    (a.shrink_backward, {"lambd": 0.45}),
    (a.leaky_relu_backward, {"slope": 0.1}),
)
WIDE = fixed([-800.0, -5.0, -2.2, 0.3, 4.0, 800.0])

SAMPLES = [
    *[sample(p, WIDE, complex=False) for p in KINKED],
    *[sample(p, distinct(*s), complex=False) for p in KINKED for s in SHAPES],
    *[sample(p, distinct(*s), complex=False, **v) for p, v in STATIC for s in SHAPES],
    *[sample(p, WIDE, complex=False, **v) for p, v in STATIC],
    *[
        sample(p, real(*n), distinct(*m), complex=False, **v)
        for p, v in GATES
        for n, m in (((2, 3), (2, 3)), ((2, 1), (3,)), ((), ()), ((0, 2), (0, 2)))
    ],
    sample(a.prelu_p, distinct(2, 3), real(3, 1, 3), complex=False),
    sample(a.prelu_p, distinct(), real(), complex=False),
    sample(a.prelu_p, distinct(0, 2), real(2), complex=False),
]
