"""Whole derivative matrices: `jacfwd`, `jacrev`, `jacobian`, `hessian`, and products with the Hessian.

A Jacobian is the pushforward (or the pullback) of every unit vector. All of them go through in one
batched pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import modes, tracing
from ..core.batching import Batched
from ..core.errors import DtypeError
from ..core.forward import Dual
from ..core.tensor import Tensor, wrap
from ..core.vocabulary import vocabulary
from . import tree
from .arguments import Argnums, Selection, named
from .batch import batch_level, unbatched
from .columns import columns
from .forward import auxiliary, jvp, primals_of
from .reverse import _RECORD, Variables, apart, grad
from .surface import (
    check_differentiable,
    inner,
    lift,
    lower,
    native,
    output,
    outward,
)


def jacfwd(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
    randomness: str = "same",
) -> Callable[..., Any]:
    """Return the function that computes the Jacobian of `f` by forward mode, column by column.

    Args:
        f: Maps arrays to arrays (trees of them).
        argnums: Which arguments: a position, a name, or a tuple of these.
        has_aux: `f` returns (output, anything); the second is passed on.
        holomorphic: `f` is a holomorphic function of complex numbers, and its complex derivative is wanted.
        randomness: What random operations in `f` do, as for `vmap` over the columns.

    Returns:
        A function of f's arguments. Its result has the structure of the output, in whose leaves that of
        the chosen argument is nested; each entry has shape (*output shape, *argument shape).

    Raises:
        DtypeError: A chosen argument is not floating or complex; or it is complex, and `f` is not said to be
            holomorphic: one complex number per entry is then no derivative.

    The cost is that of `f` times the number of elements of the argument: right for tall Jacobians.
    """
    selection = Selection(f, argnums, "jacfwd")

    def run(*args: Any, **kwargs: Any) -> Any:
        call = selection.of(args, kwargs)
        flat, structure = tree.flatten(call.chosen)
        xs = [lift(x) for x in flat]
        for x in xs:
            check_differentiable(x, "jacfwd: an argument")
        check_holomorphic(xs, holomorphic, "jacfwd")
        entries: list[list[Any]] = []
        out_structure = aux = None
        for i, x in enumerate(xs):

            def at(value: Dual, i: int = i, x: Tensor = x) -> tuple[list[Tensor], Any]:
                """The outputs where argument i has a tangent, with their structure and what comes with them."""
                parts: list[Any] = list(flat)
                parts[i] = wrap(type(x).result_class, value)
                out, aux = call.run(structure.unflatten(parts)), None
                if has_aux:
                    out, aux = auxiliary(out, "jacfwd")
                    aux = primals_of(value.interpreter, aux)  # type: ignore[arg-type]
                outs, shape = tree.flatten(out)
                return [output(o, "jacfwd") for o in outs], (shape, aux)

            column, (out_structure, aux) = columns(at, x, randomness)
            entries.append([lower(entry) for entry in column])
        assert out_structure is not None, "jacfwd: an argument without leaves"
        jac = out_structure.unflatten(
            [structure.unflatten(list(row)) for row in zip(*entries, strict=True)]
        )
        return (jac, aux) if has_aux else jac

    return named(f, run, "jacfwd")


def jacrev(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """Return the function that computes the Jacobian of `f` by reverse mode, row by row.

    Args:
        f, argnums, has_aux, holomorphic: As for `jacfwd`.
        chunk_size: How many rows to compute in one pass, for less memory; None for all.

    Returns:
        As `jacfwd`.

    Raises:
        DtypeError: As `jacfwd`; or the output is complex and the argument real, which takes two real rows each.

    The cost is that of `f` times the number of elements of the output: right for wide Jacobians.
    """
    return named(f, _by_rows(f, argnums, has_aux, holomorphic, None, chunk_size), "jacrev")


def _by_rows(
    f: Callable[..., Any],
    argnums: Argnums,
    has_aux: bool,
    holomorphic: bool,
    tall: Callable[..., Any] | None,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """`jacrev`, which leaves the work to `tall` where the output has more elements than the arguments."""
    selection = Selection(f, argnums, "jacrev" if tall is None else "jacobian")

    def run(*args: Any, **kwargs: Any) -> Any:
        call = selection.of(args, kwargs)
        mode = modes.current()
        with modes.switched(**_RECORD):
            variables = Variables(call.chosen, "jacrev")
            check_holomorphic(variables.tensors, holomorphic, "jacrev")
            out = call.run(variables.structure.unflatten(variables.tensors))
            aux = None
            if has_aux:
                out, aux = auxiliary(out, "jacrev")
            flat, out_structure = tree.flatten(out)
            outs = [output(o, "jacrev") for o in flat]
            mixed = two_rows(outs, variables, holomorphic)
            if mixed and tall is None:
                raise DtypeError(
                    "jacrev: the output is complex and the argument real, so that each element has two real rows: "
                    "use jacfwd, or differentiate the real and imaginary parts"
                )
            if tall is None or (elements(outs) <= elements(variables.tensors) and not mixed):
                aux = apart(aux, variables, mode)
                jac = out_structure.unflatten(
                    [jacobian_rows(o, variables, mode, chunk_size) for o in outs]
                )
                variables.end()
                return (jac, aux) if has_aux else jac
        return tall(*args, **kwargs)

    return run


def check_holomorphic(xs: list[Tensor], holomorphic: bool, what: str) -> None:
    """Raise where one complex number per entry would be no derivative; front ends have rules of their own.

    Raises:
        DtypeError: A native argument is complex without `holomorphic`, or real with it.
    """
    for x in xs:
        if x.value.dtype.kind == "c":
            if not holomorphic and type(x).result_class is native():
                raise DtypeError(
                    f"{what}: an argument is complex. Say holomorphic=True if the function is, or differentiate "
                    "with respect to the real and imaginary parts"
                )
        elif holomorphic:
            raise DtypeError(
                f"{what}(holomorphic=True) needs complex arguments, got {x.value.dtype}"
            )


def two_rows(outs: list[Tensor], variables: Variables, holomorphic: bool) -> bool:
    """Whether an output is complex and an argument real, in native code.

    Raises:
        DtypeError: An output of what is said to be holomorphic is real.
    """
    kinds = {o.value.dtype.kind for o in outs}
    if holomorphic and kinds - {"c"}:
        raise DtypeError("jacrev(holomorphic=True) needs complex outputs, got a real one")
    real = any(e.dtype.kind != "c" for e in variables.edges)
    return "c" in kinds and real and native() in variables.classes


def elements(tensors: list[Tensor]) -> int:
    """How many numbers there are in tensors."""
    return sum(t.size_ for t in tensors)


def jacobian_rows(
    out: Tensor, variables: Variables, mode: int, chunk_size: int | None = None
) -> Any:
    """The derivative of every element of `out` with respect to the variables, in their structure.

    Args:
        out: A tensor.
        variables: What it may depend on.
        mode: The mode of recording around the transformation.
        chunk_size: How many elements to differentiate in one pass; None for all.
    """
    own, edge = tuple(out.shape), out.current_edge()
    if edge is None:
        zeros = [tracing.zeros((*own, *e.shape), e.dtype) for e in variables.edges]
        return variables.collect(zeros, ())
    size = int(np.prod(own, dtype=int))
    chunk = max(size if chunk_size is None else min(size, chunk_size), 1)
    units = np.eye(size, dtype=edge.dtype).reshape(size, *own)
    needed, more = variables.reach([edge])
    record = more and not mode & modes.NO_GRAD
    parts = [
        _rows(edge, units[start : start + chunk], variables, needed, record)
        for start in range(0, max(size, 1), chunk)
    ]
    wholes = []
    for rows, e in zip(zip(*parts, strict=True), variables.edges, strict=True):
        whole = rows[0] if len(rows) == 1 else vocabulary.concatenate(rows)
        wholes.append(vocabulary.reshape(whole, (*own, *e.shape)))
    return variables.collect(wholes, ())


def _rows(
    edge: Any, units: Any, variables: Variables, needed: set[Any] | None, record: bool
) -> list[Any]:
    """The cotangents of the variables for each of `units`, along a new first axis."""
    with batch_level(len(units), "same") as batch:
        grads = variables.raw([(edge, Batched(batch, units, 0))], needed, record, retain=True)
        rows = []
        for g, e in zip(grads, variables.edges, strict=True):
            if g is None:
                rows.append(tracing.zeros((len(units), *e.shape), e.dtype))
                continue
            whole = inner(unbatched(batch, outward(g, Tensor), 0))
            if edge.dtype.kind == "c":  # the pullback of a unit vector is the conjugate of the row
                whole = vocabulary.conj(whole)
            rows.append(whole)
    return rows


def jacobian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    mode: str | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """Return the function that computes the Jacobian of `f`, in the cheaper direction.

    Args:
        f, argnums, has_aux, holomorphic: As for `jacfwd`.
        mode: "forward" or "reverse"; None for reverse unless the output has more elements than the chosen
            arguments (`f` is then run a second time).

    Returns:
        As `jacfwd`.

    Raises:
        DtypeError: As `jacfwd` and `jacrev`.
        ValueError: Another `mode`.

    >>> import numpy as np, dualtape as dt
    >>> dt.jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """
    if mode not in (None, "forward", "reverse"):
        raise ValueError(f"jacobian: mode must be 'forward', 'reverse' or None, got {mode!r}")
    forward = jacfwd(f, argnums, has_aux=has_aux, holomorphic=holomorphic)
    if mode == "forward":
        return forward
    run = _by_rows(f, argnums, has_aux, holomorphic, forward if mode is None else None)
    return named(f, run, "jacobian")


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return the function that computes the Hessian of a scalar function, forward over reverse.

    Args:
        f: Maps arrays to a real scalar.
        argnums: Which arguments.

    Returns:
        A function of f's arguments. Its result nests the chosen argument's structure in itself; each entry has shape
        (*first argument's shape, *second's).

    Raises:
        ShapeError: The output is not a scalar.
        DtypeError: As `grad`.

    >>> import numpy as np, dualtape as dt
    >>> dt.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return named(f, jacfwd(grad(f, argnums), argnums), "hessian")


def hvp(
    f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    """Return the gradient of `f` and its Hessian applied to `tangents`, forward over reverse.

    Args:
        f: Maps arrays to a real scalar.
        primals: Its arguments.
        tangents: The direction, like `primals`.

    Returns:
        The gradient and the product, each with an entry per argument (bare for a single one).

    Raises:
        ShapeError, DtypeError, StructureError: As `grad` and `jvp`.

    Time is a small multiple of one gradient. Method: Pearlmutter, "Fast exact multiplication by the
    Hessian", Neural Computation 6, 1994.

    >>> import numpy as np, dualtape as dt
    >>> x, v = np.array([1.0, 2.0]), np.array([1.0, 0.0])
    >>> dt.hvp(lambda x: np.sum(x**3), (x,), (v,))[1]
    array([6., 0.])
    """
    argnums: Any = 0 if len(primals) == 1 else tuple(range(len(primals)))
    gradient, product = jvp(grad(f, argnums), primals, tangents)
    return gradient, product
