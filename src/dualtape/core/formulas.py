"""Formulas of integers: polynomials of open lengths, and of quotients and remainders that have no simpler form.

A polynomial is a dict from monomials to integer coefficients; a monomial is a sorted tuple of its atoms' numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Poly = dict[tuple[int, ...], int]
Values = Sequence[int]

LEAST = 2
"""The least number that an open length is."""


class Formulas:
    """The atoms of polynomials.

    Attributes:
        names: Of the open lengths.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._atoms: list[tuple[Any, ...]] = []

    def atom(self, kind: str, a: Poly, b: Poly) -> Poly:
        """The quotient or remainder of two polynomials as something without a simpler form."""
        key = (kind, tuple(sorted(a.items())), tuple(sorted(b.items())))
        if key not in self._atoms:
            self._atoms.append(key)
        return {(self._atoms.index(key),): 1}

    def value(self, p: Poly, values: Values) -> int:
        """The number that a polynomial is for given lengths."""
        total = 0
        for monomial, coefficient in p.items():
            for a in monomial:
                coefficient *= self._atom_value(a, values)
            total += coefficient
        return total

    def _atom_value(self, number: int, values: Values) -> int:
        kind, *rest = self._atoms[number]
        if kind == "open":
            return values[int(rest[0])]
        a, b = [self.value(dict(p), values) for p in rest]
        return a // b if kind == "//" else a % b

    def sign(self, p: Poly) -> int | None:
        """2 or -2 where a polynomial is positive or negative for all lengths, 1 or -1 where it may be 0 too, else None."""
        shifted: Poly = {(): 0}
        for monomial, coefficient in p.items():
            parts: Poly = {(): coefficient}
            for a in monomial:
                kind, *rest = self._atoms[a]
                if kind != "open" and not all(self._positive(dict(q)) for q in rest):
                    return None
                parts = multiply(parts, {(a,): 1, (): LEAST} if kind == "open" else {(a,): 1})
            shifted = add(shifted, parts)
        low = shifted.get((), 0)
        if all(c >= 0 for c in shifted.values()):
            return 2 if low > 0 else 1
        return (-2 if low < 0 else -1) if all(c <= 0 for c in shifted.values()) else None

    def _positive(self, p: Poly) -> bool:
        return self.sign(p) == 2

    def text(self, p: Poly) -> str:
        """A polynomial to be read."""
        out = ""
        for monomial, c in sorted(p.items(), key=lambda item: (-len(item[0]), item[0])):
            factors = [self._atom_text(a) for a in monomial]
            if abs(c) != 1 or not factors:
                factors.insert(0, str(abs(c)))
            sign = "-" if c < 0 else "+"
            out += f" {sign} " if out else ("-" if c < 0 else "")
            out += "*".join(factors)
        return out or "0"

    def _atom_text(self, number: int) -> str:
        kind, *rest = self._atoms[number]
        if kind == "open":
            return self.names[int(rest[0])]
        a, b = [self.text(dict(p)) for p in rest]
        return f"(({a}) {kind} ({b}))"


def add(a: Poly, b: Poly, times: int = 1) -> Poly:
    """`a + times * b`."""
    out = dict(a)
    for m, c in b.items():
        out[m] = out.get(m, 0) + times * c
    return {m: c for m, c in out.items() if c or not m}


def multiply(a: Poly, b: Poly) -> Poly:
    """`a * b`."""
    out: Poly = {}
    for m, c in a.items():
        for k, d in b.items():
            key = tuple(sorted(m + k))
            out[key] = out.get(key, 0) + c * d
    return {m: c for m, c in out.items() if c or not m}


def divide(a: Poly, b: Poly) -> Poly | None:
    """A polynomial by one of a single term, if that goes without remainder."""
    terms = [(m, c) for m, c in b.items() if c]
    if len(terms) != 1:
        return {(): 1} if clean(a) == clean(b) else None
    (monomial, coefficient), out = terms[0], {}
    for m, c in a.items():
        rest = list(m)
        for atom in monomial:
            if atom not in rest:
                if c:
                    return None
                continue
            rest.remove(atom)
        if c % coefficient:
            return None
        out[tuple(rest)] = c // coefficient
    return out


def clean(p: Poly) -> Poly:
    """A polynomial without terms of 0."""
    return {m: c for m, c in p.items() if c}
