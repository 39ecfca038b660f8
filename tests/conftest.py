"""What every test shares: repeatable randomness, one thread per process for BLAS, and which tests want which peers."""

import functools
import gc
import os
import re
from collections.abc import Callable
from pathlib import Path

# Before NumPy is imported: two test processes with a pool each would only get in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

from dualtape.core import modes

TESTS = Path(__file__).parent

# The same examples in every run, and no deadline that a busy machine could miss.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# `make parity` runs the tests that ask for a peer, which are the ones that skip themselves without it, and no others:
# a module's tests do if it asks, or if a conftest.py of its folders does, whose fixtures it may use.
ASKING = re.compile(r"""importorskip\((framework\b|["'](torch|tensorflow|jax|mpmath)\b)""")
# Programs that say `import torch` get dualtape, also where there is a PyTorch to be had.
BESIDE = {"test_cli.py", "test_cross.py", "test_standin.py", "test_explain_command.py"}
MISSING = re.compile(
    r"could not import '(torch|tensorflow|jax|mpmath)\b|(PyTorch|TensorFlow|JAX) is not installed"
)


@functools.cache
def asks_for_a_peer(path: Path) -> bool:
    """Whether a file, or one that it shares fixtures with, asks for one of the libraries that dualtape is held against."""
    if path.suffix != ".py":
        return any(map(asks_for_a_peer, path.iterdir())) if path.is_dir() else False
    rooms = [p for p in path.parents if p.is_relative_to(TESTS) and p != TESTS]
    files = [path, *(p / "conftest.py" for p in rooms)]
    return path.name in BESIDE or any(
        ASKING.search(f.read_text(encoding="utf-8")) for f in files if f.exists()
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--peers",
        action="store_true",
        help="only tests that ask for a real framework, which must be there",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if config.getoption("peers") and not asks_for_a_peer(collection_path):
        return True
    return None


def refused(report: pytest.CollectReport | pytest.TestReport, path: Path, peers: bool) -> None:
    """Makes a failure of a test that lacks a peer although peers are wanted, or that `--peers` would never run."""
    if report.skipped and isinstance(report.longrepr, tuple) and MISSING.search(report.longrepr[2]):
        if peers:
            report.outcome, report.longrepr = "failed", f"--peers: {report.longrepr[2]}"
        elif not asks_for_a_peer(path):
            report.outcome = "failed"
            report.longrepr = f"tests/conftest.py does not see that it asks: {report.longrepr[2]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    refused(report, item.path, item.config.getoption("peers"))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = yield
    refused(report, collector.path, collector.config.getoption("peers"))
    return report


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def cycles() -> Callable[[], list[str]]:
    """Collects the garbage, and says what there was."""

    def collect() -> list[str]:
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            gc.collect()
            return [f"{type(x).__name__}: {x!r:.100}" for x in gc.garbage]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()

    return collect


@pytest.fixture(autouse=True)
def no_inference_tensors_of_other_tests():
    """A tensor of inference mode that another test left alive keeps recording on its guard; tests look at the mode."""
    modes.set_mode(modes.current() & ~modes.GUARDED)
