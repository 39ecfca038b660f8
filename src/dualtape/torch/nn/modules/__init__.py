"""PyTorch's `torch.nn.modules`: the same classes under the paths of the files that define them there."""

import sys

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
