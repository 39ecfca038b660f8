"""`tf.custom_gradient` and its relatives: functions whose gradient the program gives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..core import modes, random_state
from ..core.callsite import caller
from ..core.custom import UserNode
from ..core.departures import STOPPED, left
from ..core.graph import new_node
from ..core.sweep import as_tensor as as_class
from ..core.tensor import Tensor, wrap
from . import nest
from .convert import as_tensor
from .indexed_slices import as_dense
from .recording import is_recording, variables_read
from .shaping import same
from .tape import GradientTape
from .tensor import AttachedTensor, EagerTensor
from .variable import Variable, differentiable

Function = Callable[..., Any]


class CustomGradient(UserNode):
    """The node of a call of a function with a gradient of its own.

    owners: none; the gradient function keeps what it needs. `params` holds it, and the names for messages.
    """

    __slots__ = ()

    def asked(self, cts: tuple[Any, ...], edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """See `UserNode.asked`."""
        assert self.params is not None
        found = self.params["pull"](*[as_class(c, self.params["class"]) for c in cts])
        grads: list[Any] = []
        for g, edge in zip(found, self.inputs, strict=True):
            if g is None or edge is None:
                grads.append(None)
                continue
            g = as_tensor(as_dense(g), edge.dtype)
            if tuple(g.value.shape) != tuple(edge.shape):
                raise ValueError(
                    f"the gradient function of {self.params['name']} returned a gradient of shape "
                    f"{g.shape} for an input of shape {tuple(edge.shape)}"
                )
            grads.append(wrap(Tensor, g.value, g.edge) if graph else g.value)
        return grads


def custom_gradient(f: Function | None = None) -> Function:
    """Decorate a function that returns (result, gradient function).

    The gradient function takes a cotangent for each tensor of the result and returns a gradient for each
    tensor argument. If the function reads variables that are not arguments, it takes `variables=` as well
    and returns (gradients, gradients of the variables).
    """
    if f is None:
        return custom_gradient

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return _call(f, args, kwargs)

    return decorated


def _call(f: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    with variables_read() as read:
        result, grad_fn = f(*args, **kwargs)
    flat_args = nest.flatten(list(args))
    variables: list[Variable] = []
    known = {v._unique_id for v in (*flat_args, *nest.flatten(kwargs)) if isinstance(v, Variable)}
    for v in read:
        if v.trainable and v._unique_id not in known:
            known.add(v._unique_id)
            variables.append(v)
    takes = inspect.getfullargspec(grad_fn)
    if variables and "variables" not in takes.args + takes.kwonlyargs and takes.varkw is None:
        raise TypeError(
            "@tf.custom_gradient grad_fn must accept keyword argument 'variables', since function uses "
            f"variables: {variables}"
        )
    flat_result = [as_tensor(r) for r in nest.flatten(result)]
    outs = [_detached(r) for r in flat_result]
    inputs = [as_tensor(x) for x in (*flat_args, *variables)]
    if is_recording() or any(isinstance(x, AttachedTensor) for x in inputs):
        outs = _recorded(f, grad_fn, inputs, len(flat_args), variables, outs)
    return nest.pack_sequence_as(result, outs)


def _detached(x: EagerTensor) -> EagerTensor:
    return wrap(EagerTensor, x.value)  # type: ignore[return-value]


def _recorded(
    f: Function,
    grad_fn: Function,
    inputs: list[EagerTensor],
    count: int,
    variables: list[Variable],
    outs: list[EagerTensor],
) -> list[EagerTensor]:
    """The results with a node that calls the gradient function, if some input needs it."""
    edges = tuple([x.current_edge() for x in inputs])
    if all(e is None for e in edges) or not any(differentiable(o.value) for o in outs):
        return outs
    name = getattr(f, "__name__", "the function")

    def pull(*cts: Any) -> list[Any]:
        if variables:
            given, more = grad_fn(*cts, variables=variables)
            own = nest.flatten(more)
        else:
            given, own = grad_fn(*cts), []
        found = nest.flatten(given) if given is not None else [None]
        if len(found) != count:
            raise ValueError(
                f"custom_gradient function expected to return {count} gradients, but returned "
                f"{len(found)} instead."
            )
        if len(own) != len(variables):
            raise ValueError(
                "Must return gradient for each variable from @custom_gradient grad_fn."
            )
        return [*found, *own]

    attached = any(isinstance(x, AttachedTensor) for x in inputs)
    cls = AttachedTensor if attached else EagerTensor
    avals = tuple([(o.value.shape, o.value.dtype) for o in outs])
    given: dict[str, Any] = {"pull": pull, "grad": grad_fn, "name": name, "class": cls}
    node: CustomGradient = new_node(CustomGradient, edges, *avals[0], caller(3), given)
    node.begin(avals, len(outs))
    edges_out = [node.edge_of(i) if differentiable(o.value) else None for i, o in enumerate(outs)]
    return [wrap(cls, o.value, e) for o, e in zip(outs, edges_out, strict=True)]  # type: ignore[misc]


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """Return a tensor (or nested tensors) with the same value that counts as a constant."""
    return nest.map_structure(_stopped, input)


def _stopped(x: Any) -> EagerTensor:
    given = as_tensor(x)
    out = _detached(given)
    if given.edge is not None:
        left(STOPPED, given, out)
    return out


def grad_pass_through(f: Function) -> Function:
    """Decorate a function to have the gradient of the identity."""

    @custom_gradient
    def through(*args: Any, **kwargs: Any) -> Any:
        def grad(*cts: Any, variables: Any = None) -> Any:
            passed = cts[0] if len(cts) == 1 else list(cts)
            return (passed, [None] * len(variables)) if variables else passed

        return f(*args, **kwargs), grad

    return through


def is_input(x: Any) -> bool:
    """Whether a gradient can flow to an argument."""
    return isinstance(x, (EagerTensor, Variable)) and differentiable(as_tensor(x).value)


def recompute_grad(f: Function) -> Function:
    """Decorate a function to be run again for its gradient, instead of keeping what it computed.

    It draws the same random numbers again, so that the gradient is that of what it returned.
    """

    @custom_gradient
    def again(*args: Any, **kwargs: Any) -> Any:
        drawn = random_state.Replay()
        with drawn.first(), modes.switched(on=modes.NO_GRAD):
            result = f(*args, **kwargs)

        def grad(*cts: Any, variables: Any = None) -> Any:
            flat = nest.flatten(list(args))
            inputs = [x for x in flat if is_input(x)]
            with GradientTape() as tape:
                own = [same(x) if isinstance(x, EagerTensor) else x for x in inputs]
                tape.watch(own)
                it = iter(own)
                fresh = nest.map_structure(lambda x: next(it) if is_input(x) else x, list(args))
                with drawn.again():
                    out = f(*fresh, **kwargs)
            found = tape.gradient(out, [*own, *(variables or [])], output_gradients=list(cts))
            pulled = iter(found[: len(own)])
            aligned = [next(pulled) if is_input(x) else None for x in flat]
            return (aligned, found[len(own) :]) if variables else aligned

        return result, grad

    return again
