"""The code in the documents runs."""

import importlib
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PAGES = ["CONTRIBUTING.md", "README.md", "README.zh.md"]


def blocks(page):
    """The Python blocks of a page, as one program; blocks marked `python skip` are left out."""
    return "\n".join(
        re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)
    )


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(page, capsys):
    program = blocks(page)
    assert program, f"{page} shows no code"
    exec(compile(program, page, "exec"), {"__name__": "page"})


def test_both_readmes_show_the_same_code():
    strip = re.compile(r"#.*")
    english, chinese = (strip.sub("", blocks(p)).split() for p in PAGES[1:])
    assert english == chinese


def test_the_names_on_the_coverage_page_exist():
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    missing = []
    for title, names in re.findall(r"### (\S+)\n\nThere: (.*)\.\n", page):
        thing = importlib.import_module("dualtape." + title.split(".")[0])
        for part in title.split(".")[1:]:
            thing = getattr(thing, part)
        missing += [f"{title}.{n}" for n in re.findall(r"`(\w+)`", names) if not hasattr(thing, n)]
    assert missing == []
