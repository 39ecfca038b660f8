"""Write docs/rules.md: every primitive, its formula, the rules of its derivatives and where they are from.

Run it from anywhere: `python docs/make_rules.py`. `tests/test_primitives_page.py` checks that the page is up to date. The rules are
traced and read (`dualtape/show/formulas.py`), so that the page says what the code does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from make_primitives import primitives

from dualtape.core.aval import Aval
from dualtape.core.primitive import Primitive
from dualtape.show.formulas import formula_of
from dualtape.testing.samples import every_sample

PAGE = Path(__file__).parent / "rules.md"

HEAD = """# Formulas and rules

<!-- Written by docs/make_rules.py; a test checks that it is up to date. -->

What each primitive computes, and what its reverse rule sends to each operand of the cotangent `ȳ` that arrives, read from the rules
themselves. For elementwise operations that is `ȳ` times the derivative, which stands here without it. Broadcasting is undone, and complex numbers are
conjugated, by the engine. [Primitives and transformations](primitives.md) says how the other transformations get through.

*procedure*: the rule is a computation that has no short formula; the family's source has it.

"""

LONG = 150

_DLMF = "Digital Library of Mathematical Functions"
_GILES = "M. Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation (2008)"
SOURCES = {
    "activation": f"{_DLMF} 7.2 (erf, for gelu); Hendrycks and Gimpel (2016) for gelu, Clevert et al. (2015) for elu, Misra (2019) for mish",
    "attention": "Vaswani et al. (2017); the derivative is that of softmax between two products",
    "bessel": f"{_DLMF} 10.6 and 10.29 (recurrences and derivatives)",
    "complex": "PyTorch's convention: cotangents are taken with the real inner product (Wirtinger's conjugate derivative)",
    "convolution": "the transpose of a correlation is a correlation with the kernel turned: Dumoulin and Visin (2016)",
    "cross_entropy": "softmax less target: Bridle (1990)",
    "exponential": f"{_DLMF} 4.2 and 4.10",
    "exponentials": "Al-Mohy and Higham (2009) for the derivative; Higham, SIAM J. Matrix Anal. 26 (2005) for the values",
    "factorisation": f"Walter, Algorithmic differentiation of linear algebra functions (2010), for QR; {_GILES}; Murray (2016) for Cholesky",
    "fft": "the transform is linear and its matrix symmetric",
    "incomplete": f"{_DLMF} 8.8 (derivatives), 8.9 and 8.11 (values)",
    "integrals": f"{_DLMF} 6.2, 7.2 and 25.12",
    "normalize": "Ba, Kiros and Hinton (2016) for layer norm; Ioffe and Szegedy (2015) for batch norm",
    "polynomials": f"{_DLMF} 18.9",
    "resampling": "Keys, IEEE Trans. ASSP 29 (1981), for the cubic kernel",
    "solving": _GILES,
    "special": f"{_DLMF} 5.9 and 5.15 (gamma and its derivatives), 7.2 (error functions), 25.11 (zeta)",
    "spectral": f"{_GILES}; Wan and Zhang (2019) for complex singular vectors; Golub and Pereyra (1973) for the pseudo-inverse",
    "trigonometric": f"{_DLMF} 4.20, 4.24, 4.34 and 4.37",
}
"""Where the mathematics of a family is from; for the others it is in every textbook of calculus."""


def formula(p: Primitive, samples: list[Any]) -> dict[str, Any]:
    """What is known of a primitive, at the sample of which most is."""
    best: dict[str, Any] | None = None
    for s in samples[:4]:
        operands = [np.asarray(v) for v in s.make("float64")]
        found = formula_of(p, [Aval(x.shape, x.dtype) for x in operands], s.params)
        known = sum(
            d is not None and (d["local"] or d["rule"]) is not None for d in found["derivatives"]
        )
        if best is None or known > best["known"]:
            best = {**found, "known": known}
    assert best is not None, f"{p.name} has no sample"
    return best


def rule(name: str, d: dict[str, Any] | None, alone: bool) -> str | None:
    """The rule of one operand in a cell."""
    if d is None:
        return None
    found = d["local"] or d["rule"]
    text = None if found is None else found["text"]
    text = "*procedure*" if text is None or len(text) > LONG else f"`{text}`"
    return text if alone else f"{name}: {text}"


def row(p: Primitive, samples: list[Any]) -> str:
    """A primitive's line of the table."""
    f = formula(p, samples)
    given = [d for d in f["derivatives"] if d is not None]
    rules = [
        rule(n, d, len(given) == 1) for n, d in zip(f["operands"], f["derivatives"], strict=False)
    ]
    cells = [
        f"`{p.name}`",
        f"`{f['text'].removeprefix('out = ')}`",
        "<br>".join(filter(None, rules)) or "-",
    ]
    if p.source:
        cells[2] += f"<br>({p.source})"
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def page() -> str:
    """The page."""
    samples: dict[str, list[Any]] = {}
    for s in every_sample():
        samples.setdefault(s.primitive.name, []).append(s)
    parts = [HEAD]
    for file, members in primitives().items():
        shown = [row(p, samples[p.name]) for p in members if p.name in samples]
        if shown:
            source = f"Source: {SOURCES[file]}.\n\n" if file in SOURCES else ""
            parts.append(
                f"## {file}\n\n{source}| primitive | formula | derivative or rule |\n|---|---|---|\n"
                + "\n".join(shown)
                + "\n\n"
            )
    return "".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
