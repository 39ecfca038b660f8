"""What `tf.function` tells calls apart by, and how `reduce_retracing` lets one trace stand for several of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..core.lengths import any_open
from ..transforms import tree
from . import nest
from .shapes import TensorSpec
from .tensor import EagerTensor


class Spec(NamedTuple):
    """A tensor's part of a signature: lengths (None for any; None for any number of them) and dtype."""

    dims: tuple[int | None, ...] | None
    dtype: str


def signature_of(args: Any, kwargs: dict[str, Any]) -> Any:
    """What TensorFlow tells traces apart by: specs of tensors, values of numbers, identity of the rest."""
    return tuple(_key(x) for x in args), tuple((k, _key(kwargs[k])) for k in sorted(kwargs))


def _key(x: Any) -> Any:
    if isinstance(x, (TensorSpec, EagerTensor)):
        dims = x.shape._dims
        if dims is not None and any_open(dims):  # called from a function that is being traced
            dims = tuple([n if type(n) is int else None for n in dims])
        return Spec(None if dims is None else tuple(dims), x.dtype.name)
    if nest.is_nested(x):
        return type(x).__name__, tuple(_key(v) for v in nest.flatten(x))
    if isinstance(x, (bool, int, float, complex, str, bytes, type(None))):
        return type(x).__name__, x
    return id(x)


def covers(general: Any, key: Any) -> bool:
    """Whether a trace for `general` serves a call of signature `key`."""
    found = common(general, key)
    return found is not None and bool(found == general)


def generalized(key: Any, traced: Iterable[Any]) -> Any:
    """The signature to trace for a call that no trace serves: what it has in common with those traced is kept.

    TensorFlow's rule, as observed: each earlier signature that differs in shapes alone makes it more general.
    """
    for other in traced:
        found = common(key, other)
        if found is not None:
            key = found
    return key


def common(a: Any, b: Any) -> Any:
    """The least general signature that serves both; None if they differ in more than shapes."""
    if isinstance(a, Spec) or isinstance(b, Spec):
        if not (isinstance(a, Spec) and isinstance(b, Spec)) or a.dtype != b.dtype:
            return None
        if a.dims is None or b.dims is None or len(a.dims) != len(b.dims):
            return Spec(None, a.dtype)
        pairs = zip(a.dims, b.dims, strict=True)
        return Spec(tuple([m if m == n else None for m, n in pairs]), a.dtype)
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        parts = [common(x, y) for x, y in zip(a, b, strict=True)]
        whole = all(
            p is not None or (x is None and y is None) for p, x, y in zip(parts, a, b, strict=True)
        )
        return tuple(parts) if whole else None
    return a if type(a) is type(b) and a == b else None


def open_axes(signature: Sequence[Any]) -> list[tuple[int, ...]] | None:
    """The axes of unknown length by leaf of the arguments; None if there are none."""
    found: list[tuple[int, ...]] = []
    for spec in tree.flatten((tuple(signature), {}))[0]:
        dims = spec.shape._dims if isinstance(spec, TensorSpec) else ()
        if dims is None:
            return None
        found.append(tuple([i for i, n in enumerate(dims) if n is None]))
    return found if any(found) else None
