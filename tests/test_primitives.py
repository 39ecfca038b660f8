"""Every primitive on every row of its samples, in every mode."""

import pytest

from dualtape.testing.check import check_all
from dualtape.testing.samples import every_primitive, every_sample

ROWS = every_sample()


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{r}" for i, r in enumerate(ROWS)])
def test_primitive(row):
    check_all(row)


def test_every_primitive_has_a_sample():
    sampled = {row.primitive.name for row in ROWS}
    assert sorted(set(every_primitive()) - sampled) == []
