"""TensorFlow's wording of what goes wrong in an operation, in one place.

The forms were read off TensorFlow 2.21: a kernel's own complaint is preceded by the function node that
eager execution wraps the kernel in, a mismatch found before the kernel runs is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import IntegerDivisionError
from .dtype import kernel_name
from .errors import InvalidArgumentError

# TensorFlow leaves the name out where an argument had to be made a tensor first, as shapes always are.
_NAMELESS = frozenset({
    "BatchToSpaceND", "BroadcastTo", "MirrorPad", "Pad", "Reshape", "ResourceGather", "ResourceScatterNdAdd",
    "ResourceScatterNdSub", "ResourceScatterNdUpdate", "Slice", "SpaceToBatchND", "Tile", "Transpose",
})  # fmt: skip


def kernel_error(
    op: str, text: str, *, kernel: str | None = None, name: str = ""
) -> InvalidArgumentError:
    """The error for arguments that the kernel of `op` refuses.

    Args:
        op: TensorFlow's name of the operation, `AddV2`.
        text: What the kernel says.
        kernel: The kernel's name where it is another, `__MklMatMul`.
        name: The name given to the operation.
    """
    named = "" if op in _NAMELESS else f" name: {name}"
    node = f"__wrapped__{kernel or op}_device_/job:localhost/replica:0/task:0/device:CPU:0"
    return InvalidArgumentError(None, None, f"{{{{function_node {node}}}}} {text} [Op:{op}]{named}")


def from_program(error: Exception, name: str) -> InvalidArgumentError:
    """What a compiled function raises for what its operations refuse when they see the numbers.

    Args:
        error: The operation's error.
        name: The function's name.
    """
    division = isinstance(error, IntegerDivisionError)
    text = "Integer division by zero" if division else str(error)
    return InvalidArgumentError(None, None, f"{{{{function_node __inference_{name}}}}} {text}")


def dims(shape: Sequence[int]) -> str:
    """A shape as kernels print it: `[2,3]`."""
    return "[" + ",".join(map(str, shape)) + "]"


def incompatible_shapes(op: str, x: Sequence[int], y: Sequence[int]) -> InvalidArgumentError:
    """The error for two shapes that do not broadcast."""
    return kernel_error(op, f"Incompatible shapes: {dims(x)} vs. {dims(y)}")


def dtype_mismatch(
    op: str, number: int, expected: np.dtype[Any], got: np.dtype[Any], *, kernel: str | None = None
) -> InvalidArgumentError:
    """The error for operands of different dtypes; `number` is the offender's place."""
    return InvalidArgumentError(
        None,
        None,
        f"cannot compute {kernel or op} as input #{number}(zero-based) was expected to be a "
        f"{kernel_name(expected)} tensor but is a {kernel_name(got)} tensor [Op:{op}] name: ",
    )


def dtype_not_allowed(
    op: str, dtype: np.dtype[Any], allowed: str, *, attribute: str = "T"
) -> InvalidArgumentError:
    """The error for a dtype that `op` has no kernel for.

    Args:
        op: TensorFlow's name of the operation.
        dtype: The operand's.
        allowed: The kernels' dtypes, as TensorFlow lists them.
        attribute: Which of the operation's types it is.
    """
    return InvalidArgumentError(
        None,
        None,
        f"Value for attr '{attribute}' of {kernel_name(dtype)} is not in the list of allowed values: "
        f"{allowed}\n\t; NodeDef: {{{{node {op}}}}} [Op:{op}] name: ",
    )
