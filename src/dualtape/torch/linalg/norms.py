"""Norms, and products and functions of matrices."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.tensor import wrap
from ...ops import linalg as _ops
from ...ops import linalg_spectra as _spectra
from ...ops import norms as _norms
from ...ops import vectors as _vectors
from ...ops.complex import conj
from ...ops.matmul import matmul
from ...ops.matrices import eye_like
from ...ops.reduce import sum as _sum
from ...ops.shape import reshape
from .._tensor import Tensor
from ..arguments import dims_argument, tensor_argument
from ..promotion import as_operand, result_numpy
from ..registry import store
from .arguments import computed_in, floating, matrices, square, tolerance


def vector_norm(
    x: Tensor,
    ord: Any = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """The norm of the elements, over some axes or all.

    Args:
        x: Floating or complex; the norm is real.
        ord: A number, inf and -inf included; 0 counts what is not zero.
        dim: The axis or axes; all by default.
        keepdim: Whether they stay, with length 1.
        dtype: What to compute in.
        out: Where to store the result.

    Raises:
        RuntimeError: Integers, or no elements and no identity.
    """
    name = "linalg.vector_norm"
    t = tensor_argument("linalg_vector_norm", x, "x")
    floating(name, t)
    t = computed_in(name, t, dtype)
    axes = dims_argument("linalg_vector_norm", dim, t.ndim)
    p = float(ord)
    _check_identity(name, t, p, axes)
    return store(out, _norms.vector_norm(t, p, axes, keepdim), name)


def _check_identity(name: str, t: Tensor, p: float, axes: tuple[int, ...] | None) -> None:
    shape = tuple(t.value.shape)
    if 0 not in shape or (p >= 0 and p != np.inf):
        return
    order = f"{p:g}"
    if axes is None:
        raise RuntimeError(
            f"{name} cannot compute the {order} norm on an empty tensor because the operation does not have an identity"
        )
    for d in axes:
        if shape[d] == 0:
            raise RuntimeError(
                f"{name} cannot compute the {order} norm on the dimension {d} because this dimension is empty and the "
                "operation does not have an identity"
            )


def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A norm of the matrices in two axes.

    Args:
        A: Floating or complex; the norm is real.
        ord: "fro", "nuc", 2, -2, 1, -1, inf or -inf.
        dim: The axes of rows and of columns.
        keepdim: Whether they stay, with length 1.
        dtype: What to compute in.
        out: Where to store the result.

    Raises:
        RuntimeError: Integers, another norm, or axes that do not fit.
    """
    name = "linalg.matrix_norm"
    t = tensor_argument("linalg_matrix_norm", A)
    if t.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    floating(name, t)
    t = computed_in(name, t, dtype)
    return store(out, _spectra.matrix_norm(t, ord, tuple(dim), keepdim), name)


def norm(
    A: Tensor,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
) -> Tensor:
    """A vector's or a matrix's norm: of matrices for two axes, of vectors otherwise.

    Args:
        A: Floating or complex.
        ord: See `vector_norm` and `matrix_norm`; without it the 2-norm of all elements, or over `dim`.
        dim: The axis, or two axes of matrices.
        keepdim: Whether they stay, with length 1.
        out: Where to store the result.
        dtype: What to compute in.

    Raises:
        RuntimeError: The number of axes fits no norm.
    """
    t = tensor_argument("linalg_norm", A)
    axes = None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if ord is None:
        return vector_norm(t, 2, axes, keepdim, dtype=dtype, out=out)
    if axes is not None:
        if len(axes) not in (1, 2):
            raise RuntimeError(
                f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(axes)}"
            )
    elif t.ndim not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {t.ndim}D."
        )
    count = t.ndim if axes is None else len(axes)
    if count == 2:
        return matrix_norm(t, ord, (0, 1) if axes is None else axes, keepdim, dtype=dtype, out=out)
    if isinstance(ord, str):
        if axes is None:
            raise RuntimeError(
                "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
            )
        raise RuntimeError(
            f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, axes))}"
        )
    return vector_norm(t, ord, axes, keepdim, dtype=dtype, out=out)


