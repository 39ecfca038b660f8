"""Affine maps: a product of matrices and a bias in one operation, as layers and `addmm` compute them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.kinds import general
from .matmul import matmul, matmul_p
from .shape import reshape, t_p


def _product(x: Any, y: Any) -> Any:
    if x.dtype.itemsize == 2:  # half precision is added up in single
        return np.dot(x.astype(np.float32), y.astype(np.float32)).astype(x.dtype)
    return np.dot(x, y)


def _linear_eval(x: Any, weight: Any, bias: Any) -> Any:
    out = _product(x, weight.T)
    out += bias
    return out


linear_p = general(
    "linear", _linear_eval, inputs="x weight bias",
    aval=lambda x, weight, bias: Aval((x.shape[0], weight.shape[0]), x.dtype),
    jvp=[lambda d, weight: matmul_p(d, t_p(weight)), lambda d, x: matmul_p(x, t_p(d)), lambda d: d],
    vjp=[lambda ct, weight: matmul_p(ct, weight), lambda ct, x: matmul_p(t_p(ct), x), lambda ct: ct],
    grad_name="AddmmBackward0",
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
        rows = s[0] if len(s) == 2 else int(np.prod(s[:-1]))
        raise ShapeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{s[-1]} and {w[1]}x{w[0]})")
    if len(w) != 2 or not s or bias is None or tuple(bias.shape) != (w[0],):
        out = matmul(x, t_p(weight) if len(w) == 2 else weight)
        return out if bias is None else out + bias
    if len(s) == 2:
        return linear_p(x, weight, bias)
    return reshape(linear_p(reshape(x, (-1, w[1])) if w[1] else x, weight, bias), (*s[:-1], w[0]))


def _addmm_eval(bias: Any, x: Any, y: Any, *, beta: Any, alpha: Any) -> Any:
    out = _product(x, y)
    if alpha != 1:
        out *= alpha
    if beta == 0:  # not even NaN in the bias reaches the result
        return out
    return out + (bias if beta == 1 else bias * np.asarray(beta, bias.dtype))


def _scaled(d: Any, k: Any) -> Any:
    return d if k == 1 else d * k


addmm_p = general(
    "addmm", _addmm_eval, inputs="bias x y",
    aval=lambda bias, x, y, *, beta, alpha: Aval((x.shape[0], y.shape[1]), x.dtype),
    jvp=[
        lambda d, *, beta: _scaled(d, beta),
        lambda d, y, *, alpha: _scaled(matmul_p(d, y), alpha),
        lambda d, x, *, alpha: _scaled(matmul_p(x, d), alpha),
    ],
    vjp=[
        lambda ct, *, beta: _scaled(ct, beta),
        lambda ct, y, *, alpha: _scaled(matmul_p(ct, t_p(y)), alpha),
        lambda ct, x, *, alpha: _scaled(matmul_p(t_p(x), ct), alpha),
    ],
    doc="beta * bias + alpha * x @ y for matrices x and y and a bias that broadcasts to their product.",
)  # fmt: skip


def addmm(bias: Any, x: Any, y: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """Return beta * bias + alpha * x @ y.

    Args:
        bias: Broadcasts to (N, P).
        x: (N, M).
        y: (M, P).
        beta, alpha: Numbers.

    Raises:
        ShapeError: The sizes do not fit, in PyTorch's words.
    """
    s, w = tuple(x.shape), tuple(y.shape)
    if len(s) != 2 or len(w) != 2:
        which, rank = ("mat1", len(s)) if len(s) != 2 else ("mat2", len(w))
        raise ShapeError(f"{which} must be a matrix, got {rank}-D tensor")
    if s[1] != w[0]:
        raise ShapeError(f"mat1 and mat2 shapes cannot be multiplied ({s[0]}x{s[1]} and {w[0]}x{w[1]})")
    out, have = (s[0], w[1]), tuple(bias.shape)
    if len(have) > 2 or any(n not in (1, m) for n, m in zip(have[::-1], out[::-1], strict=False)):
        raise ShapeError(
            f"The expanded size of the tensor ({out[-1]}) must match the existing size ({have[-1] if have else 1}) at "
            f"non-singleton dimension 1.  Target sizes: {list(out)}.  Tensor sizes: {list(have)}"
        )
    return addmm_p(bias, x, y, beta=beta, alpha=alpha)
