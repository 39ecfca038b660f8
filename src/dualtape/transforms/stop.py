"""`stop_gradient`: a value as a constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.departures import STOPPED, left
from ..core.tensor import Tensor
from ..core.value import Value
from ..ops.stopping import stopped
from . import tree


def stop_gradient(x: Any) -> Any:
    """Return `x` as a value that no derivative passes through, in reverse, forward or Taylor mode.

    Args:
        x: An array, tensor or number, or a tree of them; other leaves are returned as they are.

    Returns:
        A copy. It goes on being batched under vmap. Derivatives of every level stop, those of enclosing
        transformations included.

    >>> import numpy as np, dualtape as dt
    >>> float(dt.grad(lambda x: x * dt.stop_gradient(x))(3.0))
    3.0
    """
    return tree.map(_stopped, x)


def _stopped(x: Any) -> Any:
    if isinstance(x, Tensor):
        out = stopped(x)
        if x.current_edge() is not None:  # `why_none` may be asked about it
            left(STOPPED, x, out)
        return out
    if type(x) is np.ndarray:
        return stopped(x)
    return stopped(x) if isinstance(x, Value) else x
