"""`torch.testing`: comparing results in tests."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..core.missing import missing_attribute
from ..core.tensor import Tensor as CoreTensor
from ._tensor import Tensor
from .creation import as_tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]  # noqa: F822 - the last one is made when asked for

# By the name of the dtype; others are compared exactly. A number takes those of the widest type of its kind.
_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}

Message = str | Callable[[str], str] | None


class _Options:
    """How to compare; see `assert_close`."""

    def __init__(self, rtol: float | None, atol: float | None, **checks: bool) -> None:
        if (rtol is None) != (atol is None):
            missing = "rtol" if rtol is None else "atol"
            raise ValueError(
                f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
            )
        self.rtol, self.atol = rtol, atol
        self.checks = checks

    def tolerances(self, *dtypes: str) -> tuple[float, float]:
        """The relative and the absolute tolerance: the larger of two dtypes' where none is asked for."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        found = [_TOLERANCES.get(d, (0.0, 0.0)) for d in dtypes]
        return max(r for r, _ in found), max(a for _, a in found)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Message = None,
) -> None:
    """Raise unless |actual - expected| <= atol + rtol |expected|, element by element.

    Args:
        actual, expected: Tensors, arrays, numbers, None, or sequences and mappings of these, in the same form.
        allow_subclasses: Whether tensors may be of different classes.
        rtol, atol: Both or none; by default those of the dtype.
        equal_nan: Whether NaN equals NaN.
        check_device, check_layout: Accepted: there is one device, and one layout.
        check_dtype: Whether dtypes must be equal; otherwise both are promoted.
        check_stride: Whether strides must be equal.
        msg: What to say instead, or a function of what would be said.

    Raises:
        AssertionError: They differ: in form, shape, dtype or by their elements.
        TypeError: Of such inputs there is no comparison.
        ValueError: One of `rtol` and `atol` alone.
    """
    del check_device, check_layout
    options = _Options(
        rtol, atol, subclasses=allow_subclasses, nan=equal_nan, dtype=check_dtype, stride=check_stride
    )  # fmt: skip
    try:
        _compare(actual, expected, options, ())
    except AssertionError as error:
        if msg is None:
            raise
        raise AssertionError(msg(str(error)) if callable(msg) else msg) from None


def _compare(a: Any, b: Any, options: _Options, at: tuple[Any, ...]) -> None:
    """Compare what is found `at` these keys and positions."""
    try:
        if _are(Sequence, a, b) and not isinstance(a, str) and not isinstance(b, str):
            if len(a) != len(b):
                raise AssertionError(f"The length of the sequences mismatch: {len(a)} != {len(b)}")
            parts = [(i, x, y) for i, (x, y) in enumerate(zip(a, b, strict=True))]
        elif _are(Mapping, a, b):
            if set(a) != set(b):
                raise AssertionError(
                    "The keys of the mappings do not match:\n"
                    f"Missing keys in the actual mapping: {sorted(set(b) - set(a))}\n"
                    f"Additional keys in the actual mapping: {sorted(set(a) - set(b))}"
                )
            parts = [(k, a[k], b[k]) for k in a]
        else:
            _compare_leaves(a, b, options)
            return
    except AssertionError as error:
        if not at:
            raise
        item = "".join(f"[{k!r}]" for k in at)
        raise AssertionError(f"{error}\n\nThe failure occurred for item {item}") from None
    for key, x, y in parts:
        _compare(x, y, options, (*at, key))


def _are(kind: Any, a: Any, b: Any) -> bool:
    return isinstance(a, kind) and isinstance(b, kind)


def _compare_leaves(a: Any, b: Any, options: _Options) -> None:
    number = (int, float, complex)
    if a is None or b is None:
        if a is not b:
            raise AssertionError(f"None mismatch: {a} is not {b}")
    elif _are((bool, np.bool_), a, b):
        if bool(a) is not bool(b):
            raise AssertionError(f"Booleans mismatch: {bool(a)} is not {bool(b)}")
    elif _are((*number, np.number), a, b):
        x, y = (v.item() if isinstance(v, np.number) else v for v in (a, b))
        if type(x) is not type(y) and options.checks["dtype"]:
            raise AssertionError(f"The (d)types do not match: {type(x)} != {type(y)}.")
        wide = {int: "int64", float: "float64", complex: "complex128"}
        _compare_numbers(x, y, *options.tolerances(wide[type(x)], wide[type(y)]), options)
    elif _are(CoreTensor, a, b) or _are(np.ndarray, a, b):
        if (
            isinstance(a, CoreTensor)
            and type(a) is not type(b)
            and not options.checks["subclasses"]
        ):
            raise _incomparable(a, b)
        _compare_tensors(as_tensor(a), as_tensor(b), options)
    else:
        raise _incomparable(a, b)


