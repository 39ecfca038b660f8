"""Formulas written as Python expressions, read as mathematics.

`formulary.FORMULAS` and the table of rules in docs/ write a formula once, as an expression: `x * Phi(x)`. Here it becomes a `Term`,
which is MathML, LaTeX and text; the tests evaluate the same expression in NumPy and hold it against the primitive.
What an expression may be made of is in `_Reader` and the tables in front of it.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from . import mathematics as m
from .mathematics import MINUS, SIGMA, TIMES, Term

_ONE = m.number("1")

AND, OR = "\u2227", "\u2228"
"""Signs that look like letters, by their names."""

_SIGNS = {
    ast.Lt: ("<", "<"), ast.LtE: ("≤", r"\le"), ast.Gt: (">", ">"), ast.GtE: ("≥", r"\ge"), ast.Eq: ("=", "="),
    ast.NotEq: ("≠", r"\ne"), ast.And: (AND, r"\land"), ast.Or: (OR, r"\lor"),
}  # fmt: skip

_LETTERS = {
    "Phi": "Φ", "phi": "φ", "sigma": SIGMA, "psi": "ψ", "Gamma": "Γ", "zeta": "ζ", "lam": "λ", "pi": "π", "inf": "∞", "ct": "ȳ",
    "ct1": "ȳ₁", "ct2": "ȳ₂", "ct3": "ȳ₃", "out1": "out₁", "out2": "out₂", "out3": "out₃", "Li2": "Li₂", "dAi": "Ai\u2032", "maximum": "max",
    "minimum": "min", "Phi_inverse": "Φ⁻¹", "erf_inverse": "erf⁻¹", "erfc_inverse": "erfc⁻¹", "log2": "log₂", "log10": "log₁₀",
}  # fmt: skip
"""Names as mathematics writes them; others stand as they are."""

_SUBSCRIPTED = {"J": "J", "Y": "Y", "I": "I", "K": "K", "I_regularised": "I"}
"""Families of functions: the first argument is an index."""

_REDUCTIONS = {
    "sum": ("∑", r"\sum"), "prod": ("∏", r"\prod"), "amax": ("max", r"\max"), "amin": ("min", r"\min"),
    "mean": ("mean", r"\operatorname{mean}"),
}  # fmt: skip

_TEXTS = {"sum": "sum", "prod": "prod", "amax": "max", "amin": "min", "mean": "mean"}

_AROUND = {
    "abs": ("|", "|", ("|", "|")), "floor": ("⌊", "⌋", (r"\lfloor", r"\rfloor")), "ceil": ("⌈", "⌉", (r"\lceil", r"\rceil")),
}  # fmt: skip


class _Reader(ast.NodeVisitor):
    """From the nodes of an expression to terms.

    Args:
        names: What stands for the names in it.
        params: The static parameters whose values are to be put in.
    """

    def __init__(self, names: Mapping[str, Term], params: Mapping[str, Any]) -> None:
        self.names = names
        self.params = params

    def generic_visit(self, node: ast.AST) -> Term:
        raise ValueError(f"no formula is made of {type(node).__name__}")

    def visit_Constant(self, node: ast.Constant) -> Term:
        if not isinstance(node.value, (int, float)):
            raise ValueError(f"no formula is made of {node.value!r}")
        return m.number(number(node.value))

    def visit_Name(self, node: ast.Name) -> Term:
        found = self.names.get(node.id)
        if found is not None:
            return found
        value = self.params.get(node.id)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return m.number(number(value))
        return m.name(_LETTERS.get(node.id, node.id))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Term:
        x: Term = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return Term(
                m.PRODUCT,
                f"<mrow><mo>¬</mo>{m.at_least(x, m.ATOM).mathml}</mrow>",
                rf"\lnot {m.at_least(x, m.ATOM).latex}",
                f"¬{m.at_least(x, m.ATOM).text}",
            )
        return m.negative(x)

    def visit_BinOp(self, node: ast.BinOp) -> Term:
        x, y = self.visit(node.left), self.visit(node.right)
        match node.op:
            case ast.Add():
                return m.infix(x, "+", y, m.SUM)
            case ast.Sub():
                return m.infix(x, MINUS, y, m.SUM, "-", "-")
            case ast.Mult():
                return y if x == _ONE else x if y == _ONE else m.product(x, y)
            case ast.Div():
                return x if y == _ONE else m.fraction(x, y)
            case ast.MatMult():
                return m.juxtaposed(x, y)
            case ast.Pow():
                return m.power(x, y)
        raise ValueError(f"no formula is made of {type(node.op).__name__}")

    def visit_Compare(self, node: ast.Compare) -> Term:
        links = list(zip(node.ops, node.comparators, strict=True))
        left = node.left
        if self._absent(left):
            left = links.pop(0)[1]
        out = self.visit(left)
        for op, right in links:
            if not self._absent(right):
                sign, latex = _SIGNS[type(op)]
                out = _related(out, sign, self.visit(right), latex)
        return Term(0, *out[1:])

    def _absent(self, node: ast.expr) -> bool:
        """Whether a bound is not there: its parameter is None."""
        return (
            isinstance(node, ast.Name)
            and node.id in self.params
            and self.params[node.id] is None
            and node.id not in self.names
        )

    def visit_BoolOp(self, node: ast.BoolOp) -> Term:
        sign, latex = _SIGNS[type(node.op)]
        parts = [self.visit(v) for v in node.values]
        out = parts[0]
        for right in parts[1:]:
            out = _related(out, sign, right, latex)
        return Term(0, *out[1:])

    def visit_IfExp(self, node: ast.IfExp) -> Term:
        rows = []
        rest: ast.expr = node
        while isinstance(rest, ast.IfExp):
            if isinstance(rest.test, ast.Name) and isinstance(self.params.get(rest.test.id), bool):
                # What a static parameter decides is decided.
                rest = rest.body if self.params[rest.test.id] else rest.orelse
                continue
            condition = self.visit(rest.test)
            rows.append((self.visit(rest.body), condition.mathml, condition.text))
            rest = rest.orelse
        last: Term = self.visit(rest)
        return m.cases([*rows, (last, "", "")]) if rows else last

    def visit_List(self, node: ast.List) -> Term:
        """Iverson's bracket: 1 where it holds, else 0."""
        return m.between("[", self.visit(node.elts[0]), "]")

    def visit_Tuple(self, node: ast.Tuple) -> Term:
        parts = [self.visit(e) for e in node.elts]
        inside = "<mo>,</mo>".join([p.mathml for p in parts])
        return Term(
            0, f"<mrow>{inside}</mrow>", ", ".join([p.latex for p in parts]), ", ".join([p.text for p in parts])
        )  # fmt: skip

    def visit_Attribute(self, node: ast.Attribute) -> Term:
        mark = {"T": ("T", r"\mathsf{T}", ".T"), "H": ("H", r"\mathsf{H}", ".H")}[node.attr]
        return m.superscript(self.visit(node.value), *mark)

    def visit_Call(self, node: ast.Call) -> Term:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name in _REDUCTIONS:
            below = self._axes(node.args[1]) if len(node.args) > 1 else ""
            sign, latex = _REDUCTIONS[name]
            return m.big(sign, latex, _TEXTS[name], self.visit(node.args[0]), below)
        args: list[Term] = [self.visit(a) for a in node.args if not self._absent(a)]
        if name in ("maximum", "minimum") and len(args) == 1:
            return args[0]
        made = _CALLS.get(name)
        if made is not None:
            return made(*args)
        if name in _AROUND:
            left, right, latex_pair = _AROUND[name]
            return m.between(left, args[0], right, latex_pair)
        if name in _SUBSCRIPTED:
            return m.applied(m.subscript(m.name(_SUBSCRIPTED[name]), args[0]), *args[1:])
        if name == "reduced":
            return self._reduced(args[0])
        return m.applied(m.name(_LETTERS.get(name, name)), *args)

    def _axes(self, node: ast.expr) -> str:
        """Along what a reduction goes, in words."""
        if isinstance(node, ast.Name):
            value = self.params.get(node.id)
            if value is None:
                return node.id
            several = value if isinstance(value, tuple) else (value,)
            head = "axis" if len(several) == 1 else "axes"
            return f"{head} {', '.join(map(str, several))}" if several else ""
        return f"axis {ast.unparse(node)}"

    def _reduced(self, x: Term) -> Term:
        """A loss, by the parameter that says how losses are reduced."""
        how = self.params.get("reduction", "mean")
        if how == "none":
            return x
        total = m.big("∑", r"\sum", "sum", x)
        return total if how == "sum" else m.product(m.fraction(_ONE, m.name("n")), total)


