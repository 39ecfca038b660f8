"""Einstein summation: sums of products by the names of axes.

What to do depends on the equation and the shapes alone and is planned once for each. Every operand
loses its repeated names (diagonals), the axes of length 1 that broadcast, and the names that nobody
else has (sums). Then two at a time are contracted, the cheapest pair first; a name is kept as long
as the output or another operand has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..core.errors import ShapeError
from ..core.lengths import any_open
from .axes import size_of
from .contraction import contract_p
from .diagonals import diagonal_p
from .reduce import sum_p
from .shape import permute_p, reshape_p

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

# Names for the axes of an ellipsis, counted from its end: not letters, and in this order.
_DOTS = "".join(map(chr, range(0x2460, 0x24A0)))

Shapes = tuple[tuple[int, ...], ...]
Step = tuple[Callable[..., Any], dict[str, Any]]


class Plan(NamedTuple):
    """What an equation means for operands of certain shapes.

    Attributes:
        prepare: Per operand the primitives to apply first.
        pairs: Which two terms to contract next (the result is put at the end), and the parameters.
        finish: The primitives to apply to the last term.
    """

    prepare: tuple[tuple[Step, ...], ...]
    pairs: tuple[tuple[int, int, dict[str, str]], ...]
    finish: tuple[Step, ...]


def einsum(equation: str, *operands: Any) -> Any:
    """Sums of products by the names of axes, such as `ij,jk->ik`.

    Args:
        equation: For each operand the letters of its axes, `...` for those that are not named; and
            the output's, without which every letter that comes once is kept, in alphabetical order.
        operands: Values of one dtype; axes of length 1 broadcast.

    Raises:
        ShapeError: The equation is malformed or does not fit the operands, in PyTorch's words.
    """
    shapes = tuple([tuple(x.shape) for x in operands])
    made = _plan.__wrapped__ if any(map(any_open, shapes)) else _plan
    plan = made(equation, shapes)
    terms = []
    for x, steps in zip(operands, plan.prepare, strict=True):
        for primitive, params in steps:
            x = primitive(x, **params)
        terms.append(x)
    for i, j, params in plan.pairs:
        y = terms.pop(j)
        x = terms.pop(i)
        terms.append(contract_p(x, y, **params))
    (x,) = terms
    for primitive, params in plan.finish:
        x = primitive(x, **params)
    return x


@lru_cache(maxsize=1024)
def _plan(equation: str, shapes: Shapes) -> Plan:
    named, output = _parsed(equation, shapes)
    sizes = _sizes(named, shapes)
    prepare, distinct = [], []
    for own, s in zip(named, shapes, strict=True):
        steps, left = _distinct(own, s, sizes)
        prepare.append(steps)
        distinct.append(left)
    names = []
    for i, (steps, own) in enumerate(zip(prepare, distinct, strict=True)):
        others = set("".join(distinct[:i] + distinct[i + 1 :]) + output)
        axes = tuple([k for k, n in enumerate(own) if n not in others])
        if axes:
            steps.append((sum_p, {"axes": axes, "keepdims": False}))
        names.append("".join([n for n in own if n in others]))
    pairs = _pairs(names, output, sizes)
    last = output if pairs else names[0]
    finish: list[Step] = []
    if len(shapes) == 1:  # one operand: a view of it, as in PyTorch
        finish.append((permute_p, {"axes": tuple([last.index(n) for n in output])}))
    return Plan(tuple([tuple(steps) for steps in prepare]), tuple(pairs), tuple(finish))


def _distinct(names: str, shape: tuple[int, ...], sizes: dict[str, int]) -> tuple[list[Step], str]:
    """What gives an operand distinct names of their full lengths, and these names."""
    steps: list[Step] = []
    s = list(shape)
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            a = names.index(name)
            b = names.index(name, a + 1)
            steps.append((diagonal_p, {"offset": 0, "axis1": a, "axis2": b}))
            names = "".join([n for k, n in enumerate(names) if k not in (a, b)]) + name
            s = [n for k, n in enumerate(s) if k not in (a, b)] + [s[a]]
    spread = [k for k, n in enumerate(names) if s[k] == 1 and sizes[n] != 1]
    if spread:  # every other operand does without it, so may this one
        s = [n for k, n in enumerate(s) if k not in spread]
        names = "".join([n for k, n in enumerate(names) if k not in spread])
        steps.append((reshape_p, {"shape": tuple(s)}))
    return steps, names


def _pairs(
    names: Sequence[str], output: str, sizes: dict[str, int]
) -> list[tuple[int, int, dict[str, str]]]:
    """The order of contractions: the pair that takes the fewest multiplications first."""
    terms = list(names)
    pairs = []
    while len(terms) > 1:
        count = len(terms)
        _, _, i, j = min(
            (
                size_of([sizes[n] for n in set(terms[i] + terms[j])]),
                size_of([sizes[n] for n in _kept(terms, i, j, output)]),
                i,
                j,
            )
            for i in range(count)
            for j in range(i + 1, count)
        )
        out = output if count == 2 else _kept(terms, i, j, output)
        x, y = terms[i], terms[j]
        pairs.append((i, j, {"x_names": x, "y_names": y, "out": out}))
        terms = [t for k, t in enumerate(terms) if k not in (i, j)] + [out]
    return pairs


def _kept(terms: Sequence[str], i: int, j: int, output: str) -> str:
    """The names that the contraction of two terms keeps."""
    wanted = set(output).union(*[t for k, t in enumerate(terms) if k not in (i, j)])
    return "".join([n for n in dict.fromkeys(terms[i] + terms[j]) if n in wanted])


# Reading an equation -----------------------------------------------------------------------------


def _parsed(equation: str, shapes: Shapes) -> tuple[list[str], str]:
    """The names of each operand's axes, and of the output's."""
    left, arrow, right = equation.partition("->")
    for i, letter in enumerate(left):
        if letter not in _LETTERS and letter not in "., ":
            raise _invalid(i)
    inputs = left.replace(" ", "").split(",")
    if len(inputs) < len(shapes):
        raise ShapeError("einsum(): more operands were provided than specified in the equation")
    if len(inputs) > len(shapes):
        raise ShapeError("einsum(): fewer operands were provided than specified in the equation")
    named = [
        _names(text, len(s), i) for i, (text, s) in enumerate(zip(inputs, shapes, strict=True))
    ]
    everywhere = "".join(named)
    dots = "".join([n for n in reversed(_DOTS) if n in everywhere])
    if arrow:
        return named, _output(right, everywhere, dots, len(left) + 2)
    once = [n for n in everywhere if n in _LETTERS and everywhere.count(n) == 1]
    return named, dots + "".join(sorted(once))


def _invalid(index: int) -> ShapeError:
    return ShapeError(
        f"einsum(): invalid subscript given at index {index} in the equation string, subscripts "
        "must be in [a-zA-Z]"
    )


def _names(text: str, rank: int, number: int) -> str:
    before, dots, after = text.partition("...")
    if "." in before or "." in after:
        if dots and "." in after:
            raise ShapeError(
                f"einsum(): found '.' for operand {number} for which an ellipsis was already found"
            )
        raise ShapeError(
            f"einsum(): found '.' for operand {number} that is not part of any ellipsis"
        )
    count = len(before) + len(after)
    if count != rank and (not dots or count > rank):
        rest = (
            f"does not match the number of dimensions ({rank}) for operand {number} and no "
            "ellipsis was given"
            if not dots
            else f"is more than the number of dimensions ({rank}) for operand {number}"
        )
        raise ShapeError(f"einsum(): the number of subscripts in the equation ({count}) {rest}")
    return before + _DOTS[: rank - count][::-1] + after


def _output(text: str, everywhere: str, dots: str, start: int) -> str:
    for i, letter in enumerate(text):
        if letter not in _LETTERS and letter not in ". ":
            raise _invalid(start + i)
    before, ellipsis, after = text.replace(" ", "").partition("...")
    if "." in before or "." in after:
        raise ShapeError(
            "einsum(): found '.' for output "
            + ("but an ellipsis (...) was already found" if ellipsis else "that is not part of any "
               "ellipsis (...)")
        )  # fmt: skip
    for letter in before + after:
        if (before + after).count(letter) > 1:
            raise ShapeError(
                f"einsum(): output subscript {letter} appears more than once in the output"
            )
        if letter not in everywhere:
            raise ShapeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any "
                "input operand"
            )
    return before + (dots if ellipsis else "") + after


def _sizes(named: Sequence[str], shapes: Shapes) -> dict[str, int]:
    """The length of every name: the one that is not 1, if any."""
    sizes: dict[str, int] = {}
    for number, (names, s) in enumerate(zip(named, shapes, strict=True)):
        own: dict[str, int] = {}
        for name, n in zip(names, s, strict=True):
            if own.setdefault(name, n) != n:
                raise ShapeError(
                    f"einsum(): subscript {name} is repeated for operand {number} but the sizes "
                    f"don't match, {n} != {own[name]}"
                )
            known = sizes.setdefault(name, n)
            if known == 1:
                sizes[name] = n
            elif n not in (1, known):
                raise ShapeError(
                    f"einsum(): subscript {name} has size {n} for operand {number} which does not "
                    f"broadcast with previously seen size {known}"
                )
    return sizes
