"""Making a function of the `torch` namespace a method of `Tensor` too, in place as well, and `out=`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..core import modes
from ..core.boxes import Box
from ..core.inplace import write
from ..core.tensor import Tensor as CoreTensor
from ..core.versions import Version
from ._tensor import Tensor, checked_result
from .random_dtypes import scalar_name

F = TypeVar("F", bound=Callable[..., Any])


def in_place(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The in-place method of an out-of-place function: `abs` -> `abs_`."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return write(self, lambda old: checked_result(self, function(old, *args, **kwargs)))

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"`{name[:-1]}` in place; returns the tensor."
    return method


def method(*names: str, inplace: bool = False, aliases: Sequence[str] = ()) -> Callable[[F], F]:
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


def install(methods: dict[str, Callable[..., Any]]) -> None:
    """Give `Tensor` methods by name."""
    for name, function in methods.items():
        setattr(Tensor, name, function)


_siblings: dict[tuple[Any, str], Any] = {}


def printed_as(t: Any, grad_name: str) -> Any:
    """Let the node of a fresh result print by a name that is not its primitive's, and return the result.

    PyTorch has a node of its own for some calls that are one primitive here, such as `RsubBackward1` for
    `1 - x`: our node then is of a class of that name, and the same otherwise.
    """
    own = type(t.edge)
    primitive = getattr(own, "primitive", None)
    if primitive is not None and primitive.outputs == 1:
        sibling = _siblings.get((primitive, grad_name))
        if sibling is None:
            names = ("__slots__", "primitive", "differentiable", "__module__")
            body = {k: own.__dict__[k] for k in names}
            sibling = _siblings[primitive, grad_name] = type(grad_name, own.__bases__, body)
        t.edge.__class__ = sibling
    return t


def store(out: Tensor | None, result: Tensor, name: str = "", *, exact: bool = False) -> Tensor:
    """Put a result into the `out=` tensor of a call, if there is one, and return what the call returns.

    Args:
        out: Where to; resized when its shape is another.
        result: What the call computed.
        name: The function's, for the messages.
        exact: Whether `out` must have the dtype of the result rather than one it can be cast to.

    Raises:
        TypeError: `out` is no tensor.
        RuntimeError: The result's dtype cannot be stored in `out`, or a derivative would get lost.
    """
    if out is None:
        return result
    if not isinstance(out, CoreTensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if not modes.current() & modes.NO_GRAD and (out.current_edge() or result.current_edge()):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of "
            "the arguments requires grad."
        )
    if exact and out.value.dtype != result.value.dtype:
        raise RuntimeError(
            f"Expected out tensor to have dtype {scalar_name(result.value.dtype, cpp=True)}, but got "
            f"{scalar_name(out.value.dtype, cpp=True)} instead"
        )
    checked_result(out, result)
    if tuple(out.value.shape) == tuple(result.value.shape):
        return write(out, lambda _: result)  # type: ignore[return-value]
    if isinstance(result.value, Box):
        raise RuntimeError(
            f"{name}(): out= has shape {list(out.value.shape)} and cannot be resized to "
            f"{list(result.value.shape)} inside a transformation"
        )
    return resized(
        out, tuple(result.value.shape), lambda a: np.copyto(a, result.value, casting="unsafe")
    )


def store_all(
    outs: Any, results: Sequence[Tensor], name: str, make: Callable[[Any], Any] = tuple
) -> Any:
    """Put several results into a tuple of `out=` tensors, if there is one, and return the named tuple.

    Raises:
        TypeError: `outs` is not a sequence of as many tensors.
        RuntimeError: As `store`; the dtypes must be equal.
    """
    if outs is None:
        return make(results)
    if not isinstance(outs, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'out' must be tuple of Tensors, not {type(outs).__name__}"
        )
    if len(outs) != len(results):
        raise TypeError(f"expected tuple of {len(results)} elements but got {len(outs)}")
    return make([store(o, r, name, exact=True) for o, r in zip(outs, results, strict=True)])


def resized(out: Tensor, shape: tuple[int, ...], fill: Callable[[Any], None]) -> Tensor:
    """Give an `out=` tensor a shape, with new memory if it had another, and fill it.

    Warns when elements are thrown away, as PyTorch does.
    """
    have = tuple(out.value.shape)
    if have != shape:
        if 0 not in have:
            warnings.warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(have)}, which does not match the required output shape {list(shape)}. This behavior is "
                "deprecated, and in a future PyTorch release outputs will not be resized unless they have zero "
                "elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero elements "
                "with t.resize_(0).",
                UserWarning,
                stacklevel=4,
            )
        out.value = np.empty(shape, out.value.dtype)
        out.view_of = None
    fill(out.buffer())
    if out.version is None:
        out.version = Version()
    out.version.bump()
    return out
