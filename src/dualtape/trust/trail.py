"""The way of a NaN back to where it was made: through the backward pass, then through the forward run.

At each operation the question is which of the things it read was not finite, at the elements that matter. A NaN is
followed first; where there is none, an infinity of which this operation made NaN, to the operation that made the
infinity. If no operation made it (a mask of -inf, say), the one that turned it into NaN is to blame.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop
from typing import Any

import numpy as np

from ..core.graph import LEAF, OUTPUT
from ..core.sweep import Pass
from .facts import Facts, Op
from .nonfinite import INF, NAN, Array, Masks, across, fitted, masks_of, through
from .subject import key_of


class Watched(Pass):
    """A backward pass that remembers where its cotangents are not finite.

    Attributes:
        arrived: By value (node and output number): what was added up there, as (node, operand, masks).
        cotangents: By node: the masks of the cotangent of each output.
    """

    __slots__ = ("arrived", "at", "cotangents", "cursor")

    def __init__(self) -> None:
        super().__init__(retain_graph=True, create_graph=False, needed=None)
        self.arrived: dict[Any, list[tuple[Any, int, Masks]]] = {}
        self.cotangents: dict[Any, dict[int, Masks]] = {}
        self.at: Any = None
        self.cursor = 0

    def add(self, edge: Any, g: Any) -> None:
        """See `Pass.add`."""
        number = 0
        if self.at is not None:
            inputs = self.at.inputs
            number = next(i for i in range(self.cursor, len(inputs)) if inputs[i] is edge)
            self.cursor = number + 1
        masks = masks_of(g)
        if masks.nan is not None or masks.inf is not None:
            self.arrived.setdefault(key_of(edge), []).append((self.at, number, masks))
        super().add(edge, g)

    def run(self, captures: dict[Any, Any] | None = None) -> None:
        """Visit all nodes the long way."""
        while self.heap:
            node = heappop(self.heap)[1]
            ct = self.pending[node]
            parts = ct if isinstance(ct, dict) else {0: ct}
            self.cotangents[node] = {k: masks_of(v) for k, v in parts.items()}
            self.at, self.cursor = node, 0
            self.visit(node, None)
            self.at = None


@dataclass(slots=True)
class Origin:
    """Where a trail ends."""

    op: Op
    phase: str
    kind: str
    certain: bool = True
    note: str = ""

    def rank(self) -> tuple[int, int]:
        """Earlier in the run is smaller: forward in order, then backward, the latest operation first."""
        if self.phase == "forward":
            return 0, -self.op.order
        return 1, self.op.order


class Trail:
    """Follows one NaN from a leaf's gradient to its origin, without recursion."""

    def __init__(self, facts: Facts, watched: Watched) -> None:
        self.facts = facts
        self.watched = watched
        self.fallback: Origin | None = None  # when an infinity turns out to be the user's own

    def given_up(self, here: Origin) -> Origin:
        """The end of a trail that led to something no operation made: for an infinity, where it became NaN."""
        return self.fallback or here

    def to_inf(self, here: Origin) -> str:
        """From here on the trail is that of an infinity, of which `here` made NaN."""
        self.fallback = here
        return INF

    def from_cotangent(self, key: Any, mask: Array, kind: str) -> Origin:
        """The origin of what is in the cotangent of a value."""
        while True:
            node = key[0]
            found = self.contribution(key, mask, kind)
            if found is None and kind == NAN:
                inf = self.contribution(key, mask, INF)
                op = self.facts.op(node)
                if inf is not None:
                    note = "Gradients that met here were infinite with opposite signs."
                    kind = self.to_inf(Origin(op, "backward", NAN, note=note))
                    found = inf
            if found is None:
                return self.given_up(Origin(self.facts.op(node), "backward", kind, False,
                                               "It arrived with the cotangent, or was made by a hook."))  # fmt: skip
            source, number, hit = found
            if source is None:
                return self.given_up(Origin(self.facts.op(node), "backward", kind))
            step = self.pulled(source, number, hit, kind)
            if isinstance(step, Origin):
                return step
            key, mask, kind = step

    def contribution(self, key: Any, mask: Array, kind: str) -> tuple[Any, int, Array] | None:
        """The first cotangent with a NaN (or infinity) in `mask` that arrived at a value."""
        for source, number, masks in self.watched.arrived.get(key, ()):
            bad = masks.of(kind)
            if bad is not None:
                hit = bad & fitted(mask, bad.shape)
                if hit.any():
                    return source, number, hit
        return None

    def pulled(self, node: Any, number: int, mask: Array, kind: str) -> Any:
        """One step through a node's backward rule: an origin, or the value whose cotangent is next."""
        op = self.facts.op(node)
        here = Origin(op, "backward", kind)
        places = across(node, mask) if node.output_avals is None else None
        for k in (NAN, INF) if kind == NAN else (INF,):
            late = k == NAN
            order = ("cotangent", "residual") if late else ("residual", "cotangent")
            for what in order:
                if what == "cotangent":
                    found = self.own_cotangent(node, places, k)
                    if found is not None:
                        if k != kind:
                            self.to_inf(here)
                        return (*found, k)
                else:
                    residual = self.residual(op, node, places, k)
                    if residual is not None:
                        if k != kind:
                            self.to_inf(here)
                        return self.from_value(*residual, k, here)
        if kind == NAN and self.outside_domain(op, node, places):
            return Origin(op, "forward", NAN)
        return here

    @staticmethod
    def outside_domain(op: Op, node: Any, places: Array | None) -> bool:
        """Whether the operation's own result was NaN where its gradient is: then that came first."""
        masks = op.results.get(0)
        if masks is None or masks.nan is None or node.output_avals is not None:
            return False
        return bool(places is None or (masks.nan & fitted(places, masks.nan.shape)).any())

    def own_cotangent(self, node: Any, places: Array | None, kind: str) -> tuple[Any, Array] | None:
        """The output of a node whose cotangent is not finite in `places`."""
        for number, masks in self.watched.cotangents[node].items():
            bad = masks.of(kind)
            if bad is not None:
                hit = bad if places is None else bad & fitted(places, bad.shape)
                if hit.any():
                    return (node, number), hit
        return None

    def residual(
        self, op: Op, node: Any, places: Array | None, kind: str
    ) -> tuple[Op, int, Array] | None:
        """The operand (or, negative, the output) that the rule read and that is not finite in `places`."""
        for number in op.kept():
            masks = op.results.get(~number) if number < 0 else op.operands[number]
            bad = None if masks is None else masks.of(kind)
            if bad is None:
                continue
            pointwise = op.primitive is not None and op.primitive.pointwise
            hit = bad & fitted(places, bad.shape) if pointwise and places is not None else bad
            if hit.any():
                return op, number, hit
        return None

    def from_value(self, op: Op, number: int, mask: Array, kind: str, here: Origin) -> Origin:
        """The origin of what is in an operand of an operation, or (negative number) in its result."""
        while True:
            if number >= 0:
                source = op.sources[number]
                maker = self.facts.maker(source)
                if maker is None:
                    return self.given_up(self.given(op, number, kind, here))
                op = maker
            step = self.made(op, mask, kind)
            if isinstance(step, Origin):
                return step
            number, mask, kind = step
            here = Origin(op, "forward", kind)

    def given(self, op: Op, number: int, kind: str, here: Origin) -> Origin:
        """The answer for a NaN that was there before: in a leaf, or in a constant."""
        edge = op.edges[number]
        if edge is not None and edge.kind in (LEAF, OUTPUT):
            note = f"Operand {number} of it is a leaf, or an argument, that has {kind} already."
        elif edge is not None:
            note = f"Operand {number} of it is an argument that has {kind} already."
        else:
            note = f"Operand {number} of it is a constant that has {kind} already."
        return Origin(op, "forward" if here.phase == "forward" else here.phase, kind, note=note)

    def made(self, op: Op, mask: Array, kind: str) -> Any:
        """One step back through an operation: an origin, or the operand (number, mask, kind) that is next."""
        unknown = False
        for k in (NAN, INF) if kind == NAN else (INF,):
            for i, masks in enumerate(op.operands):
                if masks is None:
                    unknown = True
                    continue
                bad = masks.of(k)
                if bad is None:
                    continue
                hit = bad & self.behind(op, mask, i, bad.shape)
                if hit.any():
                    if k != kind:
                        self.to_inf(Origin(op, "forward", kind))
                    return i, hit, k
            if unknown and k == NAN:
                break
        return Origin(op, "forward", kind, certain=not unknown)

    @staticmethod
    def behind(op: Op, mask: Array, number: int, shape: tuple[int, ...]) -> Array:
        """The elements of an operand that made those of the result in `mask`."""
        if op.primitive is not None and op.primitive.pointwise:
            return fitted(mask, shape)
        if op.node is not None and op.node.output_avals is None:
            return fitted(through(op.node, fitted(mask, tuple(op.node.shape)), number), shape)
        return np.ones(shape, bool)
