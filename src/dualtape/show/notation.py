"""How an operation is written where its formula is not what is wanted: shorter, or because it is about places in arrays.

What has no entry is written as its formula (`formulary`), or else as a function of its name. Derivatives are not here: `formulas` reads them from the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import mathematics as m
from .formulary import FORMULAS, operands_of
from .mathematics import ONES, SIGMA, Term
from .reading import read

Writer = Callable[[list[Term], dict[str, Any]], Term]

_ONE, _TWO = m.number("1"), m.number("2")


def _same(a: list[Term], p: dict[str, Any]) -> Term:
    return a[0]


def _transposed(a: list[Term], p: dict[str, Any]) -> Term:
    return m.superscript(a[0], "T", r"\mathsf{T}", ".T")


def _spread(a: list[Term], p: dict[str, Any]) -> Term:
    return m.product(a[0], Term(m.ATOM, f"<mn>{ONES}</mn>", r"\mathbf{1}", "ones"))


def _linear(a: list[Term], p: dict[str, Any]) -> Term:
    out = m.juxtaposed(a[0], _transposed([a[1]], p))
    return m.infix(out, "+", a[2], m.SUM) if len(a) > 2 else out


def _indexed(a: list[Term], p: dict[str, Any]) -> Term:
    x = m.at_least(a[0], m.ATOM)
    return Term(
        m.POWER,
        f"<msub>{x.mathml}<mtext>[…]</mtext></msub>",
        rf"{x.latex}[\ldots]",
        f"{x.text}[...]",
    )


def _indicator(of: Callable[[list[Term]], Term]) -> Writer:
    return lambda a, p: m.product(a[0], m.between("[", of(a), "]"))


NOTATION: dict[str, Writer] = {
    "sigmoid": lambda a, p: m.applied(m.name(SIGMA), a[0]),
    "sgn": lambda a, p: m.applied(m.name("sign"), a[0]),
    "lgamma": lambda a, p: m.applied(m.name("ln Γ"), a[0]),
    "softplus": lambda a, p: m.applied(
        m.name("ln"), m.infix(_ONE, "+", m.power(m.name("e"), a[0]), m.SUM)
    ),
    "conj": lambda a, p: m.applied(m.name("conj"), a[0]),
    "vector_norm": lambda a, p: m.between("‖", a[0], "‖", (r"\|", r"\|")),
    "dot": lambda a, p: m.product(a[0], a[1]),
    "linear": _linear,
    "transpose": _transposed,
    "broadcast_to": _spread,
    "clone": _same,
    "cast": _same,
    "keep": lambda a, p: m.product(m.between("[", a[0], "]"), a[1]) if len(a) > 1 else a[0],
    "index": _indexed,
    "select": _indexed,
    "slice": _indexed,
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
    formula = FORMULAS.get(name)
    if formula is not None:
        return read(formula, dict(zip(operands_of(name), args, strict=False)), params)
    return m.applied(m.name(name), *args)
