"""TensorFlow's API on dualtape's engine: `import dualtape.tensorflow as tf`.

A tensor is one of the engine's; `tf.GradientTape` is a view of the engine's recording. What a module of
TensorFlow's lacks here raises AttributeError with the nearest name.
"""

import importlib
from types import ModuleType
from typing import Any

from ..core.missing import missing_attribute
from . import autodiff as autodiff
from . import errors as errors
from . import linalg as linalg
from . import math as math
from . import nest as nest
from . import nn as nn
from . import random as random
from .arithmetic import (
    add,
    divide,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    multiply,
    negative,
    not_equal,
    pow,
    realdiv,
    subtract,
    truediv,
    truncatemod,
)
from .arithmetic import floordiv as floordiv
from .creation import *  # noqa: F403
