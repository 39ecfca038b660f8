"""Names in C for what an exported function is given, and which of it derivatives are taken by."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.aval import is_inexact
from ...core.tensor import Tensor
from ...transforms import tree
from .derivatives import ExportError, is_operand

KEYWORDS = frozenset(
    [
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
        "main",
        "work",
    ]
)


def number_of(x: Any) -> Any:
    """A tensor's value, an array as it is."""
    return x.value if isinstance(x, Tensor) else x


def chosen(
    wrt: Sequence[int | str] | int | str | None,
    names: dict[int, str],
    leaves: Sequence[Any],
    arrays: Sequence[int],
) -> list[int]:
    """The leaves to differentiate by.

    Raises:
        ValueError: There is no such array.
        ExportError: It is not of real numbers.
    """
    floating = [i for i in arrays if is_inexact(np.dtype(number_of(leaves[i]).dtype))]
    if wrt is None:
        return floating
    found = []
    for w in (wrt,) if isinstance(wrt, (int, str)) else wrt:
        here = [
            i
            for k, i in enumerate(arrays)
            if w in (k, names[i]) or str(w) == names[i].rpartition("_")[0]
        ]
        if not here:
            raise ValueError(
                f"export_c: no array among the arguments is {w!r}; they are {', '.join(names.values())}"
            )
        for i in here:
            if i not in floating:
                raise ExportError(
                    f"export_c: {names[i]} is of {number_of(leaves[i]).dtype}, which has no derivative"
                )
        found += here
    return found


def names_of(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[int, str]:
    """Names of the arrays among the leaves, from the function's parameters and the places in them."""
    f = getattr(getattr(f, "__self__", None), "python_function", f)
    try:
        bound = [p for p in inspect.signature(f).parameters.values() if p.kind is not p.VAR_KEYWORD]
    except (TypeError, ValueError):
        bound = []
    tops: list[tuple[str, Any]] = []
    for k, x in enumerate(args):
        p = bound[min(k, len(bound) - 1)] if bound else None
        plain = p is not None and p.kind is not p.VAR_POSITIONAL
        tops.append((p.name if p is not None and plain else f"x{k}", x))
    keys = list(kwargs)
    in_order = tree.flatten({key: k for k, key in enumerate(keys)})[0]
    tops += [(keys[k], kwargs[keys[k]]) for k in in_order]
    out: dict[int, str] = {}
    taken: set[str] = set()
    at = 0
    for top, x in tops:
        flat = tree.flatten(x)[0]
        for k, leaf in enumerate(flat):
            if is_operand(leaf):
                name = top if len(flat) == 1 else f"{top}_{k}"
                out[at] = identifier(name, taken)
                taken.add(out[at])
            at += 1
    return out


def identifier(name: str, taken: set[str]) -> str:
    """A name that C takes, and that is not the text's own."""
    name = re.sub(r"\W", "_", name, flags=re.ASCII)
    if not name or name[0].isdigit() or name.startswith("_"):
        name = f"f{name}"
    if name in KEYWORDS or name.startswith("dt_"):
        name += "_"
    while name in taken:
        name += "_"
    return name


def unique(names: Sequence[str], taken: set[str]) -> list[str]:
    """Names that C takes, and that are not taken."""
    return [identifier(n, taken) for n in names]
