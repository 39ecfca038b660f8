"""Products of vectors and matrices, by PyTorch's names, checks and words."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import retyped
from ..ops import affine
from ..ops import contraction as _ops
from ..ops.einsum import einsum as _einsum
from ..ops.matmul import bmm_p, dot_p, mm_p, mv_p, vdot_p
from ..ops.matmul import matmul as _matmul
from ..ops.shape import broadcast_to, expand_dims, permute, reshape
from ..ops.views import transpose
from ._tensor import Tensor
from .arguments import not_implemented, number, tensor_argument, wrap_dim, wrong_type
from .dtypes import NumpyDtype, scalar_name
from .promotion import as_operand, result_numpy
from .registry import method, store

_CPP = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "int64": "int64_t",
    "int32": "int", "int16": "short", "int8": "signed char", "uint8": "unsigned char", "bool": "bool",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


def _second(function: str, x: Any, name: str, position: int = 2) -> Tensor:
    return x if isinstance(x, Tensor) else tensor_argument(function, x, name, position)


def _same_dtype(x: Tensor, y: Tensor, kernel: str = "addmm_impl_cpu_") -> None:
    a, b = x.value.dtype, y.value.dtype
    if a != b:
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {_CPP[a.name]} != {_CPP[b.name]}")
    if a.kind == "b":
        raise not_implemented(kernel, a)


def _sizes(x: Tensor, y: Tensor) -> RuntimeError:
    (a, b), (c, d) = x.value.shape, y.value.shape
    return RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a}x{b} and {c}x{d})")


# --- two operands -------------------------------------------------------------------------------


@method()
def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices.

    Raises:
        RuntimeError: Not matrices; or shapes or dtypes do not fit.
    """
    x, y = tensor_argument("mm", input), _second("mm", mat2, "mat2")
    a, b = x.value.shape, y.value.shape
    if len(a) != 2:
        raise RuntimeError("self must be a matrix")
    if len(b) != 2:
        raise RuntimeError("mat2 must be a matrix")
    if a[1] != b[0]:
        raise _sizes(x, y)
    if x.value.dtype != y.value.dtype or x.value.dtype.kind == "b":
        _same_dtype(x, y)
    return store(out, mm_p.bind2(x, y), "mm")


@method()
def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector.

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, v = tensor_argument("mv", input), _second("mv", vec, "vec")
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
    x, y = tensor_argument("bmm", input), _second("bmm", mat2, "mat2")
    _check_batches(x, y)
    return store(out, bmm_p.bind2(x, y), "bmm")


def _check_batches(x: Tensor, y: Tensor) -> None:
    if x.ndim != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if y.ndim != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    a, b = x.value.shape, y.value.shape
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] but got: [{b[0]}, {b[1]}]."
        )
    _scalar_types(x, y)


def _scalar_types(x: Tensor, y: Tensor) -> None:
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
    x, y = tensor_argument("dot", input), _second("dot", tensor, "tensor")
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
    x, y = tensor_argument("vdot", input), _second("vdot", other, "other")
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
    x, y = tensor_argument("matmul", input), _second("matmul", other, "other")
    a, b = len(x.value.shape), len(y.value.shape)
    if a == 2 and b == 2:
        return mm(x, y, out=out)
    if not a or not b:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
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
                raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{s[-1]}), vec ({n})")
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{s[-1]} and {n}x{columns})")
    if x.value.dtype != y.value.dtype:
        if len(s) > 2 and len(t) > 2:
            _scalar_types(x, y)
        _same_dtype(x, y)
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
    if not isinstance(other, CoreTensor):
        return NotImplemented
    if not isinstance(other, Tensor):
        other = retyped(other, Tensor)
    return matmul(self, other)


def _rmatmul_operator(self: Tensor, other: Any) -> Any:
    return matmul(retyped(other, Tensor), self) if isinstance(other, CoreTensor) else NotImplemented  # type: ignore[arg-type]


Tensor.__matmul__ = _matmul_operator  # type: ignore[attr-defined]
Tensor.__rmatmul__ = _rmatmul_operator  # type: ignore[attr-defined]


@method()
def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sums of products along the last axes of both.

    Raises:
        RuntimeError: These axes differ in length.
    """
    x, y = tensor_argument("inner", input), _second("inner", other, "other")
    if not x.ndim or not y.ndim:
        return store(out, x * y, "inner")  # type: ignore[operator]
    if x.value.shape[-1] != y.value.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(x.value.shape)} and {list(y.value.shape)}"
        )
    _same_dtype(x, y)
    return store(out, _ops.inner(x, y), "inner")


@method(aliases=("ger",))
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """All products of the elements of two vectors.

    Raises:
        RuntimeError: Not vectors.
    """
    x, y = tensor_argument("outer", input), _second("outer", vec2, "vec2")
    for t, name in ((x, "self"), (y, "vec2")):
        if t.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {t.ndim}-D")
    return store(out, expand_dims(x, 1) * y, "outer")


def ger(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """As `outer`."""
    return outer(input, vec2, out=out)


def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product: each element of `input` times all of `other`, as blocks."""
    x, y = tensor_argument("kron", input), _second("kron", other, "other")
    dtype = result_numpy(x, y)
    return store(out, _ops.kron(as_operand(x, dtype, Tensor), as_operand(y, dtype, Tensor)), "kron")


Tensor.kron = kron  # type: ignore[attr-defined]

# --- with something added -----------------------------------------------------------------------


def _scale(function: str, dtype: NumpyDtype, value: Any, name: str) -> Any:
    n = number(function, value, name)
    if dtype.kind in "iu":
        return int(n)
    return n


