"""`tf.debugging`: assertions on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..core.missing import missing_attribute
from .arithmetic import equal, greater, greater_equal, less, less_equal, not_equal
from .convert import as_tensor, static
from .dtype import as_dtype
from .errors import InvalidArgumentError
from .numeric_checks import disable_check_numerics as disable_check_numerics
from .numeric_checks import enable_check_numerics as enable_check_numerics
from .raising import kernel_error
from .shapes import TensorShape
from .shaping import same
from .tensor import EagerTensor


def _listed(x: np.ndarray[Any, Any]) -> str:
    return np.array2string(x)


def _comparison(sign: str, function: Callable[..., EagerTensor], doc: str) -> Callable[..., None]:
    def check(
        x: Any,
        y: Any,
        message: str | None = None,
        summarize: int | None = None,
        name: str | None = None,
    ) -> None:
        a, b = as_tensor(x), as_tensor(y)
        holds = np.asarray(function(a, b))
        if holds.all():
            return
        count = 3 if summarize is None else summarize
        where = np.argwhere(~holds)
        u, v = np.broadcast_arrays(np.asarray(a), np.asarray(b))
        bad = ~holds
        shown = min(count, int(bad.sum()))
        lead = "" if message is None else f"{message}\n"
        text = f"{lead}Condition x {sign} y did not hold.\n"
        text += f"Indices of first {shown} different values:\n{_listed(where[:count])}\n"
        text += f"Corresponding x values:\n{_listed(u[bad][:count])}\n"
        text += f"Corresponding y values:\n{_listed(v[bad][:count])}\n"
        flat = np.asarray(a).reshape(-1), np.asarray(b).reshape(-1)
        text += f"First {min(count, flat[0].size)} elements of x:\n{_listed(flat[0][:count])}\n"
        text += f"First {min(count, flat[1].size)} elements of y:\n{_listed(flat[1][:count])}"
        raise InvalidArgumentError(None, None, text)

    check.__doc__ = f"""{doc}

    Args:
        x, y: Tensors, or what tensors can be made of.
        message: Put in front of the error's text.
        summarize: How many elements the text shows.
        name: Not used.

    Raises:
        InvalidArgumentError: It does not hold.
    """
    return check


assert_equal = _comparison("==", equal, "Check that x == y everywhere.")
assert_none_equal = _comparison("!=", not_equal, "Check that x != y everywhere.")
assert_less = _comparison("<", less, "Check that x < y everywhere.")
assert_less_equal = _comparison("<=", less_equal, "Check that x <= y everywhere.")
assert_greater = _comparison(">", greater, "Check that x > y everywhere.")
assert_greater_equal = _comparison(">=", greater_equal, "Check that x >= y everywhere.")


def _sign(sign: str, check: Callable[..., None], doc: str) -> Callable[..., None]:
    def assertion(
        x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
    ) -> None:
        t = as_tensor(x)
        check(t, np.zeros((), t.value.dtype)[()], message, summarize)

    assertion.__doc__ = f"""{doc}

    Raises:
        InvalidArgumentError: It does not hold.
    """
    return assertion


assert_positive = _sign(">", assert_greater, "Check that x > 0 everywhere.")
assert_negative = _sign("<", assert_less, "Check that x < 0 everywhere.")
assert_non_negative = _sign(">=", assert_greater_equal, "Check that x >= 0 everywhere.")
assert_non_positive = _sign("<=", assert_less_equal, "Check that x <= 0 everywhere.")


def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Check that |x - y| <= atol + rtol * |y| everywhere; by default both are 10 times the machine epsilon.

    Raises:
        InvalidArgumentError: It does not hold.
    """
    a = as_tensor(x)
    b = as_tensor(y, a.value.dtype)
    u, v = np.asarray(a), np.asarray(b)
    eps = 10 * float(np.finfo(u.dtype).eps)
    r, t = (eps if w is None else float(static(w)) for w in (rtol, atol))
    if np.all(np.abs(u - v) <= t + r * np.abs(v)):
        return
    lead = "" if message is None else f"{message}\n"
    raise InvalidArgumentError(
        None, None,
        f"{lead}Expected 'tf.Tensor(False, shape=(), dtype=bool)' to be true. Summarized data: b''\nx and y not "
        f"equal to tolerance rtol = {r}, atol = {t}\nx (shape={u.shape} dtype={a.dtype.name}) = \n{u}\n"
        f"y (shape={v.shape} dtype={b.dtype.name}) = \n{v}",
    )  # fmt: skip


