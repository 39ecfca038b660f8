"""The primitive: one operation with all its rules, declared once, by kind.

A rule is a function whose parameter names say what it needs. The first parameter is the tangent or the
cotangent; the others are residuals, by the names of the operation's inputs (`x`, `y`, `z` unless
declared otherwise) or `out` for its output; two names are special: `aval`, the shape and dtype of the
rule's own input, and `index`, the number of the operand in a variadic operation. Keyword-only
parameters are the operation's static parameters. Only what a rule names is kept.

Rules are written in operations of `dualtape.ops` and hold calculus only: broadcasting, dtype, need and
conjugation are done here and in `backward`, once.

NOTE [complex derivatives]
A cotangent is the derivative with respect to the real inner product Re(sum(conj(a) * b)), PyTorch's
convention. For a holomorphic operation the pushforward is multiplication by a complex Jacobian J, and
the pullback by its conjugate transpose. Rules are written for the plain transpose, and the engine
computes conj(rule(conj(ct))), which is the conjugate transpose because every rule is linear in ct. An
operation that is not holomorphic (abs, real, norms of complex vectors) declares `holomorphic=False`
and its pullback is taken as written.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple

from .errors import MissingRuleError, NotDifferentiableError

Rule = Callable[..., Any]

AVAL, INDEX = -1, -2
NO_RESIDUAL = -3
_SPECIAL = {"aval": AVAL, "index": INDEX}


class Signature:
    """What a rule asks for.

    Attributes:
        rule: The function.
        needs: Positions of the residuals in (*inputs, *outputs); or AVAL, INDEX.
        params: Names of static parameters; None for all.
        only: The one residual that it needs, or NO_RESIDUAL; None where it needs something else.
    """

    __slots__ = ("needs", "only", "params", "rule")

    def __init__(self, rule: Rule, needs: tuple[int, ...], params: tuple[str, ...] | None) -> None:
        self.rule = rule
        self.needs = needs
        self.params = params
        self.only: int | None = None
        if not needs:
            self.only = NO_RESIDUAL
        elif len(needs) == 1 and needs[0] >= 0:
            self.only = needs[0]


class Step(NamedTuple):
    """One rule of a plan: for which input, and where its residuals stand among the saved ones.

    `one` is the short form that the backward pass's fast path reads: the place of the only residual,
    AVAL or NO_RESIDUAL; None where the rule needs more than that.
    """

    input: int
    rule: Rule
    one: int | None
    picks: tuple[int, ...]
    params: tuple[str, ...] | None


class Plan:
    """What to keep, and what to run backward, when a given set of inputs needs gradients.

    Attributes:
        save: Chooses the residuals from the operands and the outputs.
        saves_output: Whether outputs are among them.
        sources: Where each stands in (*operands, *outputs).
        steps: A rule per input.
        rules: The same as plain tuples, which are unpacked in half the time.
        joint: One rule for all inputs instead.
        pull: The backward pass's short cut for nodes of this plan; made by `sweep` when it meets the first.
    """

    __slots__ = ("joint", "pull", "rules", "save", "saves_output", "sources", "steps")

    def __init__(
        self,
        save: Callable[[tuple[Any, ...]], tuple[Any, ...]],
        saves_output: bool,
        sources: tuple[int, ...],
        steps: tuple[Step, ...],
        joint: Step | None,
    ) -> None:
        self.save = save
        self.saves_output = saves_output
        self.sources = sources
        self.steps = steps
        self.rules = tuple([tuple(step) for step in steps])
        self.joint = joint
        self.pull: Callable[..., bool] | None = None


def _saver(sources: tuple[int, ...]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    if not sources:
        return itemgetter(slice(0, 0))
    if len(sources) == 1:  # a slice, so that one residual too comes as a tuple
        return itemgetter(slice(sources[0], sources[0] + 1))
    return itemgetter(*sources)


class Primitive:
    """An operation the engine knows. Made by `elementwise`, `linear`, `multilinear`, `general`, ...

    Attributes:
        name: Unique, for messages and graphs.
        eval: The operation on NumPy values: operands positional, static parameters keyword-only.
        inputs: Operand names; a variadic operation has one name, ending in `*`.
        vjps, jvps: A `Signature` per input; None where the output does not depend differentiably on
            it, or the string "missing" where the rule is not written.
        joint_vjp: Instead of `vjps`, one rule (ct, needs, *residuals, **params) for all inputs at
            once, where they share work; `needs` has a bool per input, the result a cotangent (or None)
            per input.
        aval: (*avals, **params) -> Aval or tuple of them.
        batch: vmap's rule (values, axes, size, **params) -> (outputs, axes); None for the kind's own.
        outputs: Number of outputs; 1 means a bare value, not a tuple.
        differentiable: Numbers of the outputs that have derivatives.
        pointwise: Each output element depends on the same element of the broadcast operands.
        straight: Pointwise, one output with a derivative: `forward.pushed_straight` may do it.
        masks: Part of an operand does not reach the result, so that its cotangent is zero there.
        view: The result may share memory with the first operand.
        kind: "elementwise", "linear", "multilinear", "general" or "constant" (no derivative).
        push: Instead of `jvps`, (primals, tangents) -> (outputs, tangents) for all operands at once; only
            operations given from outside (`custom`) have it.
    """

    push: ClassVar[Callable[..., Any] | None] = None
    straight: bool = False

    def __init__(
        self,
        name: str,
        eval: Callable[..., Any],
        *,
        kind: str,
        inputs: Sequence[str],
        vjps: Sequence[Rule | str | None],
        jvps: Sequence[Rule | str | None],
        joint_vjp: Rule | None = None,
        aval: Callable[..., Any],
        batch: Callable[..., Any] | None = None,
        outputs: int = 1,
        differentiable: Sequence[int] | None = None,
        holomorphic: bool = True,
        view: bool = False,
        pointwise: bool = False,
        masks: bool = False,
        grad_name: str | None = None,
        doc: str | None = None,
        source: str | None = None,
    ) -> None:
        self.name = name
        self.eval = eval
        self.kind = kind
        self.variadic = bool(inputs) and inputs[0].endswith("*")
        self.inputs = tuple(n.rstrip("*") for n in inputs)
        self.outputs = outputs
        self.differentiable = tuple(range(outputs) if differentiable is None else differentiable)
        self.holomorphic = holomorphic
        self.view = view
        self.pointwise = pointwise
        self.straight = pointwise and outputs == 1 and kind != "constant" and not view
        self.masks = masks
        self.aval = aval
        self.batch = batch
        self.grad_name = grad_name or camel(name) + "Backward0"
        self.source = source
        self.__doc__ = doc or f"The primitive `{name}`."
        self.vjps = tuple(self._signature(r) for r in vjps)
        self.jvps = tuple(self._signature(r) for r in jvps)
        self.joint_vjp = None if joint_vjp is None else self._signature(joint_vjp, skip=2)
        self._plans: dict[Any, Plan] = {}
        self.node_class: Any = None  # made by `bind` at the first recording

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def _signature(self, rule: Rule | str | None, skip: int = 1) -> Signature | str | None:
        if rule is None or isinstance(rule, str):
            return rule
        # From the code object: `inspect.signature` would be a third of the time of importing `ops`.
        # A decorated rule (`functools.wraps`) asks for what the rule inside asks for.
        code = getattr(rule, "__wrapped__", rule).__code__
        named = code.co_varnames[skip : code.co_argcount]
        needs = tuple([self._position(name) for name in named])
        if code.co_flags & inspect.CO_VARKEYWORDS:
            return Signature(rule, needs, None)
        last = code.co_argcount + code.co_kwonlyargcount
        return Signature(rule, needs, code.co_varnames[code.co_argcount : last])

    def _position(self, name: str) -> int:
        """Where `name` stands in (*inputs, *outputs)."""
        if name in _SPECIAL:
            return _SPECIAL[name]
        if name == "out":
            return len(self.inputs)
        if self.outputs > 1 and name.startswith("out") and name[3:].isdigit():
            return len(self.inputs) + int(name[3:])
        if name in self.inputs:
            return self.inputs.index(name)
        raise TypeError(
            f"primitive {self.name!r}: a rule names the residual {name!r}; it may name "
            f"{', '.join(self.inputs)}, out, aval or index"
        )

    def vjp_of(self, number: int) -> Signature | None:
        """The pullback rule for operand `number`, None when there is no dependence."""
        return self._rule(self.vjps, number, "reverse")

    def jvp_of(self, number: int) -> Signature | None:
        """The pushforward rule for operand `number`, None when there is no dependence."""
        return self._rule(self.jvps, number, "forward")

    def _rule(self, rules: tuple[Any, ...], number: int, mode: str) -> Signature | None:
        rule = rules[0 if self.variadic else number]
        if rule == "missing":
            raise MissingRuleError(
                f"the {mode}-mode derivative of {self.name} with respect to "
                f"{self.inputs[0 if self.variadic else number]!r} is not implemented in dualtape"
            )
        if rule == "undefined":
            raise NotDifferentiableError(
                f"{self.name} is not differentiable with respect to operand {number}"
            )
        return rule  # type: ignore[no-any-return]

    def plan(self, mask: int, count: int) -> Plan:
        """Return the plan for the operands whose bits are set in `mask`, of `count` operands."""
        key = mask if not self.variadic else (mask, count)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make_plan(mask, count)
        return plan

    def _make_plan(self, mask: int, count: int) -> Plan:
        shift = count - len(self.inputs) if self.variadic else 0
        sources: list[int] = []

        def picks(needs: tuple[int, ...]) -> tuple[int, ...]:
            at = [n + shift if n >= len(self.inputs) else n for n in needs]
            sources.extend(n for n in at if n >= 0 and n not in sources)
            return tuple(n if n < 0 else sources.index(n) for n in at)

        joint, steps = None, []
        if isinstance(self.joint_vjp, Signature):
            s = self.joint_vjp
            joint = Step(0, s.rule, None, picks(s.needs), s.params)
        else:
            for i in range(count):
                if mask >> i & 1 and (rule := self.vjp_of(i)) is not None:
                    at = picks(rule.needs)
                    one = (
                        NO_RESIDUAL
                        if not at
                        else at[0]
                        if len(at) == 1 and at[0] != INDEX
                        else None
                    )
                    steps.append(Step(i, rule.rule, one, at, rule.params))
        return Plan(
            _saver(tuple(sources)),
            any(n >= count for n in sources),
            tuple(sources),
            tuple(steps),
            joint,
        )


def camel(name: str) -> str:
    """`log_softmax` -> `LogSoftmax`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


_NAMES = ("x", "y", "z", "w")


def _names(inputs: str | None, number: int) -> tuple[str, ...]:
    return tuple(inputs.split()) if inputs else _NAMES[:number]
