"""Errors name the guilty lines of the user's program: twenty and more faulty programs in each dialect."""

import re
import traceback

import pytest

import dualtape.tensorflow as tf
import dualtape.torch as torch

from . import tensorflow_faults, torch_faults

PROGRAMS = [
    pytest.param({"torch": torch}, source, id=f"torch: {name}")
    for name, source in torch_faults.FAULTS.items()
] + [
    pytest.param({"tf": tf}, source, id=f"tensorflow: {name}")
    for name, source in tensorflow_faults.FAULTS.items()
]


def marks(source):
    """The words that the marks of a program ask for, with their lines."""
    return [
        (words, number)
        for number, line in enumerate(source.splitlines(), 1)
        for words in re.findall(r"#: (.*)", line)
    ]


def test_there_are_twenty_programs_in_each_dialect():
    assert len(torch_faults.FAULTS) >= 20
    assert len(tensorflow_faults.FAULTS) >= 20


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
