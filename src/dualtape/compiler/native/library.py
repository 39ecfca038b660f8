"""From LLVM IR to addresses that can be called, by way of the object cache."""

from __future__ import annotations

import ctypes
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from . import cache, target
from .errors import NativeError

_PER_JIT = 64
"""Libraries that share one LLJIT. Each leaves some 10 kB and a few microseconds of every later link behind until
its LLJIT goes; a new LLJIT costs 1.5 ms."""


class Library:
    """Loaded native code. The addresses are good for as long as this object lives, and no longer.

    Attributes:
        names: The functions it defines.
        was_cached: Whether the code came from the disk.
    """

    __slots__ = ("__weakref__", "_tracker", "names", "was_cached")

    def __init__(self, tracker: Any, names: tuple[str, ...], was_cached: bool) -> None:
        self._tracker = tracker
        self.names = names
        self.was_cached = was_cached

    def address(self, name: str) -> int:
        """Where the function `name` begins.

        Raises:
            NativeError: The library has no such function.
        """
        if name not in self.names:
            raise NativeError(f"native code has no function {name!r}, only {', '.join(self.names)}")
        return int(self._tracker[name])


def load(
    key: str | None,
    make_ir: Callable[[], str],
    symbols: Mapping[str, int] | None = None,
    *,
    optimise: bool = False,
    level: int = 3,
) -> Library:
    """Compile a module, or find it in the cache, and load it.

    Args:
        key: Everything that the IR depends on besides this version of dualtape and this machine; None for
            the IR itself, which is then always written, and kept over changes of dualtape that leave it alone.
        make_ir: Writes the module; called only if the cache has no code for `key`.
        symbols: Addresses of what the module declares without defining.
        optimise: Run LLVM's passes. Code that is written well needs none, and they take most of the time.
        level: Which passes: 2 and 3 as in -O2 and -O3; 1 inlines what says `alwaysinline`, and tidies up.

    Returns:
        The library; every function of external linkage that the module defines can be asked for.

    Raises:
        CompilerMissingError: llvmlite is not installed.
        NativeError: LLVM refuses the IR, or a symbol is missing.
    """
    target.require()
    passes = f"O{level}" if optimise else "O0"
    if key is None:
        ir = make_ir()
        name = cache.digest(ir, target.host().text(), passes)
    else:
        ir = ""
        name = cache.digest(cache.generator(), key, target.host().text(), passes)
    store = cache.current()
    payload = None if store is None else store.get(name)
    was_cached = payload is not None
    if payload is None:
        names, code = compile_ir(ir or make_ir(), level if optimise else 0)
        payload = _pack(names, code)
        if store is not None:
            store.put(name, payload)
    names, code = _unpack(payload)
    return Library(_link(names, code, symbols or {}), names, was_cached)


def compile_ir(ir: str, level: int = 0) -> tuple[tuple[str, ...], bytes]:
    """Compile a module to object code.

    Args:
        ir: The module as text.
        level: 0 for no passes, else which, see `load`.

    Returns:
        The names of the functions it defines, and the object file's bytes.

    Raises:
        NativeError: LLVM refuses the IR; the message shows the place.
    """
    llvm, machine = target.binding(), target.machine()
    with parsed(ir, level) as module:
        names = tuple(
            f.name
            for f in module.functions
            if not f.is_declaration and f.linkage is llvm.Linkage.external
        )
        if not names:
            raise NativeError("the compiler wrote a module without functions")
        try:
            return names, machine.emit_object(module)
        except RuntimeError as err:
            raise NativeError(f"LLVM could not generate code: {err}") from err


def optimised_ir(ir: str, level: int = 3) -> str:
    """The module after LLVM's passes, as text."""
    with parsed(ir, level) as module:
        return str(module)


def assembly(ir: str, level: int = 0) -> str:
    """The machine instructions that a module becomes, as text."""
    with parsed(ir, level) as module:
        return str(target.machine().emit_assembly(module))


