"""The layers that most models are made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...convert import as_tensor
from ...elementwise import cast
from ...gather import embedding_lookup
from ...products import matmul, tensordot
from ...shaping import broadcast_to, expand_dims, reshape, transpose
from .. import activations, initializers, regularizers
from ..layer import Layer
from ..symbolic import KerasTensor
from .weighted import Weighted


class InputLayer(Layer):
    """The place of a model's input."""

    def __init__(
        self, shape: Any = None, batch_size: int | None = None, dtype: Any = None, batch_shape: Any = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype, **kwargs)
        if batch_shape is None:
            if shape is None:
                raise ValueError("You must pass a `shape` argument.")
            batch_shape = (batch_size, *((shape,) if isinstance(shape, int) else shape))
        self.batch_shape = tuple(batch_shape)
        self.built = True
        self.output = KerasTensor(self.batch_shape, self._dtype)
        self._output_shape = self.batch_shape

    def call(self, inputs: Any = None) -> Any:
        """Return the input."""
        return inputs


def Input(
    shape: Any = None, batch_size: int | None = None, dtype: Any = None, sparse: bool | None = None,
    batch_shape: Any = None, name: str | None = None, tensor: Any = None, optional: bool = False,
) -> KerasTensor:  # fmt: skip
    """Make a symbolic input for the functional API.

    Args:
        shape: Without the batch axis.
        batch_size: None if any.
        dtype: float32 by default.
        sparse: Not used.
        batch_shape: With the batch axis, instead of `shape`.
        name: Of the input layer.
        tensor: Not supported.
        optional: Not used.

    Raises:
        ValueError: Neither shape is given.
    """
    if shape is None and batch_shape is None:
        raise ValueError("You must pass a `shape` argument.")
    layer = InputLayer(shape, batch_size, dtype, batch_shape, name)
    out = layer.output
    out.input_layer = layer  # type: ignore[attr-defined]
    if name is not None:
        out.name = name
    return out


class Dense(Weighted):
    """activation(inputs @ kernel + bias).

    Args:
        units: The length of the last axis of the output.
        activation: A function or its name.
        use_bias: Whether there is a bias.
        kernel_initializer, bias_initializer: Starting values.
        kernel_regularizer, bias_regularizer, activity_regularizer: Losses.
        kernel_constraint, bias_constraint: Applied after an update.
        lora_rank, lora_alpha: Not supported.
        kwargs: As for `Layer`.

    Raises:
        ValueError: `units` is no positive integer.
    """

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
        lora_rank: int | None = None, lora_alpha: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if not isinstance(units, int) or units <= 0:  # type: ignore[redundant-expr]
            raise ValueError(
                f"Received an invalid value for `units`, expected a positive integer. Received: units={units}"
            )
        if lora_rank is not None:
            raise NotImplementedError("Dense(lora_rank=...)")
        super().__init__(
            activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
        self.units = units

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        if len(input_shape) < 2:
            raise ValueError(
                self._unfit(
                    f"expected min_ndim=2, found ndim={len(input_shape)}. Full shape received: {tuple(input_shape)}"
                )
            )
        self.add_kernel_and_bias((input_shape[-1], self.units))

    def _unfit(self, reason: str) -> str:
        return f"Input 0 with name 'None' of layer '{self.name}' is incompatible with the layer: {reason}"

    def _check_input(self, inputs: Any) -> None:
        shape = tuple(inputs.shape)
        have = self.kernel.shape[0]
        if len(shape) < 2:
            raise ValueError(
                self._unfit(
                    f"expected min_ndim=2, found ndim={len(shape)}. Full shape received: {shape}"
                )
            )
        if shape[-1] != have:
            raise ValueError(
                self._unfit(
                    f"expected axis -1 of input shape to have value {have}, but received input with shape {shape}"
                )
            )

    def call(self, inputs: Any, training: Any = None) -> Any:
        """See the class."""
        kernel = self.kernel._read()
        if inputs.value.dtype is not kernel.value.dtype:
            inputs = cast(inputs, kernel.dtype)
        flat = len(inputs.value.shape) == 2
        out = matmul(inputs, kernel) if flat else tensordot(inputs, kernel, 1)
        if self.bias is not None:
            out = out + self.bias._read()
        return out if self.activation is activations.linear else self.activation(out)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's with `units` for the last length."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {
            **super().get_config(), "units": self.units, "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias, "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer, "kernel_regularizer": self.kernel_regularizer,
            "bias_regularizer": self.bias_regularizer, "kernel_constraint": self.kernel_constraint,
            "bias_constraint": self.bias_constraint,
        }  # fmt: skip


class Activation(Layer):
    """An activation function, or its name, as a layer."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Apply the function."""
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Flatten(Layer):
    """All axes but the first as one."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """See the class."""
        shape = inputs.value.shape
        return reshape(inputs, (shape[0] if shape else 1, math.prod(shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The batch and the product of the other lengths."""
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))


class Reshape(Layer):
    """Another shape for each example; one length may be -1."""

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return reshape(inputs, (inputs.value.shape[0], *self.target_shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The batch and the target."""
        known = math.prod(n for n in self.target_shape if n != -1)
        rest = math.prod(n for n in input_shape[1:] if n is not None)
        return (input_shape[0], *[rest // known if n == -1 else n for n in self.target_shape])


class Lambda(Layer):
    """A function of tensors as a layer."""

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.arguments = dict(arguments or {})
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Apply the function."""
        return self.function(inputs, **self.arguments)


class Embedding(Layer):
    """A row of a table for each integer.

    Args:
        input_dim: The number of rows.
        output_dim: Their length.
        embeddings_initializer: Starting values.
        embeddings_regularizer: A loss of the table.
        kwargs: As for `Layer`; `mask_zero` is not supported.
    """

    _casts = False

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        if mask_zero:
            raise NotImplementedError("Embedding(mask_zero=True)")
        super().__init__(**{k: v for k, v in kwargs.items() if k != "input_length"})
        self.input_dim, self.output_dim = input_dim, output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = embeddings_constraint

    def build(self, input_shape: Any = None) -> None:
        """Make the table."""
        self.embeddings = self.add_weight(
            name="embeddings", shape=(self.input_dim, self.output_dim), initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer, constraint=self.embeddings_constraint,
        )  # fmt: skip
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Look the rows up."""
        ids = as_tensor(inputs)
        return embedding_lookup(
            self.embeddings, ids if ids.value.dtype.kind in "iu" else cast(ids, np.int32)
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's with a new last axis."""
        return (*input_shape, self.output_dim)


class Identity(Layer):
    """What comes in."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return tuple(input_shape)


class Permute(Layer):
    """Axes of each example in another order; they count from 1."""

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                "Invalid permutation argument `dims` for Permute Layer. The set of indices in `dims` must be "
                f"consecutive and start from 1. Received dims={dims}"
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's, in that order."""
        return (input_shape[0], *[input_shape[d] for d in self.dims])


class RepeatVector(Layer):
    """Each vector `n` times, along a new axis after the batch."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = n
        self.built = True

    def call(self, inputs: Any) -> Any:
        """See the class."""
        batch, width = inputs.value.shape
        return broadcast_to(expand_dims(inputs, 1), (batch, self.n, width))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(batch, n, width)."""
        return (input_shape[0], self.n, input_shape[1])
