"""NumPy kernels: values added up or written at positions that may come more than once.

Plain functions on plain arrays, for `eval` to call. Measured with NumPy 2.4: `np.add.at` on flat
arrays takes 5 ns an element for every dtype, in several dimensions 15 to 30; SciPy's sparse product
takes 1 to 2 ns where the elements are rows; sorting with `np.add.reduceat` is never the best.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# From how many elements on rows are added up by a sparse product; before SciPy is loaded (0.1 s)
# only many more are worth it.
_SPARSE = 1 << 14
_SPARSE_AND_IMPORT = 1 << 22
_SPARSE_TYPES = "fdFDlqi"


def _sparse_module(elements: int) -> Any:
    if elements < _SPARSE:
        return None
    module = sys.modules.get("scipy.sparse")
    if module is None and elements >= _SPARSE_AND_IMPORT:
        try:
            import scipy.sparse as module  # type: ignore[no-redef]
        except ImportError:
            return None
    return module


def add_at(out: Array, positions: Array, values: Array) -> Array:
    """Add `values` to the vector `out` at `positions` (valid, non-negative), and return `out`."""
    if out.dtype.itemsize == 2:  # half precision is added up in single
        total = out.astype(np.float32)
        np.add.at(total, positions, values.astype(np.float32))
        out[...] = total
    else:
        np.add.at(out, positions, values)
    return out


def _summing(positions: Array, values: Array, size: int) -> Any:
    """The sparse matrix that adds rows up, None where another way is better."""
    if values.dtype.char not in _SPARSE_TYPES:
        return None
    sparse = _sparse_module(values.size)
    if sparse is None:
        return None
    n = positions.size
    ones = np.ones(n, values.dtype)
    return sparse.csc_array((ones, positions, np.arange(n + 1)), shape=(size, n))


def summed_rows(size: int, positions: Array, values: Array) -> Array:
    """Zeros, (A, size, R), with `values`, (A, n, R), added up at `positions`, (n,), of axis 1."""
    a, n, r = values.shape
    summing = _summing(positions, values, size) if a == 1 and r >= 8 and n > 1 else None
    if summing is not None:
        out: Array = summing @ values[0]
        return out[None]
    return add_rows(np.zeros((a, size, r), values.dtype), positions, values)


def add_rows(out: Array, positions: Array, values: Array) -> Array:
    """Add `values`, (A, n, R), to `out`, (A, N, R), at `positions`, (n,), of axis 1; return `out`.

    `out` is in row-major order; positions are valid and non-negative, and may repeat.
    """
    a, n, r = values.shape
    if not values.size:
        return out
    if a == 1 and r == 1:
        add_at(out.reshape(-1), positions, values.reshape(-1))
        return out
    if n == 1:
        out[:, positions[0]] += values[:, 0]
        return out
    if r >= 8:
        # The sparse product is as long as the axis, so that it pays when much of that is met.
        size = out.shape[1]
        summing = _summing(positions, values, size) if 4 * n >= size else None
        if summing is not None:
            for k in range(a):
                out[k] += summing @ values[k]
            return out
        if np.bincount(positions).max() <= 1:
            out[:, positions] += values
            return out
    flat = positions[:, None] * r + np.arange(r)
    if a > 1:
        flat = flat + (np.arange(a) * (out.shape[1] * r))[:, None, None]
    add_at(out.reshape(-1), flat.reshape(-1), values.reshape(-1))
    return out


def last_of_each(positions: Array) -> Array:
    """For each of `positions`, (n,), whether no later one is equal: whose value a write leaves."""
    n = positions.size
    if not n:
        return np.zeros(0, bool)
    winner = np.empty(int(positions.max()) + 1, np.intp)
    number = np.arange(n)
    winner[positions] = number  # NumPy assigns in order
    return np.equal(winner[positions], number)


def checked_positions(positions: Array, size: int, wrap: bool, error: Any) -> Array:
    """The positions as non-negative ints.

    Args:
        positions: Integers of any shape.
        size: How many elements there are.
        wrap: Whether negative positions count from the end, or are errors.
        error: Makes the exception for the first bad position.
    """
    if positions.dtype != np.intp:
        positions = positions.astype(np.intp)
    if not positions.size:
        return positions
    # As unsigned numbers the negative ones are large too: one pass finds all that is not plain.
    if int(positions.view(np.uintp).max()) < size:
        return positions
    low = -size if wrap else 0
    bad = (positions < low) | (positions >= size)
    if bad.any():
        raise error(int(positions[bad][0]))
    return np.where(positions < 0, positions + size, positions)
