"""Which tapes record now, and which recorded edges are still worth anything.

NOTE [edges and tapes]
In PyTorch's dialect an edge lives as long as its tensor. In TensorFlow history belongs to the tape: an
operation outside any tape is not recorded, whatever its operands, and what an earlier tape recorded is
a constant to a later one. So a TensorFlow tensor keeps its edge in its slot (the tape may ask for it
after it has closed) but shows it to the engine only while it is *live*: while some open tape began before
the edge was made. The clock of `core.modes` counts down, so that reads `edge.order <= horizon`.

A dead edge that no tape can ask for any more is dropped when it is next met, or a state carried from
step to step would hold the graphs of all steps.

NOTE [watching twice]
A tensor (or variable) that is live when another tape begins to watch it gets an identity node, `Watched`, in
front of its old edge. Its later uses hang on that node: they are the new tape's, and through the node the old
tape's too; its earlier uses are the old tape's alone. So the clock alone says which nodes are a tape's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..core import modes
from ..core.callsite import caller
from ..core.graph import AccumulateGrad, Identity, new_node
from ..core.modes import next_order
from ..core.tensor import new

if TYPE_CHECKING:
    from .tape import GradientTape

NEVER = -(1 << 62)
"""Earlier than no clock: nothing is live."""


class Recording:
    """The tapes that record in this thread.

    Attributes:
        tapes: Outermost first.
        horizon: The clock at which the oldest of them began.
        token: Stands for this state; a variable remembers the one it was last read in.
        readers: Lists that take in every variable that is read (`tf.custom_gradient` asks).
    """

    __slots__ = ("horizon", "readers", "tapes", "token")

    def __init__(
        self, tapes: tuple[GradientTape, ...], readers: tuple[list[Any], ...] = ()
    ) -> None:
        self.tapes = tapes
        self.readers = readers
        self.horizon = (
            tapes[0].start if len(tapes) == 1 else max([t.start for t in tapes], default=NEVER)
        )
        self.token = object()


NOTHING = Recording(())

_recording: ContextVar[Recording] = ContextVar("dualtape_tapes", default=NOTHING)

recording = _recording.get
set_recording = _recording.set

# The clocks at which tapes began that may still be asked for gradients, by the tape's id.
alive: dict[int, int] = {}


def forgotten(edge: Any) -> bool:
    """Whether no tape is left that could ask for this edge."""
    order = edge.order
    return all(order > start for start in list(alive.values()))


class Watched(Identity):
    """The identity in front of the edge of something that one more tape watches."""

    __slots__ = ()


def watched_again(edge: Any) -> Watched:
    """A `Watched` node in front of a live edge."""
    return new_node(Watched, (edge,), edge.shape, edge.dtype, caller(3))  # type: ignore[no-any-return]


def beneath(edge: Any) -> Any:
    """The edge that was there before any tape watched it again."""
    while edge.__class__ is Watched:
        edge = edge.inputs[0]
    return edge


def is_recording() -> bool:
    """Whether some tape records now, and recording is not switched off."""
    return bool(recording().tapes) and not modes.current() & modes.NO_GRAD


@contextmanager
def variables_read() -> Iterator[list[Any]]:
    """Collect the variables that are read in this context, each once."""
    before = recording()
    read: list[Any] = []
    set_recording(Recording(before.tapes, (*before.readers, read)))
    try:
        yield read
    finally:
        set_recording(before)


def _nobody() -> None:
    """A weak reference to a tensor that is gone."""


def leaf_of(value: Any, result_class: Any) -> AccumulateGrad:
    """A leaf for a variable, whose tensors come and go: made without one."""
    leaf: AccumulateGrad = new(AccumulateGrad)
    leaf.shape = value.shape
    leaf.dtype = value.dtype
    leaf.grad = leaf.hooks = leaf.post_hooks = None
    leaf.order = next_order()
    leaf.source = leaf.order - 1
    leaf.ended = False
    # It belongs outside of what has been opened since the first of the tapes began to record.
    tapes = recording().tapes
    if len(tapes) == 1:
        leaf.level = tapes[0].depth
    else:
        leaf.level = min([t.depth for t in tapes], default=modes.depth())
    leaf.result_class = result_class
    leaf.variable_ref = _nobody  # type: ignore[assignment]
    return leaf
