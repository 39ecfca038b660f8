"""Say which name a front end lacks, what comes near it, and where the covered ones are listed.

A front end ends its ``__init__.py`` (and any other public module) with::

    def __getattr__(name: str) -> NoReturn:
        raise missing_attribute(__name__, name, globals())

`missing_hint` is the same advice as text, for errors that are not about a module's attribute. A package some of whose
names are in files that are read when first asked for ends with `late_attribute` instead.
"""

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from opcode import opname
from types import FrameType
from typing import Any

COVERAGE_PAGE = "docs/coverage.md"


def missing_attribute(
    module_name: str, attribute: str, candidates: Iterable[str]
) -> AttributeError | ImportError:
    """Return the error for reading a name that a module of dualtape does not have.

    It is an `AttributeError`, so that `hasattr` and `getattr` with a default work. Asked for by
    `from module import name` it is an `ImportError`: Python would replace an `AttributeError`
    there by a message of its own, and the advice would be lost.

    Args:
        module_name: The module's ``__name__``; ``dualtape.torch.nn`` is called ``torch.nn`` in the
            message, as its user knows it.
        attribute: The name that is missing.
        candidates: The names that exist, ``globals()`` for instance; private ones are left out.

    Returns:
        The error, for the caller to raise.
    """
    shown = module_name.removeprefix("dualtape.")
    advice = ""
    # Dunders are looked up by tools (inspect, copy, IPython), not by people.
    if not attribute.startswith("__"):
        advice = "\n" + missing_hint(module_name, attribute, candidates)
    if _asked_by_from_import(sys._getframe(1)):
        message = f"cannot import name {attribute!r} from {shown!r}{advice}"
        return ImportError(message, name=module_name)
    message = f"module {shown!r} has no attribute {attribute!r}{advice}"
    # With `obj` left to Python, its own "Did you mean" would repeat the advice.
    return AttributeError(message, name=attribute, obj=None)


def late_attribute(
    package: str, files: Mapping[str, str], name: str, candidates: Iterable[str]
) -> Any:
    """Return what a package has under a name whose file is read when it is first asked for.

    Args:
        package: The package's ``__name__``.
        files: By name the file in it; a file that is called as the name is what is meant.
        name: The name that was asked for.
        candidates: The other names that exist, ``globals()`` for instance.

    Raises:
        AttributeError, ImportError: There is none; see `missing_attribute`.
    """
    file = files.get(name)
    if file is None:
        raise missing_attribute(package, name, [*candidates, *files])
    module = import_module(f"{package}.{file}")
    return module if file == name else getattr(module, name)


def missing_hint(owner: str, name: str, candidates: Iterable[str]) -> str:
    """Return the advice for a missing name: the nearest existing ones and the coverage page.

    Args:
        owner: What lacks the name, a module or class of dualtape.
        name: The missing name.
        candidates: The names that `owner` has; private ones are left out.

    Returns:
        Up to two lines, indented by two blanks.
    """
    close = nearest_names(name, candidates)
    lines = [f"  {COVERAGE_PAGE} lists what dualtape covers"]
    if close:
        lines.insert(0, f"  nearest in {owner}: {', '.join(close)}")
    return "\n".join(lines)


def nearest_names(name: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """Return the public names among `candidates` that look most like `name`, the best first.

    Args:
        name: The name that was looked for.
        candidates: The names to compare it with.
        limit: How many to return at most.

    Returns:
        The nearest names; none when nothing is near. Case is ignored, so ``ReLU`` finds ``relu``.
    """
    # An error path only: 2 ms that `import dualtape` need not pay.
    import difflib

    wanted = name.lower()
    letters = set(wanted)
    # difflib alone takes 5 ms for the 1500 names of torch, and each `hasattr` that fails comes
    # through here; names that share too few letters are not near, and are cheap to tell.
    by_lower: dict[str, list[str]] = {}
    for candidate in candidates:
        lower = candidate.lower()
        if candidate[:1] != "_" and 2 * len(letters.intersection(lower)) >= len(letters):
            by_lower.setdefault(lower, []).append(candidate)
    close = difflib.get_close_matches(wanted, by_lower, n=limit, cutoff=0.65)
    return [candidate for lower in close for candidate in sorted(by_lower[lower])][:limit]


def _asked_by_from_import(frame: FrameType | None) -> bool:
    """Tell whether the `__getattr__` that called `frame` serves a `from module import name`."""
    while frame is not None and frame.f_code.co_name != "__getattr__":
        frame = frame.f_back
    importer = None if frame is None else frame.f_back
    if importer is None or importer.f_lasti < 0:
        return False
    return opname[importer.f_code.co_code[importer.f_lasti]] == "IMPORT_FROM"
