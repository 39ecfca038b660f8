"""PyTorch's `torch.nn.functional`."""

from .activation import *
from .attention import *
from .ctc import *
from .dropout import *
from .linear import *
from .loss import *
from .normalization import *
from .vision import *
