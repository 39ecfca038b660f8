"""Which dtypes TensorFlow's kernels exist for: checked before an operation, and listed in its error.

NumPy would go on (an int32 square root is float64, True + True is True) where TensorFlow refuses; going on
would give a program numbers that it does not get from TensorFlow. The lists are those of the operations'
definitions in TensorFlow 2.21.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .raising import dtype_not_allowed


class Dtypes(NamedTuple):
    """The dtypes of an operation's kernels.

    Attributes:
        kinds: Their `numpy.dtype.kind` letters ("V" stands for bfloat16).
        text: As TensorFlow lists them.
    """

    kinds: str
    text: str


FLOATING = Dtypes("fV", "bfloat16, half, float, double")
HALF_FIRST = Dtypes("fV", "half, bfloat16, float, double")
INEXACT = Dtypes("fcV", "bfloat16, half, float, double, complex64, complex128")
NO_GAPS = Dtypes("fcV", "half, float, bfloat16, double, complex64, complex128")
LOGS = Dtypes("fcV", "half, bfloat16, float, double, complex64, complex128")
SIGNED = Dtypes("fVi", "bfloat16, half, float, double, int8, int16, int32, int64")
SIGNED_COMPLEX = Dtypes("fVic", SIGNED.text + ", complex64, complex128")
NUMBERS = Dtypes(
    "fViuc",
    "bfloat16, half, float, double, int8, int16, int32, int64, uint8, uint16, uint32, uint64, "
    "complex64, complex128",
)
ADDED = Dtypes(
    "fViucO",
    "bfloat16, half, float, double, uint8, uint16, uint32, uint64, int8, int16, int32, int64, "
    "complex64, complex128",
)
SUBTRACTED = Dtypes(
    "fViuc",
    "bfloat16, half, float, double, uint8, int8, uint16, int16, int32, int64, complex64, complex128, "
    "uint32, uint64",
)
MULTIPLIED = Dtypes(
    "fViuc",
    "bfloat16, half, float, double, uint8, int8, uint16, int16, int32, uint32, uint64, int64, "
    "complex64, complex128",
)
REMAINDERS = Dtypes(
    "fViu",
    "int8, int16, int32, int64, uint8, uint16, uint32, uint64, bfloat16, half, float, double",
)
TRUNCATED = Dtypes("fVi", "int32, int64, bfloat16, half, float, double")
POWERS = Dtypes(
    "fVic", "bfloat16, float, half, double, int8, int16, int32, int64, complex64, complex128"
)
EXTREMA = Dtypes(
    "fViu",
    "bfloat16, half, float, double, int8, uint8, int16, uint16, int32, uint32, int64, uint64",
)
SQUARED = Dtypes("fVic", "bfloat16, half, float, double, int32, int64, complex64, complex128")
REALS = Dtypes(
    "fViu",
    "float, double, int32, uint8, int16, int8, int64, bfloat16, uint16, half, uint32, uint64",
)
RECTIFIED = Dtypes("fViu", REALS.text + ", qint8")
ORDERED = Dtypes("fViu", REALS.text + ", qint8, quint8, qint32, qint16, quint16")
PLACED = Dtypes("fViub", ORDERED.text + ", bool")
SUMMED = Dtypes(
    "fViuc",
    "float, double, int32, uint8, int16, int8, complex64, int64, qint8, quint8, qint32, bfloat16, "
    "qint16, quint16, uint16, complex128, half, uint32, uint64",
)
INTEGERS = Dtypes("iu", "int8, int16, int32, int64, uint8, uint16, uint32, uint64")
COMPLEX = Dtypes("c", "complex64, complex128")
MATRICES = Dtypes("fc", "double, float, half, complex64, complex128")
PRODUCTS = Dtypes(
    "fViuc",
    "bfloat16, half, float, double, int32, int64, uint8, uint16, uint32, uint64, complex64, complex128",
)
INDICES = Dtypes("iu", "int32, int64")
SINGLE_DOUBLE = Dtypes("f", "float, double")
ANYTHING = Dtypes("fViucbO", "")


def check_dtype(op: str, dtype: np.dtype[Any], allowed: Dtypes, attribute: str = "T") -> None:
    """Raise InvalidArgumentError unless `op` has a kernel for `dtype`."""
    if dtype.kind not in allowed.kinds:
        raise dtype_not_allowed(op, dtype, allowed.text, attribute=attribute)
