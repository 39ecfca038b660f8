"""`dualtape explain`, `dualtape.explain` and `%%explain`: where pages go, and what they may hold."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch
from dualtape.cli import _parser, _split, main
from dualtape.core import modes
from dualtape.core.errors import GraphError
from dualtape.show import webpage
from dualtape.show.live import Explanation, explain
from dualtape.show.webpage import embedded, model_in, page_of

PROGRAM = """
import sys
import torch
x = torch.tensor(2.0, requires_grad=True)
y = x * x  # </script><script>alert(1)</script>
y.backward()
print(x.grad.item(), sys.argv[1:])
"""


def run(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")} | {
        "CI": "1"
    }
    command = [sys.executable, "-m", "dualtape", "explain", *words]
    return subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100
    )


def test_a_program_is_run_and_its_page_written(tmp_path):
    (tmp_path / "square.py").write_text(PROGRAM)
    done = run(tmp_path, "square.py", "--flag", "a")
    assert (done.returncode, done.stdout) == (0, "4.0 ['--flag', 'a']\n")
    page = tmp_path / "square.explain.html"
    assert done.stderr == f"dualtape: the page is {page}\n"
    model = model_in(page.read_text(encoding="utf-8"))
    assert model["arguments"] == ["--flag", "a"]
    assert [n["name"] for n in model["graphs"][0]["nodes"]] == ["x", "y"]
    again = run(
        tmp_path, "--no-open", "--output", "out/two.html", "--compare", str(page), "square.py"
    )
    assert again.returncode == 0
    two = (tmp_path / "out" / "two.html").read_text(encoding="utf-8")
    keys = [m["graphs"][0]["key"] for m in json.loads(embedded_in(two))["models"]]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def embedded_in(page: str) -> str:
    head = '<script type="application/json" id="model">'
    return page[page.index(head) + len(head) :].partition("</script>")[0]


@pytest.mark.parametrize(
    ("ending", "status", "message"),
    [("sys.exit(3)", 3, ""), ("raise ValueError('no')", 1, "ValueError: no")],
)
def test_a_program_ends_as_it_ends_without(tmp_path, ending, status, message):
    (tmp_path / "ends.py").write_text(PROGRAM + ending + "\n")
    done = run(tmp_path, "ends.py")
    assert done.returncode == status
    assert message in done.stderr
    assert "dualtape/show" not in done.stderr
    model = model_in((tmp_path / "ends.explain.html").read_text(encoding="utf-8"))
    assert model["error"]["type"] in ("SystemExit", "ValueError")
    assert len(model["graphs"]) == 1


def test_a_page_that_cannot_be_written(tmp_path):
    (tmp_path / "square.py").write_text(PROGRAM)
    done = run(tmp_path, "--output", "square.py/page.html", "square.py")
    assert (done.returncode, done.stdout) == (1, "4.0 []\n")
    assert done.stderr.startswith("dualtape: the page cannot be written: ")


def test_mistakes_on_the_command_line(tmp_path):
    (tmp_path / "x.html").write_text("no page")
    for words, message in [
        ((), "explain needs a program"),
        (("a.ipynb",), "%%explain"),
        (("--compare", "x.html", "a.py"), "is it a page that `dualtape explain` wrote?"),
        (("nowhere.py",), "can't open file"),
    ]:
        done = run(tmp_path, *words)
        assert done.returncode == 2
        assert message in done.stderr


def test_nothing_in_a_model_ends_its_element():
    model = {"text": "</script><!-- & \u2028"}
    text = embedded(model)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == model
    page = page_of([{"graphs": [], "text": "</script>"}])
    assert model_in(page)["text"] == "</script>"
    assert page.count("</script>") == webpage.template().count("</script>")


def test_a_browser_is_opened_only_on_a_desktop(monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(webpage.webbrowser, "open", lambda uri: opened.append(uri) or True)
    for name in ("CI", "SSH_CONNECTION", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(webpage.sys, "platform", "linux")
    assert not webpage.opened(tmp_path / "page.html")
    monkeypatch.setenv("DISPLAY", ":0")
    assert webpage.opened(tmp_path / "page.html")
    monkeypatch.setenv("CI", "true")
    assert not webpage.opened(tmp_path / "page.html")
    assert opened == [(tmp_path / "page.html").as_uri()]


# --- dualtape.explain -----------------------------------------------------------------------------


def test_a_live_tensor_is_explained_and_left_alone(tmp_path):
    x = torch.ones(2, 2, requires_grad=True)
    y = x + 2
    z = 3 * y**2
    out = z.mean()
    page = dt.explain(out)
    (graph,) = page.model["graphs"]
    assert [n["name"] for n in graph["nodes"] if n["kind"] != "constant"] == [
        "x",
        "y",
        None,
        "z",
        "out",
    ]
    (swept,) = graph["passes"]
    result = graph["runs"][0]["values"][swept["results"][0]["gradient"]]
    assert result == [4.5] * 4
    assert x.grad is None
    out.backward()  # what it keeps is there still
    assert x.grad.tolist() == [[4.5, 4.5], [4.5, 4.5]]
    with pytest.raises(GraphError, match="has used up this recording"):
        explain(out)
    with pytest.raises(GraphError, match="has no history"):
        explain(torch.ones(2))
    with pytest.raises(TypeError, match="takes no arguments"):
        explain(out, 1)
    with pytest.raises(TypeError, match="expected a tensor"):
        explain(3)
    assert page.save(tmp_path / "page.html").read_text(encoding="utf-8") == page.html
    frame = page._repr_html_()
    assert frame.startswith("<iframe")
    assert frame.count("<") == 2
    assert "out (" in repr(page)


def test_what_a_recording_did_not_keep_is_not_known_and_not_zero():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    out = (x + torch.tensor([5.0, 6.0])).sum()
    (graph,) = explain(out).model["graphs"]
    add = next(n for n in graph["nodes"] if n["op"] == "add")
    assert add["inputs"][1] == [-1, 0]
    assert graph["runs"][0]["values"][add["outs"][0]] is None


def test_one_call_of_a_function():
    def f(a):
        return np.sum(np.sin(a) * a)

    page = dt.explain(dt.grad(f), np.array([0.5, 1.0]))
    (graph,) = page.model["graphs"]
    assert [n["op"] for n in graph["nodes"]] == ["", "sin", "mul", "sum_all"]
    assert graph["nodes"][0]["name"] == "a"
    both = page.beside(page)
    assert len(json.loads(embedded_in(both.html))["models"]) == 2


def test_nothing_stays_on_after_an_error():
    def f():
        raise ValueError("no")

    before = modes.current()
    with pytest.raises(ValueError, match="no"):
        explain(f)
    assert modes.current() == before


# --- notebooks ------------------------------------------------------------------------------------


class Shell:
    """As much of IPython as the extension uses."""

    def __init__(self):
        self.magics = {}
        self.names = {}
        self.shown = {}
        html = types.SimpleNamespace(
            for_type_by_name=lambda *name: self.shown.update({name[:2]: name[2]})
        )
        self.display_formatter = types.SimpleNamespace(formatters={"text/html": html})

    def register_magic_function(self, function, magic_kind, magic_name):
        self.magics[magic_kind, magic_name] = function

    def run_cell(self, cell):
        error = None
        try:
            exec(compile(cell, "<cell>", "exec"), self.names)
        except Exception as e:
            error = e
        return types.SimpleNamespace(error_before_exec=None, error_in_exec=error)


def test_the_cell_magic(tmp_path):
    shell = Shell()
    dt.load_ipython_extension(shell)
    magic = shell.magics["cell", "explain"]
    assert ("dualtape.torch._tensor", "Tensor") in shell.shown
    cell = "import dualtape.torch as torch\nx = torch.ones(2, requires_grad=True)\ny = (x * 3).sum()\ny.backward()\n"
    page = magic(str(tmp_path / "cell.html"), cell)
    assert isinstance(page, Explanation)
    assert [n["name"] for n in page.model["graphs"][0]["nodes"] if n["recorded"]] == [
        "x",
        None,
        "y",
    ]
    assert shell.names["x"].grad.tolist() == [3.0, 3.0]
    assert (tmp_path / "cell.html").exists()
    assert magic("", "a = 1") is None
    assert magic("", cell + "1 / 0").model["error"]["type"] == "ZeroDivisionError"


@pytest.mark.parametrize(
    ("words", "own", "rest"),
    [
        ("p.py --output a.html --no-open", "--output a.html --no-open p.py", ""),
        (
            "--no-open p.py --compare b.html --epochs 3",
            "--no-open --compare b.html p.py",
            "--epochs 3",
        ),
        ("p.py -- --output x", "p.py", "--output x"),
        ("-m m --no-open -v", "--no-open -m m", "-v"),
    ],
)
def test_options_may_follow_the_program(words, own, rest):
    got, left = _split(["explain", *words.split()])
    assert sorted(got[1:]) == sorted(own.split())
    assert left == rest.split()
    options = _parser().parse_args(got)
    assert (options.program or options.module) == own.split()[-1]


def test_a_missing_program_has_no_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["explain", "--no-open", "nope.py"])
    assert end.value.code == 2
    assert not list(tmp_path.iterdir())
    assert not any(type(f).__module__ == "dualtape.standin" for f in sys.meta_path)
