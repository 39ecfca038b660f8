"""What a recording consists of: nodes, their edges, the leaves where gradients arrive, versions.

An *edge* is what a tensor holds to say where its gradient goes: a `Node` (the single output of an
operation), an `Output` (one output of several), or an `AccumulateGrad` (a leaf). All three have
`shape`, `dtype` and `order`, so that a cotangent can be checked against the edge it travels along.

Nodes point to their inputs and never forward: no cycle, so a graph is freed, at once, with the last
tensor that holds it. CPython frees long chains of objects without recursion.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from . import callsite, modes
from .errors import GraphError, InplaceError

if TYPE_CHECKING:
    from .primitive import Plan, Primitive
    from .tensor import Tensor

LEAF, NODE, OUTPUT = 0, 1, 2

Hook = tuple[Any, Callable[..., Any]]
"""The tensor class that the hook was registered from, and the hook."""


class Version:
    """How often a buffer was written in place; shared by all tensors that alias the buffer.

    `stamp` is the clock at the last write, `writes` the last few as (clock, call site): enough to
    name the line that overwrote a residual. `journal`, where a front end keeps one, knows what the memory held.
    """

    __slots__ = ("count", "journal", "stamp", "writes")

    journal: Any  # not there before the first write, and then only of arrays that keep one

    REMEMBERED = 16

    def __init__(self) -> None:
        self.count = 0
        self.stamp = 1  # later clocks are smaller; 1 is before everything
        self.writes: list[tuple[int, callsite.Site | None]] = []

    def bump(self, depth: int = 3) -> None:
        """Note a write by the user's line, `depth` frames up at least."""
        self.count += 1
        self.stamp = stamp = modes.next_order()
        writes = self.writes
        if len(writes) >= self.REMEMBERED:
            del writes[: self.REMEMBERED // 2]
        frame = callsite.getframe(depth - 1)
        code = frame.f_code
        if code is callsite.latest[0]:
            writes.append((stamp, (code, frame.f_lasti)))
        else:
            writes.append((stamp, callsite.caller(depth)))

    def bump_quietly(self) -> None:
        """Note a write by the engine itself, which nobody asks the line of."""
        self.count += 1
        self.stamp = modes.next_order()

    def as_of(self, value: Any, order: int) -> Any:
        """What `value`, which is on this memory, was at `order`: itself if no write has changed it; None if not known."""
        journal = getattr(self, "journal", None)
        return None if journal is None else journal.as_of(self, value, order)

    def since(self, order: int) -> list[tuple[int, callsite.Site | None]]:
        """The remembered writes later than `order`, oldest first."""
        return [w for w in self.writes if w[0] < order]


class InferenceVersion(Version):
    """The version of all tensors made in one block of inference mode: it marks them, and counts nothing.

    Its stamp is later than any node, so that a backward pass that meets such a residual looks into it.
    """

    __slots__ = ("__weakref__",)

    def __init__(self) -> None:
        super().__init__()
        self.stamp = -sys.maxsize

    def check_write(self) -> None:
        """Raise for a write outside of inference mode."""
        if not modes.current() & modes.INFERENCE:
            raise InplaceError(
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone "
                "to get a normal tensor before doing inplace update."
            )

    def bump(self, depth: int = 3) -> None:
        """A write: not counted, and refused outside of inference mode."""
        self.check_write()

    def bump_quietly(self) -> None:
        """A write by the engine itself: not counted."""


class SavedOutput:
    """An output kept as a residual, without its tensor: the tensor holds the node, not conversely."""

    __slots__ = ("value", "version")

    def __init__(self, value: Any, version: Version) -> None:
        self.value = value
        self.version = version


class Freed:
    """Stands in for the residuals of a node that a backward pass has used up."""

    __slots__ = ("site",)

    def __init__(self, site: callsite.Site | None) -> None:
        self.site = site


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
        owners: The holders (tensors or `SavedOutput`) of the residuals, or `Freed`.
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


def check_residuals(node: Node) -> Any:
    """Return the holders of the residuals of `node`, put back to what they were when saved.

    Raises:
        GraphError: They are gone.
        InplaceError: They were overwritten, and what they were is not known.
    """
    owners = node.owners
    if isinstance(owners, Freed):
        raise GraphError(
            "Trying to backward through the graph a second time (or directly access saved tensors "
            "after they have already been freed). Saved intermediate values of the graph are freed "
            "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to "
            "backward through the graph a second time or if you need to access saved tensors after "
            "calling backward.\n"
            f"  the node met: {node.name()}, built at {callsite.describe(node.site)}\n"
            f"  its residuals were freed by the pass at {callsite.describe(owners.site)}"
        )
    for number, owner in enumerate(owners):
        found = as_saved(node, number, owner)
        if found is not owner:
            node.owners = (*node.owners[:number], found, *node.owners[number + 1 :])
    return node.owners


def as_saved(node: Node, number: int, owner: Any) -> Any:
    """Return the holder `owner` of what `node` saved, or another one of its value as it was then.

    Raises:
        GraphError: It was made in inference mode.
        InplaceError: It was overwritten, and what it was is not known.
    """
    version = owner.version
    if version is None or version.stamp >= node.order:
        return owner
    if isinstance(version, InferenceVersion):
        raise saved_inference()
    value = version.as_of(owner.value, node.order)
    if value is None:
        raise overwritten(node, number, owner)
    return owner if value is owner.value else SavedOutput(value, Version())


def saved_inference() -> GraphError:
    """The error for a residual that was made in inference mode."""
    return GraphError(
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode "
        "in computation tracked by autograd. To work around this, you can make a clone to get a normal tensor "
        "and use it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
    )


def overwritten(node: Node, number: int, owner: Any) -> InplaceError:
    """The error for a residual that was written in place after `node` saved it."""
    version = owner.version
    writes = version.since(node.order)
    expected = version.count - len(writes)
    more = "" if len(writes) < len(version.writes) or len(writes) == version.count else " at most"
    value = owner.value
    shape = list(getattr(value, "shape", ()))
    what = "output 0" if isinstance(owner, SavedOutput) else f"saved tensor {number}"
    return InplaceError(
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{getattr(value, 'dtype', '?')} {shape}], which is {what} of {node.name()}, is at "
        f"version {version.count}; expected version {expected}{more} instead.\n"
        f"  saved at       {callsite.describe(node.site)}\n"
        f"  overwritten at {callsite.describe(writes[0][1] if writes else None)}\n"
        "  Write to a copy (x = x.clone(), in NumPy code x = x.copy()), or use the out-of-place operation."
    )
