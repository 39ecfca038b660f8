"""`torch.backends`: the switches that programs set; NumPy is the only backend and none has an effect."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NoReturn

from ...core.missing import missing_attribute


class Backend:
    """A backend that is not here; its switches can be set and read.

    Args:
        name: What it is called.
        switches: Their first values.
    """

    def __init__(self, name: str, **switches: Any) -> None:
        self.__dict__.update(switches)
        self._name = name

    def is_available(self) -> bool:
        """False."""
        return False

    def is_built(self) -> bool:
        """False."""
        return False

    def version(self) -> None:
        """None."""
        return

    @contextlib.contextmanager
    def flags(self, **switches: Any) -> Iterator[None]:
        """Set switches for the body of a `with` statement."""
        before = dict(self.__dict__)
        self.__dict__.update(switches)
        try:
            yield
        finally:
            self.__dict__.clear()
            self.__dict__.update(before)

    def __repr__(self) -> str:
        return f"<torch.backends.{self._name}, not available>"


cudnn = Backend("cudnn", enabled=True, benchmark=False, deterministic=False, allow_tf32=True)
cuda = Backend("cuda", matmul=Backend("cuda.matmul", allow_tf32=False))
mps = Backend("mps")
mkl = Backend("mkl")
mkldnn = Backend("mkldnn", enabled=True, deterministic=False, allow_tf32=True)
openmp = Backend("openmp")
opt_einsum = Backend("opt_einsum", enabled=True, strategy="auto")


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
