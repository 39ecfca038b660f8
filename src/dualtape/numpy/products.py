"""Products of arrays: dot, matmul, inner, outer, tensordot, einsum, kron, cross and their kin."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..core.kinds import broadcast_shapes
from ..ops import contraction, vectors
from ..ops import einsum as einsums
from ..ops import matmul as products
from ..ops.axes import normalize_axis
from ..ops.complex import conj
from ..ops.matmul import dot_p, mv_p
from ..ops.reduce import sum as total
from ..ops.shape import broadcast_to, expand_dims, move_axis, reshape
from ..ops.views import ravel, squeeze
from ._array import Array
from .operands import as_array, together


def _pair(x: Any, y: Any) -> tuple[Array, Array]:
    a, b = as_array(x), as_array(y)
    if a.value.dtype is not b.value.dtype:
        a, b = together([a, b])
    return a, b


def matmul(x: Any, y: Any) -> Any:
    """`np.matmul` of operands of one dtype."""
    return products.matmul(x, y)


def vecdot(x: Any, y: Any) -> Any:
    """`np.vecdot`: sums of products along the last axes, the first operand conjugated."""
    if not x.shape or not y.shape or x.shape[-1] != y.shape[-1]:
        raise ShapeError(f"vecdot: the last axes differ: {tuple(x.shape)} and {tuple(y.shape)}")
    return total((conj(x) if x.value.dtype.kind == "c" else x) * y, -1)


def matvec(x: Any, y: Any) -> Any:
    """`np.matvec`: matrices times vectors."""
    out = matmul(x, expand_dims(y, -1))
    return squeeze(out, -1)


def vecmat(x: Any, y: Any) -> Any:
    """`np.vecmat`: conjugated vectors times matrices."""
    x = conj(x) if x.value.dtype.kind == "c" else x
    return squeeze(matmul(expand_dims(x, -2), y), -2)


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """`np.dot`."""
    a, b = _pair(a, b)
    s, t = a.value.shape, b.value.shape
    if len(s) == 1 and s == t:
        return dot_p.bind2(a, b)
    if len(t) == 1 and len(s) == 2 and s[1] == t[0]:
        return mv_p.bind2(a, b)
    if not s or not t:
        return a * b
    if len(t) <= 2:
        if s[-1] != t[-2 if len(t) == 2 else 0]:
            raise ShapeError(f"shapes {s} and {t} not aligned: {s[-1]} and {t[-2:][0]} differ")
        return products.matmul(a, b)
    if s[-1] != t[-2]:
        raise ShapeError(f"shapes {s} and {t} not aligned: {s[-1]} and {t[-2]} differ")
    return contraction.tensordot(a, b, (len(s) - 1,), (len(t) - 2,))


def vdot(a: Any, b: Any) -> Any:
    """`np.vdot`."""
    a, b = _pair(a, b)
    a, b = ravel(a), ravel(b)
    return products.vdot(a, b) if a.value.dtype.kind == "c" else products.dot(a, b)


def inner(a: Any, b: Any) -> Any:
    """`np.inner`."""
    a, b = _pair(a, b)
    if not a.shape or not b.shape:
        return a * b
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(f"shapes {a.shape} and {b.shape} not aligned: the last axes differ")
    return contraction.inner(a, b)


def outer(a: Any, b: Any, out: Any = None) -> Any:
    """`np.outer`."""
    a, b = _pair(a, b)
    return products.outer(ravel(a), ravel(b))


def linalg_outer(x1: Any, x2: Any, /) -> Any:
    """`np.linalg.outer`, which takes vectors only."""
    return products.outer(*_pair(x1, x2))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """`np.tensordot`."""
    a, b = _pair(a, b)
    m, n = len(a.shape), len(b.shape)
    if isinstance(axes, (int, np.integer)):
        first, second = list(range(m - int(axes), m)), list(range(int(axes)))
    else:
        one, other = axes
        first = [index(one)] if isinstance(one, (int, np.integer)) else list(one)
        second = [index(other)] if isinstance(other, (int, np.integer)) else list(other)
    first = [normalize_axis(index(i), m) for i in first]
    second = [normalize_axis(index(i), n) for i in second]
    if [a.shape[i] for i in first] != [b.shape[i] for i in second]:
        raise ShapeError("shape-mismatch for sum")
    return contraction.tensordot(a, b, tuple(first), tuple(second))


def _subscripts(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """The two ways of calling einsum as one: an equation and the operands."""
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), list(operands[1:])
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def text(labels: Sequence[Any]) -> str:
        return "".join(["..." if i is Ellipsis else letters[index(i)] for i in labels])

    count = len(operands) // 2
    equation = ",".join([text(labels) for labels in operands[1 : 2 * count : 2]])
    if len(operands) % 2:
        equation += "->" + text(operands[-1])
    return equation, list(operands[: 2 * count : 2])


def einsum(*operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> Any:
    """`np.einsum`; the order of contraction is the operands'."""
    unknown = set(kwargs) - {"dtype", "order", "casting"}
    if unknown or kwargs.get("dtype") is not None:
        raise TypeError(
            f"einsum of Arrays: the keyword {(unknown or {'dtype'}).pop()!r} is not supported"
        )
    equation, arrays = _subscripts(operands)
    return einsums.einsum(equation, *together([as_array(x) for x in arrays]))


