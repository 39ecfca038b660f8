"""What the wheel's sources lack is text: they do the same on the same lines."""

import ast
import gc
import importlib.util
import inspect
import io
import pathlib
import re
import sys
import types
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "dualtape"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@pytest.fixture(scope="module")
def build():
    """hatch_build.py, which needs hatchling's base class only when a wheel is built."""
    names = [
        "hatchling",
        "hatchling.builders",
        "hatchling.builders.hooks",
        "hatchling.builders.hooks.plugin",
    ]
    absent = {name: types.ModuleType(name) for name in [*names, f"{names[-1]}.interface"]}
    absent[f"{names[-1]}.interface"].BuildHookInterface = object
    with pytest.MonkeyPatch.context() as patch:
        for name, module in absent.items():
            patch.setitem(sys.modules, name, module)
        spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sources():
    return {
        p.relative_to(PACKAGE): p.read_text(encoding="utf-8") for p in sorted(PACKAGE.rglob("*.py"))
    }


@pytest.fixture(scope="module")
def shown(build, sources):
    gc.disable()  # a million nodes, none of them garbage: looking for some would take twice as long as parsing
    try:
        return build.Shown({path: ast.parse(text) for path, text in sources.items()})
    finally:
        gc.enable()


def meaning(text):
    """A module's syntax tree with its lines, without what may differ."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        for part in ("body", "orelse", "finalbody"):
            if isinstance(getattr(node, part, None), list):
                setattr(node, part, [plain(s) for s in getattr(node, part) if not is_text(s)])
    return re.sub(
        r", (end_)?col_offset=\d+|, end_lineno=\d+", "", ast.dump(tree, include_attributes=True)
    )


def is_text(statement):
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def plain(statement):
    if (
        isinstance(statement, ast.AnnAssign)
        and statement.value
        and isinstance(statement.target, ast.Name)
    ):
        return ast.copy_location(ast.Assign([statement.target], statement.value), statement)
    return statement


@pytest.mark.parametrize("start", range(3))
def test_sources_mean_the_same_on_the_same_lines(build, sources, shown, start):
    chosen = [p for p in sources if p.parts[0] != "testing"][start::32]
    assert len(chosen) > 10
    for path in chosen:
        found = build.slim(path, sources[path], shown)
        assert meaning(found) == meaning(sources[path]), path
        assert len(found) <= len(sources[path])


GIVEN = '''"""Nobody asks a module for this."""
from __future__ import annotations
from . import other

def shown(x: int, *, y: str = "a  b") -> float:  # why
    """Say what it is.

        Indented.
    """
    z: list[int] = [x,  # one
        -x]
    def local(a: int, b: tuple[int, ...] = ()) -> tuple[
        int, str
    ]:
        """May be what users are given."""
        return a, f"{y  !r}  {{}}" "é"
    return 1 if x else 2 .real + local(x) [0] \\
        + x ** -2

def _private(x: int) -> int:
    """Not for users."""
    return x

def _decorator(f: Function) -> Function:
    return f

@_decorator
def hidden() -> None:
    """In no namespace."""

class Shown:
    """A class."""
    a: int = 3
    """What it is."""
    def method(self) -> int:
        """Shown."""
        return 1
    def _method(self, x: int) -> int:
        """Not shown."""
        return x
'''


def test_what_goes_and_what_stays(build):
    texts = {
        "transforms/__init__.py": "from .given import shown, Shown",
        "transforms/given.py": GIVEN,
    }
    shown = build.Shown({pathlib.PurePath(p): ast.parse(text) for p, text in texts.items()})
    assert (
        build.slim(pathlib.PurePath("transforms/given.py"), GIVEN, shown)
        == '''
from __future__ import annotations
from.import other

def shown(x:int,*,y:str="a  b")->float:
 """Say what it is.

    Indented.
