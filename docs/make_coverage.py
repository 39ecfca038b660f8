"""Write docs/coverage.md and coverage.zh.md: which names of PyTorch and TensorFlow exist in dualtape, and which do not.

Run as `python docs/make_coverage.py`, beside the real packages, so that the missing names are known.
"""

from __future__ import annotations

import importlib
import inspect
import pathlib

import texts

DOCS = pathlib.Path(__file__).parent

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


def found():
    """What there is: for each package, its modules with our names and theirs (None: there is no such module, or no real package)."""
    return {
        package: [
            (f"{package}.{room}" if room else package, names_of(f"dualtape.{package}", room), names_of(package, room))
            for room in rooms
        ]
        for package, rooms in ROOMS.items()
    }  # fmt: skip


def page(rooms_of, language="en"):
    """The page's text."""
    said = texts.COVERAGE[language]
    lines = [said["head"].format(twin=texts.twin("coverage", language))]
    for package, rooms in rooms_of.items():
        lines += [f"## {package}", "", said["table"], "|---|---|---|"]
        details = []
        for title, ours, theirs in rooms:
            if ours is None:
                lines.append(f"| `{title}` | {texts.NONE[language]} | {len(theirs or ())} |")
                continue
            if theirs is None:
                lines.append(f"| `{title}` | {len(ours)} | {said['absent']} |")
                theirs = ours
            else:
                lines.append(f"| `{title}` | {len(ours & theirs)} | {len(theirs)} |")
            there, missing = sorted(ours & theirs), sorted(theirs - ours)
            names = said["comma"].join(f"`{n}`" for n in there)
            details += ["", f"### {title}", "", said["there"].format(names)]
            if missing:
                summary = f"<details><summary>{said['missing']}</summary>"
                details += ["", summary, "", ", ".join(missing) + ".", "", "</details>"]
        lines += [*details, ""]
    return "\n".join(lines)


def main():
    """Write the pages."""
    rooms_of = found()
    for language in texts.LANGUAGES:
        (DOCS / texts.file_of("coverage", language)).write_text(
            page(rooms_of, language), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
