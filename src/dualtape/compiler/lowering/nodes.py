"""What fusion and emission work on: maps, reductions and routines over arrays, and strided reads of them.

A `Node` is an array that something computes, or that is given. Views are not nodes but `Ref`s: the node whose
memory they read, with a stride per axis. Reshapes, transposes and broadcasts therefore cost nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, is_dataclass
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]
Dtype = np.dtype[Any]

INPUT, CONSTANT, LITERAL, IOTA, MAP, REDUCE, ROUTINE = range(7)
"""Kinds of nodes: given at each call; given once; a number in the code; the index along an axis; elementwise; a
reduction; anything else, which reads and writes whole arrays."""


@dataclass(eq=False, slots=True)
class Node:
    """One array.

    Attributes:
        kind: One of the kinds above.
        shape, dtype: Of the array.
        args: What it reads. A map's have its shape; a reduction has one.
        op: A map's scalar rule, a reduction's name, a routine's object; an iota's axis, a literal's number, the
            numbers of a constant that is part of the code.
        params: The rule's static parameters.
        axes: The axes that a reduction reduces.
        part: Which result of a routine with several.
        number: In order of making.
        slot: Of inputs and constants, the place of the pointer; of outputs too, once they are chosen.
        after: Nodes that must have been computed before, though they are not read.
        target: The input that it is written to.
        into: The part of another array that it is written to.
    """

    kind: int
    shape: Shape
    dtype: Dtype
    args: tuple[Ref, ...] = ()
    op: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    axes: tuple[int, ...] = ()
    part: int = 0
    number: int = 0
    slot: int = -1
    after: tuple[Node, ...] = ()
    target: Node | None = None
    into: Ref | None = None
    name: str = ""

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    def ref(self) -> Ref:
        """The whole array as it lies in memory."""
        return Ref(self, self.shape, contiguous(self.shape), 0)


class Ref(NamedTuple):
    """A strided read of a node's elements; strides and offset are in elements, 0 along axes of length 1."""

    node: Node
    shape: Shape
    strides: Shape
    offset: int

    @property
    def dtype(self) -> Dtype:
        """Of the elements."""
        return self.node.dtype

    @property
    def whole(self) -> bool:
        """Whether it reads every element once, in the order of memory."""
        return (
            self.offset == 0
            and self.strides == contiguous(self.shape)
            and prod(self.shape) == self.node.size
        )

    def spread(self, shape: Shape) -> Ref:
        """Broadcast to a shape."""
        if shape == self.shape:
            return self
        lead = len(shape) - len(self.shape)
        strides = (0,) * lead + tuple(
            s if n == m else 0
            for n, m, s in zip(self.shape, shape[lead:], self.strides, strict=True)
        )
        return Ref(self.node, shape, strides, self.offset)


@lru_cache(4096)
def contiguous(shape: Shape) -> Shape:
    """The strides of a row-major array, 0 along axes of length 1."""
    out = []
    step = 1
    for n in reversed(shape):
        out.append(step if n != 1 else 0)
        step *= n
    return tuple(out[::-1])


def frozen(x: Any) -> str:
    """Parameters as text that is equal for equal ones only, within this process."""
    if isinstance(x, dict):
        return f"{{{', '.join([f'{k}: {frozen(v)}' for k, v in sorted(x.items())])}}}"
    if isinstance(x, (tuple, list)):
        return f"({', '.join([frozen(v) for v in x])})"
    if isinstance(x, np.ndarray):
        return f"{x.dtype.str}{x.shape}{x.tobytes()!r}"
    if isinstance(x, PLAIN) or is_dataclass(x):
        return repr(x)
    return f"{type(x).__name__} at {id(x)}"


PLAIN = (int, float, complex, str, bytes, slice, type(None), np.dtype, np.generic)


@dataclass(slots=True)
class Nodes:
    """Makes nodes, equal ones once."""

    every: list[Node] = field(default_factory=list)
    known: dict[Any, Node] = field(default_factory=dict)

    def add(self, node: Node, key: Any = None) -> Node:
        """Note a node, or find the one with this key."""
        if key is not None:
            found = self.known.get(key)
            if found is not None:
                return found
            self.known[key] = node
        node.number = len(self.every)
        self.every.append(node)
        return node

    def given(self, kind: int, shape: Shape, dtype: Dtype, slot: int) -> Node:
        """An input or a constant."""
        return self.add(Node(kind, shape, dtype, slot=slot))

    def literal(self, value: Any, dtype: Dtype) -> Ref:
        """A number, 0-d."""
        number = np.asarray(value, dtype)[()]
        key = (LITERAL, dtype.str, number.tobytes())
        return self.add(Node(LITERAL, (), dtype, op=number.item()), key).ref()

    def table(self, array: np.ndarray[Any, Any]) -> Ref:
        """Numbers that are known already, as an array in the code."""
        array = np.ascontiguousarray(array)
        digest = hashlib.sha256(array.tobytes()).hexdigest()
        key = (CONSTANT, array.shape, array.dtype.str, digest)
        node = Node(CONSTANT, array.shape, array.dtype, op=array, name=f"table {digest}")
        return self.add(node, key).ref()

    def iota(self, shape: Shape, axis: int, dtype: Dtype) -> Ref:
        """The index along an axis, int32 or int64."""
        n = shape[axis]
        node = self.add(Node(IOTA, (n,), dtype, op=0), (IOTA, n, dtype.str))
        strides = tuple(int(i == axis and n != 1) for i in range(len(shape)))
        return Ref(node, shape, strides, 0)

    def map(
        self, op: Any, args: tuple[Ref, ...], shape: Shape, dtype: Dtype, name: str,
        params: dict[str, Any] | None = None,
    ) -> Ref:  # fmt: skip
        """An elementwise operation; the operands are broadcast to `shape`."""
        args = tuple([a.spread(shape) for a in args])
        key = (MAP, op, shape, dtype.str, args, frozen(params) if params else "")
        return self.add(Node(MAP, shape, dtype, args, op, params or {}, name=name), key).ref()

    def reduce(self, op: str, x: Ref, axes: tuple[int, ...], dtype: Dtype) -> Ref:
        """A reduction ("add", "mul", "max", "min", "and", "or") over axes, which are dropped."""
        shape = tuple([n for i, n in enumerate(x.shape) if i not in axes])
        key = (REDUCE, op, x, axes, dtype.str)
        node = Node(REDUCE, shape, dtype, (x,), op, axes=axes, name=f"{op}_reduce")
        return self.add(node, key).ref()

    def routine(
        self, op: Any, args: tuple[Ref, ...], shape: Shape, dtype: Dtype, name: str, part: int = 0,
        params: dict[str, Any] | None = None,
    ) -> Node:  # fmt: skip
        """A result of something that reads and writes whole arrays."""
        return self.add(Node(ROUTINE, shape, dtype, args, op, params or {}, part=part, name=name))
