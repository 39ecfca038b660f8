"""Lengths of axes that a program leaves open: integers with a number for now and a formula for later.

While a function is captured for any batch size, the lengths in question are `Length`s. Sums, products and
quotients of them are again. What is decided by comparing one becomes a condition (`Lengths.conditions`) under which the
program holds; where Python or NumPy needs the number itself (an index, a `range`, a hash, text), the program is
one for that number alone (`Lengths.settled` says why). So nothing that a length decided goes unnoticed. All lengths left
open are at least 2: an axis of 1 is repeated by other rules, and one of 0 has no elements.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from .callsite import caller, describe, getframe, is_users
from .formulas import LEAST, Formulas, Poly, Values, add, clean, divide, multiply


class Condition(NamedTuple):
    """What has to come out as it did: `test` of the open lengths' values gives `outcome`."""

    test: Callable[[Values], Any]
    outcome: Any
    text: str
    line: str


class Lengths(Formulas):
    """The open lengths of one capture.

    Attributes:
        now: Their numbers at the call that is captured.
        conditions: What the program depends on.
        trace: The capture.
        settled: Why the program is for these numbers alone; empty if it is not.
        open: Whether the capture still runs; afterwards a `Length` is as good as its number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now: list[int] = []
        self.conditions: list[Condition] = []
        self.settled = ""
        self.open = True
        self.trace: Any = None
        self._asked: set[Any] = set()

    def length(self, now: int) -> Length:
        """A new open length.

        Args:
            now: Its number at this call.
        """
        assert now >= LEAST
        self.names.append(
            "nmklpqrstuvw"[len(self.now)] if len(self.now) < 12 else f"n{len(self.now)}"
        )
        self.now.append(now)
        self._atoms.append(("open", len(self.now) - 1))
        return Length(self, {(len(self._atoms) - 1,): 1}, now)

    def settle(self, why: str, line: str | None = None) -> None:
        """Note that the program is for these numbers alone."""
        if self.open and not self.settled:
            self.settled = f"{why}, at {describe(caller(2)) if line is None else line}"

    def condition(self, test: Callable[[Values], Any], outcome: Any, key: Any, text: str) -> Any:
        """Depend on a test, and return how it comes out now."""
        if self.open and key not in self._asked:
            self._asked.add(key)
            self.conditions.append(Condition(test, outcome, text, describe(caller(3))))
        return outcome


KEPT_BY_IDENTITY: set[CodeType] = set()
"""Functions whose tables are asked for numbers, and which see to a `Length` when it is not found there."""


class _Number:
    """What open integers and numbers computed from them share: whatever needs the number itself settles the lengths."""

    __slots__ = ("env", "now")

    env: Lengths
    now: Any

    def settled(self, what: str) -> Any:
        """The number, for good."""
        self.env.settle(f"{what} needs the number")
        return self.now

    def __hash__(self) -> int:
        if not self.env.open:
            return hash(self.now)
        if getframe(1).f_code in KEPT_BY_IDENTITY:
            return id(self)
        # A table would keep what it finds under it, and give it to code that asks for the number.
        raise TypeError("a length that is left open has no hash: int(n) is its number")

    def __int__(self) -> int:
        return int(self.settled("int()"))

    def __float__(self) -> float:
        return float(self.settled("float()"))

    def __complex__(self) -> complex:
        return complex(self.settled("complex()"))

    def __repr__(self) -> str:
        return repr(self.settled("its text"))

    def __str__(self) -> str:
        return str(self.settled("its text"))

    def __format__(self, spec: str) -> str:
        return format(self.settled("its text"), spec)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not hasattr(type(self.now), name):
            raise AttributeError(f"{type(self.now).__name__!r} object has no attribute {name!r}")
        return getattr(self.settled(f".{name}"), name)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        for x in inputs:
            if not isinstance(x, (np.ndarray, np.generic, _Number)) and hasattr(
                x, "__array_ufunc__"
            ):
                return NotImplemented
        if method == "__call__" and len(inputs) == 2 and not kwargs and self.env.open:
            operation, (a, b) = _BY_UFUNC.get(ufunc), inputs
            if operation is not None and not is_users(getframe(1).f_code):  # a rule of ours
                other = b if a is self else a
                if isinstance(other, (np.ndarray, np.generic)):
                    own = number(self, np.result_type(other.dtype, type(self.now)(0)))
                    return operation(own, b) if a is self else operation(a, own)
        plain = [x.settled(f"np.{ufunc.__name__}") if isinstance(x, _Number) else x for x in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)

    def __reduce__(self) -> Any:
        return type(self.now), (self.settled("a copy"),)

    def __abs__(self) -> Any:
        return -self if self < 0 else self  # type: ignore[operator]

    def __pos__(self) -> Any:
        return self


def _plain(x: Any) -> bool:
    return type(x) is not Length and isinstance(x, (int, np.integer))


class Length(_Number):
    """An open length, or an integer computed from some; passes for an `int`."""

    __slots__ = ("poly",)

    __class__ = property(lambda self: int)

    def __init__(self, env: Lengths, poly: Poly, now: int) -> None:
        self.env = env
        self.poly = poly
        self.now = now

    def at(self, values: Values) -> int:
        """Its number where the open lengths have these."""
        return self.env.value(self.poly, values)

    def text(self) -> str:
        """Its formula, to be read."""
        return self.env.text(self.poly)

    def _other(self, x: Any) -> Poly | None:
        if type(x) is Length:
            return x.poly if x.env is self.env else {(): x.now}
        return {(): int(x)} if _plain(x) else None

    def _made(self, p: Poly) -> Any:
        p = clean(p)
        if not p or list(p) == [()]:
            return p.get((), 0)
        return (
            Length(self.env, p, self.env.value(p, self.env.now))
            if self.env.open
            else self.env.value(p, self.env.now)
        )

    def __add__(self, x: Any) -> Any:
        p = self._other(x)
        return _real(self, x, "add") if p is None else self._made(add(self.poly, p))

    __radd__ = __add__

    def __neg__(self) -> Any:
        return self._made({m: -c for m, c in self.poly.items()})

    def __sub__(self, x: Any) -> Any:
        p = self._other(x)
        return _real(self, x, "sub") if p is None else self._made(add(self.poly, p, -1))

    def __rsub__(self, x: Any) -> Any:
        p = self._other(x)
        return _real(self, x, "rsub") if p is None else self._made(add(p, self.poly, -1))

    def __mul__(self, x: Any) -> Any:
        if isinstance(x, (list, tuple, str, bytes)):
            return x * self.settled("repeating a sequence")
        p = self._other(x)
        return _real(self, x, "mul") if p is None else self._made(multiply(self.poly, p))

    __rmul__ = __mul__

    def _quotient(self, kind: str, a: Poly, b: Poly) -> Any:
        if not clean(b):
            raise ZeroDivisionError("integer division or modulo by zero")
        exact = divide(a, b)
        if exact is not None:
            return self._made(exact) if kind == "//" else 0
        return self._made(self.env.atom(kind, a, b))

    def __floordiv__(self, x: Any) -> Any:
        p = self._other(x)
        return _real(self, x, "floordiv") if p is None else self._quotient("//", self.poly, p)

    def __rfloordiv__(self, x: Any) -> Any:
        p = self._other(x)
        return _real(self, x, "rfloordiv") if p is None else self._quotient("//", p, self.poly)

    def __mod__(self, x: Any) -> Any:
        p = self._other(x)
        return _real(self, x, "mod") if p is None else self._quotient("%", self.poly, p)

    def __rmod__(self, x: Any) -> Any:
        p = self._other(x)
        return _real(self, x, "rmod") if p is None else self._quotient("%", p, self.poly)

    def __divmod__(self, x: Any) -> Any:
        return self // x, self % x

    def __rdivmod__(self, x: Any) -> Any:
        return x // self, x % self

    def __truediv__(self, x: Any) -> Any:
        return _real(self, x, "truediv")

    def __rtruediv__(self, x: Any) -> Any:
        return _real(self, x, "rtruediv")

    def __pow__(self, x: Any, modulo: Any = None) -> Any:
        if type(x) is int and 0 <= x <= 8 and modulo is None:
            return math.prod([self] * x)
        return _real(self, x, "pow")

    def __rpow__(self, x: Any) -> Any:
        return _real(self, x, "rpow")

    def _compared(self, x: Any, what: str) -> Any:
        """How the difference to `x` stands to 0: a comparison that holds for all lengths, or becomes a condition."""
        p = self._other(x)
        if p is None:
            return _real(self, x, what)
        env, d = self.env, clean(add(self.poly, p, -1))
        now = env.value(d, env.now)
        compare = _COMPARISONS[what]
        sign = 0 if not d else env.sign(d)
        if sign is not None and (abs(sign) != 1 or compare(sign, 0) == compare(0, 0)):
            return compare(sign, 0)
        text = f"{env.text(self.poly)} {_SYMBOLS[what]} {env.text(p)}"
        key = (what, tuple(sorted(d.items())))
        return env.condition(lambda v: compare(env.value(d, v), 0), compare(now, 0), key, text)

    def __eq__(self, x: object) -> Any:
        found = self._compared(x, "eq")
        return False if found is NotImplemented and not isinstance(x, float) else found

    def __ne__(self, x: object) -> Any:
        found = self._compared(x, "ne")
        return True if found is NotImplemented and not isinstance(x, float) else found

    def __lt__(self, x: Any) -> Any:
        return self._compared(x, "lt")

    def __le__(self, x: Any) -> Any:
        return self._compared(x, "le")

    def __gt__(self, x: Any) -> Any:
        return self._compared(x, "gt")

    def __ge__(self, x: Any) -> Any:
        return self._compared(x, "ge")

    __hash__ = _Number.__hash__

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __index__(self) -> int:
        return int(self.settled("an index, a range or a count"))

    def __trunc__(self) -> Any:
        return self

    __floor__ = __ceil__ = __trunc__

    def __round__(self, digits: Any = None) -> Any:
        return self

    @property
    def real(self) -> Any:
        """Itself."""
        return self

    @property
    def imag(self) -> int:
        """0."""
        return 0


class LengthFloat(_Number):
    """A float computed from open lengths; passes for a `float`."""

    __slots__ = ("at",)

    __class__ = property(lambda self: float)

    def __init__(self, env: Lengths, at: Callable[[Values], Any], now: Any) -> None:
        self.env = env
        self.at = at
        self.now = now

    def __eq__(self, x: object) -> Any:
        return _real(self, x, "eq")

    def __ne__(self, x: object) -> Any:
        return _real(self, x, "ne")

    __hash__ = _Number.__hash__

    def __bool__(self) -> bool:
        return getframe(1).f_code in KEPT_BY_IDENTITY or bool(self != 0.0)

    def __neg__(self) -> Any:
        return _real(self, 0, "neg")


def _real(a: Any, x: Any, what: str) -> Any:
    """An operation whose result is no integer formula: on floats, on numbers of another kind, or a quotient."""
    if type(x) not in (int, float, bool, Length, LengthFloat) and not isinstance(
        x, (np.floating, np.integer)
    ):
        if isinstance(x, (np.ndarray, complex, np.complexfloating)) and what not in ("eq", "ne"):
            return _with_array(a, x, what)
        return NotImplemented
    env, operation = a.env, _OPERATIONS[what]
    if isinstance(x, np.generic):
        return _with_array(a, x, what)
    try:
        now = operation(a.now, x.now if isinstance(x, _Number) else x)
    except (ArithmeticError, ValueError):
        a.settled("an error")
        raise
    if not env.open:
        return now

    def at(values: Values) -> Any:
        return operation(a.at(values), x.at(values) if type(x) in OPEN else x)

    if isinstance(now, bool):
        return env.condition(
            at, now, object(), f"a comparison of a number computed from {env.names[0]}"
        )
    if not isinstance(now, float):
        return operation(a.settled("a power"), x)
    return LengthFloat(env, at, now)


def _with_array(a: Any, x: Any, what: str) -> Any:
    """An operation with NumPy's numbers: by the trace where a rule of ours computes with constants."""
    ours = a.env.open and not is_users(getframe(3).f_code)
    if ours and what in _ARITHMETIC and isinstance(x, (np.ndarray, np.generic)):
        return _OPERATIONS[what](number(a, np.result_type(x.dtype, type(a.now)(0))), x)
    return _OPERATIONS[what](a.settled("NumPy or a complex number"), x)


