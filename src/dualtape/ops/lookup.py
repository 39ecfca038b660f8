"""Tables and places: embeddings, one-hot rows, where elements are, indices of triangles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.boxes import Box
from ..core.errors import ArgumentError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import constant, elementwise, general
from ..core.stopped import stopped
from ..core.tensor import Tensor, plain, wrap
from .axes import in_front, normalize_axis, size_of
from .compare import ne
from .joining import combination_indices
from .picking import batching, deposit_p, embedding_p, index_p, position_p
from .rearrange import repeat_each
from .scatter_reduce import scatter_extremum_p
from .select import keep
from .shape import reshape_p
from .slices import index_select
from .views import ravel

INT64 = np.dtype(np.int64)

_OUT_OF_RANGE = "index out of range in self"


# Embeddings --------------------------------------------------------------------------------------


def _live(d: Any, live: Any, shape: tuple[int, ...], axis: int, depth: int) -> Any:
    """What of `d`, rows picked from an array of `shape`, belongs to rows that live."""
    return keep(reshape_p(live, shape=(*live.shape, *(1,) * (len(shape) - axis - depth))), d)


# What PyTorch calls the gradient of an embedding leaves the padding row out. Forward mode is the
# adjoint of that, so that the two agree.
embedding_with_padding_p = general(
    "embedding_with_padding",
    lambda x, positions, live, *, axis, depth: embedding_p.eval(
        x, positions, axis=axis, depth=depth
    ),
    jvp=[
        lambda d, positions, live, *, axis, depth: _live(
            index_p(d, positions, axis=axis, depth=depth), live, tuple(d.shape), axis, depth
        ),
        None,
        None,
    ],
    vjp=[
        lambda ct, positions, live, aval, *, axis, depth: deposit_p(
            _live(ct, live, aval.shape, axis, depth),
            positions, axis=axis, depth=depth, shape=aval.shape,
        ),
        None,
        None,
    ],
    aval=lambda x, p, live, **params: embedding_p.aval(x, p, **params),
    batch=batching(lambda: embedding_with_padding_p, taking=True),
    inputs="x positions live", grad_name="EmbeddingBackward0",
    doc="The elements of x at `positions`; those where `live` does not hold have no derivative.",
)  # fmt: skip

scaled_gradient_p = elementwise(
    "scaled_gradient", lambda x, factor: np.array(np.broadcast_arrays(x, factor)[0]),
    lambda d, factor: d * factor, None,
    inputs="x factor", grad_name="EmbeddingBackward0",
    doc="x itself, whose derivative is multiplied by `factor`.",
)  # fmt: skip


def _inverse_frequency_eval(index: Any, *, dtype: Any, lead: int = 0) -> Any:
    if not index.size:
        return np.ones(index.shape, dtype)
    rows = math.prod(index.shape[:lead])
    at = index.reshape(rows, -1) + np.arange(rows)[:, None] * (int(index.max()) + 1)
    return (1 / np.bincount(at.reshape(-1))[at]).astype(dtype).reshape(index.shape)


inverse_frequency_p: Any = constant(
    "inverse_frequency", _inverse_frequency_eval,
    inputs="index", aval=lambda index, *, dtype, lead=0: Aval(index.shape, dtype),
    batch=lambda xs, where, n, *, dtype, lead=0: (
        inverse_frequency_p(in_front(xs[0], where[0]), dtype=dtype, lead=lead + 1), 0
    ),
    doc="For each index one over how often it comes.",
)  # fmt: skip


def embedding(
    index: Any, weight: Any, padding_idx: int | None = None, scale_grad_by_freq: bool = False
) -> Any:
    """The rows of the matrix `weight` whose numbers are in `index`.

    Args:
        index: Integers of any shape.
        weight: A matrix.
        padding_idx: A row that no gradient flows to; negative ones count from the end.
        scale_grad_by_freq: Divide each row's gradient by how often it comes in `index`.

    Raises:
        IndexError: An index is negative or too large.
        ShapeError: `weight` is not a matrix.
        ArgumentError: There is no row `padding_idx`.
    """
    if len(weight.shape) != 2:
        raise ShapeError("'weight' must be 2-D")
    if dtype_of(index).kind not in "iu":
        raise DtypeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {dtype_of(index).name} instead (while checking arguments for "
            "embedding)"
        )
    rows = weight.shape[0]
    at = position_p(index, size=rows, wrap=False, message=_OUT_OF_RANGE)
    if padding_idx is None:
        out = embedding_p(weight, at, axis=0, depth=1)
    else:
        if not -rows <= padding_idx < rows:
            raise ArgumentError("Padding_idx must be within num_embeddings")
        live = ne(at, np.asarray(padding_idx % rows))
        out = embedding_with_padding_p(weight, at, live, axis=0, depth=1)
    if scale_grad_by_freq:
        factor = inverse_frequency_p(at, dtype=dtype_of(weight))
        out = scaled_gradient_p(out, reshape_p(factor, shape=(*at.shape, 1)))
    return out


def embedding_bag(
    index: Any, weight: Any, offsets: Any = None, mode: str = "mean", *,
    weights: Any = None, padding_idx: int | None = None, scale_grad_by_freq: bool = False,
) -> Any:  # fmt: skip
    """Sums, means or maxima of bags of rows of the matrix `weight`; zeros for an empty bag.

    Args:
        index: Integers, a bag a row; or a vector of all bags, one after the other.
        weight: A matrix.
        offsets: Where each bag begins in a vector `index`.
        mode: "sum", "mean" or "max".
        weights: With "sum", factors of the rows, of the shape of `index`.
        padding_idx: A row that counts in no bag.
        scale_grad_by_freq: Divide each row's gradient by how often it comes.

    Raises:
        IndexError: An index is negative or too large.
        ShapeError: The shapes do not fit.
        ArgumentError: Another mode, factors with another mode than "sum", or no row `padding_idx`.
    """
    if mode not in ("sum", "mean", "max"):
        raise ArgumentError("mode has to be one of sum, mean or max")
    if weights is not None and mode != "sum":
        raise ArgumentError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for "
            f"mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )
    at, bags, count = _bags(index, offsets)
    if weights is not None:
        if tuple(weights.shape) != tuple(index.shape):
            raise ShapeError(
                f"embedding_bag: If per_sample_weights ({list(weights.shape)}) is not None, then it "
                f"must have the same shape as the input ({list(index.shape)})"
            )
        weights = ravel(weights)
    if padding_idx is not None:
        if not -weight.shape[0] <= padding_idx < weight.shape[0]:
            raise ArgumentError("padding_idx must be within the number of embeddings")
        kept = np.flatnonzero(at != padding_idx % weight.shape[0])
        at, bags = at[kept], bags[kept]
        weights = None if weights is None else index_p(weights, kept, axis=0, depth=1)
    rows = embedding(at, weight, scale_grad_by_freq=scale_grad_by_freq)
    shape = (count, weight.shape[1])
    if mode == "max":
        zeros = np.zeros(shape, dtype_of(weight))
        return scatter_extremum_p(
            zeros, bags, rows, axis=0, depth=1, reduce="amax", include_self=False
        )
    if weights is not None:
        rows = rows * reshape_p(weights, shape=(at.size, 1))
    total = deposit_p(rows, bags, axis=0, depth=1, shape=shape)
    if mode == "sum":
        return total
    sizes = np.maximum(np.bincount(bags, minlength=count), 1)
    return total / sizes.astype(dtype_of(weight)).reshape(count, 1)


def _bags(index: Any, offsets: Any) -> tuple[Any, Any, int]:
    """All indices in one row, the number of the bag of each, and how many bags there are."""
    at = np.asarray(plain(index))
    if at.ndim == 2:
        if offsets is not None:
            raise ShapeError("if input is 2D, then offsets has to be None, as input is treated is a "
                             "mini-batch of fixed length sequences.")  # fmt: skip
        return at.reshape(-1), np.repeat(np.arange(at.shape[0]), at.shape[1]), at.shape[0]
    if at.ndim != 1:
        raise ShapeError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {at.ndim}")
    if offsets is None:
        raise ShapeError("offsets has to be a 1D Tensor but got None")
    starts = np.asarray(plain(offsets))
    if starts.ndim != 1:
        raise ShapeError("offsets has to be a 1D Tensor")
    if starts.size and starts[0] != 0:
        raise ShapeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {starts[0]}"
        )
    if starts.size and starts[-1] > at.size:
        raise ShapeError(
            "offsets[-1] can not be greater than input's length, but got offsets[-1] of "
            f"{starts[-1]} and input length of {at.size}"
        )
    lengths = np.diff([*starts, at.size])
    return at, np.repeat(np.arange(starts.size), lengths), starts.size


# One-hot -----------------------------------------------------------------------------------------


def _one_hot_eval(index: Any, *, classes: int) -> Any:
    at = np.reshape(index, -1)
    if at.size and not (at.min() >= 0 and at.max() < classes):  # negative places exist in NumPy
        raise ArgumentError("Class values must be non-negative and smaller than num_classes.")
    out = np.zeros((at.size, classes), np.int64)
    out[np.arange(at.size), at] = 1
    return out.reshape(*np.shape(index), classes)


one_hot_p = constant(
    "one_hot", _one_hot_eval, inputs="index",
    aval=lambda index, *, classes: Aval((*index.shape, classes), INT64),
    batch=lambda xs, where, n, *, classes: (one_hot_p(in_front(xs[0], where[0]), classes=classes), 0),
    doc="A row of zeros and a one for each index.",
)  # fmt: skip


def one_hot(index: Any, classes: int = -1) -> Any:
    """Rows of `classes` integers, 1 at the index and 0 elsewhere; -1: one more than the largest.

    Raises:
        DtypeError: `index` is not int64.
        GraphError: -1, and the largest differs from example to example, inside vmap.
        ArgumentError: An index is negative or not less than `classes`, or there is none.
    """
    if dtype_of(index) != INT64:
        raise DtypeError("one_hot is only applicable to index tensor of type LongTensor.")
    if classes > 0 and isinstance(stopped(index), Box):
        return one_hot_p(index, classes=classes)  # how large the indices are is seen when it runs
    values = np.asarray(plain(index))
    if not values.size:
        if classes <= 0:
            raise ArgumentError("Can not infer total number of classes from empty tensor.")
        return one_hot_p(index, classes=classes)
    if values.min() < 0:
        raise ArgumentError("Class values must be non-negative.")
    most = int(values.max())
    if classes == -1:
        classes = most + 1
    elif classes <= most:
        raise ArgumentError("Class values must be smaller than num_classes.")
    return one_hot_p(index, classes=classes)


# Where elements are ------------------------------------------------------------------------------


def nonzero(x: Any) -> Any:
    """The indices of the elements that are not zero, one a row, in row-major order.

    Raises:
        GraphError: Inside a trace or vmap, where the number of rows is not known.
    """
    return _beside(x, np.argwhere(plain(x)).astype(np.int64, copy=False))


def _beside(x: Any, result: Any) -> Any:
    """A result as the kind of thing that `x` is."""
    return wrap(x.result_class, result) if isinstance(x, Tensor) else result


argwhere = nonzero


def nonzero_static(x: Any, size: int, fill_value: int = -1) -> Any:
    """`nonzero`, cut off or filled up to `size` rows.

    Raises:
        ArgumentError: `size` is negative.
        GraphError: Inside a trace or vmap.
    """
    if size < 0:
        raise ArgumentError("nonzero_static: 'size' must be an non-negative integer")
    found = np.argwhere(plain(x))[:size]
    out = np.full((size, found.shape[1]), fill_value, np.int64)
    out[: len(found)] = found
    return _beside(x, out)


def tril_indices(rows: int, columns: int, offset: int = 0) -> np.ndarray[Any, Any]:
    """Row and column numbers of the elements on and below a diagonal, as two rows."""
    return np.stack(np.tril_indices(rows, offset, columns)).astype(np.int64)


def triu_indices(rows: int, columns: int, offset: int = 0) -> np.ndarray[Any, Any]:
    """Row and column numbers of the elements on and above a diagonal, as two rows."""
    return np.stack(np.triu_indices(rows, offset, columns)).astype(np.int64)


unravel_p = constant(
    "unravel_index",
    lambda i, *, shape, axis: np.asarray(np.unravel_index(np.asarray(i), shape)[axis], np.int64),
    inputs="i", pointwise=True, aval=lambda i, *, shape, axis: Aval(i.shape, INT64),
    doc="The index along `axis` of the elements that i numbers, in row-major order.",
)  # fmt: skip


def unravel_index(index: Any, shape: int | Sequence[int]) -> tuple[Any, ...]:
    """Indices along each axis of an array of `shape` from numbers in row-major order.

    Raises:
        IndexError: A number is out of range.
    """
    shape = (shape,) if isinstance(shape, int) else tuple([int(n) for n in shape])
    at = position_p(
        index, size=size_of(shape), wrap=True, message="index {index} is out of range of {size}"
    )
    return tuple([unravel_p(at, shape=shape, axis=k) for k in range(len(shape))])


# Repetitions and choices -------------------------------------------------------------------------


def repeat_interleave(
    x: Any, repeats: Any, axis: int | None = None, output_size: int | None = None
) -> Any:
    """Repeat each element along `axis` (or of all in one row) its own number of times.

    Args:
        x: Any value.
        repeats: One number, or a vector with one for each element along the axis.
        axis: None for all elements in one row.
        output_size: If given, the length of the result, for a check.

    Raises:
        ShapeError: Not as many numbers as elements, a negative one, or another length.
    """
    if not isinstance(repeats, int):
        if dtype_of(repeats).kind not in "iu":
            raise DtypeError(
                f'"repeat_interleave" not implemented for repeats of dtype {dtype_of(repeats).name}'
            )
        counts = np.asarray(plain(repeats))
        if counts.ndim > 1:
            raise ShapeError("repeats must be 0-dim or 1-dim tensor")
        if (counts < 0).any():
            raise ShapeError("repeats can not be negative")
        if counts.size == 1:
            repeats = int(counts.reshape(()))
    if isinstance(repeats, int):
        out = repeat_each(x, repeats, axis)
        size = out.shape[0 if axis is None else normalize_axis(axis, len(x.shape))]
        if output_size is not None and output_size != size:
            raise ShapeError(
                f"repeat_interleave: Invalid output_size, expected {size} but got {output_size}"
            )
        return out
    if axis is None:
        x, axis = ravel(x), 0
    n = x.shape[normalize_axis(axis, len(x.shape))] if len(x.shape) else 1
    if counts.size != n:
        raise ShapeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{counts.size} and input.size({axis}) = {n}"
        )
    if output_size is not None and output_size != counts.sum():
        raise ShapeError("allocated size does not match required size")
    return index_select(x, axis, np.repeat(np.arange(n), counts))


def combinations(x: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All combinations of r elements of the vector `x`, one a row, in their order.

    Raises:
        ShapeError: `x` is not a vector, or r is negative.
    """
    if len(x.shape) != 1:
        raise ShapeError(f"Expect a 1D vector, but got shape {list(x.shape)}")
    if r < 0:
        raise ShapeError(f"Expect a non-negative number, but got {r}")
    if not r:
        return index_select(x, 0, np.zeros(0, np.int64))
    return index_p(x, combination_indices(x.shape[0], r, with_replacement), axis=0, depth=1)
