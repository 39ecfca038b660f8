"""x modulo pi/2 for large x, one element at a time (Payne & Hanek, SIGNUM Newsletter 18, 1983).

As many bits of 2/pi are multiplied by the significand as matter: those that make multiples of 4, and
those too small to be seen, are left out. Integers only, no library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from ..emit.writer import Lanes, Writer
from .cold import define, rare
from .values import INFINITY, Value

ONE = "@dualtape.payne_hanek"
WORDS = (
    22  # 64 zeros, then 21 * 64 bits of 2/pi: the largest exponent needs bits up to 971 + 64 + 256
)


@lru_cache
def two_over_pi(bits: int) -> int:
    """floor(2**bits * 2/pi), from Machin's formula for pi in integers."""
    unit = 1 << (bits + 64)

    def inverse_tangent(n: int) -> int:
        total, power, k = 0, unit // n, 1
        while power:
            total += power // k if k % 4 == 1 else -(power // k)
            power //= n * n
            k += 2
        return total

    pi = 4 * (4 * inverse_tangent(5) - inverse_tangent(239))
    return ((unit << (bits + 1)) // pi) & ((1 << bits) - 1)


def reduced_far(x: Value, limit: float, n: Value, *rest: Value) -> list[Value]:
    """The pair n, r (and the rest of r, which becomes 0) with those lanes replaced where x is above the limit."""

    def body(operands: Sequence[Value]) -> tuple[Value, Callable[[], list[Value]]]:
        (a,) = operands
        return (a > limit) & (a < INFINITY), lambda: remainder(a, len(rest))

    return rare(x > limit, f"far{len(rest)}", [x], [n, *rest], body)


def remainder(x: Value, count: int) -> list[Value]:
    """Of one number: the quotient by pi/2, and the rest as one number or that and 0."""
    w = x.w
    wide = x if x.t.bits == 64 else x.cast("fpext", "double")
    define(w.module, ONE, lambda: _one(Writer(w.module)))
    result = w.op(f"call {{ i64, double }} {ONE}(double {wide.name})")
    n = Value(w, Lanes("i64"), w.op(f"extractvalue {{ i64, double }} {result}, 0"))
    r = Value(w, Lanes("double"), w.op(f"extractvalue {{ i64, double }} {result}, 1"))
    if x.t.bits == 32:
        n, r = n.cast("trunc", "i32"), r.cast("fptrunc", "float")
    return [n, r, x.number(0.0)][: count + 1]


def _one(w: Writer) -> str:
    """The function of one double: the quotient modulo 4 in the low bits, and the rest, rounded once."""
    bits = two_over_pi(64 * (WORDS - 1))
    words = [(bits >> (64 * i)) & (2**64 - 1) for i in range(WORDS - 1)][::-1]
    values = ", ".join(f"i64 {v - (v >> 63 << 64)}" for v in [0, *words])
    table = f"{ONE}.bits"
    w.module.declarations[table] = f"{table} = private constant [{WORDS} x i64] [{values}]"
    double, i64 = Lanes("double"), Lanes("i64")
    x = Value(w, double, "%x").bits()
    # x = m * 2**e, and the 192 bits of 2/pi from bit e - 2 on make m*bits = x*2/pi modulo 4.
    m = (x & ((1 << 52) - 1)) | (1 << 52)
    start = (x >> 52) - (1075 - 62)
    word, shift = start >> 6, start & 63

    def load(i: int) -> Value:
        at = w.op(f"getelementptr [{WORDS} x i64], ptr {table}, i64 0, i64 {(word + i).name}")
        return Value(w, i64, w.op(f"load i64, ptr {at}"))

    loaded = [load(i) for i in range(4)]
    top, middle, low = (loaded[i].intrinsic("fshl", loaded[i + 1], shift) for i in range(3))
    # The lowest 192 bits of m times those, in three words.
    last = m * low
    carried = _high(m, low)
    second = m * middle + carried
    carry = second.compare("ult", carried).cast("zext", "i64")
    first = m * top + _high(m, middle) + carry
    # Two bits are the quotient modulo 4; the fraction has a sign if it is rounded to nearest. (Its
    # complement is its negative but for 2**-128. It is never below 2**-62: Muller 2006, section 11.)
    head, tail = first.intrinsic("fshl", second, 2), second.intrinsic("fshl", last, 2)
    negative = head < 0
    flip = negative.where(-1, 0, like=head)
    quotient = (first >> 62) - flip
    head, tail = head ^ flip, tail ^ flip
    zeros = Value(w, i64, w.op(f"call i64 {_ctlz(w)}(i64 {head.name}, i1 false)"))
    leading = head.intrinsic("fshl", tail, zeros)
    half_pi = (1 << 191) // two_over_pi(128) - (1 << 64)  # with 63 bits behind the point, signed
    rest = _high(leading, leading.number(half_pi)).cast("uitofp", "double")
    r = rest * ((1023 - 63 - zeros) << 52).real()
    r = negative.where(-r, r)
    w.do(f"%out0 = insertvalue {{ i64, double }} poison, i64 {quotient.name}, 0")
    w.do(f"%out1 = insertvalue {{ i64, double }} %out0, double {r.name}, 1")
    w.do("ret { i64, double } %out1")
    return "\n".join([
        f"define internal {{ i64, double }} {ONE}(double %x) noinline cold nounwind {{",
        *w.lines, "}",
    ])  # fmt: skip


def _high(a: Value, b: Value) -> Value:
    """The high half of a product of unsigned words."""
    product = a.cast("zext", "i128") * b.cast("zext", "i128")
    return (product >> 64).cast("trunc", "i64")


def _ctlz(w: Writer) -> str:
    name = "@llvm.ctlz.i64"
    w.module.declarations.setdefault(name, f"declare i64 {name}(i64, i1)")
    return name
