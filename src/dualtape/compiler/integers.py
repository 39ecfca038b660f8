"""Small arrays of integers whose elements a trace knows: shapes as data (`tf.shape`), and what is computed from them.

They are numbers of the program like any others, but a shape, an axis or a count may be made of them while tracing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.lengths import LengthFloat
from ..core.primitive import Primitive
from ..core.tracing import Traced

MOST = 32
"""Elements of an array that is known."""

_COMPUTED: dict[str, Any] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "neg": np.negative, "floor_divide": np.floor_divide,
    "remainder": np.remainder, "prod_all": np.prod, "sum_all": np.sum,
}  # fmt: skip
_MOVED = {
    "slice", "select", "stack", "concatenate", "reshape", "unsqueeze", "squeeze", "broadcast_to", "prod", "sum", "index", "flip",
}  # fmt: skip
_SAME = {"cast", "cast_constant", "clone", "identity"}


def known(values: dict[int, Any], x: Any) -> Any:
    """The elements of an operand as an array of objects; None if they are not known."""
    if isinstance(x, Traced):
        return values.get(x.number)
    if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "iu" and x.size <= MOST:
        return np.asarray(x).astype(object)
    return None


def result(
    values: dict[int, Any], primitive: Primitive, operands: tuple[Any, ...], params: dict[str, Any], out: Any
) -> Any:  # fmt: skip
    """The elements of a primitive's result; None if they are not known.

    Args:
        values: Those known, by number.
        primitive: Called.
        operands: Of the call.
        params: Of the call.
        out: What stands for the result.
    """
    if primitive.outputs != 1 or out.aval.dtype.kind not in "iu":
        return None
    name = primitive.name
    if name not in _COMPUTED and name not in _MOVED and name not in _SAME:
        return None
    given = [known(values, x) for x in operands]
    if name == "index" and len(given) > 1:  # positions are data, and plain integers
        given[1:] = [
            None if g is None or any(type(i) is not int for i in g.flat) else g.astype(np.int64)
            for g in given[1:]
        ]
    if any(g is None for g in given):
        return None
    if name in _SAME:
        made = given[0]
    elif name in _COMPUTED:
        made = _COMPUTED[name](*given)
    else:
        made = primitive.eval(*given, **params)
    if type(made) is not np.ndarray:
        wrapped = np.empty((), object)
        wrapped[()] = made
        made = wrapped
    fits = made.size <= MOST and made.shape == tuple(out.aval.shape)
    return (
        made
        if fits and not any(isinstance(i, float) or type(i) is LengthFloat for i in made.flat)
        else None
    )
