"""Import time over NumPy's own, and installed size."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import statistics
import subprocess
import sys

MODULES = {
    "dualtape": 50,
    "dualtape.torch": 150,
    "dualtape.tensorflow": 150,
    "torch": None,
    "tensorflow": None,
}


def import_milliseconds(module):
    """Milliseconds that importing `module` takes in a process that has NumPy, by -X importtime."""
    # With bytecode caches, as an installed package has them.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    out = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import numpy\nimport {module}"],
        capture_output=True, text=True, env=env,
    ).stderr  # fmt: skip
    # What each module took by itself: a package's cumulative line already has its parents and submodules in it.
    found, total = False, 0
    for line in out.splitlines():
        parts = [x.strip() for x in line.removeprefix("import time:").split("|")]
        if len(parts) == 3 and found:
            total += int(parts[0])
        elif len(parts) == 3 and parts[2] == "numpy":
            found = True
    return total / 1000


def megabytes(module):
    """Size of a package on disk."""
    spec = importlib.util.find_spec(module)
    root = pathlib.Path(spec.origin).parent
    files = [f for f in root.rglob("*") if f.is_file() and f.suffix != ".pyc"]
    return sum(f.stat().st_size for f in files) / 1e6


def footprint_rows():
    """The table of import times and sizes."""
    rows = ["", "| package | import, ms over NumPy | at most | size, MB |", "|---|---|---|---|"]
    for module, bound in MODULES.items():
        if importlib.util.find_spec(module.split(".")[0]) is None:
            continue
        ms = statistics.median(import_milliseconds(module) for _ in range(5))
        size = f"{megabytes(module):.1f}" if "." not in module else ""
        rows.append(f"| {module} | {ms:.0f} | {bound or ''} | {size} |")
    return rows


if __name__ == "__main__":
    print("\n".join(footprint_rows()))
