"""Holding a custom rule against its function: finite differences, and one mode against the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.aval import is_inexact
from ..core.custom import Call, Values
from ..core.errors import RuleError
from ..core.value import Value

if TYPE_CHECKING:
    from .custom_rules import Operation

# (relative tolerance, steps) per precision. A step is too long where the function bends and too short
# where it is noisy, as a solver's result is; a wrong rule agrees with none of them.
_FINE = (1e-3, (1e-2, 1e-4, 6e-6))
_COARSE = (3e-2, (3e-2, 5e-3))


def verify(operation: Operation, values: Values) -> bool:
    """Hold the rules of a call against finite differences and against each other.

    Args:
        operation: The call.
        values: Its operands: arrays.

    Returns:
        Whether that could be done: not for a function that closes over values without numbers.

    Raises:
        RuleError: They disagree; the message has the rule, the argument and the numbers.
    """
    user = operation.user
    rng = np.random.default_rng(0)
    plain = operation.with_residuals(False)
    base = plain.run(values)
    if any(isinstance(o, Value) for o in base):
        return False
    floating = [i for i, o in enumerate(base) if is_inexact(o.dtype)]
    moving = [i for i, v in enumerate(values) if is_inexact(v.dtype)]
    if not floating or not moving:
        return True
    cts: Values = [None] * len(base)
    for i in floating:
        cts[i] = direction(rng, base[i])
    call = Call(plain, len(values))
    call(*values)
    pulled = None
    if user.bwd is not None:
        needs = tuple(i in moving for i in range(len(values)))
        pulled = plain.pull(cts, needs, values, list(base))
    for i in moving:
        v = direction(rng, values[i])
        tangents: Values = [None] * len(values)
        tangents[i] = v
        found: dict[str, Any] = {}
        if user.jvp is not None or user.simple_jvp is not None:
            dots = plain.push(call, list(values), tangents)[1]
            found["jvp"] = sum(inner_product(cts[k], dots[k]) for k in floating)
        if pulled is not None:
            found["vjp"] = 0.0 if pulled[i] is None else inner_product(pulled[i], v)
        compare(operation, i, values[i], found, slopes(plain, values, i, v, cts, floating))
    return True


def direction(rng: np.random.Generator, like: Any) -> Any:
    """A random array of the shape and dtype of another."""
    v = rng.standard_normal(like.shape)
    if like.dtype.kind == "c":
        v = v + 1j * rng.standard_normal(like.shape)
    return np.asarray(v).astype(like.dtype)[()]


def inner_product(a: Any, b: Any) -> float:
    """Re(sum(conj(a) b)), in double precision."""
    wide = np.result_type(np.float64, a.dtype if a.dtype.kind in "fc" else np.float64)
    return float(np.real(np.vdot(np.asarray(a).astype(wide), np.asarray(b).astype(wide))))


class Slopes(NamedTuple):
    """Central differences of <cts, f>: (slope, size of its terms, rounding error) per step.

    `kink`: the differences to the two sides of the point differ at the shortest step, so that there is
    no derivative to compare with.
    """

    found: list[tuple[float, float, float]]
    kink: bool


def slopes(
    operation: Operation, values: Values, i: int, v: Any, cts: Values, floating: list[int]
) -> Slopes:
    """Differences along `v` for operand `i`."""
    x = values[i]
    tolerance, steps = precision(x.dtype)
    eps = float(np.finfo(x.dtype).eps)
    scale = max(float(np.max(np.abs(x), initial=0.0)), 1e-3)
    here = operation.run(list(values))
    result, kink = [], False
    for step in steps:
        h = step * scale
        ends = []
        for sign in (1, -1):
            moved = list(values)
            moved[i] = (x + sign * h * v).astype(x.dtype)
            ends.append(operation.run(moved))
        total = size = bend = noise = 0.0
        for k in floating:
            up, down, mid = (np.asarray(o[k]) for o in (*ends, here))
            slope = (up - down) / (2 * h)
            total += inner_product(cts[k], slope)
            size += float(np.sum(np.abs(cts[k] * slope)))
            bend += float(np.sum(np.abs(cts[k] * (up - 2 * mid + down)))) / h
            noise += 4 * eps * float(np.sum(np.abs(cts[k]) * (np.abs(up) + np.abs(down)))) / h
        if np.isfinite(size):
            result.append((total, size, noise))
            kink = bend > 0.1 * tolerance * size + noise
    return Slopes(result, kink)


def compare(operation: Operation, i: int, x: Any, found: dict[str, float], numeric: Slopes) -> None:
    """Raise unless the rules agree with some of the differences, and with each other.

    Raises:
        RuleError: They do not.
    """
    place = describe(operation, i)
    hint = (
        "Mend the rule; or pass check=False if it is meant to differ from the derivative, or if the "
        "function is too rough for finite differences."
    )
    tolerance, _ = precision(x.dtype)
    if len(found) == 2:
        a, b = found["jvp"], found["vjp"]
        if not abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-8):
            raise RuleError(
                f"custom_rule {operation.name}: the two rules disagree for {place}\n"
                f"  <ct, jvp(v)> = {a:.9g}\n  <vjp(ct), v> = {b:.9g}\n  {hint}"
            )
    if numeric.kink or not numeric.found:
        return
    for rule, value in found.items():
        if not any(
            abs(value - n) <= tolerance * max(size, abs(value)) + noise
            for n, size, noise in numeric.found
        ):
            closest = min((n for n, *_ in numeric.found), key=lambda n: abs(n - value))
            raise RuleError(
                f"custom_rule {operation.name}: the {rule} rule disagrees with the function for {place}\n"
                f"  the {rule} gives     {value:.9g}\n  finite differences {closest:.9g}\n  {hint}"
            )


def precision(dtype: Any) -> tuple[float, tuple[float, ...]]:
    """The tolerance and the steps for a dtype."""
    return _FINE if dtype.itemsize >= (16 if dtype.kind == "c" else 8) else _COARSE


def describe(operation: Operation, i: int) -> str:
    """Which argument an operand belongs to."""
    place = operation.places[i]
    user = operation.user
    count = 0
    for number, child in enumerate(operation.structure.children):
        count += child.leaf_count
        if place < count:
            total = len(operation.structure.children) + len(operation.settings)
            position = [k for k in range(total) if k not in user.nondiff][number]
            names = list(user.signature.parameters) if user.signature is not None else []
            name = f" ({names[position]})" if position < len(names) else ""
            leaf = "" if child.leaf_count == 1 else f", leaf {place - count + child.leaf_count}"
            return f"argument {position}{name}{leaf}"
    raise AssertionError("an operand is in some argument")
