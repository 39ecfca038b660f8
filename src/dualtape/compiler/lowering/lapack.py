"""Where LAPACK is in this process: in the library that NumPy brings, which `numpy.linalg` calls too, or SciPy's pointers."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from typing import Any

from . import blas
from .capsules import pointer

ELEMENTS = {"f": "s", "d": "d"}


@functools.cache
def _numpys() -> Any:
    library = blas.numpys()
    return library if library is not None and blas.address(library, "scipy_dgetrf_64_") else None


@functools.cache
def _scipys() -> dict[str, int]:
    try:
        from scipy.linalg import cython_blas, cython_lapack
    except ImportError:
        return {}
    found = {**cython_lapack.__pyx_capi__, **cython_blas.__pyx_capi__}
    return {name: pointer(capsule)[1] for name, capsule in found.items()}


def integer() -> int:
    """Bytes of LAPACK's integers; 0: there is no LAPACK."""
    return 8 if _numpys() is not None else 4 if _scipys() else 0


@functools.cache
def address(name: str) -> int:
    """Where a function begins that Fortran calls by `name` (dgetrf, ...), 0 if it is not here."""
    library = _numpys()
    if library is not None:
        return blas.address(library, f"scipy_{name}_64_")
    return _scipys().get(name, 0)


def threads() -> int:
    """`openblas_set_num_threads_local` of the same library, 0 where there is none."""
    library = _numpys()
    return 0 if library is None else blas.address(library, "openblas_set_num_threads_local")


def work(name: str, arguments: Sequence[Any], sizes: Sequence[int]) -> list[int]:
    """Ask a function how much memory it wants.

    Args:
        name: Of the function.
        arguments: Characters, integers, and None for arrays; -1 asks for the size of work memory.
        sizes: The positions of the arrays whose first element says how many elements are wanted: of the function's
            dtype, or integers where the position is negative.
    """
    real = ctypes.c_float if name[0] == "s" else ctypes.c_double
    whole = ctypes.c_int64 if integer() == 8 else ctypes.c_int32
    given: list[Any] = []
    for a in arguments:
        if isinstance(a, str):
            given.append(ctypes.c_char(a.encode()))
        elif isinstance(a, int):
            given.append(whole(a))
        else:
            given.append((real * 4)())
    wanted: dict[int, Any] = {}
    for k in sizes:
        wanted[abs(k)] = given[abs(k)] = (whole if k < 0 else real)()
    lengths = [ctypes.c_int64(1) for a in arguments if isinstance(a, str)]
    call = ctypes.CFUNCTYPE(None)(address(name))
    call(*[ctypes.byref(a) for a in given], *lengths)
    return [int(wanted[abs(k)].value) for k in sizes]
