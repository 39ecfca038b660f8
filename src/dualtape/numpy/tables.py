"""Everything that is loaded at the first call of a NumPy function on an `Array`."""

from __future__ import annotations

from . import (
    _array,
    calculus,
    constants,
    creation,
    fourier,
    functions,
    indexing,
    joining,
    matrices,
    methods,
    polynomials,
    reductions,
    scipy_ufuncs,
    selection,
    shaping,
    statistics,
    ufunc_methods,
    ufuncs,
    wider_domain,
)

indexing.install()
methods.install()
ufuncs.install()
_array.function_call = functions.call

__all__ = [
    "calculus", "constants", "creation", "fourier", "functions", "joining", "matrices", "polynomials", "reductions",
    "scipy_ufuncs", "selection", "shaping", "statistics", "ufunc_methods", "wider_domain",
]  # fmt: skip
