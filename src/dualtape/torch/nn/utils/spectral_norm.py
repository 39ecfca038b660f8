"""Spectral normalisation: a weight divided by its largest singular value, found by power iteration."""

from __future__ import annotations

from typing import Any

from ....core import modes
from ..._tensor import Tensor
from ..functional import normalize
from ..layers import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..module import Module
from ..parameter import Parameter


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """A weight as a matrix whose rows belong to the axis `dim`."""
    if dim != 0:
        weight = weight.permute(dim, *[d for d in range(weight.ndim) if d != dim])
    return weight.flatten(1)  # type: ignore[no-any-return]


def default_dim(module: Any) -> int:
    """The axis of a module's weight that its outputs belong to."""
    return 1 if isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)) else 0


class SpectralNorm:
    """The hook that computes a module's weight before each call.

    Args:
        name: The weight's.
        n_power_iterations: How many steps each call takes while training.
        dim: The axis of the outputs.
        eps: Least norm to divide by.

    Raises:
        ValueError: No steps.
    """

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.name, self.dim, self.eps = name, dim, eps
        self.n_power_iterations = n_power_iterations

    def compute_weight(self, module: Any, do_power_iteration: bool) -> Tensor:
        """The weight divided by the estimate of its largest singular value."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with modes.switched(on=modes.NO_GRAD):
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(normalize(matrix.mv(v), dim=0, eps=self.eps))
                u, v = u.clone(), v.clone()  # later steps write to the buffers
        return weight / u.dot(matrix.mv(v))  # type: ignore[no-any-return]

    def __call__(self, module: Any, inputs: Any) -> None:
        """Set the weight."""
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value before each call (Miyato et al., 2018).

    Args:
        module: The module.
        name: The weight's, which becomes `name_orig`.
        n_power_iterations: How many steps each call takes while training.
        eps: Least norm to divide by.
        dim: The axis of the outputs.

    Raises:
        RuntimeError: The weight has one already.
    """
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook.function, SpectralNorm) and hook.function.name == name:
            raise RuntimeError(
                f"Cannot register two spectral_norm hooks on the same parameter {name}"
            )
    own = SpectralNorm(name, n_power_iterations, default_dim(module) if dim is None else dim, eps)
    weight: Any = module._parameters[name]
    with modes.switched(on=modes.NO_GRAD):
        rows, columns = as_matrix(weight, own.dim).shape
        u = normalize(weight.new_empty(rows).normal_(0, 1), dim=0, eps=eps)
        v = normalize(weight.new_empty(columns).normal_(0, 1), dim=0, eps=eps)
    del module._parameters[name]
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.detach())
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(own)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make a normalised weight an ordinary parameter again.

    Raises:
        ValueError: It is not normalised.
    """
    for key, hook in module._forward_pre_hooks.items():
        own = hook.function
        if isinstance(own, SpectralNorm) and own.name == name:
            with modes.switched(on=modes.NO_GRAD):
                weight = own.compute_weight(module, do_power_iteration=False)
            module.__dict__.pop(name, None)
            for end in ("_u", "_v", "_orig"):
                delattr(module, name + end)
            module.register_parameter(name, Parameter(weight.detach()))
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"spectral_norm of '{name}' not found in {module}")
