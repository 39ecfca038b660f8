"""Warnings in TensorFlow's form: `WARNING:tensorflow:...` on the standard error."""

from __future__ import annotations

import logging
import sys

logger = logging.getLogger("tensorflow")
_said: set[str] = set()


class _StandardError(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what `sys.stderr` is at the time."""

    @property
    def stream(self) -> object:
        """The present standard error."""
        return sys.stderr

    @stream.setter
    def stream(self, value: object) -> None:
        """Ignored: `logging` sets one when it makes the handler."""


def warn(message: str, *args: object, once: bool = False) -> None:
    """Warn; `once` per process if asked."""
    if once:
        if message in _said:
            return
        _said.add(message)
    if not logger.handlers and not logging.getLogger().handlers:
        handler = _StandardError()
        handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
        logger.addHandler(handler)
    logger.warning(message, *args)
