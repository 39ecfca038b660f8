"""The formula of an operation, and of its derivatives: the rules are traced and written down.

A rule is a function from a cotangent and residuals to a cotangent, in primitives. Called on traced values (`core.tracing`) it
gives a program, and that is read as an expression. An elementwise rule is the cotangent times the derivative, so the derivative
is the expression with the factor taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import DualtapeError
from ..core.primitive import AVAL, Signature
from ..core.pullback import chosen
from ..core.tracing import tracing
from . import mathematics as m
from .mathematics import TIMES, Term
from .notation import plain, written

_LONG = 6000

_UNFIT = (DualtapeError, ArithmeticError, LookupError, TypeError, ValueError)
"""What rules raise that read numbers, or are given shapes that they are not written for: of a batch, of what is not known."""


class Expr:
    """An expression: a variable ("ct", "out" or an operand's number), a number, or an operation."""

    __slots__ = ("args", "kind", "name", "params")

    def __init__(
        self,
        kind: str,
        name: str,
        args: tuple[Expr, ...] = (),
        params: dict[str, Any] | None = None,
    ) -> None:
        self.kind = kind
        self.name = name
        self.args = args
        self.params = params or {}

    def reads(self, found: set[str]) -> set[str]:
        """Add the variables in it to `found`."""
        if self.kind == "variable":
            found.add(self.name)
        for a in self.args:
            a.reads(found)
        return found

    def same(self, other: Expr) -> bool:
        """Whether two expressions are equal as they stand."""
        return (
            self.kind == other.kind and self.name == other.name and len(self.args) == len(other.args)
            and all(a.same(b) for a, b in zip(self.args, other.args, strict=True))
        )  # fmt: skip


ONE = Expr("number", "1")


def operation(name: str, *args: Expr, **params: Any) -> Expr:
    """An operation, in the simplest form."""
    expanded = _EXPANDED.get(name)
    if expanded is not None:
        return expanded(*args)
    one = [a.kind == "number" and a.name == "1" for a in args]
    if name == "mul" and one[0]:
        return args[1]
    if name == "mul" and one[1]:
        return args[0]
    if name == "div" and one[1]:
        return args[0]
    if name == "add" and args[0].same(args[1]):
        return operation("mul", Expr("number", "2"), args[0])
    if name == "mul" and args[1].kind == "number" and args[0].kind != "number":
        return Expr("operation", "mul", (args[1], args[0]))
    return Expr("operation", name, args, params)


def _tanh_backward(d: Expr, out: Expr) -> Expr:
    return operation("mul", d, operation("sub", ONE, operation("square", out)))


def _sigmoid_backward(d: Expr, out: Expr) -> Expr:
    return operation("mul", d, operation("mul", out, operation("sub", ONE, out)))


_EXPANDED: dict[str, Callable[..., Expr]] = {
    "tanh_backward": _tanh_backward,
    "sigmoid_backward": _sigmoid_backward,
}


def without(e: Expr, name: str) -> Expr | None:
    """What an expression is a multiple of a variable by: e / name; None where it is no such multiple."""
    if e.kind == "variable":
        return ONE if e.name == name else None
    if e.kind != "operation":
        return None
    inside = [name in a.reads(set()) for a in e.args]
    if e.name == "neg":
        found = without(e.args[0], name)
        return None if found is None else operation("neg", found)
    if e.name == "mul" and inside.count(True) == 1:
        at = inside.index(True)
        found = without(e.args[at], name)
        if found is None:
            return None
        return operation("mul", found, e.args[1]) if at == 0 else operation("mul", e.args[0], found)
    if e.name == "div" and inside == [True, False]:
        found = without(e.args[0], name)
        return None if found is None else operation("div", found, e.args[1])
    if e.name in ("add", "sub") and inside == [True, True]:
        a, b = without(e.args[0], name), without(e.args[1], name)
        return None if a is None or b is None else operation(e.name, a, b)
    if e.name == "relu_backward" and inside == [True, False]:
        found = without(e.args[0], name)
        return None if found is None else Expr("operation", "relu_backward", (found, e.args[1]))
    if e.name == "zeros_like":
        return Expr("number", "0")
    return None


def traced(p: Any, number: int, shots: list[Any], out: Any, params: dict[str, Any]) -> Expr | None:
    """The rule for an operand as an expression; None where it cannot be traced, or is long."""
    if p.joint_vjp is not None or p.outputs != 1:
        return None
    rule = p.vjps[0 if p.variadic else number]
    if not isinstance(rule, Signature):
        return None
    shift = len(shots) - len(p.inputs) if p.variadic else 0
    with tracing() as t:
        ct = t.variable(Aval(tuple(out.shape), out.dtype))
        names = {ct.number: "ct"}
        args: list[Any] = []
        for n in rule.needs:
            if n == AVAL:
                args.append(Aval(tuple(shots[number].shape), shots[number].dtype))
            elif n < 0:
                args.append(number)
            else:
                at = n + shift if n >= len(p.inputs) else n
                like = out if at >= len(shots) else shots[at]
                v = t.variable(Aval(tuple(like.shape), like.dtype))
                names[v.number] = "out" if at >= len(shots) else str(at)
                args.append(v)
        try:
            made = rule.rule(ct, *args, **chosen(rule.params, params))
            result = t.number(made)
        except _UNFIT:
            return None
        known: dict[int, Expr] = {k: Expr("variable", v) for k, v in names.items()}
        for k, v in t.constants.items():
            known[k] = _constant(v)
        for i in t.instructions:
            if len(i.results) == 1:
                known[i.results[0]] = operation(
                    i.primitive.name,
                    *[known.get(k, _constant(None)) for k in i.operands],
                    **i.params,
                )
    return known.get(result)


def _constant(v: Any) -> Expr:
    if v is None:
        return Expr("number", "…")
    a = np.asarray(v)
    if a.size == 1 and a.dtype.kind in "fiub":
        x = a.reshape(()).item()
        text = plain(float(str(a.reshape(())[()])) if a.dtype.kind == "f" else x)
        return Expr("number", text)
    return Expr("number", f"[{TIMES.join(map(str, a.shape))}]")


def term(e: Expr, names: Mapping[str, Term]) -> Term:
    """An expression, written with `names` for its variables."""
    if e.kind == "variable":
        return names[e.name]
    if e.kind == "number":
        return m.number(e.name)
    return written(e.name, [term(a, names) for a in e.args], e.params)


def operand_names(p: Any, count: int) -> list[str]:
    """What the operands are called in formulas."""
    if p.variadic:
        head = p.inputs[0].rstrip("s") or "x"
        return [f"{head}{i + 1}" for i in range(count - len(p.inputs) + 1)] + list(p.inputs[1:])
    return list(p.inputs[:count])


def expression(e: Expr, names: Mapping[str, Term]) -> dict[str, Any] | None:
    """An expression as the page has it."""
    t = term(e, names)
    if len(t.mathml) > _LONG:
        return None
    reads = sorted(e.reads(set()))
    return {
        "mathml": t.mathml, "text": t.text, "latex": t.latex,
        "reads": [int(r) if r.isdigit() else r for r in reads],
    }  # fmt: skip


def formula_of(p: Any, shots: list[Any], params: dict[str, Any]) -> dict[str, Any]:
    """The formula of an operation as the page has it (`Formula` in web/src/model.ts).

    Args:
        p: The primitive.
        shots: Its operands: anything with a shape and a dtype.
        params: Its static parameters.
    """
    names = operand_names(p, len(shots))
    operands = [m.variable(str(i), n) for i, n in enumerate(names)]
    known = {str(i): t for i, t in enumerate(operands)}
    known |= {"ct": m.variable("ct", "ȳ"), "out": m.variable("out", "out")}
    whole = m.equation(known["out"], written(p.name, operands, params))
    try:
        out = p.aval(*[Aval(tuple(s.shape), s.dtype) for s in shots], **params)
    except _UNFIT:
        out = None
    derivatives: list[dict[str, Any] | None] = []
    for i in range(len(shots)):
        rule = (
            None if p.vjps and not isinstance(p.vjps[0 if p.variadic else i], Signature) else "rule"
        )
        if p.kind == "constant" or (rule is None and p.joint_vjp is None):
            derivatives.append(None)
            continue
        local = None
        e = traced(p, i, shots, out, params) if isinstance(out, Aval) else None
        if e is not None and p.pointwise:
            factor = without(e, "ct")
            local = None if factor is None else expression(factor, known)
        derivatives.append({"local": local, "rule": None if e is None else expression(e, known)})
    return {
        "mathml": whole.mathml, "text": whole.text, "latex": whole.latex, "operands": names,
        "derivatives": derivatives, "source": p.source,
    }  # fmt: skip
