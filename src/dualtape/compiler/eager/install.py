"""Which primitives and rules get gates, and when.

A program without large arrays never comes here: front ends call `core.large.met` when one is made, and that
is what puts the gates in front of the NumPy functions that large arrays may be too much for. They are Python's at first.
Once enough elements have passed through them, llvmlite is imported, and the gates become native code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from ...core.primitive import Primitive, Signature
from .gates import originals, python_gate

BEGINS = 1 << 24
"""Elements that have gone through gates before llvmlite is imported, which takes as long as NumPy for some of them."""

_OPS = __name__.split(".")[0] + ".ops."

_CHEAP = {
    np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.absolute, np.maximum, np.minimum,
    np.sqrt, np.square, np.reciprocal, np.floor, np.ceil, np.rint, np.trunc, np.equal, np.not_equal, np.less,
    np.less_equal, np.greater, np.greater_equal, np.logical_and, np.logical_or, np.logical_not, np.isnan, np.isinf,
    np.isfinite, np.copysign, np.fmax, np.fmin, np.conjugate,
}  # fmt: skip
"""What NumPy does as fast as memory is."""

_PLAIN = {np.sin, np.cos, np.arcsin, np.arccos, np.arctan}
"""Elementary functions that kernels compute faster than NumPy's vectors of 512 bits."""


def _vectors() -> bool:
    """Whether NumPy has elementary functions in vectors of 512 bits here, which its wheels for Linux have.

    They are as fast as ours; without them NumPy takes 3 to 20 times as long.
    """
    core = getattr(getattr(np, "_core", None), "_multiarray_umath", None)
    features: dict[str, bool] = getattr(core, "__cpu_features__", {})
    return sys.platform == "linux" and any(features.get(k) for k in ("X86_V4", "AVX512_SKX"))


_LATER = (
    "attention", "cross_entropy", "grid", "integrals", "lookup", "loss", "normalize", "pointwise_loss", "polynomials",
    "tf_choices", "tf_slopes",
)  # fmt: skip
"""Where there are more primitives with kernels, which front ends import when they are asked for them."""


class Gated:
    """A function of a primitive's that has a gate: its `eval`, or the rule of a pullback."""

    def __init__(self, primitive: Primitive, holder: Any, number: int | None) -> None:
        self.primitive = primitive
        self.holder = holder
        self.field = "eval" if number is None else "rule"
        self.number = number
        self.joint = holder is primitive.joint_vjp
        self.original = getattr(holder, self.field)
        self.name = primitive.name if number is None else f"the pullback of {primitive.name}"

    def put(self, f: Callable[..., Any]) -> None:
        """Set the function."""
        if self.number is None:
            originals[self.primitive] = self.original
        setattr(self.holder, self.field, f)
        if self.number is not None:
            self.primitive._plans.clear()  # which hold the rules

    def remove(self) -> None:
        """Take the gate away."""
        self.put(self.original)

    def targets(self) -> tuple[int | None, ...]:
        """For a rule: by its results, which of its arguments are what they are the cotangents of."""
        if self.number is None:
            return ()
        before = 2 if self.joint else 1
        of = range(len(self.primitive.inputs)) if self.joint else (self.number,)
        needs = self.holder.needs
        return tuple([before + needs.index(i) if i in needs else None for i in of])


gated: list[Gated] = []
seen: set[int] = set()

passed = 0
"""Elements so far, before there are kernels."""
begun = False
"""Whether there are native gates, or none because they cannot be made."""


def awaken() -> None:
    """Put gates in front of everything, if kernels are wanted and can be made."""
    choice = os.environ.get("DUALTAPE_EAGER_KERNELS", "")
    if begun or choice == "0" or find_spec("llvmlite") is None:
        return
    for name in _LATER:  # now, since nobody tells of it when they come
        import_module(f"{_OPS}{name}")
    find()
    if choice == "1":
        begin(at_once=True)
        return
    for g in gated:
        g.put(python_gate(g.original, _counting(g.original)))


def _counting(original: Callable[..., Any]) -> Callable[..., Any]:
    def count(*args: Any, **params: Any) -> Any:
        global passed
        passed += max([a.size for a in args if type(a) is np.ndarray])
        if passed >= BEGINS:
            begin()
        return original(*args, **params)

    return count


def begin(at_once: bool = False) -> None:
    """Import the compiler, and put native gates in front of what it can do."""
    global begun
    if not begun:
        begun = True
        find()
        import_module(f"{__package__}.begin").native_gates(gated, at_once)


def find() -> None:
    """Note the functions of primitives that are new."""
    for p in list(_primitives()):
        if id(p) not in seen:
            seen.add(id(p))
            gated.extend(_of(p))


def _primitives() -> Iterator[Primitive]:
    for name, module in list(sys.modules.items()):
        if name.startswith(_OPS):
            for thing in list(vars(module).values()):
                if isinstance(thing, Primitive) and thing.kind in ("elementwise", "general"):
                    yield thing


def _of(p: Primitive) -> Iterator[Gated]:
    cheap = isinstance(p.eval, np.ufunc) and (
        p.eval in _CHEAP or (p.eval not in _PLAIN and _vectors())
    )
    if not cheap and (isinstance(p.eval, np.ufunc) or hasattr(p.eval, "__code__")):
        yield Gated(p, p, None)
    if isinstance(p.joint_vjp, Signature):
        if not p.variadic:
            yield Gated(p, p.joint_vjp, -1)
        return
    for i, rule in enumerate(p.vjps):
        if isinstance(rule, Signature) and not p.variadic:
            yield Gated(p, rule, i)
