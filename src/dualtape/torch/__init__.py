"""PyTorch's API on dualtape's engine: `import dualtape.torch as torch`."""

from . import operators as _operators
from . import random as random
from . import return_types as return_types
from ._tensor import Tensor as Tensor
from .creation import *
from .dtype_names import *
from .dtypes import *
from .filled import *
from .generator import Generator as Generator
from .generator import default_generator as default_generator
from .generator import get_rng_state as get_rng_state
from .generator import initial_seed as initial_seed
from .generator import manual_seed as manual_seed
from .generator import seed as seed
from .generator import set_rng_state as set_rng_state
from .promotion import result_type as result_type
from .ranges import *
from .ranges import range_ as range
from .sampling import *
from .type_info import *
