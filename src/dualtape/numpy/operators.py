"""The operators of arrays: NumPy's promotion (NEP 50), the commonest cases straight to the primitive.

Two arrays of one floating dtype, or one and a Python number, need no promotion. The rest goes through
`ufuncs`, as `np.add(x, y)` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import modes
from ..core.adapted import own_copy
from ..core.aval import FLOATS
from ..core.boxes import Box
from ..core.inplace import write
from ..core.tensor import Tensor, wrap
from ..ops import arithmetic, compare
from ..ops.matmul import matmul
from . import _array
from ._array import Array
from .concrete import is_followed
from .operands import PLAIN, beside, constant_array, is_quiet, number_like, wrapped
from .writing import check_write

Operator = Callable[..., Any]


def is_operand(x: Any) -> bool:
    """Whether an operator takes `x` beside an array, or leaves the answer to the class of `x`."""
    if isinstance(x, (Tensor, Box, *PLAIN, int, float, complex, list, tuple)):
        return not isinstance(x, Tensor) or isinstance(x, Array) or type(x) is Tensor
    return False


def through(ufunc: np.ufunc, x: Any, y: Any) -> Any:
    """An operator on operands that need promotion, or that are none."""
    if not (is_operand(x) and is_operand(y)):
        return NotImplemented
    return _array.ufunc_call(ufunc, "__call__", (x, y), {})


def _unwatched(x: Any) -> Any:
    return wrap(Array, x)


def _operand(x: Any) -> Any:
    return constant_array(x) if type(x) is np.ndarray else wrap(Array, x)


def _pair(name: str, ufunc: np.ufunc, primitive: Any) -> tuple[Operator, Operator]:
    bind = primitive.bind2
    # Sums and differences keep nothing, so nobody minds what becomes of a plain array.
    made = _unwatched if primitive in (arithmetic.add, arithmetic.sub) else _operand

    def forward(self: Array, other: Any) -> Any:
        value = self.value
        kind = type(other)
        if kind is Array:
            dtype = value.dtype
            if dtype is other.value.dtype and dtype in FLOATS:
                return bind(self, other)
        elif kind is float or kind is int:
            if value.dtype in FLOATS:
                return bind(self, number_like(other, value))
        elif kind is np.ndarray or kind is np.float64:
            dtype = value.dtype
            if dtype is other.dtype and dtype in FLOATS:
                return bind(self, made(other))
        return through(ufunc, self, other)

    def reflected(self: Array, other: Any) -> Any:
        value = self.value
        kind = type(other)
        if kind is float or kind is int:
            if value.dtype in FLOATS:
                return bind(number_like(other, value), self)
        elif kind is np.ndarray or kind is np.float64:
            dtype = value.dtype
            if dtype is other.dtype and dtype in FLOATS:
                return bind(made(other), self)
        return through(ufunc, other, self)

    forward.__name__, reflected.__name__ = f"__{name}__", f"__r{name}__"
    return own_copy(forward), own_copy(reflected)


def _by_ufunc(name: str, ufunc: np.ufunc) -> tuple[Operator, Operator]:
    def forward(self: Array, other: Any) -> Any:
        return through(ufunc, self, other)

    def reflected(self: Array, other: Any) -> Any:
        return through(ufunc, other, self)

    forward.__name__, reflected.__name__ = f"__{name}__", f"__r{name}__"
    return forward, reflected


def _power(self: Array, other: Any) -> Any:
    """`x ** y`; the exponent 2 is a square."""
    if (type(other) is int or type(other) is float) and self.value.dtype.kind == "f":
        if other == 2:
            return arithmetic.square.bind1(self)
        return arithmetic.power.bind(self, exponent=other)
    if is_quiet(self) and type(other) in (int, float, complex, bool):
        return wrapped(
            self.value**other
        )  # not np.power: NumPy's operator has short cuts of its own
    return through(np.power, self, other)


def _negative(self: Array) -> Any:
    if self.value.dtype.kind == "f":
        return arithmetic.neg.bind1(self)
    return _array.ufunc_call(np.negative, "__call__", (self,), {})


def _matmul(self: Array, other: Any) -> Any:
    if type(other) is Array or type(other) is np.ndarray:
        y = beside(self, other)
        if y is not None:
            return matmul(self, y)
    return through(np.matmul, self, other)


def _rmatmul(self: Array, other: Any) -> Any:
    if type(other) is np.ndarray:
        x = beside(self, other)
        if x is not None:
            return matmul(x, self)
    return through(np.matmul, other, self)


def _unary(ufunc: np.ufunc) -> Operator:
    return lambda self: _array.ufunc_call(ufunc, "__call__", (self,), {})


# In place -----------------------------------------------------------------------------------------


def is_immutable(x: Array) -> bool:
    """Whether NumPy would have a scalar in the place of `x`, which no augmented assignment changes."""
    value = x.value
    return not value.shape and type(value) is not np.ndarray


def updated(ufunc: np.ufunc, out_of_place: Operator, x: Array, y: Any) -> Any:
    """`x op= y`: into the memory of `x`, with the history that follows from it.

    Raises:
        TypeError: The result has a dtype that cannot be stored in `x` without a loss.
        ShapeError: The result has another shape.
        InplaceError: `x` is a variable that is differentiated by, or a view of one.
    """
    if not is_operand(y):
        return NotImplemented
    if is_immutable(x):
        return out_of_place(x, y)
    if type(x.value) is np.ndarray and not modes.current() & modes.BOXED and not is_followed(x):
        base = None if x.view_of is None else x.view_of.base
        if (base is None or base.edge is None) and is_quiet(y):
            plain = y.value if isinstance(y, Tensor) else y
            x.overwriting(x.value)
            ufunc(x.value, plain, out=x.value)
            x.shared_version().bump()
            return x
    check_write(x)
    return write(x, lambda old: stored(out_of_place(old, y), x, ufunc.__name__))


def stored(out: Array, x: Array, name: str) -> Array:
    """`out`, if NumPy allows it to be written to `x`.

    Raises:
        TypeError: Not without a loss.
    """
    if not np.can_cast(out.value.dtype, x.value.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast ufunc {name!r} output from {out.value.dtype!r} to {x.value.dtype!r} "
            "with casting rule 'same_kind'"
        )
    return out


def _in_place(name: str, ufunc: np.ufunc, out_of_place: Operator) -> Operator:
    def operator(self: Array, other: Any) -> Any:
        return updated(ufunc, out_of_place, self, other)

    operator.__name__ = f"__i{name}__"
    return operator


# The table ----------------------------------------------------------------------------------------

_ARITHMETIC: dict[str, Any] = {
    "add": (np.add, arithmetic.add),
    "sub": (np.subtract, arithmetic.sub),
    "mul": (np.multiply, arithmetic.mul),
    "truediv": (np.true_divide, arithmetic.div),
}

_BY_UFUNC: dict[str, Any] = {
    "floordiv": np.floor_divide, "mod": np.remainder, "matmul": np.matmul, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
    "pow": np.power, "divmod": np.divmod,
}  # fmt: skip

_COMPARISONS: dict[str, Any] = {
    "lt": (np.less, compare.lt), "le": (np.less_equal, compare.le), "gt": (np.greater, compare.gt),
    "ge": (np.greater_equal, compare.ge), "eq": (np.equal, compare.eq), "ne": (np.not_equal, compare.ne),
}  # fmt: skip


_UNARY: dict[str, Any] = {"pos": np.positive, "abs": np.absolute, "invert": np.invert}


def _install() -> None:
    for name, (ufunc, primitive) in _ARITHMETIC.items():
        forward, reflected = _pair(name, ufunc, primitive)
        setattr(Array, f"__{name}__", forward)
        setattr(Array, f"__r{name}__", reflected)
        setattr(Array, f"__i{name}__", _in_place(name, ufunc, forward))
    for name, ufunc in _BY_UFUNC.items():
        forward, reflected = _by_ufunc(name, ufunc)
        if name == "pow":
            forward = _power
        elif name == "matmul":
            forward, reflected = _matmul, _rmatmul
        setattr(Array, f"__{name}__", forward)
        setattr(Array, f"__r{name}__", reflected)
        if name != "divmod":
            setattr(Array, f"__i{name}__", _in_place(name, ufunc, forward))
    for name, (ufunc, primitive) in _COMPARISONS.items():
        setattr(Array, f"__{name}__", _pair(name, ufunc, primitive)[0])
    Array.__neg__ = _negative  # type: ignore[assignment,method-assign]
    for name, ufunc in _UNARY.items():
        setattr(Array, f"__{name}__", _unary(ufunc))


_install()
