"""Where the NaN and infinities of arrays are, what an array looks like in a message, and which elements meet which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..core.aval import is_inexact

Array = np.ndarray[Any, Any]

NAN, INF = "NaN", "inf"

_SHOWN = 6


class Masks(NamedTuple):
    """Where an array is NaN and where it is infinite; None for nowhere."""

    nan: Array | None
    inf: Array | None
    shape: tuple[int, ...]

    def of(self, kind: str) -> Array | None:
        """The mask of NaN or of infinities."""
        return self.nan if kind == NAN else self.inf


def masks_of(value: Any) -> Masks:
    """Find the NaN and infinities of a value; a box has none that can be seen."""
    shape = tuple(value.shape)
    if not isinstance(value, (np.ndarray, np.generic)) or not is_inexact(value.dtype):
        return Masks(None, None, shape)
    value = np.asarray(value)
    if bool(np.isfinite(value).all()):
        return Masks(None, None, shape)
    nan = np.isnan(value)
    inf = np.isinf(value) & ~nan
    return Masks(nan if nan.any() else None, inf if inf.any() else None, shape)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a value was.

    Attributes:
        dtype: Its NumPy dtype's name.
        shape: Its shape.
        low, high: Its smallest and largest finite element, None without any.
        nans, infs, zeros: How many elements are that.
        values: All elements in order, if they are few.
    """

    dtype: str
    shape: tuple[int, ...]
    low: Any
    high: Any
    nans: int
    infs: int
    zeros: int
    values: tuple[Any, ...] | None

    def __str__(self) -> str:
        head = f"{self.dtype}[{','.join(map(str, self.shape))}]"
        if self.values is not None:
            shown = ", ".join(f"{v:.6g}" for v in self.values)
            return f"{head} = {shown}" if not self.shape else f"{head} = ({shown})"
        parts = [] if self.low is None else [f"from {self.low:.6g} to {self.high:.6g}"]
        for number, name in ((self.nans, "NaN"), (self.infs, "inf"), (self.zeros, "zero")):
            if number:
                parts.append(f"{number} {name}")
        return f"{head}, " + ", ".join(parts)


def summary_of(value: Any) -> Summary | None:
    """Summarise a value; None for what is no array of numbers."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return None
    a = np.asarray(value)
    if a.dtype.kind not in "fciub":
        if not is_inexact(a.dtype):
            return None
        a = a.astype(np.float32)
    finite = a[np.isfinite(a)]
    real = finite.real if a.dtype.kind == "c" else finite
    return Summary(
        value.dtype.name,
        tuple(a.shape),
        real.min().item() if real.size else None,
        real.max().item() if real.size else None,
        int(np.isnan(a).sum()),
        int(np.isinf(a).sum()),
        int((a == 0).sum()),
        tuple(a.ravel().tolist()) if a.size <= _SHOWN else None,
    )


def fitted(mask: Array, shape: tuple[int, ...]) -> Array:
    """A mask of one operand or result of a pointwise operation, for another of another shape."""
    if mask.shape == shape:
        return mask
    rank = max(mask.ndim, len(shape))
    wide = mask.reshape((1,) * (rank - mask.ndim) + mask.shape)
    to = (1,) * (rank - len(shape)) + tuple(shape)
    try:
        both = np.broadcast_shapes(wide.shape, to)
    except ValueError:
        return np.ones(shape, bool)
    wide = np.broadcast_to(wide, both)
    axes = tuple(i for i, n in enumerate(to) if n == 1 and both[i] != 1)
    return np.asarray(wide.any(axis=axes, keepdims=True).reshape(shape))


def through(node: Any, mask: Array, number: int) -> Array:
    """The elements of a node's operand that lie behind those of its result (forwards: which made them)."""
    shape = tuple(node.inputs[number].shape) if node.inputs[number] is not None else None
    primitive = getattr(node, "primitive", None)
    if primitive is None or shape is None:
        return np.ones(shape or (), bool)
    if primitive.pointwise:
        return fitted(mask, shape)
    if is_plain(node):
        back = node.pullback(mask.astype(node.dtype), node.inputs, False)[0]
        return fitted(np.asarray(back) != 0, shape)
    return np.ones(shape, bool)


def across(node: Any, mask: Array) -> Array:
    """The elements of a node's result whose cotangents become those of its operand in `mask`."""
    primitive = getattr(node, "primitive", None)
    shape = tuple(node.shape)
    if primitive is None:
        return np.ones(shape, bool)
    if primitive.pointwise:
        return fitted(mask, shape)
    if is_plain(node):
        edge = node.inputs[0]
        image = primitive.eval(mask.astype(edge.dtype), **(node.params or {}))
        return np.asarray(np.asarray(image) != 0).reshape(shape)
    return np.ones(shape, bool)


def is_plain(node: Any) -> bool:
    """Whether a node is of a linear primitive of one operand, through which elements can be followed."""
    p = node.primitive
    return bool(
        p.kind == "linear"
        and not p.variadic
        and len(node.inputs) == 1
        and p.outputs == 1
        and node.inputs[0] is not None
        and tuple(node.inputs[0].shape) is not None
    )
