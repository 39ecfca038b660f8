"""`tf.data`: datasets as Python iterables, made lazily and iterated as often as asked."""

from __future__ import annotations

import random as python_random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NoReturn

import numpy as np

from ..core.missing import missing_attribute
from . import nest
from .batching import drawn, shaped, stacked
from .convert import as_tensor, static
from .random import streams
from .shapes import TensorSpec
from .tensor import EagerTensor, tensor

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2


class Dataset:
    """Elements (tensors, or nested structures of them) that an iterable makes anew for each pass.

    Args:
        make: A function without arguments that gives an iterator.
        size: How many elements there are: a number, or one of the constants above.
        kind: What it is called when printed.
        spec: Gives the specification of an element; by default that of the first element there is.
    """

    def __init__(
        self,
        make: Callable[[], Iterable[Any]],
        size: int = UNKNOWN_CARDINALITY,
        kind: str = "",
        spec: Callable[[], Any] | None = None,
    ) -> None:
        self._make = make
        self._size = size
        self._kind = kind
        self._spec_of = spec  # None rather than a method of its own, which would be a cycle
        self._spec: Any = None

    # --- sources ------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """The slices along the first axis.

        Raises:
            ValueError: The first axes differ.
        """
        whole = _tensors(tensors)
        sizes: set[Any] = {x.value.shape[0] if x.value.shape else None for x in nest.flatten(whole)}
        if None in sizes:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        if len(sizes) != 1:
            raise ValueError(
                f"Dimensions {' and '.join(map(str, sorted(sizes)))} are not compatible"
            )
        n = sizes.pop() or 0
        arrays = nest.map_structure(lambda x: x.value, whole)
        return Dataset(
            lambda: (nest.map_structure(lambda a, i=i: tensor(a[i]), arrays) for i in range(n)),
            n,
            "_TensorSliceDataset",
        )

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """The tensors as the only element."""
        whole = _tensors(tensors)
        return Dataset(lambda: iter([whole]), 1, "_TensorDataset")

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]], output_types: Any = None, output_shapes: Any = None,
        args: Any = None, output_signature: Any = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """What a generator function yields, in the dtypes asked for."""
        types = output_types
        if output_signature is not None:
            types = nest.map_structure(lambda s: s.dtype, output_signature)

        def make() -> Iterator[Any]:
            for item in generator(*(args or ())):
                yield nest.map_structure(
                    lambda t, v: as_tensor(v, t.numpy_dtype), types, shaped(types, item)
                )

        return Dataset(make, UNKNOWN_CARDINALITY, "_FlatMapDataset")

    @staticmethod
    def range(*args: Any, **kwargs: Any) -> Dataset:
        """Numbers as Python's `range`, in int64 or `output_type`."""
        to = kwargs.get("output_type")
        dtype = np.dtype(np.int64) if to is None else to.numpy_dtype
        numbers = range(*[int(static(a)) for a in args])
        return Dataset(
            lambda: (tensor(dtype.type(i)) for i in numbers), len(numbers), "_RangeDataset"
        )

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Elements of several datasets side by side, until the shortest ends."""
        form = datasets if datasets is not None else args[0] if len(args) == 1 else args
        parts = nest.flatten(form)
        sizes = [d._size for d in parts if d._size != INFINITE_CARDINALITY]
        size = (
            INFINITE_CARDINALITY
            if not sizes
            else UNKNOWN_CARDINALITY
            if min(sizes) < 0
            else min(sizes)
        )
        return Dataset(
            lambda: (nest.pack_sequence_as(form, row) for row in zip(*parts, strict=False)),
            size,
            "_ZipDataset",
        )

    # --- iterating ----------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        return iter(self._make())

    def __len__(self) -> int:
        if self._size == INFINITE_CARDINALITY:
            raise TypeError("The dataset is infinite.")
        if self._size < 0:
            raise TypeError("The dataset length is unknown.")
        return self._size

    def __bool__(self) -> bool:
        return True

    def cardinality(self) -> EagerTensor:
        """How many elements there are, as a tensor; -1 for infinitely many, -2 for nobody knows."""
        return tensor(np.int64(self._size))

    def as_numpy_iterator(self) -> Iterator[Any]:
        """An iterator over the elements as arrays and NumPy scalars."""
        return (nest.map_structure(lambda x: x.numpy(), element) for element in self)

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element.

        Raises:
            ValueError: There is none, or more than one.
        """
        found = list(islice(self, 2))
        if len(found) != 1:
            raise ValueError(f"Dataset has {'no' if not found else 'more than one'} element")
        return found[0]

    @property
    def element_spec(self) -> Any:
        """The shapes and dtypes of an element, lengths that may vary as None."""
        if self._spec is None:
            self._spec = self._spec_of_first() if self._spec_of is None else self._spec_of()
        return self._spec

    def _spec_of_first(self) -> Any:
        first = next(iter(self), None)
        return None if first is None else nest.map_structure(TensorSpec.from_tensor, first)

    def _own_spec(self) -> Any:
        return self.element_spec

    def _batched_spec(self, length: int | None) -> Any:
        return nest.map_structure(
            lambda part: TensorSpec([length, *part.shape], part.dtype), self.element_spec
        )

    def __repr__(self) -> str:
        return f"<{self._kind or 'Dataset'} element_spec={self.element_spec}>"

    # --- transformations ----------------------------------------------------------------------

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
        **_: Any,
    ) -> Dataset:
        """Apply a function to each element; the parts of a tuple are its arguments."""
        return Dataset(
            lambda: (_tensors(_apply(map_func, element)) for element in self), self._size,
            "_ParallelMapDataset" if num_parallel_calls else "_MapDataset",
        )  # fmt: skip

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Keep the elements for which a function is true."""
        return Dataset(
            lambda: (e for e in self if bool(as_tensor(_apply(predicate, e)))),
            UNKNOWN_CARDINALITY,
            "_FilterDataset",
            self._own_spec,
        )

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements of the datasets that a function makes of each element, one after the other."""
        return Dataset(
            lambda: (x for e in self for x in _apply(map_func, e)),
            UNKNOWN_CARDINALITY,
            "_FlatMapDataset",
        )

    def interleave(
        self, map_func: Callable[..., Any], cycle_length: int = 1, block_length: int = 1, **_: Any
    ) -> Dataset:
        """The elements of the datasets that a function makes, `cycle_length` of them in turn."""

        def make() -> Iterator[Any]:
            source = iter(self)
            open_now = [iter(_apply(map_func, e)) for e in islice(source, max(cycle_length, 1))]
            while open_now:
                for i, inner in enumerate(list(open_now)):
                    part = list(islice(inner, block_length))
                    yield from part
                    if len(part) < block_length:
                        following = next(source, None)
                        open_now[i] = (
                            iter(()) if following is None else iter(_apply(map_func, following))
                        )
                        if following is None:
                            open_now[i] = None
                open_now = [it for it in open_now if it is not None]

        return Dataset(make, UNKNOWN_CARDINALITY, "_InterleaveDataset")

    def batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Stack each `batch_size` elements; the last batch may be smaller."""
        n = int(static(batch_size))

        def make() -> Iterator[Any]:
            source = iter(self)
            while rows := list(islice(source, n)):
                if len(rows) < n and drop_remainder:
                    return
                yield stacked(rows)

        size = self._size
        if size > 0:
            size = size // n if drop_remainder else -(-size // n)
        spec = partial(self._batched_spec, n if drop_remainder else None)
        return Dataset(make, size, "_BatchDataset", spec)

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Stack elements of different lengths, padded with zeros behind.

        Raises:
            NotImplementedError: `padded_shapes` or `padding_values`.
        """
        if padded_shapes is not None or padding_values is not None:
            raise NotImplementedError("padded_batch with padded_shapes or padding_values")
        n = int(static(batch_size))

        def make() -> Iterator[Any]:
            source = iter(self)
            while rows := list(islice(source, n)):
                if len(rows) < n and drop_remainder:
                    return
                yield stacked(rows, pad=True)

        return Dataset(make, UNKNOWN_CARDINALITY, "_PaddedBatchDataset")

    def unbatch(self, name: str | None = None) -> Dataset:
        """The slices of each element along the first axis."""

        def make() -> Iterator[Any]:
            for element in self:
                yield from Dataset.from_tensor_slices(element)

        return Dataset(make, UNKNOWN_CARDINALITY, "_UnbatchDataset")

    def shuffle(
        self,
        buffer_size: Any,
        seed: Any = None,
        reshuffle_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Draw each element at random from the next `buffer_size` ones."""
        n = int(static(buffer_size))
        again = reshuffle_each_iteration is None or bool(reshuffle_each_iteration)
        own = None if seed is None else int(static(seed))
        start = streams.op_seeds(own)
        state = python_random.Random(None if start is None else hash(start))
        first = state.getstate()

        def make() -> Iterator[Any]:
            if not again:
                state.setstate(first)
            buffer: list[Any] = []
            for element in self:
                buffer.append(element)
                if len(buffer) > n:
                    yield drawn(buffer, state)
            while buffer:
                yield drawn(buffer, state)

        return Dataset(make, self._size, "_ShuffleDataset", self._own_spec)

    def repeat(self, count: Any = None, name: str | None = None) -> Dataset:
        """The elements `count` times over; without end for None or -1."""
        n = -1 if count is None else int(static(count))

        def make() -> Iterator[Any]:
            passes = 0
            while n < 0 or passes < n:
                passes += 1
                empty = True
                for element in self:
                    empty = False
                    yield element
                if empty:
                    return

        size = INFINITE_CARDINALITY if n < 0 else self._size * n if self._size >= 0 else self._size
        return Dataset(make, size, "_RepeatDataset", self._own_spec)

    def take(self, count: Any, name: str | None = None) -> Dataset:
        """The first `count` elements."""
        n = int(static(count))
        if n < 0:
            return self
        size = (
            n
            if self._size == INFINITE_CARDINALITY
            else min(n, self._size)
            if self._size >= 0
            else self._size
        )
        return Dataset(lambda: islice(self, n), size, "_TakeDataset", self._own_spec)

    def skip(self, count: Any, name: str | None = None) -> Dataset:
        """All but the first `count` elements."""
        n = int(static(count))
        size = max(self._size - n, 0) if self._size >= 0 else self._size
        return Dataset(lambda: islice(self, n, None), size, "_SkipDataset", self._own_spec)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements before the first for which a function is false."""

        def make() -> Iterator[Any]:
            for element in self:
                if not bool(as_tensor(_apply(predicate, element))):
                    return
                yield element

        return Dataset(make, UNKNOWN_CARDINALITY, "_TakeWhileDataset", self._own_spec)

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Pairs of an int64 number and an element."""

        def make() -> Iterator[Any]:
            for i, element in enumerate(self, start):
                yield tensor(np.int64(i)), element

        return Dataset(make, self._size, "_ZipDataset")

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """These elements, then those of another dataset."""

        def make() -> Iterator[Any]:
            yield from self
            yield from dataset

        both = (self._size, dataset._size)
        size = sum(both) if min(both) >= 0 else min(both)
        return Dataset(make, size, "_ConcatenateDataset", self._own_spec)

    def window(
        self,
        size: Any,
        shift: Any = None,
        stride: int = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Datasets of `size` elements each, `shift` apart (by default side by side)."""
        n = int(static(size))
        step = n if shift is None else int(static(shift))

        def make() -> Iterator[Any]:
            source = iter(self)
            span = (n - 1) * stride + 1
            held: list[Any] = []
            while True:
                held += islice(source, span - len(held))
                if not held:
                    return
                part = held[:span:stride]
                if len(part) == n or not drop_remainder:
                    yield Dataset(partial(iter, part), len(part), "_VariantDataset")
                for _ in islice(source, max(step - len(held), 0)):
                    pass
                held = held[step:]

        return Dataset(make, UNKNOWN_CARDINALITY, "_WindowDataset")

    def reduce(
        self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None
    ) -> Any:
        """Combine a state with each element and return the last state."""
        state = _tensors(initial_state)
        for element in self:
            state = reduce_func(state, element)
        return state

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Dataset:
        """The same elements: there is nothing to prefetch."""
        return Dataset(self._make, self._size, "_PrefetchDataset", self._own_spec)

    def cache(self, filename: str = "", name: str | None = None) -> Dataset:
        """The same elements, kept in memory from the first whole pass on."""
        kept: list[Any] = []
        done = [False]

        def make() -> Iterator[Any]:
            if done[0]:
                yield from kept
                return
            seen = []
            for element in self:
                seen.append(element)
                yield element
            kept[:] = seen
            done[0] = True

        return Dataset(make, self._size, "CacheDataset", self._own_spec)

    def with_options(self, options: Any, name: str | None = None) -> Dataset:
        """The same elements: there are no options."""
        return self

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of the dataset."""
        return transformation_func(self)

    def __getattr__(self, name: str) -> NoReturn:
        raise missing_attribute("tensorflow.data.Dataset", name, dir(type(self)))


def _tensors(structure: Any) -> Any:
    """A structure with tensors for its leaves; lists count as tensors, tuples as structure."""
    if isinstance(structure, tuple):
        parts = [_tensors(s) for s in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    if isinstance(structure, dict):
        return {k: _tensors(v) for k, v in structure.items()}
    if isinstance(structure, Dataset):
        return structure
    return as_tensor(structure)


def _apply(function: Callable[..., Any], element: Any) -> Any:
    return function(*element) if isinstance(element, tuple) else function(element)


class experimental:
    """`tf.data.experimental`."""

    AUTOTUNE = AUTOTUNE
    INFINITE_CARDINALITY = INFINITE_CARDINALITY
    UNKNOWN_CARDINALITY = UNKNOWN_CARDINALITY

    @staticmethod
    def cardinality(dataset: Dataset) -> EagerTensor:
        """See `Dataset.cardinality`."""
        return dataset.cardinality()


class Options:
    """Options that mean nothing here: any attribute may be set."""


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
