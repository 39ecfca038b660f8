"""How NumPy's functions other than ufuncs are answered: a table from function to implementation.

An implementation has the signature of the function that it stands for. Where no argument is being
differentiated, batched or traced, NumPy computes on the numbers, unless the result is a view or the
function writes: then the array's memory is shared, and its history must know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ._array import Array
from .concrete import is_concrete
from .operands import is_quiet, plainly, stripped, wrapped
from .staged import staged_call
from .ufuncs import into_plain_refused, store, uncovered

TABLE: dict[Callable[..., Any], Callable[..., Any]] = {}
"""NumPy function -> its implementation in operations."""

SHARING: set[Callable[..., Any]] = set()
"""Those of the table whose results are views of their argument, or that write to it."""

CONSTANT: dict[Callable[..., Any], str] = {}
"""NumPy function -> why it has no derivative: NumPy computes on the numbers."""

INT_OUTPUT = "the result is made of whole numbers or truth values"
SHAPE = "the result depends on shape and dtype alone"
TEXT = "the result is text, or a file"


def implements(*names: str, sharing: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Decorate the implementation of NumPy's functions of these names ("linalg.inv", "fft.fft", "sum")."""

    def note(f: Callable[..., Any]) -> Callable[..., Any]:
        register(f, *names, sharing=sharing)
        return f

    return note


def register(f: Callable[..., Any], *names: str, sharing: bool = False) -> None:
    """Enter an implementation; names that this NumPy has not are left out."""
    for name in names:
        func = lookup(name)
        if func is not None:
            TABLE[func] = f
            if sharing:
                SHARING.add(func)


def without_derivative(reason: str, names: str) -> None:
    """Enter functions that NumPy computes on the numbers."""
    for name in names.split():
        func = lookup(name)
        if func is not None:
            CONSTANT[func] = reason


def lookup(name: str) -> Any:
    """The function of NumPy with a dotted name; None if there is none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def call(func: Any, args: Any, kwargs: Any) -> Any:
    """Answer `__array_function__`.

    Raises:
        MissingRuleError: There is no derivative here, and one is asked for.
        ConcreteError: The result would go into a plain array and lose its derivative.
    """
    f = TABLE.get(func)
    x = args[0] if args else None
    if (type(x) is not Array or x.edge is None) and (f is None or func not in SHARING):
        for a in args:
            if not is_quiet(a):
                break
        else:
            for a in kwargs.values():
                if not is_quiet(a):
                    break
            else:
                return plainly(func, args, kwargs)
    if f is None:
        if func in CONSTANT:
            return constant_call(func, args, kwargs)
        raise uncovered(f"{func.__module__}.{func.__name__}")
    if kwargs:
        kwargs = {k: v for k, v in kwargs.items() if v is not np._NoValue}
        out = kwargs.get("out")
        if out is not None:
            del kwargs["out"]
            return into(out[0] if isinstance(out, tuple) else out, func, f(*args, **kwargs))
    return f(*args, **kwargs)


def into(out: Any, func: Any, result: Any) -> Any:
    """Write a result into the array given as `out=`."""
    if not isinstance(out, Array):
        raise into_plain_refused(result)
    return store(out, result, func.__name__)


def constant_call(func: Any, args: Any, kwargs: Any) -> Any:
    """A function without a derivative, on numbers; where there are none yet, as operations."""
    if CONSTANT[func] is SHAPE:
        return wrapped(
            func(*[outline(a) for a in args], **{k: outline(v) for k, v in kwargs.items()})
        )
    for a in (*args, *kwargs.values()):
        if not has_numbers(a):
            return staged_call(func, args, kwargs)
    return wrapped(
        func(*[stripped(a) for a in args], **{k: stripped(v) for k, v in kwargs.items()})
    )


def has_numbers(x: Any) -> bool:
    """Whether an argument is no array that has none, and contains none."""
    if isinstance(x, (list, tuple)):
        return all(map(has_numbers, x))
    return not isinstance(x, Tensor) or is_concrete(x)


def outline(x: Any) -> Any:
    """An argument of which only shape and dtype count: an array becomes one without numbers."""
    if isinstance(x, Tensor):
        return np.broadcast_to(np.zeros((), x.value.dtype), tuple(x.value.shape))
    return x


__all__ = [
    "CONSTANT", "INT_OUTPUT", "SHAPE", "SHARING", "TABLE", "TEXT", "call", "implements", "register", "without_derivative",
]  # fmt: skip
