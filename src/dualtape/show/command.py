"""`dualtape explain`: run a program under the recorder, and write the page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .session import Session
from .webpage import model_in, opened, page_of

Runner = Callable[[str, Sequence[str]], None]


def recorded(
    program: str, arguments: Sequence[str], run: Runner
) -> tuple[Session, BaseException | None]:
    """Run a program under the recorder.

    Args:
        program: Its path, or a module's name.
        arguments: What it is given.
        run: Runs it, as `launch.run_file` does.

    Returns:
        The session, and what the program ended with: an exception (`SystemExit` included), or None.
    """
    session = Session(program, list(arguments), sys._getframe())
    try:
        with session.recording():
            run(program, arguments)
    except BaseException as end:  # the program's own: it goes on when the page is written
        return session, end
    return session, None


def earlier(page: Path) -> dict[str, Any]:
    """The model of an earlier run, from its page.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no page of `dualtape explain`.
    """
    return model_in(page.read_text(encoding="utf-8"))


def explain_program(
    program: str,
    arguments: Sequence[str],
    run: Runner,
    *,
    output: Path | None = None,
    show: bool = True,
    compared: dict[str, Any] | None = None,
) -> None:
    """Run a program, write its page, and go on as the program ended.

    Args:
        program, arguments, run: See `recorded`.
        output: Where to write the page; by default `<program>.explain.html` in the current directory.
        show: Whether to open it in the browser, where there is one.
        compared: The model of an earlier run to show beside it.

    Raises:
        BaseException: What the program raised, `SystemExit` included, when the page is written.
        SystemExit: The page cannot be written (status 1), and the program raised nothing.
    """
    name = Path(program)
    stem = name.stem if name.suffix in (".py", ".zip", ".pyz") else name.name
    path = Path.cwd() / (f"{stem}.explain.html" if output is None else output)
    session, end = recorded(program, arguments, run)
    models = [session.model(), *([] if compared is None else [compared])]
    sys.stdout.flush()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page_of(models), encoding="utf-8")
    except OSError as error:
        print(f"dualtape: the page cannot be written: {error}", file=sys.stderr)
        if end is None:
            raise SystemExit(1) from error
    else:
        if not (show and opened(path)):
            print(f"dualtape: the page is {path}", file=sys.stderr)
    if end is not None:
        raise end
