"""Seeded samples: numbers that TensorFlow 2.21 and Keras 3 gave, and random calls side by side."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dualtape.tensorflow import philox, random_rejection
from dualtape.tensorflow import random_stateless as stateless
from dualtape.tensorflow.errors import InvalidArgumentError
from dualtape.tensorflow.random_generator import Generator
from dualtape.tensorflow.random_keras import (
    KerasSeeds,
    SeedGenerator,
    compute_fans,
    make_default_seed,
    set_python_and_numpy_seed,
    variance_scaling,
)
from dualtape.tensorflow.random_streams import Streams

Array = np.ndarray[Any, Any]


def test_philox_known_answers() -> None:
    # From the generator's published test vectors (Random123, kat_vectors, philox4x32 10).
    ones = 2**32 - 1
    zero = philox.words(philox.Position(0, 0), 4)
    assert [hex(w) for w in zero] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]
    full = philox.words(philox.Position(ones | ones << 32, 2**128 - 1), 4)
    assert [hex(w) for w in full] == ["0x408f276d", "0x41c83b0e", "0xa20bc7c6", "0x6d5451fd"]


def test_the_counter_carries_over_128_bits() -> None:
    start = philox.Position(7, 2**64 - 1)
    both = philox.words(start, 8)
    np.testing.assert_array_equal(both[4:], philox.words(start.skip(1), 4))
    np.testing.assert_array_equal(
        philox.words(philox.Position(7, 2**128 - 1), 8)[4:], philox.words(philox.Position(7, 0), 4)
    )


def same(actual: Array, expected: object, dtype: str) -> None:
    """Compare with TensorFlow's numbers: exactly, or to the last places in float64."""
    assert actual.dtype.name == dtype
    wanted = np.array(expected, actual.dtype)
    if dtype == "float64":
        np.testing.assert_allclose(actual, wanted, rtol=1e-14)
    else:
        np.testing.assert_array_equal(actual, wanted)


def test_global_seed_golden() -> None:
    streams = Streams()
    streams.set_seed(42)
    same(
        streams.uniform([3]),
        [0.6645621061325073, 0.44100677967071533, 0.3528825044631958],
        "float32",
    )
    same(
        streams.normal([4]),
        [0.08422458171844482, -0.8609037399291992, 0.37812304496765137, -0.005196273792535067],
        "float32",
    )
    same(
        streams.truncated_normal([3], dtype="float64"),
        [0.29008689392178877, 0.2428250672892095, 0.48669113208051906],
        "float64",
    )
    same(streams.uniform([4], 0, 100, np.int32), [94, 90, 44, 44], "int32")
    same(streams.shuffle_order(8, np.int32), [1, 7, 2, 6, 5, 4, 0, 3], "int64")
    logits = np.log(np.array([[0.1, 0.2, 0.7]], np.float32))
    same(streams.categorical(logits, 8), [[2, 2, 2, 2, 2, 2, 2, 1]], "int64")
    same(streams.uniform([2], seed=1), [0.15012848377227783, 0.6399253606796265], "float32")
    same(streams.uniform([2], seed=1), [0.3665804862976074, 0.8912454843521118], "float32")
    same(
        streams.poisson([6], [3.0, 50.0], seed=1)[:3],
        [[5, 50], [2, 57], [6, 52]],
        "float32",
    )
    same(
        streams.gamma([3], [0.5, 4.0], seed=1)[:2],
        [[0.11268377304077148, 3.746644973754883], [0.261661171913147, 3.65789532661438]],
        "float32",
    )


def test_stateless_golden() -> None:
    seed = [1, 2]
    same(
        stateless.stateless_uniform([3], seed),
        [0.8440604209899902, 0.19204533100128174, 0.9962232112884521],
        "float32",
    )
    same(
        stateless.stateless_normal([3], seed),
        [0.544110119342804, 0.20738030970096588, 0.0735643208026886],
        "float32",
    )
    same(
        stateless.stateless_truncated_normal([3], seed, dtype=np.float16),
        [0.5439453125, 0.2073974609375, 0.07354736328125],
        "float16",
    )
    same(
        stateless.stateless_uniform([2], seed, None, None, np.int64),
        [7464880146280614444, 1591045637757961278],
        "int64",
    )
    same(stateless.stateless_shuffle(range(10), seed), [0, 3, 8, 1, 5, 4, 9, 7, 6, 2], "int64")
    same(stateless.stateless_split(seed, 1), [[1105988140, 1738052849]], "int32")
    same(stateless.stateless_fold_in(seed, 3), [1105988140, 3], "int32")


