"""Making a cotangent fit the edge it travels along, and blaming whoever does not fit.

Broadcasting in the forward pass is a sum in the backward pass; a real input of a complex operation
takes the real part. Both are undone here and nowhere else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import callsite
from .aval import Aval
from .errors import DtypeError, DualtapeError, RuleError, ShapeError, TransformError
from .summation import add_reduce, add_up
from .value import Value
from .vocabulary import vocabulary


def sum_to_shape(x: np.ndarray[Any, Any], shape: tuple[int, ...]) -> Any:
    """Sum an array over the axes along which `shape` was broadcast to its shape; None if it was not."""
    if x.dtype.itemsize == 2:  # half precision is added up in single
        summed = sum_to_shape(x.astype(np.float32), shape)
        return None if summed is None else summed.astype(x.dtype)
    if not shape:
        return add_up(x, None, False)
    have = x.shape
    lead = len(have) - len(shape)
    if lead < 0:
        return None
    axes = [*range(lead)]
    for i, n in enumerate(shape, lead):
        if n != have[i]:
            if n != 1:
                return None
            axes.append(i)
    return add_up(x, tuple(axes), True).reshape(shape)


# The one sum that undoes a broadcasting, by (shape, original shape): its axes and keepdims; None for no such.
_sums: dict[Any, tuple[Any, bool] | None] = {}


def summed(g: Any, target: Any, blame: Any, number: int) -> Any:
    """`conform` for a cotangent of the right dtype and another shape: the hot path's short cut."""
    if type(g) is np.ndarray and g.size <= _SMALL and g.itemsize > 2:
        key = g.shape, target.shape
        try:
            how = _sums[key]
        except KeyError:
            if len(_sums) >= 1024:
                _sums.clear()
            how = _sums[key] = _one_sum(*key)
        if how is not None:
            return add_reduce(g, how[0], None, None, how[1])
    return conform(g, target, blame, number)


_SMALL = 1 << 12


def _one_sum(shape: tuple[int, ...], to: tuple[int, ...]) -> tuple[Any, bool] | None:
    """The axes and the `keepdims` of the sum that undoes a broadcasting; None where there is none."""
    lead = len(shape) - len(to)
    if lead < 0 or not can_sum_to(shape, to):
        return None
    kept = tuple([i for i, n in enumerate(to, lead) if n != shape[i]])
    if not lead:
        return kept, True
    return None if kept else (tuple(range(lead)), False)


def can_sum_to(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether `to` broadcasts to `shape`."""
    lead = len(shape) - len(to)
    return lead >= 0 and all(n in (1, m) for n, m in zip(to, shape[lead:], strict=True))


def conform(g: Any, target: Any, blame: Any, number: int) -> Any:
    """Return the cotangent `g` with the shape and dtype of `target`.

    Args:
        g: A value or tensor.
        target: Anything with shape and dtype: an edge or an abstract value.
        blame: The node whose rule made `g`, for the message.
        number: Which operand's cotangent it is.

    Raises:
        RuleError: The rule returned something that cannot be the cotangent of this operand.
    """
    shape, dtype = target.shape, target.dtype
    if not isinstance(g, Value):
        if not isinstance(g, (np.ndarray, np.generic)):
            g = np.asarray(g, dtype)
        if g.shape != shape:
            summed = sum_to_shape(np.asarray(g), shape)
            if summed is not None:
                g = summed
            elif can_sum_to(shape, g.shape):
                # A rule may return fewer elements than its input has, to be broadcast (a constant).
                g = np.broadcast_to(g, shape)
            else:
                raise broken(g, target, blame, number)
        if g.dtype != dtype:
            if g.dtype.kind == "c" and dtype.kind != "c":
                g = g.real
            g = g.astype(dtype, copy=False)
        return g
    if g.shape != shape:
        if can_sum_to(tuple(g.shape), tuple(shape)):
            g = vocabulary.sum_to_shape(g, shape)
        elif can_sum_to(tuple(shape), tuple(g.shape)):
            g = vocabulary.broadcast_to(g, shape)
        else:
            raise broken(g, target, blame, number)
    have = g.value.dtype if hasattr(g, "value") else g.dtype
    if have != dtype:
        if have.kind == "c" and dtype.kind != "c":
            g = vocabulary.real(g)
        g = vocabulary.cast(g, dtype)
    return g


def broken(g: Any, target: Any, blame: Any, number: int) -> RuleError:
    """The error for a rule whose result cannot be a cotangent of its operand."""
    got = Aval(tuple(g.shape), getattr(g, "value", g).dtype)
    want = Aval(tuple(target.shape), target.dtype)
    primitive = getattr(blame, "primitive", None)
    name = blame.name() if primitive is None else primitive.name
    return RuleError(
        f"Function {name} returned an invalid gradient at index {number} - got {list(got.shape)} but "
        f"expected shape compatible with {list(want.shape)}\n"
        f"  the vjp of {name!r} returned {got} for operand {number}, expected {want}"
    )


def unfit(
    primitive: Any, values: tuple[Any, ...] | list[Any], params: dict[str, Any], error: Exception
) -> Exception:
    """Turn what NumPy raised inside a primitive into an error that names operation and operands."""
    if isinstance(error, (DualtapeError, NotImplementedError, IndexError, MemoryError)):
        return error
    text = str(error)
    avals = [Aval(tuple(v.shape), v.dtype) for v in values if hasattr(v, "dtype")]
    if any(isinstance(v, Value) for v in values):
        return TransformError(
            f"{primitive.name}: a value of a transformation was used after it ended, or outside it: "
            "return it from the transformed function instead of storing it"
        )
    if "could not be broadcast" in text and len(avals) >= 2:
        return mismatched(primitive.name, [a.shape for a in avals])
    operands = ", ".join(map(str, avals))
    if isinstance(error, TypeError):
        return DtypeError(f"{primitive.name}: {text}\n  operands: {operands}")
    if isinstance(error, (ValueError, np.linalg.LinAlgError)):
        return ShapeError(f"{primitive.name}: {text}\n  operands: {operands}")
    error.add_note(f"in {primitive.name} of {operands}, at {callsite.describe(callsite.caller(3))}")
    return error


def mismatched(name: str, shapes: list[tuple[int, ...]]) -> ShapeError:
    """The error for the first of several shapes that does not broadcast with those before it."""
    common = shapes[0]
    for shape in shapes[1:]:
        try:
            common = np.broadcast_shapes(common, shape)
        except ValueError:
            return mismatch(name, common, shape)
    return mismatch(name, shapes[0], shapes[1])


def mismatch(name: str, a: tuple[int, ...], b: tuple[int, ...]) -> ShapeError:
    """The error for two shapes that do not broadcast, in PyTorch's searched-for words."""
    rank = max(len(a), len(b))
    for i in range(rank - 1, -1, -1):
        m = a[i - rank + len(a)] if i - rank + len(a) >= 0 else 1
        n = b[i - rank + len(b)] if i - rank + len(b) >= 0 else 1
        if m != n and m != 1 and n != 1:
            return ShapeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton "
                f"dimension {i}\n  {name} of shapes {list(a)} and {list(b)}"
            )
    return ShapeError(f"{name}: shapes {list(a)} and {list(b)} do not fit")
