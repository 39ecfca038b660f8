"""The notebooks in examples/ run: their cells hold assertions."""

import pathlib
import subprocess
import sys

import pytest

NOTEBOOKS = sorted((pathlib.Path(__file__).parent.parent / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs(notebook):
    for package in ("nbclient", "ipykernel", "matplotlib", "scipy"):
        pytest.importorskip(package)
    command = [sys.executable, "-m", "dualtape", "run", notebook.name]
    done = subprocess.run(
        command, cwd=notebook.parent, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 3
