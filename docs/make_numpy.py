"""Write docs/numpy.md and numpy.zh.md: what dualtape makes of each function of NumPy's namespaces.

Run it from anywhere: `python docs/make_numpy.py`. `tests/numpy/test_docs.py` checks that the page is up to date.
The namespaces are NumPy's as installed; functions of a newer NumPy than 2.4 are left out, so that the page does
not depend on which one that is, as long as it is 2.4 or newer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import texts

import dualtape.numpy as dnp
from dualtape.numpy import constants, functions, scipy_advice, scipy_ufuncs, tables, ufuncs

DOCS = Path(__file__).parent

# Functions that NumPy does not hand over, or that have no use for it, and why.
REASONS = {
    "makes a new array from no array: use it as it is, or from `dualtape.numpy` if values under differentiation are written into it":
        "arange array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray bartlett blackman empty eye "
        "full hamming hanning identity indices kaiser ones require tri zeros fromfunction frombuffer fromfile fromiter "
        "fromregex fromstring from_dlpack genfromtxt load loadtxt diag_indices mask_indices tril_indices triu_indices fftfreq rfftfreq "
        "frompyfunc",
    "about settings, types, text or files, not about numbers":
        "base_repr binary_repr broadcast_shapes datetime_data format_float_positional format_float_scientific get_include "
        "get_printoptions getbufsize geterr geterrcall info isdtype isfortran isscalar issubdtype iterable mintypecode "
        "nested_iters printoptions promote_types set_printoptions setbufsize seterr seterrcall show_config show_runtime test "
        "typename isnat",
    "for `numpy.matrix`, which is not covered": "asmatrix bmat",
    "set operations on whole arrays: `np.unique` and indexing cover what has a derivative":
        "intersect1d setdiff1d setxor1d union1d",
    "the old name of another function": "row_stack",
    "counts in several dimensions, whose edges and weights would need rules of their own": "histogram2d histogramdd",
}  # fmt: skip


def names_of(module: Any) -> list[str]:
    """The functions that a namespace of NumPy offers."""
    return sorted(
        n for n in dir(module)
        if not n.startswith("_") and callable(getattr(module, n)) and not isinstance(getattr(module, n), type)
    )  # fmt: skip


def why_not() -> dict[str, str]:
    """Why a function is not covered, by its name."""
    return {name: reason for reason, names in REASONS.items() for name in names.split()}


def sorted_out(module: Any) -> tuple[list[str], dict[str, list[str]], dict[str, list[str]]]:
    """The names that have derivatives, those that pass through by reason, those not covered by reason."""
    good: list[str] = []
    passing: dict[str, list[str]] = {}
    missing: dict[str, list[str]] = {}
    reasons = why_not()
    for name in names_of(module):
        f: Callable[..., Any] = getattr(module, name)
        if isinstance(f, np.ufunc) and f in ufuncs.RULES:
            if f.__name__ in ufuncs.CONSTANT or f in ORDER:
                passing.setdefault(functions.INT_OUTPUT, []).append(name)
            else:
                good.append(name)
        elif f in functions.TABLE and f not in functions.CONSTANT:
            good.append(name)
        elif f in functions.CONSTANT:
            passing.setdefault(functions.CONSTANT[f], []).append(name)
        else:
            reason = reasons.get(
                name, "without a rule: an error says so when a derivative is asked for"
            )
            missing.setdefault(reason, []).append(name)
    return good, passing, missing


ORDER = {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal}


def listed(names: list[str], language: str) -> str:
    """Names as a line of code words."""
    return (", " if language == "en" else "、").join(f"`{n}`" for n in names)


def page(language: str = "en") -> str:
    """The whole page."""
    said = texts.NUMPY[language]

    def reasoned(reason: str) -> str:
        return reason if language == "en" else texts.NUMPY_REASONS[reason]

    parts = [said["head"].format(twin=texts.twin("numpy", language))]
    for title, module in (
        ("numpy", np),
        ("numpy.linalg", np.linalg),
        ("numpy.fft", np.fft),
        ("numpy.emath", np.emath),
    ):
        good, passing, missing = sorted_out(module)
        parts.append(f"\n## {title}\n\n" + said["good"].format(len(good), listed(good, language)))
        for reason, names in passing.items():
            parts.append(said["passing"].format(reasoned(reason), listed(names, language)))
        for reason, names in missing.items():
            parts.append(said["missing"].format(reasoned(reason), listed(names, language)))
    special = sorted([n for n in scipy_ufuncs.SPECIAL if not n.startswith("_")])
    ordered = sorted(scipy_ufuncs.ORDERED)
    parts.append(
        said["special"].format(
            len(special) + len(ordered), listed(special, language), listed(ordered, language)
        )
    )
    parts.append(said["scipy"])
    for name, names in scipy_advice.HERE.items():
        parts.append(
            said["module"].format(name, len(names.split()), listed(names.split(), language))
        )
    return "".join(parts)


def main() -> None:
    """Write the pages."""
    for language in texts.LANGUAGES:
        (DOCS / texts.file_of("numpy", language)).write_text(page(language), encoding="utf-8")


_ = (dnp, tables, constants)  # imported for what they register

if __name__ == "__main__":
    main()
