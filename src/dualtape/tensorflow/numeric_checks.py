"""`tf.debugging.enable_check_numerics`: the program stops where the first NaN or infinity comes up."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import callsite, modes
from ..core.observation import observe
from ..core.primitive import camel
from ..core.tensor import Tensor
from .convert import as_tensor
from .raising import kernel_error

# TensorFlow's names where they are not the primitive's own.
_OPS = {
    "add": "AddV2", "div": "RealDiv", "matmul": "MatMul", "mm": "MatMul", "power": "Pow", "sub": "Sub",
    "concat": "ConcatV2", "stack": "Pack", "where": "SelectV2",
    "sqrt_masked": "Sqrt", "sqrt_slope": "SqrtGrad", "rsqrt_masked": "Rsqrt", "reciprocal_masked": "Reciprocal",
    "log_by_reciprocal": "Log", "log1p_by_reciprocal": "Log1p", "asin_by_root": "Asin", "acos_by_root": "Acos",
    "acosh_by_sinh": "Acosh", "atanh_by_reciprocal": "Atanh", "masked_mul": "MulNoNan", "masked_div": "Xdivy",
}  # fmt: skip


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """Check the results of all operations on tensors from now on, in this thread.

    An operation whose result holds a NaN or an infinity raises `InvalidArgumentError`, with the operation, its
    inputs and the line that ran it. A NaN that first comes up in a backward pass raises `RuntimeError`, with the
    line that ran the operation differentiated.

    Args:
        stack_height_limit, path_length_limit: Not used: one line is named.
    """
    observe(_check)
    modes.set_mode(modes.current() | modes.ANOMALY)


def disable_check_numerics() -> None:
    """End what `enable_check_numerics` began."""
    observe(None)
    modes.set_mode(modes.current() & ~modes.ANOMALY)


def _check(
    primitive: Any, operands: tuple[Any, ...], params: dict[str, Any], results: tuple[Any, ...]
) -> None:
    for number, out in enumerate(results):
        value = out.value
        if not isinstance(value, (np.ndarray, np.generic)) or value.dtype.kind not in "fc":
            continue
        if np.isfinite(value).all():
            continue
        counts = {
            "-Inf": int(np.isneginf(value.real).sum()),
            "+Inf": int(np.isposinf(value.real).sum()),
            "NaN": int(np.isnan(value).sum()),
        }
        found = [name for name, count in counts.items() if count]
        op = _OPS.get(primitive.name, camel(primitive.name))
        lines = [
            "", "",
            f'!!! Detected Infinity or NaN in output {number} of eagerly-executing op "{op}" '
            f"(# of outputs: {len(results)}) !!!",
            f"  dtype: {as_tensor(out).dtype!s}",
            f"  shape: {tuple(value.shape)}",
        ]  # fmt: skip
        lines += [f"  # of {'+NaN' if n == 'NaN' else n} elements: {counts[n]}" for n in found]
        lines.append("")
        given = [as_tensor(x) for x in operands if isinstance(x, Tensor)]
        if len(given) == 1:
            lines.append(f"  Input tensor: {given[0]!s}")
        else:
            lines.append(f"  Input tensors ({len(given)}):")
            lines += [f"         {i}: {x!s}" for i, x in enumerate(given)]
        lines += ["", f"  Run at {callsite.describe(callsite.caller(3))}", ""]
        what = " and ".join(found) if len(found) < 3 else f"{found[0]}, {found[1]}, and {found[2]}"
        raise kernel_error("CheckNumericsV2", "\n".join(lines) + f"\n : Tensor had {what} values")
