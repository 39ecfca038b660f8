"""`torch.amp`: automatic mixed precision, which dualtape does not have; switched off it does nothing."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from ..core.missing import missing_attribute


class autocast:  # PyTorch's name
    """A context (or decorator) without effect when disabled, or for a device that is not there.

    Args:
        device_type: "cpu", or another, for which PyTorch without that device warns and does nothing.
        dtype: Accepted.
        enabled: Must be False for "cpu".
        cache_enabled: Accepted.

    Raises:
        ValueError: `device_type` is no string.
        NotImplementedError: Enabled for the CPU.
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:  # fmt: skip
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if enabled and device_type == "cpu":
            raise NotImplementedError(
                'torch.autocast("cpu") is not in dualtape: pass enabled=False, or convert what is to be computed in lower '
                "precision, model.to(torch.bfloat16) for instance"
            )
        if enabled:
            warnings.warn(
                f"{device_type.upper()} is not available or torch_xla is imported. Disabling autocast.",
                stacklevel=2,
            )
        self.device, self.fast_dtype = device_type, dtype

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *error: Any) -> None:
        """Nothing to undo."""

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, called inside this context."""

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside


def __getattr__(name: str) -> Any:
    raise missing_attribute(__name__, name, globals())
