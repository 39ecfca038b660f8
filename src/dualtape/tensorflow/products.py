"""Matrix products and contractions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..ops import contraction
from ..ops import einsum as einsum_ops
from ..ops import matmul as m
from ..ops import shape as s
from ..ops.complex import conj
from . import kernels as k
from .convert import as_tensor, operands, static
from .elementwise import cast
from .joining import alike
from .kernels import check_dtype
from .raising import dims, kernel_error
from .tensor import EagerTensor, Readable


def _turned(x: EagerTensor, transpose: bool, adjoint: bool) -> EagerTensor:
    if not transpose and not adjoint:
        return x
    rank = len(x.value.shape)
    x = s.transpose_p(x, axis0=rank - 2, axis1=rank - 1)
    return conj(x) if adjoint and x.value.dtype.kind == "c" else x


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> EagerTensor:
    """Multiply matrices in the last two axes; the axes before broadcast.

    Args:
        a, b: Tensors of one dtype with two axes at least.
        transpose_a, transpose_b: Whether to transpose before.
        adjoint_a, adjoint_b: Whether to transpose and conjugate before.
        a_is_sparse, b_is_sparse: Not used.
        output_type: The result's dtype; by default the operands'.
        grad_a, grad_b: Not used.
        name: Not used.

    Raises:
        InvalidArgumentError: Fewer than two axes, or sizes or dtypes that do not fit.
        ValueError: Both to transpose and to conjugate.
    """
    if isinstance(a, Readable):
        a = a._read()
    if isinstance(b, Readable):
        b = b._read()
    if (
        a.__class__ is not EagerTensor
        or b.__class__ is not EagerTensor
        or a.value.dtype is not b.value.dtype
    ):
        a, b = _factors(a, b)
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise ValueError("Only one of `transpose_a` and `adjoint_a` can be True.")
    x, y = a.value.shape, b.value.shape
    if len(x) < 2 or len(y) < 2:
        number = 0 if len(x) < 2 else 1
        raise kernel_error("MatMul", f"In[{number}] ndims must be >= 2", kernel="__MklMatMul")
    if a.value.dtype.kind not in k.PRODUCTS.kinds:
        check_dtype("MatMul", a.value.dtype, k.PRODUCTS)
    rows = x[-2] if transpose_a or adjoint_a else x[-1]
    columns = y[-1] if transpose_b or adjoint_b else y[-2]
    if rows != columns or (len(x) > 2 or len(y) > 2):
        _check_sizes(x, y, rows != columns)
    if transpose_a or adjoint_a or transpose_b or adjoint_b:
        a, b = _turned(a, transpose_a, adjoint_a), _turned(b, transpose_b, adjoint_b)
    out = m.mm_p.bind2(a, b) if len(x) == 2 and len(y) == 2 else m.matmul_p(a, b)
    return out if output_type is None else cast(out, output_type)  # type: ignore[no-any-return]


def _factors(a: Any, b: Any) -> tuple[EagerTensor, EagerTensor]:
    first = as_tensor(a)
    kernel = "_MklMatMul" if first.value.dtype.kind in "fV" else None
    return operands("MatMul", a, b, kernel=kernel)


def _check_sizes(x: tuple[int, ...], y: tuple[int, ...], unfit: bool) -> None:
    flat = len(x) == 2 and len(y) == 2
    op, kernel = ("MatMul", "__MklMatMul") if flat else ("BatchMatMulV2", "__MklBatchMatMulV2")
    if not flat:
        try:
            np.broadcast_shapes(x[:-2], y[:-2])
        except ValueError as error:
            raise kernel_error(
                op,
                f"In[0] and In[1] must have compatible batch dimensions: {dims(x)} vs. {dims(y)}",
                kernel=kernel,
            ) from error
    if unfit:
        raise kernel_error(
            op, f"Matrix size-incompatible: In[0]: {dims(x)}, In[1]: {dims(y)}", kernel=kernel
        )


def _operator(self: EagerTensor, other: Any) -> EagerTensor:
    return matmul(self, other)


def _reflected(self: EagerTensor, other: Any) -> EagerTensor:
    return matmul(as_tensor(other, self.value.dtype), self)


def matvec(
    a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Multiply matrices by vectors in the last axis; the axes before broadcast.

    Raises:
        InvalidArgumentError: The sizes or dtypes do not fit.
    """
    a, b = _factors(a, b)
    out = matmul(a, s.expand_dims(b, -1), transpose_a, adjoint_a=adjoint_a)
    return s.reshape_p(out, shape=tuple(out.value.shape[:-1]))  # type: ignore[no-any-return]


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> EagerTensor:
    """Sum products over axes of `a` and `b`.

    Args:
        a, b: Tensors of one dtype.
        axes: How many last axes of `a` meet the first of `b`; or the axes of each.
        name: Not used.

    Raises:
        InvalidArgumentError: The lengths or dtypes do not fit.
        ValueError: `axes` is neither.
    """
    x, y = _factors(a, b)
    given = static(axes)
    if isinstance(given, int):
        if given < 0 or given > len(x.value.shape):
            raise ValueError(f"`axes` must be at least 0 and at most the rank, got {given}")
        first = list(range(len(x.value.shape) - given, len(x.value.shape)))
        second = list(range(given))
    elif len(given) != 2:
        raise ValueError(f"`axes` must be an integer or have length 2. Received: {axes}.")
    else:
        first, second = ([v] if isinstance(v, int) else list(v) for v in given)
        if len(first) != len(second):
            raise ValueError(
                f"Different number of contraction axes `a` and `b`, {len(first)} != {len(second)}."
            )
    u, v = x.value.shape, y.value.shape
    first = [i % len(u) for i in first]
    second = [i % len(v) for i in second]
    if any(u[i] != v[j] for i, j in zip(first, second, strict=True)):
        left = [n for i, n in enumerate(u) if i not in first]
        right = [n for i, n in enumerate(v) if i not in second]
        inner = (math.prod(u[i] for i in first), math.prod(v[i] for i in second))
        raise kernel_error(
            "MatMul",
            f"Matrix size-incompatible: In[0]: {dims((math.prod(left), inner[0]))}, In[1]: "
            f"{dims((inner[1], math.prod(right)))}",
            kernel="__MklMatMul",
        )
    return contraction.tensordot(x, y, first, second)  # type: ignore[no-any-return]


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> EagerTensor:
    """Sum products by the names of axes, such as "ij,jk->ik".

    Raises:
        InvalidArgumentError: The equation does not fit the operands, or the dtypes differ.
    """
    kwargs.pop("optimize", None)
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(
            f"Invalid keyword arguments for this function: {', '.join(kwargs)}. Expected: name."
        )
    given = inputs[0] if len(inputs) == 1 and isinstance(inputs[0], (list, tuple)) else inputs
    xs = alike("Einsum", list(given))
    try:
        return einsum_ops.einsum(equation, *xs)  # type: ignore[no-any-return]
    except (ShapeError, ValueError) as error:
        raise _unfit_equation(equation, xs, error) from error


def _unfit_equation(equation: str, xs: list[EagerTensor], error: Exception) -> Exception:
    """TensorFlow's complaint where a length contradicts another, else the engine's."""
    kernel = f"__MklEinsum_N_{len(xs)}"
    sizes: dict[str, int] = {}
    for x, names in zip(xs, equation.replace(" ", "").partition("->")[0].split(","), strict=False):
        if "." not in names and len(names) != len(x.value.shape):
            return ValueError(
                f"Input with shape {dims(x.value.shape)} does not have the {len(names)} axes of {names!r}"
            )
        for axis, name in enumerate(names if "." not in names else ""):
            n = x.value.shape[axis]
            if sizes.setdefault(name, n) != n:
                return kernel_error(
                    "Einsum",
                    f"Expected dimension {sizes[name]} at axis {axis} of the input shaped "
                    f"{dims(x.value.shape)} but got dimension {n}",
                    kernel=kernel,
                )
    return kernel_error("Einsum", str(error), kernel=kernel)


EagerTensor.__matmul__ = _operator  # type: ignore[method-assign]
EagerTensor.__rmatmul__ = _reflected  # type: ignore[method-assign]
