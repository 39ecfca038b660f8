"""`keras.Model` and `keras.Sequential`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ...core.missing import missing_attribute
from .. import nest
from .layer import Layer
from .layers.core import InputLayer
from .summary import print_summary
from .symbolic import Graph, KerasTensor, tried
from .training import Trainer
from .variables import names


class Model(Trainer, Layer):
    """A layer that can be trained.

    `Model(inputs, outputs)` makes one of symbolic tensors; a subclass makes its layers in `__init__` and says in
    `call` what it computes.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a `Functional` for inputs and outputs."""
        if cls is Model and (len(args) == 2 or "outputs" in kwargs):
            return object.__new__(Functional)
        return object.__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Layer.__init__(self, **kwargs)
        self._start_training()

    @property
    def layers(self) -> list[Layer]:
        """The layers held directly."""
        return list(self._sublayers())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by name or place.

        Raises:
            ValueError: There is none.
        """
        layers = self.layers
        if index is not None:
            if len(layers) <= index:
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has {len(layers)} layers."
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}. Existing layers are: {[x.name for x in layers]}.")

    def summary(
        self, line_length: int | None = None, positions: Any = None, print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False, show_trainable: bool = False, layer_range: Any = None,
    ) -> None:  # fmt: skip
        """Print the layers, their output shapes and their numbers of parameters."""
        print_summary(self, line_length, print_fn)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights by a call on zeros of a shape."""
        if input_shape is not None:
            symbol = (
                nest.map_structure(KerasTensor, input_shape)
                if isinstance(input_shape, dict)
                else KerasTensor(input_shape)
            )
            with names.scope(self.name):
                tried(self, symbol)
        self.built = True

    def _build_with(self, shape: Any) -> None:
        object.__setattr__(self, "built", True)  # the layers build themselves when they are called

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """Not supported.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("model.save: use model.get_weights() with numpy.savez")


class Functional(Model):
    """A model of symbolic inputs and outputs."""

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self._graph = Graph(inputs, outputs)
        self.inputs, self.outputs = nest.flatten(inputs), nest.flatten(outputs)
        self._input_layers = [
            getattr(x, "input_layer", None) or InputLayer(batch_shape=x.shape) for x in self.inputs
        ]
        for layer in (*self._input_layers, *self._graph.layers()):
            self._track(layer)
        self.built = True

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or of each."""
        return nest.map_structure(lambda x: x.shape, self._graph.inputs)

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or of each."""
        return nest.map_structure(lambda x: x.shape, self._graph.outputs)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Run the layers."""
        return self._graph.run(inputs, training)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's, the batch as in the input."""
        return self.output_shape


class Sequential(Model):
    """Layers one after the other.

    Args:
        layers: The layers, the first possibly an `Input`.
        trainable: Whether the weights are.
        name: By default `sequential`, numbered.
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        self._steps: list[Layer] = []
        self._start: KerasTensor | None = None
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Append a layer.

        Raises:
            ValueError: It is no layer, or has the name of another.
        """
        if isinstance(layer, KerasTensor):
            layer = layer.input_layer  # type: ignore[attr-defined]
        if callable(layer) and not isinstance(layer, Layer) and hasattr(layer, "__name__"):
            raise ValueError(
                f"Only instances of `keras.Layer` can be added to a Sequential model. Received: {layer}"
            )
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Only instances of `keras.Layer` can be added to a Sequential model. Received: {layer} (of type "
                f"{type(layer)})"
            )
        if any(layer.name == other.name for other in self._steps):
            raise ValueError(
                f"All layers added to a Sequential model should have unique names. Name '{layer.name}' is already "
                "the name of a layer in this model. Update the `name` argument to pass a unique name."
            )
        if isinstance(layer, InputLayer):
            if self._start is not None or self._steps:
                raise ValueError(
                    f"Sequential model '{self.name}' has already been configured to use input shape."
                )
            self._start = layer.output
            return
        self._steps.append(layer)
        self._track(layer)
        if self._start is None and len(self._steps) == 1 and layer._input_shape_arg is not None:
            self._start = KerasTensor((None, *layer._input_shape_arg))
        self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off and return it."""
        layer = self._steps.pop()
        self._children = [c for c in self._children if c is not layer]
        return layer

    def _rebuild(self) -> None:
        if self._start is None:
            return
        with names.scope(self.name):
            x: Any = self._start
            for layer in self._steps:
                x = layer(x)
        self._end = x
        object.__setattr__(self, "built", True)

    @property
    def layers(self) -> list[Layer]:
        """The layers in their order."""
        return list(self._steps)

    @property
    def input_shape(self) -> Any:
        """The input's shape.

        Raises:
            AttributeError: It is not known yet.
        """
        if self._start is None:
            raise AttributeError(f"Sequential model '{self.name}' has no defined input shape yet.")
        return self._start.shape

    @property
    def output_shape(self) -> Any:
        """The output's shape.

        Raises:
            AttributeError: It is not known yet.
        """
        if self._start is None:
            raise AttributeError(f"Sequential model '{self.name}' has no defined output shape yet.")
        return self._end.shape if self._steps else self._start.shape

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of a shape, whose first length may be None."""
        if input_shape is None:
            return
        self._start = KerasTensor(tuple(input_shape))
        self._rebuild()
        object.__setattr__(self, "built", True)

    def _build_with(self, shape: Any) -> None:
        if isinstance(shape, tuple):
            self.build((None, *shape[1:]))
        else:
            object.__setattr__(self, "built", True)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Run the layers."""
        x = inputs
        for layer in self._steps:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What the layers make of a shape."""
        for layer in self._steps:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape


def load_model(*args: Any, **kwargs: Any) -> NoReturn:
    """Not supported.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError(
        "keras.models.load_model: make the model again and use model.set_weights()"
    )


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
