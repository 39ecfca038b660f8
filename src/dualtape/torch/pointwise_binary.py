"""Functions of two tensors, element by element: arithmetic and what is built like it.

Operands broadcast and are promoted to one dtype (`promotion`); a Python number may stand for one of them where
PyTorch allows it. The Python operators are in `operators`, comparisons in `comparison`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.single import add_into, subtract_from
from ..core.tensor import Tensor as CoreTensor
from ..ops import arithmetic, exponential, incomplete, numbers, select, special, trigonometric
from ..ops import complex as complex_ops
from ..ops.complex import cast
from . import dtypes
from ._tensor import Tensor
from .arguments import invalid_combination, not_implemented, number, tensor_argument, wrong_type
from .dtypes import NumpyDtype, category, scalar_name
from .operators import (
    add_,
    binary,
    check_sub,
    div_,
    floor_divide,
    is_operand,
    mul_,
    power,
    remainder,
    sub_,
    updated,
)
from .promotion import as_operand, result_numpy
from .registry import in_place, install, method, printed_as, store

Function = Callable[..., Tensor]


def check_operands(function: str, input: Any, other: Any) -> None:
    """Raise TypeError unless both are tensors or numbers."""
    for position, (name, x) in enumerate((("input", input), ("other", other)), 1):
        if not is_operand(x):
            raise wrong_type(function, name, position, "Tensor", x)


# --- addition, subtraction, multiplication, division ------------------------------------------------


def scaled(function: str, input: Any, other: Any, alpha: Any) -> Any:
    """`alpha * other` as a term beside `input`.

    Raises:
        TypeError: `alpha` is no number.
        RuntimeError: `alpha` is of a higher category than the result.
    """
    alpha = number(function, alpha, "alpha")
    dtype = result_numpy(input, other)
    if isinstance(alpha, bool) and category(dtype):
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and category(dtype) < 2:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if isinstance(alpha, complex) and category(dtype) < 3:
        raise RuntimeError(
            "For non-complex input tensors, argument alpha must not be a complex number."
        )
    if alpha == 1:
        return other
    if category(dtype) == 0:
        alpha = bool(alpha)
    return arithmetic.mul.bind2(*as_operands(other, alpha, dtype))


def as_operands(x: Any, y: Any, dtype: NumpyDtype) -> tuple[CoreTensor, CoreTensor]:
    """Two operands as tensors of one dtype."""
    like = y.value if isinstance(y, CoreTensor) else x.value if isinstance(x, CoreTensor) else None
    return as_operand(x, dtype, Tensor, like), as_operand(y, dtype, Tensor, like)


def _sum(
    function: str, operator: Callable[..., Any], input: Any, args: tuple[Any, ...], alpha: Any
) -> Any:
    if len(args) == 2:  # the deprecated form: add(input, alpha, other)
        alpha, other = args
    elif len(args) == 1:
        (other,) = args
    else:
        raise invalid_combination(function, (input, *args))
    if alpha != 1 or alpha is True:
        check_operands(function, input, other)
        other = scaled(function, input, other, alpha)
    if isinstance(input, Tensor):
        result = operator(input, other)
        if result is not NotImplemented:
            return result
    check_operands(function, input, other)
    return operator(wrap_number(input), other)


def wrap_number(x: Any) -> Tensor:
    """A number, or another front end's tensor, as a tensor; a number as a 0-d one of its own dtype."""
    if isinstance(x, CoreTensor):
        return tensor_argument("add", x)
    return as_operand(x, result_numpy(x), Tensor)  # type: ignore[return-value]


@method()
def add(input: Any, *args: Any, other: Any = None, alpha: Any = 1, out: Any = None) -> Tensor:
    """Return input + alpha * other.

    Raises:
        TypeError: An operand is neither tensor nor number.
        RuntimeError: The shapes do not broadcast, or `alpha` does not fit the dtype.
    """
    if other is not None:
        args = (*args, other)
    return store(out, _sum("add", add_, input, args, alpha), "add")


@method(aliases=("subtract",))
def sub(input: Any, *args: Any, other: Any = None, alpha: Any = 1, out: Any = None) -> Tensor:
    """Return input - alpha * other.

    Raises:
        TypeError: An operand is neither tensor nor number.
        RuntimeError: Booleans; or as `add`.
    """
    if other is not None:
        args = (*args, other)
    if alpha != 1 and args and is_operand(args[-1]):
        check_sub(input, args[-1])
    return store(out, _sum("sub", sub_, input, args, alpha), "sub")


