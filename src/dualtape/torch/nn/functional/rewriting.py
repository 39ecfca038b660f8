"""Activations that write to their argument: `relu_` and the like."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from . import activation


def _writing(name: str) -> Any:
    plain = getattr(activation, name)

    def function(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return plain(input, *args, **kwargs, inplace=True)  # type: ignore[no-any-return]

    function.__name__ = function.__qualname__ = name + "_"
    function.__doc__ = f"`{name}` in place."
    return function


celu_, elu_, hardtanh_, leaky_relu_, rrelu_, selu_, threshold_ = (
    _writing(n) for n in ("celu", "elu", "hardtanh", "leaky_relu", "rrelu", "selu", "threshold")
)
