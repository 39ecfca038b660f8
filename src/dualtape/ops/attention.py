"""Attention.

Everything is composed of products, a softmax and selections, so that all derivatives follow. A row
of scores that is masked throughout gives zeros, not NaN, as in PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import tracing
from ..core.errors import ArgumentError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import general
from .axes import batch_in_front, same_aval
from .matmul import matmul
from .matrices import mt
from .reduce import mean
from .select import where
from .shape import broadcast_to, concatenate, expand_dims, permute, reshape, slice_p
from .softmax import softmax_p, total
from .twice import in_blocks, real_floating

Dropout = Callable[[tuple[int, ...]], Any]


@real_floating("softmax")
def _safe_softmax_eval(x: Any) -> Any:
    lowest = np.finfo(x.dtype).min
    tiny = np.finfo(x.dtype).tiny

    def kernel(t: Any, x: Any) -> None:
        # Where every score is -inf the largest becomes finite, all powers 0, and so does the
        # quotient.
        largest = np.maximum.reduce(x, -1, keepdims=True, initial=-np.inf)
        np.subtract(x, np.maximum(largest, lowest), t)
        np.exp(t, t)
        np.divide(t, np.maximum(np.add.reduce(t, -1, keepdims=True), tiny), t)

    return in_blocks(kernel, np.empty(x.shape, x.dtype), x, axis=-1)


def _safe_softmax_rule(d: Any, out: Any) -> Any:
    return out * (d - total(d * out, -1))


safe_softmax_p = general(
    "safe_softmax",
    _safe_softmax_eval,
    aval=same_aval,
    batch=batch_in_front(lambda: safe_softmax_p),
    jvp=_safe_softmax_rule,
    vjp=_safe_softmax_rule,
    doc="Softmax along the last axis, with zeros for rows of minus infinity only.",
)


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout: Dropout | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """softmax(Q K^T * scale + mask) V.

    Args:
        query: (..., heads, L, E).
        key: (..., heads, S, E).
        value: (..., heads, S, V).
        attn_mask: Broadcasts to (..., L, S): booleans, True where attention is allowed, or numbers
            of the query's dtype to add.
        dropout: Given the shape of the weights, returns the factors to multiply them with.
        is_causal: Position i attends to positions up to i only.
        scale: 1 / sqrt(E) by default.
        enable_gqa: Groups of query heads share a head of keys and values.

    Returns:
        (..., heads, L, V).

    Raises:
        ShapeError: The shapes do not fit.
        DtypeError: The dtypes differ, or the mask's is none of the two.
        ArgumentError: Both a mask and `is_causal`.
    """
    _check(query, key, value, attn_mask, is_causal)
    if enable_gqa:
        key, value = _repeated_heads(key, query, "key"), _repeated_heads(value, query, "value")
    if scale is None:
        scale = 1 / math.sqrt(query.shape[-1]) if query.shape[-1] else 1.0
    scores = matmul(query * scale, mt(key))
    if is_causal:
        attn_mask = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
    if attn_mask is not None:
        scores = (
            where(attn_mask, scores, np.asarray(-np.inf, dtype_of(scores)))
            if dtype_of(attn_mask).kind == "b"
            else scores + attn_mask
        )
    weights = safe_softmax_p(scores)
    if dropout is not None:
        weights = weights * dropout(tuple(weights.shape))
    return matmul(weights, value)


def _check(query: Any, key: Any, value: Any, mask: Any, is_causal: bool) -> None:
    ranks = [len(v.shape) for v in (query, key, value)]
    if min(ranks) < 2:
        raise ShapeError(
            f"Expected query, key, and value to all be  at least 2 dimensional, but got "
            f"query.dim: {ranks[0]} "
            f"key.dim: {ranks[1]} and value.dim: {ranks[2]} instead."
        )
    q, k, v = (dtype_of(x) for x in (query, key, value))
    if not q == k == v:
        raise DtypeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {q} "
            f"key.dtype: {k} and "
            f"value.dtype: {v} instead."
        )
    if mask is not None:
        if is_causal:
            raise ArgumentError(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
                "is_causal=True"
            )
        if dtype_of(mask) not in (np.dtype(bool), q):
            raise DtypeError(
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
                "attn_mask.dtype: "
                f"{dtype_of(mask)} and  query.dtype: {q} instead."
            )
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            "scaled_dot_product_attention: query and key must have the same last axis, key and "
            "value the same number "
            f"of positions; got query {list(query.shape)}, key {list(key.shape)}, value "
            f"{list(value.shape)}"
        )


def _repeated_heads(x: Any, query: Any, what: str) -> Any:
    """Each head repeated for its group of query heads."""
    *lead, heads, n, e = x.shape
    times, rest = divmod(query.shape[-3], heads) if heads else (0, 1)
    if rest:
        raise ShapeError(
            f"Number of heads in key and value must divide the number of heads in query, but "
            f"{what} has {heads}"
        )
    if times == 1:
        return x
    wide = broadcast_to(expand_dims(x, -3), (*lead, heads, times, n, e))
    return reshape(wide, (*lead, heads * times, n, e))


def _projected(x: Any, weight: Any, bias: Any) -> Any:
    out = matmul(x, mt(weight))
    return out if bias is None else out + bias


def _thirds(x: Any, of: int) -> list[Any]:
    """Three parts of the first axis, each `of` long."""
    return [slice_p(x, index=(slice(i * of, (i + 1) * of),)) for i in range(3)]


def multi_head_attention_forward(
    query: Any,
    key: Any,
    value: Any,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    out_proj_weight: Any,
    out_proj_bias: Any,
    *,
    bias_k: Any = None,
    bias_v: Any = None,
    add_zero_attn: bool = False,
    dropout: Dropout | None = None,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    is_causal: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
) -> tuple[Any, Any]:
    """Project queries, keys and values, let several heads attend, and project what they found.

    Args:
        query: (L, N, E), or (L, E) for a single example.
        key, value: (S, N, E) or (S, E); with projections of their own any last axis.
        num_heads: Divides E.
        in_proj_weight: (3E, E), the three projections on top of each other; None if they are given
            apart.
        in_proj_bias: (3E,) or None.
        out_proj_weight, out_proj_bias: (E, E) and (E,) or None.
        bias_k, bias_v: (1, 1, E), a further key and value.
        add_zero_attn: Attend to a further position of zeros.
        dropout: Given the shape of the weights, returns the factors to multiply them with.
        key_padding_mask: (N, S) or (S,): keys not to attend to (True), or numbers to add.
        need_weights: Also return the attention weights.
        attn_mask: (L, S) or (N * num_heads, L, S): True where attention is forbidden, or numbers to
            add.
        is_causal: `attn_mask` is the causal one; used in its place where that is faster.
        q_proj_weight, k_proj_weight, v_proj_weight: The projections one by one.
        static_k, static_v: (N * num_heads, S, E / num_heads), in place of projected keys and
            values.
        average_attn_weights: Return the mean of the weights over the heads.

    Returns:
        (L, N, E) or (L, E), and the weights, (N, L, S), (N, num_heads, L, S) or without N; None if
        not wanted.

    Raises:
        ShapeError: The shapes do not fit, in PyTorch's words.
        ArgumentError: `is_causal` without a mask, or a bias on a static key or value.
    """
    single = len(query.shape) == 2
    if single:
        query, key, value = (expand_dims(v, 1) for v in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else expand_dims(key_padding_mask, 0)
    length, batch, size = query.shape
    dtype = dtype_of(query)
    if is_causal and attn_mask is None:
        raise ArgumentError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    # The hint replaces the mask only where nothing else needs it.
    causal = is_causal and key_padding_mask is None and not need_weights
    mask = None if causal else _added(attn_mask, dtype)
    padding = _added(key_padding_mask, dtype)
    per_head = size // num_heads
    if per_head * num_heads != size:
        raise ShapeError(f"embed_dim {size} not divisible by num_heads {num_heads}")
    q, k, v = _in_projections(
        query,
        key,
        value,
        size,
        in_proj_weight,
        in_proj_bias,
        (q_proj_weight, k_proj_weight, v_proj_weight),
    )
    mask = _checked_mask(mask, length, key.shape[0], batch * num_heads)
    if (bias_k is None) != (bias_v is None):
        raise ArgumentError(
            "bias_k is set but bias_v is None"
            if bias_v is None
            else "bias_v is set but bias_k is None"
        )
    extra = 0
    if bias_k is not None:
        if static_k is not None or static_v is not None:
            raise ArgumentError("bias cannot be added to static key or value.")
        k = concatenate([k, broadcast_to(bias_k, (1, batch, size))])
        v = concatenate([v, broadcast_to(bias_v, (1, batch, size))])
        extra += 1

    def heads(x: Any) -> Any:
        return permute(reshape(x, (x.shape[0], batch * num_heads, per_head)), (1, 0, 2))

    q = heads(q)
    k = (
        heads(k)
        if static_k is None
        else _checked_static(static_k, batch * num_heads, per_head, "static_k")
    )
    v = (
        heads(v)
        if static_v is None
        else _checked_static(static_v, batch * num_heads, per_head, "static_v")
    )
    if add_zero_attn:
        zero = np.zeros((batch * num_heads, 1, per_head), dtype)
        k, v = concatenate([k, zero], 1), concatenate([v, zero], 1)
        extra += 1
    mask = _merged(_widened(mask, extra), _widened(padding, extra), batch, num_heads)
    out, weights = _attend(q, k, v, mask, causal, dropout, need_weights, (batch, num_heads))
    out = reshape(permute(out, (2, 0, 1, 3)), (length * batch, size))
    out = reshape(_projected(out, out_proj_weight, out_proj_bias), (length, batch, -1))
    if single:
        out = reshape(out, (length, out.shape[2]))
    if weights is None:
        return out, None
    if average_attn_weights:
        weights = mean(weights, 1)
    return out, reshape(weights, weights.shape[1:]) if single else weights


def _in_projections(
    query: Any, key: Any, value: Any, size: int, weight: Any, bias: Any, apart: tuple[Any, Any, Any]
) -> tuple[Any, Any, Any]:
    biases = [None] * 3 if bias is None else _thirds(bias, bias.shape[0] // 3)
    if weight is None:
        if any(w is None for w in apart):
            raise ArgumentError("multi_head_attention_forward: without in_proj_weight all of "
                                "q_proj_weight, "
                                "k_proj_weight and v_proj_weight are needed")  # fmt: skip
        if tuple(key.shape[:2]) != tuple(value.shape[:2]):
            raise ShapeError(
                f"key's sequence and batch dims {list(key.shape[:2])} do not match value's "
                f"{list(value.shape[:2])}"
            )
        q, k, v = (
            _projected(x, w, b) for x, w, b in zip((query, key, value), apart, biases, strict=True)
        )
        return q, k, v
    if tuple(key.shape) != tuple(value.shape):
        raise ShapeError(
            f"key shape {list(key.shape)} does not match value shape {list(value.shape)}"
        )
    if query is key and key is value:  # one product for the three
        both = _projected(query, weight, bias)
        q, k, v = (slice_p(both, index=(..., slice(i * size, (i + 1) * size))) for i in range(3))
        return q, k, v
    q, k, v = (
        _projected(x, w, b)
        for x, w, b in zip((query, key, value), _thirds(weight, size), biases, strict=True)
    )
    return q, k, v


def _attend(
    q: Any,
    k: Any,
    v: Any,
    mask: Any,
    causal: bool,
    dropout: Dropout | None,
    need_weights: bool,
    by: tuple[int, int],
) -> tuple[Any, Any]:
    """Attention of all heads, (N, heads, L, E), and the weights if needed."""

    def split(x: Any) -> Any:
        return reshape(x, (*by, *x.shape[1:]))

    q, k, v = split(q), split(k), split(v)
    if mask is not None and mask.shape[0] != 1:
        mask = split(mask)
    if not need_weights:
        return scaled_dot_product_attention(q, k, v, mask, dropout, causal), None
    scores = matmul(q * math.sqrt(1.0 / q.shape[-1]), mt(k))
    # Asked for its weights, PyTorch takes the ordinary softmax: NaN for a row that is masked
    # throughout.
    weights = softmax_p(scores if mask is None else scores + mask)
    if dropout is not None:
        weights = weights * dropout(tuple(weights.shape))
    return matmul(weights, v), weights


def _added(mask: Any, dtype: Any) -> Any:
    """A mask as numbers to add to scores: minus infinity where a boolean one is True."""
    if mask is None or dtype_of(mask).kind != "b":
        return mask
    return where(mask, np.asarray(-np.inf, dtype), np.zeros((), dtype))


def _checked_mask(mask: Any, length: int, keys: int, heads: int) -> Any:
    if mask is None:
        return None
    rank = len(mask.shape)
    if rank not in (2, 3):
        raise ShapeError(f"attn_mask's dimension {rank} is not supported")
    right = (length, keys) if rank == 2 else (heads, length, keys)
    if tuple(mask.shape) != right:
        raise ShapeError(
            f"The shape of the {rank}D attn_mask is {list(mask.shape)}, but should be {right}."
        )
    return expand_dims(mask, 0) if rank == 2 else mask


def _checked_static(x: Any, heads: int, per_head: int, what: str) -> Any:
    if x.shape[0] != heads:
        raise ShapeError(f"expecting {what}.size(0) of {heads}, but got {x.shape[0]}")
    if x.shape[2] != per_head:
        raise ShapeError(f"expecting {what}.size(2) of {per_head}, but got {x.shape[2]}")
    return x


def _widened(mask: Any, extra: int) -> Any:
    """The mask with zeros for keys that were added."""
    if mask is None or not extra:
        return mask
    return concatenate([mask, tracing.zeros((*mask.shape[:-1], extra), dtype_of(mask))], -1)


def _merged(mask: Any, padding: Any, batch: int, num_heads: int) -> Any:
    """One mask to add, (1 or N * heads, 1 or L, S)."""
    if padding is None:
        return mask
    keys = padding.shape[-1]
    wide = broadcast_to(reshape(padding, (batch, 1, 1, keys)), (batch, num_heads, 1, keys))
    wide = reshape(wide, (batch * num_heads, 1, keys))
    return wide if mask is None else mask + wide
