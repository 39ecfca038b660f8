"""What the `eval` of elementwise primitives shares: half precision, real-only functions, SciPy.

An operation that takes several NumPy calls would round between them in float16 and bfloat16;
PyTorch computes in float32 and rounds once, and so do we. NumPy orders complex numbers
lexicographically and goes on; an operation that has no meaning for them refuses here.

Large arrays cost by the passes over memory, so evaluation works in place on temporaries of its own.
`t *= x` does that for an array and makes a new number of a NumPy scalar; `into` is the same for
ufuncs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import DtypeError

Eval = Callable[..., Any]


def is_half(dtype: np.dtype[Any]) -> bool:
    """Whether `dtype` is float16 or bfloat16."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def in_single(f: Eval) -> Eval:
    """`f`, computing in float32 where its operands are in half precision, and rounding once."""

    @functools.wraps(f)
    def evaluate(*xs: Any, **params: Any) -> Any:
        dtype = xs[0].dtype
        if dtype.itemsize == 2 and is_half(dtype):
            return f(*[x.astype(np.float32) for x in xs], **params).astype(dtype)
        return f(*xs, **params)

    return evaluate


def real_only(name: str, f: Eval) -> Eval:
    """`f` for real operands; complex ones are refused in PyTorch's words.

    Raises (when called):
        DtypeError: An operand is complex.
    """

    @functools.wraps(f)
    def evaluate(*xs: Any, **params: Any) -> Any:
        for x in xs:
            if x.dtype.kind == "c":
                raise DtypeError(
                    f'"{name}" not implemented for complex numbers ({x.dtype}): it is defined for '
                    "real ones. Apply it to the real and imaginary part, or to abs(x)."
                )
        return f(*xs, **params)

    return evaluate


def real_in_single(name: str) -> Callable[[Eval], Eval]:
    """Decorator: `real_only` and `in_single` together."""
    return lambda f: real_only(name, in_single(f))


def into(ufunc: Eval, t: Any) -> Any:
    """`ufunc(t)` in the memory of the temporary `t`, or as a new scalar where `t` is a scalar."""
    return ufunc(t, out=t) if type(t) is np.ndarray else ufunc(t)


def times_into(t: Any, x: Any) -> Any:
    """`t * x`, in the memory of the temporary `t` where the product fits there."""
    if type(t) is np.ndarray and t.shape == x.shape and t.dtype == x.dtype:
        return np.multiply(t, x, out=t)
    return t * x


@functools.cache
def zero(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """A 0-d zero, which NumPy takes as an operand in half the time that a Python number costs."""
    array = np.zeros((), dtype)
    array.flags.writeable = False
    return array


@functools.cache
def _one(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    array = np.ones((), dtype)
    array.flags.writeable = False
    return array


def one(t: Any) -> Any:
    """A 1 to go with `t`: a 0-d array with an array, a Python number with a scalar (see `zero`)."""
    return _one(t.dtype) if type(t) is np.ndarray else 1


@functools.cache
def scipy_special(name: str) -> Eval | None:
    """SciPy's function of that name, None where SciPy is not installed."""
    try:
        from scipy import special
    except ImportError:
        return None
    return getattr(special, name)  # type: ignore[no-any-return]


def special(
    name: str, scipy_name: str, fallback: Eval | None = None, part: int | None = None
) -> Eval:
    """The `eval` of a special function: SciPy's, or without SciPy the slow and right `fallback`.

    Args:
        name: What the user calls it, for messages.
        scipy_name: Its name in `scipy.special`.
        fallback: On float64 arrays; None where there is none.
        part: Which result to take where SciPy's function has several.

    Raises (when called):
        DtypeError: An operand is complex.
        ModuleNotFoundError: SciPy is not installed and there is no fallback.
    """

    def evaluate(*xs: Any, **params: Any) -> Any:
        """On operands of one dtype; a static parameter (an order) comes first in SciPy's call."""
        f = scipy_special(scipy_name)
        dtype = xs[-1].dtype
        if dtype.kind == "c":
            raise DtypeError(f'"{name}" not implemented for complex numbers ({dtype})')
        if f is None:
            if fallback is None:
                raise ModuleNotFoundError(
                    f"{name} needs SciPy, which is not installed: pip install 'dualtape[sci]'"
                )
            out = fallback(*params.values(), *[np.asarray(x, np.float64) for x in xs])
            return np.asarray(out).astype(np.float64 if dtype.kind in "biu" else dtype)
        if is_half(dtype):
            xs = tuple([x.astype(np.float32) for x in xs])
        out = f(*params.values(), *xs)
        if part is not None:
            out = out[part]
        return out if out.dtype == dtype or dtype.kind in "biu" else out.astype(dtype)

    evaluate.__name__ = name
    return evaluate
