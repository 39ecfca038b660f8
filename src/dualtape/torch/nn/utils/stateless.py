"""A module called with other parameters than its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    module: Module, parameters_and_buffers: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]], args: Any = None,
    kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """Call a module with some of its parameters and buffers replaced for the length of the call.

    Args:
        module: What is called.
        parameters_and_buffers: Replacements by dotted name; several mappings are joined.
        args, kwargs: Of the call; a single argument need not be in a tuple.
        tie_weights: Whether a tensor that occurs under several names is replaced under all.
        strict: Whether every parameter and buffer must be replaced.

    Raises:
        AttributeError: A name that the module does not have.
        ValueError: A name in two mappings.
        RuntimeError: Strict, and a name is missing.
    """
    given: dict[str, Tensor] = {}
    for part in (
        [parameters_and_buffers]
        if isinstance(parameters_and_buffers, Mapping)
        else parameters_and_buffers
    ):
        for name, value in part.items():
            if name in given:
                raise ValueError(
                    f"'{name}' appears in multiple dictionaries, behavior of functional call is ambiguous"
                )
            given[name] = value
    own = {
        **dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers(remove_duplicate=False))
    }  # fmt: skip
    if tie_weights:
        by_tensor = {id(own[name]): value for name, value in given.items() if name in own}
        given = {**{n: by_tensor[id(t)] for n, t in own.items() if id(t) in by_tensor}, **given}
    if strict and (missing := [n for n in own if n not in given]):
        raise RuntimeError(f"Missing key(s): {', '.join(missing)}.")
    places = [(*_owner(module, name), value) for name, value in given.items()]
    old = [(slots, name, slots[name]) for slots, name, _ in places]
    for slots, name, value in places:
        slots[name] = value
    try:
        return module(
            *(args if isinstance(args, tuple) else () if args is None else (args,)),
            **(kwargs or {}),
        )
    finally:
        # In place changes of the module itself (a buffer assigned in forward) are put back too.
        for slots, name, before in old:
            slots[name] = before
