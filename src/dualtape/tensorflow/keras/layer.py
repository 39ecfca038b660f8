"""`keras.layers.Layer`: weights, sublayers, building on first call, and calls on symbolic tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

import numpy as np

from ...core.boxes import Box
from ...core.tensor import Tensor
from ...core.tracing import after_call
from .. import nest
from ..conversion import in_graph
from ..convert import as_tensor
from ..elementwise import cast
from ..tensor import EagerTensor, Readable
from . import initializers, regularizers
from .symbolic import KerasTensor, symbolic_call
from .variables import Variable, auto_name, names


class Layer:
    """A function with weights.

    Subclasses make weights in `build(input_shape)` with `add_weight`, and compute in `call(inputs)`.

    Args:
        activity_regularizer: Adds a loss of the output.
        trainable: Whether the weights are.
        dtype: Of weights and inputs, float32 by default.
        name: By default the class's in snake case, numbered.
        kwargs: `input_shape` or `input_dim`, for the first layer of a `Sequential`.

    Raises:
        ValueError: Another keyword.
    """

    def __init__(
        self, *, activity_regularizer: Any = None, trainable: bool = True, dtype: Any = None, autocast: bool = True,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        self._own: list[Variable] = []
        self._children: list[Layer] = []
        self._extra_losses: list[Any] = []
        self._input_spec: KerasTensor | None = None
        input_shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs:
            input_shape = (kwargs.pop("input_dim"),)
        if "batch_input_shape" in kwargs:
            input_shape = tuple(kwargs.pop("batch_input_shape"))[1:]
        if kwargs:
            raise ValueError(
                f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}"
            )
        self._input_shape_arg = None if input_shape is None else tuple(input_shape)
        self.name = auto_name(type(self).__name__) if name is None else name
        self.built = False
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._trainable = trainable
        self._dtype = "float32" if dtype is None else str(getattr(dtype, "name", dtype))
        self._output_shape: Any = None
        self._takes = _optional_arguments(self.call)

    # --- weights ------------------------------------------------------------------------------

    def add_weight(
        self, shape: Any = None, initializer: Any = None, dtype: Any = None, trainable: bool = True,
        autocast: bool = True, regularizer: Any = None, constraint: Any = None, aggregation: str | None = None,
        overwrite_with_gradient: bool = False, name: str | None = None,
    ) -> Variable:  # fmt: skip
        """Make a weight.

        Args:
            shape: Its shape, () by default.
            initializer: By default Glorot's uniform one for floats.
            dtype: By default the layer's.
            trainable: Whether optimizers change it.
            autocast: Not used.
            regularizer: Its loss is added by models.
            constraint: Applied after an update.
            aggregation: Not used.
            overwrite_with_gradient: Not used.
            name: By default an automatic one.
        """
        make = initializers.get("glorot_uniform" if initializer is None else initializer)
        with names.scope(self._path()):
            weight = Variable(
                make, tuple(shape or ()), self._dtype if dtype is None else dtype, trainable, name=name,
                regularizer=regularizers.get(regularizer), constraint=constraint,
            )  # fmt: skip
        self._own.append(weight)
        return weight

    def _path(self) -> str:
        return self.name

    def __setattr__(self, name: str, value: Any) -> None:
        if name[:1] != "_":
            self._track(value)
        object.__setattr__(self, name, value)

    def _track(self, value: Any) -> None:
        """Note weights and layers among a new attribute, in lists and dicts too."""
        if "_children" not in self.__dict__:
            if isinstance(value, (Layer, Variable)):
                raise RuntimeError(
                    f"In layer {type(self).__name__}, you forgot to call `super().__init__()` as the first "
                    "statement in the `__init__()` method. Go add it!"
                )
            return
        if isinstance(value, (list, tuple, dict)):
            for v in value.values() if isinstance(value, dict) else value:
                self._track(v)
        elif isinstance(value, Layer):
            if all(value is not c for c in self._children):
                self._children.append(value)
        elif isinstance(value, Variable) and all(value is not w for w in self._own):
            self._own.append(value)

    def _sublayers(self) -> Iterator[Layer]:
        """The layers held, including those appended to lists meanwhile."""
        seen: set[int] = set()
        for layer in self._children:
            seen.add(id(layer))
            yield layer
        for value in list(vars(self).values()):
            if isinstance(value, list) and value is not self._children:
                for v in value:
                    if isinstance(v, Layer) and id(v) not in seen:
                        seen.add(id(v))
                        yield v

    def _flatten_layers(self) -> list[Layer]:
        out: list[Layer] = []
        for child in self._sublayers():
            out.append(child)
            out.extend(child._flatten_layers())
        return out

    @property
    def weights(self) -> list[Variable]:
        """All weights: this layer's, then the sublayers'."""
        out: list[Variable] = []
        seen: set[int] = set()
        for w in [*self._own, *[w for c in self._sublayers() for w in c.weights]]:
            if id(w) not in seen:
                seen.add(id(w))
                out.append(w)
        return out

    variables = weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The weights that are trainable, none if the layer is not."""
        if not self._trainable:
            return []
        own = [w for w in self._own if w.trainable]
        seen = {id(w) for w in own}
        for child in self._sublayers():
            for w in child.trainable_variables:
                if id(w) not in seen:
                    seen.add(id(w))
                    own.append(w)
        return own

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The other weights."""
        trainable = {id(w) for w in self.trainable_variables}
        return [w for w in self.weights if id(w) not in trainable]

    non_trainable_weights = non_trainable_variables

    @property
    def trainable(self) -> bool:
        """Whether the layer's weights are; setting it reaches sublayers too."""
        return self._trainable

    @trainable.setter
    def trainable(self, wanted: bool) -> None:
        self._trainable = bool(wanted)
        for w in self._own:
            w.trainable = bool(wanted)
        for child in self._sublayers():
            child.trainable = wanted

    compiled_unwatched = frozenset(
        {
            "name",
            "_own",
            "_extra_losses",
            "_input_spec",
            "_input_shape_arg",
            "_dtype",
            "_output_shape",
            "_takes",
        }
    )

    def compiled_keepers(self) -> list[Any]:
        """What compiled programs read at each call: see `compiler.reach`."""
        return [w._variable() for w in self.weights]

    def get_weights(self) -> list[Any]:
        """The weights' values as arrays."""
        return [np.array(w._variable()._value) for w in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Put in values for all weights.

        Raises:
            ValueError: There are more or fewer, or one has another shape.
        """
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer '{self.name}' with a weight list of length "
                f"{len(weights)}, but the layer was expecting {len(own)} weights."
            )
        for w, value in zip(own, weights, strict=True):
            shape = tuple(np.shape(value))
            if w.shape != shape:
                raise ValueError(
                    f"Layer {self.name} weight shape {w.shape} is not compatible with provided weight shape "
                    f"{shape}."
                )
            w.assign(value)

    def count_params(self) -> int:
        """The number of elements of all weights."""
        return sum(int(np.prod(w.shape)) for w in self.weights)

    # --- losses -------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a loss for this call, which training adds to the others."""
        self._extra_losses.extend(nest.flatten(loss))
        _with_losses.add(self)

    @property
    def losses(self) -> list[Any]:
        """Losses of regularizers and of `add_loss`, sublayers' included."""
        out = [x for layer in (self, *self._flatten_layers()) for x in layer._extra_losses]
        out.extend(
            [w.regularizer(w) for w in self.trainable_variables if w.regularizer is not None]
        )
        return out

    def _clear_losses(self) -> None:
        for layer in (self, *self._flatten_layers()):
            layer._extra_losses.clear()
            _with_losses.discard(layer)

    # --- calling ------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights; by default there are none."""
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output.

        Raises:
            NotImplementedError: The subclass does not say how.
        """
        raise NotImplementedError(
            f"Layer {type(self).__name__} does not have a `call()` method implemented."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Build the layer if needed, and call it."""
        first = args[0] if args else next(iter(kwargs.values()), None)
        if any(isinstance(x, KerasTensor) for x in nest.flatten(list(args))):
            return symbolic_call(self, args, kwargs)
        converted = [nest.map_structure(self._as_input, a) for a in args]
        given = converted[0] if converted else first
        if not self.built:
            self._build_for(given)
        self._check_input(given)
        if "training" in kwargs and "training" not in self._takes:
            kwargs.pop("training")
        elif "training" in self._takes and kwargs.get("training") is None and training_stack:
            kwargs["training"] = training_stack[-1]
        entered = "training" in kwargs and kwargs["training"] is not None
        if entered:
            training_stack.append(kwargs["training"])
        if not _calls and _with_losses:  # they are those of the last outermost call
            self._clear_losses()
        names.scopes.append(self.name)
        _calls.append(self)
        try:
            out = in_graph(self.call)(*converted, **kwargs)
        finally:
            _calls.pop()
            names.scopes.pop()
            if entered:
                training_stack.pop()
        if self._output_shape is None:
            self._output_shape = nest.map_structure(_known_batch, out)
        if self.activity_regularizer is not None:
            for y in nest.flatten(out):
                loss = as_tensor(self.activity_regularizer(y))
                shape = y.value.shape
                self.add_loss(loss / float(shape[0]) if shape else loss)
        return out

    def _build_for(self, inputs: Any) -> None:
        shape = nest.map_structure(_shape_of, inputs)
        self._build_with(shape)

    def _build_with(self, shape: Any) -> None:
        self.build(shape)
        object.__setattr__(self, "built", True)
        for value in list(vars(self).values()):  # weights made by other means than add_weight
            self._track(value)

    def _as_input(self, x: Any) -> Any:
        """Arrays and numbers as tensors in the layer's dtype; integer tensors as they are unless it computes."""
        if isinstance(x, Readable):
            x = x._read()
        if isinstance(x, (np.ndarray, np.generic, list, int, float)) and not isinstance(x, bool):
            x = as_tensor(x)
        if isinstance(x, EagerTensor) and self._casts and x.value.dtype.kind in "fV":
            return cast(x, self._dtype)
        return as_tensor(x) if isinstance(x, Tensor) else x

    # Whether floating inputs are cast to the layer's dtype.
    _casts = True

    def _check_input(self, inputs: Any) -> None:
        """Raise ValueError for inputs that the weights do not fit; by default all do."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for a shape of the input.

        Raises:
            NotImplementedError: The subclass does not say; then it is found by calling the layer on zeros.
        """
        raise NotImplementedError

    @property
    def path(self) -> str:
        """The name, with those of the layers around."""
        return names.path(self.name)

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self._dtype

    variable_dtype = compute_dtype = dtype

    def get_config(self) -> dict[str, Any]:
        """The arguments the layer was made with."""
        return {"name": self.name, "trainable": self.trainable, "dtype": self._dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a layer from `get_config`'s result."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


# Whether the innermost running call trains, for the layers inside it.
training_stack: list[bool] = []


# The layers whose calls are running, and those that hold losses of a call.
_calls: list[Layer] = []
_with_losses: WeakSet[Layer] = WeakSet()


def _let_go() -> None:
    """Forget the losses of a function that is being compiled, which has returned."""
    for layer in list(_with_losses):
        if any(isinstance(x, Tensor) and isinstance(x.value, Box) for x in layer._extra_losses):
            layer._extra_losses.clear()
            _with_losses.discard(layer)


after_call.append(_let_go)


def _optional_arguments(call: Callable[..., Any]) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(call).parameters)
    except (TypeError, ValueError):
        return frozenset()


def _shape_of(x: Any) -> Any:
    return tuple(x.shape) if hasattr(x, "shape") else x


def _known_batch(x: Any) -> Any:
    return tuple(x.shape) if hasattr(x, "shape") else None
