"""`trace_table`: the evaluation trace of a function and its derivatives, as textbooks print it.

The form is that of tables 2 and 3 of Baydin, Pearlmutter, Radul and Siskind (2018), "Automatic differentiation in machine
learning: a survey": inputs v_{1-n} ... v_0, then a v_i for every operation, with tangents v̇_i that go down the table
and adjoints v̄_i that go up. The numbers are the engine's own; formulas of derivatives are read from its rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from ..core.observation import observing, observing_passes
from ..core.tensor import Tensor
from ..transforms import tree
from ..transforms.reverse import vjp
from . import mathematics as m
from .formulas import ONE, Expr, operation, term, without
from .function_trace import (
    Ran,
    Trace,
    copied,
    directions,
    expression,
    plain,
    reduced,
    several,
    subscripted,
)
from .mathematics import Term
from .notation import written
from .text_table import Table


class Line(NamedTuple):
    """One line: `left` = `right` = `value`."""

    left: Term
    right: Term
    value: Any

    def texts(self) -> tuple[str, str, str]:
        """The three, as plain text."""
        return self.left.text, f"= {self.right.text}", f"= {shown(self.value)}"


class TraceTable:
    """Three lists of lines: `str` gives text, a notebook gets HTML with MathML, and `latex()` is for papers.

    Attributes:
        primal: A line for each input and each operation.
        tangent: Their tangents, in the same order.
        adjoint: Adjoints from the output up, a line for each contribution and, where there are several, for their sum.
        value: What the function gave.
        gradient: The adjoints of the inputs; None for one that the output does not depend on.
    """

    def __init__(self, primal: list[Line], tangent: list[Line], adjoint: list[Line], value: Any, gradient: list[Any]) -> None:  # fmt: skip
        self.primal = primal
        self.tangent = tangent
        self.adjoint = adjoint
        self.value = value
        self.gradient = gradient

    def parts(self) -> list[tuple[str, list[Line]]]:
        """The three lists with their titles."""
        return [
            ("Forward primal trace", self.primal),
            ("Forward tangent (derivative) trace", self.tangent),
            ("Reverse adjoint (derivative) trace", self.adjoint),
        ]

    def __str__(self) -> str:
        tables = []
        for title, lines in self.parts():
            text = str(Table("", ("", "", ""), [line.texts() for line in lines]))
            tables.append("\n".join([title, *text.splitlines()[2:]]))
        return "\n\n".join(tables)

    __repr__ = __str__

    def html(self) -> str:
        """The table as HTML; browsers draw the formulas."""
        cells = []
        for title, lines in self.parts():
            body = "".join(
                f'<tr><td style="text-align:right"><math>{x.left.mathml}</math></td>'
                f'<td style="text-align:left"><math><mo>=</mo>{x.right.mathml}</math></td>'
                f'<td style="text-align:left"><math><mo>=</mo><mtext>{shown(x.value)}</mtext></math></td></tr>'
                for x in lines
            )
            cells.append(
                f'<td style="vertical-align:top"><table><caption>{title}</caption>{body}</table></td>'
            )
        return f"<table><tr>{''.join(cells)}</tr></table>"

    _repr_html_ = html

    def latex(self) -> str:
        """The table in LaTeX: three arrays side by side, for math mode in a display."""
        arrays = []
        for title, lines in self.parts():
            body = " \\\\\n".join(
                f"{x.left.latex} &= {x.right.latex} &&= {latex_number(x.value)}" for x in lines
            )
            arrays.append(
                f"\\begin{{array}}{{l}}\\text{{{title}}}\\\\\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\\end{{array}}"
            )
        return "\n\\quad\n".join(arrays)


def trace_table(f: Callable[..., Any], *x: Any, tangents: Sequence[Any] | None = None, cotangent: Any = None) -> TraceTable:  # fmt: skip
    """Evaluate a function, and return the table of its forward and reverse trace.

    >>> import numpy as np, dualtape as dt
    >>> table = dt.trace_table(lambda x1, x2: np.log(x1) + x1 * x2 - np.sin(x2), 2.0, 5.0)
    >>> print(str(table).partition("Reverse")[0].strip())
    Forward primal trace
    v₋₁  = x₁        = 2
    v₀   = x₂        = 5
    v₁   = ln(v₋₁)   = 0.69315
    v₂   = v₋₁ · v₀  = 10
    v₃   = v₁ + v₂   = 10.693
    v₄   = sin(v₀)   = -0.95892
    v₅   = v₃ - v₄   = 11.652
    <BLANKLINE>
    Forward tangent (derivative) trace
    v̇₋₁  = ẋ₁                   = 1
    v̇₀   = ẋ₂                   = 0
    v̇₁   = v̇₋₁ / v₋₁            = 0.5
    v̇₂   = v̇₋₁ · v₀ + v̇₀ · v₋₁  = 5
    v̇₃   = v̇₁ + v̇₂              = 5.5
    v̇₄   = v̇₀ · cos(v₀)         = 0
    v̇₅   = v̇₃ - v̇₄              = 5.5

    Args:
        f: Of arrays and numbers (NumPy-style code) or of tensors of a front end; it gives one of them.
        x: Its arguments, or trees of them.
        tangents: A direction for each array among the arguments, in order; by default 1 for the first and 0 for the others.
        cotangent: Of the result; by default ones.

    Raises:
        ValueError: The function runs an operation of several results or a write to a part of an array, which have no line
            of their own, or nothing at all; or it gives several results.
    """
    leaves = tree.flatten(x)[0]
    trace = Trace(len(leaves))

    def run(*arguments: Any) -> Any:
        trace.start([t for t in tree.flatten(arguments)[0] if isinstance(t, Tensor)])
        with observing(trace.see):
            result = f(*arguments)
        for t in tree.flatten(result)[0]:
            if isinstance(t, Tensor):
                trace.found(t)  # or it is refused
        return result

    value, pull = vjp(run, *x)
    if len(tree.flatten(value)[0]) != 1:
        raise ValueError("trace_table: the function gives several results; the table is of one")
    seed = tree.map(lambda v: ones(v), value) if cotangent is None else cotangent
    with observing_passes(trace):
        gradient = tree.flatten(pull(seed))[0]
    if not trace.ran:
        raise ValueError("trace_table: the function runs no operation on its arguments")
    for ran in trace.ran:
        if len(ran.results) != 1:
            raise several(ran.primitive.name)
    dots = directions(trace, tangents)
    return TraceTable(
        primal(trace), tangent(trace, dots), adjoint(trace, gradient), value, gradient
    )


def primal(trace: Trace) -> list[Line]:
    """The lines of the values."""
    lines = [
        Line(trace.names[i], subscripted("x", i + 1), trace.values[i]) for i in range(trace.inputs)
    ]
    for ran in trace.ran:
        (k,) = ran.results
        lines.append(Line(trace.names[k], written(ran.primitive.name, operands(trace, ran), ran.params), trace.values[k]))  # fmt: skip
    return lines


def tangent(trace: Trace, dots: list[Any]) -> list[Line]:
    """The lines of the tangents."""
    lines = [
        Line(
            marked(trace.names[i], "̇", r"\dot"),
            marked(subscripted("x", i + 1), "̇", r"\dot"),
            dots[i],
        )
        for i in range(trace.inputs)
    ]
    for ran in trace.ran:
        (k,) = ran.results
        if dots[k] is None:
            continue
        whole = pushed(trace, ran, [i for i, at in enumerate(ran.operands) if at is not None and dots[at] is not None])  # fmt: skip
        lines.append(Line(marked(trace.names[k], "̇", r"\dot"), whole, dots[k]))
    return lines


def pushed(trace: Trace, ran: Ran, numbers: list[int]) -> Term:
    """The formula of the tangent of an operation's result."""
    names = operands(trace, ran)
    p = ran.primitive
    dotted = {i: marked(names[i], "̇", r"\dot") for i in numbers}
    if p.kind == "linear":
        return written(p.name, [dotted.get(i, n) for i, n in enumerate(names)], ran.params)
    if p.kind == "multilinear":
        parts = [
            written(p.name, [*names[:i], dotted[i], *names[i + 1 :]], ran.params) for i in numbers
        ]
        return added(parts)
    parts = []
    for i in numbers:
        e = expression(ran, i)
        local = None if e is None or not p.pointwise else without(e, "ct")
        if local is None:
            call = m.applied(m.name(f"jvp[{p.name}]"), dotted[i])
            parts.append(call)
        else:
            known = {"dot": dotted[i], **variables(trace, ran)}
            parts.append(term(times(Expr("variable", "dot"), local), known))
    return added(parts)


