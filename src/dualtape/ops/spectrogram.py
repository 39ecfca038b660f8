"""Short-time Fourier transforms: spectra of overlapping pieces of a signal, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.forward import dtype_of
from .complex import cast, real
from .fft import fft, ifft, irfft, rfft
from .matrices import complex_dtype, is_complex, mt, real_dtype
from .padding import pad
from .shape import place_slice_p, reshape, slice_p
from .strided import fold_p, unfold


def _window(window: Any, n_fft: int, length: int, dtype: Any) -> Any:
    """The window, ones by default, with zeros on both sides up to `n_fft`."""
    if window is None:
        window = np.ones(length, dtype)
    if length == n_fft:
        return window
    left = (n_fft - length) // 2
    return place_slice_p(window, index=(slice(left, left + length),), shape=(n_fft,))


def _checked(
    name: str, x: Any, n_fft: int, hop: int | None, length: int | None, window: Any
) -> tuple[int, int]:
    """The hop and the window's length, with their defaults."""
    hop = n_fft // 4 if hop is None else hop
    length = n_fft if length is None else length
    given = f"{name}({dtype_of(x)}{list(x.shape)}, n_fft={n_fft}, hop_length={hop}, win_length={length})"
    if name == "stft":
        if hop <= 0:
            raise ShapeError(f"{given} : expected hop_length > 0, but got hop_length={hop}")
        if not 0 < length <= n_fft:
            raise ShapeError(
                f"{given} : expected 0 < win_length <= n_fft, but got win_length={length}"
            )
    else:
        if not 0 < hop <= length:
            raise ShapeError(f"{given} : expected 0 < hop_length <= win_length")
        if not 0 < length <= n_fft:
            raise ShapeError(f"{given} : expected 0 < win_length <= n_fft")
    if window is not None and tuple(window.shape) != (length,):
        raise ShapeError(
            f"{given} : expected a 1D window tensor of size equal to win_length={length}, but got "
            f"window with size {list(window.shape)}"
        )
    return hop, length


def stft(
    x: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
) -> Any:
    """Transform overlapping pieces of a signal.

    Args:
        x: (n,) or (batch, n), real or complex.
        n_fft: Length of a piece.
        hop_length: Distance of the pieces' beginnings; n_fft // 4 by default.
        win_length: Length of the window, in the middle of each piece; n_fft by default.
        window: (win_length,) factors; ones by default.
        center: Pad the signal so that piece t has its middle at t * hop_length.
        pad_mode: How, as for `pad`.
        normalized: Divide by sqrt(n_fft).
        onesided: Only frequencies that are not negative; the default if nothing is complex.

    Returns:
        (frequencies, pieces), complex, behind the batch.

    Raises:
        ShapeError: Lengths do not fit, in PyTorch's words.
        ArgumentError: A onesided result from complex numbers.
    """
    if len(x.shape) not in (1, 2):
        raise ShapeError(f"stft({list(x.shape)}) : expected a 1D or 2D tensor")
    hop, length = _checked("stft", x, n_fft, hop_length, win_length, window)
    single = len(x.shape) == 1
    if single:
        x = reshape(x, (1, *x.shape))
    if center:
        x = reshape(x, (1, *x.shape))
        x = pad(x, (n_fft // 2, n_fft // 2), pad_mode)
        x = reshape(x, x.shape[1:])
    n = x.shape[-1]
    if not 0 < n_fft <= n:
        raise ShapeError(f"stft({list(x.shape)}) : expected 0 < n_fft < {n}, but got n_fft={n_fft}")
    is_real = not (is_complex(x) or (window is not None and is_complex(window)))
    if onesided is None:
        onesided = is_real
    elif onesided and not is_real:
        raise ArgumentError("Cannot have onesided output if window or input is complex")
    pieces = unfold(x, -1, n_fft, hop)
    if window is not None or length < n_fft:
        factors = _window(window, n_fft, length, real_dtype(dtype_of(x)))
        if is_complex(factors) and not is_complex(pieces):
            pieces = cast(pieces, dtype_of(factors))
        pieces = pieces * _in_dtype(factors, pieces)
    norm = "ortho" if normalized else None
    out = mt((rfft if onesided else fft)(pieces, norm=norm))
    return reshape(out, out.shape[1:]) if single else out


def _in_dtype(factors: Any, like: Any) -> Any:
    return factors if dtype_of(factors) == dtype_of(like) else cast(factors, dtype_of(like))


def istft(
    x: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Any:
    """Put a signal together from the spectra of its pieces: the least-squares inverse of `stft`.

    Args:
        x: (frequencies, pieces) or with a batch in front, complex.
        n_fft, hop_length, win_length, window, center, normalized, onesided: Those of `stft`.
        length: Length of the signal, cut or padded with zeros; by default as long as the pieces say.
        return_complex: The signal was complex.

    Returns:
        (n,) or (batch, n).

    Raises:
        ShapeError: Lengths do not fit, or the windows leave gaps, in PyTorch's words.
        ArgumentError: Real numbers, or settings that contradict each other.
    """
    if not is_complex(x):
        raise ArgumentError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    hop, size = _checked("istft", x, n_fft, hop_length, win_length, window)
    if onesided is None:
        onesided = x.shape[-2] != n_fft
    complex_window = window is not None and is_complex(window)
    if onesided and (return_complex or complex_window):
        raise ArgumentError("Cannot have onesided output if window or input is complex")
    wanted = n_fft // 2 + 1 if onesided else n_fft
    if x.shape[-2] != wanted:
        rule = "n_fft / 2 + 1 when onesided=True" if onesided else "n_fft when onesided=False"
        raise ShapeError(
            f"istft({list(x.shape)}) : expected the frequency dimension (3rd to the last) of the "
            f"input tensor to match {rule}, but got {x.shape[-2]}"
        )
    single = len(x.shape) == 2
    if single:
        x = reshape(x, (1, *x.shape))
    norm = "ortho" if normalized else None
    spectra = mt(x)
    if return_complex or complex_window:
        pieces = ifft(spectra, norm=norm)
    elif onesided:
        pieces = irfft(spectra, n_fft, norm=norm)
    else:
        pieces = real(ifft(spectra, norm=norm))
    factors = _in_dtype(_window(window, n_fft, size, real_dtype(dtype_of(x))), pieces)
    count = x.shape[-1]
    full = n_fft + hop * (count - 1)
    summed = fold_p(pieces * factors, axis=1, size=n_fft, step=hop, length=full)
    squares = np.ones((count, 1), dtype_of(pieces)) * (factors * factors)
    weight = fold_p(squares, axis=0, size=n_fft, step=hop, length=full)
    start = n_fft // 2 if center else 0
    stop = start + length if length is not None else full - (n_fft // 2 if center else 0)
    stop = min(stop, full)
    summed = slice_p(summed, index=(slice(None), slice(start, stop)))
    weight = slice_p(weight, index=(slice(start, stop),))
    known = getattr(weight, "value", weight)
    if isinstance(known, np.ndarray) and known.size and np.abs(known).min() <= 1e-11:
        raise ShapeError(f"istft({list(x.shape)}) : window overlap add min: 1")
    out = summed / weight
    if length is not None and length > stop - start:
        out = pad(out, (0, length - (stop - start)))
    if return_complex and not is_complex(out):
        out = cast(out, complex_dtype(dtype_of(out)))
    return reshape(out, out.shape[1:]) if single else out
