"""Samples of `dualtape.ops.products`."""

from ...ops import products as p
from ..sample import Operand, fixed, positive, real, sample
from .reduce import AXES


def zeros(*places: int) -> Operand:
    """2 x 3 numbers with zeros at the given places."""
    return fixed(
        [[0.0 if 3 * i + j in places else 0.5 + i - 0.7 * j for j in range(3)] for i in range(2)]
    )


SAMPLES = [
    *[
        sample(p.prod_p, o, **a)
        for a in AXES
        for o in (real(2, 3), zeros(1), zeros(0, 1, 5), zeros(*range(6)))
    ],
    *[sample(p.prod_all_p, o) for o in (real(), real(3), zeros(1), zeros(1, 2), real(0, 2))],
    sample(p.prod_p, real(2, 3, 2), axes=(0, 2), keepdims=False),
    sample(p.prod_p, real(2, 0), axes=(1,), keepdims=False),
    *[
        sample(p.cumprod_p, o, axis=a, reverse=r)
        for a, r in [(-1, False), (-2, True)]
        for o in (positive(2, 3), zeros(1, 5), zeros(0, 1, 3))
    ],
    *[
        sample(p.linear_recurrence, real(2, 4), real(2, 4), axis=a, reverse=r)
        for a in (-1, -2)
        for r in (False, True)
    ],
    sample(p.linear_recurrence, real(3, 20), real(3, 20), axis=-2, reverse=True),  # NumPy's loop
    sample(p.linear_recurrence, real(0, 2), real(0, 2), axis=-2, reverse=False),
    *[sample(p.shift_p, real(2, 3), axis=a, by=b) for a in (-1, -2) for b in (1, -1)],
    sample(p.shift_p, real(2, 0), axis=-1, by=1),
    sample(p.shift_p, real(1), axis=-1, by=1),
]
