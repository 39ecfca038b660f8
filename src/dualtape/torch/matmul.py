"""Products of vectors and matrices, by PyTorch's names, checks and words."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import retyped
from ..ops import contraction as _ops
from ..ops.matmul import bmm_p, dot_p, mm_p, mv_p, vdot_p
from ..ops.matmul import matmul as _matmul
from ..ops.shape import expand_dims
from ._tensor import Tensor
from .arguments import not_implemented, tensor_argument
from .dtypes import scalar_name
from .registry import method, store

_CPP = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "int64": "long int",
    "int32": "int", "int16": "short", "int8": "signed char", "uint8": "unsigned char", "bool": "bool",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


def second_operand(function: str, x: Any, name: str, position: int = 2) -> Tensor:
    """The second operand as a tensor of this front end."""
    return x if isinstance(x, Tensor) else tensor_argument(function, x, name, position)


def check_same_dtype(x: Tensor, y: Tensor, kernel: str = "addmm_impl_cpu_") -> None:
    """Raise, as `mm` does, where the dtypes differ or are boolean."""
    a, b = x.value.dtype, y.value.dtype
    if a != b:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {_CPP[a.name]} != {_CPP[b.name]}"
        )
    if a.kind == "b":
        raise not_implemented(kernel, a)


def unfit_sizes(x: Tensor, y: Tensor) -> RuntimeError:
    """The error for matrices whose inner sizes differ."""
    (a, b), (c, d) = x.value.shape, y.value.shape
    return RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a}x{b} and {c}x{d})")


# --- two operands -------------------------------------------------------------------------------


@method()
def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices.

    Raises:
        RuntimeError: Not matrices; or shapes or dtypes do not fit.
    """
    x, y = tensor_argument("mm", input), second_operand("mm", mat2, "mat2")
    a, b = x.value.shape, y.value.shape
    if len(a) != 2:
        raise RuntimeError("self must be a matrix")
    if len(b) != 2:
        raise RuntimeError("mat2 must be a matrix")
    if a[1] != b[0]:
        raise unfit_sizes(x, y)
    if x.value.dtype != y.value.dtype or x.value.dtype.kind == "b":
        check_same_dtype(x, y)
    return store(out, mm_p.bind2(x, y), "mm")


@method()
def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector.

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, v = tensor_argument("mv", input), second_operand("mv", vec, "vec")
    if x.ndim != 2 or v.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {x.ndim}, {v.ndim}")
    if x.value.shape[1] != v.value.shape[0]:
        raise _mv_sizes(x, v)
    if x.value.dtype != v.value.dtype:
        names = [scalar_name(t.value.dtype) for t in (v, x, v)]
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {names[0]}, {names[1]}, and {names[2]}"
        )
    return store(out, mv_p.bind2(x, v), "mv")


def _mv_sizes(x: Tensor, v: Tensor) -> RuntimeError:
    n, m = x.value.shape
    return RuntimeError(f"size mismatch, got input ({n}), mat ({n}x{m}), vec ({v.value.shape[0]})")


@method()
def bmm(input: Tensor, mat2: Tensor, *, out_dtype: Any = None, out: Tensor | None = None) -> Tensor:
    """The products of two batches of matrices.

    Raises:
        RuntimeError: Not batches of matrices; or shapes or dtypes do not fit.
    """
    x, y = tensor_argument("bmm", input), second_operand("bmm", mat2, "mat2")
    check_batches(x, y)
    return store(out, bmm_p.bind2(x, y), "bmm")


def check_batches(x: Tensor, y: Tensor) -> None:
    """Raise unless `bmm` can multiply the two."""
    if x.ndim != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if y.ndim != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    a, b = x.value.shape, y.value.shape
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] but got: [{b[0]}, {b[1]}]."
        )
    check_scalar_types(x, y)


def check_scalar_types(x: Tensor, y: Tensor) -> None:
    """Raise, as `bmm` does, where the dtypes differ."""
    if x.value.dtype != y.value.dtype:
        raise RuntimeError(
            f"expected scalar type {scalar_name(x.value.dtype)} but found {scalar_name(y.value.dtype)}"
        )


@method()
def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of the products of two vectors' elements.

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, y = tensor_argument("dot", input), second_operand("dot", tensor, "tensor")
    _check_vectors(x, y)
    return store(out, dot_p.bind2(x, y), "dot")


def _check_vectors(x: Tensor, y: Tensor) -> None:
    a, b = x.value.shape, y.value.shape
    if len(a) != 1 or len(b) != 1:
        raise RuntimeError(f"1D tensors expected, but got {len(a)}D and {len(b)}D tensors")
    if x.value.dtype != y.value.dtype:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{scalar_name(x.value.dtype)} and {scalar_name(y.value.dtype)}"
        )
    if a != b:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a[0]}] and src [{b[0]}] to have the same number of "
            f"elements, but got {a[0]} and {b[0]} elements respectively"
        )
    if x.value.dtype.kind == "b":
        raise not_implemented("dot", x.value.dtype)


