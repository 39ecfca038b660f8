"""`return`, `break` and `continue` taken out of the middle of loops and conditions.

What follows an `if` of which one branch jumps moves into the other branch; then each path ends where its jump
was, and a `break` is an assignment to a flag that the loop's test asks for. Where a branch jumps only sometimes, what
follows is written out twice.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from typing import Any

from .names import LOOPS, SCOPES, Unconvertible

JUMPS = (ast.Break, ast.Continue)
MOST_COPIES = 4000


def contains(nodes: Sequence[ast.AST], kinds: Any, through_loops: bool) -> bool:
    """Whether there is such a statement in this scope (and, unless asked for, in this loop)."""
    for n in nodes:
        if isinstance(n, kinds):
            return True
        if isinstance(n, SCOPES) or (isinstance(n, LOOPS) and not through_loops):
            continue
        if contains(list(ast.iter_child_nodes(n)), kinds, through_loops):
            return True
    return False


def ends(block: Sequence[ast.stmt], kinds: Any) -> bool:
    """Whether a block always ends in such a jump (or raises)."""
    if not block:
        return False
    last = block[-1]
    if isinstance(last, (*kinds, ast.Raise)):
        return True
    if isinstance(last, ast.If):
        return ends(last.body, kinds) and ends(last.orelse, kinds)
    return isinstance(last, ast.With) and ends(last.body, kinds)


def located(node: Any, like: ast.AST) -> Any:
    """A new node where another one is in the source."""
    for inner in ast.walk(node):
        if not hasattr(inner, "lineno"):
            ast.copy_location(inner, like)
    return node


def assign(name: str, value: Any, like: ast.AST) -> ast.stmt:
    """`name = value`."""
    if not isinstance(value, ast.AST):
        value = ast.Constant(value)
    made: ast.stmt = located(ast.Assign([ast.Name(name, ast.Store())], value), like)
    return made


class Lowering:
    """Rewrites one function's statements."""

    def __init__(self) -> None:
        self.count = 0
        self.size = 0

    def body(self, block: list[ast.stmt]) -> list[ast.stmt]:
        """The statements of a function."""
        block = self.loops(block)
        if any(
            isinstance(s, (ast.If, ast.With, ast.Try)) and contains([s], ast.Return, True)
            for s in block
        ):
            return self.paths(block, (ast.Return,), lambda s: [s], True)
        return block

    def loops(self, block: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements with all loops in them rewritten."""
        out: list[ast.stmt] = []
        for s in block:
            if isinstance(s, SCOPES):
                out.append(s)
                continue
            for name in ("body", "orelse", "finalbody"):
                if isinstance(getattr(s, name, None), list):
                    setattr(s, name, self.loops(getattr(s, name)))
            for handler in getattr(s, "handlers", ()):
                handler.body = self.loops(handler.body)
            for case in getattr(s, "cases", ()):
                case.body = self.loops(case.body)
            out += self.loop(s) if isinstance(s, LOOPS) else [s]
        return out

    def loop(self, s: Any) -> list[ast.stmt]:
        """One loop, whose inner ones are done."""
        if s.orelse:
            if contains(s.body, (ast.Return, *JUMPS), False):
                raise Unconvertible("a loop with an else clause")
            rest, s.orelse = s.orelse, []  # without a `break` it always runs
            return [*self.loop(s), *rest]
        self.count += 1
        before: list[ast.stmt] = []
        after: list[ast.stmt] = []
        if contains(s.body, ast.Return, False):
            flag, value = f"ag__returned_{self.count}", f"ag__result_{self.count}"
            before += [assign(flag, False, s), assign(value, None, s)]
            leave = ast.Return(ast.Name(value, ast.Load()))
            after.append(located(ast.If(ast.Name(flag, ast.Load()), [leave], []), s))
            s.body = _Returns(flag, value).block(s.body)
        s.broken = None
        if contains(s.body, JUMPS, False):
            if contains(s.body, ast.Break, False):
                s.broken = f"ag__broken_{self.count}"
                before.append(assign(s.broken, False, s))
            s.body = self.paths(s.body, JUMPS, lambda j: self.jump(j, s.broken), False)
        return [*before, s, *after]

    @staticmethod
    def jump(node: ast.stmt, flag: str | None) -> list[ast.stmt]:
        """What stands for a jump."""
        if isinstance(node, ast.Break):
            assert flag is not None
            return [assign(flag, True, node)]
        return []

    def paths(
        self, block: Sequence[ast.stmt], kinds: Any, jump: Callable[[ast.stmt], list[ast.stmt]], function: bool
    ) -> list[ast.stmt]:  # fmt: skip
        """A block after which the function, or the step, is over."""
        out: list[ast.stmt] = []
        for i, s in enumerate(block):
            self.size += 1
            if self.size > MOST_COPIES:
                raise Unconvertible("too many conditional jumps")
            if isinstance(s, kinds):
                return [*out, *jump(s)] or [located(ast.Pass(), s)]
            if isinstance(s, ast.Raise):
                return [*out, s]
            if isinstance(s, (ast.If, ast.With, ast.Try)) and contains([s], kinds, function):
                rest = list(block[i + 1 :])
                if isinstance(s, ast.With) and ends(s.body, kinds):
                    s.body = self.paths(s.body, kinds, jump, function)
                    return [*out, s]
                if not isinstance(s, ast.If):
                    raise Unconvertible("a jump out of `try` or `with`")
                parts = []
                for part in (s.body, s.orelse):
                    over = ends(part, kinds)
                    parts.append(
                        self.paths(
                            part if over else [*part, *copy.deepcopy(rest)], kinds, jump, function
                        )
                    )
                made: Any = ast.copy_location(ast.If(s.test, *parts), s)
                made.returns = function
                return [*out, made]
            out.append(s)
        if function:
            like = block[-1] if block else ast.Pass(lineno=1, col_offset=0)
            out.append(located(ast.Return(ast.Constant(None)), like))
        return out or [ast.Pass(lineno=1, col_offset=0)]


class Blocks(ast.NodeTransformer):
    """Rewrites statements, each into one or several."""

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The statements of a block, rewritten."""
        out: list[ast.stmt] = []
        for s in body:
            found = self.visit(s)
            out += found if isinstance(found, list) else [found]
        return out


class _Returns(Blocks):
    """`return x` in a loop's body as an assignment and a `break`."""

    def __init__(self, flag: str, value: str) -> None:
        self.flag, self.value = flag, value

    def visit_Return(self, node: ast.Return) -> Any:
        return [
            assign(self.value, node.value or ast.Constant(None), node),
            assign(self.flag, True, node),
            located(ast.Break(), node),
        ]

    def visit_scope(self, node: Any) -> Any:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_scope
