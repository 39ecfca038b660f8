"""The progress bar of training, in Keras's form."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

_WIDTH = 20


class Progbar:
    """A line that is drawn again and again until it is finished.

    Args:
        target: How many steps there are, None if nobody knows.
        verbose: 1 for a bar, 2 for a line at the end.
        stateful_metrics: Names whose values are shown as they are; all are.
        unit_name: What a step is called.
    """

    def __init__(
        self,
        target: int | None,
        verbose: int = 1,
        width: int = _WIDTH,
        interval: float = 0.05,
        unit_name: str = "step",
        stateful_metrics: Any = None,
    ) -> None:
        self.target, self.verbose, self.width, self.interval, self.unit_name = (
            target,
            verbose,
            width,
            interval,
            unit_name,
        )
        self._start = time.time()
        self._last = 0.0
        self._after_first: float | None = None
        self._drawn = 0

    def update(self, current: int, values: Any = None, finalize: bool | None = None) -> None:
        """Draw the line for step `current` with (name, number) pairs.

        Args:
            current: Which step is done.
            values: The numbers to show.
            finalize: Whether this is the last time; by default when the target is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        now = time.time()
        per_unit = self._per_unit(current, now)
        if self.verbose == 1:
            if not finalize and now - self._last < self.interval and current != self.target:
                return
            self._draw(current, values or (), finalize, now, per_unit)
            self._last = now
        elif self.verbose == 2 and finalize:
            digits = int(math.log10(self.target)) + 1 if self.target else 1
            count = f"{current:>{digits}d}/{self.target}"
            text = (
                f"{count} - {now - self._start:.0f}s"
                + " -"
                + self._pace(per_unit)
                + _numbers(values or ())
            )
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def add(self, n: int, values: Any = None) -> None:
        """Move on by n steps."""
        self._count = getattr(self, "_count", 0) + n
        self.update(self._count, values)

    def _draw(self, current: int, values: Any, finalize: bool, now: float, per_unit: float) -> None:
        text = "\b" * self._drawn + "\r"
        if self.target is not None:
            digits = int(math.log10(self.target)) + 1 if self.target else 1
            count = f"{current:>{digits}d}/{self.target}"
            done = int(self.width * current / self.target) if self.target else self.width
            bar = f"\x1b[1m{count}\x1b[0m "
            if done:
                bar += "\x1b[32m" + "━" * done + "\x1b[0m"
            bar += "\x1b[37m" + "━" * (self.width - done) + "\x1b[0m"
            width = len(count) + 1 + self.width
        else:
            bar = f"{current:>7d}/Unknown"
            width = len(bar)
        if self.target is not None and not finalize:
            info = f" \x1b[1m{_duration(per_unit * (self.target - current))}\x1b[0m"
        else:
            info = f" \x1b[1m{now - self._start:.0f}s\x1b[0m"
        info += self._pace(per_unit) + _numbers(values)
        width += len(info) - 8
        text += bar + info
        if self._drawn > width:
            text += " " * (self._drawn - width)
        self._drawn = width
        sys.stdout.write(text + ("\n" if finalize else ""))
        sys.stdout.flush()

    def _per_unit(self, current: int, now: float) -> float:
        """Seconds per step, without the first, which does what is done once."""
        if current <= 0:
            return 0.0
        per_unit = (
            (now - self._after_first) / (current - 1)
            if self._after_first is not None and current > 1
            else (now - self._start) / current
        )
        if current == 1 and self._after_first is None:
            self._after_first = now
        return per_unit

    def _pace(self, per_unit: float) -> str:
        if per_unit >= 1 or per_unit == 0:
            return f" {per_unit:.0f}s/{self.unit_name}"
        if per_unit >= 1e-3:
            return f" {per_unit * 1e3:.0f}ms/{self.unit_name}"
        return f" {per_unit * 1e6:.0f}us/{self.unit_name}"


def _duration(seconds: float) -> str:
    if seconds > 3600:
        return f"{seconds // 3600:.0f}:{seconds % 3600 // 60:02.0f}:{seconds % 60:02.0f}"
    if seconds > 60:
        return f"{seconds // 60:.0f}:{seconds % 60:02.0f}"
    return f"{seconds:.0f}s"


def _numbers(values: Any) -> str:
    out = ""
    for name, value in values:
        number = float(value)
        out += f" - {name}: {number:.4f}" if abs(number) > 1e-3 else f" - {name}: {number:.4e}"
    return out
