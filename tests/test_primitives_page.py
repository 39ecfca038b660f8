"""The pages of primitives and of their rules are what the code says, in both languages, and no primitive is left out."""

import importlib
import pathlib
import re

import pytest

from dualtape.show.formulary import FORMULAS
from dualtape.testing.samples import every_sample

# Which primitives become native code depends on both.
pytest.importorskip("llvmlite")
pytest.importorskip("scipy")

DOCS = pathlib.Path(__file__).parent.parent / "docs"
SCRIPTS = ("make_rules", "make_primitives", "derivatives", "sources", "texts", "words")
LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def docs():
    """The scripts that write the pages, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        yield {name: importlib.import_module(name) for name in SCRIPTS}


def read(docs, stem, language):
    return (DOCS / docs["texts"].file_of(stem, language)).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stem", ["primitives", "rules"])
def test_a_page_is_up_to_date(docs, stem, language):
    made = docs[f"make_{stem}"].page(language)
    assert read(docs, stem, language) == made, f"run python docs/make_{stem}.py"


def rows(docs, language):
    """The cells of the table of rules, by primitive."""
    page = read(docs, "rules", language).replace(r"\|", "¦")
    lines = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in lines}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_primitive_says_what_it_computes_and_where_that_is_from(docs, language):
    found = rows(docs, language)
    every = {p.name: p for group in docs["make_primitives"].primitives().values() for p in group}
    assert set(every) == set(found) >= {s.primitive.name for s in every_sample()}
    for name, (computed, rule, reverse, *_) in found.items():
        assert computed, name
        assert (rule == "-") == (reverse == "-"), name
        assert "procedure" not in rule, name
    assert f"`{'x · Φ(x)'}`" in found["gelu"][0]
    assert found["mul"][:2] == ["`x · y`", "x: `y`<br>y: `x`"]
    assert found["eigh"][2:] == (
        ["rule", "rule", "rule", "series", "native"] if language == "en" else ["规则", "规则", "规则", "级数", "机器码"]
    )  # fmt: skip


def test_the_tables_have_an_entry_for_each_primitive_and_no_other(docs):
    groups = docs["make_primitives"].primitives()
    every = {p.name: p for group in groups.values() for p in group}
    words, sources, rules = docs["words"].WORDS, docs["sources"], docs["derivatives"].RULES
    assert set(FORMULAS) | set(words) == set(every)
    assert set(sources.FAMILIES) == set(sources.FAMILIES_ZH) == set(groups)
    assert set(sources.PRIMITIVES) <= set(every)
    assert set(rules) <= set(every)
    for name, (english, chinese) in words.items():
        assert re.search("[\u4e00-\u9fff]", chinese), name
        # Empty means the docstring of the declaration.
        assert english or not every[name].__doc__.startswith("The primitive `"), name
    for name, found in rules.items():
        operands = docs["make_rules"].read_rules(every[name])[0]
        assert set(found) <= set(operands), name


def test_rules_with_words_are_in_both_languages(docs):
    texts = {
        t[1:] for found in docs["derivatives"].RULES.values() for t in found.values() if t[0] == "="
    }
    known = docs["words"].LITERALS
    assert set(known) <= texts
    plain = {t for t in texts - set(known) if re.search(r"\b(of|that|with|at|real)\b", t)}
    assert plain == set()
