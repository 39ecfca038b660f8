"""PyTorch 2.13's CPU random number streams on NumPy arrays: the same seed gives the same numbers.

The generator is the 32-bit Mersenne Twister (Matsumoto and Nishimura 1998), which NumPy has too.
What makes a stream PyTorch's is how many 32-bit words each distribution takes and what it makes of
them:

- `uniform`: 1 word an element, 24 bits of it; for float64 2 words, 53 bits.
- `normal`, up to 15 elements: Box-Muller in float64, 4 words a pair; the second normal of a last
  pair is kept for the next call.
- `normal`, from 16 elements: 1 word an element (float64: 2), Box-Muller in blocks of 16; when 16
  does not divide the size, 16 more uniforms redo the last 16 elements.
- `integers`: 1 word modulo the range; 2 words when the range is 2**28 or more.
- `bernoulli` with one probability, as in dropout: 2 words an element, compared in float64.
- `bernoulli_each`, with an array: 1 word, compared in float32; for a float64 array 2 words.
- `exponential`, `cauchy`, `geometric`: 2 words an element; `log_normal`: as `normal` up to 15
  elements, whatever the size.
- `permutation` (`random_sampling.py`): 1 word a swap, from the front.

Uniforms, integers, Bernoulli draws and permutations repeat PyTorch bit for bit, and so do float32,
float16 and bfloat16 normals; float64 normals and the distributions with a logarithm or a tangent
agree to rounding. Each method leaves the stream in the state in which PyTorch's generator would
be.

Drawn arrays are C-contiguous. PyTorch fills a tensor that is not in the order of its memory: see
`random_sampling.fill_in_memory_order`. Source: PyTorch 2.13's installed headers
(`ATen/core/DistributionsHelper.h`, `TransformationHelper.h`, `native/cpu/DistributionTemplates.h`)
and experiment; `tests/torch/test_random_parity.py` compares.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core import random_state
from .random_dtypes import (
    digits,
    greatest,
    integer_range,
    require_kernel,
    scalar_name,
)
from .random_engine import DEFAULT_SEED, STATE_BYTES, Engine
from .random_kernels import affine, between, box_muller

__all__ = ["DEFAULT_SEED", "STATE_BYTES", "Stream"]

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

_AT_ONCE = 1 << 16  # elements per step: temporaries stay in the cache
_TWO_PI = 2 * math.pi
_WIDE = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


class Stream(Engine):
    """One generator and its distributions, as `torch.Generator` on the CPU.

    Example:
        >>> Stream(0).uniform((3,))
        array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
    """

    __slots__ = ()

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
        if low == 0.0 and high == 1.0 and dtype in _WIDE:
            return _in_steps(shape, dtype, self.unit(dtype))
        if dtype.kind == "c":
            return self.uniform((*shape, 2), _real(dtype), low, high).view(dtype)[..., 0]
        require_kernel("check_uniform_bounds", dtype)
        _check_uniform_bounds(low, high, dtype)
        wide = np.float64 if dtype == np.float64 else np.float32
        start, scale = float(wide(low)), float(wide(high) - wide(low))
        lower, upper = np.array([low, high]).astype(wide).astype(dtype, copy=False)
        unit = self.unit(dtype)

        def draw(count: int) -> Array:
            values = between(unit(count), start, scale).astype(dtype, copy=False)
            values[values == upper] = lower  # what rounds up to the bound
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
            parts = self.normal((*shape, 2), _real(dtype), mean, part, contiguous=contiguous)
            return parts.view(dtype)[..., 0]
        require_kernel("normal_kernel_cpu", dtype)
        size = math.prod(shape)
        if size < 16 or not contiguous:
            return self._double_normals(size, mean, std, dtype).reshape(shape)
        unit = self.unit(dtype)
        rest = size % 16
        whole = size - rest
        wide = np.dtype(np.float64 if dtype == np.float64 else np.float32)
        # Those past the last block go to waste, except that 16-bit floats skip them.
        uniforms = _in_steps((size if dtype in _WIDE else whole,), wide, unit)[:whole]
        if rest:
            uniforms = np.concatenate([uniforms, unit(16)])
        normals = box_muller(uniforms, mean, std).astype(dtype, copy=False)
        if rest:
            normals[size - 16 : whole] = normals[whole : whole + 16 - rest]
            normals[whole:size] = normals[whole + 16 - rest :]
        return normals[:size].reshape(shape)

    def _double_normals(self, count: int, mean: float, std: float, dtype: np.dtype[Any]) -> Array:
        """Return normals by PyTorch's method for few elements."""
        if count == 0:
            return np.empty(0, dtype)
        normals = self._many_normals(count) if count > 64 else np.array(self._few_normals(count))
        return narrowed(affine(normals, std, mean), dtype)

    def _few_normals(self, count: int) -> list[float]:
        """Return standard normals, keeping the odd one of a pair for the next call."""
        at = random_state.at(self.cursor, True)
        kept = at.kept_normal
        values = [] if kept is None else [kept]
        if len(values) < count:
            uniforms = self.unit64(2 * ((count - len(values) + 1) // 2)).tolist()
            for first, second in zip(uniforms[::2], uniforms[1::2], strict=True):
                radius = math.sqrt(-2.0 * math.log1p(-second))
                angle = _TWO_PI * first
                values += (radius * math.cos(angle), radius * math.sin(angle))
        at.kept_normal = values.pop() if len(values) > count else None
        return values

    def _many_normals(self, count: int) -> Array:
        """Do what `_few_normals` does, faster for many and to rounding."""
        at = random_state.at(self.cursor, True)
        values = np.empty(count + 2)
        start = 0
        if at.kept_normal is not None:
            values[0] = at.kept_normal
            start = 1
        stop = start + 2 * ((count - start + 1) // 2)
        uniforms = self.unit64(stop - start)
        radii = np.sqrt(-2.0 * np.log1p(-uniforms[1::2]))
        angles = _TWO_PI * uniforms[::2]
        np.multiply(radii, np.cos(angles), out=values[start:stop:2])
        np.multiply(radii, np.sin(angles), out=values[start + 1 : stop : 2])
        at.kept_normal = float(values[count]) if stop > count else None
        return values[:count]

    def log_normal(
        self, shape: Shape, dtype: npt.DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0
    ) -> Array:
        """Draw exponentials of normals, as `Tensor.log_normal_`.

        Raises:
            RuntimeError: `std` is not positive.
            NotImplementedError: The dtype is not floating.
        """
        dtype = np.dtype(dtype)
        if not std > 0.0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
        require_kernel("log_normal_cpu", dtype)
        normals = self._double_normals(math.prod(shape), mean, std, np.dtype(np.float64))
        return narrowed(np.exp(normals), dtype).reshape(shape)

    def exponential(
        self, shape: Shape, dtype: npt.DTypeLike = np.float32, rate: float = 1.0
    ) -> Array:
        """Draw from the exponential distribution, as `Tensor.exponential_`.

        Raises:
            RuntimeError: `rate` is not positive, or the dtype not floating.
        """
        dtype = np.dtype(dtype)
        if not rate > 0.0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
        _require_continuous("Exponential", dtype)
        scale = -1.0 / rate
        return _in_steps(shape, dtype, lambda n: narrowed(scale * np.log1p(-self.unit64(n)), dtype))

    def cauchy(
        self,
        shape: Shape,
        dtype: npt.DTypeLike = np.float32,
        median: float = 0.0,
        sigma: float = 1.0,
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
            standard = np.tan(math.pi * (self.unit64(count) - 0.5))
            return narrowed(affine(standard, sigma, median), dtype)

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
                return narrowed(np.ceil(np.log(self.unit64(count)) / scale), dtype)

        return _in_steps(shape, dtype, draw)

    def bernoulli(self, shape: Shape, dtype: npt.DTypeLike = np.float32, p: float = 0.5) -> Array:
        """Draw zeros and ones, as `x.bernoulli_(p)` and `torch.bernoulli(x, p)` with a number p.

        Dropout draws its mask here, with probability `1 - p` of a one, in the input's shape and
        dtype; nothing if it is not training, if p is 0 or 1, or if the input is empty. Its
        feature-wise forms draw in the shape (batch, channels, 1, ...).

        Raises:
            RuntimeError: `p` is not in [0, 1].
        """
        dtype = np.dtype(dtype)
        if not 0.0 <= p <= 1.0:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        require_kernel("bernoulli_scalar_cpu_", dtype)
        return _in_steps(shape, dtype, lambda n: (self.unit64(n) < p).astype(dtype))

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
        return (_in_steps(p.shape, wide.dtype, self.unit(wide.dtype)) < wide).astype(dtype)

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

        Floating dtypes end at the last of their consecutive integers. With `low` = -2**63 all
        64-bit integers may come. Raises as `integers`.
        """
        dtype = np.dtype(dtype)
        if low == -(2**63):
            require_kernel("random_full_64_bits_range_kernel_cpu", dtype)
            if dtype.kind in "biu" and dtype != np.int64:
                raise RuntimeError(
                    "random_full_64_bits_range_kernel_cpu handles only int64, double, float and "
                    "bfloat16"
                )
            return _in_steps(
                shape, dtype, lambda n: from_int64(self.long_words(n).view(np.int64), dtype)
            )
        low, size = integer_range(low, None, dtype)
        return self._integers_from(shape, low, size, dtype)

    def _integers_from(self, shape: Shape, low: int, size: int, dtype: np.dtype[Any]) -> Array:
        words = self.words if size < 2**28 else self.long_words

        def draw(count: int) -> Array:
            values = (words(count) % np.uint64(size)).view(np.int64)
            return from_int64(values + np.int64(low) if low else values, dtype)

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
        words = self.long_words if dtype in (np.int64, np.float64) else self.words
        return _in_steps(
            shape, dtype, lambda n: from_int64((words(n) % np.uint64(size)).view(np.int64), dtype)
        )


# --- checks and conversions -----------------------------------------------------------------------


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


def narrowed(values: Array, dtype: np.dtype[Any]) -> Array:
    """Convert float64 draws; 16-bit floats by way of float32, rounding twice as PyTorch does."""
    if dtype.itemsize == 2 and dtype.kind not in "iu":
        with np.errstate(over="ignore"):  # to infinity, silently as in PyTorch
            return values.astype(np.float32).astype(dtype)
    return values.astype(dtype, copy=False)


def from_int64(values: Array, dtype: np.dtype[Any]) -> Array:
    """Convert integers; 16-bit floats by way of float32, as PyTorch does."""
    return values if dtype == np.int64 else narrowed(values, dtype)


def _check_uniform_bounds(low: float, high: float, dtype: np.dtype[Any]) -> None:
    most = greatest(dtype)
    for name, bound in (("from", low), ("to", high)):
        if not -most <= bound <= most:
            raise RuntimeError(f"{name} is out of bounds for {scalar_name(dtype, cpp=True)}")
    if not low <= high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if high - low > most:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{scalar_name(dtype)}>::max(), but "
            f"found to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )


def _require_continuous(name: str, dtype: np.dtype[Any]) -> None:
    if digits(dtype) == 0:
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {scalar_name(dtype, cpp=name == 'Cauchy')}"
        )
