"""The way into a kernel: a built-in function of CPython's where objects can be read, else ctypes.

Both are called as entry(rows, rows of a chunk, threads, address of the arena, *operands, *results), and return whether
the kernel did its work; False also for an operand that is not C-contiguous and aligned.

NOTE [blocks]
A kernel is made for a fixed number of rows (of elements, where a row is one), so that it serves any number from there
on. The last block begins where it still fits: it may compute rows that the block before has computed, and writes
the same numbers again. Results are the same bits for any number of threads, since each row is computed by itself and in
the same way in every block.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from string import Template
from typing import Any

import numpy as np

from ..native import threads
from ..native.builtin import METH_FASTCALL, MethodDef, builtin
from ..native.layout import LayoutError, layout, python_function
from ..native.library import Library, address_of

_HEAD = 32
"""Bytes of a job's record before the pointers."""

# The record of a job: i64 rows, i64 rows of a chunk, i64 status, ptr arena, then a pointer per operand and result.
_DRIVER = """
define internal i32 @refuse(ptr %slots, i64 %which) {
  ret i32 1
}

define void @chunk(ptr %job, i64 %chunk, i64 %worker) {
  %table = alloca [$slots x ptr], align 64
  %rows = load i64, ptr %job
  %per.at = getelementptr i8, ptr %job, i64 8
  %per = load i64, ptr %per.at
  %status.at = getelementptr i8, ptr %job, i64 16
  %arenas.at = getelementptr i8, ptr %job, i64 24
  %arenas = load ptr, ptr %arenas.at
  %offset = mul i64 %worker, $room
  %arena = getelementptr i8, ptr %arenas, i64 %offset
  %arena.at = getelementptr i8, ptr %table, i64 $arena
  store ptr %arena, ptr %arena.at
  %callback.at = getelementptr i8, ptr %table, i64 $callback
  store ptr @refuse, ptr %callback.at
  %first = mul i64 %chunk, %per
  %behind = add i64 %first, %per
  %short = icmp slt i64 %rows, %behind
  %end = select i1 %short, i64 %rows, i64 %behind
  %last = sub i64 %rows, $block
  br label %next
next:
  %i = phi i64 [ %first, %0 ], [ %i.1, %next ]
  %late = icmp slt i64 %last, %i
  %at = select i1 %late, i64 %last, i64 %i
$pointers  %failed = call i32 @core(ptr %table)
  %failed.1 = zext i32 %failed to i64
  %status = atomicrmw or ptr %status.at, i64 %failed.1 monotonic
  %i.1 = add i64 %i, $block
  %more = icmp slt i64 %i.1, %end
  br i1 %more, label %next, label %return
return:
  ret void
}
"""

_POINTER = """  %base$k.at = getelementptr i8, ptr %job, i64 $base
  %base$k = load ptr, ptr %base$k.at
  %by$k = mul i64 %at, $step
  %slot$k = getelementptr i8, ptr %base$k, i64 %by$k
  %slot$k.at = getelementptr i8, ptr %table, i64 $place
  store ptr %slot$k, ptr %slot$k.at
"""

_CALL = """
@ndarray_type = external global i8
@true = external global i8
@false = external global i8
@dualtape_pool = external global i8
declare i64 @PyLong_AsLongLong(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare void @Py_IncRef(ptr)
declare void @dualtape_parallel(ptr, ptr, ptr, i64, i64)

define ptr @call(ptr %self, ptr %args, i64 %count) {
  %job = alloca [$words x i64], align 64
$integers  store i64 %integer0, ptr %job
  %per.at = getelementptr i8, ptr %job, i64 8
  store i64 %integer1, ptr %per.at
  %status.at = getelementptr i8, ptr %job, i64 16
  store i64 0, ptr %status.at
  %arena.at = getelementptr i8, ptr %job, i64 24
  store i64 %integer3, ptr %arena.at
  br label %take0
$arrays
take$count:
  %up = add i64 %integer0, %integer1
  %up.1 = sub i64 %up, 1
  %chunks = sdiv i64 %up.1, %integer1
  %lock = call ptr @PyEval_SaveThread()
  %alone = icmp eq i64 %chunks, 1
  br i1 %alone, label %one, label %many
one:
  call void @chunk(ptr %job, i64 0, i64 0)
  br label %done
many:
  call void @dualtape_parallel(ptr @dualtape_pool, ptr @chunk, ptr %job, i64 %chunks, i64 %integer2)
  br label %done
done:
  call void @PyEval_RestoreThread(ptr %lock)
  %status = load i64, ptr %status.at
  %good = icmp eq i64 %status, 0
  br i1 %good, label %yes, label %no
yes:
  call void @Py_IncRef(ptr @true)
  ret ptr @true
no:
  call void @Py_IncRef(ptr @false)
  ret ptr @false
}
"""

