"""Affine maps, tables of vectors, distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core import modes
from ....core.inplace import write
from ....core.tensor import wrap
from ....core.vocabulary import vocabulary
from ....ops import distances, lookup, picking
from ....ops.affine import linear as _linear
from ....ops.affine import linear_p
from ..._tensor import Tensor
from ...arguments import tensor_argument
from ...batched_draws import is_traced
from ...contraction import bilinear
from ...dtypes import scalar_name
from ...matmul import check_same_dtype
from ...promotion import as_operand, result_numpy

_bind = linear_p.bind


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return input @ weight.T + bias.

    Args:
        input: (*, in_features).
        weight: (out_features, in_features), or (in_features).
        bias: (out_features), or () for a weight without that axis.

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    if isinstance(input, Tensor) and isinstance(weight, Tensor) and isinstance(bias, Tensor):  # type: ignore[redundant-expr]
        x, w, b = input.value, weight.value, bias.value
        if (
            len(x.shape) == 2 == len(w.shape)
            and x.shape[1] == w.shape[1]
            and b.shape == w.shape[:1]
        ):
            d = x.dtype
            if d is w.dtype and d is b.dtype and d.kind == "f":
                return _bind(input, weight, bias)  # type: ignore[no-any-return]
    left, right = tensor_argument("linear", input), tensor_argument("linear", weight, "weight", 2)
    if left.value.dtype != right.value.dtype or (
        bias is not None and bias.value.dtype != left.value.dtype
    ):
        _check_dtypes(left, right, bias)
    if (
        bias is not None
        and left.ndim == 2
        and right.ndim == 2
        and left.value.shape[1] == right.value.shape[1]
    ):
        _check_bias(tuple(bias.value.shape), (left.value.shape[0], right.value.shape[0]))
    return _linear(left, right, bias)  # type: ignore[no-any-return]


def _check_dtypes(x: Tensor, w: Tensor, bias: Tensor | None) -> None:
    """Raise for dtypes that differ, in the words of the product that PyTorch would call."""
    if bias is None or x.ndim != 2 or w.ndim != 2:
        check_same_dtype(x, w)
        if bias is None:
            return
    for name, a, b in (("mat1 and mat2", x, w), ("self and mat2", bias, w)):
        if a.value.dtype != b.value.dtype:
            raise RuntimeError(
                f"{name} must have the same dtype, but got {scalar_name(a.value.dtype)} and {scalar_name(b.value.dtype)}"
            )


def _check_bias(have: tuple[int, ...], out: tuple[int, int]) -> None:
    for axis, (n, m) in enumerate(zip(reversed(have), reversed(out), strict=False)):
        if n not in (1, m):
            raise RuntimeError(
                f"The expanded size of the tensor ({m}) must match the existing size ({n}) at non-singleton dimension "
                f"{1 - axis}.  Target sizes: {list(out)}.  Tensor sizes: {list(have)}"
            )


def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """The rows of a table at integer indices.

    Args:
        input: Integers of any shape.
        weight: (rows, dim).
        padding_idx: A row that no gradient flows to.
        max_norm, norm_type: Rows looked up are scaled down, in place, to this norm.
        scale_grad_by_freq: Divide a row's gradient by how often it is looked up.
        sparse: Not supported: gradients are dense.

    Raises:
        IndexError: An index out of range.
        RuntimeError: Not integers.
        AssertionError: `padding_idx` out of range.
    """
    if sparse:
        raise NotImplementedError(
            "embedding(sparse=True) is not in dualtape: use dense gradients (sparse=False)"
        )
    index, table = (
        tensor_argument("embedding", input),
        tensor_argument("embedding", weight, "weight", 2),
    )
    if padding_idx is not None:
        rows = table.value.shape[0]
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
    if index.value.dtype.kind not in "iu":
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{index.type()} instead (while checking arguments for embedding)"
        )
    if max_norm is not None:
        _renormalise(table, index, max_norm, norm_type)
    return lookup.embedding(index, table, padding_idx, scale_grad_by_freq)  # type: ignore[no-any-return]


def _renormalise(table: Tensor, index: Tensor, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are looked up down to a norm, in place and unrecorded."""
    with modes.switched(on=modes.NO_GRAD):
        if is_traced(index, table):  # rows that come several times are written several times alike
            at = vocabulary.reshape(index.value, (math.prod(index.value.shape),))
            rows = picking.index_p(table.value, at, axis=0, depth=1)
            rows = distances.renorm(rows, norm_type, 0, max_norm)
            new = picking.index_put_p(table.value, at, rows, axis=0, depth=1)
            write(table, lambda _: wrap(Tensor, new))
            return
        used = np.unique(np.asarray(index.detach().numpy()))
        memory = table.buffer()
        memory[used] = distances.renorm(memory[used], norm_type, 0, max_norm)
        table.shared_version().bump(4)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Rows that are 1 at the index and 0 elsewhere, int64.

    Args:
        tensor: int64 of any shape.
        num_classes: Length of a row; -1 for one more than the largest index.

    Raises:
        RuntimeError: An index out of range, or not int64.
    """
    return lookup.one_hot(tensor_argument("one_hot", tensor, "self"), num_classes)  # type: ignore[no-any-return]


def _two(name: str, x1: Any, x2: Any) -> tuple[Any, Any]:
    x, y = tensor_argument(name, x1, "x1"), tensor_argument(name, x2, "x2", 2)
    if x.value.dtype != y.value.dtype:
        dtype = result_numpy(x, y)
        return as_operand(x, dtype, Tensor), as_operand(y, dtype, Tensor)
    return x, y


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along an axis; norms count as `eps` at least."""
    x, y = _two("cosine_similarity", x1, x2)
    if x.value.dtype.kind not in "fcV":
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {scalar_name(x.value.dtype)}"
        )
    return distances.cosine_similarity(x, y, dim, eps)  # type: ignore[no-any-return]


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last axis."""
    return distances.pairwise_distance(*_two("pairwise_distance", x1, x2), p, eps, keepdim)  # type: ignore[no-any-return]


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distances of all pairs of rows."""
    return distances.pdist(tensor_argument("pdist", input), p)  # type: ignore[no-any-return]


__all__ = [
    "bilinear", "cosine_similarity", "embedding", "linear", "one_hot", "pairwise_distance", "pdist",
]  # fmt: skip
