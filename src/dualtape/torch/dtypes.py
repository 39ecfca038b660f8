"""PyTorch's dtype objects over NumPy's, with its defaults and its rules of promotion."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..core.aval import bfloat16 as _numpy_bfloat16
from ..core.tracing import settings

NumpyDtype = np.dtype[Any]
TorchDtype: TypeAlias = "dtype"


class dtype:
    """An element type, such as `torch.float32`.

    Attributes:
        name: Without the `torch.` prefix.
        is_floating_point, is_complex, is_signed: What it holds.
        itemsize: Bytes per element.
    """

    __slots__ = ("_numpy", "is_complex", "is_floating_point", "is_signed", "itemsize", "name")

    def __init__(
        self, name: str, kind: str, itemsize: int, signed: bool = True, numpy: bool = True
    ) -> None:
        self.name = name
        self.is_floating_point = kind == "f"
        self.is_complex = kind == "c"
        self.is_signed = signed
        self.itemsize = itemsize
        self._numpy: NumpyDtype | None = np.dtype(name) if numpy else None

    @property
    def dtype(self) -> NumpyDtype:
        """NumPy's dtype; with this attribute `np.dtype(torch.float32)` works.

        Raises:
            ImportError: bfloat16 without ml_dtypes.
            TypeError: A dtype that is only a name here.
        """
        if self._numpy is None:
            if self.name != "bfloat16":
                raise TypeError(f"dualtape has no tensors of {self}: it exists as a name only")
            self._numpy = _numpy_bfloat16()
            BY_NUMPY[self._numpy] = self
        return self._numpy

    def to_complex(self) -> TorchDtype:
        """The complex type of the same precision."""
        if self.is_complex:
            return self
        return {8: complex128, 4: complex64}.get(
            self.itemsize if self.is_floating_point else 4, complex64
        )

    def to_real(self) -> TorchDtype:
        """The real type of the same precision."""
        return {complex64: float32, complex128: float64}.get(self, self)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> Any:
        return _named, (self.name,)


def _named(name: str) -> dtype:
    return BY_NAME[name]


float16 = dtype("float16", "f", 2)
float32 = dtype("float32", "f", 4)
float64 = dtype("float64", "f", 8)
bfloat16 = dtype("bfloat16", "f", 2, numpy=False)
complex64 = dtype("complex64", "c", 8)
complex128 = dtype("complex128", "c", 16)
int8 = dtype("int8", "i", 1)
int16 = dtype("int16", "i", 2)
int32 = dtype("int32", "i", 4)
int64 = dtype("int64", "i", 8)
uint8 = dtype("uint8", "i", 1, signed=False)
uint16 = dtype("uint16", "i", 2, signed=False)
uint32 = dtype("uint32", "i", 4, signed=False)
uint64 = dtype("uint64", "i", 8, signed=False)
bool_ = dtype("bool", "b", 1, signed=False)

# Names that programs compare dtypes with; there are no tensors of them.
complex32 = dtype("complex32", "c", 4, numpy=False)
float8_e4m3fn = dtype("float8_e4m3fn", "f", 1, numpy=False)
float8_e5m2 = dtype("float8_e5m2", "f", 1, numpy=False)
qint8 = dtype("qint8", "q", 1, numpy=False)
quint8 = dtype("quint8", "q", 1, signed=False, numpy=False)
qint32 = dtype("qint32", "q", 4, numpy=False)
_NAMES_ONLY = (complex32, float8_e4m3fn, float8_e5m2, qint8, quint8, qint32)

BY_NAME = {
    d.name: d
    for d in (
        float16, float32, float64, bfloat16, complex64, complex128,
        int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool_,
    )
}  # fmt: skip
BY_NUMPY: dict[Any, dtype] = {d.dtype: d for d in BY_NAME.values() if d is not bfloat16}
BY_NAME.update({d.name: d for d in _NAMES_ONLY})

_default = [float32]


_SCALAR_NAMES = {
    "float16": "Half", "float32": "Float", "float64": "Double", "bfloat16": "BFloat16",
    "complex64": "ComplexFloat", "complex128": "ComplexDouble", "int8": "Char", "int16": "Short",
    "int32": "Int", "int64": "Long", "uint8": "Byte", "uint16": "UInt16", "uint32": "UInt32",
    "uint64": "UInt64", "bool": "Bool",
}  # fmt: skip


def scalar_name(d: NumpyDtype) -> str:
    """What PyTorch's error messages call a dtype: `Float` for float32."""
    return _SCALAR_NAMES[d.name]


