"""`keras.initializers`: starting values, the same as Keras's for the same seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ...core.missing import missing_attribute
from ..convert import as_tensor, numpy_dtype, static_shape
from ..random_keras import KerasSeeds, make_default_seed, variance_scaling
from ..random_stateless import stateless_normal, stateless_truncated_normal, stateless_uniform
from ..tensor import EagerTensor, tensor

seeds = KerasSeeds()


class Initializer:
    """Base: called with a shape and a dtype, gives a tensor."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Return a tensor of `shape`; float32 unless `dtype` says otherwise."""
        raise NotImplementedError("Initializer subclasses must implement the `__call__()` method.")

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {k: v for k, v in vars(self).items() if not k.startswith("_")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make one from `get_config`'s result."""
        return cls(**config)


def _dtype(dtype: Any) -> np.dtype[Any]:
    return numpy_dtype("float32" if dtype is None else dtype)  # type: ignore[return-value]


class Constant(Initializer):
    """A constant, or an array that broadcasts."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> EagerTensor:
        """See `Initializer.__call__`."""
        to = _dtype(dtype)
        value = np.asarray(as_tensor(self.value, to))
        return tensor(np.broadcast_to(value, static_shape(shape)).astype(to)[()])


class Zeros(Initializer):
    """Zeros."""

    def __call__(self, shape: Any, dtype: Any = None) -> EagerTensor:
        """See `Initializer.__call__`."""
        return tensor(np.zeros(static_shape(shape), _dtype(dtype))[()])


class Ones(Initializer):
    """Ones."""

    def __call__(self, shape: Any, dtype: Any = None) -> EagerTensor:
        """See `Initializer.__call__`."""
        return tensor(np.ones(static_shape(shape), _dtype(dtype))[()])


class Identity(Initializer):
    """An identity matrix times `gain`.

    Raises (when called):
        ValueError: The shape is not that of a matrix.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> EagerTensor:
        """See `Initializer.__call__`."""
        dims = static_shape(shape)
        if len(dims) != 2:
            raise ValueError(
                f"Identity matrix initializer can only be used for 2D matrices. Received: shape={dims} of "
                f"rank {len(dims)}."
            )
        to = _dtype(dtype)
        return tensor(np.eye(*dims, dtype=to) * to.type(self.gain))


class RandomInitializer(Initializer):
    """Base of those with a seed: an int, or None for one that is drawn now."""

    def __init__(self, seed: Any = None) -> None:
        self._init_seed = seed
        self.seed = make_default_seed() if seed is None else seed

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {**super().get_config(), "seed": self._init_seed}

    def _seed(self) -> Any:
        return seeds.draw(self.seed)


class RandomNormal(RandomInitializer):
    """Normal numbers."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> EagerTensor:
        """See `Initializer.__call__`."""
        return tensor(
            stateless_normal(
                static_shape(shape), self._seed(), self.mean, self.stddev, _dtype(dtype)
            )
        )


class TruncatedNormal(RandomInitializer):
    """Normal numbers within two standard deviations."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> EagerTensor:
        """See `Initializer.__call__`."""
        return tensor(
            stateless_truncated_normal(
                static_shape(shape), self._seed(), self.mean, self.stddev, _dtype(dtype)
            )
        )


class RandomUniform(RandomInitializer):
    """Numbers spread evenly over [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> EagerTensor:
        """See `Initializer.__call__`."""
        return tensor(
            stateless_uniform(
                static_shape(shape), self._seed(), self.minval, self.maxval, _dtype(dtype)
            )
        )


class VarianceScaling(RandomInitializer):
    """Numbers of variance scale / n, where n is the number of inputs, of outputs, or their mean.

    Args:
        scale: Positive.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: An int or None.

    Raises:
        ValueError: An argument is none of these.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
    ) -> None:
        if scale <= 0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                f"Invalid `mode` argument: {mode}. Please use one of ('fan_in', 'fan_out', 'fan_avg')"
            )
        distribution = distribution.lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                f"Invalid `distribution` argument: {distribution}. Please use one of ('uniform', "
                "'truncated_normal', 'untruncated_normal')"
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> EagerTensor:
        """See `Initializer.__call__`."""
        return tensor(
            variance_scaling(
                static_shape(shape),
                self._seed(),
                self.scale,
                self.mode,
                self.distribution,
                _dtype(dtype),
            )
        )


