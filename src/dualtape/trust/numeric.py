"""Derivatives by numbers alone: central differences with extrapolation, and the complex step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Values = list[Array]

STEPS = (1e-2, 1e-3, 1e-4, 1e-5)


class Estimate(NamedTuple):
    """A numeric derivative: one array per output, and about how wrong it is (relative to `scale`)."""

    slopes: Values
    error: float


def size(values: Sequence[Any]) -> float:
    """The largest absolute value in some arrays."""
    return max([float(np.max(np.abs(v), initial=0.0)) for v in values], default=0.0)


def inner(a: Sequence[Any], b: Sequence[Any]) -> float:
    """The real inner product Re(sum(conj(a) * b)) of two lists of arrays."""
    return float(sum(np.real(np.sum(np.conj(x) * y)) for x, y in zip(a, b, strict=True)))


def moved(point: Sequence[Any], direction: Sequence[Any], t: float) -> Values:
    """The point `point + t * direction`."""
    return [np.asarray(p + t * d) for p, d in zip(point, direction, strict=True)]


def differences(at: Callable[[float], Values], precision: float = 1e-16) -> Estimate:
    """The derivative at 0 of a path, by central differences at several steps, each extrapolated once.

    Args:
        at: The path.
        precision: Of the computation of its values.

    The step whose two differences agree best is taken. Richardson 1911; the choice of the step by the
    spread of its own table is Ridders 1982.
    """
    best: Estimate | None = None
    for h in STEPS:
        wide, narrow = slope(at, h), slope(at, h / 2)
        slopes = [(4 * n - w) / 3 for w, n in zip(wide, narrow, strict=True)]
        error = size([n - w for w, n in zip(wide, narrow, strict=True)])
        # What rounding leaves, which a lucky agreement of two steps would hide.
        error = max(error / 15, precision * size(at(h)) / h)
        if np.isfinite(error) and (best is None or error < best.error):
            best = Estimate(slopes, error)
    if best is None:
        wide = slope(at, STEPS[-1])
        return Estimate(wide, float("inf"))
    return best


def slope(at: Callable[[float], Values], h: float) -> Values:
    """The central difference with step `h`."""
    with np.errstate(all="ignore"):
        return [(a - b) / (2 * h) for a, b in zip(at(h), at(-h), strict=True)]


def one_sided(at: Callable[[float], Values], h: float = 1e-7) -> tuple[Values, Values]:
    """The differences to the right and to the left."""
    with np.errstate(all="ignore"):
        here, ahead, behind = at(0.0), at(h), at(-h)
    return (
        [(a - b) / h for a, b in zip(ahead, here, strict=True)],
        [(b - c) / h for b, c in zip(here, behind, strict=True)],
    )


def complex_step(
    evaluate: Callable[[Values], Values], point: Values, direction: Values
) -> Values | None:
    """The derivative of an analytic real function by a step into the complex plane; None where it cannot run.

    No difference is taken, hence no cancellation: exact to rounding. Squire and Trapp 1998.
    """
    h = 1e-30
    try:
        with np.errstate(all="ignore"):
            out = evaluate([p + 1j * h * d for p, d in zip(point, direction, strict=True)])
    except Exception:  # whatever a dialect raises for an operation that takes no complex numbers
        return None
    if any(o.dtype.kind != "c" for o in out):
        return None
    return [np.asarray(o.imag / h) for o in out]
