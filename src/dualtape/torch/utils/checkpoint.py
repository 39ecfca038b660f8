"""PyTorch's `torch.utils.checkpoint`: a part of a model recomputed in the backward pass instead of kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ...core import modes
from .._tensor import Tensor
from ..autograd import backward as _backward
from ..autograd.function import Function
from ..autograd.grad_mode import enable_grad
from ..generator import default_generator


class _Recomputed(Function):
    """A function whose graph is built in the backward pass only."""

    @staticmethod
    def forward(
        ctx: Any,
        function: Callable[..., Any],
        keep_random: bool,
        kwargs: dict[str, Any],
        *args: Any,
    ) -> Any:
        """Run the function without recording."""
        ctx.function, ctx.kwargs, ctx.args = function, kwargs, args
        ctx.random = default_generator.stream.get_state() if keep_random else None
        ctx.save_for_backward(*[a for a in args if isinstance(a, Tensor)])
        return function(*args, **kwargs)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Run it again, recorded, and go back through it; leaves inside it get their gradients too."""
        if not modes.current() & modes.NO_GRAD:
            raise RuntimeError(
                "torch.utils.checkpoint cannot be differentiated twice: call the function itself instead of "
                "checkpoint(function, ...) where create_graph=True"
            )
        saved = iter(ctx.saved_tensors)
        inputs = [
            next(saved).detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a
            for a in ctx.args
        ]
        now = default_generator.stream.get_state()
        if ctx.random is not None:
            default_generator.stream.set_state(ctx.random)
        try:
            with enable_grad():
                out = ctx.function(*inputs, **ctx.kwargs)
        finally:
            if ctx.random is not None:
                default_generator.stream.set_state(now)
        outs = out if isinstance(out, (tuple, list)) else (out,)
        pairs = [
            (o, g)
            for o, g in zip(outs, grads, strict=True)
            if isinstance(o, Tensor) and o.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        _backward([o for o, _ in pairs], [g for _, g in pairs])
        back = [a.grad if isinstance(a, Tensor) else None for a in inputs]
        return None, None, None, *back


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None, context_fn: Any = None,
    determinism_check: str = "default", debug: bool = False, early_stop: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """Call a function without keeping its intermediate results: the backward pass computes them again.

    Args:
        function: Called with `args` and `kwargs`; must compute the same again.
        args: Tensors among them get gradients.
        use_reentrant: Both of PyTorch's variants run as the reentrant one; without gradients into any
            argument, the plain call is recorded instead of recomputed.
        context_fn, determinism_check, debug, early_stop: Accepted.
        kwargs: `preserve_rng_state` (restore the random stream for the second run, True by default); the rest goes
            to the function.

    Returns:
        What the function returned.

    Raises:
        RuntimeError: In a backward pass with `create_graph`.

    Parameters that the function uses get their gradients added to `.grad`
    whenever the backward pass comes through, also under `autograd.grad`.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, "
            "calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but if "
            "you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for more "
            "details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    keep_random = kwargs.pop("preserve_rng_state", True)
    if modes.current() & modes.NO_GRAD:
        return function(*args, **kwargs)
    if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
        if use_reentrant:
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
            )
        else:  # parameters inside may want gradients: nothing to hook the recomputation on, so it is recorded
            return function(*args, **kwargs)
    return _Recomputed.apply(function, keep_random, kwargs, *args)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Call modules one after the other, in `segments` pieces, all but the last one checkpointed.

    Args:
        functions: A Sequential or a list of modules.
        segments: How many pieces.
        input: Of the first one.
        use_reentrant, kwargs: As for `checkpoint`.
    """
    modules = list(functions.children()) if hasattr(functions, "children") else list(functions)

    def run(part: list[Any]) -> Callable[[Any], Any]:
        def forward(x: Any) -> Any:
            for m in part:
                x = m(x)
            return x

        return forward

    size = len(modules) // segments
    start = 0
    for _ in range(segments - 1):
        input = checkpoint(
            run(modules[start : start + size]), input, use_reentrant=use_reentrant, **kwargs
        )
        start += size
    return run(modules[start:])(input)
