"""Functions of one tensor, element by element.

They differ in the primitive, in what becomes of integers (a float, or themselves) and in which dtypes they
refuse; each is a line of a table. Functions of two and three tensors are in `pointwise_binary` and
`pointwise_ternary`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ops import (
    activation,
    arithmetic,
    bessel,
    exponential,
    logistic,
    numbers,
    select,
    special,
    trigonometric,
)
from ..ops.complex import cast
from ..ops.views import clone
from . import dtypes
from ._tensor import Tensor
from .arguments import integer, not_implemented, tensor_argument, wrong_type
from .dtypes import NumpyDtype
from .registry import in_place, install, method, printed_as, store

Function = Callable[..., Tensor]
Refusal = Callable[[NumpyDtype], Exception]


def published(
    name: str, function: Function, doc: str, aliases: Sequence[str], inplace: bool, as_method: bool
) -> None:
    """Name a function and make it a method of `Tensor`, under other names and in place too."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    if as_method:
        for n in (name, *aliases):
            setattr(Tensor, n, function)
            if inplace:
                setattr(Tensor, n + "_", in_place(function, n + "_"))


def floating(
    name: str, primitive: Any, *, aliases: Sequence[str] = (), real: str | Refusal | None = None,
    half: str | None = None, inplace: bool = True, as_method: bool = True,
) -> Function:  # fmt: skip
    """A function whose result is floating: integers become the default dtype first.

    Args:
        name: Its name.
        primitive: What it computes.
        aliases: Other names of the method.
        real: For a function of real numbers only: the kernel that PyTorch's error names, or the error.
        half: The kernel that PyTorch's error names where there is none for half precision.
        inplace: Whether there is an in-place method.
        as_method: Whether there is a method.
    """
    bind = primitive.bind1

    def function(input: Any, *, out: Any = None) -> Tensor:
        if not isinstance(input, Tensor):
            input = tensor_argument(name, input)
        d = input.value.dtype
        if d.kind != "f" or half is not None:
            if d.kind in "biu":
                input = cast(input, dtypes.default_numpy)
            elif d.kind == "c" and real is not None:
                raise not_implemented(real, d) if isinstance(real, str) else real(d)
            elif half is not None and d.itemsize == 2:
                raise not_implemented(half, d)
        result = bind(input)
        return result if out is None else store(out, result, name)

    published(name, function, _doc(name, primitive, real is not None), aliases, inplace, as_method)
    return function


def _doc(name: str, primitive: Any, real: bool) -> str:
    what = primitive.__doc__
    text = f"`{name}`, element by element; integers become the default dtype."
    if not what.startswith("The primitive"):
        text += f"\n\n{what}"
    if real:
        text += "\n\nRaises:\n    NotImplementedError: Complex input."
    return text


# --- exponentials, trigonometry, special functions --------------------------------------------------

exp = floating("exp", exponential.exp)
exp2 = floating("exp2", exponential.exp2)
expm1 = floating("expm1", exponential.expm1)
log = floating("log", exponential.log)
log2 = floating("log2", exponential.log2)
log10 = floating("log10", exponential.log10)
log1p = floating("log1p", exponential.log1p)
sqrt = floating("sqrt", exponential.sqrt)
rsqrt = floating("rsqrt", exponential.rsqrt)
reciprocal = floating("reciprocal", arithmetic.reciprocal)

sin = floating("sin", trigonometric.sin)
cos = floating("cos", trigonometric.cos)
tan = floating("tan", trigonometric.tan)
asin = arcsin = floating("asin", trigonometric.asin, aliases=("arcsin",))
acos = arccos = floating("acos", trigonometric.acos, aliases=("arccos",))
atan = arctan = floating("atan", trigonometric.atan, aliases=("arctan",))
sinh = floating("sinh", trigonometric.sinh)
cosh = floating("cosh", trigonometric.cosh)
tanh = floating("tanh", trigonometric.tanh)
asinh = arcsinh = floating("asinh", trigonometric.asinh, aliases=("arcsinh",))
acosh = arccosh = floating("acosh", trigonometric.acosh, aliases=("arccosh",))
atanh = arctanh = floating("atanh", trigonometric.atanh, aliases=("arctanh",))
sinc = floating("sinc", trigonometric.sinc)
deg2rad = floating(
    "deg2rad", trigonometric.deg2rad,
    real=lambda d: RuntimeError("deg2rad is not supported for complex tensors."),
)  # fmt: skip
rad2deg = floating(
    "rad2deg", trigonometric.rad2deg,
    real=lambda d: RuntimeError("rad2deg is not supported for complex tensors."),
)  # fmt: skip

sigmoid = floating("sigmoid", logistic.sigmoid)
erf = floating("erf", special.erf, real="erf_vml_cpu")
erfc = floating("erfc", special.erfc, real="erfc_vml_cpu")
erfinv = floating("erfinv", special.erfinv, real="erfinv_vml_cpu")
lgamma = floating("lgamma", special.lgamma, real="lgamma_vml_cpu")
digamma = floating("digamma", special.digamma, real="digamma")
i0 = floating("i0", bessel.i0, real="i0_vml_cpu")


@method(inplace=True)
def logit(input: Any, eps: float | None = None, *, out: Any = None) -> Tensor:
    """log(x / (1 - x)), x first clamped to [eps, 1 - eps] where `eps` is given.

    Raises:
        NotImplementedError: Complex input.
    """
    x = as_floating("logit", input, "logit_cpu")
    return store(out, logistic.logit(x, None if eps is None else float(eps)), "logit")


