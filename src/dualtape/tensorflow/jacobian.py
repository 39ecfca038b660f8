"""`GradientTape.jacobian` and `batch_jacobian`: one pullback per element of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.tensor import Tensor, wrap
from ..ops.shape import reshape, stack
from . import nest
from .cotangents import USED_UP, checked_sources, wants_zeros, zeros_for
from .indexed_slices import as_dense
from .recording import recording

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
        use_pfor: Not used; as in TensorFlow, False needs a persistent tape.

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
    columns = (
        _rows(tape, edge, wanted, _unit_rows(shape, target.value.dtype))
        if edge is not None
        else None
    )
    results: list[Any] = []
    for number, x in enumerate(flat):
        rows = [] if columns is None else [r[number] for r in columns]
        if all(r is None for r in rows):
            results.append(zeros_for(x, shape) if zero else None)
        else:
            own = tuple(x.shape)
            parts = [zeros_for(x) if r is None else as_dense(r) for r in rows]
            results.append(reshape(stack(parts), (*shape, *own)))
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
        ValueError: The batch sizes differ.
    """
    shape, own = tuple(target.shape), tuple(source.shape)
    (x,) = checked_sources(source)
    wants_zeros(unconnected_gradients)
    if not shape or not own:
        raise IndexError(
            "list index out of range\n  batch_jacobian needs a batch axis in target and source"
        )
    if shape[0] != own[0]:
        raise ValueError(
            f"Need first dimension of target shape ({shape}) and source shape ({own}) to match."
        )
    _begin(tape, use_pfor, "batch_jacobian")
    edge, wanted = tape.target_edge(target), tape.edge_of(x)
    result = None
    if edge is not None and wanted is not None:
        rows = [r[0] for r in _rows(tape, edge, [wanted], _unit_columns(shape, target.value.dtype))]
        if rows and not all(r is None for r in rows):
            parts = [zeros_for(x) if r is None else as_dense(r) for r in rows]
            result = reshape(stack(parts, 1), (*shape, *own[1:]))
    tape.used()
    if result is None:
        dtype = target.value.dtype
        result = zeros_for(wrap(Tensor, np.zeros((*shape, *own[1:]), dtype)))
    return result


def _begin(tape: GradientTape, use_pfor: bool, what: str) -> None:
    if not use_pfor and not tape.persistent:
        raise RuntimeError(_NOT_PERSISTENT.format(what))
    if not tape.began:
        raise RuntimeError(USED_UP)
    tape.leave_own_context()


def _unit_rows(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """One after the other, arrays of zeros with a one at each place."""
    size = int(np.prod(shape, dtype=np.int64))
    for i in range(size):
        unit = np.zeros(size, dtype)
        unit[i] = 1
        yield unit.reshape(shape)[()]


def _unit_columns(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """The same for one example, repeated for the whole batch."""
    for unit in _unit_rows(shape[1:], dtype):
        yield np.broadcast_to(unit, shape)


def _rows(tape: GradientTape, edge: Any, wanted: list[Any], units: Any) -> list[list[Any]]:
    graph = bool(recording().tapes)
    return [
        tape.pull([(edge, wrap(Tensor, unit) if graph else unit)], wanted, last=False)
        for unit in units
    ]
