"""Parts and rearrangements of matrices, and norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import arithmetic as a
from ..ops import diagonals as d
from ..ops import linalg_spectra as spectra
from ..ops import shape as s
from ..ops import vectors
from ..ops.complex import conj as conjugate
from .arithmetic import absolute
from .convert import as_tensor, operands, static
from .elementwise import sqrt
from .errors import FailedPreconditionError
from .raising import dims, kernel_error
from .reductions import reduce_max, reduce_sum
from .shaping import pad
from .tensor import EagerTensor


def magnitude(x: EagerTensor) -> EagerTensor:
    """|x| of a complex tensor, a real one as it is: for numbers that are real and not negative."""
    return absolute(x) if x.value.dtype.kind == "c" else x


def matrix_transpose(
    a: Any, name: str = "matrix_transpose", conjugate: bool = False
) -> EagerTensor:
    """Swap the last two axes, conjugating if asked.

    Raises:
        ValueError: Fewer than two axes.
    """
    x = as_tensor(a)
    rank = len(x.value.shape)
    if rank < 2:
        raise ValueError(
            f"Argument `a` should be a (batch) matrix with rank >= 2.  Received `a` = {x} with shape: {x.shape}"
        )
    out = s.transpose_p(x, axis0=rank - 2, axis1=rank - 1)
    return _conjugated(out) if conjugate else out


def _conjugated(x: EagerTensor) -> EagerTensor:
    return conjugate(x) if x.value.dtype.kind == "c" else x


def adjoint(matrix: Any, name: str | None = None) -> EagerTensor:
    """Swap the last two axes and conjugate."""
    return matrix_transpose(matrix, conjugate=True)


def trace(x: Any, name: str | None = None) -> EagerTensor:
    """Return the sum of the diagonal."""
    return reduce_sum(diag_part(x), [-1])


def diag(
    diagonal: Any, name: str = "diag", k: int = 0, num_rows: int = -1, num_cols: int = -1,
    padding_value: Any = 0, align: str = "RIGHT_LEFT",
) -> EagerTensor:  # fmt: skip
    """Make matrices with vectors on the k-th diagonal.

    Raises:
        NotImplementedError: Several diagonals, a given size, or a padding value.
    """
    if not isinstance(k, int) or num_rows != -1 or num_cols != -1 or padding_value != 0:  # type: ignore[redundant-expr]
        raise NotImplementedError(
            "tf.linalg.diag with num_rows, num_cols, padding_value or a range of k"
        )
    return d.diag_embed(as_tensor(diagonal), k)  # type: ignore[no-any-return]


def diag_part(
    input: Any,
    name: str = "diag_part",
    k: int = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> EagerTensor:
    """Return the k-th diagonal of matrices.

    Raises:
        NotImplementedError: Several diagonals.
    """
    if not isinstance(k, int):
        raise NotImplementedError(
            "tf.linalg.diag_part with a range of k: take the diagonals one by one"
        )
    x = as_tensor(input)
    rank = len(x.value.shape)
    if rank < 2:
        raise kernel_error(
            "MatrixDiagPartV3",
            f"input must be at least 2-dim, received shape: {dims(x.value.shape)}",
        )
    return d.diagonal(x, k, rank - 2, rank - 1)  # type: ignore[no-any-return]


def set_diag(
    input: Any, diagonal: Any, name: str = "set_diag", k: int = 0, align: str = "RIGHT_LEFT"
) -> EagerTensor:
    """Return matrices with another k-th diagonal.

    Raises:
        InvalidArgumentError: The diagonal has another length.
    """
    x, y = operands("MatrixSetDiagV3", input, diagonal)
    rank = len(x.value.shape)
    old = d.diagonal(x, k, rank - 2, rank - 1)
    if tuple(old.value.shape) != tuple(y.value.shape):
        raise kernel_error(
            "MatrixSetDiagV3",
            f"must have diagonal.shape == input.shape[:-2] + min(input.shape[-2:]): {dims(y.value.shape)} vs. "
            f"{dims(old.value.shape)}",
        )
    change = d.diag_embed(a.sub(y, old), k)
    if change.value.shape[-2:] != x.value.shape[-2:]:
        rows, columns = x.value.shape[-2:]
        n = change.value.shape[-1]
        from_ = [[0, 0]] * (rank - 2) + [[0, max(rows - n, 0)], [0, max(columns - n, 0)]]
        change = pad(change, from_)[..., :rows, :columns]
    return x + change  # type: ignore[no-any-return]


def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> EagerTensor:
    """Keep `num_lower` diagonals below the main one and `num_upper` above, all if negative; zero the rest."""
    x = as_tensor(input)
    below, above = int(static(num_lower)), int(static(num_upper))
    if below >= 0:
        x = d.triu(x, -below)
    return d.tril(x, above) if above >= 0 else x


def tensor_diag(diagonal: Any, name: str | None = None) -> EagerTensor:
    """Return a tensor of twice the rank with `diagonal` on its diagonal."""
    x = as_tensor(diagonal)
    shape = x.value.shape
    flat = d.diag_embed(s.reshape(x, (-1,)))
    return s.reshape_p(flat, shape=(*shape, *shape))  # type: ignore[no-any-return]


def tensor_diag_part(input: Any, name: str | None = None) -> EagerTensor:
    """Return the diagonal of a tensor whose shape is one shape twice.

    Raises:
        InvalidArgumentError: It is not.
    """
    x = as_tensor(input)
    shape = x.value.shape
    half = shape[: len(shape) // 2]
    if shape != half + half or not shape:
        raise kernel_error(
            "DiagPart",
            f"Invalid shape {dims(shape)}: dimensions {half} and {shape[len(half) :]} do not match.",
        )
    n = int(np.prod(half))
    return s.reshape_p(d.diagonal(s.reshape_p(x, shape=(n, n))), shape=half)  # type: ignore[no-any-return]


def cross(a: Any, b: Any, name: str | None = None) -> EagerTensor:
    """Return the cross product of vectors of three elements in the last axis.

    Raises:
        InvalidArgumentError: The shapes differ.
        FailedPreconditionError: The last axis has another length.
    """
    x, y = operands("Cross", a, b)
    if x.value.shape != y.value.shape:
        raise kernel_error(
            "Cross",
            f"Both inputs must be of same shape: {dims(x.value.shape)} vs. {dims(y.value.shape)}",
        )
    if not x.value.shape or x.value.shape[-1] != 3:
        error = kernel_error("Cross", "Cross-products are only defined for 3-element vectors.")
        raise FailedPreconditionError(None, None, error.message)
    return vectors.cross(x, y)  # type: ignore[no-any-return]


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
) -> EagerTensor:
    """Return a vector or matrix norm.

    Args:
        tensor: The tensor.
        ord: "euclidean", "fro", 1, 2, infinity or another positive number.
        axis: An axis, for vectors; a pair, for matrices; None: all elements as one vector.
        keepdims: Whether the axes stay, with length 1.
        name: Not used.

    Raises:
        ValueError: An unknown `ord`, or more than two axes.
    """
    x = as_tensor(tensor)
    given = static(axis)
    pair = isinstance(given, list) and len(given) == 2
    if isinstance(given, list) and len(given) > 2:
        raise ValueError(
            f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}"
        )
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    out: EagerTensor
    if ord in ("fro", "euclidean", 2) and not (pair and ord == 2):
        square = a.mul(x, _conjugated(x)) if x.value.dtype.kind == "c" else a.mul(x, x)
        total = reduce_sum(square, given, True)
        out = sqrt(magnitude(total))
    else:
        size = absolute(x)
        if ord == 1:
            total = reduce_sum(size, given[0] if pair else given, True)
            out = reduce_max(total, given[1], True) if pair else total
        elif ord == np.inf:
            total = reduce_sum(size, given[1], True) if pair else size
            out = reduce_max(total, given[0] if pair else given, True)
        elif pair and ord == 2:
            return _spectral(x, given, keepdims)
        elif pair or not isinstance(ord, (int, float)) or ord <= 0:
            raise ValueError(f"'ord' must be a supported norm, got {ord!r}")
        else:
            out = reduce_sum(size**ord, given, True) ** (1.0 / ord)
    if keepdims:
        return out
    rank = len(x.value.shape)
    axes = range(rank) if given is None else [given] if isinstance(given, int) else given
    kept = tuple([n for i, n in enumerate(out.value.shape) if i not in {j % rank for j in axes}])
    return s.reshape_p(out, shape=kept)  # type: ignore[no-any-return]


def _spectral(x: EagerTensor, pair: list[int], keepdims: bool) -> EagerTensor:
    rank = len(x.value.shape)
    i, j = (n % rank for n in pair)
    rest = [n for n in range(rank) if n not in (i, j)]
    out = reduce_max(spectra.svdvals(s.permute(x, (*rest, i, j))), -1)
    if keepdims:
        out = s.reshape_p(
            out, shape=tuple([1 if n in (i, j) else m for n, m in enumerate(x.value.shape)])
        )
    return out


def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[EagerTensor, EagerTensor]:
    """Return a tensor divided by its norm, and the norm."""
    x = as_tensor(tensor)
    size = norm(x, ord, axis, True)
    return x / size, size
