"""The directive `{explain}`: the page of `dualtape explain` for the first blocks of the document it stands in.

`{explain} 2` makes one program of the first two Python blocks, explains it, and shows the result in a frame. A Chinese
document shares the page of its English twin, whose program is the same.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive


class Explain(Directive):
    """A frame with an explained program."""

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        """See `Directive`."""
        env = self.state.document.settings.env
        source = Path(env.doc2path(env.docname))
        chinese = source.name.endswith(".zh.md")
        name = source.name.removesuffix(".md").removesuffix(".zh")
        page = Path(env.app.outdir) / "explain" / f"{name}.html"
        text = source.with_name(f"{name}.md").read_text(encoding="utf-8")
        env.note_dependency(str(source.with_name(f"{name}.md")))
        explain(text, int(self.arguments[0]), page)
        depth = "../" * env.docname.count("/")
        title = "逐步查看这个程序" if chinese else "This program, step by step"
        link = "在新窗口打开" if chinese else "Open in a window of its own"
        where = f"{depth}explain/{name}.html#{'zh' if chinese else 'en'}"
        html = (
            f'<figure class="explained"><iframe src="{where}" title="{title}" loading="lazy"></iframe>'
            f'<figcaption><a href="{where}">{link}</a></figcaption></figure>'
        )
        return [nodes.raw("", html, format="html")]


def explain(text: str, count: int, page: Path) -> None:
    """Write the page for the first `count` Python blocks of a document."""
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)
    if len(blocks) < count:
        raise ValueError(
            f"{page.stem}: {{explain}} {count}, but there are {len(blocks)} blocks of Python"
        )
    page.parent.mkdir(parents=True, exist_ok=True)
    program = page.with_suffix(".py")
    program.write_text("\n".join(blocks[:count]), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "dualtape",
        "explain",
        "--no-open",
        "--output",
        page.name,
        program.name,
    ]
    done = subprocess.run(command, cwd=page.parent, capture_output=True, text=True, check=False)
    if done.returncode or not page.exists():
        raise RuntimeError(f"dualtape explain {program.name} failed:\n{done.stdout}{done.stderr}")


def setup(app: Any) -> dict[str, bool]:
    """For Sphinx."""
    app.add_directive("explain", Explain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
