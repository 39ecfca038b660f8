"""The program's source as the doctor reads it: scopes, what is assigned where, what names stand for.

`frames` finds the scope of a running frame; `slicing` follows values through scopes.
"""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .breaks import Break, dotted, last_name, opens_tape, switches_off
from .trees import FunctionNode, Place
from .verdict import Cause

MISSING: Any = object()
"""What a name stands for when that cannot be known."""

LINE_END = 1 << 30
"""A column behind every other: for a place of which only the line is known."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a scope: where a statement begins, the statements around it that may not run, and its tape.

    Attributes:
        line: The statement's line.
        blocks: The statements around it that may not run, outermost first.
        in_tape: Whether a tape is open.
        column: Where in the line it begins, in bytes; several statements may share a line.
    """

    line: int
    blocks: tuple[int, ...] = ()
    in_tape: bool = False
    column: int = 0

    @property
    def place(self) -> Place:
        """Line and column, in the order of the source."""
        return self.line, self.column


@dataclass(frozen=True, slots=True)
class Event:
    """A statement that gives names new values.

    Attributes:
        targets: Dotted names.
        values: The expressions that they get their values from.
        position: Where.
        plain: Whether the old value is gone: an assignment, not an update of a part.
        augmented: Whether it is `x += ...`.
        breaks: What the blocks around it break.
    """

    targets: tuple[str, ...]
    values: tuple[ast.expr, ...]
    position: Position
    plain: bool
    augmented: bool
    breaks: tuple[Break, ...]


@dataclass(slots=True)
class Binding:
    """What a parameter got: an expression of the calling scope."""

    scope: Scope
    value: ast.expr
    position: Position | None


@dataclass(slots=True)
class Scope:
    """The body of a function or module.

    Attributes:
        filename: Of the source.
        env: What its names stand for now, as far as that is known.
        parent: The module around a function; the cell before a notebook cell.
        bindings: What the parameters got, for a call that was followed.
        depth: How many calls were followed to get here.
    """

    filename: str
    env: tuple[Mapping[str, Any], ...]
    parent: Scope | None = None
    bindings: dict[str, Binding] = field(default_factory=dict)
    depth: int = 0
    events: list[Event] = field(default_factory=list)
    returns: list[tuple[ast.expr, Position, tuple[Break, ...]]] = field(default_factory=list)
    loops: set[int] = field(default_factory=set)
    tapes: list[int] = field(default_factory=list)
    statements: list[tuple[Place, Place, tuple[int, ...]]] = field(default_factory=list)

    def resolve(self, path: str) -> Any:
        """What a dotted name stands for; MISSING if that is not known."""
        root, *rest = path.split(".")
        for names in self.env:
            if root in names:
                found = names[root]
                break
        else:
            found = getattr(builtins, root, MISSING)
        for name in rest:
            if found is MISSING:
                return MISSING
            found = attribute(found, name)
        return found

    def position(self, place: Place) -> Position:
        """The innermost statement that a place is in; the place itself where it is in none."""
        inside = [
            s
            for s in self.statements
            if s[0] <= place <= (s[1][0], max(s[1][1], place[1] if place[1] == LINE_END else 0))
        ]
        (line, column), _, blocks = inside[-1] if inside else (place, place, ())
        return Position(line, blocks, column=column)

    def definitions(self, path: str, before: Position | None) -> list[Event]:
        """The events that may have given `path` the value it has at a place, the nearest first."""
        matching = [e for e in self.events if any(overlap(t, path) for t in e.targets)]
        if before is None:
            return matching[::-1]
        found = []
        for event in reversed(matching):
            where = event.position
            if where.place >= before.place:
                if self.loops.intersection(where.blocks) & set(before.blocks):
                    found.append(event)
                continue
            found.append(event)
            if event.plain and where.blocks == before.blocks[: len(where.blocks)]:
                break
        # Those behind in a loop come after those in front of the place.
        ahead = [e for e in found if e.position.place < before.place]
        behind = [e for e in found if e.position.place >= before.place]
        ahead.sort(key=lambda e: e.position.place, reverse=True)
        return ahead + sorted(behind, key=lambda e: e.position.place, reverse=True)


