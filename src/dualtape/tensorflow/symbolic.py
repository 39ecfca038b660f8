"""`tf.gradients`: for code inside a `tf.function`, where TensorFlow differentiates the graph.

There is no graph to differentiate, so a function that mentions `gradients` runs under a tape of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from . import nest
from .enums import UnconnectedGradients
from .tape import GradientTape
from .tensor import EagerTensor
from .variable import differentiable

_tape: ContextVar[GradientTape | None] = ContextVar("dualtape_tf_gradients", default=None)


@contextmanager
def gradients_recorded(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[None]:
    """Record what runs in this context, for `gradients`, with respect to the arguments and to variables."""
    tape = GradientTape(persistent=True)
    before = _tape.get()
    with tape:
        for x in nest.flatten([list(args), kwargs]):
            if isinstance(x, EagerTensor) and differentiable(x.value):
                tape.watch(x)
        _tape.set(tape)
        try:
            yield
        finally:
            _tape.set(before)


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:
    """Return the derivatives of the sum of `ys` for each of `xs`, inside a `tf.function`.

    Args:
        ys: A tensor or several.
        xs: A tensor or variable or several: arguments of the function, variables, or computed from them.
        grad_ys: A weight for each of `ys`; None for ones.
        name: Not used.
        gate_gradients: Not used.
        aggregation_method: Not used.
        stop_gradients: Not supported.
        unconnected_gradients: What an independent one of `xs` gets: None or zeros.

    Raises:
        RuntimeError: Called outside a function that mentions `gradients` itself.
        NotImplementedError: `stop_gradients`.
    """
    tape = _tape.get()
    if tape is None:
        raise RuntimeError(
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead."
        )
    if stop_gradients is not None:
        raise NotImplementedError(
            "tf.gradients(stop_gradients=...): use tf.stop_gradient on the tensors"
        )
    sources = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    targets = list(ys) if isinstance(ys, (list, tuple)) else [ys]
    weights = None
    if grad_ys is not None:
        weights = list(grad_ys) if isinstance(grad_ys, (list, tuple)) else [grad_ys]
    return tape.gradients_at(tape.roots(targets, weights), sources, unconnected_gradients)
