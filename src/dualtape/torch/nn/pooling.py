"""Pooling, resampling and padding layers: each calls its function with stored arguments."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from . import functional as F
from .module import Module


def _layer(
    name: str, function: str, doc: str, shown: tuple[str, ...], **defaults: Any
) -> type[Module]:
    """A module class with these arguments (`...` marks one that must be given), handed on by name."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        Module.__init__(self)
        values = dict(defaults)
        values.update(zip(defaults, args, strict=False))
        unknown = set(kwargs) - set(defaults)
        if unknown or len(args) > len(defaults):
            raise TypeError(
                f"{name}.__init__() got an unexpected argument {sorted(unknown) or args[len(defaults) :]}"
            )
        values.update(kwargs)
        missing = [k for k, v in values.items() if v is ...]
        if missing:
            raise TypeError(f"{name}.__init__() missing required argument: '{missing[0]}'")
        if "stride" in values and values["stride"] is None and "kernel_size" in values:
            values["stride"] = values["kernel_size"]
        for key, value in values.items():
            setattr(self, key, value)

    def forward(self: Any, input: Tensor, *rest: Any, **more: Any) -> Any:
        return getattr(F, function)(input, *rest, **{k: getattr(self, k) for k in defaults}, **more)

    def extra_repr(self: Any) -> str:
        return ", ".join(f"{k}={getattr(self, k)}" for k in shown)

    return type(
        name,
        (Module,),
        {
            "__init__": __init__,
            "forward": forward,
            "extra_repr": extra_repr,
            "__doc__": doc,
            "__module__": __name__,
        },
    )


_WINDOW = ("kernel_size", "stride", "padding")


def _max(n: int) -> type[Module]:
    return _layer(
        f"MaxPool{n}d", f"max_pool{n}d", f"Maxima of windows over {n} axes.", (*_WINDOW, "dilation", "ceil_mode"),
        kernel_size=..., stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False,
    )  # fmt: skip


def _mean(n: int) -> type[Module]:
    more = {} if n == 1 else {"divisor_override": None}
    return _layer(
        f"AvgPool{n}d", f"avg_pool{n}d", f"Means of windows over {n} axes.", _WINDOW,
        kernel_size=..., stride=None, padding=0, ceil_mode=False, count_include_pad=True, **more,
    )  # fmt: skip


MaxPool1d, MaxPool2d, MaxPool3d = (_max(n) for n in (1, 2, 3))
AvgPool1d, AvgPool2d, AvgPool3d = (_mean(n) for n in (1, 2, 3))
AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d = (
    _layer(
        f"AdaptiveAvgPool{n}d",
        f"adaptive_avg_pool{n}d",
        "Means that yield a given size.",
        ("output_size",),
        output_size=...,
    )
    for n in (1, 2, 3)
)
AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d = (
    _layer(
        f"AdaptiveMaxPool{n}d", f"adaptive_max_pool{n}d", "Maxima that yield a given size.", ("output_size",),
        output_size=..., return_indices=False,
    )
    for n in (1, 2, 3)
)  # fmt: skip


class _MaxUnpool(Module):
    rank: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        given = (kernel_size, kernel_size if stride is None else stride, padding)
        self.kernel_size, self.stride, self.padding = (
            tuple(v) if isinstance(v, (tuple, list)) else (v,) * self.rank for v in given
        )

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """Put maxima back where they lay."""
        unpool = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[self.rank - 1]
        return unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


MaxUnpool1d, MaxUnpool2d, MaxUnpool3d = (
    type(
        f"MaxUnpool{n}d",
        (_MaxUnpool,),
        {"rank": n, "__doc__": "Maxima put back.", "__module__": __name__},
    )
    for n in (1, 2, 3)
)
Unfold = _layer(
    "Unfold", "unfold", "Sliding blocks as columns.", ("kernel_size", "dilation", "padding", "stride"),
    kernel_size=..., dilation=1, padding=0, stride=1,
)  # fmt: skip
Fold = _layer(
    "Fold", "fold", "Columns added up as sliding blocks.", ("output_size", "kernel_size", "dilation", "padding", "stride"),
    output_size=..., kernel_size=..., dilation=1, padding=0, stride=1,
)  # fmt: skip
PixelShuffle = _layer(
    "PixelShuffle",
    "pixel_shuffle",
    "Channels as finer pixels.",
    ("upscale_factor",),
    upscale_factor=...,
)
ChannelShuffle = _layer(
    "ChannelShuffle", "channel_shuffle", "Channels of groups interleaved.", ("groups",), groups=...
)
PixelUnshuffle = _layer(
    "PixelUnshuffle",
    "pixel_unshuffle",
    "Pixels as channels.",
    ("downscale_factor",),
    downscale_factor=...,
)


class _LPPool(Module):
    rank: int

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride = norm_type, kernel_size, stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """Norms of windows of (N, C, *S) or (C, *S)."""
        pooled = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)[self.rank - 1]
        return pooled(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


LPPool1d, LPPool2d, LPPool3d = (
    type(
        f"LPPool{n}d",
        (_LPPool,),
        {"rank": n, "__doc__": f"p-norms of windows over {n} axes.", "__module__": __name__},
    )
    for n in (1, 2, 3)
)


class Upsample(Module):
    """Resizes the spatial axes; see `functional.interpolate`."""

    def __init__(
        self, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.mode, self.align_corners = size, mode, align_corners
        self.scale_factor = (
            tuple(map(float, scale_factor))
            if isinstance(scale_factor, tuple)
            else scale_factor and float(scale_factor)
        )
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Shape (N, C, *S)."""
        return F.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        what = (
            f"scale_factor={self.scale_factor!r}"
            if self.scale_factor is not None
            else f"size={self.size!r}"
        )
        return f"{what}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """`Upsample` in mode "nearest"."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """`Upsample` in mode "bilinear" with aligned corners."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


class _Pad(Module):
    rank: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self.rank) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        """Pad the last axes."""
        if self.mode == "circular" and input.ndim not in (self.rank + 1, self.rank + 2):
            raise ValueError(
                f"expected {self.rank + 1}D or {self.rank + 2}D input (got {input.ndim}D input)"
            )
        return F.pad(input, self.padding, self.mode, getattr(self, "value", None))

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        text = str(self.padding)
        return (
            f"padding={text}, value={self.value}"
            if type(self).__name__.startswith("Constant")
            else text
        )


def _pads(kind: str, mode: str, doc: str) -> list[type[Module]]:
    return [
        type(
            f"{kind}Pad{n}d",
            (_Pad,),
            {"rank": n, "mode": mode, "__doc__": doc, "__module__": __name__},
        )
        for n in (1, 2, 3)
    ]


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value


ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = _pads(
    "Reflection", "reflect", "Pads by reflection at the edge."
)
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = _pads(
    "Replication", "replicate", "Pads with the edge."
)
CircularPad1d, CircularPad2d, CircularPad3d = _pads(
    "Circular", "circular", "Pads with the other side."
)
ZeroPad1d, ZeroPad2d, ZeroPad3d = _pads("Zero", "constant", "Pads with zeros.")
ConstantPad1d, ConstantPad2d, ConstantPad3d = (
    type(
        f"ConstantPad{n}d",
        (_ConstantPad,),
        {"rank": n, "__doc__": "Pads with a value.", "__module__": __name__},
    )
    for n in (1, 2, 3)
)

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "ChannelShuffle",
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "Fold",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "Unfold",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]  # fmt: skip
