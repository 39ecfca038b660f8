"""Addresses in C: elements of arrays, where that is what they are."""

from __future__ import annotations

from typing import Any

from ..emit.writer import Lanes
from .library import MEMORY, TYPES


class Pointer:
    """An address: a variable or array of C, and a distance from it in bytes, a sum of integers times values."""

    __slots__ = ("base", "const", "element", "known", "terms")

    def __init__(
        self, base: str, element: str, const: bool, known: int = 0, terms: Any = ()
    ) -> None:
        self.base = base
        self.element = element  # C's type of what the base points to; "char" for bytes
        self.const = const
        self.known = known
        self.terms: dict[str, int] = dict(terms)

    def at(self, element: str, step: int = 0) -> tuple[str, str]:
        """C's expression for the element at an address (`step` elements on), and its C type."""
        size = Lanes(element).bits // 8
        total = self.known + step * size
        if total % size or any(c % size for c in self.terms.values()):
            const = "const " if self.const else ""
            away = _sum(total, self.terms)
            return f"*({const}{MEMORY[element]} *)(({const}char *){self.base} + {away})", TYPES[
                element
            ]
        index = _sum(total // size, {v: c // size for v, c in self.terms.items()})
        if self.element != "char" and _size(self.element) == size:
            return f"{self.base}[{index}]", self.element
        const = "const " if self.const else ""
        return f"(({const}{MEMORY[element]} *){self.base})[{index}]", TYPES[element]

    def to(self, element: str) -> str:
        """C's expression for an address as a pointer to elements."""
        size = Lanes(element).bits // 8
        if self.known % size or any(c % size for c in self.terms.values()):
            return f"({TYPES[element]} *)(void *)((char *){self.base} + {_sum(self.known, self.terms)})"
        index = _sum(self.known // size, {v: c // size for v, c in self.terms.items()})
        const = "const " if self.const else ""
        base = self.base
        if self.element != TYPES[element]:
            base = f"({const}{TYPES[element]} *)({const}void *){base}"
        return base if index == "0" else f"{base} + {index}"

    def bytes(self) -> str:
        """C's expression for an address, as bytes."""
        away = _sum(self.known, self.terms)
        return f"(char *){self.base}" if away == "0" else f"(char *){self.base} + {away}"


def _size(c_type: str) -> int:
    sizes = {"float": 4, "double": 8}
    return sizes.get(c_type) or int("".join([c for c in c_type if c.isdigit()])) // 8


def _sum(known: int, terms: dict[str, int]) -> str:
    out = [v if c == 1 else f"{c} * {v}" for v, c in terms.items() if c]
    if known or not out:
        out.append(str(known))
    return " + ".join(out).replace("+ -", "- ")
