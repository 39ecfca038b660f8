"""What the lowerings of linear algebra share: LAPACK is called matrix by matrix, as `numpy.linalg` calls it.

A routine leaves everything that one call of LAPACK gives in one array, for each matrix: factors by columns, then the
rest, and last 0 if all went well. Results are strided reads of it. Where something did not go well, NumPy runs the
primitive, which raises its error or does what it does for such matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import compare as c
from ...ops.diagonals import diagonal_p
from ..emit import flow
from ..emit.lapack import Caller
from ..emit.writer import Lanes
from . import lapack
from .checks import everywhere
from .nodes import Ref, Shape, contiguous
from .routine import Arguments, Function, called, rescued

if TYPE_CHECKING:
    from .build import Build

INT32, DOUBLE = np.dtype(np.int32), np.dtype(np.float64)
ALONE = 512 * 512
"""Elements of a matrix up to which one thread does it: others wait in loops, and get in each other's way."""
Matrix = Callable[[Arguments, Caller, flow.Value], None]


def rows_to_columns(
    a: Arguments, x: flow.Array, out: flow.Array, m: flow.Value, n: flow.Value
) -> None:
    """Copy a matrix of m rows of n elements so that its columns lie one after the other."""
    w = a.w

    def column(j: flow.Value) -> None:
        def one(i: flow.Value) -> None:
            out[j * m + i] = x[i * n + j]

        flow.each(w, m, one)

    flow.each(w, n, column)


def copy(a: Arguments, x: flow.Array, out: flow.Array, n: flow.Value) -> None:
    """Copy n elements."""

    def lanes(width: int, i: flow.Value) -> None:
        out.wide(width)[i] = x.wide(width)[i]

    flow.across(a.w, n, 8, lanes)


def real(a: Arguments, v: flow.Value) -> flow.Value:
    """An integer as an element of the result."""
    return v.cast("sitofp", a.arrays[0].t.element)


def memory(a: Arguments, start: flow.Value | int, element: str) -> flow.Array:
    """A part of the memory of the routine's own, from a byte on."""
    return flow.Array(a.w, a.arrays[-1].past(start).pointer, Lanes(element))


def _each_matrix(matrix: Matrix, dtype: str) -> Callable[[Arguments], None]:
    """The body that does something for each matrix; the first of the sizes is their number."""

    def body(a: Arguments) -> None:
        call = Caller(a.w, lapack.integer(), lapack.ELEMENTS[dtype])
        flow.each(a.w, a.sizes[0], lambda i: matrix(a, call, i))

    return body


class Parts(NamedTuple):
    """What a routine has made: an array (matrices, elements) for matrices that lie in `lead`."""

    whole: Ref
    lead: Shape

    def read(self, offset: int, shape: Shape, by_columns: bool = False) -> Ref:
        """Elements from `offset` on, of each matrix."""
        size = self.whole.shape[-1]
        outer = tuple(
            [
                s * size if n != 1 else 0
                for n, s in zip(self.lead, contiguous(self.lead), strict=True)
            ]
        )
        inner = contiguous(shape[::-1])[::-1] if by_columns else contiguous(shape)
        return Ref(self.whole.node, (*self.lead, *shape), (*outer, *inner), offset)

    def well(self, b: Build) -> Ref:
        """Whether all went well."""
        info = self.read(self.whole.shape[-1] - 1, ())
        return everywhere(b, b.call(c.eq, info, b.nodes.literal(0, info.dtype)))


def made_of(
    b: Build,
    name: str,
    matrix: Matrix,
    functions: tuple[str, ...],
    xs: list[Ref],
    lead: Shape,
    size: int,
    sizes: tuple[int, ...],
    scratch: int = 0,
) -> Parts | None:
    """Run a routine, unless there is nothing to do or no such function.

    Args:
        b: The nodes.
        name, matrix: What it is.
        functions: Of LAPACK, without the letter of the precision.
        xs: Operands, the same number of matrices each.
        lead: What they are stacked by.
        size: Elements that it leaves for each.
        sizes: What it is called with, after the number of matrices.
        scratch: Bytes of memory.
    """
    dtype = xs[0].dtype
    many = prod(lead)
    if dtype.char not in lapack.ELEMENTS or not many or any(not prod(x.shape) for x in xs):
        return None
    full = [lapack.ELEMENTS[dtype.char] + f for f in functions]
    found = tuple([(f"dualtape_fortran_{f}", lapack.address(f)) for f in full])
    if not all(place for _, place in found):
        return None
    if prod(xs[0].shape[-2:]) <= ALONE and lapack.threads():
        found += (("dualtape_threads", lapack.threads()),)
    key = ("lapack", name, tuple(xs), size, sizes, scratch)
    known = b.known.get(key)
    if known is None:
        op = Function(
            f"{name}.{lapack.integer()}",
            _each_matrix(matrix, dtype.char),
            (many, *sizes),
            scratch,
            found,
        )
        known = b.known[key] = [called(b, op, xs, (many, size), dtype)]
    return Parts(known[0], lead)


def usable(x: Ref) -> bool:
    """Whether LAPACK can do something with such matrices."""
    return x.dtype.char in lapack.ELEMENTS and bool(prod(x.shape)) and bool(lapack.integer())


def wide(b: Build, x: Ref) -> Ref:
    """In double precision, in which `numpy.linalg` computes: the signs of vectors may hang on the last digit."""
    return b.cast(x, DOUBLE) if usable(x) else x


def returned(
    b: Build,
    good: Ref,
    made: list[Ref],
    outs: list[Aval],
    p: Primitive,
    params: dict[str, Any],
    xs: list[Ref],
) -> list[Ref]:
    """The results in their own dtypes, or what NumPy makes."""
    return rescued(
        b, good, [b.cast(v, o.dtype) for v, o in zip(made, outs, strict=True)], p, params, xs
    )


def on_diagonal(b: Build, x: Ref) -> Ref:
    """The diagonals of matrices."""
    rank = len(x.shape)
    return b.call(diagonal_p, x, offset=0, axis1=rank - 2, axis2=rank - 1)
