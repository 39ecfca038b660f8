"""The transformations that random programs nest, applied to functions of one value that are random themselves.

Where a row takes a second value, the function closes over it, which is where perturbations would be confused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.aval import aval_of
from ..core.tensor import Tensor
from ..ops import complex as co
from ..ops import shape
from ..ops.compare import gt
from ..ops.index import getitem
from ..ops.reduce import sum as total
from ..transforms import (
    checkpoint,
    cond,
    custom_rule,
    fori_loop,
    grad,
    hvp,
    jacfwd,
    jacrev,
    jet,
    jvp,
    linearize,
    scan,
    vjp,
    vmap,
)

Array = np.ndarray[Any, Any]
Choose = Callable[[int], int]
Function = Callable[[Any], Any]


class Row(NamedTuple):
    """One transformation.

    Attributes:
        arity: How many values it takes.
        run: (f, *values, loops, **params) -> value.
        choose: (choose, *arrays) -> (its parameters, an example of what f is given), None where it cannot be applied.
        small: Whether it is for functions of few results only.
    """

    arity: int
    run: Callable[..., Any]
    choose: Callable[..., tuple[dict[str, Any], Any] | None]
    small: bool = False


def real_sum(v: Any) -> Any:
    """The sum of a value's elements and of their squares, real."""
    v = v * v * 0.5 + v
    dtype = v.value.dtype if isinstance(v, Tensor) else v.dtype
    return total(co.real(v) + co.imag(v) * 0.7) if dtype.kind == "c" else total(v)


def whole(choose: Choose, x: Array, *others: Array) -> tuple[dict[str, Any], Any] | None:
    """The function is given the whole value; other values have its shape and dtype."""
    if any(o.shape != x.shape or o.dtype != x.dtype for o in others):
        return None
    return {}, x


def few(choose: Choose, x: Array) -> tuple[dict[str, Any], Any] | None:
    """The function is given the whole value, which has few elements."""
    return ({}, x) if x.size <= 6 else None


def slices(choose: Choose, x: Array, *others: Array) -> tuple[dict[str, Any], Any] | None:
    """The function is given a slice along some axis; other values have its dtype."""
    if not x.ndim or 0 in x.shape or any(o.dtype != x.dtype for o in others):
        return None
    axis = choose(x.ndim)
    return {"axis": axis}, np.asarray(np.take(x, 0, axis))


def run_grad(f: Function, x: Any, loops: bool) -> Any:
    """Grad."""
    return grad(lambda z: real_sum(f(z)))(x)


def run_grad_closed(f: Function, x: Any, y: Any, loops: bool) -> Any:
    """Grad of a function that closes over another value of the program."""
    return grad(lambda z: real_sum(f(z) * total(y) + total(z * y)))(x)


def run_jvp(f: Function, x: Any, y: Any, loops: bool) -> Any:
    """Jvp along another value of the program."""
    return jvp(f, (x,), (y,))[1]


def run_jvp_closed(f: Function, x: Any, y: Any, loops: bool) -> Any:
    """Jvp of a function that closes over the point and the direction."""
    return jvp(lambda z: f(z) * total(x * y + z), (x,), (y,))[1]


def run_vjp(f: Function, x: Any, loops: bool) -> Any:
    """Vjp with a cotangent that depends on the value."""
    out, pullback = vjp(f, x)
    return pullback(out * 0.5 + 1.0)[0]


def run_linearize(f: Function, x: Any, y: Any, loops: bool) -> Any:
    """Linearize, applied to another value."""
    return linearize(f, x)[1](y)


def run_jacrev(f: Function, x: Any, loops: bool) -> Any:
    """Jacrev."""
    return jacrev(f, holomorphic=aval_of(x).dtype.kind == "c")(x)


def run_jacfwd(f: Function, x: Any, loops: bool) -> Any:
    """Jacfwd."""
    return jacfwd(f, holomorphic=aval_of(x).dtype.kind == "c")(x)


def run_vmap(f: Function, x: Any, loops: bool, axis: int) -> Any:
    """Vmap, or the loop that it stands for."""
    if not loops:
        return vmap(f, in_axes=axis)(x)
    at = (slice(None),) * axis
    return shape.stack([f(getitem(x, (*at, i))) for i in range(int(x.shape[axis]))], 0)


