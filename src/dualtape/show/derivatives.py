"""Derivatives with their numbers: what a rule multiplies by, small Jacobians, and tangents along one direction.

All are computed from the arrays as they were seen, by the same rules as the engine's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.conform import conform
from ..core.forward import pushforward
from ..core.primitive import AVAL, Signature
from ..core.pullback import chosen
from .events import Added, Ran
from .snapshots import Snapshot

DIAGONAL = 4096
"""Elements of a result up to which an elementwise derivative is shown."""

ENTRIES = 144
"""Entries of a Jacobian that is shown."""

_VIEWS = 6
_VIEW_NODES = 600


def local_of(picture: Any, ran: Ran, added: Added) -> tuple[int, str]:
    """A slot for the local derivative of an operation for one operand, and its kind; (-1, "none") for none."""
    p = ran.primitive
    if p is None or p.outputs != 1 or len(ran.results) != 1 or ran.results[0] is None:
        return -1, "none"
    out, x = ran.results[0].shot, ran.operands[added.input].shot
    if out.data is None or any(s.shot.data is None or s.shot.batched for s in ran.operands):
        return -1, "none"
    if out.dtype.kind == "c" or x.dtype.kind == "c":
        return -1, "none"
    if p.pointwise and isinstance(_rule(p, added.input), Signature):
        if out.data.size > DIAGONAL:
            return -1, "none"
        return picture.computed(out, lambda: diagonal(ran, added.input)), "diagonal"
    if out.data.size * x.data.size > ENTRIES or not out.data.size * x.data.size:
        return -1, "none"
    like = Aval((*out.shape, *x.shape), out.dtype)
    return picture.computed(like, lambda: jacobian(ran, added.input)), "jacobian"


def _rule(p: Any, number: int) -> Any:
    if p.joint_vjp is not None:
        return None
    return p.vjps[0 if p.variadic else number]


def pulled(ran: Ran, number: int, ct: Any) -> Any:
    """What the rule of an operand gives for a cotangent; None for nothing."""
    p = ran.primitive
    operands = [s.shot.data for s in ran.operands]
    outs = [None if s is None else s.shot.data for s in ran.results]
    everything = [*operands, *outs]
    params = ran.params
    x = ran.operands[number].shot
    aval = Aval(x.shape, x.dtype)
    if p.joint_vjp is not None:
        s = p.joint_vjp
        needs = tuple(i == number for i in range(len(operands)))
        args = [everything[n] for n in s.needs]
        return list(s.rule(ct, needs, *args, **chosen(s.params, params)))[number]
    rule = p.vjp_of(number)
    if rule is None:
        return None
    shift = len(operands) - len(p.inputs) if p.variadic else 0
    args = [
        aval
        if n == AVAL
        else number
        if n < 0
        else everything[n + shift if n >= len(p.inputs) else n]
        for n in rule.needs
    ]
    return rule.rule(ct, *args, **chosen(rule.params, params))


def diagonal(ran: Ran, number: int) -> Snapshot | None:
    """The derivative of an elementwise operation, element by element, in the shape of its result."""
    out = ran.results[0].shot  # type: ignore[union-attr]
    ones = np.ones(out.shape, out.dtype)[()]
    with np.errstate(all="ignore"):
        g = pulled(ran, number, ones)
    g = np.asarray(g)
    return Snapshot(np.broadcast_to(g, out.shape) if g.shape != out.shape else g)


def jacobian(ran: Ran, number: int) -> Snapshot | None:
    """All partial derivatives of a small operation: shape (*result's, *operand's)."""
    out = ran.results[0].shot  # type: ignore[union-attr]
    x = ran.operands[number].shot
    rows = []
    with np.errstate(all="ignore"):
        for i in range(int(np.prod(out.shape, dtype=int))):
            ct = np.zeros(out.shape, out.dtype)
            ct.reshape(-1)[i] = 1
            g = pulled(ran, number, ct[()])
            if g is None:
                return None
            rows.append(np.asarray(conform(g, x, None, number)))
    return Snapshot(np.stack(rows).reshape((*out.shape, *x.shape)))


class View:
    """The tangents of all values of a picture along one direction, computed together when first asked for."""

    def __init__(self, picture: Any, leaf: int) -> None:
        self.picture = picture
        self.leaf = leaf
        self.found: dict[int, list[Any]] | None = None

    def of(self, node: int, number: int) -> Snapshot | None:
        """The tangent of an output of a node; None where it cannot be known."""
        if self.found is None:
            self.found = self.compute()
        dots = self.found.get(node)
        dot = None if dots is None or number >= len(dots) else dots[number]
        return None if dot is None else Snapshot(np.asarray(dot)[()])

    def compute(self) -> dict[int, list[Any]]:
        """Push the direction through the operations, in order."""
        p = self.picture
        shot = p.seen[self.leaf].shot
        found: dict[int, list[Any]] = {self.leaf: [np.ones(shot.shape, shot.dtype)[()]]}
        with np.errstate(all="ignore"):
            for number, (node, ran) in enumerate(zip(p.nodes, p.rans, strict=True)):
                if ran is None or ran.primitive is None:
                    continue
                tangents = [
                    found[i][k] if i in found and k < len(found[i]) else None
                    for i, k in node["inputs"]
                ]
                if all(t is None for t in tangents) or ran.primitive.kind == "constant":
                    continue
                primals = [s.shot.data for s in ran.operands]
                outs = [None if s is None else s.shot.data for s in ran.results]
                if any(x is None for x in (*primals, *outs)) or any(
                    s.shot.batched for s in ran.operands
                ):
                    continue
                out = outs[0] if ran.primitive.outputs == 1 else tuple(outs)
                found[number] = list(pushforward(ran.primitive, primals, tangents, out, ran.params))
        return found


def tangents_of(picture: Any) -> list[dict[str, Any]]:
    """Forward mode, next to every value: a view per leaf, for pictures of moderate size."""
    views = []
    if len(picture.nodes) <= _VIEW_NODES and picture.passes:
        leaves = [k for k in picture.leaves if picture.seen[k].shot.data is not None]
        for leaf in leaves[:_VIEWS]:
            view = View(picture, leaf)
            shot = picture.seen[leaf].shot
            direction = picture.computed(shot, _ones(shot))
            nodes = _slots_along(picture, view, direction)
            views.append({"leaf": leaf, "direction": direction, "nodes": nodes})
    carried = [
        [-1] if s is None or s.tangent is None else [picture.slot(s.tangent)] for s in picture.seen
    ]
    if any(k != [-1] for k in carried):
        views.insert(0, {"leaf": -1, "direction": -1, "nodes": carried})
    return views


def _slots_along(picture: Any, view: View, direction: int) -> list[list[int]]:
    """Per node the slots of its tangents; -1 where they are zero, -2 where they are not known."""
    reach = {view.leaf}
    slots: list[list[int]] = []
    for number, (node, ran) in enumerate(zip(picture.nodes, picture.rans, strict=True)):
        primitive = None if ran is None else ran.primitive
        constant = primitive is not None and primitive.kind == "constant"
        if number == view.leaf:
            slots.append([direction])
        elif constant or not any(i in reach for i, _ in node["inputs"]):
            slots.append([-1] * len(node["outs"]))
        else:
            reach.add(number)
            slots.append(
                [-2] * len(node["outs"])
                if primitive is None or any(s.shot.batched for s in ran.operands)
                else [_slot_of(picture, view, number, k) for k in range(len(ran.results))]
            )
    return slots


def _slot_of(picture: Any, view: View, node: int, number: int) -> int:
    """The slot of the tangent of an output of a node; -2 where it is not known."""
    result = picture.rans[node].results[number]
    if result is None or result.shot.data is None:
        return -2
    slot: int = picture.computed(result.shot, lambda: view.of(node, number))
    return slot


def _ones(shot: Snapshot) -> Any:
    return lambda: Snapshot(np.ones(shot.shape, shot.dtype)[()])
