"""Write docs/primitives.md and primitives.zh.md: how many primitives there are, and how the transformations get through them.

Run it from anywhere: `python docs/make_primitives.py`, with the extras `compile` and `sci`. `tests/test_primitives_page.py` checks that
the pages are up to date. What is known of each primitive is on the page of docs/make_rules.py.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import texts

from dualtape.compiler.graph import Call, Graph
from dualtape.compiler.lowering import lower
from dualtape.core.aval import Aval
from dualtape.core.primitive import Primitive
from dualtape.ops.taylor import TABLE
from dualtape.testing.sample import Sample
from dualtape.testing.samples import every_primitive, every_sample

DOCS = Path(__file__).parent


@functools.cache
def samples() -> dict[str, list[Sample]]:
    """The samples of each primitive, by its name."""
    found: dict[str, list[Sample]] = defaultdict(list)
    for s in every_sample():
        found[s.primitive.name].append(s)
    return found


def primitives() -> dict[str, list[Primitive]]:
    """The primitives by the file that declares them."""
    found: dict[str, list[Primitive]] = defaultdict(list)
    # Some families are made in a loop and have no name of their own in their module: samples know them.
    known = {n: s[0].primitive for n, s in samples().items()} | every_primitive()
    for _, p in sorted(known.items()):
        found[home_of(p)].append(p)
    return dict(sorted(found.items()))


def home_of(p: Primitive) -> str:
    """The file of `ops` where a rule, the shape rule or the operation itself is written."""
    functions: list[Any] = [getattr(r, "rule", None) for r in (*p.vjps, *p.jvps)]
    for f in (*functions, p.eval, p.aval, p.batch):
        module = getattr(f, "__module__", "") or ""
        if module.startswith("dualtape.ops.") and module != "dualtape.ops.axes":
            return module.rsplit(".", 1)[1]
    return "others"


def direction(p: Primitive, rules: tuple[Any, ...], derived: bool) -> str:
    """How a mode gets through a primitive."""
    if p.kind == "constant" or not any(r is not None for r in (*p.vjps, p.joint_vjp)):
        return "-"
    if any(r == "missing" for r in rules):
        return "part"
    return "self" if derived else "rule"


def transforms(p: Primitive) -> list[str]:
    """A primitive's kind, and how reverse and forward mode, `vmap` and `jet` get through it."""
    reverse = direction(p, p.vjps, p.kind == "elementwise" and p.holomorphic)
    forward = direction(p, p.jvps, p.kind != "general")
    batch = "rule" if p.batch is not None else "aligned" if p.pointwise else "slices"
    if p.kind == "constant":
        jet = "-"
    elif p in TABLE:
        jet = "series"
    else:
        jet = "linear" if p.kind in ("linear", "multilinear") else "generic"
    return [p.kind, reverse, forward, batch, jet]


@functools.cache
def compiled(p: Primitive) -> str:
    """Whether the compiler makes machine code of a primitive for some sample, or has NumPy called."""
    for s in samples()[p.name]:
        operands = [np.asarray(v) for v in s.make("float32")]
        try:
            made = p.aval(*operands, **s.params)
        except (TypeError, ValueError):  # no single precision for it
            continue
        avals = list(made) if p.outputs != 1 else [made]
        n = len(operands)
        inputs, outputs = tuple(range(n)), tuple(range(n, n + len(avals)))
        given = [Aval(x.shape, x.dtype) for x in operands]
        graph = Graph([*given, *avals], inputs, {}, (Call(p, inputs, s.params, outputs),), outputs)
        if not lower(graph).callbacks:
            return "native"
    return "NumPy"


def listed(names: list[str], language: str) -> str:
    """Names as code words."""
    mark = ", " if language == "en" else "、"
    return mark.join([f"`{n}`" for n in sorted(names)]) or texts.NONE[language]


def row(title: str, group: list[Primitive]) -> str:
    """The line of a file."""
    found = [transforms(p) for p in group]
    jets = [sum(f[4] == kind for f in found) for kind in ("series", "linear", "generic")]
    cells = [
        title, len(group), sum(f[1] != "-" for f in found), sum(f[3] != "slices" for f in found), ", ".join(map(str, jets)),
        sum(compiled(p) == "native" for p in group),
    ]  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def page(language: str = "en") -> str:
    """The whole page."""
    groups = primitives()
    everything = [p for group in groups.values() for p in group]
    head = texts.PRIMITIVES[language].format(
        twin=texts.twin("primitives", language),
        count=len(everything),
        differentiable=sum(transforms(p)[1] != "-" for p in everything),
        slices=listed([p.name for p in everything if transforms(p)[3] == "slices"], language),
        parts=listed(
            [p.name for p in everything if "missing" in (*p.vjps, *p.jvps)], language
        ),
        called=listed([p.name for p in everything if compiled(p) == "NumPy"], language),
    )  # fmt: skip
    anchor = "rules" if language == "en" else "rules.zh"
    lines = [row(f"[{name}]({anchor}.md#{name})", group) for name, group in groups.items()]
    return head + "\n".join([*lines, row(f"**{texts.TOTAL[language]}**", everything)]) + "\n"


if __name__ == "__main__":
    for which in texts.LANGUAGES:
        (DOCS / texts.file_of("primitives", which)).write_text(page(which), encoding="utf-8")
