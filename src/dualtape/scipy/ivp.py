"""`solve_ivp`: SciPy's, with compiled right-hand sides and with derivatives of the solution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.callsite import warn
from ..core.errors import DtypeError, GradientWarning, TransformError
from ..core.tensor import Tensor
from ..numpy.operands import is_quiet
from ..ops.complex import cast
from ..transforms import tree
from ..transforms.surface import lift, native, outward
from .ivp_rules import IMPLICIT, Setting, integrate, solution
from .ivp_system import System, _native, system


def solve_ivp(
    fun: Callable[..., Any],
    t_span: Sequence[Any],
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Sequence[Any] | None = None,
    *,
    gradient: str = "adjoint",
    **options: Any,
) -> Any:
    """Solve dy/dt = fun(t, y, *args), as `scipy.integrate.solve_ivp` does.

    SciPy steps; the function, and for Radau, BDF and LSODA its Jacobian, are run as native code where llvmlite is installed
    and they are called often. The solution has derivatives with respect to y0, the real arrays and floats in `args`,
    `t_span` and `t_eval`, in both modes and of any order, to the accuracy of `rtol` and `atol`.

    Args:
        fun: (t, y, *args) -> dy/dt, y a vector; written in what can be differentiated. What is to be differentiated
            must be in `args`.
        t_span: Start and end.
        y0: The state at the start, a vector.
        method, t_eval, dense_output, events, vectorized, args, **options: SciPy's. Without `t_eval` the times are those of
            the solver's steps, and derivatives are at these times as they are.
        gradient: How reverse mode works: "adjoint" integrates backwards, at a cost that does not grow with the number
            of parameters; "forward" integrates all derivatives along with the solution.

    Returns:
        SciPy's result; `y` (states, times) can be differentiated.

    Raises:
        ValueError: `gradient` is something else; SciPy's own.
        TransformError: Derivatives are asked for together with events or a dense output, or `fun` closes over something
            that is being differentiated.
        DtypeError: Derivatives of complex solutions.
        SolverError: Derivatives are asked for, and the integration failed.

    >>> import numpy as np, dualtape as dt
    >>> end = lambda k: dt.solve_ivp(lambda t, y, k: -k * y, (0, 2), [3.0], args=(k,), rtol=1e-9, atol=1e-9).y[0, -1]
    >>> round(float(dt.grad(end)(0.5)), 6), round(float(-2 * 3 * np.exp(-1)), 6)
    (-2.207277, -2.207277)
    """
    if gradient not in ("adjoint", "forward"):
        raise ValueError(f"solve_ivp: gradient is 'adjoint' or 'forward', got {gradient!r}")
    args = () if args is None else tuple(args)
    cls: Any = native()
    for x in tree.leaves((y0, args)):
        if isinstance(x, Tensor) and type(x).result_class is not native():
            cls = type(x).result_class
            break
    y0 = _state(y0)
    dtype = y0.dtype if cls is not native() else np.dtype(np.float64)
    if y0.dtype.kind != "c":
        y0 = np.multiply(y0, np.float64(1))
    made, parameters = system(fun, args, cls, dtype)
    t0, end = [_native(float(t) if isinstance(t, int) else t) for t in t_span]
    times = None if t_eval is None else np.multiply(_native(_array(t_eval)), np.float64(1))
    if all(map(is_quiet, (y0, t0, end, *parameters, *(() if times is None else (times,))))):
        start, stop, state = [_value(x) for x in (t0, end, y0)]
        values = [_value(p) for p in parameters]
        result = _plainly(
            made, method, start, stop, state, values, times, dense_output, events, args, options
        )
    else:
        if events is not None or dense_output:
            raise TransformError(
                "solve_ivp: events and dense_output have no derivatives. Call it on plain numbers for them, or ask for the "
                "times that you need with t_eval"
            )
        result = _followed(
            made, method, t0, end, y0, parameters, times, gradient == "adjoint", options
        )
    if cls is not native():
        result.y = outward(cast(lift(result.y), dtype), cls)
    return result


def _state(y0: Any) -> Any:
    if isinstance(y0, (list, tuple)) and any(isinstance(x, Tensor) for x in y0):
        return np.stack([_native(x if isinstance(x, Tensor) else np.float64(x)) for x in y0])
    return _native(_array(y0))


def _array(x: Any) -> Any:
    return x if isinstance(x, Tensor) else np.atleast_1d(np.asarray(x))


def _value(x: Any) -> Any:
    return np.asarray(x.value if isinstance(x, Tensor) else x)


def _plainly(
    made: System, method: Any, t0: Any, end: Any, y0: Any, parameters: list[Any], times: Any, dense_output: bool, events: Any,
    args: tuple[Any, ...], options: dict[str, Any],
) -> Any:  # fmt: skip
    """Without derivatives."""
    options = dict(options)
    if callable(options.get("jac")) and args:
        given = options["jac"]
        options["jac"] = lambda t, y: given(t, y, *args)
    if method in IMPLICIT and "jac" not in options and y0.dtype.kind != "c":
        try:
            made.jacobian(float(t0), y0, *parameters)
        except (TransformError, TypeError, ValueError) as error:
            options["jac"] = None
            warn(
                f"solve_ivp: {made.name} cannot be differentiated, so SciPy takes its Jacobian from differences: {error}",
                GradientWarning,
            )
    if events is not None:
        events = [
            _event(e, args) for e in (events if isinstance(events, (list, tuple)) else [events])
        ]
    t_eval = None if times is None else _value(times)
    return integrate(
        made, method, float(t0), float(end), y0, parameters, t_eval=t_eval, dense_output=dense_output, events=events, **options
    )  # fmt: skip


def _event(event: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
    def call(t: Any, y: Any) -> Any:
        return event(t, y, *args)

    for name in ("terminal", "direction"):
        if hasattr(event, name):
            setattr(call, name, getattr(event, name))
    return call


def _followed(
    made: System, method: Any, t0: Any, end: Any, y0: Any, parameters: list[Any], times: Any, adjoint: bool,
    options: dict[str, Any],
) -> Any:  # fmt: skip
    """With derivatives."""
    if y0.dtype.kind == "c":
        raise DtypeError(
            "solve_ivp: no derivatives of complex solutions. Split y into real and imaginary parts"
        )
    if callable(options.get("jac")):
        options = {k: v for k, v in options.items() if k != "jac"}  # the function's own is exact
    setting = Setting(made, method, _number(end), options, adjoint)
    if times is None:
        start, *plain = [_number(x) for x in (t0, y0, *parameters)]
        result = setting.solve(plain[0], start, None, plain[1:], dense=adjoint)
        setting.known = (
            [np.asarray(plain[0]), np.asarray(start), *map(np.asarray, plain[1:])],
            result,
        )
        inside = result.t[1:-1]
        times = np.concatenate([np.reshape(t0, (1,)), inside, np.reshape(end, (1,))])
    ys = solution(setting, y0, t0, times, tuple(parameters))
    result = setting.result
    if result is None:
        raise TransformError(
            "solve_ivp: the solution was not computed, because its operands have no numbers yet"
        )
    return type(result)({**result, "t": times, "y": ys.T, "sol": None})


def _number(x: Any) -> Any:
    """The numbers of a value under whatever transformations."""
    while not isinstance(x, (np.ndarray, np.generic, float)):
        if isinstance(x, Tensor):
            x = x.value
        elif hasattr(x, "primal"):
            x = x.primal
        else:
            raise TransformError(
                "solve_ivp: t_span, and without t_eval the other operands, need numbers, which a value being traced or "
                "batched has not. Give t_eval and a plain t_span, or call it outside"
            )
    return float(x) if np.ndim(x) == 0 else np.asarray(x)
