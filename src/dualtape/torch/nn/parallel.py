"""`torch.nn.parallel` on a machine without GPUs."""

from __future__ import annotations

from typing import Any, NoReturn

from ...core.missing import missing_attribute
from .module import Module


class DataParallel(Module):
    """Calls the module it holds: without GPUs there is nothing to spread over, as in PyTorch."""

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """The module's output."""
        return self.module(*inputs, **kwargs)


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
