"""Sample inputs: one row says on which operands a primitive is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.primitive import Primitive

Array = np.ndarray[Any, Any]
Operand = Callable[[np.random.Generator, np.dtype[Any]], Array]


@dataclass(frozen=True, slots=True)
class Sample:
    """One call of a primitive that the checks repeat in every mode.

    Attributes:
        primitive: The primitive.
        operands: Makers of its operands.
        params: Its static parameters.
        complex: Whether complex128 is checked besides float64.
        tolerance: Relative tolerance of the numeric derivative; a looser one than the default says why.
        reason: Why the tolerance is loose.
        second: Whether second order is checked.
        tangent: Projects a direction onto those in which the operands may move: a factorisation of
            Hermitian matrices has no derivative in others.
        cotangent: Projects cotangents onto those for which the pullback exists.
    """

    primitive: Primitive
    operands: tuple[Operand, ...]
    params: dict[str, Any] = field(default_factory=dict)
    complex: bool = True
    tolerance: float = 1e-6
    reason: str = ""
    second: bool = True
    tangent: Callable[[Array], Array] | None = None
    cotangent: Callable[[Array], Array] | None = None

    def __str__(self) -> str:
        return f"{self.primitive.name}({', '.join(f'{k}={v}' for k, v in self.params.items())})"

    def dtypes(self) -> tuple[str, ...]:
        """The dtypes to check in."""
        return ("float64", "complex128") if self.complex else ("float64",)

    def make(self, dtype: str, seed: int = 0) -> tuple[Array, ...]:
        """The operands in `dtype` (integer and boolean operands keep theirs)."""
        rng = np.random.default_rng(seed)
        return tuple(o(rng, np.dtype(dtype)) for o in self.operands)


def sample(primitive: Primitive, *operands: Operand, complex: bool = True, tolerance: float = 1e-6,
           reason: str = "", second: bool = True, tangent: Callable[[Array], Array] | None = None,
           cotangent: Callable[[Array], Array] | None = None, **params: Any) -> Sample:  # fmt: skip
    """A row: `sample(sum_p, real(2, 3), axes=(0,), keepdims=False)`."""
    return Sample(
        primitive, operands, params, complex, tolerance, reason, second, tangent, cotangent
    )


def _filled(shape: tuple[int, ...], dtype: np.dtype[Any], draw: Callable[[], Array]) -> Array:
    out = draw()
    if dtype.kind == "c":
        out = out + 1j * draw()
    return np.asarray(out, dtype).reshape(shape)


def real(*shape: int, low: float = -2.0, high: float = 2.0) -> Operand:
    """Uniform in [low, high); in a complex dtype both parts are."""
    return lambda rng, dtype: _filled(shape, dtype, lambda: rng.uniform(low, high, shape))


def positive(*shape: int, low: float = 0.5, high: float = 2.0) -> Operand:
    """Away from zero on the positive side (in complex: the right half-plane)."""
    return real(*shape, low=low, high=high)


def distinct(*shape: int) -> Operand:
    """A shuffled, evenly spaced, zero-free row of numbers: no ties, no kinks within a small step."""

    def make(rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
        n = int(np.prod(shape))
        values = np.linspace(-1.9, 2.1, n) if n > 1 else np.array([0.7] * n)
        values = np.where(np.abs(values) < 0.01, 0.05, values)
        return _filled(shape, dtype, lambda: rng.permutation(values).reshape(shape))

    return make


def integers(*shape: int, below: int, low: int = 0) -> Operand:
    """Integers in [low, below), int64 whatever the dtype."""
    return lambda rng, dtype: rng.integers(low, below, shape)


def booleans(*shape: int) -> Operand:
    """A random mask."""
    return lambda rng, dtype: rng.uniform(size=shape) < 0.5


def fixed(array: Any) -> Operand:
    """These very numbers, cast to the dtype if they are inexact."""
    array = np.asarray(array)
    return lambda rng, dtype: array.astype(dtype) if array.dtype.kind in "fc" else array.copy()


def hermitian(a: Array) -> Array:
    """The Hermitian part of matrices, as a `tangent` of samples."""
    return np.asarray((a + a.conj().swapaxes(-1, -2)) / 2)


def matrix(*shape: int, kind: str = "general") -> Operand:
    """A well-conditioned (batch of) square matrix.

    Args:
        *shape: The last two axes are the matrix.
        kind: "general", "spd" (Hermitian positive definite), "lower" or "upper" triangular.
    """

    def make(rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
        a = _filled(shape, dtype, lambda: rng.uniform(-1, 1, shape))
        n = shape[-1]
        if kind == "spd":
            a = a @ a.conj().swapaxes(-1, -2) + n * np.eye(n)
        elif kind == "general":
            a = a + 2 * np.eye(shape[-2], n)
        else:
            a = (np.tril if kind == "lower" else np.triu)(a) + 2 * np.eye(n)
        return np.asarray(a, dtype)

    return make
