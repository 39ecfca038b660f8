"""Parameters and buffers: tensors that a module registers when they are assigned to it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ...core import modes
from ...core.missing import missing_attribute
from ...core.saved import mark_inference
from ...core.tensor import wrap
from .._tensor import Tensor, set_requires_grad


class Parameter(Tensor):
    """A tensor that is a module's parameter; it requires a gradient unless told otherwise.

    Args:
        data: The values; memory is shared.
        requires_grad: Whether a gradient is wanted.
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        """See the class."""
        value = np.zeros((0,), np.float32) if data is None else data.buffer()
        t: Parameter = wrap(cls, value)  # type: ignore[assignment]
        if modes.current() & modes.INFERENCE:
            mark_inference(t)
        if requires_grad:
            if value.dtype.kind in "biu":
                raise RuntimeError(
                    "Only Tensors of floating point and complex dtype can require gradients"
                )
            set_requires_grad(t, True)
        return t

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        """Everything is done in `__new__`."""

    # mypy drops the names of a special method's arguments, and then finds that they differ.
    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()

    __str__ = __repr__  # type: ignore[assignment]


class Buffer(Tensor):
    """A tensor that is a module's buffer.

    Args:
        data: The values; memory is shared.
        persistent: Whether it is part of the state dict.
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        """See the class."""
        t: Buffer = wrap(cls, np.zeros((0,), np.float32) if data is None else data.buffer())  # type: ignore[assignment]
        t.persistent = persistent  # type: ignore[attr-defined]
        return t

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        """Everything is done in `__new__`."""


def __getattr__(name: str) -> Any:
    if name in (
        "UninitializedParameter",
        "UninitializedBuffer",
        "UninitializedTensorMixin",
        "is_lazy",
    ):
        return getattr(import_module(".uninitialized", __package__), name)
    raise missing_attribute(__name__, name, globals())
