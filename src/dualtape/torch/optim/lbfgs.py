"""L-BFGS: a quasi-Newton direction from the last gradients' changes, optionally with a line search.

Two-loop recursion: Nocedal and Wright, Numerical Optimization (2006), algorithm 7.4; strong Wolfe line
search: algorithms 3.5 and 3.6 there, with cubic interpolation (equation 3.59).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import modes
from ...core.tensor import wrap
from .._tensor import Tensor
from .optimizer import Optimizer, Params, check_positive, put

Array = np.ndarray[Any, Any]


class LBFGS(Optimizer):
    """Limited-memory BFGS; `step` needs a closure that computes the loss and its gradients.

    Args:
        params: Parameters; one group.
        lr: Step length (without line search), or the first one tried.
        max_iter: Iterations per `step`.
        max_eval: Function evaluations per `step`; max_iter * 5 / 4 by default.
        tolerance_grad: Stop when no gradient element exceeds it.
        tolerance_change: Stop when steps or changes of the loss fall below it.
        history_size: How many changes are kept.
        line_search_fn: None or "strong_wolfe".

    Raises:
        ValueError: More than one parameter group.
    """

    def __init__(
        self, params: Params, lr: Any = 1, max_iter: int = 20, max_eval: int | None = None, tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9, history_size: int = 100, line_search_fn: str | None = None,
    ) -> None:  # fmt: skip
        check_positive(**{"learning rate": lr})
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        })  # fmt: skip
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        if line_search_fn not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")

    def _gather(self) -> Array:
        parts = []
        for p in self.param_groups[0]["params"]:
            g = p.grad
            parts.append(np.zeros(p.value.size, p.value.dtype) if g is None else np.ravel(g.value))
        return np.concatenate(parts)

    def _position(self) -> list[Any]:
        return [np.array(p.value) for p in self.param_groups[0]["params"]]

    def _move(self, start: list[Any], t: float, direction: Array) -> None:
        at = 0
        for p, x in zip(self.param_groups[0]["params"], start, strict=True):
            n = x.size
            new = x + t * direction[at : at + n].reshape(x.shape)
            at += n
            value = p.value
            if isinstance(value, np.ndarray):
                value[...] = new
                new = value
            put(p, new)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Run up to `max_iter` iterations.

        Args:
            closure: Clears the gradients, computes the loss, calls backward, returns the loss.

        Raises:
            TypeError: No closure.
        """
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        group = self.param_groups[0]
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        def evaluate() -> tuple[float, Array]:
            with modes.switched(off=modes.NO_GRAD):
                loss = closure()
            state["func_evals"] += 1
            return float(loss), self._gather()

        with modes.switched(off=modes.NO_GRAD):
            first = closure()
        state["func_evals"] += 1
        loss, g = float(first), self._gather()
        evaluations = 1
        if np.abs(g).max(initial=0) <= group["tolerance_grad"]:
            return first
        lr = float(group["lr"])
        direction, prev_g = _array(state.get("d")), _array(state.get("prev_flat_grad"))
        t: Any = state.get("t")
        dirs, stps = ([_array(v) for v in state.get(k, ())] for k in ("old_dirs", "old_stps"))
        ro = [float(v) for v in state.get("ro", ())]
        scale = float(state.get("H_diag", 1.0))
        alphas: list[float] = []
        for iteration in range(group["max_iter"]):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                direction, scale = -g, 1.0
                for memory in (dirs, stps, ro):
                    memory.clear()
            else:
                y, s = g - prev_g, direction * t
                ys = float(y @ s)
                if ys > 1e-10:
                    if len(dirs) == group["history_size"]:
                        dirs.pop(0), stps.pop(0), ro.pop(0)
                    dirs.append(y)
                    stps.append(s)
                    ro.append(1.0 / ys)
                    scale = ys / float(y @ y)
                direction, alphas = _two_loops(g, dirs, stps, ro, scale)
            prev_g, prev_loss = g.copy(), loss
            t = min(1.0, 1.0 / float(np.abs(g).sum())) * lr if state["n_iter"] == 1 else lr
            slope = float(g @ direction)
            if slope > -group["tolerance_change"]:
                break
            used = 0
            start = self._position()
            if group["line_search_fn"] is not None:

                def at(
                    a: float, start: list[Any] = start, d: Array = direction
                ) -> tuple[float, Array]:
                    self._move(start, a, d)
                    result = evaluate()
                    self._move(start, 0.0, d)
                    return result

                loss, g, t, used = strong_wolfe(
                    at, t, direction, loss, g, slope, group["tolerance_change"]
                )
                self._move(start, t, direction)
                done = np.abs(g).max(initial=0) <= group["tolerance_grad"]
            else:
                self._move(start, t, direction)
                done = False
                if iteration != group["max_iter"] - 1:
                    loss, g = evaluate()
                    done = np.abs(g).max(initial=0) <= group["tolerance_grad"]
                    used = 1
            evaluations += used
            if (
                done
                or evaluations >= group["max_eval"]
                or np.abs(direction * t).max(initial=0) <= group["tolerance_change"]
                or abs(loss - prev_loss) < group["tolerance_change"]
            ):
                break
        number = g.dtype.type
        state.update(
            d=_kept(direction), t=t, old_dirs=[_kept(v) for v in dirs], old_stps=[_kept(v) for v in stps],
            ro=[_kept(number(v)) for v in ro], H_diag=_kept(number(scale)) if dirs else scale,
            prev_flat_grad=_kept(prev_g), prev_loss=prev_loss,
        )  # fmt: skip
        if alphas:
            state["al"] = [_kept(number(v)) for v in alphas] + [None] * (
                group["history_size"] - len(alphas)
            )
        return first


