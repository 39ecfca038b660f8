"""Loops over arrays with one of the functions, compiled for this machine."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from dualtape.compiler.emit.writer import Lanes, Module, Writer
from dualtape.compiler.vecmath import ARITY, FUNCTIONS


def lanes(dtype: Any, width: int | None = None) -> Lanes:
    """A register of 64 bytes, or as many elements as asked."""
    element = "float" if np.dtype(dtype) == np.float32 else "double"
    return Lanes(element, width or 512 // Lanes(element).bits)


def write_kernel(
    module: Module, name: str, t: Lanes, inputs: int, outputs: int, body: Callable[..., Any]
) -> None:
    """Add `void name(i64 n, ptr y..., ptr x...)`; n is a multiple of the width.

    Args:
        module: Gets the function.
        name: Its name.
        t: Lanes of all operands and results.
        inputs: How many arrays are read.
        outputs: How many are written.
        body: Given the writer, the lanes and operands, returns a result or a tuple of them.
    """
    w = Writer(module)
    w.label("entry")
    w.do("br label %loop")
    w.label("loop")
    i = w.op("phi i64 [ 0, %entry ], [ %next, %LAST ]")
    align = f"align {t.bits // 8}"
    operands = []
    for k in range(inputs):
        at = w.op(f"getelementptr {t.element}, ptr %x{k}, i64 {i}")
        operands.append(w.op(f"load {t.text}, ptr {at}, {align}"))
    results = body(w, t, *operands)
    for k, result in enumerate(results if isinstance(results, tuple) else (results,)):
        at = w.op(f"getelementptr {t.element}, ptr %y{k}, i64 {i}")
        w.do(f"store {t.text} {result}, ptr {at}, {align}")
    w.do(f"%next = add i64 {i}, {t.width}")
    w.do("%more = icmp ult i64 %next, %n")
    w.do("br i1 %more, label %loop, label %out")
    last = w.block
    w.label("out")
    w.do("ret void")
    pointers = [f"ptr %y{k}" for k in range(outputs)] + [f"ptr %x{k}" for k in range(inputs)]
    lines = [f"define void @{name}(i64 %n, {', '.join(pointers)}) {{", *w.lines, "}"]
    module.functions[name] = "\n".join(lines).replace("%LAST", f"%{last}")


@lru_cache
def binding() -> Any:
    """The LLVM binding, with the targets made known."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm


def host(cpu: str | None = None) -> Any:
    """A target machine for this processor, or an older one of its kind."""
    llvm = binding()
    features = "" if cpu else llvm.get_host_cpu_features().flatten()
    cpu = cpu or llvm.get_host_cpu_name()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=cpu, features=features, opt=2)


@lru_cache(None)
def engine(text: str, cpu: str | None = None) -> Any:
    """Machine code of a module."""
    llvm = binding()
    module = llvm.parse_assembly(text)
    module.verify()
    compiled = llvm.create_mcjit_compiler(module, host(cpu))
    compiled.finalize_object()
    return compiled


def run(compiled: Any, name: str, t: Lanes, outputs: int, *arrays: Any) -> Any:
    """Call a kernel with arrays of one shape; the padding is 1."""
    dtype = np.float32 if t.bits == 32 else np.float64
    n = arrays[0].size
    padded = -(-n // t.width) * t.width
    given = []
    for array in arrays:
        assert array.dtype == dtype
        given.append(np.concatenate([array.ravel(), np.ones(padded - n, dtype)]))
    results = [np.empty(padded, dtype) for _ in range(outputs)]
    pointers = [a.ctypes.data for a in (*results, *given)]
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * len(pointers))
    kind(compiled.get_function_address(name))(padded, *pointers)
    out = tuple(r[:n].reshape(arrays[0].shape) for r in results)
    return out if outputs > 1 else out[0]


def module_of(
    names: Iterable[str], dtype: Any, fma: bool = True, width: int | None = None
) -> Module:
    """A module with a kernel `k_<name>` for each function."""
    module = Module(fma=fma)
    for name in names:
        write_kernel(module, f"k_{name}", lanes(dtype, width), ARITY[name], 1, FUNCTIONS[name])
    return module


@lru_cache(None)
def function(
    name: str, dtype: Any, fma: bool = True, width: int | None = None
) -> Callable[..., Any]:
    """One of the functions, for arrays."""
    compiled = engine(module_of([name], dtype, fma, width).text())

    def call(*arrays: Any) -> Any:
        return run(compiled, f"k_{name}", lanes(dtype, width), 1, *np.broadcast_arrays(*arrays))

    return call
