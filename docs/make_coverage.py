"""Write docs/coverage.md: which names of PyTorch and TensorFlow exist in dualtape, and which do not.

Run as `python docs/make_coverage.py`, beside the real packages, so that the missing names are known.
"""

from __future__ import annotations

import importlib
import inspect
import pathlib

PAGE = pathlib.Path(__file__).parent / "coverage.md"

ROOMS = {
    "torch": [
        "", "Tensor", "autograd", "autograd.forward_ad", "autograd.graph", "func", "linalg", "fft", "special", "nn", "nn.functional", "nn.init",
        "nn.utils", "nn.utils.parametrize", "nn.utils.prune", "nn.utils.rnn", "optim", "optim.lr_scheduler", "utils.data",
    ],
    "tensorflow": [
        "", "math", "linalg", "nn", "random", "autodiff", "errors", "keras", "keras.layers", "keras.losses", "keras.optimizers",
        "keras.metrics", "keras.initializers",
    ],
}  # fmt: skip


def names_of(package, room):
    """The public names of a module or class; None where it does not exist."""
    try:
        thing = importlib.import_module(package)
        for part in room.split(".") if room else ():
            try:
                thing = getattr(thing, part)
            except AttributeError:
                thing = importlib.import_module(f"{thing.__name__}.{part}")
    except ImportError:
        return None
    modules = inspect.ismodule
    return {n for n in dir(thing) if not n.startswith("_") and not modules(getattr(thing, n, None))}


def main():
    """Write the page."""
    lines = [
        "# Coverage", "",
        "Which public names of PyTorch 2.13 and TensorFlow 2.21 dualtape has. Written by `docs/make_coverage.py`, which compares the",
        "namespaces; that a name exists does not say that every argument of it is supported, but what is not raises an error that says so.",
        "Names below that are struck from PyTorch's CUDA, distributed, quantised, sparse and JIT parts are not planned for now.", "",
    ]  # fmt: skip
    for package, rooms in ROOMS.items():
        lines += [f"## {package}", "", "| module | there | of |", "|---|---|---|"]
        details = []
        for room in rooms:
            title = f"{package}.{room}" if room else package
            ours = names_of(f"dualtape.{package}", room)
            theirs = names_of(package, room)
            if ours is None:
                lines.append(f"| `{title}` | none | {len(theirs or ())} |")
                continue
            if theirs is None:
                lines.append(f"| `{title}` | {len(ours)} | the real package is not installed |")
                theirs = ours
            else:
                lines.append(f"| `{title}` | {len(ours & theirs)} | {len(theirs)} |")
            there, missing = sorted(ours & theirs), sorted(theirs - ours)
            details += [
                "",
                f"### {title}",
                "",
                "There: " + ", ".join(f"`{n}`" for n in there) + ".",
            ]
            if missing:
                details += [
                    "",
                    "<details><summary>Not there</summary>",
                    "",
                    ", ".join(missing) + ".",
                    "",
                    "</details>",
                ]
        lines += [*details, ""]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
