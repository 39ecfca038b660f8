"""`tf.random`: seeded streams that repeat TensorFlow's numbers, and the stateless functions.

In a function that is compiled a draw is `asked` for at each call. What a traced value decides goes through the
engine's operations on what was drawn, where the number of draws does not depend on it; the functions that need the
value itself (a stateless seed, the rate of a rejection method) cannot be compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..core.boxes import Box
from ..core.missing import missing_attribute
from ..core.tensor import plain
from ..core.tracing import asked, capture, not_while_compiling
from ..core.vocabulary import vocabulary
from ..ops import picking
from ..ops.compare import isfinite, le
from ..ops.exponential import exp
from ..ops.extrema import amax
from ..ops.reduce import sum as total
from ..ops.scan import cumsum
from ..ops.select import where
from . import random_rejection, random_stateless
from .convert import as_tensor, converted, numpy_dtype, static, static_shape
from .dtype import float32, int32, int64
from .random_generator import Generator as EngineGenerator
from .random_streams import Streams
from .tensor import EagerTensor, Readable, tensor

streams = Streams()
"""The streams of this process."""


def set_seed(seed: int | None) -> None:
    """Set the global seed, and start all streams again."""
    not_while_compiling("random numbers are seeded")
    streams.set_seed(None if seed is None else int(static(seed)))


def _name(dtype: Any) -> Any:
    return numpy_dtype(dtype)


def _plain(x: Any) -> Any:
    """An argument as a number or array."""
    return x.numpy() if isinstance(x, (EagerTensor, Readable)) else x


def drawn(draw: Callable[..., Any], shape: Any = None) -> EagerTensor:
    """What `draw` gives as a tensor; in a function being compiled it is drawn anew at each call.

    Args:
        draw: Takes the shape, if one is given.
        shape: What is to be drawn, where lengths in it may be open.
    """
    values = (
        asked(lambda: np.asarray(draw()))
        if shape is None
        else asked(lambda s: np.asarray(draw(s)), tuple(shape))
    )
    return tensor(values if isinstance(values, Box) else values[()])


def _scaled(draw: Any, shape: Any, mean: Any, stddev: Any, dtype: Any, *rest: Any) -> EagerTensor:
    """Samples of mean 0 and deviation 1, moved; by tensors so that gradients flow to them."""
    to = _name(dtype)
    dims = static_shape(shape)
    if not isinstance(mean, (EagerTensor, Readable)) and not isinstance(
        stddev, (EagerTensor, Readable)
    ):
        return drawn(lambda s: draw(s, *rest, mean, stddev, to), dims)
    unit = drawn(lambda s: draw(s, *rest, 0.0, 1.0, to), dims)
    return unit * converted(stddev, to) + converted(mean, to)  # type: ignore[no-any-return]


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> EagerTensor:
    """Draw from a normal distribution; gradients flow to a tensor `mean` or `stddev`."""
    return _scaled(lambda s, m, d, t: streams.normal(s, m, d, t, seed), shape, mean, stddev, dtype)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> EagerTensor:
    """Draw from a normal distribution cut off at two standard deviations."""
    return _scaled(
        lambda s, m, d, t: streams.truncated_normal(s, m, d, t, seed), shape, mean, stddev, dtype
    )


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> EagerTensor:
    """Draw evenly from [minval, maxval).

    Raises:
        ValueError: Integers without `maxval`, or another dtype.
    """
    return _between(
        lambda s, low, high, d: streams.uniform(s, low, high, d, seed), shape, minval, maxval, dtype
    )


def _between(draw: Any, shape: Any, low: Any, high: Any, dtype: Any) -> EagerTensor:
    """Samples from [low, high), which count as constants whatever the bounds are."""
    dims, to = static_shape(shape), _name(dtype)
    bounds = [as_tensor(x).value for x in (low, high) if isinstance(x, (EagerTensor, Readable))]
    if to.kind in "fV" and any(isinstance(x, Box) for x in bounds):
        start = converted(low, to).value
        width = converted(1 if high is None else high, to).value - start
        return tensor(drawn(lambda s: draw(s, 0, None, to), dims).value * width + start)
    least, bound = _plain(low), _plain(high)
    return drawn(lambda s: draw(s, least, bound, to), dims)


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> EagerTensor:
    """Return the rows in random order."""
    x = as_tensor(value)
    if not x.value.shape:
        return x
    count, name_ = x.value.shape[0], x.dtype.name
    order = drawn(lambda: streams.shuffle_order(count, name_, seed))
    return picking.index_p(x, order, axis=0, depth=1)  # type: ignore[no-any-return]


def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = int64,
    seed: int | None = None,
    name: str | None = None,
) -> EagerTensor:
    """Draw class numbers, shape [batch, num_samples], with probabilities softmax(logits)."""
    scores, count, to = as_tensor(logits).value, int(static(num_samples)), _name(dtype)
    if capture.get() is not None:
        return _categorical(scores, count, to, seed)
    return tensor(streams.categorical(np.asarray(scores), count, to, seed))


def _categorical(scores: Any, count: int, dtype: Any, seed: int | None) -> EagerTensor:
    """`Streams.categorical` in the engine's operations."""
    checked = np.zeros(scores.shape, scores.dtype)
    place = asked(lambda: streams.categorical_uniforms(checked, count, dtype, seed))
    wide = vocabulary.cast(scores, np.dtype(np.float64))
    finite, zero = isfinite(wide), np.float64(0)
    top = amax(where(finite, wide, -np.finfo(np.float64).max), 1, True)
    share = where(finite, exp(where(finite, wide - top, zero)), zero)
    ends = vocabulary.reshape(cumsum(share, 1), (scores.shape[0], 1, scores.shape[1]))
    last = vocabulary.take_slice(ends, 2, scores.shape[1] - 1)
    beyond = le(ends, vocabulary.reshape(place * last, (*place.shape, 1)))
    return tensor(total(vocabulary.cast(beyond, dtype), 2))


