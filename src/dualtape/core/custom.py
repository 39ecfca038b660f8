"""Operations whose rules are given from outside: as one primitive per call, or as a front end's own node.

A front end (or `transforms.custom`) describes the operation as a `Rules`: how to run it, push tangents
and pull cotangents, on lists of values. `Call` puts that through the same door as every primitive, so
that levels, recording, hooks on residuals, tracing, forward mode and batching are the engine's.
"""

from __future__ import annotations

from typing import Any

from .aval import Aval, aval_of, is_inexact
from .batching import Batched
from .bind import NaryPrimitive
from .errors import TransformError
from .forward import Dual
from .graph import Node, Output
from .modes import AROUND, BOXED, OBSERVED, TIMED, current
from .observation import tell, timed
from .primitive import Plan, Step
from .pullback import SeveralOutputsNode
from .saved import look_at
from .tensor import Outer, Tensor
from .tracing import tracing
from .value import Value
from .vocabulary import vocabulary

Values = list[Any]


class CallNode(SeveralOutputsNode):
    """The node of a `Call`. Its outputs' number and dtypes are known call by call."""

    __slots__ = ()

    @property
    def primitive(self) -> Any:  # type: ignore[override]
        """The call."""
        joint = self.plan.joint
        assert joint is not None
        return joint.rule.__self__  # type: ignore[attr-defined]

    @property
    def differentiable(self) -> tuple[int, ...]:
        """The numbers of the outputs that have derivatives."""
        return tuple(i for i, (_, dtype) in enumerate(self.output_avals) if is_inexact(dtype))

    def missing(self, number: int) -> Any:
        """None: a rule may do less where nothing arrived at an output."""
        return None

    def edge_of(self, number: int) -> Any:
        """The edge of output `number`, None where it has no derivative."""
        shape, dtype = self.output_avals[number]
        return Output(self, number, shape, dtype) if is_inexact(dtype) else None


