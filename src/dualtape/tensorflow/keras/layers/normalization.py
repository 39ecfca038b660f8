"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...custom_gradient import stop_gradient
from ...elementwise import rsqrt
from ...nn_norms import moments
from ...shaping import reshape
from .. import initializers
from ..layer import Layer


class BatchNormalization(Layer):
    """Each channel with mean 0 and variance 1 over the batch (running ones outside training), then scaled.

    Args:
        axis: That of the channels.
        momentum: How much of the running mean and variance is kept at a step.
        epsilon: Added to the variance.
        center, scale: Whether there are `beta` and `gamma`.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: Starting values.
        kwargs: As for `Layer`.
    """

    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones", **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.axis, self.momentum, self.epsilon, self.center, self.scale = (
            axis,
            momentum,
            epsilon,
            center,
            scale,
        )
        self._starts = [
            beta_initializer,
            gamma_initializer,
            moving_mean_initializer,
            moving_variance_initializer,
        ]
        self.beta: Any = None
        self.gamma: Any = None

    def build(self, input_shape: Any) -> None:
        """Make scale, shift and running statistics."""
        shape = (input_shape[self.axis],)
        beta, gamma, mean, variance = (initializers.get(i) for i in self._starts)
        if self.scale:
            self.gamma = self.add_weight(name="gamma", shape=shape, initializer=gamma)
        if self.center:
            self.beta = self.add_weight(name="beta", shape=shape, initializer=beta)
        self.moving_mean = self.add_weight(
            name="moving_mean", shape=shape, initializer=mean, trainable=False
        )
        self.moving_variance = self.add_weight(
            name="moving_variance", shape=shape, initializer=variance, trainable=False
        )
        self.built = True

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """See the class."""
        rank = len(inputs.value.shape)
        axis = self.axis % rank
        spread = tuple([n if i == axis else 1 for i, n in enumerate(inputs.value.shape)])
        if training and self.trainable:
            mean, variance = moments(inputs, [i for i in range(rank) if i != axis])
            for running, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
                running.assign(running * self.momentum + stop_gradient(now) * (1.0 - self.momentum))
        else:
            mean, variance = self.moving_mean._read(), self.moving_variance._read()
        inverse = rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            inverse = inverse * self.gamma
        shift = -mean * inverse
        if self.beta is not None:
            shift = shift + self.beta
        return inputs * reshape(inverse, spread) + reshape(shift, spread)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return tuple(input_shape)


class LayerNormalization(Layer):
    """Each example with mean 0 and variance 1 over `axis`, then scaled and shifted."""

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.axis, self.epsilon, self.center, self.scale = axis, epsilon, center, scale
        self._starts = [beta_initializer, gamma_initializer]
        self.beta: Any = None
        self.gamma: Any = None

    def build(self, input_shape: Any) -> None:
        """Make scale and shift."""
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        shape = tuple(input_shape[a] for a in axes)
        beta, gamma = (initializers.get(i) for i in self._starts)
        if self.scale:
            self.gamma = self.add_weight(name="gamma", shape=shape, initializer=gamma)
        if self.center:
            self.beta = self.add_weight(name="beta", shape=shape, initializer=beta)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """See the class."""
        rank = len(inputs.value.shape)
        axes = [self.axis % rank] if isinstance(self.axis, int) else [a % rank for a in self.axis]
        spread = tuple([n if i in axes else 1 for i, n in enumerate(inputs.value.shape)])
        mean, variance = moments(inputs, axes, keepdims=True)
        out = (inputs - mean) * rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            out = out * reshape(self.gamma, spread)
        if self.beta is not None:
            out = out + reshape(self.beta, spread)
        return out

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return tuple(input_shape)
