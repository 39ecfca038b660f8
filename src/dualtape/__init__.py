"""dualtape: automatic differentiation for Python.

A program written for PyTorch runs with `import dualtape.torch as torch`, one written for TensorFlow with
`import dualtape.tensorflow as tf`, and either unchanged under `dualtape run program.py`.
"""

import warnings as _warnings

from . import ops as ops
from . import standin as standin

__version__ = "0.1.0"

# log(0) and 0/0 are values in the frameworks whose programs run here, not warnings. The user's own NumPy code
# keeps NumPy's error state: only warnings that point into dualtape are silenced.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"dualtape(\.|$)")
