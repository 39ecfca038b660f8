"""Threads for native code: a pool whose workers take chunks of a job until none is left.

`run(function, context, chunks)` is for Python. Native code declares

    declare void @dualtape_parallel(ptr pool, ptr function, ptr context, i64 chunks, i64 threads)

which calls `void function(ptr context, i64 chunk, i64 worker)` for every chunk, `worker` being below `threads`; it
returns when all have been done. Both symbols are in `symbols()`, the pool's address as `@dualtape_pool`; asking for them
starts the workers. Chunks should take some 20 us and more, and what they write should not depend on who runs them. Where
the pool is at work already (for another thread, or for the job that asks), the caller does everything by itself.

Workers are Python's threads, which enter native code once and for all without the interpreter's lock. They wait
for work in a loop for some microseconds and then sleep on one of CPython's locks. In a child process there are none until
`symbols` or `run` is called there.

NOTE [claims]
The ticket holds the job's number in its upper half and the next chunk in its lower. Whoever wants a chunk reads the
ticket, then the job's record, and adds one to the ticket by compare-and-swap, which succeeds only if the job is
still the one whose record was read. A caller closes the ticket (no chunk left) before the next one can
write the record. So the caller waits for chunks that are being worked on, and never for a worker that the system has
put aside.
"""

from __future__ import annotations

import ctypes
import functools
import os
import threading
from string import Template
from typing import Any

from ...core.threads import thread_count, told
from . import library, target
from .layout import python_function

MOST = 64
"""Threads at most, with the caller's."""
THREADED = 50_000
"""Nanoseconds of work from which a second thread pays."""
CHUNK = 25_000
"""Nanoseconds of a chunk."""
SPIN = 400
"""Looks at the ticket before sleep."""
_HEADER, _LINE = 256, 64

_FIELDS = """\
  %function.at = getelementptr i8, ptr %pool, i64 64
  %context.at = getelementptr i8, ptr %pool, i64 72
  %chunks.at = getelementptr i8, ptr %pool, i64 80
  %threads.at = getelementptr i8, ptr %pool, i64 88
  %done.at = getelementptr i8, ptr %pool, i64 128
  %waiting.at = getelementptr i8, ptr %pool, i64 136
  %finished.at = getelementptr i8, ptr %pool, i64 208
  %finished = load ptr, ptr %finished.at
"""

