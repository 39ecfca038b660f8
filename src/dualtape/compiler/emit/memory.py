"""Lanes from memory and to it: vectors, masked tails, strided elements; splats; and folding lanes to one."""

from __future__ import annotations

from collections.abc import Callable

from .writer import Lanes, Writer

NEAR = 4
"""Strides up to which loading what lies in between too is quicker than loading lane by lane."""


def stored(t: Lanes) -> Lanes:
    """The lanes as they lie in memory: booleans take a byte each."""
    return t.of("i8") if t.element == "i1" else t


def mask_text(width: int, count: int) -> str:
    """A constant mask whose first `count` lanes are set."""
    return f"<{', '.join(['i1 ' + ('true' if i < count else 'false') for i in range(width)])}>"


def offset(w: Writer, pointer: str, index: str | int, size: int) -> str:
    """The address `index` elements of `size` bytes further on."""
    if index == 0:
        return pointer
    return w.op(f"getelementptr i8, ptr {pointer}, i64 {times(w, index, size)}")


def times(w: Writer, index: str | int, factor: int) -> str | int:
    """A product of integers, folded where both are known."""
    if isinstance(index, int):
        return index * factor
    return index if factor == 1 else w.op(f"mul nsw i64 {index}, {factor}")


def load(w: Writer, t: Lanes, pointer: str, stride: int, count: int) -> str:
    """Load lanes, of which `count` are there, from elements `stride` apart."""
    m = stored(t)
    size = m.bits // 8
    if t.width == 1 or (stride == 1 and count == t.width):
        out = w.op(f"load {m.text}, ptr {pointer}, align {size}")
    elif stride == 1:
        name = f"@llvm.masked.load.{m.suffix}.p0"
        mask = f"<{t.width} x i1>"
        w.module.declarations[name] = f"declare {m.text} {name}(ptr, i32, {mask}, {m.text})"
        out = w.op(
            f"call {m.text} {name}(ptr {pointer}, i32 {size}, {mask} {mask_text(t.width, count)}, "
            f"{m.text} zeroinitializer)"
        )
    elif 1 < stride <= NEAR and t.width >= 4:
        out = _near(w, m, pointer, stride, count)
    else:
        out = "zeroinitializer" if count < t.width else "poison"
        for i in range(count):
            p = offset(w, pointer, i * stride, size)
            one = w.op(f"load {m.element}, ptr {p}, align {size}")
            out = w.op(f"insertelement {m.text} {out}, {m.element} {one}, i64 {i}")
    if t.element != "i1":
        return out
    return w.op(f"icmp ne {m.text} {out}, {m.constant(0)}")


