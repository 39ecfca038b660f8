"""The machine that checks a primitive: in both modes, second order, batched, traced, in every layout.

Each function raises AssertionError with the primitive, the dtype and the numbers. `check_all` is what the
suite runs on every row of samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import modes
from ..core.aval import Aval, is_inexact
from ..core.backward import gradients
from ..core.batching import Batched, Batching
from ..core.forward import Dual, ForwardMode
from ..core.primitive import Primitive
from ..core.tensor import Tensor, wrap
from ..core.tracing import trace
from ..core.vocabulary import vocabulary
from .sample import Array, Sample

STEP = 1e-6


def inner(a: Any, b: Any) -> float:
    """The real inner product Re(sum(conj(a) * b))."""
    return float(np.real(np.sum(np.conj(a) * b)))


def outputs_of(primitive: Primitive, out: Any) -> list[Any]:
    """The differentiable outputs of a result."""
    return [out[i] for i in primitive.differentiable] if primitive.outputs != 1 else [out]


def run(s: Sample, values: Any) -> list[Array]:
    """The differentiable outputs on plain arrays."""
    return outputs_of(s.primitive, s.primitive.eval(*values, **s.params))


def differentiable_operands(s: Sample, values: Any) -> list[int]:
    """Which operands have a derivative."""
    return [
        i for i, v in enumerate(values) if (is_inexact(v.dtype) and s.primitive.vjps[0 if s.primitive.variadic else i] is not None)
        or (is_inexact(v.dtype) and s.primitive.joint_vjp is not None)
    ]  # fmt: skip


def randn_like(rng: np.random.Generator, v: Any) -> Array:
    """A random direction with the shape and dtype of `v`."""
    a = rng.standard_normal(v.shape)
    if v.dtype.kind == "c":
        a = a + 1j * rng.standard_normal(v.shape)
    return np.asarray(a, v.dtype)


def direction(s: Sample, rng: np.random.Generator, v: Any) -> Array:
    """A random direction in which an operand may move."""
    d = randn_like(rng, v)
    return d if s.tangent is None else s.tangent(d)


def cotangent(s: Sample, rng: np.random.Generator, o: Any) -> Array:
    """A random cotangent of an output."""
    c = randn_like(rng, o)
    return c if s.cotangent is None else s.cotangent(c)


def pushforward(s: Sample, values: Any, dots: Any) -> list[Array]:
    """Tangents of the outputs, by forward mode; `dots` has None where an operand is held fixed."""
    with modes.deeper() as level:
        mode = ForwardMode(level)
        duals = [v if d is None else Dual(mode, v, d) for v, d in zip(values, dots, strict=True)]
        outs = outputs_of(s.primitive, s.primitive(*duals, **s.params))  # type: ignore[operator]
        mode.open = False
    return [o.tangent if isinstance(o, Dual) else np.zeros(o.shape, o.dtype) for o in outs]


def pullback(
    s: Sample, values: Any, cts: Any, wanted: list[int], graph: bool = False
) -> tuple[list[Any], list[Tensor], list[Tensor]]:
    """Cotangents of the operands `wanted`, by reverse mode; also the leaves and cotangent tensors."""
    leaves = [wrap(Tensor, v) for v in values]
    for i in wanted:
        leaves[i].require_grad()
    outs = outputs_of(s.primitive, s.primitive(*leaves, **s.params))  # type: ignore[operator]
    ct_tensors = [wrap(Tensor, c) for c in cts]
    if graph:
        for c in ct_tensors:
            c.require_grad()
    roots = [
        (o.edge, c if graph else c.value)
        for o, c in zip(outs, ct_tensors, strict=True)
        if o.edge is not None
    ]
    grads = gradients(roots, [leaves[i].edge for i in wanted], create_graph=graph)
    return grads, [leaves[i] for i in wanted], ct_tensors


def close(got: Any, want: Any, rtol: float, what: str) -> None:
    """Assert that two numbers or arrays agree."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, expected {want.shape}"
    if want.dtype.kind == "b":
        got, want = got.astype(int), want.astype(int)
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0)))
    error = float(np.max(np.abs(got - want), initial=0.0))
    assert error <= rtol * scale, (
        f"{what}: off by {error:.3g} on a scale of {scale:.3g}\n got {got}\nwant {want}"
    )


