"""NumPy's own functions on tensors that have no numbers yet: in a compiled program they are called back, with arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.boxes import Box
from ..core.kinds import constant

_called = constant(
    "numpy_call", lambda *xs, call, out: np.asarray(call(*xs), out.dtype), inputs="xs*", pointwise=False,
    aval=lambda *xs, call, out: out, doc="What a function without derivative makes of arrays.",
)  # fmt: skip


def on_numbers(call: Callable[..., Any], shape: tuple[int, ...], dtype: Any, *values: Any) -> Any:
    """`call(*values)` on arrays, now or, in a function being compiled, when there are some.

    Args:
        call: Gives an array; it depends on nothing that changes but the values, and may raise.
        shape: Of the result.
        dtype: Of the result.
        values: Arrays, NumPy scalars, or what stands for them.
    """
    if not any([isinstance(v, Box) for v in values]):  # noqa: C419
        return call(*values)
    return _called(*values, call=call, out=Aval(tuple(shape), np.dtype(dtype)))
