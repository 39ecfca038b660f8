"""PyTorch's API on dualtape's engine: `import dualtape.torch as torch`."""

from . import operators as _operators
from . import return_types as return_types
from ._tensor import Tensor as Tensor
from .creation import *
from .dtype_names import *
from .dtypes import *
from .filled import *
from .promotion import result_type as result_type
from .ranges import *
from .ranges import range_ as range
from .type_info import *
