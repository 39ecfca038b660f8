"""What drawing at random means to a derivative: the result does not depend on the parameters.

The draws themselves are the front ends' affair, since their streams differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.kinds import elementwise
from .arithmetic import zeros_like

# PyTorch's draws (normal, bernoulli, Tensor.uniform_...) of something that requires a gradient do so too,
# and the gradient is zero rather than missing.
drawn = elementwise(
    "drawn", lambda x, draw: np.array(np.broadcast_to(draw, np.broadcast_shapes(x.shape, draw.shape))),
    lambda d: zeros_like(d), lambda d: d, inputs="x draw",
    doc="`draw`, which was drawn in the place of x or with the parameter x: the derivative by x is zero.",
)  # fmt: skip


def drawn_from(draw: Any, *parameters: Any) -> Any:
    """A draw, recorded as one with the given parameters, which get zeros for gradients."""
    for x in parameters:
        draw = drawn(x, draw)
    return draw
