"""Let `import torch` and `import tensorflow` be answered by dualtape.

    import dualtape.standin
    dualtape.standin.install("torch")

    import torch                              # dualtape.torch
    from torch.nn import functional as F      # dualtape.torch.nn.functional

A name stands for the very module object of dualtape: `sys.modules["torch.nn"]` is
`sys.modules["dualtape.torch.nn"]`, executed once, and its `__name__` stays dualtape's, so that what
is pickled under a stand-in can be read without one. Nothing is imported before the program asks.

A stand-in belongs to the process, as imports do. Processes started afresh (`multiprocessing` with
the start method "spawn") have none; forked ones inherit it.
"""

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING

from dualtape.core.missing import missing_hint

if TYPE_CHECKING:
    from importlib.abc import Loader
else:  # importing that takes half as long as dualtape, and a loader need not be one
    Loader = object

__all__ = ["FRONT_ENDS", "install", "installed", "uninstall"]

FRONT_ENDS: dict[str, dict[str, str]] = {
    "torch": {"torch": "dualtape.torch"},
    # Keras 3 is a package of its own, and programs reach TensorFlow's by either name.
    "tensorflow": {"tensorflow": "dualtape.tensorflow", "keras": "dualtape.tensorflow.keras"},
}
"""For each front end, the top-level packages that it answers for and the modules that answer."""


def install(*names: str) -> None:
    """Make imports of the named packages resolve to dualtape's front ends.

    Installing what is installed already changes nothing.

    Args:
        names: "torch", "tensorflow" or both; without a name, both.

    Raises:
        ValueError: There is no front end of that name.
        RuntimeError: The real package, or a module of it, is imported already; it cannot be
            replaced any more, since others may hold it.
    """
    with _LOCK:
        wanted = _packages(names)
        for alias, real in wanted.items():
            _refuse_if_imported(alias, real)
        _FINDER.aliases = {**_FINDER.aliases, **wanted}
        if _FINDER not in sys.meta_path:
            sys.meta_path.insert(0, _FINDER)


def uninstall(*names: str) -> None:
    """Let imports of the named packages find the real ones again.

    Modules that a program has imported meanwhile stay what they are: dualtape's.

    Args:
        names: "torch", "tensorflow" or both; without a name, both. One that is not installed is
            passed over.

    Raises:
        ValueError: There is no front end of that name.
    """
    with _LOCK:
        gone = _packages(names)
        for name in list(sys.modules):
            alias = name.partition(".")[0]
            if alias in gone and alias in _FINDER.aliases:
                del sys.modules[name]
        _FINDER.aliases = {a: real for a, real in _FINDER.aliases.items() if a not in gone}
        if not _FINDER.aliases and _FINDER in sys.meta_path:
            sys.meta_path.remove(_FINDER)


@contextmanager
def installed(*names: str) -> Iterator[None]:
    """Install stand-ins for the length of a `with` block.

    What was installed before the block is still installed after it.

    Args:
        names: As for `install`, which also says what is raised.
    """
    with _LOCK:
        wanted = names or tuple(FRONT_ENDS)
        _packages(wanted)
        fresh = [name for name in wanted if not FRONT_ENDS[name].items() <= _FINDER.aliases.items()]
        install(*wanted)
    try:
        yield
    finally:
        if fresh:
            uninstall(*fresh)


def _packages(names: Sequence[str]) -> dict[str, str]:
    """Return the packages that the named front ends (all, when none is named) answer for."""
    packages: dict[str, str] = {}
    for name in names or FRONT_ENDS:
        if name not in FRONT_ENDS:
            known = " and ".join(repr(known) for known in FRONT_ENDS)
            raise ValueError(f"dualtape can stand in for {known}, not for {name!r}")
        packages.update(FRONT_ENDS[name])
    return packages