@contextmanager
def parsed(ir: str, level: int = 0) -> Iterator[Any]:
    """A verified module of llvmlite's, from text, after passes if `level` is not 0; it is gone after the block.

    Raises:
        NativeError: LLVM refuses the IR; the message shows the place.
    """
    llvm, machine = target.binding(), target.machine()
    head = (
        f'target triple = "{target.host().triple}"\ntarget datalayout = "{machine.target_data}"\n'
    )
    # In a context of its own, since types and constants of all modules stay in the shared one for good. The module
    # has to go first, also when an exception's traceback still refers to it.
    with target.lock, llvm.create_context() as context:
        try:
            module = llvm.parse_assembly(head + ir, context=context)
        except RuntimeError as err:
            raise _refusal(head + ir, err) from err
        with module:
            try:
                module.verify()
            except RuntimeError as err:
                raise _refusal(head + ir, err) from err
            if level:
                _run_passes(llvm, machine, module, level)
            yield module


def _refusal(ir: str, err: RuntimeError) -> NativeError:
    return NativeError(
        f"LLVM refuses what the compiler wrote, which is a bug in dualtape: {str(err).strip()}\n"
        + _excerpt(ir, str(err))
    )


def _excerpt(ir: str, message: str) -> str:
    """The lines around the one that LLVM complains about; for a verifier's message, where its instruction stands."""
    lines = ir.splitlines()
    at = re.search(r"<string>:(\d+):\d+", message)
    if at:
        line = int(at[1]) - 1
    else:
        stripped = [text.strip() for text in lines]
        quoted = [text.strip() for text in message.splitlines()]
        line = next((stripped.index(text) for text in quoted if text and text in stripped), 0)
    first = max(0, line - 4)
    return "\n".join(
        f"{'>' if n == line else ' '} {n + 1:5} {lines[n]}"
        for n in range(first, min(len(lines), line + 5))
    )


def _run_passes(llvm: Any, machine: Any, module: Any, level: int) -> None:
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    builder = llvm.create_pass_builder(machine, options)
    if level == 1:  # a tenth of the time of LLVM's own level 1
        passes = llvm.create_new_module_pass_manager()
        passes.add_always_inliner_pass()
        passes.add_global_dead_code_eliminate_pass()
        passes.add_simplify_cfg_pass()
        passes.add_instruction_combine_pass()
        passes.add_simplify_cfg_pass()
    else:
        passes = builder.getModulePassManager()
    passes.run(module, builder)  # once only: a second run of the same manager aborts the process


def _pack(names: tuple[str, ...], code: bytes) -> bytes:
    text = "\n".join(names).encode()
    return struct.pack("<Q", len(text)) + text + code


def _unpack(payload: bytes) -> tuple[tuple[str, ...], bytes]:
    (length,) = struct.unpack_from("<Q", payload)
    return tuple(payload[8 : 8 + length].decode().split("\n")), payload[8 + length :]


_numbers = count()
_shared: tuple[Any, int] = (None, 0)  # the LLJIT in use, and how many libraries it has taken


def _link(names: tuple[str, ...], code: bytes, symbols: Mapping[str, int]) -> Any:
    """Load object code; what is returned owns it, and maps names to addresses."""
    global _shared
    llvm = target.binding()
    # Everything is exported at once: a function looked up later comes with an owner of its own, and
    # LLVM unloads the library when any of its owners goes.
    builder = llvm.JITLibraryBuilder().add_object_img(code)
    for symbol, address in {**memory_functions(), **symbols}.items():
        builder.import_symbol(symbol, address)
    for name in names:
        builder.export_symbol(name)
    with target.lock:
        jit, taken = _shared
        if jit is None or taken >= _PER_JIT:
            # The older linker places sections too far apart for ARM's branches.
            jit = llvm.create_lljit_compiler(use_jit_link=not target.is_x86(), suppress_errors=True)
            taken = 0
        _shared = jit, taken + 1
        try:
            tracker = builder.link(jit, f"dualtape{next(_numbers)}")
        except RuntimeError as err:
            raise NativeError(
                f"native code could not be loaded ({err}); it may use a function that is not among "
                f"its symbols: {', '.join(symbols) or 'none'}"
            ) from err
    tracker.owner = jit  # which must go after it
    return tracker


def memory_functions() -> dict[str, int]:
    """What LLVM itself makes calls to, for copies and fills of memory."""
    return {
        "memcpy": address_of(ctypes.memmove),
        "memmove": address_of(ctypes.memmove),
        "memset": address_of(ctypes.memset),
    }


def address_of(function: Any) -> int:
    """Where a foreign function, as ctypes has it, begins."""
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)
