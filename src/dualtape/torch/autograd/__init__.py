"""PyTorch's `torch.autograd` on dualtape's engine."""

import importlib
from typing import Any

from ...core.missing import missing_attribute
from .._tensor import Tensor as _Tensor
from . import forward_ad as forward_ad
from . import graph as graph
from .anomaly_mode import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from .engine import backward, grad, tensor_backward
from .function import Function
from .grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .hooks import RemovableHandle

_Tensor.backward = tensor_backward  # type: ignore[attr-defined]
Variable = _Tensor

__all__ = [
    "Function",
    "GradcheckError",
    "RemovableHandle",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def __getattr__(name: str) -> Any:
    if name == "functional":  # imported when first asked for
        return importlib.import_module(".functional", __name__)
    raise missing_attribute(__name__, name, globals())
