"""Picking elements by integer indices and masks, and scattering them; all on the engine's `picking`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.errors import ShapeError
from ..ops import picking
from ..ops import shape as s
from ..ops.select import where as select
from . import indexing
from .arithmetic import boolean
from .convert import as_tensor, operands, static, unified
from .hosted import on_numbers
from .kernels import Dtypes, check_dtype
from .raising import dims, kernel_error
from .recording import recording
from .shapes import TensorShape
from .tensor import EagerTensor, Readable, raw_edge, tensor

INDEX_TYPES = Dtypes("iu", "int16, int32, int64")


def _indices(op: str, indices: Any, attribute: str = "Tindices") -> EagerTensor:
    out = as_tensor(indices)
    if out.value.dtype.kind == "f" and 0 in out.value.shape:  # an empty list
        return tensor(out.value.astype(np.int32))
    if out.value.dtype.kind not in "iu":
        check_dtype(op, out.value.dtype, INDEX_TYPES, attribute)
    return out


def _first_bad(indices: np.ndarray[Any, Any], size: int) -> tuple[str, Any] | None:
    """The place, as kernels print it, and the value of the first index out of range."""
    bad = (indices < 0) | (indices >= size)
    if not bad.any():
        return None
    place = tuple(int(i) for i in np.argwhere(bad)[0]) if indices.ndim else ()
    return "indices" + (f"[{','.join(map(str, place))}]" if place else ""), indices[place]


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> EagerTensor:
    """Return slices of `params` along an axis.

    Args:
        params: The tensor or variable to gather from.
        indices: Integers from 0 to the axis's length.
        validate_indices: Not used.
        axis: By default `batch_dims`.
        batch_dims: How many leading axes of `params` and `indices` belong together.
        name: Not used.

    Returns:
        Shape params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:]. The gradient of
        `params`, along the first axis, is a `tf.IndexedSlices`.

    Raises:
        InvalidArgumentError: An index or `axis` is out of range, or indices are no integers.
    """
    x = as_tensor(params)
    at = _indices("GatherV2", indices)
    where = at.value
    batch = int(batch_dims) if batch_dims >= 0 else int(batch_dims) + len(where.shape)
    rank = len(x.value.shape)
    along = batch if axis is None else int(static(axis))
    if along < -rank or along >= rank:
        least = along + 1 if along >= 0 else -along
        raise kernel_error("GatherV2", f"Shape must be at least rank {least} but is rank {rank}")
    along %= rank
    if isinstance(where, Box):
        where = checked(where, x.value.shape[along])
        at = tensor(where)
    else:
        bad = _first_bad(np.asarray(where), x.value.shape[along])
        if bad is not None:
            rows = isinstance(params, Readable) and not along and not batch
            raise kernel_error(
                "ResourceGather" if rows else "GatherV2",
                f"{bad[0]} = {bad[1]} is not in [0, {x.value.shape[along]})",
            )
    if batch:
        return _batch_gather(x, where, along, batch)
    out: EagerTensor = picking.index_p(x, at, axis=along, depth=1)
    if along == 0:
        _note(out, at)
    return out


def checked(indices: Any, size: int) -> Any:
    """Indices that are not known yet, as int64: that they are in range is looked at when they are."""
    return picking.position_p(
        indices, size=size, wrap=False, message="indices = {index} is not in [0, {size})"
    )


def _note(out: EagerTensor, indices: EagerTensor) -> None:
    """Remember a gather along the first axis, whose gradient is sparse (see `row_gradients`)."""
    node = raw_edge(out)
    if node is not None:
        for tape in recording().tapes:
            tape.gathers[node] = indices


def _batch_gather(x: EagerTensor, where: Any, axis: int, batch: int) -> EagerTensor:
    shape = x.value.shape
    rank = len(where.shape)
    if where.shape[:batch] != shape[:batch]:
        raise kernel_error(
            "GatherV2",
            f"params.shape[:{batch}] must match indices.shape[:{batch}]: {dims(shape[:batch])} vs. "
            f"{dims(where.shape[:batch])}",
        )
    order = [*range(batch), axis, *[i for i in range(batch, len(shape)) if i != axis]]
    moved = s.permute(x, order) if axis != batch else x
    # The batch axes and the gathered one count as one axis: positions in it are unique to their batch.
    starts = np.arange(math.prod(shape[:batch])).reshape(*shape[:batch], *(1,) * (rank - batch))
    out = picking.index_p(moved, tensor(where + starts * shape[axis]), axis=0, depth=batch + 1)
    if axis != batch:
        between = axis - batch
        inner = rank - batch
        rank = len(out.value.shape)
        back = [
            *range(batch), *range(batch + inner, batch + inner + between), *range(batch, batch + inner),
            *range(batch + inner + between, rank),
        ]  # fmt: skip
        out = s.permute(out, back)
    return out  # type: ignore[no-any-return]


def gather_rows(params: Any, indices: Any) -> EagerTensor:
    """`gather` along the first axis, for `Variable.sparse_read`."""
    return gather(params, indices, axis=0)


def embedding_lookup(
    params: Any, ids: Any, max_norm: float | None = None, name: str | None = None
) -> EagerTensor:
    """Return the rows of `params` named by `ids`.

    Raises:
        InvalidArgumentError: An id is out of range.
        NotImplementedError: `max_norm`, or several partitions.
    """
    if max_norm is not None:
        raise NotImplementedError(
            "embedding_lookup with max_norm: scale the rows with tf.clip_by_norm"
        )
    if isinstance(params, (list, tuple)):
        if len(params) != 1:
            raise NotImplementedError(
                "embedding_lookup with several partitions: tf.concat them first"
            )
        params = params[0]
    return gather(params, ids, axis=0)


def places(op: str, indices: Any, shape: tuple[int, ...]) -> tuple[EagerTensor, int]:
    """The rows of `indices` as positions in the leading axes of `shape`, and how many axes those are."""
    at = _indices(op, indices).value
    depth = at.shape[-1] if at.shape else 1
    if depth > len(shape):
        raise kernel_error(
            op,
            f"index innermost dimension length must be <= params rank; saw: {depth} vs. {len(shape)}",
        )
    flat = on_numbers(lambda at: _flat_places(op, at, shape), at.shape[:-1], np.int64, at)
    return tensor(flat), depth


def _flat_places(op: str, at: Any, shape: tuple[int, ...]) -> Any:
    depth = at.shape[-1] if at.ndim else 1
    flat = np.zeros(at.shape[:-1], np.int64)
    bad = np.zeros(at.shape[:-1], bool)
    for i in range(depth):
        bad |= (at[..., i] < 0) | (at[..., i] >= shape[i])
        flat = flat * shape[i] + at[..., i]
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0]) if at.ndim > 1 else ()
        where = "indices" + (f"[{','.join(map(str, place))}]" if place else "")
        words = (
            "does not index into param shape" if op == "GatherNd" else "does not index into shape"
        )
        tail = f"{dims(shape)}, node name: {op}" if op == "GatherNd" else dims(shape)
        raise kernel_error(
            op, f"{where} = [{', '.join(map(str, at[place].tolist()))}] {words} {tail}"
        )
    return flat


def gather_nd(
    params: Any,
    indices: Any,
    batch_dims: int = 0,
    name: str | None = None,
    bad_indices_policy: str = "",
) -> EagerTensor:
    """Return the elements or slices of `params` that the rows of `indices` name.

    Args:
        params: What to gather from.
        indices: Shape [..., n]: each row gives the first n indices.
        batch_dims: How many leading axes belong together.
        name: Not used.
        bad_indices_policy: Not used.

    Raises:
        InvalidArgumentError: An index is out of range.
    """
    x = as_tensor(params)
    if batch_dims:
        at = np.asarray(_indices("GatherNd", indices).value)
        grid = np.indices(at.shape[:-1], at.dtype)[:batch_dims]
        indices = np.concatenate([np.stack(list(grid), -1), at], -1)
    where, depth = places("GatherNd", indices, x.value.shape)
    if depth == 0:
        return s.broadcast_to(x, (*where.value.shape, *x.value.shape))  # type: ignore[no-any-return]
    return picking.index_p(x, where, axis=0, depth=depth)  # type: ignore[no-any-return]


def gather_elements(params: Any, indices: Any) -> EagerTensor:
    """`gather_nd`, for `Variable.gather_nd`."""
    return gather_nd(params, indices)


# --- masks ------------------------------------------------------------------------------------------


def boolean_mask(
    tensor: Any, mask: Any, axis: Any = None, name: str = "boolean_mask"
) -> EagerTensor:
    """Return the slices of a tensor for which `mask` is true.

    Raises:
        ValueError: `mask` is a scalar, or its shape is not that of the tensor's axes.
    """
    x = as_tensor(tensor)
    keep = np.asarray(boolean(mask).value)
    if keep.ndim == 0:
        raise ValueError("mask cannot be scalar.")
    at = 0 if axis is None else int(static(axis))
    have = x.value.shape
    at %= len(have) or 1
    if have[at : at + keep.ndim] != keep.shape:
        raise ValueError(
            f"Shapes {TensorShape(have[at : at + keep.ndim])} and {TensorShape(keep.shape)} are incompatible"
        )
    return picking.masked_select_p(x, np.flatnonzero(keep), axis=at, depth=keep.ndim)  # type: ignore[no-any-return]


indexing.masked = boolean_mask


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> EagerTensor:
    """Return x where `condition` is true and y elsewhere; without them, the indices of true elements.

    Args:
        condition: Booleans (without x and y any numbers: not zero).
        x, y: Of one dtype; all three broadcast.
        name: Not used.

    Raises:
        ValueError: Only one of x and y is given.
        InvalidArgumentError: Dtypes differ, or shapes do not broadcast.
        TypeError: A condition that is not bool.
    """
    if x is None and y is None:
        return tensor(np.argwhere(np.asarray(as_tensor(condition).value)).astype(np.int64))
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    test = boolean(condition)
    a, b = _branches(x, y)
    if test.value.dtype.kind != "b":
        raise kernel_error("SelectV2", f"condition must be bool, not {test.dtype.name}")
    try:
        return select(*unified([test, a, b]))  # type: ignore[no-any-return]
    except ShapeError as error:
        raise kernel_error(
            "SelectV2",
            f"condition {dims(test.value.shape)}, then {dims(a.value.shape)}, and else {dims(b.value.shape)} "
            "must be broadcastable",
        ) from error


def _branches(x: Any, y: Any) -> tuple[EagerTensor, EagerTensor]:
    try:
        return operands("SelectV2", x, y, strict=True)
    except Exception as error:
        message = getattr(error, "message", None)
        if message is not None:  # the condition is operand 0
            error.message = message.replace("input #1", "input #2")  # type: ignore[attr-defined]
        raise
