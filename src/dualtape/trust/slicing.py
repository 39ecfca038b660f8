"""From one value back to another through the program's source, with the constructs met that break a gradient.

The recording has the last word on whether there is a way; this is asked where there is none, to find
the line that a recording cannot know. It follows names through assignments, loops, comprehensions, and the
calls of functions, methods and modules whose source is at hand. It reads too much rather than too little: a
call that it cannot follow counts as depending on all its arguments.
"""

from __future__ import annotations

import ast
import heapq
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from .breaks import BUILTINS, CALLS, CASTS, METADATA, PRUNED, Break, cast_cause, dotted, last_name
from .frames import bind, function_scope
from .source import MISSING, Binding, Event, Position, Scope, attribute, parameters
from .verdict import Cause

_DEEPEST = 6
_LONGEST = 3000

# Calls of these are not followed: what they do to a gradient is known, or nobody's to change.
_LIBRARIES = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    os.path.dirname(os.__file__) + os.sep,
    "<frozen",
)
_INSTALLED = f"{os.sep}site-packages{os.sep}"

Local = Mapping[str, ast.expr]


class Read(NamedTuple):
    """A dotted name that an expression reads, and what breaks between the two, nearest to the name first."""

    scope: Scope
    path: str
    position: Position | None
    breaks: tuple[Break, ...]


