"""`numpy.fft`: discrete Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops import fft as transforms
from ..ops.complex import cast, complex_dtype
from .functions import implements
from .operands import as_array, inexact
from .reductions import axes_of


def _one(name: str, f: Callable[..., Any], complex_input: bool) -> None:
    def transform(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
        return f(prepared(a, complex_input), None if n is None else int(n), axis, norm)

    transform.__doc__ = f"`np.fft.{name}`."
    implements(f"fft.{name}")(transform)


def prepared(a: Any, complex_input: bool) -> Any:
    """The argument in floating point, as a complex array where the transform takes that."""
    x = inexact(as_array(a))
    if complex_input and x.value.dtype.kind != "c":
        return cast(x, complex_dtype(x.value.dtype))
    return x


def _several(name: str, f: Callable[..., Any], complex_input: bool, two: bool) -> None:
    def transform(
        a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None
    ) -> Any:
        x = prepared(a, complex_input)
        dims = axes_of(axes)
        if two and dims is None:
            dims = (-2, -1)
        if dims is None and s is not None:
            dims = tuple(range(-len(s), 0))
        if dims is None:
            dims = tuple(range(-len(x.shape), 0))
        if s is not None:
            s = [x.shape[d] if n in (-1, None) else int(n) for n, d in zip(s, dims, strict=True)]
        return f(x, s, dims, norm)

    transform.__doc__ = f"`np.fft.{name}`."
    implements(f"fft.{name}")(transform)


_ONE: Any = (
    ("fft", transforms.fft, True), ("ifft", transforms.ifft, True), ("rfft", transforms.rfft, False),
    ("irfft", transforms.irfft, True), ("hfft", transforms.hfft, True), ("ihfft", transforms.ihfft, False),
)  # fmt: skip

for _name, _f, _complex in _ONE:
    _one(_name, _f, _complex)

_SEVERAL: Any = (
    ("fftn", transforms.fftn, True), ("ifftn", transforms.ifftn, True),
    ("rfftn", transforms.rfftn, False), ("irfftn", transforms.irfftn, True),
)  # fmt: skip

for _name, _f, _complex in _SEVERAL:
    _several(_name, _f, _complex, False)
    _several(_name[:-1] + "2", _f, _complex, True)


@implements("fft.fftshift")
def fftshift(x: Any, axes: Any = None) -> Any:
    """`np.fft.fftshift`."""
    return transforms.fftshift(as_array(x), axes_of(axes))


@implements("fft.ifftshift")
def ifftshift(x: Any, axes: Any = None) -> Any:
    """`np.fft.ifftshift`."""
    return transforms.ifftshift(as_array(x), axes_of(axes))
