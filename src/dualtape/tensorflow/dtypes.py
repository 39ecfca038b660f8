"""`tf.dtypes`."""
# ruff: noqa: F401 - this module is a namespace

from typing import NoReturn

from ..core.missing import missing_attribute
from .dtype import (
    DType,
    as_dtype,
    bfloat16,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint16,
    qint32,
    quint8,
    quint16,
    resource,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)
from .dtype import bool_ as bool
from .elementwise import cast, complex, saturate_cast


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