def _incomparable(a: Any, b: Any) -> TypeError:
    return TypeError(
        f"No comparison pair was able to handle inputs of type {type(a)} and {type(b)}."
    )


def _compare_tensors(a: Tensor, b: Tensor, options: _Options) -> None:
    attributes: list[tuple[str, Any, Any]] = [("shape", a.shape, b.shape)]
    if options.checks["stride"]:
        attributes.append(("stride()", a.stride(), b.stride()))
    if options.checks["dtype"]:
        attributes.append(("dtype", a.dtype, b.dtype))
    for name, x, y in attributes:
        if x != y:
            raise AssertionError(f"The values for attribute '{name}' do not match: {x} != {y}.")
    rtol, atol = options.tolerances(a.dtype.name, b.dtype.name)
    x, y = (np.asarray(t.detach().value) for t in (a, b))
    if x.dtype.kind == "V":  # bfloat16
        x, y = x.astype(np.float32), y.astype(np.float32)
    if x.dtype != y.dtype:
        dtype = np.result_type(x, y)
        x, y = x.astype(dtype), y.astype(dtype)
    if x.dtype.kind in "bu" and x.itemsize < 8:
        x, y = x.astype(np.int64), y.astype(np.int64)
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(x, y, rtol, atol, options.checks["nan"])
        if not wrong.any():
            return
        if not x.ndim:
            _compare_numbers(x.item(), y.item(), rtol, atol, options)
        away = np.abs(x - y)
        share = away / np.abs(y)
        if x.dtype.kind == "i":
            share = share.astype(np.float32)  # as PyTorch divides integers
    # Elements that are close do not count, nor do equal infinities.
    away, share = (np.where(wrong, v, 0) for v in (away, share))
    exact = not rtol and not atol
    lines = [
        f"Tensor-likes are not {'equal' if exact else 'close'}!\n",
        f"Mismatched elements: {wrong.sum()} / {x.size} ({wrong.sum() / x.size:.1%})",
    ]
    for name, v, allowed in (("absolute", away, atol), ("relative", share, rtol)):
        where = np.unravel_index(int(np.argmax(v)), v.shape)
        place = tuple([int(i) for i in where])
        bound = "" if exact else f" (up to {allowed} allowed)"
        lines.append(f"Greatest {name} difference: {v[place].item()} at index {place}{bound}")
    raise AssertionError("\n".join(lines))


def _compare_numbers(x: Any, y: Any, rtol: float, atol: float, options: _Options) -> None:
    exact = not rtol and not atol
    if x == y or (options.checks["nan"] and cmath.isnan(x) and cmath.isnan(y)):
        return
    away = abs(x - y)
    if cmath.isfinite(away) and away <= atol + rtol * abs(y):
        return
    share = away / abs(y) if y else float("inf")
    allowed = ("", "") if exact else (f" (up to {atol} allowed)", f" (up to {rtol} allowed)")
    raise AssertionError(
        f"Scalars are not {'equal' if exact else 'close'}!\n\n"
        f"Expected {y} but got {x}.\n"
        f"Absolute difference: {away}{allowed[0]}\n"
        f"Relative difference: {share}{allowed[1]}"
    )


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None, equal_nan: bool = True, msg: str = ""
) -> None:  # fmt: skip
    """`assert_close` as it was called before: any dtype and number, NaN equal to NaN."""
    actual, expected = as_tensor(actual), as_tensor(expected)
    if rtol is None and atol is None:
        rtol, atol = _Options(None, None).tolerances(actual.dtype.name, expected.dtype.name)
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None
    )  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "make_tensor":
        return import_module(".making", __package__).make_tensor
    raise missing_attribute(__name__, name, globals())
