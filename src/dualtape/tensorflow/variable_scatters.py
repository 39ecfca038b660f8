"""Writing into parts of a `tf.Variable`: by rows, and by places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .convert import as_tensor, converted
from .hosted import on_numbers
from .indexed_slices import IndexedSlices
from .raising import dims, kernel_error
from .variable_state import taken

Array = np.ndarray[Any, Any]


def _rows(op: str, indices: Any, updates: Any, value: Array) -> tuple[Array, Array]:
    """The row numbers and what to write there, checked."""
    rows, new = np.asarray(indices), np.asarray(updates)
    if new.shape[: rows.ndim] != rows.shape:
        raise kernel_error(
            op,
            f"The shape of indices ({dims(rows.shape)}) must be a prefix of the shape of updates "
            f"({dims(new.shape)})",
        )
    flat = rows.reshape(-1)
    bad = np.flatnonzero((flat < 0) | (flat >= value.shape[0]))
    if bad.size:
        i = int(bad[0])
        raise kernel_error(op, f"indices[{i}] = {flat[i]} is not in [0, {value.shape[0]})")
    return rows, new


def _places(op: str, indices: Any, updates: Any, value: Array) -> tuple[tuple[Array, ...], Array]:
    """The places as one index array per axis, and what to write there, checked."""
    places, new = np.asarray(indices), np.asarray(updates)
    depth = places.shape[-1]
    for at in np.ndindex(places.shape[:-1]):
        if any(not 0 <= i < n for i, n in zip(places[at], value.shape, strict=False)):
            raise kernel_error(
                op,
                f"indices{list(at)} = {places[at].tolist()} does not index into shape "
                f"{dims(value.shape)}",
            )
    if new.shape != (*places.shape[:-1], *value.shape[depth:]):
        n = places.ndim - 1
        raise kernel_error(
            op,
            f"Dimensions [0,{n}) of indices[shape={dims(places.shape)}] = {places.shape[0]} must match "
            f"dimensions [0,{n}) of updates[shape={dims(new.shape)}] = {new.shape[0] if new.ndim else 0}",
        )
    return tuple(np.moveaxis(places, -1, 0)), new


def _write(out: Array, places: Any, new: Array) -> None:
    out[places] = new


class Scattering:
    """The `scatter_*` methods of a variable; each gives back the variable.

    Row numbers that occur twice count twice. Raises:
        InvalidArgumentError: An index is out of range (negative ones are), or the shapes do not fit.
        TypeError: A `scatter_*` without `nd` in its name got something else than a `tf.IndexedSlices`.
    """

    __slots__ = ()

    _value: Any

    def _put(self, value: Any, read_value: bool) -> Any:
        """Take `value` for the new value."""
        raise NotImplementedError

    def _scatter(self, op: str, slices: Any, change: Callable[..., Any]) -> Any:
        """Replace the rows at the indices of `slices` by change(rows, values), duplicates one by one."""
        if not isinstance(slices, IndexedSlices):
            raise TypeError(
                f"Argument `sparse_delta` must be a `tf.IndexedSlices`. Received arg: {slices}"
            )
        op = f"ResourceScatter{op}"

        def changed(value: Array, rows: Array, new: Array) -> Array:
            rows, new = _rows(op, rows, new, value)
            out = np.array(value)
            change(out, rows, new)
            return out

        return self._replaced(changed, slices.indices, slices.values)

    def _replaced(self, changed: Callable[..., Array], indices: Any, updates: Any) -> Any:
        """Put in changed(value, indices, updates)."""
        value = taken(self)
        at = as_tensor(indices).value
        new = converted(updates, value.dtype).value
        return self._put(on_numbers(changed, value.shape, value.dtype, value, at, new), True)

    def _scatter_nd(self, op: str, indices: Any, updates: Any, change: Callable[..., Any]) -> Any:
        def changed(value: Array, at: Array, new: Array) -> Array:
            places, new = _places(f"ResourceScatterNd{op}", at, new, value)
            out = np.array(value)
            change(out, places, new)
            return out

        return self._replaced(changed, indices, updates)

    def scatter_add(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Add the rows of a `tf.IndexedSlices`."""
        return self._scatter("Add", sparse_delta, np.add.at)

    def scatter_sub(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Subtract the rows of a `tf.IndexedSlices`."""
        return self._scatter("Sub", sparse_delta, np.subtract.at)

    def scatter_mul(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Multiply by the rows of a `tf.IndexedSlices`."""
        return self._scatter("Mul", sparse_delta, np.multiply.at)

    def scatter_div(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Divide by the rows of a `tf.IndexedSlices`."""
        return self._scatter("Div", sparse_delta, np.divide.at)

    def scatter_max(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Take the maximum with the rows of a `tf.IndexedSlices`."""
        return self._scatter("Max", sparse_delta, np.maximum.at)

    def scatter_min(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Take the minimum with the rows of a `tf.IndexedSlices`."""
        return self._scatter("Min", sparse_delta, np.minimum.at)

    def scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Put in the rows of a `tf.IndexedSlices`."""
        return self._scatter("Update", sparse_delta, _write)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Put `updates` at the places that the rows of `indices` name."""
        return self._scatter_nd("Update", indices, updates, _write)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Add `updates` at the places that the rows of `indices` name."""
        return self._scatter_nd("Add", indices, updates, np.add.at)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtract `updates` at the places that the rows of `indices` name."""
        return self._scatter_nd("Sub", indices, updates, np.subtract.at)
