"""Built-in functions of CPython's that are native code."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from .layout import python_function

METH_FASTCALL, METH_KEYWORDS = 0x80, 0x02


class MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


def builtin(definition: MethodDef, own: Any) -> Callable[..., Any]:
    """A built-in function, which has to be outlived by its definition and the code that this refers to.

    Args:
        definition: What it is.
        own: Its `self`, which it keeps.

    Raises:
        LayoutError: This interpreter cannot make any.
    """
    made: Callable[..., Any] = _maker()(ctypes.addressof(definition), own, None)
    return made


@functools.cache
def _maker() -> Callable[..., Any]:
    types = (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    return python_function("PyCFunction_NewEx", ctypes.py_object, *types)


def keep(*things: Any) -> None:
    """Keep objects for good."""
    count = python_function("Py_IncRef", None, ctypes.py_object)
    for thing in things:
        count(thing)
