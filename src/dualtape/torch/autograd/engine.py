"""`backward` and `autograd.grad`: PyTorch's arguments and errors around the engine's two passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core import backward as engine
from ...core import tracing
from ...core.boxes import Box
from ...core.errors import GraphError
from ...core.graph import AccumulateGrad
from ...core.tensor import Tensor as CoreTensor
from ...core.tensor import wrap
from ...core.vocabulary import vocabulary
from ...transforms.batch import batch_level, batched, unbatched
from .._tensor import Tensor
from ..dtypes import from_numpy_dtype
from ..sizes import Size
from .forward_ad import gradient
from .graph import GradientEdge, engine_edge

_ones: dict[Any, Any] = {}
"""By real dtype, the cotangent that a pass starts with."""
_PLAIN = (np.generic, np.ndarray)


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, (tuple, list)) or not isinstance(x, CoreTensor) else (x,)


def initial_cotangent(out: Any, given: Any, create_graph: bool, number: int) -> Any:
    """The cotangent that a pass starts with at `out`: the one given, or 1 for a scalar.

    Raises:
        RuntimeError: None given for a non-scalar; or one of another shape or kind.
    """
    value = out.value
    if given is None:
        if isinstance(value, _PLAIN) and not (value.shape or create_graph):
            one = _ones.get(value.dtype)
            if one is not None:
                return one
        if value.shape and _size(value.shape) != 1:
            raise GraphError("grad can be implicitly created only for scalar outputs")
        dtype = value.dtype
        if dtype.kind not in "fV":
            raise GraphError(
                f"grad can be implicitly created only for real scalar outputs but got {out.dtype}"
            )
        if isinstance(value, Box):
            ones = tracing.ones(value.shape, dtype)
            return wrap(CoreTensor, ones) if create_graph else ones
        ct: Any = tracing.ones(value.shape, dtype)
        if not value.shape:
            ct = _ones[dtype] = ct[()]
        return wrap(CoreTensor, ct) if create_graph else ct
    if not isinstance(given, CoreTensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(given).__name__}")
    if tuple(given.value.shape) != tuple(value.shape):
        raise GraphError(
            f"Mismatch in shape: grad_output[{number}] has a shape of {given.shape} and output[{number}] has a "
            f"shape of {out.shape}."
        )
    want, have = value.dtype, given.value.dtype
    if (have.kind == "c") != (want.kind == "c"):
        raise GraphError(
            f"For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
            f"dtype: grad_output[{number}] has a dtype of {given.dtype} and output[{number}] has a dtype of {out.dtype}."
        )
    if create_graph:
        alias = wrap(CoreTensor, given.value, given.current_edge())
        return alias if have == want else vocabulary.cast(alias, want)
    return given.value if have == want else given.value.astype(want)


def _size(shape: tuple[int, ...]) -> int:
    n = 1
    for s in shape:
        n *= s
    return n


class _EdgeOutput:
    """An edge as an output to differentiate: it has a shape and a dtype as a tensor's value has."""

    __slots__ = ("value",)

    def __init__(self, edge: Any) -> None:
        self.value = edge

    @property
    def shape(self) -> Any:
        return Size(self.value.shape)

    @property
    def dtype(self) -> Any:
        return from_numpy_dtype(self.value.dtype)

    def current_edge(self) -> Any:
        return self.value


def _outputs(given: Any) -> tuple[Any, ...]:
    outs = (given,) if isinstance(given, GradientEdge) else _as_tuple(given)
    return tuple([_EdgeOutput(engine_edge(o)) if isinstance(o, GradientEdge) else o for o in outs])


def _inputs(given: Any) -> tuple[Any, ...]:
    return (given,) if isinstance(given, GradientEdge) else _as_tuple(given)


