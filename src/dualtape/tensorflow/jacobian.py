"""`GradientTape.jacobian` and `batch_jacobian`: the pullbacks of all elements of the target, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.backward import gradients
from ..core.batching import Batched
from ..core.errors import TransformError
from ..core.sweep import as_tensor as as_class
from ..core.tensor import Tensor, wrap
from ..ops.shape import move_axis, reshape, stack
from ..transforms.batch import batch_level, unbatched
from . import nest
from .cotangents import checked_sources, used_up, wants_zeros, zeros_for
from .indexed_slices import as_dense
from .recording import recording
from .tensor import EagerTensor

if TYPE_CHECKING:
    from .tape import GradientTape

_NOT_PERSISTENT = (
    "GradientTape must be created with persistent=True to compute the {} with eager execution enabled "
    "and with  experimental_use_pfor set to False."
)


def jacobian(
    tape: GradientTape, target: Any, sources: Any, unconnected_gradients: Any, use_pfor: bool
) -> Any:
    """Return the derivative of each element of `target` with respect to each of each source.

    Args:
        tape: The tape that recorded `target`.
        target: A tensor.
        sources: Tensors or variables, nested.
        unconnected_gradients: What an independent source gets: None or zeros.
        use_pfor: Whether all rows are computed in one pass, rather than one after the other; as in
            TensorFlow, False needs a persistent tape.

    Returns:
        Like `sources`; each of shape target.shape + source.shape.

    Raises:
        RuntimeError: The tape is not persistent and was used before.
    """
    shape = tuple(target.shape)
    flat = checked_sources(sources)
    zero = wants_zeros(unconnected_gradients)
    _begin(tape, use_pfor, "jacobian")
    edge = tape.target_edge(target)
    wanted = [tape.edge_of(x) for x in flat]
    columns: list[Any] = [None] * len(flat)
    if edge is not None:
        columns = _rows(tape, edge, wanted, _unit_rows(shape, target.value.dtype), use_pfor)
    results: list[Any] = []
    for x, rows in zip(flat, columns, strict=True):
        if rows is None:
            results.append(zeros_for(x, shape) if zero else None)
        else:
            results.append(reshape(rows, (*shape, *tuple(x.shape))))
    tape.used()
    return nest.pack_sequence_as(sources, results)


def batch_jacobian(
    tape: GradientTape, target: Any, source: Any, unconnected_gradients: Any, use_pfor: bool
) -> Any:
    """Return the derivative of each example of `target` with respect to the same example of `source`.

    Args:
        tape: The tape that recorded `target`.
        target: Shape [batch, ...]; example i may depend on example i of `source` only.
        source: Shape [batch, ...].
        unconnected_gradients: Checked; zeros are returned in both cases, as by TensorFlow.
        use_pfor: As for `jacobian`.

    Returns:
        Shape [batch, *target.shape[1:], *source.shape[1:]].

    Raises:
        RuntimeError: The tape is not persistent and was used before.
        ValueError: The batch sizes differ, or target or source has no other axis.
    """
    shape, own = tuple(target.shape), tuple(source.shape)
    (x,) = checked_sources(source)
    wants_zeros(unconnected_gradients)
    if not shape or not own:
        raise IndexError(
            "list index out of range\n  batch_jacobian needs a batch axis in target and source"
        )
    for given in (shape, own):
        if len(given) < 2:
            raise ValueError(f"Shape {given} must have rank at least 2")
    if shape[0] != own[0]:
        raise ValueError(
            f"Need first dimension of target shape ({shape}) and source shape ({own}) to match."
        )
    _begin(tape, use_pfor, "batch_jacobian")
    edge, wanted = tape.target_edge(target), tape.edge_of(x)
    result = None
    if edge is not None and wanted is not None:
        units = _unit_rows(shape[1:], target.value.dtype)
        units = np.broadcast_to(units[:, None], (len(units), *shape))
        (rows,) = _rows(tape, edge, [wanted], units, use_pfor)
        if rows is not None:
            result = reshape(move_axis(rows, 0, 1), (*shape, *own[1:]))
    tape.used()
    if result is None:
        dtype = target.value.dtype
        result = zeros_for(wrap(Tensor, np.zeros((*shape, *own[1:]), dtype)))
    return result


def _begin(tape: GradientTape, use_pfor: bool, what: str) -> None:
    if not use_pfor and not tape.persistent:
        raise RuntimeError(_NOT_PERSISTENT.format(what))
    if not tape.began:
        raise used_up(tape._used_at)
    tape.leave_own_context()


def _unit_rows(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """All arrays of zeros with a one at one place, stacked."""
    size = int(np.prod(shape, dtype=np.int64))
    return np.eye(size, dtype=dtype).reshape(size, *shape)


def _in_one_pass(
    tape: GradientTape, edge: Any, wanted: list[Any], units: Any, graph: bool
) -> list[Any] | None:
    """`_rows` at once; None where a custom gradient asks for numbers, which then goes row by row."""
    try:
        with batch_level(len(units), "same") as level:
            ct = Batched(level, units, 0)
            found = gradients(
                [(edge, wrap(Tensor, ct) if graph else ct)], wanted,
                retain_graph=True, create_graph=graph, within=tape.within,
            )  # fmt: skip
            return [
                None if g is None else unbatched(level, as_class(g, EagerTensor), 0) for g in found
            ]
    except TransformError:
        return None


def _rows(tape: GradientTape, edge: Any, wanted: list[Any], units: Any, at_once: bool) -> list[Any]:
    """For each wanted edge what arrives for each of `units`, stacked; None where nothing does."""
    graph = bool(recording().tapes)
    if not len(units):
        return [
            None if e is None else wrap(EagerTensor, np.zeros((0, *e.shape), e.dtype))
            for e in wanted
        ]
    if at_once and (found := _in_one_pass(tape, edge, wanted, units, graph)) is not None:
        return found
    rows = [
        tape.pull([(edge, wrap(Tensor, u) if graph else u)], wanted, last=False)
        for u in (unit[()] for unit in units)
    ]
    columns: list[Any] = []
    for parts, e in zip(zip(*rows, strict=True), wanted, strict=True):
        if all(p is None for p in parts):
            columns.append(None)
            continue
        zeros = wrap(EagerTensor, np.zeros(e.shape, e.dtype)[()])
        columns.append(stack([zeros if p is None else as_dense(p) for p in parts]))
    return columns
