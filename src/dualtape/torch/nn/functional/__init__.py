"""PyTorch's `torch.nn.functional`."""

from .activation import *
from .dropout import *
from .normalization import *
from .vision import *
