"""Which arguments a transformation is about: by position, by name, or several of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .surface import called

Argnums = int | str | tuple[int | str, ...] | list[int | str]


def name_of(f: Any) -> str:
    """A function's name, for messages."""
    return str(getattr(f, "__name__", type(f).__name__))


class Selection:
    """The arguments of `f` that `argnums` chooses, found anew for each call.

    Args:
        f: The function.
        argnums: A position (negative from the end), a parameter's name, or a tuple of these.
        what: The transformation, for messages.

    Raises:
        TypeError: `f` is not callable, or `argnums` is of another type.
    """

    __slots__ = ("_places", "_what", "f", "single")

    def __init__(self, f: Callable[..., Any], argnums: Argnums, what: str) -> None:
        if not callable(f):
            raise TypeError(f"{what}: expected a function, got {type(f).__name__}")
        self.f = f
        self._what = what
        self.single = not isinstance(argnums, (tuple, list))
        self._places: tuple[Any, ...] = (argnums,) if self.single else tuple(argnums)  # type: ignore[arg-type]
        for place in self._places:
            if isinstance(place, bool) or not isinstance(place, (int, str)):
                raise TypeError(
                    f"{what}: argnums must be positions or names, got {type(place).__name__}"
                )

    def of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """The call of `f` with these arguments.

        Raises:
            TypeError: A chosen argument was not given.
        """
        return Call(self, self._locate(args, kwargs), args, kwargs)

    def _locate(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """Return, per chosen argument, its key: an index into `args` or a name in `kwargs`.

        Raises:
            TypeError: An argument was not given.
        """
        keys: list[Any] = []
        for place in self._places:
            if isinstance(place, int):
                index = place + len(args) if place < 0 else place
                if not 0 <= index < len(args):
                    raise TypeError(
                        f"{self._what} with respect to argument {place} of {name_of(self.f)}, which was called "
                        f"with {len(args)} positional argument{'s' * (len(args) != 1)}"
                    )
                keys.append(index)
            elif place in kwargs:
                keys.append(place)
            else:
                at = _position(self.f, place)
                if at is None or at >= len(args):
                    raise TypeError(
                        f"{self._what} with respect to {place!r}, which {name_of(self.f)} was called without"
                    )
                keys.append(at)
        return keys


class Call:
    """One call of a function, whose chosen arguments may be put in anew.

    Attributes:
        chosen: The chosen argument; a tuple of them where `argnums` was one.
    """

    __slots__ = ("_args", "_keys", "_kwargs", "_selection", "chosen")

    def __init__(
        self, selection: Selection, keys: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._selection, self._keys, self._args, self._kwargs = selection, keys, args, kwargs
        found = [args[k] if isinstance(k, int) else kwargs[k] for k in keys]
        self.chosen: Any = found[0] if selection.single else tuple(found)

    def run(self, chosen: Any) -> Any:
        """Call the function with `chosen` in place of what it was called with."""
        args, kwargs = list(self._args), self._kwargs.copy()
        values = (chosen,) if self._selection.single else chosen
        for k, v in zip(self._keys, values, strict=True):
            if k.__class__ is int:
                args[k] = v
            else:
                kwargs[k] = v
        return called(self._selection.f, args, kwargs)


@functools.lru_cache(maxsize=256)
def _parameters(f: Callable[..., Any]) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # built-in functions may have no signature: no names, then
        return ()
    return tuple(
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    )


def _position(f: Callable[..., Any], name: str) -> int | None:
    try:
        names = _parameters(f)
    except TypeError:  # f is not hashable
        names = _parameters.__wrapped__(f)
    return names.index(name) if name in names else None


def named(f: Callable[..., Any], wrapper: Callable[..., Any], prefix: str) -> Callable[..., Any]:
    """Give `wrapper` the name and documentation of the function it transforms."""
    wrapper.__name__ = f"{prefix}({name_of(f)})"
    wrapper.__qualname__ = wrapper.__name__
    wrapper.__doc__ = f"`{prefix}` of {name_of(f)}.\n\n{getattr(f, '__doc__', None) or ''}".rstrip()
    wrapper.__wrapped__ = f  # type: ignore[attr-defined]
    return wrapper
