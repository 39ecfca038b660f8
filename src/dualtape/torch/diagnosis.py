"""Why a gradient is None in PyTorch's dialect: the order in which the doctor asks, see `dualtape.trust`."""

from __future__ import annotations

import ast
from types import FrameType
from typing import Any

from ..core import departures
from ..core.graph import LEAF
from ..core.tensor import Tensor as CoreTensor
from ..trust import answers
from ..trust.case import Case, told
from ..trust.paths import freed_by, way
from ..trust.verdict import Cause, Verdict, Where, at

_UPDATE = "Update in place, under no_grad: `with torch.no_grad(): x -= lr * x.grad`, or let an optimizer do it."


def why_none(y: Any, x: CoreTensor, frame: FrameType, names: tuple[str, str]) -> Verdict:
    """Say why `x.grad`, or `autograd.grad(y, x)`, is None.

    Args:
        y: What was differentiated.
        x: With respect to what.
        frame: The user's frame, which is in the call.
        names: The parameters' names in that call.
    """
    y_edge = y.current_edge() if isinstance(y, CoreTensor) else None
    edge = x.current_edge()
    case = Case(y, x, frame, names, None if edge is None else edge.node)
    kept = x.leaf
    if kept is not None and kept.grad is not None:
        return answers.has_gradient(f"{case.x_name or 'x'}.grad is there")
    if edge is None:
        found = answers.whole_numbers(case, x, case.x_name, x.value.dtype)
        return found or _not_required(case)
    if edge.kind == LEAF:
        return _of_leaf(case, y_edge)
    return _of_result(case, y_edge, edge)


def _not_required(case: Case) -> Verdict:
    """The verdict for an `x` that does not require a gradient."""
    name = case.x_name or "x"
    for d in departures.recent():
        if d.result is not None and d.result() is case.x:
            cause = Cause.DATA if d.kind == departures.DATA else Cause.DETACHED
            verdict = told(cause, at(d.site), "", True)
            advice = f"{verdict.advice} A leaf of its own: .detach().requires_grad_()."
            return Verdict(cause, verdict.where, f"{name} itself: {verdict.reason}", advice)
    line = case.rebinding(case.x_name)
    if line is not None:
        return answers.rebound(case, line, "leaf", _UPDATE)
    return Verdict(
        Cause.NOT_REQUIRED,
        case.defined(case.x_name),
        f"{name} does not require a gradient: nothing that is computed from it is recorded for it",
        f"Make it with requires_grad=True, or call {name}.requires_grad_() before it is used.",
    )


def _of_leaf(case: Case, y_edge: Any) -> Verdict:
    found = way(y_edge, case.target)
    if found.there:
        return _no_pass(case, y_edge)
    verdict = answers.blocked(found)
    if verdict is not None:
        return verdict
    later = _required_later(case, y_edge)
    if later is not None and y_edge is not None:
        return later
    verdict = case.lost(later)
    if verdict is None and isinstance(case.y, CoreTensor):
        verdict = answers.whole_numbers(case, case.y, case.y_name, case.y.value.dtype)
    return verdict or answers.no_path(case, y_edge, _label(case))


def _of_result(case: Case, y_edge: Any, edge: Any) -> Verdict:
    """The verdict for an `x` that was computed."""
    made = at(edge.node.site)
    line = case.rebinding(case.x_name, known=True)
    if line is not None:
        return answers.rebound(case, line, "leaf", _UPDATE)
    found = way(y_edge, case.target)
    name = case.x_name or "x"
    if found.there:
        hooks = edge.node.hooks
        if hooks is not None and edge.output_number in hooks.retained:
            return _no_pass(case, y_edge)
        return Verdict(
            Cause.NOT_LEAF,
            made,
            f"{name} is not a leaf: it was computed here by {edge.node.name()}, and only leaves keep a .grad",
            f"Call {name}.retain_grad() before backward(), or ask torch.autograd.grad for it.",
        )
    verdict = answers.blocked(found)
    verdict = verdict or answers.computed_after(case, y_edge, edge)
    return verdict or case.lost() or answers.no_path(case, y_edge, _label(case))


def _no_pass(case: Case, y_edge: Any) -> Verdict:
    """The verdict for a gradient that could have arrived: none was asked for, or it is gone again."""
    y, x = case.y_name or "y", case.x_name or "x"
    for d in departures.recent():
        if d.kind == departures.ZEROED and d.order < y_edge.order and _holds(d.source(), case.x):
            return Verdict(
                Cause.ZEROED,
                at(d.site),
                f"the gradient of {x} was there, and zero_grad(set_to_none=True) dropped it here",
                "Read the gradient before zero_grad(), or use zero_grad(set_to_none=False) to keep zeros.",
            )
    freed = freed_by(y_edge)
    for scope, event in case.definitions(f"{x}.grad"):
        value = event.values[0]
        if f"{x}.grad" in event.targets and isinstance(value, ast.Constant) and value.value is None:
            return Verdict(
                Cause.ZEROED,
                Where(scope.filename, event.position.line),
                f"{x}.grad was set to None here",
                "Read the gradient before it is dropped.",
                certain=freed is not None,
            )
    if freed is not None:
        return Verdict(
            Cause.GRAPH_FREED,
            at(freed.site),
            f"the pass here used up the graph of {y} and left nothing in {x}.grad: autograd.grad returns its "
            "gradients, and backward(inputs=...) fills only those inputs",
            f"Use what autograd.grad returned, or call {y}.backward().",
        )
    return Verdict(
        Cause.NO_BACKWARD,
        at(y_edge.node.site) if y_edge.kind else None,
        f"{y} depends on {x}, but no backward pass has run since {y} was computed here",
        f"Call {y}.backward() before reading {x}.grad.",
    )


def _required_later(case: Case, y_edge: Any) -> Verdict | None:
    """The verdict for a leaf that began to require a gradient when `y` was there already."""
    leaf = case.target
    if y_edge is not None and leaf.order > y_edge.order:
        return None
    line = None
    for d in departures.recent():
        if d.kind == departures.WANTED and d.source() is case.x:
            line = at(d.site)
            break
    if line is None and y_edge is None:
        return None  # nothing shows that it was later
    y, x = case.y_name or "y", case.x_name or "x"
    return Verdict(
        Cause.REQUIRED_LATER,
        line or case.defined(case.x_name),
        f"{x} requires a gradient since this line, and {y} was computed before it",
        f"Set requires_grad before computing {y}, or compute {y} again.",
        certain=y_edge is not None,
    )


def _holds(thing: Any, x: Any) -> bool:
    """Whether an optimizer or module has `x` among its parameters."""
    if thing is None:
        return False
    if hasattr(thing, "param_groups"):
        return any(p is x for group in thing.param_groups for p in group["params"])
    return any(p is x for p in thing.parameters())


def _label(case: Case) -> Any:
    def label(leaf: Any) -> str:
        tensor = leaf.variable
        name = None if tensor is None else case.name_of(tensor)
        return name or answers.shape_text(leaf.shape)

    return label
