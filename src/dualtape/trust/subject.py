"""A function and the point at which it is looked at: run plainly, moved along a direction, or watched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import callsite, modes
from ..core.aval import is_inexact
from ..core.boxes import Box
from ..core.errors import DtypeError
from ..core.graph import LEAF
from ..core.observation import observing
from ..core.tensor import Tensor, wrap
from ..transforms import tree
from ..transforms.surface import is_array, lift, output, variable

Array = np.ndarray[Any, Any]
Key = tuple[Any, int]
"""Which value of a recording: a node or leaf, and the number of the output."""


@dataclass(slots=True)
class Call:
    """One call of a primitive, as it was seen.

    Attributes:
        primitive, params: What was called, and its static parameters.
        operands, results: Copies of the values.
        edges: The operands' edges, None for constants.
        node: Its node, None if it was not recorded.
        order: The clock right after the call.
        site: The user's line.
    """

    primitive: Any
    params: dict[str, Any]
    operands: tuple[Array, ...]
    results: tuple[Array, ...]
    edges: tuple[Any, ...]
    node: Any
    order: int
    site: Any


@dataclass(slots=True)
class Recording:
    """One watched run.

    Attributes:
        leaves: The variables' edges.
        outs: The outputs.
        calls: Every call of a primitive on concrete values, in order.
        values: What was seen of the values that have an edge.
        nodes: What lies between the leaves and the outputs, in order of execution.
    """

    leaves: list[Any]
    outs: list[Tensor]
    calls: list[Call]
    values: dict[Key, Array]
    nodes: list[Any]


def key_of(edge: Any) -> Key:
    """The value that an edge belongs to."""
    return edge.node, edge.output_number


def double(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The double precision of a floating or complex dtype."""
    return np.dtype(np.complex128 if dtype.kind == "c" else np.float64)


def read(x: Any) -> Any:
    """What a variable of a front end holds; anything else as it is."""
    reader = getattr(type(x), "_read", None)
    return x if reader is None or isinstance(x, Tensor) else reader(x)


class Subject:
    """A function and its arguments; floating and complex ones become double precision.

    Args:
        f: Maps arrays (nested in tuples, lists, dicts, dataclasses) to such.
        args: Its arguments.
        what: The caller's name, for messages.
        widen: Whether to go to double precision.

    Raises:
        DtypeError: No argument is floating or complex.
    """

    def __init__(
        self, f: Callable[..., Any], args: Sequence[Any], what: str, widen: bool = True
    ) -> None:
        self.f = f
        self.what = what
        self.flat, self.structure = tree.flatten(tuple(args))
        self.places: list[int] = []
        self.point: list[Array] = []
        self.classes: list[type[Tensor]] = []
        for i, x in enumerate(self.flat):
            x = self.flat[i] = read(x)
            if not is_array(x):
                continue
            t = lift(x)
            if isinstance(t.value, Box) or not is_inexact(t.value.dtype):
                continue
            self.places.append(i)
            dtype = double(t.value.dtype) if widen else t.value.dtype
            self.point.append(np.array(t.value, dtype))
            self.classes.append(type(t).result_class)
        if not self.places and args:
            raise DtypeError(
                f"{what}: no argument is floating or complex, so there is no derivative"
            )

    def names(self) -> list[str]:
        """How messages call the variables: `argument 0`, `argument 1, leaf 2`."""
        names = []
        at = 0
        for i, child in enumerate(self.structure.children):
            for k in range(child.leaf_count):
                if at + k in self.places:
                    one = child.leaf_count == 1
                    names.append(f"argument {i}" if one else f"argument {i}, leaf {k}")
            at += child.leaf_count
        return names

    def tensors(self, point: Sequence[Any]) -> list[Tensor]:
        """The variables as tensors without history."""
        return [wrap(c, np.array(p)[()]) for c, p in zip(self.classes, point, strict=True)]

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        """The floating and complex outputs of f for the given variables."""
        flat = list(self.flat)
        for i, t in zip(self.places, tensors, strict=True):
            flat[i] = t
        outs = [output(o, self.what) for o in tree.leaves(self.f(*self.structure.unflatten(flat)))]
        outs = [o for o in outs if is_inexact(o.value.dtype)]
        if not outs:
            raise DtypeError(f"{self.what}: no output is floating or complex")
        return outs

    def values(self, point: Sequence[Any]) -> list[Array]:
        """The outputs at a point."""
        return [np.array(o.value) for o in self(*self.tensors(point))]

    def record(self, point: Sequence[Any]) -> Recording:
        """Run f at a point under recording, and watch it."""
        with modes.switched(off=modes.NO_GRAD | modes.INFERENCE):
            xs = [variable(t) for t in self.tensors(point)]
            leaves = [x.edge for x in xs]
            values: dict[Key, Array] = {
                key_of(e): p for e, p in zip(leaves, point, strict=True) if e is not None
            }
            calls: list[Call] = []
            with observing(watcher(calls, values)):
                outs = self(*xs)
        for o in outs:
            edge = o.current_edge()
            if edge is not None:
                values.setdefault(key_of(edge), np.array(o.value))
        return Recording(leaves, outs, calls, values, executed(outs, leaves))


def watcher(calls: list[Call], values: dict[Key, Array]) -> Callable[..., None]:
    """An observer that keeps copies of what it sees."""

    def see(
        primitive: Any, operands: tuple[Any, ...], params: dict[str, Any], results: tuple[Any, ...]
    ) -> None:
        if any(isinstance(t.value, Box) for t in (*operands, *results)):
            return
        ins = tuple([np.array(t.value) for t in operands])
        out = tuple([np.array(t.value) for t in results])
        edges = tuple([t.current_edge() for t in operands])
        node = None
        for edge, value in (
            *zip(edges, ins, strict=True),
            *[(t.edge, v) for t, v in zip(results, out, strict=True)],
        ):
            if edge is not None:
                values.setdefault(key_of(edge), value)
        for t in results:
            if t.edge is not None and t.edge.kind != LEAF:
                node = t.edge.node
        site = node.site if node is not None else callsite.caller(3)
        calls.append(Call(primitive, params, ins, out, edges, node, modes.next_order(), site))

    return see


def executed(outs: Sequence[Tensor], leaves: Sequence[Any]) -> list[Any]:
    """The nodes that lead from the leaves to the outputs, first executed first."""
    ends = {e.node for e in leaves}
    seen: set[Any] = set()
    stack = [e.node for o in outs if (e := o.current_edge()) is not None]
    while stack:
        node = stack.pop()
        if node in seen or node in ends or node.kind == LEAF:
            continue
        seen.add(node)
        stack.extend(e.node for e in node.inputs if e is not None)
    return sorted(seen, key=lambda n: n.order, reverse=True)
