"""docs/numpy.md says what the tables say, and each function that it calls differentiable is tested."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def maker():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docs"))
        return module(ROOT / "docs" / "make_numpy.py")


@pytest.mark.skipif(not np.__version__.startswith("2.4"), reason="the page lists NumPy 2.4")
def test_the_page_is_up_to_date():
    make = maker()
    for language in make.texts.LANGUAGES:
        page = make.DOCS / make.texts.file_of("numpy", language)
        written = page.read_text(encoding="utf-8")
        assert written == make.page(language), "run python docs/make_numpy.py"
        assert "without a rule" not in written


def test_every_function_called_differentiable_has_a_row():
    make = maker()
    tests = module(Path(__file__).with_name("test_functions.py"))
    text = " ".join(e for e, _ in tests.EXPRESSIONS)
    called = set(re.findall(r"np\.([\w.]+)", text))
    called |= {*tests.UNARY, *tests.BINARY}
    for prefix, namespace in (
        ("", np),
        ("linalg.", np.linalg),
        ("fft.", np.fft),
        ("emath.", np.emath),
    ):
        good, _, _ = make.sorted_out(namespace)
        same = {}
        for name in make.names_of(namespace):
            same.setdefault(getattr(namespace, name), []).append(name)
        untested = [
            n
            for n in good
            if not any(prefix + other in called for other in same[getattr(namespace, n)])
        ]
        assert not untested, f"{prefix or 'numpy'}: {untested}"


def test_every_function_of_scipy_called_differentiable_has_a_row():
    tests = module(Path(__file__).with_name("test_functions.py"))
    make = maker()
    called = {*tests.SPECIAL, *(c.split("(")[0] for c in tests.SPECIAL_BINARY)}
    known = {n for n in make.scipy_ufuncs.SPECIAL if not n.startswith("_")} | {
        *make.scipy_ufuncs.ORDERED
    }
    assert known <= called | {"softplus"}