def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> EagerTensor:
    """Draw from gamma distributions; the samples count as constants."""
    a, b = _array(alpha), None if beta is None else _array(beta)
    dims, to = static_shape(shape), _name(dtype)
    return drawn(lambda: streams.gamma(dims, a, b, to, seed))


def poisson(
    shape: Any, lam: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> EagerTensor:
    """Draw from Poisson distributions."""
    dims, rates, to = static_shape(shape), _array(lam), _name(dtype)
    return drawn(lambda: streams.poisson(dims, rates, to, seed))


def _array(x: Any) -> Any:
    return np.asarray(plain(as_tensor(x)))


def _seed(seed: Any) -> Any:
    return np.asarray(static(seed))


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> EagerTensor:
    """Draw evenly from [minval, maxval), the same numbers for the same `seed` of two integers."""
    out = random_stateless.stateless_uniform(
        static_shape(shape), _seed(seed), _plain(minval), _plain(maxval), _name(dtype), alg
    )
    return tensor(np.asarray(out)[()])


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> EagerTensor:
    """Draw from a normal distribution, the same numbers for the same `seed` of two integers."""
    return _scaled(
        lambda s, m, d, t: random_stateless.stateless_normal(s, _seed(seed), m, d, t, alg),
        shape,
        mean,
        stddev,
        dtype,
    )


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> EagerTensor:
    """Draw from a cut-off normal distribution, the same numbers for the same `seed`."""
    return _scaled(
        lambda s, m, d, t: random_stateless.stateless_truncated_normal(s, _seed(seed), m, d, t, alg),
        shape, mean, stddev, dtype,
    )  # fmt: skip


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = int64, name: str | None = None
) -> EagerTensor:
    """Draw class numbers, the same for the same `seed`."""
    x = _array(logits)
    return tensor(
        random_stateless.stateless_categorical(
            x, int(static(num_samples)), _seed(seed), _name(dtype)
        )
    )


