"""Layers without weights that act on each element."""

from __future__ import annotations

from typing import Any

from ....ops.select import where
from ... import activations as act
from ...convert import converted
from ...random import drawn
from ...random_keras import SeedGenerator
from ...random_stateless import stateless_normal, stateless_uniform
from ...tensor import tensor
from .. import activations, initializers
from ..layer import Layer


class _Pointwise(Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return tuple(input_shape)


class Dropout(_Pointwise):
    """In training, zeros with probability `rate`, the rest scaled by 1 / (1 - rate).

    Args:
        rate: From 0 to 1.
        noise_shape: The shape of the mask, which broadcasts.
        seed: An int, or None.
        kwargs: As for `Layer`.

    Raises:
        ValueError: `rate` is outside [0, 1].
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(
                f"Invalid value received for argument `rate`. Expected a float value between 0 and 1. Received: rate={rate}"
            )
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed
        self._generator = SeedGenerator(seed) if rate > 0 else None

    def call(self, inputs: Any, training: Any = False) -> Any:
        """See the class."""
        if not training or self._generator is None:
            return inputs
        dtype = inputs.value.dtype
        shape = inputs.value.shape if self.noise_shape is None else self.noise_shape
        shape = tuple(
            [m if n is None else n for n, m in zip(shape, inputs.value.shape, strict=True)]
        )
        generator, rate = self._generator, dtype.type(self.rate)
        kept = drawn(
            lambda s: stateless_uniform(s, initializers.seeds.draw(generator), 0, 1, dtype) >= rate,
            shape,
        )
        scale = converted(1 / (1 - self.rate) if self.rate < 1 else 0.0, dtype)
        return where(kept, inputs * scale, tensor(dtype.type(0)))


class GaussianNoise(_Pointwise):
    """In training, normal noise added."""

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = stddev
        self._generator = SeedGenerator(seed)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """See the class."""
        if not training or not self.stddev:
            return inputs
        shape, dtype = inputs.value.shape, inputs.value.dtype
        return inputs + drawn(
            lambda s: stateless_normal(
                s, initializers.seeds.draw(self._generator), 0.0, self.stddev, dtype
            ),
            shape,
        )


class ReLU(_Pointwise):
    """`keras.activations.relu` as a layer."""

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(_Pointwise):
    """x for x > 0, negative_slope * x elsewhere."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = negative_slope

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return act.leaky_relu(inputs, self.negative_slope)


class ELU(_Pointwise):
    """x for x > 0, alpha * (exp(x) - 1) elsewhere."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return activations.elu(inputs, self.alpha)


class Softmax(_Pointwise):
    """exp(x) / sum(exp(x)) along `axis`."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return act.softmax(inputs, self.axis)


class Rescaling(_Pointwise):
    """inputs * scale + offset."""

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return inputs * self.scale + self.offset
