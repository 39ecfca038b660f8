import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dualtape.show.session import Session
from dualtape.show.shrink import dumped


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