def stateless_gamma(
    shape: Any,
    seed: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> EagerTensor:
    """Draw from gamma distributions, the same numbers for the same `seed`."""
    out = random_rejection.stateless_gamma(
        static_shape(shape),
        _seed(seed),
        _array(alpha),
        None if beta is None else _array(beta),
        _name(dtype),
    )
    return tensor(np.asarray(out)[()])


def stateless_poisson(
    shape: Any, seed: Any, lam: Any, dtype: Any = int32, name: str | None = None
) -> EagerTensor:
    """Draw from Poisson distributions, the same numbers for the same `seed`."""
    out = random_rejection.stateless_poisson(
        static_shape(shape), _seed(seed), _array(lam), _name(dtype)
    )
    return tensor(np.asarray(out)[()])


def stateless_shuffle(
    value: Any, seed: Any, alg: Any = "auto_select", name: str | None = None
) -> EagerTensor:
    """Return the rows in an order that `seed` decides."""
    return tensor(random_stateless.stateless_shuffle(_array(value), _seed(seed), alg))


def split(seed: Any, num: int = 2, alg: Any = "auto_select") -> EagerTensor:
    """Return `num` seeds made of one, as rows."""
    return tensor(random_stateless.stateless_split(_seed(seed), num, alg))


def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> EagerTensor:
    """Return a seed made of a seed and an integer."""
    return tensor(random_stateless.stateless_fold_in(_seed(seed), _plain(data), alg))


class Generator:
    """A random number generator with a state of its own; made by `from_seed` and its kin."""

    def __init__(self, engine: EngineGenerator) -> None:
        self._engine = engine

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """A generator that a seed decides."""
        return cls(EngineGenerator.from_seed(_plain(seed), alg))

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """A generator that goes on where another stood."""
        return cls(EngineGenerator.from_state(_plain(state), alg))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator that starts anywhere."""
        return cls(EngineGenerator.from_non_deterministic_state(alg))

    @property
    def state(self) -> EagerTensor:
        """Where it stands."""
        not_while_compiling("the state of random numbers is read")
        return tensor(np.array(self._engine.state))

    @property
    def key(self) -> EagerTensor:
        """The key of its stream."""
        return tensor(self._engine.key)

    def reset_from_seed(self, seed: Any) -> None:
        """Start again from a seed."""
        not_while_compiling("random numbers are seeded")
        self._engine.reset_from_seed(_plain(seed))

    def skip(self, delta: int) -> EagerTensor:
        """Move on; returns where it stood."""
        not_while_compiling("the state of random numbers is read")
        return tensor(np.array(self._engine.skip(delta)))

    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> EagerTensor:
        """Draw from a normal distribution."""
        return _scaled(self._engine.normal, shape, mean, stddev, dtype)

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> EagerTensor:
        """Draw from a cut-off normal distribution."""
        return _scaled(self._engine.truncated_normal, shape, mean, stddev, dtype)

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = float32,
        name: str | None = None,
    ) -> EagerTensor:
        """Draw evenly from [minval, maxval)."""
        return _between(self._engine.uniform, shape, minval, maxval, dtype)

    def uniform_full_int(
        self, shape: Any, dtype: Any = np.uint64, name: str | None = None
    ) -> EagerTensor:
        """Draw integers from all that `dtype` holds."""
        dims, to = static_shape(shape), _name(dtype)
        return drawn(lambda: self._engine.uniform_full_int(dims, to))

    def make_seeds(self, count: int = 1) -> EagerTensor:
        """Return `count` seeds for the stateless functions, as columns."""
        return drawn(lambda: self._engine.make_seeds(count))

    def split(self, count: int = 1) -> list[Generator]:
        """Return independent generators made of this one."""
        not_while_compiling("random number generators are made")
        return [Generator(g) for g in self._engine.split(count)]


_global: list[Generator] = []


def get_global_generator() -> Generator:
    """The generator that the process shares."""
    if not _global:
        _global.append(Generator.from_non_deterministic_state())
    return _global[0]


def set_global_generator(generator: Generator) -> None:
    """Put another generator in its place."""
    _global[:] = [generator]


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