subtract = sub


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Return other - alpha * input."""
    if not isinstance(input, CoreTensor):
        raise invalid_combination("rsub", (input, other))
    result = sub(other, input, alpha=alpha)
    of_number = not isinstance(other, CoreTensor)
    return printed_as(result, f"RsubBackward{int(of_number)}")  # type: ignore[no-any-return]


def _both_ways(
    name: str, operator: Callable[..., Any], doc: str, aliases: Sequence[str] = ()
) -> Function:
    """A function on an operator of `Tensor` that takes a number on either side."""

    def function(input: Any, other: Any, *, out: Any = None) -> Tensor:
        if isinstance(input, Tensor):
            result = operator(input, other)
            if result is not NotImplemented:
                return result if out is None else store(out, result, name)
        check_operands(name, input, other)
        return store(out, operator(wrap_number(input), other), name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    for n in (name, *aliases):
        setattr(Tensor, n, function)
    return function


mul = multiply = _both_ways("mul", mul_, "input * other.", ("multiply",))
true_divide = _both_ways("true_divide", div_, "input / other; integers become the default dtype.")


@method(aliases=("divide",))
def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """Return input / other, rounded "floor" or "trunc" where that is asked for: integers then stay integers.

    Raises:
        TypeError: An operand is neither tensor nor number.
        RuntimeError: Another rounding mode, or an integer divided by zero with rounding.
        NotImplementedError: Rounding of booleans or complex numbers.
    """
    if rounding_mode is None:
        return true_divide(input, other, out=out)
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    check_operands("div", input, other)
    dtype = result_numpy(input, other)
    if dtype.kind in "bc":
        raise not_implemented(f"div_{rounding_mode}_cpu", dtype)
    primitive = arithmetic.div_floor if rounding_mode == "floor" else arithmetic.div_trunc
    return store(out, primitive.bind2(*as_operands(input, other, dtype)), "div")


divide = div


@method()
def pow(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """Return input ** exponent, either of which may be a number.

    Raises:
        TypeError: Neither is a tensor.
        RuntimeError: Integers to a negative number.
        NotImplementedError: Booleans to booleans.
    """
    plain = out is None and type(exponent) is int and isinstance(input, Tensor)
    if plain and exponent == 2 and input.value.dtype.kind in "fcV":
        return arithmetic.square.bind1(input)  # type: ignore[no-any-return]  # what most programs ask for
    if not (is_operand(input) and is_operand(exponent)) or not (
        isinstance(input, CoreTensor) or isinstance(exponent, CoreTensor)
    ):
        raise invalid_combination("pow", (input, exponent))
    return store(out, power(input, exponent), "pow")


@method()
def float_power(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """Return input ** exponent computed in float64 or complex128.

    Raises:
        TypeError: Neither is a tensor.
    """
    if not (isinstance(input, CoreTensor) or isinstance(exponent, CoreTensor)):
        raise invalid_combination("float_power", (input, exponent))
    check_operands("float_power", input, exponent)
    d = np.dtype(np.complex128 if category(result_numpy(input, exponent)) == 3 else np.float64)
    operands = [cast(x, d) if isinstance(x, CoreTensor) else x for x in (input, exponent)]
    return store(out, power(*operands), "float_power")


def _float_power_(self: Tensor, exponent: Any) -> Tensor:
    """`float_power` in place, for tensors in double precision.

    Raises:
        RuntimeError: The tensor is not of the result's dtype.
    """
    d = np.dtype(np.complex128 if category(result_numpy(self, exponent)) == 3 else np.float64)
    if self.value.dtype != d:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {scalar_name(self.value.dtype)} but the operation's result "
            f"requires dtype {scalar_name(d)}"
        )
    return in_place(float_power, "float_power_")(self, exponent)  # type: ignore[no-any-return]


def _install_in_place() -> None:
    """Give `Tensor` the in-place methods of arithmetic, quick where nothing is recorded."""

    def quick(name: str, compute: Callable[..., Any], plain: Function, general: Function) -> Any:
        slow = in_place(general, name)

        def function(self: Tensor, other: Any, alpha: Any = 1, **kwargs: Any) -> Any:
            if alpha == 1 and not kwargs and (isinstance(other, Tensor) or is_operand(other)):
                return updated(self, other, compute, plain)
            if kwargs or not is_operand(other):
                return slow(self, other, **kwargs, **({} if alpha == 1 else {"alpha": alpha}))
            return updated(self, scaled(name[:-1], self, other, alpha), compute, plain)

        function.__name__ = function.__qualname__ = name
        function.__doc__ = slow.__doc__
        return function

    imul = operator.imul
    for name, compute, plain, general in (
        ("add_", add_into, add_, add), ("sub_", subtract_from, sub_, sub), ("subtract_", subtract_from, sub_, sub),
        ("mul_", imul, mul_, mul), ("multiply_", imul, mul_, mul),
        ("div_", operator.itruediv, div_, div), ("divide_", operator.itruediv, div_, div),
        ("true_divide_", operator.itruediv, div_, true_divide),
    ):  # fmt: skip
        setattr(Tensor, name, quick(name, compute, plain, general))
    install({"pow_": in_place(pow, "pow_"), "float_power_": _float_power_})
    for function in (remainder, floor_divide):
        setattr(Tensor, function.__name__, function)
        setattr(Tensor, function.__name__ + "_", in_place(function, function.__name__ + "_"))


_install_in_place()


# --- tables -----------------------------------------------------------------------------------------


def two_tensors(
    name: str, primitive: Any, *, refuse: str = "", kernel: str | None = None, message: str | None = None,
    to_float: bool = False, numbers: str = "", number_names: tuple[str, str] = ("", ""), aliases: Sequence[str] = (), inplace: bool = True,
    as_method: bool = True, second: str = "other",
) -> Function:  # fmt: skip
    """A function of two tensors, promoted to one dtype.

    Args:
        name: Its name.
        primitive: What it computes.
        refuse: The kinds of dtype ("b", "i", "f", "c"; "i" stands for unsigned ones too) refused.
        kernel: The kernel that the error names; `name` + "_cpu" by default.
        message: Instead of a kernel, what the RuntimeError says about complex numbers.
        to_float: Whether integers become the default dtype.
        numbers: "second" or "both": where a number may stand for a tensor.
        number_names: What PyTorch's node is called for a number in the first, or the second, place.
        aliases: Other names of the method.
        inplace: Whether there is an in-place method.
        as_method: Whether there is a method.
        second: The name of the second parameter.
    """
    bind = primitive.bind2
    kernel = kernel or f"{name}_cpu"
    refused = refuse.replace("i", "iu").replace("f", "fV")

    def function(input: Any, other: Any, *, out: Any = None) -> Tensor:
        if isinstance(input, Tensor) and isinstance(other, Tensor):
            d = input.value.dtype
            if d.kind == "f" and d is other.value.dtype:
                result = bind(input, other)
                return result if out is None else store(out, result, name)
        elif not (isinstance(input, CoreTensor) and isinstance(other, CoreTensor)):
            _check_numbers(name, input, other, numbers, second)
        d = result_numpy(input, other)
        if d.kind in refused:
            if message is not None and d.kind == "c":
                raise RuntimeError(message)
            raise not_implemented(kernel, d)
        if to_float and d.kind in "biu":
            d = dtypes.default_numpy
        result = bind(*as_operands(input, other, d))
        for x, grad_name in zip((input, other), number_names, strict=True):
            if grad_name and not isinstance(x, CoreTensor):
                printed_as(result, grad_name)
        return store(out, result, name)

    function.__name__ = function.__qualname__ = name
    what = primitive.__doc__
    function.__doc__ = f"`{name}`, element by element, promoted to one dtype." + (
        "" if what.startswith("The primitive") else f"\n\n{what}"
    )
    if as_method:
        for n in (name, *aliases):
            setattr(Tensor, n, function)
            if inplace:
                setattr(Tensor, n + "_", in_place(function, n + "_"))
    return function


def _check_numbers(function: str, input: Any, other: Any, numbers: str, second: str) -> None:
    """Raise TypeError where a number (or something else) stands for a tensor and may not."""
    if not numbers:
        tensor_argument(function, input)
        tensor_argument(function, other, second, 2)
    elif not (is_operand(input) and is_operand(other)) or not (
        isinstance(input, CoreTensor) or (numbers == "both" and isinstance(other, CoreTensor))
    ):
        raise invalid_combination(function, (input, other))


fmod = two_tensors(
    "fmod", arithmetic.fmod, refuse="bc", numbers="second", number_names=("", "FmodBackward0")
)
atan2 = arctan2 = two_tensors(
    "atan2", trigonometric.atan2, refuse="c", to_float=True, aliases=("arctan2",)
)
maximum = two_tensors(
    "maximum",
    select.maximum,
    refuse="c",
    message="maximum not implemented for complex tensors.",
    inplace=False,
)
minimum = two_tensors(
    "minimum",
    select.minimum,
    refuse="c",
    message="minimum not implemented for complex tensors.",
    inplace=False,
)
fmax = two_tensors(
    "fmax",
    select.fmax,
    refuse="c",
    message="fmax not implemented for complex tensors.",
    inplace=False,
)
fmin = two_tensors(
    "fmin",
    select.fmin,
    refuse="c",
    message="fmin not implemented for complex tensors.",
    inplace=False,
)
logaddexp = two_tensors("logaddexp", exponential.logaddexp, refuse="bi", inplace=False)
logaddexp2 = two_tensors("logaddexp2", exponential.logaddexp2, refuse="bic", inplace=False)
hypot = two_tensors("hypot", trigonometric.hypot, refuse="bic")
nextafter = two_tensors("nextafter", numbers.nextafter, refuse="bic")
copysign = two_tensors(
    "copysign",
    numbers.copysign,
    refuse="c",
    to_float=True,
    numbers="second",
    number_names=("", "CopysignBackward1"),
)
xlogy = two_tensors(
    "xlogy",
    exponential.xlogy,
    refuse="c",
    to_float=True,
    numbers="both",
    number_names=("XlogyBackward1", "XlogyBackward2"),
)
igamma = two_tensors("igamma", incomplete.gammainc, refuse="bic")
igammac = two_tensors("igammac", incomplete.gammaincc, refuse="bic", kernel="igammac_cpu")


@method(inplace=True)
def ldexp(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """Return input * 2 ** other, a float: integers become the default dtype.

    Raises:
        TypeError: An operand is no tensor.
    """
    x, y = tensor_argument("ldexp", input), tensor_argument("ldexp", other, "other", 2)
    return store(out, binary(numbers.ldexp, x, y, true_division=True), "ldexp")


@method(inplace=True)
def heaviside(input: Any, values: Any, *, out: Any = None) -> Tensor:
    """0 for negative numbers, 1 for positive ones, `values` at zero.

    Raises:
        RuntimeError: The dtypes differ, or are complex.
    """
    x, y = tensor_argument("heaviside", input), tensor_argument("heaviside", values, "values", 2)
    if x.value.dtype.kind == "c" or y.value.dtype.kind == "c":
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if x.value.dtype != y.value.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return store(out, numbers.heaviside.bind2(x, y), "heaviside")


def polar(abs: Any, angle: Any, *, out: Any = None) -> Tensor:
    """The complex numbers of given magnitudes and angles, two real tensors of one dtype.

    Raises:
        RuntimeError: The dtypes differ or are not float32 or float64.
    """
    x, y = tensor_argument("polar", abs, "abs", 1), tensor_argument("polar", angle, "angle", 2)
    if any(t.value.dtype.kind != "f" for t in (x, y)):
        raise RuntimeError(
            "Expected both inputs to be Half, Float or Double tensors but got "
            f"{scalar_name(x.value.dtype)} and {scalar_name(y.value.dtype)}"
        )
    if x.value.dtype != y.value.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {scalar_name(x.value.dtype)} but got scalar type "
            f"{scalar_name(y.value.dtype)} for second argument"
        )
    result = complex_ops.complex.bind2(
        x * trigonometric.cos.bind1(y), x * trigonometric.sin.bind1(y)
    )
    return store(out, printed_as(result, "PolarBackward0"), "polar", exact=True)


zeta = two_tensors(
    "zeta", special.zeta, refuse="c", to_float=True, numbers="both", as_method=False
)  # published by torch.special
xlog1py = two_tensors(
    "xlog1py", exponential.xlog1py, refuse="c", to_float=True, numbers="both", as_method=False
)  # published by torch.special

__all__ = [
    "add", "arctan2", "atan2", "copysign", "div", "divide", "float_power", "floor_divide", "fmax", "fmin", "fmod",
    "heaviside", "hypot", "igamma", "igammac", "ldexp", "logaddexp", "logaddexp2", "maximum", "minimum", "mul",
    "multiply", "nextafter", "polar", "pow", "remainder", "rsub", "sub", "subtract", "true_divide", "xlogy",
]  # fmt: skip
