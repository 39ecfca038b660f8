"""TensorFlow's random functions on NumPy: samples at a place in a stream; stateless functions.

Three ways lead from a seed to a place in a Philox stream, from which `philox.py` makes samples:

- `stateless_*(shape, seed)`, here: `seed_position` scrambles the two integers of the seed.
- `tf.random.set_seed`, `tf.random.uniform` and their like, in `random_streams.py`.
- `tf.random.Generator`, in `random_generator.py`.

`random_keras.py` has the seed rules of Keras on top.

Shapes are sequences of ints, dtypes anything `np.dtype` takes and the name "bfloat16" (needs
`ml_dtypes`). Results are arrays equal to TensorFlow 2.21's CPU kernels bit for bit, except float64
normal and truncated normal, which may differ in the last place. Where TensorFlow raises
`InvalidArgumentError`, this module raises ValueError with the same wording.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.batching import open_batches
from ..core.errors import TransformError
from . import philox
from .errors import InvalidArgumentError
from .philox import Array, Position
from .raising import kernel_error

__all__ = [
    "FLOATS",
    "SIGNED",
    "UNSIGNED",
    "as_dtype",
    "categorical_at",
    "checked_dtype",
    "element_count",
    "normal_at",
    "seed_position",
    "shuffle_order_at",
    "stateless_categorical",
    "stateless_fold_in",
    "stateless_normal",
    "stateless_shuffle",
    "stateless_split",
    "stateless_truncated_normal",
    "stateless_uniform",
    "truncated_normal_at",
    "uniform_at",
]

Shape = Sequence[int]

_MASK64 = 2**64 - 1
FLOATS = ("float16", "bfloat16", "float32", "float64")
SIGNED = ("int32", "int64")
UNSIGNED = ("uint32", "uint64")


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the NumPy dtype of a dtype, a scalar type or a name, "bfloat16" among them.

    Raises:
        ImportError: bfloat16 was asked for by name without `ml_dtypes` installed.
    """
    if isinstance(dtype, str) and dtype == "bfloat16":
        import ml_dtypes

        dtype = ml_dtypes.bfloat16
    resolved: np.dtype[Any] = np.dtype(dtype)
    return resolved


def checked_dtype(dtype: Any, accepted: Sequence[str]) -> np.dtype[Any]:
    """Return `as_dtype(dtype)`; raise ValueError if its name is not among `accepted`."""
    resolved = as_dtype(dtype)
    if resolved.name not in accepted:
        names = ", ".join(f"tf.{name}" for name in accepted)
        raise ValueError(
            f"Argument `dtype` got invalid value <dtype: '{resolved.name}'>. "
            f"Accepted dtypes are ({names})."
        )
    return resolved


def refuse_batches() -> None:
    """Raise inside `tf.vectorized_map`: its examples would get the same draws.

    Raises:
        TransformError: The code runs for a batch.
    """
    if open_batches.get():
        raise TransformError(
            "a random operation was called inside tf.vectorized_map, whose examples need draws of their own: use "
            "tf.map_fn, or draw outside"
        )


def element_count(shape: Shape) -> int:
    """Return the number of elements of a shape; raise InvalidArgumentError if a length is negative."""
    for length in shape:
        if length < 0:
            raise InvalidArgumentError(None, None, f"Dimension {length} must be >= 0")
    return math.prod(shape)


# --- samples at a position -----------------------------------------------------------------------


def uniform_at(at: Position, shape: Shape, low: Any, high: Any, dtype: np.dtype[Any]) -> Array:
    """Return uniform samples in [low, high), over an integer dtype's whole range if both are None.

    Raises:
        ValueError: Integer bounds that are not scalars with low < high, or an unsigned dtype with
            bounds.
        TypeError: Integer samples with bounds that are not integers.
    """
    count = element_count(shape)
    if dtype.name in FLOATS:
        unit = philox.uniform(at, count, dtype).reshape(shape)
        start = np.asarray(low, dtype)
        return np.asarray(unit * (np.asarray(1 if high is None else high, dtype) - start) + start)
    if low is None and high is None:
        return philox.full_integers(at, count, dtype).reshape(shape)
    if low is None or high is None:
        raise ValueError(
            f"For integer `dtype` argument <dtype: '{dtype.name}'>, argument `minval` and `maxval` "
            f"must be both None or not None. Got `minval`={low} and `maxval`={high}."
        )
    if dtype.kind == "u":
        raise ValueError(
            f"Argument `dtype` got invalid value <dtype: '{dtype.name}'> when argument `minval` is "
            "not None. Please don't use unsigned integers in this case."
        )
    for name, bound in (("minval", np.asarray(low)), ("maxval", np.asarray(high))):
        if bound.ndim:
            raise ValueError(f"{name} must be 0-D, got shape {list(bound.shape)}")
        if bound.dtype.kind not in "iu":
            raise TypeError(f"Cannot convert {bound.item()} to EagerTensor of dtype {dtype.name}")
    if int(low) >= int(high):
        raise kernel_error(
            "StatelessRandomUniformIntV2", f"Need minval < maxval, got {low} >= {high}"
        )
    return philox.integers(at, count, int(low), int(high), dtype).reshape(shape)


