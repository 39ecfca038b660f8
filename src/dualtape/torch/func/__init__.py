"""`torch.func`: transformations of functions."""

from __future__ import annotations

from typing import NoReturn

from ...core.missing import missing_attribute
from .batching import vmap
from .derivatives import (
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    vjp,
)
from .modules import functional_call, replace_all_batch_norm_modules_, stack_module_state
from .values import debug_unwrap, functionalize

__all__ = [
    "debug_unwrap",
    "functional_call",
    "functionalize",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
