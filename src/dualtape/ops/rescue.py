"""Mask-safe gradients: a cotangent that a mask made zero stays zero, whatever its rule multiplies it by.

`where(x > 0, sqrt(x), 0)` at x = 0: the branch was not taken, its cotangent is 0, the derivative of sqrt is
infinite, and 0 * inf is NaN. The pass that looks after masks (`core.backward.looked_after`) calls `rescue` for
every node beneath one: where the output's cotangent is exactly zero and the operand's came out as NaN, it is zero
in truth. Forward mode needs nothing: the mask selects tangents, and does not multiply them.

The risk, which is why this happens beneath masks only: a cotangent may be zero by chance, and 0 * inf
then have another limit than zero; see docs/safe_gradients.md.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..core.aval import aval_of
from ..core.batching import Batched
from ..core.boxes import Box
from ..core.forward import Dual
from ..core.tensor import Outer, Tensor
from ..core.value import Value
from ..core.vocabulary import vocabulary
from .axes import reduced_shape
from .compare import eq, isnan, logical_and, logical_not, logical_or
from .reduce import all as all_of
from .select import keep


def rescue(ct: Any, g: Any, params: dict[str, Any] | None) -> Any:
    """Return the cotangent `g` of an operand, with zeros for NaNs that come from zeros of `ct`.

    Args:
        ct: The cotangent of the operation's output; a tuple for several outputs.
        g: What the operation's rule made of it.
        params: The operation's static parameters.
    """
    nan = test(g, isnan, logical_or)
    if isinstance(nan, (np.ndarray, np.generic)) and not nan.any():
        return g
    bad = logical_and(nan, fitted_zeros(ct, g, params or {}))
    if isinstance(bad, (np.ndarray, np.generic)) and not bad.any():
        return g
    return keep(logical_not(bad), g)


EVERYWHERE = np.asarray(True)


def noted(ct: Any, grads: list[Any]) -> list[Any]:
    """Return the cotangents of operands beneath a mask; where `ct` has zeros, each through a mask that lets all through.

    `ct` is a factor of what the pass back through this one finds, and the next derivative may be infinite where
    this one is not, as of x**1.3 at 0: the mask makes that pass look after it.
    """
    if not may_be_zero(ct):
        return grads
    return [g if g is None or is_masked(g) else keep(EVERYWHERE, g) for g in grads]


def is_masked(g: Any) -> bool:
    """Whether a cotangent comes straight from a mask, or has no history."""
    edge = g.edge if isinstance(g, Tensor) else None
    return edge is None or bool(getattr(getattr(edge.node, "primitive", None), "masks", False))


def may_be_zero(ct: Any) -> bool:
    """Whether a cotangent (of several outputs, one of them) has zeros; of a box it is not known."""
    if isinstance(ct, tuple):
        return any(may_be_zero(c) for c in ct if c is not None)
    value = ct.value if isinstance(ct, Tensor) else ct
    return not isinstance(value, (np.ndarray, np.generic)) or not value.all()


def test(x: Any, check: Any, join: Any) -> Any:
    """A boolean value: `check` of every number in `x`, its tangents included, put together by `join`."""
    if isinstance(x, Tensor):
        return test(x.value, check, join)
    if isinstance(x, Outer):
        return test(x.content, check, join)
    if isinstance(x, Dual):
        return join(test(x.primal, check, join), test(x.tangent, check, join))
    if isinstance(x, Batched):
        return Batched(x.interpreter, test(x.content, check, join), x.axis)  # type: ignore[arg-type]
    if hasattr(x, "coefficients"):  # a series: those that are None are zero
        found = [test(c, check, join) for c in x.coefficients if c is not None]
        return functools.reduce(join, found)
    if isinstance(x, Box):
        return check(x)
    return check(np.asarray(x))


def is_zero(x: Any) -> Any:
    """Where a value and its tangents are zero."""
    dtype = aval_of(x).dtype
    return test(x, lambda v: eq(v, np.zeros((), dtype)), logical_and)


def fitted_zeros(ct: Any, g: Any, params: dict[str, Any]) -> Any:
    """Where `g` depends on zeros of `ct` only: a boolean value that broadcasts to the shape of `g`."""
    if isinstance(ct, tuple):
        zeros = [everywhere(is_zero(c)) for c in ct if c is not None]
        out = zeros[0]
        for z in zeros[1:]:
            out = logical_and(out, z)
        return out
    zero = is_zero(ct)
    have, want = tuple(ct.shape), tuple(g.shape)
    axes = params.get("axes")
    if isinstance(axes, tuple) and not params.get("keepdims", False) and len(have) < len(want):
        have = reduced_shape(want, axes, True)
        zero = vocabulary.reshape(zero, have)
    if len(have) <= len(want) and all(
        n in (1, m) for n, m in zip(have, want[len(want) - len(have) :], strict=True)
    ):
        return zero
    return everywhere(zero)


def everywhere(zero: Any) -> Any:
    """Whether a boolean value holds in all places, as a 0-d value."""
    return all_of(zero) if isinstance(zero, Value) else np.asarray(zero).all()


vocabulary.rescue = rescue
vocabulary.noted = noted
