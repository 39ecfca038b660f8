"""PyTorch's `torch.nn`: modules, parameters, and the functions and initial values beside them."""

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
