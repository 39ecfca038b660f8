"""Why a gradient is None in TensorFlow's dialect: the order in which the doctor asks, see `dualtape.trust`."""

from __future__ import annotations

from types import FrameType
from typing import Any

from ..core import departures
from ..core.graph import LEAF
from ..core.tensor import Tensor
from ..trust import answers
from ..trust.case import Case, told
from ..trust.paths import way
from ..trust.verdict import Cause, Verdict, Where, at
from .indexed_slices import IndexedSlices
from .recording import Watched
from .tape import GradientTape
from .tensor import Readable, raw_edge
from .variable import Variable

_KEEP = "Keep the tf.Variable and write to it: `x.assign_sub(lr * g)`."


class Tape:
    """What a tape recorded, also after it was used up."""

    def __init__(self, tape: GradientTape) -> None:
        self.tape = tape
        self.live = tape.began
        self.watched = tape.watched if tape.began else tape._last_watched
        self.used_at = None if tape.began else tape._used_at

    def within(self, node: Any) -> bool:
        """Whether the tape recorded a node."""
        if self.live:
            return self.tape.within(node)
        order = node.order
        return node.__class__ is Watched or any(
            end < order < start for start, end in self.tape._last_intervals
        )

    def edge_of(self, x: Any) -> Any:
        """The edge by which the tape knows a tensor or variable, None if it does not."""
        found = self.watched.get(x._unique_id if isinstance(x, Variable) else -id(x))
        if found is not None:
            return found[1]
        if isinstance(x, Variable):
            return None
        edge = raw_edge(x)
        return edge if edge is not None and self.within(edge.node) else None


def why_none(
    y: Any, x: Any, frame: FrameType, names: tuple[str, str], tape: GradientTape | None = None
) -> Verdict:
    """Say why `tape.gradient(y, x)` is None.

    Args:
        y: The target.
        x: The source.
        frame: The user's frame, which is in the call.
        names: The parameters' names in that call.
        tape: The tape; None to look for it in the frame.

    Raises:
        TypeError: One of the two is no tensor or variable.
    """
    y, x = _single(y, names[0]), _single(x, names[1])
    seen = None if tape is None else Tape(tape)
    if seen is None:
        seen = _found(frame, y, x)
    edge = None if seen is None else seen.edge_of(x)
    target = None if edge is None else edge.node
    if target is None and isinstance(x, Tensor) and raw_edge(x) is not None:
        target = raw_edge(x).node
    case = Case(y, x, frame, names, target)
    value = x._value if isinstance(x, Variable) else x.value
    whole = answers.whole_numbers(case, x, case.x_name, value.dtype)
    if whole is not None:
        return whole
    if seen is None:
        return Verdict(
            Cause.OUTSIDE_TAPE,
            case.defined(case.y_name),
            "no tf.GradientTape is in sight: outside of a tape nothing is recorded",
            "Compute inside `with tf.GradientTape() as tape:`, and ask tape.why_none(y, x).",
        )
    return _of_known(case, seen, edge) if edge is not None else _of_unknown(case, seen)


def _single(x: Any, name: str) -> Any:
    if isinstance(x, IndexedSlices):
        x = x.values
    if isinstance(x, Readable):
        return x._variable()
    if not isinstance(x, Tensor):
        raise TypeError(f"why_none: {name} must be one tensor or variable, not {type(x).__name__}")
    return x


def _found(frame: FrameType, y: Any, x: Any) -> Tape | None:
    """The tape among a frame's names that knows the two values best, of equals the latest."""
    tapes = []
    for names in (frame.f_locals, frame.f_globals):
        tapes += [v for v in list(names.values()) if isinstance(v, GradientTape)]
    best: Tape | None = None
    rank: tuple[bool, bool, int] | None = None
    for tape in tapes:
        seen = Tape(tape)
        own = (
            seen.edge_of(x) is not None,
            seen.edge_of(y) is not None,
            -tape.start,
        )
        if rank is None or own > rank:
            best, rank = seen, own
    return best


