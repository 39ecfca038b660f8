"""What a recording consists of: nodes, their edges, the leaves where gradients arrive.

An *edge* is what a tensor holds to say where its gradient goes: a `Node` (the single output of an
operation), an `Output` (one output of several), or an `AccumulateGrad` (a leaf). All three have
`shape`, `dtype` and `order`, so that a cotangent can be checked against the edge it travels along.

Nodes point to their inputs and never forward: no cycle, so a graph is freed, at once, with the last
tensor that holds it. CPython frees long chains of objects without recursion.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from . import callsite, modes

if TYPE_CHECKING:
    from .primitive import Plan, Primitive
    from .tensor import Tensor

LEAF, NODE, OUTPUT = 0, 1, 2

Hook = tuple[Any, Callable[..., Any]]
"""The tensor class that the hook was registered from, and the hook."""


class Hooks:
    """User code on one node; `before[i]` runs on the cotangent of output i (tensor hooks)."""

    __slots__ = ("before", "metadata", "post", "pre", "retained")

    def __init__(self) -> None:
        self.metadata: dict[Any, Any] = {}
        self.before: dict[int, dict[int, Hook]] = {}
        self.retained: dict[int, AccumulateGrad] = {}
        self.pre: dict[int, Hook] = {}
        self.post: dict[int, Hook] = {}


class Node:
    """One recorded operation. Subclassed per primitive, so that its class name is PyTorch's.

    Attributes:
        inputs: An edge per operand, None where no gradient is needed.
        owners: The holders of the residuals, or `Freed` (see `residuals`).
        params: The operation's static parameters, None for none.
        plan: Which rules to run and which residuals each takes.
        order: The clock at recording; inputs are always older.
        level: How many transformations were open around the leaves it depends on (see `boxes`).
        code, instruction: The user's line; code is None where it is not known.
        source: The number of the only leaf that it depends on; 0 for several, or not known.
        shape, dtype: Of the output (of the first output, for several).
    """

    __slots__ = (
        "code",
        "dtype",
        "hooks",
        "inputs",
        "instruction",
        "level",
        "order",
        "owners",
        "params",
        "plan",
        "shape",
    )

    kind: ClassVar[int] = NODE
    primitive: ClassVar[Primitive | None] = None
    output_number: ClassVar[int] = 0
    output_avals: Any = None
    source: int = 0
    differentiable: Any = (0,)

    inputs: tuple[Any, ...]
    owners: Any
    params: dict[str, Any] | None
    plan: Plan | None
    order: int
    level: int
    code: CodeType | None
    instruction: int
    shape: tuple[int, ...]
    dtype: Any
    hooks: Hooks | None

    def pullback(self, ct: Any, edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """Map the output's cotangent to one per input; None where `edges` has None.

        Args:
            ct: The cotangent, a tuple of them for several outputs. A plain value, or with `graph`
                a tensor whose history is recorded.
            edges: The inputs wanted this time.
            graph: Whether to compute on tensors, recording (create_graph).
        """
        raise NotImplementedError

    def missing(self, number: int) -> Any:
        """The cotangent of output `number`, one of several, when nothing arrived at it: zeros."""
        shape, dtype = self.output_avals[number]
        return np.zeros(shape, dtype)

    @property
    def site(self) -> callsite.Site | None:
        """The user's line."""
        return None if self.code is None else (self.code, self.instruction)

    # What PyTorch calls these, for programs that walk the graph.

    def name(self) -> str:
        """The name that PyTorch would print."""
        return type(self).__name__

    @property
    def node(self) -> Node:
        """The node itself: an edge's way to its node."""
        return self

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes of the inputs with the number of the output each came from."""
        return tuple((None, 0) if e is None else (e.node, e.output_number) for e in self.inputs)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    def all_hooks(self) -> Hooks:
        """The node's hooks, made when first asked for."""
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks


def new_node(
    cls: type[Node],
    inputs: tuple[Any, ...],
    shape: tuple[int, ...],
    dtype: Any,
    site: callsite.Site | None,
    params: dict[str, Any] | None = None,
) -> Any:
    """Make a node that is no primitive's: without residuals, as deep as the deepest of its inputs."""
    node = object.__new__(cls)
    node.inputs = inputs
    node.owners = ()
    node.params = params
    node.plan = None
    node.order = modes.next_order()
    node.level = max([e.level for e in inputs if e is not None], default=0)
    node.code, node.instruction = site or callsite.NOWHERE
    node.hooks = None
    node.shape = shape
    node.dtype = dtype
    return node


class Identity(Node):
    """Stands in front of an edge: what follows it is told apart from what else follows that edge."""

    __slots__ = ()

    def pullback(self, ct: Any, edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """See `Node.pullback`."""
        return [ct]


class Output:
    """An edge to one output of a node that has several."""

    __slots__ = ("dtype", "node", "output_number", "shape")

    kind: ClassVar[int] = OUTPUT

    def __init__(self, node: Node, number: int, shape: tuple[int, ...], dtype: Any) -> None:
        self.node = node
        self.output_number = number
        self.shape = shape
        self.dtype = dtype

    @property
    def order(self) -> int:
        """The node's."""
        return self.node.order

    @property
    def level(self) -> int:
        """The node's."""
        return self.node.level

    @property
    def source(self) -> int:
        """The node's."""
        return self.node.source


class AccumulateGrad:
    """A leaf: where a gradient arrives and is kept. Owned by the tensor, known to the graph.

    The gradient lives here rather than in the tensor, so that neither has to point to the other both
    ways; `variable` is a weak reference for those who print graphs. `post_hooks` are called with the
    leaf and the gradient that was added. `ended` marks the variable of a transformation that is over: nobody
    can ask for its gradient any more.
    """

    __slots__ = (
        "__weakref__",
        "dtype",
        "ended",
        "grad",
        "hooks",
        "level",
        "order",
        "post_hooks",
        "result_class",
        "shape",
        "source",
        "variable_ref",
    )

    kind: ClassVar[int] = LEAF
    output_number: ClassVar[int] = 0
    next_functions: ClassVar[tuple[Any, ...]] = ()

    def __init__(self, tensor: Tensor) -> None:
        self.shape = tuple(tensor.value.shape)
        self.dtype = tensor.value.dtype
        self.grad: Tensor | None = None
        self.ended = False
        self.order = modes.next_order()
        self.source = self.order - 1  # a number of its own, and not 0
        self.level = modes.depth()
        self.hooks: dict[int, Hook] | None = None
        self.post_hooks: dict[int, Callable[..., Any]] | None = None
        self.result_class = type(tensor).result_class
        self.variable_ref = weakref.ref(tensor)

    @property
    def variable(self) -> Tensor | None:
        """The leaf tensor, None when it is gone."""
        return self.variable_ref()

    @property
    def node(self) -> AccumulateGrad:
        """The leaf itself, as for `Node`."""
        return self

    def name(self) -> str:
        """The name that PyTorch would print."""
        return "AccumulateGrad"

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self):#x}>"
