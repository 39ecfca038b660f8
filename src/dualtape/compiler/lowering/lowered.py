"""A graph as loops and calls, its key, its text, and the table of pointers that it runs on."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.aval import Aval
from ...core.inplace import array_at
from ..graph import Graph
from ..native.library import load
from .nodes import CONSTANT, IOTA, LITERAL, Ref
from .program import Program
from .structured import Inside

Array = np.ndarray[Any, Any]
CALLBACK = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64)
"""What native code calls for what it cannot do: (table of pointers, number of the callback) -> 0, or 1 for an error."""


@dataclass(frozen=True, slots=True)
class Slots:
    """The table of pointers that `core` is given: inputs, constants, outputs, arena, callback.

    Attributes:
        inputs: How many inputs there are, in the graph's order.
        constants: Values of the graph whose arrays are read.
        outputs: What they are; fresh C-contiguous arrays are to be given.
        arena: Bytes of memory for the call's own use, 64-byte aligned; 0: none is needed.
        callback: Whether the last pointer is called.
    """

    inputs: int
    constants: tuple[int, ...]
    outputs: tuple[Aval, ...]
    arena: int
    callback: bool

    @property
    def count(self) -> int:
        """How many pointers."""
        return self.inputs + len(self.constants) + len(self.outputs) + 2


@dataclass(slots=True)
class Lowered:
    """Native code to be.

    Attributes:
        graph: What it computes.
        program: Kernels and routines in order.
        slots: The table of pointers.
        error: What the last callback raised; `core` then returned something other than 0.
    """

    graph: Graph
    program: Program
    slots: Slots
    error: BaseException | None = None
    _call: Callable[..., Any] | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """Stable text: equal for graphs whose code is the same."""
        return self.program.key

    def ir(self) -> str:
        """The module."""
        return self.program.ir()

    @property
    def symbols(self) -> dict[str, int]:
        """Addresses of what the module declares without defining."""
        return self.program.symbols

    @property
    def kernels(self) -> list[str]:
        """A line for each kernel and call, to be read."""
        return self.program.described()

    @property
    def callbacks(self) -> list[str]:
        """The primitives that NumPy runs, in order (those not counted that are called for their error only)."""
        called = [c.primitive for c in self.program.called]
        return [p.name for p in called if not getattr(getattr(p, "rules", None), "native", None)]

    def callback(self, slots: int, index: int) -> int:
        """Run the callback of that number on the arrays that the table of pointers leads to."""
        try:
            call, program = self.program.build.callbacks[index], self.program
            if isinstance(call, Inside):
                program, call = call
            operands = [array_of(program, slots, x) for x in call.operands]
            made = call.primitive.eval(*operands, **call.params)
            results = made if call.primitive.outputs != 1 else (made,)
            for node, x in zip(call.results, results, strict=True):
                if node.size and program.placed(node):
                    array_of(program, slots, node.ref())[...] = x
        except BaseException as error:  # carried over the native code, which no exception can cross
            self.error = error
            return 1
        return 0

    def call(self, arrays: Sequence[Array]) -> list[Array]:
        """Run once, by way of ctypes: for tests.

        Args:
            arrays: One per input, C-contiguous; those that the graph updates are written to.

        Returns:
            The outputs.
        """
        if self._call is None:
            library = load(self.key, self.ir, self.symbols)
            core = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(library.address("core"))
            self._call = lambda table, keep=library: core(table)
        s = self.slots
        outputs = [np.empty(a.shape, a.dtype) for a in s.outputs]
        constants = [np.ascontiguousarray(self.graph.constants[v]) for v in s.constants]
        arena = np.empty(s.arena + 64, np.uint8)
        hook = CALLBACK(self.callback)
        pointers = [a.ctypes.data for a in (*arrays, *constants, *outputs)]
        pointers.append(-(-arena.ctypes.data // 64) * 64)
        pointers.append(ctypes.cast(hook, ctypes.c_void_p).value or 0)
        table = (ctypes.c_void_p * len(pointers))(*pointers)
        self.error = None
        if self._call(ctypes.addressof(table)) != 0:
            self.fail()
        return outputs

    def fail(self) -> None:
        """Raise what the last callback raised."""
        raise self.error if self.error is not None else AssertionError("no error was kept")


def array_of(program: Program, slots: int, x: Ref) -> Array:
    """What a reference of a program reads, by the table of pointers at an address."""
    item = x.dtype.itemsize
    if x.node.kind == LITERAL:
        return np.broadcast_to(np.asarray(x.node.op, x.dtype), x.shape)
    if x.node.kind == IOTA:
        ramp = np.arange(x.node.size, dtype=x.dtype)[x.offset :]
        strides = tuple([s * x.dtype.itemsize for s in x.strides])
        return np.lib.stride_tricks.as_strided(ramp, x.shape, strides)
    if x.node.kind == CONSTANT and x.node.op is not None:
        table = np.ascontiguousarray(x.node.op).reshape(-1)[x.offset :]
        return np.lib.stride_tricks.as_strided(table, x.shape, [s * item for s in x.strides])
    if not x.node.size or 0 in x.shape:
        return np.empty(x.shape, x.dtype)
    slot, offset = program.place(x.node)
    base = ctypes.c_void_p.from_address(slots + 8 * slot).value or 0
    strides = tuple([s * item for s in x.strides])
    return array_at(base + offset + x.offset * item, x.shape, x.dtype, strides)  # type: ignore[no-any-return]
