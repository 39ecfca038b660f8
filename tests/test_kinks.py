"""The page of kinks says what dualtape does, and what the frameworks do."""

import importlib
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PAGE = ROOT / "docs" / "kinks.md"


@pytest.fixture(scope="module")
def maker():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docs"))
        yield importlib.import_module("make_kinks")


@pytest.fixture(scope="module")
def own(maker):
    return maker.ours()


def known_departures(maker):
    """What the page shows as the frameworks' own, where they differ."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 5:
            for framework, text in zip(("torch", "tensorflow"), cells[3:], strict=True):
                there = re.search(r"\(there `(.*)`\)", text)
                if there:
                    found[cells[0], framework] = there.group(1)
    return found


def test_the_page_says_what_dualtape_does(maker, own):
    theirs = own | known_departures(maker)
    assert PAGE.read_text(encoding="utf-8") == maker.page(own, theirs)
    chinese = PAGE.with_name("kinks.zh.md").read_text(encoding="utf-8")
    assert chinese == maker.page(own, theirs, "zh")


def test_titles_with_words_in_them_are_translated(maker):
    titles = {k.title for rows in maker.KINKS.values() for k in rows}
    assert set(maker.texts.KINK_TITLES) <= titles
    assert {t for t in titles if " of " in t or ", " in t} <= set(maker.texts.KINK_TITLES)


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_the_frameworks_do_what_the_page_says(maker, own, framework):
    pytest.importorskip(framework)
    theirs = maker.real(framework)
    mine = {key: own[key] for key in theirs} | {
        k: v for k, v in known_departures(maker).items() if k[1] == framework
    }
    assert theirs == mine


def test_departures_from_the_frameworks_are_few(maker):
    assert set(known_departures(maker)) == {("cumprod, one zero", "tensorflow")}
