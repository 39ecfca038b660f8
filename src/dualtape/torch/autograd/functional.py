"""`torch.autograd.functional`: Jacobians, Hessians and products with them, as functions of a function.

They are the transformations of `transforms`, with PyTorch's arguments. With `create_graph` a result can be
differentiated again; without, it is plain.
"""

from __future__ import annotations

from typing import Any

from ... import transforms
from ...core import modes
from ...transforms.jacobians import jacobian_rows
from .._tensor import Tensor
from .functional_problem import (
    HESSIAN_FIXED,
    JACOBIAN_FIXED,
    RECORD,
    STRICT,
    Function,
    Problem,
    checked,
    single_element,
    sources,
)
from .functional_products import hvp, jvp, vhp, vjp


def _check_strategy(strategy: str, vectorize: bool) -> None:
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more '
            'outputs than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use '
            '"reverse-mode".'
        )
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only implemented for "
            "`vectorize=True`."
        )


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the Jacobian of `func` at `inputs`.

    Args:
        func: Maps tensors to a tensor or a tuple of tensors.
        inputs: A tensor, or a tuple of them.
        create_graph: Record the computation.
        strict: Raise if an output does not depend on an input, instead of giving zeros.
        vectorize: Accepted; all rows are computed in one pass in any case.
        strategy: "reverse-mode", or "forward-mode" (with `vectorize`).

    Returns:
        For one output and one input a tensor of shape (*output shape, *input shape); a tuple over the
        inputs where they came as a tuple, and a tuple over the outputs of these where there are several.

    Raises:
        TypeError: The inputs or outputs are not tensors.
        RuntimeError: Strict, and something is independent; or an output is complex.
    """
    _check_strategy(strategy, vectorize)
    if vectorize and strict:
        with_ = '`strategy="forward-mode"`' if strategy == "forward-mode" else "`vectorized=True`"
        raise RuntimeError(
            f"torch.autograd.functional.jacobian: `strict=True` and {with_} are not supported together. Please "
            "either set `strict=False` or `vectorize=False`."
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not '
                'supported together (yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
            )
        return _by_columns(func, inputs)
    with modes.switched(**RECORD):
        p = Problem("jacobian", func, inputs, create_graph)
        if strict:
            p.check_recorded()
        rows = []
        for i, o in enumerate(p.outputs):
            if o.value.dtype.kind == "c":
                raise RuntimeError(
                    f"grad can be implicitly created only for real scalar outputs but got {o.dtype}"
                )
            if strict:
                p.check_dependent(
                    [o.current_edge()],
                    f"Output {i} of the user-provided function is independent of input {{}}. {STRICT}",
                )
            parts = jacobian_rows(o, p.variables, 0 if create_graph else modes.NO_GRAD)
            if strict and create_graph:
                for n, part in enumerate(parts):
                    if p.independent([part.current_edge()]) is not None:
                        raise RuntimeError(JACOBIAN_FIXED.format(n))
            rows.append(p.like_inputs([p.plain(g) for g in parts]))
    return p.like_outputs(rows)


def _by_columns(func: Function, inputs: Any) -> Any:
    xs = sources("jacobian", inputs, False)
    single = False

    def outputs(*args: Any) -> Any:
        nonlocal single
        out = func(*args)
        single = isinstance(out, Tensor)
        return checked(out, "outputs of the user-provided function", "jacobian")

    with modes.switched(on=modes.NO_GRAD):
        rows = transforms.jacfwd(outputs, tuple(range(len(xs))))(*xs)
    rows = [tuple(r) if isinstance(inputs, tuple) else r[0] for r in rows]
    return rows[0] if single else tuple(rows)


def hessian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the Hessian of a scalar function at `inputs`.

    Args:
        func: Maps tensors to a tensor of one element.
        inputs, create_graph, strict, vectorize: As for `jacobian`.
        outer_jacobian_strategy: How the gradient is differentiated, as `jacobian`'s `strategy`.

    Returns:
        A tensor of shape (*input shape, *input shape); a tuple of tuples of such where the inputs came as
        a tuple.

    Raises:
        TypeError, RuntimeError: As `jacobian`; or the output is not of one element.
    """
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    checked(inputs, "inputs", "hessian")
    scalar = single_element(func, "hessian")

    def gradient(*xs: Any) -> Any:
        found = jacobian(scalar, xs if isinstance(inputs, tuple) else xs[0], create_graph=True)
        if strict:
            for i, g in enumerate(found if isinstance(found, tuple) else (found,)):
                if g.current_edge() is None:
                    raise RuntimeError(HESSIAN_FIXED.format(i))
        return found

    return jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]
