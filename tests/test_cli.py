"""`dualtape run` is compared with `python` itself, which is the judge of what a program sees."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import dualtape
from dualtape import cli, launch_notebook, standin

SELF_PORTRAIT = """
import dataclasses, inspect, pickle, sys
@dataclasses.dataclass
class Point:
    x: "int" = 1
main = sys.modules["__main__"]
assert main.Point is Point and pickle.loads(pickle.dumps(Point(2))) == Point(2)
print(sorted(vars(main).keys() - {"__cached__"}), __name__, __file__, __spec__, __package__)
print(sys.argv, sys.path[0], inspect.getsource(Point), type(__loader__).__name__, sys.stdin.read())
if __name__ == "__main__":
    print("as main")
"""

PROGRAMS = {
    "what it sees": SELF_PORTRAIT,
    "exit status": "import sys; sys.exit(7)",
    "exit message": "import sys; sys.exit('no data')",
    "error": "def outer():\n    inner()\ndef inner():\n    1 / 0\nouter()",
    "chained error": (
        "try:\n    import nowhere_to_be_found\nexcept ImportError as e:\n    raise OSError from e"
    ),
    "syntax error": "print('not reached')\nx = = 1",
    "syntax error in an import": "import json\nexec(compile('(', 'other.py', 'exec'))",
    "encoding": b"# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))",
    "interrupt": "raise KeyboardInterrupt",
    "own hook, atexit": (
        "import atexit, sys\n"
        "sys.excepthook = lambda kind, error, tb: print(kind, tb.tb_frame.f_code.co_name)\n"
        "atexit.register(lambda: print(sys.modules['__main__'].x))\n"
        "x = 3\nx / 0"
    ),
    "thread that outlives": (
        "import threading, time\n"
        "def late():\n    time.sleep(0.2); print(__name__, x)\n"
        "threading.Thread(target=late).start()\nx = 1"
    ),
}


# The package under test, also where it is not installed and the working directory is another.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(dualtape.__file__).parents[1])}


def command(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        input="from stdin",
        cwd=cwd,
        env=ENVIRONMENT,
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_as_under_python(name: str, tmp_path: Path):
    text = PROGRAMS[name]
    (tmp_path / "sub").mkdir()
    program = tmp_path / "sub" / "program.py"
    program.write_bytes(text if isinstance(text, bytes) else text.encode())
    arguments = ["sub/program.py", "-m", "--output", "--", "word"]
    expected = command(*arguments, cwd=tmp_path)
    got = command("-m", "dualtape", "run", *arguments, cwd=tmp_path)
    assert got.stdout == expected.stdout
    assert got.stderr == expected.stderr
    assert got.returncode == expected.returncode


@pytest.mark.parametrize("target", ["package.module", "package", "package.sub", "missing"])
def test_a_module_runs_as_under_python(target: str, tmp_path: Path):
    (tmp_path / "package" / "sub").mkdir(parents=True)
    (tmp_path / "package" / "__init__.py").write_text("import sys; print(sys.argv)")
    (tmp_path / "package" / "module.py").write_text(
        "from . import sub\nimport sys\n"
        "print(__name__, __package__, __spec__.name, __file__, sys.argv, sys.path[0])"
    )
    (tmp_path / "package" / "sub" / "__init__.py").write_text("")
    (tmp_path / "package" / "sub" / "__main__.py").write_text("print(__package__); raise OSError")
    arguments = ["-m", target, "-m", "--version"]
    expected = command(*arguments, cwd=tmp_path)
    got = command("-m", "dualtape", "run", *arguments, cwd=tmp_path)
    assert got.stdout == expected.stdout
    assert got.returncode == expected.returncode
    # python begins with its own path and, before an error, with the frames of its runpy.
    assert got.stderr.splitlines()[-1:] == [
        line.replace(f"{sys.executable}:", "dualtape:")
        for line in expected.stderr.splitlines()[-1:]
    ]
    assert "runpy" not in got.stderr


def test_a_directory_runs_its_main_module(tmp_path: Path):
    (tmp_path / "__main__.py").write_text("import sys; print(sys.argv, sys.path[0])")
    expected = command(tmp_path, "word")
    got = command("-m", "dualtape", "run", tmp_path, "word")
    assert (got.stdout, got.stderr) == (expected.stdout, "")
    (tmp_path / "__main__.py").unlink()
    got = command("-m", "dualtape", "run", tmp_path)
    assert got.returncode == 1
    assert got.stderr == f"dualtape: can't find '__main__' module in '{tmp_path}'\n"


def test_a_front_end_is_imported_when_the_program_asks(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "def loaded():\n"
        "    return [n for n in ('dualtape.torch', 'dualtape.tensorflow') if n in sys.modules]\n"
        "print(loaded())\n"
        "import torch\n"
        "print(loaded(), torch is sys.modules['dualtape.torch'])\n"
        "def later():\n"
        "    import torch.optimm\n"
        "later()\n"
    )
    done = command("-m", "dualtape", "run", program)
    assert done.stdout == "[]\n['dualtape.torch'] True\n"
    assert done.returncode == 1
    assert done.stderr.count("  File ") == 2, "frames of the stand-in or of importlib are shown"
    assert "import torch.optimm\n" in done.stderr
    assert "ModuleNotFoundError: No module named 'torch.optimm'\n" in done.stderr


def test_a_program_cannot_run_when_the_real_package_is_imported_already(tmp_path: Path):
    (tmp_path / "program.py").write_text("print('not reached')")
    start = (
        "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\n"
        "from dualtape.cli import main; main(['run', 'program.py'])"
    )
    done = command("-c", start, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("dualtape: dualtape cannot stand in for 'torch'")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "absent.py"], "can't open file '{here}/absent.py': [Errno 2] No such file"),
        (["run", "-"], "can't open file"),
        (["run"], "needs a program, a notebook or -m module"),
        (["run", "--output", "x.ipynb", "program.py"], "--output is for notebooks"),
        (["run", "book.ipynb", "word"], "a notebook takes no arguments: word"),
        (["run", "--unknown", "program.py"], "unrecognized arguments: --unknown"),
        (["run", "-m"], "expected one argument"),
        (["walk"], "invalid choice: 'walk'"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(standin, "install", lambda: None)
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert message.format(here=tmp_path) in capsys.readouterr().err


def test_version_help_and_info(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"dualtape {dualtape.__version__}\n"
    assert cli.main([]) == 0
    assert "run a program" in capsys.readouterr().out
    assert cli.main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"dualtape {dualtape.__version__} in ")
    assert "NumPy 2." in lines[1]
    assert lines[2:4] == [
        "front end torch: dualtape.torch",
        "front end tensorflow: dualtape.tensorflow",
    ]


def test_info_says_how_to_get_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cli, "EXTRAS", {"imagined": ("numpy", "nowhere_to_be_found")})
    cli.main(["info"])
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("extra imagined: numpy 2.")
    assert last.endswith("; pip install 'dualtape[imagined]' brings nowhere_to_be_found")


# Notebooks


def notebook(path: Path, *cells: str) -> Path:
    empty = {"metadata": {}, "outputs": [], "execution_count": None}
    content = {
        "cells": [
            {"cell_type": "code", "id": f"cell{i}", "source": source, **empty}
            for i, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "conda-of-someone", "display_name": "someone's"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content))
    return path


@pytest.mark.skipif(find_spec("nbclient") is None, reason="needs the extra `notebook`")
def test_a_notebook_runs_to_the_first_error(tmp_path: Path):
    book = notebook(
        tmp_path / "book.ipynb",
        "import os, sys, torch\nprint(torch.__name__, os.getcwd())",
        "print('aside', file=sys.stderr)",
        "x = 20\nx + 1",
        "def divide():\n    return x / 0\ndivide()",
        "print('not reached')",
    )
    executed = tmp_path / "executed.ipynb"
    done = command("-m", "dualtape", "run", "--output", executed, book)
    assert done.stdout == f"dualtape.torch {tmp_path}\n21\n"
    assert done.stderr.startswith("aside\n")
    assert "return x / 0" in done.stderr
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "\x1b" not in done.stderr
    assert done.returncode == 1
    outputs = [cell["outputs"] for cell in json.loads(executed.read_text())["cells"]]
    assert outputs[2][0]["data"] == {"text/plain": ["21"]}
    assert outputs[3][0]["ename"] == "ZeroDivisionError"
    assert outputs[4] == []


def test_a_notebook_without_the_extra_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(launch_notebook, "PACKAGES", ("json", "nowhere_to_be_found"))
    with pytest.raises(SystemExit) as caught:
        cli.main(["run", os.fspath(notebook(tmp_path / "book.ipynb"))])
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        "dualtape: running a notebook needs nowhere_to_be_found: pip install 'dualtape[notebook]'\n"
    )


@pytest.mark.skipif(find_spec("nbclient") is None, reason="needs the extra `notebook`")
def test_a_file_that_is_no_notebook(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    book = tmp_path / "book.ipynb"
    with pytest.raises(SystemExit):
        cli.main(["run", str(book)])
    assert "can't open file" in capsys.readouterr().err
    book.write_text("import torch")
    with pytest.raises(SystemExit) as caught:
        cli.main(["run", str(book)])
    assert caught.value.code == 2
    assert "is not a notebook" in capsys.readouterr().err
