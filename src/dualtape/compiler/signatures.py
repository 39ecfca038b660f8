"""What tells one kind of call from another: the signature of its arguments, also in words."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from .guards import SIMPLE, shown, told_apart
from .reach import is_library


def kind_of(x: Any) -> Any:
    """What a program is made for: shape and dtype of an array, the value of a number, the identity of the rest."""
    if isinstance(x, Tensor):
        return type(x), tuple(x.value.shape), x.value.dtype, x.current_edge() is not None
    if isinstance(x, (np.ndarray, np.generic)):
        return type(x), x.shape, x.dtype, False
    if isinstance(x, SIMPLE):
        return type(x), told_apart(x)
    return object, id(x)


def kind_text(kind: Any) -> str:
    """A kind in words."""
    if len(kind) == 4:
        cls, shape, dtype, grad = kind
        return f"a {cls.__name__} {dtype.name}{list(shape)}{' that requires a gradient' if grad else ''}"
    if kind[0] is object:
        return "another object"
    return str(kind[1]) if kind[0] in (float, complex) else shown(kind[1])


def sharing(leaves: Sequence[Any]) -> tuple[int, ...] | None:
    """Which leaves are one and the same array; None if all are different."""
    ids = [id(x) for x in leaves if isinstance(x, (Tensor, np.ndarray))]
    if len(set(ids)) == len(ids):
        return None
    return tuple([ids.index(i) for i in ids])


def described(leaves: Sequence[Any]) -> str:
    """The kinds of all arguments in words."""
    return ", ".join(kind_text(kind_of(x)) for x in leaves) or "no arguments"


def line_of(error: BaseException) -> str:
    """The user's line that an exception comes from."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not is_library(frame.filename):
            return f"\n  at {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}"
    return ""


def difference(old: Any, new: Any) -> str:
    """Which argument is different between two signatures, old and new."""
    if old[0] != new[0]:
        return f"the arguments' structure was {old[0]} and is {new[0]}"
    for i, (a, b) in enumerate(zip(old[1], new[1], strict=True)):
        if a != b:
            return f"argument {i} was {kind_text(a)} and is {kind_text(b)}"
    return "arguments that were one array are two, or the other way round"