def number(x: Any, dtype: Any) -> Any:
    """A number computed from open lengths as an array without axes, or what stands for it."""
    if not x.env.open:
        return np.array(x.now, dtype)
    return x.env.trace.computed(lambda values: np.array(x.at(values), dtype), (), dtype)


OPEN = (Length, LengthFloat)

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    what: getattr(operator, what) for what in ("eq", "ne", "lt", "le", "gt", "ge")
}
_ARITHMETIC = frozenset({"mul", "rmul", "truediv", "rtruediv", "add", "radd", "sub", "rsub"})
_SYMBOLS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _swapped(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: operation(b, a)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {**_COMPARISONS, "neg": lambda a, b: -a}
for _what in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    _OPERATIONS[_what] = getattr(operator, _what)
    _OPERATIONS[f"r{_what}"] = _swapped(_OPERATIONS[_what])

_BY_UFUNC: dict[Any, Callable[[Any, Any], Any]] = {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.true_divide: operator.truediv,
}  # fmt: skip


def _operator(what: str) -> Callable[[Any, Any], Any]:
    return lambda self, x: _real(self, x, what)


for _what in _OPERATIONS:
    if _what not in ("eq", "ne", "neg"):
        setattr(LengthFloat, f"__{_what}__", _operator(_what))


def is_open(x: Any) -> bool:
    """Whether a number is an open length or computed from one."""
    return type(x) in OPEN and x.env.open


def any_open(shape: Any) -> bool:
    """Whether a shape has an open length."""
    return any([type(n) is Length and n.env.open for n in shape])  # noqa: C419 - faster for few


def type_of(x: Any) -> type:
    """`type(x)`, which is `int` or `float` for what passes for one."""
    return x.__class__ if type(x) in OPEN else type(x)


def whole(n: Any) -> Any:
    """`int(n)`, which leaves an open length as it is."""
    return n if type(n) is Length and n.env.open else int(n)
