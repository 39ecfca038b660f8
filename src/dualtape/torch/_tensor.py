"""`torch.Tensor`: the engine's tensor with PyTorch's attributes. Most methods are installed by `methods`."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..core import modes
from ..core.batching import Batched
from ..core.boxes import Box
from ..core.departures import DATA, DETACHED, NUMBER, NUMPY, WANTED, left
from ..core.errors import GraphError, TransformError
from ..core.graph import AccumulateGrad, Node
from ..core.stopped import stopped
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import alias, wrap
from ..core.tracing import Traced
from ..core.versions import InferenceVersion
from . import dtypes
from .dtypes import from_numpy_dtype
from .random_dtypes import scalar_name
from .sizes import CPU, Size, device, layout, strided
from .text import tensor_repr


class Tensor(CoreTensor):
    """A multi-dimensional array of one dtype that remembers how it was computed."""

    __slots__ = ("__dict__",)

    result_class: ClassVar[type[CoreTensor]]
    _diagnosis: ClassVar[str] = "dualtape.torch.diagnosis"
    legacy_new: ClassVar[Callable[..., Any]]  # set by `legacy_types`, which makes tensors from data

    if TYPE_CHECKING:  # most methods are installed by `registry.method`

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, index: Any) -> Any: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __invert__(self) -> Any: ...
        def __pos__(self) -> Any: ...

    def __new__(cls, *args: Any, **kwargs: Any) -> Tensor:
        """`torch.Tensor(data)` or `torch.Tensor(*sizes)`: always the default dtype."""
        return cls.legacy_new(cls, args, kwargs)  # type: ignore[no-any-return]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Everything is done in `__new__`."""

    # --- what it is ---------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The lengths of the axes."""
        return Size(self.value.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        """The element type."""
        d = self.value.dtype
        return dtypes.BY_NUMPY.get(d) or from_numpy_dtype(d)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.value.shape)

    @property
    def device(self) -> device:
        """The CPU."""
        return CPU

    @property
    def layout(self) -> layout:
        """`torch.strided`."""
        return strided

    is_cuda = is_mps = is_xpu = is_meta = is_sparse = is_quantized = is_nested = is_mkldnn = False
    is_cpu = True
    names: ClassVar[Any] = None

    # --- derivatives --------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on it are recorded; assign to make a leaf want a gradient or not."""
        return self.current_edge() is not None or inner_requires_grad(self.value)

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not isinstance(wanted, bool):
            raise RuntimeError("requires_grad must be a bool")
        set_requires_grad(self, wanted, "floating point and complex")
        if wanted:
            left(WANTED, self)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` in place and return the tensor.

        Raises:
            TypeError: Not a bool.
            RuntimeError: Not a floating or complex dtype; not a leaf; or made in inference mode.
        """
        if not isinstance(requires_grad, bool):
            raise TypeError(
                "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
                f"{type(requires_grad).__name__}"
            )
        set_requires_grad(self, requires_grad)
        if requires_grad:
            left(WANTED, self)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user rather than by a recorded operation."""
        edge = self.current_edge()
        return edge is None or isinstance(edge, AccumulateGrad)

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made it; None for a leaf."""
        edge = self.current_edge()
        return None if edge is None or isinstance(edge, AccumulateGrad) else edge.node

    @property
    def output_nr(self) -> int:
        """Which output of its `grad_fn` it is."""
        edge = self.current_edge()
        return 0 if edge is None else edge.output_number

    @property
    def grad(self) -> Any:
        """The accumulated gradient, None before the first backward pass."""
        leaf = self.leaf
        if leaf is None:
            return None
        return leaf.grad

    @grad.setter
    def grad(self, new: Tensor | None) -> None:
        if new is None:
            if self.leaf is not None:
                self.leaf.grad = None
            return
        if not isinstance(new, CoreTensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(new).__name__}"
            )
        if tuple(new.value.shape) != tuple(self.value.shape):
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(new.value.shape)}' to a tensor of size "
                f"'{list(self.value.shape)}'. Please ensure that the gradient and the tensor are the same size"
            )
        if new.value.dtype != self.value.dtype:
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{scalar_name(new.value.dtype, cpp=True)}' to "
                f"a tensor with grad_dtype '{scalar_name(self.value.dtype)}'. The gradient must match the tensor's "
                "grad_dtype, which is its dtype"
            )
        if new is self:
            raise RuntimeError("can't assign Variable as its own grad")
        self.accumulator().grad = new

    @property
    def data(self) -> Tensor:
        """The same memory without history; writes to it are not noticed by autograd."""
        out = self._stopped()
        if out is None:
            out = alias(self, track=False)
        if self.edge is not None:
            left(DATA, self, out)
        return out  # type: ignore[return-value]

    @data.setter
    def data(self, new: Tensor) -> None:
        if not isinstance(new, CoreTensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(new).__name__}")
        self.value = new.buffer()
        if self.leaf is not None:
            self.leaf.shape = tuple(new.value.shape)
            self.leaf.dtype = new.value.dtype

    def _stopped(self) -> CoreTensor | None:
        """The tensor without the derivatives inside its value, where a transformation has put some; None if there are none."""
        value = self.value
        if not isinstance(value, Box):
            return None
        without = stopped(value)
        return None if without is value else wrap(type(self).result_class, without)

    def detach(self) -> Tensor:
        """The same memory without history; writes to either are noticed by the other's graph."""
        out = self._stopped()
        if out is None:
            out = alias(self)
        if self.edge is not None:
            left(DETACHED, self, out)
        return out  # type: ignore[return-value]

    def detach_(self) -> Tensor:
        """Forget the history in place.

        Raises:
            RuntimeError: The tensor is a view.
        """
        if self.view_of is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If a base and its views should be cut off "
                "from their history, detach the base."
            )
        if self.edge is not None:
            left(DETACHED, self, self)
        self.edge = None
        if isinstance(self.value, Box):
            self.value = stopped(self.value)
        return self

    @property
    def _version(self) -> int:
        if isinstance(self.version, InferenceVersion):
            raise RuntimeError("Inference tensors do not track version counter.")
        return 0 if self.version is None else self.version.count

    @property
    def _base(self) -> CoreTensor | None:
        return None if self.view_of is None else self.view_of.base

    def _is_view(self) -> bool:
        return self.view_of is not None

    # --- numbers out --------------------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The memory as an ndarray.

        Raises:
            RuntimeError: The tensor requires a gradient, or has no concrete numbers.
        """
        if not force and self.requires_grad and not modes.current() & modes.NO_GRAD:
            raise GraphError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        if isinstance(self.value, Box) and not isinstance(self.value, Traced) and not force:
            raise TransformError(
                "numpy() was called on a value inside a transformation, where its derivative would get lost: call "
                "detach() first"
            )
        array = concrete(self.buffer(), "numpy()")
        if self.dtype is dtypes.bfloat16:
            raise TypeError("Got unsupported ScalarType BFloat16")
        # A version means that the tensor has an alias: it may be what `detach()` gave.
        if self.version is not None or self.edge is not None:
            left(NUMPY, self, array)
        return array  # type: ignore[no-any-return]

    def item(self) -> Any:
        """The single element as a Python number.

        Raises:
            RuntimeError: There is not exactly one element.
        """
        if self.edge is not None:
            left(NUMBER, self)
        return self._item()

    def _item(self) -> Any:
        value = concrete(self.value, "item()")
        if value.size != 1:
            raise RuntimeError(f"a Tensor with {value.size} elements cannot be converted to Scalar")
        number = value.item()
        return float(number) if self.value.dtype.kind == "V" else number

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        if self.edge is not None:
            left(NUMBER, self)
        value = concrete(self.value, "tolist()")
        if value.dtype.kind == "V":
            value = value.astype(np.float32)
        return value.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=bool(copy))

    def __bool__(self) -> bool:
        value = self.value
        if isinstance(value, Box):
            value = stopped(value)
            if isinstance(value, Batched):
                raise TransformError(
                    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We "
                    "don't support that yet: every example has a truth of its own. Use torch.where."
                )
            value = concrete(value, "bool()")
        if value.size != 1:
            if value.size == 0:
                raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(value)

    def __float__(self) -> float:
        return float(self._real("double"))

    def __int__(self) -> int:
        return int(self._real("int64_t"))

    def __complex__(self) -> complex:
        return complex(self._number("complex"))

    def _real(self, kind: str) -> Any:
        number = self._number("float" if kind == "double" else "int")
        if isinstance(number, complex):
            if number.imag != 0:
                raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
            return number.real
        return number

    def __index__(self) -> int:
        if self.value.dtype.kind not in "iub" or math.prod(self.value.shape) != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def _number(self, what: str) -> Any:
        value = concrete(self.value, f"{what}()")
        if value.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        if self.edge is not None:
            left(NUMBER, self)
        return value.item() if value.dtype.kind != "V" else value.astype(np.float32).item()

    def __len__(self) -> int:
        if not self.value.shape:
            raise TypeError("len() of a 0-d tensor")
        return int(self.value.shape[0])

    def __iter__(self) -> Iterator[Any]:
        if not self.value.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return tensor_repr(self)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        if self.ndim == 0 and not isinstance(self.value, Box):
            return self._item().__format__(spec)  # type: ignore[no-any-return]
        return object.__format__(self, spec)

    def __reduce_ex__(self, protocol: Any) -> Any:
        state = (
            np.array(self.value),
            self.requires_grad if self.is_leaf else False,
            dict(self.__dict__),
        )
        return _rebuild, (type(self), *state)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at "
                "the moment.  If you were attempting to deepcopy a module, this may be because of a torch.nn.utils "
                "usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        if id(self) in memo:
            return memo[id(self)]  # type: ignore[no-any-return]
        new = wrap(type(self), np.array(self.value, copy=True))
        new.__dict__.update({k: copy.deepcopy(v, memo) for k, v in self.__dict__.items()})
        if self.edge is not None:
            new.require_grad()
        if self.grad is not None:
            new.accumulator().grad = copy.deepcopy(self.grad, memo)
        memo[id(self)] = new
        return new  # type: ignore[return-value]


Tensor.result_class = Tensor


def _rebuild(
    cls: type[Tensor], array: Any, requires_grad: bool, attributes: dict[str, Any]
) -> Tensor:
    t = wrap(cls, array)
    t.__dict__.update(attributes)
    if requires_grad:
        t.require_grad()
    return t  # type: ignore[return-value]


def concrete(value: Any, what: str) -> Any:
    """The value as numbers; those of the primal in forward mode, where it counts as a constant from here on.

    Raises:
        TransformError: It is inside another transformation and has none.
    """
    if not isinstance(value, Box):
        return value
    value = stopped(value)
    if isinstance(value, Batched):
        raise TransformError(
            f"vmap: It looks like you're calling .{what} on a Tensor. We don't support vmap over calling .{what} on "
            "a Tensor: every example has a value of its own there. Please try to rewrite what you're doing with "
            "other operations."
        )
    if isinstance(value, Box):
        raise TransformError(
            f"{what} was called on a value inside a {value.interpreter.name}: it has no concrete numbers there"
        )
    return value


def inner_requires_grad(value: Any) -> bool:
    """Whether a box holds a recorded tensor."""
    while isinstance(value, Box):
        value = getattr(value, "primal", getattr(value, "content", None))
        if isinstance(value, CoreTensor):
            return value.edge is not None or inner_requires_grad(value.value)
    return False


def set_requires_grad(t: Tensor, wanted: bool, kinds: str = "floating point") -> None:
    """Assign `requires_grad`.

    Args:
        t: The tensor.
        wanted: What to assign.
        kinds: How the message calls the dtypes that can have gradients: PyTorch has two ways.

    Raises:
        RuntimeError: Not a floating or complex dtype; not a leaf; or made in inference mode.
    """
    if wanted:
        if t.current_edge() is not None:
            return
        if t.value.dtype.kind not in "fcV":
            raise RuntimeError(f"only Tensors of {kinds} dtype can require gradients")
        if isinstance(t.version, InferenceVersion) and not modes.current() & modes.INFERENCE:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
            )
        t.edge = t.accumulator()
    elif t.current_edge() is not None:
        if not t.is_leaf:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                "variable in a subgraph that doesn't require differentiation use var_no_grad = "
                "var.detach()."
            )
        t.edge = None


def checked_result(x: Tensor, out: Tensor) -> Tensor:
    """The result of an operation about to be stored in `x`.

    Raises:
        RuntimeError: PyTorch does not allow casting it to the dtype of `x`.
    """
    have, want = out.value.dtype, x.value.dtype
    if have != want and not dtypes.can_cast(from_numpy_dtype(have), from_numpy_dtype(want)):
        raise RuntimeError(
            f"result type {_SCALAR_NAMES[from_numpy_dtype(have).name]} can't be cast to the desired output "
            f"type {_SCALAR_NAMES[from_numpy_dtype(want).name]}"
        )
    return out


_SCALAR_NAMES = {
    "float16": "Half", "float32": "Float", "float64": "Double", "bfloat16": "BFloat16",
    "complex64": "ComplexFloat", "complex128": "ComplexDouble", "int8": "Char", "int16": "Short",
    "int32": "Int", "int64": "Long", "uint8": "Byte", "uint16": "UInt16", "uint32": "UInt32",
    "uint64": "UInt64", "bool": "Bool",
}  # fmt: skip
