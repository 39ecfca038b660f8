"""Pooling as layers: the maximum or mean of windows, or of all places."""

from __future__ import annotations

from typing import Any

from ...convolutions import pool
from ...reductions import reduce_max, reduce_mean
from ...sorting import repeat
from ..layer import Layer
from .convolutional import spatial, windows


class _Pooling(Layer):
    rank = 0
    kind = ""

    def __init__(
        self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: Any = None, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.pool_size = spatial(pool_size, self.rank, "pool_size")
        self.strides = self.pool_size if strides is None else spatial(strides, self.rank, "strides")
        self.padding = padding.lower()
        if self.padding not in ("valid", "same"):
            raise ValueError(
                f'The `padding` argument must be one of "valid", "same". Received: {padding}'
            )
        self.data_format = data_format or "channels_last"
        self.built = True

    def call(self, inputs: Any) -> Any:
        """See the class."""
        layout = "NC" if self.data_format == "channels_first" else None
        return pool(inputs, self.pool_size, self.kind, self.strides, self.padding.upper(), layout)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's, with the numbers of windows for lengths."""
        start = 2 if self.data_format == "channels_first" else 1
        out = list(input_shape)
        for i, (k, step) in enumerate(zip(self.pool_size, self.strides, strict=True), start):
            out[i] = windows(out[i], k, step, self.padding)
        return tuple(out)

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {
            **super().get_config(), "pool_size": self.pool_size, "strides": self.strides,
            "padding": self.padding, "data_format": self.data_format,
        }  # fmt: skip


class MaxPooling1D(_Pooling):
    """The maximum of each window of sequences; `strides` is by default the window."""

    rank, kind = 1, "MAX"


class MaxPooling2D(_Pooling):
    """The maximum of each window of images; `strides` is by default the window."""

    rank, kind = 2, "MAX"


class AveragePooling1D(_Pooling):
    """The mean of each window of sequences; `strides` is by default the window."""

    rank, kind = 1, "AVG"


class AveragePooling2D(_Pooling):
    """The mean of each window of images; `strides` is by default the window."""

    rank, kind = 2, "AVG"


class _GlobalPooling(Layer):
    rank = 0
    _reduce: Any = None

    def __init__(self, data_format: Any = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format or "channels_last"
        self.keepdims = keepdims
        self.built = True

    def _axes(self) -> list[int]:
        start = 2 if self.data_format == "channels_first" else 1
        return list(range(start, start + self.rank))

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return type(self)._reduce(inputs, self._axes(), self.keepdims)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's without its places, or with one of them."""
        gone = self._axes()
        if self.keepdims:
            return tuple(1 if i in gone else n for i, n in enumerate(input_shape))
        return tuple(n for i, n in enumerate(input_shape) if i not in gone)

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {
            **super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims
        }  # fmt: skip


class GlobalMaxPooling1D(_GlobalPooling):
    """The maximum over the steps of sequences."""

    rank, _reduce = 1, staticmethod(reduce_max)


class GlobalMaxPooling2D(_GlobalPooling):
    """The maximum over the places of images."""

    rank, _reduce = 2, staticmethod(reduce_max)


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean over the steps of sequences."""

    rank, _reduce = 1, staticmethod(reduce_mean)


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean over the places of images."""

    rank, _reduce = 2, staticmethod(reduce_mean)


class UpSampling2D(Layer):
    """Each place of images repeated `size` times along both axes."""

    def __init__(
        self, size: Any = 2, data_format: Any = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if interpolation != "nearest":
            raise NotImplementedError(f"UpSampling2D(interpolation={interpolation!r})")
        self.size = spatial(size, 2, "size")
        self.data_format = data_format or "channels_last"
        self.built = True

    def call(self, inputs: Any) -> Any:
        """See the class."""
        start = 2 if self.data_format == "channels_first" else 1
        return repeat(repeat(inputs, self.size[0], start), self.size[1], start + 1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's, longer by `size`."""
        start = 2 if self.data_format == "channels_first" else 1
        out = list(input_shape)
        for i, by in enumerate(self.size, start):
            out[i] = None if out[i] is None else out[i] * by
        return tuple(out)
