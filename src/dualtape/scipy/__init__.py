"""SciPy's functions with derivatives: `from dualtape.scipy import linalg, special, stats`.

SciPy turns what it is given into plain numbers before it computes, so that a value under differentiation cannot
reach it (its ufuncs in `scipy.special` are the exception, and need nothing from here). The functions here have SciPy's
names and arguments; called with plain numbers they are SciPy's own. What a module does not have it takes from SciPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HERE = ("integrate", "linalg", "special", "stats")


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _HERE:
        return import_module(f"{__name__}.{name}")
    return getattr(import_module("scipy"), name)


def __dir__() -> list[str]:
    return list(_HERE)
