"""Padding: more elements at the ends of axes, or, with negative numbers, fewer.

`pads` has a pair (before, after) for every axis. With "reflect", "replicate" and "circular" the new
elements are copies of others, by an index along each axis; padding one axis after the other gives
the corners.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ModeError, ShapeError
from ..core.kinds import general, linear
from .axes import in_front

Pads = tuple[tuple[int, int], ...]
Array = np.ndarray[Any, Any]

MODES = ("reflect", "replicate", "circular")


def padded_shape(shape: Sequence[int], pads: Pads) -> tuple[int, ...]:
    """The shape after padding."""
    return tuple([a + n + b for n, (a, b) in zip(shape, pads, strict=True)])


def _negative(pads: Pads) -> Pads:
    return tuple([(-a, -b) for a, b in pads])


def _overlap(shape: Sequence[int], pads: Pads) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where the elements that stay are in the padded array, and where they are in the old one."""
    inside, kept = [], []
    for n, (a, b) in zip(shape, pads, strict=True):
        inside.append(slice(max(a, 0), max(a, 0) + max(n + min(a, 0) + min(b, 0), 0)))
        kept.append(slice(max(-a, 0), max(n - max(-b, 0), max(-a, 0))))
    return tuple(inside), tuple(kept)


def _constant_eval(x: Any, *, pads: Pads, value: Any) -> Any:
    shape = padded_shape(x.shape, pads)
    out = np.full(shape, value, x.dtype) if value else np.zeros(shape, x.dtype)
    inside, kept = _overlap(x.shape, pads)
    out[inside] = x[kept]
    return out


# Padding by negative numbers is cutting off: the transpose of padding is padding by the opposite.
constant_pad_p = general(
    "constant_pad_nd", _constant_eval,
    jvp=lambda d, *, pads: constant_pad_p(d, pads=pads, value=0),
    vjp=lambda ct, *, pads: constant_pad_p(ct, pads=_negative(pads), value=0),
    aval=lambda x, *, pads, value: Aval(padded_shape(x.shape, pads), x.dtype),
    batch=lambda xs, where, n, *, pads, value: (
        constant_pad_p(in_front(xs[0], where[0]), pads=((0, 0), *pads), value=value), 0
    ),
    doc="Pad with `value`, a Python number in the dtype of x.",
)  # fmt: skip


def source_indices(n: int, before: int, after: int, mode: str) -> Array:
    """For each element of a padded axis the element of the axis of length `n` that it copies."""
    at = np.arange(-before, n + after)
    if mode == "replicate":
        return np.clip(at, 0, n - 1)
    if mode == "circular":
        wrapped: Array = np.remainder(at, n)
        return wrapped
    mirrored: Array = n - 1 - np.abs(n - 1 - np.abs(at))
    return mirrored


def _copying_eval(x: Any, *, pads: Pads, mode: str) -> Any:
    out = x
    for axis, (a, b) in enumerate(pads):
        if a or b:
            out = out.take(source_indices(out.shape[axis], a, b, mode), axis)
    return out.copy() if out is x else out


def _gather_back(ct: Array, n: int, axis: int, a: int, b: int, mode: str) -> Array:
    """Add the elements of a padded axis up at the elements that they copy."""
    rows = np.moveaxis(ct, axis, 0)
    sources = source_indices(n, a, b, mode)
    out = np.zeros((n, *rows.shape[1:]), ct.dtype)
    # Those that stay are one slice; the copies are few, and each is a row.
    first = max(a, 0)
    last = first + max(n + min(a, 0) + min(b, 0), 0)
    if last > first:
        out[sources[first] : sources[first] + last - first] = rows[first:last]
    for k in (*range(first), *range(last, len(sources))):
        out[sources[k]] += rows[k]
    return np.moveaxis(out, 0, axis)


def _back_eval(ct: Any, *, shape: tuple[int, ...], pads: Pads, mode: str) -> Any:
    out = ct
    half = ct.dtype.itemsize == 2
    if half:
        out = out.astype(np.float32)
    for axis in reversed(range(len(pads))):
        a, b = pads[axis]
        if a or b:
            out = _gather_back(out, shape[axis], axis, a, b, mode)
    return out.astype(ct.dtype) if half else out.copy() if out is ct else out