def _related(x: Term, sign: str, y: Term, latex: str) -> Term:
    """X sign y, in a chain of comparisons or conditions."""
    inside = sign in (AND, OR)
    x, y = (v if inside and AND not in v.text and OR not in v.text else m.at_least(v, m.SUM) for v in (x, y))  # fmt: skip
    return Term(
        m.SUM,
        f"<mrow>{x.mathml}<mo>{escape(sign)}</mo>{y.mathml}</mrow>",
        f"{x.latex} {latex} {y.latex}",
        f"{x.text} {sign} {y.text}",
    )


def _derivative_of(name: str) -> Callable[[Term, Term], Term]:
    """A function's n-th derivative."""

    def made(order: Term, x: Term) -> Term:
        head = m.name(_LETTERS.get(name, name))
        f = Term(
            m.ATOM,
            f"<msup>{head.mathml}<mrow><mo>(</mo>{order.mathml}<mo>)</mo></mrow></msup>",
            f"{head.latex}^{{({order.latex})}}",
            f"{head.text}^({order.text})",
        )
        return m.applied(f, x)

    return made


def _integral(s: Term, low: Term, high: Term, x: Term) -> Term:
    x = m.at_least(x, m.PRODUCT)
    return Term(
        m.SIGN,
        f"<mrow><msubsup><mo>∫</mo>{low.mathml}{high.mathml}</msubsup>{x.mathml}<mi>d</mi>{s.mathml}</mrow>",
        rf"\int_{{{low.latex}}}^{{{high.latex}}} {x.latex}\,\mathrm{{d}}{s.latex}",
        f"∫[{low.text}, {high.text}] {x.text} d{s.text}",
    )


_CALLS: dict[str, Callable[..., Term]] = {
    "exp": lambda x: m.power(m.name("e"), x),
    "expm": lambda x: m.power(m.name("e"), x),
    "sqrt": m.root,
    "inv": lambda x: m.superscript(x, MINUS + "1", "-1", "^-1"),
    "eye": lambda x: m.name("I"),
    "cross": lambda x, y: m.infix(x, TIMES, y, m.PRODUCT, r"\times", TIMES),
    "times": lambda x, y: m.infix(x, "∘", y, m.PRODUCT, r"\circ"),
    "psi_derivative": _derivative_of("psi"),
    "sinc_derivative": _derivative_of("sinc"),
    "integral": _integral,
}


def number(value: float) -> str:
    """A number as short as it can be read back."""
    if isinstance(value, int):
        return str(value)
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "-∞"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


@functools.cache
def parsed(text: str) -> tuple[ast.expr, tuple[tuple[ast.expr, ast.expr], ...]]:
    """A formula's expression, and the definitions behind its `where`: `f(a) where a = x + 1; ...`."""
    head, _, tail = text.partition(" where ")
    pairs = []
    for part in tail.split("; ") if tail else ():
        left, right = part.split(" = ", 1)
        pairs.append((ast.parse(left, mode="eval").body, ast.parse(right, mode="eval").body))
    return ast.parse(head, mode="eval").body, tuple(pairs)


def read(text: str, names: Mapping[str, Term], params: Mapping[str, Any]) -> Term:
    """A formula with `names` for its variables, and the values of `params`."""
    reader = _Reader(names, params)
    head, pairs = parsed(text)
    out: Term = reader.visit(head)
    for left, right in pairs:
        equation = m.equation(reader.visit(left), m.at_least(reader.visit(right), m.SUM))
        out = Term(
            0,
            f"<mrow>{out.mathml}<mo>,</mo>{equation.mathml}</mrow>",
            rf"{out.latex},\quad {equation.latex}",
            f"{out.text}, {equation.text}",
        )
    return out
