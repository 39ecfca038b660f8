"""`alive`: the graphs that are still held, and by whom: what keeps memory when a loss is put into a list."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import CellType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..core import modes
from ..core.callsite import describe
from ..core.graph import LEAF
from ..core.tensor import Tensor
from .frames import local_variables
from .profiling import memory
from .text_table import Table, Tabular


@dataclass(frozen=True)
class Held:
    """One graph that is held.

    Attributes:
        names: What holds it: variables, entries and attributes, as expressions; also of tensors inside of it.
        nodes: How many operations it has.
        memory: Bytes of the arrays that it keeps, counted once each.
        age: How many operations and writes were noted since the newest of its operations.
        line: The line that made that operation.
        operation: Its name, as PyTorch prints it.
    """

    names: tuple[str, ...]
    nodes: int
    memory: int
    age: int
    line: str
    operation: str


class Alive(Tabular, tuple[Held, ...]):
    """Graphs that are held, largest first; shows itself as a table."""

    __slots__ = ()

    def table(self) -> Table:
        """As a table."""
        names = ("held by", "operations", "keeps", "age", "last operation")
        rows = [
            (", ".join(h.names) or "(by no name)", f"{h.nodes}", memory(h.memory), f"{h.age} op{'s' * (h.age != 1)}",
             f"{h.operation} at {h.line}")
            for h in self
        ]  # fmt: skip
        total = memory(sum(h.memory for h in self))
        title = f"{len(self)} graph{'s' * (len(self) != 1)} alive, {total}"
        return Table(title, names, rows, right=(1, 2, 3))


def alive() -> Alive:
    """Return the recorded graphs that some tensor still holds.

    Tensors within a graph that is held from its end belong to that graph. Ages are in operations, as the engine's
    clock counts them.

    >>> import dualtape as dt, dualtape.torch as torch
    >>> w = torch.ones(3, requires_grad=True)
    >>> losses = []
    >>> for _ in range(2):
    ...     losses.append((w * w).sum())  # not loss.item()
    >>> [(name, h.nodes) for h in dt.alive() for name in h.names if name.startswith("losses")]
    [('losses[1]', 2), ('losses[0]', 2)]
    """
    gc.collect()  # what only garbage holds is not held
    graphs = held_graphs()
    names = holders([t for _, _, tensors in graphs for t in tensors])
    now = modes.next_order()
    held = []
    for node, inside, tensors in graphs:
        own = dict.fromkeys([name for t in tensors for name in names[id(t)]])
        size, line = kept(inside, tensors), describe(node.site)
        held.append(Held(tuple(own), len(inside), size, node.order - now, line, node.name()))
    return Alive(sorted(held, key=lambda h: (-h.memory, -h.nodes, h.age)))


def held_graphs() -> list[tuple[Any, set[Any], list[Tensor]]]:
    """The last node of each graph, all of its nodes, and the tensors that are results of some, the latest first."""
    by_node: dict[Any, list[Tensor]] = {}
    for t in gc.get_objects():
        # By its type: to ask an object for its class may run code of its own.
        if issubclass(type(t), Tensor) and t.edge is not None and t.edge.kind != LEAF:
            by_node.setdefault(t.edge.node, []).append(t)
    graphs = []
    seen: set[Any] = set()
    for node in sorted(by_node, key=lambda n: n.order):  # the youngest first: nobody has it within
        if node not in seen:
            inside = within(node)
            seen |= inside
            tensors: list[Tensor] = []
            for n in inside:
                tensors += by_node.get(n, ())
            graphs.append((node, inside, sorted(tensors, key=lambda t: t.edge.order)))
    return graphs


def within(node: Any) -> set[Any]:
    """The operations that `node` depends on, itself included."""
    inside: set[Any] = set()
    stack = [node]
    while stack:
        n = stack.pop()
        if n in inside or n.kind == LEAF:
            continue
        inside.add(n)
        stack.extend([e.node for e in n.inputs if e is not None])
    return inside


def kept(nodes: Iterable[Any], tensors: Iterable[Tensor]) -> int:
    """Bytes of the arrays that nodes keep as residuals and that tensors have, each memory counted once.

    What leaves are is not counted: the program has that anyway.
    """
    buffers: dict[int, int] = {}
    values = [t.value for t in tensors]
    for n in nodes:
        for owner in n.owners if isinstance(n.owners, tuple) else ():
            edge = getattr(owner, "edge", None)
            if edge is None or edge.kind != LEAF:
                values.append(owner.value)
    for value in values:
        while isinstance(value, np.ndarray) and isinstance(value.base, np.ndarray):
            value = value.base
        if isinstance(value, (np.ndarray, np.generic)):
            buffers[id(value)] = value.nbytes
    return sum(buffers.values())


def holders(tensors: Sequence[Tensor]) -> dict[int, list[str]]:
    """The names that hold each tensor, by its identity: those of variables, or `name[index]`, `name.attribute`."""
    wanted = {id(t) for t in tensors}
    found: dict[int, list[str]] = {i: [] for i in wanted}
    ways = Ways()
    for i in wanted & ways.variables.keys():
        found[i].append(ways.variables[i])
    for container in gc.get_referrers(*tensors) if tensors else ():
        if container is tensors or isinstance(container, (FrameType, Tensor)):
            continue
        for place, value in places(container):
            if id(value) in wanted:
                name = ways.to(container, 3)
                text = None if name is None else joined(name, place)
                if text is not None and text not in found[id(value)]:
                    found[id(value)].append(text)
    return found


class Ways:
    """How a program writes its way to an object: looked for from the object up, through what refers to it.

    Attributes:
        variables: Names of the running functions' variables, by the identity of what they hold.
    """

    def __init__(self) -> None:
        self.variables: dict[int, str] = {}
        modules = [m for m in sys.modules.values() if type(m) is ModuleType]
        self._scopes = {id(m.__dict__) for m in modules}
        self._known: dict[int, str | None] = {}
        self._kept: list[Any] = []  # so that no identity is used again
        for frame in running():
            self._scopes.add(id(frame.f_globals))
            for name, value in local_variables(frame).items():
                self.variables.setdefault(id(value), name)
                self._kept.append(value)

    def to(self, thing: Any, depth: int) -> str | None:
        """The way to a container; "" to a module's variables, None if there is none of at most `depth` steps."""
        key = id(thing)
        if key in self._scopes:
            return ""
        if key in self.variables:
            return self.variables[key]
        if key not in self._known:
            self._known[key] = None  # met again on the way: not this way
            self._kept.append(thing)
            self._known[key] = self._looked_for(thing, depth)
        return self._known[key]

    def _looked_for(self, thing: Any, depth: int) -> str | None:
        if isinstance(thing, CellType):
            return cell_name(thing)
        if isinstance(thing, Ways):
            return None
        attributes = isinstance(thing, dict)
        if depth:
            for holder in gc.get_referrers(thing):
                if isinstance(holder, FrameType) or holder is self._kept:
                    continue
                if attributes and getattr(holder, "__dict__", None) is thing:
                    return f"{self.to(holder, depth - 1) or type(holder).__name__}."
                for place, value in places(holder):
                    if value is thing and (name := self.to(holder, depth - 1)) is not None:
                        return joined(name, place)
        return None if isinstance(thing, CONTAINERS) else type(thing).__name__


