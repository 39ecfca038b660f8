"""What the functions of `torch.autograd.functional` share: a function run on variables, and their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import modes
from ...core.backward import reaching
from ...core.tensor import wrap
from ...transforms.reverse import Variables
from .._tensor import Tensor

Function = Callable[..., Any]

STRICT = "This is not allowed in strict mode."


class Problem:
    """A function run on variables of its own.

    Attributes:
        name: The caller's, for messages.
        several: Whether the inputs came as a tuple.
        create_graph: Whether results are recorded.
        variables: Of the inputs.
        outputs: What the function returned, as a tuple.
        single: Whether it returned a tensor rather than a tuple.
    """

    __slots__ = ("create_graph", "name", "outputs", "several", "single", "variables")

    def __init__(self, name: str, func: Function | None, inputs: Any, create_graph: bool) -> None:
        self.name = name
        self.several = isinstance(inputs, tuple)
        self.create_graph = create_graph
        self.variables = Variables(tuple(sources(name, inputs, create_graph)), name)
        self.outputs: tuple[Any, ...] = ()
        self.single = False
        if func is not None:
            self.found(func(*self.variables.tensors))

    def found(self, out: Any) -> None:
        """Check what the function returned and note it.

        Raises:
            TypeError: Neither a tensor nor a tuple of tensors.
        """
        self.outputs = checked(out, "outputs of the user-provided function", self.name)
        self.single = isinstance(out, Tensor)

    def plain(self, t: Any) -> Any:
        """A result as the caller gets it."""
        return t if self.create_graph or t.current_edge() is None else wrap(type(t), t.value)

    def output(self) -> Any:
        """The function's output as the caller gets it."""
        return self.like_outputs([self.plain(o) for o in self.outputs])

    def like_outputs(self, results: list[Any]) -> Any:
        """A result for each output, as a tuple or bare as the function returns it."""
        return results[0] if self.single else tuple(results)

    def like_inputs(self, results: Any) -> Any:
        """A result for each input, as a tuple or bare as the inputs came."""
        return tuple(results) if self.several else results[0]

    def check_recorded(self) -> None:
        """Raise for an output without history.

        Raises:
            RuntimeError: There is one.
        """
        for i, o in enumerate(self.outputs):
            if o.current_edge() is None:
                raise RuntimeError(
                    f"Output {i} of the user-provided function does not require gradients. The outputs must be "
                    "computed in a differentiable manner from the input when running in strict mode."
                )

    def independent(self, edges: list[Any]) -> int | None:
        """The first input that `edges` do not depend on."""
        wanted = [e.node for e in self.variables.edges]
        needed, _ = reaching([e for e in edges if e is not None], wanted)
        return next((i for i, node in enumerate(wanted) if node not in needed), None)

    def check_dependent(self, edges: list[Any], message: str) -> None:
        """Raise if `edges` do not depend on all inputs; `message` takes the number of the first.

        Raises:
            RuntimeError: They do not.
        """
        missing = self.independent(edges)
        if missing is not None:
            raise RuntimeError(message.format(missing))


JACOBIAN_FIXED = (
    "The jacobian of the user-provided function is independent of input {}. This is not allowed in strict mode "
    "when create_graph=True."
)
OUTPUT_FIXED = "The output of the user-provided function is independent of input {}. " + STRICT
HESSIAN_FIXED = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect to input {} "
    "is independent of the input. "
    + STRICT
    + " You should ensure that your function is twice differentiable and "
    "that the jacobian depends on the inputs (this would be violated by a linear function for example)."
)


def checked(values: Any, what: str, name: str) -> tuple[Any, ...]:
    """A tensor or a tuple of tensors as a tuple.

    Raises:
        TypeError: Something else.
    """
    several = values if isinstance(values, tuple) else (values,)
    for i, v in enumerate(several):
        if not isinstance(v, Tensor):
            found = f"the value at index {i}" if isinstance(values, tuple) else f"the given {what}"
            given = f"{what} given to {name}"
            raise TypeError(
                f"The {given} must be either a Tensor or a tuple of Tensors but {found} has type {type(v)}."
            )
    return several


def sources(name: str, inputs: Any, create_graph: bool) -> list[Any]:
    """The inputs as tensors to differentiate by, joined to their history if results are recorded.

    Raises:
        TypeError: Neither a tensor nor a tuple of tensors.
        RuntimeError: Not floating or complex.
    """
    found = []
    for x in checked(inputs, "inputs", name):
        if x.value.dtype.kind not in "fcV":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if create_graph:
            leaf = x
            if (
                not x.requires_grad
            ):  # not detach(), which would take the tangents of an outer level away
                leaf = wrap(type(x).result_class, x.value)
                leaf.require_grad()
            found.append(leaf)
        else:
            found.append(x.detach())
    return found


RECORD = {"off": modes.NO_GRAD | modes.INFERENCE}


def vector(v: Any, like: Any, only: str) -> list[Any]:
    """The vector of a product, as tensors like `like`; ones where it may be left out.

    Raises:
        RuntimeError: It does not fit, or is None and there is more than a single element.
        TypeError: Not made of tensors.
    """
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"The vector v can only be None if {only} a single Tensor with a single element."
            )
        return [wrap(Tensor, np.ones(tuple(like[0].shape), like[0].value.dtype)[()])]
    several = checked(v, "v", "the product")
    if len(several) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(several)}."
        )
    for i, (part, x) in enumerate(zip(several, like, strict=True)):
        if tuple(part.shape) != tuple(x.shape):
            place = f"Entry {i} in v" if len(like) > 1 else "v"
            raise RuntimeError(
                f"{place} has invalid size: should be {x.shape} but got {part.shape}."
            )
    return [p.to(x.dtype) for p, x in zip(several, like, strict=True)]


def single_element(func: Function, name: str) -> Function:
    """`func`, whose output must be one tensor of one element, with a 0-d output.

    Raises:
        RuntimeError: In the call: it is not.
    """

    def run(*xs: Any) -> Any:
        out = func(*xs)
        several = checked(out, "outputs of the user-provided function", name)
        if isinstance(out, tuple):
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        if several[0].numel() != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {name} should contain a single element"
            )
        return out.reshape(()) if len(out.shape) else out

    return run
