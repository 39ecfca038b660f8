"""`low_level_callable`: a compiled function as SciPy's integrators and image filters call C functions.

A few lines of LLVM stand in front of the program's core: they point its table at what SciPy passes, call it, and return
what SciPy wants to be returned.
"""

from __future__ import annotations

import ctypes
import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from ...core.aval import Aval
from ...ops.complex import cast
from ...ops.shape import stack
from ...transforms import tree
from ...transforms.surface import lift
from ..lowering import Lowered, lower
from ..native import library, target
from .derivatives import ExportError, Pure, is_operand, pure

DOUBLE, INT64 = np.dtype(np.float64), np.dtype(np.int64)
ON_STACK = 1 << 16
"""Bytes of a call's own memory up to which it is on the stack."""
NUMBER, POINTER, WHOLE, SIZE = ctypes.c_double, ctypes.c_void_p, ctypes.c_int, ctypes.c_ssize_t


@dataclass(frozen=True, slots=True)
class Kind:
    """One of SciPy's signatures.

    Attributes:
        signature: As SciPy knows it.
        result, parameters: ctypes' types.
        llvm: The parameters as LLVM names them; the last, %data, points to what the call needs.
        what: What the Python function is to be.
    """

    signature: str
    result: Any
    parameters: tuple[Any, ...]
    llvm: str
    what: str


KINDS = {
    "quad": Kind(
        "double (double, void *)", NUMBER, (NUMBER, POINTER), "double %x, ptr %data",
        "a function of one number that returns one",
    ),
    "nquad": Kind(
        "double (int, double *, void *)", NUMBER, (WHOLE, POINTER, POINTER), "i32 %n, ptr %xs, ptr %data",
        "a function of several numbers that returns one",
    ),
    "generic_filter": Kind(
        "int (double *, intptr_t, double *, void *)", WHOLE, (POINTER, SIZE, POINTER, POINTER),
        "ptr %xs, i64 %n, ptr %result, ptr %data", "a function of an array (the window, flat) that returns one number",
    ),
    "generic_filter1d": Kind(
        "int (double *, intptr_t, double *, intptr_t, void *)", WHOLE, (POINTER, SIZE, POINTER, SIZE, POINTER),
        "ptr %xs, i64 %n, ptr %result, i64 %m, ptr %data", "a function of an extended line that returns the line",
    ),
    "geometric_transform": Kind(
        "int (intptr_t *, double *, int, int, void *)", WHOLE, (POINTER, POINTER, WHOLE, WHOLE, POINTER),
        "ptr %xs, ptr %result, i32 %n, i32 %m, ptr %data",
        "a function of an array of output coordinates (integers) that returns the input's",
    ),
}  # fmt: skip