def from_numpy_dtype(d: NumpyDtype) -> dtype:
    """PyTorch's dtype for NumPy's.

    Raises:
        TypeError: PyTorch has none.
    """
    found = BY_NUMPY.get(d)
    if found is None:
        if d.name == "bfloat16":
            bfloat16.dtype  # noqa: B018 - registers it
            return bfloat16
        native = d.newbyteorder("=")
        found = BY_NUMPY.get(np.dtype(native.type)) if d.kind in "biufc" else None
        if found is None:
            raise TypeError(
                f"can't convert np.ndarray of type numpy.{d.type.__name__}. The only supported types are: "
                "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, "
                "uint32, uint16, uint8, and bool."
            )
    return found


def to_numpy_dtype(d: Any) -> NumpyDtype:
    """NumPy's dtype for a torch dtype, or for one of the Python types float, int, bool, complex."""
    if isinstance(d, dtype):
        return d.dtype
    if d in _PYTHON:
        return _PYTHON[d].dtype
    raise TypeError(f"dtype must be a torch.dtype, not {type(d).__name__}")


_PYTHON: dict[Any, dtype] = {float: float64, int: int64, bool: bool_, complex: complex128}


def get_default_dtype() -> dtype:
    """The dtype of tensors made from Python floats; float32 unless set."""
    return _default[0]


def set_default_dtype(d: Any) -> None:
    """Set the dtype of tensors made from Python floats.

    Raises:
        TypeError: Not a floating dtype.
    """
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default[0] = d
    global default_numpy, default_complex_numpy
    default_numpy = d.dtype
    default_complex_numpy = d.to_complex().dtype


default_numpy: NumpyDtype = float32.dtype
default_complex_numpy: NumpyDtype = complex64.dtype
settings.append((globals(), "default_numpy"))

_RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "V": 2, "c": 3}


def category(d: NumpyDtype) -> int:
    """0 for bool, 1 for integers, 2 for floats, 3 for complex."""
    return _RANK[d.kind]


def promote_numpy(a: NumpyDtype, b: NumpyDtype) -> NumpyDtype:
    """PyTorch's `promote_types` on NumPy dtypes: a float is never widened by an integer."""
    if a == b:
        return a
    ka, kb = category(a), category(b)
    if ka > kb and ka >= 2:
        return _complex_of(a, b) if ka == 3 else a
    if kb > ka and kb >= 2:
        return _complex_of(b, a) if kb == 3 else b
    if a.kind == "V" or b.kind == "V":  # bfloat16 with another float
        other = b if a.kind == "V" else a
        return np.dtype(np.float32) if other.itemsize == 2 else other
    for d in (a, b):
        if d.kind == "u" and d.itemsize > 1:
            raise RuntimeError(
                "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
                f"{scalar_name(a)} and {scalar_name(b)}"
            )
    return np.promote_types(a, b)


def _complex_of(c: NumpyDtype, other: NumpyDtype) -> NumpyDtype:
    return np.dtype(np.complex128) if other == np.float64 else c


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest type to which both can be promoted."""
    return from_numpy_dtype(promote_numpy(type1.dtype, type2.dtype))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether PyTorch allows storing a result of `from_` in a tensor of `to`: never down a category."""
    return category(from_.dtype) <= category(to.dtype)


__all__ = ["can_cast", "dtype", "get_default_dtype", "promote_types", "set_default_dtype"]
