"""How a tensor prints: the engine's tensor handed to the formatter in `printing`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.batching import Batched
from ..core.boxes import Box
from ..core.forward import Dual
from ..core.graph import AccumulateGrad
from ..core.tensor import Tensor as CoreTensor
from . import dtypes
from .printing import tensor_str


def tensor_repr(t: CoreTensor) -> str:
    """Return a tensor's text as PyTorch gives it.

    Inside a transformation the values below it are shown: a dual number with its tangent, a batched
    value with the whole batch; a traced value has none, and shows shape and dtype.

    Args:
        t: The tensor, of any class.
    """
    return _text(t.value, _history(t))


def _history(t: CoreTensor) -> list[str]:
    edge = t.current_edge()
    if edge is None:
        return []
    if isinstance(edge, AccumulateGrad):
        return ["requires_grad=True"]
    return [f"grad_fn=<{edge.node.name()}>"]


def _text(value: Any, suffixes: list[str]) -> str:
    if isinstance(value, CoreTensor):
        return _text(value.value, [*_history(value), *suffixes])
    if isinstance(value, Dual):
        return _text(value.primal, [*suffixes, f"tangent={_text(value.tangent, [])}"])
    if isinstance(value, Batched):
        inside = _text(value.content, suffixes).replace("\n", "\n    ")
        return f"BatchedTensor(lvl={value.interpreter.level}, bdim={value.axis}, value=\n    {inside}\n)"
    if isinstance(value, Box):
        kind = dtypes.from_numpy_dtype(value.dtype)
        told = ", ".join([f"size={tuple(value.shape)}", f"dtype={kind!r}", *suffixes])
        return f"tensor(..., {told})  # inside a {value.interpreter.name}"
    return tensor_str(
        np.asarray(value),
        dtype=repr(dtypes.from_numpy_dtype(value.dtype)),
        default_dtype=repr(dtypes.get_default_dtype()),
        suffixes=suffixes,
    )
