"""Calls of LAPACK from a function of the module: everything by reference, from places that are made once."""

from __future__ import annotations

from typing import Any

from ..vecmath.values import Value
from . import flow
from .flow import I64
from .frames import LoopWriter
from .writer import Lanes


class Caller:
    """Writes calls.

    Attributes:
        w: Where; nothing has been written there yet.
        item: Bytes of LAPACK's integers.
        prefix: "s" or "d".
    """

    def __init__(self, w: LoopWriter, item: int, prefix: str) -> None:
        self.w = w
        self.item = item
        self.prefix = prefix
        self.header: list[Any] = []
        self.slots: dict[Any, str] = {}
        w.lines.append(self.header)

    def _slot(self, key: Any, kind: str) -> str:
        if key not in self.slots:
            name = self.slots[key] = self.w.name()
            self.header.append(f"  {name} = alloca {kind}, align 8")
        return self.slots[key]

    def _integer(self, k: int, v: Value | int) -> str:
        slot = self._slot(("integer", k), "i64")
        kind = f"i{8 * self.item}"
        name = v.name if isinstance(v, Value) else str(v)
        if isinstance(v, Value) and self.item == 4:
            name = self.w.op(f"trunc i64 {name} to i32")
        self.w.do(f"store {kind} {name}, ptr {slot}, align 8")
        return slot

    def _text(self, k: int, letter: str) -> str:
        slot = self._slot(("letter", k), "i8")
        self.w.do(f"store i8 {ord(letter)}, ptr {slot}")
        return slot

    def _number(self, k: int, v: float) -> str:
        element = "float" if self.prefix == "s" else "double"
        slot = self._slot(("number", k), "double")
        self.w.do(f"store {element} {Lanes(element).constant(v)}, ptr {slot}, align 8")
        return slot

    def call(self, name: str, *arguments: Any, info: bool = True) -> Value:
        """Write a call.

        Args:
            name: Without the letter of the precision.
            arguments: Letters, integers (`Value` or int), floats, and arrays.
            info: Whether the last argument says whether it went well.

        Returns:
            That number, an i64; 0 without `info`.
        """
        w = self.w
        symbol = f"@dualtape_fortran_{self.prefix}{name}"
        given: list[str] = []
        letters = 0
        for k, a in enumerate(arguments):
            if isinstance(a, str):
                letters += 1
                given.append(self._text(k, a))
            elif isinstance(a, float):
                given.append(self._number(k, a))
            elif isinstance(a, flow.Array):
                given.append(a.pointer)
            else:
                given.append(self._integer(k, a))
        if info:
            slot = self._slot("info", "i64")
            given.append(slot)
        types = [
            *["ptr"] * len(given),
            *["i64"] * letters,
        ]  # the letters' lengths, as gfortran has them
        w.module.declarations[symbol] = f"declare void {symbol}({', '.join(types)})"
        w.do(f"call void {symbol}({', '.join([f'ptr {g}' for g in given] + ['i64 1'] * letters)})")
        if not info:
            return flow.whole(w, 0)
        out = w.op(f"load i{8 * self.item}, ptr {slot}, align 8")
        return Value(w, I64, out if self.item == 8 else w.op(f"sext i32 {out} to i64"))
