"""`tf.DType`: TensorFlow's element types, and the NumPy dtypes behind them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .printing import dtype_repr, dtype_str


class DType:
    """An element type. There is one object per type, `tf.float32` and so on.

    Attributes:
        name: As in `tf.<name>`.
        as_datatype_enum: TensorFlow's number for it.
    """

    __slots__ = ("_numpy", "as_datatype_enum", "name")

    def __init__(self, name: str, enum: int, numpy: Any) -> None:
        self.name = name
        self.as_datatype_enum = enum
        self._numpy = numpy

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The NumPy dtype that the engine computes with.

        Raises:
            ImportError: `tf.bfloat16` without `ml_dtypes`.
            TypeError: A quantized, resource or variant type: there is none.
        """
        if self._numpy is None:
            if self.name != "bfloat16":
                raise TypeError(f"dualtape has no values of dtype {self!r}")
            import ml_dtypes

            self._numpy = np.dtype(ml_dtypes.bfloat16)
            BY_NUMPY[self._numpy] = self
        return self._numpy  # type: ignore[no-any-return]

    @property
    def as_numpy_dtype(self) -> Any:
        """The NumPy scalar type, `object` for strings."""
        return self.numpy_dtype.type if self.name != "string" else object

    @property
    def base_dtype(self) -> DType:
        """The type itself: there are no reference types."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The type of the real part."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    @property
    def is_floating(self) -> bool:
        """Whether it holds real, inexact numbers."""
        return self.name in ("float16", "bfloat16", "float32", "float64")

    @property
    def is_complex(self) -> bool:
        """Whether it holds complex numbers."""
        return self.name in ("complex64", "complex128")

    @property
    def is_integer(self) -> bool:
        """Whether it holds integers (booleans and quantized types do not count)."""
        return self._numpy is not None and self._numpy.kind in "iu"

    @property
    def is_unsigned(self) -> bool:
        """Whether it holds unsigned integers."""
        return self._numpy is not None and self._numpy.kind == "u"

    @property
    def is_bool(self) -> bool:
        """Whether it is `tf.bool`."""
        return self.name == "bool"

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic is possible."""
        return self.is_floating or self.is_complex or self.is_integer

    @property
    def is_quantized(self) -> bool:
        """Whether it is one of the quantized types."""
        return self.name.startswith(("qint", "quint"))

    @property
    def is_numpy_compatible(self) -> bool:
        """Whether values convert to NumPy."""
        return self.name not in ("resource", "variant")

    @property
    def size(self) -> int:
        """Bytes per element."""
        return 1 if self.name == "string" else self.numpy_dtype.itemsize

    @property
    def min(self) -> Any:
        """The smallest finite value.

        Raises:
            TypeError: Booleans, strings and complex numbers have none.
        """
        return self._bound("min", "minimum")

    @property
    def max(self) -> Any:
        """The largest finite value.

        Raises:
            TypeError: Booleans, strings and complex numbers have none.
        """
        return self._bound("max", "maximum")

    def _bound(self, which: str, word: str) -> Any:
        if self.is_integer:
            return getattr(np.iinfo(self.numpy_dtype), which)
        if self.name == "bfloat16":
            import ml_dtypes

            return getattr(ml_dtypes.finfo(ml_dtypes.bfloat16), which)
        if self.is_floating:
            return getattr(np.finfo(self.numpy_dtype), which)
        raise TypeError(f"Cannot find {word} value of {self} with type {self}.")

    @property
    def limits(self) -> tuple[Any, Any]:
        """The range of values that images of this type take, without negative ones."""
        return (0, self.max) if self.is_integer else (0, 1)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor of this type may be used where `other` is asked for."""
        return as_dtype(other) is self

    def __eq__(self, other: object) -> bool:
        if other is None:
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __hash__(self) -> int:
        return self.as_datatype_enum

    def __repr__(self) -> str:
        return dtype_repr(self.name) if self._numpy is not None else f"tf.{self.name}"

    def __str__(self) -> str:
        return dtype_str(self.name) if self._numpy is not None else f"<dtype: '{self.name}'>"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


# The numbers are those of TensorFlow's protocol buffer `types.proto`.
float32 = DType("float32", 1, np.dtype(np.float32))
float64 = double = DType("float64", 2, np.dtype(np.float64))
int32 = DType("int32", 3, np.dtype(np.int32))
uint8 = DType("uint8", 4, np.dtype(np.uint8))
int16 = DType("int16", 5, np.dtype(np.int16))
int8 = DType("int8", 6, np.dtype(np.int8))
string = DType("string", 7, np.dtype(object))
complex64 = DType("complex64", 8, np.dtype(np.complex64))
int64 = DType("int64", 9, np.dtype(np.int64))
bool_ = DType("bool", 10, np.dtype(np.bool_))
qint8 = DType("qint8", 11, None)
quint8 = DType("quint8", 12, None)
qint32 = DType("qint32", 13, None)
bfloat16 = DType("bfloat16", 14, None)
qint16 = DType("qint16", 15, None)
quint16 = DType("quint16", 16, None)
uint16 = DType("uint16", 17, np.dtype(np.uint16))
complex128 = DType("complex128", 18, np.dtype(np.complex128))
float16 = half = DType("float16", 19, np.dtype(np.float16))
resource = DType("resource", 20, None)
variant = DType("variant", 21, None)
uint32 = DType("uint32", 22, np.dtype(np.uint32))
uint64 = DType("uint64", 23, np.dtype(np.uint64))

ALL = (
    float16, float32, float64, bfloat16, int8, int16, int32, int64, uint8, uint16, uint32, uint64,
    bool_, complex64, complex128, string, qint8, quint8, qint16, quint16, qint32, resource, variant,
)  # fmt: skip

BY_NUMPY: dict[np.dtype[Any], DType] = {d._numpy: d for d in ALL if d._numpy is not None}

_BY_NAME = {d.name: d for d in ALL} | {"half": float16, "float": float32, "double": float64}
_BY_NUMBER = {d.as_datatype_enum: d for d in ALL}
# Python's own types, as TensorFlow reads them: `int` and `complex` are deliberately no dtypes.
_BY_PYTHON = {float: float32, bool: bool_, object: string, str: string, bytes: string}

KERNEL_NAMES = {"float32": "float", "float64": "double", "float16": "half"}


def kernel_name(dtype: np.dtype[Any]) -> str:
    """What TensorFlow's kernels call a dtype in their messages: `float` for float32."""
    name = of_numpy(dtype).name
    return KERNEL_NAMES.get(name, name)


