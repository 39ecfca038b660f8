"""What `torch.compile` makes of a module."""

from __future__ import annotations

from typing import Any

from .module import Module


class OptimizedModule(Module):
    """A module whose calls run as compiled programs; everything else is the original's, found as `_orig_mod`."""

    def __init__(self, module: Any, compiled: Any) -> None:
        super().__init__()
        self._orig_mod = module
        object.__setattr__(self, "_compiled", compiled)

    @property
    def training(self) -> bool:
        """The original's."""
        module = self._modules["_orig_mod"]
        assert module is not None
        return module.training

    @training.setter
    def training(self, mode: bool) -> None:
        module = self.__dict__.get("_modules", {}).get("_orig_mod")
        if module is not None:
            module.training = mode

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program."""
        return self._compiled(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """As a call."""
        return self._compiled(*args, **kwargs)

    def export_c(self, directory: Any, *args: Any, **options: Any) -> Any:
        """Write the forward pass and its derivatives as C, the parameters as they are now: see `dualtape.jit`."""
        return self._compiled.export_c(directory, *args, **options)

    def __getattr__(self, name: str) -> Any:
        if name == "_orig_mod":
            return self._modules["_orig_mod"]
        return getattr(self._orig_mod, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_orig_mod":
            super().__setattr__(name, value)
        else:
            setattr(self._orig_mod, name, value)


Module._optimized = OptimizedModule
