"""Open lengths: formulas, what comparisons leave behind, and what needs the number."""

import math

import numpy as np
import pytest

from dualtape.core.lengths import Length, LengthFloat, Lengths, any_open, is_open
from dualtape.core.open_shapes import OpenShape, concrete, indices, steps


@pytest.fixture
def lengths():
    return Lengths()


def texts(lengths):
    return [c.text for c in lengths.conditions]


def test_formulas_are_kept_and_come_out_right(lengths):
    n, m = lengths.length(5), lengths.length(7)
    for f in (
        lambda n, m: 3 * n + 2 - m,
        lambda n, m: (n * m * 4) // m,
        lambda n, m: -(-n // 4),
        lambda n, m: (n + m) % 3,
        lambda n, m: n**3 - n * n,
        lambda n, m: math.prod((n, 2, m)),
        lambda n, m: sum([n, m, 1]),
        lambda n, m: divmod(17, n)[0] + divmod(m, 2)[1],
        lambda n, m: abs(n - 20 * m),
    ):
        found = f(n, m)
        assert found.now == f(5, 7)
        for values in ((2, 3), (9, 4), (40, 2)):
            assert found.at(values) == f(*values)
    assert not lengths.settled


def test_what_cancels_is_a_plain_number(lengths):
    n = lengths.length(5)
    assert type(n - n) is int
    assert type((n + 3) - n) is int
    assert (n + 3) - n == 3
    assert (4 * n) % n == 0
    assert (4 * n) // n == 4


def test_floats_are_those_of_python(lengths):
    n = lengths.length(5)
    for f in (
        lambda n: 1 / n,
        lambda n: 2.5 * n,
        lambda n: n**-0.5,
        lambda n: (n - 1) / (n + 1) ** 0.5,
        lambda n: -(1 / n),
    ):
        found = f(n)
        assert type(found) is LengthFloat
        assert isinstance(found, float)
        for k in (2, 3, 17):
            assert found.at([k]) == f(k)


def test_what_holds_for_all_lengths_is_no_condition(lengths):
    n, m = lengths.length(5), lengths.length(7)
    assert n >= 2
    assert n > 1
    assert n != 1
    assert n != 0
    assert bool(n)
    assert n * m > 3
    assert n + m >= 4
    assert n == n
    assert n * m == m * n
    assert 2 * n != n
    assert not n < 0
    assert (n, 3) == (n, 3)
    assert (n, 3) != (n, 4)
    assert not lengths.conditions


def test_what_a_comparison_decided_is_a_condition(lengths):
    n, m = lengths.length(5), lengths.length(7)
    assert n < 6
    assert not n > 5
    assert n != m
    assert max(n, 3) is n
    assert n % 2
    assert texts(lengths) == ["n < 6", "n > 5", "n != m", "n < 3", "((n) % (2)) != 0"]
    for c in lengths.conditions:
        assert c.test([5, 7]) == c.outcome
    assert [c.test([6, 6]) == c.outcome for c in lengths.conditions] == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert "test_lengths.py" in lengths.conditions[0].line


def test_a_condition_is_noted_once(lengths):
    n = lengths.length(5)
    for _ in range(3):
        assert n < 9
    assert len(lengths.conditions) == 1


@pytest.mark.parametrize(
    "use",
    [
        lambda n: list(range(n)),
        lambda n: [0] * n,
        lambda n: [1, 2, 3][:n],
        lambda n: "ab" * n,
        lambda n: int(n),
        lambda n: float(n),
        lambda n: f"{n}",
        lambda n: str(n),
        lambda n: "%d" % n,  # noqa: UP031
        lambda n: math.sqrt(n),
        lambda n: np.zeros(n),
        lambda n: np.arange(n),
        lambda n: np.float32(2) * n,
        lambda n: np.minimum(n, 3),
        lambda n: np.ones(2) * n,
        lambda n: n.bit_length(),
        lambda n: n * 1j,
    ],
)
def test_what_needs_the_number_settles_the_lengths(lengths, use):
    assert not lengths.settled
    use(lengths.length(5))
    assert "test_lengths.py" in lengths.settled


@pytest.mark.parametrize("use", [lambda n: {n: 1}, lambda n: n in {1, 2}, lambda n: hash((n, 2))])
def test_there_is_no_hash(lengths, use):
    with pytest.raises(TypeError, match="no hash"):
        use(lengths.length(5))


def test_it_passes_for_an_int(lengths):
    n = lengths.length(5)
    assert isinstance(n, int)
    assert not isinstance(n, float)
    assert is_open(n)
    assert type(n) is Length
    assert isinstance(n + 1, int)
    assert isinstance(1 / n, float)


def test_after_the_capture_it_is_its_number(lengths):
    n = lengths.length(5)
    half = n // 2
    lengths.open = False
    assert type(n + 1) is int
    assert n + 1 == 6
    assert half == 2
    assert hash(n) == hash(5)
    assert list(range(n)) == [0, 1, 2, 3, 4]
    assert not is_open(n)
    assert not any_open((n,))
    assert repr(n) == "5"
    assert not lengths.settled
    assert not lengths.conditions


def test_shapes_are_compared_by_rank_and_known_lengths_first(lengths):
    n = lengths.length(5)
    assert OpenShape((n, 4)) != (5,)
    assert OpenShape((n, 4)) != (5, 3)
    assert OpenShape((n, 4)) != (5, 3)
    assert OpenShape((n, 4)) == (n, 4)
    assert not lengths.conditions
    assert OpenShape((n, 4)) != (6, 4)
    assert texts(lengths) == ["n == 6"]


@pytest.mark.parametrize("part", [slice(None, 3), slice(1, None), slice(None, -1), slice(-2, None), slice(None, None, 2), slice(7, 1, -2),
                                  slice(None, None, -1), slice(2, 2), slice(-9, 4), slice(1, 100, 3)])  # fmt: skip
def test_slices_have_the_length_that_python_says(part):
    for now in (2, 3, 5, 8, 13):
        lengths = Lengths()
        n = lengths.length(now)
        found = steps(*indices(part, n))
        for k in range(2, 15):
            if all(c.test([k]) == c.outcome for c in lengths.conditions):
                assert concrete(found, [k]) == len(range(*part.indices(k)))
        assert concrete(found, [now]) == len(range(*part.indices(now)))


def test_parameters_are_made_concrete(lengths):
    n = lengths.length(5)
    given = {
        "shape": (n, 3),
        "index": (slice(n - 1, None), ...),
        "axes": [0, 1],
        "scale": 1 / n,
        "dtype": np.dtype(float),
    }
    assert concrete(given, [4]) == {
        "shape": (4, 3), "index": (slice(3, None), ...), "axes": [0, 1], "scale": 0.25, "dtype": np.dtype(float)
    }  # fmt: skip
    with pytest.raises(TypeError, match="a parameter is of type"):
        concrete({"x": object()}, [4])
