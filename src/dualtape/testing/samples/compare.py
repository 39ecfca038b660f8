"""Samples of `dualtape.ops.compare`."""

from ...ops import compare as c
from ..sample import fixed, integers, real, sample

NUMBERS = fixed([[-1.0, 0.0, float("inf")], [float("nan"), 2.0, -0.0]])
ROW = fixed([-1.0, 2.0, float("inf")])
BITS = (
    c.bitwise_and, c.bitwise_or, c.bitwise_xor, c.left_shift, c.right_shift, c.gcd, c.lcm,
)  # fmt: skip

SAMPLES = [
    *[sample(p, NUMBERS, ROW) for p in (c.eq, c.ne, c.logical_and, c.logical_or, c.logical_xor)],
    *[sample(p, NUMBERS, ROW, complex=False) for p in (c.lt, c.le, c.gt, c.ge)],
    *[sample(p, real(), real(), complex=False) for p in (c.eq, c.lt, c.le, c.gt, c.ge)],
    *[sample(p, real(0, 2), real(2), complex=False) for p in (c.eq, c.lt, c.logical_and)],
    *[sample(p, NUMBERS) for p in (c.isnan, c.isinf, c.isfinite, c.logical_not, c.isreal)],
    *[sample(p, NUMBERS, complex=False) for p in (c.isposinf, c.isneginf, c.signbit)],
    *[sample(p, real(), complex=False) for p in (c.isnan, c.isposinf, c.signbit, c.logical_not)],
    *[sample(p, integers(3, 1, below=9), integers(2, low=1, below=9), complex=False)
      for p in BITS],
    sample(c.bitwise_not, integers(3, below=9), complex=False),
    sample(c.signbit, integers(3, low=-4, below=9), complex=False),
    *[sample(c.isclose_p, NUMBERS, ROW, rtol=1e-5, atol=1e-8, equal_nan=e) for e in (False, True)],
    sample(c.isclose_p, NUMBERS, ROW, rtol=0.0, atol=0.0, equal_nan=False),
    *[sample(p, NUMBERS, complex=False, bound=0) for p in (c.exceeds, c.less_than)],
    *[sample(p, NUMBERS, complex=False, low=-1, high=1)
      for p in (c.between, c.strictly_between)],
    sample(c.between, NUMBERS, complex=False, low=None, high=1),
    sample(c.between, NUMBERS, complex=False, low=0, high=None),
]  # fmt: skip
