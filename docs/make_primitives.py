"""Write docs/primitives.md: every primitive and what each transformation does with it.

Run it from anywhere: `python docs/make_primitives.py`. `tests/test_primitives_page.py` checks that the page is up to date.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from dualtape.core.primitive import Primitive
from dualtape.ops.taylor import TABLE
from dualtape.testing.samples import every_primitive, every_sample

PAGE = Path(__file__).parent / "primitives.md"

HEAD = """# Primitives and transformations

<!-- Written by docs/make_primitives.py; a test checks that it is up to date. -->

Every operation that the engine knows, by the file of `dualtape/ops` that declares it, and how each transformation gets
through it. All of it is checked by machine on samples of each primitive: the two modes against each other and against
differences, second order, `vmap` against a loop, the shape rule against the result.

- **kind**: how the rules follow from one another (`core/kinds.py`). A *constant* has no derivative: comparisons, roundings to
  integers, indices.
- **reverse**, **forward**: a *rule* of its own; *self*: the operation itself, or its derivative's expression, serves; *part*: some
  operands have no rule yet, and asking for them raises `MissingRuleError`; a dash: no derivative.
- **vmap**: a *rule*; *aligned*: batch axes are lined up and the operation runs once; *slices*: example by example, with one warning.
- **jet**: a *series* rule of its own; *linear*: term by term; *generic*: by its
  pushforward on series, right and slower.

"""


def primitives() -> dict[str, list[Primitive]]:
    """The primitives by the file that declares them."""
    found: dict[str, list[Primitive]] = defaultdict(list)
    # Some families are made in a loop and have no name of their own in their module: samples know them.
    known = {s.primitive.name: s.primitive for s in every_sample()} | every_primitive()
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


def row(p: Primitive) -> str:
    """A primitive's line of the table."""
    reverse = direction(p, p.vjps, p.kind == "elementwise" and p.holomorphic)
    forward = direction(p, p.jvps, p.kind != "general")
    batch = "rule" if p.batch is not None else "aligned" if p.pointwise else "slices"
    if p.kind == "constant":
        jet = "-"
    elif p in TABLE:
        jet = "series"
    else:
        jet = "linear" if p.kind in ("linear", "multilinear") else "generic"
    return f"| `{p.name}` | {p.kind} | {reverse} | {forward} | {batch} | {jet} |"


def page() -> str:
    """The whole page."""
    groups = primitives()
    everything = [p for group in groups.values() for p in group]
    slices = sorted(p.name for p in everything if p.batch is None and not p.pointwise)
    parts = sorted(p.name for p in everything if "missing" in (*p.vjps, *p.jvps))
    summary = [
        f"{len(everything)} primitives. By slices under `vmap`: {', '.join(f'`{n}`' for n in slices) or 'none'}. With derivatives not "
        f"written for some operand: {', '.join(f'`{n}`' for n in parts) or 'none'}.",
        "",
    ]
    lines = []
    for name, group in groups.items():
        lines += [
            f"## {name}", "", "| primitive | kind | reverse | forward | vmap | jet |", "|---|---|---|---|---|---|",
            *[row(p) for p in group], "",
        ]  # fmt: skip
    return HEAD + "\n".join([*summary, *lines])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
