"""The number that a value stands for, without any derivative that it carries inside."""

from __future__ import annotations

from typing import Any

from .batching import Batched, Batching
from .boxes import Box
from .forward import Dual
from .tensor import Outer, Tensor


def stopped(value: Any) -> Any:
    """A tensor's value with neither tangents nor history at any level; batches stay batches.

    A trace's values stay what they are: they have numbers later, and what derives from them is for
    the trace to say (which may know how to `stop`).
    """
    while isinstance(value, (Box, Tensor)):
        if isinstance(value, Tensor):
            value = value.value
        elif isinstance(value, Dual):
            value = value.primal
        elif isinstance(value, Outer):
            value = value.content
        elif isinstance(value, Batched):
            content, level = stopped(value.content), value.interpreter
            assert isinstance(level, Batching)
            return value if content is value.content else Batched(level, content, value.axis)
        else:
            stop = getattr(value.interpreter, "stop", None)
            return value if stop is None else stop(value)
    return value
