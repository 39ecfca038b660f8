"""The pages of primitives and of their rules are what the code says, and no primitive is left out."""

import importlib.util
import pathlib
import sys

import pytest

from dualtape.testing.samples import every_sample

ROOT = pathlib.Path(__file__).parent.parent


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def make():
    return script("make_primitives")


def test_the_page_is_up_to_date(make):
    written = (ROOT / "docs" / "primitives.md").read_text(encoding="utf-8")
    assert written == make.page(), "run python docs/make_primitives.py"


def test_every_sampled_primitive_is_on_it(make):
    shown = {p.name for group in make.primitives().values() for p in group}
    assert {s.primitive.name for s in every_sample() if s.primitive.name not in shown} == set()


def test_the_page_of_rules_is_up_to_date(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "make_primitives", make)
    written = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert written == script("make_rules").page(), "run python docs/make_rules.py"
    assert "| `mul` | `x · y` | x: `y`<br>y: `x` |" in written
