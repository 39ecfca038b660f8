"""Which expressions of a program break the way of a gradient: tables of names, and how a call is judged by them.

This is asked only after the recording has shown that there is no way; so a name may be listed that
breaks it in one dialect alone, or only for some arguments.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from .verdict import Cause


class Break(NamedTuple):
    """A place in the source where history is lost.

    Attributes:
        cause: What is lost there.
        filename, line: Where.
        what: The construct, for messages.
        block: The line of the block that it is in, where that is the reason.
    """

    cause: Cause
    filename: str
    line: int
    what: str
    block: int | None = None


def _table(**groups: str) -> dict[str, Cause]:
    return {name: Cause(cause) for cause, names in groups.items() for name in names.split()}


CALLS = _table(
    detached="detach detach_ detach_copy",
    numpy="numpy __array__",
    python_number="item tolist",
    stop_gradient="stop_gradient",
    constant="tensor constant from_numpy Tensor FloatTensor DoubleTensor Variable Parameter",
    not_differentiable=(
        "argmax argmin argsort sign sgn round floor ceil trunc rint heaviside step bincount histc histogram "
        "searchsorted bucketize one_hot isnan isinf isfinite isclose equal not_equal greater greater_equal less "
        "less_equal eq ne gt ge lt le logical_and logical_or logical_xor logical_not count_nonzero nonzero unique "
        "multinomial bernoulli categorical floor_divide floordiv rint"
    ),
    integer="int long short byte char to_int32 to_int64",
    boolean="bool",
    assigned="assign assign_add assign_sub copy_data_from",
)
"""Functions and methods by their last name."""

BUILTINS = _table(
    python_number="float int complex bool str repr format", not_differentiable="round divmod"
)
"""Python's own functions."""

PRUNED = frozenset(
    (
        "len", "isinstance", "issubclass", "type", "id", "print", "range", "hasattr", "callable", "size", "dim",
        "numel", "nelement", "shape", "rank", "zeros_like", "ones_like", "full_like", "empty_like", "rand_like",
        "randn_like", "zeros", "ones", "full", "empty", "device",
    )
)  # fmt: skip
"""Calls whose result depends on the form of their arguments at most."""

METADATA = frozenset(
    (
        "shape", "dtype", "device", "ndim", "layout", "grad", "grad_fn", "requires_grad", "is_leaf", "name",
        "names", "itemsize", "nbytes",
    )
)  # fmt: skip
"""Attributes that do not depend on the numbers; `grad` does, but as a constant."""

BLOCKS = frozenset(("no_grad", "inference_mode", "stop_recording"))

CASTS = frozenset(("to", "type", "cast", "astype", "saturate_cast"))

_WHOLE = ("int", "uint", "long", "short")


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name; empty for any other expression."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` as a string; None for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return None if base is None else f"{base}.{node.attr}"
    return None


def cast_cause(call: ast.Call) -> Cause | None:
    """INTEGER or BOOLEAN for a conversion to such a dtype."""
    for argument in (*call.args, *[k.value for k in call.keywords]):
        name = last_name(argument)
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            name = argument.value
        if name.startswith(_WHOLE):
            return Cause.INTEGER
        if name.startswith("bool"):
            return Cause.BOOLEAN
    return None


def switches_off(context: ast.expr) -> bool:
    """Whether a `with` of this expression, or a decorator, switches recording off."""
    if isinstance(context, ast.Call):
        name = last_name(context.func)
        if name == "set_grad_enabled":
            return any(isinstance(a, ast.Constant) and a.value is False for a in context.args)
        return name in BLOCKS
    return last_name(context) in BLOCKS


def opens_tape(context: ast.expr) -> bool:
    """Whether a `with` of this expression records on a new tape."""
    return isinstance(context, ast.Call) and last_name(context.func) == "GradientTape"