_TEXT = """
declare void @PyThread_release_lock(ptr)
declare i32 @PyThread_acquire_lock(ptr, i32)

define private void @pause() alwaysinline {
$pause  ret void
}

define void @dualtape_parallel(ptr %pool, ptr %function, ptr %context, i64 %chunks, i64 %threads) {
  %have.at = getelementptr i8, ptr %pool, i64 200
  %have = load atomic i64, ptr %have.at seq_cst, align 8
  %others = sub i64 %threads, 1
  %few = icmp slt i64 %have, %others
  %helpers = select i1 %few, i64 %have, i64 %others
  %helped = icmp sgt i64 %helpers, 0
  %several = icmp sgt i64 %chunks, 1
  %worth = and i1 %helped, %several
  %busy.at = getelementptr i8, ptr %pool, i64 192
  br i1 %worth, label %try, label %alone
try:
  %taken = cmpxchg ptr %busy.at, i64 0, i64 1 seq_cst seq_cst
  %mine = extractvalue {i64, i1} %taken, 1
  br i1 %mine, label %publish, label %alone
alone:
  %any = icmp sgt i64 %chunks, 0
  br i1 %any, label %one, label %return
one:
  %i = phi i64 [ 0, %alone ], [ %i.1, %one ]
  call void %function(ptr %context, i64 %i, i64 0)
  %i.1 = add i64 %i, 1
  %i.more = icmp slt i64 %i.1, %chunks
  br i1 %i.more, label %one, label %return
publish:
$fields  store atomic ptr %function, ptr %function.at seq_cst, align 8
  store atomic ptr %context, ptr %context.at seq_cst, align 8
  store atomic i64 %chunks, ptr %chunks.at seq_cst, align 8
  store atomic i64 %threads, ptr %threads.at seq_cst, align 8
  store atomic i64 0, ptr %done.at seq_cst, align 8
  store atomic i64 0, ptr %waiting.at seq_cst, align 8
  %before = load atomic i64, ptr %pool seq_cst, align 8
  %number = lshr i64 %before, 32
  %number.1 = add i64 %number, 1
  %ticket = shl i64 %number.1, 32
  store atomic i64 %ticket, ptr %pool seq_cst, align 8
  br label %wake
wake:
  %h = phi i64 [ 0, %publish ], [ %h.1, %woken ]
  %h.line = mul i64 %h, $line
  %h.offset = add i64 %h.line, $header
  %asleep.at = getelementptr i8, ptr %pool, i64 %h.offset
  %was = cmpxchg ptr %asleep.at, i64 1, i64 0 seq_cst seq_cst
  %sleeps = extractvalue {i64, i1} %was, 1
  br i1 %sleeps, label %call, label %woken
call:
  %lock.at = getelementptr i8, ptr %asleep.at, i64 8
  %lock = load ptr, ptr %lock.at
  call void @PyThread_release_lock(ptr %lock)
  br label %woken
woken:
  %h.1 = add i64 %h, 1
  %h.more = icmp slt i64 %h.1, %helpers
  br i1 %h.more, label %wake, label %claim
claim:
  %t = load atomic i64, ptr %pool seq_cst, align 8
  %next = and i64 %t, 4294967295
  %left = icmp ult i64 %next, %chunks
  br i1 %left, label %grab, label %wait
grab:
  %t.1 = add i64 %t, 1
  %got = cmpxchg ptr %pool, i64 %t, i64 %t.1 seq_cst seq_cst
  %ok = extractvalue {i64, i1} %got, 1
  br i1 %ok, label %work, label %claim
work:
  call void %function(ptr %context, i64 %next, i64 0)
  %d0 = atomicrmw add ptr %done.at, i64 1 seq_cst
  br label %claim
wait:
  %k = phi i64 [ 0, %claim ], [ %k.1, %again ], [ 0, %awake ]
  %done = load atomic i64, ptr %done.at seq_cst, align 8
  %all = icmp eq i64 %done, %chunks
  br i1 %all, label %close, label %again
again:
  call void @pause()
  %k.1 = add i64 %k, 1
  %patient = icmp slt i64 %k.1, $spin
  br i1 %patient, label %wait, label %sleep
sleep:
  %told = cmpxchg ptr %waiting.at, i64 0, i64 1 seq_cst seq_cst
  %told.ok = extractvalue {i64, i1} %told, 1
  br i1 %told.ok, label %block, label %awake
block:
  %a = call i32 @PyThread_acquire_lock(ptr %finished, i32 1)
  br label %awake
awake:
  store atomic i64 0, ptr %waiting.at seq_cst, align 8
  br label %wait
close:
  %closed = or i64 %ticket, 4294967295
  store atomic i64 %closed, ptr %pool seq_cst, align 8
  store atomic i64 0, ptr %busy.at seq_cst, align 8
  br label %return
return:
  ret void
}

define void @dualtape_worker(ptr %pool, i64 %number) {
$fields  %number.0 = sub i64 %number, 1
  %line = mul i64 %number.0, $line
  %offset = add i64 %line, $header
  %asleep.at = getelementptr i8, ptr %pool, i64 %offset
  %lock.at = getelementptr i8, ptr %asleep.at, i64 8
  %lock = load ptr, ptr %lock.at
  br label %look
look:
  %k = phi i64 [ 0, %0 ], [ %k.1, %idle ], [ 0, %grab ], [ 0, %work ], [ 0, %finish ],
         [ 0, %release ], [ 0, %wake ], [ 0, %block ]
  %t = load atomic i64, ptr %pool seq_cst, align 8
  %next = and i64 %t, 4294967295
  %function = load atomic ptr, ptr %function.at seq_cst, align 8
  %context = load atomic ptr, ptr %context.at seq_cst, align 8
  %chunks = load atomic i64, ptr %chunks.at seq_cst, align 8
  %threads = load atomic i64, ptr %threads.at seq_cst, align 8
  %left = icmp ult i64 %next, %chunks
  %asked = icmp slt i64 %number, %threads
  %can = and i1 %left, %asked
  br i1 %can, label %grab, label %none
grab:
  %t.1 = add i64 %t, 1
  %got = cmpxchg ptr %pool, i64 %t, i64 %t.1 seq_cst seq_cst
  %ok = extractvalue {i64, i1} %got, 1
  br i1 %ok, label %work, label %look
work:
  call void %function(ptr %context, i64 %next, i64 %number)
  %d = atomicrmw add ptr %done.at, i64 1 seq_cst
  %d.1 = add i64 %d, 1
  %last = icmp eq i64 %d.1, %chunks
  br i1 %last, label %finish, label %look
finish:
  %w = atomicrmw xchg ptr %waiting.at, i64 2 seq_cst
  %waits = icmp eq i64 %w, 1
  br i1 %waits, label %release, label %look
release:
  call void @PyThread_release_lock(ptr %finished)
  br label %look
none:
  %patient = icmp slt i64 %k, $spin
  br i1 %patient, label %idle, label %sleep
idle:
  call void @pause()
  %k.1 = add i64 %k, 1
  br label %look
sleep:
  store atomic i64 1, ptr %asleep.at seq_cst, align 8
  %t.2 = load atomic i64, ptr %pool seq_cst, align 8
  %new = icmp ne i64 %t.2, %t
  br i1 %new, label %wake, label %block
wake:
  %awoken = cmpxchg ptr %asleep.at, i64 1, i64 0 seq_cst seq_cst
  %alone = extractvalue {i64, i1} %awoken, 1
  br i1 %alone, label %look, label %block
block:
  %a = call i32 @PyThread_acquire_lock(ptr %lock, i32 1)
  br label %look
}
"""


