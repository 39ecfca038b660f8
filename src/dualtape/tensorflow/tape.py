"""`tf.GradientTape`: a view of the engine's recording.

A tape records nothing itself. It remembers when it was recording, by the clock that orders the engine's
nodes, and what it watches; `gradient` is the engine's backward pass, kept within those nodes. See the notes
in `recording`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import numpy as np

from ..core.backward import Pass, as_tensor as as_class, gradients
from ..core.errors import ShapeError
from ..core.graph import LEAF, AccumulateGrad
from ..core.modes import next_order
from ..core.tensor import Tensor, wrap
from ..ops.shape import broadcast_to
from . import nest
from .convert import as_tensor
from .enums import UnconnectedGradients
from .indexed_slices import IndexedSlices
from .jacobian import batch_jacobian, jacobian
from .raising import incompatible_shapes
from .recording import NEVER, Recording, Watched, alive, beneath, recording, set_recording, watched_again
from .sparse import sparse_gradients
from .tensor import AttachedTensor, EagerTensor, raw_edge, set_edge, tensor
from .variable import Variable, differentiable

logger = logging.getLogger("tensorflow")

_USED_UP = "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"


class GradientTape:
    """Records operations for differentiation while its context is open.

    Args:
        persistent: Whether `gradient` may be called more than once.
        watch_accessed_variables: Whether trainable variables are watched when they are read.

    Attributes:
        start: The clock when it first opened.
        watches_variables: `watch_accessed_variables`.
        watched: What it watches, with the edge by which it knows it: by the variable's number, or by
            the identity of a tensor, negated.
        shared: Whether another tape may ask for the gradients of the same nodes, so that their residuals
            must not be freed.
        gathers: The nodes of gathers along the first axis, with their indices (see `sparse`).
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.start = NEVER
        self.watches_variables = watch_accessed_variables
        self.watched: dict[int, tuple[Any, Any]] = {}
        self.shared = False
        self.gathers: dict[Any, EagerTensor] = {}
        self._persistent = persistent
        self._recording = False
        self._began = False
        self._since = NEVER
        self._intervals: list[tuple[int, int]] = []

    # --- recording ----------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        self._push()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._recording:
            self._pop()

    def __del__(self, forget: Any = alive.pop) -> None:
        forget(id(self), None)

    def _push(self) -> None:
        if self._recording:
            raise ValueError(
                "Tape is still recording, This can happen if you try to re-enter an already-active tape."
            )
        self._since = next_order()
        if not self._began:
            self._began = True
            self.start = self._since
            alive[id(self)] = self._since
        self._recording = True
        others = recording().tapes
        if others:
            self.shared = True
            for tape in others:
                tape.shared = True
        set_recording(Recording((*others, self)))

    def _pop(self) -> None:
        if not self._recording:
            raise ValueError("Tape is not recording.")
        self._recording = False
        self._intervals.append((self._since, next_order()))
        set_recording(_without(self))

    def _clear(self) -> None:
        """Forget everything that was recorded."""
        self._began = False
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
        if not self._recording:
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
            if not isinstance(x, (EagerTensor, Variable)):
                raise ValueError(
                    f"Passed in object {x} of type {type(x).__name__!r}, not tf.Tensor or tf.Variable or "
                    "ExtensionType."
                )
            value = x._read().value if isinstance(x, Variable) else x.value
            if not differentiable(value):
                logger.warning(
                    "The dtype of the watched tensor must be floating (e.g. tf.float32), got %r", x.dtype
                )
            elif isinstance(x, Variable):
                x._watch(self)
            elif -id(x) not in self.watched:
                edge = x.edge
                edge = AccumulateGrad(x) if edge is None else watched_again(edge)
                set_edge(x, edge)
                self.watched[-id(x)] = (x, edge)

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that the tape watches, in the order they were made."""
        return tuple(self.watched[k][0] for k in sorted(self.watched) if k > 0)

    # --- which nodes are ours -----------------------------------------------------------------

    def within(self, node: Any) -> bool:
        """Whether a node was recorded by this tape."""
        order = node.order
        if self._recording and order < self._since:
            return True
        return any(end < order < start for start, end in self._intervals) or node.__class__ is Watched

    def edge_of(self, x: Any) -> Any:
        """The edge by which this tape knows a tensor or variable; None when it has nothing to do with it."""
        if isinstance(x, Variable):
            found = self.watched.get(x._unique_id)
            return None if found is None else found[1]
        found = self.watched.get(-id(x))
        if found is not None:
            return found[1]
        edge = raw_edge(x)
        if edge is None or isinstance(x, AttachedTensor):
            return edge
        edge = beneath(edge)
        return edge if self.within(edge.node) and self._depends_on_watched(edge) else None

    def _depends_on_watched(self, edge: Any) -> bool:
        """Whether an operation of this tape has an input that the tape watches."""
        if not self.shared:
            return True
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

    def _target_edge(self, x: Any) -> Any:
        if isinstance(x, Variable) and self.watches_variables and x.trainable and x._unique_id not in self.watched:
            x._watch(self)  # TensorFlow reads it now, on the tape
        return self.edge_of(x)

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
            Like `sources`: a tensor for each, a `tf.IndexedSlices` for one that is only gathered from, or None.

        Raises:
            RuntimeError: The tape is not persistent and was used before.
            TypeError: `target` is None, or a source has no dtype.
            ValueError: Unknown `unconnected_gradients`.
        """
        sources = _usable(sources)
        edges, found = self._pull(target, sources, output_gradients)
        zero = unconnected(unconnected_gradients)
        flat = nest.flatten(sources)
        results = [
            _zeros(x) if g is None and zero else g for x, g in zip(flat, found, strict=True)
        ]
        del edges
        return nest.pack_sequence_as(sources, results)

    def _pull(self, target: Any, sources: Any, output_gradients: Any) -> tuple[list[Any], list[Any]]:
        if not self._began:
            raise RuntimeError(_USED_UP)
        if self._recording:
            if self._persistent:
                logger.warning(
                    "Calling GradientTape.gradient on a persistent tape inside its context is significantly less "
                    "efficient than calling it outside the context (it causes the gradient ops to be recorded on "
                    "the tape, leading to increased CPU and memory usage). Only call GradientTape.gradient inside "
                    "the context if you actually want to trace the gradient in order to compute higher order "
                    "derivatives."
                )
            else:
                self._pop()
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or "
                "CompositeTensors to be differentiated, but received None."
            )
        roots = self._roots(target, output_gradients)
        wanted = [self.edge_of(x) for x in nest.flatten(sources)]
        found = self.pull(roots, wanted, last=not self._persistent)
        if not self._persistent:
            self._clear()
        return wanted, found

    def _roots(self, target: Any, output_gradients: Any) -> list[tuple[Any, Any]]:
        """The edges to start from, each with its cotangent."""
        targets = [t.values if isinstance(t, IndexedSlices) else t for t in nest.flatten(target)]
        given = [None] * len(targets) if output_gradients is None else nest.flatten(output_gradients)
        graph = bool(recording().tapes)
        roots = []
        for x, weight in zip(targets, given, strict=False):
            if not x.dtype.is_floating and not x.dtype.is_complex:
                logger.warning(
                    "The dtype of the target tensor must be floating (e.g. tf.float32) when calling "
                    "GradientTape.gradient, got %r",
                    x.dtype,
                )
                continue
            edge = self._target_edge(x)
            if edge is not None:
                roots.append((edge, initial_cotangent(edge, weight, graph)))
        return roots

    def pull(self, roots: Sequence[tuple[Any, Any]], wanted: Sequence[Any], *, last: bool) -> list[Any]:
        """Return what arrives at each wanted edge, as tensors; None where nothing does.

        Args:
            roots: (edge, cotangent) pairs.
            wanted: Edges or None.
            last: Whether nobody will ask for these nodes again.
        """
        graph = bool(recording().tapes)
        free = last and not self.shared
        if not roots:
            return [None] * len(wanted)
        if self.gathers:
            return sparse_gradients(roots, wanted, self.gathers, self.within, graph)
        present = {e for e in wanted if e is not None}
        if not self.shared and len(self._intervals) == 1 and len(present) == len(self.watched) and all(e.kind == LEAF for e in present):
            # Every leaf that can be reached is wanted: no need to find out which nodes lead there.
            work = Pass(not free, graph, None)
            run(work, roots, graph)
            found = [None if e is None else work.pending.get(e) for e in wanted]
        else:
            found = gradients(roots, wanted, retain_graph=not free, create_graph=graph, within=self.within)
        return [None if g is None else as_class(g, EagerTensor) for g in found]

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
