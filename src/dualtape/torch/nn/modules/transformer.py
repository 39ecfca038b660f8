"""Transformers: encoder and decoder layers, stacks of them, and both together (Vaswani et al., 2017)."""

from __future__ import annotations

import copy
import warnings
from typing import Any

from ....core import modes
from ..._tensor import Tensor
from ...filled import full, zeros
from .. import functional as F
from .. import init
from ..activations import GELU, Dropout, ReLU
from ..attention_layers import MultiheadAttention
from ..containers import ModuleList
from ..layers import Linear
from ..module import Module
from ..normalization import LayerNorm


def _activation(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {given}")
    return getattr(F, given)


def _additive(mask: Any, name: str, like: Tensor, other: Any = None) -> Any:
    """A mask as numbers to add: -inf where a boolean one is True.

    Raises:
        AssertionError: Neither booleans nor floating numbers.
    """
    if mask is None:
        return None
    boolean = str(mask.dtype) == "torch.bool"
    if not boolean and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and other.dtype != mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and src_mask is deprecated. Use same type for both instead.",
            stacklevel=4,
        )
    if not boolean:
        return mask
    return zeros(mask.shape, dtype=like.dtype).masked_fill(mask, float("-inf"))


class _Layer(Module):
    """What both kinds of layers share; subclasses make their parts in PyTorch's order."""

    activation: Any

    def _feed(self, d: int, wide: int, p: float, given: Any, **how: Any) -> None:
        self.linear1 = Linear(d, wide, **how)
        self.dropout = Dropout(p)
        self.linear2 = Linear(wide, d, **how)
        self.activation = _activation(given)

    def _around(self, x: Tensor, block: Any, norm: Module) -> Tensor:
        """A block with its shortcut and its norm, before or behind."""
        return x + block(norm(x)) if self.norm_first else norm(x + block(x))  # type: ignore[no-any-return]

    def _ff(self, x: Tensor, out: Module) -> Tensor:
        return out(self.linear2(self.dropout(self.activation(self.linear1(x)))))  # type: ignore[no-any-return]


class TransformerEncoderLayer(_Layer):
    """Self-attention and a two-layer perceptron, each with shortcut, dropout and layer norm.

    Args:
        d_model: Length of the vectors.
        nhead: Heads of the attention.
        dim_feedforward: Width of the perceptron.
        dropout: Probability.
        activation: Of the perceptron: "relu", "gelu" or a function.
        layer_norm_eps: Of the norms.
        batch_first: Tensors are (N, L, E) instead of (L, N, E).
        norm_first: Norms come before attention and perceptron.
        bias: Of all linear maps and norms.
        device: The CPU.
        dtype: Of the parameters.
    """

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation: Any = F.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        how = {"bias": bias, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **how)
        self._feed(d_model, dim_feedforward, dropout, activation, **how)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, **how)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, **how)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)

    def forward(
        self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:  # fmt: skip
        """Shapes as for `MultiheadAttention`; masks hide where True, or are added."""
        padding = _additive(src_key_padding_mask, "src_key_padding_mask", src, src_mask)
        mask = _additive(src_mask, "src_mask", src)

        def attend(x: Tensor) -> Tensor:
            found = self.self_attn(x, x, x, padding, False, mask, is_causal=is_causal)[0]
            return self.dropout1(found)  # type: ignore[no-any-return]

        x = self._around(src, attend, self.norm1)
        return self._around(x, lambda x: self._ff(x, self.dropout2), self.norm2)


class TransformerDecoderLayer(_Layer):
    """As `TransformerEncoderLayer`, with attention to a memory between self-attention and perceptron."""

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation: Any = F.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        how = {"bias": bias, "dtype": dtype}
        for name in ("self_attn", "multihead_attn"):
            setattr(self, name, MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **how))  # fmt: skip
        self._feed(d_model, dim_feedforward, dropout, activation, **how)
        self.norm_first = norm_first
        for i in (1, 2, 3):
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, **how))
        for i in (1, 2, 3):
            setattr(self, f"dropout{i}", Dropout(dropout))

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """Shapes as for `MultiheadAttention`; masks hide where True, or are added."""

        def attend(x: Tensor) -> Tensor:
            found = self.self_attn(
                x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal
            )
            return self.dropout1(found[0])  # type: ignore[no-any-return]

        def remember(x: Tensor) -> Tensor:
            found = self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask, is_causal=memory_is_causal
            )  # fmt: skip
            return self.dropout2(found[0])  # type: ignore[no-any-return]

        x = self._around(tgt, attend, self.norm1)
        x = self._around(x, remember, self.norm2)
        return self._around(x, lambda x: self._ff(x, self.dropout3), self.norm3)


def _copies(layer: Module, n: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(n)])


