"""Imports point one way: every file under src/dualtape is parsed and held against the plan."""

import ast
import bisect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import dualtape

ENGINE = frozenset({"core", "ops", "transforms", "trust", "compiler"})
DIALECTS = frozenset({"torch", "tensorflow", "numpy"})

# Room -> the other rooms that it may import; "" is the package itself, dualtape/__init__.py. A
# front end never imports another one, and nothing imports what stands above it.
PLAN = {
    "core": frozenset(),
    "ops": frozenset({"core"}),
    "transforms": frozenset({"core", "ops"}),
    "trust": frozenset({"core", "ops", "transforms"}),
    "compiler": frozenset({"core", "ops", "transforms"}),
    "testing": frozenset({"core", "ops", "transforms", "trust"}),
    "torch": ENGINE,
    "tensorflow": ENGINE,
    "numpy": ENGINE,
    "scipy": ENGINE | {"numpy"},
    "show": ENGINE | DIALECTS,
    "interop": ENGINE | DIALECTS,
    "standin": frozenset({"core"}),
    "": ENGINE | {"testing", "standin", "show", "scipy"},
    "launch": frozenset({"standin"}),
    "launch_notebook": frozenset({"launch"}),
    "cli": ENGINE | DIALECTS | {"", "show", "interop", "standin", "launch", "launch_notebook"},
    "__main__": frozenset({"cli"}),
}

# Optional packages, which only functions may import, and the rooms where they may.
EVERYWHERE = frozenset(PLAN)
OPTIONAL = {
    "scipy": EVERYWHERE,
    "ml_dtypes": EVERYWHERE,
    "llvmlite": frozenset({"compiler"}),
    "nbclient": frozenset({"launch_notebook"}),
    "nbformat": frozenset({"launch_notebook"}),
    "jupyter_client": frozenset({"launch_notebook"}),
    "IPython": frozenset({"show"}),
    "matplotlib": frozenset({"show"}),
    "rich": frozenset({"show"}),
    "sklearn": frozenset({"interop"}),
}

# Rooms that front ends load when they are first used, to keep their own import short.
LAZY_ROOMS = frozenset({"compiler", "show"})

# Of the standard library only what an error path needs, and what costs too much otherwise.
LAZY_STDLIB = frozenset({"dataclasses", "difflib", "logging", "pkgutil", "statistics"})


class Import(NamedTuple):
    line: int
    target: str  # an absolute dotted name
    in_function: bool


def violations(package: Path) -> list[str]:
    """Return what is wrong with the imports of a package tree, a line each."""
    return [
        f"{path.relative_to(package)}:{line}: {reason}"
        for path in sorted(package.rglob("*.py"))
        for line, reason in _wrong_imports(path, package)
    ]


