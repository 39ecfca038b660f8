"""Affine maps: a product of matrices and a bias in one operation, as layers and `addmm` have it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.kinds import general
from .axes import in_front, size_of
from .matmul import dot_of, inner_sizes, matmul, mm_p, rows, stacked, swapped
from .shape import broadcast_to, check_broadcast, reshape_p, t_p


def _linear_eval(x: Any, weight: Any, bias: Any) -> Any:
    out = dot_of(x, weight.T)
    out += bias
    return out


def _fronts(xs: list[Any], where: list[Any], ranks: tuple[int, ...]) -> list[Any]:
    """Operands of these ranks at most, batch axes first, so that stacks of matrices line up."""
    out = []
    for x, a, rank in zip(xs, where, ranks, strict=True):
        if a is not None:
            x = in_front(x, a)
            s = tuple(x.shape)
            x = reshape_p(x, shape=(s[0], *(1,) * (rank - len(s) + 1), *s[1:]))
        out.append(x)
    return out


def _linear_batch(xs: list[Any], where: list[Any], n: int) -> tuple[Any, int]:
    x, weight, bias = _fronts(xs, where, (2, 2, 2))
    if where[1] is None and where[2] is None:  # more rows of one layer
        out = linear_p(rows(x), weight, bias)
        return reshape_p(out, shape=(n, *x.shape[1:-1], weight.shape[0])), 0
    out = stacked(x, swapped(weight)) + bias
    return (out, 0) if len(out.shape) == 3 else (broadcast_to(out, (n, *out.shape)), 0)


linear_p = general(
    "linear", _linear_eval, inputs="x weight bias",
    aval=lambda x, weight, bias: Aval((x.shape[0], weight.shape[0]), x.dtype),
    jvp=[lambda d, weight: mm_p(d, t_p(weight)), lambda d, x: mm_p(x, t_p(d)), lambda d: d],
    vjp=[lambda ct, weight: mm_p(ct, weight), lambda ct, x: mm_p(t_p(ct), x), lambda ct: ct],
    batch=_linear_batch, grad_name="AddmmBackward0",
    doc="x @ weight.T + bias for matrices x (N, I), weight (O, I) and a vector bias (O).",
)  # fmt: skip


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """Return x @ weight.T + bias.

    Args:
        x: (*, I).
        weight: (O, I), or (I,).
        bias: (O,), or None.

    Raises:
        ShapeError: The sizes do not fit, in PyTorch's words.
    """
    s, w = tuple(x.shape), tuple(weight.shape)
    if len(w) == 2 and s and s[-1] != w[1]:
        raise inner_sizes((size_of(s[:-1]), s[-1]), w[::-1])
    if len(w) != 2 or not s or bias is None or tuple(bias.shape) != (w[0],):
        out = matmul(x, t_p(weight) if len(w) == 2 else weight)
        return out if bias is None else out + bias
    if len(s) == 2:
        return linear_p(x, weight, bias)
    flat = reshape_p(x, shape=(size_of(s[:-1]), s[-1]))
    return reshape_p(linear_p(flat, weight, bias), shape=(*s[:-1], w[0]))


def _addmm_eval(bias: Any, x: Any, y: Any, *, beta: Any, alpha: Any) -> Any:
    out = dot_of(x, y)
    if alpha != 1:
        out *= alpha
    if beta == 0:  # not even NaN in the bias reaches the result
        return out
    return out + (bias if beta == 1 else bias * np.asarray(beta, bias.dtype))


def _scaled(d: Any, k: Any) -> Any:
    return d if k == 1 else d * k


def _addmm_batch(
    xs: list[Any], where: list[Any], n: int, *, beta: Any, alpha: Any
) -> tuple[Any, int]:
    bias, x, y = _fronts(xs, where, (2, 2, 2))
    out = _scaled(stacked(x, y), alpha)
    if beta:
        out = out + _scaled(bias, beta)
    return (out, 0) if len(out.shape) == 3 else (broadcast_to(out, (n, *out.shape)), 0)


addmm_p = general(
    "addmm", _addmm_eval, inputs="bias x y",
    aval=lambda bias, x, y, *, beta, alpha: Aval((x.shape[0], y.shape[1]), x.dtype),
    jvp=[
        lambda d, *, beta: _scaled(d, beta),
        lambda d, y, *, alpha: _scaled(mm_p(d, y), alpha),
        lambda d, x, *, alpha: _scaled(mm_p(x, d), alpha),
    ],
    vjp=[
        lambda ct, *, beta: _scaled(ct, beta),
        lambda ct, y, *, alpha: _scaled(mm_p(ct, t_p(y)), alpha),
        lambda ct, x, *, alpha: _scaled(mm_p(t_p(x), ct), alpha),
    ],
    batch=_addmm_batch,
    doc="beta * bias + alpha * x @ y for matrices x and y, and a bias that broadcasts to that.",
)  # fmt: skip


def addmm(bias: Any, x: Any, y: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """Return beta * bias + alpha * x @ y.

    Args:
        bias: Broadcasts to (N, P).
        x: (N, M).
        y: (M, P).
        beta: A number; with 0 not even NaN in the bias reaches the result.
        alpha: A number.

    Raises:
        ShapeError: The sizes do not fit, in PyTorch's words.
    """
    s, w = tuple(x.shape), tuple(y.shape)
    if len(s) != 2 or len(w) != 2:
        which, rank = ("mat1", len(s)) if len(s) != 2 else ("mat2", len(w))
        raise ShapeError(f"{which} must be a matrix, got {rank}-D tensor")
    if s[1] != w[0]:
        raise inner_sizes(s, w)
    out, have = (s[0], w[1]), tuple(bias.shape)
    check_broadcast(have, out)
    return addmm_p(bias, x, y, beta=beta, alpha=alpha)