def _why_padded(layer: Any) -> str:
    """What keeps PyTorch from packing padded sequences in evaluation, in its words."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    attention = layer.self_attn
    for wrong, why in (
        (layer.norm_first, "norm_first was True"),
        (
            not attention.batch_first,
            "self_attn.batch_first was not True(use batch_first for better inference performance)",
        ),
        (attention.in_proj_bias is None, "self_attn was passed bias=False"),
        (not attention._qkv_same_embed_dim, "self_attn._qkv_same_embed_dim was not True"),
        (not _known(layer.activation), "activation_relu_or_gelu was not True"),
        (layer.norm1.eps != layer.norm2.eps, "norm1.eps was not equal to encoder_layer.norm2.eps"),
        (attention.num_heads % 2, "self_attn.num_heads is odd"),
    ):
        if wrong:
            return f"encoder_layer.{why}"
    return ""


def _known(activation: Any) -> bool:
    return activation in (F.relu, F.gelu) or isinstance(activation, (ReLU, GELU))


class TransformerEncoder(Module):
    """Copies of an encoder layer, one after the other.

    Args:
        encoder_layer: What is copied.
        num_layers: How often.
        norm: Applied at the end.
        enable_nested_tensor: Whether evaluation without gradients gives zeros at padded places, as where PyTorch packs
            sequences there.
        mask_check: Only where no padding comes before a value.
    """

    def __init__(
        self, encoder_layer: Any, num_layers: int, norm: Module | None = None, enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check
        why = _why_padded(encoder_layer)
        self.use_nested_tensor = enable_nested_tensor and not why
        if enable_nested_tensor and why:
            warnings.warn(
                f"enable_nested_tensor is True, but self.use_nested_tensor is False because {why}",
                stacklevel=2,
            )

    def _packs(self, src: Tensor, mask: Any, padding: Any) -> bool:
        if (
            not self.use_nested_tensor or padding is None or mask is not None
            or src.ndim != 3 or self.layers[0].training
        ):  # fmt: skip
            return False
        if not modes.current() & modes.NO_GRAD and (
            src.requires_grad or any(p.requires_grad for p in self.layers[0].parameters())
        ):
            return False
        hidden = padding.isinf() if padding.is_floating_point() else padding
        return not self.mask_check or not bool((hidden[:, :-1] & ~hidden[:, 1:]).any())

    def forward(
        self, src: Tensor, mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool | None = None
    ) -> Tensor:  # fmt: skip
        """Pass through all layers."""
        padding = _additive(src_key_padding_mask, "src_key_padding_mask", src, mask)
        mask = _additive(mask, "mask", src)
        out = src
        for layer in self.layers:
            out = layer(out, src_mask=mask, src_key_padding_mask=padding, is_causal=bool(is_causal))
        if self._packs(src, mask, padding):
            out = out.masked_fill(padding.isinf().unsqueeze(-1), 0.0)
        return out if self.norm is None else self.norm(out)


class TransformerDecoder(Module):
    """Copies of a decoder layer, one after the other, and a norm at the end."""

    def __init__(self, decoder_layer: Any, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """Pass through all layers."""
        out = tgt
        for layer in self.layers:
            out = layer(
                out, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return out if self.norm is None else self.norm(out)


class Transformer(Module):
    """An encoder, and a decoder that attends to what it made.

    Args:
        d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype:
            As for `TransformerEncoderLayer`.
        num_encoder_layers, num_decoder_layers: How many.
        custom_encoder, custom_decoder: Modules to take instead.
    """

    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
        dim_feedforward: int = 2048, dropout: float = 0.1, activation: Any = F.relu, custom_encoder: Any = None,
        custom_decoder: Any = None, layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False,
        bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        how = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype
        )  # fmt: skip
        last = {"bias": bias, "dtype": dtype}
        self.encoder = custom_encoder
        if custom_encoder is None:
            layer: Any = TransformerEncoderLayer(*how)
            norm = LayerNorm(d_model, layer_norm_eps, **last)
            self.encoder = TransformerEncoder(layer, num_encoder_layers, norm)
        self.decoder = custom_decoder
        if custom_decoder is None:
            layer = TransformerDecoderLayer(*how)
            norm = LayerNorm(d_model, layer_norm_eps, **last)
            self.decoder = TransformerDecoder(layer, num_decoder_layers, norm)
        for p in self.parameters():
            if p.ndim > 1:
                init.xavier_uniform_(p)
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(
        self, src: Tensor, tgt: Tensor, src_mask: Tensor | None = None, tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None, src_is_causal: bool | None = None, tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """Encode `src` and decode `tgt`.

        Raises:
            RuntimeError: Sizes do not fit.
        """
        at = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[at] != tgt.shape[at]:
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(  # type: ignore[no-any-return]
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The additive mask by which a position sees those up to its own."""
        return full((sz, sz), float("-inf"), dtype=dtype).triu(1)  # type: ignore[no-any-return]