def times(x: Expr, factor: Expr) -> Expr:
    """A product, with a sign in front and 1/y as a quotient."""
    if factor.kind == "operation" and factor.name == "neg":
        return operation("neg", times(x, factor.args[0]))
    if factor.kind == "operation" and factor.name == "div" and factor.args[0].same(ONE):
        return operation("div", x, factor.args[1])
    return operation("mul", x, factor)


def adjoint(trace: Trace, gradient: list[Any]) -> list[Line]:
    """The lines of the adjoints, from the output to the inputs."""
    if not trace.steps:
        return []
    last = trace.steps[0][0]
    lines = [
        Line(
            bar(trace.names[last]),
            bar(Term(m.ATOM, "<mi>y</mi>", "y", "y")),
            trace.cotangents[last],
        )
    ]
    sums: dict[int, Any] = {}
    for at, parts in trace.steps:
        ran = trace.made_by[at]
        for i, to, g in parts:
            e = expression(ran, i)
            known = {"ct": bar(trace.names[at]), **variables(trace, ran)}
            right = (
                m.applied(m.name(f"vjp[{ran.primitive.name}, {i + 1}]"), known["ct"])
                if e is None
                else term(e, known)
            )
            before = sums.get(to)
            fitting = reduced(g, np.shape(trace.values[to]))
            sums[to] = fitting if before is None else before + fitting
            if before is not None:
                right = added([bar(trace.names[to]), right])
            lines.append(Line(bar(trace.names[to]), right, sums[to]))
    for i, g in enumerate(gradient[: trace.inputs]):
        right = bar(trace.names[i])
        lines.append(Line(bar(subscripted("x", i + 1)), right, np.zeros_like(trace.values[i]) if g is None else copied(plain(g))))  # fmt: skip
    return lines


