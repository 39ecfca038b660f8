"""The built page in the package: it is what web/ says, and it asks nobody for anything."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
PAGE = ROOT / "src" / "dualtape" / "show" / "page" / "index.html"
ROOT_FILES = [
    "index.html",
    "package-lock.json",
    "package.json",
    "tsconfig.json",
    "vite.config.mjs",
]


@pytest.fixture(scope="module")
def html() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_built_page_is_up_to_date(html):
    # The same digest as in web/vite.config.mjs; no Node is needed to compare.
    names = [p.relative_to(WEB).as_posix() for p in (WEB / "src").rglob("*") if p.is_file()]
    digest = hashlib.sha256()
    for name in sorted(ROOT_FILES + names):
        digest.update(f"{name}\0{(WEB / name).read_text(encoding='utf-8')}\0".encode())
    built = re.search(r"sources sha256 ([0-9a-f]{64})", html)
    assert built is not None
    assert built[1] == digest.hexdigest(), "web/ has changed: run `make web`"


def test_the_page_is_one_small_file(html):
    assert [p.name for p in PAGE.parent.iterdir() if p.suffix != ".py"] == ["index.html"]
    assert len(html.encode()) < 170_000


def test_the_page_has_one_place_for_its_data(html):
    assert html.count("__DUALTAPE_MODEL__") == 1
    assert '<script type="application/json" id="model">__DUALTAPE_MODEL__</script>' in html


def test_the_page_loads_nothing(html):
    assert "default-src 'none'" in html
    text = re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
    # Names of XML's languages, which are no addresses.
    addresses = set(re.findall(r"https?://[\w./-]+", text))
    assert addresses <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1998/Math/MathML",
    }
    assert not re.search(r"<(script|link|img|iframe)[^>]*\s(src|href)=\"(?!data:)", text)
    assert "@import" not in text
    assert "fetch(" not in text
    assert "XMLHttpRequest" not in text


def test_the_page_names_the_licence_of_what_is_in_it(html):
    assert "@dagrejs/dagre" in html
    assert "Chris Pettitt" in html


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (WEB / "package-lock.json").read_text(encoding="utf-8")
