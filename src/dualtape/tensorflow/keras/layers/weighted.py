"""What layers with a kernel, a bias and an activation share."""

from __future__ import annotations

from typing import Any

from .. import activations, initializers, regularizers
from ..layer import Layer


class Weighted(Layer):
    """A layer that multiplies by a kernel, adds a bias and applies an activation.

    Args:
        activation: A function or its name.
        use_bias: Whether there is a bias.
        kernel_initializer, bias_initializer: Starting values.
        kernel_regularizer, bias_regularizer, activity_regularizer: Losses.
        kernel_constraint, bias_constraint: Applied after an update.
        kwargs: As for `Layer`.
    """

    def __init__(
        self, activation: Any, use_bias: bool, kernel_initializer: Any, bias_initializer: Any,
        kernel_regularizer: Any, bias_regularizer: Any, activity_regularizer: Any, kernel_constraint: Any,
        bias_constraint: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.bias: Any = None

    def add_kernel_and_bias(self, shape: tuple[int, ...]) -> None:
        """Make the weights: a kernel of `shape`, and a bias along its last axis."""
        self.kernel = self.add_weight(
            name="kernel", shape=shape, initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=shape[-1:], initializer=self.bias_initializer,
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip
        self.built = True
