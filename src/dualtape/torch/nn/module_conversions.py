"""What a module does to all parameters and buffers below it: conversions, modes, gradients dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core import modes
from ...core.departures import ZEROED, left
from .. import dtypes
from .._tensor import Tensor
from .module_tree import ModuleTree

if TYPE_CHECKING:
    from .module import Module


class ConvertibleModule(ModuleTree):
    """The part of `Module` that acts on the whole tree of modules."""

    training: bool

    def apply(self, fn: Callable[[Module], None]) -> Any:
        """Call `fn` on every submodule and on this one."""
        for m in self.children():
            m.apply(fn)
        fn(self)  # type: ignore[arg-type]  # only `Module` derives from this class
        return self

    def _apply(self, fn: Callable[[Any], Any], recurse: bool = True) -> Any:
        if recurse:
            for m in self.children():
                m._apply(fn)
        with modes.switched(on=modes.NO_GRAD):
            for p in self._parameters.values():
                if p is not None:
                    p.data = fn(p)
                    if p.grad is not None:
                        p.grad.data = fn(p.grad)
            for name, b in self._buffers.items():
                if b is not None:
                    self._buffers[name] = fn(b)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Convert floating parameters and buffers to a dtype; the device is the CPU."""
        dtype = kwargs.get("dtype") or next(
            (
                a if isinstance(a, dtypes.dtype) else a.dtype
                for a in args
                if isinstance(a, (dtypes.dtype, Tensor))
            ),
            None,
        )
        if dtype is None:
            return self
        if not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        return self._apply(
            lambda t: t.to(dtype) if t.dtype.is_floating_point or t.dtype.is_complex else t
        )

    def type(self, dst_type: Any) -> Any:
        """Convert all parameters and buffers to a dtype."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Any:
        """To float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Any:
        """To float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Any:
        """To float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Any:
        """To bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def cpu(self) -> Any:
        """Stay on the CPU."""
        return self

    def cuda(self, device: Any = None) -> Any:
        """There is no GPU.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError("dualtape computes on the CPU only (torch.cuda.is_available() is False)")

    def train(self, mode: bool = True) -> Any:
        """Set training mode, for the submodules too."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for m in self.children():
            m.train(mode)
        return self

    def eval(self) -> Any:
        """Set evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set whether the parameters want gradients."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop (or zero) the gradients of all parameters."""
        dropped = False
        for p in self.parameters():
            if p.grad is not None:
                if set_to_none:
                    p.grad = None
                    dropped = True
                else:
                    p.grad = p.grad.detach() * 0
        if dropped:
            left(ZEROED, self)

    def share_memory(self) -> Any:
        """Nothing to do: tensors live in one process."""
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accepted, without effect: `torch.compile(module)` gives a module that runs compiled."""
