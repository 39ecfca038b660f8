"""`torch.testing.make_tensor`."""

from __future__ import annotations

import math
from typing import Any

from .filled import empty
from .type_info import finfo, iinfo


def make_tensor(
    *shape: Any, dtype: Any, device: Any, low: Any = None, high: Any = None, requires_grad: bool = False,
    noncontiguous: bool = False, exclude_zero: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """A tensor of random values, uniform in [low, high): within 9 of zero by default.

    Args:
        shape: Of the tensor.
        dtype: Its dtype; values of integers begin at the next integer.
        device: The CPU.
        low, high: Bounds.
        requires_grad: Whether it wants a gradient.
        noncontiguous: Whether its elements lie apart in memory.
        exclude_zero: Replace zeros by the least positive number.
        memory_format: Accepted.

    Raises:
        ValueError: Bounds that are none, or gradients of integers.
    """
    size = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
    floating = dtype.is_floating_point or dtype.is_complex
    if requires_grad and not floating:
        raise ValueError(
            f"`requires_grad=True` is not supported for boolean and integral dtypes, but got dtype={dtype}"
        )
    boolean = str(dtype) == "torch.bool"
    least: Any
    most: Any
    if boolean:
        least, most, defaults = 0, 2, (0, 2)
    elif floating:
        top = finfo(dtype).max
        least, most, defaults = -top, top, (-9, 9)
    else:
        info = iinfo(dtype)
        least, most = info.min, info.max
        defaults = (0, 10) if least == 0 else (-9, 10)
    low = defaults[0] if low is None else low
    high = defaults[1] if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    if high < least or low > most or (boolean and low >= most):
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports "
            f"[{least}, {most})"
        )
    low, high = max(low, least), min(high, most)
    apart = noncontiguous and math.prod(size) > 1
    if apart:  # every second of twice as many
        size = (*size[:-1], 2 * size[-1])
    made: Any = empty(size, dtype=dtype)
    if dtype.is_complex:
        parts = empty((*size, 2), dtype=made.real.dtype).uniform_(low, high)
        made.real.copy_(parts[..., 0]), made.imag.copy_(parts[..., 1])
    elif floating:
        made.uniform_(low, high)
    else:
        made.random_(math.ceil(low), math.ceil(high))
    if apart:
        made = made[..., 1::2]
    if exclude_zero:
        made[made == 0] = finfo(dtype).tiny if floating else 1
    return made.requires_grad_(requires_grad)
