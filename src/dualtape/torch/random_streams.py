"""PyTorch 2.13's CPU random number streams on NumPy arrays: the same seed gives the same numbers.

The generator is the 32-bit Mersenne Twister (Matsumoto and Nishimura 1998), which NumPy has too. What makes
a stream PyTorch's is how many 32-bit words each distribution takes and what it does with them:

======================  ==================================================================================
uniform                 1 word an element, 24 bits of it; float64: 2 words, 53 bits
normal, up to 15        Box-Muller in float64, 4 words a pair, the second of a pair kept for later
normal, from 16 on      1 word an element (float64: 2), Box-Muller in blocks of 16; when 16 does not divide
                        the size, 16 more words redo the last 16 elements
integers                1 word modulo the range; 2 words when the range is 2**28 or more
bernoulli, p a number   2 words an element, compared in float64 (so does dropout)
bernoulli, p an array   1 word an element, compared in float32; float64 p: 2 words
the others              2 words an element; log-normal as normal up to 15, whatever the size
permutation             1 word a swap, first to last
======================  ==================================================================================

Uniform, integer, Bernoulli and permutation streams repeat PyTorch bit for bit, and so do float32, float16 and
bfloat16 normals; float64 normals and the distributions that take a logarithm or a tangent agree to rounding.
Every method leaves the stream in the state in which PyTorch's generator would be.

Drawn arrays are C-contiguous. PyTorch fills a tensor that is not contiguous in the order of its memory:
see `fill_in_memory_order`. Source: PyTorch 2.13's installed headers (`ATen/core/DistributionsHelper.h`,
`TransformationHelper.h`, `native/cpu/DistributionTemplates.h`) and experiment.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dualtape.torch.random_dtypes import digits, integer_range, require_kernel, scalar_name
from dualtape.torch.random_kernels import affine, box_muller

__all__ = [
    "DEFAULT_SEED",
    "STATE_BYTES",
    "Stream",
    "fill_in_memory_order",
    "loader_base_seed",
    "memory_order",
    "random_sampler_indices",
]

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

DEFAULT_SEED = 67280421310721
"""Seed of a `torch.Generator()` that nobody seeded."""

STATE_BYTES = 5056
"""Size of `torch.get_rng_state()`."""

# PyTorch's CPUGeneratorImplState: the seed, the engine's position and words, the kept normal of a pair.
_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "words", "normal", "has_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", 624), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": STATE_BYTES,
    }
)
_WORDS = 624  # the Mersenne Twister's state, refilled after as many draws
_AT_ONCE = 1 << 16  # elements per step: keeps temporaries in the cache and memory near the result's size
_TWO_PI = 2 * math.pi
_SMALL_PERMUTATION = (2**32 - 1) // 20  # from here on PyTorch's randperm uses 64-bit draws


class Stream:
    """One generator, as `torch.Generator` on the CPU.

    Args:
        seed: As for `seed`.
    """

    __slots__ = ("_bits", "_kept_normal", "_seed")

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self._bits: Any = None  # made at the first draw, for numpy.random takes a while to import
        self._kept_normal: float | None = None
        self._seed = 0
        self.seed(seed)

    # --- seed and state ----------------------------------------------------------------------------

    @property
    def initial_seed(self) -> int:
        """The seed last set, as PyTorch reports it: a negative one plus 2**64."""
        return self._seed

    def seed(self, seed: int) -> None:
        """Start the stream afresh, as `torch.manual_seed`. Only the seed's low 32 bits matter.

        Args:
            seed: From -2**63 to 2**64 - 1.

        Raises:
            ValueError: The seed is outside that range.
        """
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long: a seed is -2**63 to 2**64 - 1")
        self._seed = int(seed) % 2**64
        self._bits = None
        self._kept_normal = None

    def seed_from_system(self) -> int:
        """Seed from the operating system's entropy, as `torch.seed`, and return the seed."""
        self.seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def get_state(self) -> npt.NDArray[np.uint8]:
        """Return the state: the bytes of `torch.get_rng_state()`, which PyTorch accepts back."""
        position, words = self._position_and_words()
        state = np.zeros((), _STATE)
        state["seed"] = self._seed
        state["seeded"] = 1
        # PyTorch counts the words left plus one, and tells a seeded engine from a used up one.
        fresh = position == _WORDS and np.array_equal(words, Stream(self._seed)._position_and_words()[1])
        state["next"] = 0 if fresh else position
        state["left"] = 1 if fresh else _WORDS + 1 - position
        state["words"] = words
        if self._kept_normal is not None:
            state["normal"] = self._kept_normal
            state["has_normal"] = 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, state: Array) -> None:
        """Continue from a state of `get_state` or of `torch.get_rng_state()`.

        Args:
            state: uint8, shape (5056,).

        Raises:
            TypeError: The array is not of bytes.
            RuntimeError: It has another size, or is no state of the generator.
        """
        state = np.asarray(state)
        if state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if state.size != STATE_BYTES:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE_BYTES} but found the input RNG state "
                f"size to be {state.size}"
            )
        fields = np.ascontiguousarray(state).reshape(-1).view(_STATE)[0]
        left, position = int(fields["left"]), int(fields["next"])
        if not fields["seeded"] or not 0 < left <= _WORDS or position > _WORDS:
            raise RuntimeError("Invalid mt19937 state")
        self.seed(int(fields["seed"]))
        generator = self._generator()
        exhausted = left == 1  # the next draw refills, whatever `next` says
        generator.state = {
            "bit_generator": "MT19937",
            "state": {
                "key": fields["words"].astype(np.uint32),
                "pos": _WORDS if exhausted else position,
            },
        }
        self._kept_normal = float(fields["normal"]) if fields["has_normal"] else None

    def copy(self) -> Stream:
        """Return an independent stream in the same state."""
        twin = Stream(self._seed)
        twin.set_state(self.get_state())
        return twin

    def _generator(self) -> Any:
        """Return NumPy's Mersenne Twister, seeded when this is the first draw."""
        if self._bits is None:
            self._bits = np.random.MT19937()
            np.random.RandomState(self._bits).seed(self._seed & 0xFFFFFFFF)
        return self._bits

    def _position_and_words(self) -> tuple[int, Array]:
        inner = self._generator().state["state"]
        return int(inner["pos"]), inner["key"]

    # --- words and standard uniforms ---------------------------------------------------------------

    def _words(self, count: int) -> Array:
        """Return the next 32-bit words, as uint64."""
        words: Array = (self._bits or self._generator()).random_raw(count)
        return words

    def _long_words(self, count: int) -> Array:
        """Return 64-bit words; of the two draws for one the first is the high half."""
        pairs = self._words(2 * count)
        return (pairs[::2] << np.uint64(32)) | pairs[1::2]

    def _unit32(self, count: int) -> Array:
        """Return float32 uniforms on [0, 1): the low 24 bits of a word."""
        return (self._words(count) & np.uint64(0xFFFFFF)).astype(np.float32) * np.float32(2.0**-24)

    def _unit64(self, count: int) -> Array:
        """Return float64 uniforms on [0, 1): the low 53 bits of a long word."""
        return (self._long_words(count) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53

    def _unit(self, dtype: np.dtype[Any]) -> Callable[[int], Array]:
        return self._unit64 if dtype == np.float64 else self._unit32

    # --- distributions -----------------------------------------------------------------------------

    def uniform(
        self, shape: Shape, dtype: npt.DTypeLike = np.float32, low: float = 0.0, high: float = 1.0
    ) -> Array:
        """Draw from [low, high), as `rand` and `Tensor.uniform_`.

        Args:
            shape: Shape of the result.
            dtype: A floating or complex dtype; a complex number takes its real part first.
            low: Least value.
            high: Bound, never returned unless it equals `low`.

        Raises:
            RuntimeError: `low` exceeds `high`, or a bound or their difference overflows the dtype.
            NotImplementedError: The dtype is not floating.
        """
        dtype = np.dtype(dtype)
        if dtype.kind == "c":
            return self.uniform((*shape, 2), _real(dtype), low, high).view(dtype)[..., 0]
        require_kernel("check_uniform_bounds", dtype)
        unit = self._unit(dtype)
        if low == 0.0 and high == 1.0 and dtype.itemsize >= 4:
            return _in_steps(shape, dtype, unit)
        _check_uniform_bounds(low, high, dtype)
        wide = np.dtype(np.float64 if dtype == np.float64 else np.float32).type
        scale = float(wide(high) - wide(low))
        # A product that rounds up to the bound becomes the lower bound.
        bound, start = np.array([high, low]).astype(wide).astype(dtype)

        def draw(count: int) -> Array:
            values = affine(unit(count), scale, low).astype(dtype, copy=False)
            values[values == bound] = start
            return values

        return _in_steps(shape, dtype, draw)

    def normal(
        self,
        shape: Shape,
        dtype: npt.DTypeLike = np.float32,
        mean: float = 0.0,
        std: float = 1.0,
        *,
        contiguous: bool = True,
    ) -> Array:
        """Draw normals, as `randn` and `Tensor.normal_`.

        `torch.normal` with tensors draws standard normals, multiplies by `std` and then adds `mean`
        (a number `std` goes in here, and the mean tensor is added).

        Args:
            shape: Shape of the result.
            dtype: A floating dtype, or a complex one: then each part has std / sqrt(2).
            mean: Mean.
            std: Standard deviation.
            contiguous: Whether the tensor to be filled is; when not, PyTorch uses the method for up
                to 15 elements at every size.

        Raises:
            RuntimeError: `std` is negative.
            NotImplementedError: The dtype is not floating.
        """
        dtype = np.dtype(dtype)
        if not std >= 0.0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
        if dtype.kind == "c":
            part = std / math.sqrt(2)
            return self.normal((*shape, 2), _real(dtype), mean, part, contiguous=contiguous).view(dtype)[..., 0]
        require_kernel("normal_kernel_cpu", dtype)
        size = math.prod(shape)
        if size < 16 or not contiguous:
            return _narrowed(affine(self._normals_in_pairs(size), std, mean), dtype).reshape(shape)
        unit = self._unit(dtype)
        rest = size % 16
        whole = size - rest
        if dtype.itemsize >= 4:  # a full set of uniforms first; those past the last block go to waste
            uniforms = _in_steps((size,), dtype, unit)[:whole]
        else:
            uniforms = _in_steps((whole,), np.dtype(np.float32), unit)
        out = np.empty(size, dtype)
        out[:whole] = box_muller(uniforms, mean, std)
        if rest:
            out[-16:] = box_muller(unit(16), mean, std)
        return out.reshape(shape)

    def _normals_in_pairs(self, count: int) -> Array:
        """Return standard normals in float64, keeping the odd one of a pair for the next call."""
        if count == 0:
            return np.empty(0)
        kept = self._kept_normal
        values = [] if kept is None else [kept]
        pairs = (count - len(values) + 1) // 2
        uniforms = self._unit64(2 * pairs)
        if pairs <= 64:
            for first, second in zip(uniforms[::2].tolist(), uniforms[1::2].tolist(), strict=True):
                radius = math.sqrt(-2.0 * math.log1p(-second))
                angle = _TWO_PI * first
                values += (radius * math.cos(angle), radius * math.sin(angle))
            normals = np.array(values)
        else:
            radii = np.sqrt(-2.0 * np.log1p(-uniforms[1::2]))
            angles = _TWO_PI * uniforms[::2]
            both = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
            normals = np.concatenate([np.array(values), both.reshape(-1)])
        self._kept_normal = float(normals[count]) if len(normals) > count else None
        return normals[:count]

    def log_normal(
        self, shape: Shape, dtype: npt.DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0
    ) -> Array:
        """Draw exponentials of normals, as `Tensor.log_normal_`. Raises as `normal`, and for std = 0."""
        dtype = np.dtype(dtype)
        if not std > 0.0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
        require_kernel("log_normal_cpu", dtype)
        normals = affine(self._normals_in_pairs(math.prod(shape)), std, mean)
        return _narrowed(np.exp(normals), dtype).reshape(shape)

    def exponential(self, shape: Shape, dtype: npt.DTypeLike = np.float32, rate: float = 1.0) -> Array:
        """Draw from the exponential distribution, as `Tensor.exponential_`.

        Raises:
            RuntimeError: `rate` is not positive, or the dtype not floating.
        """
        dtype = np.dtype(dtype)
        if not rate > 0.0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
        _require_continuous("Exponential", dtype)
        scale = -1.0 / rate
        return _in_steps(shape, dtype, lambda n: _narrowed(scale * np.log1p(-self._unit64(n)), dtype))

    def cauchy(
        self, shape: Shape, dtype: npt.DTypeLike = np.float32, median: float = 0.0, sigma: float = 1.0
    ) -> Array:
        """Draw from the Cauchy distribution, as `Tensor.cauchy_`.

        Raises:
            RuntimeError: `sigma` is not positive, or the dtype not floating.
        """
        dtype = np.dtype(dtype)
        if not sigma > 0.0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
        _require_continuous("Cauchy", dtype)

        def draw(count: int) -> Array:
            return _narrowed(affine(np.tan(math.pi * (self._unit64(count) - 0.5)), sigma, median), dtype)

        return _in_steps(shape, dtype, draw)

    def geometric(self, shape: Shape, dtype: npt.DTypeLike = np.float32, p: float = 0.5) -> Array:
        """Draw the number of the first success, as `Tensor.geometric_`, in a real dtype.

        Raises:
            RuntimeError: `p` is not between 0 and 1.
            NotImplementedError: The dtype is boolean or complex.
        """
        dtype = np.dtype(dtype)
        if not 0.0 < p < 1.0:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
        require_kernel("geometric_cpu", dtype)
        scale = math.log1p(-p)

        def draw(count: int) -> Array:
            with np.errstate(divide="ignore"):  # log(0): probability 2^-53
                return _narrowed(np.ceil(np.log(self._unit64(count)) / scale), dtype)

        return _in_steps(shape, dtype, draw)

    def bernoulli(self, shape: Shape, dtype: npt.DTypeLike = np.float32, p: float = 0.5) -> Array:
        """Draw zeros and ones with one probability, as `Tensor.bernoulli_(p)` and `torch.bernoulli(x, p)`.

        Dropout draws its mask here, with probability `1 - p` of a one, in the input's shape and dtype, unless
        it is not training, p is 0 or 1, or the input is empty: then it draws nothing. Its
        feature-wise forms draw in the shape (batch, channels, 1, ...).

        Raises:
            RuntimeError: `p` is not in [0, 1].
        """
        dtype = np.dtype(dtype)
        if not 0.0 <= p <= 1.0:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        require_kernel("bernoulli_scalar_cpu_", dtype)
        return _in_steps(shape, dtype, lambda n: (self._unit64(n) < p).astype(dtype))

    def bernoulli_each(self, p: Array, dtype: npt.DTypeLike | None = None) -> Array:
        """Draw zeros and ones, each with its own probability, as `torch.bernoulli(p)`.

        Args:
            p: Probabilities, floating, of the shape to draw (broadcast it before).
            dtype: Of the result; that of `p` by default.

        Raises:
            RuntimeError: A probability is not in [0, 1]; nothing is drawn then.
            NotImplementedError: `p` is not floating.
        """
        dtype = p.dtype if dtype is None else np.dtype(dtype)
        require_kernel("bernoulli_tensor_cpu_self_", dtype)
        require_kernel("bernoulli_tensor_cpu_p_", p.dtype)
        if not ((p >= 0) & (p <= 1)).all():
            raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
        wide = p if p.dtype == np.float64 else p.astype(np.float32)
        return (_in_steps(p.shape, wide.dtype, self._unit(wide.dtype)) < wide).astype(dtype)

    def integers(self, shape: Shape, low: int, high: int, dtype: npt.DTypeLike = np.int64) -> Array:
        """Draw integers from [low, high), as `randint` and `Tensor.random_(low, high)`.

        Args:
            shape: Shape of the result.
            low: Least value.
            high: Bound.
            dtype: Any real dtype, booleans included.

        Raises:
            RuntimeError: The range is empty, or does not fit the dtype.
        """
        dtype = np.dtype(dtype)
        low, size = integer_range(low, high, dtype)
        return self._integers_from(shape, low, size, dtype)

    def integers_from(self, shape: Shape, low: int, dtype: npt.DTypeLike = np.int64) -> Array:
        """Draw integers from `low` to the dtype's greatest, as `Tensor.random_(low, None)`.

        Floating dtypes end at the last of their consecutive integers. With `low` = -2**63 all 64-bit
        integers may come. Raises as `integers`.
        """
        dtype = np.dtype(dtype)
        if low == -(2**63):
            require_kernel("random_full_64_bits_range_kernel_cpu", dtype)
            if dtype.kind in "biu" and dtype != np.int64:
                raise RuntimeError(
                    "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16"
                )
            return _in_steps(shape, dtype, lambda n: _from_int64(self._long_words(n).view(np.int64), dtype))
        low, size = integer_range(low, None, dtype)
        return self._integers_from(shape, low, size, dtype)

    def _integers_from(self, shape: Shape, low: int, size: int, dtype: np.dtype[Any]) -> Array:
        words = self._words if size < 2**28 else self._long_words

        def draw(count: int) -> Array:
            values = (words(count) % np.uint64(size)).view(np.int64)
            return _from_int64(values + np.int64(low) if low else values, dtype)

        return _in_steps(shape, dtype, draw)

    def random(self, shape: Shape, dtype: npt.DTypeLike = np.int64) -> Array:
        """Draw non-negative integers over the dtype's whole range, as `Tensor.random_()`.

        Floating dtypes: from 0 to the last of their consecutive integers, inclusive.

        Raises:
            NotImplementedError: PyTorch has no such draw for the dtype.
        """
        dtype = np.dtype(dtype)
        require_kernel("random_kernel_cpu", dtype)
        if dtype.kind == "b":
            size = 2
        elif dtype.kind in "iu":
            size = int(np.iinfo(dtype).max) + 1
        else:
            size = 2 ** digits(dtype) + 1
        words = self._long_words if dtype in (np.int64, np.float64) else self._words
        return _in_steps(
            shape, dtype, lambda n: _from_int64((words(n) % np.uint64(size)).view(np.int64), dtype)
        )

    def permutation(self, count: int, dtype: npt.DTypeLike = np.int64) -> Array:
        """Return 0 to count - 1 shuffled, as `torch.randperm`.

        Raises:
            RuntimeError: `count` is negative, or the dtype does not hold that many integers.
            NotImplementedError: The dtype is boolean or complex.
        """
        dtype = np.dtype(dtype)
        if count < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {count}: [{count}]")
        require_kernel("randperm", dtype)
        if dtype.kind in "iu":
            if count > int(np.iinfo(dtype).max):
                raise RuntimeError(f"value cannot be converted to type {dtype.name}_t without overflow")
        elif count > 2 ** digits(dtype) + 1:
            raise RuntimeError(
                f"n cannot be greater than {2 ** digits(dtype) + 1} for {scalar_name(dtype)} type."
            )
        if count >= _SMALL_PERMUTATION:
            return _from_int64(self._permutation_inside_out(count), dtype)
        items = list(range(count))
        # Fisher and Yates from the front. Lists: an element of an array costs four times as much.
        for start in range(0, count - 1, _AT_ONCE):
            stop = min(start + _AT_ONCE, count - 1)
            first = np.arange(start, stop, dtype=np.uint64)
            partners = (self._words(stop - start) % (np.uint64(count) - first) + first).tolist()
            for i, j in enumerate(partners, start):
                items[i], items[j] = items[j], items[i]
        return _from_int64(np.array(items, dtype=np.int64), dtype)

    def _permutation_inside_out(self, count: int) -> Array:
        """Shuffle with 64-bit draws, building the permutation as it grows (Durstenfeld's variant)."""
        out = np.empty(count, np.int64)
        view = memoryview(out)  # indexing it is twice as fast as indexing the array
        for start in range(0, count, _AT_ONCE):
            stop = min(start + _AT_ONCE, count)
            limits = np.arange(start + 1, stop + 1, dtype=np.uint64)
            for i, j in enumerate((self._long_words(stop - start) % limits).tolist(), start):
                view[i] = i
                view[i] = view[j]
                view[j] = i
        return out

    def multinomial(self, weights: Array, count: int, replacement: bool = False) -> Array:
        """Draw category numbers, as `torch.multinomial`.

        Args:
            weights: Floating, shape (categories,) or (rows, categories), not necessarily summing to 1.
            count: Draws per row.
            replacement: Whether a category may come again.

        Returns:
            int64, shape (count,) or (rows, count). Without replacement, the order among categories of
            weight zero, drawn when no others are left, is by number.

        Raises:
            RuntimeError: The arguments make no distribution, or ask too many draws of it.
        """
        if weights.ndim not in (1, 2):
            raise RuntimeError("prob_dist must be 1 or 2 dim")
        if digits(weights.dtype) == 0:
            raise RuntimeError(
                "multinomial only supports floating-point dtypes for input, got: "
                f"{scalar_name(weights.dtype)}"
            )
        if count <= 0:
            raise RuntimeError("cannot sample n_sample <= 0 samples")
        if not replacement and count > weights.shape[-1]:
            raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
        if weights.shape[-1] > 2**24:
            raise RuntimeError("number of categories cannot exceed 2^24")
        if math.prod(weights.shape[:-1]) == 0:
            return np.empty((*weights.shape[:-1], count), np.int64)
        _check_weights(weights)
        if not replacement:
            times = np.empty_like(weights)
            fill_in_memory_order(times, lambda shape: self.exponential(shape, weights.dtype))
            with np.errstate(divide="ignore", invalid="ignore"):
                keys = weights / times  # the race of exponential clocks: the greatest key comes first
            if count == 1:
                return np.argmax(keys, axis=-1, keepdims=True)
            return np.argsort(-keys, axis=-1, kind="stable")[..., :count]
        wide = weights if weights.dtype == np.float64 else weights.astype(np.float32)
        rows = np.cumsum(wide.reshape(-1, wide.shape[-1]), axis=1)
        rows /= rows[:, -1:].copy()
        rows[:, -1] = 1
        out = np.empty((len(rows), count), np.int64)
        for row, drawn in zip(rows.astype(np.float64), out, strict=True):
            drawn[:] = np.searchsorted(row, self._unit64(count))
        return out.reshape(*weights.shape[:-1], count)

    def truncated_normal(
        self,
        shape: Shape,
        dtype: npt.DTypeLike = np.float32,
        mean: float = 0.0,
        std: float = 1.0,
        low: float = -2.0,
        high: float = 2.0,
    ) -> Array:
        """Draw normals confined to [low, high], as `nn.init.trunc_normal_` of PyTorch 2.13.

        When the interval holds more than 0.3 of the probability, normals outside it are drawn again;
        otherwise uniforms are accepted with the density's ratio to its peak. Each round draws a whole
        array and keeps what is still needed. (Before 2.13: a uniform through the inverse error function.)

        Raises:
            RuntimeError: As `normal` or `uniform`.
        """
        dtype = np.dtype(dtype)
        scalar = dtype.type
        inside = (math.erf((high - mean) / std / math.sqrt(2)) - math.erf((low - mean) / std / math.sqrt(2))) / 2
        if inside > 0.3:
            least, greatest = scalar(low), scalar(high)
            out = self.normal(shape, dtype, mean, std)
            while (outside := (out < least) | (out > greatest)).any():
                out = np.where(outside, self.normal(shape, dtype, mean, std), out)
            return out
        peak = -0.5 * ((max(low, min(mean, high)) - mean) / std) ** 2

        def rejected(candidates: Array) -> Array:
            distance = (candidates - scalar(mean)) / scalar(std)
            log_density = distance * distance * scalar(-0.5) - scalar(peak)
            with np.errstate(divide="ignore"):
                return np.log(self.uniform(shape, dtype)) > log_density

        out = self.uniform(shape, dtype, low, high)
        pending = rejected(out)
        while pending.any():
            candidates = self.uniform(shape, dtype, low, high)
            out = np.where(pending, candidates, out)
            pending = pending & rejected(candidates)
        return out


# --- filling existing memory -------------------------------------------------------------------------


def memory_order(array: Array) -> tuple[int, ...]:
    """Return the axes from the longest stride to the shortest: the order in which PyTorch fills."""
    return tuple(sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis])))


