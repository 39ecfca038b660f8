"""`tf.GradientTape`: a view of the engine's recording.

A tape records nothing itself. It remembers when it was recording, by the clock that orders the engine's
nodes, and what it watches; `gradient` is the engine's backward pass, kept within those nodes. See the notes
in `recording`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import numpy as np

from ..core import departures, modes
from ..core.backward import gradients
from ..core.batching import open_batches
from ..core.boxes import Box
from ..core.callsite import Site, caller, getframe
from ..core.errors import TransformError
from ..core.graph import LEAF, OUTPUT, AccumulateGrad
from ..core.modes import next_order
from ..core.sweep import Pass
from ..core.sweep import as_tensor as as_class
from ..core.tensor import Tensor, wrap
from . import nest
from .cotangents import checked_sources, initial_cotangent, used_up, wants_zeros, zeros_for
from .enums import UnconnectedGradients
from .indexed_slices import IndexedSlices, as_dense
from .jacobian import batch_jacobian, jacobian
from .logs import warn
from .recording import (
    NEVER,
    NOTHING,
    Recording,
    Watched,
    alive,
    beneath,
    recording,
    set_recording,
    watched_again,
)
from .row_gradients import sparse_gradients
from .tensor import DIAGNOSIS, EagerTensor, Readable, raw_edge, set_edge
from .variable import Variable, differentiable

_INSIDE = (
    "Calling GradientTape.gradient on a persistent tape inside its context is significantly less efficient than "
    "calling it outside the context (it causes the gradient ops to be recorded on the tape, leading to increased "
    "CPU and memory usage). Only call GradientTape.gradient inside the context if you actually want to trace the "
    "gradient in order to compute higher order derivatives."
)


class GradientTape:
    """Records operations for differentiation while its context is open.

    Args:
        persistent: Whether `gradient` may be called more than once.
        watch_accessed_variables: Whether trainable variables are watched when they are read.

    Attributes:
        recording: Whether its context is open.
        began: Whether it has recorded anything that it has not been asked for (or may be again).
        start: The clock when it first opened.
        depth: How many transformations were open around it when it last opened.
        watches_variables: `watch_accessed_variables`.
        watched: What it watches, with the edge by which it knows it: by the variable's number, or by
            the identity of a tensor, negated.
        shared: Whether another tape may ask for the gradients of the same nodes, so that their residuals
            must not be freed.
        gathers: The nodes of gathers along the first axis, with their indices (see `row_gradients`).
    """

    __slots__ = (
        "__weakref__",
        "_intervals",
        "_last_intervals",
        "_last_watched",
        "_since",
        "_used_at",
        "began",
        "depth",
        "gathers",
        "persistent",
        "recording",
        "shared",
        "start",
        "watched",
        "watches_variables",
    )

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.start = NEVER
        self.depth = 0
        self.watches_variables = watch_accessed_variables
        self.watched: dict[int, tuple[Any, Any]] = {}
        self.shared = False
        self.gathers: dict[Any, EagerTensor] = {}
        self.persistent = persistent
        self.recording = False
        self.began = False
        self._since = NEVER
        self._intervals: list[tuple[int, int]] = []
        self._last_watched = self.watched
        self._last_intervals = self._intervals
        self._used_at: Site | None = None

    # --- recording ----------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        self._push()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.recording:
            self._pop()

    def __del__(self, forget: Any = alive.pop) -> None:
        forget(id(self), None)

    def _push(self) -> None:
        if self.recording:
            raise ValueError(
                "Tape is still recording, This can happen if you try to re-enter an already-active tape."
            )
        depth = modes.depth()
        others = recording().tapes
        if others and open_batches.get() and others[0].depth < depth:
            raise TransformError(
                "a tape was opened inside tf.vectorized_map while another records outside of it: gradients of "
                "gradients through one batch are not kept apart. Use tf.map_fn."
            )
        self.depth = depth
        self._since = next_order()
        if not self.began:
            self.began = True
            self.start = self._since
            alive[id(self)] = self._since
        self.recording = True
        now = recording()
        others = now.tapes
        if others:
            self.shared = True
            for tape in others:
                tape.shared = True
        set_recording(Recording((*others, self), now.readers))

    def _pop(self) -> None:
        if not self.recording:
            raise ValueError("Tape is not recording.")
        self.recording = False
        self._intervals.append((self._since, next_order()))
        set_recording(_without(self))

    def _clear(self) -> None:
        """Forget everything that was recorded."""
        self.began = False
        self._intervals = []
        self.watched = {}
        self.gathers = {}
        self.shared = False
        alive.pop(id(self), None)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Do not record in this context.

        Raises:
            RuntimeError: The tape is not recording.
        """
        if not self.recording:
            raise RuntimeError("Trying to stop recording a tape which is not recording.")
        self._pop()
        try:
            yield
        finally:
            self._push()

    def reset(self) -> None:
        """Forget everything recorded so far and go on recording.

        Raises:
            ValueError: The tape is not recording.
        """
        self._pop()
        self._clear()
        self._push()

    def watch(self, tensor: Any) -> None:
        """Count a tensor, or all in a nested structure, as an input of what follows.

        Raises:
            ValueError: Something is neither tensor nor variable.
        """
        for x in nest.flatten(tensor):
            if isinstance(x, IndexedSlices):
                x = x.values
            if isinstance(x, Readable):
                x = x._variable()
            if not isinstance(x, (EagerTensor, Variable)):
                raise ValueError(
                    f"Passed in object {x} of type {type(x).__name__!r}, not tf.Tensor or tf.Variable or "
                    "ExtensionType."
                )
            value = x._read().value if isinstance(x, Variable) else x.value
            if not differentiable(value):
                warn(
                    "The dtype of the watched tensor must be floating (e.g. tf.float32), got %r",
                    x.dtype,
                )
            elif isinstance(x, Variable):
                x._watch(self)
            elif -id(x) not in self.watched:
                edge = x.edge
                if edge is None:
                    edge = AccumulateGrad(x)
                    if not isinstance(x.value, Box):
                        edge.level = self.depth
                else:
                    edge = watched_again(edge)
                set_edge(x, edge)
                self.watched[-id(x)] = (x, edge)

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that the tape watches, in the order they were made."""
        watched = self.watched if self.began else self._last_watched
        return tuple([watched[k][0] for k in sorted(watched) if k > 0])

    # --- which nodes are ours -----------------------------------------------------------------

    def within(self, node: Any) -> bool:
        """Whether a node was recorded by this tape."""
        order = node.order
        for start, end in self._intervals:
            if end < order < start:
                return True
        return (self.recording and order < self._since) or node.__class__ is Watched

    def edge_of(self, x: Any) -> Any:
        """The edge by which this tape knows a tensor or variable; None when it has nothing to do with it."""
        if isinstance(x, Readable):
            found = self.watched.get(x._variable()._unique_id)
            return None if found is None else found[1]
        found = self.watched.get(-id(x))
        if found is not None:
            return found[1]
        edge = x.current_edge() if x.view_of is not None else raw_edge(x)
        if edge.__class__ is Watched:
            edge = beneath(edge)
        if edge is None or not self.within(edge if edge.kind != OUTPUT else edge.node):
            return None
        return edge if not self.shared or self._depends_on_watched(edge) else None

    def _depends_on_watched(self, edge: Any) -> bool:
        """Whether an operation of this tape has an input that the tape watches."""
        mine = {e.node for _, e in self.watched.values()}
        seen: set[Any] = set()
        stack = [edge.node]
        while stack:
            node = stack.pop()
            if node in mine:
                return True
            if node not in seen and node.kind != LEAF and self.within(node):
                seen.add(node)
                stack.extend([e.node for e in node.inputs if e is not None])
        return False

    def target_edge(self, x: Any) -> Any:
        """The edge to start from at a target, None when the tape did not record it."""
        if isinstance(x, Readable):
            v = x._variable()
            if self.watches_variables and v.trainable and v._unique_id not in self.watched:
                v._watch(self)  # TensorFlow reads it now, on the tape
            return self.edge_of(v)
        return self.edge_of(x)  # an integer tensor has no edge

    # --- gradients ----------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Return the gradient of `target` for each of `sources`, in their nested structure.

        Args:
            target: A tensor, or a nested structure of tensors, whose elements are summed.
            sources: Tensors or variables, nested.
            output_gradients: Weights of the elements of `target`; ones by default.
            unconnected_gradients: What an independent source gets: None or zeros.

        Returns:
            Like `sources`: for each a tensor, a `tf.IndexedSlices` where it is only gathered from, or
            None.

        Raises:
            RuntimeError: The tape is not persistent and was used before.
            TypeError: `target` or a source is None.
            ValueError: Unknown `unconnected_gradients`.
        """
        if not self.began:
            raise used_up(self._used_at)
        if self.recording and self.persistent:
            warn(_INSIDE, once=True)
        self.leave_own_context()
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or "
                "CompositeTensors to be differentiated, but received None."
            )
        found = self.gradients_at(
            self.roots(target, output_gradients), sources, unconnected_gradients
        )
        self.used()
        if departures.watchers and any(g is None for g in found):
            for watcher in departures.watchers:
                watcher.none_given(self, target, sources, found)
        if sources.__class__ is list and len(sources) == len(found):
            return found  # every element is a leaf
        return nest.pack_sequence_as(sources, found)

    def why_none(self, target: Any, source: Any) -> Any:
        """Say why `gradient(target, source)` is None; it may be asked after `gradient` too.

        Args:
            target: One tensor.
            source: One tensor or variable.

        Returns:
            A `dualtape.trust.verdict.Verdict`; see `dualtape.why_none`.

        Raises:
            TypeError: One of the two is no tensor or variable.
        """
        room = importlib.import_module(DIAGNOSIS)
        return room.why_none(target, source, getframe(1), ("target", "source"), self)

    def leave_own_context(self) -> None:
        """Stop recording, for a tape that is used once: its gradients are nobody's but other tapes'."""
        if self.recording and not self.persistent:
            self._pop()

    def used(self) -> None:
        """Forget what was recorded, for a tape that is used once."""
        if not self.persistent:
            self._last_watched = self.watched
            self._last_intervals = self._intervals
            self._used_at = caller(3)
            self._clear()

    def gradients_at(
        self, roots: Sequence[tuple[Any, Any]], sources: Any, unconnected_gradients: Any
    ) -> list[Any]:
        """The gradient of each of the flattened `sources`; see `gradient`."""
        flat = checked_sources(sources)
        zero = unconnected_gradients is not UnconnectedGradients.NONE and wants_zeros(
            unconnected_gradients
        )
        found = self.pull(roots, [self.edge_of(x) for x in flat], last=not self.persistent)
        if zero:
            found = [zeros_for(x) if g is None else g for x, g in zip(flat, found, strict=True)]
        return found

    def roots(self, target: Any, output_gradients: Any = None) -> list[tuple[Any, Any]]:
        """The edges to start from at a target, each with its cotangent."""
        graph = bool(recording().tapes)
        if target.__class__ is EagerTensor and output_gradients is None:
            edge = self.edge_of(target)
            return [] if edge is None else [(edge, initial_cotangent(edge, None, graph))]
        targets = [t.values if isinstance(t, IndexedSlices) else t for t in nest.flatten(target)]
        weights = (
            [None] * len(targets) if output_gradients is None else nest.flatten(output_gradients)
        )
        roots = []
        for x, weight in zip(targets, weights, strict=False):
            if not isinstance(x, (Tensor, Readable)):
                raise AttributeError(f"{type(x).__name__!r} object has no attribute 'dtype'")
            edge = self.target_edge(x)
            if edge is not None:
                weight = as_dense(weight)
                roots.append((edge, initial_cotangent(edge, weight, graph)))
        return roots

    def pull(
        self, roots: Sequence[tuple[Any, Any]], wanted: Sequence[Any], *, last: bool
    ) -> list[Any]:
        """Return what arrives at each wanted edge; None where nothing does.

        Args:
            roots: (edge, cotangent) pairs.
            wanted: Edges or None.
            last: Whether nobody will ask for these nodes again.
        """
        if not roots:
            return [None] * len(wanted)
        graph = bool(recording().tapes)
        free = last and not self.shared
        if self.gathers:
            return sparse_gradients(roots, wanted, self.gathers, self.within, free, graph)
        if not graph and not modes.current() & modes.SAFE and self._wants_every_leaf(wanted):
            # No need to find out first which nodes lead to a wanted leaf.
            work = Pass(not free, False, None)
            for edge, ct in roots:
                work.add(edge, ct)
            work.run()
            found = [work.pending.get(e) for e in wanted]
        else:
            found = gradients(
                roots, wanted, retain_graph=not free, create_graph=graph, within=self.within
            )
        return [
            wrap(EagerTensor, g)
            if g.__class__ is np.ndarray
            else None
            if g is None
            else as_class(g, EagerTensor)
            for g in found
        ]

    def _wants_every_leaf(self, wanted: Sequence[Any]) -> bool:
        """Whether the graph ends in this tape's leaves alone, and all of them are wanted."""
        if self.shared or len(self._intervals) != 1 or self.recording:
            return False
        for e in wanted:
            if e is None or e.kind != LEAF:
                return False
        return len(wanted) == len(self.watched) == len(set(wanted))

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Return the derivatives of each element of `target` for each source; see `jacobian.jacobian`."""
        return jacobian(self, target, sources, unconnected_gradients, experimental_use_pfor)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Return the derivatives of each example of `target` for its own in `source`; see `jacobian`."""
        return batch_jacobian(self, target, source, unconnected_gradients, experimental_use_pfor)


def _without(tape: GradientTape) -> Recording:
    now = recording()
    rest = () if now.tapes == (tape,) else tuple([t for t in now.tapes if t is not tape])
    return Recording(rest, now.readers) if rest or now.readers else NOTHING
