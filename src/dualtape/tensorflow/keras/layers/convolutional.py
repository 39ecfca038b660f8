"""Convolutions as layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...convolutions import convolution
from ...elementwise import cast
from ...shaping import pad
from .. import activations
from ..layer import Layer
from .weighted import Weighted


def spatial(value: Any, rank: int, name: str) -> tuple[int, ...]:
    """A size, step or the like as one int per axis.

    Raises:
        ValueError: It is something else, or not positive.
    """
    out = (value,) * rank if isinstance(value, int) else tuple(int(v) for v in value)
    if len(out) != rank or min(out) < 1:
        raise ValueError(
            f"The `{name}` argument must be a tuple of {rank} integers. Received {name}={value}"
        )
    return out


def windows(size: int | None, window: int, step: int, mode: str, gap: int = 1) -> int | None:
    """How many windows fit an axis."""
    if size is None:
        return None
    if mode == "valid":
        return (size - (window - 1) * gap - 1) // step + 1
    return -(-size // step)


class BaseConv(Weighted):
    """activation(convolution(inputs, kernel) + bias), channels last unless asked otherwise.

    Args:
        filters: How many channels the output has.
        kernel_size: The window's lengths: an int or several.
        strides: Its steps.
        padding: "valid", "same", or "causal" for sequences.
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distances within the window.
        groups: How many groups of channels are convolved apart.
        activation: A function or its name.
        use_bias: Whether there is a bias.
        kernel_initializer, bias_initializer: Starting values.
        kernel_regularizer, bias_regularizer, activity_regularizer: Losses.
        kernel_constraint, bias_constraint: Applied after an update.
        kwargs: As for `Layer`.

    Raises:
        ValueError: An argument is not of its kind.
    """

    rank = 0

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None,
        dilation_rate: Any = 1, groups: int = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
        if filters <= 0:
            raise ValueError(
                "Invalid value for argument `filters`. Expected a strictly positive value. Received "
                f"filters={filters}."
            )
        self.filters, self.groups = filters, groups
        self.kernel_size = spatial(kernel_size, self.rank, "kernel_size")
        self.strides = spatial(strides, self.rank, "strides")
        self.dilation_rate = spatial(dilation_rate, self.rank, "dilation_rate")
        self.padding = padding.lower()
        if self.padding not in ("valid", "same", *(("causal",) if self.rank == 1 else ())):
            raise ValueError(
                f'The `padding` argument must be one of "valid", "same". Received: {padding}'
            )
        self.data_format = data_format or "channels_last"

    @property
    def _first(self) -> bool:
        return self.data_format == "channels_first"

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias.

        Raises:
            ValueError: The groups do not divide the channels.
        """
        channels = input_shape[1 if self._first else -1]
        if channels % self.groups:
            raise ValueError(
                "The number of input channels must be evenly divisible by the number of groups. Received "
                f"groups={self.groups}, but the input has {channels} channels (full input shape is "
                f"{tuple(input_shape)})."
            )
        self.add_kernel_and_bias((*self.kernel_size, channels // self.groups, self.filters))

    def _check_input(self, inputs: Any) -> None:
        shape = tuple(inputs.shape)
        if len(shape) != self.rank + 2:
            raise ValueError(
                f'Input 0 of layer "{self.name}" is incompatible with the layer: expected min_ndim={self.rank + 2}, '
                f"found ndim={len(shape)}. Full shape received: {shape}"
            )

    def call(self, inputs: Any) -> Any:
        """See the class."""
        kernel = self.kernel._read()
        if inputs.value.dtype is not kernel.value.dtype:
            inputs = cast(inputs, kernel.dtype)
        mode = self.padding
        if mode == "causal":
            before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
            axes = [[0, 0], [0, 0], [before, 0]] if self._first else [[0, 0], [before, 0], [0, 0]]
            inputs, mode = pad(inputs, axes), "valid"
        layout = "NC" if self._first else None
        out = convolution(inputs, kernel, self.strides, mode.upper(), layout, self.dilation_rate)
        if self.bias is not None:
            bias = self.bias._read()
            out = out + (bias[(slice(None), *(None,) * self.rank)] if self._first else bias)
        return out if self.activation is activations.linear else self.activation(out)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The batch, the numbers of windows, and the filters."""
        first = self._first
        sizes = input_shape[2:] if first else input_shape[1:-1]
        mode = "same" if self.padding == "causal" else self.padding
        out = [
            windows(n, k, step, mode, gap)
            for n, k, step, gap in zip(
                sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True
            )
        ]
        batch = input_shape[0]
        return (batch, self.filters, *out) if first else (batch, *out, self.filters)

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {
            **super().get_config(), "filters": self.filters, "kernel_size": self.kernel_size,
            "strides": self.strides, "padding": self.padding, "data_format": self.data_format,
            "dilation_rate": self.dilation_rate, "groups": self.groups,
            "activation": activations.serialize(self.activation), "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer, "bias_initializer": self.bias_initializer,
            "kernel_regularizer": self.kernel_regularizer, "bias_regularizer": self.bias_regularizer,
            "kernel_constraint": self.kernel_constraint, "bias_constraint": self.bias_constraint,
        }  # fmt: skip


class Conv1D(BaseConv):
    """A convolution of sequences, shape [batch, steps, channels]; see `BaseConv`."""

    rank = 1


class Conv2D(BaseConv):
    """A convolution of images, shape [batch, height, width, channels]; see `BaseConv`."""

    rank = 2


class Conv3D(BaseConv):
    """A convolution of volumes, shape [batch, depth, height, width, channels]; see `BaseConv`."""

    rank = 3


class ZeroPadding2D(Layer):
    """Zeros around images: a number, one per axis, or pairs per axis."""

    def __init__(self, padding: Any = 1, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = (padding, padding) if isinstance(padding, int) else tuple(padding)
        self.padding = tuple((p, p) if isinstance(p, int) else tuple(p) for p in given)
        self.data_format = data_format or "channels_last"
        self.built = True

    def _pairs(self) -> list[tuple[int, int]]:
        around = [(0, 0), *self.padding, (0, 0)]
        return [(0, 0), (0, 0), *self.padding] if self.data_format == "channels_first" else around

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return pad(inputs, np.array(self._pairs()))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's, longer by the padding."""
        return tuple(
            None if n is None else n + sum(p)
            for n, p in zip(input_shape, self._pairs(), strict=True)
        )
