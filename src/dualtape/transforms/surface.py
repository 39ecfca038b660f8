"""What a transformed function is given and what its caller gets back.

Arrays and numbers go in as tensors of the native front end and come out as arrays and numbers; a
front end's own tensors stay its own. So one `grad` serves NumPy code, PyTorch's and TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import modes
from ..core.aval import is_inexact
from ..core.boxes import Box, open_trace
from ..core.errors import ConcreteError, DtypeError
from ..core.graph import AccumulateGrad, Identity, new_node
from ..core.large import LARGE, met, waiting
from ..core.recording import kept
from ..core.tensor import Tensor, boxed, unboxed, wrap

_native: type[Tensor] = Tensor


def set_native(cls: type[Tensor]) -> None:
    """Set the class of the tensors that stand for arrays; the native front end calls this."""
    global _native
    _native = cls


def native() -> type[Tensor]:
    """The class of the tensors that stand for arrays."""
    return _native


def is_array(x: Any) -> bool:
    """Whether `x` is something that a transformation can follow: a tensor, an array or a number."""
    return isinstance(x, (Tensor, np.ndarray, np.generic, float, complex, int))


def check_ordinary(x: np.ndarray[Any, Any]) -> None:
    """Refuse the subclasses of arrays that compute by other rules, which the derivative would not follow.

    Raises:
        TypeError: A masked array or a `numpy.matrix`.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            "masked arrays are not followed: their mask would be ignored. Choose with np.where(mask, 0.0, values), or take "
            "the sum of values[~mask]"
        )
    if isinstance(x, np.matrix):
        raise TypeError(
            "numpy.matrix is not followed: its * is a product of matrices. Use np.asarray(m) and @"
        )


def lift(x: Any) -> Tensor:
    """Return `x` as a tensor: itself, or a native one for an array or a number.

    Raises:
        TypeError: It is none of these; or a masked array or a `numpy.matrix`.
    """
    if type(x) is np.ndarray:
        if waiting and x.size >= LARGE:
            met()
        return wrap(_native, x)
    if isinstance(x, Tensor):
        return x
    if isinstance(x, Box):
        return wrap(_native, x)
    if not isinstance(x, (np.ndarray, np.generic, float, complex, int)):
        raise TypeError(
            f"expected arrays, numbers or tensors (nested in tuples, lists, dicts or dataclasses), got "
            f"{type(x).__name__}: {x!r:.60}"
        )
    if isinstance(x, np.ndarray):
        check_ordinary(x)
        return lift(x.view(np.ndarray))
    return wrap(_native, x if isinstance(x, np.generic) else np.asarray(x)[()])


def lower(x: Any) -> Any:
    """Return a result as the caller knows it: a native tensor without history as its array.

    Arrays come out in row-major order: what calls for a derivative is often compiled code.
    """
    if isinstance(x, Tensor) and type(x) is _native and x.current_edge() is None:
        value = x.value
        if isinstance(value, np.ndarray):
            return value if value.flags.c_contiguous else value.copy()
        if isinstance(value, np.generic):
            return value
    return x


def called(f: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a user's function.

    Raises:
        ConcreteError: A value was written into a plain array (among what else the function raises). NumPy puts an
            error of its own in front, which says nothing of it.
    """
    try:
        return f(*args, **kwargs)
    except ValueError as error:
        cause = error.__cause__
        if isinstance(cause, ConcreteError):  # with NumPy's traceback, which has the user's line
            raise cause.with_traceback(error.__traceback__) from None
        raise


def output(x: Any, what: str) -> Tensor:
    """Return what a transformed function returned as a tensor.

    Raises:
        TypeError: It is not one; `what` names the transformation.
    """
    if not is_array(x):
        raise TypeError(
            f"{what}: the function must return arrays, numbers or tensors, but it returned "
            f"{type(x).__name__}: {x!r:.60}"
        )
    return lift(x)


def inner(t: Tensor) -> Any:
    """What goes into a transformation's box for a tensor: itself if it has history, else its value."""
    return t if t.current_edge() is not None else t.value


def outward(value: Any, cls: type[Tensor]) -> Tensor:
    """A value that leaves a transformation as a tensor of class `cls`, joined to its outer history."""
    value = unboxed(value)
    if isinstance(value, Tensor):
        return value if type(value) is cls else wrap(cls, value.value, value.edge)
    return wrap(cls, value)


def check_differentiable(t: Tensor, what: str) -> None:
    """Raise for a dtype that has no derivatives.

    Raises:
        DtypeError: `t` is of integers or booleans; `what` says of which argument.
    """
    dtype = t.value.dtype
    if not is_inexact(dtype):
        hint = "pass 3.0 instead of 3" if not t.shape else "use x.astype(float)"
        raise DtypeError(
            f"{what} has dtype {dtype}, which has no derivatives: make it floating point ({hint}), or leave it "
            "out of argnums"
        )


class Entry(Identity):
    """Where a tensor with a history enters a function that is differentiated: a variable of its own."""

    __slots__ = ()


def variable(t: Tensor) -> Tensor:
    """Return a new variable with the value of `t`, joined to its history.

    It is a different variable from `t` itself, so that a function closing over `t` is not mistaken
    for one of its argument.
    """
    depth = modes.depth()
    cls = type(t).variable_class or type(t).result_class
    trace = open_trace.get()
    if trace is not None:
        trace.meet((t,))  # which would take the new variable for one from outside of it
    edge = t.current_edge()
    if edge is None or edge.level < depth:
        value = t.value if edge is None else boxed(kept(t))
        x = wrap(cls, value)
        x.edge = x.leaf = AccumulateGrad(x)
        return x
    return joined(t.value, t)


def joined(value: Any, t: Tensor) -> Tensor:
    """Return a tensor of `value` whose gradients go on to `t`, as if it were a copy; a plain one without history.

    Its history is that of the innermost transformation: recorded above the boxes of `value`.
    """
    edge = t.current_edge()
    x = wrap(type(t).result_class, value)
    if edge is None:
        return x
    node = x.edge = new_node(Entry, (edge,), tuple(t.shape), t.value.dtype, None)
    node.level = max(edge.level, modes.depth())
    return x
