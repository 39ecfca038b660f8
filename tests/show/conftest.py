import json
import os
import re
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dualtape.show.session import Session
from dualtape.show.shrink import dumped

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "web" / "fixtures"
PAGE = ROOT / "src" / "dualtape" / "show" / "page" / "index.html"
CHROMIUM = os.environ.get("DUALTAPE_CHROMIUM") or shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Explained:
    """A program that was run under the recorder: its model, read back from JSON, and the names that it left behind."""

    def __init__(self, model: dict[str, Any], names: dict[str, Any], error: BaseException | None):
        self.model = model
        self.names = names
        self.error = error

    def graph(self, number: int = 0) -> dict[str, Any]:
        return self.model["graphs"][number]

    def value(self, graph: dict[str, Any], slot: int, run: int = -1) -> np.ndarray:
        """A slot's array, in the dtype and shape that the page shows."""
        aval = self.model["avals"][graph["slots"][slot]]
        found = graph["runs"][run]["values"][slot]
        assert found is not None
        assert not isinstance(found, (dict, str)) or found in ("nan", "inf", "-inf")
        return np.array(found, aval["dtype"]).reshape(aval["shape"])

    def node(self, name: str, number: int = 0) -> dict[str, Any]:
        return next(n for n in self.graph(number)["nodes"] if n["name"] == name)

    def of(self, name: str, number: int = 0, run: int = -1) -> np.ndarray:
        """The value of a named node."""
        return self.value(self.graph(number), self.node(name, number)["outs"][0], run)


@pytest.fixture
def explain(tmp_path: Path):
    """Run a program's source under the recorder."""

    def run(source: str, name: str = "program.py") -> Explained:
        # No stand-ins: the real frameworks may be imported in this process, by other tests.
        source = re.sub(
            r"^import torch\b(?!\.)", "import dualtape.torch as torch", source, flags=re.M
        )
        source = re.sub(r"^import tensorflow\b", "import dualtape.tensorflow", source, flags=re.M)
        source = re.sub(r"^from (torch|tensorflow)\b", r"from dualtape.\1", source, flags=re.M)
        path = tmp_path / name
        path.write_text(source, encoding="utf-8")
        session = Session(name, [], sys._getframe())
        names: dict[str, Any] = {}
        error = None
        try:
            with session.recording():
                names = runpy.run_path(str(path), run_name="__main__")
        except (Exception, SystemExit) as end:
            error = end
        text = dumped(session.model())
        model = json.loads(text)
        assert not [n for n in model["notes"] if n["code"] == "other"], model["notes"]
        return Explained(model, names, error)

    return run


@pytest.fixture
def page_file(tmp_path: Path):
    """Puts a model (or its data as they are) into the page, as the recorder does."""

    def write(page: Any) -> Path:
        text = page.decode() if isinstance(page, bytes) else json.dumps(page, separators=(",", ":"))
        for character in "<>&":
            text = text.replace(character, f"\\u{ord(character):04x}")
        file = tmp_path / "page.html"
        html = PAGE.read_text(encoding="utf-8").replace("__DUALTAPE_MODEL__", text)
        file.write_text(html, encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="module")
def browser():
    """Needs Playwright's Python package and a Chromium; `DUALTAPE_CHROMIUM` names another than Debian's."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("no Chromium")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, page_file):
    """Opens a model; at the end nothing may have been complained about or asked for."""
    contexts, complaints, asked = [], [], []

    def opened(model, width=1440, height=900, **options):
        if isinstance(model, str):
            model = json.loads((FIXTURES / f"{model}.json").read_text(encoding="utf-8"))
        file = page_file(model)
        context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: asked.append(r.url) if not r.url.startswith("file:") else None)
        page.goto(file.as_uri())
        page.wait_for_selector(".panel .body")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith("data:")] == []
