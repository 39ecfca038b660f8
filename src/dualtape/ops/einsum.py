"""Einstein summation: sums of products by the names of axes.

An equation is worked off from the left, two operands at a time. Of two operands a name is kept if the
output or a later operand has it; names in both are contracted by one product of matrices, the kept ones
as its batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.errors import ShapeError
from .axes import size_of
from .diagonals import diagonal
from .matmul import stacked
from .reduce import sum_p
from .shape import broadcast_to, permute, reshape

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

# A letter, or a number from the end for an axis that the ellipsis stands for.
Name = str | int


class Term(NamedTuple):
    """An operand and the names of its axes, all different."""

    x: Any
    names: tuple[Name, ...]


def einsum(equation: str, *operands: Any) -> Any:
    """Sums of products by the names of axes, such as `ij,jk->ik`.

    Args:
        equation: For each operand the letters of its axes, `...` for those that are not named; and the
            output's, without which every letter that comes once is kept, in alphabetical order.
        operands: Values of one dtype; axes of length 1 broadcast.

    Raises:
        ShapeError: The equation is malformed or does not fit the operands, in PyTorch's words.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    for i, letter in enumerate(equation.partition("->")[0]):
        if letter not in _LETTERS and letter not in "., ":
            raise ShapeError(
                f"einsum(): invalid subscript given at index {i} in the equation string, subscripts must be in [a-zA-Z]"
            )
    inputs = left.split(",")
    if len(inputs) < len(operands):
        raise ShapeError("einsum(): more operands were provided than specified in the equation")
    if len(inputs) > len(operands):
        raise ShapeError("einsum(): fewer operands were provided than specified in the equation")
    named = [_names(text, len(x.shape), i) for i, (text, x) in enumerate(zip(inputs, operands, strict=True))]
    sizes = _sizes(named, operands)
    output = _output(right, named) if arrow else _implied(named)
    terms = [
        _distinct(x, names, sizes, output) for x, names in zip(operands, named, strict=True)
    ]
    result = terms[0]
    if len(terms) == 1:
        result = _summed(result, output)
    for i, term in enumerate(terms[1:], 1):
        later = {n for t in terms[i + 1 :] for n in t.names}
        result = _contracted(result, term, later.union(output))
    x = permute(result.x, [result.names.index(n) for n in output if n in result.names])
    shape = tuple([sizes[n] for n in output])
    missing = [n for n in output if n not in result.names]
    if missing:  # every operand had length 1 there, and lost the axis
        x = reshape(x, [sizes[n] if n in result.names else 1 for n in output])
    return x if tuple(x.shape) == shape else broadcast_to(x, shape)


def _names(text: str, rank: int, number: int) -> tuple[Name, ...]:
    before, dots, after = text.partition("...")
    if "." in before or "." in after:
        if dots and "..." in after:
            raise ShapeError(f"einsum(): found '.' for operand {number} for which an ellipsis was already found")
        raise ShapeError(f"einsum(): found '.' for operand {number} that is not part of any ellipsis")
    count = len(before) + len(after)
    if not dots and count != rank:
        raise ShapeError(
            f"einsum(): the number of subscripts in the equation ({count}) does not match the number of dimensions "
            f"({rank}) for operand {number} and no ellipsis was given"
        )
    if count > rank:
        raise ShapeError(
            f"einsum(): the number of subscripts in the equation ({count}) is more than the number of dimensions "
            f"({rank}) for operand {number}"
        )
    return (*before, *range(rank - count, 0, -1), *after) if dots else tuple(before)


def _sizes(named: Sequence[tuple[Name, ...]], operands: Sequence[Any]) -> dict[Name, int]:
    sizes: dict[Name, int] = {}
    for number, (names, x) in enumerate(zip(named, operands, strict=True)):
        own: dict[Name, int] = {}
        for name, n in zip(names, tuple(x.shape), strict=True):
            if own.setdefault(name, n) != n:
                raise ShapeError(
                    f"einsum(): subscript {name} is repeated for operand {number} but the sizes don't match, {n} != {own[name]}"
                )
            known = sizes.setdefault(name, n)
            if known == 1:
                sizes[name] = n
            elif n not in (1, known):
                raise ShapeError(
                    f"einsum(): subscript {name} has size {n} for operand {number} which does not broadcast with "
                    f"previously seen size {known}"
                )
    return sizes


