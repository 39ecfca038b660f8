"""The shapes of window functions, and the older functions `torch.hann_window` and its kin.

The newer ones, with `sym` instead of `periodic`, are in `torch.signal.windows`. Computed in double precision
and rounded once. Source: F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier
transform", Proc. IEEE 66 (1978); A. H. Nuttall, IEEE Trans. ASSP 29 (1981).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes
from ._tensor import Tensor
from .arguments import dtype_argument, integer
from .creation import finished
from .filled import check_options

Array = Any


def phases(length: int, symmetric: bool) -> Array:
    """The places of the samples in the window's period, from 0 to 1 (to one step before, if periodic)."""
    return np.arange(length) / max(length - 1 if symmetric else length, 1)


def cosine_sum(length: int, symmetric: bool, weights: Sequence[float]) -> Array:
    """A sum of cosines of the period's multiples, with alternating signs."""
    if length == 1:
        return np.ones(1)
    angles = 2 * np.pi * phases(length, symmetric)
    terms = [(-1) ** k * w * np.cos(k * angles) for k, w in enumerate(weights)]
    return np.sum(terms, axis=0)


def triangle(length: int, symmetric: bool) -> Array:
    """Bartlett's window: up to 1 in the middle and down."""
    return 1 - abs(2 * phases(length, symmetric) - 1) if length != 1 else np.ones(1)


def kaiser_shape(length: int, symmetric: bool, beta: float) -> Array:
    """Kaiser's window: i0(beta sqrt(1 - t**2)) / i0(beta) for t from -1 to 1."""
    if length == 1:
        return np.ones(1)
    t = 2 * phases(length, symmetric) - 1
    return np.i0(beta * np.sqrt(np.maximum(1 - t * t, 0))) / np.i0(beta)


BLACKMAN = (0.42, 0.5, 0.08)
NUTTALL = (0.3635819, 0.4891775, 0.1365995, 0.0106411)


def _window(
    name: str, shape: Callable[..., Array], parameters: dict[str, float]
) -> Callable[..., Tensor]:
    def function(
        window_length: Any, periodic: Any = True, *args: float, dtype: Any = None, layout: Any = None,
        device: Any = None, requires_grad: bool = False, pin_memory: bool = False, **named: float,
    ) -> Tensor:  # fmt: skip
        length = integer(name, window_length, "window_length", 1)
        check_options(layout, pin_memory)
        d = dtypes.default_numpy if dtype is None else dtype_argument(name, dtype)
        if d.kind in "biuc":
            raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype}")
        if length < 0:
            raise RuntimeError(
                f"{name} requires non-negative window_length, got window_length={length}"
            )
        if len(args) > len(parameters) or not named.keys() <= parameters.keys():
            raise TypeError(f"{name}() takes window_length, periodic, {', '.join(parameters)}")
        given = {**parameters, **dict(zip(parameters, args, strict=False)), **named}
        return finished(
            shape(length, not periodic, *given.values()).astype(d), requires_grad, device
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{shape.__doc__ or name} `periodic`: one period, for spectra; else symmetric, for filters.\n\n"
        "Raises:\n    RuntimeError: A negative length, or not a floating dtype."
    )
    return function


def _hann(length: int, symmetric: bool) -> Array:
    """Hann's window, a raised cosine."""
    return cosine_sum(length, symmetric, (0.5, 0.5))


def _hamming(length: int, symmetric: bool, alpha: float, beta: float) -> Array:
    """Hamming's window, alpha - beta cos."""
    return cosine_sum(length, symmetric, (alpha, beta))


def _blackman(length: int, symmetric: bool) -> Array:
    """Blackman's window, a sum of three cosines."""
    return cosine_sum(length, symmetric, BLACKMAN)


hann_window = _window("hann_window", _hann, {})
hamming_window = _window("hamming_window", _hamming, {"alpha": 0.54, "beta": 0.46})
blackman_window = _window("blackman_window", _blackman, {})
bartlett_window = _window("bartlett_window", triangle, {})
kaiser_window = _window("kaiser_window", kaiser_shape, {"beta": 12.0})

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]