def _wrong_imports(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    parts = path.relative_to(package).with_suffix("").parts
    room = "" if parts == ("__init__",) else parts[0]
    if room not in PLAN:
        yield 1, f"room {room!r} is not in the plan of tests/test_layers.py"
        return
    for found in _imports(path, package):
        top, *rest = found.target.split(".")
        if top == package.name:
            other = rest[0] if rest else ""
            if other != room and other not in PLAN[room]:
                yield found.line, f"{room or 'the package'} imports {found.target}"
            elif found.in_function and (other == room or other not in LAZY_ROOMS):
                yield found.line, f"{found.target} is imported inside a function"
        elif top in sys.stdlib_module_names:
            if found.in_function and top not in LAZY_STDLIB:
                yield found.line, f"{found.target} is imported inside a function"
        elif top == "numpy":
            if found.in_function:
                yield found.line, f"{found.target} is imported inside a function"
        elif room not in OPTIONAL.get(top, ()):
            yield found.line, f"{room or 'the package'} imports {found.target}, not a dependency"
        elif not found.in_function:
            yield found.line, f"{found.target} is optional, and imported outside a function"


def _imports(path: Path, package: Path) -> Iterator[Import]:
    """Yield every import of a file, `if TYPE_CHECKING` and `import_module("...")` included."""
    own = [package.name, *path.relative_to(package).with_suffix("").parts]
    text = path.read_text(encoding="utf-8")
    # Only these lines are looked into, which most of a program is not on.
    lines = [n for n, line in enumerate(text.split("\n"), 1) if "import" in line]

    def visit(node: ast.AST, in_function: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                start = [child, *getattr(child, "decorator_list", ())]
                first = bisect.bisect_left(lines, min(n.lineno for n in start))
                if first == len(lines) or lines[first] > child.end_lineno:
                    continue
            inside = in_function or isinstance(
                child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
            )
            for target in _targets(child, own, package):
                yield Import(child.lineno, target, inside)
            yield from visit(child, inside)

    yield from visit(ast.parse(text), in_function=False)


def _targets(node: ast.AST, own: list[str], package: Path) -> list[str]:
    """Return the absolute names that a node imports."""
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            # own[:-1] is the package that the file is in, also for an __init__.py.
            base = own[: len(own) - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            if source == package.name:
                # `from dualtape import core` imports the room, `from dualtape import grad` a name
                # of the package itself.
                return [
                    f"{source}.{alias.name}" if _is_room(package / alias.name) else source
                    for alias in node.names
                ]
            return [source]
        case ast.Call(
            func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
            args=[ast.Constant(value=str(name)), *_],
        ) if name.partition(".")[0] == package.name:
            return [name]
    return []


def _is_room(path: Path) -> bool:
    return path.is_dir() or path.with_suffix(".py").exists()


def test_imports_point_one_way():
    found = violations(Path(dualtape.__file__).parent)
    assert not found, "\n" + "\n".join(found)


def test_the_plan_has_no_way_back():
    """If a room may import another, that one may not import it, not even through others."""

    def reachable(room: str, seen: frozenset[str]) -> frozenset[str]:
        for other in PLAN[room] - seen:
            seen = reachable(other, seen | {other})
        return seen

    for room in PLAN:
        assert room not in reachable(room, frozenset())


FORBIDDEN = [
    ("core/tape.py", "from dualtape.ops import add", "core imports dualtape.ops"),
    ("core/tape.py", "from dualtape import ops", "core imports dualtape.ops"),
    ("core/tape.py", "from ..ops.arithmetic import add", "core imports dualtape.ops.arithmetic"),
    ("core/__init__.py", "from .. import ops", "core imports dualtape.ops"),
    ("core/deep/er.py", "from ... import torch", "core imports dualtape.torch"),
    ("core/tape.py", "import dualtape", "core imports dualtape"),
    ("core/tape.py", "from dualtape import grad", "core imports dualtape"),
    ("core/tape.py", "import scipy", "scipy is optional, and imported outside a function"),
    ("core/tape.py", "import torch", "core imports torch, not a dependency"),
    (
        "core/tape.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from dualtape.torch import nn",
        "core imports dualtape.torch",
    ),
    (
        "ops/arithmetic.py",
        "def f():\n    from dualtape.core import tape",
        "dualtape.core is imported inside a function",
    ),
    ("ops/x.py", "class A:\n    def f(self):\n        import json", "json is imported inside a"),
    ("ops/x.py", "def f():\n    import llvmlite", "ops imports llvmlite, not a dependency"),
    ("ops/x.py", "from dualtape.transforms import grad", "ops imports dualtape.transforms"),
    ("transforms/x.py", "import dualtape.compiler", "transforms imports dualtape.compiler"),
    ("compiler/x.py", "from dualtape.numpy import sin", "compiler imports dualtape.numpy"),
    ("torch/x.py", "from dualtape.tensorflow import Variable", "torch imports dualtape.tensorflow"),
    ("tensorflow/x.py", "from dualtape import torch", "tensorflow imports dualtape.torch"),
    (
        "torch/x.py",
        "import importlib\nimportlib.import_module('dualtape.tensorflow')",
        "torch imports dualtape.tensorflow",
    ),
    ("torch/x.py", "from dualtape.standin import install", "torch imports dualtape.standin"),
    ("testing/x.py", "from dualtape.torch import nn", "testing imports dualtape.torch"),
    ("show/x.py", "from dualtape.interop import dlpack", "show imports dualtape.interop"),
    ("__init__.py", "from .torch import nn", "the package imports dualtape.torch"),
    ("attic/x.py", "import json", "room 'attic' is not in the plan"),
]

ALLOWED = [
    (
        "core/tape.py",
        "import json\nimport numpy as np\nfrom .errors import E\nfrom . import errors",
    ),
    ("core/tape.py", "def f():\n    import ml_dtypes\n    import difflib"),
    ("compiler/x.py", "def f():\n    import llvmlite.binding as llvm"),
    ("torch/x.py", "from dualtape import core, ops\nfrom .. import ops\nfrom . import nn"),
    ("show/x.py", "from dualtape.torch import nn\nfrom dualtape.tensorflow import Variable"),
    ("__init__.py", "from . import ops as ops\nfrom dualtape.transforms import grad"),
    ("cli.py", "import dualtape\nfrom dualtape import __version__, standin"),
]


def _package(tmp_path: Path, name: str, text: str) -> Path:
    package = tmp_path / "dualtape"
    for room in ("core/deep", "ops", "torch", "tensorflow"):
        (package / room).mkdir(parents=True)
    (package / "standin.py").touch()
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text(text)
    return package


@pytest.mark.parametrize(("name", "text", "reason"), FORBIDDEN)
def test_a_violation_is_seen(tmp_path: Path, name: str, text: str, reason: str):
    (found,) = violations(_package(tmp_path, name, text))
    assert found.startswith(f"{name}:")
    assert reason in found


@pytest.mark.parametrize(("name", "text"), ALLOWED)
def test_what_the_plan_allows_is_left_alone(tmp_path: Path, name: str, text: str):
    assert violations(_package(tmp_path, name, text)) == []


SLOW = (
    "llvmlite",
    "scipy",
    "matplotlib",
    "numpy.random",
    "importlib.resources",
    "tempfile",
    "asyncio",
    "dualtape.compiler.emit",
)
"""What takes long to import, and only some programs need."""


@pytest.mark.parametrize("module", ["dualtape", "dualtape.torch", "dualtape.tensorflow"])
def test_an_import_brings_nothing_slow(module: str):
    code = f"""
import sys, numpy
before = set(sys.modules)
import {module}
print([m for m in {SLOW!r} if m in sys.modules and m not in before])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
