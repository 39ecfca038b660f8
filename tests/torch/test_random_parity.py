"""Random streams in step with PyTorch: every draw and every state, call by call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dualtape.torch import random_sampling
from dualtape.torch.random_sampling import fill_in_memory_order, multinomial, permutation
from dualtape.torch.random_streams import Stream

Array = np.ndarray[Any, Any]
F32 = np.float32
SIZES = [0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 1000, 10007]


class Side:
    """A stream and PyTorch's default generator, moving in step."""

    def __init__(self, torch: Any, seed: int) -> None:
        self.torch = torch
        self.stream = Stream(seed)
        torch.manual_seed(seed)

    def compare(self, ours: Array, theirs: Any, rtol: float = 0.0) -> None:
        """Check equality, bit for bit without a tolerance, and that of the states."""
        if theirs.dtype == self.torch.bfloat16:
            ours, theirs = ours.view(np.int16), theirs.view(self.torch.int16)
        expected = theirs.numpy()
        assert ours.dtype == expected.dtype
        if rtol:
            np.testing.assert_allclose(ours, expected, rtol=rtol, atol=rtol)
        else:
            np.testing.assert_array_equal(ours, expected)
            assert ours.tobytes() == np.ascontiguousarray(expected).tobytes()
        state, wanted = self.stream.get_state(), self.torch.get_rng_state().numpy()
        if rtol:  # the kept normal may differ in its last bit
            self.stream.set_state(wanted)
            state[5024:5032] = wanted[5024:5032]
        np.testing.assert_array_equal(state, wanted)


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


def numpy_dtype(name: str) -> np.dtype[Any]:
    if name == "bfloat16":
        return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.dtype(name)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("seed", [0, 123456789, -1, 2**40 + 7])
def test_floating_draws_follow_pytorch(torch: Any, dtype: str, seed: int) -> None:
    side = Side(torch, seed)
    s, t, d = side.stream, getattr(torch, dtype), numpy_dtype(dtype)
    close = 1e-14 if dtype == "float64" else 0.0
    for n in SIZES:
        side.compare(s.uniform((n,), d), torch.rand(n, dtype=t))
        side.compare(s.uniform((n,), d, -0.3, 0.9), torch.empty(n, dtype=t).uniform_(-0.3, 0.9))
        side.compare(s.normal((n,), d), torch.randn(n, dtype=t), close)
        side.compare(s.normal((n,), d, 1.5, 2.3), torch.empty(n, dtype=t).normal_(1.5, 2.3), close)
        side.compare(s.bernoulli((n,), d, 0.3), torch.empty(n, dtype=t).bernoulli_(0.3))
        mask = torch.nn.functional.dropout(torch.ones(n, dtype=t), 0.2) != 0
        side.compare(s.bernoulli((n,), np.bool_, 0.8), mask)
        side.compare(s.random((n,), d), torch.empty(n, dtype=t).random_())
        side.compare(s.integers((n,), -3, 200, d), torch.randint(-3, 200, (n,), dtype=t))
        p = np.linspace(0, 1, n).astype(d)
        given = torch.from_numpy(p.astype(np.float64)).to(t)
        side.compare(s.bernoulli_each(p), torch.bernoulli(given))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_draws_with_a_logarithm_follow_pytorch(torch: Any, dtype: str) -> None:
    side = Side(torch, 11)
    s, t, d = side.stream, getattr(torch, dtype), numpy_dtype(dtype)
    close = 2e-13 if dtype == "float64" else 0.0
    for n in SIZES[:-1]:
        empty = torch.empty(n, dtype=t)
        side.compare(s.exponential((n,), d, 2.5), empty.exponential_(2.5), close)
        side.compare(s.geometric((n,), d, 0.3), empty.geometric_(0.3), close)
        side.compare(s.log_normal((n,), d, 0.3, 0.5), empty.log_normal_(0.3, 0.5), close)
        side.compare(s.cauchy((n,), d, 1.5, 2.3), empty.cauchy_(1.5, 2.3), close)
        for low, high in [(-2.0, 2.0), (2.0, 3.0)]:
            drawn = random_sampling.truncated_normal(s, (n,), d, 0.1, 1.2, low, high)
            side.compare(drawn, torch.nn.init.trunc_normal_(empty, 0.1, 1.2, low, high), close)


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "int8", "uint8", "bool"])
def test_integer_draws_follow_pytorch(torch: Any, dtype: str) -> None:
    side = Side(torch, 5)
    s, t, d = side.stream, getattr(torch, dtype), numpy_dtype(dtype)
    high = 2 if dtype == "bool" else 100
    for n in SIZES:
        side.compare(s.random((n,), d), torch.empty(n, dtype=t).random_())
        side.compare(s.integers((n,), 0, high, d), torch.randint(0, high, (n,), dtype=t))
        side.compare(s.integers_from((n,), 1, d), torch.empty(n, dtype=t).random_(1, None))
        side.compare(s.bernoulli((n,), d, 0.3), torch.empty(n, dtype=t).bernoulli_(0.3))
        if dtype != "bool":
            count = min(n, 100)
            side.compare(permutation(s, count, d), torch.randperm(count, dtype=t))
    for high in (2**28 - 1, 2**28, 2**32, 2**63 - 1) if dtype == "int64" else ():
        side.compare(s.integers((99,), -7, high, d), torch.randint(-7, high, (99,)))
    full = torch.empty(99, dtype=torch.int64).random_(-(2**63), None)
    side.compare(s.integers_from((99,), -(2**63)), full)


