"""Tensors of random numbers: PyTorch's functions on the streams of `random_streams`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.batching import open_batches
from ..core.lengths import any_open
from ..core.tensor import wrap
from ..core.tracing import asked
from . import dtypes
from ._tensor import Tensor
from .alike import array_like, like_argument
from .arguments import (
    dtype_argument,
    integer,
    invalid_combination,
    known,
    wrong_type,
)
from .batched_draws import drawn, is_in_rows, is_traced, memory_of, one_by_one
from .creation import finished
from .dtypes import NumpyDtype
from .filled import check_options, checked_size, size_argument
from .generator import stream_of
from .random_sampling import fill_in_memory_order, permutation
from .random_streams import Stream
from .registry import resized

Shape = tuple[int, ...]
Draw = Callable[[Shape, NumpyDtype], Any]


def made(
    shape: Shape, dtype: NumpyDtype, draw: Draw, out: Any, requires_grad: bool, device: Any
) -> Tensor:
    """The draws as a new tensor, or in the `out=` tensor."""
    if out is not None:
        known_values = known("out", drawn(shape, lambda s: draw(s, out.value.dtype)))
        return resized(out, shape, lambda a: np.copyto(a, known_values))
    values = drawn(shape, lambda s: draw(s, dtype))
    return finished(scalar_of(values), requires_grad, device)


def scalar_of(values: Any) -> Any:
    """An array without axes as a NumPy scalar; others, and boxes, as they are."""
    return values[()] if type(values) is np.ndarray and not values.shape else values


def _by_size(
    name: str, draw: Callable[[Stream, Shape, NumpyDtype], Any], what: str
) -> Callable[..., Tensor]:
    def function(
        *args: Any, size: Any = None, generator: Any = None, out: Any = None, dtype: Any = None,
        layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    ) -> Tensor:  # fmt: skip
        stream = stream_of(generator, name)
        shape = size_argument(name, args if size is None else (size,))
        check_options(layout, pin_memory)
        d = dtypes.default_numpy if dtype is None else dtype_argument(name, dtype)
        return made(shape, d, lambda s, t: draw(stream, s, t), out, requires_grad, device)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"Draw {what}, in a size given as ints or as one sequence.\n\n"
        "Raises:\n    TypeError: The size is not made of ints.\n    NotImplementedError: Not a floating dtype."
    )
    return function


rand = _by_size(
    "rand", lambda s, shape, d: s.uniform(shape, d), "from the uniform distribution on [0, 1)"
)
randn = _by_size(
    "randn", lambda s, shape, d: s.normal(shape, d), "from the standard normal distribution"
)


def _int_bounds(
    function: str, args: tuple[Any, ...], low: Any, high: Any, position: int
) -> tuple[int, int]:
    """The bounds of `randint`, given as high, as low and high, or by name."""
    given = list(args)
    if high is None:
        high = given.pop() if given else None
    if low is None and given:
        low = given.pop()
    if high is None or given:
        raise invalid_combination(function, args)
    return (
        0 if low is None else integer(function, low, "low", position),
        integer(function, high, "high", position + (low is not None)),
    )


def randint(
    *args: Any, low: Any = None, high: Any = None, size: Any = None, generator: Any = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Draw integers from [low, high): `randint(high, size)` or `randint(low, high, size)`, int64 unless named.

    Raises:
        TypeError: The bounds are no ints, or the size no sequence.
        RuntimeError: The range is empty or does not fit the dtype.
    """
    stream = stream_of(generator, "randint")
    if size is None:
        if not args:
            raise invalid_combination("randint", args)
        *rest, size = args
        args = tuple(rest)
    if not isinstance(size, (tuple, list)):
        raise wrong_type("randint", "size", len(args) + 1, "tuple of ints", size)
    least, bound = _int_bounds("randint", args, low, high, 1)
    shape = size_argument("randint", (size,), len(args) + 1)
    check_options(layout, pin_memory)
    d = dtypes.int64.dtype if dtype is None else dtype_argument("randint", dtype)
    return made(
        shape, d, lambda s, t: stream.integers(s, least, bound, t), out, requires_grad, device
    )