def cond(A: Tensor, p: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The condition number of matrices by a norm, 2 by default.

    Raises:
        RuntimeError: Another norm than 2 and -2 and the matrices are not square.
    """
    return store(out, _spectra.cond(tensor_argument("linalg_cond", A), p), "linalg.cond")


def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """The number of singular values that count as more than zero.

    Args:
        A: (*, m, n).
        tol: An older name of `atol`, without the default `rtol`.
        hermitian: Whether the matrices are Hermitian.
        atol: Singular values up to this count as zero.
        rtol: Those up to this times the largest do too.
        out: Where to store the result.
    """
    name = "torch.linalg.matrix_rank"
    a = square(name, A) if hermitian else matrices(name, A, "input")
    absolute, relative = tolerance(name, atol), tolerance(name, rtol)
    if tol is not None:
        absolute, relative = tolerance(name, tol), 0.0
    return store(out, _spectra.matrix_rank(a, absolute, relative, hermitian), name)


def cross(input: Tensor, other: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The cross product of vectors of length 3 along an axis.

    Raises:
        RuntimeError: The numbers of axes differ, or the length is not 3.
    """
    x, y = (
        tensor_argument("linalg_cross", input),
        tensor_argument("linalg_cross", other, "other", 2),
    )
    dtype = result_numpy(x, y)
    return store(
        out,
        _vectors.cross(as_operand(x, dtype, Tensor), as_operand(y, dtype, Tensor), dim),
        "linalg.cross",
    )


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The sums of conj(x) * y along an axis.

    Raises:
        RuntimeError: Booleans, or shapes that do not broadcast.
    """
    a, b = tensor_argument("linalg_vecdot", x, "x"), tensor_argument("linalg_vecdot", y, "y", 2)
    left: Any = conj(a) if a.value.dtype.kind == "c" else a
    return store(out, _sum(left * b, dim), "linalg.vecdot")


def vander(x: Tensor, N: int | None = None) -> Tensor:
    """The powers 0, ..., N-1 of the elements, along a new last axis.

    Raises:
        RuntimeError: N is less than 2.
    """
    t = tensor_argument("linalg_vander", x, "x")
    if not t.ndim:
        t = t.reshape(1)
    return _vectors.vander(t, N)  # type: ignore[no-any-return]


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices, as a view."""
    return A.diagonal(offset, dim1, dim2)  # type: ignore[no-any-return]


def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of square matrices.

    Raises:
        RuntimeError: They are not square.
    """
    t = tensor_argument("linalg_matrix_exp", A)
    floating("linalg.matrix_exp", t)
    return _ops.matrix_exp(t)  # type: ignore[no-any-return]


def matrix_power(A: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """The n-th power of square matrices, by squaring; of the inverse for a negative n.

    Raises:
        RuntimeError: They are not square.
        torch.linalg.LinAlgError: One is singular and n is negative.
    """
    name = "linalg.matrix_power"
    a = tensor_argument("linalg_matrix_power", A)
    if a.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if a.value.shape[-1] != a.value.shape[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {a.value.shape[-2]} by "
            f"{a.value.shape[-1]} matrices"
        )
    if n == 0:
        identity = np.broadcast_to(eye_like(a), tuple(a.value.shape))
        copy = a.clone()  # overwritten, so that its gradient is zero
        return store(out, copy.copy_(wrap(Tensor, identity)), name)
    base: Any = a if n > 0 else _ops.inv(square("linalg.inv", a))
    power: Any = None
    k = abs(n)
    while k:
        if k & 1:
            power = base if power is None else matmul(power, base)
        k >>= 1
        if k:
            base = matmul(base, base)
    if power is a:
        power = a.clone()
    return store(out, power, name)


def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The product of two or more matrices, multiplied in the cheapest order; the ends may be vectors.

    Raises:
        RuntimeError: Fewer than two, or shapes or dtypes that do not fit.
    """
    given = [tensor_argument("linalg_multi_dot", t, "tensors") for t in tensors]
    n = len(given)
    if n < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {n}")
    for i, t in enumerate(given):
        if i in (0, n - 1):
            if t.ndim not in (1, 2):
                which = "first" if i == 0 else "last"
                raise RuntimeError(
                    f"multi_dot(): the {which} tensor must be 1D or 2D but got {t.ndim}D"
                )
        elif t.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {t.ndim}D")
        if t.value.dtype != given[0].value.dtype:
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is {given[0].dtype} and tensor {i} "
                f"is {t.dtype}"
            )
    first, last = given[0].ndim == 1, given[-1].ndim == 1
    parts: list[Any] = list(given)
    if first:
        parts[0] = reshape(parts[0], (1, *parts[0].shape))
    if last:
        parts[-1] = reshape(parts[-1], (*parts[-1].shape, 1))
    for i in range(n - 1):
        if parts[i].shape[1] != parts[i + 1].shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(parts[i].shape)} and "
                f"{list(parts[i + 1].shape)} cannot be multiplied"
            )
    sizes = [parts[0].shape[0], *[p.shape[1] for p in parts]]
    product = _chain(parts, sizes)
    shape = tuple(product.shape)
    if first or last:
        product = reshape(product, (() if first else shape[:1]) + (() if last else shape[1:]))
    return store(out, product, "linalg.multi_dot")


def _chain(parts: list[Any], sizes: list[int]) -> Any:
    """Multiply in the order with the fewest products of numbers (dynamic programming over intervals)."""

    @functools.cache
    def best(i: int, j: int) -> tuple[int, int]:
        if j - i == 1:
            return 0, i
        return min(
            (best(i, k)[0] + best(k, j)[0] + sizes[i] * sizes[k] * sizes[j], k)
            for k in range(i + 1, j)
        )

    def multiply(i: int, j: int) -> Any:
        if j - i == 1:
            return parts[i]
        k = best(i, j)[1]
        return matmul(multiply(i, k), multiply(k, j))

    return multiply(0, len(parts))
