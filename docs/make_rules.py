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

*procedure*: the rule is a computation that has no short formula; the source, where one is named, has it.

"""

LONG = 150


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
    if text is None or len(text) > LONG:
        text = "*procedure*"
    else:
        text = f"`{text}`"
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
        p.source or "",
    ]
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
            parts.append(
                f"## {file}\n\n| primitive | formula | derivative or rule | source |\n|---|---|---|---|\n"
                + "\n".join(shown)
                + "\n\n"
            )
    return "".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
