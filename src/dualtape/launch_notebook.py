"""Run a Jupyter notebook from the command line, its kernel under `dualtape run`."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from dualtape.launch import fail

PACKAGES = ("nbclient", "nbformat", "ipykernel")
"""What running a notebook needs; the extra `notebook` brings it."""


def run_notebook(path: Path, output: Path | None = None) -> int:
    """Execute a notebook's cells in order and print their outputs as they come.

    Streams go where they went, results and displayed objects to standard output as text. The first
    cell that raises ends the run.

    Args:
        path: The notebook. Cells run in its directory.
        output: Where to write the executed notebook, also when a cell raised; nowhere if None.

    Returns:
        The exit status: 1 when a cell raised.

    Raises:
        SystemExit: The file cannot be read or is no notebook, or the extra `notebook` is missing.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        fail(f"running a notebook needs {', '.join(missing)}: pip install 'dualtape[notebook]'")
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except OSError as error:
        fail(f"can't open file {str(path.resolve())!r}: [Errno {error.errno}] {error.strerror}")
    except nbformat.reader.NotJSONError as error:
        fail(f"{str(path)!r} is not a notebook: {error}")
    try:
        return _execute(notebook, path.resolve().parent)
    finally:
        if output is not None:
            nbformat.write(notebook, output)


def _execute(notebook: Any, directory: Path) -> int:
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    class ThisPython(KernelSpecManager):  # type: ignore[misc]  # jupyter_client has no types
        """Finds one kernel whatever the notebook names: this interpreter, under `dualtape run`."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            kernel = ["-m", "dualtape", "run", "-m", "ipykernel_launcher"]
            # Errors only: it warns that what it says over the loopback address is not encrypted.
            options = ["-f", "{connection_file}", "--IPKernelApp.log_level=40"]
            argv = [sys.executable, *kernel, *options]
            return KernelSpec(argv=argv, display_name="dualtape", language="python")

    class ThisKernel(AsyncKernelManager):  # type: ignore[misc]  # jupyter_client has no types
        """Starts that kernel."""

        def __init__(self, **traits: Any) -> None:
            super().__init__(kernel_spec_manager=ThisPython(), **traits)

    class Printing(NotebookClient):  # type: ignore[misc]  # nbclient has no types
        """Prints each output when the kernel sends it."""

        def output(self, outs: Any, msg: Any, display_id: str, cell_index: int) -> Any:
            _print_output(msg["msg_type"], msg["content"])
            return super().output(outs, msg, display_id, cell_index)

    client = Printing(
        notebook,
        kernel_manager_class=ThisKernel,
        timeout=None,
        resources={"metadata": {"path": str(directory)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        text = error.traceback.rstrip()
        print(text if sys.stderr.isatty() else _without_colours(text), file=sys.stderr)
        return 1
    except (DeadKernelError, RuntimeError) as error:
        fail(f"the notebook's kernel died: {error}", status=1)
    return 0


def _print_output(kind: str, content: Any) -> None:
    if kind == "stream":
        stream = sys.stderr if content["name"] == "stderr" else sys.stdout
        stream.write(content["text"])
        stream.flush()
    elif kind in ("display_data", "execute_result"):
        # Every display has a text form unless its object chose to have none.
        text = content["data"].get("text/plain")
        if text is not None:
            print(text, flush=True)


def _without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
