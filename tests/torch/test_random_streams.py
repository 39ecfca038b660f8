"""Random streams: numbers recorded from PyTorch 2.13, states, and what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from dualtape.torch import random_kernels, random_sampling
from dualtape.torch.random_sampling import multinomial, permutation
from dualtape.torch.random_streams import DEFAULT_SEED, STATE_BYTES, Stream

Array = np.ndarray[Any, Any]
F32, F64, F16, I64, I32, U8 = (np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8)


def digest(array: Array) -> str:
    """A short hash of dtype, shape and bytes, in little-endian order."""
    data = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
    head = f"{array.dtype.name}{array.shape}".encode()
    return hashlib.sha256(head + data.tobytes()).hexdigest()[:16]


# --- recorded from PyTorch 2.13 -------------------------------------------------------------------

# The draws that repeat PyTorch bit for bit: name -> (draw, digest of PyTorch's tensor).
BIT_FOR_BIT: dict[str, Callable[[Stream], Array]] = {
    "rand": lambda s: s.uniform((10007,)),
    "rand float64": lambda s: s.uniform((1001,), F64),
    "rand float16": lambda s: s.uniform((10007,), F16),
    "rand complex64": lambda s: s.uniform((7, 3), np.complex64),
    "uniform_(-0.3, 0.9)": lambda s: s.uniform((10007,), F32, -0.3, 0.9),
    "uniform_(0, 0.37)": lambda s: s.uniform((10007,), F32, 0.0, 0.37),
    "uniform_(1000, 1000.3)": lambda s: s.uniform((10007,), F32, 1000.0, 1000.3),
    "uniform_(-1/3, 1/3) float64": lambda s: s.uniform((10007,), F64, -1 / 3, 1 / 3),
    "uniform_(-0.3, 0.9) float16": lambda s: s.uniform((10007,), F16, -0.3, 0.9),
    "randn 16": lambda s: s.normal((16,)),
    "randn 17": lambda s: s.normal((17,)),
    "randn 31": lambda s: s.normal((31,)),
    "randn 10007": lambda s: s.normal((10007,)),
    "randn float16 33": lambda s: s.normal((33,), F16),
    "randn complex64": lambda s: s.normal((5, 3), np.complex64),
    "normal_(1.5, 2.3)": lambda s: s.normal((1000,), F32, 1.5, 2.3),
    "randint(0, 10)": lambda s: s.integers((1000,), 0, 10),
    "randint(-5, 2**40)": lambda s: s.integers((1000,), -5, 2**40),
    "randint(0, 2**28 - 1)": lambda s: s.integers((100,), 0, 2**28 - 1),
    "randint(0, 2**28)": lambda s: s.integers((100,), 0, 2**28),
    "randint float32": lambda s: s.integers((1000,), 0, 100, F32),
    "randint uint8": lambda s: s.integers((1000,), 3, 200, U8),
    "random_ int64": lambda s: s.random((100,), I64),
    "random_ int32": lambda s: s.random((100,), I32),
    "random_ float32": lambda s: s.random((100,), F32),
    "random_ bool": lambda s: s.random((100,), np.bool_),
    "random_(5, None) float32": lambda s: s.integers_from((100,), 5, F32),
    "random_(-2**63, None)": lambda s: s.integers_from((100,), -(2**63)),
    "bernoulli_(0.3)": lambda s: s.bernoulli((1000,), F32, 0.3),
    "bernoulli(p)": lambda s: s.bernoulli_each(np.linspace(0, 1, 1000, dtype=F32)),
    "bernoulli(p) float64": lambda s: s.bernoulli_each(np.linspace(0, 1, 1000)),
    "randperm 10": lambda s: permutation(s, 10),
    "randperm 10007": lambda s: permutation(s, 10007),
    "multinomial": lambda s: multinomial(s, np.arange(1, 60, dtype=F32), 9),
    "multinomial 1": lambda s: multinomial(s, np.arange(12, dtype=F32).reshape(3, 4), 1),
    "multinomial replacement": lambda s: multinomial(
        s, np.arange(12, dtype=F32).reshape(3, 4), 20, replacement=True
    ),
    "trunc_normal_": lambda s: random_sampling.truncated_normal(s, (1000,)),
}
DIGESTS: dict[str, str] = {
    "rand": "1d91e39638d741ca",
    "rand float64": "43987ccf28c3c086",
    "rand float16": "7280da6fcde6c449",
    "rand complex64": "5fde3972255d35d7",
    "uniform_(-0.3, 0.9)": "6043a882bd01acf5",
    "uniform_(0, 0.37)": "dc9cb9dde523809b",
    "uniform_(1000, 1000.3)": "319be9ef3f44beb4",
    "uniform_(-1/3, 1/3) float64": "a7421322785b93ac",
    "uniform_(-0.3, 0.9) float16": "9601f5634cc5f7d7",
    "randn 16": "77577f0c88e4feed",
    "randn 17": "a835c748660344e5",
    "randn 31": "2ac354cea51458b5",
    "randn 10007": "b0a2d94f4e882d52",
    "randn float16 33": "1bff2a40ff5e6238",
    "randn complex64": "7119fe47a7282254",
    "normal_(1.5, 2.3)": "2b56fa48743e8dcc",
    "randint(0, 10)": "972700614a51d77d",
    "randint(-5, 2**40)": "60bda1d8ebb7c0c7",
    "randint(0, 2**28 - 1)": "34b7ea32536dcb9a",
    "randint(0, 2**28)": "d4a9589801ff7b68",
    "randint float32": "8e5be75875379c65",
    "randint uint8": "b63e8356316eec74",
    "random_ int64": "0992d0f06d1eb81c",
    "random_ int32": "1e3139e1f5472dbe",
    "random_ float32": "4f734aafd226a424",
    "random_ bool": "6e70258399ddcd6c",
    "random_(5, None) float32": "6fd6ad40c6c19f81",
    "random_(-2**63, None)": "ee014e9edbd6088c",
    "bernoulli_(0.3)": "6a84a49e55aed750",
    "bernoulli(p)": "71c73fa25cf48658",
    "bernoulli(p) float64": "353c6933b053cebb",
    "randperm 10": "ec8edaa0a7a654bc",
    "randperm 10007": "9dba8eec0dec2ff7",
    "multinomial": "787d184a1752ec88",
    "multinomial 1": "88a7bc13965543c0",
    "multinomial replacement": "21027cbf4e292e7a",
    "trunc_normal_": "e7d08b84c778335a",
}

# Draws that agree to rounding: name -> (draw, PyTorch's first numbers).
TO_ROUNDING: dict[str, tuple[Callable[[Stream], Array], list[float]]] = {
    "randn float64": (
        lambda s: s.normal((20,), F64),
        [-0.0883100793877292, 0.34204875400356316, 0.41116805645419313, 1.005114995835244],
    ),
    "normal_(1.5, 2.3) float64, 3": (
        lambda s: s.normal((3,), F64, 1.5, 2.3),
        [1.6061000623623394, 2.4255264996203567, -0.8265169249059635],
    ),
    "exponential_(2.5) float64": (
        lambda s: s.exponential((9,), F64, 2.5),
        [0.10549985895296017, 0.03281121076494528, 0.25124813177592525, 0.21403331563603692],
    ),
    "cauchy_(1.5, 2.3) float64": (
        lambda s: s.cauchy((9,), F64, 1.5, 2.3),
        [-1.0787299911199533, -7.605752302584764, 1.256356970368827, 0.865969456773737],
    ),
    "log_normal_(0.3, 0.5) float64": (
        lambda s: s.log_normal((9,), F64, 0.3, 0.5),
        [1.3813554550931302, 1.6507032561568458, 0.8140247167420634, 1.5043623451731096],
    ),
    "geometric_(0.3)": (
        lambda s: s.geometric((9,), F64, 0.3),
        [5.0, 8.0, 3.0, 3.0],
    ),
}


@pytest.mark.parametrize("name", BIT_FOR_BIT)
def test_recorded_draws_bit_for_bit(name: str) -> None:
    assert digest(BIT_FOR_BIT[name](Stream(1234))) == DIGESTS[name]


@pytest.mark.parametrize("name", TO_ROUNDING)
def test_recorded_draws_to_rounding(name: str) -> None:
    draw, expected = TO_ROUNDING[name]
    np.testing.assert_allclose(draw(Stream(1234)).reshape(-1)[:4], expected, rtol=1e-14)


def test_numbers_known_from_many_tutorials() -> None:
    stream = Stream(0)
    assert stream.uniform((3,)).tolist() == pytest.approx([0.4963, 0.7682, 0.0885], abs=5e-5)
    stream.seed(42)
    assert stream.normal((3,)).tolist() == pytest.approx([0.3367, 0.1288, 0.2345], abs=5e-5)
    stream.seed(0)
    assert permutation(stream, 5).tolist() == [4, 0, 1, 3, 2]


def test_states_after_mixed_draws_are_recorded_ones() -> None:
    stream = Stream(7)
    assert digest(stream.get_state()) == "03f4c7cf2e9d3ca9"
    for draw in BIT_FOR_BIT.values():
        draw(stream)
    assert digest(stream.get_state()) == "3ad2fce4dc2c9f31"


# --- the stream itself ----------------------------------------------------------------------------


def test_only_the_low_32_bits_of_a_seed_count() -> None:
    assert Stream(2**32 + 5).words(3).tolist() == Stream(5).words(3).tolist()
    assert Stream(-1).initial_seed == 2**64 - 1
    assert Stream().initial_seed == DEFAULT_SEED


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seed_out_of_range(seed: int) -> None:
    with pytest.raises(ValueError, match="Overflow when unpacking long"):
        Stream(seed)


def test_system_seed_differs_and_is_returned() -> None:
    stream = Stream()
    first, second = stream.seed_from_system(), stream.seed_from_system()
    assert first != second == stream.initial_seed


@pytest.mark.parametrize("draws", [0, 1, 623, 624, 625, 1248])
def test_state_round_trip(draws: int) -> None:
    stream = Stream(3)
    stream.words(draws)
    stream.normal((3,))  # leaves one normal for later
    state = stream.get_state()
    assert state.shape == (STATE_BYTES,)
    twin, other = stream.copy(), Stream()
    other.set_state(state)
    expected = stream.normal((5,)).tolist()
    assert twin.normal((5,)).tolist() == expected == other.normal((5,)).tolist()
    assert other.initial_seed == 3


def test_set_state_refuses_what_is_no_state() -> None:
    stream = Stream()
    with pytest.raises(TypeError, match=r"RNG state must be a torch\.ByteTensor"):
        stream.set_state(np.zeros(STATE_BYTES))
    with pytest.raises(RuntimeError, match="size to be 10"):
        stream.set_state(np.zeros(10, np.uint8))
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        stream.set_state(np.zeros(STATE_BYTES, np.uint8))


def test_seeding_drops_the_kept_normal() -> None:
    stream = Stream(1)
    first = stream.normal((1,))
    stream.seed(1)
    assert stream.normal((1,)) == first


def test_few_and_many_normals_are_the_same_stream() -> None:
    one, many = Stream(5), Stream(5)
    few = np.concatenate([one.normal((n,), F64) for n in (3, 1, 14, 15, 15, 15, 15, 2)])
    bulk = many.normal((80,), F64, contiguous=False)
    np.testing.assert_allclose(few, bulk, rtol=1e-14)


def test_large_draws_are_made_in_steps_of_one_stream() -> None:
    bulk, pieces = Stream(2), Stream(2)
    expected = np.concatenate([pieces.uniform((50_000,)) for _ in range(3)])
    np.testing.assert_array_equal(bulk.uniform((150_000,)), expected)


def test_affine_rounds_once() -> None:
    rng = np.random.default_rng(0)
    x = rng.random(500)
    for scale, shift in [(1 / 3, 0.1), (-7.7, 1e-9), (1e-8, 3.3), (5.1, -2.55)]:
        from_fractions = [float(Fraction(v) * Fraction(scale) + Fraction(shift)) for v in x]
        assert random_kernels.affine(x, scale, shift).tolist() == from_fractions
    single = x.astype(F32)
    scale, shift = float(F32(0.7)), float(F32(1e5))
    wide = [Fraction(float(v)) * Fraction(scale) + Fraction(shift) for v in single]
    # rounded to float64 first: none of these lies within 2^-29 of a float32 tie
    expected = np.array([float(w) for w in wide]).astype(F32)
    np.testing.assert_array_equal(random_kernels.affine(single, scale, shift), expected)


def test_uniform_never_returns_its_bound() -> None:
    stream = Stream(0)
    for dtype in (F16, F32):
        values = stream.uniform((200_000,), dtype, 1000.0, 1000.5)
        assert values.min() >= 1000.0
        assert values.max() < dtype(1000.5)


# --- errors ---------------------------------------------------------------------------------------

ERRORS: list[tuple[type[Exception], str, Callable[[Stream], Any]]] = [
    (
        RuntimeError,
        "'from' to be less than 'to', but got from=5 >= to=5",
        lambda s: s.integers((2,), 5, 5),
    ),
    (
        RuntimeError,
        "to - 1 is out of bounds for unsigned char",
        lambda s: s.integers((2,), 0, 300, U8),
    ),
    (
        RuntimeError,
        "from is out of bounds for unsigned char",
        lambda s: s.integers((2,), -5, 3, U8),
    ),
    (
        RuntimeError,
        "to - 1 is out of bounds for c10::Half",
        lambda s: s.integers((2,), 0, 2**30, F16),
    ),
    (
        RuntimeError,
        "only integral, floating-point and boolean",
        lambda s: s.integers((2,), 0, 3, np.complex64),
    ),
    (
        NotImplementedError,
        "\"random_kernel_cpu\" not implemented for 'UInt16'",
        lambda s: s.random((2,), np.uint16),
    ),
    (
        RuntimeError,
        "handles only int64, double, float",
        lambda s: s.integers_from((2,), -(2**63), I32),
    ),
    (RuntimeError, "found from=2 > to=1", lambda s: s.uniform((2,), F32, 2, 1)),
    (NotImplementedError, "not implemented for 'Int'", lambda s: s.uniform((2,), I32)),
    (RuntimeError, "to-from to exceed the limit", lambda s: s.uniform((2,), F32, -3e38, 3e38)),
    (RuntimeError, "from is out of bounds for float", lambda s: s.uniform((2,), F32, -1e39, 1)),
    (
        RuntimeError,
        "normal expects std >= 0.0, but found std -1",
        lambda s: s.normal((2,), F32, 0, -1),
    ),
    (
        NotImplementedError,
        "\"normal_kernel_cpu\" not implemented for 'Long'",
        lambda s: s.normal((2,), I64),
    ),
    (RuntimeError, r"p to be in \[0, 1\], but got p=1.5", lambda s: s.bernoulli((2,), F32, 1.5)),
    (RuntimeError, "Expected p_in >= 0", lambda s: s.bernoulli_each(np.array([0.5, 1.5]))),
    (NotImplementedError, "bernoulli_tensor_cpu_p_", lambda s: s.bernoulli_each(np.array([1]))),
    (RuntimeError, "lambda > 0.0, but found lambda=-1", lambda s: s.exponential((2,), F32, -1)),
    (RuntimeError, "Exponential distribution is a continuous", lambda s: s.exponential((2,), I64)),
    (RuntimeError, r"p to be in \(0, 1\), but got p=1", lambda s: s.geometric((2,), F32, 1)),
    (RuntimeError, "sigma > 0.0, but found sigma=-1", lambda s: s.cauchy((2,), F32, 0, -1)),
    (RuntimeError, "you specified long int", lambda s: s.cauchy((2,), I64)),
    (RuntimeError, "std > 0.0, but found std=0", lambda s: s.log_normal((2,), F32, 0, 0)),
    (RuntimeError, r"negative dimension -1: \[-1\]", lambda s: permutation(s, -1)),
    (
        RuntimeError,
        "n cannot be greater than 2049 for Half type",
        lambda s: permutation(s, 3000, F16),
    ),
    (RuntimeError, "cannot be converted to type uint8_t", lambda s: permutation(s, 300, U8)),
    (RuntimeError, "sum of probabilities <= 0", lambda s: multinomial(s, np.zeros(2), 1)),
    (
        RuntimeError,
        "contains either `inf`, `nan` or element < 0",
        lambda s: multinomial(s, np.array([np.nan, 1]), 1),
    ),
    (
        RuntimeError,
        "encountering probability entry < 0",
        lambda s: multinomial(s, np.array([-1.0, 1]), 2, replacement=True),
    ),
    (
        RuntimeError,
        "cannot sample n_sample > prob_dist.size",
        lambda s: multinomial(s, np.ones(2), 3),
    ),
    (RuntimeError, "cannot sample n_sample <= 0", lambda s: multinomial(s, np.ones(2), 0)),
    (
        RuntimeError,
        "floating-point dtypes for input, got: Long",
        lambda s: multinomial(s, np.array([1, 2]), 1),
    ),
    (RuntimeError, "prob_dist must be 1 or 2 dim", lambda s: multinomial(s, np.ones((1, 1, 2)), 1)),
]


@pytest.mark.parametrize(("kind", "words", "draw"), ERRORS)
def test_bad_arguments_draw_nothing(
    kind: type[Exception], words: str, draw: Callable[[Stream], Any]
) -> None:
    stream = Stream(9)
    with pytest.raises(kind, match=words):
        draw(stream)
    assert stream.words(1) == Stream(9).words(1)


def test_integers_beyond_the_consecutive_ones_of_a_float_warn() -> None:
    with pytest.warns(UserWarning, match=r"to - 1 is out of bounds \[-\(2\^24\), 2\^24\]"):
        Stream().integers((1,), 0, 2**30, F32)


def test_permutation_of_many_uses_long_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    # The rule beyond 214 million elements, seen at a size that a test can afford.
    monkeypatch.setattr(random_sampling, "_SMALL_PERMUTATION", 4)
    stream = Stream(1)
    drawn = permutation(stream, 1000)
    assert sorted(drawn.tolist()) == list(range(1000))
    expected = Stream(1)
    expected.words(2000)
    np.testing.assert_array_equal(stream.get_state(), expected.get_state())
    inside_out: list[int] = []
    for i, word in enumerate(Stream(1).long_words(1000).tolist()):
        inside_out.append(i)
        j = word % (i + 1)
        inside_out[i], inside_out[j] = inside_out[j], i
    assert drawn.tolist() == inside_out