def _refuse_if_imported(alias: str, real: str) -> None:
    """Raise when `alias` or a module in it is in use and is not dualtape's."""
    for name, module in sys.modules.copy().items():
        if name.partition(".")[0] != alias or _is_ours(module, real):
            continue
        where = getattr(module, "__file__", None) or "an unknown place"
        raise RuntimeError(
            f"dualtape cannot stand in for {alias!r}: {name!r} is already imported, from {where}\n"
            f"  Call dualtape.standin.install before the first `import {alias}`,"
            " or start the program with `dualtape run`"
        )


def _is_ours(module: ModuleType, real: str) -> bool:
    name = getattr(module, "__name__", "")
    return name == real or name.startswith(real + ".")


class _AliasFinder:
    """The meta path finder that answers for the packages in `aliases`."""

    def __init__(self) -> None:
        # Replaced, never changed, so that an import in another thread sees one state or the other.
        self.aliases: dict[str, str] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load `fullname`; None for names outside the packages we answer for.

        Raises:
            ModuleNotFoundError: The front end has no such module. Other finders are not asked:
                they would execute a file of dualtape's a second time, or mix in the real package.
        """
        alias, _, rest = fullname.partition(".")
        real_root = self.aliases.get(alias)
        if real_root is None:
            return None
        real = f"{real_root}.{rest}" if rest else real_root
        spec = _spec_of(real)
        if spec is not None:
            found = ModuleSpec(fullname, _AliasLoader(real, alias, real_root), origin=spec.origin)
            found.submodule_search_locations = spec.submodule_search_locations
            return found
        # `importlib.util.find_spec` is how a program asks whether a module is there: it gets an
        # answer. Its frame is two above ours, behind importlib's own search.
        if sys._getframe(2).f_code is importlib.util.find_spec.__code__:
            return None
        raise ModuleNotFoundError(_no_module(fullname, real), name=fullname)


class _AliasLoader(Loader):
    """Loads a module of dualtape under the name of the package that it stands in for."""

    def __init__(self, real: str, alias: str, real_root: str) -> None:
        self._real = real
        self._alias = alias
        self._real_root = real_root
        self._own_spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the one module object, imported under its own name if it was not yet."""
        module = importlib.import_module(self._real)
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back, which importlib has just replaced by the alias's."""
        module.__spec__ = self._own_spec
        self._mirror_loaded()

    def _mirror_loaded(self) -> None:
        """Enter what the front end has imported of itself under the alias's names as well.

        Not only a short cut: importing a submodule sets it as an attribute of its package, which
        would hide, say, a function `gradcheck` behind the module `gradcheck` that defines it.
        Found in `sys.modules`, nothing is set.
        """
        prefix = self._real_root + "."
        for name, module in sys.modules.copy().items():
            # One that another thread is still executing is left to be imported, which waits for it.
            busy = getattr(getattr(module, "__spec__", None), "_initializing", False)
            if name.startswith(prefix) and not busy:
                sys.modules.setdefault(f"{self._alias}.{name.removeprefix(prefix)}", module)


def _spec_of(real: str) -> ModuleSpec | None:
    """Return the spec of a module of dualtape, importing its parents; None when there is none."""
    if real in sys.modules:
        # A namespace made at run time has no spec of its own; its name and place will do.
        return sys.modules[real].__spec__ or ModuleSpec(real, None)
    try:
        return importlib.util.find_spec(real)
    except ModuleNotFoundError as error:
        # A missing parent (or one that is no package) is "no such module"; any other name is a
        # dependency that the front end itself wants, and its error is the one to show.
        if error.name is not None and (real + ".").startswith(error.name + "."):
            return None
        raise


def _no_module(fullname: str, real: str) -> str:
    message = f"No module named {fullname!r}"
    package_name, _, leaf = real.rpartition(".")
    package = sys.modules.get(package_name)
    if "." not in fullname or package is None:
        return f"{message}\n  this dualtape has no {real}"
    # Only an error needs it, and it costs a millisecond to import.
    import pkgutil

    submodules = {info.name for info in pkgutil.iter_modules(package.__path__)}
    return f"{message}\n{missing_hint(package_name, leaf, submodules)}"


_LOCK = threading.RLock()
_FINDER = _AliasFinder()
