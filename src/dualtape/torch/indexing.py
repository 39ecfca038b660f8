"""Indexing: brackets, and the functions that pick elements or put them somewhere.

What is picked and put is `ops.picking`'s; here are PyTorch's arguments, checks and words. Functions that
add up, copy or fill along an axis are in `scattering`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.inplace import write
from ..core.modes import BOXED, current
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..ops import assign, masked, select, slices
from ..ops import gather as picks
from ..ops import index as _index
from ..ops.complex import cast
from ..ops.shape import reshape, select_p
from ._tensor import Tensor, concrete
from .arguments import integer, not_implemented, number_as, tensor_argument, wrap_dim
from .batched_draws import is_traced
from .dtypes import scalar_name
from .promotion import Number, as_operand, result_numpy
from .registry import method, store

# --- brackets -----------------------------------------------------------------------------------


def getitem(self: Tensor, index: Any) -> Tensor:
    """`x[index]`: a view for ints, slices, None and `...`; a copy where tensors or masks pick.

    Raises:
        IndexError: Out of bounds, too many indices, or no index at all.
    """
    if type(index) is int and self.value.shape and not current() & BOXED:
        n = self.value.shape[0]
        if -n <= index < n:
            key = (index,) if len(self.value.shape) > 1 else (index, ...)
            return select_p.bind1(self, {"index": key})  # type: ignore[no-any-return]
    if type(index) is str:
        raise TypeError("new(): invalid data type 'str'")
    return _index.getitem(self, index)  # type: ignore[no-any-return]


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """`x[index] = value`, in place and recorded.

    Raises:
        TypeError: The value is neither tensor nor number.
        IndexError: As for reading.
        RuntimeError: The value does not fit.
    """
    if isinstance(value, CoreTensor):
        if value.value.dtype != self.value.dtype and value.value.shape and _picks(self, index):
            raise RuntimeError(_unequal("Index put", self, value))
    elif not isinstance(value, Number):
        if not isinstance(value, (np.float64, np.integer, np.bool_, np.complex128)):
            name = (
                f"numpy.{type(value).__name__}"
                if isinstance(value, (np.ndarray, np.generic))
                else type(value).__name__
            )
            raise TypeError(f"can't assign a {name} to a {self.type()}")
        value = value.item()
    if isinstance(value, Number):
        value = wrap(Tensor, np.array(number_as(value, self.value.dtype)))
    if current() & BOXED and _is_traced_mask(self, index) and not value.value.shape:
        rest = len(self.value.shape) - len(index.value.shape)
        mask = reshape(index, (*index.value.shape, *(1,) * rest))
        write(self, lambda old: select.where(mask, cast(value, self.value.dtype), old))
        return
    assign.setitem(self, index, value)


def _is_traced_mask(x: Tensor, index: Any) -> bool:
    """Whether an index is a mask without numbers: how many elements it picks is not known, only which."""
    return (
        isinstance(index, CoreTensor)
        and index.value.dtype.kind == "b"
        and is_traced(x, index)
        and isinstance(index.value, Box)
        and tuple(x.value.shape[: len(index.value.shape)]) == tuple(index.value.shape)
    )


def _picks(x: Tensor, index: Any) -> bool:
    return _index.parse(tuple(x.value.shape), index).picks is not None


def _unequal(what: str, x: CoreTensor, source: CoreTensor) -> str:
    return (
        f"{what} requires the source and destination dtypes match, got {scalar_name(x.value.dtype)} for the "
        f"destination and {scalar_name(source.value.dtype)} for the source."
    )


def delitem(self: Tensor, index: Any) -> None:
    """Tensors have a fixed size.

    Raises:
        TypeError: Always.
    """
    raise TypeError("Tensor does not support deleting items")


def contains(self: Tensor, element: Any) -> bool:
    """Whether some element equals a number, or a tensor that broadcasts.

    Raises:
        RuntimeError: Neither tensor nor number.
    """
    if not isinstance(element, (CoreTensor, *Number)):
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
        )
    other = element.value if isinstance(element, CoreTensor) else element
    return bool(np.any(np.equal(concrete(self.value, "in"), concrete(other, "in"))))


for _name, _operator in (
    ("__getitem__", getitem),
    ("__setitem__", setitem),
    ("__delitem__", delitem),
    ("__contains__", contains),
):
    setattr(Tensor, _name, _operator)


def indices_argument(function: str, indices: Any) -> tuple[Any, ...]:
    """The `indices` of `index_put`: a tuple of tensors.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(indices, (tuple, list)):
        raise TypeError(
            f"{function}(): argument 'indices' (position 1) must be tuple of Tensors, not {type(indices).__name__}"
        )
    for i, t in enumerate(indices):
        if not isinstance(t, CoreTensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}"
            )
    return tuple(indices)


