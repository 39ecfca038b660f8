"""Native gates, and what is behind them: imported once enough elements have passed, and llvmlite with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..native import target
from . import install, site
from .install import Gated
from .native_gate import gate
from .site import Site
from .supported import supports

sites: list[Site] = []
"""What is behind the gates."""


def native_gates(gated: list[Gated], at_once: bool) -> None:
    """Put native gates in front of functions that there may be kernels for, and none in front of others.

    Args:
        gated: The functions.
        at_once: Whether the first large call makes a kernel.
    """
    site.always = at_once
    sites.clear()
    can = target.available()
    for g in gated:
        if not can or not supports(g.primitive):
            g.remove()
            continue
        f: Any = g.original if g.number is not None else g.primitive
        place = Site(g.name, f, g.original, g.primitive.pointwise, g.targets())
        place.removed = g.remove
        sites.append(place)
        g.put(gate(g.original, place))


@contextmanager
def kernels() -> Iterator[None]:
    """Have kernels from the first large call on, for the time of a test; afterwards everything is as it was."""
    before = install.begun, site.always, list(sites)
    functions = [(g, getattr(g.holder, g.field)) for g in install.gated]
    install.begun = False
    install.begin(at_once=True)
    try:
        yield
    finally:
        install.begun, site.always, sites[:] = before
        for g in install.gated:
            g.remove()
        for g, f in functions:
            g.put(f)
