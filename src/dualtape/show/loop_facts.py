"""What a loop's source says of it: what it is called, which variables change from one iteration to the next, what runs only once."""

from __future__ import annotations

import ast
from typing import NamedTuple

Raw = tuple[int | None, int | None, int | None, int | None]
"""(first line, last line, first column, last column) of an expression; columns in bytes."""

For = (ast.For, ast.AsyncFor)
Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Loops = (*For, ast.While, *Comprehension)
_Scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)

_TEXT = 44

REPEATING = frozenset(
    [
        "sum",
        "max",
        "min",
        "sorted",
        "sort",
        "map",
        "filter",
        "reduce",
        "accumulate",
        "list",
        "tuple",
        "set",
        "dict",
        "any",
        "all",
        "extend",
        "update",
        "join",
        "starmap",
        "deque",
    ]
)
"""What calls others several times itself, from one place of the program."""


class Facts(NamedTuple):
    """What is known of a loop.

    Attributes:
        text: Its head: "for t in range(100)".
        targets: The variables that each iteration gets anew, and that nothing else writes to.
        watched: Those, and others that it writes to outside of the loops in it: they do not change while such a loop runs.
        once: Where the expression that it goes through stands, which runs before it.
        test: Where its condition stands.
        whole: Where it stands itself: Python 3.11 says so of what begins it.
    """

    text: str
    targets: tuple[str, ...]
    watched: tuple[str, ...]
    once: Raw | None
    test: Raw | None
    whole: Raw


def range_of(node: ast.AST) -> Raw:
    """Where a part of a source stands."""
    return (
        getattr(node, "lineno", None),
        getattr(node, "end_lineno", None),
        getattr(node, "col_offset", None),
        getattr(node, "end_col_offset", None),
    )


def facts_of(node: ast.AST) -> Facts:
    """What is known of a loop."""
    if isinstance(node, ast.While):
        own, inner = _written(node.body)
        return Facts(_short(f"while {ast.unparse(node.test)}"), (), tuple(own - inner), None, range_of(node.test), range_of(node))  # fmt: skip
    if isinstance(node, For):
        own, inner = _written(node.body)
        targets = _names(node.target)
        head = _head(node)
        kept = tuple(n for n in targets if n not in own | inner)
        watched = dict.fromkeys([*kept, *(own | set(targets)) - inner])
        return Facts(_short(head), kept, tuple(watched), range_of(node.iter), None, range_of(node))
    assert isinstance(node, Comprehension)
    first = node.generators[0]
    head = " ".join(
        f"for {ast.unparse(g.target)} in {ast.unparse(g.iter)}" for g in node.generators
    )
    targets = [n for g in node.generators for n in _names(g.target)]
    return Facts(_short(head), tuple(targets), tuple(targets), range_of(first.iter), None, range_of(node))  # fmt: skip


def _head(loop: ast.For | ast.AsyncFor | ast.comprehension) -> str:
    target = ast.unparse(loop.target)
    if isinstance(loop.target, ast.Tuple):
        target = target[1:-1]  # without the parentheses that nobody writes
    return f"for {target} in {ast.unparse(loop.iter)}"


def _names(target: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]


def _written(body: list[ast.stmt]) -> tuple[set[str], set[str]]:
    """The names that statements write to: outside of loops among them, and within."""
    own: set[str] = set()
    inner: set[str] = set()
    stack: list[tuple[ast.AST, bool]] = [(s, False) for s in body]
    while stack:
        node, deep = stack.pop()
        if isinstance(node, _Scopes):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            (inner if deep else own).add(node.id)
        deep = deep or isinstance(node, Loops)
        stack += [(child, deep) for child in ast.iter_child_nodes(node)]
    return own, inner


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"
