"""Become another program: run a file or a module as `python` runs it, in this process.

What the program can see is what it sees under `python`: `sys.argv`, `sys.path[0]`, a `__main__`
module of its own that pickle, dataclasses and inspect find, its exit status, and tracebacks that
begin at its own first line. Nothing is put back afterwards: threads, `atexit` functions and
destructors of the program still run in it.
"""

import builtins
import importlib.util
import os
import sys
import types
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import NoReturn

from dualtape import standin


def run_file(path: str, arguments: Sequence[str]) -> None:
    """Run a Python file, or the `__main__.py` of a directory or zip file, as `python path` does.

    Args:
        path: The program.
        arguments: What it finds in `sys.argv[1:]`.

    Raises:
        SystemExit: The file cannot be read (status 2), or the program said so.
        BaseException: Whatever the program raises; its traceback shows the program's frames.
    """
    absolute = os.path.abspath(path)
    sys.argv = [path, *arguments]
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
        _run_container(absolute)
        return
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        fail(f"can't open file {absolute!r}: [Errno {error.errno}] {error.strerror}")
    _set_first_path(os.path.dirname(os.path.realpath(path)))
    main = _new_main(SourceFileLoader("__main__", absolute), absolute)
    with _UserTraceback():
        exec(compile(source, absolute, "exec", dont_inherit=True), vars(main))


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Run a module, or the `__main__` module of a package, as `python -m name` does.

    Args:
        name: The module's dotted name.
        arguments: What it finds in `sys.argv[1:]`.

    Raises:
        SystemExit: There is no such module (status 1), or the program said so.
        BaseException: Whatever the program raises; its traceback shows the program's frames.
    """
    _set_first_path(os.getcwd())
    # While its packages are imported the program's own path is not known yet; python has "-m" here.
    sys.argv = ["-m", *arguments]
    with _UserTraceback():
        spec = _find_module(name)
        if spec is not None and spec.submodule_search_locations is not None:
            package, name = name, name + ".__main__"
            spec = _find_module(name)
            if spec is None:
                reason = f"{package!r} is a package and cannot be directly executed"
                fail(f"No module named {name}; {reason}", status=1)
        if spec is None:
            fail(f"No module named {name}", status=1)
        sys.argv[0] = spec.origin or sys.argv[0]
        _run_spec(spec)


def fail(message: str, status: int = 2) -> NoReturn:
    """Print a message to standard error in the command's name and exit.

    Args:
        message: What went wrong; the name of the command is put before it.
        status: The exit status.

    Raises:
        SystemExit: Always.
    """
    print(f"dualtape: {message}", file=sys.stderr)
    raise SystemExit(status)


def _run_container(path: str) -> None:
    # Here python puts the path in even with -P: the program's own modules are inside.
    if sys.flags.safe_path:
        sys.path.insert(0, path)
    else:
        sys.path[0] = path
    spec = PathFinder.find_spec("__main__", [path])
    if spec is None:
        fail(f"can't find '__main__' module in {path!r}", status=1)
    with _UserTraceback():
        _run_spec(spec)


def _find_module(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        # A parent that does not exist, or is not a package; not a module that the parent imports.
        if error.name is not None and (name + ".").startswith(error.name + "."):
            return None
        raise


def _run_spec(spec: ModuleSpec) -> None:
    # Not every loader has one: not those of extension modules and namespace packages.
    get_code = getattr(spec.loader, "get_code", None)
    code = None if get_code is None else get_code(spec.name)
    if code is None:
        fail(f"No code object available for {spec.name}", status=1)
    main = _new_main(spec.loader, spec.origin)
    main.__spec__ = spec
    main.__package__ = spec.parent
    main.__dict__["__cached__"] = spec.cached
    exec(code, vars(main))


def _new_main(loader: object, file: str | None) -> types.ModuleType:
    """Put an empty `__main__` in place, with the names that python gives to a program's."""
    main = types.ModuleType("__main__")
    names = {"__loader__": loader, "__file__": file, "__cached__": None, "__annotations__": {}}
    vars(main).update(names, __builtins__=builtins)
    sys.modules["__main__"] = main
    return main


def _set_first_path(directory: str) -> None:
    # With -P or PYTHONSAFEPATH python adds no directory of its own, so there is none to replace.
    if not sys.flags.safe_path:
        sys.path[0] = directory


class _UserTraceback:
    """Lets exceptions out of a `with` block so that their tracebacks begin in the program.

    They are not caught: python itself ends the process as it ends any program's, KeyboardInterrupt
    (death by SIGINT, 130 in a shell) included. Only the display is changed, through whatever
    `sys.excepthook` the program has set.
    """

    def __enter__(self) -> None:
        """Do nothing: only the way out matters."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        """Have the traceback shown without the frames that are not the program's."""
        if error is None or isinstance(error, SystemExit):
            return
        for link in _chain(error):
            link.__traceback__ = _program_frames(link.__traceback__)
        ours, shown, program_hook = error, error.__traceback__, sys.excepthook

        def show(
            kind: type[BaseException],
            error: BaseException,
            traceback: types.TracebackType | None,
        ) -> None:
            if error is ours:
                # Leaving the frames between here and the process's first, it gained them again.
                error.__traceback__ = traceback = shown
            program_hook(kind, error, traceback)

        sys.excepthook = show


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those it was raised from or in the handling of, each once."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [link.__cause__, link.__context__]


def _program_frames(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """Return a traceback without the frames of this launcher, the stand-in and importlib."""
    kept = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename not in _HIDDEN and not code.co_filename.startswith(_HIDDEN_FROZEN):
            kept.append(traceback)
        traceback = traceback.tb_next
    inner = None
    for outer in reversed(kept):
        outer.tb_next = inner
        inner = outer
    return inner


_HIDDEN = frozenset({__file__, standin.__file__})
_HIDDEN_FROZEN = ("<frozen importlib", "<frozen runpy", "<frozen zipimport")
