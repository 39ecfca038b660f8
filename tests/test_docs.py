"""The code in the documents runs."""

import importlib
import linecache
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
DOCS = ROOT / "docs"
# English and Chinese, with the same code.
CHINESE = ["README.zh.md", *sorted(str(p.relative_to(ROOT)) for p in DOCS.rglob("*.zh.md"))]
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


# What the code of a page uses besides NumPy.
NEEDS = {"export.md": ("scipy", "llvmlite"), "export.zh.md": ("scipy", "llvmlite")}


def docs_with_code():
    return sorted(
        str(p.relative_to(DOCS))
        for p in DOCS.rglob("*.md")
        if "```python\n" in p.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("page", docs_with_code())
def test_a_page_prints_what_it_shows(page, capsys):
    """The blocks of a page run in order; a block without a language is what the one before prints."""
    for package in NEEDS.get(page, ()):
        pytest.importorskip(package)
    fences = re.findall(
        r"^```(\w*)\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.S | re.M
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


@pytest.mark.parametrize("page", CHINESE)
def test_both_languages_show_the_same_code(page):
    strip = re.compile(r"#.*")
    twin = page.replace(".zh", "")
    english, chinese = (strip.sub("", blocks(p)).split() for p in (twin, page))
    assert english == chinese


def test_every_page_is_in_both_languages():
    for folder in (".", "tutorial", "guides"):
        names = {p.name for p in (DOCS / folder).glob("*.md")}
        assert len(names) >= 8
        assert {n for n in names if ".zh." not in n} == {
            n.replace(".zh", "") for n in names if ".zh." in n
        }


@pytest.mark.parametrize(
    "page", sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md") if ".zh." not in p.name)
)
def test_a_page_and_its_twin_link_each_other(page):
    path = DOCS / page
    twin = path.with_name(path.name.replace(".md", ".zh.md"))
    assert f"]({twin.name})" in path.read_text(encoding="utf-8")
    assert f"]({path.name})" in twin.read_text(encoding="utf-8")


def test_chinese_pages_link_chinese_pages():
    for path in DOCS.rglob("*.zh.md"):
        links = re.findall(r"\]\(([\w/.]+\.md)[#)]", path.read_text(encoding="utf-8"))
        english = {n for n in links if ".zh." not in n and n != path.name.replace(".zh", "")}
        assert english <= {"../bench/RESULTS.md"}, path.name


def test_both_api_pages_list_the_same():
    english, chinese = (
        re.findall(r"^(?:\.\. auto.*|   :members:.*)$", (DOCS / name).read_text("utf-8"), re.M)
        for name in ("api.md", "api.zh.md")
    )
    assert english == chinese
    assert len(english) > 50


def test_both_coverage_pages_list_the_same():
    english, chinese = (
        re.findall(r"^### .*|`\w+`|(?<=\n\n)[\w, ]+\.$", (DOCS / name).read_text("utf-8"), re.M)
        for name in ("coverage.md", "coverage.zh.md")
    )
    assert [x for x in english if x != "`docs/make_coverage.py`"] == chinese


def test_the_names_on_the_coverage_page_exist():
    page = (DOCS / "coverage.md").read_text(encoding="utf-8")
    missing = []
    for title, names in re.findall(r"### (\S+)\n\nThere: (.*)\.\n", page):
        thing = importlib.import_module("dualtape." + title.split(".")[0])
        for part in title.split(".")[1:]:
            thing = getattr(thing, part)
        missing += [f"{title}.{n}" for n in re.findall(r"`(\w+)`", names) if not hasattr(thing, n)]
    assert missing == []
