"""Boxes: values that stand for something else inside a transformation, and who computes on them.

NOTE [levels]
Transformations nest. Each open one has a level, the number of transformations open around it plus
one, and its boxes carry it. A primitive is processed by the highest level among its operands' boxes:
the innermost transformation sees the operation first and passes on what is left of it to the next.
An open trace takes part whether or not an operand is its own, or weights that a traced function
closes over would be frozen into constants.

Recording in reverse mode has no box: a tensor is above its value. Where a tensor that needs a gradient
meets a box, the levels say which is outside: an edge is as deep as the transformations that were open
when its leaves were made. An edge below the box's level belongs outside the transformation, so the
whole tensor, history and all, goes into the box; otherwise the box is the tensor's value and the
operation is recorded above it. Two recordings can meet like this without any box, where a gradient is
taken inside a transformation and a weight from outside it comes in: the deeper edge wins, and the
other tensor goes into a box of its own (`Outer` in `tensor`). That makes grad(vmap) and vmap(grad),
with closed-over weights, right.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .errors import TransformError
from .value import Value

if TYPE_CHECKING:
    from .primitive import Primitive


class Interpreter:
    """One opened transformation. `process` computes a primitive on operands of which some are its own.

    Attributes:
        level: How many are open, itself included.
        open: Whether it still is.
        kept: Where a transformation whose values outlive it, as plain ones, wants its results noted.
    """

    __slots__ = ("kept", "level", "open")

    name = "transformation"

    def __init__(self, level: float) -> None:
        self.level = level
        self.open = True
        self.kept: list[weakref.ref[Any]] | None = None

    def process(self, primitive: Primitive, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Return the primitive's result (a tuple for several outputs)."""
        raise NotImplementedError

    def meet(self, tensors: tuple[Any, ...]) -> None:
        """Look at the operands of a primitive, before their values are taken; an open trace is called."""


class Box(Value):
    """A value of one interpreter."""

    __slots__ = ("interpreter",)

    interpreter: Interpreter


open_trace: ContextVar[Interpreter | None] = ContextVar("dualtape_trace", default=None)


revived: ContextVar[bool] = ContextVar("dualtape_revived", default=False)
"""Set where a function is run again as it ran inside transformations that may have ended since."""


def top_interpreter(values: Sequence[Any]) -> Interpreter | None:
    """The innermost transformation that has a say in an operation on `values`."""
    top = open_trace.get()
    for v in values:
        if isinstance(v, Box) and (top is None or v.interpreter.level > top.level):
            top = v.interpreter
    if top is not None and not top.open and not revived.get():
        raise TransformError(
            f"a value of a {top.name} was used after the {top.name} had ended. Return it from the "
            "transformed function instead of storing it outside."
        )
    return top
