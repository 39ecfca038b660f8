"""`tf.Variable`: a value that is put in place of another, not a tensor.

It hands out a *snapshot*, a tensor with its present value, as operand and residual. Assigning drops the
snapshot and leaves it as it was for those who still hold it, so that the gradient of what was computed
before an assignment is right after it, as in TensorFlow.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from ..core.departures import NUMPY, left
from ..core.tensor import Tensor, wrap
from . import printing
from .convert import as_tensor, converted, numpy_dtype
from .dtype import DType, of_numpy
from .enums import VariableAggregation, VariableSynchronization
from .gather import gather_elements, gather_rows
from .names import scoped
from .recording import Recording, leaf_of, recording, watched_again
from .shapes import TensorShape, known_shape
from .tensor import DEVICE, EagerTensor, Readable, Reference, restored, tensor
from .variable_assigning import Assigning
from .variable_parts import assignable
from .variable_scatters import Scattering
from .variable_state import Compilable

_numbers = itertools.count(1)

_EAGER_ONLY = {
    "op": "Tensor.op is undefined when eager execution is enabled.",
    "graph": "Tensor.graph is undefined when eager execution is enabled.",
}


class Variable(Compilable, Assigning, Scattering, Readable):
    """A value of fixed dtype, and shape unless declared looser, that programs assign to.

    Args:
        initial_value: A tensor, what one can be made of, or a function without arguments giving one.
        trainable: Whether tapes watch it on their own; by default true.
        validate_shape: Not used.
        caching_device: Not used.
        name: Shown with `:0` behind it.
        variable_def: Not supported.
        dtype: Of the elements, by default the initial value's.
        import_scope: Not used.
        constraint: Kept, for optimizers.
        synchronization, aggregation: Kept.
        shape: The declared shape; by default the initial value's.

    Raises:
        TypeError: The initial value does not fit `dtype`.
        ValueError: There is none, or it is a tensor of another dtype, or does not fit `shape`.
    """

    _shown_name: str | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Variable:
        """Make an instance; `tf.Variable(...)` itself makes a `ResourceVariable`."""
        return object.__new__(ResourceVariable if cls is Variable else cls)

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ) -> None:
        if initial_value is None:
            raise ValueError(
                "The `initial_value` arg to `tf.Variable` must be specified except when you are not "
                "providing a `variable_def`. You provided neither."
            )
        self.check_made()
        value = initial_value() if callable(initial_value) else initial_value
        want = numpy_dtype(dtype)
        try:
            out = as_tensor(value) if want is None else converted(value, want)
        except ValueError as error:
            if isinstance(value, (Tensor, Readable)):
                raise ValueError(f"initial_value: {error}") from error
            raise
        held = out.value
        if isinstance(held, np.ndarray):  # memory of its own, to be updated in place
            held = held.copy()
        self._value = held
        self._declared = None
        if shape is not None:
            declared = TensorShape(shape)
            if not declared.is_compatible_with(held.shape):
                raise ValueError(
                    f"In this `tf.Variable` creation, the initial value's shape ({tuple(held.shape)}) is "
                    f"not compatible with the explicitly supplied `shape` argument ({shape})."
                )
            if not declared.is_fully_defined():
                self._declared = declared
        self._name = scoped("Variable" if name is None else str(name))
        self._trainable = True if trainable is None else bool(trainable)
        self._constraint = constraint
        self._synchronization = synchronization
        self._aggregation = aggregation
        self._unique_id = next(_numbers)
        self._snapshot: EagerTensor | None = None
        self._edge: Any = None
        self._seen: Any = None

    # --- reading ------------------------------------------------------------------------------

    def _read(self) -> EagerTensor:
        """The snapshot, watched by the tapes that are open now."""
        state = recording()
        if self._seen is not state.token:
            self._register(state)
        snapshot = self._snapshot
        if snapshot is None:
            snapshot = self._snapshot = wrap(EagerTensor, self._value, self._edge)  # type: ignore[assignment]
        return snapshot  # type: ignore[return-value]

    def _variable(self) -> Variable:
        return self

    def _register(self, state: Recording) -> None:
        """Let the tapes of `state` watch this variable from now on, and forget dead history."""
        if self._seen is state.token:
            return
        for read in state.readers:
            read.append(self)
        self._seen = state.token
        self._snapshot = None
        edge = self._edge
        if edge is not None and edge.order > state.horizon:
            edge = None
        if self._trainable and state.tapes and differentiable(self._value):
            number = self._unique_id
            fresh = False
            for tape in state.tapes:
                if tape.watches_variables and number not in tape.watched:
                    if not fresh:
                        edge, fresh = self._watched_edge(edge), True
                    tape.watched[number] = (self, edge)
        self._edge = edge

    def _watched_edge(self, edge: Any) -> Any:
        """The edge that a new watcher gets: a leaf, or a node in front of the live `edge`."""
        if edge is not None:
            return watched_again(edge)
        return leaf_of(self._value, EagerTensor)

    def _watch(self, tape: Any) -> None:
        """Let one tape watch this variable explicitly."""
        self._register(recording())
        if self._unique_id not in tape.watched:
            self._edge = self._watched_edge(self._edge)
            self._snapshot = None
            tape.watched[self._unique_id] = (self, self._edge)

    def value(self) -> EagerTensor:
        """The present value as a tensor."""
        return self._read()

    def read_value(self) -> EagerTensor:
        """The present value as a tensor."""
        return self._read()

    def numpy(self) -> Any:
        """The present value: a copy as an ndarray, or a NumPy scalar."""
        return self._read().numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        snapshot = self._read()
        if snapshot._is_recorded():
            left(NUMPY, snapshot)
        return np.array(self._value, dtype)

    def sparse_read(self, indices: Any, name: str | None = None) -> EagerTensor:
        """The rows at `indices`; see `tf.gather`."""
        return gather_rows(self, indices)

    def gather_nd(self, indices: Any, name: str | None = None) -> EagerTensor:
        """The elements or slices at `indices`; see `tf.gather_nd`."""
        return gather_elements(self, indices)

    # --- what it is ---------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name with `:0` behind it."""
        return self._shown_name or f"{self._name}:0"

    @property
    def _shared_name(self) -> str:
        return self._name

    @property
    def shape(self) -> TensorShape:
        """The declared shape."""
        return known_shape(self._value.shape) if self._declared is None else self._declared

    def get_shape(self) -> TensorShape:
        """The declared shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Declare a more exact shape.

        Raises:
            ValueError: The value, or what was declared, does not fit it.
        """
        self._declared = self.shape.merge_with(shape)

    @property
    def dtype(self) -> DType:
        """The element type."""
        return of_numpy(self._value.dtype)

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it on their own."""
        return self._trainable

    @property
    def constraint(self) -> Any:
        """The function given as `constraint`."""
        return self._constraint

    @property
    def synchronization(self) -> Any:
        """As given."""
        return self._synchronization

    @property
    def aggregation(self) -> Any:
        """As given."""
        return self._aggregation

    @property
    def device(self) -> str:
        """The CPU's name."""
        return DEVICE

    @property
    def initial_value(self) -> NoReturn:
        """Not in eager execution.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError("This property is not supported when eager execution is enabled.")

    initializer = None
    _in_graph_mode = False

    def is_initialized(self, name: str | None = None) -> EagerTensor:
        """True: a variable always has a value."""
        return tensor(np.bool_(True))

    def ref(self) -> Reference:
        """Something hashable that stands for this variable."""
        return Reference(self)

    experimental_ref = ref

    def __hash__(self) -> int:
        raise TypeError(
            f"Variable is unhashable. Instead, use variable.ref() as the key. (Variable: {self!r})"
        )

    def __repr__(self) -> str:
        shown = "value" if self._declared is None else self._declared._dims
        return printing.variable_repr(self.name, np.asarray(self._read()), shown)

    def __getattr__(self, name: str) -> NoReturn:
        message = _EAGER_ONLY.get(name, f"'ResourceVariable' object has no attribute '{name}'")
        raise AttributeError(message)

    def __bool__(self) -> bool:
        return bool(self._read())

    def __int__(self) -> int:
        return int(self._read())

    def __float__(self) -> float:
        return float(self._read())

    def __complex__(self) -> complex:
        return complex(self._read())

    def __index__(self) -> int:
        return self._read().__index__()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._read())

    def __copy__(self) -> Variable:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copied = Variable(
            tensor(self._value), trainable=self._trainable, name=self._name, constraint=self._constraint,
            synchronization=self._synchronization, aggregation=self._aggregation, shape=self._declared,
        )  # fmt: skip
        memo[id(self)] = copied
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored_variable, (np.asarray(self._value), self._trainable, self._name)

    def _unread(self) -> Variable:
        """The same variable (one dict, two objects), printed as `UnreadVariable`."""
        out = object.__new__(UnreadVariable)
        out.__dict__ = self.__dict__
        return out

    def __getitem__(self, index: Any) -> Any:
        part = self._read()[index]
        return assignable(part, self, index)


def differentiable(value: Any) -> bool:
    """Whether the elements of a value have gradients."""
    return value.dtype.kind in "fcV"


class ResourceVariable(Variable):
    """What `tf.Variable(...)` makes."""


class UnreadVariable(ResourceVariable):
    """What an assignment returns: the variable under another name."""

    _shown_name = "UnreadVariable"


def _restored_variable(array: np.ndarray[Any, Any], trainable: bool, name: str) -> Variable:
    return Variable(restored(array), trainable=trainable, name=name)


# Where TensorFlow keeps them; `print(type(v))` says it.
for _cls, _name in ((ResourceVariable, "ResourceVariable"), (UnreadVariable, "_UnreadVariable")):
    _cls.__name__ = _cls.__qualname__ = _name
    _cls.__module__ = "tensorflow.python.ops.resource_variable_ops"
