"""Softmax and normalisation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core import modes
from ....core.boxes import Box
from ....core.inplace import batches
from ....ops import normalize as n
from ....ops import softmax as s
from ....ops.complex import cast
from ....ops.views import clone
from ..._tensor import Tensor
from ...arguments import not_implemented, tensor_argument
from .activation import stacklevel_dim


def _along(name: str, primitive: Any, kernel: str) -> Any:
    def function(
        input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
    ) -> Tensor:
        x = input if isinstance(input, Tensor) else tensor_argument(name, input)  # type: ignore[redundant-expr]
        if dim is None:
            dim = stacklevel_dim(name, x.ndim, _stacklevel)
        if dtype is not None and dtype.dtype != x.value.dtype:
            x = cast(x, dtype.dtype)
        if x.value.dtype.kind not in "fV":
            raise not_implemented(kernel, x.value.dtype)
        return primitive(x, dim)  # type: ignore[no-any-return]

    function.__name__ = name
    function.__doc__ = f"{name} along `dim`, computed in `dtype` if given."
    return function


softmax = _along("softmax", s.softmax, "softmax_lastdim_kernel_impl")
log_softmax = _along("log_softmax", s.log_softmax, "log_softmax_lastdim_kernel_impl")
softmin = _along("softmin", s.softmin, "softmax_lastdim_kernel_impl")


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Zero mean and unit variance over the last axes, then scale and shift."""
    return n.layer_norm(  # type: ignore[no-any-return]
        tensor_argument("layer_norm", input), tuple(normalized_shape), weight, bias, eps
    )


def rms_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Unit root mean square over the last axes, then scale."""
    return n.rms_norm(tensor_argument("rms_norm", input), tuple(normalized_shape), weight, eps)  # type: ignore[no-any-return]


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Zero mean and unit variance over groups of channels."""
    x = tensor_argument("group_norm", input)
    if x.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {x.ndim}")
    _check_several("group_norm", x, num_groups)
    return n.group_norm(x, num_groups, weight, bias, eps)  # type: ignore[no-any-return]


def _check_several(name: str, x: Tensor, groups: int) -> None:
    if name == "group_norm":
        rest = [x.shape[0] * x.shape[1] // max(groups, 1), groups, *x.shape[2:]]
        count = int(np.prod([rest[0], *rest[2:]]))
    else:
        count = math.prod([x.shape[0], *x.shape[2:]])
    if count == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {x.shape}"
        )


def _update(running: Tensor | None, statistic: Any, momentum: float) -> None:
    """Move a running statistic towards the batch's, in place and unrecorded.

    Raises:
        RuntimeError: Inside vmap the examples have different statistics, and this one is shared.
    """
    if running is None:
        return
    if isinstance(statistic.value, Box) and batches(statistic.value) - batches(running.value):
        raise RuntimeError(
            "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated "
            "in place, were not batched.\nIf you are using a module and do not need eval mode, please set "
            "`track_running_stats` to be False (torch.func.replace_all_batch_norm_modules_ does)."
        )
    with modes.switched(on=modes.NO_GRAD):
        running.mul_(1 - momentum).add_(_detached(statistic) * momentum)


def _detached(x: Tensor) -> Tensor:
    return x.detach()


def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None, bias: Tensor | None = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise each channel: by the batch's statistics while training (updating the running ones), else by those."""
    x = tensor_argument("batch_norm", input)
    if training:
        if eps <= 0.0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
        _check_several("batch_norm", x, 1)
    elif running_mean is None or running_var is None:
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when training=False"
        )
    channels = x.value.shape[1] if x.ndim > 1 else 0
    if x.ndim < 2 and x.numel() == 0:
        return clone(x)  # type: ignore[no-any-return]
    if running_mean is not None and running_mean.value.shape[0] != channels:
        raise RuntimeError(
            f"running_mean should contain {channels} elements not {running_mean.value.shape[0]}"
        )
    if not training:
        return n.batch_norm_by(x, running_mean, running_var, weight, bias, eps)  # type: ignore[no-any-return]
    out, mean, variance = n.batch_norm(x, weight, bias, eps)
    if x.numel() == 0:  # no batch, no news: the running statistics stay
        return out  # type: ignore[no-any-return]
    count = x.numel() // max(x.shape[1], 1)
    _update(running_mean, mean, momentum)
    _update(running_var, variance * (count / max(count - 1, 1)), momentum)
    return out  # type: ignore[no-any-return]


def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None, weight: Tensor | None = None,
    bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise each channel of each example."""
    x = tensor_argument("instance_norm", input)
    if not use_input_stats:
        return n.batch_norm_by(x, running_mean, running_var, weight, bias, eps)  # type: ignore[no-any-return]
    count = int(np.prod(x.shape[2:]))
    if count == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {x.shape}"
        )
    out, mean, variance = n.instance_norm(x, weight, bias, eps)
    if running_mean is not None:
        _update(running_mean, mean.mean(0), momentum)
    if running_var is not None:
        _update(running_var, variance.mean(0) * (count / max(count - 1, 1)), momentum)
    return out  # type: ignore[no-any-return]


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide by a power of the neighbours' sum of squares over channels."""
    x = tensor_argument("local_response_norm", input)
    if x.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {x.ndim} dimensions)")
    return n.local_response_norm(x, size, alpha, beta, k)  # type: ignore[no-any-return]


def normalize(
    input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None
) -> Tensor:
    """Divide by the p-norm along an axis."""
    return n.normalize(tensor_argument("normalize", input), p, dim, eps)  # type: ignore[no-any-return]


__all__ = [
    "batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "log_softmax", "normalize", "rms_norm",
    "softmax", "softmin",
]  # fmt: skip
