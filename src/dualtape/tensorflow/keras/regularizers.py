"""`keras.regularizers`: losses on weights."""

from __future__ import annotations

from typing import Any, NoReturn

from ...core.missing import missing_attribute
from ..arithmetic import absolute
from ..elementwise import square
from ..reductions import reduce_sum


class Regularizer:
    """Base: called with a weight, gives a loss."""

    def __call__(self, x: Any) -> Any:
        """Return the loss of a weight."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return dict(vars(self))


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x ** 2)."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = float(l1 or 0.0), float(l2 or 0.0)

    def __call__(self, x: Any) -> Any:
        """See `Regularizer.__call__`."""
        total: Any = 0.0
        if self.l1:
            total = total + self.l1 * reduce_sum(absolute(x))
        if self.l2:
            total = total + self.l2 * reduce_sum(square(x))
        return total


class L1(L1L2):
    """l1 * sum(|x|)."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """l2 * sum(x ** 2)."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


l1, l2, l1_l2 = L1, L2, L1L2
_BY_NAME = {"l1": L1, "l2": L2, "l1_l2": L1L2, "L1": L1, "L2": L2, "L1L2": L1L2}


def get(identifier: Any) -> Any:
    """Return the regularizer that a name or a function stands for; None for None.

    Raises:
        ValueError: There is none.
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    found = _BY_NAME.get(identifier) if isinstance(identifier, str) else identifier
    if isinstance(found, type):
        return found()
    raise ValueError(f"Could not interpret regularizer identifier: {identifier}")


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
