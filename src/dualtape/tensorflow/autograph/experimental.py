"""`tf.autograph.experimental`."""

from __future__ import annotations

from typing import Any

from .source import do_not_convert


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Accepted in a loop's body: steps run one after the other, and shapes do not change."""


__all__ = ["do_not_convert", "set_loop_options"]
