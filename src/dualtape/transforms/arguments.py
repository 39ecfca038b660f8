"""Which arguments a transformation is about: by position, by name, or several of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

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

    def locate(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
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


def picked(args: tuple[Any, ...], kwargs: dict[str, Any], keys: list[Any]) -> list[Any]:
    """The chosen arguments."""
    return [args[k] if isinstance(k, int) else kwargs[k] for k in keys]


def replaced(
    args: tuple[Any, ...], kwargs: dict[str, Any], keys: list[Any], values: list[Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments with the chosen ones replaced."""
    new_args, new_kwargs = list(args), dict(kwargs)
    for k, v in zip(keys, values, strict=True):
        if isinstance(k, int):
            new_args[k] = v
        else:
            new_kwargs[k] = v
    return new_args, new_kwargs


def named(f: Callable[..., Any], wrapper: Callable[..., Any], prefix: str) -> Callable[..., Any]:
    """Give `wrapper` the name and documentation of the function it transforms."""
    wrapper.__name__ = f"{prefix}({name_of(f)})"
    wrapper.__qualname__ = wrapper.__name__
    wrapper.__doc__ = f"`{prefix}` of {name_of(f)}.\n\n{getattr(f, '__doc__', None) or ''}".rstrip()
    wrapper.__wrapped__ = f  # type: ignore[attr-defined]
    return wrapper