def Assert(
    condition: Any, data: Any, summarize: int | None = None, name: str | None = None
) -> None:
    """Check that all elements of `condition` are true; `data` is shown if not.

    Raises:
        InvalidArgumentError: They are not.
    """
    t = as_tensor(condition)
    if np.all(t.value):
        return
    shown = "\n".join(str(x.numpy() if isinstance(x, EagerTensor) else x) for x in data)
    raise InvalidArgumentError(None, None, f"Expected '{t}' to be true. Summarized data: {shown}")


def check_numerics(tensor: Any, message: str, name: str | None = None) -> EagerTensor:
    """Return the tensor.

    Raises:
        InvalidArgumentError: It holds a NaN or an infinity.
    """
    x = as_tensor(tensor)
    nan, inf = bool(np.isnan(x.value).any()), bool(np.isinf(x.value).any())
    if nan or inf:
        what = " and ".join([w for w, there in (("Inf", inf), ("NaN", nan)) if there])
        raise kernel_error("CheckNumerics", f"{message} : Tensor had {what} values")
    return same(x)


def assert_all_finite(x: Any, message: str, name: str | None = None) -> EagerTensor:
    """Return the tensor; see `check_numerics`."""
    return check_numerics(x, message)


def assert_shapes(
    shapes: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> None:
    """Check tensors against shapes in which the same letter stands for the same length.

    Raises:
        ValueError: One does not fit.
    """
    pairs = shapes.items() if isinstance(shapes, dict) else shapes
    known: dict[str, int] = {}
    for x, dims in pairs:
        own = tuple(as_tensor(x).value.shape)
        want = tuple(dims) if isinstance(dims, (tuple, list, str)) else (dims,)
        if len(own) != len(want):
            raise ValueError(
                f"{message or ''} Specified by tensor dimension {dims}: rank {len(own)}, not {len(want)}"
            )
        for n, d in zip(own, want, strict=True):
            expected = known.setdefault(d, n) if isinstance(d, str) and not d.isdigit() else d
            if expected is not None and int(expected) != n:
                raise ValueError(
                    f"{message or ''} Specified by {dims}: dimension {d} must be {expected}, is {n}"
                )


def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Check the number of axes.

    Raises:
        ValueError: There are more or fewer.
    """
    t = as_tensor(x)
    want = int(static(rank))
    if len(t.value.shape) != want:
        raise ValueError(
            f"{message or ''}. Tensor must have rank {want}.  Received rank {len(t.value.shape)}, shape {t.shape}"
        )


def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> None:
    """Check the dtype.

    Raises:
        TypeError: It is another.
    """
    if as_tensor(tensor).dtype != as_dtype(tf_type):
        raise TypeError(
            f"{message or ''}  {tensor} must be of type {as_dtype(tf_type)!r}; got {tensor.dtype!r}"
        )


def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> EagerTensor:
    """Return the tensor.

    Raises:
        ValueError: It has axes.
    """
    x = as_tensor(tensor)
    if x.value.shape:
        raise ValueError(
            f"{message or ''}Expected scalar shape, saw shape: {TensorShape(x.value.shape)}."
        )
    return x


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers."""
    return isinstance(tensor, EagerTensor) and tensor.dtype.is_numeric


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
