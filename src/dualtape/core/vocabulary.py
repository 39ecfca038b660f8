"""The few operations that the engine itself needs on values that are not arrays.

On arrays the engine calls NumPy. On tensors and boxes it needs real operations, which live in
`dualtape.ops` above it; ops fills these names in when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Operation = Callable[..., Any]


class Vocabulary:
    """Operations by name; `dualtape.ops` sets them."""

    __slots__ = (
        "add",
        "broadcast_to",
        "cast",
        "conj",
        "move_axis",
        "real",
        "reshape",
        "stack",
        "sum_to_shape",
        "take_slice",
        "zeros_like",
    )

    add: Operation  # (x, y)
    broadcast_to: Operation  # (x, shape)
    cast: Operation  # (x, dtype)
    conj: Operation  # (x)
    move_axis: Operation  # (x, source, destination)
    real: Operation  # (x)
    reshape: Operation  # (x, shape)
    stack: Operation  # (list of values), along a new first axis
    sum_to_shape: Operation  # (x, shape)
    take_slice: Operation  # (x, axis, index)
    zeros_like: Operation  # (x)


vocabulary = Vocabulary()
