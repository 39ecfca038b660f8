"""While the compiler's tests run every pass is checked, and native code is kept apart from the user's."""

import os
import tempfile

os.environ.setdefault(
    "DUALTAPE_CACHE_DIR", os.path.join(tempfile.gettempdir(), f"dualtape-tests-{os.getuid()}")
)

import pytest

from dualtape.compiler import passes


@pytest.fixture(autouse=True)
def checked_passes(monkeypatch):
    monkeypatch.setattr(passes, "checked", True)
