"""Where BLAS's matrix product is in this process: in the library that NumPy brings, or SciPy's pointers."""

from __future__ import annotations

import ctypes
import functools
from typing import Any, NamedTuple

import numpy as np


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


def _address(library: Any, name: str) -> int:
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


def _numpys() -> Blas | None:
    module: Any = getattr(np, "_core", None)
    library = _library(getattr(getattr(module, "_multiarray_umath", None), "__file__", None))
    if library is None:
        return None
    for pattern in ("scipy_cblas_{}gemm64_", "cblas_{}gemm64_"):
        found = {t: _address(library, pattern.format(c)) for t, c in _NAMES.items()}
        if all(found.values()):
            return Blas("cblas64", found, _address(library, "openblas_set_num_threads_local"))
    return None


def _scipys() -> Blas | None:
    try:
        from scipy.linalg import cython_blas
    except ImportError:
        return None
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    found = {}
    for t, c in _NAMES.items():
        capsule = cython_blas.__pyx_capi__[f"{c}gemm"]
        found[t] = int(api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule)))
    library = _library(cython_blas.__file__)
    threads = 0 if library is None else _address(library, "openblas_set_num_threads_local")
    return Blas("fortran32", found, threads)
