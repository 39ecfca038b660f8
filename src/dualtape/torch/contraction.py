"""Sums of products over chosen axes: `einsum`, `tensordot`, `kron`, `cdist`, `bilinear`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..ops import contraction as _ops
from ..ops import distances
from ..ops.einsum import einsum as _einsum
from ..ops.matmul import mm_p
from ..ops.shape import permute, reshape
from . import linalg as _linalg
from ._tensor import Tensor
from .arguments import tensor_argument, wrap_dim, wrong_type
from .dtypes import scalar_name
from .matmul import check_scalar_types, second_operand
from .promotion import as_operand, result_numpy
from .registry import store


def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product: each element of `input` times all of `other`, as blocks."""
    x, y = tensor_argument("kron", input), second_operand("kron", other, "other")
    dtype = result_numpy(x, y)
    return store(out, _ops.kron(as_operand(x, dtype, Tensor), as_operand(y, dtype, Tensor)), "kron")


Tensor.kron = kron  # type: ignore[attr-defined]


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The sums of products over axes of both: their number (the last of one, the first of other), or lists.

    Args:
        a: The first tensor.
        b: The second tensor.
        dims: How many axes, or two lists of axes, or a tensor of either.
        out: Where to store the result.

    Raises:
        RuntimeError: The lists or the lengths of the axes do not fit.
    """
    x, y = tensor_argument("tensordot", a, "a"), second_operand("tensordot", b, "b")
    if isinstance(dims, CoreTensor):
        dims = dims.tolist()  # type: ignore[attr-defined]
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(x.ndim, y.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        left, right = list(range(-dims, 0)), list(range(dims))
    else:
        left, right = [[d] if isinstance(d, int) else list(d) for d in dims]
    if len(left) != len(right):
        raise RuntimeError("both dimension lists should have same length")
    if x.value.dtype != y.value.dtype:
        raise RuntimeError("both inputs should have same dtype")
    s, t = x.value.shape, y.value.shape
    first, second = [wrap_dim(d, len(s)) for d in left], [wrap_dim(d, len(t)) for d in right]
    for d1, d2, e1, e2 in zip(first, second, left, right, strict=True):
        if s[d1] != t[d2] and 1 not in (s[d1], t[d2]):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {s[d1]} in dim {e1} and second has size "
                f"{t[d2]} in dim {e2}"
            )
    for listed in (first, second):
        for d in listed:
            if listed.count(d) > 1:
                raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    for d1, d2 in zip(
        first, second, strict=True
    ):  # a length of 1 broadcasts: the other is summed alone
        if s[d1] != t[d2]:
            if s[d1] == 1:
                y = y.sum(d2, keepdim=True)
            else:
                x = x.sum(d1, keepdim=True)
    return store(out, _ops.tensordot(x, y, first, second), "tensordot")


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1^T W_k x2 + b_k for each k, over the last axes.

    Args:
        input1: (*, n).
        input2: (*, m).
        weight: (k, n, m).
        bias: (k).

    Raises:
        RuntimeError: Shapes do not fit.
    """
    if input1.ndim != input2.ndim:
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {input1.ndim} and {input2.ndim}"
        )
    for i in range(input1.ndim - 1):
        if input1.value.shape[i] != input2.value.shape[i]:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {i}: got {input1.value.shape[i]} and "
                f"{input2.value.shape[i]}"
            )
    k, n, m = weight.value.shape
    for number_, x, size in ((1, input1, n), (2, input2, m)):
        if x.value.shape[-1] != size:
            raise RuntimeError(
                f"bilinear(): input{number_} size does not match weight size: got {x.value.shape[-1]} but expected {size}"
            )
    if bias is not None and bias.value.shape[0] != k:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.value.shape[0]} but expected {k}"
        )
    lead = tuple(input1.value.shape[:-1])
    rows = int(np.prod(lead, dtype=np.int64))
    left = reshape(input1, (rows, n))
    half = mm_p.bind2(left, reshape(permute(weight, (1, 0, 2)), (n, k * m)))
    out = (reshape(half, (rows, k, m)) * reshape(input2, (rows, 1, m))).sum(-1)
    out = reshape(out, (*lead, k))
    return out if bias is None else out + bias  # type: ignore[no-any-return]


def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of two or more matrices, multiplied in the cheapest order.

    Raises:
        RuntimeError: No matrices, or shapes do not fit.
    """
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    if len(matrices) == 1:
        return matrices[0]
    return _linalg.multi_dot(list(matrices), out=out)


def einsum(*args: Any) -> Tensor:
    """Sums of products by the names of axes: `einsum("ij,jk->ik", a, b)`.

    Args:
        args: The equation and the operands, or operands each followed by the list of its axes' numbers.

    Raises:
        ValueError: Too few arguments.
        RuntimeError: The equation is malformed or does not fit the operands.
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    if isinstance(args[0], CoreTensor):
        equation, operands = _equation(args)
    else:
        equation, operands = args[0], list(args[1:])
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = list(operands[0])
    for x in operands:
        if not isinstance(x, CoreTensor):
            raise wrong_type("einsum", "tensors", 2, "tuple of Tensors", x)
    for x in operands[1:]:
        check_scalar_types(operands[0], x)
    return _einsum(equation, *operands)  # type: ignore[no-any-return]


def _letters(sublist: Any) -> str:
    parts = []
    for s in sublist:
        if s is Ellipsis:
            parts.append("...")
        elif 0 <= s < 52:
            parts.append(chr(ord("A") + s) if s < 26 else chr(ord("a") + s - 26))
        else:
            raise ValueError(
                "einsum(): subscript in subscript list is not within the valid range [0, 52)"
            )
    return "".join(parts)


def _equation(args: tuple[Any, ...]) -> tuple[str, list[Any]]:
    operands = list(args[:-1:2] if len(args) % 2 else args[::2])
    subscripts = [_letters(s) for s in args[1::2]]
    equation = ",".join(subscripts)
    if len(args) % 2:
        equation += "->" + _letters(args[-1])
    return equation, operands


def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:
    """The p-norm distances between all pairs of rows.

    Args:
        x1: (*, n, d).
        x2: (*, m, d).
        p: The norm.
        compute_mode: Accepted; the result is computed without cancellation in every mode.

    Raises:
        RuntimeError: Not floating point, too few axes, or columns that differ; a negative p.
        ValueError: An unknown mode.
    """
    if compute_mode not in (
        "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist",
    ):  # fmt: skip
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    x, y = tensor_argument("cdist", x1, "x1"), second_operand("cdist", x2, "x2")
    for k, t in ((1, x), (2, y)):
        if t.value.dtype.kind not in "fV":
            raise RuntimeError(
                f"cdist only supports floating-point dtypes, X{k} got: {scalar_name(t.value.dtype)}"
            )
    for k, t in ((1, x), (2, y)):
        if t.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, X{k} got: {t.ndim}D")
    if x.value.shape[-1] != y.value.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x.value.shape[-1]} X2: {y.value.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    return distances.cdist(x, y, float(p))  # type: ignore[no-any-return]


__all__ = ["bilinear", "cdist", "chain_matmul", "einsum", "kron", "tensordot"]
