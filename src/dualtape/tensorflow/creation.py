"""Tensors made of nothing: zeros, ones, ranges, identity matrices, one-hot rows."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.lengths import any_open
from ..core.open_shapes import steps
from ..core.tensor import plain
from ..core.tracing import elements, filled, known_elements
from ..core.vocabulary import vocabulary
from ..ops.compare import eq, lt
from ..ops.select import where
from ..ops.shape import broadcast_to as broadcast
from ..ops.shape import concatenate, expand_dims
from . import kernels as k
from .convert import as_tensor, constant, converted, numpy_dtype, operands, static, static_shape
from .dtype import float32, int32
from .elementwise import cast
from .kernels import check_dtype
from .raising import kernel_error
from .tensor import EagerTensor, Readable, tensor

FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)


def _checked_shape(op: str, shape: Any) -> tuple[int, ...]:
    dims = static_shape(shape)
    for n in dims:
        if n < 0:
            raise kernel_error(op, f"Dimension {n} must be >= 0")
    return dims


def _full(shape: tuple[int, ...], value: Any, dtype: np.dtype[Any]) -> EagerTensor:
    make = lambda s: np.full(s, value, dtype)  # noqa: E731
    return tensor(filled(make, shape, dtype) if shape else dtype.type(value))


def zeros(
    shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None
) -> EagerTensor:
    """Make a tensor of zeros (of empty strings, for `tf.string`).

    Raises:
        InvalidArgumentError: A length is negative.
    """
    to = numpy_dtype(dtype)
    assert to is not None
    dims = _checked_shape("Fill", shape)
    if to.kind == "O":
        return tensor(np.full(dims, b"", object))
    return tensor(filled(lambda s: np.zeros(s, to), dims, to) if dims else to.type(0))


def ones(
    shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None
) -> EagerTensor:
    """Make a tensor of ones.

    Raises:
        InvalidArgumentError: A length is negative.
    """
    to = numpy_dtype(dtype)
    assert to is not None
    return _full(_checked_shape("Fill", shape), 1, to)


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> EagerTensor:
    """Make a tensor with the same scalar everywhere; gradients flow to a tensor `value`.

    Raises:
        InvalidArgumentError: `value` is no scalar, or a length is negative.
    """
    x = as_tensor(value)
    if x.value.shape:
        raise kernel_error(
            "Fill", f"value must represent a scalar, but got shape {list(x.value.shape)}"
        )
    return repeated(x, _checked_shape("Fill", dims))


def zeros_like(
    input: Any, dtype: Any = None, name: str | None = None, layout: Any = None
) -> EagerTensor:
    """Make zeros of the shape of `input`, and of its dtype unless another is given."""
    x = as_tensor(input)
    return zeros(x.value.shape, x.dtype if dtype is None else dtype)


def ones_like(
    input: Any, dtype: Any = None, name: str | None = None, layout: Any = None
) -> EagerTensor:
    """Make ones of the shape of `input`, and of its dtype unless another is given."""
    x = as_tensor(input)
    return ones(x.value.shape, x.dtype if dtype is None else dtype)


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> EagerTensor:
    """Make identity matrices, shape [*batch_shape, num_rows, num_columns]."""
    rows = static(num_rows)
    columns = rows if num_columns is None else static(num_columns)
    matrix = np.eye(rows, columns, dtype=numpy_dtype(dtype))
    batch = () if batch_shape is None else static_shape(batch_shape)
    return tensor(np.tile(matrix, (*batch, 1, 1)) if batch else matrix)


_RANK = ("int32", "int64", "float32", "float64")


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range"
) -> EagerTensor:
    """Make the numbers from `start` (0 if there is one bound only) up to `limit`, `delta` apart.

    Args:
        start: The first number, or with one argument the limit.
        limit: Not reached.
        delta: The step, not 0.
        dtype: By default the widest of the arguments' dtypes.
        name: Not used.

    Raises:
        InvalidArgumentError: `delta` is 0 or leads away from `limit`.
    """
    if limit is None:
        start, limit = 0, start
    if dtype is None:
        found = [as_tensor(x).dtype.name for x in (start, limit, delta)]
        dtype = max(found, key=lambda d: _RANK.index(d) if d in _RANK else -1)
    to = numpy_dtype(dtype)
    assert to is not None
    if to.kind in "iu":
        bounds = [static(x) if is_known(x) else x for x in (start, limit, delta)]
        if any_open(bounds):
            return _open_range(bounds[0], bounds[1], bounds[2], to)
    a, b, step = (
        (cast(x, dtype) if isinstance(x, (EagerTensor, Readable)) else as_tensor(x, to))._numpy()
        for x in (start, limit, delta)
    )
    if step == 0:
        raise kernel_error("Range", "Requires delta != 0: 0")
    if step > 0 and a > b:
        raise kernel_error("Range", f"Requires start <= limit when delta > 0: {a}/{b}")
    if step < 0 and a < b:
        raise kernel_error("Range", f"Requires start >= limit when delta < 0: {a}/{b}")
    if to.kind in "iu":
        return tensor(np.arange(a, b, step, dtype=to))
    count = math.ceil(abs((float(b) - float(a)) / float(step)))
    # Kernels add the step up in the tensor's own dtype.
    out = np.full(count, step, to)
    if count:
        out[0] = a
        np.add.accumulate(out, out=out)
    return tensor(out)


def is_known(x: Any) -> bool:
    """Whether a tensor's numbers are known while a function is traced."""
    return isinstance(x, EagerTensor) and known_elements(x.value) is not None


