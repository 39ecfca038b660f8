"""Norms and distances, and the logarithm of a sum of exponentials."""

from __future__ import annotations

from typing import Any

from ..ops import linalg_spectra
from ..ops import norms as ops
from ..ops.complex import cast
from ..ops.select import where as select_where
from . import dtypes
from ._tensor import Tensor
from .arguments import check_keepdim, dtype_argument, integer, numpy_names, tensor_argument
from .dtypes import scalar_name
from .reductions import dims_of, every
from .registry import method, printed_as, store


@method()
def logsumexp(
    input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None, **names: Any
) -> Tensor:
    """log(sum(exp(x))) over `dim`, without overflow; integers become the default dtype.

    Raises:
        TypeError: `dim` is missing.
    """
    dim, keepdim = numpy_names("logsumexp", names, dim, keepdim)
    if dim is None:
        raise TypeError('logsumexp() missing 1 required positional arguments: "dim"')
    x = tensor_argument("logsumexp", input)
    if x.value.dtype.kind in "biu":
        x = cast(x, dtypes.default_numpy)
    check_keepdim("logsumexp", keepdim)
    return store(
        out,
        ops.logsumexp_p.bind(x, axes=dims_of("logsumexp", x, dim), keepdims=bool(keepdim)),
        "logsumexp",
    )


def norm(
    input: Any,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    out: Any = None,
    dtype: Any = None,
) -> Tensor:
    """The norm of the elements over `dim`: of order `p`, Frobenius ("fro") or nuclear ("nuc").

    Raises:
        RuntimeError: Integers, or an unknown norm.
    """
    x = tensor_argument("norm", input)
    if dtype is not None:
        x = cast(x, dtype_argument("norm", dtype))
    if x.value.dtype.kind in "biu":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{scalar_name(x.value.dtype)}"
        )
    if p is None or p == "fro":
        p = 2.0
    if isinstance(p, str):
        if p != "nuc":
            raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
        pair = tuple(dim) if dim is not None else every(x)
        return store(out, linalg_spectra.matrix_norm(x, "nuc", pair, keepdim), "norm")  # type: ignore[arg-type]
    return store(out, ops.vector_norm(x, p, dims_of("norm", x, dim), bool(keepdim)), "norm")


@method("norm")
def _norm_of(
    self: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Tensor:
    """`torch.norm`."""
    return norm(self, p, dim, keepdim, dtype=dtype)


@method()
def dist(input: Any, other: Any, p: float = 2) -> Tensor:
    """The norm of order `p` of input - other."""
    x, y = tensor_argument("dist", input), tensor_argument("dist", other, "other", 2)
    return printed_as(ops.vector_norm(x - y, p), "DistBackward0")  # type: ignore[no-any-return]


@method(inplace=True)
def renorm(input: Any, p: float, dim: int, maxnorm: float, *, out: Any = None) -> Tensor:
    """Scale the slices along `dim` whose norm of order `p` exceeds `maxnorm` down to it.

    Raises:
        RuntimeError: A norm that is not positive, or a negative bound.
        IndexError: `dim` is out of range.
    """
    x = tensor_argument("renorm", input)
    if not p > 0.0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if not maxnorm >= 0.0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    rank = len(x.value.shape)
    if rank < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {rank} dimensions")
    (axis,) = dims_of("renorm", x, integer("renorm", dim, "dim", 3))
    size = ops.vector_norm(x, p, tuple(i for i in range(rank) if i != axis), True)
    # PyTorch adds 1e-7 to the norm it divides by.
    factor = select_where(size > maxnorm, maxnorm / (size + 1e-7), size * 0 + 1)
    result = printed_as(x * cast(factor, x.value.dtype), "RenormBackward0")
    return store(out, result, "renorm")


__all__ = ["dist", "logsumexp", "norm", "renorm"]