def of_numpy(dtype: np.dtype[Any]) -> DType:
    """The TensorFlow type of a NumPy dtype.

    Raises:
        TypeError: There is none.
    """
    found = BY_NUMPY.get(dtype)
    if found is not None:
        return found
    if dtype.kind in "SU":
        return string
    if dtype.name == "bfloat16":
        return bfloat16
    raise TypeError(f"Cannot convert {dtype!r} to a TensorFlow DType.")


def as_dtype(type_value: Any) -> DType:
    """Return the `DType` of a `DType`, NumPy dtype, Python type, name or number.

    Raises:
        TypeError: It is none of these.
    """
    if isinstance(type_value, DType):
        return type_value
    if isinstance(type_value, np.dtype):
        return of_numpy(type_value)
    found = None
    if isinstance(type_value, str):
        found = _BY_NAME.get(type_value)
    elif isinstance(type_value, int):
        found = _BY_NUMBER.get(type_value)
    elif isinstance(type_value, type):
        found = _BY_PYTHON.get(type_value)
        if found is None and (
            issubclass(type_value, np.generic) or type_value.__name__ == "bfloat16"
        ):
            found = of_numpy(np.dtype(type_value))
    elif isinstance(getattr(type_value, "dtype", None), (DType, np.dtype)):
        return as_dtype(type_value.dtype)
    if found is None:
        raise TypeError(
            f"Cannot convert the argument `type_value`: {type_value!r} to a TensorFlow DType."
        )
    return found
