"""Derivatives of solutions of differential equations.

Forward: the tangent s of a solution solves ds/dt = (df/dy) s + (df/dp) dp along with it (Hairer, Norsett and Wanner,
Solving Ordinary Differential Equations I, 1993, section I.14). Reverse: the cotangent l solves dl/dt = -(df/dy)^T l from the end
to the start, jumping by what arrives at each output time, and the parameters' is the integral of (df/dp)^T l (Cao, Li,
Petzold and Serban, SIAM J. Sci. Comput. 24(3), 2003). There y is read from the solver's dense output rather than
integrated back, which is not stable for stiff equations; the integral is a quadrature over both solutions' steps.

NOTE [derivatives of derivatives]
The forward rule is a solution of a larger system, so it has derivatives of any order. The reverse rule reads an interpolant,
which hides what it depends on. So, where its operands are being differentiated in turn, it is replaced by the system of all
sensitivities, whose solution is differentiated like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.errors import TransformError
from ..numpy.operands import is_quiet
from ..transforms import tree
from ..transforms.custom import CustomRule
from ..transforms.surface import lift
from .ivp_system import System

IMPLICIT = frozenset({"Radau", "BDF", "LSODA"})
POINTS = 5
"""Of Gauss and Legendre's quadrature on each step: exact for the solvers' interpolants times each other."""


class SolverError(TransformError, RuntimeError):
    """The integration came to no end: SciPy's message."""


@dataclass(eq=False, slots=True)
class Setting:
    """How to solve, and what.

    Attributes:
        system: The equation.
        method: SciPy's.
        end: Where to stop.
        options: SciPy's: rtol, atol, max_step, ...
        adjoint: Whether cotangents go backwards by an equation of their own.
        result: SciPy's of the last run.
        known: Operands and result of a run that need not be repeated.
    """

    system: System
    method: Any
    end: float
    options: dict[str, Any]
    adjoint: bool = True
    result: Any = None
    known: tuple[list[Any], Any] | None = field(default=None)

    def of(self, system: System) -> Setting:
        """The same for a larger system of the same functions of time."""
        options = {
            k: v
            for k, v in self.options.items()
            if k not in ("jac", "jac_sparsity", "lband", "uband")
        }
        if np.ndim(options.get("atol", 0)):
            options["atol"] = float(np.min(options["atol"]))
        return replace(self, system=system, options=options, result=None, known=None)

    def solve(
        self, y0: Any, t0: float, ts: Any, parameters: Sequence[Any], dense: bool = False
    ) -> Any:
        """SciPy's result, at times `ts` (None: at the steps).

        Raises:
            SolverError: The integration failed before it had come to all of them.
        """
        given = [np.asarray(x) for x in (y0, t0, *parameters)]
        if self.known is not None and ts is not None:
            before, result = self.known
            if np.array_equal(ts, result.t) and all(map(np.array_equal, before, given)):
                self.result = result
                return result
        result = integrate(
            self.system, self.method, float(t0), self.end, given[0], given[2:], t_eval=ts, dense_output=dense, **self.options
        )  # fmt: skip
        self.result = result
        if result.status < 0 or (ts is not None and len(result.t) != len(ts)):
            raise SolverError(f"solve_ivp: {result.message}")
        return result


def integrate(
    system: System,
    method: Any,
    t0: float,
    end: float,
    y0: Any,
    parameters: Sequence[Any],
    **options: Any,
) -> Any:
    """`scipy.integrate.solve_ivp` of a system, with its Jacobian where the method wants one."""
    scipy = import_module("scipy.integrate")
    if method in IMPLICIT and "jac" not in options and y0.dtype.kind != "c":
        jacobian = system.jacobian.begin()
        options["jac"] = lambda t, y: jacobian(t, y, *parameters)
    rhs = system.rhs.begin()
    return scipy.solve_ivp(lambda t, y: rhs(t, y, *parameters), (t0, end), y0, method, **options)


def _solved(setting: Setting, y0: Any, t0: Any, ts: Any, parameters: tuple[Any, ...]) -> Any:
    return np.ascontiguousarray(setting.solve(y0, t0, np.asarray(ts), parameters).y.T)


solution = CustomRule(_solved, (0,), False, True)
"""(setting, y0, t0, ts, parameters) -> y at each of the times, a row for each."""


def _slopes(setting: Setting, ts: Any, ys: Any, parameters: Sequence[Any]) -> Any:
    """F at each time and state."""
    f = setting.system.f
    return np.stack([f(ts[i], ys[i], *parameters) for i in range(ts.shape[0])])


def _pushed(setting: Setting, primals: tuple[Any, ...], dots: tuple[Any, ...]) -> tuple[Any, Any]:
    y0, t0, ts, parameters = primals
    y0_dot, t0_dot, ts_dot, parameter_dots = dots
    n = y0.shape[0]
    start = y0_dot - setting.system.f(t0, y0, *parameters) * t0_dot
    both = solution(
        setting.of(setting.system.pushed),
        np.concatenate([y0, start]),
        t0,
        ts,
        (*parameters, *parameter_dots),
    )
    ys = solution(
        setting, y0, t0, ts, parameters
    )  # as it is without a tangent; and that may be of a batch of them
    return ys, both[:, n:] + _slopes(setting, ts, ys, parameters) * ts_dot[:, None]


