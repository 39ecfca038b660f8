"""Functions of compiled libraries that other libraries bring: where they are in this process.

Addresses are looked up when a program is lowered and handed to the linker by name; compiled code never holds them.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any


def pointer(capsule: Any) -> tuple[str, int]:
    """The name of a capsule, which is the function's signature in Cython's words, and its address."""
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    name = api.PyCapsule_GetName(capsule)
    return name.decode(), int(api.PyCapsule_GetPointer(capsule, name))


@functools.cache
def _specials() -> dict[tuple[str, str], int]:
    """SciPy's special functions by name and signature; empty without SciPy.

    Those for several types are exported once for each, under names that begin with a number.
    """
    try:
        from scipy.special import cython_special
    except ImportError:
        return {}
    found = {}
    for name, capsule in cython_special.__pyx_capi__.items():
        if name.startswith("__pyx_fuse_"):
            name = name.removeprefix("__pyx_fuse_").lstrip("0123456789")
        signature, address = pointer(capsule)
        found[name, signature.replace(", int __pyx_skip_dispatch", "")] = address
    return found


def special(name: str, signature: str) -> int:
    """The address of one of SciPy's special functions, 0 where there is none of that signature."""
    return _specials().get((name, signature), 0)
