"""Samples of `dualtape.ops.stopping`."""

from ...ops.stopping import stopped
from ..sample import real, sample

SAMPLES = [sample(stopped, real(*n)) for n in ((2, 3), (), (0, 2))]