@method(inplace=True)
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with `values`, which broadcast, at `x[indices]`, or added there, repeated places included.

    Raises:
        RuntimeError: The dtypes differ, or the values do not broadcast.
        IndexError: Out of bounds.
    """
    where_to = indices_argument("index_put", indices)
    if input.value.dtype != values.value.dtype:
        raise RuntimeError(_unequal("Index put", input, values))
    return assign.index_put(input, where_to, values, accumulate)  # type: ignore[no-any-return]


def check_no_overlap(out: Any, *inputs: Any) -> None:
    """Refuse an `out=` tensor on the memory of an operand.

    Raises:
        RuntimeError: They share memory.
    """
    if isinstance(out, CoreTensor) and isinstance(out.value, np.ndarray):
        for x in inputs:
            if (
                isinstance(x, CoreTensor)
                and isinstance(x.value, np.ndarray)
                and (x is out or np.may_share_memory(x.value, out.value))
            ):
                raise RuntimeError(
                    "unsupported operation: some elements of the input tensor and the written-to tensor refer to "
                    "a single memory location. Please clone() the tensor before performing the operation."
                )


# --- picking ------------------------------------------------------------------------------------


@method()
def gather(
    input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False, out: Tensor | None = None
) -> Tensor:
    """For each place of `index` the element of `input` at that place, its index along `dim` replaced.

    Args:
        input: Any tensor.
        dim: The axis.
        index: Integers, with as many axes as `input` and elsewhere no longer.
        sparse_grad: Accepted; gradients are dense.
        out: Where to store the result.

    Raises:
        RuntimeError: Wrong dtype, number of axes or lengths; out of bounds.
    """
    check_no_overlap(out, input, index)
    x = tensor_argument("gather", input)
    i = tensor_argument("gather", index, "index", 3)
    return store(out, picks.gather(x, dim, _wide("gather", i)), "gather", exact=True)


def _wide(function: str, index: Tensor) -> Tensor:
    if index.value.dtype not in _INTS and 0 not in index.value.shape:
        raise RuntimeError(f"{function}(): Expected dtype int32/int64 for index")
    return index


_INTS = (np.dtype(np.int64), np.dtype(np.int32))


@method()
def take_along_dim(
    input: Tensor, indices: Tensor, dim: int | None = None, *, out: Tensor | None = None
) -> Tensor:
    """`gather`, with both broadcast in the other axes; of all elements in a row without `dim`.

    Raises:
        RuntimeError: Not int64; or another number of axes.
    """
    x = tensor_argument("take_along_dim", input)
    i = tensor_argument("take_along_dim", indices, "indices", 2)
    if i.value.dtype != np.int64:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {scalar_name(i.value.dtype)}"
        )
    return store(out, picks.take_along_dim(x, i, dim), "take_along_dim", exact=True)


@method()
def index_select(input: Tensor, dim: int, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The slices along `dim` that a vector of integers names.

    Raises:
        RuntimeError: Wrong dtype.
        IndexError: Not a vector; out of bounds.
    """
    check_no_overlap(out, input, index)
    x = tensor_argument("index_select", input)
    i = tensor_argument("index_select", index, "index", 3)
    if i.value.dtype not in _INTS and i.ndim < 2:
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    return store(out, slices.index_select(x, dim, i), "index_select", exact=True)


@method()
def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements at places of the tensor read as one row; negative places count from its end.

    Raises:
        RuntimeError: The index is not int64.
        IndexError: Out of bounds.
    """
    check_no_overlap(out, input, index)
    x = tensor_argument("take", input)
    i = tensor_argument("take", index, "index", 2)
    if i.value.dtype != np.int64:
        raise RuntimeError(
            f"take(): Expected a long tensor for index, but got {scalar_name(i.value.dtype)}"
        )
    return store(out, masked.take(x, i), "take", exact=True)


@method()
def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements where the mask is true, in a row; both broadcast.

    Raises:
        RuntimeError: The mask is not boolean, or the shapes do not fit.
    """
    check_no_overlap(out, input, mask)
    x = tensor_argument("masked_select", input)
    m = tensor_argument("masked_select", mask, "mask", 2)
    return store(out, masked.masked_select(x, m), "masked_select", exact=True)


