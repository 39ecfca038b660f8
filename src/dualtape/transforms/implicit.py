"""Derivatives of solutions by the implicit function theorem, around solvers that are black boxes.

If F(x, theta) = 0 defines x, then dF/dx dx = -dF/dtheta dtheta, whatever found x. So the solver runs on plain
arrays, and only F is differentiated: at the solution, by a linear solve whose operator is F's own
pushforward. That solve is differentiated in turn, hence any order and both modes.
Source: Krantz and Parks, The Implicit Function Theorem, 2002; as rules for solvers, Blondel et al.,
"Efficient and modular implicit differentiation", NeurIPS 2022.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import tracing
from ..core.aval import aval_of, is_inexact
from ..core.custom import is_differentiated, not_closed
from ..core.errors import DtypeError, GradientWarning, LinAlgError, ShapeError
from ..core.value import Value
from ..ops.linalg import solve as dense_solve
from ..ops.shape import concatenate, reshape, slice_p
from . import tree
from .arguments import name_of, named
from .custom import custom_rule
from .forward import jvp
from .jacobians import jacfwd
from .krylov import cg as cg
from .krylov import gmres as gmres
from .reverse import grad, vjp
from .surface import lift, lower

LinearSolver = Callable[[Callable[[Any], Any], Any], Any]


def root(
    F: Callable[..., Any],
    solver: Callable[..., Any],
    *,
    linear_solver: LinearSolver | None = None,
) -> Callable[..., Any]:
    """Return the function theta -> x with F(x, *theta) = 0, differentiable around a black-box solver.

    Args:
        F: Maps x and the parameters to as many equations as x has elements: a tree of arrays. Written in
            functions that can be differentiated; must not close over differentiated values. Also
            called once per solution, to see that it does not.
        solver: Maps the parameters, plain arrays, to x, a real array or a tree of them, by any means.
        linear_solver: Maps (matvec, b), on plain vectors, to the v with matvec(v) = b: `implicit.gmres`,
            `implicit.cg` or the like. None solves with the matrix dF/dx, right for small systems.

    Returns:
        A function of the parameters: trees of arrays. Under vmap the solver runs example by example.

    Raises:
        ShapeError: (when differentiated) F does not return as many equations as there are unknowns.
        DtypeError: x is not real and floating.
        LinAlgError: dF/dx is singular, and x is no differentiable function of the parameters.
        TransformError: F closes over a value that is being differentiated.

    Warns with `GradientWarning` where a Newton step would move x by more than a thousandth (without a
    `linear_solver`): the solver has not solved it, and derivatives are those of another point.

    >>> import numpy as np, dualtape as dt
    >>> sqrt = dt.implicit.root(lambda x, a: x * x - a, lambda a: np.sqrt(a))
    >>> float(dt.grad(sqrt)(4.0)), float(dt.grad(dt.grad(sqrt))(4.0))
    (0.25, -0.03125)
    """

    def plain(*theta: Any) -> Any:
        x = solver(*theta)
        _check_closed(F, x, theta)
        return x

    solution = custom_rule(named(solver, plain, "root"), check=False, by_slices=True)

    def rule(theta: tuple[Any, ...], dots: tuple[Any, ...]) -> tuple[Any, Any]:
        x = solution(*theta)
        vector, back = flat(x, "implicit: x")
        held, moving, places = parameters(theta)
        tangents = [tree.leaves(dots)[i] for i in places]

        def equations(v: Any, *m: Any) -> Any:
            return flat(F(back(v), *held(m)), "implicit: the equations")[0]

        _, right = jvp(lambda *m: equations(vector, *m), moving, tangents)
        if lift(right).shape != lift(vector).shape:
            raise ShapeError(
                f"implicit: {name_of(F)} returns {lift(right).shape[0]} equations for "
                f"{lift(vector).shape[0]} unknowns"
            )

        def operator(v: Any, vector: Any, *m: Any) -> Any:
            return jvp(lambda u: equations(u, *m), (vector,), (v,))[1]

        if linear_solver is not None:
            dot = _inverse(operator, linear_solver, linear_solver)(right, vector, *moving)
        else:
            matrix = jacfwd(
                lambda v: equations(v, *moving), holomorphic=aval_of(vector).dtype.kind == "c"
            )(vector)
            _warn_unless_solved(F, matrix, vector, lambda: equations(vector, *moving))
            dot = _solved(matrix, right, name_of(F))
        return x, back(-1 * dot)

    solution.defjvp(rule)
    return solution  # type: ignore[no-any-return]


def fixed_point(
    T: Callable[..., Any],
    solver: Callable[..., Any],
    *,
    linear_solver: LinearSolver | None = None,
) -> Callable[..., Any]:
    """Return the function theta -> x with x = T(x, *theta).

    Args:
        T: Maps x and the parameters to a tree like x.
        solver, linear_solver: As for `root`.

    Returns:
        As `root`.

    Raises:
        StructureError: T returns a tree unlike x.
        ShapeError, DtypeError, LinAlgError: As `root`.

    >>> import numpy as np, dualtape as dt
    >>> half = dt.implicit.fixed_point(lambda x, a: (x + a / x) / 2, lambda a: np.sqrt(a))
    >>> float(dt.grad(half)(4.0))
    0.25
    """

    def F(x: Any, *theta: Any) -> Any:
        return tree.map(lambda a, b: lift(a) - lift(b), x, T(x, *theta))

    return root(named(T, F, "fixed_point"), solver, linear_solver=linear_solver)


def argmin(
    f: Callable[..., Any],
    solver: Callable[..., Any],
    *,
    linear_solver: LinearSolver | None = None,
) -> Callable[..., Any]:
    """Return the function theta -> x that minimises f(x, *theta), where the gradient by x is zero.

    Args:
        f: Maps x and the parameters to a real scalar; twice differentiable.
        solver: Maps the parameters, plain arrays, to x.
        linear_solver: As for `root`. The Hessian is symmetric: `implicit.cg` serves at a minimum.

    Returns:
        As `root`. Constraints are not known to the theorem: put active ones into equations for `root`.

    Raises:
        ShapeError, DtypeError, LinAlgError: As `root`.

    >>> import numpy as np, dualtape as dt
    >>> ridge = lambda x, a: (x - 3) ** 2 + a * x**2
    >>> float(dt.grad(dt.implicit.argmin(ridge, lambda a: 3 / (1 + a)))(1.0))
    -0.75
    """
    return root(named(f, grad(f), "argmin"), solver, linear_solver=linear_solver)


def linear_solve(
    matvec: Callable[..., Any],
    solver: LinearSolver | None = None,
    *,
    transpose_solver: LinearSolver | None = None,
) -> Callable[..., Any]:
    """Return the function (b, *theta) -> x with matvec(x, *theta) = b, for a linear `matvec`.

    Args:
        matvec: Linear in its first argument, and returning a tree like it; differentiable in the others.
        solver: Maps (operator, b), on plain vectors, to x: a black box such as `implicit.gmres`, or SciPy's. None
            builds the matrix and factors it.
        transpose_solver: The same for the transposed operator, which the pullback needs; `solver` by default.

    Returns:
        A differentiable function. Under vmap the solver runs example by example.

    Raises:
        LinAlgError: The matrix is singular, or the solver says so.
        DtypeError: b is not real and floating.
        ShapeError: `matvec` returns something of another size than b.

    >>> import numpy as np, dualtape as dt
    >>> x = dt.implicit.linear_solve(lambda v, d: d * v, dt.implicit.cg)
    >>> dt.grad(lambda d: np.sum(x(np.array([2.0, 6.0]), d)))(np.array([1.0, 2.0]))
    array([-2. , -1.5])
    """

    def solution(b: Any, *theta: Any) -> Any:
        vector, back = flat(b, "implicit.linear_solve: b")
        held, moving, _ = parameters(theta)

        def operator(v: Any, *m: Any) -> Any:
            out = flat(matvec(back(v), *held(m)), "implicit.linear_solve: matvec")[0]
            if lift(out).shape != lift(v).shape:
                raise ShapeError(
                    f"implicit.linear_solve: {name_of(matvec)} maps {lift(v).shape[0]} elements to "
                    f"{lift(out).shape[0]}"
                )
            return out

        if solver is not None:
            return back(_inverse(operator, solver, transpose_solver or solver)(vector, *moving))
        zero = tracing.zeros(tuple(lift(vector).shape), aval_of(vector).dtype)
        matrix = jacfwd(
            lambda v: operator(v, *moving), holomorphic=aval_of(zero).dtype.kind == "c"
        )(zero)
        return back(_solved(matrix, vector, name_of(matvec)))

    return named(matvec, solution, "linear_solve")


def _inverse(operator: Callable[..., Any], solver: LinearSolver, other: LinearSolver) -> Any:
    """(b, *params) -> v with operator(v, *params) = b, on vectors; `other` solves the transposed system."""

    def run(b: Any, *params: Any) -> Any:
        return solver(lambda v: lower(lift(operator(v, *params))), b)

    inverse = custom_rule(named(solver, run, "linear_solve"), check=False, by_slices=True)
    inverse.like_first = True

    def rule(primals: tuple[Any, ...], dots: tuple[Any, ...]) -> tuple[Any, Any]:
        _, *params = primals
        y = inverse(*primals)
        right = dots[0]
        if params:
            right = right - jvp(lambda *p: operator(y, *p), params, dots[1:])[1]
        return y, inverse(right, *params)

    def forth(b: Any, *params: Any) -> Any:
        y = inverse(b, *params)
        return y, (y, params)

    def back(kept: Any, ct: Any) -> tuple[Any, ...]:
        y, params = kept
        u = _inverse(transposed, other, solver)(ct, *params)
        if not params:
            return (u,)
        return (u, *vjp(lambda *p: operator(y, *p), *params)[1](-1 * u))

    def transposed(v: Any, *params: Any) -> Any:
        zero = tracing.zeros(tuple(lift(v).shape), aval_of(v).dtype)
        return vjp(lambda w: operator(w, *params), zero)[1](v)[0]

    inverse.defjvp(rule)
    inverse.defvjp(forth, back)
    return inverse


def flat(x: Any, what: str) -> tuple[Any, Callable[[Any], Any]]:
    """A tree of real arrays as one vector, and the way back.

    Raises:
        DtypeError: Not all are real and of one floating dtype.
    """
    leaves, structure = tree.flatten(x)
    tensors = [lift(leaf) for leaf in leaves]
    avals = [aval_of(t) for t in tensors]
    if (
        len({a.dtype for a in avals}) != 1
        or not is_inexact(avals[0].dtype)
        or avals[0].dtype.kind == "c"
    ):
        raise DtypeError(
            f"{what} must be real and of one floating dtype, got {', '.join(map(str, avals)) or 'nothing'}: "
            "split complex numbers into real and imaginary parts"
        )
    parts = [reshape(t, (a.size,)) for t, a in zip(tensors, avals, strict=True)]
    vector = parts[0] if len(parts) == 1 else concatenate(parts, 0)

    def back(v: Any) -> Any:
        out, start = [], 0
        for a in avals:
            part = slice_p(v, index=(slice(start, start + a.size, 1),)) if len(avals) > 1 else v
            out.append(lower(lift(reshape(part, a.shape))))
            start += a.size
        return structure.unflatten(out)

    return lower(lift(vector)), back


def parameters(
    theta: tuple[Any, ...],
) -> tuple[Callable[[Any], tuple[Any, ...]], list[Any], list[int]]:
    """The floating leaves of parameters and their places, and how to put others in their stead."""
    leaves, structure = tree.flatten(theta)
    places = [
        i
        for i, x in enumerate(leaves)
        if isinstance(x, (Value, np.ndarray, np.generic, float, complex))
        and is_inexact(aval_of(x).dtype)
    ]

    def held(moving: Any) -> Any:
        out = list(leaves)
        for i, x in zip(places, moving, strict=True):
            out[i] = x
        return structure.unflatten(out)

    return held, [leaves[i] for i in places], places


def _check_closed(F: Callable[..., Any], x: Any, theta: tuple[Any, ...]) -> None:
    """Raise where the equations depend on a value under differentiation that is no parameter: its share would be lost.

    Args:
        F: The equations.
        x: A solution, computed from plain arrays; where it has a history, the solver itself is differentiated.
        theta: The parameters, plain arrays.

    Raises:
        TransformError: They do.
    """
    if any(map(is_differentiated, tree.leaves((x, theta)))):
        return
    if any(map(is_differentiated, tree.leaves(F(x, *theta)))):
        raise not_closed(f"implicit: {name_of(F)}")


def _solved(matrix: Any, right: Any, name: str) -> Any:
    try:
        found = dense_solve(lift(matrix), reshape(lift(right), (-1, 1)))
        return lower(lift(reshape(found, (-1,))))
    except LinAlgError as error:
        error.add_note(
            f"implicit: the linearisation of {name} is singular, so the solution has no derivative"
        )
        raise


def _warn_unless_solved(F: Any, matrix: Any, vector: Any, equations: Callable[[], Any]) -> None:
    if isinstance(matrix, Value) or isinstance(vector, Value):
        return
    residual = equations()
    if isinstance(residual, Value) or not np.all(np.isfinite(matrix)):
        return
    step = np.linalg.lstsq(matrix, residual, rcond=None)[0]
    size = float(np.linalg.norm(step))
    if size > 1e-3 * (1e-3 + float(np.linalg.norm(vector))):
        warnings.warn(
            f"implicit: the solver's result does not satisfy {name_of(F)}: a Newton step would move it by {size:.3g}. "
            "Derivatives are those at this point, not at the solution; ask the solver for more accuracy.",
            GradientWarning,
            stacklevel=2,
        )
