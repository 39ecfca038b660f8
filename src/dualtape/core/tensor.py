"""The tensor: a value, an edge that says where its gradient goes, and what in-place writes need."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .boxes import Box, Interpreter
from .errors import TransformError
from .graph import AccumulateGrad
from .lengths import KEPT_BY_IDENTITY, is_open
from .lengths import number as open_number
from .value import Value
from .versions import Version
from .views import Alias, register

new = object.__new__


class Tensor(Value):
    """A value under automatic differentiation. Front ends derive their own class from it.

    Attributes:
        value: An ndarray; a NumPy scalar for a 0-d tensor that shares memory with nobody (a fifth of
            the cost); or a box of a transformation.
        edge: Where its gradient goes; None when it needs none.
        version: Counts in-place writes; None until the first write or alias.
        view_of: How it views another tensor's memory; None for the owner.
        leaf: Keeps `.grad`; None until a gradient is asked for.
        result_class: The class of results computed from it (a parameter's is its framework's tensor).
        variable_class: The class of the variables that a transformation makes of it, where that is another one.
        mutable: Whether users can write to it in place, so that who shares its memory must be known.
        joins_batches: Whether writing an example of a batch to it makes it part of the batch, or is refused.
        journals: Whether `overwriting` keeps what it is told of, so that residuals may be written to.
    """

    __slots__ = ("__weakref__", "edge", "leaf", "value", "version", "view_of")

    result_class: ClassVar[type[Tensor]]
    variable_class: ClassVar[type[Tensor] | None] = None
    mutable: ClassVar[bool] = True
    joins_batches: ClassVar[bool] = False
    journals: ClassVar[bool] = False
    _diagnosis: ClassVar[str] = "dualtape.trust.native"  # who answers `why_none`; loaded when asked

    value: Any
    edge: Any
    version: Version | None
    view_of: Any
    leaf: AccumulateGrad | None

    def __init__(self, value: Any, edge: Any = None) -> None:
        self.value = value
        self.edge = edge
        self.version = None
        self.view_of = None
        self.leaf = None

    @property
    def shape(self) -> Any:
        """Lengths of the axes."""
        return self.value.shape

    @property
    def dtype(self) -> Any:
        """NumPy dtype of the elements (front ends override this with their own dtype objects)."""
        return self.value.dtype

    def buffer(self) -> Any:
        """The value as memory that can be shared: a NumPy scalar becomes a 0-d array for good."""
        value = self.value
        if isinstance(value, np.generic):
            value = self.value = np.array(value)
        return value

    def shared_version(self) -> Version:
        """The version counter, made now so that an alias can hold the same one."""
        if self.version is None:
            self.version = Version()
        return self.version

    def overwriting(self, memory: Any, at: Any = None) -> None:
        """Hear that `memory`, a part of this tensor's, is about to be written to (at an index, if one is given)."""

    def current_edge(self) -> Any:
        """The edge, brought up to date when the memory it views has been rewritten."""
        if self.view_of is not None:
            self.view_of.refresh(self)
        return self.edge

    def accumulator(self) -> AccumulateGrad:
        """The leaf that keeps this tensor's gradient, made when first asked for."""
        if self.leaf is None:
            self.leaf = AccumulateGrad(self)
        return self.leaf

    def require_grad(self) -> None:
        """Make this a leaf whose gradient is wanted."""
        if self.current_edge() is None:
            self.edge = self.accumulator()

    def __repr__(self) -> str:
        return f"Tensor({self.value!r})"


Tensor.result_class = Tensor


def wrap(cls: type[Tensor], value: Any, edge: Any = None) -> Tensor:
    """Make a tensor of class `cls` without running its constructor."""
    t = new(cls)
    t.value = value
    t.edge = edge
    t.version = t.view_of = t.leaf = None
    return t


def retyped(x: Tensor, cls: type[Tensor]) -> Tensor:
    """The same tensor as another front end sees it: same memory, history, gradient and version."""
    t = wrap(cls, x.buffer(), x.current_edge())
    t.version = x.shared_version()
    t.view_of = x.view_of
    t.leaf = x.leaf
    return t


def alias(x: Tensor, edge: Any = None, track: bool = True) -> Tensor:
    """A tensor on the same memory with another history.

    Args:
        x: The tensor, whose class's results the alias is one of.
        edge: The alias's own edge.
        track: Whether a write to one counts as a write to the other (`detach`) or not (`.data`).
    """
    t = wrap(type(x).result_class, x.buffer(), edge)
    if track:
        t.version = x.shared_version()
    if isinstance(t.value, Box) and t.mutable:
        view = x.view_of
        t.view_of = Alias(x, ()) if view is None else Alias(view.base, view.chain)
        register(t)
    return t


