"""Layers of several inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...joining import concat
from ...nn_norms import maximum, minimum
from ..layer import Layer


class _Merge(Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def _combine(self, x: Any, y: Any) -> Any:
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """Combine the inputs from first to last.

        Raises:
            ValueError: No list of at least two.
        """
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError(
                f"A merge layer should be called on a list of at least 2 inputs. Received {len(inputs)} inputs."
            )
        out = inputs[0]
        for x in inputs[1:]:
            out = self._combine(out, x)
        return out

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What the inputs' shapes broadcast to."""
        rest = np.broadcast_shapes(*[tuple(s[1:]) for s in input_shape])
        return (input_shape[0][0], *rest)


class Add(_Merge):
    """The sum of the inputs."""

    def _combine(self, x: Any, y: Any) -> Any:
        return x + y


class Subtract(_Merge):
    """The first input minus the second."""

    def _combine(self, x: Any, y: Any) -> Any:
        return x - y


class Multiply(_Merge):
    """The product of the inputs."""

    def _combine(self, x: Any, y: Any) -> Any:
        return x * y


class Maximum(_Merge):
    """The largest of the inputs."""

    def _combine(self, x: Any, y: Any) -> Any:
        return maximum(x, y)


class Average(Add):
    """The mean of the inputs."""

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return super().call(inputs) / len(inputs)


class Concatenate(_Merge):
    """The inputs one behind the other along `axis`."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return concat(list(inputs), self.axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The lengths along `axis` added up."""
        out = list(input_shape[0])
        lengths = [s[self.axis] for s in input_shape]
        out[self.axis] = None if None in lengths else sum(lengths)
        return tuple(out)


def _function(cls: Callable[..., Layer]) -> Callable[..., Any]:
    def merge(inputs: Any, **kwargs: Any) -> Any:
        return cls(**kwargs)(inputs)

    merge.__doc__ = f"`{cls.__name__}` as a function."
    return merge


add, multiply, concatenate = _function(Add), _function(Multiply), _function(Concatenate)


class Minimum(_Merge):
    """The elementwise minimum of the inputs."""

    def _combine(self, x: Any, y: Any) -> Any:
        return minimum(x, y)
