"""Where BLAS's matrix product is in this process: in the library that NumPy brings, or SciPy's pointers."""

from __future__ import annotations

import ctypes
import functools
from typing import Any, NamedTuple

import numpy as np

from .capsules import pointer


class Blas(NamedTuple):
    """Addresses.

    Attributes:
        interface: "cblas64" (C's, by value, 64-bit integers), "fortran32" (by reference, 32-bit), or "" for none.
        gemm: By LLVM's name of the element, `float` and `double`.
        threads: `openblas_set_num_threads_local`, which returns the number before; 0 where there is none.
    """

    interface: str
    gemm: dict[str, int]
    threads: int


_NAMES = {"float": "s", "double": "d"}


@functools.cache
def find() -> Blas:
    """Look once."""
    return _numpys() or _scipys() or Blas("", {}, 0)


def externals() -> tuple[tuple[str, int], ...]:
    """The names that programs call products by, with addresses."""
    found = find()
    products = (("dualtape_sgemm", found.gemm["float"]), ("dualtape_dgemm", found.gemm["double"]))
    return (*products, ("dualtape_threads", found.threads)) if found.threads else products


def address(library: Any, name: str) -> int:
    """Where a function of a library begins, 0 if it has none of that name."""
    try:
        f = getattr(library, name)
    except AttributeError:
        return 0
    return ctypes.cast(f, ctypes.c_void_p).value or 0


def _library(file: str | None) -> Any:
    """An extension module as a library: symbols are found in what it is linked to as well."""
    try:
        return None if file is None else ctypes.CDLL(file)
    except OSError:
        return None


@functools.cache
def numpys() -> Any:
    """The library that NumPy brings, None where it cannot be loaded."""
    module: Any = getattr(np, "_core", None)
    return _library(getattr(getattr(module, "_multiarray_umath", None), "__file__", None))


def _numpys() -> Blas | None:
    library = numpys()
    if library is None:
        return None
    for pattern in ("scipy_cblas_{}gemm64_", "cblas_{}gemm64_"):
        found = {t: address(library, pattern.format(c)) for t, c in _NAMES.items()}
        if all(found.values()):
            return Blas("cblas64", found, address(library, "openblas_set_num_threads_local"))
    return None


def _scipys() -> Blas | None:
    try:
        from scipy.linalg import cython_blas
    except ImportError:
        return None
    capsules = cython_blas.__pyx_capi__
    found = {t: pointer(capsules[f"{c}gemm"])[1] for t, c in _NAMES.items()}
    library = _library(cython_blas.__file__)
    threads = 0 if library is None else address(library, "openblas_set_num_threads_local")
    return Blas("fortran32", found, threads)
