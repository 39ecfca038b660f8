"""Syntax trees of source files, and which definition in them a code object was compiled from."""

from __future__ import annotations

import ast
import functools
import linecache
from types import CodeType

Place = tuple[int, int]
"""A line, and a column in bytes, as the syntax tree and code objects count them."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:  # an IPython cell with magic commands
        return None


def tree_of(filename: str) -> ast.Module | None:
    """The syntax tree of a source file or notebook cell; None where there is none."""
    text = "".join(linecache.getlines(filename))
    return _parsed(text) if text else None


def function_node(tree: ast.Module, code: CodeType) -> FunctionNode | None:
    """The definition that a code object was compiled from."""
    if code.co_name == "<lambda>":
        return lambda_of(tree, code)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == code.co_name:
            first = min([node.lineno, *[d.lineno for d in node.decorator_list]])
            if first == code.co_firstlineno:
                return node
    return None


def lambda_of(tree: ast.Module, code: CodeType) -> ast.Lambda | None:
    """The lambda that a code object was compiled from, of several in a line the one whose columns it has.

    None where there is none, or it is not clear which one it is.
    """
    names = code.co_varnames[: code.co_argcount]
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno == code.co_firstlineno
        and tuple([a.arg for a in (*node.args.posonlyargs, *node.args.args)]) == names
    ]
    told = [
        ((line, column), (last or line, end))
        for line, last, column, end in code.co_positions()
        if line is not None and column is not None and end is not None
    ]
    if not told:  # `-X no_debug_ranges`
        return found[0] if len(found) == 1 else None
    places = [(begin, end) for begin, end in told if begin != end]
    if places:
        found = [n for n in found if _surrounds(n.body, places)]
    else:  # Python 3.12 has no columns for what returns a constant
        constants = [repr(c) for c in code.co_consts]
        found = [
            n for n in found if isinstance(n.body, ast.Constant) and repr(n.body.value) in constants
        ]
    # Of lambdas inside one another, the innermost that has all of the code.
    return max(found, key=lambda n: (n.body.lineno, n.body.col_offset), default=None)


def _surrounds(x: ast.expr, places: list[tuple[Place, Place]]) -> bool:
    """Whether all places are in an expression."""
    end = (x.end_lineno or x.lineno, x.end_col_offset or 0)
    return (x.lineno, x.col_offset) <= min(places)[0] and max([e for _, e in places]) <= end
