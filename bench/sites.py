"""What it costs to remember the user's line of each operation and of each in-place write.

The same programs run on dualtape as it is and on a copy of it from which that code has been taken out.
"""

from __future__ import annotations

import ast
import pathlib
import shutil
import tempfile

import dualtape

FILES = {"core/bind.py": 2, "core/recording.py": 1, "core/versions.py": 1, "core/sweep.py": 1}
"""Where lines are remembered, and in how many places at least."""

PROGRAMS = [
    "3-point regression (PyTorch style)",
    "quadratic minimisation (PyTorch style)",
    "Linear + MSELoss + SGD (PyTorch style)",
    "3-point regression (TensorFlow style)",
    "chain of 1000 scalar operations",
    "gradient of 4 operations on 4 elements",
]


def _name(node):
    """The last part of the name that a call calls."""
    f = node.func if isinstance(node, ast.Call) else None
    return getattr(f, "attr", getattr(f, "id", None))


def _of_users(node):
    """Whether an expression asks whose a code object is."""
    return any(getattr(n, "attr", getattr(n, "id", None)) == "latest" for n in ast.walk(node))


class Forgetful(ast.NodeTransformer):
    """Takes out what looks at frames: assignments of frames and their code, and the choice of a line."""

    def __init__(self):
        self.changes = 0

    def visit_Assign(self, node):
        """`frame = getframe(2)`, `code = frame.f_code`."""
        value = node.value
        if _name(value) == "getframe" or getattr(value, "attr", None) == "f_code":
            return None
        return self.generic_visit(node)

    def visit_If(self, node):
        """`if code is latest[0]: ...`: as if it were nowhere."""
        if _of_users(node.test):
            self.changes += 1
            nowhere = "node.code, node.instruction = None, 0"
            nodes = any(getattr(n, "id", None) == "node" for n in ast.walk(node))
            return ast.parse(nowhere).body[0] if nodes else ast.Pass()
        return self.generic_visit(node)

    def visit_Call(self, node):
        """`caller(3)`."""
        if _name(node) == "caller":
            self.changes += 1
            return ast.copy_location(ast.Constant(None), node)
        return self.generic_visit(node)


def forgetful_copy(to):
    """Copy the package to the folder `to` without the code that remembers lines."""
    source = pathlib.Path(dualtape.__file__).parent
    shutil.copytree(source, to / "dualtape", ignore=shutil.ignore_patterns("__pycache__"))
    for name, least in FILES.items():
        file = to / "dualtape" / name
        transformer = Forgetful()
        tree = ast.fix_missing_locations(transformer.visit(ast.parse(file.read_text())))
        if transformer.changes < least:
            raise RuntimeError(
                f"{name}: {transformer.changes} places found, {least} expected: see bench/sites.py"
            )
        file.write_text(ast.unparse(tree))


def sites_rows(system, workloads, rounds, threads):
    """The table of costs.

    Args:
        system: Starts a worker for a module, with a number of threads and a folder to import from.
        workloads: By name.
        rounds: A fifth of how many bursts of each there are; the fastest counts.
        threads: How many threads a worker may use.
    """
    rows = [
        "",
        "| remembering the user's lines | with, us | without, us | cost | at most |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        forgetful_copy(pathlib.Path(folder))
        for name in PROGRAMS:
            module = "dualtape." + workloads[name][0]
            pair = [system(module, threads), system(module, threads, path=folder)]
            times = [[], []]
            for _ in range(5 * rounds):  # differences are smaller than the noise of a few bursts
                for worker, found in zip(pair, times, strict=True):
                    found.append(worker.time(name))
            for worker in pair:
                worker.close()
            ours, bare = map(min, times)
            rows.append(
                f"| {name} | {ours:.1f} | {bare:.1f} | {100 * (ours / bare - 1):.0f} % | 10 % |"
            )
    return rows
