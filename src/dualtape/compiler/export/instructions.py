"""LLVM's instructions, as the emitters write them, taken apart: types, operands, and C's expression for one lane."""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

import numpy as np

from ..emit.writer import FLOATS, Lanes
from .library import TYPES

FLAGS = frozenset(
    [
        "nsw",
        "nuw",
        "exact",
        "reassoc",
        "contract",
        "nsz",
        "arcp",
        "nnan",
        "ninf",
        "afn",
        "fast",
        "disjoint",
    ]
)
BINARY = {
    "fadd": "+", "fsub": "-", "fmul": "*", "fdiv": "/", "and": "&", "or": "|", "xor": "^", "sdiv": "/", "srem": "%",
}  # fmt: skip
WRAPPING = {"add": "+", "sub": "-", "mul": "*", "shl": "<<"}
UNSIGNED = {"udiv": "/", "urem": "%", "lshr": ">>"}
ORDERED = {"eq": "==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPPOSITE = {"lt": ">=", "le": ">", "gt": "<=", "ge": "<"}


class NotTranslated(Exception):
    """An instruction that there is no C for here."""


class Typed(NamedTuple):
    """An operand with its type; `type` is "ptr" for pointers."""

    type: Lanes | str
    text: str


def parts(text: str) -> list[str]:
    """What stands between commas outside of brackets."""
    out, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "<([{") - (c in ">)]}")
        if c == "," and not depth:
            out.append(text[start:i].strip())
            start = i + 1
    out.append(text[start:].strip())
    return out


def typed(text: str) -> Typed:
    """An operand as `type value`."""
    text = text.strip()
    if text.startswith("<"):
        end = text.index(">") + 1
        count, _, element = text[1 : end - 1].partition(" x ")
        return Typed(Lanes(element, int(count)), text[end:].strip())
    kind, _, value = text.partition(" ")
    return Typed("ptr" if kind == "ptr" else Lanes(kind), value.strip())


def literal(element: str, text: str) -> str:
    """A constant as C writes it."""
    if element in FLOATS:
        if text in ("zeroinitializer", "poison", "undef"):
            value = 0.0
        elif text.startswith("0x"):
            value = struct.unpack("<d", struct.pack("<Q", int(text, 16)))[0]
        else:
            value = float(text)
        return number(value, element)
    if text in ("true", "false"):
        return "1" if text == "true" else "0"
    if text in ("zeroinitializer", "poison", "undef"):
        return "0"
    return integer(int(text), element)


def number(value: float, element: str) -> str:
    """A number that C reads as the same."""
    if math.isnan(value):
        return "NAN" if element == "double" else "(float)NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    if element == "float":
        text = (
            np.format_float_scientific(np.float32(value))
            if 0 < abs(value) < 1e-4 or abs(value) > 1e7
            else str(np.float32(value))
        )
        text = f"{text}f" if "." in text or "e" in text else f"{text}.0f"
    else:
        text = repr(float(value))
    return f"({text})" if text.startswith("-") else text


def integer(value: int, element: str) -> str:
    """An integer that C reads as the same."""
    if element == "i64" and not -(2**31) <= value < 2**31:
        value = value - 2**64 if value >= 2**63 else value
        if value == -(2**63):
            return "INT64_MIN"
        return f"INT64_C({value})" if value >= 0 else f"(-INT64_C({-value}))"
    if element == "i32" and value == -(2**31):
        return "INT32_MIN"
    if element == "i32" and value >= 2**31:
        value -= 2**32
    return str(value) if value >= 0 else f"({value})"


def unsigned(element: str) -> str:
    """The unsigned type of so many bits."""
    return f"u{TYPES[element]}"


def binary(opcode: str, element: str, a: str, b: str, signed: bool) -> str:
    """A binary operation. `signed`: it is known not to overflow."""
    if opcode == "frem":
        return f"fmod{'f' if element == 'float' else ''}({a}, {b})"
    t = TYPES[element]
    if opcode in BINARY:
        return f"{a} {BINARY[opcode]} {b}"
    if opcode == "ashr":
        return f"{a} >> {b}"
    if opcode in WRAPPING:
        if signed:
            return f"{a} {WRAPPING[opcode]} {b}"
        u = unsigned(element)
        return f"({t})(({u}){a} {WRAPPING[opcode]} ({u}){b})"
    if opcode in UNSIGNED:
        u = unsigned(element)
        return f"({t})(({u}){a} {UNSIGNED[opcode]} ({u}){b})"
    raise NotTranslated(opcode)


def comparison(condition: str, element: str, a: str, b: str) -> str:
    """A comparison; its value is 0 or 1."""
    if element not in FLOATS:
        sign, tail = (
            (condition[0], condition[1:]) if condition not in ("eq", "ne") else ("s", condition)
        )
        op = "!=" if tail == "ne" else ORDERED[tail]
        if sign == "u":
            u = unsigned(element)
            return f"({u}){a} {op} ({u}){b}"
        return f"{a} {op} {b}"
    if condition in ("uno", "ord"):
        test = f"isnan({a})" if a == b else f"isunordered({a}, {b})"
        return test if condition == "uno" else f"!{test}"
    if condition in ("true", "false"):
        return "1" if condition == "true" else "0"
    ordered, tail = condition[0] == "o", condition[1:]
    if tail == "ne":
        return f"{a} < {b} || {a} > {b}" if ordered else f"{a} != {b}"
    if ordered:
        return f"{a} {ORDERED[tail]} {b}"
    if tail == "eq":
        return f"!({a} < {b} || {a} > {b})"
    return f"!({a} {OPPOSITE[tail]} {b})"


def cast(opcode: str, source: str, to: str, a: str) -> str:
    """A cast; bitcasts between floats and integers are `bits` and `real`."""
    t = TYPES[to]
    if opcode in ("fpext", "fptrunc", "sitofp", "fptosi", "sext"):
        if opcode in ("sext", "sitofp") and source == "i1":
            return f"({t})(-{a})"
        return f"({t}){a}"
    if opcode == "trunc":
        return f"{a} & 1" if to == "i1" else f"({t}){a}"
    if opcode in ("zext", "uitofp"):
        return f"({t}){a}" if source == "i1" else f"({t})({unsigned(source)}){a}"
    if opcode == "fptoui":
        return f"({t})({unsigned(to)}){a}"
    raise NotTranslated(f"{opcode} {source} to {to}")


MATH = frozenset({"sqrt", "fabs", "floor", "ceil", "trunc", "rint", "copysign", "fma"})


def intrinsic(name: str, element: str, operands: list[str]) -> str:
    """`llvm.<name>` of operands alike."""
    f = "f" if element == "float" else ""
    if name in MATH:
        return f"{name}{f}({', '.join(operands)})"
    if name in ("minnum", "maxnum"):
        return f"f{name[:3]}{f}({', '.join(operands)})"
    if name in ("smin", "smax", "umin", "umax"):
        a, b = operands
        u = f"({unsigned(element)})" if name[0] == "u" else ""
        return f"{u}{a} {'<' if name.endswith('min') else '>'} {u}{b} ? {a} : {b}"
    if name == "abs":
        return f"{operands[0]} < 0 ? -{operands[0]} : {operands[0]}"
    raise NotTranslated(f"llvm.{name}")
