"""PyTorch's other names of the dtypes: `torch.float`, `torch.long` and so on.

They shadow Python's types, so they live where nothing else does.
"""

from .dtypes import (
    bfloat16,
    bool_,
    complex32,
    complex64,
    complex128,
    float8_e4m3fn,
    float8_e5m2,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint32,
    quint8,
    uint8,
    uint16,
    uint32,
    uint64,
)

bool = bool_
half = float16
float = float32
double = float64
chalf = complex32
cfloat = complex64
cdouble = complex128
short = int16
int = int32
long = int64

__all__ = [
    "bfloat16", "bool", "cdouble", "cfloat", "chalf", "complex32", "complex64", "complex128", "double", "float",
    "float8_e4m3fn", "float8_e5m2", "float16", "float32", "float64", "half", "int", "int8", "int16", "int32",
    "int64", "long", "qint8", "qint32", "quint8", "short", "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip
