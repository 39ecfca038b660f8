"""How each operation is written: the one place for what its name looks like in a formula.

What has no entry is written as a function of its name. Derivatives are not here: `formulas` reads them from the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import mathematics as m
from .mathematics import MINUS, ONES, SIGMA, Term

Writer = Callable[[list[Term], dict[str, Any]], Term]

_ONE, _TWO = m.number("1"), m.number("2")


def _function(name: str) -> Writer:
    return lambda a, p: m.applied(m.name(name), *a)


def _axes(p: dict[str, Any]) -> str:
    axes = p.get("axes", p.get("axis"))
    if axes is None or axes == ():
        return ""
    if isinstance(axes, tuple):
        return (
            "axis " + ", ".join(str(x) for x in axes)
            if len(axes) == 1
            else "axes " + ", ".join(str(x) for x in axes)
        )
    return f"axis {axes}"


def _reduced(sign: str, latex: str, text: str) -> Writer:
    return lambda a, p: m.big(sign, latex, text, a[0], _axes(p))


def _mean(a: list[Term], p: dict[str, Any]) -> Term:
    return m.product(m.fraction(_ONE, m.name("n")), m.big("∑", r"\sum", "sum", a[0], _axes(p)))


def _power(a: list[Term], p: dict[str, Any]) -> Term:
    return m.power(a[0], m.number(plain(p.get("exponent"))))


def _exponential(base: str) -> Writer:
    return lambda a, p: m.power(m.name(base) if base == "e" else m.number(base), a[0])


def _same(a: list[Term], p: dict[str, Any]) -> Term:
    return a[0]


def _transposed(a: list[Term], p: dict[str, Any]) -> Term:
    return m.superscript(a[0], "T", r"\mathsf{T}", ".T")


def _spread(a: list[Term], p: dict[str, Any]) -> Term:
    return m.product(a[0], Term(m.ATOM, f"<mn>{ONES}</mn>", r"\mathbf{1}", "ones"))


def _addmm(a: list[Term], p: dict[str, Any]) -> Term:
    return m.infix(m.juxtaposed(a[1], a[2]), "+", a[0], m.SUM)


def _linear(a: list[Term], p: dict[str, Any]) -> Term:
    out = m.juxtaposed(a[0], _transposed([a[1]], p))
    return m.infix(out, "+", a[2], m.SUM) if len(a) > 2 else out


def _relu(a: list[Term], p: dict[str, Any]) -> Term:
    return m.applied(m.name("max"), m.number("0"), a[0])


def _where(a: list[Term], p: dict[str, Any]) -> Term:
    condition = a[0].mathml
    return m.cases([(a[1], condition, a[0].text), (a[2], "<mtext>otherwise</mtext>", "otherwise")])


def _mse(a: list[Term], p: dict[str, Any]) -> Term:
    square = m.power(m.parenthesised(m.infix(a[0], MINUS, a[1], m.SUM, "-", "-")), _TWO)
    reduction = p.get("reduction")
    if reduction in ("sum", 2):
        return m.big("∑", r"\sum", "sum", square)
    if reduction in ("none", 0):
        return square
    return _mean([square], {})


def _softmax(a: list[Term], p: dict[str, Any]) -> Term:
    e = m.power(m.name("e"), a[0])
    return m.fraction(e, m.big("∑", r"\sum", "sum", e, _axes({"axis": -1, **p})))


def _norm(a: list[Term], p: dict[str, Any]) -> Term:
    return m.between("‖", a[0], "‖", (r"\|", r"\|"))


def _indexed(a: list[Term], p: dict[str, Any]) -> Term:
    x = m.at_least(a[0], m.ATOM)
    return Term(
        m.POWER,
        f"<msub>{x.mathml}<mtext>[…]</mtext></msub>",
        rf"{x.latex}[\ldots]",
        f"{x.text}[...]",
    )


def _comparison(sign: str) -> Writer:
    return lambda a, p: m.infix(a[0], sign, a[1], 0)


def _indicator(of: Callable[[list[Term]], Term]) -> Writer:
    return lambda a, p: m.product(a[0], m.between("[", of(a), "]"))


_FUNCTIONS = {
    "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "asinh": "arsinh", "acosh": "arcosh", "atanh": "artanh", "log": "ln",
    "sigmoid": SIGMA, "sign": "sign", "sgn": "sign", "maximum": "max", "minimum": "min", "lgamma": "ln Γ", "digamma": "ψ",
}  # fmt: skip

NOTATION: dict[str, Writer] = {
    **{k: _function(v) for k, v in _FUNCTIONS.items()},
    "add": lambda a, p: m.infix(a[0], "+", a[1], m.SUM),
    "sub": lambda a, p: m.infix(a[0], MINUS, a[1], m.SUM, "-", "-"),
    "mul": lambda a, p: m.product(a[0], a[1]),
    "div": lambda a, p: m.fraction(a[0], a[1]),
    "neg": lambda a, p: m.negative(a[0]),
    "reciprocal": lambda a, p: m.fraction(_ONE, a[0]),
    "square": lambda a, p: m.power(a[0], _TWO),
    "power": _power,
    "pow": lambda a, p: m.power(a[0], a[1]),
    "rpow": lambda a, p: m.power(m.number(plain(p.get("base", "b"))), a[0]),
    "sqrt": lambda a, p: m.root(a[0]),
    "rsqrt": lambda a, p: m.fraction(_ONE, m.root(a[0])),
    "exp": _exponential("e"),
    "exp2": _exponential("2"),
    "expm1": lambda a, p: m.infix(m.power(m.name("e"), a[0]), MINUS, _ONE, m.SUM, "-", "-"),
    "log1p": lambda a, p: m.applied(m.name("ln"), m.infix(_ONE, "+", a[0], m.SUM)),
    "log2": lambda a, p: m.applied(
        Term(m.ATOM, "<msub><mi>log</mi><mn>2</mn></msub>", r"\log_2", "log2"), a[0]
    ),
    "log10": lambda a, p: m.applied(
        Term(m.ATOM, "<msub><mi>log</mi><mn>10</mn></msub>", r"\log_{10}", "log10"), a[0]
    ),
    "abs": lambda a, p: m.between("|", a[0], "|"),
    "relu": _relu,
    "softplus": lambda a, p: m.applied(
        m.name("ln"), m.infix(_ONE, "+", m.power(m.name("e"), a[0]), m.SUM)
    ),
    "sum": _reduced("∑", r"\sum", "sum"),
    "sum_all": _reduced("∑", r"\sum", "sum"),
    "mean": _mean,
    "mean_all": _mean,
    "prod": _reduced("∏", r"\prod", "prod"),
    "prod_all": _reduced("∏", r"\prod", "prod"),
    "amax": _reduced("max", r"\max", "max"),
    "amin": _reduced("min", r"\min", "min"),
    "max_all": _reduced("max", r"\max", "max"),
    "min_all": _reduced("min", r"\min", "min"),
    "logsumexp": lambda a, p: m.applied(
        m.name("ln"), m.big("∑", r"\sum", "sum", m.power(m.name("e"), a[0]), _axes(p))
    ),
    "softmax": _softmax,
    "vector_norm": _norm,
    "matmul": lambda a, p: m.juxtaposed(a[0], a[1]),
    "mm": lambda a, p: m.juxtaposed(a[0], a[1]),
    "bmm": lambda a, p: m.juxtaposed(a[0], a[1]),
    "mv": lambda a, p: m.juxtaposed(a[0], a[1]),
    "vm": lambda a, p: m.juxtaposed(a[0], a[1]),
    "dot": lambda a, p: m.product(a[0], a[1]),
    "addmm": _addmm,
    "linear": _linear,
    "inv": lambda a, p: m.superscript(a[0], MINUS + "1", "-1", "^-1"),
    "t": _transposed,
    "transpose": _transposed,
    "broadcast_to": _spread,
    "clone": _same,
    "cast": _same,
    "where": _where,
    "keep": lambda a, p: m.product(m.between("[", a[0], "]"), a[1]) if len(a) > 1 else a[0],
    "mse_loss": _mse,
    "index": _indexed,
    "select": _indexed,
    "slice": _indexed,
    "gt": _comparison(">"),
    "lt": _comparison("<"),
    "ge": _comparison("≥"),
    "le": _comparison("≤"),
    "eq": _comparison("="),
    "ne": _comparison("≠"),
    "stopped": _same,
    "relu_backward": _indicator(lambda a: m.infix(a[1], ">", m.number("0"), 0)),
}
"""By the name of the primitive. A test checks that each is one."""


def plain(value: Any) -> str:
    """A number as short as it can be read back."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return (
        str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    )


def written(name: str, args: list[Term], params: dict[str, Any]) -> Term:
    """An operation on expressions."""
    writer = NOTATION.get(name)
    if writer is not None:
        return writer(args, params)
    return m.applied(m.name(name), *args)
