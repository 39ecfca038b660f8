"""SciPy's functions that ask for plain numbers: what they are called, and what has a derivative instead."""

from __future__ import annotations

from itertools import takewhile
from types import FrameType
from typing import Any

import numpy as np

HERE = {
    "integrate": "cumulative_trapezoid simpson solve_ivp trapezoid",
    "linalg": "block_diag cho_factor cho_solve cholesky circulant det eig eigh eigvals eigvalsh expm hankel inv logm lstsq lu "
        "lu_factor lu_solve norm pinv qr solve solve_toeplitz solve_triangular sqrtm svd svdvals toeplitz",
    "special": "comb factorial log_softmax logsumexp multigammaln polygamma softmax",
    "stats": "bernoulli beta binom cauchy chi2 expon gamma geom gumbel_r halfnorm invgamma laplace logistic lognorm "
        "multivariate_normal norm pareto poisson rayleigh t uniform weibull_min",
}  # fmt: skip
"""What `dualtape.scipy` has, by module."""

_OTHERWISE = {
    "scipy.fft": "use np.fft",
    "scipy.interpolate": "use np.interp, or sum the values times weights that do not depend on them",
    "scipy.signal": "use np.convolve or np.fft",
    "scipy.sparse": "multiply by the matrix as an array (A.toarray() @ x), or put the product into a dt.custom_rule",
    "scipy.spatial": "compute the distance with np.linalg.norm",
    "scipy.stats": f"use dualtape.scipy.stats, if it is one of {HERE['stats'].replace(' ', ', ')}",
    "scipy.optimize": "give the solution a derivative with dt.implicit",
}
_ANYTHING = (
    "compute it with NumPy's functions (docs/numpy.md lists those of SciPy that can be used as they are), or give it a "
    "derivative with dt.custom_rule or dt.implicit"
)
_WRAPPED = ("f", "func", "function", "fun")  # what decorators call what they decorate


def called(entered: list[FrameType]) -> tuple[str, str]:
    """The module and the name of the function of SciPy that the program called; an empty name for none found."""
    for frame in entered:
        module, name = frame.f_globals.get("__name__", ""), frame.f_code.co_qualname
        if "<" in name:
            inside = [frame.f_locals.get(k) for k in _WRAPPED]
            f: Any = next((g for g in inside if callable(g) and hasattr(g, "__name__")), None)
            module, name = getattr(f, "__module__", ""), getattr(f, "__name__", "_")
        elif name.endswith(".__init__"):
            name = name.removesuffix(".__init__")
        parts = module.split(".")
        if parts[0] == "scipy" and parts[1:2] != ["_lib"] and not any(p[:1] in "_<" for p in name.split(".")):  # fmt: skip
            public = ".".join(takewhile(lambda part: not part.startswith("_"), parts))
            return public, of_distribution(name, frame) if public == "scipy.stats" else name
    return "", ""


def of_distribution(name: str, frame: FrameType) -> str:
    """The method of a distribution as programs call it: "norm.pdf" for "rv_continuous.pdf"."""
    kind, _, method = name.partition(".")
    given: Any = frame.f_locals.get("self")
    given = getattr(given, "dist", given)
    if method and kind.startswith("rv_"):
        return f"{getattr(given, 'name', kind)}.{method}"
    return name.replace("_gen.", ".", 1)


def advice(entered: list[FrameType]) -> tuple[str, str]:
    """What SciPy's function is called in a message, and what to do instead."""
    module, name = called(entered)
    if not name:
        package = ".".join(entered[0].f_globals.get("__name__", "").split(".")[:2])
        return "a function of SciPy computes with plain numbers", _OTHERWISE.get(package, _ANYTHING)
    computes = f"{module}.{name} computes with plain numbers"
    _, _, part = module.partition(".")
    if part in HERE and name.partition(".")[0] in HERE[part].split():
        return computes, f"use dualtape.{module}.{name}, which is the same with derivatives"
    if part == "fft" and hasattr(np.fft, name):
        return computes, f"use np.fft.{name}"
    return computes, _OTHERWISE.get(".".join(module.split(".")[:2]), _ANYTHING)
