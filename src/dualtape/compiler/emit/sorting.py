"""Sorting rows of 64-bit keys: runs by insertion, then merged two by two from one buffer to another and back.

The sort is stable. Merging has no branches that depend on keys, which would be mispredicted half of the time.
"""

from __future__ import annotations

from ..vecmath.values import Value
from .flow import I64, Array, during, each, whole
from .frames import LoopWriter
from .writer import Lanes

RUN = 8
SIGN = {8: -(2**7), 16: -(2**15), 32: -(2**31), 64: -(2**63)}


def key(v: Value, kind: str, descending: Value) -> Value:
    """An i64 that orders elements: NaN last, zeros alike; -1 for `descending` turns the order round.

    Args:
        v: The element.
        kind: Of its dtype.
        descending: 0 or -1.
    """
    w, bits = v.w, v.t.bits
    if kind == "f":
        one = v.equals(0).where(v.number(0), v).bits()
        sign = Value(w, one.t, w.binary("ashr", one.t, one.name, one.number(bits - 1).name))
        one = one ^ (sign & (2 ** (bits - 1) - 1))
        one = v.is_nan().where(one.number(2 ** (bits - 1) - 1), one)
    elif kind == "b":
        return v.cast("zext", "i64") ^ descending
    else:
        one = v ^ SIGN[bits] if kind == "u" else v
    return (one if bits == 64 else one.cast("sext", "i64")) ^ descending


def _less(a: list[Value], b: list[Value]) -> Value:
    return a[0] < b[0]


def merge_sort(w: LoopWriter, n: Value, here: list[Array], there: list[Array]) -> list[Array]:
    """Sort records by their first number; returns where they are then.

    Args:
        w: Where.
        n: How many, not 0.
        here: What records are made of, an array for each part.
        there: As much memory.
    """

    def run(start: Value) -> None:
        end = smaller(start + RUN, n)

        def insert(i: Value) -> None:
            one = [a[i] for a in here]

            def before(j: Value) -> list[Value]:
                at = (j > start).where(j - 1, j)
                return [a[at] for a in here]

            def test(j: Value) -> Value:
                return (j > start) & _less(one, before(j))

            def move(j: Value) -> list[Value]:
                for a, v in zip(here, before(j), strict=True):
                    a[j] = v
                return [j - 1]

            (j,) = during(w, [i], test, move)
            for a, v in zip(here, one, strict=True):
                a[j] = v

        each(w, end, insert, start=start + 1)

    each(w, n, run, step=RUN)
    pointers = [Value(w, Lanes("ptr"), a.pointer) for a in (*here, *there)]
    parts = len(here)

    def arrays(names: tuple[Value, ...] | list[Value]) -> list[Array]:
        return [Array(w, p.name, I64) for p in names]

    def merge(width: Value, *names: Value) -> list[Value]:
        source, target = arrays(names[:parts]), arrays(names[parts:])

        def pair(low: Value) -> list[Value]:
            middle, high = smaller(low + width, n), smaller(low + width + width, n)

            def one(k: Value, i: Value, j: Value) -> list[Value]:
                a = [x[smaller(i, n - 1)] for x in source]
                b = [x[smaller(j, n - 1)] for x in source]
                left = (i < middle) & ((j >= high) | ~_less(b, a))
                for t, x, y in zip(target, a, b, strict=True):
                    t[k] = left.where(x, y)
                step = left.cast("zext", "i64")
                return [i + step, j + (1 - step)]

            each(w, high, one, low, middle, start=low)
            return [high]

        during(w, [whole(w, 0)], lambda low: low < n, pair)
        return [width + width, *names[parts:], *names[:parts]]

    ends = during(w, [whole(w, RUN), *pointers], lambda width, *_: width < n, merge)
    return arrays(ends[1 : 1 + parts])


def smaller(a: Value, b: Value) -> Value:
    """The smaller of two integers."""
    return (a < b).where(a, b)
