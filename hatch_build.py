"""What the wheel leaves out, so that it stays small (1.4 MB): text for those who read the sources.

Two thirds of a source file are for its readers, in the repository and in the source distribution: comments,
docstrings of what users do not meet, annotations of what they do not call, wide indentation, spaces around operators.
Lines keep their numbers, so that tracebacks and the messages that name a line agree with the repository. What
`help()` and a type checker show of the names that users meet stays (tests/test_wheel.py).
"""

from __future__ import annotations

import ast
import io
import shutil
import struct
import tempfile
import tokenize
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

try:
    import deflate
except ImportError:
    deflate = None

LEFT_OUT = ("testing",)  # checks of primitives, which run in the repository
# Called through the other rooms: only what `dualtape` itself shows keeps a docstring.
INSIDE = ("core", "ops", "trust", "compiler")
# What a name does is told in full by those whose name it is: a paragraph is kept.
BRIEF = ("torch", "tensorflow", "numpy", "scipy")

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
SPEAKING = (ast.Module, ast.ClassDef, *FUNCTION)
SILENT = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
# From Python 3.12 on, the parts of these strings are tokens too.
OPENING = [getattr(tokenize, n, None) for n in ("FSTRING_START", "TSTRING_START")]
CLOSING = [getattr(tokenize, n, None) for n in ("FSTRING_END", "TSTRING_END")]

Place = tuple[int, int]
"""A line, from 1, and a column."""
Span = tuple[Place, Place]


class Shown:
    """What users of the package meet by name, so that `help()` may be asked for it.

    Attributes:
        spaces: The modules that are namespaces: each `__init__.py`, and what one imports as a module.
        names: For a module, what others take from it for users: a namespace, or `import X as X`.
        tables: For a folder, the words in the `__init__.py`: what is loaded when first asked for is in a table.
        reading: The folders with a module that reads annotations when it runs.
    """

    def __init__(self, modules: dict[PurePath, ast.Module]) -> None:
        self.spaces = {path for path in modules if path.name == "__init__.py"}
        self.tables: dict[PurePath, set[str]] = {}
        self.reading: set[PurePath] = set()
        self.names: dict[PurePath, set[str]] = {path: set() for path in modules}
        for path in list(self.spaces):
            tables = [n for n in modules[path].body if isinstance(n, (ast.Assign, ast.AnnAssign))]
            self.tables[path.parent] = {word for table in tables for word in _words(table)}
            self.spaces |= {path.parent / f"{word}.py" for word in self.tables[path.parent]}
            for node in modules[path].body:
                if isinstance(node, ast.ImportFrom) and node.level == 1:
                    folder = path.parent.joinpath(*(node.module or "").split("."))
                    self.spaces |= {folder / f"{alias.name}.py" for alias in node.names}
        for path, module in modules.items():
            if any(_reads_annotations(node) for node in ast.walk(module)):
                self.reading.add(path.parent)
            for node in ast.walk(module) if path.name == "__init__.py" else module.body:
                if isinstance(node, (ast.Assign, ast.AugAssign)) and "__all__" in _words(node):
                    self.names[path].update(_words(node))
                elif isinstance(node, ast.ImportFrom) and node.level:
                    folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                    file = folder.parent / f"{folder.name}.py"
                    if file in modules:
                        given = [a for a in node.names if path in self.spaces or a.name == a.asname]
                        self.names[file].update(a.name for a in given)

    def met(self, path: PurePath, name: str) -> bool:
        """Whether users meet a name of a module."""
        tables = [self.tables.get(folder, ()) for folder in path.parents]
        if path.parts[0] in INSIDE:
            return name in tables[-1]
        return name in self.names.get(path, ()) or any(name in table for table in tables)


def _reads_annotations(node: ast.AST) -> bool:
    name = getattr(node, "attr", None) or getattr(node, "id", None)
    return name in ("__annotations__", "get_type_hints", "get_annotations")


def _words(node: ast.AST) -> Iterator[str]:
    """The identifiers in a piece of a program, those in its strings included."""
    for n in ast.walk(node):
        if isinstance(n, ast.Constant) and isinstance(n.value, str):
            yield from n.value.replace(".", " ").split()
        elif isinstance(n, ast.alias):
            yield from (n.name, n.asname or n.name)
        elif isinstance(n, ast.Name):
            yield n.id


def _called(module: ast.Module) -> Iterator[str]:
    """The names that a module uses outside functions."""
    outside: list[ast.AST] = [module]
    for n in outside:
        if isinstance(n, ast.Name):
            yield n.id
        outside += (
            [*n.decorator_list, n.args] if isinstance(n, FUNCTION) else ast.iter_child_nodes(n)
        )


