"""`torch.signal.windows`: window functions, symmetric unless told to be one period."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ..._tensor import Tensor
from ...arguments import dtype_argument
from ...creation import finished
from ...sizes import strided
from ...windows import BLACKMAN, NUTTALL, cosine_sum, kaiser_shape, triangle


def _window(
    name: str, M: Any, values: Any, dtype: Any, layout: Any, device: Any, requires_grad: bool
) -> Tensor:
    """Check what all windows check, and make the tensor of `values()`.

    Raises:
        ValueError: A negative length, a dtype other than float32 and float64, or another layout.
        TypeError: The length is no int.
    """
    if layout is not None and layout is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    d = dtypes.default_numpy if dtype is None else dtype_argument(name, dtype)
    if d.kind != "f" or d.itemsize < 4:
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    if not isinstance(M, (int, np.integer)):
        raise TypeError(f"{name}(): argument 'M' must be int, not {type(M).__name__}")
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    return finished(values().astype(d), requires_grad, device)


def general_cosine(
    M: int, *, a: Sequence[float], sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A sum of cosines with the weights `a`.

    Raises:
        TypeError: The weights are no list or tuple.
        ValueError: There are no weights; or a negative length, or a dtype that is not float32 or float64.
    """
    if not isinstance(a, (list, tuple)):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    return _window(
        "general_cosine", M, lambda: cosine_sum(M, sym, a), dtype, layout, device, requires_grad
    )


def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Alpha - (1 - alpha) cos: Hamming's window for 0.54, Hann's for 0.5."""
    return general_cosine(
        M,
        a=[alpha, 1 - alpha],
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )


def hamming(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Hamming's window."""
    return general_hamming(M, sym=sym, **options)


def hann(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Hann's window, a raised cosine."""
    return general_hamming(M, alpha=0.5, sym=sym, **options)


def blackman(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Blackman's window, a sum of three cosines."""
    return general_cosine(M, a=BLACKMAN, sym=sym, **options)


def nuttall(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Nuttall's window, a sum of four cosines with low side lobes."""
    return general_cosine(M, a=NUTTALL, sym=sym, **options)


def bartlett(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Bartlett's window, a triangle."""
    return _window("bartlett", M, lambda: triangle(M, sym), dtype, layout, device, requires_grad)


def cosine(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Half a period of the sine."""

    def values() -> Any:
        return np.sin(np.pi * (np.arange(M) + 0.5) / (M if sym or M <= 1 else M + 1))

    return _window("cosine", M, values, dtype, layout, device, requires_grad)


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """exp(-|k - center| / tau).

    Raises:
        ValueError: `tau` is not positive, or a center is given for a symmetric window.
    """
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")

    def values() -> Any:
        middle = _middle(M, sym) if center is None else center
        return np.exp(-abs(np.arange(M) - middle) / tau)

    return _window("exponential", M, values, dtype, layout, device, requires_grad)


def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """exp(-(k - middle)**2 / (2 std**2)).

    Raises:
        ValueError: `std` is not positive.
    """
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")

    def values() -> Any:
        return np.exp(-(((np.arange(M) - _middle(M, sym)) / (std * math.sqrt(2))) ** 2))

    return _window("gaussian", M, values, dtype, layout, device, requires_grad)


def _middle(length: int, symmetric: bool) -> float:
    return (length - 1 if symmetric or length <= 1 else length) / 2


def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Kaiser's window of the shape `beta`.

    Raises:
        ValueError: `beta` is negative.
    """
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return _window(
        "kaiser", M, lambda: kaiser_shape(M, sym, beta), dtype, layout, device, requires_grad
    )


__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming", "hamming", "hann",
    "kaiser", "nuttall",
]  # fmt: skip
