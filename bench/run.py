"""Measure dualtape beside PyTorch and TensorFlow, in one run, and write RESULTS.md.

    python bench/run.py [--only REGEX] [--rounds N] [--threads N] [--sites] [--no-write]

Every system runs in a process of its own; rounds go round the systems, so that whatever else the machine
does falls on all alike; the figure is the median over rounds of each burst's median, and the ratio is
peer / dualtape (above 1: dualtape is ahead). A peer that is not installed is left out. `--sites` alone measures what
remembering the user's lines costs.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

from compiled import COMPILED  # noqa: E402
from compiling import compile_rows  # noqa: E402
from counts import calls_per_operation  # noqa: E402
from eager_kernels import EAGER  # noqa: E402
from footprint import footprint_rows  # noqa: E402
from functional import FUNCTIONAL  # noqa: E402
from sites import sites_rows  # noqa: E402
from workloads import WORKLOADS  # noqa: E402


class System:
    """A worker process for one system."""

    def __init__(self, module, threads, mode="", path=None):
        env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads),
                   TF_CPP_MIN_LOG_LEVEL="3", PYTHONHASHSEED="0")  # fmt: skip
        if path is not None:
            env["PYTHONPATH"] = path
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), module, str(threads), mode],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env,
        )  # fmt: skip

    def time(self, workload):
        """Microseconds per step of one burst."""
        self.process.stdin.write(workload + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a worker ended during {workload!r}")
        return float(answer)

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait(timeout=30)


def installed(name):
    """Whether a peer can be imported."""
    return importlib.util.find_spec(name) is not None


def machine():
    """A line on the machine."""
    cpu = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*:\s*(.*)", info.read_text())
        cpu = found.group(1) if found else cpu
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, CPython {platform.python_version()}"


def versions():
    """Which versions were compared."""
    from importlib.metadata import PackageNotFoundError, version

    import dualtape

    out = [f"dualtape {dualtape.__version__}"]
    for name in ("numpy", "torch", "tensorflow-cpu", "tensorflow", "jax", "autograd"):
        try:
            out.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(out)


def measure(name, rounds, threads):
    """Median microseconds by system for one workload."""
    framework = WORKLOADS[name][0]
    systems = {"dualtape": System("dualtape." + framework, threads)}
    if installed(framework):
        systems[framework] = System(framework, threads)
        if framework == "tensorflow":
            systems["tf.function"] = System(framework, threads, "function")
    times = {s: [] for s in systems}
    for _ in range(rounds):
        for s, system in systems.items():
            times[s].append(system.time(name))
    for system in systems.values():
        system.close()
    return {s: statistics.median(t) for s, t in times.items()}


PACKAGES = {"torch.func": "torch", "jax.jit": "jax", "dualtape.unsafe": "dualtape", "dualtape.numpys": "dualtape",
            "torch.compile": "torch", "tf.function XLA": "tensorflow", "a Python function": "scipy"}  # fmt: skip


def table(what, mode, workloads, only, rounds, threads):
    """A row per workload and peer."""
    rows = [f"| {what} | dualtape us | peer us | ratio | aim |", "|---|---|---|---|---|"]
    for name, (makers, aims) in workloads.items():
        if not re.search(only, name):
            continue
        systems = {s: System(s, threads, mode) for s in makers if installed(PACKAGES.get(s, s))}
        times = {s: [] for s in systems}
        for _ in range(rounds):
            for s, system in systems.items():
                times[s].append(system.time(name))
        for system in systems.values():
            system.close()
        medians = {s: statistics.median(t) for s, t in times.items()}
        ours = medians.pop("dualtape")
        for peer, t in medians.items():
            if math.isnan(t):  # PyTorch's compiler wants one for C++
                rows.append(f"| {name} | {ours:.1f} | {peer} does not run here | | |")
                continue
            shown = aims.get(peer, "")
            rows.append(f"| {name} | {ours:.1f} | {peer} {t:.1f} | {t / ours:.2f} | {shown} |")
            print(rows[-1], flush=True)
    return rows


def main():
    """Run everything and write the table."""
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--only", default="")
    p.add_argument("--rounds", type=int, default=9)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--sites", action="store_true")
    p.add_argument("--no-write", action="store_true")
    a = p.parse_args()
    if a.sites:
        print("\n".join(sites_rows(System, WORKLOADS, 3 * a.rounds, a.threads)))
        return
    rows = ["| work | dualtape us | peer us | ratio | aim |", "|---|---|---|---|---|"]
    for name, (framework, _, aim) in WORKLOADS.items():
        if not re.search(a.only, name):
            continue
        times = measure(name, a.rounds, a.threads)
        ours = times.pop("dualtape")
        if not times:
            rows.append(f"| {name} | {ours:.1f} | {framework} is not installed | | {aim or ''} |")
        for peer, t in times.items():
            shown = aim if aim and peer == framework else ""
            rows.append(f"| {name} | {ours:.1f} | {peer} {t:.1f} | {t / ours:.2f} | {shown} |")
        print(rows[-1] if len(times) < 2 else "\n".join(rows[-len(times) :]), flush=True)
    rounds = min(a.rounds, 5)
    functional = table("transformation", "functional", FUNCTIONAL, a.only, rounds, a.threads)
    compiled = table("compiled", "compiled", COMPILED, a.only, rounds, a.threads)
    compiled += ["", *table("eager, large arrays", "eager", EAGER, a.only, rounds, a.threads)]
    extra = []
    if not a.only:
        extra = [*compile_rows(), *footprint_rows(), *calls_per_operation()]
        extra += sites_rows(System, WORKLOADS, 3 * a.rounds, a.threads)
    print("\n".join(extra))
    text = "\n".join([
        "# Results", "",
        f"Written by `python bench/run.py` on {datetime.date.today()}. Median of {a.rounds} interleaved rounds, {a.threads} thread(s); the ratio",
        "is the peer's time over dualtape's, so above 1 dualtape is ahead. Machines are shared: trust ratios, not microseconds.", "",
        f"- Machine: {machine()}", f"- Versions: {versions()}", "", *rows, "", *functional, "", *compiled, "", *extra, "",
    ])  # fmt: skip
    if not a.no_write and not a.only:
        (HERE / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
