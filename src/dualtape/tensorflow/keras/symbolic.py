"""The functional API: symbolic tensors that remember which layer calls lead to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import nest
from ..dtype import as_dtype
from ..tensor import tensor
from .variables import names

if TYPE_CHECKING:
    from .layer import Layer


class KerasTensor:
    """A tensor without numbers: a shape whose lengths may be None, a dtype, and where it comes from.

    Attributes:
        call: The layer, positional and keyword arguments that give it; None for an input.
        number: Which of the call's outputs it is.
    """

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape: tuple[int | None, ...] = tuple(shape)
        self.dtype = as_dtype(dtype).name
        self.name = names.unique("keras_tensor") if name is None else name
        self.call: tuple[Layer, tuple[Any, ...], dict[str, Any]] | None = None
        self.number = 0

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        return (
            f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, "
            f"name={self.name}>"
        )

    def _refuse(self, *_: Any) -> Any:
        raise TypeError(
            "arithmetic on a symbolic Keras tensor: put it into a layer, for instance "
            "keras.layers.Add() or keras.layers.Lambda(lambda x: ...)"
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        _refuse
    )
    __matmul__ = __rmatmul__ = __pow__ = __neg__ = __getitem__ = _refuse


def symbolic_call(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a layer gives for symbolic inputs: symbolic outputs that remember the call."""
    inputs = args[0]
    shape = nest.map_structure(_shape, inputs)
    if not layer.built:
        layer._build_with(shape)
    layer._check_input(inputs)
    try:
        found = layer.compute_output_shape(shape)
        out = _with_shapes(found, layer)
    except NotImplementedError:
        out = tried(layer, *args, **kwargs)
    for number, x in enumerate(nest.flatten(out)):
        x.call = (layer, args, kwargs)
        x.number = number
    layer._output_shape = nest.map_structure(lambda x: x.shape, out)
    return out


def _shape(x: Any) -> Any:
    return x.shape if isinstance(x, KerasTensor) else tuple(x.shape)


def _with_shapes(shape: Any, layer: Layer) -> Any:
    if isinstance(shape, tuple) and all(n is None or isinstance(n, int) for n in shape):
        return KerasTensor(shape, layer.dtype)
    return type(shape)(_with_shapes(s, layer) for s in shape)


def tried(layer: Layer, *args: Any, **kwargs: Any) -> Any:
    """The output's form, from a call on zeros with lengths that stand for unknown ones."""
    # Two calls with different lengths: what changes with them is unknown.
    outs = [
        layer(*[nest.map_structure(lambda x, n=n: _zeros(x, n), a) for a in args], **kwargs)
        for n in (2, 3)
    ]
    first, second = (nest.flatten(o) for o in outs)
    symbols = []
    for a, b in zip(first, second, strict=True):
        shape = [n if n == m else None for n, m in zip(a.shape, b.shape, strict=True)]
        symbols.append(KerasTensor(shape, a.dtype))
    return nest.pack_sequence_as(outs[0], symbols)


def _zeros(x: Any, unknown: int) -> Any:
    if not isinstance(x, KerasTensor):
        return x
    shape = tuple(unknown if n is None else n for n in x.shape)
    return tensor(np.zeros(shape, as_dtype(x.dtype).numpy_dtype))


class Graph:
    """The layer calls between symbolic inputs and outputs, in an order in which they can be made."""

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs = inputs
        self.outputs = outputs
        known = {id(x) for x in nest.flatten(inputs)}
        self.calls: list[tuple[Layer, tuple[Any, ...], dict[str, Any]]] = []
        self.results: dict[int, list[KerasTensor]] = {}
        seen: set[int] = set()
        stack = [(x, False) for x in reversed(nest.flatten(outputs))]
        while stack:
            x, done = stack.pop()
            if id(x) in known:
                continue
            if x.call is None:
                raise ValueError(
                    f"`outputs` is not connected to `inputs`: {x} is an input that is not among them"
                )
            key = id(x.call)
            if done:
                if key not in seen:
                    seen.add(key)
                    self.calls.append(x.call)
            elif key not in seen:
                stack.append((x, True))
                before = [t for t in nest.flatten(list(x.call[1])) if isinstance(t, KerasTensor)]
                stack.extend([(t, False) for t in reversed(before)])

    def layers(self) -> list[Layer]:
        """The layers called, each once."""
        return list(dict.fromkeys(layer for layer, _, _ in self.calls))

    def run(self, inputs: Any, training: bool | None) -> Any:
        """Make the calls on tensors."""
        values: dict[int, Any] = {
            id(s): v for s, v in zip(nest.flatten(self.inputs), nest.flatten(inputs), strict=True)
        }
        outs: dict[int, list[Any]] = {}

        def value_of(x: Any) -> Any:
            if not isinstance(x, KerasTensor):
                return x
            if id(x) in values:
                return values[id(x)]
            return outs[id(x.call)][x.number]

        for call in self.calls:
            layer, args, kwargs = call
            given = [nest.map_structure(value_of, a) for a in args]
            options = kwargs if training is None else {**kwargs, "training": training}
            outs[id(call)] = nest.flatten(layer(*given, **options))
        return nest.map_structure(value_of, self.outputs)
