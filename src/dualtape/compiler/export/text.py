"""Statements of C as a tree, and their text: what nobody reads is left out, what is read once is written in place.

Expressions are templates: `%name` stands for a value, and becomes the value's C name or its own expression.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r"%[A-Za-z_][\w.]*")
LONGEST = 120
"""Characters up to which an expression is written into another."""


@dataclass(eq=False, slots=True)
class Assign:
    """A value that is computed once. `fresh`: it depends on memory, so that it cannot be moved past a write."""

    name: str
    type: str
    expression: str
    fresh: bool = False


@dataclass(eq=False, slots=True)
class Effect:
    """A statement that does something. With `target`, it changes that variable."""

    template: str
    target: str = ""


@dataclass(eq=False, slots=True)
class Loop:
    """A loop: index, bounds and step as templates, the variables that it carries with their types and first values."""

    index: str
    start: str
    end: str
    step: int
    carried: list[tuple[str, str, str]] = field(default_factory=list)
    body: list[Any] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Label:
    """Where a branch leads to."""

    name: str


@dataclass(eq=False, slots=True)
class Branch:
    """The end of a block: to the first label if the condition holds (or there is none), else to the second."""

    block: str
    condition: str
    targets: tuple[str, ...]


@dataclass(eq=False, slots=True)
class Phi:
    """A variable that has another value for each block that control comes from."""

    name: str
    type: str
    values: dict[str, str]


def c_name(token: str) -> str:
    """The C name of a value."""
    return token[1:].replace(".", "_")


def tokens(template: str) -> list[str]:
    """The values that a template reads."""
    return TOKEN.findall(template)


def flat(lines: list[Any]) -> list[Any]:
    """A block's statements, those written later in front of loops in their places."""
    out: list[Any] = []
    for s in lines:
        if isinstance(s, list):
            out += flat(s)
        elif isinstance(s, str):
            raise AssertionError(f"text that is no statement: {s}")
        else:
            if isinstance(s, Loop):
                s.body = flat(s.body)
            out.append(s)
    return out


def walk(block: list[Any]) -> Iterator[Any]:
    """All statements, a loop's before the loop."""
    for s in block:
        if isinstance(s, Loop):
            yield from walk(s.body)
        yield s


def _copies(phis: list[Phi], block: str) -> list[Any]:
    """The variables' values for control that comes from a block, all at once."""
    moves = [(p, p.values[block]) for p in phis if block in p.values and p.values[block] != p.name]
    changed = {p.name for p, _ in moves}
    if not any(t in changed for _, v in moves for t in tokens(v)):
        return [Effect(f"{p.name} = {v};", p.name) for p, v in moves]
    lines = [f"    {p.type} t{k} = {v};" for k, (p, v) in enumerate(moves)]
    lines += [f"    {p.name} = t{k};" for k, (p, _) in enumerate(moves)]
    return [Effect("\n".join(["{", *lines, "}"]))]


def jumps(block: list[Any]) -> list[Any]:
    """Branches as gotos, and what the blocks that they lead to expect of them in front."""
    used = {t for s in walk(block) if isinstance(s, Branch) for t in s.targets}
    if not used:
        return [s for s in block if not isinstance(s, Label)]
    phis: dict[str, list[Phi]] = {}
    here = ""
    for s in walk(block):
        if isinstance(s, Label):
            here = s.name
        elif isinstance(s, Phi):
            phis.setdefault(here, []).append(s)
    variables = [p for found in phis.values() for p in found]

    def turned(part: list[Any]) -> list[Any]:
        out: list[Any] = []
        for k, s in enumerate(part):
            if isinstance(s, Loop):
                s.body = turned(s.body)
            elif isinstance(s, Phi) or (isinstance(s, Label) and s.name not in used):
                continue
            elif isinstance(s, Branch):
                after = part[k + 1] if k + 1 < len(part) else None
                out += _branched(s, phis, after.name if isinstance(after, Label) else "")
                continue
            out.append(s)
        return out

    first = [
        Effect(f"{p.type}{'' if p.type.endswith('*') else ' '}{p.name} = 0;") for p in variables
    ]
    return [*first, *turned(block)]


