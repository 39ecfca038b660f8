"""vmap of a custom operation: the user's functions run on boxes, at a level of their own."""

from __future__ import annotations

from typing import Any

from ..core.batching import Batched, Batching
from ..core.custom import Call, Rules, Values
from ..core.tensor import Tensor
from ..core.vocabulary import vocabulary
from ..ops.reduce import sum_p
from .batch import batch_level, unbatched
from .surface import inner, lift, outward


class OnBatch(Rules):
    """An operation on whole batches, by running another one on boxes.

    Args:
        base: The operation on one example.
        axes: Where each operand has the batch, None where it is the same for every example.
        size: The length of the batch.
    """

    def __init__(self, base: Rules, axes: list[int | None], size: int) -> None:
        self.base = base
        self.axes = axes
        self.size = size
        self.name = base.name
        self.node_class = base.node_class

    def boxes(self, level: Batching, values: Values) -> Values:
        """Operands, or what goes with them, as one example."""
        return [
            v if v is None or a is None else Batched(level, v, a)
            for v, a in zip(values, self.axes, strict=True)
        ]

    def run(self, values: Values) -> Values:
        """See `Rules.run`."""
        with batch_level(self.size) as level:
            return [whole(level, o) for o in self.base.run(self.boxes(level, values))]

    def push(self, call: Call, primals: Values, tangents: Values) -> tuple[Values, Values]:
        """See `Rules.push`."""
        with batch_level(self.size) as level:
            outs, dots = self.base.push(
                Call(self.base, len(primals)),
                self.boxes(level, primals),
                self.boxes(level, tangents),
            )
            return [whole(level, o) for o in outs], [whole(level, d) for d in dots]

    def pull(self, cts: Values, needs: tuple[bool, ...], primals: Values, outs: Values) -> Values:
        """See `Rules.pull`: what is the same for every example gets the sum of their cotangents."""
        with batch_level(self.size) as level:
            grads = self.base.pull(
                [None if c is None else Batched(level, c, 0) for c in cts],
                needs,
                self.boxes(level, primals),
                [None if o is None else Batched(level, o, 0) for o in outs],
            )
            result: Values = []
            for g, axis in zip(grads, self.axes, strict=True):
                g = whole(level, g)
                if g is not None:
                    if axis is None:
                        g = sum_p(g, axes=(0,), keepdims=False)
                    elif axis:
                        g = vocabulary.move_axis(g, 0, axis)
                result.append(g)
            return result

    def keeps(self, outs: int) -> tuple[int, ...]:
        """See `Rules.keeps`."""
        return self.base.keeps(outs)

    def batched(self, axes: list[int | None], size: int) -> Rules:
        """See `Rules.batched`."""
        return OnBatch(self, axes, size)


def whole(level: Batching, value: Any) -> Any:
    """A value with the batch at axis 0; None as it is."""
    if value is None:
        return None
    t: Tensor = lift(value) if isinstance(value, Tensor) else outward(value, Tensor)
    return inner(unbatched(level, t, 0))
