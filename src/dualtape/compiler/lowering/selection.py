"""A few elements of rows by their rank, without sorting the rows."""

from __future__ import annotations

from typing import Any

from ..emit import flow
from ..emit.sorting import SIGN, key
from .routine import Arguments


def few(kind: str) -> Any:
    """The body that finds the first few of the order of rows: kept in order, most others are passed by."""

    def body(a: Arguments) -> None:
        x, out, scratch = a.arrays
        n, r, many, descending, k = a.sizes
        w = a.w
        keys = flow.Array(w, scratch.pointer, flow.I64)
        places = keys.past(k)

        def row(first: flow.Value, base: flow.Value) -> None:
            def one(i: flow.Value) -> None:
                new = key(x[first + i * r], kind, descending)
                early = i < k

                def insert() -> None:
                    def later(j: flow.Value) -> flow.Value:
                        at = (j > 0).where(j - 1, j)
                        return (j > 0) & (keys[at] > new)

                    def move(j: flow.Value) -> list[flow.Value]:
                        keys[j] = keys[j - 1]
                        places[j] = places[j - 1]
                        return [j - 1]

                    (j,) = flow.during(w, [early.where(i, k - 1)], later, move)
                    keys[j] = new
                    places[j] = i

                flow.when(w, early | (new < keys[k - 1]), insert)

            flow.each(w, n, one)

            def give(j: flow.Value) -> None:
                out[base + j * r] = places[j]

            flow.each(w, k, give)

        def rows(i: flow.Value) -> None:
            flow.each(w, r, lambda j: row(i * n * r + j, i * k * r + j))

        flow.each(w, many, rows)

    return body


def nth(kind: str, bits: int) -> Any:
    """The body that finds where the element of a rank stands, of equals in their order: by 8 bits of its key at a time."""

    def body(a: Arguments) -> None:
        x, ranks, out, scratch = a.arrays
        n, r, many = a.sizes
        w = a.w
        counts = flow.Array(w, scratch.pointer, flow.I64)
        left = counts.past(256)  # keys that may be the one
        zero = flow.whole(w, 0)

        def row(base: flow.Value, rank: flow.Value) -> flow.Value:
            def element(k: flow.Value) -> flow.Value:
                """The key as a number without a sign."""
                v = key(x[base + k * r], kind, zero)
                return v ^ SIGN[64] if bits == 64 else v + 2**31

            def clear(k: flow.Value) -> None:
                counts[k] = zero

            def note(k: flow.Value) -> None:
                left[k] = element(k)

            def part(
                shift: flow.Value, prefix: flow.Value, many: flow.Value, rank: flow.Value
            ) -> list[flow.Value]:
                def count(k: flow.Value) -> None:
                    at = (left[k] >> shift) & 255
                    counts[at] = counts[at] + 1

                flow.each(w, 256, clear)
                flow.each(w, many, count)
                bucket, rank = flow.during(
                    w,
                    [zero, rank],
                    lambda b, on: counts[b] <= on,
                    lambda b, on: [b + 1, on - counts[b]],
                )

                def keep(k: flow.Value, some: flow.Value) -> list[flow.Value]:
                    v = left[k]
                    left[some] = v  # for the time being
                    return [some + ((v >> shift) & 255).equals(bucket).cast("zext", "i64")]

                (some,) = flow.each(w, many, keep, zero)
                return [shift - 8, prefix | (bucket << shift), some, rank]

            flow.each(w, n, note)
            start = [flow.whole(w, bits - 8), zero, n, rank]
            _, wanted, _, rank = flow.during(w, start, lambda shift, *_: shift >= 0, part)

            def other(k: flow.Value, before: flow.Value) -> flow.Value:
                return ~(element(k).equals(wanted) & before.equals(0))

            def on(k: flow.Value, before: flow.Value) -> list[flow.Value]:
                return [k + 1, before - element(k).equals(wanted).cast("zext", "i64")]

            return flow.during(w, [zero, rank], other, on)[0]

        def rows(i: flow.Value) -> None:
            def one(j: flow.Value) -> None:
                out[i * r + j] = row(i * n * r + j, ranks[i * r + j])

            flow.each(w, r, one)

        flow.each(w, many, rows)

    return body