_INTEGER = """  %integer$k.at = getelementptr ptr, ptr %args, i64 $k
  %integer$k.object = load ptr, ptr %integer$k.at
  %integer$k = call i64 @PyLong_AsLongLong(ptr %integer$k.object)
"""

# C-contiguous and aligned: NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_ALIGNED.
_ARRAY = """take$k:
  %array$k.at = getelementptr ptr, ptr %args, i64 $place
  %array$k = load ptr, ptr %array$k.at
  %type$k.at = getelementptr i8, ptr %array$k, i64 $type
  %type$k = load ptr, ptr %type$k.at
  %is$k = icmp eq ptr %type$k, @ndarray_type
  br i1 %is$k, label %look$k, label %no
look$k:
  %flags$k.at = getelementptr i8, ptr %array$k, i64 $flags
  %flags$k = load i32, ptr %flags$k.at
  %common$k = and i32 %flags$k, 257
  %plain$k = icmp eq i32 %common$k, 257
  br i1 %plain$k, label %note$k, label %no
note$k:
  %data$k.at = getelementptr i8, ptr %array$k, i64 $body
  %data$k = load ptr, ptr %data$k.at
  %job$k.at = getelementptr i8, ptr %job, i64 $base
  store ptr %data$k, ptr %job$k.at
  br label %take$next
"""


def driver(block: int, steps: Sequence[int], slots: int, arena: int) -> str:
    """The text that goes with a module's `core`.

    Args:
        block: Rows that `core` computes.
        steps: Bytes from a row to the next, of each operand and result.
        slots: Pointers in `core`'s table.
        arena: Bytes that a thread needs.
    """
    n = len(steps)
    pointers = [
        Template(_POINTER).substitute(k=k, base=_HEAD + 8 * k, step=step, place=8 * k)
        for k, step in enumerate(steps)
    ]
    text = Template(_DRIVER).substitute(
        slots=slots,
        room=arena,
        arena=8 * n,
        callback=8 * n + 8,
        block=block,
        pointers="".join(pointers),
    )
    if not readable():
        return text
    at = layout()
    arrays = [
        Template(_ARRAY).substitute(
            k=k,
            next=k + 1,
            place=k + 4,
            base=_HEAD + 8 * k,
            type=at.type,
            flags=at.flags,
            body=at.body,
        )
        for k in range(n)
    ]
    integers = [Template(_INTEGER).substitute(k=k) for k in range(4)]
    return text + Template(_CALL).substitute(
        words=_HEAD // 8 + n, integers="".join(integers), arrays="".join(arrays), count=n
    )


def joined(ir: str, text: str) -> str:
    """A module and its driver as one text: what both declare is declared once."""
    lines = set(ir.splitlines())
    declared = ("declare ", "@")
    rest = [x for x in text.splitlines() if not (x.startswith(declared) and x in lines)]
    return "\n".join([ir, *rest, ""])


@functools.cache
def readable() -> bool:
    """Whether native code can read this interpreter's objects."""
    try:
        layout()
        _api()
    except LayoutError:
        return False
    return True


@functools.cache
def _api() -> dict[str, int]:
    names = ("PyLong_AsLongLong", "PyEval_SaveThread", "PyEval_RestoreThread", "Py_IncRef")
    functions = {name: address_of(python_function(name, None)) for name in names}
    return {**functions, "ndarray_type": id(np.ndarray), "true": id(True), "false": id(False)}


def symbols() -> dict[str, int]:
    """Addresses of what the text declares."""
    return {**_api(), **threads.symbols()} if readable() else {}


def entry(library: Library) -> Callable[..., bool]:
    """What calls a loaded kernel, a module with `driver`'s text."""
    if not readable():
        return _by_ctypes(library)
    definition = MethodDef(b"kernel", library.address("call"), METH_FASTCALL, None)
    # The function holds what it needs: the code, and the record that it was made of.
    return builtin(definition, (library, definition))


def _by_ctypes(library: Library) -> Callable[..., bool]:
    chunk = library.address("chunk")
    alone = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(chunk)

    def call(rows: int, per: int, team: int, arena: int, *arrays: np.ndarray[Any, Any]) -> bool:
        if not all(a.flags.c_contiguous and a.flags.aligned for a in arrays):
            return False
        pointers = [a.ctypes.data for a in arrays]
        job = (ctypes.c_int64 * (4 + len(pointers)))(rows, per, 0, arena, *pointers)
        chunks = -(-rows // per)
        if chunks == 1:
            alone(ctypes.addressof(job), 0, 0)
        else:
            threads.run(chunk, ctypes.addressof(job), chunks, team)
        return not job[2] and library is not None

    return call
