"""The page of primitives is what the code says, and no primitive is left out of it."""

import importlib.util
import pathlib

import pytest

from dualtape.testing.samples import every_sample

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location(
        "make_primitives", ROOT / "docs" / "make_primitives.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(make):
    written = (ROOT / "docs" / "primitives.md").read_text(encoding="utf-8")
    assert written == make.page(), "run python docs/make_primitives.py"


def test_every_sampled_primitive_is_on_it(make):
    shown = {p.name for group in make.primitives().values() for p in group}
    assert {s.primitive.name for s in every_sample() if s.primitive.name not in shown} == set()
