"""Plain numbers out of arrays: where that is right, and the errors where it would lose a derivative."""

from __future__ import annotations

import os
from itertools import takewhile
from opcode import opname
from types import FrameType
from typing import Any

import numpy as np

from ..core import callsite
from ..core.boxes import Box
from ..core.errors import ConcreteError
from ..core.forward import Dual
from ..core.tensor import Outer, Tensor
from . import scipy_advice


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


_STORES = ("STORE_SUBSCR", "STORE_SLICE")  # the second since Python 3.12
_NOT_THE_USER = (callsite._PACKAGE, os.path.dirname(np.__file__) + os.sep)


def user_site() -> callsite.Site | None:
    """The line of the user's program: of the nearest frame outside dualtape, NumPy and SciPy."""
    return user_call()[0]


def user_call() -> tuple[callsite.Site | None, list[FrameType]]:
    """The line of the user's program, and the frames of NumPy and SciPy that it led to, outermost first."""
    frame: FrameType | None = callsite.getframe(1)
    entered: list[FrameType] = []
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_NOT_THE_USER) and f"{os.sep}scipy{os.sep}" not in name:
            return (frame.f_code, frame.f_lasti), entered
        if not name.startswith(callsite._PACKAGE):
            entered.insert(0, frame)
        frame = frame.f_back
    return None, entered


def library_call(entered: list[FrameType], advice: str) -> tuple[str, str] | None:
    """What a function of NumPy or SciPy that wants plain numbers is called, and what to do instead; None for no such."""
    if not entered:
        return None
    library = entered[0].f_globals.get("__name__", "").partition(".")[0]
    if library == "scipy":
        return scipy_advice.advice(entered)
    name, module = "", library
    for frame in entered:
        parts = frame.f_globals.get("__name__", "").split(".")
        # Decorators and dispatchers stand before the function that the program named.
        if parts[0] == library and not any(
            p[0] in "_<" for p in frame.f_code.co_qualname.split(".")
        ):
            name, module = (
                frame.f_code.co_qualname,
                ".".join(takewhile(lambda part: not part.startswith("_"), parts)),
            )
            break
    if entered[0].f_code.co_qualname.startswith("vectorize."):
        return "np.vectorize", "use dt.vmap, or write the function for arrays, with np.where"
    if module.startswith("numpy.polynomial"):
        short = module.replace("numpy", "np", 1)
        return f"{short}.{name}", "use np.polyval and its kin, whose coefficients fall in degree"
    if module == "numpy.linalg" and hasattr(np.linalg, name):
        return f"np.linalg.{name} of a list", f"{advice} first"
    if name == "full":
        return "np.full", "use dt.numpy.full"
    if hasattr(np, name):
        return f"np.{name} of a list, or into a plain array", f"{advice} first"
    return None


def better(text: str) -> str:
    """What can be written instead of a method in C, which names nothing but the line it is called on."""
    if ".dot(" in text:
        return "; A @ x or np.dot(A, x) rather than A.dot(x)"
    if "random" in text or "rng." in text:
        return "; draw standard numbers and move them: m + s * rng.normal(), not rng.normal(m, s)"
    return ""


def refused(x: Tensor, what: str, advice: str) -> ConcreteError:
    """The error for turning a value under differentiation into something that has no derivative.

    Args:
        x: The value.
        what: What was asked for, such as "float(x)".
        advice: What to write instead.
    """
    site, entered = user_call()
    line = callsite.describe(site)
    # Writing into a plain array looks the same from here: NumPy asks the value for its number.
    if site is not None and opname[site[0].co_code[site[1]]] in _STORES:
        what = "writing it into a plain NumPy array"
        advice = "make the array with dt.numpy.zeros (or empty, full, array): its elements can be assigned, differentiably"
    else:
        what, advice = library_call(entered, advice) or (what, advice + better(line))
    why = "is being differentiated, and its derivative would silently be lost"
    box: Any = x.value
    if isinstance(box, Box) and not is_concrete(x):
        while isinstance(box, (Dual, Outer, Tensor)):
            box = (
                box.value
                if isinstance(box, Tensor)
                else box.primal
                if isinstance(box, Dual)
                else box.content
            )
        why = f"is inside a {box.interpreter.name} and has no single value"
    return ConcreteError(
        f"{what}: the value {why}.\n"
        f"  at {line}\n"
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
