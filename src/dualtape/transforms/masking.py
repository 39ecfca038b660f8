"""Predicates of control flow: their truth, and what to do where it differs from example to example.

NOTE [masked branches]
Where examples of a batch disagree, a branch runs for all of them and its results are selected. Its
derivatives for the examples that did not want it are zero times something; the something must be finite, or
it would turn into NaN in whatever is shared among examples. So a branch gets, in place of the operands of
examples that do not want it, those of one that does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.aval import Aval, aval_of
from ..core.batching import Batched, Batching
from ..core.boxes import Box
from ..core.errors import DtypeError, ShapeError, StructureError, TransformError
from ..core.tensor import Outer, Tensor
from ..core.vocabulary import vocabulary
from ..ops.compare import ne
from ..ops.select import where
from . import tree
from .surface import lift, lower, output


def numbers(x: Any, what: str) -> tuple[Any, list[Batching]]:
    """The numbers that a value stands for, and the batches that its leading axes are, outermost first.

    Raises:
        TransformError: It is being traced and has none.
    """
    if isinstance(x, Tensor):
        return numbers(x.value, what)
    if isinstance(x, Outer):
        return numbers(x.content, what)
    if isinstance(x, Batched):
        array, levels = numbers(x.content, what)
        at = len(levels)
        return np.moveaxis(array, at + x.axis, at), [*levels, x.interpreter]  # type: ignore[list-item]
    primal = getattr(x, "primal", None)
    if primal is not None:
        return numbers(primal, what)
    if isinstance(x, Box):
        raise TransformError(
            f"{what}: the predicate is a value of a {x.interpreter.name} and has no number yet"
        )
    return np.asarray(x), []


class Predicate(NamedTuple):
    """A predicate: as a boolean tensor, as numbers, and the batches over which these differ."""

    tensor: Tensor
    truth: Any
    levels: list[Batching]

    def example(self) -> dict[Batching, int]:
        """Where in the batches it holds, once."""
        place = np.unravel_index(int(np.argmax(self.truth)), self.truth.shape)
        return dict(zip(self.levels, map(int, place), strict=True))


def predicate(x: Any, what: str) -> Predicate:
    """A scalar as a predicate.

    Raises:
        ShapeError: It is not a scalar.
        TypeError: It is no number.
        TransformError: It has no numbers.
    """
    t = output(x, what)
    if tuple(t.shape) != ():
        raise ShapeError(
            f"{what}: the predicate must be a scalar, got an array of shape {list(t.shape)}: use np.where to "
            "choose elementwise, or vmap for a decision per example"
        )
    if t.value.dtype != np.bool_:
        t = lift(ne(t, np.zeros((), t.value.dtype)))
    truth, levels = numbers(t, what)
    return Predicate(t, truth, levels)


def safe(x: Any, chosen: Predicate) -> Any:
    """An operand for a branch: that of a chosen example where the branch is not wanted."""
    if not isinstance(x, (Tensor, Box)):
        return x
    t = lift(x)
    array, levels = numbers(t, "operand")
    if not levels:
        return x
    example = chosen.example()
    index = tuple([example.get(level, 0) for level in levels])
    return lower(where(chosen.tensor, t, np.array(array[index])))


def selected(chosen: Predicate, new: list[Any], old: list[Any]) -> list[Any]:
    """Leaf by leaf, `new` where the predicate holds and `old` elsewhere."""
    return [
        n if n is o else lower(where(chosen.tensor, lift(n), lift(o)))
        for n, o in zip(new, old, strict=True)
    ]


def is_weak(x: Any) -> bool:
    """Whether `x` is a Python number, which takes on the dtype of what it meets."""
    return isinstance(x, (bool, int, float, complex)) and not isinstance(x, np.generic)


def paths(structure: tree.Structure, at: str = "") -> list[str]:
    """Where each leaf stands, for messages: `[0]['h']`."""
    if structure.kind is tree.LEAF:
        return [at]
    extra = structure.extra
    keys = extra if isinstance(extra, tuple) and len(extra) == len(structure.children) else None
    out = []
    for i, child in enumerate(structure.children):
        step = f"[{i if keys is None else keys[i]!r}]"
        out.extend(paths(child, at + step))
    return out


class Carried:
    """The structure, shapes and dtypes that a loop's value keeps.

    Args:
        init: The value before the first step.
        what: The loop, for messages.
    """

    def __init__(self, init: Any, what: str) -> None:
        self.what = what
        self.leaves, self.structure = tree.flatten(init)
        self.avals: list[Aval] = [aval_of(output(x, what)) for x in self.leaves]
        self.weak = [is_weak(x) for x in self.leaves]

    def after(self, value: Any) -> list[Any]:
        """The leaves of the value after a step.

        Raises:
            StructureError, ShapeError, DtypeError: It is of another type.
        """
        try:
            leaves = tree.matched(
                self.structure,
                value,
                f"{self.what}: what the body returns must be like the initial value",
            )
        except StructureError as error:
            raise StructureError(f"{error}\n  (of {self.what})") from None
        for i, leaf in enumerate(leaves):
            have, want = aval_of(output(leaf, self.what)), self.avals[i]
            if have.dtype != want.dtype and (self.weak[i] or is_weak(leaf)):
                if self.weak[i] and _kind(have) >= _kind(want):
                    want = self.avals[i] = Aval(want.shape, have.dtype)
                elif is_weak(leaf) and _kind(have) <= _kind(want):
                    leaves[i] = lower(vocabulary.cast(lift(leaf), want.dtype))
                    have = want
            self.weak[i] = False
            if have != want:
                kind = ShapeError if have.shape != want.shape else DtypeError
                raise kind(
                    f"{self.what}: the body must return what it was given: same shapes and dtypes\n"
                    f"  the carried value{paths(self.structure)[i]} was {want}\n"
                    f"  and the body returned {have}\n"
                    "  Start with a value of that type, or convert inside the body."
                )
        return leaves

    def returned(self, leaves: list[Any]) -> Any:
        """The value as the caller gets it: arrays, no Python numbers."""
        return self.structure.unflatten([lower(lift(x)) if is_weak(x) else x for x in leaves])


def _kind(aval: Aval) -> int:
    """Bool, integer, floating, complex: in this order."""
    return "buifc".replace("u", "").find(aval.dtype.kind.replace("u", "i").replace("V", "f"))
