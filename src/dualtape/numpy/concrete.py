"""Plain numbers out of arrays: where that is right, and the errors where it would lose a derivative."""

from __future__ import annotations

import os
from opcode import opname
from types import FrameType
from typing import Any

import numpy as np

from ..core import callsite
from ..core.boxes import Box
from ..core.errors import ConcreteError
from ..core.forward import Dual
from ..core.tensor import Outer, Tensor


def concrete(x: Any, what: str = "") -> Any:
    """The numbers of a value or tensor: an ndarray or a NumPy scalar, whatever its derivatives.

    Right for everything that is piecewise constant: comparisons, branches, rounding to an integer, indices.

    Args:
        x: An array, a box, a tensor, or boxes and tensors inside one another.
        what: What the numbers are wanted for, for the message.

    Raises:
        ConcreteError: There are no numbers yet: the value stands for a whole batch, or is traced.
    """
    while True:
        if isinstance(x, Tensor):
            x = x.value
        elif isinstance(x, Outer):
            x = x.content
        elif isinstance(x, Dual) or hasattr(x, "primal"):
            x = x.primal
        elif isinstance(x, Box):
            raise no_numbers(x, what or "a plain number")
        else:
            return x


def is_concrete(x: Any) -> bool:
    """Whether `concrete` has an answer."""
    while True:
        if isinstance(x, Tensor):
            x = x.value
        elif isinstance(x, Outer):
            x = x.content
        elif isinstance(x, Dual) or hasattr(x, "primal"):
            x = x.primal
        else:
            return not isinstance(x, Box)


def is_followed(x: Tensor) -> bool:
    """Whether a derivative (or a batch, or a trace) depends on `x`, which plain numbers would lose."""
    return isinstance(x.value, Box) or x.current_edge() is not None


def no_numbers(box: Box, what: str) -> ConcreteError:
    """The error for asking a batched or traced value for its numbers."""
    return ConcreteError(
        f"{what} was asked of a value that is inside a {box.interpreter.name} and has no single value: "
        f"shape {tuple(box.shape)}, dtype {box.dtype}.\n"
        f"  at {callsite.describe(user_site())}\n"
        "  Choose between values with np.where(condition, a, b), and between computations with "
        "dt.cond(condition, f, g, *operands)."
    )


_NOT_THE_USER = (callsite._PACKAGE, os.path.dirname(np.__file__) + os.sep)


def user_site() -> callsite.Site | None:
    """The line of the user's program: of the nearest frame outside dualtape, NumPy and SciPy."""
    frame: FrameType | None = callsite.getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_NOT_THE_USER) and f"{os.sep}scipy{os.sep}" not in name:
            return frame.f_code, frame.f_lasti
        frame = frame.f_back
    return None


def refused(x: Tensor, what: str, advice: str) -> ConcreteError:
    """The error for turning a value under differentiation into something that has no derivative.

    Args:
        x: The value.
        what: What was asked for, such as "float(x)".
        advice: What to write instead.
    """
    site = user_site()
    # Writing into a plain array looks the same from here: NumPy asks the value for its number.
    if site is not None and opname[site[0].co_code[site[1]]] == "STORE_SUBSCR":
        what = "writing it into a plain NumPy array"
        advice = "make the array with dt.numpy.zeros (or empty, full, array): its elements can be assigned, differentiably"
    why = "is being differentiated"
    if isinstance(x.value, Box) and not is_concrete(x):
        why = "has no numbers yet"
    return ConcreteError(
        f"{what}: the value {why}, and its derivative would silently be lost.\n"
        f"  at {callsite.describe(site)}\n"
        f"  Instead, {advice}. For the number alone: dt.stop_gradient(x)."
    )


def taken(x: Tensor, what: str, advice: str) -> Any:
    """The numbers of `x`, on which no derivative depends.

    Raises:
        ConcreteError: One does.
    """
    if is_followed(x):
        raise refused(x, what, advice)
    return x.value


def shown(x: Tensor) -> Any:
    """The numbers of `x` for printing; None where there are none."""
    return concrete(x) if is_concrete(x) else None


def number_of(x: Any) -> Any:
    """A 0-d array as a scalar."""
    return x[()] if isinstance(x, np.ndarray) and not x.ndim else x
