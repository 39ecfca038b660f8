"""`blame_nan`: which operation made the NaN that is in a gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import callsite, modes
from ..core.boxes import Box
from ..core.errors import GraphError
from ..core.observation import observing
from ..core.residuals import Freed
from ..core.tensor import Tensor
from ..transforms import tree
from ..transforms.surface import is_array, lift, native, output, variable
from .facts import Facts, nodes_of
from .nonfinite import NAN, Summary, masks_of
from .subject import read
from .trail import Origin, Trail, Watched
from .verdict import Where, at

_raw_edge = Tensor.__dict__["edge"].__get__


@dataclass(frozen=True, slots=True)
class Blame:
    """The operation that made the first NaN which reaches a leaf's gradient.

    Attributes:
        operation: Its name.
        where: The user's line, None if it is not known.
        phase: "forward" or "backward".
        kind: "NaN", or "inf" where it made an infinity, of which a later operation made NaN.
        inputs: What its operands were, as far as known.
        certain: False where operands are no longer known, so that the NaN may come from before.
        note: What else there is to say.
    """

    operation: str
    where: Where | None
    phase: str
    kind: str
    inputs: tuple[Summary | None, ...]
    certain: bool = True
    note: str = ""

    def __str__(self) -> str:
        what = "NaN" if self.kind == NAN else "inf, of which NaN comes,"
        direction = "" if self.phase == "forward" else "the backward pass of "
        lines = [f"{what} was made in {direction}{self.operation}"]
        if self.where is not None:
            text = self.where.text
            lines.append(f"  at {self.where}{': ' + text if text else ''}")
        for i, s in enumerate(self.inputs):
            lines.append(f"  operand {i}: {'no longer known' if s is None else s}")
        if self.note:
            lines.append(f"  {self.note}")
        return "\n".join(lines)


def blame_nan(what: Any, *args: Any) -> Blame | None:
    """Name the first operation, forward or backward, whose NaN reaches a leaf's gradient.

    Args:
        what: A function, in any dialect, that computes a loss; it is run with its values watched. Or a loss that is
            recorded already: a tensor before its backward pass (or after one with `retain_graph=True`).
        *args: The function's arguments.

    Returns:
        The operation with its line, or None where no gradient has a NaN. A NaN that stays behind a mask and reaches
        no leaf is not reported. An infinity is reported where NaN comes of it (0 * inf, inf - inf).

    Raises:
        TypeError: `what` is neither a function nor a tensor.
        GraphError: The loss has no history, or it has been freed.

    With a recorded loss, what the recording kept is used, and operations whose operands are known are run
    again; where that does not lead to the origin, `certain` is False and the note says so. The function has no such
    limit; but variables of TensorFlow that it closes over count only under a tape, so pass them as arguments.
    Hooks of the program run as in any backward pass; no `.grad` is changed.

    >>> import dualtape as dt, dualtape.torch as torch
    >>> x = torch.tensor([0.0, 1.0], requires_grad=True)
    >>> print(dt.blame_nan((torch.sqrt(x * x)).sum()).operation)
    sqrt
    """
    if isinstance(what, Tensor):
        if args:
            raise TypeError(
                "blame_nan: a recorded loss takes no arguments; pass the function that computes it"
            )
        edge = what.current_edge() or _raw_edge(what)
        if edge is None:
            raise GraphError(
                "blame_nan: this tensor has no history, so its gradient cannot be looked at. Pass the function that "
                "computes it: dt.blame_nan(f, *args)"
            )
        safe = looked_after([type(what)])
        return _search([edge], Facts.of_graph([edge]), safe, complete=False)
    if not callable(what):
        raise TypeError(
            f"blame_nan: expected a function or a recorded loss, got {type(what).__name__}"
        )
    facts = Facts()
    with modes.switched(off=modes.NO_GRAD | modes.INFERENCE):
        flat, structure = tree.flatten(args)
        new = [_entered(x, facts) for x in flat]
        with observing(facts.see), np.errstate(all="ignore"):
            out = what(*structure.unflatten(new))
        edges = [
            e
            for o in tree.leaves(out)
            if (e := output(o, "blame_nan").current_edge() or _raw_edge(lift(o))) is not None
        ]
    if not edges:
        raise GraphError(
            "blame_nan: the function's result does not depend on its arguments, or on any leaf that requires a gradient"
        )
    facts.complete_with_nodes(edges)
    classes = [type(x).result_class for x in new if isinstance(x, Tensor)]
    return _search(edges, facts, looked_after(classes), complete=True)


def looked_after(classes: list[type[Tensor]]) -> bool:
    """Whether the gradient of such tensors keeps masked cotangents zero, as `dualtape.grad` of NumPy code does."""
    mode = modes.current()
    return bool(mode & modes.SAFE or (native() in classes and not mode & modes.UNSAFE))


def _entered(x: Any, facts: Facts) -> Any:
    """An argument as a variable, if it is floating or complex."""
    x = read(x)
    if not is_array(x):
        return x
    t = lift(x)
    if isinstance(t.value, Box) or t.value.dtype.kind not in "fcV":
        return x
    v = variable(t)
    facts.value(v.edge, v.value)
    return v


def _search(edges: list[Any], facts: Facts, safe: bool, complete: bool) -> Blame | None:
    """The blame for the NaN of a recording, None without any."""
    first = first_origin(edges, facts, safe)
    return None if first is None else blamed(first, complete)


def first_origin(edges: list[Any], facts: Facts, safe: bool) -> Origin | None:
    """Run the pass and follow the NaN of every leaf back to where it was made; the first such place."""
    for node in nodes_of(edges):
        if isinstance(node.owners, Freed):
            raise GraphError(
                "blame_nan: a backward pass has used up this recording, at "
                f"{callsite.describe(node.owners.site)}. Call blame_nan before it, let it retain_graph, or pass "
                "the function: dt.blame_nan(f, *args)"
            )
    watched = Watched()
    if safe:
        watched.beneath = set()
    with modes.switched(off=modes.ANOMALY), np.errstate(all="ignore"):
        for e in edges:
            watched.add(e, np.ones(e.shape, e.dtype)[()])
        watched.run()
        origins = []
        for leaf, g in watched.pending.items():
            nan = masks_of(g).nan
            if nan is not None:
                origins.append(Trail(facts, watched).from_cotangent((leaf, 0), nan, NAN))
    if not origins:
        return None
    return min(origins, key=lambda o: o.rank())


def blamed(origin: Origin, complete: bool) -> Blame:
    """The answer to the user."""
    note = origin.note
    if not origin.certain and not complete:
        note = (
            f"{note} Operands of it were not kept by the recording, so the NaN may have been made before: "
            "dt.blame_nan(f, *args), with the function that computes the loss, will tell."
        ).strip()
    op = origin.op
    return Blame(
        op.name, at(op.site), origin.phase, origin.kind, op.summaries(), origin.certain, note
    )