def _forward(setting: Setting, y0: Any, t0: Any, ts: Any, parameters: tuple[Any, ...]) -> Any:
    quiet = all(map(is_quiet, tree.leaves((y0, t0, ts, parameters))))
    if not quiet:
        ys = solution(setting, y0, t0, ts, parameters)
        return ys, (y0, t0, ts, parameters, ys, None)
    result = setting.solve(y0, t0, np.asarray(ts), parameters, dense=setting.adjoint)
    ys = np.ascontiguousarray(result.y.T)
    return ys, (y0, t0, ts, parameters, ys, result.sol)


def _back(setting: Setting, kept: Any, ct: Any) -> tuple[Any, ...]:
    y0, t0, ts, parameters, ys, dense = kept
    quiet = all(map(is_quiet, tree.leaves((y0, t0, ts, parameters, ys, ct))))
    if quiet and dense is not None and setting.adjoint:
        plain = [_plain(x) for x in (y0, t0, ts, ys, ct)]
        state, by_parameter = Adjoint(setting, dense, [_plain(p) for p in parameters]).run(*plain)
    else:  # see NOTE [derivatives of derivatives]
        state, by_parameter = _by_sensitivities(setting, y0, t0, ts, parameters, ct)
    by_time = np.sum(ct * _slopes(setting, ts, ys, parameters), 1)
    by_start = -np.sum(state * setting.system.f(t0, y0, *parameters))
    grads, at = [], 0
    for p in parameters:
        size = int(np.prod(p.shape))
        grads.append(np.reshape(by_parameter[at : at + size], tuple(p.shape)).astype(p.dtype))
        at += size
    return state, by_start, by_time, tuple(grads)


def _plain(x: Any) -> Any:
    return np.asarray(getattr(lift(x), "value", x))


def _by_sensitivities(
    setting: Setting, y0: Any, t0: Any, ts: Any, parameters: tuple[Any, ...], ct: Any
) -> tuple[Any, Any]:
    """The cotangents of y0 and the parameters from all derivatives of the solution."""
    n, m = y0.shape[0], ts.shape[0]
    count = sum([int(np.prod(p.shape)) for p in parameters])
    first = np.concatenate([np.eye(n), np.zeros((n, count))], 1).reshape(-1)
    every = solution(
        setting.of(setting.system.sensitive), np.concatenate([y0, first]), t0, ts, parameters
    )
    s = np.reshape(every[:, n:], (m * n, n + count))
    found = np.reshape(ct, (m * n,)) @ s
    return found[:n], found[n:]


class Adjoint:
    """The backward pass of one solution.

    Args:
        setting: Of it.
        dense: It as a function of time.
        parameters: Plain arrays.
    """

    def __init__(self, setting: Setting, dense: Any, parameters: Sequence[Any]) -> None:
        self.setting = setting
        self.dense = dense
        self.parameters = list(parameters)
        self.count = sum([p.size for p in self.parameters])
        self.nodes, self.weights = np.polynomial.legendre.leggauss(POINTS)

    def run(self, y0: Any, t0: Any, ts: Any, ys: Any, ct: Any) -> tuple[Any, Any]:
        """The cotangents of y0 and of the parameters, as vectors."""
        total = np.zeros(self.count)
        size = float(np.max(np.abs(ct), initial=0.0))
        state = np.zeros(y0.shape)
        if not size or not np.isfinite(size):
            return state + (0 if size == 0 else np.nan), total + (0 if size == 0 else np.nan)
        ct = ct / size  # the equation is linear, and absolute tolerances are for numbers of size 1
        for i in range(len(ts) - 1, -1, -1):
            state = state + ct[i]
            end = ts[i - 1] if i else float(t0)
            if end != ts[i]:
                state, more = self.segment(float(ts[i]), float(end), state)
                total += more
        return state * size, total * size

    def segment(self, start: float, end: float, state: Any) -> tuple[Any, Any]:
        """From one time back to another: the state's cotangent there, and the parameters' share."""
        setting, system, p = self.setting, self.setting.system, self.parameters
        options = setting.of(system).options
        options.pop("first_step", None)
        rtol = float(np.min(options.get("rtol", 1e-3)))
        options["atol"] = min(float(np.min(options.get("atol", 1e-6))), rtol)

        pull = system.pull_state.begin()

        def slope(t: float, l: Any) -> Any:  # noqa: E741
            return -pull(t, self.dense(t), l, *p)

        if setting.method in IMPLICIT:
            jacobian = system.jacobian.begin()
            options["jac"] = lambda t, _: -jacobian(t, self.dense(t), *p).T
        scipy = import_module("scipy.integrate")
        result = scipy.solve_ivp(
            slope, (start, end), state, setting.method, dense_output=bool(p), **options
        )
        if result.status < 0:
            raise SolverError(f"solve_ivp, backward pass: {result.message}")
        more = np.zeros(self.count)
        if p:
            low, high = min(start, end), max(start, end)
            steps = np.concatenate([result.t, self.dense.ts])
            mesh = np.unique(steps[(steps >= low) & (steps <= high)])
            sign = 1.0 if start > end else -1.0
            share = system.pull_parameters.begin()
            for a, b in pairwise(mesh):
                half = 0.5 * (b - a)
                for x, w in zip(self.nodes, self.weights, strict=True):
                    t = a + half * (1 + x)
                    more += sign * w * half * share(t, self.dense(t), result.sol(t), *p)
        return result.y[:, -1], more


solution.defjvp(_pushed)
solution.defvjp(_forward, _back)
