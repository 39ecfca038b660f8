"""`dualtape.doctor()` and `dualtape.lint()`: what is watched on request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from ..core import callsite, departures
from ..core.callsite import Site, describe, user_frame
from ..core.departures import Departure
from ..core.errors import GradientWarning
from ..core.observation import observing
from ..core.tensor import Tensor
from . import why
from .case import Case
from .ledger import Ledger
from .verdict import Verdict


class Doctor:
    """An open (or closed) visit: what it saw, and the questions it answers.

    Attributes:
        warned: What it warned of, so that nothing is said twice.
    """

    def __init__(self, warns: bool, lints: bool, ledger: Ledger | None) -> None:
        self._warns = warns
        self._lints = lints
        self._ledger = ledger
        self._passes: dict[int, tuple[Any, Site | None]] = {}
        self.warned: set[Any] = set()

    def why_none(self, y: Any, x: Any) -> Verdict:
        """As `dualtape.why_none`, with what this visit saw; also after it is over."""
        frame = user_frame()
        assert frame is not None
        with why.consulting(self._ledger):
            return why.answer(y, x, frame, ("y", "x"))

    # --- core.departures.Watcher --------------------------------------------------------------

    def left(self, departure: Departure) -> None:
        """See `core.departures.Watcher`."""
        if self._ledger is not None:
            self._ledger.left(departure)

    def passing(self, leaves: Iterable[Any], site: Site | None) -> None:
        """Warn if gradients that are there already are added to, once."""
        if not self._lints:
            return
        again = []
        for leaf in leaves:
            known = self._passes.get(id(leaf))
            if (
                leaf.grad is not None
                and known is not None
                and known[0] is leaf
                and np.any(leaf.grad.value)
            ):
                again.append((leaf, known[1]))
            self._passes[id(leaf)] = (leaf, site)
        if not again or "summed" in self.warned:
            return
        self.warned.add("summed")
        leaf, first = again[0]
        more = f" and of {len(again) - 1} more" if len(again) > 1 else ""
        callsite.warn(
            f"the gradients of two backward passes are summed in the .grad of {_name(leaf)}{more}:\n"
            f"  the first pass  {describe(first)}\n"
            f"  the second pass {describe(site)}\n"
            "  Call optimizer.zero_grad() (or set .grad = None) between them, unless the sum is meant.",
            GradientWarning,
        )

    def stepped(self, optimizer: Any) -> None:
        """Warn of a step without any gradient, once per optimizer."""
        if not self._warns or id(optimizer) in self.warned:
            return
        self.warned.add(id(optimizer))
        name = type(optimizer).__name__
        callsite.warn(
            f"{name}.step() did nothing: none of its parameters has a gradient. dualtape.why_none(loss, "
            "parameter) says why; did backward() run on a loss that depends on them?",
            GradientWarning,
        )

    def none_given(self, tape: Any, target: Any, sources: Any, found: Any) -> None:
        """Warn of each None that a tape gives, once per line."""
        frame = user_frame()
        if not self._warns or frame is None:
            return
        where = (frame.f_code, frame.f_lineno)
        if where in self.warned:
            return
        self.warned.add(where)
        flat = list(sources.values()) if isinstance(sources, dict) else sources
        flat = list(flat) if isinstance(flat, (list, tuple)) else [flat]
        if len(flat) != len(found) or isinstance(target, (list, tuple, dict)):
            callsite.warn("tape.gradient gave None for some of its sources", GradientWarning)
            return
        without = [x for x, g in zip(flat, found, strict=True) if g is None]
        with why.consulting(self._ledger):
            verdict = why.answer(target, without[0], frame, ("target", "sources"), tape)
        name = Case(target, without[0], frame, ("target", "sources")).x_name or "a source"
        more = f" and {len(without) - 1} more" if len(without) > 1 else ""
        callsite.warn(
            f"tape.gradient gave None for {name}{more}\n  {verdict}",
            GradientWarning,
        )


def _name(leaf: Any) -> str:
    """What the user's frame calls a leaf, or its shape."""
    frame = user_frame()
    tensor: Tensor | None = leaf.variable
    name = None
    if frame is not None and tensor is not None:
        name = Case(tensor, tensor, frame, ("", "")).name_of(tensor)
    return name or f"a leaf of shape {list(leaf.shape)}"


@contextmanager
def doctor(*, warn: bool = True, lint: bool = False) -> Iterator[Doctor]:
    """Watch the block, so that `why_none` can be sure of what the recording alone does not know.

    Inside, operations under `no_grad` (or `stop_recording`) and operations without a derivative are remembered
    with what they lost, and warnings are given, once each, at the line of the program: where a tape gives
    None, and where an optimizer steps without any gradient. Operations cost several times as much, and what is
    remembered keeps its graph alive until the block ends.

    Args:
        warn: Whether to warn.
        lint: Whether to warn of gradients summed over two passes too; see `lint`.

    Yields:
        The `Doctor`, whose `why_none` may be asked after the block too.
    """
    ledger = Ledger()
    visit = Doctor(warn, lint, ledger)
    with ExitStack() as stack:
        stack.enter_context(_watched(visit))
        stack.enter_context(observing(ledger.bound))
        stack.enter_context(why.consulting(ledger))
        yield visit


@contextmanager
def lint() -> Iterator[Doctor]:
    """Warn, once, when a backward pass adds to gradients of an earlier pass that were not zeroed.

    Yields:
        The `Doctor` that watches.
    """
    visit = Doctor(warns=False, lints=True, ledger=None)
    with _watched(visit):
        yield visit


@contextmanager
def _watched(visit: Doctor) -> Iterator[None]:
    departures.watch(visit)
    try:
        yield
    finally:
        departures.unwatch(visit)
