"""Functions in the place of SciPy's: SciPy's own for plain numbers, ours for what is followed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

from ..core.tensor import Tensor
from ..numpy import tables as tables  # what NumPy's functions do with an `Array`
from ..numpy.operands import as_array, inexact, is_quiet, plainly

_OF_NO_INTEREST = frozenset({"check_finite", "overwrite_a", "overwrite_b", "overwrite_ab"})


def floating(x: Any) -> Any:
    """Anything that is taken for an array, as one of floating point."""
    return inexact(as_array(x))


def follows(module: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function that does what SciPy's of the same name, in a module of SciPy, does.

    It is called where an argument is being differentiated, batched or traced.
    """

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(f)
        def function(*args: Any, **kwargs: Any) -> Any:
            everything = (*args, *kwargs.values())
            if all([is_quiet(x) for x in everything]):  # noqa: C419 - faster for few
                original = getattr(import_module(module), f.__name__)
                if any(isinstance(x, Tensor) for x in everything):
                    return plainly(original, args, kwargs)
                return original(*args, **kwargs)
            return f(*args, **{k: v for k, v in kwargs.items() if k not in _OF_NO_INTEREST})

        return function

    return decorate


def rest_of(module: str, ours: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module here: what it does not have is SciPy's own."""

    def getattr_(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module {ours!r} has no attribute {name!r}")
        return getattr(import_module(module), name)

    return getattr_