class Slice:
    """A search from an expression back to a value.

    Args:
        reached: Whether an object is the value, or depends on it as the recording shows.
        names: The dotted names of the value in the outermost scope.
        native: Whether NumPy's functions are differentiable.
    """

    def __init__(
        self, reached: Callable[[Any], bool], names: tuple[str, ...], native: bool = False
    ) -> None:
        self.reached = reached
        self.names = names
        self.native = native
        self.entered_scopes: dict[tuple[int, int], tuple[Scope | None, Scope, ast.Call]] = {}
        self.incomplete = False
        """Whether a value was met that the source does not show the origin of."""

    def find(
        self, scope: Scope, expression: ast.expr, position: Position | None
    ) -> list[tuple[Break, ...]]:
        """The breaks of the ways from `expression` to the value, the ways with fewest first."""
        ways: list[tuple[Break, ...]] = []
        number = itertools.count()
        heap: list[tuple[int, int, Read]] = []
        seen: set[Any] = set()

        def push(reads: Iterator[Read], after: tuple[Break, ...]) -> None:
            for r in reads:
                r = r._replace(breaks=r.breaks + after)
                key = (id(r.scope), r.path, r.position, frozenset([b.cause for b in r.breaks]))
                if key not in seen:
                    seen.add(key)
                    heapq.heappush(heap, (len(r.breaks), next(number), r))

        kept = []  # the scopes must outlive their ids
        push(self.reads(scope, expression, position, {}), ())
        while heap and next(number) < _LONGEST:
            _, _, read = heapq.heappop(heap)
            kept.append(read.scope)
            if self.is_goal(scope, read):
                ways.append(read.breaks)
                continue
            self.follow(read, push)
        return ways

    def is_goal(self, outermost: Scope, read: Read) -> bool:
        """Whether a name is the value's own, or stands for something that depends on it."""
        if read.scope is outermost and any(
            n == read.path or n.startswith(read.path + ".") for n in self.names
        ):
            return True
        thing = read.scope.resolve(read.path)
        return thing is not MISSING and self.reached(thing)

    def follow(self, read: Read, push: Callable[[Iterator[Read], tuple[Break, ...]], None]) -> None:
        """Push what a name got its value from."""
        scope, path, position, breaks = read
        events = scope.definitions(path, position)
        for event in events:
            for value in event.values:
                push(
                    self.reads(scope, value, event.position, {}),
                    (*event.breaks, *self.outside_tape(scope, event), *breaks),
                )
        for inner, event in self.kept_by_methods(scope, path, position):
            for value in event.values:
                push(self.reads(inner, value, event.position, {}), (*event.breaks, *breaks))
        root, _, rest = path.partition(".")
        bound = scope.bindings.get(root)
        if bound is not None:
            base = dotted(bound.value)
            if base is not None and rest:
                push(iter([Read(bound.scope, f"{base}.{rest}", bound.position, ())]), breaks)
            else:
                push(self.reads(bound.scope, bound.value, bound.position, {}), breaks)
        elif not events and scope.parent is not None:
            push(iter([Read(scope.parent, path, None, ())]), breaks)
        elif not events:
            thing = scope.resolve(root)
            if thing is MISSING or hasattr(type(thing), "_diagnosis"):
                self.incomplete = True

    def kept_by_methods(
        self, scope: Scope, path: str, position: Position | None
    ) -> Iterator[tuple[Scope, Event]]:
        """The statements in methods that give an attribute its value: `self.loss = ...` for `trainer.loss`."""
        owner, _, attr = path.rpartition(".")
        if not owner or scope.depth >= _DEEPEST:
            return
        thing = scope.resolve(owner)
        if thing is MISSING or isinstance(thing, (type, ModuleType)):
            return
        for base in type(thing).__mro__:
            for member in vars(base).values():
                function = _python_function(member)
                if function is None or attr not in function.__code__.co_names:
                    continue
                env: dict[str, Any] = {}
                entered = function_scope(function.__code__, function.__globals__, env, scope)
                own = None if entered is None else next(parameters(entered[1]), None)
                if entered is None or own is None:
                    continue
                inner = entered[0]
                env[own] = thing
                inner.bindings[own] = Binding(scope, ast.parse(owner, mode="eval").body, position)
                target = f"{own}.{attr}"
                yield from [(inner, e) for e in inner.events if target in e.targets]

    def outside_tape(self, scope: Scope, event: Event) -> tuple[Break, ...]:
        """A break for a statement that stands outside all tapes of its scope."""
        if not scope.tapes or event.position.in_tape:
            return ()
        line = event.position.line
        opened = min([t for t in scope.tapes if t > line], default=scope.tapes[-1])
        return (Break(Cause.OUTSIDE_TAPE, scope.filename, line, "", opened),)

    # --- what an expression reads ---------------------------------------------------------------

    def reads(
        self, scope: Scope, node: ast.expr | None, position: Position | None, local: Local,
        breaks: tuple[Break, ...] = (),
    ) -> Iterator[Read]:  # fmt: skip
        """The names that an expression reads, with what breaks on the way out of it."""

        def inside(child: ast.expr | None, *more: Break) -> Iterator[Read]:
            return self.reads(scope, child, position, local, (*more, *breaks))

        def broken(cause: Cause, what: str) -> Break:
            assert node is not None
            return Break(cause, scope.filename, node.lineno, what)

        match node:
            case None | ast.Constant() | ast.JoinedStr():
                return
            case ast.Name(id=name):
                if name in local:
                    rest = {k: v for k, v in local.items() if k != name}
                    yield from self.reads(scope, local[name], position, rest, breaks)
                else:
                    yield Read(scope, name, position, breaks)
            case ast.Attribute(value=value, attr=attr):
                if attr in METADATA:
                    return
                if attr == "data":
                    yield from inside(value, broken(Cause.DATA, ".data"))
                    return
                path = dotted(node)
                if path is not None and path.partition(".")[0] not in local:
                    yield Read(scope, path, position, breaks)
                else:
                    yield from inside(value)
            case ast.Call():
                yield from self.call(scope, node, position, local, breaks)
            case ast.Compare(ops=ops):
                if any(isinstance(o, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for o in ops):
                    return
                for child in (node.left, *node.comparators):
                    yield from inside(child, broken(Cause.NOT_DIFFERENTIABLE, "comparison"))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield from inside(operand, broken(Cause.NOT_DIFFERENTIABLE, "not"))
            case ast.BinOp(op=ast.FloorDiv()):
                for child in (node.left, node.right):
                    yield from inside(child, broken(Cause.NOT_DIFFERENTIABLE, "//"))
            case ast.IfExp(body=body, orelse=orelse):
                yield from inside(body)
                yield from inside(orelse)
            case ast.Subscript(value=value, slice=index):
                yield from inside(value)
                yield from inside(index, broken(Cause.NOT_DIFFERENTIABLE, "index"))
            case ast.Lambda(args=a, body=body):
                bound = {x.arg: ast.Constant(None) for x in (*a.posonlyargs, *a.args)}
                yield from self.reads(scope, body, position, {**local, **bound}, breaks)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                yield from self.reads(
                    scope, node.elt, position, {**local, **_bound(node.generators)}, breaks
                )
            case ast.DictComp(value=value, generators=generators):
                yield from self.reads(
                    scope, value, position, {**local, **_bound(generators)}, breaks
                )
            case _:
                for part in ast.iter_child_nodes(node):
                    if isinstance(part, ast.expr):
                        yield from inside(part)

    def call(
        self, scope: Scope, node: ast.Call, position: Position | None, local: Local,
        breaks: tuple[Break, ...],
    ) -> Iterator[Read]:  # fmt: skip
        """What a call reads: its arguments, and what its function reads if the source is at hand."""
        name = last_name(node.func)
        path = dotted(node.func)
        owner: Any = MISSING
        is_method = isinstance(node.func, ast.Attribute)
        if isinstance(node.func, ast.Attribute):
            base = dotted(node.func.value)
            owner = MISSING if base is None else scope.resolve(base)
            is_method = not isinstance(owner, ModuleType)
        if name in PRUNED and (is_method or isinstance(owner, ModuleType) or path == name):
            return
        key = (id(scope), id(node))
        if key not in self.entered_scopes:  # a loop comes by again
            found = self.entered(scope, node, path, owner if is_method else MISSING, position)
            self.entered_scopes[key] = (found, scope, node)
        followed = self.entered_scopes[key][0]
        if followed is not None:
            for value, where, off in followed.returns:
                yield from self.reads(followed, value, where, {}, (*off, *breaks))
            return
        cause = self.cause(node, name, path, owner)
        if cause is not None:
            what = ast.unparse(node.func)
            # The line that the interpreter gives to the call: that of the method's name.
            line = node.func.end_lineno if isinstance(node.func, ast.Attribute) else node.lineno
            breaks = (Break(cause, scope.filename, line or node.lineno, what), *breaks)
        children: list[ast.expr] = [*node.args, *[k.value for k in node.keywords]]
        if is_method or path is None:
            children.append(node.func.value if isinstance(node.func, ast.Attribute) else node.func)
        elif not isinstance(owner, ModuleType):
            children.append(node.func)
        for child in children:
            yield from self.reads(scope, child, position, local, breaks)

    def cause(self, node: ast.Call, name: str, path: str | None, owner: Any) -> Cause | None:
        """What a call that is not followed breaks."""
        if isinstance(owner, ModuleType):
            room = owner.__name__.partition(".")[0]
            if room in ("numpy", "scipy") and not self.native:
                return Cause.NUMPY
            if room == "math":
                return Cause.PYTHON_NUMBER
        elif owner is MISSING and path is not None and path.partition(".")[0] in ("np", "numpy"):
            return None if self.native else Cause.NUMPY
        if path == name and name in BUILTINS:
            return BUILTINS[name]
        if name in CASTS:
            return cast_cause(node)
        if name == "as_tensor" and node.args and isinstance(node.args[0], (ast.List, ast.ListComp)):
            return Cause.CONSTANT
        return CALLS.get(name)

    def entered(
        self, scope: Scope, node: ast.Call, path: str | None, owner: Any, position: Position | None
    ) -> Scope | None:
        """The scope of the function that is called; None for one that cannot be followed."""
        if path is None or scope.depth >= _DEEPEST:
            return None
        function: Any = scope.resolve(path)
        instance: ast.expr | None = None
        thing: Any = MISSING
        if isinstance(function, MethodType):
            thing = function.__self__
            function = function.__func__
        elif owner is not MISSING and not isinstance(owner, type) and callable(function):
            thing = owner
            instance = node.func.value if isinstance(node.func, ast.Attribute) else None
        function = _python_function(function)
        if function is None:  # a model is called: what runs is its `forward`
            called = scope.resolve(path)
            for method in ("forward", "call", "__call__"):
                function = _python_function(
                    MISSING if called is MISSING else attribute(type(called), method)
                )
                if function is not None:
                    thing, instance = called, node.func
                    break
        if function is None:
            return None
        env: dict[str, Any] = {}
        if function.__closure__:
            for free, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
                try:
                    env[free] = cell.cell_contents
                except ValueError:  # not assigned yet
                    continue
        entered = function_scope(function.__code__, function.__globals__, env, scope)
        if entered is None:
            return None
        inner, definition = entered
        names = list(parameters(definition))
        if instance is not None and names:
            inner.bindings[names.pop(0)] = Binding(scope, instance, position)
            env[next(parameters(definition))] = thing
        bind(inner, names, node, scope, position)
        rest = definition.args.vararg
        if rest is not None and len(node.args) > len(names):
            more = ast.Tuple(node.args[len(names) :], ast.Load())
            inner.bindings[rest.arg] = Binding(scope, ast.copy_location(more, node), position)
        return inner


def _python_function(thing: Any) -> FunctionType | None:
    """The user's function that something is or wraps."""
    for _ in range(4):
        if isinstance(thing, FunctionType) and "__wrapped__" not in thing.__dict__:
            break
        inner = attribute(thing, "__wrapped__") if thing is not MISSING else MISSING
        if inner is MISSING or inner is None:
            break
        thing = inner
    if not isinstance(thing, FunctionType):
        return None
    filename = thing.__code__.co_filename
    return None if filename.startswith(_LIBRARIES) or _INSTALLED in filename else thing


def _bound(generators: list[ast.comprehension]) -> dict[str, ast.expr]:
    """The names that a comprehension binds, with what they run over."""
    found = {}
    for g in generators:
        for target in ast.walk(g.target):
            if isinstance(target, ast.Name):
                found[target.id] = g.iter
    return found
