"""Samples of `dualtape.ops.select`."""

from ...ops import select as s
from ..sample import booleans, distinct, fixed, positive, real, sample

PAIRS = (s.maximum, s.minimum, s.fmax, s.fmin, s.clamp_low, s.clamp_high)
MASKS = (s.first_in_fmax, s.first_in_fmin, s.not_below, s.below)
LOW, HIGH = fixed([[-1.0], [0.5]]), fixed([1.0, 1.5, -0.5])

SAMPLES = [
    sample(s.where, booleans(2, 3), real(2, 3), real(3)),
    sample(s.where, booleans(3), real(2, 1), real()),
    sample(s.where, booleans(), real(), real()),
    sample(s.where, booleans(0, 2), real(2), real(0, 2)),
    sample(s.where, booleans(60, 50), real(60, 50), real(50)),
    sample(s.keep, booleans(2, 3), real(3)),
    sample(s.keep, booleans(), real()),
    sample(s.keep, booleans(60, 50), real(60, 1)),
    sample(s.masked_fill, real(2, 3), booleans(3), real()),
    sample(s.masked_fill, real(2, 3), booleans(2, 1), real(2, 3)),
    sample(s.masked_fill, real(0, 3), booleans(3), real()),
    *[sample(p, distinct(2, 3), positive(3, low=0.1, high=0.2), complex=False) for p in PAIRS],
    *[sample(p, fixed([[3.0], [-3.0]]), real(3), complex=False) for p in PAIRS],
    *[sample(p, distinct(), fixed(0.1), complex=False) for p in PAIRS],
    *[sample(p, real(0, 3), real(3), complex=False) for p in PAIRS],
    sample(s.winner, real(3), fixed([1.0, 2.0, 3.0]), fixed([1.0, 3.0, 2.0]), complex=False),
    *[sample(p, real(2, 3), real(3), complex=False) for p in MASKS],
    *[sample(s.clamp_p, distinct(*n), complex=False, low=a, high=b)
      for n in ((2, 5), (), (0, 2)) for a, b in ((-1, 1), (None, 0.5), (-0.3, None), (1, -1))],
    sample(s.clamp_between, distinct(2, 3), LOW, HIGH, complex=False),
    sample(s.clamp_between, distinct(), fixed(-1.0), fixed(0.3), complex=False),
    *[sample(p, distinct(2, 3), LOW, HIGH, complex=False) for p in (s.within, s.at_low, s.at_high)],
    *[sample(s.nan_to_num_p, real(*n), complex=False, nan=0.0, posinf=None, neginf=None)
      for n in ((3,), ())],
]  # fmt: skip
