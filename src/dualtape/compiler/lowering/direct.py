"""Convolutions as tiles of registers over windows that are read where they lie, padded once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from ...core.aval import Aval
from ...ops.stencils import Sliding
from ..emit import correlate, correlate_weights, memory, runs
from ..emit.correlate import Windows
from ..emit.frames import LoopWriter
from ..emit.writer import Lanes
from ..native.threads import MOST
from . import blas, team
from .arena import rounded
from .division import equal_parts
from .joining import Part, joined
from .nodes import Node, Ref, Shape
from .pooling import apart
from .scalars import ELEMENTS
from .views import _sliced

if TYPE_CHECKING:
    from .build import Build
    from .emission import Emission

USED = 0.75
"""Lanes that a row of windows has to fill for this to be quicker than BLAS on columns: 14 of 16, but not 8 of 16."""
CACHED = 1 << 20
"""Bytes of x and y that the weights' gradient goes over at a time."""
SUMS = 160
"""Bytes of products that are added up in a nanosecond, about."""


@dataclass(frozen=True, slots=True)
class Direct:
    """One convolution: `weight` (x, y) -> w, otherwise (x, w) -> y.

    Attributes:
        weight: Which.
        windows: What is read.
        per: Examples of a chunk, where threads share it.
        many: Examples whose windows the weights' gradient goes over at a time.
        start: Of the weights, in elements.
    """

    weight: bool
    windows: Windows
    per: int
    many: int = 0
    start: int = 0

    @property
    def chunks(self) -> int:
        """How many; each adds up weights by itself, and they are added up in order."""
        return self.windows.n // self.per

    @property
    def externals(self) -> tuple[tuple[str, int], ...]:
        """What it calls, with addresses."""
        return team.externals() if self.chunks > 1 else ()

    def room(self, itemsize: int) -> int:
        """Bytes of the arena that it uses."""
        return self._record(itemsize) * self.chunks if self.weight and self.chunks > 1 else 0

    def _record(self, itemsize: int) -> int:
        v = self.windows
        return rounded(v.groups * v.w[0] * itemsize)

    def write(self, e: Emission, node: Node) -> None:
        """Write the loops."""
        w, v = e.w, self.windows
        scalar = Lanes(ELEMENTS[node.dtype.char])
        item = node.dtype.itemsize
        x, y = [e.at(w, a) for a in node.args]
        out = e.pointer(w, node)
        if self.chunks == 1:
            self._write(w, scalar, v, x, y, out)
            return
        result = v.groups * v.rows * v.positions
        record = self._record(item)
        to = e.room(self.room(item)) if self.weight else out

        def chunk(inner: LoopWriter, pointers: list[str]) -> None:
            first = memory.times(inner, "%chunk", self.per)
            p, q, r = pointers
            p = correlate.at(inner, p, item, (first, v.x[0]))
            if self.weight:
                q = correlate.at(inner, q, item, (first, result))
                r = correlate.at(inner, r, 1, ("%chunk", record))
            else:
                r = correlate.at(inner, r, item, (first, result))
            self._write(inner, scalar, replace(v, n=self.per), p, q, r)

        key = hashlib.sha256(f"{self!r} {scalar.element}".encode()).hexdigest()[:16]
        team.write(e, f"windows.{key}", [x, y, to], self.chunks, min(self.chunks, MOST), chunk)
        if self.weight:
            runs.total(w, scalar, to, record, self.chunks, out, node.size)

    def _write(self, w: LoopWriter, t: Lanes, v: Windows, x: str, y: str, out: str) -> None:
        """Write it for some examples."""
        if not self.weight:
            y = correlate.at(w, y, t.bits // 8, (self.start, 1))
            correlate.forward(w, t, v, x, y, out)
            return
        if self.many < v.n:
            runs.fill(w, t, 0, out, v.groups * v.w[0])
        correlate_weights.gradient(w, t, v, x, y, out, self.many)


def _per(v: Windows, itemsize: int, record: int = 0) -> int:
    """Examples of a chunk."""
    sums = prod((v.n, v.groups, v.rows, v.inner, *v.kernel, v.positions))
    return equal_parts(v.n, sums * itemsize // SUMS, record)


def _laid_out(
    b: Build, x: Ref, counts: Shape, kernel: Shape, params: dict[str, Any]
) -> tuple[Ref, Shape, Shape, Shape]:
    """Padded x, with a stride the last axis in as many parts; steps, taps and last offsets, see `Windows`."""
    stride, padding, dilation = params["stride"], params["padding"], params["dilation"]
    key = "laid out", x, stride, padding, dilation, kernel
    found = b.known.get(key)
    parts = stride[-1]
    if found is None:
        found = b.known[key] = [_padded(b, x, padding, parts)]
    (ref,) = found
    rank = len(counts)
    steps = tuple([s * n for s, n in zip(stride[:-1], ref.strides[2 : 1 + rank], strict=True)])
    taps = tuple([d * n for d, n in zip(dilation[:-1], ref.strides[2 : 1 + rank], strict=True)])
    wide = ref.shape[-1]
    places = [divmod(k * dilation[-1], parts) for k in range(kernel[-1])]
    return ref, (*steps, 1), taps, tuple([part * wide + column for column, part in places])


def _padded(b: Build, x: Ref, padding: Any, parts: int) -> Ref:
    *outer, (lo, hi) = padding
    size = x.shape[-1]
    shape = tuple([n + p + q for n, (p, q) in zip(x.shape[2:-1], outer, strict=True)])
    inside = [slice(p, p + n) for n, (p, _) in zip(x.shape[2:-1], outer, strict=True)]
    if parts == 1:
        if not any(p or q for p, q in padding):
            return x if x.strides[-1] == 1 else b.materialized(x)
        shape = (*x.shape[:2], *shape, size + lo + hi)
    else:
        shape = (*x.shape[:2], *shape, parts, -(-(size + lo + hi) // parts))

    def pieces(whole: Ref) -> list[Part]:
        if parts == 1:
            return [(x, _sliced(whole, index=(..., *inside, slice(lo, lo + size))))]
        out = []
        for part in range(parts):  # columns lo + i = part + parts * j
            first = (part - lo) % parts
            source = _sliced(x, index=(..., slice(first, None, parts)))
            start = (first + lo) // parts
            place = slice(start, start + source.shape[-1])
            out.append((source, _sliced(whole, index=(..., *inside, part, place))))
        return out

    made = joined(b, Aval(shape, x.dtype), pieces, b.nodes.literal(0, x.dtype))
    assert made is not None
    return made[0]


def _suits(xs: list[Ref], sizes: Shape, wide: int, padding: Any) -> bool:
    dtype = xs[0].dtype
    if dtype.char not in "fd" or xs[1].dtype != dtype or not prod(sizes):
        return False
    if any(lo < 0 or hi < 0 for lo, hi in padding):
        return False
    lanes = 64 // dtype.itemsize
    return wide >= USED * lanes * -(-wide // lanes) or not blas.find().interface


def forward(b: Build, xs: list[Ref], out: Shape, params: dict[str, Any]) -> Ref | None:
    """`conv`."""
    x, w = xs
    if not _suits(xs, (*out, *w.shape), out[-1], params["padding"]):
        return None
    kernel, groups = w.shape[2:], params["groups"]
    x, steps, taps, last = _laid_out(b, x, out[2:], kernel, params)
    w = b.materialized(w)
    rows = out[1] // groups
    own = contiguous_as_is(w.shape)
    v = Windows(
        out[0], groups, rows, w.shape[1], out[2:], kernel, _outer(x), steps, taps, last,
        (rows * own[0], *own),
    )  # fmt: skip
    return _node(b, Direct(False, v, _per(v, x.dtype.itemsize)), (x, w), out)


def weight(b: Build, xs: list[Ref], out: Shape, params: dict[str, Any]) -> Ref | None:
    """`conv_weight_gradient`."""
    x, y = xs
    if not _suits(xs, (*out, *y.shape), y.shape[-1], params["padding"]):
        return None
    kernel, groups = out[2:], params["groups"]
    n = y.shape[0]
    x, steps, taps, last = _laid_out(b, x, y.shape[2:], kernel, params)
    rows = out[0] // groups
    own = contiguous_as_is(out)
    v = Windows(
        n, groups, rows, out[1], y.shape[2:], kernel, _outer(x), steps, taps, last, (rows * own[0], *own)
    )  # fmt: skip
    item = x.dtype.itemsize
    per = _per(v, item, 5 * prod(out) * item)  # lanes are folded once a chunk
    bytes_of_one = (prod(x.shape[1:]) + prod(y.shape[1:])) * item
    many = max(
        [k for k in range(1, per + 1) if per % k == 0 and k * bytes_of_one <= CACHED], default=1
    )
    return _node(b, Direct(True, v, per, many), (x, b.materialized(y)), out)


def input(b: Build, xs: list[Ref], out: Shape, params: dict[str, Any]) -> Ref | None:
    """`conv_input_gradient`: a convolution of y, moved apart by the stride, with the weights turned round."""
    y, w = xs
    if not _suits(xs, (*out, *y.shape), out[-1], params["padding"]):
        return None
    if prod(params["stride"]) > 1:  # most of what is moved apart would be zeros
        return None
    kernel, groups, dilation = w.shape[2:], params["groups"], params["dilation"]
    pairs = zip(kernel, params["stride"], params["padding"], dilation, y.shape[2:], strict=True)
    axes = [Sliding(k, s, lo, hi, d, n) for k, s, (lo, hi), d, n in pairs]
    wide = apart(b, y, axes, out[2:])
    if wide is None:
        return None
    if wide.strides[-1] != 1:
        wide = b.materialized(wide)
    w = b.materialized(w)
    own = contiguous_as_is(w.shape)
    rows, inner = w.shape[1], w.shape[0] // groups
    taps = tuple([d * s for d, s in zip(dilation[:-1], wide.strides[2:-1], strict=True)])
    last = tuple([k * dilation[-1] for k in range(kernel[-1])])
    v = Windows(
        out[0], groups, rows, inner, out[2:], kernel, _outer(wide), wide.strides[2:], taps, last,
        (inner * own[0], own[1], own[0], *[-s for s in own[2:]]),
    )  # fmt: skip
    per = _per(v, y.dtype.itemsize)
    return _node(b, Direct(False, v, per, start=prod(kernel) - 1), (wide, w), out)


def contiguous_as_is(shape: Shape) -> Shape:
    """Strides of a row-major array, along axes of length 1 too."""
    return tuple([prod(shape[i + 1 :]) for i in range(len(shape))])


def _outer(x: Ref) -> Shape:
    return x.strides[:2]


def _node(b: Build, op: Direct, xs: tuple[Ref, ...], out: Shape) -> Ref:
    return b.nodes.routine(op, xs, out, xs[0].dtype, repr(op)).ref()