def operands(trace: Trace, ran: Ran) -> list[Term]:
    """The terms of an operation's operands: a v, a number, or the shape of an array."""
    return [
        literal(v) if at is None else trace.names[at] for at, v in zip(ran.operands, ran.values, strict=True)
    ]  # fmt: skip


def variables(trace: Trace, ran: Ran) -> dict[str, Term]:
    """What the variables of an expression stand for."""
    names = {str(i): t for i, t in enumerate(operands(trace, ran))}
    return {**names, "out": trace.names[ran.results[0]]}


def added(parts: list[Term]) -> Term:
    """A sum of terms."""
    whole = parts[0]
    for part in parts[1:]:
        opposite = without_sign(part)
        if opposite is not None:
            whole = m.infix(whole, m.MINUS, opposite, m.SUM, "-", "-")
        elif part.text.startswith("-"):
            whole = m.infix(whole, "+", m.parenthesised(part), m.SUM)
        else:
            whole = m.infix(whole, "+", part, m.SUM)
    return whole


def without_sign(x: Term) -> Term | None:
    """What is behind a leading minus; None if it does not begin with one, or if that is in a numerator."""
    sign = f"<mo>{m.MINUS}</mo>"
    before, found, after = x.mathml.partition(sign)
    if not (found and x.text.startswith("-") and x.latex.startswith("-")):
        return None
    if before.replace("<mrow>", ""):
        return None
    return Term(x.rank, before + after, x.latex[1:], x.text[1:])


def marked(x: Term, mark: str, latex: str) -> Term:
    """A variable under a dot or a bar."""
    sign = "˙" if mark == "̇" else "¯"
    mathml = x.mathml.replace("<mi>", "<mover><mi>", 1).replace(
        "</mi>", f"</mi><mo>{sign}</mo></mover>", 1
    )
    head, rest = x.latex[0], x.latex[1:]
    return Term(
        x.rank, mathml, f"{latex}{{{head}}}{rest}", normalize("NFC", x.text[0] + mark) + x.text[1:]
    )


def bar(x: Term) -> Term:
    """The adjoint of a variable."""
    return marked(x, "̄", r"\bar")


def literal(value: Any) -> Term:
    """A constant operand: a number, or what shape an array has."""
    a = np.asarray(value)
    if a.ndim == 0:
        return m.number(shown(a))
    text = f"[{', '.join(map(str, a.shape))}]"
    return Term(m.ATOM, f"<mtext>{text}</mtext>", rf"\text{{{text}}}", text)


def ones(value: Any) -> Any:
    """The default cotangent of a result."""
    a = np.ones_like(np.asarray(plain(value)))
    return a if not isinstance(value, Tensor) else type(value).result_class(a)


def shown(value: Any) -> str:
    """A number or a small array in five digits; what shape a larger one has."""
    a = np.asarray(value)
    if a.ndim == 0:
        return f"{a.item():.5g}" if a.dtype.kind in "fc" else str(a.item())
    if a.size > 12:
        return f"{a.dtype}[{', '.join(map(str, a.shape))}]"
    return " ".join(np.array2string(a, precision=4, separator=", ", suppress_small=False).split())


def latex_number(value: Any) -> str:
    """A value in LaTeX."""
    a = np.asarray(value)
    if a.ndim == 0:
        mantissa, e, exponent = shown(a).partition("e")
        return rf"{mantissa} \times 10^{{{int(exponent)}}}" if e else mantissa
    return rf"\text{{{shown(a)}}}"


__all__ = ["TraceTable", "trace_table"]