def _scaling(name: str, scale: float, mode: str, distribution: str) -> type[VarianceScaling]:
    def __init__(self: VarianceScaling, seed: Any = None) -> None:
        VarianceScaling.__init__(self, scale, mode, distribution, seed)

    def get_config(self: VarianceScaling) -> dict[str, Any]:
        return {"seed": self._init_seed}

    doc = f"`VarianceScaling` with scale {scale}, {mode}, {distribution}."
    return type(
        name,
        (VarianceScaling,),
        {"__init__": __init__, "get_config": get_config, "__doc__": doc, "__module__": __name__},
    )


GlorotUniform = _scaling("GlorotUniform", 1.0, "fan_avg", "uniform")
GlorotNormal = _scaling("GlorotNormal", 1.0, "fan_avg", "truncated_normal")
LecunNormal = _scaling("LecunNormal", 1.0, "fan_in", "truncated_normal")
LecunUniform = _scaling("LecunUniform", 1.0, "fan_in", "uniform")
HeNormal = _scaling("HeNormal", 2.0, "fan_in", "truncated_normal")
HeUniform = _scaling("HeUniform", 2.0, "fan_in", "uniform")


class Orthogonal(RandomInitializer):
    """A matrix with orthonormal rows or columns, from the QR factorisation of a normal one, times `gain`."""

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> EagerTensor:
        """See `Initializer.__call__`."""
        dims = static_shape(shape)
        if len(dims) < 2:
            raise ValueError(
                "The tensor to initialize must be at least two-dimensional. Received: "
                f"shape={dims} of rank {len(dims)}."
            )
        rows, columns = int(np.prod(dims[:-1])), dims[-1]
        normal = stateless_normal(
            (max(rows, columns), min(rows, columns)), self._seed(), dtype=_dtype(dtype)
        )
        q, r = np.linalg.qr(normal)
        q = q * np.sign(np.diagonal(r))
        if rows < columns:
            q = q.T
        return tensor((q * q.dtype.type(self.gain)).reshape(dims))


# Keras's short names.
zeros, ones, constant, identity, orthogonal = Zeros, Ones, Constant, Identity, Orthogonal
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling_initializer = VarianceScaling
glorot_uniform, glorot_normal, he_normal, he_uniform = (
    GlorotUniform,
    GlorotNormal,
    HeNormal,
    HeUniform,
)
lecun_normal, lecun_uniform = LecunNormal, LecunUniform

_BY_NAME: dict[str, Callable[..., Any]] = {
    "zeros": Zeros, "ones": Ones, "constant": Constant, "identity": Identity, "orthogonal": Orthogonal,
    "random_normal": RandomNormal, "normal": RandomNormal, "random_uniform": RandomUniform,
    "uniform": RandomUniform, "truncated_normal": TruncatedNormal, "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform, "glorot_normal": GlorotNormal, "he_normal": HeNormal,
    "he_uniform": HeUniform, "lecun_normal": LecunNormal, "lecun_uniform": LecunUniform,
}  # fmt: skip
_BY_NAME |= {cls.__name__: cls for cls in set(_BY_NAME.values()) if isinstance(cls, type)}


def get(identifier: Any) -> Any:
    """Return the initializer that a name, a config, a class or an initializer stands for; None for None.

    Raises:
        ValueError: There is none.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return _BY_NAME[identifier["class_name"]](**identifier.get("config", {}))
    found = _BY_NAME.get(identifier) if isinstance(identifier, str) else identifier
    if isinstance(found, type):
        return found()
    if callable(found):
        return found
    if isinstance(identifier, (int, float, np.ndarray)):
        return Constant(identifier)
    raise ValueError(f"Could not interpret initializer identifier: {identifier}")


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
