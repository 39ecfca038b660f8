"""A module called with other parameters than its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._tensor import Tensor
from ..module import Module


def _owner(module: Module, name: str) -> tuple[dict[str, Any], str]:
    path, _, last = name.rpartition(".")
    m = module.get_submodule(path)
    for kind in (m._parameters, m._buffers):
        if last in kind:
            return kind, last
    raise AttributeError(f"{type(m).__name__} has no attribute `{last}`")


def functional_call(
    module: Module, parameters_and_buffers: Mapping[str, Tensor], args: Any = None, kwargs: dict[str, Any] | None = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """Call a module with some of its parameters and buffers replaced; the old name of `torch.func.functional_call`.

    Args and errors as there, but for several mappings.
    """
    return call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )


def call(
    module: Module,
    given: Mapping[str, Tensor],
    args: Any,
    kwargs: dict[str, Any] | None,
    *,
    tie_weights: bool,
    strict: bool,
) -> Any:
    """Call a module with the tensors `given`, by dotted names, in place of its own.

    What the module assigns to a replaced buffer goes into `given`, where that is a dict.

    Raises:
        AttributeError: A name leads through a module that is not there.
        RuntimeError: Strict, and a name is missing or unknown.
    """
    own = {
        **dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers(remove_duplicate=False))
    }  # fmt: skip
    for name in given:
        module.get_submodule(name.rpartition(".")[0])
    used = {name: value for name, value in given.items() if name in own}
    if strict:
        _check_names(module, own, given)
    origin = {name: name for name in used}
    if tie_weights:
        first = {id(own[name]): name for name in used}
        for name, t in own.items():
            if name not in used and id(t) in first:
                origin[name] = first[id(t)]
    places = [(*_owner(module, name), name) for name in origin]
    old = [(slots, last, slots[last]) for slots, last, _ in places]
    for slots, last, name in places:
        slots[last] = given[origin[name]]
    try:
        return module(
            *(args if isinstance(args, tuple) else () if args is None else (args,)),
            **(kwargs or {}),
        )
    finally:
        for (slots, last, before), (_, _, name) in zip(old, places, strict=True):
            new = slots.get(last)
            if name in used and new is not given[name] and isinstance(given, dict):
                given[name] = new
            slots[last] = before


def _check_names(module: Module, own: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    tied = {id(own[n]) for n in given if n in own}
    missing = [n for n, t in own.items() if n not in given and id(t) not in tied]
    unknown = [n for n in given if n not in own]
    lines = []
    if unknown:
        lines.append(f"Unexpected key(s): {', '.join(map(repr, unknown))}.")
    if missing:
        lines.append(f"Missing key(s): {', '.join(map(repr, missing))}.")
    if lines:
        raise RuntimeError(
            f"Error(s) in reparametrizing for {type(module).__name__}:\n\t" + "\n\t".join(lines)
        )