class UserNode(Node):
    """The node of a call that a front end has run and whose derivative is a function of the user's, on tensors.

    Subclasses say how that function is asked. What such a call computes, keeps and may write into is the dialect's;
    see "Rules that users write" in docs/architecture.md.

    Attributes:
        gave_none: The inputs that needed a gradient and for which the function returned None.
        output_avals: The outputs' shapes and dtypes; None for one output that is no tuple.
    """

    __slots__ = ("differentiable", "gave_none", "output_avals")

    gave_none: frozenset[int]
    output_avals: tuple[tuple[tuple[int, ...], Any], ...] | None
    differentiable: tuple[int, ...]

    def begin(self, avals: tuple[Any, ...] | None, count: int) -> None:
        """Set what `new_node` does not: the outputs' shapes and dtypes, and their number."""
        self.gave_none = frozenset()
        self.output_avals = avals
        self.differentiable = tuple(range(count))

    def asked(self, cts: tuple[Any, ...], edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """Return the gradients of the inputs, None for zero, as `Node.pullback` does.

        Args:
            cts: One per output; what `missing` gave where nothing arrived.
            edges, graph: As for `Node.pullback`.
        """
        raise NotImplementedError

    def pullback(self, ct: Any, edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """See `Node.pullback`."""
        grads = self.asked(ct if isinstance(ct, tuple) else (ct,), edges, graph)
        nones = [i for i, g in enumerate(grads) if g is None and self.inputs[i] is not None]
        if nones:
            self.gave_none |= {*nones}
        return grads

    def edge_of(self, number: int) -> Any:
        """The edge of output `number`."""
        if self.output_avals is None:
            return self
        shape, dtype = self.output_avals[number]
        return Output(self, number, shape, dtype)


class Rules:
    """An operation on values: arrays, boxes, or tensors of outer levels. Subclasses say which.

    Attributes:
        name: For messages and nodes.
        node_class: A subclass of `CallNode`, named as the operation's nodes are to be printed.
        by_slices: Whether vmap runs it example by example rather than on boxes.
    """

    name: str
    node_class: type[CallNode] = CallNode
    by_slices: bool = False

    def run(self, values: Values) -> Values:
        """Return the outputs."""
        raise NotImplementedError

    def push(self, call: Call, primals: Values, tangents: Values) -> tuple[Values, Values]:
        """Return the outputs and their tangents.

        Args:
            call: The call, for the outputs at `primals` as outer levels see them.
            primals: The operands.
            tangents: One per operand, None for zero; so may be the result's.
        """
        raise NotImplementedError

    def pull(self, cts: Values, needs: tuple[bool, ...], primals: Values, outs: Values) -> Values:
        """Return a cotangent, or None for zero, per operand.

        Args:
            cts: One per output, None where nothing arrived.
            needs: Which operands' are wanted.
            primals: The operands.
            outs: The outputs that `keeps` names, None for the others.
        """
        raise NotImplementedError

    def keeps(self, outs: int) -> tuple[int, ...]:
        """The numbers of the outputs (of `outs`) that `pull` wants to see; the operands are kept anyway."""
        return ()

    def batched(self, axes: list[int | None], size: int) -> Rules:
        """The same operation on whole batches; its outputs have the batch at axis 0."""
        raise NotImplementedError

    def avals(self, avals: tuple[Aval, ...]) -> list[Aval]:
        """The outputs' shapes and dtypes: by tracing, unless a subclass knows better.

        Raises:
            TransformError: They depend on a value under differentiation that is no operand.
        """
        with tracing() as t:
            outs = [aval_of(v) for v in self.run([t.variable(a) for a in avals])]
        if any(map(is_differentiated, t.constants.values())):
            raise not_closed(self.name)
        return outs


def is_differentiated(x: Any) -> bool:
    """Whether a derivative by a value, or a tensor, is being taken: of whatever level, also under a batch."""
    while isinstance(x, (Tensor, Outer, Batched)):
        if isinstance(x, Tensor) and x.current_edge() is not None:
            return True
        x = x.value if isinstance(x, Tensor) else x.content
    return isinstance(x, Dual)


def not_closed(name: str) -> TransformError:
    """The error for a function with a rule that depends on more than its arguments."""
    return TransformError(
        f"{name} closes over a value that is being differentiated or batched; its rule would "
        "miss that derivative. Pass the value as an argument (or stop_gradient it)."
    )


def node_class(name: str) -> type[CallNode]:
    """A node class of that name."""
    return type(name, (CallNode,), {"__slots__": ()})


class Call(NaryPrimitive):
    """One call of an operation given by `Rules`. Returns a tuple whatever the number of outputs."""

    def __init__(self, rules: Rules, operands: int) -> None:
        # Not the base's: what it reads from rule functions is known here.
        self.rules = rules
        self.name = rules.name
        self.kind = "general"
        self.variadic = False
        self.inputs = tuple([f"x{i}" for i in range(operands)])
        self.outputs = -1  # neither one nor a number known before the first run
        self.differentiable: tuple[int, ...] = ()
        self.holomorphic = False
        self.view = False
        self.pointwise = False
        self.masks = False
        self.grad_name = rules.node_class.__name__
        self.source = None
        self.vjps = self.jvps = ()
        self.joint_vjp = None
        self.node_class = rules.node_class
        self.count = 0

    def _found(self, outs: Any) -> Any:
        """Note what outputs there are."""
        self.count = len(outs)
        self.differentiable = tuple(
            [i for i, o in enumerate(outs) if is_inexact(o.dtype if isinstance(o, Aval) else aval_of(o).dtype)]
        )  # fmt: skip
        self.kind = "general" if self.differentiable else "constant"
        return tuple(outs)

    # Methods, where other primitives have attributes: bound ones kept on the instance would be cycles.

    def eval(self, *values: Any) -> Any:
        """Run on arrays."""
        outs = self.rules.run(list(values))
        self.check_closed(values, outs)
        return self._found(outs)

    def check_closed(self, values: Any, outs: Any) -> None:
        """Raise where outputs depend on more than the operands.

        Raises:
            TransformError: An output has a history, or belongs to a transformation, and no operand does.
        """
        if any(isinstance(o, Value) for o in outs) and not any(
            isinstance(v, Value) for v in values
        ):
            raise not_closed(self.name)

    def aval(self, *avals: Aval) -> Any:
        """The outputs' shapes and dtypes."""
        return self._found(self.rules.avals(avals))

    def batch(self, contents: Values, axes: list[int | None], size: int) -> Any:
        """Run on a batch."""
        if not self.rules.by_slices:
            call = Call(self.rules.batched(axes, size), len(contents))
            return self._found(call(*contents)), 0
        if size == 0:
            raise TransformError(
                f"vmap over an empty axis of {self.name}, which runs example by example"
            )
        rows = [
            self(
                *[
                    c if a is None else vocabulary.take_slice(c, a, i)
                    for c, a in zip(contents, axes, strict=True)
                ]
            )
            for i in range(size)
        ]
        return self._found(
            [vocabulary.stack(list(column)) for column in zip(*rows, strict=True)]
        ), 0

    def push(self, primals: Values, tangents: Values) -> tuple[Any, Values]:
        """Forward mode's rule: outputs and tangents at once."""
        outs, dots = self.rules.push(self, primals, tangents)
        return self._found(outs), [
            d if i in self.differentiable else None for i, d in enumerate(dots)
        ]

    def plan(self, mask: int, count: int) -> Plan:
        """See `Primitive.plan`: the operands and some outputs are kept, one rule serves all."""
        kept = self.rules.keeps(self.count)
        sources = (*range(count), *[count + i for i in kept])
        joint = Step(0, self.pull, None, tuple(range(len(sources))), None)
        return Plan(
            lambda everything: tuple([everything[s] for s in sources]) if kept else everything[:count],
            bool(kept), sources, (), joint,
        )  # fmt: skip

    def pull(self, ct: tuple[Any, ...], needs: tuple[bool, ...], *saved: Any) -> Values:
        """Reverse mode's rule."""
        cts: Values = [None] * self.count
        for i, c in zip(self.differentiable, ct, strict=True):
            cts[i] = c
        count = len(self.inputs)
        outs: Values = [None] * self.count
        for i, o in zip(self.rules.keeps(self.count), saved[count:], strict=True):
            outs[i] = o
        return self.rules.pull(cts, needs, list(saved[:count]), outs)

    def __call__(self, *operands: Any, **params: Any) -> Any:
        """See `NaryPrimitive`; errors of the user's function come out as they are."""
        if current() & BOXED or any(isinstance(x, Value) for x in operands):
            return self.call_values(operands, params)
        return self.eval(*operands)

    def bind(self, *tensors: Tensor, **params: Any) -> Any:
        """See `NaryPrimitive.bind`; errors of the user's function come out as they are."""
        mode = current()
        if mode & TIMED:
            return timed(self.name, self.bind, tensors, params)
        result = self.bind_boxed(tensors, params)
        if mode & AROUND:
            look_at(result, mode)
            if mode & OBSERVED:
                tell(self, tensors, params, result)
        return result
