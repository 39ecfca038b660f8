"""Plain numbers for values inside transformations: those of the first example, or of the call that is being traced.

A custom rule is held against its function on numbers, also where its first call is under `vmap` or `jit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.batching import Batched
from ..core.forward import Dual
from ..core.tensor import Outer, Tensor
from ..core.tracing import Traced, capture

Array = np.ndarray[Any, Any]


def example(values: Sequence[Any]) -> list[Array] | None:
    """Arrays as the values would be outside of all transformations.

    Args:
        values: Tensors or what they hold: of a batch, the first example is taken; of a traced value, what it is for the
            arguments of this call.

    Returns:
        One array per value; None if some have no numbers: a batch without examples, the body of a loop being traced.
    """
    inside: dict[int, Any] = {}
    trace = capture.get()
    for v in values:
        v = _beneath(v)
        if isinstance(v, Traced):
            if trace is None or v.interpreter is not trace:
                return None
            inside[v.number] = None
    if inside:
        found = trace.numbers_now(list(inside))
        if found is None:
            return None
        inside = dict(zip(inside, found, strict=True))
    arrays = [_first(v, inside) for v in values]
    return None if any(a is None for a in arrays) else arrays


def _beneath(v: Any) -> Any:
    """What is at the bottom of a value: an array, or a traced value."""
    while not isinstance(v, Traced):
        if isinstance(v, Tensor):
            v = v.value
        elif isinstance(v, (Batched, Outer)):
            v = v.content
        elif isinstance(v, Dual):
            v = v.primal
        else:
            break
    return v


def _first(v: Any, inside: dict[int, Any]) -> Any:
    """The numbers of the first example; None if there is none."""
    if isinstance(v, Tensor):
        return _first(v.value, inside)
    if isinstance(v, Outer):
        return _first(v.content, inside)
    if isinstance(v, Dual):
        return _first(v.primal, inside)
    if isinstance(v, Traced):
        return inside[v.number]
    if isinstance(v, Batched):
        content = _first(v.content, inside)
        if content is None or not content.shape[v.axis]:
            return None
        return np.take(content, 0, v.axis)
    return v
