"""Forward mode: `dual_level`, `make_dual`, `unpack_dual`.

A dual tensor is a forward-mode box of `transforms.forward`. Where its primal requires a gradient, two recordings
go on: the one inside the box, by which its tangent can be differentiated, and one above it, so that a backward
pass through what was computed from it computes on dual numbers and its gradients carry tangents.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple

from ...core import forward, modes
from ...core.forward import Dual, ForwardMode
from ...core.graph import LEAF
from ...core.residuals import SavedOutput
from ...core.stopped import stopped
from ...core.sweep import as_tensor
from ...core.tensor import Tensor as CoreTensor
from ...core.tensor import wrap
from ...transforms.forward import forward_level, split
from ...transforms.surface import inner, joined
from .._tensor import Tensor

_opened: ContextVar[tuple[ForwardMode, ExitStack] | None] = ContextVar(
    "dualtape_dual_level", default=None
)


def _current() -> ForwardMode | None:
    """The level that is open."""
    found = _opened.get()
    return None if found is None else found[0]


def enter_dual_level() -> int:
    """Open a level; returns its number.

    Raises:
        RuntimeError: One is open already.
    """
    if _current() is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    stack = ExitStack()
    level = stack.enter_context(forward_level())
    level.kept = []
    _opened.set((level, stack))
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level; its tangents are gone.

    Raises:
        RuntimeError: None is open, or not the one of this number.
    """
    found = _opened.get()
    if found is None:
        raise RuntimeError("Dual level must be a positive number.")
    if level not in (None, 0):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    _opened.set(None)
    mode, stack = found
    stack.close()
    assert mode.kept is not None
    tensors = [t for t in [ref() for ref in mode.kept] if t is not None]
    mode.kept = None
    for t in tensors:
        t.value = settled(t.value, mode)
    settle_graph([t.edge for t in tensors if t.edge is not None], mode)


def settled(value: Any, level: ForwardMode) -> Any:
    """A value after the end of a level: its primal, if it was a dual number of it."""
    if not isinstance(value, Dual) or value.interpreter is not level:
        return value
    primal = value.primal
    return primal.value if isinstance(primal, CoreTensor) else primal


def settle_graph(edges: list[Any], level: ForwardMode) -> None:
    """Settle what nodes recorded above a level have saved, so that a later pass can run on plain values."""
    depth = modes.depth()
    seen: set[Any] = set()
    stack = [e.node for e in edges]
    while stack:
        node = stack.pop()
        if node in seen or node.level <= depth or node.kind == LEAF:
            continue
        seen.add(node)
        node.level = depth
        if isinstance(node.owners, tuple):
            for owner in node.owners:
                if isinstance(owner, (SavedOutput, CoreTensor)):
                    owner.value = settled(owner.value, level)
        stack.extend([e.node for e in node.inputs if e is not None])


class dual_level:
    """A block, or a decorated function, inside which tensors can carry tangents."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        exit_dual_level()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function: a level of its own for each call."""

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with dual_level():
                return function(*args, **kwargs)

        return run


@contextmanager
def forward_enabled(wanted: bool) -> Iterator[None]:
    """Let operations compute tangents, or not, for the block."""
    before = forward.paused.get()
    forward.paused.set(not wanted)
    try:
        yield
    finally:
        forward.paused.set(before)


class _set_fwd_grad_enabled:
    """A switch of forward mode, for a block or from now on."""

    def __init__(self, mode: bool) -> None:
        self._before = forward.paused.get()
        forward.paused.set(not mode)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        forward.paused.set(self._before)


def _is_fwd_grad_enabled() -> bool:
    return not forward.paused.get()


class UnpackedDualTensor(NamedTuple):
    """A tensor's primal, and its tangent or None."""

    primal: Any
    tangent: Any


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A tensor that carries `tangent` forward.

    Raises:
        RuntimeError: No level is open; the shapes differ; or `tensor` carries a tangent already.
        ValueError: Not floating point.
    """
    mode = _current()
    if mode is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    if level not in (None, 0):
        raise RuntimeError("Invalid level given to _make_dual")
    check_dual(tensor, tangent)
    if split(mode, tensor)[1] is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is "
            "not supported."
        )
    return dual(mode, tensor, tangent)


def check_dual(tensor: Any, tangent: Any) -> None:
    """Raise unless two tensors can make a dual number.

    Raises:
        ValueError: One is not floating or complex.
        RuntimeError: The shapes differ.
    """
    for t, what in ((tensor, "primal"), (tangent, "tangent")):
        if t.value.dtype.kind not in "fcV":
            raise ValueError(f"Expected {what} to be floating point or complex, but got: {t.dtype}")
    if tuple(tensor.value.shape) != tuple(tangent.value.shape):
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this "
            f"is not supported. Tensor is of size {list(tensor.value.shape)} while the given forward gradient is "
            f"of size {list(tangent.value.shape)}."
        )


def dual(level: ForwardMode, tensor: Tensor, tangent: Tensor) -> Tensor:
    """The dual number of two tensors that fit, recorded above it too where `tensor` is recorded."""
    value = inner(tangent)
    if tensor.value.dtype != tangent.value.dtype:
        value = inner(tangent.to(tensor.dtype))
    out = joined(Dual(level, inner(tensor), value), tensor)
    if level.kept is not None:
        level.kept.append(weakref.ref(out))
    return out  # type: ignore[return-value]


def gradient(g: Any, cls: type[CoreTensor], recorded: bool) -> CoreTensor:
    """A gradient computed by a pass inside a level, as a tensor: with its tangent, and history if `recorded`."""
    out = as_tensor(g, cls)
    value = out.value
    level = _current()
    if level is not None and isinstance(value, Dual) and value.interpreter is level:
        if not recorded:
            out = wrap(cls, Dual(level, stopped(value.primal), stopped(value.tangent)))
        assert level.kept is not None
        level.kept.append(weakref.ref(out))
    return out


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The primal and the tangent of a tensor; the tangent is None where it carries none.

    Raises:
        TypeError: No tensor.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"_unpack_dual(): argument 'dual' (position 1) must be Tensor, not {type(tensor).__name__}"
        )
    mode = _current()
    if mode is None:
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(*split(mode, tensor))
