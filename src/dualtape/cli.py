"""The command `dualtape`: run a program written for PyTorch or TensorFlow, or say what is here."""

import argparse
import importlib
import importlib.util
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import dualtape
from dualtape import standin
from dualtape.launch import fail, run_file, run_module
from dualtape.launch_notebook import run_notebook

EXTRAS = {
    "sci": ("scipy",),
    "compile": ("llvmlite",),
    "bf16": ("ml_dtypes",),
    "notebook": ("nbclient", "nbformat", "ipykernel"),
}
"""The extras that `dualtape info` reports, with the packages that each brings."""


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit status.

    `run` turns the process into the program: `sys.argv`, `sys.path` and `__main__` are the
    program's from then on, and whatever it raises, `SystemExit` included, is raised here.

    Args:
        argv: The arguments after the command's name; None for those of the process.
    """
    own, rest = _split(sys.argv[1:] if argv is None else list(argv))
    parser = _parser()
    options = parser.parse_args(own)
    if options.command == "info":
        return _info()
    if options.command == "run":
        return _run(options, rest)
    if options.command == "explain":
        return _explain(options, rest)
    parser.print_help()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dualtape",
        description="Automatic differentiation for PyTorch and TensorFlow programs, on NumPy.",
    )
    parser.add_argument("--version", action="version", version=f"dualtape {dualtape.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    run = commands.add_parser(
        "run",
        help="run a program with `import torch` and `import tensorflow` answered by dualtape",
        usage="dualtape run [-h] [--output FILE] (-m module | program.py | notebook.ipynb) [args]",
        description="Run a program, a module or a notebook with `import torch`, `import tensorflow`"
        " and `import keras` answered by dualtape. What follows its name is handed to it.",
    )
    run.add_argument("-m", dest="module", metavar="module", help="run a module, as `python -m`")
    run.add_argument("--output", metavar="FILE", help="write the executed notebook to FILE")
    run.add_argument("program", nargs="?", help=argparse.SUPPRESS)
    explain = commands.add_parser(
        "explain",
        help="run a program and write a page that shows its graphs and gradients, step by step",
        usage="dualtape explain [-h] (-m module | program.py) [--output PAGE] [--no-open] [--compare PAGE] [--] [args]",
        description="Run a program or a module as `dualtape run` does, and write one HTML page that replays it: source,"
        " graph, forward pass and every backward pass, rule by rule, with the numbers.",
    )
    explain.add_argument("-m", dest="module", metavar="module", help="run a module, as `python -m`")
    explain.add_argument(
        "--output",
        metavar="PAGE",
        help="where to write the page; by default <program>.explain.html",
    )
    explain.add_argument("--no-open", action="store_true", help="do not open it in the browser")
    explain.add_argument(
        "--compare", metavar="PAGE", help="an earlier page, whose run is shown beside this one"
    )
    explain.add_argument("program", nargs="?", help=argparse.SUPPRESS)
    commands.add_parser("info", help="show versions, front ends and extras")
    return parser


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Split the arguments of `run` and `explain` into dualtape's own and those of the program.

    The program's begin after its name, as for `python`, whatever they look like; argparse would
    take `-m` or `--` away from them. Options of `explain` may stand right behind the name too: `--` ends them.
    """
    if words[:1] not in (["run"], ["explain"]):
        return words, []
    i = 1
    while i < len(words) and words[i].startswith("-") and words[i] != "-":
        if words[i].startswith("-m"):
            break
        i += _EXPLAIN.get(words[i], 1)
    end = i + 2 if words[i : i + 1] == ["-m"] else i + 1
    own, rest = words[:end], words[end:]
    if words[0] == "explain":
        while rest and rest[0] in _EXPLAIN:
            count = _EXPLAIN[rest[0]]
            own[1:1] = rest[:count]
            rest = rest[count:]
        rest = rest[rest[:1] == ["--"] :]
    return own, rest


_EXPLAIN = {"--output": 2, "--compare": 2, "--no-open": 1}
"""Options of `explain`, with how many words they take."""


def _run(options: argparse.Namespace, arguments: list[str]) -> int:
    is_notebook = options.module is None and Path(options.program or "").suffix == ".ipynb"
    if options.program is None and options.module is None:
        fail("run needs a program, a notebook or -m module; `dualtape run --help` shows how")
    if options.output is not None and not is_notebook:
        fail("--output is for notebooks: it names the file for the executed one")
    if is_notebook:
        if arguments:
            fail(f"a notebook takes no arguments: {' '.join(arguments)}")
        return run_notebook(Path(options.program), options.output and Path(options.output))
    try:
        standin.install()
    except RuntimeError as error:
        fail(str(error))
    if options.module is not None:
        run_module(options.module, arguments)
    else:
        run_file(options.program, arguments)
    return 0


def _explain(options: argparse.Namespace, arguments: list[str]) -> int:
    if options.program is None and options.module is None:
        fail("explain needs a program or -m module; `dualtape explain --help` shows how")
    if Path(options.program or "").suffix == ".ipynb":
        fail("explain is for programs; in a notebook, %load_ext dualtape and %%explain a cell")
    # Only this command needs what draws pages.
    command = importlib.import_module("dualtape.show.command")
    compared = None
    if options.compare is not None:
        try:
            compared = command.earlier(Path(options.compare))
        except (OSError, ValueError) as error:
            fail(f"cannot compare with {options.compare!r}: {error}")
    if options.module is None and not Path(options.program).exists():
        run_file(options.program, arguments)  # which says so: there is nothing to make a page of
    try:
        standin.install()
    except RuntimeError as error:
        fail(str(error))
    command.explain_program(
        options.module or options.program,
        arguments,
        run_file if options.module is None else run_module,
        output=options.output and Path(options.output),
        show=not options.no_open,
        compared=compared,
    )
    return 0


def _info() -> int:
    """Print what is installed; a package that is found but broken raises its own error."""
    print(f"dualtape {dualtape.__version__} in {Path(__file__).parent}")
    print(f"Python {platform.python_version()}, NumPy {_version('numpy')}")
    for name, packages in standin.FRONT_ENDS.items():
        here = importlib.util.find_spec(packages[name]) is not None
        print(f"front end {name}: {packages[name] if here else 'not in this version'}")
    for extra, modules in EXTRAS.items():
        missing = [m for m in modules if importlib.util.find_spec(m) is None]
        found = ", ".join(f"{m} {_version(m)}" for m in modules if m not in missing)
        advice = f"pip install 'dualtape[{extra}]' brings {', '.join(missing)}" if missing else ""
        print(f"extra {extra}: {'; '.join(part for part in (found, advice) if part)}")
    return 0


def _version(module: str) -> str:
    return str(importlib.import_module(module).__version__)
