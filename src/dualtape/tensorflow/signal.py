"""`tf.signal`: Fourier transforms, windows and frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..core.errors import ShapeError
from ..core.missing import missing_attribute
from ..ops import fft as f
from ..ops import shape as s
from . import dtype as dtypes
from .convert import as_tensor, static
from .elementwise import cast
from .gather import gather
from .raising import dims, kernel_error
from .shaping import pad
from .tensor import EagerTensor, tensor

_REAL = ("float32", "float64")


def _complex_input(op: str, x: Any, axes: int) -> EagerTensor:
    out = as_tensor(x)
    if out.value.dtype.kind != "c":
        out = cast(out, dtypes.complex128 if out.value.dtype == np.float64 else dtypes.complex64)
    if len(out.value.shape) < axes:
        raise kernel_error(
            op, f"Input must have rank of at least {axes} but got: {dims(out.value.shape)}"
        )
    return out


def _real_input(op: str, x: Any, axes: int) -> EagerTensor:
    out = as_tensor(x)
    if out.value.dtype.kind in "iu":
        out = cast(out, dtypes.float32)
    if out.value.dtype.name not in _REAL:
        raise ValueError(f"{op} requires tf.float32 or tf.float64 inputs, got: " + str(out))
    if len(out.value.shape) < axes:
        raise kernel_error(
            op, f"Input must have rank of at least {axes} but got: {dims(out.value.shape)}"
        )
    return out


def _lengths(fft_length: Any, axes: int) -> list[int] | None:
    if fft_length is None:
        return None
    out = static(fft_length)
    out = out if isinstance(out, list) else [out]
    if len(out) != axes:
        raise ShapeError(f"fft_length must have {axes} elements, got {len(out)}")
    return [int(n) for n in out]


def _transform(op: str, axes: int, inverse: bool, what: str) -> Callable[..., EagerTensor]:
    dim = tuple(range(-axes, 0))
    compute = f.ifftn if inverse else f.fftn

    def function(input: Any, name: str | None = None) -> EagerTensor:
        return compute(_complex_input(op, input, axes), None, dim)  # type: ignore[no-any-return]

    function.__doc__ = f"""Return the {what} of complex numbers over the last {axes} axes.

    Raises:
        InvalidArgumentError: There are fewer axes.
    """
    return function


fft = _transform("FFT", 1, False, "Fourier transform")
ifft = _transform("IFFT", 1, True, "inverse Fourier transform")
fft2d = _transform("FFT2D", 2, False, "Fourier transform")
ifft2d = _transform("IFFT2D", 2, True, "inverse Fourier transform")
fft3d = _transform("FFT3D", 3, False, "Fourier transform")
ifft3d = _transform("IFFT3D", 3, True, "inverse Fourier transform")


def _real_transform(op: str, axes: int) -> Callable[..., EagerTensor]:
    dim = tuple(range(-axes, 0))

    def function(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> EagerTensor:
        x = _real_input(op, input_tensor, axes)
        return f.rfftn(x, _lengths(fft_length, axes), dim)  # type: ignore[no-any-return]

    function.__doc__ = f"""Return the half of the Fourier transform of real numbers that says all.

    Args:
        input_tensor: float32 or float64; the last {axes} axes are transformed.
        fft_length: {axes} lengths to cut or pad them to.
        name: Not used.

    Raises:
        ValueError: Another dtype.
    """
    return function


def _real_inverse(op: str, axes: int) -> Callable[..., EagerTensor]:
    dim = tuple(range(-axes, 0))

    def function(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> EagerTensor:
        x = _complex_input(op, input_tensor, axes)
        return f.irfftn(x, _lengths(fft_length, axes), dim)  # type: ignore[no-any-return]

    function.__doc__ = f"""Return the real numbers whose `{op[1:].lower()}` this is.

    Args:
        input_tensor: Complex; the last {axes} axes are transformed.
        fft_length: The {axes} lengths of the result; by default an even last one.
        name: Not used.
    """
    return function


rfft = _real_transform("RFFT", 1)
irfft = _real_inverse("IRFFT", 1)
rfft2d = _real_transform("RFFT2D", 2)
irfft2d = _real_inverse("IRFFT2D", 2)
rfft3d = _real_transform("RFFT3D", 3)
irfft3d = _real_inverse("IRFFT3D", 3)


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> EagerTensor:
    """Move frequency zero to the middle of the axes, all by default."""
    return f.fftshift(as_tensor(x), None if axes is None else static(axes))  # type: ignore[no-any-return]


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> EagerTensor:
    """Undo `fftshift`."""
    return f.ifftshift(as_tensor(x), None if axes is None else static(axes))  # type: ignore[no-any-return]


def _raised_cosine(
    window_length: Any, periodic: Any, dtype: Any, first: float, second: float
) -> EagerTensor:
    to = dtypes.as_dtype(dtype).numpy_dtype
    n = int(static(window_length))
    if n == 1:
        return tensor(np.ones(1, to))
    # A periodic window of even length is one point longer, and ends before it.
    points = n + int(bool(static(periodic)) and n % 2 == 0) - 1
    angle = to.type(2 * np.pi) * np.arange(n).astype(to) / to.type(points)
    return tensor((to.type(first) - to.type(second) * np.cos(angle)).astype(to))


def hann_window(
    window_length: Any,
    periodic: Any = True,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> EagerTensor:
    """Return 0.5 - 0.5 cos, a window of `window_length` points."""
    return _raised_cosine(window_length, periodic, dtype, 0.5, 0.5)


def hamming_window(
    window_length: Any,
    periodic: Any = True,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> EagerTensor:
    """Return 0.54 - 0.46 cos, a window of `window_length` points."""
    return _raised_cosine(window_length, periodic, dtype, 0.54, 0.46)


def frame(
    signal: Any, frame_length: Any, frame_step: Any, pad_end: bool = False, pad_value: Any = 0,
    axis: int = -1, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Return the pieces of `frame_length` that begin every `frame_step` points of an axis.

    Args:
        signal: The tensor.
        frame_length, frame_step: In points.
        pad_end: Whether the last pieces are filled up with `pad_value` rather than left out.
        pad_value: What they are filled up with.
        axis: The axis, in whose place stand two: the pieces, and their points.
        name: Not used.
    """
    x = as_tensor(signal)
    at = axis % len(x.value.shape)
    points = x.value.shape[at]
    length, step = int(static(frame_length)), int(static(frame_step))
    if pad_end:
        count = -(-points // step)
        missing = max((count - 1) * step + length - points, 0)
        around = [[0, missing if i == at else 0] for i in range(len(x.value.shape))]
        x = pad(x, around, constant_values=pad_value)
    else:
        count = max((points - length) // step + 1, 0)
    places = np.arange(count)[:, None] * step + np.arange(length)
    flat = gather(x, tensor(places.reshape(-1)), axis=at)
    shape = x.value.shape
    return s.reshape(flat, (*shape[:at], count, length, *shape[at + 1 :]))  # type: ignore[no-any-return]


def stft(
    signals: Any, frame_length: Any, frame_step: Any, fft_length: Any = None,
    window_fn: Any = hann_window, pad_end: bool = False, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Return the short-time Fourier transform: `rfft` of windowed frames of the last axis.

    Args:
        signals: Real, shape [..., points].
        frame_length, frame_step: Of the frames.
        fft_length: Points of each transform; by default the least power of two that holds a frame.
        window_fn: Makes the window from its length and `dtype`; None for none.
        pad_end: As for `frame`.
        name: Not used.
    """
    x = _real_input("stft", signals, 1)
    length = int(static(frame_length))
    points = 1 << (length - 1).bit_length() if fft_length is None else int(static(fft_length))
    frames = frame(x, length, frame_step, pad_end)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=x.dtype)
    return rfft(frames, [points])


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