def _branched(s: Branch, phis: dict[str, list[Phi]], after: str) -> list[Any]:
    """A branch; to the label that comes next anyway there is no goto."""
    ways = [_copies(phis.get(t, []), s.block) for t in s.targets]
    jumps = [[] if t == after else [Effect(f"goto {label(t)};")] for t in s.targets]
    if len(ways) == 1:
        return ways[0] + jumps[0]
    yes, no = [
        " ".join([e.template for e in (*way, *jump)]) for way, jump in zip(ways, jumps, strict=True)
    ]
    if not yes:
        return [Effect(f"if (!({s.condition})) {{ {no} }}")]
    return [Effect(f"if ({s.condition}) {{ {yes} }}" + (f" else {{ {no} }}" if no else ""))]


def label(name: str) -> str:
    """A label in C."""
    return "at_" + re.sub(r"\W", "_", name)


class Printer:
    """Writes a function's body."""

    def __init__(self, lines: list[Any]) -> None:
        self.block = jumps(flat(lines))
        gotos = [s.template for s in walk(self.block) if isinstance(s, Effect)]
        self.reached = set(re.findall(r"goto (at_\w+);", "\n".join(gotos)))
        self.made = {s.name: s for s in walk(self.block) if isinstance(s, Assign)}
        self.live = self._live()
        self.uses: Counter[str] = Counter()
        for s in walk(self.block):
            self.uses.update(self._read(s))
        self.outer: dict[
            str, str
        ] = {}  # values that are read outside of the block they are made in
        self._visible(self.block, set())

    def text(self, depth: int = 1) -> str:
        """The body."""
        by_type: dict[str, list[str]] = {}
        for name, kind in self.outer.items():
            by_type.setdefault(kind, []).append(c_name(name))
        head = [f"{'    ' * depth}{kind} {', '.join(names)};" for kind, names in by_type.items()]
        return "\n".join([*head, *self._lines(self.block, depth)])

    # What is needed

    def _live(self) -> set[str]:
        live: set[str] = set()
        todo: list[str] = []
        for s in walk(self.block):
            if isinstance(s, Effect):
                todo += tokens(s.template)
            elif isinstance(s, Loop):
                todo += tokens(s.start) + tokens(s.end)
                for _, _, first in s.carried:
                    todo += tokens(first)
        while todo:
            name = todo.pop()
            if name not in live:
                live.add(name)
                if name in self.made:
                    todo += tokens(self.made[name].expression)
        return live

    def _read(self, s: Any) -> list[str]:
        if isinstance(s, Assign):
            return tokens(s.expression) if s.name in self.live else []
        if isinstance(s, Effect):
            return tokens(s.template)
        if isinstance(s, Label):
            return []
        out = tokens(s.start) + tokens(s.end)
        for _, _, first in s.carried:
            out += tokens(first)
        return out

    def _visible(self, block: list[Any], known: set[str]) -> None:
        """Find the values that are read where a declaration in their own block would not be seen."""
        known = set(known)
        for s in block:
            for t in self._read(s):
                if t in self.made and t not in known:
                    self.outer[t] = self.made[t].type
            if isinstance(s, Assign):
                known.add(s.name)
            elif isinstance(s, Loop):
                self._visible(s.body, known)

    # Text

    def _lines(self, block: list[Any], depth: int) -> list[str]:
        out: list[str] = []
        pad = "    " * depth
        here = Counter(t for s in block for t in self._read(s))
        waiting: dict[str, Assign] = {}

        def write(s: Assign) -> None:
            """Declare a value; all that it reads is known by name or is written into it."""
            text = put(s.expression)
            name = c_name(s.name)
            out.append(
                f"{pad}{name} = {text};"
                if s.name in self.outer
                else f"{pad}const {s.type} {name} = {text};"
            )

        def settle(names: list[str]) -> None:
            for name in names:
                if name in waiting:
                    write(waiting.pop(name))

        def put(template: str) -> str:
            def one(match: re.Match[str]) -> str:
                s = waiting.pop(match.group(), None)
                if s is None:
                    return c_name(match.group())
                inside = put(s.expression)
                return inside if _atomic(inside) else f"({inside})"

            return TOKEN.sub(one, template)

        def size(template: str) -> int:
            return len(template) + sum(
                size(waiting[t].expression) for t in tokens(template) if t in waiting
            )

        def reads_fresh(s: Assign) -> bool:
            return s.fresh or any(
                reads_fresh(waiting[t]) for t in tokens(s.expression) if t in waiting
            )

        def mentions(s: Assign, name: str) -> bool:
            return any(
                t == name or (t in waiting and mentions(waiting[t], name))
                for t in tokens(s.expression)
            )

        def barrier(consumed: str, target: str = "") -> None:
            """Write what must not be moved past a statement, unless that reads it itself."""
            own: set[str] = set()
            todo = tokens(consumed)
            while todo:
                t = todo.pop()
                if t in waiting and t not in own:
                    own.add(t)
                    todo += tokens(waiting[t].expression)
            late = [
                n for n, s in waiting.items()
                if n not in own and (mentions(s, target) if target else reads_fresh(s))
            ]  # fmt: skip
            settle(late)

        for s in block:
            if isinstance(s, Assign):
                if s.name not in self.live:
                    continue
                if size(s.expression) > LONGEST:
                    settle(
                        [
                            t
                            for t in tokens(s.expression)
                            if t in waiting and len(waiting[t].expression) > 8
                        ]
                    )
                if self.uses[s.name] == 1 == here[s.name] and s.name not in self.outer:
                    waiting[s.name] = s
                else:
                    write(s)
            elif isinstance(s, Label):
                settle(list(waiting))
                if label(s.name) in self.reached:
                    out.append(f"{label(s.name)}:;")
            elif isinstance(s, Effect):
                if "goto at_" in s.template:
                    settle([n for n in waiting if n not in tokens(s.template)])
                barrier(s.template, s.target)
                if size(s.template) > 2 * LONGEST:
                    settle([t for t in tokens(s.template) if t in waiting])
                out.append(pad + _bare(put(s.template)).replace("\n", f"\n{pad}"))
            else:
                settle(list(waiting))
                for name, kind, first in s.carried:
                    out.append(f"{pad}{kind} {c_name(name)} = {put(first)};")
                i, step = (
                    c_name(s.index),
                    f"++{c_name(s.index)}" if s.step == 1 else f"{c_name(s.index)} += {s.step}",
                )
                out.append(
                    f"{pad}for (int64_t {i} = {put(s.start)}; {i} < {put(s.end)}; {step}) {{"
                )
                out += self._lines(s.body, depth + 1)
                out.append(f"{pad}}}")
        settle(list(waiting))
        return out


def _bare(statement: str) -> str:
    """An assignment without parentheses around all that is assigned."""
    left, equals, right = statement.partition(" = ")
    if (
        equals
        and "\n" not in statement
        and right.startswith("(")
        and right.endswith(");")
        and _wrapped(right[:-1])
    ):
        return f"{left} = {right[1:-2]};"
    return statement


def _atomic(text: str) -> bool:
    """Whether an expression needs no parentheses inside another: a name, a number, a call, an element."""
    if re.fullmatch(r"[\w.]+", text):
        return True
    if not re.match(r"[\w]*[(\[]", text) or text[-1] not in ")]":
        return False
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if not depth and c in ")]" and i < len(text) - 1 and text[i + 1] not in "[":
            return False
    return not text.startswith("(") or text[-1] == "]" or _wrapped(text)


def _wrapped(text: str) -> bool:
    """Whether the first parenthesis closes at the end."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if not depth:
            return i == len(text) - 1
    return False
