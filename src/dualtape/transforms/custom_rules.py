"""How a function with a custom rule is run, pushed through and pulled back; each mode from the other.

The pullback of a function with a jvp rule is the transpose of that rule, which is linear in the tangents:
the rule is recorded and pulled back. The pushforward of one with a vjp rule is the transpose of the
pullback, which is linear in the cotangent.

NOTE [residuals of custom rules]
What `fwd` keeps for `bwd` depends on the arguments, and an outer derivative must see that. So, where the
function is recorded, residuals are outputs of the operation too: one that is an argument, or the output
itself, is recognised as such; the others are differentiated through the code of `fwd`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core import tracing
from ..core.aval import Aval, aval_of, is_inexact
from ..core.custom import Call, Rules, Values
from ..core.errors import RuleError, StructureError
from ..core.modes import depth
from ..core.tensor import Tensor, wrap
from ..core.value import Value
from ..core.vocabulary import vocabulary
from . import tree
from .custom_batch import OnBatch
from .draws import apart
from .forward import jvp
from .reverse import vjp
from .surface import inner, lift, lower, native, output, outward

if TYPE_CHECKING:
    from .custom import CustomRule


class Kept(NamedTuple):
    """Where a residual comes from: an operand ("in"), an output ("out"), itself ("own"), or a setting."""

    kind: str
    place: int
    cls: Any = None
    value: Any = None


class Operation(Rules):
    """One call of a function with custom rules, between trees of arrays outside and values inside."""

    def __init__(
        self,
        user: CustomRule,
        settings: tuple[Any, ...],
        structure: tree.Structure,
        leaves: list[Any],
        places: list[int],
        classes: list[Any],
        residuals: bool,
    ) -> None:
        self.user = user
        self.name = user.name
        self.node_class = user.node_class
        self.by_slices = user.by_slices
        self.settings = settings
        self.structure = structure
        self.leaves = leaves
        self.places = places
        self.classes = classes
        self.residuals = residuals
        self.out_structure = tree.ONE_LEAF
        self.out_classes: list[Any] = []
        self.out_avals: list[Aval] = []
        self.kept: list[Kept] = []
        self.kept_structure = tree.ONE_LEAF

    # --- between values and what the user's functions see

    def arguments(self, tensors: list[Any]) -> tuple[Any, ...]:
        """The user's differentiable arguments around the operands."""
        leaves = list(self.leaves)
        for place, t in zip(self.places, tensors, strict=True):
            leaves[place] = t
        return self.structure.unflatten(leaves)  # type: ignore[no-any-return]

    def given(self, values: Values) -> list[Any]:
        """Operands as the user's functions see them."""
        return [seen(v, c) for v, c in zip(values, self.classes, strict=True)]

    def returned(self, outs: Any) -> Any:
        """Outputs as the caller gets them."""
        return self.out_structure.unflatten(
            [
                lower(outward(o, c))
                for o, c in zip(outs[: len(self.out_classes)], self.out_classes, strict=True)
            ]
        )

    def note(self, out: Any) -> list[Any]:
        """Take the output apart; remember its structure. Returns its leaves."""
        leaves, self.out_structure = tree.flatten(out)
        tensors = [output(leaf, self.name) for leaf in leaves]
        self.out_classes = [type(t).result_class for t in tensors]
        self.out_avals = [aval_of(t) for t in tensors]
        return tensors

    # --- running

    def run(self, values: Values) -> Values:
        """See `Rules.run`."""
        if self.by_slices:
            with apart():
                outs = self.evaluate(values)
        else:
            outs = self.evaluate(values)
        if not self.user.checked and not any(isinstance(v, Value) for v in (*values, *outs)):
            self.user.check(self, values)
        return outs

    def evaluate(self, values: Values) -> Values:
        """Call the user's function, or `fwd` where the residuals are asked for."""
        given = self.given(values)
        args = self.user.merged(self.settings, self.arguments(given))
        if self.residuals:
            assert self.user.fwd is not None
            return self.forward(self.user.fwd(*args), given)
        return [inner(t) for t in self.note(self.user.f(*args))]

    def forward(self, result: Any, given: list[Any]) -> Values:
        """The values of output and residuals; see NOTE [residuals of custom rules]."""
        if not isinstance(result, tuple) or len(result) != 2:
            raise RuleError(f"custom_rule {self.name}: fwd must return (output, residuals)")
        out_leaves = tree.leaves(result[0])
        outs = [inner(t) for t in self.note(result[0])]
        leaves, self.kept_structure = tree.flatten(result[1])
        self.kept = []
        for leaf in leaves:
            kept = _same("in", leaf, given) or _same("out", leaf, out_leaves)
            if kept is None and isinstance(leaf, (Value, np.ndarray, np.generic)):
                kept = Kept("own", len(outs), type(lift(leaf)).result_class)
                outs.append(inner(lift(leaf)))
            self.kept.append(kept or Kept("setting", 0, value=leaf))
        return outs

    def residual_tree(self, primals: Values, outs: Values) -> Any:
        """What `fwd` kept, rebuilt from operands and outputs."""
        leaves = []
        for k in self.kept:
            if k.kind == "setting":
                leaves.append(k.value)
            elif k.kind == "in":
                leaves.append(seen(primals[k.place], self.classes[k.place]))
            else:
                cls = self.out_classes[k.place] if k.kind == "out" else k.cls
                leaves.append(seen(outs[k.place], cls))
        return self.kept_structure.unflatten(leaves)

    def own(self, given: list[Any]) -> list[Any]:
        """The residuals that are outputs of their own, as a differentiable function of the operands."""
        assert self.user.fwd is not None
        args = self.user.merged(self.settings, self.arguments(given))
        leaves = tree.leaves(self.user.fwd(*args)[1])
        return [leaf for leaf, k in zip(leaves, self.kept, strict=True) if k.kind == "own"]

    def with_residuals(self, residuals: bool = True) -> Operation:
        """The same call with the residuals among its outputs (or without)."""
        return Operation(
            self.user, self.settings, self.structure, self.leaves, self.places, self.classes, residuals
        )  # fmt: skip

    def keeps(self, outs: int) -> tuple[int, ...]:
        """See `Rules.keeps`."""
        if self.residuals:
            own = range(len(self.out_classes), outs)
            return tuple(sorted({*own, *[k.place for k in self.kept if k.kind == "out"]}))
        return tuple(range(outs)) if self.user.simple_jvp is not None else ()

    # --- the rules as they were given

    def tangent_rule(
        self, primals: Values, outs: Values | None, dots: list[Any]
    ) -> tuple[Any, list[Any]]:
        """Run the user's jvp; return the output (if the rule computes it) and the tangents' leaves."""
        user = self.user
        args = self.arguments(self.given(primals))
        filled = [
            lower(zeros(p, c)) if d is None else d
            for p, c, d in zip(primals, self.classes, dots, strict=True)
        ]
        tangents = self.arguments(filled)
        if user.jvp is not None:
            pair = user.jvp(*self.settings, args, tangents)
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise RuleError(f"custom_rule {self.name}: jvp must return (output, tangent)")
            out, dot = pair
            if not self.out_classes:
                self.note(out)
        else:
            assert user.simple_jvp is not None
            assert outs is not None
            out = None
            dot = user.simple_jvp(self.returned(outs), user.merged(self.settings, args), tangents)
        return out, self._matched(self.out_structure, dot, "jvp", "tangent", "output")

    def cotangent_rule(self, primals: Values, outs: Values, cts: list[Any]) -> list[Any]:
        """Run the user's bwd; return a cotangent (None for zero) per operand."""
        assert self.user.bwd is not None
        ct = self.out_structure.unflatten(cts)
        back = self.user.bwd(*self.settings, self.residual_tree(primals, outs), ct)
        if not isinstance(back, (tuple, list)):
            back = (back,)
        children = self.structure.children
        if len(back) != len(children):
            raise RuleError(
                f"custom_rule {self.name}: the vjp must return a cotangent for each of {len(children)} arguments, "
                f"got {len(back)}"
            )
        found: list[Any] = []
        for number, (b, child) in enumerate(zip(back, children, strict=True)):
            if b is None:
                found.extend([None] * child.leaf_count)
            else:
                found.extend(self._matched(child, b, "vjp", "cotangent", f"argument {number}"))
        picked = [found[place] for place in self.places]
        for i, (g, p) in enumerate(zip(picked, primals, strict=True)):
            self._fits(g, p, "vjp", f"operand {i}")
        return picked

    def _matched(
        self, structure: tree.Structure, x: Any, rule: str, what: str, of: str
    ) -> list[Any]:
        try:
            return tree.matched(structure, x, f"custom_rule {self.name}: {what} of the {of}")
        except StructureError as error:
            raise RuleError(f"{error}\n  returned by its {rule} rule") from error

    def _fits(self, x: Any, like: Any, rule: str, of: str) -> None:
        if x is not None and tuple(lift(x).shape) != tuple(like.shape):
            raise RuleError(
                f"custom_rule {self.name}: the {rule} returned shape {list(lift(x).shape)} for {of}, "
                f"expected {list(like.shape)}"
            )

    # --- both modes, from whichever rule there is

    def push(self, call: Call, primals: Values, tangents: Values) -> tuple[Values, Values]:
        """See `Rules.push`."""
        user = self.user
        shown = [
            None if d is None else seen(d, c) for d, c in zip(tangents, self.classes, strict=True)
        ]
        if user.jvp is None and user.simple_jvp is None:
            full = self if self.residuals else self.with_residuals()
            outs = list((call if full is self else Call(full, len(primals)))(*primals))
            count = len(full.out_classes)
            self.out_structure, self.out_classes = full.out_structure, full.out_classes
            self.out_avals = full.out_avals
            dots = full.transposed_bwd(primals, outs, tangents)
        else:
            outs = []
            if user.jvp is None or self.residuals or any(isinstance(p, Value) for p in primals):
                outs = list(call(*primals))
            out, leaves = self.tangent_rule(primals, outs or None, shown)
            if not outs:  # nothing else is to be known of the output than the rule's own
                outs = [inner(t) for t in self.note(out)]
                call.check_closed(primals, outs)
            count = len(self.out_classes)
            for i, (d, o) in enumerate(zip(leaves, outs, strict=False)):
                self._fits(d, o, "jvp", f"output {i}")
            dots = [inner(lift(d)) for d in leaves]
        if self.residuals:
            dots += self._own_tangents(primals, shown, len(outs) - count)
            return outs, dots
        return outs[:count], dots

    def _own_tangents(self, primals: Values, shown: list[Any], count: int) -> Values:
        if not count:
            return []
        at = [i for i, d in enumerate(shown) if d is not None]
        given = self.given(primals)

        def own(*moving: Any) -> list[Any]:
            return self.own(_replaced(given, at, moving))

        _, dots = jvp(own, [given[i] for i in at], [shown[i] for i in at])
        return [inner(lift(d)) for d in dots]

    def transposed_bwd(self, primals: Values, outs: Values, tangents: Values) -> Values:
        """The outputs' tangents: the transpose of the pullback, applied to the tangents."""
        at = [i for i, d in enumerate(tangents) if d is not None]
        count = len(self.out_classes)
        floating = [i for i in range(count) if is_inexact(aval_of(outs[i]).dtype)]
        blanks = [zeros(outs[i], self.out_classes[i]) for i in range(count)]

        def back(*cts: Any) -> list[Any]:
            grads = self.cotangent_rule(primals, outs, _replaced(blanks, floating, cts))
            return [
                zeros(primals[i], self.classes[i]) if grads[i] is None else grads[i] for i in at
            ]

        _, transpose = vjp(back, *[blanks[i] for i in floating])
        found = transpose([outward(tangents[i], self.classes[i]) for i in at])
        dots: Values = [None] * count
        for i, d in zip(floating, found, strict=True):
            dots[i] = inner(lift(d))
        return dots

    def pull(self, cts: Values, needs: tuple[bool, ...], primals: Values, outs: Values) -> Values:
        """See `Rules.pull`."""
        plain = not any(isinstance(c, Tensor) for c in cts) and not depth()
        if self.user.bwd is None:
            grads = self.transposed_jvp(cts, needs, primals, outs)
        else:
            full = self
            if not self.residuals:
                full = self.with_residuals()
                outs = list(Call(full, len(primals))(*primals))
            grads = full.pull_back(cts, needs, primals, outs)
        if plain:  # whatever history a rule brought in, nobody will ask for it
            return [g.value if isinstance(g, Tensor) else g for g in grads]
        return grads

    def pull_back(
        self, cts: Values, needs: tuple[bool, ...], primals: Values, outs: Values
    ) -> Values:
        """The operands' cotangents by the user's bwd, and through the residuals."""
        count = len(self.out_classes)
        grads: Values = [None] * len(primals)
        if any(c is not None for c in cts[:count]):
            shown = [
                lower(zeros(a, cls)) if c is None else seen(c, cls)
                for c, a, cls in zip(cts[:count], self.out_avals, self.out_classes, strict=True)
            ]
            back = self.cotangent_rule(primals, outs, shown)
            grads = [
                None if g is None or not n else inner(lift(g))
                for g, n in zip(back, needs, strict=True)
            ]
        if any(c is not None for c in cts[count:]):
            at = [i for i, n in enumerate(needs) if n]
            given = self.given(primals)
            arrived = [i for i, c in enumerate(cts[count:]) if c is not None]

            def own(*moving: Any) -> list[Any]:
                found = self.own(_replaced(given, at, moving))
                return [found[i] for i in arrived]

            _, transpose = vjp(own, *[given[i] for i in at])
            more = transpose([outward(cts[count + i], native()) for i in arrived])
            for i, g in zip(at, more, strict=True):
                value = inner(lift(g))
                grads[i] = value if grads[i] is None else vocabulary.add(grads[i], value)
        return grads

    def transposed_jvp(
        self, cts: Values, needs: tuple[bool, ...], primals: Values, outs: Values
    ) -> Values:
        """The operands' cotangents: the transpose of the pushforward, applied to the cotangents."""
        at = [i for i, n in enumerate(needs) if n]
        arrived = [i for i, c in enumerate(cts) if c is not None]

        def forth(*dots: Any) -> list[Any]:
            moving = _replaced([None] * len(primals), at, dots)
            leaves = self.tangent_rule(primals, outs, moving)[1]
            for i in arrived:
                self._fits(leaves[i], self.out_avals[i], "jvp", f"output {i}")
            return [leaves[i] for i in arrived]

        _, transpose = vjp(forth, *[zeros(primals[i], self.classes[i]) for i in at])
        found = transpose([outward(cts[i], self.out_classes[i]) for i in arrived])
        grads: Values = [None] * len(primals)
        for i, g in zip(at, found, strict=True):
            grads[i] = inner(lift(g))
        return grads

    def avals(self, avals: tuple[Aval, ...]) -> list[Aval]:
        """See `Rules.avals`."""
        if not self.user.like_first:
            return super().avals(avals)
        self.out_structure, self.out_classes = tree.ONE_LEAF, self.classes[:1]
        self.out_avals = list(avals[:1])
        return self.out_avals

    def batched(self, axes: list[int | None], size: int) -> Rules:
        """See `Rules.batched`."""
        return OnBatch(self, axes, size)


def seen(value: Any, cls: type[Tensor]) -> Any:
    """A value as the user's functions see it: an array where it is one and nothing hangs on it."""
    return lower(outward(value, cls))


def zeros(like: Any, cls: type[Tensor]) -> Tensor:
    """Zeros of the shape and dtype of a value (or an abstract one), as a tensor."""
    aval = aval_of(like)
    return wrap(cls, tracing.zeros(aval.shape, aval.dtype))


def _same(kind: str, leaf: Any, among: list[Any]) -> Kept | None:
    return next((Kept(kind, i) for i, x in enumerate(among) if x is leaf), None)


def _replaced(base: list[Any], at: list[int], new: Any) -> list[Any]:
    given = dict(zip(at, new, strict=True))
    return [given.get(i, x) for i, x in enumerate(base)]
