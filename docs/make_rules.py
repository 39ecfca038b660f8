"""Write docs/rules.md and rules.zh.md: every primitive, its formula, its derivative, its source, its transformations.

Run it from anywhere: `python docs/make_rules.py`, with the extras `compile` and `sci`. `tests/test_primitives_page.py` checks that the
pages are up to date. Formulas are those of `dualtape/show/formulary.py`, words those of words.py, sources those of sources.py, and derivatives those of
derivatives.py or else read from the rules (`dualtape/show/formulas.py`); tests/show/test_formulary.py evaluates them.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import derivatives
import numpy as np
import sources
import texts
from make_primitives import compiled, primitives, transforms
from words import EQUATIONS, LITERALS, WORDS

from dualtape.core.aval import Aval
from dualtape.core.primitive import Primitive
from dualtape.show import mathematics as m
from dualtape.show.formulary import FORMULAS
from dualtape.show.formulas import formula_of, operand_names
from dualtape.show.reading import read
from dualtape.testing.samples import every_sample

DOCS = Path(__file__).parent


def spoken(text: str, language: str) -> str:
    """A formula in a language: conditions have words in them."""
    if language == "en":
        return text
    return LITERALS.get(text, text).replace(" if ", " 若 ").replace(" otherwise", " 其他")


def code(text: str, language: str) -> str:
    """A formula in a cell."""
    return f"`{spoken(text, language)}`"


def computed(p: Primitive, language: str) -> str:
    """What a primitive computes: its formula, and what is to be said."""
    parts = []
    if p.name in FORMULAS:
        names = {n: m.name(n) for n in operand_names(p, len(p.inputs))}
        parts.append(code(read(FORMULAS[p.name], names, {}).text, language))
    if p.name in EQUATIONS:
        parts.append(code(read(EQUATIONS[p.name], {}, {}).text, language))
    if p.name in WORDS:
        english, chinese = WORDS[p.name]
        said = english or " ".join((p.__doc__ or "").split())
        parts.append((said if language == "en" else chinese).replace("*", "\\*"))
    return "<br>".join(parts)


@functools.cache
def read_rules(p: Primitive) -> tuple[list[str], list[dict[str, Any] | None]]:
    """The operands of a primitive and its rules as they are read from the code, at the sample where most is known."""
    best: tuple[int, Any] | None = None
    for s in [s for s in every_sample() if s.primitive is p][:4]:
        operands = [np.asarray(v) for v in s.make("float64")]
        found = formula_of(p, [Aval(x.shape, x.dtype) for x in operands], s.params)
        for k, x in enumerate(operands):
            if x.dtype.kind not in "fc":  # positions and masks
                found["derivatives"][k] = None
        known = sum(d is not None and (d["local"] or d["rule"]) is not None for d in found["derivatives"])  # fmt: skip
        if best is None or known > best[0]:
            best = known, found
    assert best is not None, f"{p.name} has no sample"
    return best[1]["operands"], best[1]["derivatives"]


def rules(p: Primitive, language: str) -> list[tuple[str, str]]:
    """The operands that have a derivative, and their rules."""
    written = derivatives.RULES.get(p.name, {})
    if p.kind == "constant":
        return []
    operands, found = read_rules(p)
    names = {n: m.name(n) for n in operands}
    rows = []
    for name, d in zip(operands, found, strict=False):
        by_hand = written.get(name)
        if by_hand is not None:
            text = by_hand[1:] if by_hand.startswith("=") else read(by_hand, names, {}).text
        elif d is None:
            continue
        else:
            made = d["local"] or d["rule"]
            assert made is not None, f"the derivative of {p.name} by {name} is to be written down"
            text = made["text"]
        rows.append((name, code(text, language)))
    return rows


def row(p: Primitive, language: str) -> str:
    """A primitive's line of the table."""
    found = rules(p, language)
    rule = [text if len(found) == 1 else f"{name}: {text}" for name, text in found]
    source = sources.PRIMITIVES.get(p.name, p.source or "")
    if source:
        if language == "zh":
            for english, chinese in sources.PHRASES.items():
                source = source.replace(english, chinese)
        rule.append(source)
    words = [*transforms(p)[1:], compiled(p)]
    if language == "zh":
        words = [texts.WORDS_OF_TRANSFORMS[w] for w in words]
    cells = [f"`{p.name}`", computed(p, language), "<br>".join(rule) or "-", *words]
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def page(language: str = "en") -> str:
    """The page."""
    groups = primitives()
    count = sum(map(len, groups.values()))
    parts = [texts.RULES[language].format(twin=texts.twin("rules", language), count=count)]
    head = texts.RULES_TABLE[language]
    where = sources.FAMILIES if language == "en" else sources.FAMILIES_ZH
    for file, members in groups.items():
        source = where[file]
        if language == "zh":
            for english, chinese in sources.PHRASES.items():
                source = source.replace(english, chinese)
        parts += [
            f"## {file}\n\n{texts.SOURCE[language].format(source)}\n\n",
            f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n",
            "\n".join(row(p, language) for p in members),
            "\n\n",
        ]
    return "".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    for which in texts.LANGUAGES:
        (DOCS / texts.file_of("rules", which)).write_text(page(which), encoding="utf-8")
