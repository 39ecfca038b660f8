"""Errors name the guilty lines of the user's program: twenty and more faulty programs in each dialect."""

import re
import traceback

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch

from . import native_faults, tensorflow_faults, torch_faults

PROGRAMS = (
    [
        pytest.param({"torch": torch}, source, id=f"torch: {name}")
        for name, source in torch_faults.FAULTS.items()
    ]
    + [
        pytest.param({"tf": tf}, source, id=f"tensorflow: {name}")
        for name, source in tensorflow_faults.FAULTS.items()
    ]
    + [
        pytest.param({"dt": dt, "np": np}, source, id=f"numpy: {name}")
        for name, source in native_faults.FAULTS.items()
    ]
)

# What dualtape alone refuses: TensorFlow hands on such a gradient.
OURS = {"a gradient of another shape returned", "text returned as gradient"}


def marks(source):
    """The words that the marks of a program ask for, with their lines."""
    return [
        (words, number)
        for number, line in enumerate(source.splitlines(), 1)
        for words in re.findall(r"#: ([^#]*\w)", line)
    ]


def test_there_are_twenty_programs_in_each_dialect():
    for module in (torch_faults, tensorflow_faults, native_faults):
        assert len(module.FAULTS) >= 20
        assert len(set(module.FAULTS.values())) == len(module.FAULTS)
        assert all(marks(source) for source in module.FAULTS.values())


@pytest.mark.parametrize(("names", "source"), PROGRAMS)
def test_the_error_names_the_lines(names, source, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(source)
    code = compile(source, str(path), "exec")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each its own kind
        exec(code, {"__name__": "__main__", **names})
    error = caught.value
    text = "\n".join([str(error), *getattr(error, "__notes__", [])])
    for words, number in marks(source):
        if words == "raised":
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if frame.filename == str(path)]
            assert lines[-1] == number, text
        else:
            found = re.search(re.escape(words) + r"\s+" + re.escape(str(path)) + r":(\d+) ", text)
            assert found, text
            assert int(found[1]) == number, text


@pytest.fixture
def refused(tmp_path):
    """Run a program that must raise."""

    def run(source, **names):
        code = compile(source, str(tmp_path / "program.py"), "exec")
        with pytest.raises(Exception):  # noqa: B017, PT011 - each its own kind
            exec(code, {"__name__": "__main__", **names})

    return run


@pytest.mark.parametrize("name", torch_faults.FAULTS)
@pytest.mark.filterwarnings("ignore")  # of anomaly detection, say
def test_pytorch_refuses_it_too(name, refused):
    real = pytest.importorskip("torch")
    refused(torch_faults.FAULTS[name], torch=real)


@pytest.mark.parametrize("name", [n for n in tensorflow_faults.FAULTS if n not in OURS])
def test_tensorflow_refuses_it_too(name, refused):
    real = pytest.importorskip("tensorflow")
    refused(tensorflow_faults.FAULTS[name], tf=real)
