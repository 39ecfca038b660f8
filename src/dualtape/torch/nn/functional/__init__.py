"""PyTorch's `torch.nn.functional`."""

from typing import Any as _Any

from ....core.missing import late_attribute as _late_attribute
from .activation import *
from .attention import *
from .ctc import *
from .dropout import *
from .linear import *
from .loss import *
from .normalization import *
from .vision import *

# Functions whose files are read when first asked for.
_FILES = {
    "bags": ("embedding_bag",),
    "pools": (
        "lp_pool1d", "lp_pool2d", "lp_pool3d", "fractional_max_pool2d", "fractional_max_pool3d",
        "fractional_max_pool2d_with_indices", "fractional_max_pool3d_with_indices",
    ),
    "rewriting": (
        "celu_", "elu_", "hardtanh_", "leaky_relu_", "rrelu_", "selu_", "threshold_",
    ),
    "linear_loss": ("linear_cross_entropy",),
}  # fmt: skip
_LAZY = {name: file for file, names in _FILES.items() for name in names}


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def __getattr__(name: str) -> _Any:
    found = globals()[name] = _late_attribute(__name__, _LAZY, name, globals())
    return found
