"""One primitive's, or one rule's, kernels: which call is for one of them, and when it pays to compile it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...core.aval import Aval
from ...core.boxes import open_trace
from ...core.callsite import warn
from ...core.conform import can_sum_to
from ...core.modes import BOXED, current
from ...core.threads import thread_count
from ...ops.shape import sum_to_shape
from ..lowering.nodes import frozen
from ..lowering.scalars import supported
from . import shapes
from .arguments import PLAIN, UNKNOWN, default_axis, filled, form_of, noted, stands, strict
from .kernel import Kernel
from .shapes import Layout
from .traced import Trivial, Unsuitable, traced

Function = Callable[..., Any]
Array = np.ndarray[Any, Any]

PAYS = 1 << 22
"""Elements that have gone through NumPy before a kernel is compiled: about what compiling costs."""
MOST = 64
"""Kernels of one primitive or rule; where there would be more, every call has another shape."""

always = False
"""Whether the first large call compiles."""


class Bound(NamedTuple):
    """A kernel for operands of known shapes.

    Attributes:
        kernel: The kernel.
        rows, per, team: See `Division`.
        repeated: Operands that are one number everywhere: which, and the shape in which the kernel wants it.
        results: Their shapes and dtypes.
        pattern, kind: See `Built`.
    """

    kernel: Kernel
    rows: int
    per: int
    team: int
    repeated: tuple[tuple[int, tuple[int, ...]], ...]
    results: tuple[tuple[tuple[int, ...], Any], ...]
    pattern: tuple[bool, ...] | None
    kind: type


class Built(NamedTuple):
    """A kernel, and how to put together what it gives.

    Attributes:
        kernel: The kernel.
        results: Of each a row's shape, and its dtype.
        pattern: Of the results in order, whether they are there (None is one that is not asked for); None for a single one.
        kind: The class of the results together.
    """

    kernel: Kernel
    results: tuple[tuple[tuple[int, ...], Any], ...]
    pattern: tuple[bool, ...] | None
    kind: type


class Site:
    """What a gate calls with large arrays.

    Attributes:
        name: For messages.
        original: NumPy's way, or the rule.
        refused: Why there is no kernel, by what calls have in common.
        removed: Takes the gate away, where NumPy turns out to be as fast.
        kernels: By what calls have in common: the kernel; None for those that NumPy is to run; the elements so far.
    """

    def __init__(
        self,
        name: str,
        f: Function,
        original: Function,
        pointwise: bool,
        targets: tuple[int | None, ...] = (),
    ) -> None:
        """Make it.

        Args:
            name: Of the primitive, or of the rule.
            f: What to trace.
            original: What to call where there is no kernel.
            pointwise: Whether the results' elements depend on the same elements of the operands alone.
            targets: For a rule: by result, the argument that it is the cotangent of; None if that is not among them.
        """
        self.name = name
        self.f = f
        self.original = original
        self.pointwise = pointwise
        self.targets = targets
        self.axis = default_axis(original)
        self.kernels: dict[Any, Built | int | None] = {}
        self.bound: dict[Any, Bound | None] = {}
        self.refused: dict[Any, str] = {}
        self.removed: Callable[[], None] | None = None
        self.lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<kernels of {self.name}>"

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Compute by a kernel if there is one, or if it pays to make one."""
        if (current() & BOXED and open_trace.get() is not None) or strict():
            return self.original(*args, **params)
        arrays: list[Array] = []
        key: list[Any] = [thread_count()]
        repeated: list[int] = []
        for a in args:
            if not noted(a, arrays, key, repeated):
                return self.original(*args, **params)
        for name, value in params.items():
            key.append(name)
            if type(value) not in PLAIN:
                if not stands(value):
                    return self.original(*args, **params)
                value = frozen(value)
            key.append(type(value))
            key.append(value)
        exact = tuple(key)
        bound = self.bound.get(exact, UNKNOWN)
        if bound is UNKNOWN:
            bound = self._found(exact, arrays, repeated, form_of(args), params)
        if bound is None:
            return self.original(*args, **params)
        for i, shape in bound.repeated:
            arrays[i] = np.full(shape, arrays[i].item(0), arrays[i].dtype)
        outs = [np.empty(shape, dtype) for shape, dtype in bound.results]
        kernel = bound.kernel
        arena, memory = kernel.memory(bound.team) if kernel.arena else (0, None)
        if not kernel.call(bound.rows, bound.per, bound.team, arena, *arrays, *outs):
            return self.original(*args, **params)
        del memory
        if bound.pattern is None:
            return outs[0] if outs[0].shape else outs[0][()]
        each = iter([a if a.shape else a[()] for a in outs])
        return bound.kind([next(each) if there else None for there in bound.pattern])

    def _found(
        self,
        exact: tuple[Any, ...],
        arrays: list[Array],
        repeated: list[int],
        form: Any,
        params: dict[str, Any],
    ) -> Bound | None:
        """The kernel for a call, made if it pays; None if NumPy is to run it, this time or always."""
        avals = [Aval(a.shape, a.dtype) for a in arrays]
        size = max([a.size for a in arrays])
        rest = (form, frozen(params) if params else "")
        bound: Bound | None = None
        if fits(avals):
            for plain in self._layouts(avals, params, form):
                layout = plain.repeating(repeated)
                key = (layout.kinds, *layout.avals(avals, layout.block), *rest)
                found = self.kernels.get(key, 0)
                if isinstance(found, int):
                    found = self._more(key, found + size, layout, avals, form, params)
                if isinstance(found, int):
                    return None
                if found is not None:
                    results = tuple([((*layout.lead, *tail), d) for tail, d in found.results])
                    rows, per, team = found.kernel.division(layout.rows)
                    blocks = layout.avals(avals, layout.block)
                    again = tuple([(i, blocks[i].shape) for i in repeated])
                    kernel = found.kernel
                    bound = Bound(
                        kernel, rows, per, team, again, results, found.pattern, found.kind
                    )
                    break
        if len(self.bound) >= 16 * MOST:
            self.bound.clear()
        self.bound[exact] = bound
        return bound

    def _layouts(self, avals: list[Aval], params: dict[str, Any], form: Any) -> Iterator[Layout]:
        if not any(type(a) is Aval for a in form):
            layout = None
            if self.pointwise:
                layout = shapes.elementwise(avals)
            else:
                axes = params.get("axis", params.get("axes", self.axis))
                if axes is not None:
                    layout = shapes.rowwise(avals, (axes,) if type(axes) is int else axes)
            if layout is not None and layout.block <= layout.rows:
                yield layout
        yield shapes.whole(avals)

    def _more(
        self,
        key: Any,
        spent: int,
        layout: Layout,
        avals: list[Aval],
        form: Any,
        params: dict[str, Any],
    ) -> Built | int | None:
        """Count elements, and make the kernel once it pays."""
        if spent < PAYS and not always:
            if len(self.kernels) < MOST or key in self.kernels:
                self.kernels[key] = spent
            return spent
        with self.lock:
            found = self.kernels.get(key, 0)
            if not isinstance(found, int):
                return found
            try:
                made: Built | None = self._made(layout, avals, form, params)
            except Unsuitable as why:
                self.refused[key] = str(why)
                made = None
                if isinstance(why, Trivial) and self.removed is not None:
                    self.removed()
            except Exception as error:
                warn(
                    f"{self.name} on large arrays could not be made native code, which is a bug in dualtape: "
                    f"{type(error).__name__}: {error}\n  NumPy runs it, with the same results."
                )
                made = None
            self.kernels[key] = made
            return made

    def _made(self, layout: Layout, avals: list[Aval], form: Any, params: dict[str, Any]) -> Built:
        how: list[Any] = []

        def run(*values: Any) -> list[Any]:
            args = filled(form, list(values))
            out = self.f(*args, **params)
            several = isinstance(out, (list, tuple))
            outs = list(out) if several else [out]
            for i, at in enumerate(self.targets[: len(outs)]):
                if outs[i] is not None and at is not None:
                    shape = tuple(args[at].shape)
                    if tuple(outs[i].shape) != shape and can_sum_to(tuple(outs[i].shape), shape):
                        outs[i] = sum_to_shape(outs[i], shape)
            how[:] = [tuple([o is not None for o in outs]) if several else None, type(out)]
            return [o for o in outs if o is not None]

        graph = traced(run, layout.avals(avals, layout.block))
        outs = [graph.avals[v] for v in graph.outputs]
        if not outs:
            raise Trivial("nothing to compute")
        if layout.lead:
            many = traced(run, layout.avals(avals, shapes.PROBE))
            tails = shapes.tails(outs, [many.avals[v] for v in many.outputs], layout)
            if tails is None:
                raise Unsuitable("results that are not by rows")
        else:
            tails = [tuple(a.shape) for a in outs]
        steps = [
            layout.step(a) if kind == shapes.ROWS else 0
            for a, kind in zip(avals, layout.kinds, strict=True)
        ]
        item = [a.dtype.itemsize for a in outs]
        steps += [
            int(np.prod(tail, dtype=np.int64)) * size if layout.lead else 0
            for tail, size in zip(tails, item, strict=True)
        ]
        kernel = Kernel(graph, layout.block, steps)
        return Built(kernel, tuple(zip(tails, [a.dtype for a in outs], strict=True)), *how)


def fits(avals: list[Aval]) -> bool:
    """Whether kernels are for such operands: a largest one in single or double precision, none in half precision or complex."""
    size = max([prod(a.shape) for a in avals])
    return any(a.dtype.char in "fd" and prod(a.shape) == size for a in avals) and all(
        supported(a.dtype) and (a.dtype.char in "fd" or a.dtype.kind in "biu") for a in avals
    )
