"""`torch.softmax` and `torch.log_softmax`, and the methods of that name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops import softmax as ops
from ..ops.complex import cast
from ._tensor import Tensor
from .arguments import dtype_argument, integer, not_implemented, tensor_argument
from .registry import store


def _along(
    name: str, primitive: Any, operation: Callable[..., Any], what: str
) -> Callable[..., Tensor]:
    bind = primitive.bind1

    def function(input: Any, dim: Any, dtype: Any = None, *, out: Any = None) -> Tensor:
        if not isinstance(input, Tensor):
            input = tensor_argument(name, input)
        if dtype is not None:
            input = cast(input, dtype_argument(name, dtype))
        value = input.value
        if value.dtype.kind in "biuc":
            raise not_implemented(f"{name}_lastdim_kernel_impl", value.dtype)
        along = integer(name, dim, "dim", 2)
        last = along == -1 or along == len(value.shape) - 1
        result = bind(input) if last and value.shape else operation(input, along)
        return result if out is None else store(out, result, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{what} along `dim`, computed in `dtype` if one is named.\n\n"
        "Raises:\n    TypeError: `dim` is missing or no int.\n    IndexError: `dim` is out of range.\n"
        "    NotImplementedError: Not a floating dtype."
    )
    setattr(Tensor, name, function)
    return function


softmax = _along("softmax", ops.softmax_p, ops.softmax, "exp(x) / sum(exp(x))")
log_softmax = _along("log_softmax", ops.log_softmax_p, ops.log_softmax, "log(exp(x) / sum(exp(x)))")

__all__ = ["log_softmax", "softmax"]
