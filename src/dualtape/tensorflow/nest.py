"""`tf.nest`: nested structures of lists, tuples, dicts, named tuples and attrs-free mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

# Whether a class is one of structures: asking `Mapping` itself takes a microsecond.
_nested: dict[type, bool] = {}


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a list, tuple, dict or another mapping, rather than a leaf."""
    cls = structure.__class__
    found = _nested.get(cls)
    if found is None:
        found = _nested[cls] = issubclass(cls, (list, tuple, Mapping))
    return found


def _sorted_keys(mapping: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(mapping)
    except TypeError as error:
        raise TypeError("nest only supports dicts with sortable keys.") from error


def _children(structure: Any) -> Iterator[Any]:
    if isinstance(structure, Mapping):
        return (structure[k] for k in _sorted_keys(structure))
    return iter(structure)


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves from left to right; those of a dict in the order of its sorted keys.

    Raises:
        TypeError: A dict's keys cannot be sorted.
    """
    if not is_nested(structure):
        return [structure]
    out: list[Any] = []
    for child in _children(structure):
        if is_nested(child):
            out.extend(flatten(child))
        else:
            out.append(child)
    return out


def _rebuilt(structure: Any, parts: Iterator[Any]) -> Any:
    """A structure like `structure` whose children are taken from `parts`, in the order of `flatten`."""
    if isinstance(structure, Mapping):
        values = dict(zip(_sorted_keys(structure), parts, strict=True))
        ordered = {k: values[k] for k in structure}
        if type(structure) is dict:
            return ordered
        kind: Any = type(structure)
        if hasattr(structure, "default_factory"):
            return kind(structure.default_factory, ordered)
        return kind(ordered)
    if isinstance(structure, tuple):
        return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
    return type(structure)(parts)


def pack_sequence_as(
    structure: Any, flat_sequence: Sequence[Any], expand_composites: bool = False
) -> Any:
    """Put a flat list into the form of `structure`.

    Raises:
        ValueError: It has more or fewer elements than the structure has leaves.
    """
    flat = list(flat_sequence)
    leaves = len(flatten(structure))
    if leaves != len(flat):
        raise ValueError(
            f"Could not pack sequence. Structure had {leaves} atoms, but flat_sequence had {len(flat)} "
            f"items.  Structure: {structure}, flat_sequence: {flat_sequence}."
        )
    return _packed(structure, iter(flat))


def _packed(part: Any, leaves: Iterator[Any]) -> Any:
    # Not a closure: one that calls itself is a reference cycle, which would keep the leaves alive.
    if not is_nested(part):
        return next(leaves)
    return _rebuilt(part, iter([_packed(c, leaves) for c in _children(part)]))


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raise unless two structures are nested in the same way.

    Raises:
        TypeError: A list where the other has a tuple, and `check_types`.
        ValueError: Different lengths, keys, or depths.
    """
    try:
        _assert_same(nest1, nest2, check_types)
    except (ValueError, TypeError) as error:
        raise type(error)(
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: type={type(nest1).__name__} str={nest1}\n\n"
            f"Second structure: type={type(nest2).__name__} str={nest2}\n\n"
            f"More specifically: {error}"
        ) from None


def _assert_same(a: Any, b: Any, check_types: bool) -> None:
    if is_nested(a) != is_nested(b):
        inner, outer = (a, b) if is_nested(a) else (b, a)
        raise ValueError(
            f'Substructure "type={type(inner).__name__} str={inner}" is a sequence, while substructure '
            f'"type={type(outer).__name__} str={outer}" is not'
        )
    if not is_nested(a):
        return
    if (
        check_types
        and type(a) is not type(b)
        and not (isinstance(a, Mapping) and isinstance(b, Mapping))
    ):
        raise TypeError(
            f"The two namedtuples don't have the same sequence type. First structure has type "
            f"{type(a).__name__}, while second structure has type {type(b).__name__}."
        )
    if len(a) != len(b):
        raise ValueError(
            "The two structures don't have the same number of elements. First structure: "
            f"type={type(a).__name__} str={a}. Second structure: type={type(b).__name__} str={b}"
        )
    if isinstance(a, Mapping) and set(a) != set(b):
        raise ValueError(
            f"The two dictionaries don't have the same set of keys. First structure has keys {list(a)}, "
            f"while second structure has keys {list(b)}."
        )
    for x, y in zip(_children(a), _children(b), strict=True):
        _assert_same(x, y, check_types)


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Apply `func` to corresponding leaves and give the results the form of the first structure.

    Args:
        func: Takes a leaf of each structure.
        structure: One or more structures of the same form.
        kwargs: `check_types` (true by default) and `expand_composites`.

    Raises:
        TypeError: `func` cannot be called, or no structure is given, or as `assert_same_structure`.
        ValueError: As `assert_same_structure`.
    """
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    check_types = kwargs.pop("check_types", True)
    kwargs.pop("expand_composites", None)
    if kwargs:
        raise ValueError(
            f"Only valid keyword arguments are `check_types` and `expand_composites`, got {set(kwargs)}"
        )
    first = structure[0]
    for other in structure[1:]:
        assert_same_structure(first, other, check_types)
    leaves = zip(*[flatten(s) for s in structure], strict=True)
    return pack_sequence_as(first, [func(*xs) for xs in leaves])
