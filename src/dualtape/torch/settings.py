"""Constants and switches of the namespace: what PyTorch lets programs ask and set about itself."""

from __future__ import annotations

import math
import os
from typing import Any

from ..core.threads import set_thread_count, thread_count
from ._tensor import Tensor
from .sizes import CPU, device

e = math.e
pi = math.pi
inf = math.inf
nan = math.nan
newaxis = None


class TorchVersion(str):
    """A version that compares with strings and tuples by its numbers: `"2.13.0" > "2.9"` is True."""

    __slots__ = ()

    def _numbers(self, other: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
        parts = (
            [str(n) for n in other]
            if isinstance(other, tuple)
            else str(other).split("+")[0].split(".")
        )
        theirs = [int(p) for p in parts if p.isdecimal()]
        mine = [int(p) for p in self.split("+")[0].split(".")]
        length = max(len(mine), len(theirs))
        return (
            tuple(mine + [0] * (length - len(mine))),
            tuple(theirs + [0] * (length - len(theirs))),
        )

    def __lt__(self, other: Any) -> bool:
        mine, theirs = self._numbers(other)
        return mine < theirs

    def __le__(self, other: Any) -> bool:
        mine, theirs = self._numbers(other)
        return mine <= theirs

    def __gt__(self, other: Any) -> bool:
        return not self <= other

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str) and str.__eq__(self, other):
            return True
        if not isinstance(other, (str, tuple)):
            return NotImplemented
        mine, theirs = self._numbers(other)
        return mine == theirs

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return str.__hash__(self)


# --- switches -----------------------------------------------------------------------------------

_interop_threads = [os.cpu_count() or 1]
_deterministic = [False, False]
_precision = ["highest"]


def get_num_threads() -> int:
    """The number last set, by default OMP_NUM_THREADS or the number of processors; NumPy's BLAS decides for itself."""
    return thread_count()


def set_num_threads(n: int) -> None:
    """Let native code use at most so many threads; NumPy's BLAS decides for itself.

    Raises:
        RuntimeError: It is not positive.
    """
    if n < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    set_thread_count(int(n))


def get_num_interop_threads() -> int:
    """The number last set, by default the number of processors."""
    return _interop_threads[0]


def set_num_interop_threads(n: int) -> None:
    """Remember a number of threads.

    Raises:
        RuntimeError: It is not positive.
    """
    if n < 1:
        raise RuntimeError("set_num_interop_threads expects a positive integer")
    _interop_threads[0] = int(n)


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Everything here is deterministic; the choice is remembered."""
    _deterministic[:] = [bool(mode), bool(warn_only)]


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` set."""
    return _deterministic[0]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """What `use_deterministic_algorithms` set."""
    return _deterministic[0] and _deterministic[1]


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` set."""
    return _precision[0]


def set_float32_matmul_precision(precision: str) -> None:
    """Matrix products are always computed in full precision; the choice is remembered.

    Raises:
        RuntimeError: Not "highest", "high" or "medium".
    """
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"{precision} is not one of 'highest', 'high', or 'medium'")
    _precision[0] = precision


def set_flush_denormal(mode: bool) -> bool:
    """Denormal numbers are kept; False says that flushing them is not available."""
    return False


def get_default_device() -> device:
    """The CPU."""
    return CPU


def set_default_device(device_: Any) -> None:
    """Accept the CPU.

    Raises:
        RuntimeError: Another device.
    """
    if device_ is not None:
        device(device_)


def typename(obj: Any, /) -> str:
    """The name of an object's type: `torch.FloatTensor` for a tensor of float32."""
    if isinstance(obj, Tensor):
        return obj.type()  # type: ignore[no-any-return]
    owner = obj if hasattr(obj, "__qualname__") else type(obj)
    module = (getattr(owner, "__module__", None) or "").removeprefix("dualtape.")
    return owner.__qualname__ if module in ("", "builtins") else f"{module}.{owner.__qualname__}"


def is_warn_always_enabled() -> bool:
    """False: warnings appear once, as Python's filters decide."""
    return False


def set_warn_always(b: bool, /) -> None:
    """Accepted, without effect: Python's warning filters decide."""


__all__ = [
    "TorchVersion", "are_deterministic_algorithms_enabled", "e", "get_default_device",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads", "inf",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled", "nan", "newaxis", "pi",
    "set_default_device", "set_float32_matmul_precision", "set_flush_denormal",
    "set_num_interop_threads", "set_num_threads", "set_warn_always", "typename", "use_deterministic_algorithms",
]  # fmt: skip
