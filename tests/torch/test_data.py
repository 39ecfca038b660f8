"""Datasets, samplers and loaders: PyTorch's batches, order and errors."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch.utils import data as dd


def plain(x):
    """Tensors as nested lists, containers as they are."""
    if hasattr(x, "tolist"):
        return (str(x.dtype), x.tolist())
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return (type(x).__name__, *map(plain, x))
    if isinstance(x, (list, tuple)):
        return type(x)(map(plain, x))
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    return x


class Squares:
    """A dataset of pairs."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError(i)
        return i, float(i * i)


def test_shuffled_batches():
    dt.manual_seed(0)
    loader = dd.DataLoader(dd.TensorDataset(dt.arange(10)), batch_size=4, shuffle=True)
    epochs = [[b[0].tolist() for b in loader] for _ in range(2)]
    assert epochs == [[[6, 7, 1, 4], [2, 0, 9, 8], [3, 5]], [[2, 4, 7, 0], [8, 9, 5, 3], [6, 1]]]


LOADERS = {
    "plain": lambda t, d: d.DataLoader(Squares(10), batch_size=3),
    "shuffle": lambda t, d: d.DataLoader(Squares(23), batch_size=4, shuffle=True),
    "drop_last": lambda t, d: d.DataLoader(Squares(23), batch_size=4, shuffle=True, drop_last=True),
    "generator": lambda t, d: d.DataLoader(
        Squares(23), 5, shuffle=True, generator=t.Generator().manual_seed(7)
    ),
    "single": lambda t, d: d.DataLoader(Squares(5), batch_size=None, shuffle=True),
    "sampler": lambda t, d: d.DataLoader(
        Squares(9), 2, sampler=d.SubsetRandomSampler([1, 4, 6, 8])
    ),
    "weighted": lambda t, d: d.DataLoader(
        Squares(9), 2, sampler=d.WeightedRandomSampler([0.1, 0.5, 0.2, 0.9, 3.0], 7)
    ),
    "weighted-once": lambda t, d: d.DataLoader(
        Squares(9),
        2,
        sampler=d.WeightedRandomSampler([0.1, 0.5, 0.2, 0.9, 3.0], 4, replacement=False),
    ),
    "replacement": lambda t, d: d.DataLoader(
        Squares(9), 7, sampler=d.RandomSampler(Squares(9), replacement=True, num_samples=70)
    ),
    "more": lambda t, d: d.DataLoader(
        Squares(9), 7, sampler=d.RandomSampler(Squares(9), num_samples=30)
    ),
    "batch_sampler": lambda t, d: d.DataLoader(
        Squares(9), batch_sampler=d.BatchSampler(d.SequentialSampler(Squares(9)), 4, False)
    ),
    "collate": lambda t, d: d.DataLoader(
        Squares(6), 4, collate_fn=lambda batch: [a for a, _ in batch]
    ),
    "concat": lambda t, d: d.DataLoader(d.ConcatDataset([Squares(3), Squares(4)]), 5, shuffle=True),
    "subset": lambda t, d: d.DataLoader(d.Subset(Squares(9), [8, 1, 3]), 2),
    "tensors": lambda t, d: d.DataLoader(
        d.TensorDataset(t.arange(12.0).reshape(6, 2), t.arange(6)), batch_size=4, shuffle=True
    ),
}


@pytest.mark.parametrize("name", list(LOADERS))
def test_two_epochs_as_pytorch(name):
    torch = pytest.importorskip("torch")

    def epochs(torch):
        torch.manual_seed(1234)
        loader = LOADERS[name](torch, torch.utils.data)
        batches = [[plain(b) for b in loader] for _ in range(2)]
        return batches, len(loader), torch.rand(3).tolist()

    assert epochs(dt) == epochs(torch)


Point = namedtuple("Point", "x y")
BATCHES = [
    lambda t: [1, 2, 3],
    lambda t: [1.5, 2.0],
    lambda t: [True, False],
    lambda t: [t.ones(2), t.zeros(2)],
    lambda t: [np.ones(3), np.zeros(3)],
    lambda t: [np.float32(1), np.float32(2)],
    lambda t: [np.int16(1), np.int16(2)],
    lambda t: ["a", "b"],
    lambda t: [(1, 2.0), (3, 4.0)],
    lambda t: [[1, 2.0], [3, 4.0]],
    lambda t: [{"a": 1, "b": t.ones(1)}, {"a": 2, "b": t.zeros(1)}],
    lambda t: [Point(1, 2.0), Point(3, 4.0)],
    lambda t: [{"a": [1, (2.0, "x")]}, {"a": [3, (4.0, "y")]}],
]


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_collating_as_pytorch(number):
    torch = pytest.importorskip("torch")
    ours = dd.default_collate(BATCHES[number](dt))
    assert plain(ours) == plain(torch.utils.data.default_collate(BATCHES[number](torch)))