def fill_in_memory_order(target: Array, draw: Callable[[Shape], Array]) -> None:
    """Fill an array, of any strides, with draws in the order of its memory, as PyTorch's in-place methods do.

    Args:
        target: Written to; no two of its elements may share memory.
        draw: Called once with the shape to draw. For `Stream.normal` it must pass
            `contiguous=target.flags.c_contiguous`; an array of parameters (`Stream.bernoulli_each`) must
            be transposed by `memory_order(target)`.
    """
    view = target.transpose(memory_order(target))
    view[...] = draw(view.shape)


# --- PyTorch's data loader ---------------------------------------------------------------------------


def loader_base_seed(stream: Stream) -> int:
    """Draw the base seed that `iter(DataLoader(...))` draws, shuffling or not, with workers or without.

    It is `torch.empty((), dtype=torch.int64).random_()` on the loader's generator, or on the default one when it
    has none. It comes first: the sampler draws nothing until the first batch is asked for.
    """
    return int(stream.random((), np.int64))


def random_sampler_indices(
    default: Stream,
    length: int,
    *,
    generator: Stream | None = None,
    replacement: bool = False,
    num_samples: int | None = None,
) -> Iterator[int]:
    """Yield the indices of `RandomSampler`, which `DataLoader(shuffle=True)` uses, drawing as late as it does.

    Without a generator, the first index makes it draw a seed from the default stream (int64 `random_()`) and shuffle
    with a new generator of that seed; with one (the loader hands its own on) it shuffles with that directly. So an epoch
    of a plain shuffling loader takes two int64 draws of the default stream: `loader_base_seed`, then this seed.

    Args:
        default: The default stream.
        length: Size of the data set.
        generator: The sampler's own stream.
        replacement: Draw each index independently, in batches of 32.
        num_samples: How many indices; `length` by default.
    """
    wanted = length if num_samples is None else num_samples
    stream = Stream(int(default.random((), np.int64))) if generator is None else generator
    if replacement:
        for size in (32,) * (wanted // 32) + (wanted % 32,):
            yield from stream.integers((size,), 0, length).tolist()
        return
    for _ in range(wanted // length):
        yield from stream.permutation(length).tolist()
    # Drawn even when nothing of it is used, which shows in the state of a generator of one's own.
    yield from stream.permutation(length).tolist()[: wanted % length]


# --- checks and conversions --------------------------------------------------------------------------


def _in_steps(shape: Shape, dtype: np.dtype[Any], draw: Callable[[int], Array]) -> Array:
    """Return an array of draws, made a cacheful at a time; the stream does not notice."""
    size = math.prod(shape)
    if size <= _AT_ONCE:
        return draw(size).reshape(shape)
    out = np.empty(size, dtype)
    for start in range(0, size, _AT_ONCE):
        stop = min(start + _AT_ONCE, size)
        out[start:stop] = draw(stop - start)
    return out.reshape(shape)


def _real(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of a complex dtype's parts."""
    return np.dtype(np.float32 if dtype == np.complex64 else np.float64)


def _narrowed(values: Array, dtype: np.dtype[Any]) -> Array:
    """Convert float64 draws; 16-bit floats by way of float32, rounding twice as PyTorch does."""
    if dtype.itemsize == 2 and dtype.kind not in "iu":
        values = values.astype(np.float32)
    return values.astype(dtype, copy=False)


def _from_int64(values: Array, dtype: np.dtype[Any]) -> Array:
    """Convert integers; 16-bit floats by way of float32, as PyTorch does."""
    return values if dtype == np.int64 else _narrowed(values, dtype)


def _check_uniform_bounds(low: float, high: float, dtype: np.dtype[Any]) -> None:
    greatest = float(np.finfo(dtype).max) if dtype.kind == "f" else 3.3895313892515355e38
    for name, bound in (("from", low), ("to", high)):
        if not -greatest <= bound <= greatest:
            raise RuntimeError(f"{name} is out of bounds for {scalar_name(dtype, cpp=True)}")
    if not low <= high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if high - low > greatest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{scalar_name(dtype)}>::max(), but found "
            f"to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )


def _require_continuous(name: str, dtype: np.dtype[Any]) -> None:
    if digits(dtype) == 0:
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a floating point "
            f"but you specified {scalar_name(dtype)}"
        )


def _check_weights(weights: Array) -> None:
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not weights.any(axis=-1).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
