"""Making tensors of what programs pass: Python numbers and nested lists, arrays, tensors, variables.

TensorFlow's rules: a Python int is int32 (int64 where it must be), a Python float float32, an array keeps
its dtype. Where another operand's dtype is known, Python numbers and arrays are converted to it, tensors
never are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.departures import COPIED, left
from ..core.errors import ShapeError
from ..core.lengths import any_open, is_open, number
from ..core.tensor import Tensor, retyped, wrap
from ..core.tracing import capture, elements, known_elements
from ..ops.shape import stack
from .dtype import DType, as_dtype, kernel_name
from .printing import as_bytes
from .raising import dtype_mismatch
from .recording import recording
from .shapes import TensorShape
from .tensor import AttachedTensor, EagerTensor, Readable, tensor

FLOAT32 = np.dtype(np.float32)
INT32 = np.dtype(np.int32)
INT64 = np.dtype(np.int64)
BOOL = np.dtype(np.bool_)

_INT32 = range(-(2**31), 2**31)

# Which kinds of Python number a tensor of a dtype kind may be made of.
_ACCEPTED = {"f": "biuf", "V": "biuf", "c": "biufc", "i": "biu", "u": "biu", "b": "b", "O": "SUO"}


def numpy_dtype(dtype: Any) -> np.dtype[Any] | None:
    """The NumPy dtype of anything that `tf.as_dtype` takes; None for None."""
    if dtype is None:
        return None
    return (dtype if type(dtype) is DType else as_dtype(dtype)).numpy_dtype


# --- values -----------------------------------------------------------------------------------------


def _open_array(value: Any, dtype: np.dtype[Any] | None) -> Any:
    """What stands for an array made of open lengths; None if there are none in `value`."""
    if is_open(value):
        if isinstance(value, int) and (dtype is None or dtype.kind in "iu"):
            return elements([value], (), dtype or np.int32)
        return number(value, dtype or np.float32)
    if not isinstance(value, (list, tuple, TensorShape)):
        return None
    plain = list(value)
    if not any_open(plain) or not all(isinstance(n, int) for n in plain):
        return None
    if dtype is not None and dtype.kind not in "iu":
        return None
    return elements(plain, (len(plain),), dtype or np.int32)


def array_of(value: Any, dtype: np.dtype[Any] | None = None) -> Any:
    """Return an ndarray or NumPy scalar of numbers, strings, arrays or nested sequences of them.

    Args:
        value: No tensor, and nothing that holds one.
        dtype: What it has to be; None for TensorFlow's choice.

    Raises:
        TypeError: Python values that `dtype` does not hold.
        ValueError: Not a number, string or array, or a ragged or mixed sequence.
    """
    if capture.get() is not None:
        found = _open_array(value, dtype)
        if found is not None:
            return found
    kind = type(value)
    if kind is float and (dtype is None or dtype is FLOAT32):
        if abs(value) > 3.4028235677973366e38 and not math.isinf(value):
            raise ValueError(
                "Can't convert Python sequence with a value out of range for a double-precision float."
            )
        return np.float32(value)
    if kind is int and dtype is None and value in _INT32:
        return np.int32(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return _array_cast(value, dtype)
    if isinstance(value, (bool, int, float, complex, str, bytes, list, tuple, range)):
        return _python_array(value, dtype)
    if isinstance(value, TensorShape):
        return np.array(value.as_list(), dtype or INT32)
    if hasattr(value, "__array__"):
        return _array_cast(np.asarray(value), dtype)
    raise ValueError(
        f"Attempt to convert a value ({value!r}) with an unsupported type ({kind}) to a Tensor."
    )


def _array_cast(value: Any, dtype: np.dtype[Any] | None) -> Any:
    if value.dtype.kind in "SU" or (dtype is not None and dtype.kind == "O"):
        if dtype is not None and dtype.kind != "O":
            raise ValueError(f"could not convert string to {kernel_name(dtype)}: {value!r}")
        if value.dtype.kind not in "SUO":
            raise TypeError(f"Cannot convert {value!r} to EagerTensor of dtype string")
        return as_bytes(np.asarray(value))
    if dtype is None or value.dtype == dtype:
        # A copy: what the program writes into its array later is not the tensor's business.
        return value.copy() if type(value) is np.ndarray else value
    if value.dtype.kind == "c" and dtype.kind != "c":
        value = value.real
    out = value.astype(dtype)
    return out if out.shape else out[()]


def leaf_types(value: Any, found: set[type] | None = None) -> set[type]:
    """The types of what a nested sequence holds."""
    found = set() if found is None else found
    types = set(map(type, value))
    inner = {t for t in types if t is list or t is tuple or issubclass(t, (list, tuple))}
    found |= types - inner
    if inner:
        for v in value:
            if isinstance(v, (list, tuple)):
                leaf_types(v, found)
    return found


def _first_leaf(value: Any) -> Any:
    while isinstance(value, (list, tuple)):
        if not value:
            return None
        value = value[0]
    return value


def _python_array(value: Any, dtype: np.dtype[Any] | None) -> Any:
    """An array of Python numbers or strings, or of nested sequences of them and of arrays."""
    nested = isinstance(value, (list, tuple, range))
    if nested:
        types = leaf_types(value)
        numbers = int in types or float in types or complex in types
        texts = str in types or bytes in types
        if (bool in types and (int in types or float in types)) or (
            texts and (numbers or bool in types)
        ):
            raise ValueError("Can't convert Python sequence with mixed types to Tensor.")
        for t in types:
            if not (
                issubclass(t, (bool, int, float, complex, str, bytes, np.generic, np.ndarray))
                or hasattr(t, "__array__")
            ):
                raise ValueError(
                    f"Attempt to convert a value ({_first_of(value, t)!r}) with an unsupported type ({t}) "
                    "to a Tensor."
                )
    try:
        array = np.array(value)
    except ValueError as error:
        raise ValueError("Can't convert non-rectangular Python sequence to Tensor.") from error
    except OverflowError as error:
        raise ValueError(
            "Can't convert Python sequence with out-of-range integer to Tensor."
        ) from error
    kind = array.dtype.kind
    if kind == "O" or (
        kind == "u" and not isinstance(_first_leaf(value), (np.ndarray, np.generic))
    ):
        raise ValueError("Can't convert Python sequence with out-of-range integer to Tensor.")
    if kind in "SU":
        array = as_bytes(np.array(value, object))
        kind = "O"
    want = dtype if dtype is not None else _default_dtype(array, value)
    if not array.size and dtype is not None:
        return array.astype(dtype)
    if kind not in _ACCEPTED[want.kind] and not isinstance(_first_leaf(value), np.ndarray):
        raise TypeError(f"Cannot convert {value!r} to EagerTensor of dtype {kernel_name(want)}")
    if array.dtype != want:
        converted = array.astype(want)
        if (
            want is FLOAT32
            and kind == "f"
            and np.isinf(converted).any()
            and (np.isinf(converted) & ~np.isinf(array)).any()
        ):
            raise ValueError(
                "Can't convert Python sequence with a value out of range for a double-precision "
                "float."
            )
        array = converted
    return array if array.shape or kind == "O" else array[()]


def _first_of(value: Any, kind: type) -> Any:
    if type(value) is kind:
        return value
    if isinstance(value, (list, tuple)):
        for v in value:
            found = _first_of(v, kind)
            if found is not None:
                return found
    return None


def _default_dtype(array: np.ndarray[Any, Any], value: Any) -> np.dtype[Any]:
    first: Any = _first_leaf(value)
    own: np.dtype[Any] = array.dtype
    if own.kind == "f":
        if isinstance(first, (np.ndarray, np.floating)) or type(first).__name__ == "bfloat16":
            wanted: np.dtype[Any] = first.dtype
            return wanted if wanted.kind in "fV" else own
        return FLOAT32
    if own.kind == "i":
        if isinstance(first, np.ndarray):
            return own
        if array.size and (int(array.max()) not in _INT32 or int(array.min()) not in _INT32):
            return INT64
        return INT32
    return own


# --- tensors ----------------------------------------------------------------------------------------


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> EagerTensor:
    """Make a tensor of numbers, strings, arrays or nested sequences of them.

    Args:
        value: The elements.
        dtype: The element type; by default the array's own, int32 for ints, float32 for floats.
        shape: What to reshape to, or to fill with a single element.
        name: Not used.

    Raises:
        TypeError: The elements do not fit `dtype` or `shape`.
        ValueError: `value` is ragged, or nothing a tensor can be made of.
    """
    want = numpy_dtype(dtype)
    if isinstance(value, (Tensor, Readable)):
        out = as_tensor(value)
        if want is not None and out.value.dtype != want:
            raise TypeError(
                f"Expected tensor {out.value} with dtype {as_dtype(dtype)!r}, but got dtype {out.dtype!r}."
            )
        array = out.value
        if out.edge is not None and (shape is not None or isinstance(value, Readable)):
            left(COPIED, out)
        if shape is None:
            return out if not isinstance(value, Readable) else tensor(array)
    elif isinstance(value, (list, tuple)) and holds_tensor(value):
        raise ValueError(
            "TypeError: Scalar tensor has no `len()`\n  tf.constant takes numbers, not tensors: "
            "use tf.stack or tf.convert_to_tensor, through which gradients flow"
        )
    else:
        array = array_of(value, want)
    if shape is None:
        return tensor(array)
    to = tuple(TensorShape(shape).as_list())
    size = math.prod(to)  # type: ignore[arg-type]
    if array.size == size:
        return tensor(np.asarray(array).reshape(to) if to else np.asarray(array).reshape(())[()])
    if array.size == 1:
        return tensor(np.full(to, np.asarray(array).reshape(())[()], array.dtype))
    raise TypeError(
        f"Eager execution of tf.constant with unsupported shape. Tensor {array} (converted from {value}) "
        f"has {array.size} elements, but got `shape` {TensorShape(shape)} with {size} elements)."
    )


def foreign(x: Tensor) -> EagerTensor:
    """A tensor of another front end as one of ours.

    With a history of its own it stays attached to it, whether or not a tape is open; without one its
    numbers are copied, since its owner may write to them.
    """
    if x.current_edge() is None:
        return tensor(x.value.copy() if type(x.value) is np.ndarray else x.value)
    for tape in recording().tapes:
        tape.shared = True
    return retyped(x, AttachedTensor)  # type: ignore[return-value]


def as_tensor(value: Any, like: np.dtype[Any] | None = None) -> EagerTensor:
    """Make a tensor; one of ours is returned as it is.

    Args:
        value: Anything `tf.convert_to_tensor` takes.
        like: The dtype that numbers and arrays get if they can be converted to it.

    Raises:
        TypeError, ValueError: As `array_of`.
    """
    if isinstance(value, EagerTensor):
        return value
    if isinstance(value, Readable):
        return value._read()
    if isinstance(value, Tensor):
        return foreign(value)
    if isinstance(value, (list, tuple)) and holds_tensor(value):
        return packed(value, like)
    if hasattr(value, "_as_dense"):  # tf.IndexedSlices
        return value._as_dense()  # type: ignore[no-any-return]
    if like is None:
        return tensor(array_of(value))
    try:
        return tensor(array_of(value, like))
    except (TypeError, ValueError):
        return tensor(array_of(value))


def holds_tensor(value: Iterable[Any]) -> bool:
    """Whether a nested list or tuple holds a tensor or variable somewhere."""
    return any(issubclass(t, (Tensor, Readable)) for t in leaf_types(value))


def packed(value: Any, like: np.dtype[Any] | None = None) -> EagerTensor:
    """Stack a nested sequence that holds tensors, so that gradients flow to them.

    Raises:
        TypeError: A number does not fit the dtype of the first tensor.
        ValueError: The parts have different shapes.
    """
    first = _first_tensor(value)
    dtype = as_tensor(first).value.dtype
    try:
        return _packed(value, dtype)
    except ShapeError as error:
        raise ValueError("Can't convert non-rectangular Python sequence to Tensor.") from error


def _packed(value: Any, dtype: np.dtype[Any]) -> EagerTensor:
    if isinstance(value, (list, tuple)) and holds_tensor(value):
        return stack(unified([_packed(v, dtype) for v in value]))  # type: ignore[no-any-return]
    return converted(value, dtype)


def _first_tensor(value: Any) -> Any:
    for v in value:
        if isinstance(v, (Tensor, Readable)):
            return v
        if isinstance(v, (list, tuple)):
            found = _first_tensor(v)
            if found is not None:
                return found
    return None


def converted(value: Any, dtype: np.dtype[Any]) -> EagerTensor:
    """Make a tensor of a dtype.

    Raises:
        TypeError: A Python value does not fit it.
        ValueError: A tensor has another.
    """
    if isinstance(value, (Tensor, Readable)):
        out = as_tensor(value)
        if out.value.dtype != dtype:
            want = as_dtype(dtype).name
            if isinstance(value, Readable):
                raise ValueError(
                    f"Incompatible type conversion requested to type {want} for `tf.Variable of type "
                    f"{out.dtype.name}. (Variable: {value!r})"
                )
            raise ValueError(
                f"Tensor conversion requested dtype {want} for Tensor with dtype {out.dtype.name}: "
                f"{out!r}"
            )
        return out
    if isinstance(value, (list, tuple)) and holds_tensor(value):
        return _packed(value, dtype)
    if hasattr(value, "_as_dense"):
        return converted(value._as_dense(), dtype)
    return tensor(array_of(value, dtype))


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> EagerTensor:
    """Make a tensor of numbers, arrays, variables, tensors or nested sequences of them.

    Args:
        value: What to convert. Gradients flow through tensors in sequences.
        dtype: The element type that it has to have.
        dtype_hint: The element type to try when `dtype` is None.
        name: Not used.

    Raises:
        TypeError: Python numbers that `dtype` does not hold.
        ValueError: A tensor of another dtype, or nothing a tensor can be made of.
    """
    if dtype is not None:
        return converted(value, numpy_dtype(dtype))  # type: ignore[arg-type]
    return as_tensor(value, numpy_dtype(dtype_hint))


# --- operands ---------------------------------------------------------------------------------------


def unified(tensors: list[EagerTensor]) -> list[EagerTensor]:
    """Tensors as operands of one operation: all attached if one is, so that the result is too."""
    for x in tensors:
        if isinstance(x, AttachedTensor):
            return [t if isinstance(t, AttachedTensor) else attached(t) for t in tensors]
    return tensors


def attached(x: EagerTensor) -> EagerTensor:
    """The tensor as an operand beside an attached one."""
    return wrap(AttachedTensor, x.value, x.edge)  # type: ignore[return-value]


def operands(
    op: str, x: Any, y: Any, *, strict: bool = False, kernel: str | None = None
) -> tuple[EagerTensor, EagerTensor]:
    """Make two operands of one dtype.

    Args:
        op: TensorFlow's name of the operation, for messages.
        x, y: Anything tensors can be made of.
        strict: Whether a Python number that does not fit the other operand's dtype is refused as
            such, rather than converted to its own dtype and then found not to match.
        kernel: The kernel's name where it is another than `op`.

    Raises:
        TypeError: A Python number does not fit, and `strict`.
        InvalidArgumentError: The dtypes differ.
    """
    x_is_value = isinstance(x, (Tensor, Readable))
    y_is_value = isinstance(y, (Tensor, Readable))
    convert: Any = converted if strict else as_tensor
    if x_is_value:
        a = as_tensor(x)
        b = as_tensor(y) if y_is_value else convert(y, a.value.dtype)
    elif y_is_value:
        b = as_tensor(y)
        a = as_tensor(x) if isinstance(x, (np.ndarray, np.generic)) else convert(x, b.value.dtype)
    else:
        a = as_tensor(x)
        b = convert(y, a.value.dtype)
    if a.value.dtype != b.value.dtype:
        raise dtype_mismatch(op, 1, a.value.dtype, b.value.dtype, kernel=kernel)
    if isinstance(a, AttachedTensor) or isinstance(b, AttachedTensor):
        a, b = unified([a, b])
    return a, b


def static(value: Any) -> Any:
    """A shape, axis or other static argument as Python ints: from ints, arrays or tensors, nested or not."""
    if value is None or isinstance(value, (int, float, str)):
        return value
    if isinstance(value, (Tensor, Readable)):
        x = as_tensor(value)
        known = known_elements(x.value)
        return (x._numpy() if known is None else known).tolist()
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, TensorShape):
        return value.as_list()
    if isinstance(value, (list, tuple, range)):
        return [static(v) for v in value]
    if hasattr(value, "__index__"):
        return value.__index__()
    raise TypeError(f"expected integers, got {value!r}")


def static_shape(shape: Any) -> tuple[int, ...]:
    """A shape argument as a tuple of ints."""
    dims = static(shape)
    return (dims,) if isinstance(dims, int) else tuple(dims)
