"""Products of matrices and vectors.

Cotangents are products with plain transposes (NOTE [complex derivatives]); BLAS reads a transposed
matrix where it lies. Half precision is multiplied and added up in single.

There is a primitive for each pair of ranks, as in PyTorch's graph; `matmul` chooses. Products with a
bias added are in `affine`, general contractions in `contraction` and `einsum`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.kinds import broadcast_shapes, multilinear
from .axes import in_front, size_of
from .complex import conj
from .shape import expand_dims, move_axis, reshape, reshape_p, t_p, transpose_p
from .views import squeeze_p

Array = np.ndarray[Any, Any]

F32 = np.float32


def _is_half(dtype: np.dtype[Any]) -> bool:
    return dtype.itemsize == 2 and dtype.kind in "fV"


def dot_of(x: Any, y: Any) -> Any:
    """The product of two vectors or matrices: `ndarray.dot`, half the price of `np.matmul`."""
    dtype = x.dtype
    if dtype.itemsize == 2 and dtype.kind in "fV":
        return x.astype(F32).dot(y.astype(F32)).astype(dtype)
    return x.dot(y)


def matmul_of(x: Any, y: Any) -> Any:
    """The product of stacks of matrices."""
    if _is_half(x.dtype):
        return np.matmul(x.astype(F32), y.astype(F32)).astype(x.dtype)
    if y.ndim == 2 and x.ndim > 2 and x.flags.c_contiguous:  # one product instead of many
        s = x.shape
        return x.reshape(size_of(s[:-1]), s[-1]).dot(y).reshape(*s[:-1], y.shape[-1])
    return np.matmul(x, y)


def swapped(x: Any) -> Any:
    """The transposes of a stack of matrices, or of one."""
    rank = len(x.shape)
    return t_p(x) if rank == 2 else transpose_p(x, axis0=rank - 2, axis1=rank - 1)


def rows(x: Any) -> Any:
    """All but the last axis as one: a matrix."""
    return x if len(x.shape) == 2 else reshape_p(x, shape=(size_of(x.shape[:-1]), x.shape[-1]))


# One primitive per pair of ranks -----------------------------------------------------------------


def _matmul_batch(left: int, right: int) -> Callable[..., Any]:
    """The batching rule of a product of operands with so many axes: a stack of matrix products."""

    def batch(xs: list[Any], where: list[Any], n: int) -> tuple[Any, int]:
        x, y = [v if a is None else in_front(v, a) for v, a in zip(xs, where, strict=True)]
        if (left, right) == (2, 1) and where[0] is None:
            return mm_p(y, t_p(x)), 0  # one product instead of one by each vector
        if left == 1:
            x = expand_dims(x, -2)
        if right == 1:
            y = expand_dims(y, -1)
        out = stacked(x, y)
        if left == 1:
            out = squeeze_p(out, axes=(len(out.shape) - 2,))
        if right == 1:
            out = squeeze_p(out, axes=(len(out.shape) - 1,))
        return out, 0

    return batch


mm_p = multilinear(
    "mm", dot_of, lambda ct, y: mm_p(ct, t_p(y)), lambda ct, x: mm_p(t_p(x), ct),
    aval=lambda x, y: Aval((x.shape[0], y.shape[1]), x.dtype), batch=_matmul_batch(2, 2),
    doc="The product of two matrices.",
)  # fmt: skip

mv_p = multilinear(
    "mv", dot_of, lambda ct, y: outer(ct, y), lambda ct, x: mv_p(t_p(x), ct),
    aval=lambda x, y: Aval((x.shape[0],), x.dtype), batch=_matmul_batch(2, 1),
    doc="The product of a matrix and a vector.",
)  # fmt: skip

vm_p = multilinear(
    "vm", dot_of, lambda ct, y: mv_p(y, ct), lambda ct, x: outer(x, ct),
    aval=lambda x, y: Aval((y.shape[1],), x.dtype), batch=_matmul_batch(1, 2),
    grad_name="SqueezeBackward4", doc="The product of a vector and a matrix.",
)  # fmt: skip

dot_p = multilinear(
    "dot", dot_of, lambda ct, y: ct * y, lambda ct, x: ct * x,
    aval=lambda x, y: Aval((), x.dtype), batch=_matmul_batch(1, 1),
    doc="The sum of the products of two vectors' elements.",
)  # fmt: skip

# Not complex linear in x: the adjoints are written out (NOTE [complex derivatives]).
vdot_p = multilinear(
    "vdot", lambda x, y: dot_of(x.conj(), y), lambda ct, y: conj(ct) * y, lambda ct, x: ct * x,
    aval=lambda x, y: Aval((), x.dtype), holomorphic=False,
    batch=lambda xs, where, n: _matmul_batch(1, 1)([conj(xs[0]), xs[1]], where, n),
    doc="`dot` with the first vector conjugated.",
)  # fmt: skip

bmm_p = multilinear(
    "bmm", matmul_of, lambda ct, y: bmm_p(ct, swapped(y)), lambda ct, x: bmm_p(swapped(x), ct),
    aval=lambda x, y: Aval((*x.shape[:2], y.shape[2]), x.dtype), batch=_matmul_batch(3, 3),
    doc="The products of two stacks of matrices.",
)  # fmt: skip


def _stacked_left(ct: Any, y: Any, aval: Aval) -> Any:
    if len(aval.shape) == 2 and len(y.shape) == 3:  # summed over the stack, as one product
        n, k = aval.shape
        m = ct.shape[0] * ct.shape[2]
        left = reshape(move_axis(ct, 1, 0), (n, m))
        return mm_p(left, reshape(transpose_p(y, axis0=1, axis1=2), (m, k)))
    return stacked(ct, swapped(y))


def _stacked_right(ct: Any, x: Any, aval: Aval) -> Any:
    if len(aval.shape) == 2:  # likewise
        return mm_p(t_p(rows(x)), rows(ct))
    return stacked(swapped(x), ct)


def _stacked_aval(x: Aval, y: Aval) -> Aval:
    stack = broadcast_shapes("matmul", x.shape[:-2], y.shape[:-2])
    return Aval((*stack, x.shape[-2], y.shape[-1]), x.dtype)


def _stacked_batch(xs: list[Any], where: list[Any], n: int) -> tuple[Any, int]:
    """The batch becomes the first axis of the stack; ranks are made equal so that it lines up."""
    most = max(len(x.shape) - (a is not None) for x, a in zip(xs, where, strict=True))
    out = []
    for x, a in zip(xs, where, strict=True):
        if a is not None:
            x = in_front(x, a)
            missing = most - (len(x.shape) - 1)
            x = reshape_p(x, shape=(n, *(1,) * missing, *x.shape[1:]))
        out.append(x)
    return stacked(*out), 0


matmul_p = multilinear(
    "matmul", matmul_of, _stacked_left, _stacked_right, aval=_stacked_aval,
    batch=_stacked_batch, grad_name="UnsafeViewBackward0",
    doc="The products of two stacks of matrices that broadcast against each other.",
)  # fmt: skip


def stacked(x: Any, y: Any) -> Any:
    """`matmul` of operands with two axes at least."""
    return mm_p(x, y) if len(x.shape) == 2 and len(y.shape) == 2 else matmul_p(x, y)


# What users call ---------------------------------------------------------------------------------


def matmul(x: Any, y: Any) -> Any:
    """The product of matrices, vectors and stacks of them, as Python's `@`.

    Raises:
        ShapeError: An operand is 0-d, or the inner sizes differ, or the stacks do not broadcast.
    """
    s, t = x.shape, y.shape
    m, n = len(s), len(t)
    if m == 2 and n == 2:
        if s[1] != t[0]:
            raise inner_sizes(s, t)
        return mm_p(x, y)
    if not m or not n:
        raise ShapeError(
            f"both arguments to matmul need to be at least 1D, but they are {m}D and {n}D"
        )
    if m == 1:
        if n == 1:
            return dot(x, y)
        if s[0] != t[-2]:
            raise inner_sizes((1, *s), t[-2:])
        if n == 2:
            return vm_p(x, y)
        out = matmul_p(expand_dims(x, 0), y)
        return squeeze_p(out, axes=(n - 2,))
    if n == 1:
        if m == 2:
            if s[1] != t[0]:
                raise _vector_size(s, t)
            return mv_p(x, y)
        if s[-1] != t[0]:
            raise _vector_size((size_of(s[:-1]), s[-1]), t)
        return reshape_p(mv_p(rows(x), y), shape=tuple(s[:-1]))
    if n == 2:
        if s[-1] != t[0]:
            raise inner_sizes((size_of(s[:-1]), s[-1]), t)
        return matmul_p(x, y)
    stack = broadcast_shapes("matmul", tuple(s[:-2]), tuple(t[:-2]))
    if s[-1] != t[-2]:
        raise ShapeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{size_of(stack)}, {s[-1]}] but got: [{size_of(stack)}, {t[-2]}]."
        )
    return matmul_p(x, y)


def inner_sizes(s: Any, t: Any) -> ShapeError:
    """The error for two matrices whose inner sizes differ."""
    return ShapeError(
        f"mat1 and mat2 shapes cannot be multiplied ({s[0]}x{s[1]} and {t[0]}x{t[1]})"
    )


def _vector_size(s: Any, t: Any) -> ShapeError:
    return ShapeError(f"size mismatch, got input ({s[0]}), mat ({s[0]}x{s[1]}), vec ({t[0]})")


def mm(x: Any, y: Any) -> Any:
    """The product of two matrices.

    Raises:
        ShapeError: They are none, or the inner sizes differ.
    """
    s, t = x.shape, y.shape
    for name, shape in (("self", s), ("mat2", t)):
        if len(shape) != 2:
            raise ShapeError(f"{name} must be a matrix")
    if s[1] != t[0]:
        raise inner_sizes(s, t)
    return mm_p(x, y)


def mv(x: Any, y: Any) -> Any:
    """The product of a matrix and a vector.

    Raises:
        ShapeError: They are none, or the sizes differ.
    """
    s, t = x.shape, y.shape
    if len(s) != 2 or len(t) != 1:
        raise ShapeError(f"vector + matrix @ vector expected, got {len(t)}, {len(s)}, {len(t)}")
    if s[1] != t[0]:
        raise _vector_size(s, t)
    return mv_p(x, y)


def _check_vectors(x: Any, y: Any) -> None:
    s, t = x.shape, y.shape
    if len(s) != 1 or len(t) != 1:
        raise ShapeError(f"1D tensors expected, but got {len(s)}D and {len(t)}D tensors")
    if s != t:
        raise ShapeError(
            f"inconsistent tensor size, expected tensor [{s[0]}] and src [{t[0]}] to have the same "
            f"number of elements, but got {s[0]} and {t[0]} elements respectively"
        )


def dot(x: Any, y: Any) -> Any:
    """The sum of the products of two vectors' elements.

    Raises:
        ShapeError: They are no vectors, or differ in length.
    """
    _check_vectors(x, y)
    return dot_p(x, y)


def vdot(x: Any, y: Any) -> Any:
    """`dot` with the first vector conjugated.

    Raises:
        ShapeError: They are no vectors, or differ in length.
    """
    _check_vectors(x, y)
    return vdot_p(x, y)


def bmm(x: Any, y: Any) -> Any:
    """The products of two stacks of matrices, one by one.

    Raises:
        ShapeError: They have not three axes each, or the sizes do not fit.
    """
    _check_stacks(x.shape, y.shape)
    return bmm_p(x, y)


def _check_stacks(s: Any, t: Any) -> None:
    for name, shape in (("batch1", s), ("batch2", t)):
        if len(shape) != 3:
            raise ShapeError(f"{name} must be a 3D tensor")
    if s[0] != t[0] or s[2] != t[1]:
        raise ShapeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{s[0]}, {s[2]}] but "
            f"got: [{t[0]}, {t[1]}]."
        )


def outer(x: Any, y: Any) -> Any:
    """All products of an element of one vector with an element of the other, as a matrix.

    Raises:
        ShapeError: They are no vectors.
    """
    for name, v in (("self", x), ("vec2", y)):
        if len(v.shape) != 1:
            raise ShapeError(f"outer: Expected 1-D argument {name}, but got {len(v.shape)}-D")
    return reshape_p(x, shape=(x.shape[0], 1)) * y