def as_floating(name: str, input: Any, kernel: str | None = None) -> Tensor:
    """A tensor argument, integers made the default dtype.

    Raises:
        NotImplementedError: Complex, and there is a `kernel` to name.
    """
    x = tensor_argument(name, input)
    d = x.value.dtype
    if d.kind in "biu":
        return cast(x, dtypes.default_numpy)  # type: ignore[no-any-return]
    if d.kind == "c" and kernel is not None:
        raise not_implemented(kernel, d)
    return x


@method(inplace=True)
def mvlgamma(input: Any, p: int, *, out: Any = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`.

    Raises:
        RuntimeError: `p` is less than 1.
    """
    x = as_floating("mvlgamma", input, "mvlgamma")
    order = integer("mvlgamma", p, "p", 2)
    if order < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    return store(out, printed_as(special.multigammaln(x, order), "MvlgammaBackward0"), "mvlgamma")


def polygamma(n: int, input: Any, *, out: Any = None) -> Tensor:
    """The derivative of order `n` of `digamma`.

    Raises:
        RuntimeError: `n` is negative.
    """
    x = as_floating("polygamma", input, "polygamma")
    order = integer("polygamma", n, "n", 1)
    if order < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, but got n = {order}")
    return store(out, special.polygamma(order, x), "polygamma")


@method("polygamma")
def _polygamma_of(self: Tensor, n: int) -> Tensor:
    """`torch.polygamma(n, self)`."""
    return polygamma(n, self)


install({"polygamma_": in_place(_polygamma_of, "polygamma_")})


# --- what keeps the dtype ---------------------------------------------------------------------------


def keeping(
    name: str, primitive: Any, refusals: dict[str, Refusal], *, aliases: Sequence[str] = (), inplace: bool = True,
    integers: Any = None,
) -> Function:  # fmt: skip
    """A function that takes integers too and gives integers then.

    Args:
        name: Its name.
        primitive: What it computes.
        refusals: The error for each kind of dtype refused ("b", "c").
        aliases: Other names of the method.
        inplace: Whether there is an in-place method.
        integers: What it computes for integers and booleans, if something else.
    """
    bind = primitive.bind1

    def function(input: Any, *, out: Any = None) -> Tensor:
        if not isinstance(input, Tensor):
            input = tensor_argument(name, input)
        d = input.value.dtype
        kind = d.kind
        if kind in refusals:
            raise refusals[kind](d)
        result = integers(input) if integers is not None and kind in "biu" else bind(input)
        return result if out is None else store(out, result, name)

    what = primitive.__doc__
    doc = f"`{name}`, element by element." if what.startswith("The primitive") else what
    published(name, function, doc, aliases, inplace, True)
    return function


def _no_kernel(kernel: str) -> Refusal:
    return lambda d: not_implemented(kernel, d)


def _negation(d: NumpyDtype) -> RuntimeError:
    return RuntimeError(
        "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use "
        "the `~` or `logical_not()` operator instead."
    )


abs = absolute = keeping("abs", numbers.abs_, {"b": _no_kernel("abs_cpu")}, aliases=("absolute",))
neg = negative = keeping("neg", arithmetic.neg, {"b": _negation}, aliases=("negative",))
sgn = keeping("sgn", numbers.sgn, {})
sign = keeping(
    "sign", numbers.sign,
    {"c": lambda d: NotImplementedError(
        "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
    )},
)  # fmt: skip
relu = keeping(
    "relu", activation.relu,
    {
        "b": lambda d: RuntimeError("Boolean inputs not supported for relu"),
        "c": lambda d: NotImplementedError("clamp is not supported for complex types"),
    },
)  # fmt: skip
square = keeping(
    "square", arithmetic.square, {},
    integers=lambda x: arithmetic.square(cast(x, np.int64) if x.value.dtype.kind == "b" else x),
)  # fmt: skip

install({"__neg__": neg, "__abs__": abs})


@method()
def positive(input: Any) -> Tensor:
    """The tensor itself.

    Raises:
        RuntimeError: A bool tensor.
    """
    x = tensor_argument("positive", input)
    if x.value.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return x


install({"__pos__": positive})


@method()
def angle(input: Any, *, out: Any = None) -> Tensor:
    """The argument of each number in (-pi, pi]; for real ones pi where negative, else 0."""
    x = as_floating("angle", input)
    return store(out, numbers.angle(x), "angle")


@method(inplace=True)
def nan_to_num(
    input: Any,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """Replace NaN by `nan` (0) and the infinities by numbers (the greatest and the least of the dtype).

    Raises:
        TypeError: A replacement is no number.
    """
    x = tensor_argument("nan_to_num", input)
    for position, (name, value) in enumerate(
        (("nan", nan), ("posinf", posinf), ("neginf", neginf)), 2
    ):
        if value is not None and not isinstance(value, (int, float)):
            raise wrong_type("nan_to_num", name, position, "float", value)
    if x.value.dtype.kind in "biu":
        return store(out, clone(x), "nan_to_num")
    return store(
        out, select.nan_to_num(x, 0.0 if nan is None else nan, posinf, neginf), "nan_to_num"
    )


def threshold(input: Any, threshold: float, value: float, *, out: Any = None) -> Tensor:
    """Return x where it exceeds `threshold`, `value` elsewhere.

    Raises:
        NotImplementedError: Boolean or complex input.
    """
    x = tensor_argument("threshold", input)
    if x.value.dtype.kind in "bc":
        raise not_implemented("threshold_cpu", x.value.dtype)
    return store(out, activation.threshold(x, threshold, value), "threshold")


__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "digamma",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "i0",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "logit",
    "mvlgamma",
    "nan_to_num",
    "neg",
    "negative",
    "polygamma",
    "positive",
    "rad2deg",
    "reciprocal",
    "relu",
    "rsqrt",
    "sgn",
    "sigmoid",
    "sign",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "threshold",
]  # fmt: skip
