"""Complex tensors: parts, conjugates, and views as pairs of real numbers.

PyTorch's `conj`, `real` and `imag` of a complex tensor share its memory. Here `real` and `imag` do so
too (as a place in `view_as_real`); `conj` is computed at once and `is_conj` is always False.
"""

from __future__ import annotations

from typing import Any

from ..core.inplace import write
from ..ops import complex as _complex
from ..ops import strided
from ..ops.shape import take_slice
from ._tensor import Tensor
from .arguments import tensor_argument
from .dtypes import scalar_name
from .registry import method, store


def _part(x: Tensor, number: int) -> Tensor:
    pairs = strided.view_as_real(x)
    return take_slice(pairs, len(pairs.value.shape) - 1, number)  # type: ignore[no-any-return]


def real(input: Tensor) -> Tensor:
    """The real part, as a view; a real tensor itself."""
    x = tensor_argument("real", input)
    return _part(x, 0) if x.value.dtype.kind == "c" else x


def imag(input: Tensor) -> Tensor:
    """The imaginary part, as a view.

    Raises:
        RuntimeError: A real tensor.
    """
    x = tensor_argument("imag", input)
    if x.value.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return _part(x, 1)


def _assign_part(part: Any) -> Any:
    def assign(self: Tensor, value: Any) -> None:
        part(self).copy_(value)

    return assign


Tensor.real = property(real, _assign_part(real))  # type: ignore[attr-defined]
Tensor.imag = property(imag, _assign_part(imag))  # type: ignore[attr-defined]


@method()
def conj(input: Tensor) -> Tensor:
    """The conjugate; a real tensor itself."""
    x = tensor_argument("conj", input)
    return _complex.conj.bind1(x) if x.value.dtype.kind == "c" else x


@method()
def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The conjugate; a real tensor itself."""
    return store(out, conj(input), "conj_physical")


def _conj_physical_(self: Tensor) -> Tensor:
    """The conjugate in place."""
    if self.value.dtype.kind != "c":
        return self
    return write(self, _complex.conj.bind1)  # type: ignore[return-value]


Tensor.conj_physical_ = _conj_physical_  # type: ignore[attr-defined]


def view_as_real(input: Tensor) -> Tensor:
    """Real and imaginary parts along a new last axis, as a view.

    Raises:
        RuntimeError: A real tensor.
    """
    x = tensor_argument("view_as_real", input)
    if x.value.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return strided.view_as_real(x)  # type: ignore[no-any-return]


def view_as_complex(input: Tensor) -> Tensor:
    """The last axis, of length 2, read as real and imaginary part; a view.

    Raises:
        RuntimeError: Not a float tensor, or the last axis has another length.
    """
    x = tensor_argument("view_as_complex", input)
    if x.value.dtype.kind not in "fV":
        raise RuntimeError("view_as_complex is only supported for floating point tensors")
    return strided.view_as_complex(x)  # type: ignore[no-any-return]


def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex tensor of two real ones of one dtype, which broadcast.

    Raises:
        RuntimeError: The dtypes differ or are not float32 or float64 (or float16).
    """
    x = tensor_argument("complex", real, "real")
    y = tensor_argument("complex", imag, "imag", 2)
    for t in (x, y):
        if t.value.dtype.name not in ("float16", "float32", "float64"):
            raise RuntimeError(
                "Expected both inputs to be Half, Float or Double tensors but got "
                f"{scalar_name(x.value.dtype)} and {scalar_name(y.value.dtype)}"
            )
    if x.value.dtype != y.value.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {scalar_name(x.value.dtype)} but got scalar type {scalar_name(y.value.dtype)} for second argument"
        )
    return store(out, _complex.complex.bind2(x, y), "complex", exact=True)


__all__ = ["complex", "conj", "conj_physical", "imag", "real", "view_as_complex", "view_as_real"]
