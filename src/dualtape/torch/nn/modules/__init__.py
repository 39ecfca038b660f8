"""PyTorch's `torch.nn.modules`: the same classes under the paths of the files that define them there."""

import sys
from typing import Any as _Any

from ....core.missing import late_attribute as _late_attribute
from .. import activations as activation
from .. import containers as container  # noqa: F401  # looked up by name below
from .. import layers as linear
from .. import losses as loss
from .. import module as module
from .. import normalization as batchnorm
from .. import pooling as pooling
from .. import recurrent as rnn  # noqa: F401  # looked up by name below
from ..activations import *
from ..containers import *
from ..layers import *
from ..losses import *
from ..module import Module as Module
from ..normalization import *
from ..pooling import *
from ..recurrent import *

conv = sparse = flatten = linear
dropout = activation
instancenorm = normalization = batchnorm
fold = padding = pixelshuffle = upsampling = pooling
distance = loss

# `from torch.nn.modules.linear import Linear` asks the import system, which looks here.
for _name in (
    "activation", "batchnorm", "container", "conv", "distance", "dropout", "flatten", "fold", "instancenorm", "linear", "loss",
    "module", "normalization", "padding", "pixelshuffle", "pooling", "rnn", "sparse", "upsampling",
):  # fmt: skip
    sys.modules[f"{__name__}.{_name}"] = globals()[_name]
del _name

# Modules whose files are read when first asked for.
_FILES = {
    "bags": ("EmbeddingBag",),
    "fractional": ("FractionalMaxPool2d", "FractionalMaxPool3d"),
    "lazy": (
        "LazyModuleMixin", "LazyLinear", "LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d",
        "LazyConvTranspose3d", "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d",
        "LazyInstanceNorm3d",
    ),
    "linear_cross_entropy_options": ("LinearCrossEntropyOptions",),
    "linear_loss": ("LinearCrossEntropyLoss",),
    "transformer": (
        "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer",
    ),
}  # fmt: skip
LAZY = {name: file for file, names in _FILES.items() for name in names}


def __dir__() -> list[str]:
    return sorted({*globals(), *LAZY})


def __getattr__(name: str) -> _Any:
    return _late_attribute(__name__, LAZY, name, globals())
