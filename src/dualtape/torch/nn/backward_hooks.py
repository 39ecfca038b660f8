"""A module's full backward hooks, run by two identity functions: one around its inputs, one its outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..autograd.function import Function


class Observe(Function):
    """The identity on tensors; its backward shows the gradients to a callback, which may replace them."""

    @staticmethod
    def forward(ctx: Any, callback: Callable[..., Any], *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors."""
        ctx.callback = callback
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Return what the callback makes of the gradients."""
        return None, *ctx.callback(grads)


class BackwardHooks:
    """One call's hooks.

    Args:
        module: The module called.
        hooks: (module, grad_input, grad_output) -> None or another grad_input.
        pre_hooks: (module, grad_output) -> None or another grad_output.
    """

    def __init__(
        self,
        module: Any,
        hooks: dict[int, Callable[..., Any]],
        pre_hooks: dict[int, Callable[..., Any]],
    ) -> None:
        self.module = module
        self.hooks = list(hooks.values())
        self.pre_hooks = list(pre_hooks.values())
        self.grad_output: tuple[Any, ...] = ()
        self.inputs_observed = False

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, those that need gradients passed through an observer."""
        places = [i for i, a in enumerate(args) if isinstance(a, Tensor) and a.requires_grad]
        if not places:
            return args
        self.inputs_observed = True

        def arrived(grads: tuple[Any, ...]) -> tuple[Any, ...]:
            full: list[Any] = [None] * len(args)
            for i, g in zip(places, grads, strict=True):
                full[i] = g
            full = list(self._run(tuple(full)))
            return tuple(full[i] for i in places)

        passed = Observe.apply(arrived, *[args[i] for i in places])
        new = list(args)
        for i, t in zip(places, passed, strict=True):
            new[i] = t
        return tuple(new)

    def outputs(self, out: Any) -> Any:
        """The output, its tensors passed through an observer."""
        several = isinstance(out, (tuple, list))
        outs = list(out) if several else [out]
        places = [i for i, o in enumerate(outs) if isinstance(o, Tensor) and o.requires_grad]
        if not places:
            return out

        def arrived(grads: tuple[Any, ...]) -> tuple[Any, ...]:
            full: list[Any] = [None] * len(outs)
            for i, g in zip(places, grads, strict=True):
                full[i] = g
            given = tuple(full)
            for hook in self.pre_hooks:
                back = hook(self.module, given)
                if back is not None:
                    given = back if isinstance(back, tuple) else (back,)
            self.grad_output = given
            if not self.inputs_observed:
                self._run((None,) * 1)
            return tuple(given[i] for i in places)

        for i, t in zip(places, Observe.apply(arrived, *[outs[i] for i in places]), strict=True):
            outs[i] = t
        return type(out)(outs) if several else outs[0]

    def _run(self, grad_input: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.hooks:
            back = hook(self.module, grad_input, self.grad_output)
            if back is not None:
                back = back if isinstance(back, tuple) else (back,)
                if len(back) != len(grad_input):
                    raise RuntimeError(
                        f"Backward hook returned an invalid number of grad_input, got {len(back)}, but expected {len(grad_input)}"
                    )
                grad_input = back
        return grad_input