def _covered(named: Sequence[tuple[Name, ...]]) -> tuple[Name, ...]:
    most = max((n for names in named for n in names if isinstance(n, int)), default=0)
    return tuple(range(most, 0, -1))


def _output(text: str, named: Sequence[tuple[Name, ...]]) -> tuple[Name, ...]:
    before, dots, after = text.partition("...")
    everywhere = {n for names in named for n in names}
    for letter in before + after:
        if letter not in _LETTERS:
            raise ShapeError(
                f"einsum(): invalid subscript given in the output, subscripts must be in [a-zA-Z]: {letter}"
            )
        if text.count(letter) > 1:
            raise ShapeError(f"einsum(): output subscript {letter} appears more than once in the output")
        if letter not in everywhere:
            raise ShapeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
            )
    return (*before, *_covered(named), *after) if dots else tuple(before)


def _implied(named: Sequence[tuple[Name, ...]]) -> tuple[Name, ...]:
    """Without an output: the axes of the ellipsis, and the letters that come once, upper case first."""
    letters = [n for names in named for n in names if isinstance(n, str)]
    return (*_covered(named), *sorted(n for n in letters if letters.count(n) == 1))


def _distinct(x: Any, names: tuple[Name, ...], sizes: dict[Name, int], output: tuple[Name, ...]) -> Term:
    """An operand with diagonals for repeated names, and without axes of length 1 that broadcast."""
    kept = list(names)
    for name in dict.fromkeys(names):
        while kept.count(name) > 1:
            a = kept.index(name)
            b = kept.index(name, a + 1)
            x = diagonal(x, 0, a, b)
            kept = [n for i, n in enumerate(kept) if i not in (a, b)] + [name]
    shape = tuple(x.shape)
    dropped = [i for i, n in enumerate(kept) if shape[i] == 1 and sizes[n] != 1]
    if dropped:
        x = reshape(x, [n for i, n in enumerate(shape) if i not in dropped])
        kept = [n for i, n in enumerate(kept) if i not in dropped]
    return Term(x, tuple(kept))


def _summed(term: Term, wanted: Any) -> Term:
    """Without the axes whose names are not wanted."""
    axes = tuple([i for i, n in enumerate(term.names) if n not in wanted])
    if not axes:
        return term
    return Term(sum_p(term.x, axes=axes, keepdims=False), tuple([n for n in term.names if n in wanted]))


def _contracted(a: Term, b: Term, wanted: Any) -> Term:
    """The product of two terms, summed over what nobody wants any more."""
    a = _summed(a, wanted.union(b.names))
    b = _summed(b, wanted.union(a.names))
    batch = [n for n in a.names if n in b.names and n in wanted]
    inside = [n for n in a.names if n in b.names and n not in wanted]
    left = [n for n in a.names if n not in b.names]
    right = [n for n in b.names if n not in a.names]
    names = (*batch, *left, *right)
    x = permute(a.x, [a.names.index(n) for n in (*batch, *left, *inside)])
    y = permute(b.x, [b.names.index(n) for n in (*batch, *inside, *right)])
    nb, nl, nr = len(batch), len(left), len(right)
    s, t = tuple(x.shape), tuple(y.shape)
    if not inside:
        product = reshape(x, (*s, *(1,) * nr)) * reshape(y, (*t[:nb], *(1,) * nl, *t[nb:]))
        return Term(product, names)
    k = size_of(s[nb + nl :])
    x = reshape(x, (*s[:nb], size_of(s[nb : nb + nl]), k))
    y = reshape(y, (*t[:nb], k, size_of(t[nb + len(inside) :])))
    out = reshape(stacked(x, y), (*s[: nb + nl], *t[nb + len(inside) :]))
    return Term(out, names)
