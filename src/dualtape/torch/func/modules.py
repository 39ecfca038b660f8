"""Modules as functions of their parameters: `functional_call`, `stack_module_state`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import nn
from .._tensor import Tensor
from ..joints import stack
from ..nn.normalization import _BatchNorm
from ..nn.utils import stateless


def functional_call(
    module: nn.Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with some of its parameters and buffers replaced for the length of the call.

    Args:
        module: What is called.
        parameter_and_buffer_dicts: Replacements by dotted name, in one mapping or several.
        args, kwargs: Of the call; a single argument need not be in a tuple.
        tie_weights: Whether a tensor that occurs under several names is replaced under all.
        strict: Whether the names must be exactly the module's.

    Raises:
        ValueError: No mapping; or a name in two of them.
        RuntimeError: Strict, and a name is missing or unknown.
    """
    given: dict[str, Tensor]
    if isinstance(parameter_and_buffer_dicts, Mapping):
        return stateless.call(
            module, parameter_and_buffer_dicts, args, kwargs, tie_weights=tie_weights, strict=strict
        )
    if not isinstance(parameter_and_buffer_dicts, Sequence):
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    if not all(isinstance(d, Mapping) for d in parameter_and_buffer_dicts):
        raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
    given, twice = {}, []
    for part in parameter_and_buffer_dicts:
        twice.extend([k for k in part if k in given])
        given.update(part)
    if twice:
        raise ValueError(
            f"{twice} appeared in multiple dictionaries; behavior of functional call is ambiguous"
        )
    return stateless.call(module, given, args, kwargs, tie_weights=tie_weights, strict=strict)


def stack_module_state(
    models: Sequence[nn.Module],
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Stack the parameters and the buffers of modules of one architecture, for `vmap` over the models.

    Args:
        models: Modules of the same class, in the same mode.

    Returns:
        Parameters by name, each a new leaf that requires a gradient as the originals do; and buffers by
        name. The models come first.

    Raises:
        RuntimeError: No models; different classes or modes; or a parameter's `requires_grad` differs.
    """
    if not len(models):
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({m.training for m in models}) > 1:
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if len({type(m) for m in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    return (
        {name: _leaf(name, [p[name] for p in parameters]) for name in parameters[0]},
        {name: stack([b[name] for b in buffers]).detach() for name in buffers[0]},
    )


def _leaf(name: str, tensors: list[Tensor]) -> Tensor:
    wanted = {t.requires_grad for t in tensors}
    if len(wanted) > 1:
        raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
    return stack([t.detach() for t in tensors]).requires_grad_(wanted.pop())


def replace_all_batch_norm_modules_(root: nn.Module) -> nn.Module:
    """Make every batch norm in `root` compute with the batch's own statistics only, and return `root`.

    Running statistics are updated in place, which cannot be done under `vmap`.
    """
    for m in root.modules():
        if isinstance(m, _BatchNorm):
            m.track_running_stats = False
            m.running_mean = m.running_var = m.num_batches_tracked = None
    return root
