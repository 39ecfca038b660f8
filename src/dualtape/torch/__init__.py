"""PyTorch's API on dualtape's engine: `import dualtape.torch as torch`."""

import importlib as _importlib
from typing import Any as _Any

from ..core.missing import missing_attribute as _missing_attribute
from . import autograd as autograd
from . import in_place_draws as _in_place_draws  # noqa: F401 - gives tensors uniform_ and so on
from . import operators as _operators  # noqa: F401 - gives tensors their operators
from . import random as random
from . import return_types as return_types
from ._tensor import Tensor as Tensor
from .added_products import *
from .alike import *
from .arrangements import *
from .autograd.anomaly_mode import is_anomaly_enabled as is_anomaly_enabled
from .autograd.grad_mode import enable_grad as enable_grad
from .autograd.grad_mode import inference_mode as inference_mode
from .autograd.grad_mode import is_grad_enabled as is_grad_enabled
from .autograd.grad_mode import is_inference_mode_enabled as is_inference_mode_enabled
from .autograd.grad_mode import no_grad as no_grad
from .autograd.grad_mode import set_grad_enabled as set_grad_enabled
from .binning import *
from .comparison import *
from .compiler import compile as compile
from .complex_ops import *
from .contraction import *
from .conversion import *
from .copies import *
from .creation import *
from .decompositions import *
from .dtype_names import *
from .dtypes import *
from .extrema import *
from .filled import *
from .filling import *
from .generator import Generator as Generator
from .generator import default_generator as default_generator
from .generator import get_rng_state as get_rng_state
from .generator import initial_seed as initial_seed
from .generator import manual_seed as manual_seed
from .generator import seed as seed
from .generator import set_rng_state as set_rng_state
from .indexing import *
from .joints import *
from .legacy_types import *
from .matmul import *
from .norms import *
from .parametric_draws import *
from .pointwise import *
from .pointwise_binary import *
from .pointwise_ternary import *
from .printing import get_printoptions as get_printoptions
from .printing import set_printoptions as set_printoptions
from .promotion import result_type as result_type
from .ranges import *
from .ranges import range_ as range  # noqa: F401 - torch.range
from .recurrent_cells import *
from .reductions import *
from .rounding import *
from .sampling import *
from .scans import *
from .scattering import *
from .serialization import load as load
from .serialization import save as save
from .settings import *
from .shapes import *
from .sizes import Size as Size
from .sizes import channels_last as channels_last
from .sizes import channels_last_3d as channels_last_3d
from .sizes import contiguous_format as contiguous_format
from .sizes import device as device
from .sizes import jagged as jagged
from .sizes import layout as layout
from .sizes import memory_format as memory_format
from .sizes import preserve_format as preserve_format
from .sizes import sparse_coo as sparse_coo
from .sizes import sparse_csr as sparse_csr
from .sizes import strided as strided
from .softmax import *
from .sorting import *
from .statistics import *
from .type_info import *
from .version import __version__ as __version__
from .windows import *

# isort: split
from .inplace_functions import *  # last: all methods must be there

# Imported when first asked for: a program that uses none of them starts without.
_LAZY = frozenset(
    (
        "accelerator",
        "amp",
        "backends",
        "compiler",
        "cuda",
        "distributions",
        "fft",
        "func",
        "linalg",
        "nn",
        "optim",
        "signal",
        "special",
        "testing",
        "utils",
        "version",
    )
)


# Functions of such modules.
_ELSEWHERE = {
    "autocast": "amp", "cond": "control_flow", "vmap": "func", "while_loop": "control_flow",
    **dict.fromkeys((
        "adaptive_avg_pool1d", "avg_pool1d", "celu", "celu_", "channel_shuffle", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
        "conv_transpose2d", "conv_transpose3d", "cosine_similarity", "group_norm", "hardshrink", "layer_norm", "max_pool1d",
        "max_pool2d", "max_pool3d", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "prelu", "rms_norm", "selu",
        "selu_", "threshold_",
    ), "nn.functional"),
}  # fmt: skip


def __getattr__(name: str) -> _Any:
    if name in _ELSEWHERE:
        return getattr(_importlib.import_module("." + _ELSEWHERE[name], __name__), name)
    if name in _LAZY:
        try:
            return _importlib.import_module("." + name, __name__)
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise _missing_attribute(__name__, name, globals())
