"""PyTorch's API on dualtape's engine: `import dualtape.torch as torch`."""

from . import dtypes as _dtypes
from . import operators as _operators
from .creation import *
from ._tensor import Tensor as Tensor
from .dtypes import *
