"""Values with operators, so that a formula reads as one while it writes LLVM IR."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from ..emit.writer import FLOATS, Lanes, Writer

INFINITY = math.inf
NAN = math.nan
Operand: TypeAlias = "Value | float"


class Value:
    """A named value of some lanes; arithmetic on it appends instructions.

    Python numbers become constants of the same lanes. Comparisons are ordered (false on NaN) and give
    lanes of i1, which combine with `&`, `|`, `~` and choose with `where`.
    """

    __slots__ = ("name", "t", "w")

    def __init__(self, w: Writer, t: Lanes, name: str) -> None:
        self.w = w
        self.t = t
        self.name = name

    def read(self, other: Operand) -> str:
        """Another operand as text."""
        return other.name if isinstance(other, Value) else self.t.constant(other)

    def number(self, value: float) -> Value:
        """A constant of the same lanes."""
        return Value(self.w, self.t, self.t.constant(value))

    def _binary(self, real: str, whole: str, a: Operand, b: Operand) -> Value:
        opcode = real if self.t.element in FLOATS else whole
        return Value(self.w, self.t, self.w.binary(opcode, self.t, self.read(a), self.read(b)))

    def __add__(self, other: Operand) -> Value:
        return self._binary("fadd", "add", self, other)

    def __radd__(self, other: Operand) -> Value:
        return self._binary("fadd", "add", other, self)

    def __sub__(self, other: Operand) -> Value:
        return self._binary("fsub", "sub", self, other)

    def __rsub__(self, other: Operand) -> Value:
        return self._binary("fsub", "sub", other, self)

    def __mul__(self, other: Operand) -> Value:
        return self._binary("fmul", "mul", self, other)

    def __rmul__(self, other: Operand) -> Value:
        return self._binary("fmul", "mul", other, self)

    def __truediv__(self, other: Operand) -> Value:
        return self._binary("fdiv", "udiv", self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self._binary("fdiv", "udiv", other, self)

    def __mod__(self, other: Operand) -> Value:
        """The remainder; of floats it is a call of C's fmod, lane by lane, for which there is `rounding.fmod`."""
        return self._binary("frem", "urem", self, other)

    def __and__(self, other: Operand) -> Value:
        return self._binary("and", "and", self, other)

    def __or__(self, other: Operand) -> Value:
        return self._binary("or", "or", self, other)

    def __xor__(self, other: Operand) -> Value:
        return self._binary("xor", "xor", self, other)

    def __lshift__(self, other: Operand) -> Value:
        return self._binary("shl", "shl", self, other)

    def __rshift__(self, other: Operand) -> Value:
        """A logical shift."""
        return self._binary("lshr", "lshr", self, other)

    def __neg__(self) -> Value:
        if self.t.element not in FLOATS:
            return 0 - self
        return Value(self.w, self.t, self.w.op(f"fneg {self.t.text} {self.name}"))

    def __invert__(self) -> Value:
        return self ^ (1 if self.t.element == "i1" else -1)

    def __abs__(self) -> Value:
        return self.intrinsic("fabs")

    def compare(self, condition: str, other: Operand) -> Value:
        """Lanes of i1; the condition as LLVM names it."""
        name = self.w.compare(condition, self.t, self.name, self.read(other))
        return Value(self.w, self.t.of("i1"), name)

    def _ordered(self, condition: str, other: Operand) -> Value:
        return self.compare(("o" if self.t.element in FLOATS else "s") + condition, other)

    def __lt__(self, other: Operand) -> Value:
        return self._ordered("lt", other)

    def __le__(self, other: Operand) -> Value:
        return self._ordered("le", other)

    def __gt__(self, other: Operand) -> Value:
        return self._ordered("gt", other)

    def __ge__(self, other: Operand) -> Value:
        return self._ordered("ge", other)

    def equals(self, other: Operand) -> Value:
        """Lane by lane."""
        return self.compare("oeq" if self.t.element in FLOATS else "eq", other)

    def is_nan(self) -> Value:
        """Where there is no number."""
        return self.compare("uno", self)

    def where(self, a: Operand, b: Operand, like: Value | None = None) -> Value:
        """`a` where this condition holds, else `b`; `like` says the lanes if both are numbers."""
        model = a if isinstance(a, Value) else b if isinstance(b, Value) else like
        assert model is not None
        name = self.w.select(model.t, self.name, model.read(a), model.read(b))
        return Value(self.w, model.t, name)

    def any(self) -> Value:
        """Whether a lane of this condition holds, as one i1."""
        if self.t.width == 1:
            return self
        full = f"@llvm.vector.reduce.or.{self.t.suffix}"
        self.w.module.declarations.setdefault(full, f"declare i1 {full}({self.t.text})")
        return Value(self.w, Lanes("i1"), self.w.op(f"call i1 {full}({self.t.text} {self.name})"))

    def cast(self, opcode: str, element: str) -> Value:
        """As many lanes of another kind: fpext, sitofp, zext, bitcast, ..."""
        to = self.t.of(element)
        return Value(self.w, to, self.w.cast(opcode, self.name, self.t, to))

    def rounded(self, element: str) -> Value:
        """These floats as "float" or "double", rounded where they have to be."""
        if self.t.element == element:
            return self
        return self.cast("fpext" if element == "double" else "fptrunc", element)

    def bits(self) -> Value:
        """The representation of floats as integers."""
        return self.cast("bitcast", f"i{self.t.bits}")

    def real(self) -> Value:
        """The floats that integers represent."""
        return self.cast("bitcast", "float" if self.t.bits == 32 else "double")

    def intrinsic(self, name: str, *others: Operand) -> Value:
        """An LLVM intrinsic of this value and others alike."""
        read = [self.read(other) for other in others]
        return Value(self.w, self.t, self.w.intrinsic(name, self.t, self.name, *read))

    def sqrt(self) -> Value:
        """The square root, correctly rounded."""
        return self.intrinsic("sqrt")

    def copysign(self, sign: Value) -> Value:
        """This magnitude with another's sign."""
        return self.intrinsic("copysign", sign)

    def under(self, top: float) -> Value:
        """The smaller of this and a constant; NaN stays (the order of operands is minps's)."""
        limit = self.number(top)
        return (limit < self).where(limit, self)

    def over(self, bottom: float) -> Value:
        """The larger of this and a constant; NaN stays."""
        limit = self.number(bottom)
        return (limit > self).where(limit, self)

    def mad(self, b: Operand, c: Operand) -> Value:
        """This times b plus c, rounded once or twice, whichever is fast."""
        return Value(self.w, self.t, self.w.mad(self.t, self.name, self.read(b), self.read(c)))

    def fma(self, b: Operand, c: Operand) -> Value:
        """This times b plus c with an exact product, for a sum that cancels.

        Without the instruction floats go through double, where the product is exact; doubles take the
        product's error from Dekker's splitting (Dekker 1971) and add it after the leading parts.
        """
        if self.w.module.fma:
            return self.intrinsic("fma", b, c)
        if self.t.element == "float":
            wide = [
                (o if isinstance(o, Value) else self.number(o)).rounded("double")
                for o in (self, b, c)
            ]
            return (wide[0] * wide[1] + wide[2]).rounded("float")
        b = b if isinstance(b, Value) else self.number(b)
        product = self * b
        return (product + c) + _dekker(self, b, product)

    def times(self, b: Operand) -> tuple[Value, Value]:
        """The product with b and its rounding error."""
        b = b if isinstance(b, Value) else self.number(b)
        product = self * b
        return product, self.fma(b, -product)

    def polynomial(self, coefficients: Sequence[float]) -> Value:
        """By Horner's rule, the constant term first."""
        out: Operand = coefficients[-1]
        for c in coefficients[-2::-1]:
            out = self.mad(out, c)
        return out if isinstance(out, Value) else self.number(out)

    def nearest(self) -> tuple[Value, Value]:
        """Round to even, for less than 2**22 (2**51) in size: the float, and integers whose low bits hold it.

        The sum with 1.5 * 2**23 (1.5 * 2**52) has no room for a fraction. Works without SSE4.1, and
        without a conversion of doubles to integers, which AVX2 lacks.
        """
        magic = 1.5 * 2.0 ** (23 if self.t.bits == 32 else 52)
        shifted = self + magic
        return shifted - magic, shifted.bits()


def _dekker(a: Value, b: Value, product: Value) -> Value:
    """a*b - product, exact unless something overflows."""
    high_a, low_a = _split(a)
    high_b, low_b = _split(b)
    return ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b


def _split(a: Value) -> tuple[Value, Value]:
    """Two halves of at most 26 bits each (Veltkamp 1968), of doubles."""
    big = a * 134217729.0  # 2**27 + 1
    high = big - (big - a)
    return high, a - high


def fast_two_sum(a: Operand, b: Value) -> tuple[Value, Value]:
    """The sum and its rounding error, where a is the larger (Dekker 1971)."""
    total = a + b
    return total, b - (total - a)


def two_sum(a: Operand, b: Value) -> tuple[Value, Value]:
    """The sum and its rounding error, in any order (Knuth 1969)."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)
