"""Which calls fold in a picture: calls of modules, layers and the program's own functions."""

from __future__ import annotations

import os
from types import FrameType
from typing import Any

from ..core import callsite
from .frames import local_variables, variables
from .stack import DIALECT, USER, Call, role_of

_COMPILER = callsite._PACKAGE + os.path.join("compiler", "jit.py")
_CALLS = ("__call__", "_call_with_hooks")
_FORWARD = ("forward", "call", "__call__")


class Opened:
    """What a call opens: a block, or None in `kind` for a call that is part of what is around it.

    Attributes:
        kind: "module" or "function".
        name: The user's name for it.
        type: The class of a module.
        owner: The identity of the module.
        compiled: What compiles it in the program ("torch.compile"); "" for nothing.
    """

    __slots__ = ("compiled", "kind", "name", "owner", "type")

    def __init__(self, kind: str, name: str, type: str, owner: int) -> None:
        self.compiled = ""
        self.kind = kind
        self.name = name
        self.type = type
        self.owner = owner


def look(frame: FrameType | None, path: Any, modules: dict[int, str]) -> None:
    """Find out what the calls of a path open, for those where it is not known yet."""
    if not path or (path[-1][0].known and all([call.known for call, _ in path])):  # noqa: C419 - faster for few
        return
    frames: dict[int, FrameType] = {}
    while frame is not None:
        mark = frame.f_trace
        if mark.__class__ is Call:
            frames[id(mark)] = frame
        frame = frame.f_back
    owner = 0
    for call, _ in path:
        if not call.known:
            call.known = True
            found = frames.get(id(call))
            if found is not None:
                compiler = _compiler(found)
                call.block = _opened(call, found, owner, modules)
                if compiler and call.block is None and call.role == USER:
                    call.block = Opened("function", call.code.co_name.strip("<>"), "", 0)
                if call.block is not None:
                    call.block.compiled = compiler
        if call.block is not None:
            owner = call.block.owner


def _opened(call: Call, frame: FrameType, owner: int, modules: dict[int, str]) -> Opened | None:
    code = call.code
    name = code.co_name
    if call.role == DIALECT:
        if name not in _CALLS or code.co_varnames[:1] != ("self",):
            return None
        thing = local_variables(frame).get("self")
        if id(thing) == owner or not is_module(thing):
            return None
        return Opened("module", module_name(thing, frame, modules), type(thing).__name__, id(thing))
    if call.role != USER or name.startswith("<"):
        return None
    if code.co_varnames[:1] == ("self",) and name in _FORWARD:
        thing = local_variables(frame).get("self")
        if id(thing) == owner:
            return None
    return Opened("function", name, "", 0)


def _compiler(frame: FrameType) -> str:
    """What compiles the function that a frame runs, and called it to be run as it is written; "" for nothing."""
    above = frame.f_back
    while above is not None:
        mark = above.f_trace
        if mark.__class__ is Call and (mark.role == USER or mark.block is not None):
            return ""
        code = above.f_code
        if code.co_name == "_any_call" and code.co_filename == _COMPILER:
            name = local_variables(above)["self"]._name
            return "dt.jit" if name == "jit" else str(name)
        above = above.f_back
    return ""


def is_module(thing: Any) -> bool:
    """Whether an object is a module or layer of a front end."""
    return hasattr(type(thing), "named_parameters") or hasattr(type(thing), "trainable_variables")


def module_name(thing: Any, frame: FrameType | None, modules: dict[int, str]) -> str:
    """What the program calls a module: a variable, or a part of one."""
    found = modules.get(id(thing))
    if found is not None:
        return found
    while frame is not None:
        if role_of(frame.f_code) == USER:
            for name, value in list(variables(frame).items()):
                if name.startswith("_") or name == "self":
                    continue
                for path, inner in _tree(value, name):
                    modules.setdefault(id(inner), path)
        if id(thing) in modules:
            return modules[id(thing)]
        frame = frame.f_back
    own = getattr(thing, "name", None)
    return own if isinstance(own, str) else type(thing).__name__


def _tree(value: Any, name: str) -> list[tuple[str, Any]]:
    """A module and those in it, with their names."""
    if isinstance(value, type) or not is_module(value):
        return []
    named = getattr(type(value), "named_modules", None)
    if named is not None:
        return [(f"{name}.{n}" if n else name, m) for n, m in named(value)]
    found = [(name, value)]
    layers = getattr(value, "layers", None)
    for layer in layers if isinstance(layers, list) else []:
        found.append((f"{name}.{getattr(layer, 'name', type(layer).__name__)}", layer))
    for key, part in list(vars(value).items()):
        if not key.startswith("_") and is_module(part) and not isinstance(part, type):
            found.append((f"{name}.{key}", part))
    return found
