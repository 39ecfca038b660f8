"""Enumerations that programs pass to variables, losses and tapes."""

from __future__ import annotations

import enum


class UnconnectedGradients(enum.Enum):
    """What the gradient is where the target does not depend on the source."""

    NONE = "none"
    ZERO = "zero"


class VariableSynchronization(enum.Enum):
    """When replicas of a variable are brought together; there is one device, so never."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How replicas of a variable are brought together."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3

    def __repr__(self) -> str:
        return f"<VariableAggregation.{self.name}: {self.value}>"


class AggregationMethod:
    """How gradients are summed: kept for programs that name it."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2
