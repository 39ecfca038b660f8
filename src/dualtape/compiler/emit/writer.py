"""Writing LLVM IR as text: types of vectors, names, declarations, one function at a time."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

BITS = {"float": 32, "double": 64, "i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64}
FLOATS = frozenset({"float", "double"})


class Lanes:
    """A vector of `width` elements ("float", "double", "i1", "i8", ..., "i64"); a scalar when width is 1.

    There is one object of each kind, so they are compared by identity.

    Attributes:
        element, width: See above.
        text: As LLVM writes it.
        bits: Of an element.
        suffix: As intrinsics are named: f32, v16f32, i64, v8i64.
    """

    __slots__ = ("bits", "element", "suffix", "text", "width")

    element: str
    width: int
    text: str
    bits: int
    suffix: str

    def __new__(cls, element: str, width: int = 1) -> Lanes:
        """The one object of this kind."""
        found = _lanes.get((element, width))
        if found is None:
            made = super().__new__(cls)
            made.element = element
            made.width = width
            made.bits = BITS.get(element, 0)
            one = ("f" if element in FLOATS else "i") + str(made.bits)
            made.text, made.suffix = element, one
            if width != 1:
                made.text, made.suffix = f"<{width} x {element}>", f"v{width}{one}"
            found = _lanes.setdefault((element, width), made)
        return found

    def of(self, element: str) -> Lanes:
        """As many elements of another kind."""
        return Lanes(element, self.width)

    def constant(self, value: float | int) -> str:
        """A constant in every lane, exact."""
        return splat(self.element, self.width, literal(self.element, value))

    def __repr__(self) -> str:
        return self.text


_lanes: dict[tuple[str, int], Lanes] = {}


@lru_cache(1024)
def splat(element: str, width: int, one: str) -> str:
    """One number in every lane."""
    return one if width == 1 else f"splat ({element} {one})"


def literal(element: str, value: float | int) -> str:
    """One number as LLVM reads it: hexadecimal for floats, rounded to the element first."""
    # Zeros of either sign are one key.
    return _literal(element, value) if value else _literal.__wrapped__(element, value)


@lru_cache(1024)
def _literal(element: str, value: float | int) -> str:
    if element == "float":
        value = float(np.float32(value))
    if element in FLOATS:
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    if element == "i1":
        return "true" if value else "false"
    return str(int(value))


@dataclass(slots=True)
class Module:
    """What functions of one module share: declarations and private helper functions, each once by name."""

    declarations: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    results: dict[str, Lanes] = field(default_factory=dict)  # of functions, see `flow.function`
    fma: bool = True  # whether the target has fused multiply-add instructions
    inline: bool = True  # whether elementary functions are written out at each use
    counted: bool = True  # whether LLVM may follow what loops count, see `Writer.unfollowed`

    def text(self) -> str:
        """The whole module."""
        return "\n".join([*self.declarations.values(), *self.functions.values(), ""])


class Writer:
    """Writes the body of one function; `block` is the label of the block being written."""

    __slots__ = ("block", "count", "lines", "memo", "module")

    def __init__(self, module: Module) -> None:
        self.module = module
        self.lines: list[Any] = []
        self.count = 0
        self.block = ""
        self.memo: dict[Any, tuple[str, Any]] = {}

    def name(self) -> str:
        """A new name."""
        self.count += 1
        return f"%v{self.count}"

    def op(self, text: str) -> str:
        """Append an instruction that has a result, and return the result's name."""
        name = self.name()
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """Append an instruction without a result."""
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        """Start a block."""
        self.block = name
        self.lines.append(f"{name}:")

    def unfollowed(self, i: str) -> str:
        """An index before it is counted up.

        LLVM's reduction of addresses in loops takes a fifth of the time of generating code, and gains next to nothing here.
        It leaves alone what it cannot follow: what an empty piece of assembly gives back, which is no instruction.
        """
        return i if self.module.counted else self.op(f'call i64 asm "", "=r,0"(i64 {i})')

    def once(self, key: Any, write: Callable[[], Any]) -> Any:
        """What `write` returned for the key earlier in this block, or in one that led only here; else its result."""
        found = self.memo.get(key)
        if found is None or found[0] != self.block:
            out = write()
            found = self.memo[key] = self.block, out
        return found[1]

    def follow(self, before: str) -> None:
        """Say that the present block comes after the block `before` on every way."""
        for key, (block, value) in self.memo.items():
            if block == before:
                self.memo[key] = self.block, value

    def binary(self, opcode: str, t: Lanes, a: str, b: str) -> str:
        """`opcode` of two values of one type: fadd, fmul, and, shl, ..."""
        return self.op(f"{opcode} {t.text} {a}, {b}")

    def mad(self, t: Lanes, a: str, b: str, c: str) -> str:
        """Write a b + c, rounded once or twice, whichever is fast."""
        if self.module.fma:
            return self.intrinsic("fma", t, a, b, c)
        return self.binary("fadd", t, self.binary("fmul", t, a, b), c)

    def compare(self, condition: str, t: Lanes, a: str, b: str) -> str:
        """Compare, fcmp or icmp by the element's kind; the result has elements i1."""
        opcode = "fcmp" if t.element in FLOATS else "icmp"
        return self.op(f"{opcode} {condition} {t.text} {a}, {b}")

    def select(self, t: Lanes, condition: str, a: str, b: str) -> str:
        """Lane by lane `a` where the condition holds, else `b`."""
        return self.op(f"select {t.of('i1').text} {condition}, {t.text} {a}, {t.text} {b}")

    def cast(self, opcode: str, a: str, t: Lanes, to: Lanes) -> str:
        """bitcast, fpext, fptrunc, sitofp, fptosi, zext, sext, trunc."""
        return self.op(f"{opcode} {t.text} {a} to {to.text}")

    def intrinsic(self, name: str, t: Lanes, *operands: str) -> str:
        """`llvm.<name>.<suffix>` of operands that all have the result's type (fma, sqrt, fabs, floor, minnum, ...)."""
        full = f"@llvm.{name}.{t.suffix}"
        if full not in self.module.declarations:
            types = ", ".join([t.text] * len(operands))
            self.module.declarations[full] = f"declare {t.text} {full}({types})"
        return self.op(f"call {t.text} {full}({', '.join(f'{t.text} {a}' for a in operands)})")
