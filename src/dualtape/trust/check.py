"""`check`: whether the derivatives of a function are right, and which operation is to blame if not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DualtapeError, MissingRuleError
from ..core.tensor import Tensor
from ..transforms.arguments import name_of as function_name
from ..transforms.forward import jvp
from ..transforms.reverse import vjp
from . import guilty
from .numeric import Array, Values, complex_step, differences, inner, moved, one_sided, size
from .subject import Recording, Subject
from .verdict import Where, at

MODES = ("reverse", "forward")

# Up to so many elements each is moved by itself, so that a message can name it.
_ELEMENTWISE = 12


class GradientMismatch(DualtapeError, AssertionError):
    """A derivative that disagrees with the numbers.

    Attributes:
        mode: "reverse", "forward" or "second order".
        got, want: The two numbers that should be equal.
        operation: The first operation that disagrees, None if it was not found.
        where: The user's line of it.
    """

    def __init__(
        self,
        message: str,
        mode: str,
        got: float,
        want: float,
        operation: str | None,
        where: Where | None,
    ) -> None:
        super().__init__(message)
        self.mode = mode
        self.got = got
        self.want = want
        self.operation = operation
        self.where = where


@dataclass(slots=True)
class Report:
    """What `check` compared, when all of it agreed.

    Attributes:
        function: The function's name.
        reference: "complex step" or "differences": what the modes were compared with.
        operations: How many calls of primitives the function made.
        errors: The largest relative disagreement, by mode.
        skipped: Why a mode was left out, by mode.
        kinks: Directions in which the function has a kink here, and the modes chose a slope between the two sides.
    """

    function: str
    reference: str
    operations: int
    errors: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    kinks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{self.function}: {self.operations} operations, compared with {self.reference.replace('differences', 'central differences')}"
        ]
        lines += [f"  {mode:<13} off by {e:.1e} at most" for mode, e in self.errors.items()]
        lines += [f"  {mode:<13} not checked: {why}" for mode, why in self.skipped.items()]
        lines += [f"  a kink: {k}" for k in self.kinks]
        return "\n".join(lines)


def check(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = MODES,
    rtol: float | None = None,
    seed: int = 0,
) -> Report:
    """Compare the derivatives of `f` at a point with numeric ones, in double precision.

    Args:
        f: Maps arrays, numbers or tensors of any dialect (nested in tuples, lists, dicts, dataclasses) to such. It
            must give the same result for the same arguments.
        *args: Where. Floating and complex leaves are moved, the rest stays as it is.
        order: 1, or 2 to compare the second derivatives too.
        modes: Which of "reverse" and "forward" to check.
        rtol: How far apart, relative to the largest slope, numbers may be; by default 1e-6 (1e-4 at second order),
            and 1e-3 where `f` computes in less than double precision.
        seed: Of the random directions.

    Returns:
        A report; `str` of it is a few lines.

    Raises:
        GradientMismatch: Two of them differ. The message has the numbers, and names the first operation that
            disagrees, with the line of the program where it was called.
        DtypeError: No argument, or no output, is floating or complex.
        ArgumentError: `order` or `modes` is something else; or `f` is not deterministic.

    The reference is the complex step where every operation is analytic, else central differences. Up to 12
    elements are moved one by one, otherwise all of them along random directions. At a kink a slope between those of
    both sides is accepted, and reported.

    >>> import numpy as np, dualtape as dt
    >>> print(dt.check(lambda x: np.sum(np.sin(x) ** 2), np.array([0.5, 1.0])).reference)
    complex step
    """
    if order not in (1, 2):
        raise ArgumentError(f"check: order must be 1 or 2, got {order!r}")
    if not modes or any(m not in MODES for m in modes):
        raise ArgumentError(f"check: modes must be among {', '.join(MODES)}, got {modes!r}")
    subject = Subject(f, args, "check")
    if not args:
        raise ArgumentError("check: pass the arguments at which to check the function")
    return _Check(subject, rtol, seed).run(order, modes)


class _Check:
    """One call of `check`."""

    def __init__(self, subject: Subject, rtol: float | None, seed: int) -> None:
        self.subject = subject
        self.rng = np.random.default_rng(seed)
        self.recording: Recording = subject.record(subject.point)
        self.base = [np.array(o.value) for o in self.recording.outs]
        again = subject.values(subject.point)
        # Not the same bits: a function may run another way where it is recorded.
        if any(
            not np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
            for a, b in zip(self.base, again, strict=True)
        ):
            raise ArgumentError(
                "check: the function gives another result for the same arguments. Seed its random numbers inside it."
            )
        # What the function computes in: a constant in single precision does not narrow its results.
        self.precision = max(
            [1e-16] + [float(np.finfo(v.dtype).eps) for c in self.recording.calls for v in c.results
                       if v.dtype.kind in "fc" and v.dtype.itemsize < (16 if v.dtype.kind == "c" else 8)]
        )  # fmt: skip
        narrow = self.precision > 1e-15
        self.rtol = rtol if rtol is not None else 1e-3 if narrow else 1e-6
        self.rtol2 = rtol if rtol is not None else 1e-2 if narrow else 1e-4
        self.analytic = not narrow and self.is_analytic()
        self.cts = self.cotangents()
        self.report = Report(function_name(subject.f), "differences", len(self.recording.calls))

    def is_analytic(self) -> bool:
        """Whether the complex step may be tried."""
        real = all(v.dtype.kind == "f" for v in (*self.subject.point, *self.base))
        return real and all(c.primitive.holomorphic for c in self.recording.calls)

    def cotangents(self) -> list[Values]:
        """The cotangents that are pulled back: 1 for one real scalar, else random ones."""
        if len(self.base) == 1 and self.base[0].shape == () and self.base[0].dtype.kind == "f":
            return [[np.ones((), self.base[0].dtype)]]
        return [[guilty.noise(self.rng, v) for v in self.base] for _ in range(2)]

    def directions(self) -> list[tuple[str, Values]]:
        """Along what the arguments are moved, and how messages call it."""
        point, names = self.subject.point, self.subject.names()
        found: list[tuple[str, Values]] = []
        if sum(p.size for p in point) <= _ELEMENTWISE:
            for k, (p, name) in enumerate(zip(point, names, strict=True)):
                for place in np.ndindex(p.shape):
                    for unit in (1, 1j) if p.dtype.kind == "c" else (1,):
                        unit_vector = [np.zeros_like(q) for q in point]
                        unit_vector[k][place] = unit
                        element = (
                            f", element {place if len(place) > 1 else place[0]}" if place else ""
                        )
                        part = " (imaginary part)" if unit == 1j else ""
                        found.append((f"{name}{element}{part}", unit_vector))
        for _ in range(2):
            found.append(("a random direction", [guilty.noise(self.rng, p) for p in point]))
        return found

    def run(self, order: int, modes: Sequence[str]) -> Report:
        """Compare."""
        subject = self.subject
        pulled = None
        if "reverse" in modes:
            _, pullback = vjp(self.listed, *subject.tensors(subject.point))
            pulled = [
                [value_of(g) for g in pullback([self.like(c, o) for c, o in zip(ct, self.recording.outs, strict=True)])]
                for ct in self.cts
            ]  # fmt: skip
        for name, direction in self.directions():
            self.first_order(name, direction, pulled, "forward" in modes)
        if order == 2:
            self.second_order()
        return self.report

    def listed(self, *tensors: Tensor) -> list[Tensor]:
        """The function as one from tensors to a list of tensors."""
        return self.subject(*tensors)

    @staticmethod
    def like(value: Array, out: Tensor) -> Tensor:
        """A cotangent in the class of the output it belongs to."""
        t = object.__new__(type(out).result_class)
        Tensor.__init__(t, np.asarray(value)[()])
        return t

    def path(self, direction: Values) -> Callable[[float], Values]:
        """The outputs along a line through the point."""
        return lambda t: self.subject.values(moved(self.subject.point, direction, t))

    def first_order(
        self, name: str, direction: Values, pulled: list[Values] | None, forward: bool
    ) -> None:
        """Compare both modes with the numbers along one direction."""
        subject = self.subject
        path = self.path(direction)
        numeric = differences(path, self.precision)
        want, accuracy, reference = numeric.slopes, 20 * numeric.error, "differences"
        if self.analytic:
            exact = complex_step(subject.values, subject.point, direction)
            near = exact is not None and size(
                [a - b for a, b in zip(exact, want, strict=True)]
            ) <= accuracy + 1e-5 * size(want)
            if exact is not None and near:
                want, accuracy, reference = exact, 0.0, "complex step"
            else:
                self.analytic = False
        self.report.reference = reference
        scale = max(size(want), 1e-12)
        if pulled is not None:
            for ct, grads in zip(self.cts, pulled, strict=True):
                got, should = inner(grads, direction), inner(ct, want)
                weight = max(sum(float(np.sum(np.abs(c) * np.abs(w))) for c, w in zip(ct, want, strict=True)),
                             sum(float(np.sum(np.abs(g) * np.abs(d))) for g, d in zip(grads, direction, strict=True)), 1e-12)  # fmt: skip
                off = abs(got - should)
                if off <= self.rtol * weight + accuracy * sum(float(np.sum(np.abs(c))) for c in ct):
                    self.note("reverse", off / weight)
                    if not self.analytic:
                        self.look_for_corner(name, path, ct, got)
                elif not self.at_kink(name, path, ct, got):
                    self.fail("reverse", name, direction, got, should, reference)
        if forward and "forward" not in self.report.skipped:
            slopes = self.pushed(direction)
            if slopes is None:
                return
            off = size([a - b for a, b in zip(slopes, want, strict=True)])
            if off <= self.rtol * max(scale, size(slopes)) + accuracy:
                self.note("forward", off / scale)
                return
            for ct in self.cts:
                got, should = inner(ct, slopes), inner(ct, want)
                if not self.at_kink(name, path, ct, got):
                    self.fail("forward", name, direction, got, should, reference)

    def pushed(self, direction: Values) -> Values | None:
        """The tangents by forward mode; None where an operation has none."""
        tensors = self.subject.tensors
        try:
            _, slopes = jvp(self.listed, tensors(self.subject.point), tensors(direction))
        except MissingRuleError as error:
            self.report.skipped["forward"] = str(error).splitlines()[0]
            return None
        return [value_of(s) for s in slopes]

    def note(self, mode: str, error: float) -> None:
        """Remember a disagreement within the tolerance."""
        self.report.errors[mode] = max(self.report.errors.get(mode, 0.0), error)

    def at_kink(self, name: str, path: Callable[[float], Values], ct: Values, got: float) -> bool:
        """Whether the slopes of both sides differ and `got` lies between them."""
        right, left = (inner(ct, s) for s in one_sided(path))
        low, high = min(right, left), max(right, left)
        slack = 1e-4 * max(abs(low), abs(high), 1e-9)
        if high - low > 4 * slack and low - slack <= got <= high + slack:
            text = f"{name}: {left:.6g} to the left, {right:.6g} to the right, chosen {got:.6g}"
            if text not in self.report.kinks:
                self.report.kinks.append(text)
            return True
        return False

    def look_for_corner(
        self, name: str, path: Callable[[float], Values], ct: Values, got: float
    ) -> None:
        """List a kink at which the slope chosen is the mean of both sides', as the central difference is."""
        jumps = []
        for h in (1e-5, 1e-6):
            right, left = (inner(ct, s) for s in one_sided(path, h))
            jumps.append(abs(right - left))
        # A curve's jump shrinks with the step; what rounding leaves grows.
        noise = 1e4 * self.precision * max(size(self.base), 1.0) / 1e-6
        if jumps[1] > max(noise, 1e-3 * abs(got)) and 0.9 < jumps[1] / jumps[0] < 1.1:
            self.at_kink(name, path, ct, got)

    def second_order(self) -> None:
        """Compare the derivative of the gradient with the differences of gradients."""
        subject = self.subject
        ct = self.cts[0]
        tensors = subject.tensors

        def gradient(*xs: Any) -> list[Any]:
            outs = self.recording.outs
            cts = [self.like(c, o) for c, o in zip(ct, outs, strict=True)]
            return list(vjp(self.listed, *xs)[1](cts))

        for _ in range(2):
            direction = [guilty.noise(self.rng, p) for p in subject.point]

            def path(t: float, d: Values = direction) -> Values:
                return [value_of(g) for g in gradient(*tensors(moved(subject.point, d, t)))]

            want, error = differences(path, self.precision)
            if not np.isfinite(error) or (
                self.report.kinks and error > 1e-3 * max(size(want), 1.0)
            ):
                self.report.skipped["second order"] = "the gradient jumps or is not finite here"
                return
            try:
                got = [
                    value_of(g)
                    for g in jvp(gradient, tensors(subject.point), tensors(direction))[1]
                ]
            except MissingRuleError:
                got = self.twice_reverse(gradient, direction)
            off = size([g - w for g, w in zip(got, want, strict=True)])
            scale = max(size(want), size(got), 1e-12)
            if off <= self.rtol2 * scale + 50 * error:
                self.note("second order", off / scale)
                continue
            where = max(range(len(got)), key=lambda i: size([got[i] - want[i]]))
            g, w = got[where], want[where]
            place = np.unravel_index(int(np.argmax(np.abs(g - w))), g.shape)
            element = f"{subject.names()[where]}, element {tuple(map(int, place))} of the Hessian-vector product"
            self.fail("second order", element, direction, float(np.real(g[place])), float(np.real(w[place])), "differences")  # fmt: skip

    def twice_reverse(self, gradient: Callable[..., Any], direction: Values) -> Values:
        """The Hessian, which is symmetric, applied to a direction by the pullback of the gradient."""
        tensors = self.subject.tensors
        _, pullback = vjp(gradient, *tensors(self.subject.point))
        return [value_of(g) for g in pullback(list(tensors(direction)))]

    def fail(
        self, mode: str, name: str, direction: Values, got: float, want: float, reference: str
    ) -> None:
        """Raise, with the first operation that disagrees."""
        found = self.blamed(mode, direction)
        reference = {"differences": "central differences"}.get(reference, reference)
        lines = [
            f"{function_name(self.subject.f)}: {mode} disagrees with {reference}"
            if mode == "second order"
            else f"{function_name(self.subject.f)}: {mode} mode disagrees with {reference}",
            f"  moving {name}",
            f"  {mode + ':':<20}{got:.12g}",
            f"  {reference + ':':<20}{want:.12g}",
        ]
        if found is None:
            lines.append("  no single operation was found to disagree by itself")
        else:
            lines.append(f"  the first operation that disagrees: {found}")
        raise GradientMismatch(
            "\n".join(lines),
            mode,
            got,
            want,
            None if found is None else found.operation,
            None if found is None else at(found.site),
        )

    def blamed(self, mode: str, direction: Values) -> guilty.Guilty | None:
        """The first operation that disagrees."""
        if mode == "second order":
            found = guilty.first_in_second(self.recording, self.rtol2)
            return found if found is not None else self.own_function()
        together = guilty.Together(self.subject, direction)
        if not together.in_step:
            return None
        look = guilty.first_in_reverse if mode == "reverse" else guilty.first_in_forward
        return look(together, max(self.rtol, 1e-6))

    def own_function(self) -> guilty.Guilty | None:
        """At second order, when no primitive is wrong: the first function with a gradient of the user's."""
        for node in self.recording.nodes:
            if getattr(node, "primitive", None) is None and node.plan is None:
                reason = "the operations of dualtape in it agree; this function's gradient is written by the program"
                return guilty.Guilty(guilty.name_of(node), node.site, 0.0, 0.0, reason)
        return None


def value_of(x: Any) -> Array:
    """A result, array or tensor, as an array."""
    return np.asarray(x.value if isinstance(x, Tensor) else x)