def test_generator_golden() -> None:
    generator = Generator.from_seed(1234)
    same(
        generator.normal([3]),
        [0.9356608986854553, 1.0854305028915405, -0.937883734703064],
        "float32",
    )
    copy = Generator(copy_from=generator)
    same(generator.uniform([2]), [0.3107341527938843, 0.36818230152130127], "float32")
    same(generator.state, [2514, 0, 0], "int64")
    np.testing.assert_array_equal(copy.uniform([2]), [0.3107341527938843, 0.36818230152130127])
    same(Generator.from_seed(1).make_seeds(1), [[6679402142117448868], [0]], "int64")
    assert Generator.from_seed(-1).state.tolist() == [-1, -1, -1]
    assert Generator.from_seed([1, 2]).state.tolist() == [0, 1, 2]
    assert Generator.from_non_deterministic_state().state.shape == (3,)


def test_keras_golden() -> None:
    before, numpy_before = random.getstate(), np.random.get_state()
    try:
        set_python_and_numpy_seed(7)
        seed = KerasSeeds().draw(make_default_seed())
    finally:
        random.setstate(before)
        np.random.set_state(numpy_before)
    kernel = variance_scaling((3, 2), seed, 1.0, "fan_avg", "uniform")
    same(
        kernel,
        [
            [-0.40001481771469116, 0.5036206245422363],
            [0.9944791793823242, -0.3734724521636963],
            [-0.24597936868667603, 0.036820173263549805],
        ],
        "float32",
    )
    assert [compute_fans(s) for s in [(), (5,), (2, 3), (3, 3, 4, 8)]] == [
        (1, 1),
        (5, 5),
        (2, 3),
        (36, 72),
    ]


def test_kernels_go_on_and_a_new_seed_starts_them_again() -> None:
    streams = Streams()
    streams.set_seed(1)
    first, second = streams.uniform([2], seed=3), streams.uniform([2], seed=3)
    assert (first != second).all()
    streams.normal([5], seed=3)
    streams.uniform([5], dtype="float64", seed=3)
    streams.set_seed(1)
    np.testing.assert_array_equal(streams.uniform([2], seed=3), first)
    np.testing.assert_array_equal(streams.uniform([2], seed=3), second)


def test_calls_without_a_seed_leave_nothing_behind() -> None:
    streams = Streams()
    streams.set_seed(1)
    for _ in range(3):
        streams.uniform([2])
    assert not streams._cursor.positions


def test_seed_pairs() -> None:
    streams = Streams()
    assert streams.op_seeds(None) is None
    assert streams.op_seeds(5) == (87654321, 5)
    streams.set_seed(0)
    assert streams.op_seeds(0) == (0, 2**31 - 1)
    streams.set_seed(-1)
    assert streams.op_seeds(2**31) == (2**31 - 2, 1)
    streams.set_seed(3)
    assert streams.op_seeds(None) == (3, 1022050301)
    streams.set_seed(None)
    assert streams.global_seed is None
    assert (streams.uniform([4]) != Streams().uniform([4])).any()
    with pytest.raises(TypeError):
        streams.set_seed("a")  # type: ignore[arg-type]


