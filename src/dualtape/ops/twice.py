"""Speed: rules in two forms, short cuts for the commonest dtypes, work in blocks.

Rules written twice are in operations, which is their meaning, and in NumPy, which is how they run.

A rule of several steps, called on plain arrays, need not allocate memory for each. `fast_on_arrays`
gives such a rule a second form that computes the same on arrays and reuses memory; on tensors and
boxes, and while a trace is open, the first form runs and is recorded. The checks of samples compare
the two.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.modes import BOXED, current
from ..core.value import Value
from .evaluation import real_in_single

Form = Callable[..., Any]
Array = np.ndarray


def fast_on_arrays(fast: Form) -> Callable[[Form], Form]:
    """Decorate a rule with the form to run on arrays; its parameters are the rule's.

    Args:
        fast: Takes arrays and NumPy scalars; must not write into them.
    """

    def decorate(rule: Form) -> Form:
        @functools.wraps(rule)  # keeps the signature, in which the engine reads what the rule needs
        def run(*args: Any, **params: Any) -> Any:
            if current() & BOXED:
                return rule(*args, **params)
            for a in args:
                if a.__class__ is not Array:
                    for b in a if a.__class__ is tuple else (a,):
                        if isinstance(b, Value):
                            return rule(*args, **params)
            return fast(*args, **params)

        return run

    return decorate


def real_floating(name: str) -> Callable[[Form], Form]:
    """Decorate an `eval` of float32 and float64; half is computed in single, complex refused."""

    def decorate(f: Form) -> Form:
        others = real_in_single(name)(f)

        @functools.wraps(f)
        def evaluate(*xs: Any, **params: Any) -> Any:
            return f(*xs, **params) if xs[0].dtype.char in "fd" else others(*xs, **params)

        return evaluate

    return decorate


# Elements of a block that stays in the second-level cache through several passes.
_BLOCK = 1 << 15


def in_blocks(kernel: Callable[..., None], out: Any, *arrays: Any, axis: int = -1) -> Any:
    """Run a kernel of several passes on a few rows at a time, so that they stay in the cache.

    Args:
        kernel: Called as kernel(out, *arrays), on blocks of rows or on everything; writes `out`,
            each row from the same rows of the others.
        out: New memory for the result.
        arrays: Of the same shape as `out` but for the last axis; the first is the largest.
        axis: The axis that makes a row; only rows along the last one are split.

    Returns:
        `out`.
    """
    if (
        arrays[0].size <= 2 * _BLOCK or axis != -1 or out.ndim < 2
        or not all(a.flags.c_contiguous for a in arrays)
    ):  # fmt: skip
        kernel(out, *arrays)
        return out
    rows = [a.reshape(-1, a.shape[-1]) for a in (out, *arrays)]
    step = max(1, _BLOCK // rows[1].shape[1])
    for start in range(0, len(rows[0]), step):
        kernel(*[r[start : start + step] for r in rows])
    return out