def check_forward_numerically(s: Sample, dtype: str) -> None:
    """Check jvp against a central difference in a random direction."""
    rng = np.random.default_rng(1)
    values = s.make(dtype)
    wanted = differentiable_operands(s, values)
    for group in [wanted] if len(wanted) == 1 else [*[[i] for i in wanted], wanted]:
        dots = [direction(s, rng, v) if i in group else None for i, v in enumerate(values)]
        got = pushforward(s, values, dots)
        at = [
            run(s, [v if d is None else v + t * d for v, d in zip(values, dots, strict=True)])
            for t in (STEP, -STEP)
        ]
        for k, (g, hi, lo) in enumerate(zip(got, *at, strict=True)):
            close(
                g,
                (hi - lo) / (2 * STEP),
                max(s.tolerance, 1e-6),
                f"{s} {dtype}: jvp of output {k} by {group}",
            )


def check_reverse_by_forward(s: Sample, dtype: str) -> None:
    """<ct, jvp(v)> = <vjp(ct), v>, operand by operand and all together."""
    rng = np.random.default_rng(2)
    values = s.make(dtype)
    wanted = differentiable_operands(s, values)
    outs = run(s, values)
    cts = [cotangent(s, rng, o) for o in outs]
    for group in [wanted] if len(wanted) == 1 else [*[[i] for i in wanted], wanted]:
        dots = [direction(s, rng, v) if i in group else None for i, v in enumerate(values)]
        tangents = pushforward(s, values, dots)
        grads, _, _ = pullback(s, values, cts, group)
        left = sum(inner(c, t) for c, t in zip(cts, tangents, strict=True))
        right = 0.0
        for i, g in zip(group, grads, strict=True):
            if g is None:
                continue
            v = values[i]
            assert g.shape == v.shape, (
                f"{s} {dtype}: gradient of operand {i} has shape {g.shape}, not {v.shape}"
            )
            assert g.dtype == v.dtype, (
                f"{s} {dtype}: gradient of operand {i} is {g.dtype}, not {v.dtype}"
            )
            right += inner(g, dots[i])
        close(right, left, 1e-9, f"{s} {dtype}: vjp against jvp by {group}")


def check_second_order(s: Sample, dtype: str) -> None:
    """The derivative of the vjp, by reverse over reverse and forward over reverse, numerically."""
    rng = np.random.default_rng(3)
    values = s.make(dtype)
    wanted = differentiable_operands(s, values)
    cts = [cotangent(s, rng, o) for o in run(s, values)]
    v_dots = [direction(s, rng, values[i]) for i in wanted]
    us = [randn_like(rng, values[i]) for i in wanted]
    c_dots = [cotangent(s, rng, c) for c in cts]

    def moved(t: float) -> list[Any]:
        at = list(values)
        for i, d in zip(wanted, v_dots, strict=True):
            at[i] = np.asarray(at[i] + t * d)
        grads, *_ = pullback(s, at, [c + t * d for c, d in zip(cts, c_dots, strict=True)], wanted)
        return [
            np.zeros_like(values[i]) if g is None else g for i, g in zip(wanted, grads, strict=True)
        ]

    numeric = [(a - b) / (2 * STEP) for a, b in zip(moved(STEP), moved(-STEP), strict=True)]
    want = sum(inner(u, n) for u, n in zip(us, numeric, strict=True))

    grads, leaves, ct_tensors = pullback(s, values, cts, wanted, graph=True)
    roots = [
        (g.edge, u) for g, u in zip(grads, us, strict=True) if g is not None and g.edge is not None
    ]
    second = gradients(roots, [x.edge for x in leaves] + [c.edge for c in ct_tensors])
    got = sum(inner(h, d) for h, d in zip(second, v_dots + c_dots, strict=True) if h is not None)
    scale = max(1.0, *[float(np.max(np.abs(n), initial=0.0)) for n in numeric])
    close(
        got / scale,
        want / scale,
        max(10 * s.tolerance, 1e-5),
        f"{s} {dtype}: second order, reverse over reverse",
    )

    with modes.deeper() as level:
        mode = ForwardMode(level)
        duals: list[Any] = list(values)
        for i, d in zip(wanted, v_dots, strict=True):
            duals[i] = Dual(mode, values[i], d)
        both, *_ = pullback(
            s, duals, [Dual(mode, c, d) for c, d in zip(cts, c_dots, strict=True)], wanted
        )
        mode.open = False
    for k, (g, n) in enumerate(zip(both, numeric, strict=True)):
        tangent = g.tangent if isinstance(g, Dual) else np.zeros_like(n)
        close(
            tangent,
            n,
            max(10 * s.tolerance, 1e-5),
            f"{s} {dtype}: forward over reverse, operand {wanted[k]}",
        )


