"""Mathematical expressions as MathML, LaTeX and plain text at once."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

MINUS, TIMES, SIGMA, ONES = "\u2212", "\u00d7", "\u03c3", "\U0001d7cf"
"""Signs that look like letters or like other signs, by their names."""

OTHERWISE = "<mtext>otherwise</mtext>"

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5
"""How tightly an expression holds together."""


class Term(NamedTuple):
    """An expression.

    Attributes:
        rank: How tightly it holds together: what is beside it may need parentheses.
        mathml, latex, text: The same three times.
    """

    rank: int
    mathml: str
    latex: str
    text: str


def variable(key: str, name: str) -> Term:
    """A variable that the page may replace by its number: `key` is an operand's number, "out" or "ct"."""
    latex = r"\bar{y}" if key == "ct" else _latex_name(name)
    return Term(ATOM, f'<mi data-v="{escape(key)}">{escape(name)}</mi>', latex, name)


def _latex_name(name: str) -> str:
    return name if len(name) == 1 else rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"


def number(text: str) -> Term:
    """A number."""
    if text.startswith("-"):
        return negative(number(text[1:]))
    return Term(ATOM, f"<mn>{escape(text)}</mn>", text, text)


_LOW = str.maketrans("-0123456789", "₋₀₁₂₃₄₅₆₇₈₉")


def lowered(number: int) -> str:
    """A number as an index: ₃."""
    return str(number).translate(_LOW)


def name(text: str) -> Term:
    """The name of a function."""
    return Term(ATOM, f"<mi>{escape(text)}</mi>", _latex_name(text), text)


def parenthesised(x: Term) -> Term:
    """(x)."""
    return Term(
        ATOM,
        f"<mrow><mo>(</mo>{x.mathml}<mo>)</mo></mrow>",
        rf"\left({x.latex}\right)",
        f"({x.text})",
    )


def at_least(x: Term, rank: int) -> Term:
    """In parentheses, if it holds together less than that."""
    return x if x.rank >= rank else parenthesised(x)


def infix(x: Term, sign: str, y: Term, rank: int, latex: str = "", text: str = "") -> Term:
    """X sign y, left associative."""
    x, y = at_least(x, rank), at_least(y, rank + 1)
    return Term(
        rank,
        f"<mrow>{x.mathml}<mo>{escape(sign)}</mo>{y.mathml}</mrow>",
        f"{x.latex} {latex or sign} {y.latex}",
        f"{x.text} {text or sign} {y.text}",
    )


def product(x: Term, y: Term) -> Term:
    """X · y, with associativity."""
    x, y = at_least(x, PRODUCT), at_least(y, PRODUCT)
    return Term(
        PRODUCT,
        f"<mrow>{x.mathml}<mo>·</mo>{y.mathml}</mrow>",
        rf"{x.latex} \cdot {y.latex}",
        f"{x.text} · {y.text}",
    )


def juxtaposed(x: Term, y: Term) -> Term:
    """The product of matrices."""
    x, y = at_least(x, PRODUCT), at_least(y, PRODUCT)
    return Term(
        PRODUCT,
        f"<mrow>{x.mathml}<mo>&#x2062;</mo>{y.mathml}</mrow>",
        rf"{x.latex}\,{y.latex}",
        f"{x.text} @ {y.text}",
    )


def negative(x: Term) -> Term:
    """-x."""
    x = at_least(x, PRODUCT)
    return Term(SIGN, f"<mrow><mo>{MINUS}</mo>{x.mathml}</mrow>", f"-{x.latex}", f"-{x.text}")


def fraction(x: Term, y: Term) -> Term:
    """X over y."""
    return Term(
        POWER,
        f"<mfrac>{x.mathml}{y.mathml}</mfrac>",
        rf"\frac{{{x.latex}}}{{{y.latex}}}",
        f"{at_least(x, PRODUCT).text} / {at_least(y, POWER).text}",
    )


