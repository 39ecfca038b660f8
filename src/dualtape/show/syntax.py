"""What stands at a place of the program's source: the expression, what it is assigned to, the loops around it."""

from __future__ import annotations

import ast
import dis
import functools
import linecache
from types import CodeType
from typing import NamedTuple

from ..core.callsite import Site
from ..trust.trees import tree_of
from .loop_facts import REPEATING, Comprehension, Facts, For, Raw, facts_of
from .loop_facts import range_of as _range

_TEXT = 60
_NEXT = dis.opmap["FOR_ITER"]
_CACHE = dis.opmap["CACHE"]


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

    __slots__ = ("code", "loops", "nests", "positions", "spans", "texts")

    def __init__(self, code: CodeType) -> None:
        self.code = code  # so that its identity stays its own
        self.positions = tuple(code.co_positions())
        self.spans: dict[int, Span] = {}
        self.texts: dict[int, str | None] = {}
        self.loops: dict[int, tuple[Loop, ...]] = {}
        self.nests: dict[int, Nest] = {}


class Nest(NamedTuple):
    """The loops that an instruction is carried out in, outermost first.

    Attributes:
        loops: Themselves.
        condition: The one whose condition the instruction is a part of.
        repeating: Whether it may call others several times.
        stepping: Whether it asks for the next element that the innermost loop goes through.
    """

    loops: tuple[Loop, ...]
    condition: Loop | None
    repeating: bool
    stepping: bool


_codes: dict[int, _Code] = {}


def _known(code: CodeType) -> _Code:
    found = _codes.get(id(code))
    if found is None:
        if len(_codes) > 20_000:
            _codes.clear()
        found = _codes[id(code)] = _Code(code)
    return found


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
        self.nodes: dict[Loop, ast.AST] = {}
        self.repeating: set[Raw] = set()
        self.assigned: dict[Raw, str] = {}
        for node in () if tree is None else ast.walk(tree):
            if isinstance(node, (*For, ast.While)):
                last = node.body[-1].end_lineno or node.lineno
                self.loops.append(Loop(name, node.lineno, last, -1, -1))
                self.nodes[self.loops[-1]] = node
            elif isinstance(node, Comprehension):
                at = [n or 0 for n in _range(node)]
                self.loops.append(Loop(name, *at))
                self.nodes[self.loops[-1]] = node
            elif isinstance(node, ast.Call) and _called(node) in REPEATING:
                self.repeating.add(_range(node))
            target = None
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target, value = node.targets[0], node.value
            elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
                target, value = node.target, node.value
            elif isinstance(node, ast.AugAssign):
                self.assigned[_range(node)] = ast.unparse(node.target)
            if target is not None and isinstance(target, (ast.Name, ast.Attribute)):
                self.assigned[_range(value)] = ast.unparse(target)


def _called(node: ast.Call) -> str:
    """The last name of what is called."""
    f = node.func
    return f.id if isinstance(f, ast.Name) else f.attr if isinstance(f, ast.Attribute) else ""


@functools.lru_cache(256)
def _file(name: str) -> _File:
    return _File(name)


def forget() -> None:
    """Read all files anew next time: one may have changed."""
    _file.cache_clear()
    facts.cache_clear()
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


@functools.lru_cache(4096)
def facts(loop: Loop) -> Facts:
    """What the source says of a loop."""
    return facts_of(_file(loop.file).nodes[loop])


def nest_at(code: CodeType, instruction: int) -> Nest:
    """The loops that an instruction of a function is carried out in, again and again."""
    nests = _known(code).nests
    found = nests.get(instruction)
    if found is None:
        found = nests[instruction] = _nest_at(code, instruction)
    return found


def _nest_at(code: CodeType, instruction: int) -> Nest:
    at = raw_span(code, instruction)
    stepping = _opcode(code, instruction) == _NEXT if instruction >= 0 else False
    loops = [
        loop
        for loop in loops_at(code, instruction)
        if stepping or not (_within(at, facts(loop).once) or at == facts(loop).whole)
    ]
    asked = next((loop for loop in loops if _within(at, facts(loop).test)), None)
    return Nest(tuple(reversed(loops)), asked, at in _file(code.co_filename).repeating, stepping)


def _opcode(code: CodeType, instruction: int) -> int:
    """What an instruction does. CPython 3.12 calls a generator that a loop asks from the cache behind the instruction."""
    while instruction > 0 and code.co_code[instruction] == _CACHE:
        instruction -= 2
    return code.co_code[instruction]


def _within(at: Raw, around: Raw | None) -> bool:
    if around is None or None in at or None in around:
        return False
    line, end, column, end_column = at
    first, last, left, right = around
    return (first, left) <= (line, column) and (end, end_column) <= (last, right)


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
    at = _operand(site, number, count)
    return ast.unparse(at) if isinstance(at, (ast.Name, ast.Attribute)) else None


def is_number_at(site: Site, number: int, count: int) -> bool:
    """Whether a number stands as an operand of the operator at a place."""
    at = _operand(site, number, count)
    return isinstance(at.operand if isinstance(at, ast.UnaryOp) else at, ast.Constant)


def _operand(site: Site, number: int, count: int) -> ast.expr | None:
    code, instruction = site
    operands = _operands(code.co_filename).get(raw_span(code, instruction))
    return operands[number] if operands is not None and len(operands) == count else None
