"""What runs a simplified graph: native code where llvmlite is installed, NumPy otherwise."""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.callsite import warn
from ..core.inplace import array_at
from .graph import Array, Graph
from .hoisting import hoisted
from .interpreter import Interpreted
from .loops import prepare
from .lowering import lower
from .lowering.lowered import CALLBACK
from .lowering.structured import is_short
from .native import library, target
from .native.call import make_call
from .native.plan import ArgArray, ArrayResult, Buffer, Finish, Output, Plan, Slot


def executable(graph: Graph, backend: str = "auto") -> Native | Interpreted:
    """Something that takes one array per input, writes the updates and returns the outputs.

    Args:
        graph: Simplified.
        backend: "native", "numpy", or "auto" for native code where llvmlite is installed.

    Raises:
        CompilerMissingError: "native", and llvmlite is not installed.
    """
    if backend == "numpy" or (backend == "auto" and not target.available()):
        return Interpreted(graph)
    if any(d.hasobject or not d.isnative for d in {a.dtype for a in graph.avals}):
        return Interpreted(graph)  # text, and numbers that a file has in another order of bytes
    try:
        whole = hoisted(graph)
        prepare(whole, Native)
        return Native(whole)
    except Exception as error:
        if backend == "native":
            raise
        warn(
            f"a graph of {len(graph.calls)} operations could not be made native code, which is a bug in dualtape: "
            f"{type(error).__name__}: {error}\n  It runs as NumPy calls, with the same results."
        )
        return Interpreted(graph)


class Native:
    """A graph as native code.

    Attributes:
        graph: What it computes.
        lowered: How.
        library: The loaded code.
        fixed: The table's pointers besides inputs and outputs: constants, arena, callback.
    """

    native = True

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.lowered = lowered = lower(graph)
        self.size = lowered.slots.arena
        short = is_short(lowered.program)
        self.library = library.load(
            lowered.key, lowered.ir, lowered.symbols, optimise=short, level=2
        )
        s = lowered.slots
        self.constants = [Buffer(contiguous(graph.constants[v])) for v in s.constants]
        self.hook = CALLBACK(lowered.callback)
        self.fixed = self.fixed_again()
        self.lock = threading.Lock()  # a callback lets other threads in, and the arena is one
        inputs: list[Slot] = [
            ArgArray(i, graph.avals[v].dtype, graph.avals[v].shape)
            for i, v in enumerate(graph.inputs)
        ]
        outputs: list[Slot] = [Output(a.dtype, a.shape) for a in s.outputs]
        first = len(inputs) + len(self.constants)
        where = {v: i for i, v in enumerate(graph.inputs)}
        self.written = frozenset([where[t] for t, _ in graph.updates])
        plan = Plan(
            len(inputs), (*inputs, *self.constants, *outputs, *self.fixed),
            result=Finish(list, tuple([ArrayResult(first + i) for i in range(len(outputs))])),
            written=self.written, keep=(self.library, self.hook), on_status=weakly(self.failed),
        )  # fmt: skip
        self.call = make_call(plan, self.library.address("core"), weakly(self.slow))

    def __call__(self, arrays: Sequence[Array]) -> list[Any]:
        """Run it."""
        if not self.lowered.slots.callback:
            return self.call(*arrays)  # type: ignore[no-any-return]
        with self.lock:
            return self.call(*arrays)  # type: ignore[no-any-return]

    def fixed_again(self) -> list[Buffer]:
        """What `fixed` is, with an arena of its own."""
        arena = np.empty(self.lowered.slots.arena + 64, np.uint8)
        start = -arena.ctypes.data % 64
        hook = array_at(ctypes.cast(self.hook, ctypes.c_void_p).value or 0, (1,), np.uint8)
        return [Buffer(arena[start:]), Buffer(hook)]

    def slow(self, *arrays: Array) -> list[Any]:
        """Run it on copies of what is not contiguous, aligned or exactly an array."""
        plain = [contiguous(np.asarray(a)) for a in arrays]
        for i in self.written:
            if plain[i] is arrays[i] and any(
                np.may_share_memory(plain[i], a) for j, a in enumerate(plain) if j != i
            ):
                plain[i] = plain[i].copy()
        out = self.call(*plain)
        for i in self.written:
            if plain[i] is not arrays[i]:
                np.copyto(arrays[i], plain[i])
        return out  # type: ignore[no-any-return]

    def failed(self, status: int) -> Any:
        """A callback has raised."""
        error = self.lowered.error
        self.lowered.error = None
        raise error if error is not None else AssertionError(f"native code returned {status}")

    def explain(self) -> list[str]:
        """Its kernels, and what NumPy runs."""
        lines = [f"native code{' (from the cache)' if self.library.was_cached else ''}:"]
        lines += [f"  {k}" for k in self.lowered.kernels]
        called = self.lowered.callbacks
        if called:
            lines.append(
                f"run by NumPy inside it ({len(called)}): {', '.join(sorted(set(called)))}"
            )
        return lines

    def llvm(self) -> str:
        """Its LLVM code."""
        return self.lowered.ir()

    def asm(self) -> str:
        """Its machine code, as assembly text."""
        return library.assembly(self.lowered.ir())


def weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that does not keep its object alive: what native code holds is out of the garbage collector's sight."""
    ref = weakref.WeakMethod(method)

    def call(*args: Any, **named: Any) -> Any:
        found = ref()
        assert found is not None, "the compiled function is gone"
        return found(*args, **named)

    return call


def contiguous(a: Array) -> Array:
    """An array in rows, aligned, in the machine's byte order, exactly an `ndarray`."""
    if type(a) is np.ndarray and a.flags.c_contiguous and a.flags.aligned and a.dtype.isnative:
        return a
    return np.array(a, a.dtype.newbyteorder("="), order="C", subok=False)