def low_level_callable(
    f: Callable[..., Any], label: str, kind: str, size: int | None, example: Sequence[Any] | None
) -> Any:
    """See `Compiled.low_level_callable`."""
    if kind not in KINDS:
        raise ValueError(f"low_level_callable: the kinds are {', '.join(KINDS)}, got {kind!r}")
    target.require()
    try:
        scipy = import_module("scipy")
    except ImportError as error:
        raise ImportError("low_level_callable needs SciPy: pip install dualtape[sci]") from error
    args = _example(f, label, kind, size) if example is None else tuple(example)
    leaves, structure = tree.flatten((args, {}))
    _fits(kind, label, leaves)
    made = pure(_flat_result(f), leaves, structure, label)
    _check(kind, label, made)
    lowered = lower(made.graph, threaded=False)
    if lowered.callbacks:
        raise ExportError(
            f"{label} has no native code throughout: NumPy runs {', '.join(sorted(set(lowered.callbacks)))}. Pass the Python "
            "function itself, or write that part with other operations"
        )
    entry = _entry(kind, made, lowered, leaves)
    key = "callable " + hashlib.sha256(f"{lowered.key}\n{entry}".encode()).hexdigest()
    loaded = library.load(key, lambda: f"{lowered.ir()}\n{entry}", lowered.symbols)
    k = KINDS[kind]
    call = ctypes.CFUNCTYPE(k.result, *k.parameters)(loaded.address("entry"))
    constants = [np.array(made.graph.constants[v], order="C") for v in lowered.slots.constants]
    arena = np.empty(lowered.slots.arena + 64 if lowered.slots.arena > ON_STACK else 64, np.uint8)
    pointers = [a.ctypes.data for a in constants] + [-(-arena.ctypes.data // 64) * 64]
    data = (ctypes.c_void_p * len(pointers))(*pointers)
    call.keep = (loaded, constants, arena, data)  # type: ignore[attr-defined]
    address = ctypes.cast(data, ctypes.c_void_p)
    address.keep = call  # type: ignore[attr-defined]
    return scipy.LowLevelCallable(call, address, k.signature)


def _example(f: Callable[..., Any], label: str, kind: str, size: int | None) -> tuple[Any, ...]:
    if kind in ("quad", "nquad"):
        try:
            parameters = inspect.signature(f).parameters.values()
        except (TypeError, ValueError) as error:
            raise ExportError(
                f"{label}: how many arguments it takes is not known; pass example=(...)"
            ) from error
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            raise ExportError(
                f"{label} takes any number of arguments: pass as many numbers as it will get, example=(...)"
            )
        count = sum(
            p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
            for p in parameters
        )
        return tuple([np.zeros(()) for _ in range(count)])
    if size is None:
        told = {
            "generic_filter": "the number of elements of the window (the footprint's)",
            "generic_filter1d": "the length of an extended line: that of the image's axis, plus filter_size - 1",
            "geometric_transform": "the number of the output's axes",
        }[kind]
        raise TypeError(f"low_level_callable({kind!r}) needs size=: {told}")
    return (np.zeros(size, INT64 if kind == "geometric_transform" else DOUBLE),)


def _flat_result(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its results as one array of doubles, or one number."""

    def call(*args: Any) -> Any:
        flat = [cast(lift(x), DOUBLE) for x in tree.flatten(f(*args))[0]]
        return flat[0] if len(flat) == 1 else stack(flat)

    return call


def _fits(kind: str, label: str, leaves: Sequence[Any]) -> None:
    """Check the arguments against a kind."""
    numbers = kind in ("quad", "nquad")
    bad = [
        x for x in leaves
        if not is_operand(x) or (numbers and (tuple(x.shape) or x.dtype != DOUBLE))
    ]  # fmt: skip
    if kind == "quad" and len(leaves) > 1:
        raise ExportError(
            f"{label} takes {len(leaves)} numbers: use kind 'nquad', which quad takes too, with args=(...)"
        )
    if bad or not leaves or (not numbers and len(leaves) != 1):
        raise ExportError(f"{label}: for {kind!r} it is to be {KINDS[kind].what}, of doubles")


def _check(kind: str, label: str, made: Pure) -> None:
    """Check the results against a kind."""
    if made.states:
        raise ExportError(
            f"{label} writes to arrays from outside, which a callback of SciPy's is not to do"
        )
    out = made.graph.avals[made.graph.outputs[0]]
    rank = 0 if kind in ("quad", "nquad", "generic_filter") else 1
    if len(out.shape) != rank or out.dtype != DOUBLE:
        raise ExportError(
            f"{label}: for {kind!r} it is to be {KINDS[kind].what}, but it returns {Aval(out.shape, out.dtype)}"
        )


def _entry(kind: str, made: Pure, lowered: Lowered, leaves: Sequence[Any]) -> str:
    """The function that SciPy calls."""
    s = lowered.slots
    k = KINDS[kind]
    number = k.result is NUMBER
    result = "double" if number else "i32"
    lines = [
        f"define {result} @entry({k.llvm}) {{",
        "entry:",
        f"  %slots = alloca [{s.count} x ptr], align 8",
    ]
    if number:
        lines.append("  %result = alloca double, align 8")
    if kind == "quad":
        lines += ["  %xs = alloca double, align 8", "  store double %x, ptr %xs, align 8"]
    if s.arena and s.arena <= ON_STACK:
        lines.append(f"  %arena = alloca [{s.arena} x i8], align 64")
    lines += _sizes(kind, made, leaves)
    pointers = [
        f"getelementptr i8, ptr %xs, i64 {8 * leaf}" if number else "%xs" for leaf in made.arguments
    ]
    pointers += [f"constant {i}" for i in range(len(s.constants))]
    pointers.append("%result")
    own = s.arena and s.arena <= ON_STACK
    pointers.append("%arena" if own else f"constant {len(s.constants)}")
    pointers.append("@fail")
    for i, p in enumerate(pointers):
        if p.startswith("get"):
            lines.append(f"  %p{i} = {p}")
            p = f"%p{i}"
        elif p.startswith("constant"):
            at = 8 * int(p.split()[1])
            lines += [
                f"  %d{i} = getelementptr i8, ptr %data, i64 {at}",
                f"  %p{i} = load ptr, ptr %d{i}, align 8",
            ]
            p = f"%p{i}"
        lines += [
            f"  %s{i} = getelementptr i8, ptr %slots, i64 {8 * i}",
            f"  store ptr {p}, ptr %s{i}, align 8",
        ]
    lines += ["  %status = call i32 @core(ptr %slots)", "  %good = icmp eq i32 %status, 0"]
    if number:
        lines += [
            "  %value = load double, ptr %result, align 8",
            "  %out = select i1 %good, double %value, double 0x7FF8000000000000", "  ret double %out",
        ]  # fmt: skip
    else:
        lines += ["  %out = zext i1 %good to i32", "  ret i32 %out"]
    lines += ["wrong:", "  ret i32 0"] if not number else []
    lines += ["}", "define internal i32 @fail(ptr %slots, i64 %number) {", "  ret i32 1", "}"]
    return "\n".join(lines)


def _sizes(kind: str, made: Pure, leaves: Sequence[Any]) -> list[str]:
    """Refuse arrays of other lengths than those that the code is for."""
    if kind in ("quad", "nquad"):
        return []
    t = "i32" if kind == "geometric_transform" else "i64"
    tests = [("n", leaves[0].shape[0], t)]
    if kind != "generic_filter":
        tests.append(("m", made.graph.avals[made.graph.outputs[0]].shape[0], t))
    lines = []
    for name, size, element in tests:
        lines.append(f"  %{name}.right = icmp eq {element} %{name}, {size}")
        lines += [f"  br i1 %{name}.right, label %{name}.fits, label %wrong", f"{name}.fits:"]
    return lines