def overlap(target: str, path: str) -> bool:
    """Whether assigning to one of two dotted names changes the other."""
    return target == path or path.startswith(target + ".") or target.startswith(path + ".")


def attribute(thing: Any, name: str) -> Any:
    """An attribute, without running the user's properties; MISSING if there is none."""
    try:
        found = inspect.getattr_static(thing, name)
    except AttributeError:
        if not hasattr(type(thing), "__getattr__"):
            return MISSING
        try:  # modules keep their weights behind `__getattr__`
            return getattr(thing, name)
        except Exception:
            return MISSING
    if isinstance(found, (staticmethod, classmethod)):
        return found.__func__
    return MISSING if isinstance(found, property) else found


def filled_function(scope: Scope, node: FunctionNode) -> Scope:
    """Read the body of a function into its scope, and return the scope."""
    if isinstance(node, ast.Lambda):
        scope.returns.append((node.body, Position(node.lineno), ()))
        return scope
    off = [
        Break(Cause.NO_GRAD, scope.filename, d.lineno, ast.unparse(d), d.lineno)
        for d in node.decorator_list
        if switches_off(d)
    ]
    return filled(scope, node.body, tuple(off))


def filled(scope: Scope, body: list[ast.stmt], breaks: tuple[Break, ...] = ()) -> Scope:
    """Read statements into a scope, all of them inside what makes `breaks`, and return the scope."""
    _Reader(scope).block(body, (), breaks)
    return scope


