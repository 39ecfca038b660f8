"""`torch.fft`: discrete Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.missing import missing_attribute
from ...core.tensor import wrap
from ...ops import fft as _ops
from ...ops.complex import cast
from .. import dtypes
from .._tensor import Tensor
from ..arguments import dtype_argument, integer, tensor_argument
from ..dtypes import scalar_name
from ..registry import store
from ..sizes import device as _device


def _operand(name: str, x: Any) -> Tensor:
    """The operand, integers and booleans as the default dtype."""
    t = tensor_argument(f"fft_{name}", x)
    d = t.value.dtype
    if d.kind in "biu":
        return cast(t, dtypes.default_numpy)  # type: ignore[no-any-return]
    if d.itemsize == 2:
        raise RuntimeError(f"Unsupported dtype {scalar_name(d)}")
    return t


def _one(name: str, doc: str) -> Callable[..., Tensor]:
    compute = getattr(_ops, name)

    def transform(
        input: Tensor,
        n: int | None = None,
        dim: int = -1,
        norm: str | None = None,
        *,
        out: Tensor | None = None,
    ) -> Tensor:
        x = _operand(name, input)
        _check_real(name, x)
        n = None if n is None else integer(f"fft_{name}", n, "n", 2)
        return store(out, compute(x, n, integer(f"fft_{name}", dim, "dim", 3), norm), f"fft_{name}")

    return _named(transform, name, doc)


def _several(name: str, doc: str) -> Callable[..., Tensor]:
    compute = getattr(_ops, name)

    def transform(
        input: Tensor,
        s: Sequence[int] | None = None,
        dim: Sequence[int] | int | None = None,
        norm: str | None = None,
        *,
        out: Tensor | None = None,
    ) -> Tensor:
        x = _operand(name, input)
        _check_real(name, x)
        return store(out, compute(x, s, dim, norm), f"fft_{name}")

    return _named(transform, name, doc)


def _two(name: str, doc: str) -> Callable[..., Tensor]:
    compute = getattr(_ops, name[:-1] + "n")

    def transform(
        input: Tensor,
        s: Sequence[int] | None = None,
        dim: Sequence[int] | int | None = (-2, -1),
        norm: str | None = None,
        *,
        out: Tensor | None = None,
    ) -> Tensor:
        x = _operand(name, input)
        _check_real(name, x)
        return store(
            out,
            compute(x, s, tuple(dim) if isinstance(dim, Sequence) else dim, norm),
            f"fft_{name}",
        )

    return _named(transform, name, doc)


def _check_real(name: str, x: Tensor) -> None:
    if name.startswith(("rfft", "ihfft")) and x.value.dtype.kind == "c":
        shown = {"rfft2": "rfftn", "ihfft2": "ihfftn"}.get(name, name)
        raise RuntimeError(
            f"{shown} expects a real input tensor, but got {scalar_name(x.value.dtype)}"
        )


def _named(function: Callable[..., Tensor], name: str, doc: str) -> Callable[..., Tensor]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{doc}

    Args:
        input: The tensor; integers are converted to the default dtype.
        n, s: How many points along the axis (or axes); shorter input is padded with zeros, longer cut.
        dim: The axis or axes.
        norm: "backward" (no factor forward, the default), "ortho" (1/sqrt(n)) or "forward" (1/n).
        out: Where to store the result.

    Raises:
        RuntimeError: Half precision, no points, an unknown norm, or complex where real is asked for.
        IndexError: An axis out of range.
    """
    return function


fft = _one("fft", "The transform along one axis.")
ifft = _one("ifft", "The inverse of `fft`.")
rfft = _one(
    "rfft", "The transform of a real signal: its n//2 + 1 frequencies that are not negative."
)
irfft = _one("irfft", "The inverse of `rfft`; `n` is 2 * (length - 1) by default.")
hfft = _one("hfft", "The real transform of half of a Hermitian signal.")
ihfft = _one("ihfft", "The inverse of `hfft`.")
fft2 = _two("fft2", "The transform along two axes.")
ifft2 = _two("ifft2", "The inverse of `fft2`.")
rfft2 = _two("rfft2", "The transform of a real signal along two axes.")
irfft2 = _two("irfft2", "The inverse of `rfft2`.")
hfft2 = _two("hfft2", "The real transform of half of a Hermitian signal along two axes.")
ihfft2 = _two("ihfft2", "The inverse of `hfft2`.")
fftn = _several("fftn", "The transform along several axes.")
ifftn = _several("ifftn", "The inverse of `fftn`.")
rfftn = _several("rfftn", "The transform of a real signal along several axes.")
irfftn = _several("irfftn", "The inverse of `rfftn`.")
hfftn = _several("hfftn", "The real transform of half of a Hermitian signal along several axes.")
ihfftn = _several("ihfftn", "The inverse of `hfftn`.")


def fftshift(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Frequency 0 moved to the middle of each axis."""
    return _ops.fftshift(tensor_argument("fft_fftshift", input), dim)  # type: ignore[no-any-return]


def ifftshift(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """The inverse of `fftshift`."""
    return _ops.ifftshift(tensor_argument("fft_ifftshift", input), dim)  # type: ignore[no-any-return]


def _frequencies(name: str) -> Callable[..., Tensor]:
    compute = getattr(_ops, name)

    def frequencies(
        n: int,
        d: float = 1.0,
        *,
        out: Tensor | None = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        if device is not None:
            _device(device)
        wanted = dtypes.default_numpy if dtype is None else dtype_argument(f"fft_{name}", dtype)
        t = wrap(Tensor, compute(integer(f"fft_{name}", n, "n", 1), float(d), wanted))
        if requires_grad:
            t.require_grad()
        return store(out, t, f"fft_{name}")  # type: ignore[arg-type]

    frequencies.__name__ = frequencies.__qualname__ = name
    which = "results of `fft`" if name == "fftfreq" else "results of `rfft`"
    frequencies.__doc__ = f"The frequencies of the {which} of `n` points, `d` apart."
    return frequencies


fftfreq = _frequencies("fftfreq")
rfftfreq = _frequencies("rfftfreq")

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ifftshift",
    "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_attribute(__name__, name, globals())
