"""Filling tensors that exist with one number: `fill_`, `zero_` and `fill`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import modes
from ..core.inplace import writable, write
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..ops import select
from ..ops.complex import cast
from ._tensor import Tensor
from .arguments import invalid_combination, is_number, number, number_as, tensor_argument
from .registry import method, printed_as


def _fill_value(function: str, x: Tensor, value: Any) -> Any:
    """What to fill with: a NumPy scalar of the dtype of `x`, or a 0-d tensor.

    Raises:
        TypeError: Neither a number nor a tensor.
        RuntimeError: A tensor with dimensions, or a number that does not fit the dtype.
    """
    if isinstance(value, CoreTensor):
        if value.value.shape:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {len(value.value.shape)} dimensions."
            )
        return cast(value, x.value.dtype)
    if not is_number(value):
        raise invalid_combination(function, (value,))
    return number_as(number(function, value, "value", 1), x.value.dtype)


def _filled(old: Any, value: Any, grad_name: str) -> Tensor:
    """`old` with every element `value`, recorded: nothing flows back to `old`."""
    like = np.ones(tuple(old.shape), np.bool_)
    mask = wrap(Tensor, like if like.ndim else like[()])
    v = value if isinstance(value, CoreTensor) else wrap(Tensor, value)
    return printed_as(select.masked_fill.bind(old, mask, v), grad_name)  # type: ignore[no-any-return]


@method()
def fill_(self: Tensor, value: Any) -> Tensor:
    """Make every element `value`, a number or a 0-d tensor, in place.

    Raises:
        RuntimeError: A tensor with dimensions, or a number that does not fit the dtype.
    """
    x = tensor_argument("fill_", self)
    v = _fill_value("fill_", x, value)
    mode = modes.current()
    plain = type(x.value) is np.ndarray and not isinstance(v, CoreTensor) and not mode & modes.BOXED
    if plain and (mode & modes.NO_GRAD or (x.edge is None and x.view_of is None)):
        x.shared_version().bump()
        writable(x.value, shared_places=True)[...] = v
        return x
    name = f"FillBackward{3 if isinstance(v, CoreTensor) else 2}"
    return write(x, lambda old: _filled(old, v, name), fills=True)  # type: ignore[return-value]


@method()
def zero_(self: Tensor) -> Tensor:
    """Make every element zero, in place."""
    mode = modes.current()
    value = self.value
    if mode & modes.BOXED or not (
        mode & modes.NO_GRAD or (self.edge is None and self.view_of is None)
    ):
        zero = number_as(0, value.dtype)
        return write(self, lambda old: _filled(old, zero, "ZeroBackward0"), fills=True)  # type: ignore[return-value]
    version = self.version
    (self.shared_version() if version is None else version).bump()
    if type(value) is np.ndarray:
        try:
            value.fill(0)
        except ValueError:  # read-only: an expanded view, for one
            writable(value, shared_places=True).fill(0)
    else:
        self.value = value.dtype.type(0)
    return self


def fill(input: Any, value: Any) -> Tensor:
    """A tensor like `input` with every element `value`, a number or a 0-d tensor.

    Raises:
        RuntimeError: A tensor with dimensions, or a number that does not fit the dtype.
    """
    x = tensor_argument("fill", input)
    kind = 1 if isinstance(value, CoreTensor) else 0
    return _filled(x, _fill_value("fill", x, value), f"FillBackward{kind}")


__all__ = ["fill", "fill_", "zero_"]
