"""From a running frame to the scope that it is in, and to the call that it makes."""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Mapping
from dataclasses import replace
from types import CodeType, FrameType
from typing import Any

from .breaks import dotted
from .source import (
    LINE_END,
    Binding,
    Position,
    Scope,
    filled,
    filled_function,
    parameters,
)
from .trees import FunctionNode, Place, function_node, tree_of

_CALLERS = 4
"""How many calling frames are looked into."""


def frame_scope(frame: FrameType, depth: int = 0) -> Scope | None:
    """The scope that a running frame is in, its parameters bound by the frame that called it.

    None without source.
    """
    code = frame.f_code
    module = module_scope(code.co_filename, frame.f_globals)
    if module is None or code.co_name == "<module>":
        return module
    tree = tree_of(code.co_filename)
    node = None if tree is None else function_node(tree, code)
    if node is None:
        return _around_comprehension(frame, depth)
    scope = Scope(code.co_filename, (frame.f_locals, frame.f_globals), module, depth=depth)
    caller = frame.f_back
    if caller is not None and depth < _CALLERS:
        _bind_from(scope, node, caller, code)
    return filled_function(scope, node)


def _around_comprehension(frame: FrameType, depth: int) -> Scope | None:
    """The scope around a comprehension that runs in a frame of its own; None if it is not asked from there."""
    outer = frame.f_back
    if outer is None or not any(c is frame.f_code for c in outer.f_code.co_consts):
        return None
    around = frame_scope(outer, depth)
    return None if around is None else replace(around, env=(frame.f_locals, *around.env))


def _bind_from(scope: Scope, node: FunctionNode, caller: FrameType, code: CodeType) -> None:
    """Bind the parameters of a running function to the arguments of the call in `caller`, if it is that call."""
    call = current_call(caller)
    path = None if call is None else dotted(call.func)
    outer = None if path is None else frame_scope(caller, scope.depth + 1)
    if call is None or path is None or outer is None:
        return
    function = outer.resolve(path)
    names = list(parameters(node))
    position = outer.position(place_of(caller))
    if getattr(function, "__code__", None) is not code:
        return
    if isinstance(call.func, ast.Attribute) and names[:1] == ["self"]:
        scope.bindings[names.pop(0)] = Binding(outer, call.func.value, position)
    bind(scope, names, call, outer, position)


def bind(
    scope: Scope, names: list[str], call: ast.Call, outer: Scope, position: Position | None
) -> None:
    """Bind parameters to the arguments of a call that stands in `outer`."""
    for parameter, value in zip(names, call.args, strict=False):
        scope.bindings[parameter] = Binding(outer, value, position)
    for keyword in call.keywords:
        if keyword.arg is not None:
            scope.bindings[keyword.arg] = Binding(outer, keyword.value, position)


def module_scope(filename: str, names: Mapping[str, Any]) -> Scope | None:
    """The scope of a module; of a notebook cell, with the other cells behind it, the latest first."""
    scope = None
    for name in reversed([filename, *[c for c in _cells(filename, names) if c != filename]]):
        tree = tree_of(name)
        if tree is not None:
            scope = filled(Scope(name, (names,), scope), tree.body)
        elif name == filename:
            return None
    return scope


def _cells(filename: str, names: Mapping[str, Any]) -> list[str]:
    """The file names of a session's inputs, the latest first; none outside of a session."""
    history = names.get("In")
    if isinstance(history, list):  # IPython: what was run, and the linecache knows under which name
        known = {}
        for name, entry in list(linecache.cache.items()):
            if len(entry) > 2 and not os.path.exists(name):
                known["".join(entry[2]).strip()] = name
        found = [known.get(text.strip()) for text in reversed(history) if isinstance(text, str)]
        return list(dict.fromkeys([name for name in found if name is not None]))
    if not filename.startswith("<python-input-"):
        return []
    inputs = [name for name in linecache.cache if name.startswith("<python-input-")]
    return sorted(inputs, key=lambda name: (len(name), name), reverse=True)


def function_scope(
    code: CodeType, names: Mapping[str, Any], env: Mapping[str, Any], caller: Scope
) -> tuple[Scope, FunctionNode] | None:
    """The scope of a function that is called in `caller`; None without source.

    Args:
        code: The function's.
        names: Its globals.
        env: What is known of its parameters and closure.
        caller: The scope of the call.
    """
    tree = tree_of(code.co_filename)
    node = None if tree is None else function_node(tree, code)
    if node is None:
        return None
    module = module_scope(code.co_filename, names)
    scope = Scope(code.co_filename, (env, names), module, depth=caller.depth + 1)
    return filled_function(scope, node), node


def place_of(frame: FrameType) -> Place:
    """Where in the source a frame is: its line, and the column if the code object tells it.

    The column is that of the instruction in progress, so that statements on one line are told apart; without
    columns (`-X no_debug_ranges`) it is `LINE_END`.
    """
    line, _, column, _ = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    if line is None or column is None:
        return frame.f_lineno, LINE_END
    return line, column


def current_call(frame: FrameType) -> ast.Call | None:
    """The call that a frame is in, as it stands in the source."""
    tree = tree_of(frame.f_code.co_filename)
    if tree is None:
        return None
    positions = list(frame.f_code.co_positions())
    here = positions[frame.f_lasti // 2]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and here == (
            node.lineno,
            node.end_lineno,
            node.col_offset,
            node.end_col_offset,
        ):
            return node
    return None


def call_arguments(frame: FrameType, names: tuple[str, str]) -> tuple[ast.expr, ast.expr] | None:
    """The two arguments of the call that a frame is in.

    Args:
        frame: The frame, which is inside a call with two arguments.
        names: The parameters' names.
    """
    call = current_call(frame)
    if call is None:
        return None
    given = dict(zip(names, call.args, strict=False))
    given |= {k.arg: k.value for k in call.keywords if k.arg is not None}
    if not all(n in given for n in names):
        return None
    return given[names[0]], given[names[1]]