def _open_range(start: Any, limit: Any, delta: Any, dtype: np.dtype[Any]) -> EagerTensor:
    """`range` with open lengths among its arguments."""
    row = filled(
        lambda _, *bounds: np.arange(*bounds, dtype=dtype), (steps(start, limit, delta),), dtype, start, limit, delta
    )  # fmt: skip
    return tensor(row)


def linspace(
    start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0
) -> EagerTensor:
    """Make `num` evenly spaced numbers from `start` to `stop`, both included.

    Raises:
        InvalidArgumentError: `num` is negative.
    """
    a = as_tensor(start)
    b = as_tensor(stop, a.value.dtype)
    a, b = operands("LinSpace", a, b)
    if a.value.dtype.kind in "iu":
        a, b = cast(a, "float64"), cast(b, "float64")
    check_dtype("LinSpace", a.value.dtype, k.FLOATING)
    n = int(static(num))
    if n < 0:
        raise kernel_error("Range", f"Requires start <= limit when delta > 0: 1/{n}")
    dtype = a.value.dtype
    rank = len(a.value.shape)
    at = axis if axis >= 0 else axis + rank + 1
    first, last = expand_dims(a, at), expand_dims(b, at)
    # The ends are exact, as the kernel has it.
    between = np.arange(1, n - 1).astype(dtype)
    between = between.reshape([-1 if i == at else 1 for i in builtins.range(rank + 1)])
    steps = first + (last - first) / dtype.type(max(n - 1, 1)) * between
    return concatenate([first, steps, last] if n > 1 else [first] * n or [steps], at)  # type: ignore[no-any-return]


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> EagerTensor:
    """Make rows that have `on_value` at the index and `off_value` elsewhere.

    Args:
        indices: Integers; one outside 0 to depth - 1 gives a row without `on_value`.
        depth: The length of a row.
        on_value, off_value: 1 and 0 by default.
        axis: Where the new axis goes, the last by default.
        dtype: By default that of the values, else float32.
        name: Not used.

    Raises:
        InvalidArgumentError: `indices` are not integers.
        TypeError: `on_value` and `off_value` have different dtypes, or another than `dtype`.
    """
    x = as_tensor(indices)
    if x.value.dtype.kind not in "iu":
        check_dtype("OneHot", x.value.dtype, k.Dtypes("iu", "uint8, int8, int32, int64"), "TI")
    want = numpy_dtype(dtype)
    if want is None:
        given = [v for v in (on_value, off_value) if v is not None]
        want = as_tensor(given[0]).value.dtype if given else FLOAT32
    on = (
        converted(1 if on_value is None else on_value, want).value
        if want.kind != "b" or on_value is not None
        else np.True_
    )
    off = (
        converted(0 if off_value is None else off_value, want).value
        if want.kind != "b" or off_value is not None
        else np.False_
    )
    n = int(static(depth))
    rank = len(x.value.shape)
    at = rank if axis in (None, -1) else axis
    assert at is not None
    places = np.arange(n).reshape([n if i == at else 1 for i in np.arange(rank + 1)])
    shape = list(x.value.shape)
    shape.insert(at, 1)
    hit = eq(vocabulary.cast(vocabulary.reshape(x.value, tuple(shape)), places.dtype), places)
    return tensor(where(hit, on, off))


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = bool, name: str | None = None
) -> EagerTensor:
    """Make rows whose first `lengths[i]` elements are true."""
    x = as_tensor(lengths)
    n = int(np.max(plain(x), initial=0)) if maxlen is None else int(static(maxlen))
    places = np.arange(n)
    ends = vocabulary.reshape(vocabulary.cast(x.value, places.dtype), (*x.value.shape, 1))
    return tensor(vocabulary.cast(lt(places, ends), numpy_dtype(dtype)))


def shape(input: Any, out_type: Any = int32, name: str | None = None) -> EagerTensor:
    """Return the shape as a tensor of integers."""
    lengths = _shape_of(input)
    return tensor(elements(lengths, (len(lengths),), numpy_dtype(out_type)))


def shape_n(input: Any, out_type: Any = int32, name: str | None = None) -> list[EagerTensor]:
    """Return the shape of each tensor."""
    return [shape(x, out_type) for x in input]


def size(input: Any, out_type: Any = int32, name: str | None = None) -> EagerTensor:
    """Return the number of elements as a tensor."""
    count = math.prod(_shape_of(input))
    value = elements([count], (), numpy_dtype(out_type))
    return tensor(value[()] if isinstance(value, np.ndarray) else value)


def rank(input: Any, name: str | None = None) -> EagerTensor:
    """Return the number of axes as a tensor."""
    return constant(len(_shape_of(input)))


def _shape_of(x: Any) -> tuple[int, ...]:
    return tuple(as_tensor(x).value.shape)


def repeated(x: EagerTensor, dims: tuple[int, ...]) -> EagerTensor:
    """A scalar everywhere in a tensor of shape `dims`."""
    from_scalar: EagerTensor = broadcast(x, dims)
    if x.edge is None and not isinstance(from_scalar.value, Box):
        return tensor(np.array(from_scalar.value)) if dims else x
    return from_scalar
