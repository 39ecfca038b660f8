"""PyTorch's `torch.nn`: modules, parameters, and the functions and initial values beside them."""

from importlib import import_module as _import_module
from typing import Any as _Any

from ...core.missing import missing_attribute as _missing_attribute
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

_ELSEWHERE = {
    "DataParallel": ".parallel",
    "UninitializedBuffer": ".uninitialized",
    "UninitializedParameter": ".uninitialized",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *modules.LAZY, *_ELSEWHERE})


def __getattr__(name: str) -> _Any:
    if name in modules.LAZY:
        return getattr(modules, name)
    if name in _ELSEWHERE:
        return getattr(_import_module(_ELSEWHERE[name], __name__), name)
    raise _missing_attribute(__name__, name, globals())