def test_what_is_refused() -> None:
    streams, seed = Streams(), [1, 2]
    with pytest.raises(ValueError, match="Argument `dtype` got invalid value"):
        streams.uniform([2], dtype="uint8")
    with pytest.raises(ValueError, match="Argument `dtype` got invalid value"):
        streams.normal([2], dtype="int32")
    with pytest.raises(ValueError, match="Must specify maxval"):
        streams.uniform([2], dtype="int32")
    with pytest.raises(ValueError, match="must be both None or not None"):
        stateless.stateless_uniform([2], seed, 3, dtype="int32")
    with pytest.raises(ValueError, match="don't use unsigned integers"):
        stateless.stateless_uniform([2], seed, 0, 3, "uint32")
    with pytest.raises(InvalidArgumentError, match="Need minval < maxval, got 5 >= 5"):
        streams.uniform([2], 5, 5, "int64")
    with pytest.raises(ValueError, match="minval must be 0-D"):
        streams.uniform([2], [1, 2], 5, "int64")
    with pytest.raises(TypeError, match=r"Cannot convert 0\.5"):
        streams.uniform([2], 0.5, 5, "int64")
    with pytest.raises(InvalidArgumentError, match="Dimension -1 must be >= 0"):
        streams.uniform([2, -1])
    with pytest.raises(ValueError, match=r"seed must have shape \[2\]"):
        stateless.stateless_normal([2], 1)
    with pytest.raises(TypeError, match="int32 or int64"):
        stateless.stateless_normal([2], [1.0, 2.0])
    with pytest.raises(NotImplementedError, match="ThreeFry"):
        stateless.stateless_uniform([2], seed, alg="threefry")
    with pytest.raises(NotImplementedError, match="ThreeFry"):
        Generator.from_seed(1, alg="threefry")
    with pytest.raises(ValueError, match="unsupported value x"):
        stateless.stateless_uniform([2], seed, alg="x")
    with pytest.raises(ValueError, match="logits should be a matrix"):
        streams.categorical(np.zeros(3), 2)
    with pytest.raises(ValueError, match="num_samples should be non-negative"):
        streams.categorical(np.zeros((1, 3)), -2)
    with pytest.raises(ValueError, match="num_classes should be positive"):
        streams.categorical(np.zeros((1, 0)), 2)
    with pytest.raises(ValueError, match="lam must be finite"):
        streams.poisson([2], np.inf)
    with pytest.raises(ValueError, match="alpha must be finite"):
        streams.gamma([2], -1.0)
    with pytest.raises(ValueError, match="must end with broadcasted shape"):
        random_rejection.stateless_gamma([3], seed, [1.0, 2.0])
    with pytest.raises(ValueError, match="are incompatible"):
        Generator.from_state([1, 2], "philox")
    with pytest.raises(ValueError, match="must be either an integer or an instance"):
        KerasSeeds().draw(1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be positive"):
        variance_scaling([2], np.array([1, 0]), 0.0)


# --- against TensorFlow ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tf() -> ModuleType:
    pytest.importorskip("ml_dtypes")
    module: ModuleType = pytest.importorskip("tensorflow")
    return module


FLOATS = ["float16", "bfloat16", "float32", "float64"]
SHAPES = [[], [0], [1], [3], [4, 5], [2, 3, 7], [257]]


def equal(ours: Array, theirs: Any) -> None:
    same(np.asarray(ours), np.asarray(theirs.numpy()), theirs.dtype.name)


def test_stateless_samples_equal_tensorflows(tf: ModuleType, rng: np.random.Generator) -> None:
    ours, theirs = stateless, tf.random
    for shape in SHAPES:
        seed = rng.integers(-(2**63), 2**63, 2)
        there = tf.constant(seed)
        for dtype in FLOATS:
            for mean, deviation in [(0.0, 1.0), (0.3, 7.7)]:
                for name in ("uniform", "normal", "truncated_normal"):
                    equal(
                        getattr(ours, f"stateless_{name}")(shape, seed, mean, deviation, dtype),
                        getattr(theirs, f"stateless_{name}")(shape, there, mean, deviation, dtype),
                    )
        for dtype, low, high in [
            ("int32", -5, 2**31 - 1),
            ("int64", 0, 10),
            ("uint32", None, None),
        ]:
            equal(
                ours.stateless_uniform(shape, seed, low, high, dtype),
                theirs.stateless_uniform(shape, there, low, high, dtype),
            )


def test_many_float32_normals_equal_tensorflows(tf: ModuleType) -> None:
    equal(
        stateless.stateless_normal([300_000], [3, 4]), tf.random.stateless_normal([300_000], [3, 4])
    )


def test_seeded_samples_equal_tensorflows(tf: ModuleType, rng: np.random.Generator) -> None:
    streams = Streams()

    def call(name: str, *arguments: Any, **options: Any) -> None:
        options["seed"] = [None, 1, 2, -3][rng.integers(4)]
        theirs = getattr(tf.random, name)(*arguments, **options)
        if name == "shuffle":
            value = arguments[0]
            equal(value[streams.shuffle_order(len(value), value.dtype, options["seed"])], theirs)
        else:
            equal(getattr(streams, name)(*arguments, **options), theirs)

    for seed in (0, 42, -1, 2**40):
        tf.random.set_seed(seed)
        streams.set_seed(seed)
        for _ in range(6):
            shape = SHAPES[rng.integers(len(SHAPES))]
            for dtype in FLOATS:
                call("uniform", shape, -1.5, 0.25, dtype=dtype)
                call("normal", shape, 2.0, 3.0, dtype=dtype)
                call("truncated_normal", shape, dtype=dtype)
            call("uniform", shape, -3, 9, dtype="int64")
            call("shuffle", rng.normal(size=(int(rng.integers(1, 40)), 2)))
            call("categorical", rng.normal(size=(2, 5)).astype(np.float32), int(rng.integers(9)))
            call("gamma", shape, np.float32([0.3, 1, 9]), dtype="float32")
            call("poisson", shape, np.float32([0, 3, 80]), dtype="int32")


def test_generators_equal_tensorflows(tf: ModuleType) -> None:
    for seed in (0, -5, 2**70, [1, 2, 3, 4]):
        ours, theirs = Generator.from_seed(seed), tf.random.Generator.from_seed(seed)
        for shape in SHAPES:
            equal(ours.uniform(shape, 1, 4), theirs.uniform(shape, 1, 4))
            equal(ours.normal(shape), theirs.normal(shape))
            equal(ours.truncated_normal(shape), theirs.truncated_normal(shape))
            equal(ours.uniform_full_int(shape), theirs.uniform_full_int(shape))
            equal(ours.skip(3), theirs.skip(3))
        equal(ours.make_seeds(2), theirs.make_seeds(2))
        for mine, other in zip(ours.split(2), theirs.split(2), strict=True):
            equal(mine.state, other.state)
        equal(ours.state, theirs.state)


def test_keras_seeds_equal_keras(tf: ModuleType) -> None:
    keras = tf.keras
    shared, numpy_before, before = KerasSeeds(), np.random.get_state(), random.getstate()
    try:
        for seed in (0, 1234):
            keras.utils.set_random_seed(seed)
            layers = [keras.layers.Dense(4), keras.layers.Dense(2)]
            for layer, width in zip(layers, (3, 4), strict=True):
                layer.build((None, width))
            he = keras.initializers.HeNormal()((3, 3, 4, 8))
            loose = [keras.random.normal((4,)), keras.random.normal((4,))]
            row = keras.random.SeedGenerator(seed=5)
            rows = [row.next(), row.next(ordered=False), row.next()]

            set_python_and_numpy_seed(seed)
            shared.reset()
            defaults = [make_default_seed() for _ in range(3)]
            for layer, default in zip(layers, defaults, strict=False):
                drawn = shared.draw(default)
                shape = tuple(layer.kernel.shape)
                kernel = variance_scaling(shape, drawn, 1.0, "fan_avg", "uniform")
                np.testing.assert_array_equal(kernel, layer.kernel.numpy())
            equal(variance_scaling((3, 3, 4, 8), shared.draw(defaults[2]), 2.0), he)
            for sample in loose:
                equal(stateless.stateless_normal((4,), shared.draw(None)), sample)
            mine = SeedGenerator(5)
            for ours, theirs in zip(
                [mine.next(), mine.next(False), mine.next()], rows, strict=True
            ):
                equal(ours, theirs)
    finally:
        np.random.set_state(numpy_before)
        random.setstate(before)