# --- searching ----------------------------------------------------------------------------------


def nonzero(input: Tensor, *, out: Tensor | None = None, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: as rows, or as a tensor for each axis."""
    value = concrete(tensor_argument("nonzero", input).value, "nonzero")
    if as_tuple:
        return tuple([wrap(Tensor, i) for i in np.nonzero(np.atleast_1d(value))])
    return store(out, wrap(Tensor, np.argwhere(value).astype(np.int64, copy=False)), "nonzero")  # type: ignore[arg-type]


@method("nonzero")
def nonzero_method(self: Tensor, *, as_tuple: bool = False) -> Any:
    """See `torch.nonzero`."""
    return nonzero(self, as_tuple=as_tuple)


@method()
def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, as rows."""
    return nonzero(input)  # type: ignore[no-any-return]


def where(
    condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None
) -> Any:
    """`input` where the condition is true and `other` elsewhere; alone, `nonzero(as_tuple=True)`.

    Raises:
        RuntimeError: The condition is not boolean.
        TypeError: Only one of the two values.
    """
    c = tensor_argument("where", condition, "condition")
    if input is None and other is None:
        return nonzero(c, as_tuple=True)
    for x in (input, other):
        if not isinstance(x, (CoreTensor, *Number, np.generic)):
            got = ", ".join(type(a).__name__ for a in (condition, input, other) if a is not None)
            raise TypeError(f"where() received an invalid combination of arguments - got ({got})")
    if c.value.dtype.kind != "b":
        if c.value.dtype != np.uint8:
            raise RuntimeError(
                f"where expected condition to be a boolean tensor, but got a tensor with dtype {scalar_name(c.value.dtype)}"
            )
        c = cast(c, np.bool_)
    dtype = result_numpy(input, other)
    x, y = as_operand(input, dtype, Tensor, c.value), as_operand(other, dtype, Tensor, c.value)
    return store(out, select.where(c, x, y), "where")


@method("where")
def where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The tensor where the condition is true, `other` elsewhere."""
    return where(condition, self, other)  # type: ignore[no-any-return]


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each slice along `dim` repeated; of all elements in a row without `dim`.

    Args:
        input: Any tensor. Alone: how often each of 0, 1, ... comes.
        repeats: How often, for all or for each slice.
        dim: The axis.
        output_size: The length of the result's axis, checked.

    Raises:
        RuntimeError: Negative or of the wrong shape.
    """
    if repeats is None:
        counts = concrete(input.value, "repeat_interleave")
        if counts.ndim != 1:
            raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
        return wrap(Tensor, _repeated(counts, counts.shape[0], output_size).astype(counts.dtype))  # type: ignore[return-value]
    x = tensor_argument("repeat_interleave", input)
    if dim is None:
        x, dim = x.reshape(-1), 0
    dim = wrap_dim(dim, x.ndim)
    n = x.value.shape[dim] if x.ndim else 1
    if isinstance(repeats, CoreTensor):
        counts = concrete(repeats.value, "repeat_interleave")
        if counts.ndim > 1:
            raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
        counts = np.atleast_1d(counts)
        if counts.shape[0] not in (1, n):
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{counts.shape[0]} and input.size({dim}) = {n}"
            )
    else:
        counts = np.array([integer("repeat_interleave", repeats, "repeats", 2)])
    index = _repeated(counts, n, output_size)
    return slices.index_select(x if x.ndim else x.reshape(1), dim, wrap(Tensor, index))  # type: ignore[no-any-return]


def _repeated(counts: Any, n: int, size: int | None) -> Any:
    if counts.dtype not in _INTS:
        raise not_implemented("repeat_interleave_cpu", counts.dtype)
    if counts.size and counts.min() < 0:
        raise RuntimeError(
            "Repeats must be non-negative" if counts.size == 1 else "repeats can not be negative"
        )
    index = np.repeat(np.arange(n), counts)
    if size is not None and index.size != size:
        raise RuntimeError(
            f"repeat_interleave: Invalid output_size, expected {index.size} but got {size}"
        )
    return index


@method("repeat_interleave")
def repeat_interleave_method(
    self: Tensor, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """See `torch.repeat_interleave`."""
    return repeat_interleave(self, repeats, dim, output_size=output_size)


__all__ = [
    "argwhere", "gather", "index_put", "index_select", "masked_select", "nonzero", "repeat_interleave",
    "take", "take_along_dim", "where",
]  # fmt: skip
