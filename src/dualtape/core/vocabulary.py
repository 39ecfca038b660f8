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
        "concatenate",
        "conj",
        "move_axis",
        "noted",
        "put_view",
        "real",
        "rescue",
        "reshape",
        "stack",
        "sum_to_shape",
        "take_slice",
        "zeros_like",
    )

    add: Operation  # (x, y)
    broadcast_to: Operation  # (x, shape)
    cast: Operation  # (x, dtype)
    concatenate: Operation  # (list of values), along the first axis
    conj: Operation  # (x)
    move_axis: Operation  # (x, source, destination)
    put_view: Operation  # (x, chain of view operations, new value of what they view)
    real: Operation  # (x)
    noted: Operation  # (cotangent of the output, those of the operands): see `ops.rescue`
    rescue: Operation  # (cotangent of the output, one of an operand, params): see `ops.rescue`
    reshape: Operation  # (x, shape)
    stack: Operation  # (list of values), along a new first axis
    sum_to_shape: Operation  # (x, shape)
    take_slice: Operation  # (x, axis, index)
    zeros_like: Operation  # (x)


vocabulary = Vocabulary()
