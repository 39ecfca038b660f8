"""Attention: queries that pick from values by the likeness of keys."""

from __future__ import annotations

from collections.abc import Callable

from ....ops import attention as ops
from ..._tensor import Tensor
from ...arguments import tensor_argument
from .dropout import dropout_factors


def _dropper(
    like: Tensor, p: float, training: bool = True
) -> Callable[[tuple[int, ...]], Tensor] | None:
    """What draws dropout's factors for weights of a shape; None where nothing is dropped."""
    if not training or p == 0.0:
        return None
    dtype = like.value.dtype
    return lambda shape: dropout_factors(shape, dtype, p)


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0, is_causal: bool = False,
    scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """softmax(query @ key^T * scale + mask) @ value.

    Args:
        query: (N, ..., heads, L, E).
        key: (N, ..., heads, S, E).
        value: (N, ..., heads, S, V).
        attn_mask: Broadcasts to (N, ..., L, S): booleans (True: attend), or numbers to add.
        dropout_p: Probability with which a weight is dropped, training or not.
        is_causal: Positions see those up to their own.
        scale: 1/sqrt(E) by default.
        enable_gqa: Several heads of queries share one of keys and values.

    Raises:
        RuntimeError: Shapes or dtypes do not fit, or both a mask and `is_causal`.
    """
    names = ("query", "key", "value")
    q, k, v = (
        tensor_argument("scaled_dot_product_attention", x, n, i)
        for i, (x, n) in enumerate(zip((query, key, value), names, strict=True), 1)
    )
    return ops.scaled_dot_product_attention(  # type: ignore[no-any-return]
        q, k, v, attn_mask, _dropper(q, dropout_p), is_causal, scale, enable_gqa
    )


def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int, in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float,
    out_proj_weight: Tensor, out_proj_bias: Tensor | None, training: bool = True, key_padding_mask: Tensor | None = None,
    need_weights: bool = True, attn_mask: Tensor | None = None, use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None, k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """Project queries, keys and values, let several heads attend, and project what they found.

    Args:
        query, key, value: (L, N, E), (S, N, E), (S, N, E), or without N.
        embed_dim_to_check: E.
        num_heads: Divides E.
        in_proj_weight, in_proj_bias: The three projections on top of each other.
        bias_k, bias_v: A further key and value.
        add_zero_attn: Attend to a further position of zeros.
        dropout_p, training: Of the attention weights.
        out_proj_weight, out_proj_bias: The last projection.
        key_padding_mask: Keys not to attend to.
        need_weights: Also return the attention weights.
        attn_mask: Where not to attend (True), or numbers to add.
        use_separate_proj_weight: Take the next three instead of `in_proj_weight`.
        q_proj_weight, k_proj_weight, v_proj_weight: The projections one by one.
        static_k, static_v: In place of projected keys and values.
        average_attn_weights: Return the mean of the weights over the heads.
        is_causal: `attn_mask` is the causal one.

    Raises:
        AssertionError: E is not the expected one.
        RuntimeError: Shapes do not fit.
    """
    size = query.shape[-1]
    if size != embed_dim_to_check:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim_to_check}, but got {size}"
        )
    return ops.multi_head_attention_forward(
        query, key, value, num_heads, None if use_separate_proj_weight else in_proj_weight, in_proj_bias, out_proj_weight,
        out_proj_bias, bias_k=bias_k, bias_v=bias_v, add_zero_attn=add_zero_attn, dropout=_dropper(query, dropout_p, training),
        key_padding_mask=key_padding_mask, need_weights=need_weights, attn_mask=attn_mask, is_causal=is_causal,
        q_proj_weight=q_proj_weight if use_separate_proj_weight else None,
        k_proj_weight=k_proj_weight if use_separate_proj_weight else None,
        v_proj_weight=v_proj_weight if use_separate_proj_weight else None,
        static_k=static_k, static_v=static_v, average_attn_weights=average_attn_weights,
    )  # fmt: skip


__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]