def check_aval(s: Sample, dtype: str) -> None:
    """The shape-and-dtype rule against the real result, also in single precision."""
    small = {"float64": "float32", "complex128": "complex64"}.get(dtype, dtype)
    for d in (dtype, small):
        values = s.make(d)
        out = s.primitive.eval(*values, **s.params)
        avals = s.primitive.aval(*[Aval(v.shape, v.dtype) for v in values], **s.params)
        outs, avals = (out, avals) if s.primitive.outputs != 1 else ((out,), (avals,))
        assert len(outs) == len(avals), f"{s}: {len(avals)} avals for {len(outs)} outputs"
        for o, a in zip(outs, avals, strict=True):
            assert (tuple(o.shape), o.dtype) == (tuple(a.shape), a.dtype), (
                f"{s} {d}: aval rule says {a}, the result is {Aval(o.shape, o.dtype)}"
            )


def check_layouts(s: Sample, dtype: str) -> None:
    """Fortran-ordered and strided operands give the same values and gradients."""
    values = s.make(dtype)
    want = run(s, values)
    rng = np.random.default_rng(4)
    cts = [cotangent(s, rng, o) for o in want]
    wanted = differentiable_operands(s, values)
    want_grads, *_ = pullback(s, values, cts, wanted)
    for layout in (np.asfortranarray, _strided):
        others = [layout(v) if v.ndim else v for v in values]
        for got, w in zip(run(s, others), want, strict=True):
            close(got, w, 1e-12, f"{s} {dtype}: {layout.__name__} operands")
        grads, *_ = pullback(s, others, [layout(c) if c.ndim else c for c in cts], wanted)
        for g, w in zip(grads, want_grads, strict=True):
            if w is not None:
                close(g, w, 1e-12, f"{s} {dtype}: gradient with {layout.__name__} operands")


def _strided(v: Array) -> Array:
    wide = np.zeros((*v.shape[:-1], 2 * v.shape[-1]), v.dtype)
    wide[..., ::2] = v
    return wide[..., ::2]


def check_batched(s: Sample, dtype: str) -> None:
    """Check vmap against a Python loop, each operand alone and all together."""
    first, second = s.make(dtype), s.make(dtype, seed=5)
    n = len(first)
    groups = [[i] for i in range(n)] + ([list(range(n))] if n > 1 else [])
    for group in groups:
        rows = [
            first,
            tuple(
                b if i in group else a for i, (a, b) in enumerate(zip(first, second, strict=True))
            ),
        ]
        want = [s.primitive.eval(*r, **s.params) for r in rows]
        with modes.deeper() as level:
            batching = Batching(level, 2)
            operands = [
                Batched(batching, np.stack([r[i] for r in rows], axis=min(1, rows[0][i].ndim)), min(1, rows[0][i].ndim))
                if i in group else first[i]
                for i in range(n)
            ]  # fmt: skip
            out = s.primitive(*operands, **s.params)  # type: ignore[operator]
            outs = out if s.primitive.outputs != 1 else (out,)
            got = [
                vocabulary.move_axis(o.content, o.axis, 0)
                if isinstance(o, Batched)
                else np.stack([o, o])
                for o in outs
            ]
            batching.open = False
        for k, g in enumerate(got):
            w = np.stack([r[k] if s.primitive.outputs != 1 else r for r in want])
            close(g, w, 1e-12, f"{s} {dtype}: vmap over operands {group}, output {k}")


def check_traced(s: Sample, dtype: str) -> None:
    """The recorded program against the direct call."""
    values = s.make(dtype)
    want = s.primitive.eval(*values, **s.params)
    wants = list(want) if s.primitive.outputs != 1 else [want]

    def f(*xs: Any) -> list[Any]:
        out = s.primitive(*xs, **s.params)  # type: ignore[operator]
        return list(out) if s.primitive.outputs != 1 else [out]

    program = trace(f, *[Aval(v.shape, v.dtype) for v in values])
    for got, w in zip(program(*values), wants, strict=True):
        close(got, w, 1e-12, f"{s} {dtype}: traced")


CHECKS: tuple[Callable[[Sample, str], None], ...] = (
    check_aval,
    check_forward_numerically,
    check_reverse_by_forward,
    check_second_order,
    check_layouts,
    check_batched,
    check_traced,
)


def check_all(s: Sample) -> None:
    """Run every check that applies to the sample."""
    for dtype in s.dtypes():
        with np.errstate(all="ignore"):
            check_aval(s, dtype)
            check_batched(s, dtype)
            check_traced(s, dtype)
            if s.primitive.kind == "constant":
                continue
            check_layouts(s, dtype)
            check_forward_numerically(s, dtype)
            check_reverse_by_forward(s, dtype)
            if s.second:
                check_second_order(s, dtype)
