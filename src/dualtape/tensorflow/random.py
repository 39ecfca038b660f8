"""`tf.random`: seeded streams that repeat TensorFlow's numbers, and the stateless functions."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..core.missing import missing_attribute
from ..ops import picking
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
    streams.set_seed(None if seed is None else int(static(seed)))


def _name(dtype: Any) -> Any:
    return numpy_dtype(dtype)


def _plain(x: Any) -> Any:
    """An argument as a number or array."""
    return x.numpy() if isinstance(x, (EagerTensor, Readable)) else x


def _scaled(draw: Any, shape: Any, mean: Any, stddev: Any, dtype: Any, *rest: Any) -> EagerTensor:
    """Samples of mean 0 and deviation 1, moved; by tensors so that gradients flow to them."""
    to = _name(dtype)
    dims = static_shape(shape)
    if not isinstance(mean, (EagerTensor, Readable)) and not isinstance(
        stddev, (EagerTensor, Readable)
    ):
        return tensor(np.asarray(draw(dims, *rest, mean, stddev, to))[()])
    unit = tensor(np.asarray(draw(dims, *rest, 0.0, 1.0, to))[()])
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
    out = streams.uniform(static_shape(shape), _plain(minval), _plain(maxval), _name(dtype), seed)
    return tensor(np.asarray(out)[()])


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> EagerTensor:
    """Return the rows in random order."""
    x = as_tensor(value)
    if not x.value.shape:
        return x
    order = streams.shuffle_order(x.value.shape[0], x.dtype.name, seed)
    return picking.index_p(x, tensor(order), axis=0, depth=1)  # type: ignore[no-any-return]


def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = int64,
    seed: int | None = None,
    name: str | None = None,
) -> EagerTensor:
    """Draw class numbers, shape [batch, num_samples], with probabilities softmax(logits)."""
    x = np.asarray(as_tensor(logits).value)
    return tensor(streams.categorical(x, int(static(num_samples)), _name(dtype), seed))


def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> EagerTensor:
    """Draw from gamma distributions; the samples count as constants."""
    out = streams.gamma(
        static_shape(shape),
        _array(alpha),
        None if beta is None else _array(beta),
        _name(dtype),
        seed,
    )
    return tensor(np.asarray(out)[()])


def poisson(
    shape: Any, lam: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> EagerTensor:
    """Draw from Poisson distributions."""
    out = streams.poisson(static_shape(shape), _array(lam), _name(dtype), seed)
    return tensor(np.asarray(out)[()])


def _array(x: Any) -> Any:
    return np.asarray(as_tensor(x).value)


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
        return tensor(np.array(self._engine.state))

    @property
    def key(self) -> EagerTensor:
        """The key of its stream."""
        return tensor(self._engine.key)

    def reset_from_seed(self, seed: Any) -> None:
        """Start again from a seed."""
        self._engine.reset_from_seed(_plain(seed))

    def skip(self, delta: int) -> EagerTensor:
        """Move on; returns where it stood."""
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
        out = self._engine.uniform(
            static_shape(shape), _plain(minval), _plain(maxval), _name(dtype)
        )
        return tensor(np.asarray(out)[()])

    def uniform_full_int(
        self, shape: Any, dtype: Any = np.uint64, name: str | None = None
    ) -> EagerTensor:
        """Draw integers from all that `dtype` holds."""
        return tensor(
            np.asarray(self._engine.uniform_full_int(static_shape(shape), _name(dtype)))[()]
        )

    def make_seeds(self, count: int = 1) -> EagerTensor:
        """Return `count` seeds for the stateless functions, as columns."""
        return tensor(self._engine.make_seeds(count))

    def split(self, count: int = 1) -> list[Generator]:
        """Return independent generators made of this one."""
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
