"""What stands at a place of the program's source: the expression, what it is assigned to, the loops around it."""

from __future__ import annotations

import ast
import functools
import linecache
from types import CodeType
from typing import NamedTuple

from ..core.callsite import Site
from ..trust.source import tree_of

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_TEXT = 60


class Span(NamedTuple):
    """A range of a source: lines from 1; columns from 0, in characters; -1 where only the line is known."""

    file: str
    line: int
    end_line: int
    column: int
    end_column: int


class Loop(NamedTuple):
    """A loop of a source, by its lines; of a comprehension the columns too (in bytes), since it shares its line."""

    file: str
    first: int
    last: int
    column: int
    end_column: int


class _Code:
    """What is known of a code object. To hash one costs as much as its length, so it is found by its identity."""

    __slots__ = ("code", "loops", "positions", "spans", "texts")

    def __init__(self, code: CodeType) -> None:
        self.code = code  # so that its identity stays its own
        self.positions = tuple(code.co_positions())
        self.spans: dict[int, Span] = {}
        self.texts: dict[int, str | None] = {}
        self.loops: dict[int, tuple[Loop, ...]] = {}


_codes: dict[int, _Code] = {}


def _known(code: CodeType) -> _Code:
    found = _codes.get(id(code))
    if found is None:
        if len(_codes) > 20_000:
            _codes.clear()
        found = _codes[id(code)] = _Code(code)
    return found


Raw = tuple[int | None, int | None, int | None, int | None]


def raw_span(code: CodeType, instruction: int) -> Raw:
    """(first line, last line, first column, last column) of an instruction; columns in bytes."""
    positions = _known(code).positions
    at = instruction // 2
    if 0 <= at < len(positions):
        return positions[at]
    return (code.co_firstlineno, None, None, None)


def span(site: Site) -> Span:
    """Where a call site stands."""
    code, instruction = site
    spans = _known(code).spans
    found = spans.get(instruction)
    if found is None:
        found = spans[instruction] = _span(code, instruction)
    return found


def _span(code: CodeType, instruction: int) -> Span:
    line, end, column, end_column = raw_span(code, instruction)
    file = code.co_filename
    if line is None:
        return Span(file, code.co_firstlineno, code.co_firstlineno, -1, -1)
    if end is None or column is None or end_column is None:
        return Span(file, line, end or line, -1, -1)
    return Span(
        file,
        line,
        end,
        characters(linecache.getline(file, line), column),
        characters(linecache.getline(file, end), end_column),
    )


def characters(line: str, offset: int) -> int:
    """A column in bytes of UTF-8 as one in characters."""
    return offset if line.isascii() else len(line.encode()[:offset].decode(errors="ignore"))


class _File:
    """The expressions of a file by where they are."""

    def __init__(self, name: str) -> None:
        tree = tree_of(name)
        self.loops: list[Loop] = []
        self.assigned: dict[Raw, str] = {}
        for node in () if tree is None else ast.walk(tree):
            if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
                last = node.body[-1].end_lineno or node.lineno
                self.loops.append(Loop(name, node.lineno, last, -1, -1))
            elif isinstance(node, _COMPREHENSIONS):
                at = [n or 0 for n in _range(node)]
                self.loops.append(Loop(name, *at))
            target = None
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target, value = node.targets[0], node.value
            elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
                target, value = node.target, node.value
            elif isinstance(node, ast.AugAssign):
                self.assigned[_range(node)] = ast.unparse(node.target)
            if target is not None and isinstance(target, (ast.Name, ast.Attribute)):
                self.assigned[_range(value)] = ast.unparse(target)


def _range(node: ast.AST) -> Raw:
    return (
        getattr(node, "lineno", None),
        getattr(node, "end_lineno", None),
        getattr(node, "col_offset", None),
        getattr(node, "end_col_offset", None),
    )


@functools.lru_cache(256)
def _file(name: str) -> _File:
    return _File(name)


def forget() -> None:
    """Read all files anew next time: one may have changed."""
    _file.cache_clear()
    _operands.cache_clear()
    _codes.clear()


def assigned_to(site: Site) -> str | None:
    """The variable that the value of the expression at a place is assigned to, None if it is not, or not alone."""
    code, instruction = site
    return _file(code.co_filename).assigned.get(raw_span(code, instruction))


def loops_at(code: CodeType, instruction: int) -> tuple[Loop, ...]:
    """The loops of the function `code` around one of its instructions, innermost first."""
    known = _known(code).loops
    found = known.get(instruction)
    if found is None:
        found = known[instruction] = _loops_at(code, raw_span(code, instruction))
    return found


def _loops_at(code: CodeType, at: Raw) -> tuple[Loop, ...]:
    line, end, column, end_column = at
    if line is None:
        return ()
    module = code.co_name == "<module>"
    found = []
    for loop in _file(code.co_filename).loops:
        if not (loop.first <= line <= loop.last and (module or loop.first >= code.co_firstlineno)):
            continue
        if loop.column >= 0 and (
            column is None
            or end_column is None
            or (line, column) < (loop.first, loop.column)
            or (end or line, end_column) > (loop.last, loop.end_column)
            or (line, end, column, end_column)
            == (loop.first, loop.last, loop.column, loop.end_column)
        ):
            continue
        found.append(loop)
    return tuple(
        sorted(found, key=lambda loop: (loop.last - loop.first, loop.end_column - loop.column))
    )


def text_at(site: Site) -> str | None:
    """The expression at a place, on one line; None if it is long or there is no source."""
    code, instruction = site
    texts = _known(code).texts
    if instruction not in texts:
        texts[instruction] = _text(span(site))
    return texts[instruction]


def _text(at: Span) -> str | None:
    if at.column < 0:
        return None
    lines = linecache.getlines(at.file)[at.line - 1 : at.end_line]
    if not lines:
        return None
    lines[-1] = lines[-1][: at.end_column]
    lines[0] = lines[0][at.column :]
    text = " ".join([line.strip() for line in lines])
    return text if len(text) <= _TEXT else None


@functools.lru_cache(256)
def _operands(name: str) -> dict[Raw, tuple[ast.expr, ...]]:
    tree = tree_of(name)
    found: dict[Raw, tuple[ast.expr, ...]] = {}
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.BinOp):
            found[_range(node)] = (node.left, node.right)
        elif isinstance(node, ast.AugAssign):
            found[_range(node)] = (node.target, node.value)
        elif isinstance(node, ast.Compare) and len(node.comparators) == 1:
            found[_range(node)] = (node.left, node.comparators[0])
    return found


def operand_at(site: Site, number: int, count: int) -> str | None:
    """The variable that stands as an operand of the operator at a place; None if it is an expression, or no operator."""
    code, instruction = site
    operands = _operands(code.co_filename).get(raw_span(code, instruction))
    if operands is None or len(operands) != count:
        return None
    at = operands[number]
    return ast.unparse(at) if isinstance(at, (ast.Name, ast.Attribute)) else None