@method()
def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`dot` with the first vector conjugated.

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, y = tensor_argument("vdot", input), second_operand("vdot", other, "other")
    _check_vectors(x, y)
    return store(out, vdot_p.bind2(x, y), "vdot")


@method()
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of vectors, matrices or broadcasting batches of matrices.

    Args:
        input: At least 1-D; a vector counts as a row.
        other: At least 1-D; a vector counts as a column.
        out: Where to store the result.

    Raises:
        RuntimeError: A 0-d operand; or shapes or dtypes do not fit.
    """
    if out is None and isinstance(input, Tensor):
        return _matmul_operator(input, other)  # type: ignore[no-any-return]
    return _general_matmul(input, other, out)


def _general_matmul(input: Tensor, other: Tensor, out: Tensor | None) -> Tensor:
    x, y = tensor_argument("matmul", input), second_operand("matmul", other, "other")
    a, b = len(x.value.shape), len(y.value.shape)
    if a == 2 and b == 2:
        return mm(x, y, out=out)
    if not a or not b:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D"
        )
    if a == 1 and b == 1:
        return dot(x, y, out=out)
    if a == 2 and b == 1:
        return mv(x, y, out=out)
    _same_for_mm(x, y)
    return store(out, _matmul(x, y), "matmul")


def _same_for_mm(x: Tensor, y: Tensor) -> None:
    s, t = x.value.shape, y.value.shape
    n = t[-2] if len(t) > 1 else t[0]
    if s[-1] != n:
        rows = 1 if len(s) == 1 else int(np.prod(s[:-1])) if len(t) <= 2 else s[-2]
        if len(t) <= 2 and len(s) <= 3:
            columns = t[-1] if len(t) > 1 else 1
            if len(t) == 1:
                raise RuntimeError(
                    f"size mismatch, got input ({rows}), mat ({rows}x{s[-1]}), vec ({n})"
                )
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({rows}x{s[-1]} and {n}x{columns})"
            )
    if x.value.dtype != y.value.dtype:
        if len(s) > 2 and len(t) > 2:
            check_scalar_types(x, y)
        check_same_dtype(x, y)
    lead_s, lead_t = s[:-2], t[:-2]
    for k in range(1, min(len(lead_s), len(lead_t)) + 1):
        if lead_s[-k] != lead_t[-k] and 1 not in (lead_s[-k], lead_t[-k]):
            raise RuntimeError(
                f"The size of tensor a ({lead_s[-k]}) must match the size of tensor b ({lead_t[-k]}) at non-singleton "
                f"dimension {max(len(lead_s), len(lead_t)) - k}"
            )
    if s[-1] != n:
        lead = int(np.prod(np.broadcast_shapes(lead_s, lead_t)))
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{lead}, {s[-1]}] but got: [{lead}, {n}]."
        )


def _matmul_operator(self: Tensor, other: Any) -> Any:
    if isinstance(other, Tensor):
        # What nearly every call is, in few Python calls: two matrices or two vectors that fit.
        left, right = self.value, other.value
        if left.dtype is right.dtype and left.dtype.kind == "f":
            if left.ndim == 2 == right.ndim and left.shape[1] == right.shape[0]:
                return mm_p.bind2(self, other)
            if left.ndim == 1 and left.shape == right.shape:
                return dot_p.bind2(self, other)
        return _general_matmul(self, other, None)
    if not isinstance(other, CoreTensor):
        return NotImplemented
    return _general_matmul(self, retyped(other, Tensor), None)  # type: ignore[arg-type]


def _rmatmul_operator(self: Tensor, other: Any) -> Any:
    return matmul(retyped(other, Tensor), self) if isinstance(other, CoreTensor) else NotImplemented  # type: ignore[arg-type]


for _name, _operator in (("__matmul__", _matmul_operator), ("__rmatmul__", _rmatmul_operator)):
    setattr(Tensor, _name, _operator)


@method()
def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sums of products along the last axes of both.

    Raises:
        RuntimeError: These axes differ in length.
    """
    x, y = tensor_argument("inner", input), second_operand("inner", other, "other")
    if not x.ndim or not y.ndim:
        return store(out, x * y, "inner")
    if x.value.shape[-1] != y.value.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(x.value.shape)} and {list(y.value.shape)}"
        )
    check_same_dtype(x, y)
    return store(out, _ops.inner(x, y), "inner")


@method(aliases=("ger",))
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """All products of the elements of two vectors.

    Raises:
        RuntimeError: Not vectors.
    """
    x, y = tensor_argument("outer", input), second_operand("outer", vec2, "vec2")
    for t, name in ((x, "self"), (y, "vec2")):
        if t.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {t.ndim}-D")
    return store(out, expand_dims(x, 1) * y, "outer")


def ger(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """As `outer`."""
    return outer(input, vec2, out=out)


__all__ = ["bmm", "dot", "ger", "inner", "matmul", "mm", "mv", "outer", "vdot"]
