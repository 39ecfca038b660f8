"""`backward` and `autograd.grad`: PyTorch's arguments and errors around the engine's two passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core import backward as engine
from ...core.boxes import Box
from ...core.errors import GraphError
from ...core.graph import AccumulateGrad
from ...core.tensor import Tensor as CoreTensor
from ...core.tensor import wrap
from ...core.vocabulary import vocabulary
from .._tensor import Tensor

_ones: dict[Any, Any] = {}


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, (tuple, list)) or not isinstance(x, CoreTensor) else (x,)


def initial_cotangent(out: Any, given: Any, create_graph: bool, number: int) -> Any:
    """The cotangent that a pass starts with at `out`: the one given, or 1 for a scalar.

    Raises:
        RuntimeError: None given for a non-scalar; or one of another shape or kind.
    """
    value = out.value
    if given is None:
        if value.shape and out.value.shape != () and _size(value.shape) != 1:
            raise GraphError("grad can be implicitly created only for scalar outputs")
        dtype = value.dtype
        if dtype.kind not in "fcV":
            raise GraphError(
                f"grad can be implicitly created only for real scalar outputs but got {out.dtype}"
            )
        if dtype.kind == "c":
            raise GraphError(
                f"grad can be implicitly created only for real scalar outputs but got {out.dtype}"
            )
        if isinstance(value, Box):
            ones = np.ones(value.shape, dtype)
            return wrap(CoreTensor, ones) if create_graph else ones
        one = _ones.get(dtype)
        if one is None:
            one = _ones[dtype] = np.ones((), dtype)[()]
        ct: Any = one if not value.shape else np.ones(value.shape, dtype)
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
        tensors: A tensor or a sequence of them.
        grad_tensors: Their cotangents, one each; None for scalars.
        retain_graph: Keep residuals for another pass; by default as `create_graph`.
        create_graph: Record the pass, for higher derivatives.
        grad_variables: An old name of `grad_tensors`.
        inputs: Accumulate into these only.

    Raises:
        RuntimeError: A tensor does not require grad, is not scalar and has no cotangent, or its graph was
            freed.
    """
    outs = _as_tuple(tensors)
    grad_tensors = grad_variables if grad_tensors is None else grad_tensors
    cts = (None,) * len(outs) if grad_tensors is None else _as_tuple(grad_tensors)
    only = None
    if inputs is not None:
        chosen = _as_tuple(inputs)
        if not chosen:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
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
            leaf = edge if isinstance(edge, AccumulateGrad) else t.accumulator()
            engine.accumulate(leaf, g, create_graph, False)


def _input_edge(t: Any) -> Any:
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
        outputs, inputs: Tensors or sequences of them.
        grad_outputs: Cotangents of the outputs; None for scalars.
        retain_graph: Keep residuals; by default as `create_graph`.
        create_graph: Record the pass, for higher derivatives.
        only_inputs: Must be True.
        allow_unused: Whether an input that no output depends on gives None instead of an error.
        is_grads_batched: Not supported.
        materialize_grads: Zeros instead of None; implies `allow_unused`.

    Raises:
        RuntimeError: As `backward`; or an input is unused.
    """
    if is_grads_batched:
        raise NotImplementedError(
            "autograd.grad(is_grads_batched=True): call grad once per row instead"
        )
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    outs, ins = _as_tuple(outputs), _as_tuple(inputs)
    cts = (None,) * len(outs) if grad_outputs is None else _as_tuple(grad_outputs)
    if len(cts) != len(outs):
        raise RuntimeError(f"got {len(outs)} tensors and {len(cts)} gradients")
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
            results.append(engine.as_tensor(g, _result_class(t)))
        elif materialize_grads:
            results.append(wrap(_result_class(t), np.zeros(t.value.shape, t.value.dtype)))
        elif allow_unused:
            results.append(None)
        else:
            raise GraphError(
                f"The differentiated Tensor at index {number} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
    return tuple(results)


def _result_class(t: Any) -> type[CoreTensor]:
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
