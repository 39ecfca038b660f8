"""Covariance and correlation of variables in rows."""

from __future__ import annotations

import warnings
from typing import Any

from ..core.tensor import Tensor as CoreTensor
from ..ops.complex import cast
from ..ops.exponential import sqrt
from . import dtypes
from ._tensor import Tensor
from .arguments import known, tensor_argument
from .dtypes import scalar_name
from .reductions import mean, sum
from .registry import method


def _variables(function: str, input: Any) -> Tensor:
    """The variables in rows: 0-d and 1-d tensors are one.

    Raises:
        RuntimeError: More than two dimensions, or booleans.
    """
    x = tensor_argument(function, input)
    rank = len(x.value.shape)
    if rank > 2:
        raise RuntimeError(
            f"{function}(): expected input to have two or fewer dimensions but got an input with {rank} dimensions"
        )
    if x.value.dtype.kind == "b":
        raise RuntimeError(f"{function}(): bool dtype is not supported for input")
    if x.value.dtype.kind in "iu":
        x = cast(x, dtypes.default_numpy)
    return x.reshape(1, -1) if rank < 2 else x


def _weight(name: str, w: Any, count: int) -> Tensor | None:
    """One kind of weights, checked: integral frequencies or floating importances, one an observation."""
    if w is None:
        return None
    w = tensor_argument("cov", w, name, None)
    d, rank = w.value.dtype, len(w.value.shape)
    if rank > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {rank} dimensions"
        )
    if (d.kind in "iu") != (name == "fweights"):
        kind = "integral" if name == "fweights" else "floating point"
        raise RuntimeError(
            f"cov(): expected {name} to have {kind} dtype but got {name} with {scalar_name(d)} dtype"
        )
    numbers = known("cov", w)
    if numbers.size != count:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got "
            f"{numbers.size} != {count}"
        )
    if (numbers < 0).any():
        raise RuntimeError(f"cov(): {name} cannot be negative")
    return w  # type: ignore[no-any-return]


def _degrees(free: Any) -> Any:
    """Degrees of freedom, not below zero; a warning where they are not above it."""
    if (known("cov", free) if isinstance(free, CoreTensor) else free) > 0:
        return free
    warnings.warn(
        "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
        UserWarning,
        stacklevel=3,
    )
    return free * 0 if isinstance(free, CoreTensor) else 0.0


@method()
def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
    """The covariance matrix of variables in rows, observations in columns.

    Args:
        input: At most 2-d; 0-d and 1-d count as one variable. Integers become the default dtype.
        correction: Subtracted from the number of observations in the denominator.
        fweights: How often each observation came, integers.
        aweights: How much each observation counts, floating.

    Raises:
        RuntimeError: More than two dimensions, booleans, or weights that do not fit.
    """
    x = _variables("cov", input)
    count = x.value.shape[1]
    often, much = _weight("fweights", fweights, count), _weight("aweights", aweights, count)
    if often is None and much is None:
        away = weighted = x - mean(x, 1, True)
        free: Any = count - correction
    else:
        w: Any = often if much is None else much if often is None else often * much
        total: Any = sum(w)
        away = x - sum(x * w, 1, True) / total
        weighted = away * w
        free = total - correction * (1 if much is None else sum(w * much) / total)
    result = (weighted @ away.conj().transpose(0, 1)) / _degrees(free)
    return result.squeeze()  # type: ignore[no-any-return]


@method()
def corrcoef(input: Any) -> Tensor:
    """The matrix of correlation coefficients of variables in rows.

    Raises:
        RuntimeError: More than two dimensions.
    """
    c: Any = cov(_variables("corrcoef", input))
    if not len(c.value.shape):
        return c / c  # type: ignore[no-any-return]
    spread = sqrt(c.diagonal())
    c = c / spread.unsqueeze(-1) / spread.unsqueeze(0)
    if c.value.dtype.kind != "c":
        return c.clamp(-1, 1)  # type: ignore[no-any-return]
    d = c.value.dtype
    return cast(c.real.clamp(-1, 1), d) + cast(c.imag.clamp(-1, 1), d) * 1j  # type: ignore[no-any-return]


__all__ = ["corrcoef", "cov"]
