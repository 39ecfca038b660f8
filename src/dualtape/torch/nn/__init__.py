"""PyTorch's `torch.nn`: modules, parameters, and the functions and initial values beside them."""

from typing import Any as _Any

from ...core.missing import late_attribute as _late_attribute
from . import compiled as _compiled  # noqa: F401 - tells Module what torch.compile makes of it
from . import functional as functional
from . import init as init
from . import modules as modules
from . import utils as utils
from .activations import *
from .attention_layers import *
from .containers import *
from .layers import *
from .losses import *
from .module import Module as Module
from .normalization import *
from .parameter import Buffer as Buffer
from .parameter import Parameter as Parameter
from .pooling import *
from .recurrent import *

# By name the file that is read when it is first asked for.
_LAZY = {
    "DataParallel": "parallel",
    "UninitializedBuffer": "uninitialized",
    "UninitializedParameter": "uninitialized",
    **{name: f"modules.{file}" for name, file in modules.LAZY.items()},
}


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def __getattr__(name: str) -> _Any:
    return _late_attribute(__name__, _LAZY, name, globals())