def kron(a: Any, b: Any) -> Any:
    """`np.kron`."""
    return contraction.kron(*_pair(a, b))


def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """`np.cross` of vectors of three components."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = _pair(a, b)
    a = move_axis(a, normalize_axis(axisa, len(a.shape)), len(a.shape) - 1)
    b = move_axis(b, normalize_axis(axisb, len(b.shape)), len(b.shape) - 1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ShapeError("incompatible dimensions for cross product (dimension must be 2 or 3)")
    if a.shape[-1] == b.shape[-1] == 2:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    a, b = [
        v if v.shape[-1] == 3 else np.concatenate([v, np.zeros_like(v[..., :1])], -1)
        for v in (a, b)
    ]
    shape = broadcast_shapes("cross", tuple(a.shape), tuple(b.shape))
    out = vectors.cross(broadcast_to(a, shape), broadcast_to(b, shape))
    return move_axis(out, len(shape) - 1, normalize_axis(axisc, len(shape)))


def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """`np.linalg.cross`."""
    return cross(x1, x2, axis=axis)


def linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """`np.linalg.vecdot`."""
    a, b = _pair(x1, x2)
    return vecdot(
        move_axis(a, normalize_axis(axis, len(a.shape)), len(a.shape) - 1),
        move_axis(b, normalize_axis(axis, len(b.shape)), len(b.shape) - 1),
    )


def linalg_matmul(x1: Any, x2: Any, /) -> Any:
    """`np.linalg.matmul`."""
    return products.matmul(*_pair(x1, x2))


def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """`np.linalg.multi_dot`, multiplied from the left."""
    first, *rest = together([as_array(x) for x in arrays])
    result: Any = first
    for x in rest:
        result = products.matmul(result, x)
    return result


def matrix_power(a: Any, n: Any) -> Any:
    """`np.linalg.matrix_power`, by repeated squaring."""
    a = as_array(a)
    n = index(n)
    if n == 0:
        return broadcast_to(as_array(np.eye(a.shape[-1], dtype=a.value.dtype)), tuple(a.shape))
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    result = None
    while n:
        if n & 1:
            result = a if result is None else products.matmul(result, a)
        n >>= 1
        if n:
            a = products.matmul(a, a)
    return result


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """`np.convolve`."""
    a, v = _pair(a, v)
    a, v = _row(a), _row(v)
    if len(v) > len(a):
        a, v = v, a
    if not len(a) or not len(v):
        raise ShapeError("a or v cannot be empty")
    return _slid(a, v[::-1], mode)


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """`np.correlate`."""
    a, v = _pair(a, v)
    a, v = _row(a), _row(v)
    v = conj(v) if v.value.dtype.kind == "c" else v
    if len(v) > len(a):
        return _slid(v, a, mode)[::-1]
    return _slid(a, v, mode)


def _row(x: Array) -> Array:
    return reshape(x, (1,)) if not x.shape else x


_PADS = {"full": 1, "f": 1, "same": 0.5, "s": 0.5, "valid": 0, "v": 0}


def _slid(a: Any, v: Any, mode: str) -> Any:
    """Sums of products of `v`, the shorter, slid along `a`."""
    if mode not in _PADS:
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    k = len(v)
    right = int((k - 1) * _PADS[mode])
    left = k - 1 - right if _PADS[mode] == 0.5 else right
    if left or right:
        a = np.pad(a, (left, right))
    return products.mv(windows(a, k), v)


def windows(x: Any, size: int) -> Any:
    """All runs of `size` neighbours of a vector, as the rows of a matrix."""
    places = np.arange(x.shape[0] - size + 1)[:, None] + np.arange(size)
    return x[places]
