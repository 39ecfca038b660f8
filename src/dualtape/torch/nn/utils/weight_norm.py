"""Weight normalisation: a weight as a length and a direction."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from ..module import Module
from ..parameter import Parameter


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norm over all axes but one, which stay with length 1; over all of them for -1."""
    if dim == -1:
        return v.norm(pow)  # type: ignore[no-any-return]
    others = [d for d in range(v.ndim) if d != dim % v.ndim]
    return v.norm(pow, dim=others, keepdim=True) if others else v.abs()  # type: ignore[no-any-return]


class WeightNorm:
    """The hook that computes a module's weight before each call.

    Args:
        name: The weight's.
        dim: The axis with a length of its own for each place; -1 for one length.
    """

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, -1 if dim is None else dim

    def compute_weight(self, module: Any) -> Tensor:
        """The length times the direction."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return v * (g / norm_except_dim(v, 2, self.dim))  # type: ignore[no-any-return]

    def __call__(self, module: Any, inputs: Any) -> None:
        """Set the weight."""
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Replace a weight by its length `name_g` and its direction `name_v` (Salimans and Kingma, 2016).

    Args:
        module: The module.
        name: The weight's.
        dim: The axis with a length of its own for each place; None for one length.

    Raises:
        RuntimeError: The weight has one already.
    """
    for hook in module._forward_pre_hooks.values():
        function = hook.function
        if isinstance(function, WeightNorm) and function.name == name:
            raise RuntimeError(
                f"Cannot register two weight_norm hooks on the same parameter {name}"
            )
    own = WeightNorm(name, dim)
    weight = getattr(module, name)
    del module._parameters[name]
    length = norm_except_dim(weight, 2, own.dim).detach()
    module.register_parameter(name + "_g", Parameter(length))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, own.compute_weight(module))
    module.register_forward_pre_hook(own)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make a normalised weight an ordinary parameter again.

    Raises:
        ValueError: It is not normalised.
    """
    for key, hook in module._forward_pre_hooks.items():
        function = hook.function
        if isinstance(function, WeightNorm) and function.name == name:
            weight = function.compute_weight(module)
            module.__dict__.pop(name, None)
            del module._parameters[name + "_g"], module._parameters[name + "_v"]
            module.register_parameter(name, Parameter(weight.detach()))
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"weight_norm of '{name}' not found in {module}")