def _of_known(case: Case, seen: Tape, edge: Any) -> Verdict:
    """The verdict for a source that the tape watches or computed."""
    y, x = case.y_name or "the target", case.x_name or "the source"
    y_edge = seen.edge_of(case.y)
    found = way(y_edge, edge.node, seen.within)
    if found.there:
        if seen.used_at is None:
            return answers.has_gradient(f"the tape has a way from {y} to {x}")
        return Verdict(
            Cause.HAS_GRADIENT,
            at(seen.used_at),
            f"the tape had a way from {y} to {x}; it was used up here",
            "Use what that call returned, or make the tape with GradientTape(persistent=True).",
        )
    verdict = answers.blocked(found)
    if verdict is not None:
        return verdict
    outer = None if isinstance(case.y, Variable) else raw_edge(case.y)
    if y_edge is None and outer is not None and outer.kind != LEAF:
        return _outside(case, outer, seen)
    later = _watched_later(case, y_edge, edge)
    if later is not None and y_edge is not None:
        return later
    verdict = case.lost(later)
    if verdict is None and isinstance(case.y, Tensor):
        verdict = answers.whole_numbers(case, case.y, case.y_name, case.y.value.dtype)
    return verdict or answers.no_path(case, y_edge, _label(case, seen))


def _outside(case: Case, edge: Any, seen: Tape) -> Verdict:
    """The verdict for a target that another tape recorded, or this one before it was reset."""
    where = at(edge.node.site)
    before = edge.order > seen.tape.start
    when = "before the tape was opened" if before else "while the tape did not record"
    return Verdict(
        Cause.OUTSIDE_TAPE,
        where,
        f"{case.y_name or 'the target'} was computed here, {when}",
        "Move the computation into the tape's `with` block.",
    )


def _watched_later(case: Case, y_edge: Any, edge: Any) -> Verdict | None:
    """The verdict for a source that the tape watches since the target was there already."""
    if isinstance(case.x, Variable) or edge.kind != LEAF:
        return None
    places = case.calls("watch", case.x_name)
    if y_edge is not None:
        if edge.order > y_edge.order:
            return None
    else:
        made = case.place_defined(case.y_name)
        if not places or made is None or places[-1] < made:
            return None
    y, x = case.y_name or "the target", case.x_name or "the source"
    return Verdict(
        Cause.REQUIRED_LATER,
        Where(case.frame.f_code.co_filename, places[-1][0]) if places else None,
        f"{x} is watched since this line, and {y} was computed before it",
        f"Call tape.watch({x}) first thing in the tape's block.",
        certain=y_edge is not None,
    )


def _of_unknown(case: Case, seen: Tape) -> Verdict:
    """The verdict for a source that the tape does not know."""
    x = case.x_name or "the source"
    if isinstance(case.x, Variable):
        if not case.x.trainable:
            return Verdict(
                Cause.NOT_TRAINABLE,
                case.defined(case.x_name),
                f"{x} was made with trainable=False, and tapes watch only trainable variables on their own",
                f"Call tape.watch({x}) inside the tape, or make it trainable.",
            )
        if not seen.tape.watches_variables:
            return Verdict(
                Cause.NOT_WATCHED,
                _tape_line(case),
                f"the tape was made with watch_accessed_variables=False, and {x} is not watched",
                f"Call tape.watch({x}) inside the tape.",
            )
        return case.lost() or answers.no_path(case, seen.edge_of(case.y), _label(case, seen))
    for d in departures.recent():
        if d.result is not None and d.result() is case.x and d.kind == departures.STOPPED:
            return told(Cause.STOP_GRADIENT, at(d.site), "", True)
    line = case.rebinding(case.x_name)
    if line is not None:
        return answers.rebound(case, line, "variable", _KEEP)
    edge = raw_edge(case.x)
    if edge is not None and edge.kind != LEAF:
        return Verdict(
            Cause.OUTSIDE_TAPE,
            at(edge.node.site),
            f"{x} was computed here, while the tape did not record",
            f"Compute {x} inside the tape, or call tape.watch({x}) there.",
        )
    return Verdict(
        Cause.NOT_WATCHED,
        case.defined(case.x_name),
        f"{x} is a constant tensor that the tape was not told to watch",
        f"Call tape.watch({x}) inside the tape before it is used, or make it a tf.Variable.",
    )


def _tape_line(case: Case) -> Where | None:
    scope = case.scope
    if scope is None or not scope.tapes:
        return case.defined(case.x_name)
    return Where(
        scope.filename,
        max([t for t in scope.tapes if t <= case.frame.f_lineno], default=scope.tapes[-1]),
    )


def _label(case: Case, seen: Tape) -> Any:
    owners = {id(edge.node): thing for thing, edge in seen.watched.values()}

    def label(leaf: Any) -> str:
        thing = owners.get(id(leaf))
        name = None if thing is None else case.name_of(thing)
        if name is None and isinstance(thing, Variable):
            name = thing.name
        return name or answers.shape_text(leaf.shape)

    return label
