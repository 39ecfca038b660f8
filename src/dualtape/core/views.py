"""Views: tensors on another tensor's memory, and what a write through either does to their history.

A view remembers its base (the owner of the memory) and the operations that lead from the base to it. A
write through the view gives the base a new history, in which the written region comes from the new
values and the rest from the old base; and any view whose base has a new history replays its operations
from there when its edge is next asked for. Writes to views of views are the same thing, since chains
are kept from the base.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from . import modes

if TYPE_CHECKING:
    from .primitive import Primitive
    from .tensor import Tensor

Chain = tuple[tuple["Primitive", dict[str, Any]], ...]


class View:
    """How a tensor views its base.

    Attributes:
        base: The tensor that owns the memory.
        chain: The view operations, in order, that lead from the base here.
        base_edge: The base's edge when this view's own edge was made.
        recorded: False for a view taken under no_grad: it has no history of its own.
    """

    __slots__ = ("base", "base_edge", "chain", "recorded")

    def __init__(self, base: Tensor, chain: Chain, recorded: bool) -> None:
        self.base = base
        self.chain = chain
        self.base_edge = base.edge
        self.recorded = recorded

    def refresh(self, tensor: Tensor) -> None:
        """Give `tensor`, whose view this is, the edge that follows from its base's present history."""
        base = self.base
        if base.edge is not self.base_edge and self.recorded:
            self.base_edge = base.edge
            with modes.switched(off=modes.NO_GRAD):
                tensor.edge = replay(self.chain, base).edge


class Alias(View):
    """A view without history (`detach`, or a part of it), taken inside a transformation, where no memory is shared."""

    __slots__ = ()

    def __init__(self, base: Tensor, chain: Chain) -> None:
        super().__init__(base, chain, False)


def replay(chain: Chain, x: Any) -> Any:
    """Apply the view operations of `chain` to any value; to an array always now, even under a trace."""
    for primitive, params in chain:
        x = primitive.eval(x, **params) if type(x) is np.ndarray else primitive(x, **params)  # type: ignore[operator]
    return x


_in_boxes: dict[int, tuple[weakref.ref[Any], list[weakref.ref[Any]]]] = {}
"""By the identity of a base: its views that were taken inside transformations, where no memory is shared."""


def register(view: Tensor) -> None:
    """Remember a view taken inside a transformation, to be brought up to date when its base is written to."""
    base = view.view_of.base
    key = id(base)
    found = _in_boxes.get(key)
    if found is None:
        gone = weakref.ref(base, lambda _: _in_boxes.pop(key, None))
        found = _in_boxes[key] = (gone, [])
    views = found[1]
    views.append(weakref.ref(view, views.remove))


def registered(base: Tensor) -> list[Tensor]:
    """The living views of `base` that `register` was told of."""
    found = _in_boxes.get(id(base))
    views = [] if found is None else [v() for v in found[1]]
    return [v for v in views if v is not None and v.view_of is not None and v.view_of.base is base]


def shares_memory(out: Any, x: Any) -> bool:
    """Whether the result of a view operation on `x` is on the memory of `x` (reshape may copy)."""
    if type(out) is not np.ndarray:
        return out is x
    base = out.base
    if base is None:
        return False
    return base is x or base is x.base or owner(base) is owner(x)


def owner(x: Any) -> Any:
    """What holds the memory of an array in the end (NumPy's stride tricks go through stand-ins)."""
    while (base := getattr(x, "base", None)) is not None:
        x = base
    return x


def connect(out: Tensor, x: Tensor, primitive: Primitive, params: dict[str, Any]) -> None:
    """Note that `out` is the view `primitive(x, **params)`."""
    view = x.view_of
    recorded = not modes.current() & modes.NO_GRAD
    if view is None:
        out.view_of = View(x, ((primitive, params),), recorded)
    elif isinstance(view, Alias):
        out.view_of = Alias(view.base, (*view.chain, (primitive, params)))
    else:
        out.view_of = View(
            view.base, (*view.chain, (primitive, params)), recorded and view.recorded
        )
    out.version = x.shared_version()
