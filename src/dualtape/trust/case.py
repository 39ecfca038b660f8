"""One question to the doctor: two values, the frame that asks, and what is known about the two."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextvars import ContextVar
from types import FrameType
from typing import Any

from ..core import departures
from ..core.tensor import Tensor
from .breaks import Break, dotted
from .frames import call_arguments, frame_scope, place_of
from .paths import depends
from .slicing import Slice
from .source import Event, Position, Scope
from .trees import Place, tree_of
from .verdict import Cause, Verdict, Where, at

raw_edge = Tensor.edge.__get__  # type: ignore[misc]

LEAVING = {
    departures.DETACHED: Cause.DETACHED,
    departures.DATA: Cause.DATA,
    departures.NUMPY: Cause.NUMPY,
    departures.NUMBER: Cause.PYTHON_NUMBER,
    departures.COPIED: Cause.CONSTANT,
    departures.STOPPED: Cause.STOP_GRADIENT,
}

ledger: ContextVar[Any] = ContextVar("dualtape_ledger", default=None)
"""What an open `dualtape.doctor()` saw (a `ledger.Ledger`); None outside of one."""

_MAKERS = frozenset(("requires_grad_", "Parameter", "Variable", "add_weight", "grad"))

_BACK = (Cause.NUMPY, Cause.PYTHON_NUMBER)


class Case:
    """A question: why is there no gradient of `y` with respect to `x`?

    Args:
        y, x: The two values, as the user gave them.
        frame: The user's frame, which is in the call of `why_none`.
        names: The parameters of that call.
        target: The node or leaf that stands for `x` in the recording, None if none does.
        native: Whether NumPy's functions are differentiable in this dialect.
    """

    def __init__(
        self,
        y: Any,
        x: Any,
        frame: FrameType,
        names: tuple[str, str],
        target: Any = None,
        native: bool = False,
    ) -> None:
        self.y = y
        self.x = x
        self.frame = frame
        self.target = target
        self.native = native
        self.scope: Scope | None = frame_scope(frame)
        self.position: Position | None = None
        self.y_expr: ast.expr | None = None
        self.x_name = self.y_name = ""
        if self.scope is not None:
            self.position = self.scope.position(place_of(frame))
            given = call_arguments(frame, names)
            if given is not None:
                self.y_expr, x_expr = given
                self.x_name = self.assigned_name(dotted(x_expr) or "", x)
                self.y_name = self.assigned_name(dotted(self.y_expr) or "", y)
                if self.y_name != (dotted(self.y_expr) or ""):
                    self.y_expr = ast.parse(self.y_name, mode="eval").body
        self.x_name = self.x_name or self.name_of(x) or ""
        self.y_name = self.y_name or self.name_of(y) or ""
        if self.y_expr is None and self.y_name:
            self.y_expr = ast.parse(self.y_name, mode="eval").body
        self._ways: list[tuple[Break, ...]] | None = None
        self._incomplete = self.scope is None or self.y_expr is None

    def assigned_name(self, name: str, thing: Any) -> str:
        """Another name of an object, one that a statement gave it, if no statement gave it this one.

        The names of a comprehension are such: `[why_none(y, p) for p in (w, b)]`.
        """
        code = self.frame.f_code
        given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if not name or name in given or self.scope is None or isinstance(thing, int):
            return name
        if self.definitions(name):
            return name
        for names in self.scope.env:
            for other, value in list(names.items()):
                if value is thing and other != name and self.definitions(other):
                    return other
        return name

    # --- names and lines ----------------------------------------------------------------------

    def name_of(self, thing: Any) -> str | None:
        """What the frame calls an object, a name of its own before one of an attribute of an object."""
        spaces = (self.frame.f_locals, self.frame.f_globals)
        for names in spaces:
            for name, value in list(names.items()):
                if value is thing and not name.startswith("_"):
                    return name
        for names in spaces:
            for name, value in list(names.items()):
                for key, inner in parts(value):
                    if inner is thing and not name.startswith("_"):
                        return f"{name}{key}"
        return None

    def definitions(self, name: str) -> list[tuple[Scope, Event]]:
        """What may have given a name its present value, the nearest first, each with its scope."""
        scope, position = self.scope, self.position
        while scope is not None and name:
            found = scope.definitions(name, position)
            if found:
                return [(scope, event) for event in found]
            root, _, rest = name.partition(".")
            bound = scope.bindings.get(root)
            if bound is not None:
                base = dotted(bound.value)
                name = "" if base is None else f"{base}.{rest}" if rest else base
                scope, position = bound.scope, bound.position
            else:
                scope, position = scope.parent, None
        return []

    def defined(self, name: str) -> Where | None:
        """The line that gave a name its present value."""
        for scope, event in self.definitions(name):
            return Where(scope.filename, event.position.line)
        return None

    def place_defined(self, name: str) -> Place | None:
        """The place of the statement that gave a name its present value."""
        return next((event.position.place for _, event in self.definitions(name)), None)

    def rebinding(self, name: str, known: bool = False) -> Where | None:
        """The line `x = x - ...` that gave a name its present value, if it was such a line.

        Args:
            name: The name.
            known: Whether the old value is known to have had a gradient; otherwise the source must show it.
        """
        search = Slice(lambda _: False, ())
        for scope, event in self.definitions(name):
            if not event.plain or event.augmented:
                continue
            reads = [
                read.path
                for value in event.values
                for read in search.reads(scope, value, event.position, {})
            ]
            own = any(target in reads for target in event.targets)
            if own and (known or event.breaks or was_leaf(scope, event.targets[0])):
                return Where(scope.filename, event.position.line)
        return None

    def calls(self, method: str, name: str) -> list[Place]:
        """Where the program calls a method of that name with `name` among the arguments."""
        tree = None if self.scope is None else tree_of(self.scope.filename)
        if tree is None:
            return []
        return [
            (node.lineno, node.col_offset)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == method
            and any(dotted(inner) == name for a in node.args for inner in ast.walk(a) if isinstance(inner, ast.expr))
        ]  # fmt: skip

    # --- evidence -----------------------------------------------------------------------------

    def reached(self, thing: Any) -> bool:
        """Whether an object is `x`, holds it, or depends on it as the recording shows."""
        if thing is self.x:
            return True
        if thing is self.y or isinstance(thing, type):
            return False
        if isinstance(thing, Tensor):
            return self.target is not None and depends(raw_edge(thing), self.target)
        return any(part is self.x for _, part in parts(thing))

    def ways(self) -> list[tuple[Break, ...]]:
        """The ways from `y` back to `x` through the source, with what breaks on each."""
        if self._ways is None:
            self._ways = []
            if self.scope is not None and self.y_expr is not None:
                names = (self.x_name,) if self.x_name and "[" not in self.x_name else ()
                search = Slice(self.reached, names, self.native)
                self._ways = search.find(self.scope, self.y_expr, self.position)
                self._incomplete = search.incomplete
        return self._ways

    def remembered(self) -> list[tuple[Cause, Where, bool]]:
        """Where values left since `x` was there, the latest first, each with whether it depends on `x` for sure."""
        out = []
        for d in departures.recent():
            cause, where = LEAVING.get(d.kind), at(d.site)
            if cause is None or where is None:
                continue
            if self.target is not None and d.order > self.target.order:
                continue
            source = d.source()
            sure = source is not None and self.reached(source)
            # A source that is alive and depends on something else is none of ours. One without history may be:
            # it may be what an earlier departure gave.
            if not sure and isinstance(source, Tensor) and raw_edge(source) is not None:
                continue
            out.append((cause, where, sure))
        return out

    def lost(self, otherwise: Verdict | None = None) -> Verdict | None:
        """Where the history between `y` and `x` was lost; `otherwise` if the source does not show it."""
        seen = ledger.get()
        found = None if seen is None else seen.explain(self.y, self.target)
        return found or self.lost_in_source() or otherwise or self.lost_in_memory()

    def lost_in_source(self) -> Verdict | None:
        """What breaks on the ways through the source, of several the one that was seen to happen."""
        lines = {where for _, where, _ in self.remembered()}
        candidates = []
        for way in self.ways():
            if way:
                main, back = chosen(way)
                where = Where(main.filename, main.line)
                candidates.append((where not in lines, len(way), main, back, where))
        if not candidates:
            return None
        unseen, _, main, back, where = min(candidates, key=lambda c: c[:2])
        return told(main.cause, where, main.what, not unseen, back=back, block=main.block)

    def lost_in_memory(self) -> Verdict | None:
        """The last place where something that depends on `x` left, if the source does not speak against it."""
        if not self.ways() and not self._incomplete:
            return None
        # That it left there is sure; that it was on the way to `y`, nothing shows.
        kept = sorted(self.remembered(), key=lambda k: not k[2])
        for cause, where, _ in kept:
            return told(cause, where, "", False)
        return None


def was_leaf(scope: Scope | None, name: str) -> bool:
    """Whether the source makes a variable of that name, or reads its `.grad`."""
    values: list[ast.expr] = []
    while scope is not None:
        values += [v for e in scope.events if name in e.targets for v in e.values]
        scope = scope.parent
    return any(
        (isinstance(n, ast.keyword) and n.arg == "requires_grad")
        or (isinstance(n, ast.Attribute) and n.attr in _MAKERS)
        or (isinstance(n, ast.Name) and n.id in _MAKERS)
        for value in values
        for n in ast.walk(value)
    )


def parts(thing: Any) -> Iterable[tuple[str, Any]]:
    """What a container or a model holds, with the text to reach it."""
    if isinstance(thing, (list, tuple)) and len(thing) <= 1000:
        return [(f"[{i}]", v) for i, v in enumerate(thing)]
    if isinstance(thing, dict) and len(thing) <= 1000:
        return [(f"[{k!r}]", v) for k, v in list(thing.items())]
    if isinstance(thing, type):
        return ()
    named = getattr(type(thing), "named_parameters", None)
    if named is not None:
        return [(f".{n}", p) for n, p in named(thing)]
    own = getattr(thing, "__dict__", None)
    if isinstance(own, dict) and not callable(own) and type(thing).__module__ != "builtins":
        parts = [(f".{k}", v) for k, v in list(own.items())]
        return [*parts, *_weights(thing)]
    return ()


def _weights(thing: Any) -> list[tuple[str, Any]]:
    """The trainable variables of a TensorFlow model."""
    if not hasattr(type(thing), "trainable_variables"):
        return []
    try:
        weights = list(thing.trainable_variables)
    except Exception:  # the user's property, or a model that is not built yet: it has none to name
        return []
    return [(f".trainable_variables[{i}]", v) for i, v in enumerate(weights)]


def chosen(way: tuple[Break, ...]) -> tuple[Break, Break | None]:
    """The break of a way that is to be told, and where the value came back as a new tensor."""
    inner = [b for b in way if b.cause is not Cause.OUTSIDE_TAPE] or list(way)
    main = inner[0]
    if main.cause in (Cause.DETACHED, Cause.DATA, Cause.NO_GRAD):
        for b in inner[1:]:
            if b.cause in _BACK:  # `.detach().numpy()` is how one leaves for NumPy
                main = b
                break
    back = next((b for b in inner[inner.index(main) + 1 :] if b.cause is Cause.CONSTANT), None)
    return main, back if main.cause in _BACK else None


_TOLD = {
    Cause.NUMPY: (
        "the value left for NumPy here, where nothing is recorded",
        "Use the operations of the framework instead of NumPy's.",
    ),
    Cause.PYTHON_NUMBER: (
        "the value became a Python number here, which has no history",
        "Keep it a tensor: leave out item(), float() or tolist() where the gradient has to pass.",
    ),
    Cause.DETACHED: (
        "the value was detached from its history here",
        "Leave out detach() where the gradient has to pass.",
    ),
    Cause.DATA: (
        "`.data` gave the value without its history here",
        "Leave out `.data`; to write to a leaf, do it under no_grad().",
    ),
    Cause.CONSTANT: (
        "the value was copied into a new tensor here, which is a constant",
        "Use the value itself, or stack()/cat() to put tensors together.",
    ),
    Cause.STOP_GRADIENT: (
        "stop_gradient made the value a constant here",
        "Leave out stop_gradient where the gradient has to pass.",
    ),
    Cause.NO_GRAD: (
        "the value was computed here while recording was switched off",
        "Compute it outside of the block (or function) that switches recording off.",
    ),
    Cause.NOT_DIFFERENTIABLE: (
        "an operation without a derivative was used here",
        "Replace it by a differentiable one (softmax for argmax, sigmoid for a comparison), or weight by it.",
    ),
    Cause.INTEGER: (
        "the value was converted to an integer here, and integers have no gradients",
        "Keep it a floating point number.",
    ),
    Cause.BOOLEAN: (
        "the value was converted to a truth value here, which has no gradient",
        "Keep it a floating point number; where() selects differentiably between two values.",
    ),
    Cause.ASSIGNED: (
        "the value was assigned to a variable here; what reads the variable later depends on the "
        "variable alone",
        "Compute with the value itself, and assign it afterwards.",
    ),
    Cause.OUTSIDE_TAPE: (
        "the value was computed here, outside of the tape",
        "Move the computation into `with tf.GradientTape() as tape:`.",
    ),
}


def told(
    cause: Cause,
    where: Where | None,
    what: str,
    certain: bool,
    back: Break | None = None,
    block: int | None = None,
) -> Verdict:
    """The verdict for history that was lost at a line."""
    reason, advice = _TOLD[cause]
    also = []
    if what:
        reason += f" ({what})"
    if back is not None:
        reason += f", and came back as a new tensor at line {back.line}"
        also.append(Where(back.filename, back.line))
    if block is not None and where is not None and block != where.line:
        verb = "the tape opens" if cause is Cause.OUTSIDE_TAPE else "switched off"
        reason += f" ({verb} at line {block})"
        also.append(Where(where.filename, block))
    return Verdict(cause, where, reason, advice, certain, tuple(also))
