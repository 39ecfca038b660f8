"""Dropout: masks drawn from PyTorch's stream, so that a seeded program drops the same elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.inplace import write
from ....core.tensor import wrap
from ..._tensor import Tensor
from ...arguments import tensor_argument
from ...batched_draws import drawn
from ...generator import stream_of


def dropout_factors(shape: tuple[int, ...], dtype: np.dtype[Any], p: float) -> Tensor:
    """1/(1-p) with probability 1-p, else 0."""
    if p == 1:
        return wrap(Tensor, np.zeros(shape, dtype))  # type: ignore[return-value]

    def draw(shape: tuple[int, ...]) -> Any:
        kept = stream_of(None).bernoulli(shape, dtype, 1 - p)
        return np.asarray(kept / np.asarray(1 - p, kept.dtype), dtype)

    return wrap(Tensor, drawn(shape, draw))  # type: ignore[return-value]


def _dropped(
    name: str, input: Any, p: float, training: bool, inplace: bool, channels: bool
) -> Tensor:
    x = tensor_argument(name, input)
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p == 0 or not training or 0 in x.shape:
        return x
    shape = tuple(x.shape[:2]) + (1,) * (x.ndim - 2) if channels else tuple(x.shape)
    mask = dropout_factors(shape, x.value.dtype, p)
    if inplace:
        return write(x, lambda old: old * mask)  # type: ignore[return-value]
    return x * mask  # type: ignore[no-any-return]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero elements with probability p and scale the others by 1/(1-p)."""
    return _dropped("dropout", input, p, training, inplace, False)


def _channelwise(name: str, single: int) -> Any:
    def function(
        input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        x = tensor_argument(name, input)
        if x.ndim == single:
            out = _dropped(name, x.unsqueeze(0), p, training, inplace, True)
            return out.squeeze(0)  # type: ignore[no-any-return]
        return _dropped(name, x, p, training, inplace, True)

    function.__name__, function.__doc__ = (
        name,
        "Zero whole channels with probability p and scale the others.",
    )
    return function


dropout1d, dropout2d, dropout3d = (_channelwise(f"dropout{n}d", n + 1) for n in (1, 2, 3))


def _alpha(
    name: str, input: Any, p: float, training: bool, inplace: bool, channels: bool
) -> Tensor:
    """Dropout to the value that SELU has at minus infinity, keeping mean and variance (Klambauer et al., 2017)."""
    x = tensor_argument(name, input)
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p == 0 or not training or 0 in x.shape:
        return x
    if p == 1:
        return x * 0  # type: ignore[no-any-return]
    saturation = 1.7580993408473766
    a = 1 / math.sqrt((saturation * saturation * p + 1) * (1 - p))
    shape = tuple(x.shape[:2]) + (1,) * (x.ndim - 2) if channels else tuple(x.shape)
    dtype = x.value.dtype

    def draw(shape: tuple[int, ...]) -> Any:
        kept = stream_of(None).bernoulli(shape, dtype, 1 - p)
        shift = (kept - 1) * (saturation * a) + saturation * a * p
        return np.asarray(np.stack([kept * a, shift], -1), dtype)

    both: Any = wrap(Tensor, drawn(shape, draw))
    return x * both[..., 0] + both[..., 1]  # type: ignore[no-any-return]


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout that keeps mean and variance after SELU."""
    return _alpha("alpha_dropout", input, p, training, inplace, False)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels."""
    return _alpha("feature_alpha_dropout", input, p, training, inplace, True)


__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]
