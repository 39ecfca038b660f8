"""Declaring primitives. What kind of map an operation is decides how its rules follow from one another.

elementwise   the Jacobian is diagonal, hence its own transpose: one expression per operand serves the
              tangent and the cotangent
linear        the pushforward is the operation itself; the transpose is declared
multilinear   linear in each operand: pushforward by operand, a transpose for each
general       a pushforward and a pullback for each operand
constant      no derivative: comparisons, roundings' integer results, indices
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .aval import Aval
from .bind import BinaryPrimitive, NaryPrimitive, UnaryPrimitive
from .conform import mismatch
from .lengths import any_open
from .primitive import Primitive, Rule
from .tracing import capture

Eval = Callable[..., Any]

_ARITIES = {1: UnaryPrimitive, 2: BinaryPrimitive}


def _make(name: str, eval: Eval, *, inputs: str, outputs: int = 1, **rest: Any) -> NaryPrimitive:
    names = inputs.split()
    variadic = bool(names) and names[0].endswith("*")
    cls = NaryPrimitive if outputs != 1 or variadic else _ARITIES.get(len(names), NaryPrimitive)
    return cls(name, eval, inputs=names, outputs=outputs, **rest)


def _default_inputs(number: int) -> str:
    return " ".join(("x", "y", "z", "w")[:number])


def broadcast_shapes(name: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that `shapes` broadcast to.

    Raises:
        ShapeError: They do not, with the operation's name and PyTorch's wording.
    """
    try:
        if capture.get() is not None and any(map(any_open, shapes)):
            return _broadcast_open(name, shapes)
        return np.broadcast_shapes(*shapes)
    except ValueError:
        out = shapes[0]
        for s in shapes[1:]:
            try:
                out = np.broadcast_shapes(out, s)
            except ValueError:
                raise mismatch(name, out, s) from None
        raise