CONTAINERS = (dict, list, tuple, set, frozenset)


def joined(name: str, place: str) -> str:
    """A way and a last step: of a module's variables, and of the attributes of an object, the key is the name."""
    if not name or name.endswith("."):
        return name + place[2:-2] if place.startswith("['") else name + place
    return name + place


def running() -> Iterator[FrameType]:
    """The frames of all threads, but not those of this module."""
    for frame in sys._current_frames().values():
        at: FrameType | None = frame
        while at is not None:
            if at.f_globals is not globals():
                yield at
            at = at.f_back


def places(container: Any) -> Iterator[tuple[str, Any]]:
    """What a container has, each with how one writes its way there."""
    if isinstance(container, dict):
        for key, value in list(container.items()):
            yield f"[{key!r}]", value
    elif isinstance(container, (list, tuple)):
        for i, value in enumerate(container):
            yield f"[{i}]", value
    elif isinstance(container, CellType):
        yield "", container.cell_contents
    elif isinstance(container, (set, frozenset)):
        for value in container:
            yield "{...}", value
    else:
        for key, value in list(getattr(container, "__dict__", {}).items()):
            yield f".{key}", value


def cell_name(cell: CellType) -> str:
    """The name of a closure's variable."""
    for closure in gc.get_referrers(cell):
        for f in gc.get_referrers(closure) if isinstance(closure, tuple) else ():
            if isinstance(f, FunctionType) and f.__closure__ is closure:
                at = [c is cell for c in closure or ()].index(True)
                return f.__code__.co_freevars[at]
    return "a closure's variable"


__all__ = ["Alive", "Held", "alive"]
