"""What all operations on matrices share. Matrices lie in the last two axes, behind a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import DtypeError, ShapeError
from ..core.forward import dtype_of
from .axes import size_of
from .complex import conj
from .reduce import sum_p
from .shape import expand_dims, move_axis, reshape, transpose_p

Array = np.ndarray[Any, Any]

_COMPLEX: dict[Any, np.dtype[Any]] = {
    np.dtype("f4"): np.dtype("c8"),
    np.dtype("f8"): np.dtype("c16"),
}
_REAL: dict[Any, np.dtype[Any]] = {c: real for real, c in _COMPLEX.items()}


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a real part."""
    return _REAL.get(dtype, dtype)


def complex_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that holds complex numbers of this precision."""
    return _COMPLEX.get(dtype, dtype)


def is_complex(x: Any) -> bool:
    """Whether a value or tensor is complex: a static property, so rules may ask."""
    return bool(dtype_of(x).kind == "c")


def mt(x: Any) -> Any:
    """The matrices transposed, as a view."""
    n = len(x.shape)
    return transpose_p(x, axis0=n - 2, axis1=n - 1)


def mh(x: Any) -> Any:
    """The matrices transposed and conjugated."""
    return conj(mt(x)) if is_complex(x) else mt(x)


def herm(x: Any) -> Any:
    """The Hermitian part (x + x^H) / 2."""
    return (x + mh(x)) * 0.5


def column(x: Any) -> Any:
    """A batch of vectors as matrices of one column."""
    return expand_dims(x, -1)


def row(x: Any) -> Any:
    """A batch of vectors as matrices of one row."""
    return expand_dims(x, -2)


def spread(x: Any) -> Any:
    """A batch of numbers as matrices of one element, to multiply matrices with."""
    return expand_dims(expand_dims(x, -1), -1)


def sum_matrix(x: Any) -> Any:
    """The sum of each matrix's elements."""
    n = len(x.shape)
    return sum_p(x, axes=(n - 2, n - 1), keepdims=False)


def eye_like(x: Any, n: int | None = None) -> Array:
    """The identity, n by n or of the size of the last axis of `x`, in its dtype."""
    return np.eye(x.shape[-1] if n is None else n, dtype=dtype_of(x))


def batch_matrices(primitive: Callable[[], Any], *cores: int) -> Callable[..., Any]:
    """The rule of vmap: the batch goes in front of the axes that operands already broadcast over.

    Args:
        primitive: Gives the primitive, which is not bound yet when its declaration calls this.
        cores: How many axes of its own each operand has; two by default.
    """

    def batch(values: list[Any], axes: list[int | None], size: int, /, **params: Any) -> Any:
        own = cores or (2,) * len(values)
        lead = max(
            len(v.shape) - (a is not None) - n for v, a, n in zip(values, axes, own, strict=True)
        )
        operands = []
        for v, a, n in zip(values, axes, own, strict=True):
            if a is not None:
                v = move_axis(v, a, 0)
                s = tuple(v.shape)
                missing = lead - (len(s) - 1 - n)
                v = reshape(v, (s[0], *(1,) * missing, *s[1:])) if missing else v
            operands.append(v)
        return primitive()(*operands, **params), 0

    return batch


def check_matrix(name: str, x: Any) -> None:
    """Refuse what is not a batch of matrices in single or double precision, in PyTorch's words.

    Raises:
        ShapeError: Fewer than two axes.
        DtypeError: Not floating or complex, or half precision.
    """
    if len(x.shape) < 2:
        raise ShapeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    dtype = dtype_of(x)
    if dtype.kind not in "fc" and not (dtype.kind == "V" and dtype.itemsize == 2):
        raise DtypeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {dtype}"
        )
    if dtype.itemsize == 2:
        raise DtypeError(f"{name}: Low precision dtypes not supported. Got {dtype}")


def check_square(name: str, x: Any) -> None:
    """`check_matrix`, and as many rows as columns.

    Raises:
        ShapeError: The matrices are not square.
        DtypeError: As `check_matrix`.
    """
    check_matrix(name, x)
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(
            f"{name}: A must be batches of square matrices, but they are {x.shape[-2]} by "
            f"{x.shape[-1]} matrices"
        )


def each_matrix(x: Array) -> tuple[Array, bool]:
    """The matrices in one axis, and whether they were a batch."""
    return x.reshape(size_of(x.shape[:-2]), *x.shape[-2:]), x.ndim > 2


def in_batch(number: int, batched: bool) -> str:
    """PyTorch's words for the matrix meant."""
    return f"(Batch element {number}): " if batched else ""
