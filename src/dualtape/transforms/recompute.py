"""`checkpoint`: what the backward pass needs of a function is computed again instead of kept.

What the graph saves while the function runs goes through hooks (`core.saved`), which keep a number. When a
backward pass asks for the first of them, the function runs once more, in the context of the first run, under hooks
that file what is saved this time under the same numbers. The graph itself stays, so whatever works without a
checkpoint works with it: closed-over tensors, other levels, higher derivatives, checkpoints inside.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

import numpy as np

from ..core import boxes, modes, random_state, sweep
from ..core.batching import Batched
from ..core.errors import InplaceError, TransformError
from ..core.forward import Dual
from ..core.saved import Packed, active_hooks, packing
from ..core.tensor import Outer, Tensor, wrap
from . import tree
from .arguments import named

Policy = Callable[[str | None, tuple[int, ...], Any], bool]


class _Guarded:
    """A tensor kept as it is, with a look at whether it was written to since."""

    __slots__ = ("count", "edge", "holder", "kind", "order")

    def __init__(self, tensor: Tensor, history: bool) -> None:
        hooks = active_hooks()
        self.kind = type(tensor)
        self.edge = tensor.current_edge() if history else None
        self.holder: Any = tensor
        # Inside another checkpoint, what was computed there goes through its hooks, as everything that is kept.
        if history and hooks is not None and self.edge is not None and self.edge.kind:
            self.holder = Packed(tensor, hooks)
        elif not history:
            self.holder = wrap(self.kind, tensor.value)
            self.holder.version = tensor.shared_version()
        self.count = 0 if tensor.version is None else tensor.version.count
        self.order = modes.next_order()

    def tensor(self) -> Tensor:
        """The tensor.

        Raises:
            InplaceError: It was written to.
        """
        holder = self.holder
        if isinstance(holder, Packed):
            return wrap(self.kind, holder.value, self.edge)
        now = 0 if holder.version is None else holder.version.count
        if now != self.count:
            value = holder.version.as_of(holder.value, self.order)
            if value is not None:
                return wrap(self.kind, value, self.edge)
            raise InplaceError(
                f"checkpoint: a tensor of shape {list(holder.shape)} that the function is run again with has been "
                "written to in place since the first run: write to a copy"
            )
        return holder  # type: ignore[no-any-return]


class Frame:
    """One checkpointed call."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        policy: Policy | None,
    ) -> None:
        self.f = f
        leaves, self.structure = tree.flatten((args, kwargs))
        self.leaves = [_Guarded(x, history=True) if isinstance(x, Tensor) else x for x in leaves]
        self.policy = policy
        self.context: Context = copy_context()
        self.random = random_state.Replay()
        self.saved: list[tuple[Any, Any]] = []
        self.values: dict[int, _Guarded] = {}
        self.early: dict[int, _Guarded] | None = None
        self.seen: list[Any] = []
        self.work: Callable[[], Any] = lambda: None

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The first run."""

        def pack(tensor: Tensor) -> Any:
            self.saved.append((tuple(tensor.value.shape), tensor.value.dtype))
            if self.policy is not None and self.policy(source(tensor), *self.saved[-1]):
                return _Guarded(tensor, history=False)
            assert self.early is not None, "hooks are packed with while they are open only"
            self.early[len(self.saved) - 1] = _Guarded(tensor, history=False)
            return len(self.saved) - 1

        # A function may take gradients itself: what that pass asks for is still there while it runs.
        self.early = {}
        try:
            with self.random.first(), packing(Tensor, pack, self.unpack):
                out = self.f(*args, **kwargs)
        finally:
            self.early = None
        self.seen = samples(out)
        return out

    def unpack(self, packed: Any) -> Tensor:
        """What was saved, from a second run in each backward pass."""
        if isinstance(packed, _Guarded):
            return packed.tensor()
        if self.early is not None:
            return self.early[packed].tensor()
        work = sweep.running.get()
        if work is None or self.work() is not work:
            self.values = {}
            self.work = (lambda: None) if work is None else weakref.ref(work)
        if packed not in self.values:
            self.values = self.context.copy().run(self.again)
        return self.values.pop(packed).tensor()

    def again(self) -> dict[int, _Guarded]:
        """The second run: the values that the graph would have saved.

        Raises:
            TransformError: It saves or returns something else than the first run.
        """
        values: dict[int, _Guarded] = {}

        def pack(tensor: Tensor) -> Tensor:
            values[len(values)] = _Guarded(tensor, history=False)
            return wrap(Tensor, tensor.value)

        args, kwargs = self.structure.unflatten(
            [x.tensor() if isinstance(x, _Guarded) else x for x in self.leaves]
        )
        boxes.revived.set(True)  # the context is a copy: nothing to restore
        with self.random.again(), packing(Tensor, pack, lambda t: t):
            out = self.f(*args, **kwargs)
        found = [(tuple(v.holder.value.shape), v.holder.value.dtype) for v in values.values()]
        if found != self.saved:
            at = next(
                (i for i, (a, b) in enumerate(zip(found, self.saved, strict=False)) if a != b),
                min(len(found), len(self.saved)),
            )
            raise TransformError(
                "checkpoint: run again in the backward pass, the function computed something else: "
                f"{len(found)} residuals instead of {len(self.saved)}, the first difference at number {at}. "
                "It must do the same each time it is called with the same arguments."
            )
        if not all(map(alike, samples(out), self.seen)):
            raise TransformError(
                "checkpoint: run again in the backward pass, the function returned other numbers, so that its gradient "
                "would be that of another function. It must do the same each time it is called with the same arguments: "
                "make a np.random.Generator or a counter inside it, or pass it what was drawn outside."
            )
        return values


_SAMPLES = 8


def samples(out: Any) -> list[Any]:
    """A few of the numbers of each output, to tell two runs apart at next to no cost; None for what has none."""
    found: list[Any] = []
    for leaf in tree.flatten(out)[0]:
        value = leaf
        while isinstance(value, (Tensor, Dual, Batched, Outer)):
            inside = (getattr(value, name, None) for name in ("value", "primal", "content"))
            value = next(v for v in inside if v is not None)
        if not isinstance(value, (np.ndarray, np.generic)) or value.dtype.kind not in "biufc":
            found.append(None)
            continue
        numbers = np.asarray(value)
        step = max(numbers.size // _SAMPLES, 1)
        found.append(numbers.flat[::step][:_SAMPLES])
    return found


def alike(a: Any, b: Any) -> bool:
    """Whether samples of two runs can be of the same numbers; rounding may differ with where arrays lie in memory."""
    if a is None or b is None:
        return a is b
    if a.shape != b.shape:
        return False
    if (a == b).all():
        return True
    with np.errstate(all="ignore"):
        size = np.max(np.abs(np.where(np.isfinite(a), a, 0)), initial=0.0)
        return bool(np.allclose(a, b, rtol=1e-3, atol=1e-3 * size, equal_nan=True))


def source(tensor: Tensor) -> str | None:
    """The name of the primitive that computed a residual, None for what it was not."""
    edge = tensor.edge
    primitive = getattr(edge.node, "primitive", None) if edge is not None and edge.kind else None
    return None if primitive is None else primitive.name


def checkpoint(f: Callable[..., Any], policy: Policy | None = None) -> Callable[..., Any]:
    """Return `f` as a function whose intermediate results are not kept for the backward pass.

    Args:
        f: Any function of arrays or tensors. It must compute the same when it is called again; the global
            random streams of NumPy and Python and the streams of front ends give the same again for that. A
            `np.random.Generator` does not: make it inside.
        policy: Which results to keep all the same: maps (the name of the primitive that computed it, None
            for an argument; shape; dtype) to a bool. Keeps none by default.

    Returns:
        A function of the same arguments, with the same results and derivatives. A backward pass runs
        `f` once more.

    Raises:
        TransformError: In the backward pass, when the second run is not like the first.
        InplaceError: In the backward pass, when an argument was written to in between.

    Method: Griewank and Walther, "Algorithm 799: revolve", ACM TOMS 26, 2000, with one snapshot per call.

    >>> import numpy as np, dualtape as dt
    >>> float(dt.grad(dt.checkpoint(lambda x: np.sin(np.sin(x))))(0.0))
    1.0
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        if modes.current() & modes.NO_GRAD:
            return f(*args, **kwargs)
        return Frame(f, args, kwargs, policy).run(args, kwargs)

    return named(f, run, "checkpoint")
