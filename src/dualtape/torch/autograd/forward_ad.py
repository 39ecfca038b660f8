"""Forward mode: `dual_level`, `make_dual`, `unpack_dual`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from ...core import modes
from ...core.backward import as_tensor
from ...core.forward import Dual, ForwardMode
from ...core.tensor import wrap
from .._tensor import Tensor
from .function import inside

_levels: list[tuple[ForwardMode, ExitStack]] = []


@contextmanager
def forward_level() -> Iterator[ForwardMode]:
    """Open a level of forward mode."""
    with modes.deeper() as depth:
        level = ForwardMode(depth)
        try:
            yield level
        finally:
            level.open = False


def enter_dual_level() -> int:
    """Open a level; returns its number.

    Raises:
        RuntimeError: One is open already.
    """
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    stack = ExitStack()
    _levels.append((stack.enter_context(forward_level()), stack))
    return len(_levels) - 1


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level; its tangents are gone."""
    if not _levels:
        raise RuntimeError("Trying to exit a forward AD level that was not entered")
    _levels.pop()[1].close()


class dual_level:
    """A block inside which tensors can carry tangents."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *_: object) -> None:
        exit_dual_level()


class UnpackedDualTensor(NamedTuple):
    """A tensor's primal, and its tangent or None."""

    primal: Any
    tangent: Any


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A tensor that carries `tangent` forward.

    Raises:
        RuntimeError: No level is open.
        ValueError: Not floating point; or shapes or dtypes differ.
    """
    if not _levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    if tensor.value.dtype.kind not in "fcV":
        raise ValueError(
            f"Expected primal to be floating point or complex, but got: {tensor.dtype}"
        )
    if tangent.value.dtype.kind not in "fcV":
        raise ValueError(
            f"Expected tangent to be floating point or complex, but got: {tangent.dtype}"
        )
    return dual(_levels[-1][0], tensor, tangent)


def dual(level: ForwardMode, tensor: Tensor, tangent: Tensor) -> Tensor:
    """A tensor of a level's dual number.

    Raises:
        RuntimeError: Shapes or dtypes differ.
    """
    if tuple(tensor.value.shape) != tuple(tangent.value.shape):
        raise RuntimeError(
            f"Expected tangent to have the same shape as primal: {list(tensor.value.shape)} and "
            f"{list(tangent.value.shape)}"
        )
    if tensor.value.dtype != tangent.value.dtype:
        raise RuntimeError(
            f"Expected tangent to have the same dtype as primal: {tensor.dtype} and {tangent.dtype}"
        )
    return wrap(Tensor, Dual(level, inside(tensor), inside(tangent)))  # type: ignore[return-value]


def split(level: ForwardMode, t: Any) -> tuple[Any, Any]:
    """The primal and the tangent (or None) of a tensor at a level."""
    value = t.value if isinstance(t, Tensor) else t
    if isinstance(value, Dual) and value.interpreter is level:
        return as_tensor(value.primal, Tensor), as_tensor(value.tangent, Tensor)
    return t, None


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The primal and the tangent of a tensor; the tangent is None where it carries none."""
    if not _levels:
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(*split(_levels[-1][0], tensor))
