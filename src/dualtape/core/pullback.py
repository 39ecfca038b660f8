"""A primitive's node: from saved residuals and a cotangent, by the plan's rules, to the inputs' cotangents."""

from __future__ import annotations

from typing import Any, ClassVar

from . import callsite
from .boxes import Box
from .graph import Node, Output
from .primitive import AVAL, Plan, Primitive
from .residuals import check_residuals
from .tensor import Tensor, wrap
from .vocabulary import vocabulary


class PrimitiveNode(Node):
    """The node of a call of a primitive."""

    __slots__ = ("source",)

    primitive: ClassVar[Primitive]
    plan: Plan

    def pullback(self, ct: Any, edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """See `Node.pullback`."""
        check_residuals(self)
        owners = self.owners
        saved = [self.joined(k) for k in range(len(owners))] if graph else [o.value for o in owners]
        plan = self.plan
        params = self.params
        # Only a complex result needs conjugates; see NOTE [complex derivatives] in `primitive`.
        conjugate = self.dtype.kind == "c" and self.primitive.holomorphic
        if conjugate:
            ct = conjugated(ct)
        grads: list[Any]
        if plan.joint is not None:
            step = plan.joint
            needs = tuple([e is not None for e in edges])
            args = [saved[k] for k in step.picks]
            grads = list(step.rule(ct, needs, *args, **chosen(step.params, params)))
        else:
            grads = [None] * len(edges)
            for step in plan.steps:
                i, rule, _, picks, _ = step
                edge = edges[i]
                if edge is None:
                    continue
                args = [saved[k] if k >= 0 else edge if k == AVAL else i for k in picks]
                grads[i] = rule(ct, *args, **chosen(step.params, params))
        if conjugate:
            grads = [None if g is None else conjugated(g) for g in grads]
        return grads

    def joined(self, number: int) -> Tensor:
        """Residual `number` as a tensor with the history it had when it was saved."""
        owner = self.owners[number]
        source = self.plan.sources[number]
        value = owner.value
        count = len(self.inputs)
        if isinstance(value, Tensor):  # a whole tensor from outside the transformation
            return owner  # type: ignore[no-any-return]
        if source < count:
            return wrap(Tensor, value, self.inputs[source])
        return wrap(Tensor, value, self.edge_of(source - count))

    def edge_of(self, number: int) -> Any:
        """The edge of output `number`, None where it has no derivative."""
        if self.output_avals is None:
            return self
        shape, dtype = self.output_avals[number]
        if number not in self.primitive.differentiable:
            return None
        return Output(self, number, shape, dtype)


class SeveralOutputsNode(PrimitiveNode):
    """The node of a primitive with several outputs."""

    __slots__ = ("output_avals",)


def conjugated(x: Any) -> Any:
    """The complex conjugate of a value, a tensor or a tuple; real values as they are."""
    if isinstance(x, tuple):
        return tuple([conjugated(v) for v in x])
    dtype = x.value.dtype if isinstance(x, Tensor) else getattr(x, "dtype", None)
    if dtype is None or dtype.kind != "c":
        return x
    return vocabulary.conj(x) if isinstance(x, (Tensor, Box)) else x.conj()


def chosen(names: tuple[str, ...] | None, params: dict[str, Any] | None) -> dict[str, Any]:
    """The static parameters that a rule takes: those named, all for None."""
    if not params:
        return {}
    if names is None or len(names) == len(params):
        return params
    return {name: params[name] for name in names if name in params}


def node_class(primitive: Primitive) -> Any:
    """Make the node class of a primitive at its first recording: the name is PyTorch's."""
    if primitive.node_class is None:
        base = PrimitiveNode if primitive.outputs == 1 else SeveralOutputsNode
        primitive.node_class = type(
            primitive.grad_name,
            (base,),
            {
                "__slots__": (),
                "primitive": primitive,
                "differentiable": primitive.differentiable,
                "__module__": "torch.autograd",
            },
        )
    return primitive.node_class


def forward_line(node: Node) -> str:
    """Where the user's program ran the operation, for notes on errors."""
    return f"in the backward of {node.name()}, recorded at {callsite.describe(node.site)}"