# Constants made of Python numbers come back often (`2 * x` in a loop), and converting one costs as much
# as using it; the cache is bounded, and zeros stay out of it since 0.0 == -0.0.
_MOST = 512
_scalars: dict[tuple[Any, Any], np.generic] = {}
_arrays: dict[tuple[Any, Any], np.ndarray[Any, Any]] = {}


def constant(number: Any, dtype: np.dtype[Any], like: Any) -> Any:
    """A Python number as a 0-d value of `dtype`: a scalar to go with a scalar `like`, else an array.

    `ufunc(array, 0-d array)` takes half the time of `ufunc(array, scalar)`, and for two scalars it is
    the other way round.
    """
    cache: dict[Any, Any] = _arrays if type(like) is np.ndarray else _scalars
    found = cache.get((number, dtype))
    if found is None or type(number) is bool:
        if is_open(number):
            return open_number(number, dtype)
        array = np.array(number, dtype)
        array.flags.writeable = False
        found = array if cache is _arrays else array[()]
        if number and number == number and type(number) is not bool:
            if len(cache) >= _MOST:
                cache.clear()
            cache[number, dtype] = found
    return found


FIXED = Version()
"""The version of constants that are kept for other operations: the compiler leaves them as they are."""

_tensors: dict[tuple[Any, Any, Any, bool], Tensor] = {}


def constant_tensor(cls: type[Tensor], number: Any, like: Any) -> Any:
    """`constant` as a tensor of class `cls`, made once: for operands that nobody else gets hold of.

    Args:
        cls: The class.
        number: A Python float or int.
        like: The value of the other operand, whose dtype it gets.
    """
    key = (cls, number, like.dtype, type(like) is np.ndarray)
    found = _tensors.get(key)
    if found is None:
        found = wrap(cls, constant(number, like.dtype, like))
        found.version = FIXED
        if is_open(number):
            return found
        if number and number == number:
            if len(_tensors) >= _MOST:
                _tensors.clear()
            _tensors[key] = found
    return found


KEPT_BY_IDENTITY.update((constant.__code__, constant_tensor.__code__))


def plain(x: Any) -> Any:
    """The outermost value that is not recorded: what `x` is worth to code without derivatives.

    Raises:
        TransformError: The value belongs to an open transformation and is not a concrete array.
    """
    value = x.value if isinstance(x, Tensor) else x
    if isinstance(value, Box):
        raise TransformError(
            f"the value is inside a {value.interpreter.name} and has no concrete numbers yet. What has a shape "
            "that depends on numbers (a boolean mask as index, nonzero, unique) has none there: use where"
        )
    return value


def is_outer(t: Tensor, level: float) -> bool:
    """Whether the history of `t` lies outside the transformation of `level` (see NOTE [levels])."""
    edge = t.edge
    return edge is not None and edge.level < level


class Outer(Box):
    """A tensor of an outer recording that met, without any other box, the leaves of an inner one."""

    __slots__ = ("content",)

    content: Tensor

    @property
    def shape(self) -> Any:
        """The tensor's shape."""
        return self.content.shape

    @property
    def dtype(self) -> Any:
        """The tensor's NumPy dtype."""
        return self.content.value.dtype

    def __repr__(self) -> str:
        return f"Outer({self.content!r})"


class Outside(Interpreter):
    """Computes on what an inner recording takes for plain values, and what an outer one records."""

    __slots__ = ()

    name = "outer recording"

    def process(self, primitive: Any, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """See `Interpreter.process`."""
        contents = [
            v.content if isinstance(v, Outer) and v.interpreter is self else v for v in values
        ]
        out = primitive(*contents, **params)
        return out if primitive.outputs == 1 else tuple(out)


_outsides: dict[int, Outside] = {}


def boxed(t: Tensor) -> Any:
    """A tensor as a value beneath an inner recording; one without history is its value.

    The box comes right above the level of the tensor's own history: after every transformation
    opened since, which therefore sees the operation first.
    """
    edge = t.edge
    if edge is None:
        return t.value
    box = object.__new__(Outer)
    level: Any = edge.level + 0.5
    box.interpreter = _outsides.get(level) or _outsides.setdefault(level, Outside(level))
    box.content = t
    return box


def unboxed(x: Any) -> Any:
    """What `boxed` was given, for a value that leaves the inner recording."""
    return x.content if isinstance(x, Outer) else x