def _near(w: Writer, t: Lanes, pointer: str, stride: int, count: int) -> str:
    """Every `stride`-th of neighbouring elements: all are loaded, none behind the last one that is wanted."""
    there = (count - 1) * stride + 1
    out = "zeroinitializer"
    for start in range(0, there, t.width):
        p = offset(w, pointer, start, t.bits // 8)
        here = load(w, t, p, 1, min(t.width, there - start))
        places = [i * stride - start for i in range(t.width)]
        picks = [t.width + at if 0 <= at < t.width else i for i, at in enumerate(places)]
        text = ", ".join([f"i32 {k}" for k in picks])
        out = w.op(f"shufflevector {t.text} {out}, {t.text} {here}, <{t.width} x i32> <{text}>")
    return out


def store(w: Writer, t: Lanes, value: str, pointer: str, stride: int, count: int) -> None:
    """Store the first `count` lanes to elements `stride` apart."""
    m = stored(t)
    size = m.bits // 8
    if t.element == "i1":
        value = w.cast("zext", value, t, m)
    if t.width == 1 or (stride == 1 and count == t.width):
        w.do(f"store {m.text} {value}, ptr {pointer}, align {size}")
    elif stride == 1:
        name = f"@llvm.masked.store.{m.suffix}.p0"
        mask = f"<{t.width} x i1>"
        w.module.declarations[name] = f"declare void {name}({m.text}, ptr, i32, {mask})"
        w.do(
            f"call void {name}({m.text} {value}, ptr {pointer}, i32 {size}, "
            f"{mask} {mask_text(t.width, count)})"
        )
    else:
        for i in range(count):
            one = w.op(f"extractelement {m.text} {value}, i64 {i}")
            p = offset(w, pointer, i * stride, size)
            w.do(f"store {m.element} {one}, ptr {p}, align {size}")


def masked(w: Writer, t: Lanes, pointer: str, mask: str) -> str:
    """Load the neighbours that a mask, known at run time, lets through; 0 elsewhere."""
    name = f"@llvm.masked.load.{t.suffix}.p0"
    lanes = t.of("i1").text
    w.module.declarations[name] = f"declare {t.text} {name}(ptr, i32, {lanes}, {t.text})"
    size = t.bits // 8
    return w.op(
        f"call {t.text} {name}(ptr {pointer}, i32 {size}, {lanes} {mask}, {t.text} zeroinitializer)"
    )


def store_masked(w: Writer, t: Lanes, value: str, pointer: str, mask: str) -> None:
    """Store the lanes that a mask, known at run time, lets through."""
    name = f"@llvm.masked.store.{t.suffix}.p0"
    lanes = t.of("i1").text
    w.module.declarations[name] = f"declare void {name}({t.text}, ptr, i32, {lanes})"
    w.do(f"call void {name}({t.text} {value}, ptr {pointer}, i32 {t.bits // 8}, {lanes} {mask})")


def fetch(w: Writer, pointer: str, written: bool = False) -> None:
    """Ask for memory before it is needed."""
    name = "@llvm.prefetch.p0"
    w.module.declarations[name] = f"declare void {name}(ptr, i32, i32, i32)"
    w.do(f"call void {name}(ptr {pointer}, i32 {int(written)}, i32 3, i32 1)")


def put(w: Writer, table: str, k: int, pointer: str) -> None:
    """Write a pointer into a table."""
    at = w.op(f"getelementptr i8, ptr {table}, i64 {8 * k}")
    w.do(f"store ptr {pointer}, ptr {at}, align 8")


def splat(w: Writer, t: Lanes, scalar: str) -> str:
    """The same number in all lanes."""
    if t.width == 1:
        return scalar
    first = w.op(f"insertelement {t.text} poison, {t.element} {scalar}, i64 0")
    return w.op(
        f"shufflevector {t.text} {first}, {t.text} poison, <{t.width} x i32> zeroinitializer"
    )


def part(w: Writer, t: Lanes, value: str, start: int, width: int) -> str:
    """Some neighbouring lanes."""
    if width == t.width:
        return value
    if width == 1:
        return w.op(f"extractelement {t.text} {value}, i64 {start}")
    picks = ", ".join([f"i32 {i}" for i in range(start, start + width)])
    return w.op(f"shufflevector {t.text} {value}, {t.text} poison, <{width} x i32> <{picks}>")


def fold(w: Writer, t: Lanes, value: str, combine: Callable[[Lanes, str, str], str]) -> str:
    """All lanes combined into one number, halves first, so that the order never changes."""
    while t.width > 1:
        half = Lanes(t.element, t.width // 2)
        value = combine(
            half, part(w, t, value, 0, half.width), part(w, t, value, half.width, half.width)
        )
        t = half
    return value


def ramp(w: Writer, t: Lanes, start: str | int, step: int) -> str:
    """start, start + step, ... as integers."""
    if t.width == 1:
        return w.op(f"add {t.text} {start}, 0")
    steps = f"<{', '.join([f'{t.element} {i * step}' for i in range(t.width)])}>"
    if start == 0:
        return w.op(f"add {t.text} {steps}, zeroinitializer")
    base = w.op(f"add {t.element} {start}, 0") if isinstance(start, int) else start
    return w.op(f"add nsw {t.text} {splat(w, t, base)}, {steps}")
