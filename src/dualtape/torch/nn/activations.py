"""Activations as modules: each calls the function of the same meaning with its stored arguments."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..filled import full
from . import functional as F
from .module import Module
from .parameter import Parameter


def _activation(name: str, function: str, doc: str, **defaults: Any) -> type[Module]:
    """A module class whose arguments, with these defaults, are the function's keywords."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        Module.__init__(self)
        if len(args) > len(defaults):
            raise TypeError(
                f"{name}.__init__() takes from 1 to {len(defaults) + 1} positional arguments but {len(args) + 1} were given"
            )
        values = dict(defaults)
        values.update(zip(defaults, args, strict=False))
        for key, value in kwargs.items():
            if key not in defaults:
                raise TypeError(f"{name}.__init__() got an unexpected keyword argument '{key}'")
            values[key] = value
        for key, value in values.items():
            setattr(self, key, value)

    def forward(self: Any, input: Tensor) -> Tensor:
        return getattr(F, function)(input, **{k: getattr(self, k) for k in defaults})  # type: ignore[no-any-return]

    def extra_repr(self: Any) -> str:
        shown = []
        for key in defaults:
            value = getattr(self, key)
            if key == "inplace":
                if value:
                    shown.append("inplace=True")
            elif key == "approximate":
                shown.append(f"approximate={value!r}")
            elif not key.startswith("_"):
                shown.append(f"{key}={value}")
        return ", ".join(shown)

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


ReLU = _activation("ReLU", "relu", "max(x, 0).", inplace=False)
ReLU6 = _activation("ReLU6", "relu6", "min(max(x, 0), 6).", inplace=False)
LeakyReLU = _activation(
    "LeakyReLU",
    "leaky_relu",
    "x, times a slope where negative.",
    negative_slope=0.01,
    inplace=False,
)
ELU = _activation("ELU", "elu", "x, or alpha*(exp(x)-1) where negative.", alpha=1.0, inplace=False)
CELU = _activation("CELU", "celu", "Continuously differentiable ELU.", alpha=1.0, inplace=False)
SELU = _activation("SELU", "selu", "Scaled ELU.", inplace=False)
GELU = _activation("GELU", "gelu", "x times the normal distribution function.", approximate="none")
SiLU = _activation("SiLU", "silu", "x * sigmoid(x).", inplace=False)
Mish = _activation("Mish", "mish", "x * tanh(softplus(x)).", inplace=False)
Sigmoid = _activation("Sigmoid", "sigmoid", "1 / (1 + exp(-x)).")
LogSigmoid = _activation("LogSigmoid", "logsigmoid", "log(sigmoid(x)).")
Tanh = _activation("Tanh", "tanh", "The hyperbolic tangent.")
Softplus = _activation(
    "Softplus", "softplus", "log(1 + exp(beta*x)) / beta.", beta=1.0, threshold=20.0
)
Softsign = _activation("Softsign", "softsign", "x / (1 + |x|).")
Hardtanh = _activation(
    "Hardtanh",
    "hardtanh",
    "x clipped to [min_val, max_val].",
    min_val=-1.0,
    max_val=1.0,
    inplace=False,
)
Hardsigmoid = _activation(
    "Hardsigmoid", "hardsigmoid", "A piecewise linear sigmoid.", inplace=False
)
Hardswish = _activation("Hardswish", "hardswish", "x * hardsigmoid(x).", inplace=False)
Hardshrink = _activation("Hardshrink", "hardshrink", "x, or 0 within [-lambd, lambd].", lambd=0.5)
Softshrink = _activation("Softshrink", "softshrink", "x moved towards 0 by lambd.", lambd=0.5)
Tanhshrink = _activation("Tanhshrink", "tanhshrink", "x - tanh(x).")
Threshold = _activation(
    "Threshold",
    "threshold",
    "x, or a value where not above the threshold.",
    threshold=None,
    value=None,
    inplace=False,
)
GLU = _activation("GLU", "glu", "One half times the sigmoid of the other.", dim=-1)
Softmax = _activation("Softmax", "softmax", "exp(x) normalised along an axis.", dim=None)
LogSoftmax = _activation("LogSoftmax", "log_softmax", "log(softmax(x)).", dim=None)
Softmin = _activation("Softmin", "softmin", "softmax(-x).", dim=None)


class Softmax2d(Module):
    """softmax over the channels of an image."""

    def forward(self, input: Tensor) -> Tensor:
        """Shape (N, C, H, W) or (C, H, W)."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        out: Tensor = F.softmax(input, dim=-3)
        return out


class PReLU(Module):
    """A leaky ReLU whose slope is learned, one or one per channel."""

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), init, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        """See the class."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """A leaky ReLU whose slopes are drawn between two bounds while training."""

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Any shape."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        text = f"lower={self.lower}, upper={self.upper}"
        return text + (", inplace=True" if self.inplace else "")


class _Dropout(Module):
    function = "dropout"

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """In training, zero at random and scale the rest by 1/(1-p)."""
        return getattr(F, self.function)(input, self.p, self.training, self.inplace)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Zeroes elements with probability p while training (Hinton et al., 2012)."""


class Dropout1d(_Dropout):
    """Zeroes whole channels."""

    function = "dropout1d"


class Dropout2d(_Dropout):
    """Zeroes whole channels."""

    function = "dropout2d"


class Dropout3d(_Dropout):
    """Zeroes whole channels."""

    function = "dropout3d"


class AlphaDropout(_Dropout):
    """Dropout that keeps mean and variance after SELU."""

    function = "alpha_dropout"


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels."""

    function = "feature_alpha_dropout"


__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]  # fmt: skip
