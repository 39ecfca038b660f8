"""dualtape: automatic differentiation for Python."""

from . import ops as ops

__version__ = "0.1.0"