def _broadcast_open(name: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """`broadcast_shapes` where lengths are open."""
    out: list[int] = []
    for shape in shapes:
        out[:0] = [1] * (len(shape) - len(out))
        for i, n in enumerate(shape, len(out) - len(shape)):
            if out[i] == 1:
                out[i] = n
            elif n not in (1, out[i]):
                raise mismatch(name, tuple(out), shape)
    return tuple(out)


class _ElementwiseAval:
    """Shape by broadcasting; dtype by running the operation once on single elements, per dtypes."""

    def __init__(self, name: str, eval: Eval) -> None:
        self.name = name
        self.eval = eval
        self.known: dict[Any, np.dtype[Any]] = {}

    def __call__(self, *avals: Aval, **params: Any) -> Aval:
        key = (*[a.dtype for a in avals], *[(k, repr(v)) for k, v in sorted(params.items())])
        dtype = self.known.get(key)
        if dtype is None:
            ones = [np.ones(1, a.dtype) for a in avals]
            with np.errstate(all="ignore"):
                dtype = self.known[key] = self.eval(*ones, **params).dtype
        return Aval(broadcast_shapes(self.name, *[a.shape for a in avals]), dtype)


def elementwise(
    name: str, eval: Eval, *rules: Rule | str | None, inputs: str | None = None, **rest: Any
) -> Any:
    """Declare an operation whose output element depends on the same element of each (broadcast) input.

    Args:
        name: Its name.
        eval: On NumPy values, broadcasting.
        rules: One per operand, (d, residuals..., *, params...): the derivative times `d`. None where
            there is no dependence.
        inputs: Operand names, "x y z" by default.
        rest: See `Primitive`.
    """
    return _make(
        name, eval, kind="elementwise", pointwise=True, inputs=inputs or _default_inputs(len(rules)), vjps=rules, jvps=rules,
        aval=rest.pop("aval", None) or _ElementwiseAval(name, eval), **rest,
    )  # fmt: skip


def elementwise_real(
    name: str,
    eval: Eval,
    *,
    jvps: Sequence[Rule | None],
    vjps: Sequence[Rule | None],
    inputs: str | None = None,
    **rest: Any,
) -> Any:
    """Declare an elementwise operation that is not holomorphic: on complex input its two rules differ.

    Args:
        name, eval, inputs, rest: As for `elementwise`.
        jvps: (d, residuals...) -> tangent of the output, real-linear in d.
        vjps: (ct, residuals...) -> its adjoint under Re(sum(conj(a) * b)).
    """
    return _make(
        name, eval, kind="elementwise", pointwise=True, inputs=inputs or _default_inputs(len(jvps)), vjps=vjps, jvps=jvps,
        holomorphic=False, aval=rest.pop("aval", None) or _ElementwiseAval(name, eval), **rest,
    )  # fmt: skip


def linear(
    name: str,
    eval: Eval,
    transpose: Rule | str,
    *,
    aval: Callable[..., Any],
    inputs: str = "x",
    **rest: Any,
) -> Any:
    """Declare an operation linear in its first operand (variadic: jointly in all), constant in others.

    Args:
        name: Its name.
        eval: On NumPy values.
        transpose: (ct, *, params...) -> cotangent of the operand; may name `aval` (the operand's shape
            and dtype), `index` (which one, if variadic) and other operands (indices, masks).
        aval: Shape and dtype rule.
        inputs: Operand names; "xs*" for a variadic operation.
        rest: See `Primitive`.
    """
    count = len(inputs.split())
    return _make(
        name, eval, kind="linear", inputs=inputs, vjps=(transpose, *[None] * (count - 1)),
        jvps=(None,) * count, aval=aval, **rest,
    )  # fmt: skip


def multilinear(
    name: str,
    eval: Eval,
    *transposes: Rule | str | None,
    aval: Callable[..., Any],
    inputs: str | None = None,
    **rest: Any,
) -> Any:
    """Declare an operation linear in each operand that has a transpose, the others held fixed.

    Args:
        name, eval, aval, inputs, rest: As for `linear`.
        transposes: Per operand (ct, residuals..., *, params...) -> its cotangent; None: no derivative.
    """
    return _make(
        name, eval, kind="multilinear", inputs=inputs or _default_inputs(len(transposes)), vjps=transposes,
        jvps=(None,) * len(transposes), aval=aval, **rest,
    )  # fmt: skip


def general(
    name: str,
    eval: Eval,
    *,
    aval: Callable[..., Any],
    jvp: Rule | str | Sequence[Rule | str | None],
    vjp: Rule | str | Sequence[Rule | str | None] | None = None,
    joint_vjp: Rule | None = None,
    inputs: str | None = None,
    **rest: Any,
) -> Any:
    """Declare an operation of no simpler kind, with a pushforward and a pullback for each operand.

    Args:
        name, eval, aval, inputs, rest: As for `linear`.
        jvp: Per operand (x_dot, residuals..., *, params...) -> its share of the output's tangent; the
            shares are summed. Several outputs: a tuple, one tangent per differentiable output.
        vjp: Per operand (ct, residuals..., *, params...) -> its cotangent. Several outputs: `ct` is a
            tuple, one per differentiable output.
        joint_vjp: Instead of `vjp`, one rule for all operands; see `Primitive`.
    """
    jvps = (jvp,) if callable(jvp) or isinstance(jvp, str) else tuple(jvp)
    if joint_vjp is not None:
        vjps: tuple[Any, ...] = (None,) * len(jvps)
    else:
        vjps = (vjp,) if callable(vjp) or isinstance(vjp, str) or vjp is None else tuple(vjp)
    if len(vjps) != len(jvps):
        raise TypeError(f"primitive {name!r}: {len(jvps)} jvp rules and {len(vjps)} vjp rules")
    return _make(
        name, eval, kind="general", inputs=inputs or _default_inputs(len(jvps)), vjps=vjps, jvps=jvps,
        joint_vjp=joint_vjp, aval=aval, **rest,
    )  # fmt: skip


def constant(
    name: str, eval: Eval, *, inputs: str = "x", aval: Callable[..., Any] | None = None, **rest: Any
) -> Any:
    """Declare an operation whose output does not depend differentiably on its operands."""
    count = len(inputs.split())
    return _make(
        name, eval, kind="constant", pointwise=rest.pop("pointwise", aval is None), inputs=inputs, vjps=(None,) * count,
        jvps=(None,) * count, aval=aval or _ElementwiseAval(name, eval), **rest,
    )  # fmt: skip


__all__ = [
    "Primitive", "broadcast_shapes", "constant", "elementwise", "elementwise_real", "general", "linear",
    "multilinear",
]  # fmt: skip
