"""Products with Jacobians and Hessians: `vjp`, `jvp`, `vhp`, `hvp`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import modes, tracing
from ...core.backward import gradients
from ...core.sweep import as_tensor
from ...core.tensor import wrap
from ...transforms.forward import dual, forward_level, split, zeros_like
from .._tensor import Tensor
from .functional_problem import (
    HESSIAN_FIXED,
    JACOBIAN_FIXED,
    OUTPUT_FIXED,
    RECORD,
    Function,
    Problem,
    single_element,
    vector,
)


def vjp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return `func(*inputs)` and the product of `v` with its Jacobian.

    Args:
        func: Maps tensors to a tensor or a tuple of tensors.
        inputs: A tensor, or a tuple of them.
        v: Like the output; None for 1 where that has a single element.
        create_graph, strict: As for `jacobian`.

    Returns:
        The output, and a tensor for each input.

    Raises:
        TypeError, RuntimeError: As `jacobian`; or `v` does not fit.
    """
    with modes.switched(**RECORD):
        p = Problem("vjp", func, inputs, create_graph)
        if strict:
            p.check_recorded()
        cts = vector(v, p.outputs, "the user-provided function returns")
        edges = [o.current_edge() for o in p.outputs]
        if strict:
            p.check_dependent(edges, OUTPUT_FIXED)
        grads = pulled(p, edges, cts)
        if strict and create_graph:
            check_fixed(p, grads)
    return p.output(), p.like_inputs(grads)


def pulled(p: Problem, edges: list[Any], cts: list[Any]) -> list[Any]:
    """The cotangents of the inputs, zeros where there is none."""
    create = p.create_graph
    roots = [
        (e, ct if create else ct.value) for e, ct in zip(edges, cts, strict=True) if e is not None
    ]
    found = gradients(roots, p.variables.edges, retain_graph=True, create_graph=create)
    return [
        wrap(Tensor, tracing.zeros(e.shape, e.dtype))
        if g is None
        else p.plain(as_tensor(g, Tensor))
        for g, e in zip(found, p.variables.edges, strict=True)
    ]


def check_fixed(p: Problem, results: list[Any]) -> None:
    """Raise for a recorded result that does not depend on the inputs.

    Raises:
        RuntimeError: There is one.
    """
    for i, g in enumerate(results):
        if g.current_edge() is None:
            raise RuntimeError(JACOBIAN_FIXED.format(i))


def jvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return `func(*inputs)` and the product of its Jacobian with `v`, by forward mode.

    Args:
        func: Maps tensors to a tensor or a tuple of tensors.
        inputs: A tensor, or a tuple of them.
        v: Like the inputs; None for 1 where there is a single element.
        create_graph, strict: As for `jacobian`.

    Returns:
        The output, and a tensor for each part of it.

    Raises:
        TypeError, RuntimeError: As `jacobian`; or `v` does not fit.
    """
    only = "the input to the user-provided function is"
    with modes.switched(**RECORD):
        p = Problem("jvp", None, inputs, create_graph)
        xs = p.variables.tensors
        dots = vector(v, xs, only)
        with forward_level() as level:
            p.found(func(*[dual(level, x, d) for x, d in zip(xs, dots, strict=True)]))
            pairs = [split(level, o) for o in p.outputs]
        p.outputs = tuple([o for o, _ in pairs])
        tangents = [d for _, d in pairs]
        if strict:
            p.check_recorded()
            p.check_dependent([o.current_edge() for o in p.outputs], OUTPUT_FIXED)
        slopes = [
            zeros_like(o) if d is None else d for o, d in zip(p.outputs, tangents, strict=True)
        ]
        if strict and create_graph:
            check_fixed(p, slopes)
    return p.output(), p.like_outputs([p.plain(d) for d in slopes])


def _hessian_product(
    name: str, func: Function, inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    with modes.switched(**RECORD):
        p = Problem(name, single_element(func, name), inputs, create_graph)
        vs = vector(v, p.variables.tensors, "the input to the user-provided function is")
        if strict:
            p.check_recorded()
        (out,) = p.outputs
        edge = out.current_edge()
        roots = [] if edge is None else [(edge, wrap(Tensor, np.ones((), edge.dtype)[()]))]
        slopes = gradients(roots, p.variables.edges, retain_graph=True, create_graph=True)
        edges = [None if g is None else as_tensor(g, Tensor).current_edge() for g in slopes]
        if strict and None in edges:
            raise RuntimeError(HESSIAN_FIXED.format(edges.index(None)))
        products = pulled(p, edges, vs)
    return p.output(), p.like_inputs(products)


def vhp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return `func(*inputs)` and the product of `v` with the Hessian of a scalar function.

    Args:
        func: Maps tensors to a tensor of one element.
        inputs: A tensor, or a tuple of them.
        v: Like the inputs; None for 1 where there is a single element.
        create_graph, strict: As for `jacobian`.

    Returns:
        The output, and a tensor for each input.

    Raises:
        TypeError, RuntimeError: As `jacobian`; or `v` does not fit.
    """
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


def hvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return `func(*inputs)` and the product of the Hessian of a scalar function with `v`.

    Args and errors as for `vhp`, which gives the same where second derivatives are continuous.
    """
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)