def run_vmap_closed(f: Function, x: Any, y: Any, loops: bool, axis: int) -> Any:
    """Vmap of a function that closes over another value of the program."""
    return run_vmap(lambda z: f(z) * total(y) + total(z), x, loops, axis)


def run_vmap_grad(f: Function, x: Any, loops: bool, axis: int) -> Any:
    """Vmap of grad."""
    return run_vmap(grad(lambda z: real_sum(f(z))), x, loops, axis)


def run_grad_vmap(f: Function, x: Any, loops: bool, axis: int) -> Any:
    """Grad of vmap."""
    return grad(lambda z: real_sum(run_vmap(f, z, loops, axis)))(x)


def run_hvp(f: Function, x: Any, y: Any, loops: bool) -> Any:
    """A product with the Hessian."""
    return hvp(lambda z: real_sum(f(z)), (x,), (y,))[1]


def run_jet(f: Function, x: Any, y: Any, loops: bool) -> Any:
    """The second derivative along a line, by Taylor mode, or by forward mode twice."""
    if loops:
        return jvp(lambda z: jvp(f, (z,), (y,))[1], (x,), (y,))[1]
    return jet(f, (x,), [[y, y * 0.0]])[1][1]


def run_checkpoint(f: Function, x: Any, y: Any, loops: bool) -> Any:
    """A checkpoint that closes over another value, or the function itself."""

    def g(z: Any) -> Any:
        return f(z) * total(y)

    return g(x) if loops else checkpoint(g)(x)


def run_custom(f: Function, x: Any, loops: bool) -> Any:
    """A function with its own derivative as a custom rule, or the function itself."""
    if loops:
        return f(x)
    rule = custom_rule(f, jvp=lambda out, args, dots: jvp(f, args, dots)[1], check=False)
    return rule(x)


def run_cond(f: Function, x: Any, y: Any, loops: bool) -> Any:
    """One of two branches."""
    positive = gt(real_sum(y), np.asarray(0.1234))
    return cond(positive, f, lambda z: f(z) * 2.0 + 0.5, x)


def run_scan(f: Function, x: Any, loops: bool) -> Any:
    """Scan along the first axis, or the loop that it stands for."""

    def step(carry: Any, row: Any) -> tuple[Any, Any]:
        return carry * 0.5 + total(row), f(row) * carry

    carry = total(x) * 0.3
    if not loops:
        return scan(step, carry, x)[1]
    outs = []
    for i in range(int(x.shape[0])):
        carry, out = step(carry, getitem(x, i))
        outs.append(out)
    return shape.stack(outs, 0)


def run_descent(f: Function, x: Any, loops: bool) -> Any:
    """A few steps of gradient descent: a loop around a gradient."""

    def step(i: Any, z: Any) -> Any:
        return z - grad(lambda u: real_sum(f(u)))(z) * 0.05

    if not loops:
        return fori_loop(0, 2, step, x)
    for i in range(2):
        x = step(i, x)
    return x


def rows(choose: Choose, x: Array) -> tuple[dict[str, Any], Any] | None:
    """The function is given a slice along the first axis."""
    return None if not x.ndim or 0 in x.shape else ({}, np.asarray(x[0]))


TRANSFORMS: dict[str, Row] = {
    "grad": Row(1, run_grad, whole),
    "grad closed": Row(2, run_grad_closed, whole),
    "jvp": Row(2, run_jvp, whole),
    "jvp closed": Row(2, run_jvp_closed, whole),
    "vjp": Row(1, run_vjp, whole),
    "linearize": Row(2, run_linearize, whole),
    "hvp": Row(2, run_hvp, whole),
    "jet": Row(2, run_jet, whole),
    "checkpoint": Row(2, run_checkpoint, whole),
    "custom rule": Row(1, run_custom, whole),
    "cond": Row(2, run_cond, whole),
    "scan": Row(1, run_scan, rows),
    "descent": Row(1, run_descent, whole),
    "jacrev": Row(1, run_jacrev, few, small=True),
    "jacfwd": Row(1, run_jacfwd, few, small=True),
    "vmap": Row(1, run_vmap, slices),
    "vmap closed": Row(2, run_vmap_closed, slices),
    "vmap grad": Row(1, run_vmap_grad, slices),
    "grad vmap": Row(1, run_grad_vmap, slices),
}
