"""PyTorch's `torch.nn.functional`."""

from typing import NoReturn as _NoReturn

from ....core.missing import missing_attribute as _missing_attribute
from .activation import *
from .attention import *
from .ctc import *
from .dropout import *
from .linear import *
from .loss import *
from .normalization import *
from .vision import *


def __getattr__(name: str) -> _NoReturn:
    raise _missing_attribute(__name__, name, globals())