def slim(path: PurePath, source: str, shown: Shown) -> str:
    """Return a module's source with less text in it, line for line.

    Args:
        path: The module, from the package.
        source: Its text.
        shown: What users meet.
    """
    module = ast.parse(source)
    kept, out = set(), []
    for text, met in _docstrings(path, module, shown):
        if met:
            kept.add((text.lineno, text.col_offset))
        else:
            out.append(_span(text))
    out += _annotations(path, module, shown)
    return _written(source, out, kept, path.parts[0] in BRIEF)


def _span(node: Any) -> Span:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _statements(node: Any) -> Iterator[Any]:
    """The statements in a statement, one level down."""
    for part in ("body", "handlers", "cases", "orelse", "finalbody"):
        yield from getattr(node, part, ())


def _private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _docstrings(
    path: PurePath, module: ast.Module, shown: Shown
) -> Iterator[tuple[ast.stmt, bool]]:
    """The docstrings, and whether users meet what they say."""
    space = path in shown.spaces
    inside = path.parts[0] in INSIDE

    def visit(node: Any, met: bool, top: bool) -> Iterator[tuple[ast.stmt, bool]]:
        for child in _statements(node):
            if isinstance(child, (ast.ClassDef, *FUNCTION)):
                known = not _private(child.name)
                if top and (inside or not space):  # a decorator may give it to users by another way
                    known &= shown.met(path, child.name) or bool(child.decorator_list) > inside
                made = isinstance(node, FUNCTION) and not inside  # perhaps what users are given
                yield from visit(child, made or (met and known), False)
            elif not isinstance(child, ast.Expr):
                yield from visit(child, met, top)
            elif isinstance(child.value, ast.Constant) and isinstance(child.value.value, str):
                first = isinstance(node, SPEAKING) and child is node.body[0]
                if len(node.body) > 1:
                    yield child, first and met  # others say what a variable is

    for text, met in visit(module, True, True):
        yield text, met and (space or text is not module.body[0])


def _annotations(path: PurePath, module: ast.Module, shown: Shown) -> Iterator[Span]:
    """The annotations of local functions and variables, of private functions' arguments, and of functions inside.

    Those that users' type checkers go by are not among them: a private function's result may be the type of
    something public, and so may its arguments where it is called outside functions, such as for a decorator; and
    front ends inherit from the classes of `core`.
    """
    if not shown.reading.isdisjoint(path.parents):
        return iter(())
    inside = path.parts[0] in INSIDE
    called = set(_called(module))

    def visit(node: Any, local: bool) -> Iterator[Span]:
        for n in _statements(node):
            if isinstance(n, FUNCTION):
                inherited = path.parts[0] == "core" and node is not module
                whole = local or (inside and not inherited and not shown.met(path, n.name))
                if whole or (_private(n.name) and n.name not in called):
                    a = n.args
                    for x in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg):
                        if x is not None and x.annotation is not None:
                            start = (x.lineno, x.col_offset + len(x.arg.encode()))
                            yield start, _span(x.annotation)[1]
                if whole and n.returns is not None:
                    yield _span(n.returns)
            elif isinstance(n, ast.AnnAssign) and local and not isinstance(node, ast.ClassDef):
                simple = n.value is not None and isinstance(n.target, ast.Name)
                if simple:
                    yield _span(n.target)[1], _span(n.annotation)[1]
            yield from visit(n, local or isinstance(n, FUNCTION))

    return visit(module, False)


def _written(source: str, out: list[Span], docstrings: set[Place], brief: bool) -> str:
    """Write a module with few spaces.

    Args:
        source: The module.
        out: What to leave out, with columns in bytes.
        docstrings: Where the docstrings are that stay, whose indentation is no part of what they say.
        brief: Whether only their first paragraphs do.
    """
    text: list[str] = []
    row, depth, fresh, before = 1, 0, True, ""
    brackets = 0
    for token, at in _kept(source, out):
        if token.type == tokenize.INDENT:
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
        if token.type in SILENT:
            continue
        if token.type == tokenize.NEWLINE:
            fresh = True
            continue
        word = token.string
        if at[0] > row:
            text.append(("\n" if fresh or brackets else "\\\n") * (at[0] - row))
            row, before = at[0], ""
        if fresh:
            text.append(" " * depth)
            if at in docstrings:
                word = _dedented(word)
                if brief and "\n\n" in word:
                    word = word[: word.index("\n\n")] + word[-3:]
                text.append(word)
                before, fresh, row = word, False, row + word.count("\n")
                continue
        elif before and _apart(before, word):
            text.append(" ")
        brackets += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
        text.append(word)
        row += word.count("\n")
        before, fresh = word, False
    return "".join([*text, "\n"])