def _text() -> str:
    pause = ""
    declare = ""
    if target.is_x86():
        declare = "declare void @llvm.x86.sse2.pause()\n"
        pause = "  call void @llvm.x86.sse2.pause()\n"
    elif target.host().triple.split("-")[0] in {"aarch64", "arm64"}:
        pause = '  call void asm sideeffect "yield", ""()\n'
    return declare + Template(_TEXT).substitute(
        pause=pause, line=_LINE, header=_HEADER, spin=SPIN, fields=_FIELDS
    )


class _Pool:
    """The memory that the threads share, and its workers."""

    def __init__(self) -> None:
        self.memory = ctypes.create_string_buffer(_HEADER + _LINE * MOST + _LINE)
        self.address = -(-ctypes.addressof(self.memory) // _LINE) * _LINE
        release, acquire = (
            python_function(f"PyThread_{name}_lock", *types)
            for name, types in (
                ("release", (None, ctypes.c_void_p)),
                ("acquire", (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)),
            )
        )
        self.library = library.load(
            None,
            _text,
            {
                "PyThread_release_lock": library.address_of(release),
                "PyThread_acquire_lock": library.address_of(acquire),
            },
            optimise=True,
            level=1,
        )
        self.parallel = self.library.address("dualtape_parallel")
        self.call = ctypes.CFUNCTYPE(
            None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64
        )(self.parallel)
        self.work = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(
            self.library.address("dualtape_worker")
        )
        self.starting = threading.Lock()
        self.workers = 0
        self.reset()

    def reset(self) -> None:
        """Have no workers: at first, and in a child process, which has none of its parent's threads."""
        ctypes.memset(self.address, 0, _HEADER + _LINE * MOST)
        self.starting = threading.Lock()
        self.workers = 0
        self._word(208).value = _held_lock()
        self._word(0).value = 0xFFFFFFFF

    def _word(self, offset: int) -> Any:
        return ctypes.c_uint64.from_address(self.address + offset)

    def start(self, threads: int) -> None:
        """Have workers for so many threads."""
        with self.starting:
            while self.workers < min(threads, MOST) - 1:
                number = self.workers + 1
                self._word(_HEADER + _LINE * (number - 1) + 8).value = _held_lock()
                worker = threading.Thread(
                    target=self.work,
                    args=(self.address, number),
                    name=f"dualtape-{number}",
                    daemon=True,
                )
                try:
                    worker.start()
                except RuntimeError:  # no more threads, or the interpreter is on its way out
                    return
                self.workers = number
                self._word(200).value = number


def _held_lock() -> int:
    """One of CPython's locks, which is held."""
    allocate = python_function("PyThread_allocate_lock", ctypes.c_void_p)
    acquire = python_function("PyThread_acquire_lock", ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
    made = allocate()
    if made is None:
        raise MemoryError("no lock for threads")
    acquire(made, 0)
    return int(made)


@functools.cache
def _pool() -> _Pool:
    pool = _Pool()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=pool.reset)
    told.append(pool.start)
    return pool


def symbols() -> dict[str, int]:
    """Addresses for native code, see above; workers for `thread_count()` threads are there afterwards."""
    pool = _pool()
    pool.start(thread_count())
    return {"dualtape_parallel": pool.parallel, "dualtape_pool": pool.address}


def run(function: int, context: int, chunks: int, threads: int | None = None) -> None:
    """Call native code for each chunk of a job, without the interpreter's lock.

    Args:
        function: Address of `void function(ptr context, i64 chunk, i64 worker)`.
        context: The address that it is given.
        chunks: How many there are.
        threads: How many threads at most; by default `thread_count()`.
    """
    most = min(thread_count() if threads is None else threads, MOST, chunks)
    start(most)
    pool = _pool()
    pool.call(pool.address, function, context, chunks, most)


def start(threads: int) -> None:
    """Have workers for a job on so many threads."""
    pool = _pool()
    if pool.workers < threads - 1:
        pool.start(threads)
