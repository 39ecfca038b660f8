"""Primitives that only expansions use: indices along an axis, and values placed by an index."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.aval import Aval
from ...core.kinds import constant

INT32, INT64 = np.dtype(np.int32), np.dtype(np.int64)


def _index_eval(x: Any, *, axis: int, dtype: np.dtype[Any] = INT64) -> Any:
    n = x.shape[axis]
    return np.broadcast_to(np.arange(n, dtype=dtype).reshape(n, *[1] * (-axis - 1)), x.shape)


index_along = constant(
    "index_along", _index_eval, aval=lambda x, *, axis, dtype=INT64: Aval(x.shape, dtype),
    doc="The index along an axis (negative) of every element of x, whose numbers are not looked at.",
)  # fmt: skip

one_of = constant(
    "one_of",
    lambda place, index, x: np.where(np.equal(index, place), x, x.dtype.type(0)),
    inputs="place index x", pointwise=True,
    aval=lambda place, index, x: Aval(
        np.broadcast_shapes(place.shape, index.shape, x.shape), x.dtype
    ),
    doc="x where the index is the place, else 0.",
)  # fmt: skip