def _edge(out: Any, number: int) -> Any:
    edge = out.current_edge()
    if edge is None:
        raise GraphError(
            f"element {number} of tensors does not require grad and does not have a grad_fn"
        )
    return edge


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Accumulate the gradients of `tensors` into the leaves' `.grad`.

    Args:
        tensors: A tensor or a gradient edge, or a sequence of them.
        grad_tensors: Their cotangents, one each; None for scalars.
        retain_graph: Keep residuals for another pass; by default as `create_graph`.
        create_graph: Record the pass, for higher derivatives.
        grad_variables: An old name of `grad_tensors`.
        inputs: Accumulate into these only.

    Raises:
        RuntimeError: A tensor does not require grad, is not scalar and has no cotangent, or its graph was
            freed.
    """
    outs = _outputs(tensors)
    grad_tensors = grad_variables if grad_tensors is None else grad_tensors
    cts = (None,) * len(outs) if grad_tensors is None else _as_tuple(grad_tensors)
    if len(cts) != len(outs):
        raise RuntimeError(f"got {len(outs)} tensors and {len(cts)} gradients")
    only = None
    if inputs is not None:
        chosen = _inputs(inputs)
        if not chosen:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        for t in chosen:
            if isinstance(t, CoreTensor) and t.current_edge() is None:
                raise GraphError("can't retain_grad on Tensor that has requires_grad=False")
        only = [_input_edge(t) for t in chosen]
    roots = []
    for i, (out, ct) in enumerate(zip(outs, cts, strict=True)):
        edge = _edge(out, i)
        roots.append((edge, initial_cotangent(out, ct, create_graph, i)))
    if only is None:
        engine.backward(roots, retain_graph=bool(retain_graph), create_graph=create_graph)
        return
    found = engine.gradients(
        roots, only, retain_graph=bool(retain_graph), create_graph=create_graph
    )
    for t, edge, g in zip(chosen, only, found, strict=True):
        if g is not None:
            if isinstance(edge, AccumulateGrad):
                engine.accumulate(edge, g, create_graph, False)
            elif not isinstance(t, GradientEdge):  # an edge inside the graph has no `.grad`
                engine.accumulate(t.accumulator(), g, create_graph, False)


def _input_edge(t: Any) -> Any:
    if isinstance(t, GradientEdge):
        return engine_edge(t)
    edge = t.current_edge()
    if edge is None:
        raise GraphError("One of the differentiated Tensors does not require grad")
    return edge


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of `outputs` with respect to `inputs`, summed over the outputs.

    Args:
        outputs, inputs: Tensors, or gradient edges, or sequences of them.
        grad_outputs: Cotangents of the outputs; None for scalars.
        retain_graph: Keep residuals; by default as `create_graph`.
        create_graph: Record the pass, for higher derivatives.
        only_inputs: Must be True.
        allow_unused: Whether an input that no output depends on gives None instead of an error.
        is_grads_batched: Whether the cotangents have a batch as their first axis; so have the gradients, then.
        materialize_grads: Zeros instead of None; implies `allow_unused`.

    Raises:
        RuntimeError: As `backward`; or an input is unused.
    """
    if (
        isinstance(outputs, Tensor) and isinstance(inputs, Tensor) and grad_outputs is None
        and not (create_graph or allow_unused or materialize_grads or is_grads_batched)
    ):  # fmt: skip
        end, start = outputs.current_edge(), inputs.current_edge()
        if end is not None and start is not None:
            ct = initial_cotangent(outputs, None, False, 0)
            (g,) = engine.gradients(((end, ct),), (start,), retain_graph=bool(retain_graph))
            if g is not None:
                return (gradient(g, inputs.result_class, False),)
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    outs, ins = _outputs(outputs), _inputs(inputs)
    if not ins:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    cts = (None,) * len(outs) if grad_outputs is None else _as_tuple(grad_outputs)
    if len(cts) != len(outs):
        raise RuntimeError(f"got {len(outs)} tensors and {len(cts)} gradients")
    if is_grads_batched:
        return _grad_of_batch(
            outs, ins, cts, retain_graph, create_graph, allow_unused, materialize_grads
        )
    edges = [_input_edge(t) for t in ins]
    roots = []
    for i, (out, ct) in enumerate(zip(outs, cts, strict=True)):
        edge = _edge(out, i)
        roots.append((edge, initial_cotangent(out, ct, create_graph, i)))
    found = engine.gradients(
        roots, edges, retain_graph=bool(retain_graph), create_graph=create_graph
    )
    results: list[Any] = []
    for number, (t, g) in enumerate(zip(ins, found, strict=True)):
        if g is not None:
            results.append(gradient(g, _result_class(t), create_graph))
        elif materialize_grads:
            edge = edges[number]
            results.append(wrap(_result_class(t), tracing.zeros(edge.shape, edge.dtype)))
        elif allow_unused:
            results.append(None)
        else:
            raise GraphError(
                f"The differentiated Tensor at index {number} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
    return tuple(results)


def _grad_of_batch(
    outs: tuple[Any, ...], ins: tuple[Any, ...], cts: tuple[Any, ...], retain_graph: bool | None, create_graph: bool,
    allow_unused: bool | None, materialize_grads: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """`grad` for each of a batch of cotangents, in one pass."""
    sizes = set()
    for i, (out, ct) in enumerate(zip(outs, cts, strict=True)):
        if not isinstance(ct, CoreTensor) or not ct.value.shape:
            raise ValueError(
                "grad(is_grads_batched=True): every grad_output must be a Tensor with a batch as its first axis"
            )
        if tuple(ct.value.shape[1:]) != tuple(out.value.shape):
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch "
                "dimension. The sizes of the remaining dimensions are expected to match the shape of corresponding "
                f"output, but a mismatch was detected: grad_output[{i}] has a shape of {ct.shape[1:]} and "
                f"output[{i}] has a shape of {out.shape}."
            )
        sizes.add(ct.value.shape[0])
    if len(sizes) != 1:
        raise ValueError(
            f"grad(is_grads_batched=True): the batches differ in size: {sorted(sizes)}"
        )
    with batch_level(sizes.pop(), "same") as level:
        examples = [batched(level, ct, 0) for ct in cts]
        found = grad(
            outs, ins, examples, retain_graph, create_graph, allow_unused=allow_unused,
            materialize_grads=materialize_grads,
        )  # fmt: skip
        return tuple([None if g is None else unbatched(level, g, 0) for g in found])


def _result_class(t: Any) -> type[CoreTensor]:
    if isinstance(t, GradientEdge):
        return Tensor
    found: type[CoreTensor] = type(t).result_class
    return found


def tensor_backward(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Any] | None = None,
) -> None:
    """Accumulate this tensor's gradient into the leaves; see `torch.autograd.backward`."""
    if gradient is None and inputs is None and not create_graph:
        edge = self.edge if self.view_of is None else self.current_edge()
        if edge is not None:
            ct = initial_cotangent(self, None, False, 0)
            engine.backward(((edge, ct),), retain_graph=bool(retain_graph))
            return
    if gradient is not None and not isinstance(gradient, CoreTensor):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
        )
    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


tensor_backward.__name__, tensor_backward.__qualname__ = "backward", "Tensor.backward"