def _combined(function: str, x: Tensor, product: Tensor, beta: Any, alpha: Any) -> Tensor:
    """beta * x + alpha * product, where x broadcasts; a beta of 0 leaves x out, NaN and all."""
    dtype = product.value.dtype
    b, a = _scale(function, dtype, beta, "beta"), _scale(function, dtype, alpha, "alpha")
    target = tuple(product.value.shape)
    _check_expand(tuple(x.value.shape), target)
    if a != 1:
        product = product * a  # type: ignore[operator]
    if b == 0:
        return product
    return product + (x if b == 1 else x * b)  # type: ignore[operator, no-any-return]


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
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2).

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, a, b = tensor_argument("addmm", input), _second("addmm", mat1, "mat1"), _second("addmm", mat2, "mat2", 3)
    if a.ndim != 2:
        raise RuntimeError(f"mat1 must be a matrix, got {a.ndim}-D tensor")
    if b.ndim != 2:
        raise RuntimeError(f"mat2 must be a matrix, got {b.ndim}-D tensor")
    if a.value.shape[1] != b.value.shape[0]:
        raise _sizes(a, b)
    if x.value.dtype != b.value.dtype:
        raise RuntimeError(
            "self and mat2 must have the same dtype, but got "
            f"{scalar_name(x.value.dtype)} and {scalar_name(b.value.dtype)}"
        )
    _same_dtype(a, b)
    target = (a.value.shape[0], b.value.shape[1])
    _check_expand(tuple(x.value.shape), target)
    scales = [_scale("addmm", a.value.dtype, v, name) for v, name in ((beta, "beta"), (alpha, "alpha"))]
    return store(out, affine.addmm(x, a, b, *scales), "addmm")


@method(inplace=True)
def addmv(
    input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * (mat @ vec).

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, a, v = tensor_argument("addmv", input), _second("addmv", mat, "mat"), _second("addmv", vec, "vec", 3)
    if a.ndim != 2 or v.ndim != 1 or x.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {x.ndim}, {a.ndim}, {v.ndim}")
    n, m = a.value.shape
    if m != v.value.shape[0] or (x.ndim and x.value.shape[0] not in (1, n)):
        have = x.value.shape[0] if x.ndim else 1
        raise RuntimeError(f"size mismatch, got input ({have}), mat ({n}x{m}), vec ({v.value.shape[0]})")
    _scalar_types(a, v)
    return store(out, _combined("addmv", x, mv_p.bind2(a, v), beta, alpha), "addmv")


@method(inplace=True)
def addr(
    input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2).

    Raises:
        RuntimeError: Shapes do not fit.
    """
    x, v, w = tensor_argument("addr", input), _second("addr", vec1, "vec1"), _second("addr", vec2, "vec2", 3)
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
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * bmm(batch1, batch2).

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    x, a, b = _batches("baddbmm", input, batch1, batch2)
    return store(out, _combined("baddbmm", x, bmm_p.bind2(a, b), beta, alpha), "baddbmm")


@method(inplace=True)
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """beta * input + alpha * the sum of bmm(batch1, batch2) over the batch.

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
    a, b = _second(function, a, "batch1"), _second(function, b, "batch2", 3)
    _check_batches(a, b)
    if x.value.dtype != a.value.dtype:
        raise RuntimeError(
            f"Input dtypes must be the same, got: input {scalar_name(x.value.dtype)}, batch1: "
            f"{scalar_name(a.value.dtype)}, batch2: {scalar_name(b.value.dtype)}"
        )
    return x, a, b


# --- sums over chosen axes ----------------------------------------------------------------------


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
    x, y = tensor_argument("tensordot", a, "a"), _second("tensordot", b, "b")
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
    for d1, d2 in zip(first, second, strict=True):  # a length of 1 broadcasts: the other is summed alone
        if s[d1] != t[d2]:
            if s[d1] == 1:
                y = y.sum(d2, keepdim=True)  # type: ignore[attr-defined]
            else:
                x = x.sum(d1, keepdim=True)  # type: ignore[attr-defined]
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
        raise RuntimeError(f"bilinear(): bias size does not match weight size: got {bias.value.shape[0]} but expected {k}")
    lead = tuple(input1.value.shape[:-1])
    rows = int(np.prod(lead, dtype=np.int64))
    left = reshape(input1, (rows, n))
    half = mm_p.bind2(left, reshape(permute(weight, (1, 0, 2)), (n, k * m)))
    out = (reshape(half, (rows, k, m)) * reshape(input2, (rows, 1, m))).sum(-1)
    out = reshape(out, (*lead, k))
    return out if bias is None else out + bias


def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of two or more matrices, multiplied in the cheapest order.

    Raises:
        RuntimeError: No matrices, or shapes do not fit.
    """
    from .linalg import multi_dot

    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    if len(matrices) == 1:
        return matrices[0]
    return multi_dot(list(matrices), out=out)


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
        _scalar_types(operands[0], x)
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
    x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary"
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
    x, y = tensor_argument("cdist", x1, "x1"), _second("cdist", x2, "x2")
    for k, t in ((1, x), (2, y)):
        if t.value.dtype.kind not in "fV":
            raise RuntimeError(f"cdist only supports floating-point dtypes, X{k} got: {scalar_name(t.value.dtype)}")
    for k, t in ((1, x), (2, y)):
        if t.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, X{k} got: {t.ndim}D")
    if x.value.shape[-1] != y.value.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x.value.shape[-1]} X2: {y.value.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    return _ops.cdist(x, y, float(p))  # type: ignore[no-any-return]


__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bilinear", "bmm", "cdist", "chain_matmul", "dot", "einsum", "ger",
    "inner", "kron", "matmul", "mm", "mv", "outer", "tensordot", "vdot",
]  # fmt: skip