def _array(kept: Any) -> Any:
    """The numbers of a tensor in the state."""
    return None if kept is None else kept.value


def _kept(value: Any) -> Any:
    """Numbers as a tensor for the state, which is saved and loaded with the rest."""
    return wrap(Tensor, value)


def _two_loops(
    g: Array, dirs: list[Array], stps: list[Array], ro: list[float], scale: float
) -> tuple[Array, list[float]]:
    """The direction, and the coefficients of the first loop."""
    q = -g
    alphas = [0.0] * len(dirs)
    for i in reversed(range(len(dirs))):
        alphas[i] = float(stps[i] @ q) * ro[i]
        q = q - alphas[i] * dirs[i]
    r: Array = q * scale
    for i in range(len(dirs)):
        beta = float(dirs[i] @ r) * ro[i]
        r = r + stps[i] * (alphas[i] - beta)
    return r, alphas


def cubic_minimum(
    x1: float,
    f1: float,
    g1: float,
    x2: float,
    f2: float,
    g2: float,
    bounds: tuple[float, float] | None = None,
) -> float:
    """The minimiser of the cubic through two points with slopes, inside `bounds`."""
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if square < 0:
        return (low + high) / 2
    d2: float = square**0.5
    if x1 > x2:
        x1, g1, x2, g2 = x2, g2, x1, g1
    at = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    return min(max(at, low), high)


def strong_wolfe(
    evaluate: Callable[[float], tuple[float, Array]], t: float, direction: Array, f: float, g: Array, slope: float,
    tolerance_change: float = 1e-9, c1: float = 1e-4, c2: float = 0.9, max_steps: int = 25,
) -> tuple[float, Array, float, int]:  # fmt: skip
    """Find a step that satisfies the strong Wolfe conditions.

    Args:
        evaluate: Step length to (loss, gradient).
        t: The first step tried.
        direction, f, g, slope: The direction, and loss, gradient and directional derivative at 0.
        tolerance_change: Stop when the bracket is narrower.
        c1, c2: Sufficient decrease and curvature.
        max_steps: Evaluations.

    Returns:
        Loss, gradient, step length, evaluations used.
    """
    width = float(np.abs(direction).max())
    old_t, old_f, old_g, old_slope = 0.0, f, g, slope
    new_f, new_g = evaluate(t)
    used = 1
    new_slope = float(new_g @ direction)
    done = False
    steps = 0
    bracket: list[list[Any]] = []
    while steps < max_steps:
        if new_f > f + c1 * t * slope or (steps > 1 and new_f >= old_f):
            bracket = [[old_t, old_f, old_g, old_slope], [t, new_f, new_g.copy(), new_slope]]
            break
        if abs(new_slope) <= -c2 * slope:
            bracket = [[t, new_f, new_g, new_slope]]
            done = True
            break
        if new_slope >= 0:
            bracket = [[old_t, old_f, old_g, old_slope], [t, new_f, new_g.copy(), new_slope]]
            break
        low, high = t + 0.01 * (t - old_t), t * 10
        trial = cubic_minimum(old_t, old_f, old_slope, t, new_f, new_slope, (low, high))
        old_t, old_f, old_g, old_slope = t, new_f, new_g.copy(), new_slope
        t = trial
        new_f, new_g = evaluate(t)
        used += 1
        new_slope = float(new_g @ direction)
        steps += 1
    if not bracket:
        bracket = [[0.0, f, g, slope], [t, new_f, new_g, new_slope]]
    near_edge = False
    low_at, high_at = (0, 1) if len(bracket) == 1 or bracket[0][1] <= bracket[1][1] else (1, 0)
    while not done and steps < max_steps:
        ends = sorted((bracket[0][0], bracket[1][0]))
        if (ends[1] - ends[0]) * width < tolerance_change:
            break
        t = cubic_minimum(*[bracket[0][k] for k in (0, 1, 3)], *[bracket[1][k] for k in (0, 1, 3)])
        margin = 0.1 * (ends[1] - ends[0])
        if min(ends[1] - t, t - ends[0]) < margin:
            if near_edge or t >= ends[1] or t <= ends[0]:
                t = ends[1] - margin if abs(t - ends[1]) < abs(t - ends[0]) else ends[0] + margin
                near_edge = False
            else:
                near_edge = True
        else:
            near_edge = False
        new_f, new_g = evaluate(t)
        used += 1
        new_slope = float(new_g @ direction)
        steps += 1
        point = [t, new_f, new_g.copy(), new_slope]
        if new_f > f + c1 * t * slope or new_f >= bracket[low_at][1]:
            bracket[high_at] = point
            low_at, high_at = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
        else:
            if abs(new_slope) <= -c2 * slope:
                done = True
            elif new_slope * (bracket[high_at][0] - bracket[low_at][0]) >= 0:
                bracket[high_at] = bracket[low_at]
            bracket[low_at] = point
    best = bracket[low_at if len(bracket) > 1 else 0]
    return best[1], best[2], best[0], used