class _Reader:
    """Walks the statements of one scope and notes what they assign."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.number = 0
        self.tapes_open = 0

    def block(
        self, body: list[ast.stmt], blocks: tuple[int, ...], breaks: tuple[Break, ...]
    ) -> None:
        """Read a list of statements inside `blocks`."""
        for statement in body:
            start = (statement.lineno, statement.col_offset)
            end = (statement.end_lineno or start[0], statement.end_col_offset or start[1])
            self.scope.statements.append((start, end, blocks))
            self.named(statement, blocks, breaks)
            self.statement(statement, blocks, breaks)

    def named(self, s: ast.stmt, blocks: tuple[int, ...], breaks: tuple[Break, ...]) -> None:
        """Note what the expressions of a statement name on their way, `(h := ...)`: just in front of it."""
        here = Position(s.lineno, blocks, self.tapes_open > 0, s.col_offset - 1)
        for part in ast.iter_child_nodes(s):
            if isinstance(part, ast.expr):
                for node in ast.walk(part):
                    if isinstance(node, ast.NamedExpr):
                        self.assign(node.target, node.value, here, breaks)

    def statement(self, s: ast.stmt, blocks: tuple[int, ...], breaks: tuple[Break, ...]) -> None:
        """Read one statement."""
        here = Position(s.lineno, blocks, self.tapes_open > 0, s.col_offset)
        match s:
            case ast.Assign():
                for target in s.targets:
                    self.assign(target, s.value, here, breaks)
            case ast.AnnAssign() if s.value is not None:
                self.assign(s.target, s.value, here, breaks)
            case ast.AugAssign():
                read = ast.copy_location(_loaded(s.target), s.target)
                self.note(s.target, (read, s.value), here, breaks, plain=False, augmented=True)
            case ast.Return() if s.value is not None:
                self.scope.returns.append((s.value, here, placed(breaks, s.lineno)))
            case ast.Expr(value=ast.Yield(value=ast.expr() as value)):
                self.scope.returns.append((value, here, placed(breaks, s.lineno)))
            case ast.Expr(value=ast.Call(func=ast.Attribute() as f) as call):
                # A method called for its effect: what it is given may become part of its object.
                values = (*call.args, *[k.value for k in call.keywords])
                if values:
                    self.note(
                        f.value, values, here, (*_effect(f, self.scope), *breaks), plain=False
                    )
            case ast.If():
                self.inner(s.body, blocks, breaks)
                self.inner(s.orelse, blocks, breaks)
            case ast.For() | ast.AsyncFor():
                number = self.new_block(loop=True)
                inside = Position(s.lineno, (*blocks, number), here.in_tape, s.col_offset)
                self.assign(s.target, s.iter, inside, breaks)
                self.block(s.body, (*blocks, number), breaks)
                self.inner(s.orelse, blocks, breaks)
            case ast.While():
                self.block(s.body, (*blocks, self.new_block(loop=True)), breaks)
                self.inner(s.orelse, blocks, breaks)
            case ast.Try() | ast.TryStar():
                self.block(s.body, blocks, breaks)
                for handler in s.handlers:
                    self.inner(handler.body, blocks, breaks)
                self.block(s.orelse, blocks, breaks)
                self.block(s.finalbody, blocks, breaks)
            case ast.With() | ast.AsyncWith():
                self.context(s, blocks, breaks)
            case ast.Match():
                for case in s.cases:
                    self.inner(case.body, blocks, breaks)
            case _:
                return

    def context(
        self, s: ast.With | ast.AsyncWith, blocks: tuple[int, ...], breaks: tuple[Break, ...]
    ) -> None:
        """Read a `with`, whose body always runs."""
        tapes = 0
        for item in s.items:
            if item.optional_vars is not None:
                here = Position(s.lineno, blocks, column=s.col_offset)
                self.assign(item.optional_vars, item.context_expr, here, breaks)
            if switches_off(item.context_expr):
                what = ast.unparse(item.context_expr)
                off = Break(Cause.NO_GRAD, self.scope.filename, s.lineno, what, s.lineno)
                breaks = (*breaks, off)
            elif last_name(getattr(item.context_expr, "func", s)) == "enable_grad":  # type: ignore[arg-type]
                breaks = tuple([b for b in breaks if b.cause is not Cause.NO_GRAD])
            if opens_tape(item.context_expr):
                self.scope.tapes.append(s.lineno)
                tapes += 1
        self.tapes_open += tapes
        self.block(s.body, blocks, breaks)
        self.tapes_open -= tapes

    def inner(
        self, body: list[ast.stmt], blocks: tuple[int, ...], breaks: tuple[Break, ...]
    ) -> None:
        """Read statements that may not run."""
        if body:
            self.block(body, (*blocks, self.new_block()), breaks)

    def new_block(self, loop: bool = False) -> int:
        """A number for a block."""
        self.number += 1
        if loop:
            self.scope.loops.add(self.number)
        return self.number

    def assign(
        self, target: ast.expr, value: ast.expr, here: Position, breaks: tuple[Break, ...]
    ) -> None:
        """Note `target = value`, part by part where both are tuples."""
        if isinstance(target, (ast.Tuple, ast.List)):
            parts: list[ast.expr] = [value] * len(target.elts)
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                parts = value.elts
            for t, v in zip(target.elts, parts, strict=True):
                self.assign(t, v, here, breaks)
            return
        plain = isinstance(target, (ast.Name, ast.Attribute))
        self.note(target, (value,), here, breaks, plain=plain)

    def note(
        self,
        target: ast.expr,
        values: tuple[ast.expr, ...],
        here: Position,
        breaks: tuple[Break, ...],
        *,
        plain: bool,
        augmented: bool = False,
    ) -> None:
        """Append an event, if the target has a name."""
        while isinstance(target, (ast.Subscript, ast.Starred)):
            target = target.value
        if isinstance(target, ast.Attribute) and target.attr == "data":
            target = target.value
        name = dotted(target)
        if name is not None:
            off = placed(breaks, here.line)
            self.scope.events.append(Event((name,), values, here, plain, augmented, off))


def placed(breaks: tuple[Break, ...], line: int) -> tuple[Break, ...]:
    """The breaks of the blocks around a statement, at the line of the statement."""
    return tuple([b._replace(line=line) if b.block is not None else b for b in breaks])


def _effect(method: ast.Attribute, scope: Scope) -> tuple[Break, ...]:
    if not method.attr.startswith("assign"):
        return ()
    return (Break(Cause.ASSIGNED, scope.filename, method.lineno, f".{method.attr}()"),)


def _loaded(target: ast.expr) -> ast.expr:
    """An assignment's target as an expression that is read."""
    if isinstance(target, ast.Name):
        return ast.Name(target.id, ast.Load())
    if isinstance(target, ast.Attribute):
        return ast.Attribute(target.value, target.attr, ast.Load())
    return target


def parameters(node: FunctionNode) -> Iterator[str]:
    """The names of a function's positional parameters."""
    for a in (*node.args.posonlyargs, *node.args.args):
        yield a.arg
