"""A call's arguments: what of them is arrays, what the rest is, and what the user wants of floating-point errors."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

import numpy as np

from ...core.aval import Aval
from ...core.value import Value
from ..lowering.nodes import PLAIN as FROZEN
from .shapes import REPEATED

Array = np.ndarray[Any, Any]

OPERAND = object()
UNKNOWN: Any = object()
"""In the place of what has not been looked up."""

PLAIN = (int, str, type(None), bool)
"""Classes of arguments and parameters whose values stand for themselves."""

_settings: Any = getattr(
    getattr(getattr(np, "_core", None), "umath", None), "_extobj_contextvar", None
)
_state: list[tuple[Any, bool]] = [(UNKNOWN, False)]


def strict() -> bool:
    """Whether the user wants to be told of floating-point errors in another way than by warnings, which are off in dualtape."""
    if _settings is None:
        return _asked()
    now = _settings.get()  # an object per state: nothing of it is read
    known, found = _state[0]  # as one, since other threads have states of their own
    if now is not known:
        found = _asked()
        _state[0] = (now, found)
    return found


def _asked() -> bool:
    return any(v not in ("warn", "ignore") for v in np.geterr().values())


def stands(value: Any) -> bool:
    """Whether a parameter's text says all of it: functions and other objects are known by their address, which may be used again."""
    if isinstance(value, (tuple, list)):
        return all(map(stands, value))
    return isinstance(value, (*FROZEN, np.ndarray)) or is_dataclass(value)


def noted(a: Any, arrays: list[Array], key: list[Any], repeated: list[int]) -> bool:
    """Note an argument: its arrays, those of them that repeat one number, what else there is; False if a kernel cannot be given such a one."""
    cls = type(a)
    key.append(cls)
    if cls is np.ndarray:
        # One number everywhere, as the cotangent of a sum is.
        if a.base is not None and a.ndim and not any(a.strides) and a.size:
            repeated.append(len(arrays))
            key.append(REPEATED)
        arrays.append(a)
        key.append(a.shape)
        key.append(a.dtype)
        return True
    if isinstance(a, np.generic):
        arrays.append(np.asarray(a))
        return True
    if cls is tuple:
        key.append(len(a))
        return all(noted(b, arrays, key, repeated) for b in a)
    if cls in PLAIN:
        key.append(a)
        return True
    if cls is float:
        key.append(repr(a))
        return True
    # An edge, for a rule that asks for shape and dtype.
    if not isinstance(a, Value) and hasattr(a, "node") and hasattr(a, "shape"):
        key += [a.shape, a.dtype]
        return True
    return False


def form_of(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments without their arrays."""
    form: list[Any] = []
    for a in args:
        if isinstance(a, (np.ndarray, np.generic)):
            form.append(OPERAND)
        elif type(a) is tuple:
            form.append(form_of(a))
        elif hasattr(a, "node"):
            form.append(Aval(a.shape, a.dtype))
        else:
            form.append((float, repr(a), a) if type(a) is float else a)
    return tuple(form)


def filled(form: Any, values: list[Any]) -> list[Any]:
    """Arguments of that form, with values in the place of arrays."""
    out: list[Any] = []
    for f in form:
        if f is OPERAND:
            out.append(values.pop(0))
        elif type(f) is tuple and len(f) == 3 and f[0] is float:
            out.append(f[2])
        elif type(f) is tuple:
            out.append(tuple(filled(f, values)))
        else:
            out.append(f)
    return out


def default_axis(f: Any) -> Any:
    """The `axis` or `axes` that a function takes where none is given."""
    while f is not None:
        defaults = getattr(f, "__kwdefaults__", None) or {}
        for name in ("axis", "axes"):
            if name in defaults:
                return defaults[name]
        f = getattr(f, "__wrapped__", None)
    return None
