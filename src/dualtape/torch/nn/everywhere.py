"""Hooks that are called for every module."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

from ..autograd.hooks import RemovableHandle

hook_number = itertools.count()
everywhere: dict[int, tuple[str, Any]] = {}


class Hook(NamedTuple):
    """A hook and whether it takes the call's keyword arguments; `always`: also when forward raises."""

    function: Callable[..., Any]
    with_kwargs: bool
    always: bool = False


def with_everywhere(kind: str, own: dict[int, Any]) -> dict[int, Any]:
    """The hooks of a kind: those of all modules, then the module's own."""
    return {**{n: h for n, (k, h) in everywhere.items() if k == kind}, **own}


def _register(kind: str, hook: Any) -> RemovableHandle:
    number = next(hook_number)
    everywhere[number] = (kind, hook)
    return RemovableHandle(everywhere, number)


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, args)` before every module's forward."""
    return _register("forward_pre", Hook(hook, False))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after every module's forward."""
    return _register("forward", Hook(hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_output)` for every module."""
    return _register("backward_pre", hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` for every module."""
    return _register("backward", hook)


register_module_backward_hook = register_module_full_backward_hook
