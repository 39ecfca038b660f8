"""Resizing images and other grids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import DtypeError, ModeError, ShapeError
from ..core.forward import dtype_of
from .pool import adaptive_avg_pool
from .resampling import resample_p, upsample_ps
from .stencils import Interpolation

_LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}
_KINDS = {
    "nearest": "nearest",
    "nearest-exact": "nearest-exact",
    "bicubic": "cubic",
    "lanczos": "lanczos-aa",
} | dict.fromkeys(_LINEAR, "linear")
_MODES = "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact"


def interpolate(
    x: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """Resize the spatial axes of `x`.

    Args:
        x: (N, C, *S) with one to three spatial axes.
        size: The new lengths, an int or one per axis; or else
        scale_factor: what to multiply them by (the products are rounded down).
        mode: "nearest", "nearest-exact", "linear" (one axis), "bilinear", "bicubic" (two),
            "trilinear" (three), "area" (means, as `adaptive_avg_pool`), or "lanczos" (two, with
            `antialias`).
        align_corners: Match the centres of the corner elements, not the outer edges of the grids.
        recompute_scale_factor: Take the scale from the rounded lengths, not from `scale_factor`.
        antialias: Widen the filter when shrinking ("bilinear", "bicubic", "lanczos").

    Raises:
        ShapeError: Sizes do not fit or settings contradict each other, in PyTorch's words.
        ModeError: There is no such mode for this number of axes.
    """
    shape = tuple(x.shape)
    rank = len(shape) - 2
    space = shape[2:]
    if align_corners is not None and mode not in (*_LINEAR, "bicubic"):
        raise ShapeError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            "| bicubic | trilinear"
        )
    counts, scales = _sizes(space, size, scale_factor, recompute_scale_factor)
    if antialias and (mode not in ("bilinear", "bicubic", "lanczos") or rank != 2):
        raise ShapeError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires "
            "a 4-D tensor as input"
        )
    if not 1 <= rank <= 3 or (mode not in _KINDS and mode != "area"):
        raise ModeError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {len(shape)}D) for the "
            f"modes: {_MODES} (got {mode})"
        )
    needed = _LINEAR.get(mode, 2 if mode in ("bicubic", "lanczos") else rank)
    if needed != rank:
        raise ModeError(f"Got {len(shape)}D input, but {mode} mode needs {needed + 2}D input")
    if mode == "lanczos" and not antialias:
        raise ShapeError("Lanczos mode requires antialias=True")
    if min((*space, *counts), default=1) < 1:
        raise ShapeError(
            f"Input and output sizes should be greater than 0, but got input {_labelled(space)} "
            f"output {_labelled(counts)}"
        )
    if mode == "area":
        return adaptive_avg_pool(x, counts, rank=rank)
    if 0 in shape[1:]:
        raise ShapeError(
            f"Non-empty {len(shape)}D data tensor expected but got a tensor with sizes "
            f"{list(shape)}"
        )
    dtype = dtype_of(x)
    if dtype.kind in "biu" and not mode.startswith("nearest"):
        raise DtypeError(
            f"interpolate: mode {mode!r} needs a floating input, got {dtype}; convert it first"
        )
    kind = _KINDS[mode]
    if antialias and not kind.endswith("-aa"):
        kind += "-aa"
    # float64 places are worked out in double, all others in single precision.
    single = dtype.itemsize // (2 if dtype.kind == "c" else 1) < 8
    stencils = tuple(
        Interpolation(kind, n, bool(align_corners), s, single)
        for n, s in zip(counts, scales, strict=True)
    )
    primitive = upsample_ps.get((kind.replace("-", "_"), rank), resample_p)
    return primitive(x, stencils=stencils, divide=None)


def _sizes(
    space: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[tuple[int, ...], Sequence[float | None]]:
    """The new lengths, and the factors that the places of samples are worked out from."""
    rank = len(space)
    if size is not None and scale_factor is not None:
        raise ShapeError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ShapeError("either size or scale_factor should be defined")
    if size is not None:
        if recompute:
            raise ShapeError("recompute_scale_factor is not meaningful with an explicit size.")
        counts = (
            (int(size),) * rank
            if isinstance(size, (int, np.integer))
            else tuple(int(n) for n in size)
        )
        if len(counts) != rank:
            raise ShapeError(
                _wrong_number(space, f"output size of {counts}", "output size in (o1, o2, ...,oK)")
            )
        return counts, (None,) * rank
    factors = (
        (float(scale_factor),) * rank
        if isinstance(scale_factor, (int, float))
        else tuple(map(float, scale_factor))
    )
    if len(factors) != rank:
        raise ShapeError(
            _wrong_number(
                space,
                f"scale_factor of shape {tuple(scale_factor)}",
                "scale_factor in (s1, s2, ...,sK)",
            )
        )
    counts = tuple(math.floor(n * f) for n, f in zip(space, factors, strict=True))
    return counts, (None,) * rank if recompute else factors


def _wrong_number(space: tuple[int, ...], got: str, want: str) -> str:
    what = got.split()[0] if got.startswith("scale") else "output"
    return (
        f"Input and {what} must have the same number of spatial dimensions, but got input with "
        "spatial dimensions of "
        f"{list(space)} and {got}. Please provide input tensor in (N, C, d1, d2, ...,dK) format "
        f"and {want} format."
    )


def _labelled(sizes: Sequence[int]) -> str:
    letters = "DHW"[3 - len(sizes) :]
    return "(" + ", ".join(f"{a}: {n}" for a, n in zip(letters, sizes, strict=True)) + ")"
