"""Which names a piece of a program reads and writes, and which are alive at a place."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LOOPS = (ast.While, ast.For)


class Unconvertible(Exception):
    """The function does what the conversion has no form for; it runs as it is."""


class _Writes(ast.NodeVisitor):
    """Names that are assigned in this scope, in order."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.found[node.id] = None

    def visit_scope(self, node: Any) -> None:
        self.found[node.name] = None

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_scope

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its names are its own."""

    def visit_comprehension_scope(self, node: Any) -> None:
        """Its targets are its own; `:=` in it writes outside."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                self.visit(inner.target)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_comprehension_scope

    def visit_alias(self, node: ast.alias) -> None:
        self.found[(node.asname or node.name).partition(".")[0]] = None

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.found[node.name] = None
        self.generic_visit(node)


def written(nodes: Iterable[ast.AST]) -> list[str]:
    """The names that statements assign, in the order of their first assignment."""
    visitor = _Writes()
    for n in nodes:
        visitor.visit(n)
    return list(visitor.found)


def read(node: ast.AST | None) -> set[str]:
    """All names that are read somewhere in a piece, nested functions included."""
    if node is None:
        return set()
    return {
        n.id
        for n in ast.walk(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, (ast.Load, ast.Del))
    }


def declared(body: Sequence[ast.stmt], kind: type[ast.Global] | type[ast.Nonlocal]) -> set[str]:
    """The names that statements declare global or nonlocal, in this scope."""
    found: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, kind):
            found.update(node.names)
        if not isinstance(node, SCOPES):
            stack.extend(ast.iter_child_nodes(node))
    return found


class Liveness:
    """Marks every `if` and loop with the names alive after it (`live_out`), and loops with those at their head.

    A name is alive where its value may still be read. What nested functions read is alive everywhere.
    """

    def __init__(self, body: Sequence[ast.stmt], always: set[str]) -> None:
        self.always = set(always)
        for node in body:
            for inner in ast.walk(node):
                if isinstance(inner, (*SCOPES, *COMPREHENSIONS)):
                    self.always |= read(inner)
        self.block(body, set(self.always))

    def block(self, body: Sequence[ast.stmt], out: set[str]) -> set[str]:
        """Names alive before a block, given those after it."""
        for node in reversed(body):
            out = self.statement(node, out)
        return out

    def statement(self, node: Any, out: set[str]) -> set[str]:
        """Names alive before a statement."""
        if isinstance(node, ast.If):
            node.live_out = out  # type: ignore[attr-defined]
            return read(node.test) | self.block(node.body, out) | self.block(node.orelse, out)
        if isinstance(node, LOOPS):
            test = read(node.test if isinstance(node, ast.While) else node.iter)
            if getattr(node, "broken", None):
                test = test | {node.broken}  # type: ignore[union-attr]
            after = self.block(node.orelse, out)
            head = after | test
            target = set() if isinstance(node, ast.While) else set(written([node.target]))
            while True:
                wider = head | (self.block(node.body, head) - target)
                if wider == head:
                    break
                head = wider
            node.live_out, node.live_head = after, head  # type: ignore[union-attr]
            return head | test
        if isinstance(node, (ast.Return, ast.Raise)):
            return read(node) | self.always
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            plain = {t.id for t in targets if isinstance(t, ast.Name)}
            for t in targets:
                if isinstance(t, (ast.Tuple, ast.List)):
                    plain |= {x.id for x in t.elts if isinstance(x, ast.Name)}
            return (out - plain) | read(node) | self.always
        if isinstance(node, ast.With):
            inner = self.block(node.body, out)
            for item in reversed(node.items):
                if item.optional_vars is not None:
                    inner -= set(written([item.optional_vars]))
                inner = inner | read(item.context_expr)
            return inner | self.always
        if isinstance(node, ast.Try) or hasattr(node, "body"):
            inner = out | read(node)
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.stmt):
                    inner |= self.statement(part, inner)
                elif isinstance(part, ast.ExceptHandler):
                    inner |= self.block(part.body, inner)
            return inner
        if isinstance(node, ast.AugAssign):
            return out | read(node) | set(written([node.target]))
        return out | read(node)
