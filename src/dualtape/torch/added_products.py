"""Products with something added: `addmm` and its like."""

from __future__ import annotations

from typing import Any

from ..ops import affine
from ..ops.matmul import bmm_p, mm_p, mv_p
from ..ops.shape import broadcast_to, expand_dims, reshape
from ..ops.views import transpose
from ._tensor import Tensor
from .arguments import number, tensor_argument
from .dtypes import NumpyDtype, scalar_name
from .matmul import check_batches, check_same_dtype, check_scalar_types, second_operand, unfit_sizes
from .registry import method, store


def _scale(function: str, dtype: NumpyDtype, value: Any, name: str) -> Any:
    n = number(function, value, name)
    if dtype.kind in "iu":
        return int(n)
    return n


def _combined(function: str, x: Tensor, product: Tensor, beta: Any, alpha: Any) -> Tensor:
    """Beta * x + alpha * product, where x broadcasts; a beta of 0 leaves x out, NaN and all."""
    dtype = product.value.dtype
    b, a = _scale(function, dtype, beta, "beta"), _scale(function, dtype, alpha, "alpha")
    target = tuple(product.value.shape)
    _check_expand(tuple(x.value.shape), target)
    if a != 1:
        product = product * a
    if b == 0:
        return product
    return product + (x if b == 1 else x * b)  # type: ignore[no-any-return]


def _check_expand(have: tuple[int, ...], target: tuple[int, ...]) -> None:
    lead = len(target) - len(have)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.FloatTensor{{{list(have)}}}, size={list(target)}): the number of sizes provided "
            f"({len(target)}) must be greater or equal to the number of dimensions in the tensor ({len(have)})"
        )
    for k in range(len(have) - 1, -1, -1):
        if have[k] not in (1, target[lead + k]):
            raise RuntimeError(
                f"The expanded size of the tensor ({target[lead + k]}) must match the existing size ({have[k]}) at "
                f"non-singleton dimension {lead + k}.  Target sizes: {list(target)}.  Tensor sizes: {list(have)}"
            )


@method(inplace=True)
def addmm(
    input: Tensor,
    mat1: Tensor,
    mat2: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Beta * input + alpha * (mat1 @ mat2).

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, a, b = (
        tensor_argument("addmm", input),
        second_operand("addmm", mat1, "mat1"),
        second_operand("addmm", mat2, "mat2", 3),
    )
    if a.ndim != 2:
        raise RuntimeError(f"mat1 must be a matrix, got {a.ndim}-D tensor")
    if b.ndim != 2:
        raise RuntimeError(f"mat2 must be a matrix, got {b.ndim}-D tensor")
    if a.value.shape[1] != b.value.shape[0]:
        raise unfit_sizes(a, b)
    if x.value.dtype != b.value.dtype:
        raise RuntimeError(
            "self and mat2 must have the same dtype, but got "
            f"{scalar_name(x.value.dtype)} and {scalar_name(b.value.dtype)}"
        )
    check_same_dtype(a, b)
    target = (a.value.shape[0], b.value.shape[1])
    _check_expand(tuple(x.value.shape), target)
    scales = [
        _scale("addmm", a.value.dtype, v, name) for v, name in ((beta, "beta"), (alpha, "alpha"))
    ]
    return store(out, affine.addmm(x, a, b, *scales), "addmm")


@method(inplace=True)
def addmv(
    input: Tensor,
    mat: Tensor,
    vec: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Beta * input + alpha * (mat @ vec).

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, a, v = (
        tensor_argument("addmv", input),
        second_operand("addmv", mat, "mat"),
        second_operand("addmv", vec, "vec", 3),
    )
    if a.ndim != 2 or v.ndim != 1 or x.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {x.ndim}, {a.ndim}, {v.ndim}")
    n, m = a.value.shape
    if m != v.value.shape[0] or (x.ndim and x.value.shape[0] not in (1, n)):
        have = x.value.shape[0] if x.ndim else 1
        raise RuntimeError(
            f"size mismatch, got input ({have}), mat ({n}x{m}), vec ({v.value.shape[0]})"
        )
    check_scalar_types(a, v)
    return store(out, _combined("addmv", x, mv_p.bind2(a, v), beta, alpha), "addmv")


@method(inplace=True)
def addr(
    input: Tensor,
    vec1: Tensor,
    vec2: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Beta * input + alpha * outer(vec1, vec2).

    Raises:
        RuntimeError: Shapes do not fit.
    """
    x, v, w = (
        tensor_argument("addr", input),
        second_operand("addr", vec1, "vec1"),
        second_operand("addr", vec2, "vec2", 3),
    )
    for t, name in ((v, "vec1"), (w, "vec2")):
        if t.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {t.ndim}-D")
    product = expand_dims(v, 1) * w
    if product.value.dtype.kind == "b":
        beta, alpha = bool(beta), bool(alpha)
        shape = tuple(product.value.shape)
        _check_expand(tuple(x.value.shape), shape)
        added = broadcast_to(x, shape) & beta if beta else product & False
        return store(out, (product & alpha) | added, "addr")
    return store(out, _combined("addr", x, product, beta, alpha), "addr")


@method(inplace=True)
def baddbmm(
    input: Tensor,
    batch1: Tensor,
    batch2: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Beta * input + alpha * bmm(batch1, batch2).

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, a, b = _batches("baddbmm", input, batch1, batch2)
    return store(out, _combined("baddbmm", x, bmm_p.bind2(a, b), beta, alpha), "baddbmm")


@method(inplace=True)
def addbmm(
    input: Tensor,
    batch1: Tensor,
    batch2: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Beta * input + alpha * the sum of bmm(batch1, batch2) over the batch.

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, a, b = _batches("addbmm", input, batch1, batch2)
    n, m, k = a.value.shape
    left = reshape(transpose(a, 0, 1), (m, n * k))
    right = reshape(b, (n * k, b.value.shape[2]))
    return store(out, _combined("addbmm", x, mm_p.bind2(left, right), beta, alpha), "addbmm")


def _batches(function: str, x: Any, a: Any, b: Any) -> tuple[Tensor, Tensor, Tensor]:
    x = tensor_argument(function, x)
    a, b = second_operand(function, a, "batch1"), second_operand(function, b, "batch2", 3)
    check_batches(a, b)
    if x.value.dtype != a.value.dtype:
        raise RuntimeError(
            f"Input dtypes must be the same, got: input {scalar_name(x.value.dtype)}, batch1: "
            f"{scalar_name(a.value.dtype)}, batch2: {scalar_name(b.value.dtype)}"
        )
    return x, a, b


__all__ = ["addbmm", "addmm", "addmv", "addr", "baddbmm"]
