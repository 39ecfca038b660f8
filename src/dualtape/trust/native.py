"""Why a derivative is missing in NumPy-style code: asked inside a function that is being differentiated."""

from __future__ import annotations

from types import FrameType
from typing import Any

from ..core.graph import LEAF
from ..core.tensor import Tensor
from . import answers
from .case import Case
from .paths import way
from .verdict import Cause, Verdict


def why_none(y: Any, x: Tensor, frame: FrameType, names: tuple[str, str]) -> Verdict:
    """Say why `y` has no derivative with respect to `x`, two arrays of the native front end.

    Args:
        y: A result.
        x: What it should depend on.
        frame: The user's frame, which is in the call.
        names: The parameters' names in that call.
    """
    edge = x.current_edge()
    y_edge = y.current_edge() if isinstance(y, Tensor) else None
    case = Case(y, x, frame, names, None if edge is None else edge.node, native=True)
    name = case.x_name or "x"
    if edge is None:
        return answers.whole_numbers(case, x, case.x_name, x.value.dtype) or _constant(case)
    found_way = way(y_edge, edge.node)
    if found_way.there:
        return answers.has_gradient(f"the recording has a way from {case.y_name or 'y'} to {name}")
    verdict = answers.blocked(found_way) or answers.computed_after(case, y_edge, edge)
    verdict = verdict or case.lost()
    if verdict is None and isinstance(y, Tensor):
        verdict = answers.whole_numbers(case, y, case.y_name, y.value.dtype)
    return verdict or answers.no_path(case, y_edge, _label(case))


def constant(y: Any, x: Any, frame: FrameType, names: tuple[str, str]) -> Verdict:
    """The verdict for an `x` that is a plain number or ndarray: nobody differentiates with respect to it."""
    return _constant(Case(y, x, frame, names, native=True))


def _constant(case: Case) -> Verdict:
    name = case.x_name or "x"
    return Verdict(
        Cause.NOT_REQUIRED,
        case.defined(case.x_name),
        f"{name} is not being differentiated: it is a constant here",
        f"Make {name} an argument of the function, and list it in argnums of dualtape.grad.",
    )


def plain(y: Any, case: Case) -> Verdict:
    """The verdict for a `y` that is no tensor but an ndarray or a number: it left, somewhere."""
    number = isinstance(y, (int, float, complex))
    return case.lost() or Verdict(
        Cause.PYTHON_NUMBER if number else Cause.NUMPY,
        case.defined(case.y_name),
        f"{case.y_name or 'y'} is a plain {type(y).__name__}, which has no history",
        "Compute it from the tensors themselves.",
    )


def _label(case: Case) -> Any:
    def label(leaf: Any) -> str:
        tensor = leaf.variable if leaf.kind == LEAF else None
        name = None if tensor is None else case.name_of(tensor)
        return name or answers.shape_text(leaf.shape)

    return label
