"""Modules that take the sizes of their inputs from the first one they see."""

from __future__ import annotations

from typing import Any

from ... import dtypes
from ..._tensor import Tensor
from ...creation import tensor
from ..layers import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    Linear,
)
from ..normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from ..uninitialized import UninitializedBuffer, UninitializedParameter, is_lazy


def _infer(module: Any, args: Any, kwargs: Any) -> None:
    """Before the first call: take the sizes, and become the ordinary class."""
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
    hooks = module._forward_pre_hooks
    for number in [k for k, hook in hooks.items() if hook.function is _infer]:
        del hooks[number]
    loading = module._load_state_dict_pre_hooks
    for number in [k for k, hook in loading.items() if hook is _take_shapes]:
        del loading[number]
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


def _take_shapes(module: Any, given: Any, prefix: str, *rest: Any) -> None:
    """Before loading: take the shapes that a state dict has."""
    for name, target in [*module._parameters.items(), *module._buffers.items()]:
        source = given.get(prefix + name)
        if is_lazy(target) and isinstance(source, Tensor) and not is_lazy(source):
            target.materialize(source.shape)


class LazyModuleMixin:
    """Makes a module lazy: its parameters get their shapes in `initialize_parameters`, before the first call."""

    cls_to_become: Any = None
    _lazy = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register_load_state_dict_pre_hook(_take_shapes)  # type: ignore[attr-defined]  # a Module's
        self.register_forward_pre_hook(_infer, with_kwargs=True)  # type: ignore[attr-defined]

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters shapes that fit the inputs; every subclass defines its own.

        Raises:
            NotImplementedError: It does not.
        """
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer has no shape yet."""
        own: Any = self
        return any(is_lazy(t) for t in [*own._parameters.values(), *own._buffers.values()])

    def reset_parameters(self) -> None:
        """Draw initial values, once there is something to draw."""
        own: Any = self
        if not self.has_uninitialized_params() and getattr(own, own._size) != 0:
            super().reset_parameters()  # type: ignore[misc]  # the layer's


class LazyLinear(LazyModuleMixin, Linear):
    """`Linear` that takes `in_features` from its first input."""

    cls_to_become, _size = Linear, "in_features"

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(dtype=dtype)

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the length of the last axis."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            self.weight.materialize((self.out_features, self.in_features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        elif self.in_features == 0:  # the parameters were loaded
            self.in_features = input.shape[-1]


class _LazyConvolution(LazyModuleMixin):
    _size = "in_channels"

    def _make(self, out_channels: int, bias: bool, dtype: Any) -> None:
        own: Any = self
        own.weight = UninitializedParameter(dtype=dtype)
        own.out_channels = out_channels
        if bias:
            own.bias = UninitializedParameter(dtype=dtype)

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take the number of channels.

        Raises:
            RuntimeError: The input has another number of axes.
            ValueError: The groups do not divide the channels.
        """
        own: Any = self
        if not self.has_uninitialized_params() and own.in_channels:
            return
        n = own.rank
        if input.ndim not in (n + 1, n + 2):
            raise RuntimeError(
                f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {type(self).__name__}, but got input of size: "
                f"{input.shape}"
            )
        own.in_channels = channels = input.shape[-n - 1]
        if not self.has_uninitialized_params():  # the parameters were loaded
            return
        if channels % own.groups:
            raise ValueError("in_channels must be divisible by groups")
        pair = (
            (channels, own.out_channels // own.groups)
            if own.transposed
            else (own.out_channels, channels // own.groups)
        )
        own.weight.materialize((*pair, *own.kernel_size))
        if own.bias is not None:
            own.bias.materialize((own.out_channels,))
        self.reset_parameters()


class _LazyPlain(_LazyConvolution):
    def __init__(
        self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
        bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._make(out_channels, bias, dtype)


class _LazyTransposed(_LazyConvolution):
    def __init__(
        self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
        bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode
        )  # fmt: skip
        self._make(out_channels, bias, dtype)


class _LazyNorm(LazyModuleMixin):
    _size = "num_features"

    def __init__(
        self, eps: float = 1e-5, momentum: Any = 0.1, affine: bool = True, track_running_stats: bool = True, device: Any = None,
        dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(0, eps, momentum, False, False)
        own: Any = self
        own.affine, own.track_running_stats = affine, track_running_stats
        if affine:
            own.weight = UninitializedParameter(dtype=dtype)
            if bias:
                own.bias = UninitializedParameter(dtype=dtype)
        if track_running_stats:
            own.running_mean = UninitializedBuffer(dtype=dtype)
            own.running_var = UninitializedBuffer(dtype=dtype)
            own.num_batches_tracked = tensor(0, dtype=dtypes.int64)

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of channels."""
        own: Any = self
        if self.has_uninitialized_params():
            own.num_features = input.shape[1]
            for t in (own.weight, own.bias, own.running_mean, own.running_var):
                if is_lazy(t):
                    t.materialize((own.num_features,))
            self.reset_parameters()
        elif own.num_features == 0 and (own.affine or own.track_running_stats):
            own.num_features = input.shape[1]  # the parameters were loaded


def _lazy(base: type, kind: type) -> Any:
    doc = f"`{base.__name__}` that takes the number of channels from its first input."
    body = {"cls_to_become": base, "__doc__": doc, "__module__": __name__}
    return type("Lazy" + base.__name__, (kind, base), body)


LazyConv1d, LazyConv2d, LazyConv3d = (_lazy(c, _LazyPlain) for c in (Conv1d, Conv2d, Conv3d))
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = (
    _lazy(c, _LazyTransposed) for c in (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
)
LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d = (
    _lazy(c, _LazyNorm) for c in (BatchNorm1d, BatchNorm2d, BatchNorm3d)
)
LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d = (
    _lazy(c, _LazyNorm) for c in (InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)
)