def normal_at(at: Position, shape: Shape, mean: Any, stddev: Any, dtype: np.dtype[Any]) -> Array:
    """Return normal samples; `mean` and `stddev` broadcast against `shape`."""
    return _affine(philox.normal(at, element_count(shape), dtype).reshape(shape), mean, stddev)


def truncated_normal_at(
    at: Position, shape: Shape, mean: Any, stddev: Any, dtype: np.dtype[Any]
) -> Array:
    """Return normal samples, those beyond two deviations drawn again."""
    unit = philox.truncated_normal(at, element_count(shape), dtype)
    return _affine(unit.reshape(shape), mean, stddev)


def _affine(unit: Array, mean: Any, stddev: Any) -> Array:
    return np.asarray(unit * np.asarray(stddev, unit.dtype) + np.asarray(mean, unit.dtype))


def shuffle_order_at(at: Position, count: int) -> Array:
    """Return a permutation of `range(count)`, int64, by swaps from the front (Fisher and Yates)."""
    order = list(range(count))
    for i, word in enumerate(philox.words(at, max(count - 1, 0)).tolist()):
        j = i + word % (count - i)
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)


def categorical_at(at: Position, logits: Any, num_samples: int, dtype: Any = np.int64) -> Array:
    """Return class indices drawn with probabilities softmax(logits), shape (batch, num_samples).

    Logits that are not finite have probability zero; a row of nothing else gives the number of
    classes. TensorFlow splits a batch of some hundred rows among its threads, each with its own
    place in the stream, so from there on its samples depend on the machine. Here they are those of
    one thread.

    Raises:
        ValueError: `logits` is not a matrix of floats with a column, or `num_samples` is negative.
    """
    scores = np.asarray(logits)
    drawn = categorical_uniforms_at(at, scores, num_samples)
    rows, _ = scores.shape
    out = np.empty((rows, num_samples), dtype)
    for row in range(rows):
        wide = scores[row].astype(np.float64)
        finite = np.isfinite(wide)
        top = wide[finite].max(initial=-np.finfo(np.float64).max)
        total = np.cumsum(np.where(finite, np.exp(np.where(finite, wide - top, 0.0)), 0.0))
        out[row] = np.searchsorted(total, drawn[row] * total[-1], side="right")
    return out


def categorical_uniforms_at(at: Position, scores: Array, num_samples: int) -> Array:
    """Return the uniform samples that `categorical_at` goes by, shape (batch, num_samples); raises as that."""
    if scores.ndim != 2:
        raise ValueError(f"logits should be a matrix, got shape {list(scores.shape)}")
    if scores.dtype.kind != "f" and scores.dtype.name != "bfloat16":
        raise ValueError(f"logits should be of a float dtype, got {scores.dtype.name}")
    if num_samples < 0:
        raise ValueError(f"num_samples should be non-negative, got {num_samples}")
    rows, classes = scores.shape
    if classes < 1:
        raise ValueError(f"num_classes should be positive, got {classes}")
    drawn = philox.uniform(at, rows * num_samples, np.dtype(np.float64))
    return drawn.reshape(rows, num_samples)


# --- stateless -----------------------------------------------------------------------------------


