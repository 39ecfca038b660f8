"""Convolutions as products over columns: the windows of one example gathered (im2col), which stay in the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import convolution as cv
from ...ops.padding import constant_pad_p
from ..emit import gemm, memory, runs
from ..emit.frames import LoopWriter
from ..emit.writer import Lanes
from . import blas, direct
from .nodes import Node, Ref, Shape
from .scalars import ELEMENTS
from .views import sliced

if TYPE_CHECKING:
    from .build import Build
    from .emission import Emission


@dataclass(frozen=True, slots=True)
class Convolution:
    """One of the three maps of `ops.convolution`, on padded examples.

    Attributes:
        how: "forward" (x, w) -> y, "input" (y, w) -> x, "weight" (x, y) -> w.
        n, c, o: Examples, channels of x and of y.
        space: Of padded examples.
        kernel, counts, stride, dilation: Along the spatial axes.
        groups: Into which channels are divided.
    """

    how: str
    n: int
    c: int
    o: int
    space: Shape
    kernel: Shape
    counts: Shape
    stride: Shape
    dilation: Shape
    groups: int

    @property
    def taps(self) -> int:
        """Rows of the columns of a group."""
        return self.c // self.groups * prod(self.kernel)

    @property
    def positions(self) -> int:
        """Windows of an example."""
        return prod(self.counts)

    @property
    def externals(self) -> tuple[tuple[str, int], ...]:
        """What it calls, with addresses."""
        return blas.externals()

    def room(self, itemsize: int) -> int:
        """Bytes of the arena for the columns of one example and group."""
        return self.taps * self.positions * itemsize

    def write(self, e: Emission, node: Node) -> None:
        """Write the loops."""
        element = ELEMENTS[node.dtype.char]
        item = node.dtype.itemsize
        e.symbols_of_blas(element)
        w = e.w
        a, b = [e.pointer(w, x.node) for x in node.args]
        out = e.pointer(w, node)
        columns = e.room(self.room(item))
        scalar = Lanes(element)
        if self.how != "forward":
            runs.fill(w, scalar, 0, out, node.size)
        taps, positions, groups = self.taps, self.positions, self.groups
        channels, results = self.c // groups, self.o // groups
        x_size, y_size, w_size = channels * prod(self.space), results * positions, results * taps

        def one(i: str, g: str) -> None:
            at = w.op(f"add nsw i64 {memory.times(w, i, groups)}, {g}")

            def part(base: str, index: str, size: int) -> str:
                return memory.offset(w, base, memory.times(w, index, size), item)

            if self.how == "forward":
                self._columns(w, scalar, part(a, at, x_size), columns, False)
                pointers = [part(b, g, w_size), columns, part(out, at, y_size)]
                left, right = (False, taps), (False, positions)
                gemm.write(w, element, (results, positions, taps), pointers, left, right, positions)
            elif self.how == "weight":
                self._columns(w, scalar, part(a, at, x_size), columns, False)
                pointers = [part(b, at, y_size), columns, part(out, g, w_size)]
                left, right = (False, positions), (True, positions)
                gemm.write(
                    w, element, (results, taps, positions), pointers, left, right, taps, beta="1.0"
                )
            else:
                pointers = [part(b, g, w_size), part(a, at, y_size), columns]
                left, right = (True, taps), (False, positions)
                gemm.write(w, element, (taps, positions, results), pointers, left, right, positions)
                self._columns(w, scalar, part(out, at, x_size), columns, True)

        def example(i: str, _: list[str]) -> list[str]:
            def group(g: str, _: list[str]) -> list[str]:
                one(i, g)
                return []

            w.loop(0, groups, 1, group)
            return []

        w.loop(0, self.n, 1, example)

    def _columns(self, w: LoopWriter, t: Lanes, x: str, columns: str, back: bool) -> None:
        """Copy windows of x into columns, or add columns up in x."""
        item = t.bits // 8
        steps = [prod(self.space[i + 1 :]) for i in range(len(self.space))]
        along = self.stride[-1] * steps[-1]
        # Loops over channels, kernel, and all but the last of the positions: length, step in x, step in columns.
        loops = [(self.c // self.groups, prod(self.space), prod(self.kernel) * self.positions)]
        for i, k in enumerate(self.kernel):
            rest = prod(self.kernel[i + 1 :]) * self.positions
            loops.append((k, self.dilation[i] * steps[i], rest))
        for i, n in enumerate(self.counts[:-1]):
            loops.append((n, self.stride[i] * steps[i], prod(self.counts[i + 1 :])))

        def nest(depth: int, p: str, q: str) -> None:
            if depth == len(loops):
                self._run(w, t, p, q, along, back)
                return
            length, in_x, in_columns = loops[depth]
            if length == 1:
                nest(depth + 1, p, q)
                return

            def body(i: str, _: list[str]) -> list[str]:
                nest(
                    depth + 1,
                    memory.offset(w, p, memory.times(w, i, in_x), item),
                    memory.offset(w, q, memory.times(w, i, in_columns), item),
                )
                return []

            w.loop(0, length, 1, body)

        nest(0, x, columns)

    def _run(
        self, w: LoopWriter, scalar: Lanes, x: str, columns: str, along: int, back: bool
    ) -> None:
        item = scalar.bits // 8

        def body(t: Lanes, i: str | int, there: int) -> None:
            p = memory.offset(w, x, memory.times(w, i, along), item)
            q = memory.offset(w, columns, i, item)
            mine = memory.load(w, t, p if not back else q, along if not back else 1, there)
            if not back:
                memory.store(w, t, mine, q, 1, there)
                return
            total = w.binary("fadd", t, memory.load(w, t, p, along, there), mine)
            memory.store(w, t, total, p, along, there)

        runs.over(w, scalar, self.counts[-1], body)


def _padded(b: Build, x: Ref, padding: Any) -> Ref:
    if any(lo or hi for lo, hi in padding):
        x = b.call(constant_pad_p, x, pads=((0, 0), (0, 0), *padding), value=0)
    return b.materialized(x)


def _made(b: Build, op: Convolution, xs: tuple[Ref, ...], shape: Shape) -> Ref | None:
    dtype = xs[0].dtype
    if dtype.char not in "fd" or any(x.dtype != dtype for x in xs) or not blas.find().interface:
        return None
    if not (op.n and op.taps and op.positions and op.o) or not prod(shape):
        return None
    name = f"convolution {op.how} {op!r}"
    return b.nodes.routine(op, tuple([b.materialized(x) for x in xs]), shape, dtype, name).ref()


def _columns(
    b: Build, how: str, x: Ref, other: Ref, out: Shape, params: dict[str, Any], sizes: tuple[int, int, Shape, Shape],
) -> Ref | None:  # fmt: skip
    """A product with the columns of the padded x; `sizes` are batch, output channels, kernel, positions."""
    if any(lo < 0 or hi < 0 for lo, hi in params["padding"]) or x.dtype.char not in "fd":
        return None
    x = _padded(b, x, params["padding"])
    n, o, kernel, positions = sizes
    op = Convolution(
        how, n, x.shape[1], o, x.shape[2:], kernel, positions,
        params["stride"], params["dilation"], params["groups"],
    )  # fmt: skip
    return _made(b, op, (x, other), out)


def _forward(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, w = xs
    out = outs[0].shape
    tiled = direct.forward(b, xs, out, params)
    if tiled is None:
        tiled = _columns(b, "forward", x, w, out, params, (out[0], out[1], w.shape[2:], out[2:]))
    return None if tiled is None else [tiled]


def _weight(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, y = xs
    out = outs[0].shape
    tiled = direct.weight(b, xs, out, params)
    if tiled is None:
        sizes = (y.shape[0], y.shape[1], out[2:], y.shape[2:])
        tiled = _columns(b, "weight", x, y, out, params, sizes)
    return None if tiled is None else [tiled]


def _input(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    y, w = xs
    out = outs[0].shape
    tiled = direct.input(b, xs, out, params)
    if tiled is not None:
        return [tiled]
    padding = params["padding"]
    if any(lo < 0 or hi < 0 for lo, hi in padding):
        return None
    space = tuple([n + lo + hi for n, (lo, hi) in zip(out[2:], padding, strict=True)])
    op = Convolution(
        "input", out[0], out[1], y.shape[1], space, w.shape[2:], y.shape[2:],
        params["stride"], params["dilation"], params["groups"],
    )  # fmt: skip
    made = _made(b, op, (y, w), (*out[:2], *space))
    if made is None:
        return None
    inside = (..., *[slice(lo, lo + n) for n, (lo, _) in zip(out[2:], padding, strict=True)])
    return [sliced(made, lambda a: a[inside])]


ROUTINES: dict[Primitive, Callable[..., Any]] = {
    cv.conv_p: _forward,
    cv.conv_weight_gradient_p: _weight,
    cv.conv_input_gradient_p: _input,
}
