"""What the functions of `torch.linalg` ask of their arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.tensor import Tensor as CoreTensor
from ...core.tensor import wrap
from ...ops.complex import cast
from .. import dtypes
from .._tensor import Tensor
from ..arguments import tensor_argument
from ..dtypes import scalar_name
from ..registry import store_all


def matrices(name: str, x: Any, argument: str = "A") -> Tensor:
    """The argument as a batch of matrices in single or double precision.

    Raises:
        TypeError: No tensor.
        RuntimeError: Fewer than two axes, integers, or half precision.
    """
    t = tensor_argument("linalg_" + name.rpartition(".")[2], x, argument)
    if len(t.value.shape) < 2:
        raise RuntimeError(f"{name}: The input tensor {argument} must have at least 2 dimensions.")
    floating(name, t)
    if t.value.dtype.itemsize == 2:
        raise RuntimeError(
            f"{name}: Low precision dtypes not supported. Got {scalar_name(t.value.dtype)}"
        )
    return t


def square(name: str, x: Any, argument: str = "A") -> Tensor:
    """`matrices` with as many rows as columns.

    Raises:
        RuntimeError: They have not.
    """
    t = matrices(name, x, argument)
    n, m = t.value.shape[-2:]
    if n != m:
        raise RuntimeError(
            f"{name}: {argument} must be batches of square matrices, but they are {n} by {m} matrices"
        )
    return t


def floating(name: str, t: Tensor) -> None:
    """Refuse integers and booleans.

    Raises:
        RuntimeError: In PyTorch's words.
    """
    if t.value.dtype.kind in "biu":
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {scalar_name(t.value.dtype)}"
        )


def same_dtype(message: str, a: Tensor, b: Tensor) -> None:
    """Raise `message`, with both dtypes in it, where they differ.

    Raises:
        RuntimeError: They do.
    """
    if a.value.dtype != b.value.dtype:
        raise RuntimeError(message.format(scalar_name(a.value.dtype), scalar_name(b.value.dtype)))


def as_tensor(x: Any) -> Tensor:
    """An array that an operation returned beside tensors, as a tensor."""
    return x if isinstance(x, CoreTensor) else wrap(Tensor, np.asarray(x))  # type: ignore[return-value]


def results(outs: Any, values: Sequence[Any], name: str, make: Callable[[Any], Any] = tuple) -> Any:
    """Several results as a named tuple, stored in `out=` if it is given."""
    return store_all(outs, [as_tensor(v) for v in values], name, make)


def tolerance(name: str, value: Any) -> Any:
    """A tolerance as a number.

    Raises:
        TypeError: A tensor with axes, which is not supported.
    """
    if isinstance(value, CoreTensor):
        if value.value.shape:
            raise TypeError(
                f"{name}: a tolerance for each matrix is not supported here; pass one number"
            )
        return float(tensor_argument(name, value).item())
    return value


def computed_in(name: str, x: Tensor, dtype: Any) -> Tensor:
    """The operand in the dtype a norm is asked for.

    Raises:
        RuntimeError: The dtype is not floating, real for complex, or narrower.
    """
    if dtype is None:
        return x
    have, want = x.value.dtype, dtype.dtype
    if want.kind in "biu":
        raise RuntimeError(
            f"{name}: dtype should be floating point or complex. Got {scalar_name(want)}"
        )
    if (have.kind == "c") != (want.kind == "c"):
        kind = "complex" if have.kind == "c" else "real"
        raise RuntimeError(
            f"{name}: dtype should be {kind} for {kind} inputs, but got {scalar_name(want)}"
        )
    if dtypes.promote_numpy(have, want) != want:
        raise RuntimeError(
            f"{name}: the dtype of the input ({scalar_name(have)}) should be convertible without narrowing to the "
            f"specified dtype ({scalar_name(want)})"
        )
    return cast(x, want)  # type: ignore[no-any-return]
