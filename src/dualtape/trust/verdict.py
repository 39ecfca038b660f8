"""What the gradient doctor answers: a cause by name, a line, and what to do."""

from __future__ import annotations

import linecache
import os
from dataclasses import dataclass
from enum import StrEnum

from ..core.callsite import Site, line_of


class Cause(StrEnum):
    """Why there is no gradient. The values are short names for programs to compare with."""

    HAS_GRADIENT = "has_gradient"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    NUMPY = "numpy"
    PYTHON_NUMBER = "python_number"
    DETACHED = "detached"
    DATA = "data"
    CONSTANT = "constant"
    STOP_GRADIENT = "stop_gradient"
    NO_GRAD = "no_grad"
    NOT_DIFFERENTIABLE = "not_differentiable"
    ASSIGNED = "assigned"
    REBOUND = "rebound"
    NOT_LEAF = "not_leaf"
    NOT_REQUIRED = "not_required"
    REQUIRED_LATER = "required_later"
    NOT_WATCHED = "not_watched"
    NOT_TRAINABLE = "not_trainable"
    OUTSIDE_TAPE = "outside_tape"
    GRAPH_FREED = "graph_freed"
    NO_BACKWARD = "no_backward"
    ZEROED = "zeroed"
    RETURNED_NONE = "returned_none"
    NO_PATH = "no_path"


@dataclass(frozen=True, slots=True)
class Where:
    """A line of the user's program."""

    filename: str
    line: int

    def __str__(self) -> str:
        return f"{self.filename}:{self.line}"

    @property
    def text(self) -> str:
        """The line itself, without its indentation."""
        return linecache.getline(self.filename, self.line).strip()

    @property
    def short(self) -> str:
        """The file's own name and the line number."""
        return f"{os.path.basename(self.filename)}:{self.line}"


def at(site: Site | None) -> Where | None:
    """The line of a call site."""
    return None if site is None else Where(*line_of(site))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why the gradient of one value with respect to another is None.

    Attributes:
        cause: Which of the reasons.
        where: The line of the program that did it, None if it cannot be known.
        reason: What happened, in a sentence.
        advice: What to do.
        certain: Whether the recording shows it; False where it was read from the program's source.
        also: Further lines that the reason speaks of.
    """

    cause: Cause
    where: Where | None
    reason: str
    advice: str
    certain: bool = True
    also: tuple[Where, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.cause.value}: {self.reason}"]
        if self.where is not None:
            text = self.where.text
            lines.append(f"  at {self.where}{': ' + text if text else ''}")
        for where in [w for w in self.also if w != self.where]:
            text = where.text
            lines.append(f"  and {where}{': ' + text if text else ''}")
        if not self.certain:
            lines.append("  (read from the source, not seen to happen)")
        lines.append(f"  {self.advice}")
        return "\n".join(lines)
