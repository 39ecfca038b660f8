"""`%load_ext dualtape`: the magic `%%explain`, which runs a cell and shows its page under it, and what tensors look like."""

from __future__ import annotations

import sys
from typing import Any

from . import syntax
from .live import Explanation
from .reprs import register
from .session import Session


def load(shell: Any) -> None:
    """Register the magics with a running IPython, and how it shows tensors, modules and tapes.

    Args:
        shell: What IPython hands to `load_ipython_extension`.
    """

    def explain(line: str, cell: str) -> Explanation | None:
        """Run the cell and show its graphs and gradients, step by step.

        `%%explain page.html` writes the page to a file too.
        """
        return explained(shell, line.strip(), cell)

    shell.register_magic_function(explain, magic_kind="cell", magic_name="explain")
    register(shell)


def explained(shell: Any, output: str, cell: str) -> Explanation | None:
    """Run a cell under the recorder; None if nothing in it was an operation.

    Args:
        shell: The running IPython.
        output: A file for the page, "" for none.
        cell: The cell's source.
    """
    syntax.forget()
    session = Session("cell", [], sys._getframe())
    with session.recording():
        result = shell.run_cell(cell)
    session.error = result.error_before_exec or result.error_in_exec
    page = Explanation(session.model())
    if output:
        page.save(output)
    return page if page.model["graphs"] else None
