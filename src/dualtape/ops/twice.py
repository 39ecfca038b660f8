"""Rules written twice: in operations, which is their meaning, and in NumPy, which is how they run.

A rule of several steps, called on plain arrays, need not allocate memory for each. `fast_on_arrays` gives
such a rule a second form that computes the same on arrays and reuses memory; on tensors and boxes, and
while a trace is open, the first form runs and is recorded. The checks of samples compare the two.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.modes import BOXED, current
from ..core.value import Value

Form = Callable[..., Any]


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
                if isinstance(a, Value) or (type(a) is tuple and any(isinstance(b, Value) for b in a)):
                    return rule(*args, **params)
            return fast(*args, **params)

        return run

    return decorate
