"""`vmap`, with PyTorch's arguments and errors, on `transforms.batch`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ...core.errors import StructureError
from ...transforms import tree
from ...transforms.batch import batch_level, batched, unbatched
from ...transforms.draws import Draws
from .._tensor import Tensor
from ..generator import get_rng_state, set_rng_state
from ..joints import cat
from ..shapes import narrow
from .derivatives import wraps


def name_of(func: Any) -> str:
    """What messages call a function."""
    if hasattr(func, "__name__"):
        return str(func.__name__)
    if isinstance(func, functools.partial):
        return f"functools.partial({name_of(func.func)}, ...)"
    return repr(func)


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """Return the function that applies `func` to every example of a batch, in one run.

    Args:
        func: Maps tensors (nested in tuples, lists or dicts) to such.
        in_dims: Which axis of each positional argument is the batch: an int for all, or a tuple with an
            entry for each, an int, None (the same for every example) or a nested structure of these. Keyword
            arguments are the same for every example.
        out_dims: Where the batch goes in each output: an int, or a nested structure of ints. None for
            an output that is the same for every example (or no tensor).
        randomness: What random operations in `func` do: "error", "different" numbers for each example,
            or the "same".
        chunk_size: How many examples to run at once; None for all.

    Returns:
        A function of batches.

    Raises:
        RuntimeError: An unknown `randomness`.
        ValueError: `chunk_size` is not positive; or, in the call, the dims do not fit the arguments.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        name = name_of(func)
        if not all(_is_dim(d) for d in tree.leaves(out_dims)):
            raise ValueError(
                f"vmap({name}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection "
                "of ints representing where in the outputs the vmapped dimension should appear."
            )
        flat, structure, axes, size = _examples(name, args, in_dims)

        def part(xs: list[Any], count: int) -> Any:
            with batch_level(count, randomness) as level:
                inputs = [batched(level, x, a) for x, a in zip(xs, axes, strict=True)]
                outs = func(*structure.unflatten(inputs), **kwargs)
                leaves, shape, places = _outputs(name, outs, out_dims)
                return (
                    shape,
                    places,
                    [_result(name, level, o, a) for o, a in zip(leaves, places, strict=True)],
                )

        draws = Draws(func, flat if randomness != "same" else None)
        if chunk_size is None or chunk_size >= size:
            with draws:
                shape, _, results = part(flat, size)
            draws.check("vmap", refuse=False)  # PyTorch lets it pass
            return shape.unflatten(results)
        state = get_rng_state() if randomness == "same" else None
        chunks = []
        for start in range(0, size, chunk_size):
            if state is not None:
                set_rng_state(state)
            count = min(chunk_size, size - start)
            xs = [
                x if a is None else narrow(x, a, start, count)
                for x, a in zip(flat, axes, strict=True)
            ]
            with draws:
                chunks.append(part(xs, count))
        draws.check("vmap", refuse=False)
        shape, places, _ = chunks[0]
        columns = zip(*[results for _, _, results in chunks], strict=True)
        return shape.unflatten(
            [c[0] if a is None else cat(c, a) for c, a in zip(columns, places, strict=True)]
        )

    return run


def _is_dim(d: Any) -> bool:
    return isinstance(d, int)


def _examples(
    name: str, args: tuple[Any, ...], in_dims: Any
) -> tuple[list[Any], Any, list[int | None], int]:
    """The leaves of the arguments, their structure, the batch axis of each, and the batch's length.

    Raises:
        ValueError: `in_dims` does not fit.
    """
    where = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{where}expected `in_dims` to be int or a (potentially nested) tuple matching the structure of "
            f"inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to "
            "vmap over a function with no inputs. The latter is unsupported."
        )
    flat, structure = tree.flatten(args)
    try:
        axes = tree.spread(structure, in_dims, "in_dims")
    except StructureError as error:
        raise ValueError(
            f"{where}in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{tree.flatten(in_dims)[1]} but inputs has structure {structure}."
        ) from error
    sizes = []
    for x, a in zip(flat, axes, strict=True):
        if a is None:
            continue
        if not isinstance(a, int):
            raise ValueError(
                f"{where}Got in_dim={a} for an input but in_dim must be either an integer dimension or None."
            )
        if not isinstance(x, Tensor):
            raise ValueError(
                f"{where}Got in_dim={a} for an input but the input is of type {type(x)}. We cannot vmap over "
                "non-Tensor arguments, please use None as the respective in_dim"
            )
        rank = len(x.shape)
        if not -rank <= a < rank:
            raise ValueError(
                f"{where}Got in_dim={a} for some input, but that input is a Tensor of dimensionality {rank} so "
                f"expected in_dim to satisfy -{rank} <= in_dim < {rank}."
            )
        sizes.append(x.shape[a])
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(n != sizes[0] for n in sizes):
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return flat, structure, axes, sizes[0]


def _outputs(name: str, outs: Any, out_dims: Any) -> tuple[list[Any], Any, list[Any]]:
    """The leaves of the outputs, their structure, and where the batch goes in each.

    Raises:
        ValueError: `out_dims` has another structure; or nothing was returned.
    """
    leaves, shape = tree.flatten(outs)
    if outs is None and out_dims is not None:
        raise _not_a_tensor(name, outs)
    single = isinstance(outs, Tensor) and isinstance(out_dims, (tuple, list)) and len(out_dims) == 1
    try:
        places = tree.spread(shape, out_dims[0] if single else out_dims, "out_dims")
        if not all(a is None or _is_dim(a) for a in places):
            raise StructureError("an entry is a container")
    except StructureError as error:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure "
            f"of `outputs`. out_dims has structure {tree.flatten(out_dims)[1]} but outputs has structure {shape}."
        ) from error
    return leaves, shape, places


def _not_a_tensor(name: str, out: Any) -> ValueError:
    return ValueError(
        f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(out)}. Did you mean to set "
        "out_dims= to None for output?"
    )


def _result(name: str, level: Any, out: Any, axis: int | None) -> Any:
    """An output outside of the batch.

    Raises:
        ValueError: No tensor, or differing from example to example though `axis` is None.
        IndexError: There is no such axis.
    """
    if axis is None:
        if isinstance(out, Tensor) and getattr(out.value, "interpreter", None) is level:
            raise ValueError(
                f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None"
            )
        return out
    if not isinstance(out, Tensor):
        raise _not_a_tensor(name, out)
    rank = len(out.shape) + 1
    if not -rank <= axis < rank:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {axis})"
        )
    return unbatched(level, out, axis)
