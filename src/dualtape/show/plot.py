"""Pictures with matplotlib: gradients layer by layer, and the path of a descent over the surface of its function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor

_MISSING = "no gradient"


def gradient_flow(model: Any, *, ax: Any = None, title: str | None = None) -> Any:
    """Draw the mean and the largest absolute gradient of each parameter, in the order of the layers.

    A parameter whose gradient is None is marked: that is not the same as zero. Where values span more than a factor of
    100 the axis is logarithmic, with zeros at its foot.

    Args:
        model: A module with `named_parameters()`; something with `trainable_variables`, whose gradients are then given as
            pairs; or a mapping or an iterable of pairs from names to parameters (their `.grad` is taken) or to gradients.
        ax: A matplotlib axis; a new figure's by default.
        title: Of the picture.

    Returns:
        The axis.

    Raises:
        TypeError: Of something with `trainable_variables` no gradients are given.
        ValueError: There is no parameter.
        ImportError: matplotlib is not installed.
    """
    named = list(gradients(model))
    if not named:
        raise ValueError("gradient_flow: the model has no parameters")
    ax = axis(ax, 0.5 * len(named) + 3)
    at = np.arange(len(named))
    size = [None if g is None else np.abs(np.asarray(g)) for _, g in named]
    drawn = [np.zeros(1) if s is None or not np.isfinite(s).all() else s for s in size]
    mean = np.array([s.mean() if s.size else 0.0 for s in drawn])
    most = np.array([s.max(initial=0.0) for s in drawn])
    ax.bar(at, most, color="#9ec5fe", label="largest")
    ax.bar(at, mean, color="#1864ab", width=0.5, label="mean")
    positive = np.concatenate([most[most > 0], mean[mean > 0]])
    if len(positive) and positive.max() > 100 * positive.min():
        ax.set_yscale("log")
    for i, s in enumerate(size):
        if s is None:
            ax.axvspan(i - 0.45, i + 0.45, color="#ced4da", hatch="//", alpha=0.6)
            ax.annotate(_MISSING, (i, 0.5), xycoords=("data", "axes fraction"), rotation=90, ha="center", va="center")  # fmt: skip
        elif not np.isfinite(s).all():
            text = "not finite"
            ax.annotate(text, (i, 0.5), xycoords=("data", "axes fraction"), rotation=90, ha="center", va="center", color="#c92a2a")  # fmt: skip
    ax.set_xticks(at, [name for name, _ in named], rotation=60, ha="right")
    ax.set_xlim(-0.6, len(named) - 0.4)
    ax.set_ylabel("absolute gradient")
    ax.set_title(title or "Gradient flow")
    ax.legend()
    ax.figure.tight_layout()
    return ax


def surface(
    f: Callable[..., Any],
    path: Any,
    *,
    ax: Any = None,
    span: Sequence[Sequence[float]] | None = None,
    points: int = 80,
    levels: int = 24,
    title: str | None = None,
) -> Any:
    """Draw contours of a function of two numbers, and a descent's path over them.

    Args:
        f: Of one array of shape (2,), or of two numbers; its result is one number. Called at each point of the grid.
        path: The points that were visited: shape (n, 2), or a sequence of pairs of numbers or tensors.
        ax: A matplotlib axis; a new figure's by default.
        span: ((x from, x to), (y from, y to)); by default around the path, with a margin.
        points: Of the grid, along each axis.
        levels: How many contours.
        title: Of the picture.

    Returns:
        The axis.

    Raises:
        ValueError: The path is not one of points in the plane.
        ImportError: matplotlib is not installed.
    """
    track = np.array([[float(number(v)) for v in pair(p)] for p in path], float)
    if track.ndim != 2 or track.shape[1] != 2:
        raise ValueError(f"surface: the path must have the shape (n, 2), not {track.shape}")
    sides: Any = span
    if sides is None:
        low, high = track.min(0), track.max(0)
        margin = np.maximum(0.25 * (high - low), 0.25 * max(1e-6, float((high - low).max())))
        margin = np.where(margin > 0, margin, 1.0)
        sides = np.stack([low - margin, high + margin], 1)
    xs, ys = (np.linspace(low, high, points) for low, high in sides)
    both = takes_two(f)
    z = np.array([[value(f, x, y, both) for x in xs] for y in ys])
    ax = axis(ax, 6.0)
    finite = z[np.isfinite(z)]
    # The same number of points between neighbours: a steep wall does not take all contours.
    at = np.unique(np.quantile(finite, np.linspace(0, 1, levels))) if finite.size else None
    if at is not None and len(at) > 1:
        drawn = ax.contourf(xs, ys, z, levels=at, cmap="viridis", alpha=0.85)
        ax.contour(xs, ys, z, levels=at, colors="white", linewidths=0.4)
        ax.figure.colorbar(drawn, ax=ax)
    ax.plot(track[:, 0], track[:, 1], "o-", color="#e03131", markersize=3, linewidth=1.2)
    ax.plot(*track[0], "o", color="white", markeredgecolor="#e03131", markersize=8, label="start")
    ax.plot(*track[-1], "*", color="#ffd43b", markeredgecolor="#e03131", markersize=14, label="end")
    ax.set_title(title or f"{len(track)} points")
    ax.legend()
    return ax


def gradients(model: Any) -> Iterable[tuple[str, Any]]:
    """Names and gradients (arrays, or None) of what `gradient_flow` takes."""
    if hasattr(model, "named_parameters"):
        pairs = list(model.named_parameters())
    elif hasattr(model, "trainable_variables"):
        raise TypeError(
            "gradient_flow: TensorFlow keeps no gradients in variables; give pairs instead: "
            "zip([v.name for v in model.trainable_variables], tape.gradient(loss, model.trainable_variables))"
        )
    elif isinstance(model, Mapping):
        pairs = list(model.items())
    else:
        pairs = [p if isinstance(p, tuple) else (f"{i}", p) for i, p in enumerate(model)]
    for name, x in pairs:
        leaf = x.leaf if isinstance(x, Tensor) and x.edge is not None else None
        yield str(name), plain(x if leaf is None else leaf.grad)


def plain(x: Any) -> Any:
    """An array for a tensor or whatever NumPy takes for one; None for None."""
    if x is None:
        return None
    return np.asarray(x.value if isinstance(x, Tensor) else x)


def number(x: Any) -> Any:
    """A number for a tensor of one element."""
    return plain(x).reshape(())


def pair(point: Any) -> Any:
    """The two numbers of a point."""
    return np.ravel(plain(point)) if isinstance(point, Tensor) else point


def takes_two(f: Callable[..., Any]) -> bool:
    """Whether a function has two positional parameters without default rather than one."""
    code = getattr(f, "__code__", None)
    if code is None:
        return False
    count = (
        code.co_argcount - len(f.__defaults__ or ()) - (getattr(f, "__self__", None) is not None)
    )
    return bool(count == 2)


def value(f: Callable[..., Any], x: float, y: float, both: bool) -> float:
    """The function at a point; NumPy's warnings are the surface's own business."""
    with np.errstate(all="ignore"):
        return float(number(f(x, y) if both else f(np.array([x, y]))))


def axis(ax: Any, width: float) -> Any:
    """The axis given, or that of a new figure."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "dualtape.plot draws with matplotlib: pip install dualtape[show]"
        ) from error
    return plt.subplots(figsize=(min(16.0, max(5.0, width)), 4.5))[1]


__all__ = ["gradient_flow", "surface"]
