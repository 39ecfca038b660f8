"""What the wheel leaves out, so that it stays under 1 MB: comments, and docstrings that `help()` is not asked for.

Half of the sources is text for those who read them, in the repository and in the source distribution. Lines keep
their numbers, so that tracebacks and the messages that name a line agree with the repository.
"""

from __future__ import annotations

import ast
import io
import shutil
import tempfile
import tokenize
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEFT_OUT = ("testing",)  # checks of primitives, which run in the repository
INSIDE = ("core", "ops")  # rooms that users call through the others: no docstring is kept


def slim(source: str, inside: bool) -> str:
    """Return a module's source without comments and some docstrings, line for line.

    Args:
        source: The module.
        inside: Whether no docstring is kept, rather than those of public names.
    """
    lines = source.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip() + "\n"
    for first, last in docstrings(ast.parse(source), inside):
        lines[first - 1 : last] = ["\n"] * (last - first + 1)
    return "".join(lines)


def docstrings(module: ast.Module, inside: bool) -> list[tuple[int, int]]:
    """The first and last lines of the docstrings to leave out."""
    found = []
    for node in ast.walk(module):
        if not isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        name = getattr(node, "name", "")
        private = name.startswith("_") and not name.endswith("__")
        if (
            (private or inside)
            and len(node.body) > 1
            and ast.get_docstring(node, clean=False) is not None
        ):
            text = node.body[0]
            found.append((text.lineno, text.end_lineno or text.lineno))
    return found


class Slim(BuildHookInterface):
    """Builds the wheel from slimmed sources; an editable installation uses the real ones."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See hatchling."""
        if version == "editable":
            return
        package = Path(self.root) / "src" / "dualtape"
        self._copy = Path(tempfile.mkdtemp())
        for path in package.rglob("*"):
            relative = path.relative_to(package)
            if path.is_dir() or relative.parts[0] in LEFT_OUT or "__pycache__" in relative.parts:
                continue
            target = self._copy / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".py":
                source = path.read_text(encoding="utf-8")
                target.write_text(slim(source, relative.parts[0] in INSIDE), encoding="utf-8")
            else:
                shutil.copyfile(path, target)
        build_data["force_include"][str(self._copy)] = "dualtape"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """See hatchling."""
        if version != "editable":
            shutil.rmtree(self._copy)
