"""Warnings in TensorFlow's form: `WARNING:tensorflow:...` on the standard error."""

from __future__ import annotations

import sys
from typing import Any

_said: set[str] = set()


def get_logger() -> Any:
    """The logger that warnings go to; without handlers it writes to the standard error."""
    import logging  # costs a tenth of importing dualtape, for what most programs never see

    logger = logging.getLogger("tensorflow")
    if logger.handlers or logging.getLogger().handlers:
        return logger

    class StandardError(logging.StreamHandler):  # type: ignore[type-arg]
        """Writes to what `sys.stderr` is at the time."""

        @property
        def stream(self) -> object:
            return sys.stderr

        @stream.setter
        def stream(self, value: object) -> None:
            """Ignored: `logging` sets one when it makes the handler."""

    handler = StandardError()
    handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
    logger.addHandler(handler)
    return logger


def warn(message: str, *args: object, once: bool = False) -> None:
    """Warn; `once` per process if asked."""
    if once:
        if message in _said:
            return
        _said.add(message)
    get_logger().warning(message, *args)
