"""Sampling an image at places given by a grid, and affine grids.

A grid holds coordinates from -1 to 1, the last axis in the order x, y, z, which runs against the
order of the spatial axes. The place of a coordinate is piecewise linear in it, the value between
elements a polynomial in the place: both are differentiated as such, and what chooses the pieces is
constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DtypeError, ModeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import constant, elementwise, general
from .arithmetic import zeros_like
from .axes import size_of
from .compare import logical_and
from .pooling import pool_gather_p
from .select import keep
from .shape import broadcast_to, reshape, select_p

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def _unnormalized(g: Any, n: int, align: bool) -> tuple[Any, float]:
    """The place of a coordinate, and its derivative."""
    half = g.dtype.type(0.5)
    if align:
        return (g + 1) * half * (n - 1), (n - 1) / 2
    return ((g + 1) * n - 1) * half, n / 2


def _reflected(x: Any, n: int, align: bool) -> tuple[Any, Any]:
    """`x` folded back between the borders, and the derivative, 1 or -1."""
    low, high = (0.0, n - 1.0) if align else (-0.5, n - 0.5)
    span = high - low
    if span == 0:
        return np.zeros_like(x), np.zeros_like(x)
    away = x - x.dtype.type(low)
    sign = np.where(away < 0, -1, 1).astype(x.dtype)
    away = np.abs(away)
    rest = np.fmod(away, x.dtype.type(span))
    odd = np.fmod(np.floor(away / x.dtype.type(span)), 2) == 1
    return np.where(odd, x.dtype.type(high) - rest, rest + x.dtype.type(low)), np.where(
        odd, -sign, sign
    )


def _clipped(x: Any, n: int) -> tuple[Any, Any]:
    """`x` between 0 and n - 1 (NaN at 0), and the derivative, which is 0 at the ends."""
    inside = (x > 0) & (x < n - 1)
    x = np.clip(np.where(np.isnan(x), x.dtype.type(0), x), x.dtype.type(0), x.dtype.type(n - 1))
    return x, inside.astype(x.dtype)


def _place(g: Any, n: int, align: bool, padding: str) -> tuple[Any, Any]:
    g = np.asarray(g)
    x, slope = _unnormalized(g, n, align)
    factor: Any = np.full_like(g, slope)
    if padding == "reflection":
        x, sign = _reflected(x, n, align)
        factor = factor * sign
    if padding != "zeros":
        x, inside = _clipped(x, n)
        factor = factor * inside
    return x, factor


grid_slope = constant(
    "grid_slope", lambda g, *, n, align, padding: _place(g, n, align, padding)[1],
    doc="The derivative of `grid_place`: 0 where a border holds the place, at the border included.",
)  # fmt: skip

grid_place = elementwise(
    "grid_place", lambda g, *, n, align, padding: _place(g, n, align, padding)[0],
    lambda d, g, *, n, align, padding: d * grid_slope(g, n=n, align=align, padding=padding),
    inputs="g", doc="Where on an axis of n elements a coordinate lies, moved inside as `padding` "
                    "says.",
)  # fmt: skip


def _node_eval(x: Any, *, offset: int, nearest: bool, n: int, align: bool, padding: str) -> Any:
    """Element number `offset` from the place; -1 if it lies outside."""
    at = (np.rint if nearest else np.floor)(x) + offset
    if padding != "zeros":
        if padding == "reflection":
            at = np.rint(_reflected(at, n, align)[0])
        return _clipped(at, n)[0].astype(np.int64)
    inside = (at >= 0) & (at < n)
    return np.where(inside, at, -1).astype(np.int64)


grid_node = constant(
    "grid_node", _node_eval, doc="The number of an element near the place, -1 for one outside.",
)  # fmt: skip
grid_inside = constant(
    "grid_inside", lambda at: at >= 0, inputs="at", doc="Whether an element is there."
)
grid_clamped = constant(
    "grid_clamped", lambda at: np.maximum(at, 0), inputs="at", doc="An element that is there."
)
grid_floor = constant(
    "grid_floor", np.floor, doc="The element below a place, as a floating number."
)


def _at_place_batch(values: list[Any], axes: list[int | None], size: int) -> tuple[Any, int]:
    x, grid = values
    if axes[0] is None:
        return at_place(broadcast_to(x, (size, *x.shape)), grid), 0
    return at_place(x, grid), axes[0]


def _zero_slope_batch(values: list[Any], axes: list[int | None], size: int) -> tuple[Any, int]:
    ct, grid = values
    if axes[1] is None:
        return zero_slope(ct, broadcast_to(grid, (size, *grid.shape))), 0
    return zero_slope(ct, grid), axes[1]


# The nearest element does not depend on the place, but PyTorch's gradients by the grid, of any order,
# are zero, not None.
at_place = general(
    "at_place", lambda x, grid: x.copy(), inputs="x grid", aval=lambda x, grid: x, batch=_at_place_batch,
    jvp=(lambda d: d, lambda d, x: zeros_like(x)), vjp=(lambda ct: ct, lambda ct, grid: zero_slope(ct, grid)),
    doc="x, with a derivative of zero by `grid`.",
)  # fmt: skip

zero_slope = general(
    "zero_slope", lambda ct, grid: np.zeros_like(grid), inputs="ct grid", aval=lambda ct, grid: grid,
    jvp=(lambda d, grid: zeros_like(grid), lambda d: zeros_like(d)), batch=_zero_slope_batch,
    vjp=(lambda c, ct: zeros_like(ct), lambda c: zeros_like(c)),
    doc="Zeros like `grid`, recorded as a function of both.",
)  # fmt: skip


def grid_sample(
    x: Any,
    grid: Any,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool = False,
) -> Any:
    """Sample `x` at the coordinates in `grid`.

    Args:
        x: (N, C, H, W) or (N, C, D, H, W).
        grid: (N, *L, 2) or (N, *L, 3), of x's dtype: coordinates x, y(, z), -1 to 1 across the
            image.
        mode: "bilinear" (with three axes trilinear), "nearest" or "bicubic" (two axes).
        padding_mode: What lies outside: "zeros", "border" (its nearest element) or "reflection".
        align_corners: -1 and 1 are the centres of the outer elements, not their outer edges.

    Returns:
        (N, C, *L).

    Raises:
        ShapeError: Shapes do not fit, in PyTorch's words.
        DtypeError: The dtypes differ.
        ArgumentError: An unknown mode.
    """
    if mode not in _MODES:
        raise ArgumentError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or "
            f"'bicubic', but got: '{mode}'"
        )
    if padding_mode not in _PADDINGS:
        raise ArgumentError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            "'reflection', but got: "
            f"'{padding_mode}'"
        )
    _check(x, grid, mode)
    rank = len(x.shape) - 2
    space = tuple(x.shape[2:])
    padding, align = padding_mode, align_corners
    # One list of (element, weight) per axis; weight None means 1.
    choices: list[list[tuple[Any, Any]]] = []
    for axis, n in enumerate(space):
        g = select_p(grid, index=(..., rank - 1 - axis))
        # The cubic polynomial runs on over the border; there only its elements are moved inside.
        place = grid_place(g, n=n, align=align, padding="zeros" if mode == "bicubic" else padding)
        terms = _terms(place, mode)
        choices.append(
            [
                (
                    grid_node(
                        place,
                        offset=offset,
                        nearest=mode == "nearest",
                        n=n,
                        align=align,
                        padding=padding,
                    ),
                    w,
                )
                for offset, w in terms
            ]
        )
    shape = tuple(grid.shape[1:-1])
    flat = reshape(x, (*x.shape[:2], size_of(space)))
    out: Any = None
    for corner in product(*choices):
        term = _corner(flat, corner, space, shape)
        out = term if out is None else out + term
    return at_place(out, grid) if mode == "nearest" else out


def _terms(place: Any, mode: str) -> list[tuple[int, Any]]:
    """Offsets of the elements around a place, and their weights."""
    if mode == "nearest":
        return [(0, None)]
    t = place - grid_floor(place)
    if mode == "bilinear":
        return [(0, 1 - t), (1, t)]
    # Keys' cubic convolution with a = -0.75, as in `stencils`.
    s = 1 - t
    return [(-1, _far(t)), (0, _near(t)), (1, _near(s)), (2, _far(s))]


def _near(u: Any, a: float = -0.75) -> Any:
    """The cubic kernel at a distance u of 0 to 1."""
    return ((a + 2) * u - (a + 3)) * u * u + 1


def _far(u: Any, a: float = -0.75) -> Any:
    """The cubic kernel at a distance 1 + u of 1 to 2."""
    v = u + 1
    return ((v - 5) * v + 8) * v * a - 4 * a


def _corner(
    flat: Any, corner: Sequence[tuple[Any, Any]], space: tuple[int, ...], shape: tuple[int, ...]
) -> Any:
    """The elements at one combination of per-axis choices, times its weight."""
    at: Any = None
    inside: Any = None
    weight: Any = None
    for (node, w), n in zip(corner, space, strict=True):
        here, clamped = grid_inside(node), grid_clamped(node)
        at = clamped if at is None else at * n + clamped
        inside = here if inside is None else logical_and(inside, here)
        weight = w if weight is None or w is None else weight * w
    batch, channels = flat.shape[:2]
    points = size_of(shape)

    def spread(v: Any) -> Any:
        return broadcast_to(reshape(v, (batch, 1, points)), (batch, channels, points))

    values = keep(spread(inside), pool_gather_p(flat, spread(at), rank=1))
    if weight is not None:
        values = values * reshape(weight, (batch, 1, points))
    return reshape(values, (batch, channels, *shape))


def _check(x: Any, grid: Any, mode: str) -> None:
    rank = len(x.shape) - 2
    if dtype_of(x) != dtype_of(grid):
        raise DtypeError(
            "grid_sampler(): expected input and grid to have same dtype, but input has "
            f"{dtype_of(x)} and grid has {dtype_of(grid)}"
        )
    sizes = f"input with sizes {list(x.shape)} and grid with sizes {list(grid.shape)}"
    if rank not in (2, 3) or len(grid.shape) != rank + 2:
        raise ShapeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but "
            "got " + sizes
        )
    if x.shape[0] != grid.shape[0]:
        raise ShapeError(
            f"grid_sampler(): expected grid and input to have same batch size, but got {sizes}"
        )
    if grid.shape[-1] != rank:
        raise ShapeError(
            f"grid_sampler(): expected grid to have size {rank} in last dimension, but got grid "
            "with sizes "
            f"{list(grid.shape)}"
        )
    for axis, n in enumerate(x.shape[2:], 2):
        if n == 0:
            raise ShapeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input "
                "has sizes "
                f"{list(x.shape)} with dimension {axis} being empty"
            )
    if mode == "bicubic" and rank != 2:
        raise ShapeError("grid_sampler(): bicubic interpolation only supports 4D input")


def affine_grid(theta: Any, size: Sequence[int], align_corners: bool = False) -> Any:
    """The grid that maps each element of an output of `size` through an affine map.

    Args:
        theta: (N, 2, 3) or (N, 3, 4).
        size: (N, C, H, W) or (N, C, D, H, W).
        align_corners: As for `grid_sample`.

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3), for `grid_sample`.

    Raises:
        ShapeError: Shapes do not fit, in PyTorch's words.
    """
    size = tuple(int(n) for n in size)
    rank = len(size) - 2
    if rank not in (2, 3):
        raise ModeError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            "respectively. "
            f"Got size {size}."
        )
    if tuple(theta.shape[1:]) != (rank, rank + 1) or len(theta.shape) != 3:
        raise ShapeError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size "
            f"{size}. "
            f"Got {list(theta.shape)}."
        )
    if min(size[2:]) <= 0:
        raise ShapeError(f"Expected non-zero, positive output size. Got {size}")
    dtype = dtype_of(theta)
    space = size[2:]
    # Coordinates x, y, z and 1: axis k of space is coordinate rank - 1 - k.
    axes = []
    for k in range(rank):
        n = space[rank - 1 - k]
        line = np.linspace(-1, 1, n, dtype=dtype) if n > 1 else np.zeros(1, dtype)
        if not align_corners:
            line = line * dtype.type((n - 1) / n)
        axes.append(line.reshape((n, *(1,) * k)))
    ones = np.ones(space, dtype)
    points = [np.broadcast_to(a, space) for a in axes] + [ones]
    out: Any = None
    for k, p in enumerate(points):
        column = reshape(
            select_p(theta, index=(slice(None), slice(None), k)), (size[0], *(1,) * rank, rank)
        )
        term = column * np.ascontiguousarray(p)[None, ..., None]
        out = term if out is None else out + term
    return out
