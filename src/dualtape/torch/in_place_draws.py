"""The in-place methods that fill a tensor with random numbers: `uniform_`, `normal_`, `random_` and so on.

They fill in the order of the tensor's memory, as PyTorch's do. A recorded tensor stays recorded, and its gradient
is zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import modes
from ..core.batching import Batched, open_batches
from ..core.conform import can_sum_to
from ..core.inplace import check_writable, write
from ..core.primitive import camel
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..core.tracing import asked
from ..core.vocabulary import vocabulary
from ._tensor import Tensor, concrete
from .arguments import integer, invalid_combination, known, number, tensor_argument
from .batched_draws import drawn, is_traced, memory_of, varying
from .generator import stream_of
from .parametric_draws import bernoulli_each, recorded
from .random_dtypes import require_kernel
from .registry import method
from .sampling import filler, normal_filler


def overwrite(self: Tensor, function: str, fill: Callable[[Any], None]) -> Tensor:
    """Overwrite a tensor with draws in the order of its memory.

    Raises:
        RuntimeError: It repeats elements, as `expand` makes it.
    """
    if open_batches.get():
        return _overwrite_batch(self, fill)
    traced = is_traced(self)
    if not traced:
        concrete(self.value, f"{function}()")
    target = memory_of(self)
    if any(s == 0 and n > 1 for s, n in zip(target.strides, target.shape, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )
    mode = modes.current()
    if not mode & modes.BOXED and (
        mode & modes.NO_GRAD or (self.edge is None and self.view_of is None)
    ):
        fill(target)
        self.shared_version().bump()
        return self
    if not traced or not mode & modes.NO_GRAD:
        check_writable(self)

    def filled() -> Any:
        values = np.empty_like(target)
        if values.flags.c_contiguous != target.flags.c_contiguous:  # some draws depend on it
            values = np.empty((*target.shape, 2), target.dtype)[..., 0]
        fill(values)
        return values

    return _drawn_over(self, function, asked(filled))


def _drawn_over(self: Tensor, function: str, values: Any) -> Tensor:
    """Overwrite a tensor with draws by the engine."""
    name = camel(function.rstrip("_")) + "Backward0"
    return write(self, lambda old: recorded(name, values, old))  # type: ignore[return-value]


def _overwrite_batch(self: Tensor, fill: Callable[[Any], None]) -> Tensor:
    """`overwrite` inside `vmap`.

    Raises:
        RuntimeError: The draws differ from example to example, and the tensor does not.
    """
    value = self.value
    for level in reversed(varying()):
        if not isinstance(value, Batched) or value.interpreter is not level:
            raise RuntimeError(
                "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like "
                "same randomness. Draw out of place instead."
            )
        value = value.content

    def whole(shape: tuple[int, ...]) -> Any:
        array = np.empty(shape, self.value.dtype)
        fill(array)
        return array

    values: Tensor = wrap(Tensor, drawn(tuple(self.value.shape), whole))  # type: ignore[assignment]
    return write(self, lambda _: values)  # type: ignore[return-value]


@method()
def uniform_(
    self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None, **kwargs: Any
) -> Tensor:
    """Fill with uniform draws from [from, to).

    Raises:
        RuntimeError: The bounds are in the wrong order or out of the dtype's range.
        NotImplementedError: Not a floating dtype.
    """
    low, high = float(kwargs.pop("from", from_)), float(to)
    stream, d = stream_of(generator, "uniform_"), self.value.dtype
    return overwrite(self, "uniform_", filler(lambda s: stream.uniform(s, d, low, high)))


@method()
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with normal draws.

    Raises:
        RuntimeError: `std` is negative.
        NotImplementedError: Not a floating dtype.
    """
    return overwrite(
        self, "normal_", normal_filler(stream_of(generator, "normal_"), float(mean), float(std))
    )