def _kept(source: str, out: list[Span]) -> Iterator[tuple[tokenize.TokenInfo, Place]]:
    """The tokens that are not left out, with their places in bytes; a string with fields in it is one token."""
    lines = source.splitlines(keepends=True)

    def place(at: Place) -> Place:
        if at[0] > len(lines) or lines[at[0] - 1].isascii():
            return at
        return at[0], len(lines[at[0] - 1][: at[1]].encode())

    spans = iter([*sorted(out), ((len(lines) + 2, 0), (len(lines) + 2, 0))])
    first, last = next(spans)
    fields: list[Place] = []
    arrow = None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in OPENING:
            fields.append(token.start)
        if fields:
            start = fields[-1]
            if token.type in CLOSING:
                fields.pop()
            if fields or token.type not in CLOSING:
                continue
            rows = [
                *lines[start[0] - 1 : token.end[0] - 1],
                lines[token.end[0] - 1][: token.end[1]],
            ]
            rows[0] = rows[0][start[1] :]
            token = token._replace(type=tokenize.STRING, string="".join(rows), start=start)
        at = place(token.start)
        if token.type not in SILENT:
            while at >= last:
                first, last = next(spans)
            if at >= first:
                arrow = None
                continue
        if arrow is not None:
            yield arrow
        arrow = (token, at) if token.string == "->" else None
        if arrow is None:
            yield token, at


def _apart(one: str, other: str) -> bool:
    """Whether two tokens need a space between them."""
    if other == ".":
        return one[-1].isdigit()
    return all(c.isalnum() or c in "_\"'" for c in (one[-1], other[0]))


def _dedented(string: str) -> str:
    """A docstring that `inspect.cleandoc` makes the same of, without indentation."""
    first, *rest = string.split("\n")
    margin = min([len(r) - len(r.lstrip()) for r in rest if r.strip()], default=0)
    return "\n".join([first, *[r[margin:] if r.strip() else "" for r in rest]])


def pack(wheel: Path) -> None:
    """Compress a wheel once more, with a compressor that takes its time.

    `zipfile` takes no data that are compressed already, so the archive's few structures are written here (PKWARE's
    APPNOTE.TXT, 4.3). Where there are no wheels of `deflate`, pyproject.toml does not ask for it, and the wheel stays
    as it is.
    """
    if deflate is None:
        return
    entries, listing = bytearray(), bytearray()
    with zipfile.ZipFile(wheel) as archive:
        members = archive.infolist()
        for member in members:
            data = archive.read(member)
            packed = bytes(deflate.deflate_compress(data, 12))
            name = member.filename.encode()
            year, month, day, hour, minute, second = member.date_time
            common = struct.pack(
                "<5H3L2H", 20, 0x800, zipfile.ZIP_DEFLATED, hour << 11 | minute << 5 | second // 2,
                year - 1980 << 9 | month << 5 | day, member.CRC, len(packed), len(data), len(name), 0,
            )  # fmt: skip
            listing += b"PK\1\2\x14\3" + common
            listing += struct.pack("<3H2L", 0, 0, 0, member.external_attr, len(entries)) + name
            entries += b"PK\3\4" + common + name + packed
    count = len(members)
    end = struct.pack("<4H2LH", 0, 0, count, count, len(listing), len(entries), 0)
    wheel.write_bytes(entries + listing + b"PK\5\6" + end)


class Slim(BuildHookInterface):
    """Builds the wheel from slimmed sources; an editable installation uses the real ones."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See hatchling."""
        if version == "editable":
            return
        package = Path(self.root) / "src" / "dualtape"
        self._copy = Path(tempfile.mkdtemp())
        sources = {}
        for path in sorted(package.rglob("*")):
            relative = path.relative_to(package)
            if path.is_dir() or relative.parts[0] in LEFT_OUT or "__pycache__" in relative.parts:
                continue
            target = self._copy / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".py":
                sources[relative] = path.read_text(encoding="utf-8")
            else:
                shutil.copyfile(path, target)
        shown = Shown({path: ast.parse(source) for path, source in sources.items()})
        for path, source in sources.items():
            (self._copy / path).write_text(slim(path, source, shown), encoding="utf-8")
        build_data["force_include"][str(self._copy)] = "dualtape"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """See hatchling."""
        if version != "editable":
            shutil.rmtree(self._copy)
            pack(Path(artifact_path))
