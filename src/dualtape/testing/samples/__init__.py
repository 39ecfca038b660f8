"""The rows of samples, a module per family of `dualtape.ops`, found by the module's name."""

from __future__ import annotations

import importlib
import pkgutil

from ... import ops
from ...core.primitive import Primitive
from ..sample import Sample


def every_sample() -> list[Sample]:
    """All rows of all families."""
    rows: list[Sample] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        rows.extend(importlib.import_module(f"{__name__}.{module}").SAMPLES)
    return rows


def every_primitive() -> dict[str, Primitive]:
    """All primitives defined in `dualtape.ops`, by name.

    Raises:
        ValueError: Two primitives share a name.
    """
    found: dict[str, Primitive] = {}
    for module in pkgutil.iter_modules(ops.__path__):
        for value in vars(importlib.import_module(f"{ops.__name__}.{module.name}")).values():
            if isinstance(value, Primitive) and found.setdefault(value.name, value) is not value:
                raise ValueError(f"two primitives are named {value.name!r}")
    return found