@method()
def random_(self: Tensor, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
    """Fill with integers: `random_()` of the dtype's whole range, `random_(to)`, `random_(from, to)`.

    Raises:
        RuntimeError: The range is empty or does not fit the dtype.
    """
    stream, d = stream_of(generator, "random_"), self.value.dtype
    low, high = kwargs.pop("from", None), kwargs.pop("to", None)
    given = list(args)
    if high is None and given and (low is not None or len(given) == 1):
        high = given.pop()
    elif len(given) == 2:
        low, high = given
        given = []
    if given or kwargs:
        raise invalid_combination("random_", args, kwargs)
    if low is None and high is None:
        return overwrite(self, "random_", filler(lambda s: stream.random(s, d)))
    least = 0 if low is None else integer("random_", low, "from", 1)
    if high is None:
        return overwrite(self, "random_", filler(lambda s: stream.integers_from(s, least, d)))
    bound = integer("random_", high, "to", 2)
    return overwrite(self, "random_", filler(lambda s: stream.integers(s, least, bound, d)))


@method()
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with zeros and ones of the probability `p`, a number or a tensor that broadcasts.

    Raises:
        RuntimeError: A probability is not between 0 and 1.
    """
    stream, d = stream_of(generator, "bernoulli_"), self.value.dtype
    if not isinstance(p, CoreTensor):
        chance = float(number("bernoulli_", p, "p", 1))
        return overwrite(self, "bernoulli_", filler(lambda s: stream.bernoulli(s, d, chance)))
    chances = tensor_argument("bernoulli_", p, "p", 1)
    shape = tuple(self.value.shape)
    if is_traced(self, chances) and can_sum_to(shape, tuple(chances.shape)):
        if not modes.current() & modes.NO_GRAD:
            check_writable(self)
        wide = vocabulary.broadcast_to(chances.value, shape)
        return _drawn_over(self, "bernoulli_", bernoulli_each(stream, wide, shape, d))
    probabilities = known("bernoulli_", chances)
    if not can_sum_to(shape, probabilities.shape):
        raise RuntimeError(
            f"The expanded size of the tensor ({shape[-1] if shape else 1}) must match the existing size "
            f"({probabilities.shape[-1]}) at non-singleton dimension {len(shape) - 1}.  Target sizes: "
            f"{list(shape)}.  Tensor sizes: {list(probabilities.shape)}"
        )
    require_kernel("bernoulli_tensor_cpu_self_", d)
    wanted = np.broadcast_to(probabilities, shape)

    def fill(array: Any) -> None:
        order = sorted(range(array.ndim), key=lambda a: -abs(array.strides[a]))
        array.transpose(order)[...] = stream.bernoulli_each(wanted.transpose(order), d)

    return overwrite(self, "bernoulli_", fill)


@method()
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with exponential draws of the rate `lambd`.

    Raises:
        RuntimeError: The rate is not positive, or the dtype not floating.
    """
    stream, d = stream_of(generator, "exponential_"), self.value.dtype
    return overwrite(self, "exponential_", filler(lambda s: stream.exponential(s, d, float(lambd))))


@method()
def geometric_(self: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Fill with the numbers of the first success at the probability `p`.

    Raises:
        RuntimeError: `p` is not between 0 and 1.
    """
    stream, d = stream_of(generator, "geometric_"), self.value.dtype
    return overwrite(self, "geometric_", filler(lambda s: stream.geometric(s, d, float(p))))


@method()
def cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None
) -> Tensor:
    """Fill with Cauchy draws.

    Raises:
        RuntimeError: `sigma` is not positive, or the dtype not floating.
    """
    stream, d = stream_of(generator, "cauchy_"), self.value.dtype
    return overwrite(
        self, "cauchy_", filler(lambda s: stream.cauchy(s, d, float(median), float(sigma)))
    )


@method()
def log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Any = None
) -> Tensor:
    """Fill with exponentials of normal draws.

    Raises:
        RuntimeError: `std` is not positive.
    """
    stream, d = stream_of(generator, "log_normal_"), self.value.dtype
    return overwrite(
        self, "log_normal_", filler(lambda s: stream.log_normal(s, d, float(mean), float(std)))
    )