def test_complex_draws_follow_pytorch(torch: Any) -> None:
    side = Side(torch, 8)
    s = side.stream
    for n in (1, 7, 8, 9, 100):
        side.compare(s.uniform((n,), np.complex64), torch.rand(n, dtype=torch.complex64))
        side.compare(s.normal((n,), np.complex64), torch.randn(n, dtype=torch.complex64))
        side.compare(s.uniform((n,), np.complex128), torch.rand(n, dtype=torch.complex128))
        side.compare(s.normal((n,), np.complex128), torch.randn(n, dtype=torch.complex128), 1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_multinomial_follows_pytorch(torch: Any, dtype: str) -> None:
    side = Side(torch, 21)
    rng = np.random.default_rng(0)
    for shape in [(1,), (5,), (100,), (3, 20), (0, 4)]:
        weights = rng.random(shape).astype(dtype)
        theirs = torch.from_numpy(weights)
        for count in {1, min(3, shape[-1]), shape[-1]}:
            side.compare(multinomial(side.stream, weights, count), torch.multinomial(theirs, count))
        for count in (1, 2, 50):
            drawn = multinomial(side.stream, weights, count, replacement=True)
            side.compare(drawn, torch.multinomial(theirs, count, replacement=True))
    turned = torch.from_numpy(rng.random((20, 3)).astype(dtype)).t()
    side.compare(multinomial(side.stream, turned.numpy(), 4), torch.multinomial(turned, 4))


def test_strided_targets_are_filled_as_pytorch_fills_them(torch: Any) -> None:
    side = Side(torch, 2)
    for axes, step in [((0, 1, 2), 1), ((2, 0, 1), 1), ((1, 2, 0), 2), ((0, 2, 1), 3)]:
        theirs = torch.zeros(4, 6, 5)
        ours = np.zeros((4, 6, 5), F32)
        view, target = theirs[:, ::step].permute(axes), ours[:, ::step].transpose(axes)
        view.uniform_()
        fill_in_memory_order(target, side.stream.uniform)
        side.compare(ours, theirs)
        view.normal_(2.0, 3.0)
        contiguous = bool(target.flags.c_contiguous)
        fill_in_memory_order(
            target,
            lambda shape, c=contiguous: side.stream.normal(shape, F32, 2.0, 3.0, contiguous=c),
        )
        side.compare(ours, theirs)


def test_states_travel_both_ways(torch: Any) -> None:
    generator = torch.Generator().manual_seed(99)
    torch.randn(3, generator=generator)
    stream = Stream()
    stream.set_state(generator.get_state().numpy())
    assert stream.initial_seed == 99
    ours = stream.normal((4,)).tolist()
    assert ours == torch.randn(4, generator=generator).tolist()
    generator.set_state(torch.from_numpy(stream.get_state()))
    assert stream.uniform((700,)).tolist() == torch.rand(700, generator=generator).tolist()


@pytest.mark.parametrize("own_generator", [False, True])
def test_data_loader_order_follows_pytorch(torch: Any, own_generator: bool) -> None:
    data = torch.utils.data.TensorDataset(torch.arange(13))
    torch.manual_seed(4)
    default, own = Stream(4), Stream(17) if own_generator else None
    generator = torch.Generator().manual_seed(17) if own_generator else None
    loader = torch.utils.data.DataLoader(data, batch_size=5, shuffle=True, generator=generator)
    for _ in range(3):
        order = torch.cat([batch for (batch,) in loader]).tolist()
        random_sampling.loader_base_seed(own or default)
        indices = list(random_sampling.random_sampler_indices(default, 13, generator=own))
        assert indices == order
    np.testing.assert_array_equal(default.get_state(), torch.get_rng_state().numpy())
    if own is not None and generator is not None:
        np.testing.assert_array_equal(own.get_state(), generator.get_state().numpy())


@pytest.mark.parametrize(("replacement", "samples"), [(False, 30), (True, 70), (True, 64)])
def test_random_sampler_options_follow_pytorch(torch: Any, replacement: bool, samples: int) -> None:
    torch.manual_seed(6)
    sampler = torch.utils.data.RandomSampler(range(13), replacement, samples)
    indices = random_sampling.random_sampler_indices(
        Stream(6), 13, replacement=replacement, num_samples=samples
    )
    assert list(indices) == list(sampler)
