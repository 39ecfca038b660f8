"""The page as one file: the built front end (web/, built into show/page) with the model put in."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import sys
import webbrowser
import zlib
from importlib.resources import files
from pathlib import Path
from typing import Any

from .shrink import dumped

PLACE = "__DUALTAPE_MODEL__"
"""Where the built page wants the model."""

COMPRESSED = "gzip:"
"""Stands before a model that is compressed, in base64."""

PLAIN = 500_000
"""Characters up to which a model can be read in the page as it is."""

_MODEL = re.compile(r'<script type="application/json" id="model">(.*?)</script>', re.DOTALL)


def page_of(models: list[dict[str, Any]]) -> str:
    """The page for one run, or for two to be compared: nothing in it is loaded from anywhere.

    Args:
        models: As `Session.model` makes them.
    """
    return template().replace(PLACE, embedded({"format": 1, "models": models}), 1)


def template() -> str:
    """The built front end."""
    return (files("dualtape.show") / "page" / "index.html").read_text(encoding="utf-8")


def embedded(page: dict[str, Any]) -> str:
    """JSON that can stand in a script element: no `</script>` of a program's text ends it. Of large pages, compressed."""
    text = dumped(page)
    if len(text) > PLAIN:
        return COMPRESSED + base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()
    for sign, code in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(sign, code)
    return text


def model_in(page: str) -> dict[str, Any]:
    """The model of the (present) run in a page.

    Raises:
        ValueError: It is no page of `dualtape explain`.
    """
    found = _MODEL.search(page)
    if found is None:
        raise ValueError("it has no model in it; is it a page that `dualtape explain` wrote?")
    try:
        text = found.group(1).strip()
        if text.startswith(COMPRESSED):
            text = gzip.decompress(base64.b64decode(text[len(COMPRESSED) :])).decode()
        model: dict[str, Any] = json.loads(text)["models"][0]
    except (ValueError, KeyError, IndexError, TypeError, OSError, EOFError, zlib.error) as error:
        raise ValueError(f"its model cannot be read ({error})") from error
    return model


def on_desktop() -> bool:
    """Whether there is a screen to open a browser on, and somebody before it."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def opened(path: Path) -> bool:
    """Open a file in the browser; False where there is none."""
    if not on_desktop():
        return False
    try:
        return webbrowser.open(path.resolve().as_uri())
    except webbrowser.Error:
        return False
