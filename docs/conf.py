"""The documentation site: `make docs` builds it into build/docs, English and Chinese side by side."""

import sys
from pathlib import Path

from furo.navigation import get_navigation_tree
from sphinx import addnodes

import dualtape

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "dualtape"
release = version = dualtape.__version__
author = "the dualtape authors"
copyright = author
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "explained",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_ext"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "dualtape"
html_static_path = ["_static"]
html_css_files = ["site.css"]
autodoc_typehints = "none"  # the docstrings say shapes and dtypes, which annotations do not
autodoc_member_order = "bysource"
default_role = "code"
# Blocks without a language are what the program before them prints.
highlight_language = "text"


def _language(app, pagename, templatename, context, doctree):
    """Say a page's language, by which screen readers choose a voice; Chinese pages have the Chinese contents beside them."""
    chinese = pagename.endswith(".zh")
    context["language"] = "zh-CN" if chinese else "en"
    if chinese:
        parts = []
        for toctree in app.env.get_doctree("index.zh").findall(addnodes.toctree):
            found = app.env.resolve_toctree(pagename, app.builder, toctree, titles_only=True)
            parts.append(app.builder.render_partial(found)["fragment"])
        context["furo_navigation_tree"] = get_navigation_tree("".join(parts))


def _wide(app, pagename, templatename, context, doctree):
    """The table of rules needs the room."""
    if pagename in ("rules", "rules.zh"):
        app.add_css_file("wide.css")


def _links(app, docname, source):
    """On the site the results are a page of their own."""
    page = "results.zh.md" if docname.endswith(".zh") else "results.md"
    source[0] = source[0].replace("](../bench/RESULTS.md)", f"]({page})")


def _plain(app, what, name, obj, options, lines):
    """Docstrings are read in the source: an asterisk in them is an asterisk. Examples stay as they are."""
    example = False
    for k, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            lines[k] = line.replace("*", r"\*")


def setup(app):
    """For Sphinx."""
    app.connect("html-page-context", _language, priority=900)  # after the theme
    app.connect("html-page-context", _wide)
    app.connect("source-read", _links)
    app.connect("autodoc-process-docstring", _plain, priority=400)