def seed_position(seed: Any) -> Position:
    """Return where the stream of a stateless seed begins.

    Args:
        seed: Two integers, of which 64 bits each are used.

    Raises:
        ValueError: `seed` has not shape (2,).
        TypeError: It does not hold integers.

    One Philox block, under a key of TensorFlow's and with the seed as counter, gives key and upper
    half of the counter.
    """
    pair = np.asarray(seed)
    if pair.shape != (2,):
        raise ValueError(f"seed must have shape [2], not {list(pair.shape)}")
    if pair.dtype.kind not in "iuO":
        raise TypeError(f"seed must hold int32 or int64, not {pair.dtype.name}")
    low, high = (int(x) & _MASK64 for x in pair.tolist())
    key, upper = philox.words64(Position(0x02461E293EC8F720, low | high << 64), 2).tolist()
    return Position(key, upper << 64)


def _stateless(seed: Any, alg: Any) -> Position:
    name = str(getattr(alg, "name", alg)).lower()
    if name in ("2", "threefry"):
        raise NotImplementedError(
            "The ThreeFry algorithm is not supported, as on TensorFlow's CPU; use alg='philox'."
        )
    if name not in ("1", "3", "philox", "auto_select"):
        raise ValueError(
            f"Argument `alg` got unsupported value {alg}. "
            "Supported values are philox and auto_select."
        )
    return seed_position(seed)


def stateless_uniform(
    shape: Shape,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = np.float32,
    alg: Any = "auto_select",
) -> Array:
    """Return `tf.random.stateless_uniform`: samples in [minval, maxval).

    Args:
        shape: Of the result.
        seed: Two integers.
        minval: Scalar for integers, anything that broadcasts for floats.
        maxval: As `minval`; None means 1 for floats. Both None: an integer dtype's whole range.
        dtype: float16, bfloat16, float32, float64, int32, int64; uint32 and uint64 over their whole
            range.
        alg: `philox` or `auto_select`.

    Raises:
        ValueError: The dtype, shape, seed or bounds are outside what is said above.
        NotImplementedError: `alg` is ThreeFry.
    """
    resolved = checked_dtype(dtype, FLOATS + SIGNED + UNSIGNED)
    return uniform_at(_stateless(seed, alg), shape, minval, maxval, resolved)


def stateless_normal(
    shape: Shape,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = np.float32,
    alg: Any = "auto_select",
) -> Array:
    """Return `tf.random.stateless_normal`; arguments and errors as for `stateless_uniform`."""
    resolved = checked_dtype(dtype, FLOATS)
    return normal_at(_stateless(seed, alg), shape, mean, stddev, resolved)


def stateless_truncated_normal(
    shape: Shape,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = np.float32,
    alg: Any = "auto_select",
) -> Array:
    """Return `tf.random.stateless_truncated_normal`: normal samples within two deviations."""
    resolved = checked_dtype(dtype, FLOATS)
    return truncated_normal_at(_stateless(seed, alg), shape, mean, stddev, resolved)


def stateless_categorical(logits: Any, num_samples: int, seed: Any, dtype: Any = np.int64) -> Array:
    """Return `tf.random.stateless_categorical`; see `categorical_at`."""
    return categorical_at(seed_position(seed), logits, num_samples, dtype)


def stateless_shuffle(value: Any, seed: Any, alg: Any = "auto_select") -> Array:
    """Return `tf.random.experimental.stateless_shuffle`: `value` with its first axis permuted."""
    array = np.asarray(value)
    if array.ndim == 0:
        return array
    return array[shuffle_order_at(_stateless(seed, alg), len(array))]


def stateless_split(seed: Any, num: int = 2, alg: Any = "auto_select") -> Array:
    """Return `tf.random.split`: `num` new seeds, shape (num, 2), int64 if `seed` is, else int32."""
    dtype = _seed_dtype(seed)
    return uniform_at(_stateless(seed, alg), (num, 2), None, None, dtype)


def stateless_fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Array:
    """Return `tf.random.fold_in`: a new seed, shape (2,), that depends on `data` too.

    The seed is int64 if `data` is, else int32.
    """
    dtype = _seed_dtype(data)
    first = uniform_at(_stateless(seed, alg), (1,), None, None, dtype)
    return np.concatenate([first, np.asarray(data, dtype).reshape(1)])


def _seed_dtype(seed: Any) -> np.dtype[Any]:
    is_long = isinstance(seed, (np.ndarray, np.generic)) and seed.dtype == np.int64
    return np.dtype(np.int64 if is_long else np.int32)
