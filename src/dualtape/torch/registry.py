"""Making a function of the `torch` namespace a method of `Tensor` too, in place as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..core.inplace import write
from ._tensor import Tensor, checked_result

F = TypeVar("F", bound=Callable[..., Any])


def in_place(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The in-place method of an out-of-place function: `abs` -> `abs_`."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return write(self, lambda old: checked_result(self, function(old, *args, **kwargs)))

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"`{name[:-1]}` in place; returns the tensor."
    return method


def method(
    *names: str, inplace: bool = False, aliases: Sequence[str] = ()
) -> Callable[[F], F]:
    """Decorate a function `f(input, ...)`: also `Tensor.f`, and with `inplace` `Tensor.f_`.

    Args:
        names: Method names; the function's own by default.
        inplace: Whether `name_` exists.
        aliases: Further names of the method (and its in-place form).
    """

    def register(function: F) -> F:
        for name in (*(names or (function.__name__,)), *aliases):
            setattr(Tensor, name, function)
            if inplace:
                setattr(Tensor, name + "_", in_place(function, name + "_"))
        return function

    return register


def store(out: Tensor | None, result: Tensor) -> Tensor:
    """Put a result into the `out=` tensor of a call, if there is one, and return what the call returns.

    Raises:
        RuntimeError: The result's dtype cannot be stored in `out`, or a derivative would get lost.
    """
    if out is None:
        return result
    if out.requires_grad or result.requires_grad:
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    checked_result(out, result)
    if tuple(out.value.shape) != tuple(result.value.shape):
        out.value = np.array(result.value, out.value.dtype)  # PyTorch resizes `out`
        return out
    return write(out, lambda _: result)  # type: ignore[return-value]
