"""Trees: nested tuples, lists, dicts and dataclasses, taken apart into leaves and put together again.

`None` is an empty tree; whatever is not a container is a leaf. Other containers join with `register`.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..core.errors import StructureError

Flatten = Callable[[Any], tuple[Sequence[Any], Any]]
Unflatten = Callable[[Any, Sequence[Any]], Any]

_registered: dict[type, tuple[Flatten, Unflatten]] = {}
_leaf_types: set[type] = set()


class Structure(NamedTuple):
    """What is left of a tree without its leaves: the container, what else it needs, its children.

    A leaf has `kind` LEAF. Two trees have the same structure when these compare equal.
    """

    kind: Any
    extra: Any = None
    children: tuple[Structure, ...] = ()

    @property
    def leaf_count(self) -> int:
        """Number of leaves."""
        return 1 if self.kind is LEAF else sum(c.leaf_count for c in self.children)

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        """Put the leaves, in order, back into the tree."""
        if self.kind is LEAF:
            return leaves[0]
        rest = iter(leaves)
        return self._build(rest.__next__)

    def _build(self, take: Callable[[], Any]) -> Any:
        kind = self.kind
        if kind is LEAF:
            return take()
        parts = [c._build(take) for c in self.children]
        if kind is tuple or kind is list:
            return kind(parts)
        if kind is type(None):
            return None
        return _registered[kind][1](self.extra, parts)

    def __str__(self) -> str:
        if self.kind is LEAF:
            return "*"
        if self.kind is type(None):
            return "None"
        parts = [str(c) for c in self.children]
        if self.kind is tuple:
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        if self.kind is list:
            return f"[{', '.join(parts)}]"
        if isinstance(self.extra, tuple) and len(self.extra) == len(parts):
            parts = [f"{k}: {p}" for k, p in zip(self.extra, parts, strict=True)]
        return f"{self.kind.__name__}({', '.join(parts)})"


class _Leaf:
    def __repr__(self) -> str:
        return "LEAF"


LEAF: Any = _Leaf()
ONE_LEAF = Structure(LEAF)
_EMPTY = Structure(type(None))


def register(cls: type, flatten: Flatten, unflatten: Unflatten) -> None:
    """Make a class a container.

    Args:
        cls: The class; subclasses are not included.
        flatten: Maps an instance to (children, whatever else `unflatten` needs; compared by ==).
        unflatten: Maps (that, children) to an instance.
    """
    _leaf_types.discard(cls)
    _registered[cls] = (flatten, unflatten)


register(
    OrderedDict,
    lambda d: (list(d.values()), tuple(d)),
    lambda keys, v: OrderedDict(zip(keys, v, strict=True)),
)
register(
    dict, lambda d: (list(d.values()), tuple(d)), lambda keys, v: dict(zip(keys, v, strict=True))
)
register(
    defaultdict,
    lambda d: (list(d.values()), (d.default_factory, tuple(d))),
    lambda extra, v: defaultdict(extra[0], zip(extra[1], v, strict=True)),
)  # fmt: skip


def _container(cls: type) -> tuple[Flatten, Unflatten] | None:
    """How instances of a class are taken apart; None for leaves."""
    if cls in _leaf_types:
        return None
    found = _registered.get(cls)
    if found is None:
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            found = (lambda t: (tuple(t), t._fields), lambda _, parts: cls(*parts))
        elif dataclasses.is_dataclass(cls):
            found = _dataclass(cls)
        else:
            _leaf_types.add(cls)
            return None
        _registered[cls] = found
    return found


def _dataclass(cls: Any) -> tuple[Flatten, Unflatten]:
    """A dataclass's fields are its children, but for those with `metadata={"static": True}`."""
    fields = dataclasses.fields(cls)
    dynamic = [f.name for f in fields if not f.metadata.get("static")]
    static = [f.name for f in fields if f.metadata.get("static")]

    def flatten(x: Any) -> tuple[Sequence[Any], Any]:
        return [getattr(x, n) for n in dynamic], tuple(getattr(x, n) for n in static)

    def unflatten(extra: Any, parts: Sequence[Any]) -> Any:
        x = object.__new__(cls)  # __init__ may compute, and leaves may not be arrays here
        for name, value in (*zip(dynamic, parts, strict=True), *zip(static, extra, strict=True)):
            object.__setattr__(x, name, value)
        return x

    return flatten, unflatten


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """Return the leaves, in order, and the structure of a tree."""
    if type(tree) in _leaf_types:
        return [tree], ONE_LEAF
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves)


def _flatten(tree: Any, leaves: list[Any]) -> Structure:
    cls = type(tree)
    if cls is tuple or cls is list:
        return Structure(cls, None, tuple([_flatten(x, leaves) for x in tree]))
    if tree is None:
        return _EMPTY
    found = _container(cls)
    if found is None:
        leaves.append(tree)
        return ONE_LEAF
    children, extra = found[0](tree)
    return Structure(cls, extra, tuple([_flatten(x, leaves) for x in children]))


def leaves(tree: Any) -> list[Any]:
    """Return the leaves of a tree, in order."""
    return flatten(tree)[0]


def map(f: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply `f` to the leaves of one or of several trees of the same structure.

    Raises:
        StructureError: The structures differ.
    """
    first, structure = flatten(tree)
    rest = [matched(structure, t, "tree") for t in others]
    return structure.unflatten([f(*xs) for xs in zip(first, *rest, strict=True)])


def matched(structure: Structure, tree: Any, what: str) -> list[Any]:
    """Return the leaves of `tree`, which must have the given structure (dicts: in any order).

    Raises:
        StructureError: It has another; `what` says whose it is in the message.
    """
    out: list[Any] = []
    if not _match(structure, tree, out, whole=True):
        raise StructureError(
            f"{what}: the structure does not match\n  expected {structure}\n  got      {flatten(tree)[1]}"
        )
    return out


def _match(structure: Structure, tree: Any, out: list[Any], whole: bool) -> bool:
    kind = structure.kind
    if kind is LEAF:
        # Where a prefix is allowed, it says one thing for each leaf; here, one leaf for one leaf.
        if whole and (
            tree is None or type(tree) in (tuple, list) or _container(type(tree)) is not None
        ):
            return False
        out.append(tree)
        return True
    if type(tree) is not kind:
        if whole:
            return False
        out.extend([tree] * structure.leaf_count)
        return True
    if kind is type(None):
        return True
    if kind is tuple or kind is list:
        children: Any = tree
    else:
        children, extra = _registered[kind][0](tree)
        if extra != structure.extra:
            keys = structure.extra
            if not isinstance(tree, dict) or kind is defaultdict or set(tree) != set(keys):
                return False
            children = [tree[k] for k in keys]
    if len(children) != len(structure.children):
        return False
    return all(_match(s, t, out, whole) for s, t in zip(structure.children, children, strict=True))


def spread(structure: Structure, prefix: Any, what: str) -> list[Any]:
    """Return one entry of `prefix` per leaf: a leaf of the prefix stands for all below it.

    Raises:
        StructureError: `prefix` is no prefix of the structure; `what` names it in the message.
    """
    out: list[Any] = []
    if not _match(structure, prefix, out, whole=False):
        raise StructureError(f"{what}: {prefix!r} is not a prefix of the structure {structure}")
    return out