"""
 z=[x,
-x]
 def local(a,b=())\\
\\
:
  """May be what users are given."""
  return a,f"{y  !r}  {{}}" "é"
 return 1 if x else 2 .real+local(x)[0]\\
+x**-2

def _private(x)->int:

 return x

def _decorator(f:Function)->Function:
 return f

@_decorator
def hidden()->None:
 """In no namespace."""

class Shown:
 """A class."""
 a:int=3

 def method(self)->int:
  """Shown."""
  return 1
 def _method(self,x)->int:

  return x
'''
    )


def test_annotations_stay_where_they_are_read(build):
    texts = {
        "compiler/vec/__init__.py": "names = f.__annotations__",
        "compiler/vec/a.py": "def f(x: int):\n pass\n",
    }
    shown = build.Shown({pathlib.PurePath(p): ast.parse(text) for p, text in texts.items()})
    for name, kept in (("compiler/vec/a.py", True), ("compiler/a.py", False)):
        assert ("x:int" in build.slim(pathlib.PurePath(name), "def f(x: int): pass", shown)) is kept


def test_front_ends_keep_the_first_paragraph(build):
    path = pathlib.PurePath("torch/given.py")
    given = '__all__ = ["f"]\ndef f(x):\n    """One,\n    and two.\n\n    Args:\n        x: X.\n    """\n    return x\n'
    shown = build.Shown({path: ast.parse(given)})
    wanted = '__all__=["f"]\ndef f(x):\n """One,\nand two."""\n\n\n\n\n return x\n'
    assert build.slim(path, given, shown) == wanted


def documented(tree):
    return {n.name: ast.get_docstring(n) for n in ast.walk(tree) if isinstance(n, DEFINITIONS)}


def test_inside_the_engine_only_classes_of_core_keep_signatures(build):
    shown = build.Shown({pathlib.PurePath("__init__.py"): ast.parse("_LAZY = {'compiler': 'jit'}")})
    given = 'class A:\n def f(self, x: int) -> int: return x\ndef jit(x: int) -> int:\n "Doc."\n return x\n'
    core = build.slim(pathlib.PurePath("core/a.py"), given, shown)
    assert "x:int)->int:return" in core
    compiler = build.slim(pathlib.PurePath("compiler/a.py"), given, shown)
    assert (
        compiler == 'class A:\n def f(self,x):return x\ndef jit(x:int)->int:\n "Doc."\n return x\n'
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("torch/_tensor.py", "Tensor"),
        ("torch/nn/layers.py", "Linear"),
        ("torch/nn/utils/prune.py", "l1_unstructured"),
        ("torch/autograd/function.py", "Function"),
        ("torch/autograd/hooks.py", "register_hook"),
        ("tensorflow/tape.py", "gradient"),
        ("tensorflow/keras/losses.py", "Loss"),
        ("tensorflow/custom_gradient.py", "custom_gradient"),
        ("transforms/reverse.py", "grad"),
        ("trust/why.py", "why_none"),
    ],
)
def test_help_has_what_it_had(build, sources, shown, path, name):
    path = pathlib.Path(path)
    before = documented(ast.parse(sources[path]))[name]
    assert before is not None
    if path.parts[0] in build.BRIEF:
        before = before.split("\n\n")[0]
    assert documented(ast.parse(build.slim(path, sources[path], shown)))[name] == before


def test_a_wheel_compressed_again_has_the_same_files(build, tmp_path):
    pytest.importorskip("deflate")
    wheel = tmp_path / "a.whl"
    data = {"a/b.py": b"x = 1\n" * 1000, "a/é.txt": b"", "RECORD": bytes(range(256))}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in data.items():
            archive.writestr(
                zipfile.ZipInfo(name, (2020, 2, 2, 10, 20, 30)), content, zipfile.ZIP_DEFLATED
            )
    build.pack(wheel)
    with zipfile.ZipFile(io.BytesIO(wheel.read_bytes())) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == data
        assert archive.getinfo("a/b.py").date_time == (2020, 2, 2, 10, 20, 30)


def test_cleaned_docstrings_are_the_same(build):
    text = '"""One.\n\n    Two\n      three\n    """'
    assert inspect.cleandoc(ast.literal_eval(build._dedented(text))) == inspect.cleandoc(
        ast.literal_eval(text)
    )