def power(x: Term, y: Term) -> Term:
    """X to the y."""
    x = at_least(x, ATOM)
    return Term(
        POWER,
        f"<msup>{x.mathml}{y.mathml}</msup>",
        f"{{{x.latex}}}^{{{y.latex}}}",
        f"{x.text}^{at_least(y, ATOM).text}",
    )


def root(x: Term) -> Term:
    """The square root."""
    return Term(ATOM, f"<msqrt>{x.mathml}</msqrt>", rf"\sqrt{{{x.latex}}}", f"sqrt({x.text})")


def between(left: str, x: Term, right: str, latex: tuple[str, str] | None = None) -> Term:
    """|x| and its kin."""
    a, b = latex or (left, right)
    return Term(
        ATOM,
        f"<mrow><mo>{escape(left)}</mo>{x.mathml}<mo>{escape(right)}</mo></mrow>",
        rf"\left{a} {x.latex} \right{b}",
        f"{left}{x.text}{right}",
    )


def applied(function: Term, *args: Term) -> Term:
    """f(x, y)."""
    inside = "<mo>,</mo>".join([a.mathml for a in args])
    return Term(
        POWER,
        f"<mrow>{function.mathml}<mo>&#x2061;</mo><mrow><mo>(</mo>{inside}<mo>)</mo></mrow></mrow>",
        rf"{function.latex}\left({', '.join(a.latex for a in args)}\right)",
        f"{function.text}({', '.join(a.text for a in args)})",
    )


def superscript(x: Term, mark: str, latex: str, text: str) -> Term:
    """xᵀ and its kin: a mark that is no number."""
    x = at_least(x, ATOM)
    return Term(
        POWER,
        f"<msup>{x.mathml}<mo>{escape(mark)}</mo></msup>",
        f"{x.latex}^{{{latex}}}",
        f"{x.text}{text}",
    )


def subscript(x: Term, below: Term) -> Term:
    """xₙ."""
    x = at_least(x, ATOM)
    return Term(
        ATOM,
        f"<msub>{x.mathml}{below.mathml}</msub>",
        f"{{{x.latex}}}_{{{below.latex}}}",
        f"{x.text}_{at_least(below, ATOM).text}",
    )


def big(sign: str, latex: str, text: str, x: Term, below: str = "") -> Term:
    """A sum or the like over axes."""
    mark = f"<mo>{sign}</mo>"
    if below:
        mark = f"<munder>{mark}<mtext>{escape(below)}</mtext></munder>"
        latex = rf"{latex}_{{\text{{{below}}}}}"
        text = f"{text}[{below}]"
    return Term(
        PRODUCT,
        f"<mrow>{mark}{at_least(x, PRODUCT).mathml}</mrow>",
        f"{latex} {at_least(x, PRODUCT).latex}",
        f"{text}({x.text})",
    )


def cases(rows: list[tuple[Term, str, str]]) -> Term:
    """Values by condition; conditions as MathML and text, the last one's empty: otherwise."""
    body = "".join(
        [f"<mtr><mtd>{x.mathml}</mtd><mtd>{c or OTHERWISE}</mtd></mtr>" for x, c, _ in rows]
    )
    latex = r" \\ ".join([rf"{x.latex} & \text{{{t or 'otherwise'}}}" for x, _, t in rows])
    return Term(
        0,
        f'<mrow><mo>{{</mo><mtable columnalign="left">{body}</mtable></mrow>',
        rf"\begin{{cases}} {latex} \end{{cases}}",
        "; ".join([f"{x.text} if {t}" if t else f"{x.text} otherwise" for x, _, t in rows]),
    )


def equation(left: Term, right: Term) -> Term:
    """Left = right."""
    return Term(
        0,
        f"<mrow>{left.mathml}<mo>=</mo>{right.mathml}</mrow>",
        f"{left.latex} = {right.latex}",
        f"{left.text} = {right.text}",
    )
