"""Random draws inside `vmap`: an error, the same numbers for every example, or different ones.

What differs is drawn for the whole batch at once, batches first and the outermost first of all, which is the
order in which PyTorch takes the numbers from the stream.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.batching import Batched, Batching, open_batches
from ..core.boxes import Box
from ..core.lengths import any_open
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..core.tracing import Traced, asked, capture
from ..core.vocabulary import vocabulary
from ..transforms.surface import inner, outward
from ._tensor import Tensor

Shape = tuple[int, ...]

_CALLED = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
    "randomness flags on vmap or perform the randomness operation out of vmap"
)
_SAME = (
    "Vmap does not currently support same randomness with a batched tensor input. Draw outside of vmap, or use "
    "randomness='different'."
)


def varying() -> list[Batching]:
    """The open batches whose examples get different draws, outermost first.

    Raises:
        RuntimeError: A batch around allows no random operations.
    """
    levels = open_batches.get()
    if any(level.randomness == "error" for level in levels):
        raise RuntimeError(_CALLED)
    return [level for level in levels if level.randomness == "different"]


def drawn(shape: Shape, draw: Callable[[Shape], Any]) -> Any:
    """Draws of a shape as a value: an array, or a batch of them.

    Args:
        shape: The shape that the program sees.
        draw: Maps the shape to draw to an array.

    Raises:
        RuntimeError: As `varying`.
    """
    if not open_batches.get():
        return asked(draw, shape)
    levels = varying()
    whole = (*[level.size for level in levels], *shape)
    return in_batches(asked(draw, whole), levels)


def one_by_one(draw: Callable[[], Any]) -> Any:
    """As `drawn`, for draws that can only be made for one example after the other."""
    if not open_batches.get():
        return asked(draw)
    levels = varying()
    sizes = [level.size for level in levels]

    def whole() -> Any:
        rows = [draw() for _ in range(math.prod(sizes))]
        one = rows[0] if rows else draw()
        return np.reshape(np.array(rows, one.dtype), (*sizes, *one.shape))

    return in_batches(asked(whole), levels)


def is_traced(*tensors: CoreTensor) -> bool:
    """Whether a function is being compiled, and these are in no other transformation. Those from outside are taken in."""
    trace = capture.get()
    if trace is None:
        return False
    trace.meet(tensors)
    return all([isinstance(t.value, (Traced, np.ndarray, np.generic)) for t in tensors])  # noqa: C419


def memory_of(t: CoreTensor) -> Any:
    """An array laid out as the tensor, where that is known: what a compiled function computes counts as row-major."""
    value, trace = t.value, capture.get()
    if not isinstance(value, Box):
        return t.buffer()
    cell = None if trace is None else trace.cells.get(id(t))
    if any_open(value.shape):
        trace.lengths.settle("the layout in memory")
    return np.empty(value.shape, value.dtype) if cell is None else cell.array


def is_in_rows(t: CoreTensor) -> bool:
    """Whether a tensor in a function being compiled is row-major, as far as is known."""
    cell = capture.get().cells.get(id(t))
    return cell is None or cell.array.flags.c_contiguous


def in_batches(value: Any, levels: list[Batching]) -> Any:
    """A value whose first axes are batches, one for each of `levels`, as the program sees it."""
    for level in levels:
        value = Batched(level, value, 0)
    return value


def by_examples(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let a function that draws with tensors as parameters, element by element, work inside `vmap`.

    It is called once, on tensors with the batches as their first axes.
    """

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Tensor:
        if not open_batches.get():
            return function(*args, **kwargs)
        levels = varying()
        rank = max(
            [len(a.shape) for a in (*args, *kwargs.values()) if isinstance(a, CoreTensor)],
            default=0,
        )

        def spread(a: Any) -> Any:
            return spread_out(a, levels, rank) if isinstance(a, CoreTensor) else a

        out = function(*map(spread, args), **{k: spread(v) for k, v in kwargs.items()})
        return wrap(Tensor, in_batches(inner(out), levels))  # type: ignore[return-value]

    return run


def spread_out(t: CoreTensor, levels: list[Batching], rank: int | None = None) -> CoreTensor:
    """A tensor with the batches of `levels` as its first axes, and examples of `rank` axes at least.

    Raises:
        RuntimeError: It is batched by another `vmap`, whose examples get the same draws.
    """
    shape = tuple(t.shape)
    if rank is not None and len(shape) < rank:
        t = vocabulary.reshape(t, (1,) * (rank - len(shape)) + shape)
    for level in reversed(open_batches.get()):
        value, example = t.value, tuple(t.shape)
        own = isinstance(value, Batched) and value.interpreter is level
        if level not in levels:
            if own:
                raise RuntimeError(_SAME)
        elif own:
            t = outward(vocabulary.move_axis(value.content, value.axis, 0), type(t))
        else:
            one = vocabulary.reshape(t, (1, *example))
            t = vocabulary.broadcast_to(one, (level.size, *example))
    return t
