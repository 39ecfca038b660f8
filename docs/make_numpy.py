"""Write docs/numpy.md: what dualtape makes of each function of NumPy's namespaces.

Run it from anywhere: `python docs/make_numpy.py`. `tests/numpy/test_docs.py` checks that the page is up to date.
The namespaces are NumPy's as installed; functions of a newer NumPy than 2.4 are left out, so that the page does
not depend on which one that is, as long as it is 2.4 or newer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import dualtape.numpy as dnp
from dualtape.numpy import constants, functions, scipy_advice, scipy_ufuncs, tables, ufuncs

PAGE = Path(__file__).parent / "numpy.md"

HEAD = """# NumPy's functions

<!-- Written by docs/make_numpy.py; a test checks that it is up to date. -->

`dt.grad`, `dt.jvp`, `dt.vmap` and the rest work on functions that call `numpy` as it stands: the arrays they
are called with answer NumPy's protocols. This page lists every function of `numpy`, `numpy.linalg`,
`numpy.fft` and `numpy.emath`. For what is called without any array that is being differentiated, batched or
traced, NumPy itself is called, whatever the function.

Operators, indexing and the methods of arrays do what the functions of the same name do. `import dualtape.numpy
as np` gives the same functions with arrays as results that may be assigned into, differentiably: `np.zeros`, `np.array`.

Arrays may be overwritten as NumPy's may (`P -= K @ H`, `x[1:] += x[:-1]`, `out=`, masks), before and after a derivative
needs what they held: a copy of what is overwritten is kept while it can be asked for. What may not be written to is an
argument of the function that is differentiated: work on `x.copy()`. A plain NumPy array beside such arrays may be
overwritten too up to 256 KB, since it is copied when it is used; of a larger one the sums are taken, and a change is an error
when the derivative is taken. `np.asarray` of an array from `dualtape.numpy` is a copy.

What differs from NumPy: a scalar under differentiation (`x[0]`, `x.sum()`) is an `Array` without axes, so `np.isscalar`
says False of it; ask `np.ndim(x) == 0`. Inside `dt.vmap` a function runs once for the whole batch: `np.random.normal()`, or a
generator's, draws once, and all examples get the same number, without a word, since NumPy does not say who draws. Draw for the
batch outside and pass the numbers in (`dt.vmap(f)(x, rng.normal(size=len(x)))`).

Derivatives at kinks (all of them are in [kinks.md](kinks.md)): ties of `max` and `min` share evenly, `abs`,
`norm`, `std` and `sign` have 0 at 0, `clip` has 1 at its bounds, roundings have 0 everywhere.
"""

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


def listed(names: list[str]) -> str:
    """Names as a line of code words."""
    return ", ".join(f"`{n}`" for n in names)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, module in (
        ("numpy", np),
        ("numpy.linalg", np.linalg),
        ("numpy.fft", np.fft),
        ("numpy.emath", np.emath),
    ):
        good, passing, missing = sorted_out(module)
        parts.append(f"\n## {title}\n\n**Differentiable** ({len(good)}): {listed(good)}\n")
        for reason, names in passing.items():
            parts.append(
                f"\n**Passes through without a derivative**, since {reason}: {listed(names)}\n"
            )
        for reason, names in missing.items():
            parts.append(f"\n**Not covered**, {reason}: {listed(names)}\n")
    special = sorted([n for n in scipy_ufuncs.SPECIAL if not n.startswith("_")])
    ordered = sorted(scipy_ufuncs.ORDERED)
    parts.append(
        f"\n## scipy.special\n\n**Differentiable** ({len(special) + len(ordered)}): {listed(special)}; of an order that is a "
        f"whole number and the same for all elements: {listed(ordered)}\n\n"
        "**Not covered** are functions that SciPy writes in Python and that ask for plain numbers first (`logsumexp`, `softmax`, "
        "`polygamma`): an error names the line and what to write instead, most often what follows.\n"
    )
    parts.append(
        "\n## dualtape.scipy\n\n`from dualtape.scipy import linalg, special, stats, integrate` gives SciPy's modules, with these "
        "functions differentiable by all that is continuous in them; for plain numbers they are SciPy's own, as is everything "
        "else in the modules.\n"
    )
    for name, names in scipy_advice.HERE.items():
        parts.append(f"\n**{name}** ({len(names.split())}): {listed(names.split())}\n")
    return "".join(parts)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


_ = (dnp, tables, constants)  # imported for what they register

if __name__ == "__main__":
    main()