@pytest.mark.parametrize(
    "lengths", [[3, 7], [0.5, 0.5], [0.3, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]], ids=str
)
def test_random_split_as_pytorch(lengths):
    torch = pytest.importorskip("torch")

    def parts(torch):
        torch.manual_seed(3)
        n = range(10) if sum(lengths) == 10 else range(11)
        first = torch.utils.data.random_split(n, lengths)
        second = torch.utils.data.random_split(
            n, lengths, generator=torch.Generator().manual_seed(42)
        )
        return [list(p) for p in (*first, *second)]

    assert parts(dt) == parts(torch)


def test_random_split():
    parts = dd.random_split(range(10), [3, 7], generator=dt.Generator().manual_seed(42))
    assert list(parts[0]) == [2, 6, 1]
    assert len(parts[1]) == 7


def test_iterable_dataset():
    class Stream(dd.IterableDataset):
        def __iter__(self):
            return iter(range(5))

    assert [b.tolist() for b in dd.DataLoader(Stream(), 2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in dd.DataLoader(Stream(), 2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(dd.DataLoader(Stream(), None)) == [0, 1, 2, 3, 4]


def test_workers_give_the_same_batches():
    dt.manual_seed(0)
    one = [plain(b) for b in dd.DataLoader(Squares(9), 2, shuffle=True)]
    dt.manual_seed(0)
    assert [plain(b) for b in dd.DataLoader(Squares(9), 2, shuffle=True, num_workers=2)] == one


def failing(torch):
    d = torch.utils.data

    class Stream(d.IterableDataset):
        def __iter__(self):
            return iter(range(5))

    yield lambda: d.TensorDataset(torch.ones(2), torch.ones(3))
    yield lambda: d.DataLoader(Squares(3), 0)
    yield lambda: d.DataLoader(Squares(3), num_workers=-1)
    yield lambda: d.DataLoader(Squares(3), sampler=d.SequentialSampler(Squares(3)), shuffle=True)
    yield lambda: d.DataLoader(Squares(3), batch_sampler=[[1]], batch_size=2)
    yield lambda: d.DataLoader(Squares(3), batch_size=None, drop_last=True)
    yield lambda: d.DataLoader(Stream(), shuffle=True)
    yield lambda: d.DataLoader(Stream(), sampler=[1, 2])
    yield lambda: d.DataLoader(Squares(3), timeout=-1)
    yield lambda: d.DataLoader(Squares(3), prefetch_factor=3)
    yield lambda: d.DataLoader(Squares(3), persistent_workers=True)
    yield lambda: len(d.DataLoader(Stream()))
    yield lambda: d.RandomSampler(Squares(3), replacement="yes")
    yield lambda: d.RandomSampler(Squares(3), num_samples=-1)
    yield lambda: d.RandomSampler(Squares(0))
    yield lambda: d.WeightedRandomSampler([1.0], 0)
    yield lambda: d.WeightedRandomSampler([1.0], 1, replacement=3)
    yield lambda: d.WeightedRandomSampler([[1.0]], 1)
    yield lambda: d.BatchSampler([1], 0, False)
    yield lambda: d.BatchSampler([1], 1, 3)
    yield lambda: d.random_split(range(4), [3, 3])
    yield lambda: d.random_split(range(4), [-0.5, 1.5])
    yield lambda: d.ConcatDataset([])
    yield lambda: d.ConcatDataset([Squares(2)])[-3]
    yield lambda: d.default_collate([object()])
    yield lambda: d.default_collate([[1, 2], [1]])
    yield lambda: d.default_collate([np.array(["a"])])
    yield lambda: d.Dataset()[0]
    yield lambda: d.Dataset() + Squares(2) and d.ConcatDataset([Stream()])


def outcome(call):
    try:
        call()
    except Exception as error:  # whatever it is, it is what is compared
        text = str(error)
        return type(error), text.replace("dualtape.torch", "torch").split(" at 0x")[0]
    return None


def test_errors_as_pytorch():
    torch = pytest.importorskip("torch")
    for i, (ours, theirs) in enumerate(zip(failing(dt), failing(torch), strict=True)):
        assert outcome(ours) == outcome(theirs), i
