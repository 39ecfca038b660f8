"""Verdicts that more than one dialect gives, and the search for the line of a `return None`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from ..core.graph import LEAF
from .case import Case
from .paths import Way, leaves
from .trees import function_node, tree_of
from .verdict import Cause, Verdict, Where, at


def has_gradient(reason: str) -> Verdict:
    """Nothing is in the way."""
    return Verdict(Cause.HAS_GRADIENT, None, reason, "Nothing is missing here.")


def whole_numbers(case: Case, value: Any, name: str, dtype: Any) -> Verdict | None:
    """The verdict for an integer or boolean value, None for any other."""
    if dtype.kind not in "iub":
        return None
    boolean = dtype.kind == "b"
    return Verdict(
        Cause.BOOLEAN if boolean else Cause.INTEGER,
        case.defined(name) or None,
        f"{name or 'the value'} is of dtype {dtype.name}, and only floating point numbers have gradients",
        "Make it a floating point number where it is defined: 1.0 instead of 1, dtype=float32.",
    )


def blocked(way: Way) -> Verdict | None:
    """The verdict for a way that the recording has and gradients cannot take; None if there is no such way."""
    node = way.nones
    if node is not None:
        code, name = function_of(node)
        line = none_line(code)
        called = at(node.site)
        reason = f"the gradient function of {name} returned None for this input"
        if called is not None:
            reason += f" (called at {called.short})"
        return Verdict(
            Cause.RETURNED_NONE,
            line or called,
            reason,
            "Return the cotangent of that input instead of None.",
            also=() if line is None or called is None else (called,),
        )
    node = way.blocked
    if node is not None:
        return Verdict(
            Cause.NOT_DIFFERENTIABLE,
            at(node.site),
            f"{node.name()} has no derivative with respect to this input",
            "Replace it by a differentiable operation, or let the value in by another operand.",
        )
    return None


def function_of(node: Any) -> tuple[CodeType | None, str]:
    """The code of the user's gradient function behind a node, and the name of the user's function."""
    function = getattr(node, "function", None)
    if function is not None:
        return getattr(function.backward, "__code__", None), function.__name__
    params = node.params or {}
    return getattr(params.get("grad"), "__code__", None), params.get("name", node.name())


def none_line(code: CodeType | None) -> Where | None:
    """The `return` of a gradient function that may have returned None: one that says so, or the only one."""
    tree = None if code is None else tree_of(code.co_filename)
    node = None if tree is None or code is None else function_node(tree, code)
    if node is None or code is None:
        return None
    if isinstance(node, ast.Lambda):
        return Where(code.co_filename, node.lineno)
    returns = [n for n in ast.walk(node) if isinstance(n, ast.Return)]
    for r in returns:
        if r.value is None or any(
            isinstance(n, ast.Constant) and n.value is None for n in ast.walk(r.value)
        ):
            return Where(code.co_filename, r.lineno)
    line = returns[0].lineno if len(returns) == 1 else code.co_firstlineno
    return Where(code.co_filename, line)


def no_path(case: Case, edge: Any, label: Callable[[Any], str]) -> Verdict:
    """The verdict when nothing leads from one value to the other.

    Args:
        case: The question.
        edge: The edge of `y`.
        label: What to call a leaf.
    """
    others = sorted({label(leaf) for leaf in leaves(edge)})
    y, x = case.y_name or "the result", case.x_name or "the input"
    if others:
        shown = ", ".join(others[:6]) + (", ..." if len(others) > 6 else "")
        reason = f"{y} was not computed from {x}; it depends on {shown}"
    else:
        reason = f"{y} was not computed from {x}, nor from anything else that has a gradient"
    where = at(edge.node.site) if edge is not None and edge.kind else None
    return Verdict(
        Cause.NO_PATH,
        where or case.defined(y),
        reason,
        f"Use {x} in what leads to {y}, or ask for the gradient of what it depends on.",
    )


def computed_after(case: Case, y_edge: Any, edge: Any) -> Verdict | None:
    """The verdict for an `x` that was computed when `y` was there already; None for any other."""
    if y_edge is None or edge.kind == LEAF or edge.order >= y_edge.order:
        return None
    y, x = case.y_name or "y", case.x_name or "x"
    return Verdict(
        Cause.NO_PATH,
        at(edge.node.site),
        f"{x} was computed here, after {y} had been",
        f"Use {x} in what leads to {y}.",
    )


def rebound(case: Case, where: Where, was: str, advice: str) -> Verdict:
    """The verdict for a name that stands for another object since a line.

    That `x` is another object is known; that it was this line, only where there is no third.
    """
    return Verdict(
        Cause.REBOUND,
        where,
        f"the name {case.x_name} was bound to a new tensor here; it is no longer the {was} that was "
        "differentiated",
        advice,
        len(case.definitions(case.x_name)) <= 2,
    )


def shape_text(shape: Iterable[int]) -> str:
    """A shape for messages."""
    return f"a tensor of shape {list(shape)}"
