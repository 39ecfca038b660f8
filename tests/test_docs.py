"""The code in the documents runs."""

import importlib
import linecache
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
# English and Chinese, with the same code.
PAIRS = [
    ("README.md", "README.zh.md"),
    ("docs/compiler.md", "docs/compiler.zh.md"),
    ("docs/gradient_doctor.md", "docs/gradient_doctor.zh.md"),
    ("docs/certified_gradients.md", "docs/certified_gradients.zh.md"),
]
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


def docs_with_code():
    return sorted(
        p.name
        for p in (ROOT / "docs").glob("*.md")
        if "```python\n" in p.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("page", docs_with_code())
def test_a_page_prints_what_it_shows(page, capsys):
    """The blocks of a page run in order; a block without a language is what the one before prints."""
    fences = re.findall(
        r"^```(\w*)\n(.*?)^```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.S | re.M
    )
    names = {"__name__": "page"}
    printed = ""
    for language, text in fences:
        if language == "python":
            # As in a notebook: messages show the line of the block.
            linecache.cache[page] = (len(text), None, text.splitlines(keepends=True), page)
            exec(compile(text, page, "exec"), names)
            printed = capsys.readouterr().out
        elif not language:
            assert printed.split() == text.split()


@pytest.mark.parametrize("pair", PAIRS)
def test_both_languages_show_the_same_code(pair):
    strip = re.compile(r"#.*")
    english, chinese = (strip.sub("", blocks(p)).split() for p in pair)
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
