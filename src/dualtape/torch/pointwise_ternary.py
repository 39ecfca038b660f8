"""Functions of three tensors, element by element: clamp, lerp, addcmul, addcdiv; and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..ops import fused, select
from ._tensor import Tensor
from .arguments import (
    invalid_combination,
    is_number,
    not_implemented,
    number,
    number_as,
    tensor_argument,
)
from .dtypes import NumpyDtype
from .operators import is_operand
from .promotion import Number, as_operand, result_numpy
from .random_dtypes import scalar_name as cpp_name
from .registry import method, printed_as, store


def promoted(dtype: NumpyDtype, *operands: Any) -> list[CoreTensor]:
    """Operands as tensors of one dtype."""
    like = next((x.value for x in operands if isinstance(x, CoreTensor)), None)
    return [as_operand(x, dtype, Tensor, like) for x in operands]


# --- clamp ------------------------------------------------------------------------------------------


def _is_plain(bound: Any) -> bool:
    """Whether a bound is a Python number that fits all floating dtypes but half precision."""
    return bound is None or ((type(bound) is float or type(bound) is int) and -3e38 < bound < 3e38)


def _clamped(name: str, input: Any, low: Any, high: Any) -> Any:
    if isinstance(input, Tensor) and _is_plain(low) and _is_plain(high):
        d = input.value.dtype
        if d.kind == "f" and d.itemsize > 2 and not (low is None and high is None):
            return select.clamp_p.bind(input, low=low, high=high)
    x = tensor_argument(name, input)
    bounds = [b for b in (low, high) if b is not None]
    if not bounds:
        raise RuntimeError(f"torch.{name}: At least one of 'min' or 'max' must not be None")
    if any(isinstance(b, CoreTensor) for b in bounds) and not all(
        isinstance(b, CoreTensor) for b in bounds
    ):
        if not all(is_number(b) for b in bounds):
            raise invalid_combination(name, (input,), {"min": low, "max": high})
        low, high = (None if b is None else number(name, b, "min") for b in (low, high))
    if not all(is_operand(b) for b in bounds):
        raise invalid_combination(name, (input, *bounds))
    dtype = result_numpy(x, *[b for b in (low, high) if b is not None])
    if dtype.kind == "c" and x.value.dtype.kind != "c":
        raise RuntimeError("value cannot be converted to type double without overflow")
    if dtype.kind == "c":
        raise NotImplementedError("clamp is not supported for complex types")
    (x,) = promoted(dtype, x)  # type: ignore[assignment]
    if isinstance(low, CoreTensor) or isinstance(high, CoreTensor):
        low, high = (None if b is None else promoted(dtype, b)[0] for b in (low, high))
        return select.clamp(x, low, high)
    low, high = (
        None if b is None else number_as(number(name, b, "min"), dtype).item() for b in (low, high)
    )
    return select.clamp_p.bind(x, low=low, high=high)


@method(inplace=True, aliases=("clip",))
def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Tensor:
    """Hold each element between `min` and `max`, numbers or tensors, either of which may be None.

    Raises:
        RuntimeError: Both are None, or a number does not fit the dtype.
        NotImplementedError: Complex numbers.
    """
    return store(out, _clamped("clamp", input, min, max), "clamp")


clip = clamp


@method(inplace=True)
def clamp_min(input: Any, min: Any, *, out: Any = None) -> Tensor:
    """Raise each element to `min` at least."""
    if min is None:
        raise invalid_combination("clamp_min", (input, min))
    result = _clamped("clamp_min", input, min, None)
    kind = 1 if isinstance(min, CoreTensor) else 0
    return store(out, printed_as(result, f"ClampMinBackward{kind}"), "clamp_min")


@method(inplace=True)
def clamp_max(input: Any, max: Any, *, out: Any = None) -> Tensor:
    """Lower each element to `max` at most."""
    if max is None:
        raise invalid_combination("clamp_max", (input, max))
    result = _clamped("clamp_max", input, None, max)
    kind = 1 if isinstance(max, CoreTensor) else 0
    return store(out, printed_as(result, f"ClampMaxBackward{kind}"), "clamp_max")


# --- masked fill ------------------------------------------------------------------------------------


@method(inplace=True)
def masked_fill(input: Any, mask: Any, value: Any) -> Tensor:
    """`value`, a number or a 0-d tensor, where `mask` holds, `input` elsewhere.

    Raises:
        RuntimeError: The mask is not boolean, or the value has dimensions or does not fit the dtype.
    """
    x, m = tensor_argument("masked_fill", input), tensor_argument("masked_fill", mask, "mask", 2)
    d = x.value.dtype
    if m.value.dtype.kind != "b":
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {_cpp(m.value.dtype)}"
        )
    if isinstance(value, CoreTensor):
        if value.value.shape:
            raise RuntimeError(
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{len(value.value.shape)} dimension(s)."
            )
        have = value.value.dtype
        if have.kind == "c" and d.kind != "c":
            raise RuntimeError("value cannot be converted to type float without overflow")
        (v,) = promoted(d, value)
    else:
        if not is_operand(value):
            raise invalid_combination("masked_fill", (input, mask, value))
        (v,) = promoted(d, number_as(number("masked_fill", value, "value"), d).item())
    kind = 1 if isinstance(value, CoreTensor) else 0
    return printed_as(select.masked_fill.bind(x, m, v), f"MaskedFillBackward{kind}")  # type: ignore[no-any-return]


# --- interpolation and fused products ---------------------------------------------------------------


def _cpp(d: NumpyDtype) -> str:
    return cpp_name(d, cpp=True)


@method(inplace=True)
def lerp(input: Any, end: Any, weight: Any, *, out: Any = None) -> Tensor:
    """Return input + weight * (end - input), with a number or a tensor for the weight.

    Raises:
        RuntimeError: The dtypes differ.
        NotImplementedError: Integers.
    """
    x, y = tensor_argument("lerp", input), tensor_argument("lerp", end, "end", 2)
    d = x.value.dtype
    if y.value.dtype != d:
        raise RuntimeError(
            f"expected dtype {_cpp(d)} for `end` but got dtype {_cpp(y.value.dtype)}"
        )
    if isinstance(weight, CoreTensor):
        w = tensor_argument("lerp", weight, "weight", 3)
        if w.value.dtype != d and (w.value.shape or w.current_edge() is not None):
            raise RuntimeError(
                f"expected dtype {_cpp(d)} for `weight` but got dtype {_cpp(w.value.dtype)}"
            )
        if d.kind in "biu":
            raise not_implemented("lerp_kernel_tensor", d)
        if w.value.dtype != d:
            (w,) = promoted(d, w)  # type: ignore[assignment]
        return store(out, fused.lerp_p.bind(x, y, w), "lerp")
    if not isinstance(weight, (*Number, np.generic)):
        raise invalid_combination("lerp", (input, end, weight))
    if d.kind in "biu":
        raise not_implemented("lerp_kernel_scalar", d)
    fraction = number("lerp", weight, "weight", 3)
    number_as(fraction, d)
    return store(out, fused.lerp_number_p.bind(x, y, weight=fraction), "lerp")


def _products(
    name: str, input: Any, args: tuple[Any, ...], tensor1: Any, tensor2: Any, value: Any
) -> Any:
    """The operands of addcmul and addcdiv, in one dtype, and `value` as a number of it."""
    given = [*args, *[t for t in (tensor1, tensor2) if t is not None]]
    if len(given) == 3:  # the deprecated form: (input, value, tensor1, tensor2)
        value = given.pop(0)
    if len(given) != 2:
        raise invalid_combination(name, (input, *given))
    operands = [
        tensor_argument(name, x, n, i)
        for i, (n, x) in enumerate(
            (("input", input), ("tensor1", given[0]), ("tensor2", given[1])), 1
        )
    ]
    dtype = result_numpy(*operands)
    factor = number(name, value, "value")
    rounded = number_as(factor, dtype).item()
    # In half precision the products are formed in single, with the number as it is.
    return promoted(
        dtype, *operands
    ), factor if dtype.itemsize == 2 and dtype.kind in "fV" else rounded


@method(inplace=True)
def addcmul(
    input: Any,
    *args: Any,
    tensor1: Any = None,
    tensor2: Any = None,
    value: Any = 1,
    out: Any = None,
) -> Tensor:
    """Return input + value * tensor1 * tensor2.

    Raises:
        TypeError: An operand is no tensor.
        NotImplementedError: Booleans.
    """
    operands, factor = _products("addcmul", input, args, tensor1, tensor2, value)
    if operands[0].value.dtype.kind == "b":
        raise not_implemented("addcmul_cpu_out", operands[0].value.dtype)
    return store(out, fused.addcmul_p.bind(*operands, value=factor), "addcmul")


@method(inplace=True)
def addcdiv(
    input: Any,
    *args: Any,
    tensor1: Any = None,
    tensor2: Any = None,
    value: Any = 1,
    out: Any = None,
) -> Tensor:
    """Return input + value * tensor1 / tensor2.

    Raises:
        TypeError: An operand is no tensor.
        RuntimeError: Integers divided by integers.
    """
    divided = [x for x in (*args[-2:], tensor1, tensor2) if isinstance(x, CoreTensor)]
    if len(divided) == 2 and all(x.value.dtype.kind in "biu" for x in divided):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + "
            "value * torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * "
            "tensor1 / tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: "
            "(input + value * tensor1 / tensor2), for all dtypes."
        )
    operands, factor = _products("addcdiv", input, args, tensor1, tensor2, value)
    return store(out, fused.addcdiv_p.bind(*operands, value=factor), "addcdiv")


__all__ = ["addcdiv", "addcmul", "clamp", "clamp_max", "clamp_min", "clip", "lerp", "masked_fill"]