def _copying(mode: str, name: str) -> Any:
    primitive = linear(
        name, lambda x, *, pads: _copying_eval(x, pads=pads, mode=mode),
        lambda ct, aval, *, pads: copies_added_p(ct, shape=aval.shape, pads=pads, mode=mode),
        aval=lambda x, *, pads: Aval(padded_shape(x.shape, pads), x.dtype),
        batch=lambda xs, where, n, *, pads: (
            primitive(in_front(xs[0], where[0]), pads=((0, 0), *pads)), 0
        ),
    )  # fmt: skip
    return primitive


reflection_pad_p = _copying("reflect", "reflection_pad")
replication_pad_p = _copying("replicate", "replication_pad")
circular_pad_p = _copying("circular", "circular_pad")

_BY_MODE = {
    "reflect": reflection_pad_p,
    "replicate": replication_pad_p,
    "circular": circular_pad_p,
}

copies_added_p = linear(
    "copies_added", _back_eval,
    lambda ct, *, shape, pads, mode: _BY_MODE[mode](ct, pads=pads),
    aval=lambda x, *, shape, pads, mode: Aval(shape, x.dtype),
    batch=lambda xs, where, n, *, shape, pads, mode: (
        copies_added_p(
            in_front(xs[0], where[0]), shape=(n, *shape), pads=((0, 0), *pads), mode=mode
        ), 0
    ),
    doc="The transpose of padding by copies: each copy added to its original.",
)  # fmt: skip


def pad(x: Any, pads: Sequence[int], mode: str = "constant", value: Any = None) -> Any:
    """Pad the last axes of `x`.

    Args:
        x: Any value.
        pads: Pairs (before, after) in one row, the last axis first, as PyTorch has them; negative
            numbers cut off.
        mode: "constant", "reflect" (without the edge), "replicate" or "circular".
        value: What to pad with in mode "constant"; zero by default.

    Raises:
        ShapeError: An odd count of numbers, more than the axes take, or too large for the mode.
        ModeError: Another mode, or more axes than PyTorch pads by copies.
    """
    s = tuple(x.shape)
    pads = [int(p) for p in pads]
    if len(pads) % 2:
        raise ShapeError("Padding length must be divisible by 2")
    if len(pads) > 2 * len(s):
        raise ShapeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pads)} and input of dimension {len(s)}"
        )
    pairs = [(pads[i], pads[i + 1]) for i in range(0, len(pads), 2)][::-1]
    full = ((0, 0),) * (len(s) - len(pairs)) + tuple(pairs)
    if mode == "constant":
        for n, (a, b) in zip(s, full, strict=True):
            if n + min(a, 0) < 0 or n + min(a, 0) + min(b, 0) < 0:
                raise ShapeError("narrow(): length must be non-negative.")
        return constant_pad_p(x, pads=full, value=0 if value is None else value)
    if mode not in MODES:
        raise ModeError(f"Unrecognised padding mode {mode}")
    if value is not None and value != 0:
        raise ShapeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    _check_rank(s, len(pads))
    for axis, (n, (a, b)) in enumerate(zip(s, full, strict=True)):
        _check_pair(s, axis, n, a, b, mode)
    if mode == "circular":  # cut off first, and go round in what is left
        x = constant_pad_p(x, pads=tuple([(min(a, 0), min(b, 0)) for a, b in full]), value=0)
        full = tuple([(max(a, 0), max(b, 0)) for a, b in full])
    return _BY_MODE[mode](x, pads=full)


def _check_rank(s: tuple[int, ...], length: int) -> None:
    if length not in (2, 4, 6) or len(s) not in (length // 2 + 1, length // 2 + 2):
        raise ModeError(
            f"Padding size {length} is not supported for {len(s)}D input tensor.\n"
            "Supported combinations for non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
            "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )


def _check_pair(s: tuple[int, ...], axis: int, n: int, a: int, b: int, mode: str) -> None:
    if not (a or b):
        return
    if mode == "reflect" and max(a, b) >= n:
        raise ShapeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but "
            f"got: padding ({a}, {b}) at dimension {axis} of input {list(s)}"
        )
    left = n + min(a, 0) + min(b, 0) if mode == "circular" else n
    if mode == "circular" and max(a, b) > left >= 0:
        raise ShapeError("Padding value causes wrapping around more than once.")
    if left <= 0 or a + n + b <= 0:
        raise ShapeError(
            f"pad: mode {mode!r} needs elements to copy, got input {list(s)} with padding "
            f"({a}, {b}) at dimension {axis}"
        )
