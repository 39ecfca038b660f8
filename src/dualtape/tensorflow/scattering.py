"""Writing into tensors at places: tensor_scatter_nd_update and its kin."""

from __future__ import annotations

from typing import Any

from ..ops import picking, scatter_reduce
from .convert import as_tensor, operands, static_shape
from .gather import places
from .raising import dims, kernel_error
from .tensor import EagerTensor


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> EagerTensor:
    """Return zeros of `shape` with `updates` added at the places that the rows of `indices` name.

    Raises:
        InvalidArgumentError: An index is out of range, or the shapes do not fit.
    """
    to = static_shape(shape)
    v = as_tensor(updates)
    at, depth = places("ScatterNd", indices, to)
    _check_updates("ScatterNd", at, v, to, depth)
    return picking.deposit_p(v, at, axis=0, depth=depth, shape=to)  # type: ignore[no-any-return]


def _check_updates(
    op: str, at: EagerTensor, v: EagerTensor, shape: tuple[int, ...], depth: int
) -> None:
    rank, want = len(at.value.shape), (*at.value.shape, *shape[depth:])
    if v.value.shape != want:
        raise kernel_error(
            op,
            f"Dimensions [0,{rank}) of indices[shape={dims((*at.value.shape, depth))}] must match "
            f"dimensions [0,{rank}) of updates[shape={dims(v.value.shape)}]; expected updates of "
            f"shape {dims(want)}",
        )


def _tensor_scatter(op: str, combine: Any, doc: str) -> Any:
    def function(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> EagerTensor:
        x = as_tensor(tensor)
        v = as_tensor(updates, x.value.dtype)
        x, v = operands(op, x, v)
        at, depth = places(op, indices, x.value.shape)
        _check_updates(op, at, v, x.value.shape, depth)
        return combine(x, at, v, depth)  # type: ignore[no-any-return]

    function.__doc__ = f"""{doc}

    Args:
        tensor: What to start from.
        indices: Shape [..., n]: each row gives the first n indices.
        updates: Shape indices.shape[:-1] + tensor.shape[n:].
        name: Not used.

    Raises:
        InvalidArgumentError: An index is out of range, or shapes or dtypes do not fit.
    """
    return function


tensor_scatter_nd_update = _tensor_scatter(
    "TensorScatterUpdate", lambda x, at, v, depth: picking.index_put_p(x, at, v, axis=0, depth=depth),
    "Return a tensor with `updates` written at the places that `indices` names.",
)  # fmt: skip


tensor_scatter_nd_add = _tensor_scatter(
    "TensorScatterAdd", lambda x, at, v, depth: picking.index_put_add_p(x, at, v, axis=0, depth=depth),
    "Return a tensor with `updates` added at the places that `indices` names.",
)  # fmt: skip


tensor_scatter_nd_sub = _tensor_scatter(
    "TensorScatterSub", lambda x, at, v, depth: picking.index_put_add_p(x, at, -v, axis=0, depth=depth),
    "Return a tensor with `updates` subtracted at the places that `indices` names.",
)  # fmt: skip


def _extreme(reduce: str) -> Any:
    return lambda x, at, v, depth: scatter_reduce.scatter_extremum_p(
        x, at, v, axis=0, depth=depth, reduce=reduce, include_self=True
    )


tensor_scatter_nd_max = _tensor_scatter(
    "TensorScatterMax", _extreme("amax"),
    "Return a tensor with the maxima of it and `updates` at the places that `indices` names.",
)  # fmt: skip
tensor_scatter_nd_min = _tensor_scatter(
    "TensorScatterMin", _extreme("amin"),
    "Return a tensor with the minima of it and `updates` at the places that `indices` names.",
)  # fmt: skip
