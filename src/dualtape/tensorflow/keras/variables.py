"""`keras.Variable`: a `tf.Variable` under Keras's name for it, and the names that Keras gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...core.tracing import capture
from ...core.vocabulary import vocabulary
from ..convert import as_tensor, numpy_dtype
from ..names import snake_case
from ..printing import keras_variable_repr
from ..shapes import TensorShape
from ..tensor import EagerTensor, Readable
from ..variable import Variable as TfVariable

FLOAT32 = np.dtype(np.float32)


class NameTable:
    """The counts behind automatic names, and the scopes open now."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.scopes: list[str] = []

    def unique(self, base: str) -> str:
        """`dense`, then `dense_1`, `dense_2`..."""
        count = self.counts.get(base, 0)
        self.counts[base] = count + 1
        return base if not count else f"{base}_{count}"

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """A context in which paths begin with `name/`."""
        self.scopes.append(name)
        try:
            yield
        finally:
            self.scopes.pop()

    def path(self, name: str) -> str:
        """The name with the open scopes in front."""
        return "/".join([*self.scopes, name])


names = NameTable()


def auto_name(cls_name: str) -> str:
    """The next automatic name for an object of a class."""
    return names.unique(snake_case(cls_name))


class Variable(Readable):
    """A weight of a layer or a slot of an optimizer.

    Args:
        initializer: A value, or a function (shape, dtype) -> value.
        shape: For such a function.
        dtype: Of the elements, float32 by default.
        trainable: Whether tapes and optimizers see it.
        name: By default an automatic one.

    Attributes:
        trainable: May be set.
        constraint: Applied by optimizers after an update.
        regularizer: Its loss is added by models.
    """

    def __init__(
        self, initializer: Any, shape: Any = None, dtype: Any = None, trainable: bool = True,
        autocast: bool = True, aggregation: str | None = None, synchronization: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.name = auto_name("variable") if name is None else name
        self.path = names.path(self.name)
        to = FLOAT32 if dtype is None else numpy_dtype(dtype)
        if callable(initializer):
            value = initializer(tuple(shape or ()), dtype=to)
        else:
            value = initializer
            if dtype is None:
                to = None
        self._held = TfVariable(as_tensor(value, to), trainable=trainable, name=self.path, dtype=to)
        self.constraint: Callable[[Any], Any] | None = kwargs.get("constraint")
        self.regularizer: Callable[[Any], Any] | None = kwargs.get("regularizer")

    compiled_unwatched = frozenset({"name", "path", "_held"})

    def compiled_keepers(self) -> tuple[TfVariable]:
        """What compiled programs read at each call: see `compiler.reach`."""
        return (self._held,)

    def _read(self) -> EagerTensor:
        return self._held._read()

    def _taken(self) -> None:
        """Let a function that is being compiled take the numbers, before they are written to without being read."""
        trace = capture.get()
        if trace is not None:
            self._held.compiled_state(trace)

    def _variable(self) -> TfVariable:
        return self._held

    @property
    def value(self) -> TfVariable:
        """The `tf.Variable` inside."""
        return self._held

    @property
    def trainable(self) -> bool:
        """Whether tapes and optimizers see it."""
        return self._held._trainable

    @trainable.setter
    def trainable(self, wanted: bool) -> None:
        self._held._trainable = bool(wanted)
        self._held._seen = None

    @property
    def shape(self) -> TensorShape:
        """The lengths of the axes."""
        return TensorShape(self._held._value.shape)

    @property
    def dtype(self) -> str:
        """The element type's name."""
        return self._held.dtype.name

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def numpy(self) -> Any:
        """The present value as an array or NumPy scalar."""
        return self._held.numpy()

    def assign(self, value: Any) -> Any:
        """Put in a new value.

        Raises:
            ValueError: It has another shape.
        """
        self._taken()
        new = as_tensor(value, self._held._value.dtype)
        if tuple(new.value.shape) != self.shape:
            raise ValueError(
                "The shape of the target variable and the shape of the target value in `variable.assign(value)` "
                f"must match. variable.shape={self.shape}, Received: value.shape={tuple(new.value.shape)}. "
                f"Target variable: {self}"
            )
        self._held.assign(_as(new, self._held._value.dtype))
        return self

    def assign_add(self, value: Any) -> Any:
        """Add to the value."""
        self._taken()
        self._held.assign_add(
            _as(as_tensor(value, self._held._value.dtype), self._held._value.dtype)
        )
        return self

    def assign_sub(self, value: Any) -> Any:
        """Subtract from the value."""
        self._taken()
        self._held.assign_sub(
            _as(as_tensor(value, self._held._value.dtype), self._held._value.dtype)
        )
        return self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._held._value, dtype)

    def __getitem__(self, index: Any) -> Any:
        return self._held._read()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __bool__(self) -> bool:
        raise TypeError("A Keras Variable cannot be used as a boolean.")

    def __float__(self) -> float:
        return float(self._read())

    def __int__(self) -> int:
        return int(self._read())

    def __index__(self) -> int:
        return self._read().__index__()

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return keras_variable_repr(self.path, np.asarray(self._held._value))


def _as(x: EagerTensor, dtype: np.dtype[Any]) -> EagerTensor:
    """A tensor in a variable's dtype: Keras casts where TensorFlow would refuse."""
    return x if x.value.dtype == dtype else EagerTensor(vocabulary.cast(x.value, dtype))


Variable.__module__ = "keras.src.backend"
