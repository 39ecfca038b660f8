"""What happens before an array is written to, whatever it is that writes."""

from __future__ import annotations

import numpy as np

from ..core import callsite, modes
from ..core.boxes import Box
from ..core.errors import InplaceError
from ..core.graph import AccumulateGrad
from ..core.tensor import Tensor
from ..transforms.surface import Entry
from .concrete import user_site


def check_write(x: Tensor) -> None:
    """Make sure that `x` may be written to.

    Raises:
        InplaceError: It is an argument of a function that is differentiated, or a view of one.
    """
    base = x if x.view_of is None else x.view_of.base
    edge = base.current_edge()
    # What a nested function is given is on the memory of the outer one's array, which would change unnoticed.
    given = type(edge) is AccumulateGrad or (type(edge) is Entry and type(base.value) is np.ndarray)
    if given and not modes.current() & modes.NO_GRAD:
        raise InplaceError(
            "an argument of a function that is being differentiated was written to: its derivative would be "
            "that of another value.\n"
            f"  at {callsite.describe(user_site())}\n"
            "  Work on a copy: x = x.copy()."
        )
    if isinstance(base.value, Box):
        # Boxes are replaced, not written to: a residual stays as it is.
        base.version = x.version = None
