"""`gradcheck` and `gradgradcheck`: analytical derivatives against central differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.tensor import Tensor as CoreTensor
from ...core.tensor import wrap
from ...transforms.forward import dual, forward_level, split
from .._tensor import Tensor
from . import engine

Array = np.ndarray[Any, Any]


class GradcheckError(RuntimeError):
    """A derivative disagrees with the numeric one."""


def _tensors(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def _differentiable(outs: tuple[Any, ...]) -> list[Tensor]:
    return [
        o for o in outs if isinstance(o, Tensor) and o.value.dtype.kind in "fcV" and o.requires_grad
    ]


def _numeric(
    fn: Callable[..., Any], inputs: tuple[Any, ...], which: int, eps: float, keep: list[int]
) -> list[Array]:
    """Columns d(output)/d(real and imaginary part of each element of input `which`)."""
    x = inputs[which]
    base = np.array(x.value)
    parts = (1.0, 1j) if base.dtype.kind == "c" else (1.0,)
    columns: list[list[Array]] = [[] for _ in keep]
    for part in parts:
        for k in range(base.size):
            ends = []
            for sign in (1, -1):
                moved = base.copy()
                moved.reshape(-1)[k] += sign * eps * part
                args = [
                    wrap(Tensor, moved)
                    if i == which
                    else a.detach()
                    if isinstance(a, Tensor)
                    else a
                    for i, a in enumerate(inputs)
                ]
                outs = [o for o in _tensors(fn(*args)) if isinstance(o, Tensor)]
                ends.append([np.array(outs[j].value) for j in keep])
            for column, hi, lo in zip(columns, *ends, strict=True):
                column.append(((hi - lo) / (2 * eps)).reshape(-1))
    return [np.array(c).reshape(len(c), -1) for c in columns]


def _as_real(a: Array) -> Array:
    """Complex columns as pairs of real ones."""
    return np.concatenate([a.real, a.imag], axis=-1) if a.dtype.kind == "c" else a


def _analytical(out: Tensor, inputs: Sequence[Tensor]) -> list[Array]:
    """The real Jacobian of one output with respect to each input, row by row in reverse mode."""
    value = np.array(out.value)
    parts = (1.0, 1j) if value.dtype.kind == "c" else (1.0,)
    rows: list[list[Array]] = [[] for _ in inputs]
    for part in parts:
        for k in range(value.size):
            ct = np.zeros_like(value)
            ct.reshape(-1)[k] = part
            grads = engine.grad(out, inputs, wrap(Tensor, ct), retain_graph=True, allow_unused=True)
            for row, g, x in zip(rows, grads, inputs, strict=True):
                a = np.zeros(x.value.shape, x.value.dtype) if g is None else np.array(g.value)
                a = a.reshape(-1)
                row.append(np.concatenate([a.real, a.imag]) if a.dtype.kind == "c" else a)
    return [np.array(r).reshape(len(r), -1) for r in rows]


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Check reverse mode (and with `check_forward_ad` forward mode) against central differences.

    Args:
        func: Maps tensors to a tensor or a tuple of them.
        inputs: Its arguments; those that require a gradient are checked, in double precision.
        eps: The step.
        atol, rtol: Tolerances.
        raise_exception: Raise instead of returning False.
        nondet_tol: How much two runs of the backward may differ.
        check_forward_ad, check_backward_ad: Which modes to check.
        check_undefined_grad, check_grad_dtypes, check_batched_grad, check_batched_forward_grad, fast_mode,
        masked: Accepted; the slow, complete comparison is always made.

    Raises:
        GradcheckError: A derivative disagrees.
        ValueError: No input requires a gradient.
    """
    try:
        return _check(
            func, _tensors(inputs), eps, atol, rtol, nondet_tol, check_forward_ad, check_backward_ad
        )
    except GradcheckError:
        if raise_exception:
            raise
        return False


