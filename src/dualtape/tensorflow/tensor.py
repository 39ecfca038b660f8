"""`tf.Tensor`: the engine's tensor with TensorFlow's attributes, immutable to its user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np

from ..core.backward import backward
from ..core.departures import NUMBER, NUMPY, left
from ..core.errors import GraphError
from ..core.large import LARGE, met, waiting
from ..core.tensor import Tensor, plain, wrap
from ..core.tracing import known_elements
from . import printing
from .dtype import BY_NUMPY, DType, of_numpy
from .recording import forgotten, recording
from .shapes import TensorShape, known_shape

DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"

# Attributes of arrays that TensorFlow answers with advice of its own.
_ARRAY_NAMES = {"T", "astype", "ravel", "transpose", "reshape", "clip", "size", "tolist", "data"}

# Where `dualtape.why_none` is answered for these tensors; not loaded before it is asked.
DIAGNOSIS = "dualtape.tensorflow.diagnosis"

raw_edge = Tensor.edge.__get__  # type: ignore[misc]
set_edge = Tensor.edge.__set__  # type: ignore[misc]


class Readable:
    """What can be read as a tensor: `tf.Variable` and its kin."""

    __slots__ = ()

    _diagnosis = DIAGNOSIS

    if (
        TYPE_CHECKING
    ):  # both kinds have a `numpy` of their own; the operators are installed by `arithmetic`
        numpy: Callable[[], Any]

        def __add__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...

    def _read(self) -> EagerTensor:
        """The value as a tensor, which tapes watch if they watch the variable."""
        raise NotImplementedError

    def _variable(self) -> Any:
        """The `tf.Variable` that it is or holds."""
        raise NotImplementedError


class _WithoutUfunc(type):
    """Hides `__array_ufunc__`, which the engine's values set to None.

    With None, NumPy refuses `np.sqrt(tensor)`. Without the attribute it converts the tensor by
    `__array__`, as it does TensorFlow's, and still leaves `array * tensor` to the tensor.
    """

    @property
    def __array_ufunc__(cls) -> NoReturn:
        raise AttributeError("__array_ufunc__")


class EagerTensor(Tensor, metaclass=_WithoutUfunc):
    """A multi-dimensional array of one dtype."""

    __slots__ = ()

    result_class: ClassVar[type[Tensor]]
    mutable: ClassVar[bool] = False
    __array_priority__ = 100.0
    _diagnosis = DIAGNOSIS

    if TYPE_CHECKING:  # installed by `indexing`, `arithmetic` and `products`

        def __getitem__(self, index: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __rmatmul__(self, other: Any) -> Any: ...
        def __lt__(self, other: Any) -> Any: ...
        def __le__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...
        def __ge__(self, other: Any) -> Any: ...

    def _live_edge(self) -> Any:
        edge = raw_edge(self)
        if edge is None or edge.order <= recording().horizon:
            return edge
        if forgotten(edge):
            set_edge(self, None)
        return None

    # See NOTE [edges and tapes] in `recording`.
    edge = property(_live_edge, set_edge)

    # --- what it is ---------------------------------------------------------------------------

    @property
    def shape(self) -> TensorShape:
        """The lengths of the axes."""
        return known_shape(self.value.shape)

    @property
    def dtype(self) -> DType:
        """The element type."""
        dtype = self.value.dtype
        return BY_NUMPY.get(dtype) or of_numpy(dtype)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.value.shape)

    @property
    def device(self) -> str:
        """The CPU's name."""
        return DEVICE

    backing_device = device
    is_packed = False

    @property
    def _id(self) -> int:
        return id(self)

    def get_shape(self) -> TensorShape:
        """The lengths of the axes."""
        return known_shape(self.value.shape)

    def set_shape(self, shape: Any) -> None:
        """Check that the tensor has a shape.

        Raises:
            ValueError: It has another.
        """
        if not self.shape.is_compatible_with(shape):
            raise ValueError(
                f"Tensor's shape {self.shape} is not compatible with supplied shape {TensorShape(shape)}."
            )

    # --- numbers out --------------------------------------------------------------------------

    def numpy(self) -> Any:
        """The numbers: a copy as an ndarray, or a NumPy scalar (bytes, for a string)."""
        value = plain(self)
        if not value.shape:
            if self._is_recorded():
                left(NUMPY, self)
            return value[()]
        array = value.copy()
        if self._is_recorded():
            left(NUMPY, self, array)
        return array

    def _is_recorded(self) -> bool:
        """Whether some tape records what is computed from it now; unlike `edge`, this drops nothing."""
        edge = raw_edge(self)
        return edge is not None and edge.order <= recording().horizon

    def _numpy(self) -> Any:
        known = known_elements(self.value)
        return plain(self) if known is None else np.array(known.tolist(), self.value.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = np.asarray(plain(self))
        if self._is_recorded():
            left(NUMPY, self)
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        if copy:
            return array.copy()
        array = array.view()
        array.flags.writeable = False
        return array

    def __bool__(self) -> bool:
        value = plain(self)
        if value.size > 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. "
                "Use a.any() or a.all()"
            )
        return bool(value)

    def __float__(self) -> float:
        return float(self._scalar())

    def __int__(self) -> int:
        return int(self._scalar())

    def __complex__(self) -> complex:
        return complex(self._scalar())

    def _scalar(self) -> Any:
        value = plain(self)
        if value.shape:
            raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
        if self._is_recorded():
            left(NUMBER, self)
        return value[()]

    def __index__(self) -> int:
        return self._scalar().__index__()  # type: ignore[no-any-return]

    def __len__(self) -> int:
        shape = self.value.shape
        if not shape:
            raise TypeError("Scalar tensor has no `len()`")
        return shape[0]  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Any]:
        shape = self.value.shape
        if not shape:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[i] for i in range(shape[0]))

    # --- what Python asks ---------------------------------------------------------------------

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def ref(self) -> Reference:
        """Something hashable that stands for this very tensor."""
        return Reference(self)

    experimental_ref = ref

    def __repr__(self) -> str:
        return printing.tensor_repr(self._printable())

    def __str__(self) -> str:
        return printing.tensor_str(self._printable())

    def __format__(self, spec: str) -> str:
        return printing.tensor_format(self._printable(), spec)

    def _printable(self) -> np.ndarray[Any, Any]:
        return np.asarray(plain(self))

    def __copy__(self) -> EagerTensor:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> EagerTensor:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (np.asarray(plain(self)),)

    def __getattr__(self, name: str) -> NoReturn:
        if name in _ARRAY_NAMES:
            raise AttributeError(
                f"{type(self).__name__} object has no attribute '{name}'. \n"
                "        If you are looking for numpy-related methods, please run the following:\n"
                "        tf.experimental.numpy.experimental_enable_numpy_behavior()\n      "
            )
        if name in ("name", "op", "graph", "value_index"):
            raise AttributeError(f"Tensor.{name} is undefined when eager execution is enabled.")
        raise AttributeError(
            f"'tensorflow.python.framework.ops.EagerTensor' object has no attribute '{name}'"
        )

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise TypeError(
            "'tensorflow.python.framework.ops.EagerTensor' object does not support item assignment"
        )

    def eval(self, feed_dict: Any = None, session: Any = None) -> NoReturn:
        """Not in eager execution.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            "eval is not supported when eager execution is enabled, is .numpy() what you're looking for?"
        )

    def consumers(self) -> NoReturn:
        """Not in eager execution.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Tensor.consumers is undefined when eager execution is enabled.")

    def cpu(self) -> EagerTensor:
        """The tensor itself: it is on the CPU."""
        return self

    def gpu(self, gpu_index: int = 0) -> NoReturn:
        """There is no GPU.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(f"GPU:{gpu_index} unknown device.")


EagerTensor.result_class = EagerTensor


class AttachedTensor(EagerTensor):
    """A tensor that came from another front end with a history of its own.

    Its edge is always live, and so are those of everything computed from it: the gradient is the other
    front end's to ask for, with no tape of ours open.
    """

    __slots__ = ()

    # It shares the other front end's memory, where in-place writes happen and must be noticed.
    mutable: ClassVar[bool] = True
    edge = Tensor.__dict__["edge"]

    def backward(
        self, gradient: Any = None, retain_graph: bool = False, create_graph: bool = False
    ) -> None:
        """Accumulate the gradients of the leaves that this depends on, as the other front end does.

        Args:
            gradient: The cotangent of this tensor, ones by default.
            retain_graph: Keep the residuals for another pass.
            create_graph: Record the pass.

        Raises:
            RuntimeError: It has no history, or several elements and no `gradient`.
        """
        edge = self.current_edge()
        if edge is None:
            raise GraphError(
                "element 0 of tensors does not require grad and does not have a grad_fn"
            )
        value = plain(self)
        if gradient is None and value.size != 1:
            raise GraphError("grad can be implicitly created only for scalar outputs")
        ct: Any = np.ones(value.shape, value.dtype)[()] if gradient is None else gradient.value
        backward(
            [(edge, wrap(Tensor, ct) if create_graph else ct)],
            retain_graph=retain_graph,
            create_graph=create_graph,
        )


AttachedTensor.result_class = AttachedTensor
EagerTensor.variable_class = AttachedTensor  # transformations need no tape to be open


class Reference:
    """A hashable stand-in for a tensor or variable; equal when it stands for the same one."""

    __slots__ = ("_object",)

    def __init__(self, referenced: Any) -> None:
        self._object = referenced

    def deref(self) -> Any:
        """The tensor or variable."""
        return self._object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._object is other._object

    def __hash__(self) -> int:
        return id(self._object)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._object!r}>"


def tensor(value: Any) -> EagerTensor:
    """Make a tensor of an ndarray or NumPy scalar, which must not be written to any more."""
    if waiting and isinstance(value, np.ndarray) and value.size >= LARGE:
        met()
    return wrap(EagerTensor, value)  # type: ignore[return-value]


def restored(array: np.ndarray[Any, Any]) -> EagerTensor:
    """Make a tensor again of what was pickled."""
    return tensor(array if array.shape else array[()])


# `print(type(x))` is common in tutorials, and says where TensorFlow keeps the class.
for _cls in (EagerTensor, AttachedTensor):
    _cls.__name__ = _cls.__qualname__ = "EagerTensor"
    _cls.__module__ = "tensorflow.python.framework.ops"
