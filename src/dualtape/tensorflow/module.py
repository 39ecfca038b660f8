"""`tf.Module`: an object that knows its variables and submodules."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from . import nest
from .names import name_scope, snake_case
from .variable import Variable


class Module:
    """Base of classes that hold variables.

    Args:
        name: A Python identifier; by default the class's name in snake case.

    Raises:
        ValueError: `name` is no identifier.
    """

    # Attributes of a class that are not searched for variables.
    _TF_MODULE_IGNORED_PROPERTIES: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = snake_case(type(self).__name__)
        if not name.isidentifier():
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid Python identifiers "
                "(e.g. a valid class name)."
            )
        self._name = name
        self._name_scope = name_scope(name)

    @property
    def name(self) -> str:
        """The module's name."""
        return self._name

    @property
    def name_scope(self) -> Any:
        """A context in which variables are named after the module."""
        return _NamedScope(self._name + "/")

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of this module and its submodules: attributes by name, own ones first."""
        return tuple(_unique(self._flatten(lambda x: isinstance(x, Variable))))

    def compiled_keepers(self) -> tuple[Variable, ...]:
        """What compiled programs read at each call: see `compiler.reach`."""
        return self.variables

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those of the variables that are trainable."""
        return tuple([v for v in self.variables if v.trainable])

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """Those of the variables that are not trainable."""
        return tuple([v for v in self.variables if not v.trainable])

    @property
    def submodules(self) -> tuple[Module, ...]:
        """The modules in this one's attributes, and in theirs."""
        return tuple(_unique(self._flatten(lambda x: isinstance(x, Module))))

    def _flatten(
        self, wanted: Callable[[Any], bool], seen: set[int] | None = None
    ) -> Iterator[Any]:
        """Yield attributes (and what is nested in them) that are wanted, then those of submodules."""
        seen = {id(self)} if seen is None else seen
        modules: list[Module] = []
        attributes = vars(self)
        for name in sorted(attributes):
            if name in self._TF_MODULE_IGNORED_PROPERTIES or name == "_name_scope":
                continue
            for leaf in _leaves(attributes[name]):
                if wanted(leaf) and id(leaf) not in seen:
                    if not isinstance(leaf, Module):
                        seen.add(id(leaf))
                    yield leaf
                if isinstance(leaf, Module) and id(leaf) not in seen:
                    seen.add(id(leaf))
                    modules.append(leaf)
        for module in modules:
            yield from module._flatten(wanted, seen)

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a method to run in the module's name scope."""

        @functools.wraps(method)
        def in_scope(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return in_scope


class _NamedScope(name_scope):
    @property
    def name(self) -> str:
        """The scope's name with its slash."""
        return self._name


def _leaves(value: Any) -> list[Any]:
    try:
        return nest.flatten(value)
    except TypeError:  # a dict with keys that cannot be sorted holds nothing of ours
        return []


def _unique(items: Iterator[Any]) -> list[Any]:
    seen: set[int] = set()
    return [x for x in items if not (id(x) in seen or seen.add(id(x)))]  # type: ignore[func-returns-value]
