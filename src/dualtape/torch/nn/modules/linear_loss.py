"""A linear layer and cross-entropy as one module."""

from __future__ import annotations

import math
from typing import Any

from ..._tensor import Tensor
from .. import functional as F
from ..layers import Linear
from ..module import Module


class LinearCrossEntropyLoss(Module):
    """The cross-entropy of a linear map of the input; see `functional.linear_cross_entropy`."""

    def __init__(
        self, in_features: int, num_classes: int, *, out_features: tuple[int, ...] = (), bias: bool = False, device: Any = None,
        dtype: Any = None, reduction: str = "mean", weight: Tensor | None = None, ignore_index: int | None = None,
        label_smoothing: float = 0.0, options: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.reduction, self.num_classes, self.out_features = reduction, num_classes, tuple(out_features)  # fmt: skip
        self.ignore_index, self.label_smoothing, self.options = ignore_index, label_smoothing, options  # fmt: skip
        self.register_buffer("weight", weight)
        self.linear = Linear(in_features, num_classes * math.prod(out_features), bias, dtype=dtype)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """(N, in_features) and (N, *out_features)."""
        classes = (self.num_classes, *self.out_features)
        bias: Any = self.linear.bias
        return F.linear_cross_entropy(  # type: ignore[no-any-return]
            input, self.linear.weight.reshape(*classes, self.linear.in_features), target,
            linear_bias=None if bias is None else bias.reshape(classes), weight=self.weight, reduction=self.reduction,
            ignore_index=self.ignore_index, label_smoothing=self.label_smoothing, options=self.options,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
