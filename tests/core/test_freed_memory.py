"""Large arrays of one step use the memory of those of the step before."""

import os
import pathlib
import platform
import subprocess
import sys

import pytest

import dualtape

SOURCE = pathlib.Path(dualtape.__file__).parent.parent

PROGRAM = """
import resource
import sys

import numpy as np

if sys.argv[1] == "dualtape":
    import dualtape.core.memory

def step():
    arrays = [np.ones(500_000) for _ in range(8)]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

for _ in range(3):
    step()
before = faults()
for _ in range(10):
    step()
print(faults() - before)
"""


def faults(module):
    """Page faults of ten steps that make 32 MB of arrays each."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    out = subprocess.run(
        [sys.executable, "-c", PROGRAM, module],
        capture_output=True,
        text=True,
        check=True,
        env={**env, "NUMPY_MADVISE_HUGEPAGE": "0", "PYTHONPATH": str(SOURCE)},
    )
    return int(out.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that gives memory back")
def test_pages_are_kept():
    assert faults("numpy") > 10_000  # what the module is there for
    assert faults("dualtape") < 200
