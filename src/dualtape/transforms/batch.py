"""`vmap`: a function of one example, run on a whole batch at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..core import modes
from ..core.batching import Batched, Batching
from ..core.errors import ArgumentError, ShapeError
from ..core.tensor import Tensor, wrap
from ..core.vocabulary import vocabulary
from . import tree
from .arguments import named
from .draws import Draws
from .surface import called, inner, is_array, lift, lower, output, outward


@contextmanager
def batch_level(size: int, randomness: str = "error") -> Iterator[Batching]:
    """Open a level of batching over `size` examples; its values end with it."""
    with modes.deeper() as depth:
        level = Batching(depth, size, randomness)
        with level.entered():
            yield level


def batched(level: Batching, x: Any, axis: int | None) -> Any:
    """An argument as one example of a batch: `axis` is the batch; None leaves it as it is.

    Raises:
        ShapeError: It has no such axis.
    """
    if axis is None:
        return x
    t = lift(x)
    rank = len(t.shape)
    if not -rank <= axis < rank:
        raise ShapeError(
            f"vmap: in_axes asks for axis {axis} of an argument of shape {list(t.shape)}"
        )
    return wrap(type(t).result_class, Batched(level, inner(t), axis % rank))


def unbatched(level: Batching, t: Tensor, axis: int | None) -> Tensor:
    """A result with its batch at `axis`; one that is the same for all examples is repeated.

    Raises:
        ArgumentError: `axis` is None and the result differs from example to example.
        ShapeError: It has no such axis.
    """
    value, cls = t.value, type(t)
    own = isinstance(value, Batched) and value.interpreter is level
    if axis is None:
        if own:
            raise ArgumentError(
                "vmap: out_axes is None for an output that differs from example to example"
            )
        return t
    rank = len(t.shape) + 1
    if not -rank <= axis < rank:
        raise ShapeError(f"vmap: out_axes asks for axis {axis} of a batched output of {rank} axes")
    axis %= rank
    if own:
        return outward(vocabulary.move_axis(value.content, value.axis, axis), cls)
    shape = tuple(t.shape)
    one = vocabulary.reshape(inner(t), (*shape[:axis], 1, *shape[axis:]))
    return outward(vocabulary.broadcast_to(one, (*shape[:axis], level.size, *shape[axis:])), cls)


def vmap(
    f: Callable[..., Any],
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    axis_size: int | None = None,
    randomness: str = "error",
) -> Callable[..., Any]:
    """Return the function that applies `f` to every example of a batch, in one run.

    Args:
        f: Maps arrays (nested in tuples, lists, dicts, dataclasses) to such.
        in_axes: Which axis of each argument is the batch: an int for all, or a tuple with an entry
            per positional argument, each an int, None (the same for every example) or a tree of these
            that is a prefix of the argument. Keyword arguments are batched along axis 0.
        out_axes: Where the batch goes in each output: an int or a prefix tree of ints. None for an
            output that is the same for every example.
        axis_size: The length of the batch; needed when nothing is batched.
        randomness: What random operations inside do: "error", "different" numbers for each example,
            or the "same". NumPy's generators (`np.random.normal()`, `rng.normal()`) and the module `random` can only
            give all examples the same.

    Returns:
        A function of batches.

    Raises:
        ArgumentError: No argument is batched and no `axis_size` given; or an unknown `randomness`.
        ShapeError: The batch axes differ in length, or an axis does not exist.
        StructureError: `in_axes` or `out_axes` is not a prefix of what it describes.
        TransformError: `f` drew from `np.random`, `random` or a NumPy generator that it is given or names itself, and
            `randomness` is not "same". While other threads are alive, which may have drawn, it is a warning.

    >>> import numpy as np, dualtape as dt
    >>> dt.vmap(np.dot, in_axes=(0, None))(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0]))
    array([21., 43.])
    """
    if randomness not in ("error", "different", "same"):
        raise ArgumentError(
            f"vmap: randomness must be 'error', 'different' or 'same', got {randomness!r}"
        )

    def run(*args: Any, **kwargs: Any) -> Any:
        flat, structure = tree.flatten((args, kwargs))
        prefix = tuple(in_axes) if isinstance(in_axes, list) else in_axes
        axes = tree.spread(structure, (prefix, 0), "vmap: in_axes")
        size = batch_size(flat, axes, axis_size)
        draws = Draws(f, flat if randomness != "same" else None)
        with draws, batch_level(size, randomness) as level:
            inputs = [
                batched(level, x, a) if is_array(x) else x for x, a in zip(flat, axes, strict=True)
            ]
            new_args, new_kwargs = structure.unflatten(inputs)
            outs, shape = tree.flatten(called(f, new_args, new_kwargs))
            places = tree.spread(shape, out_axes, "vmap: out_axes")
            results = [
                unbatched(level, output(o, "vmap"), a) for o, a in zip(outs, places, strict=True)
            ]
        draws.check("vmap", refuse=True)
        return shape.unflatten([lower(r) for r in results])

    return named(f, run, "vmap")


def batch_size(flat: list[Any], axes: list[Any], given: int | None) -> int:
    """The length of the batch.

    Raises:
        ArgumentError: Nothing says.
        ShapeError: The arguments differ.
    """
    sizes: list[tuple[int, Any]] = [] if given is None else [(given, "axis_size")]
    for x, a in zip(flat, axes, strict=True):
        if a is None:
            continue
        if not is_array(x):
            raise ArgumentError(
                f"vmap: in_axes asks for axis {a} of an argument that is no array: {type(x).__name__}"
            )
        shape = tuple(lift(x).shape)
        if not -len(shape) <= a < len(shape):
            more = "" if shape else (
                ". Nested lists and tuples are containers, whose leaves are batched one by one: make a list of numbers an array "
                "with np.array; an argument that is the same for every example has None in in_axes"
            )  # fmt: skip
            raise ShapeError(
                f"vmap: in_axes asks for axis {a} of an argument of shape {list(shape)}{more}"
            )
        if not any(shape[a] == n for n, _ in sizes):
            sizes.append((shape[a], list(shape)))
    if not sizes:
        raise ArgumentError("vmap: no argument is batched; give axis_size, or an axis in in_axes")
    if len(sizes) > 1:
        found = ", ".join(f"{n} ({s})" for n, s in sizes)
        raise ShapeError(f"vmap: the batch axes of the arguments differ in length: {found}")
    return sizes[0][0]
