"""`tf.math.special`."""
# ruff: noqa: F401 - this module is a namespace

from typing import NoReturn

from ..core.missing import missing_attribute
from .special import (
    bessel_i0,
    bessel_i0e,
    bessel_i1,
    bessel_i1e,
    bessel_j0,
    bessel_j1,
    bessel_k0,
    bessel_k0e,
    bessel_k1,
    bessel_k1e,
    bessel_y0,
    bessel_y1,
    dawsn,
    expint,
    fresnel_cos,
    fresnel_sin,
    spence,
)


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
