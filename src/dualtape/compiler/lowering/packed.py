"""Products by this package's own panels and tiles: a library for all programs, compiled once per machine and element."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from ..emit import packed
from ..emit.writer import Lanes
from ..native import library, target

LARGEST = 1 << 21
"""Bytes of a result up to which it stays in the second cache, from run to run of what is summed; BLAS is as quick above."""


class Then(NamedTuple):
    """What is called for each tile of a product, see `emit.packed.module`.

    Attributes:
        function, context: Its address and first argument.
        row, column: Where the product's result begins in what the function knows.
    """

    function: str
    context: str
    row: int | str = 0
    column: int | str = 0


NOTHING = Then("null", "null")


def usable() -> bool:
    """Whether this machine is one that the tiles were made for."""
    return target.available() and target.is_x86() and target.has_fma()


@functools.cache
def _library(element: str, wide: bool) -> library.Library:
    return library.load(f"packed {element} {wide}", lambda: packed.module(element, wide, True))


def suits(m: int, n: int, itemsize: int) -> bool:
    """Whether a result of so many rows and columns is to be computed here rather than by BLAS."""
    return m * n * itemsize <= LARGEST and usable()


def room(element: str, m: int, n: int, k: int) -> int:
    """Bytes of memory of its own that a product needs."""
    return tile(element).room(m, n, k)


def tile(element: str) -> packed.Geometry:
    """The tile on this machine."""
    return packed.geometry(element, target.has_wide_registers())


def externals(element: str) -> tuple[tuple[str, int], ...]:
    """The name that programs call a product by, with the address."""
    made = _library(element, target.has_wide_registers())
    return ((f"dualtape_product_{element}", made.address("product")),)


def call(
    element: str, sizes: Sequence[int | str], pointers: list[str], a: tuple[int, ...], b: tuple[int, ...],
    row: int, factor: str, add: bool | str, room: str, then: Then = NOTHING,
) -> tuple[str, str]:  # fmt: skip
    """The declaration and the line of a call.

    Args:
        element: "float" or "double".
        sizes: m, n, k.
        pointers: Of A, B, C.
        a, b: Strides of A and B, in elements.
        row: The stride of C's rows.
        factor: What the product is multiplied by.
        add: Whether C's numbers are added to.
        room: The address of its memory.
        then: What follows each tile.
    """
    m, n, k = sizes
    name = f"@dualtape_product_{element}"
    head = f"declare void {name}({packed.signature(element)})"
    line = (
        f"call void {name}(i64 {m}, i64 {n}, i64 {k}, ptr {pointers[0]}, i64 {a[0]}, i64 {a[1]}, ptr {pointers[1]}, "
        f"i64 {b[0]}, i64 {b[1]}, ptr {pointers[2]}, i64 {row}, {element} {factor}, i64 {int(add) if isinstance(add, bool) else add}, ptr {room}, "
        f"ptr {then.function}, ptr {then.context}, i64 {then.row}, i64 {then.column})"
    )
    return head, line


def one(element: str) -> str:
    """The number 1 as text."""
    return Lanes(element).constant(1)