def randperm(
    n: Any, *, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The integers from 0 to n - 1 in random order, int64 unless a dtype is named.

    Raises:
        RuntimeError: `n` is negative or does not fit the dtype.
    """
    stream = stream_of(generator, "randperm")
    count = integer("randperm", n, "n", 1)
    checked_size((count,))
    check_options(layout, pin_memory)
    d = dtypes.int64.dtype if dtype is None else dtype_argument("randperm", dtype)
    if out is None and open_batches.get():
        values = one_by_one(lambda: permutation(stream, count, d))
        return finished(values, requires_grad, device)
    return made((count,), d, lambda s, t: permutation(stream, s[0], t), out, requires_grad, device)


# --- like another tensor ----------------------------------------------------------------------------


def _empty(shape: Shape, dtype: NumpyDtype) -> Any:
    return np.empty(shape, dtype)


def drawn_like(
    t: Tensor, dtype: NumpyDtype, memory_format: Any, draw: Callable[[Any], None]
) -> Any:
    """A new array laid out as `t`, filled by `draw`; inside vmap a batch of them."""
    if open_batches.get():

        def whole(shape: Shape) -> Any:
            array = np.empty(shape, dtype)
            draw(array)
            return array

        return scalar_of(drawn(tuple(t.value.shape), whole))

    def like() -> Any:
        array = np.asarray(array_like(laid_out, dtype, memory_format, _empty))
        draw(array)
        return array

    if is_traced(t) and any_open(t.value.shape) and is_in_rows(t):

        def in_rows(shape: Shape) -> Any:
            array = np.empty(shape, dtype)
            draw(array)
            return array

        return scalar_of(asked(in_rows, tuple(t.value.shape)))
    laid_out: Any = wrap(Tensor, memory_of(t)) if is_traced(t) else t
    return scalar_of(asked(like))


def filler(draw: Callable[[Shape], Any]) -> Callable[[Any], None]:
    return lambda array: fill_in_memory_order(array, draw)


def normal_filler(stream: Stream, mean: float = 0.0, std: float = 1.0) -> Callable[[Any], None]:
    def fill(array: Any) -> None:
        dense = bool(array.flags.c_contiguous)
        fill_in_memory_order(
            array, lambda s: stream.normal(s, array.dtype, mean, std, contiguous=dense)
        )

    return fill


def _like(
    name: str, fill: Callable[[Stream, NumpyDtype], Callable[[Any], None]]
) -> Callable[..., Tensor]:
    def function(
        input: Any, *, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
    ) -> Tensor:  # fmt: skip
        t, d = like_argument(name, input, dtype)
        check_options(layout, pin_memory)
        values = drawn_like(t, d, memory_format, fill(stream_of(generator, name), d))
        return finished(values, requires_grad, device)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"`torch.{name[:-5]}` with the shape, and unless named the dtype, of `input`."
    )
    return function


rand_like = _like("rand_like", lambda stream, d: filler(lambda s: stream.uniform(s, d)))
randn_like = _like("randn_like", lambda stream, d: normal_filler(stream))


def randint_like(
    input: Any, *args: Any, low: Any = None, high: Any = None, generator: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """`torch.randint` with the shape, and unless named the dtype, of `input`.

    Raises:
        RuntimeError: The range is empty or does not fit the dtype.
    """
    t, d = like_argument("randint_like", input, dtype)
    least, bound = _int_bounds("randint_like", args, low, high, 2)
    check_options(layout, pin_memory)
    stream = stream_of(generator, "randint_like")
    fill = filler(lambda s: stream.integers(s, least, bound, d))
    return finished(drawn_like(t, d, memory_format, fill), requires_grad, device)


__all__ = ["rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm"]
