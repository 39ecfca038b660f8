"""The gradient doctor's verdicts, cause and line, on programs in both dialects."""

import linecache
import re
import warnings

import pytest

import dualtape.tensorflow as tf
import dualtape.torch as torch
from dualtape.trust.verdict import Cause
from dualtape.trust.why import why_none

from . import tensorflow_losses, torch_losses

TORCH = [pytest.param(source, id=name) for name, source in torch_losses.LOSSES.items()]
TENSORFLOW = [pytest.param(source, id=name) for name, source in tensorflow_losses.LOSSES.items()]


def run(source, path, **names):
    """Run a program and return its names."""
    path.write_text(source)
    linecache.checkcache(str(path))
    namespace = {"__name__": "__main__", **names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.tensor(tensor) warns
        exec(compile(source, str(path), "exec"), namespace)
    return namespace


def expected(source):
    """The line that is marked, its cause, and whether the verdict must be certain."""
    for number, line in enumerate(source.splitlines(), 1):
        found = re.search(r"#: (\w+)( \(certain\))?", line)
        if found:
            return number, found[1], found[2] is not None
    raise AssertionError("no line is marked")


def check(source, path, names):
    assert names["result"] is None
    verdict = names["verdict"]
    line, cause, certain = expected(source)
    assert verdict.cause == cause, str(verdict)
    assert verdict.where is not None, str(verdict)
    assert (verdict.where.filename, verdict.where.line) == (str(path), line), str(verdict)
    assert verdict.certain or not certain, str(verdict)
    assert f"{path}:{line}" in str(verdict)
    assert verdict.advice


@pytest.mark.parametrize("source", TORCH)
def test_torch(source, tmp_path):
    path = tmp_path / "program.py"
    check(source, path, run(source, path, torch=torch, why_none=why_none))


@pytest.mark.parametrize("source", TENSORFLOW)
def test_tensorflow(source, tmp_path):
    path = tmp_path / "program.py"
    check(source, path, run(source, path, tf=tf, why_none=why_none))


@pytest.mark.parametrize("losses", [torch_losses.LOSSES, tensorflow_losses.LOSSES])
def test_there_are_a_dozen_causes_in_each_dialect(losses):
    assert len({expected(source)[1] for source in losses.values()}) >= 12


def test_every_cause_has_a_program():
    programs = [*torch_losses.LOSSES.values(), *tensorflow_losses.LOSSES.values()]
    told = {expected(source)[1] for source in programs}
    assert told == {c.value for c in Cause} - {"has_gradient"}


@pytest.mark.parametrize("source", TORCH)
def test_pytorch_has_no_gradient_there_either(source, tmp_path):
    real = pytest.importorskip("torch")
    names = run(source, tmp_path / "program.py", torch=real, why_none=lambda *_: None)
    assert names["result"] is None


@pytest.mark.parametrize("source", TENSORFLOW)
def test_tensorflow_has_no_gradient_there_either(source, tmp_path, monkeypatch):
    real = pytest.importorskip("tensorflow")
    monkeypatch.setattr(real.GradientTape, "why_none", lambda *_: None, raising=False)
    names = run(source, tmp_path / "program.py", tf=real, why_none=lambda *_: None)
    assert names["result"] is None
