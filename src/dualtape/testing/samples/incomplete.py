"""Samples of `dualtape.ops.incomplete`."""

from ...ops import incomplete as n
from ..sample import fixed, integers, positive, sample

ORDERS = fixed([[0.3], [1.0], [4.5], [30.0]])
ARGUMENTS = fixed([0.1, 1.4, 7.0, 60.0])
BOTH = (n.gammainc, n.gammaincc)

SAMPLES = [
    # No second derivative by the order, hence orders as integers where the second is checked.
    *[sample(p, ORDERS, ARGUMENTS, complex=False, second=False) for p in BOTH],
    *[sample(p, integers(3, 1, low=1, below=5), positive(2), complex=False) for p in BOTH],
    *[sample(p, positive(), positive(), complex=False, second=False) for p in BOTH],
    sample(n.gammainc_slope, integers(3, 1, low=1, below=5), positive(2), complex=False),
    sample(n.gammainc_slope, integers(low=1, below=5), positive(), complex=False),
    sample(
        n.betainc, integers(3, low=1, below=5), integers(3, low=1, below=5), fixed([0.2, 0.5, 0.7]),
        complex=False,
    ),
]  # fmt: skip