def _check(
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    forward: bool,
    reverse: bool,
) -> bool:
    wanted = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for i in wanted:
        x = inputs[i]
        if x.value.dtype not in (np.float64, np.complex128):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This "
                "check will likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=4,
            )
        if x.value.size and 0 in x.value.strides if isinstance(x.value, np.ndarray) else False:
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call "
                ".contiguous on the input before passing it to gradcheck."
            )
    outs = tuple(o for o in _tensors(func(*inputs)) if isinstance(o, Tensor))
    keep = [j for j, o in enumerate(outs) if o in _identity(_differentiable(outs))]
    leaves = [inputs[i] for i in wanted]
    numeric = [_numeric(func, inputs, i, eps, keep) for i in wanted]
    if reverse:
        for n, j in enumerate(keep):
            analytical = _analytical(outs[j], leaves)
            again = _analytical(outs[j], leaves)
            for m, (a, b) in enumerate(zip(analytical, again, strict=True)):
                if not np.allclose(a, b, rtol=0, atol=nondet_tol, equal_nan=True):
                    raise GradcheckError(
                        "Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
                        "times gives different values"
                    )
                _compare(a.T, _as_real(numeric[m][n]), j, m, atol, rtol, "")
    if forward:
        _check_forward(func, inputs, wanted, keep, numeric, atol, rtol)
    return True


class _identity(list[Any]):
    """A list whose `in` compares by identity (tensors compare by element)."""

    def __contains__(self, x: object) -> bool:
        return any(x is y for y in self)


def _compare(a: Array, n: Array, out: int, inp: int, atol: float, rtol: float, mode: str) -> None:
    if a.shape != n.shape or not np.allclose(a, n, rtol=rtol, atol=atol, equal_nan=True):
        raise GradcheckError(
            f"{mode}Jacobian mismatch for output {out} with respect to input {inp},\nnumerical:{n}\nanalytical:{a}\n"
        )


def _check_forward(
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    wanted: list[int],
    keep: list[int],
    numeric: list[list[Array]],
    atol: float,
    rtol: float,
) -> None:
    for m, i in enumerate(wanted):
        value = np.array(inputs[i].value)
        parts = (1.0, 1j) if value.dtype.kind == "c" else (1.0,)
        columns: list[list[Array]] = [[] for _ in keep]
        for part in parts:
            for k in range(value.size):
                dot = np.zeros_like(value)
                dot.reshape(-1)[k] = part
                with forward_level() as level:
                    plain = [x.detach() if isinstance(x, Tensor) else x for x in inputs]
                    plain[i] = dual(level, plain[i], wrap(Tensor, dot))
                    outs = [o for o in _tensors(func(*plain)) if isinstance(o, CoreTensor)]
                    for column, j in zip(columns, keep, strict=True):
                        tangent = split(level, outs[j])[1]
                        shape, dtype = outs[j].value.shape, outs[j].value.dtype
                        column.append(
                            (
                                np.zeros(shape, dtype)
                                if tangent is None
                                else np.array(tangent.value)
                            ).reshape(-1)
                        )
        for n, column in enumerate(columns):
            a = np.array(column).reshape(len(column), -1)
            _compare(_as_real(a), _as_real(numeric[m][n]), keep[n], m, atol, rtol, "Forward-mode ")


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check second derivatives: `gradcheck` of the function's own gradient.

    Args:
        func, inputs, eps, atol, rtol, raise_exception, nondet_tol: As for `gradcheck`.
        grad_outputs: Cotangents of the outputs; random ones by default.
        check_fwd_over_rev, check_rev_over_rev: Which second modes to check.
        gen_non_contig_grad_outputs, check_undefined_grad, check_grad_dtypes, check_batched_grad, fast_mode,
        masked: Accepted.
    """
    args = _tensors(inputs)
    outs = _differentiable(_tensors(func(*args)))
    rng = np.random.default_rng(0)
    if grad_outputs is None:
        cts = []
        for o in outs:
            a = rng.standard_normal(o.value.shape)
            if o.value.dtype.kind == "c":
                a = a + 1j * rng.standard_normal(o.value.shape)
            cts.append(wrap(Tensor, np.asarray(a, o.value.dtype)))
        for c in cts:
            c.require_grad()
    else:
        cts = list(_tensors(grad_outputs))
    count = len(args)

    def gradient(*all_args: Any) -> tuple[Any, ...]:
        given, given_cts = all_args[:count], all_args[count:]
        given = tuple(
            a.detach().requires_grad_()
            if isinstance(a, Tensor) and args[i].requires_grad and not a.requires_grad
            else a
            for i, a in enumerate(given)
        )
        leaves = [a for a in given if isinstance(a, Tensor) and a.requires_grad]
        results = _differentiable(_tensors(func(*given)))
        grads = engine.grad(results, leaves, given_cts, create_graph=True, allow_unused=True)
        return tuple(g for g in grads if g is not None)

    return gradcheck(
        gradient, (*args, *cts), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        nondet_tol=nondet_tol, check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev,
    )  # fmt: skip
