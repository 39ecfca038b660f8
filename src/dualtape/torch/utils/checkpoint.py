"""PyTorch's `torch.utils.checkpoint`: a part of a model recomputed in the backward pass instead of kept."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any

from ...core import modes, sweep
from .._tensor import Tensor
from ..autograd import backward as _backward
from ..autograd.function import Function
from ..autograd.grad_mode import enable_grad
from ..generator import drawn_again, present_draws
from .recomputed import CheckpointError, Frame

_early_stop: ContextVar[bool | None] = ContextVar("dualtape_checkpoint_stop", default=None)

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]


def noop_context_fn() -> Contexts:
    """Two contexts that do nothing: the default of `context_fn`."""
    return nullcontext(), nullcontext()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Whether recomputations of checkpoints made in the block end as soon as all is there that is needed."""
    token = _early_stop.set(enable)
    try:
        yield
    finally:
        _early_stop.reset(token)


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Accepted: the messages are the same."""
    yield


class CheckpointFunction(Function):
    """The reentrant checkpoint: a backward pass of its own inside the backward pass."""

    @staticmethod
    def forward(
        ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any
    ) -> Any:
        """Run the function without recording."""
        ctx.function, ctx.args = run_function, args
        ctx.random = present_draws() if preserve_rng_state else None
        ctx.save_for_backward(*[a for a in args if isinstance(a, Tensor)])
        return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Run it again, recorded, and go back through it; leaves inside it get their gradients too."""
        work = sweep.running.get()
        if work is not None and work.needed is not None:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an "
                "`inputs` parameter to .backward(). To resolve this error, you can either set "
                "use_reentrant=False, or call .backward() without passing the `inputs` argument."
            )
        if not modes.current() & modes.NO_GRAD:
            raise RuntimeError(
                "torch.utils.checkpoint with use_reentrant=True cannot be differentiated twice: set "
                "use_reentrant=False where create_graph=True"
            )
        saved = iter(ctx.saved_tensors)
        inputs = [
            next(saved).detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a
            for a in ctx.args
        ]
        with drawn_again(ctx.random), enable_grad():
            out = ctx.function(*inputs)
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
        return None, None, *back


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn, determinism_check: str = "default", debug: bool = False,
    early_stop: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """Call a function without keeping its intermediate results: the backward pass computes them again.

    Args:
        function: Called with `args` and `kwargs`; must compute the same again.
        args: Tensors among them get gradients.
        use_reentrant: True: an inner backward pass, for `backward()` without `inputs` only, without keyword
            arguments. False (recommended): what the graph would save is recomputed when it is asked for, so
            that everything that works without a checkpoint works with it.
        context_fn: Makes two contexts, to run the function in and to run it again in.
        determinism_check: "default" compares shapes and dtypes of what is recomputed, "none" does not.
        debug: Accepted.
        early_stop: Whether the second run ends once all that is needed is there.
        kwargs: `preserve_rng_state` (restore the random stream for the second run, True by default); the rest
            goes to the function.

    Returns:
        What the function returned.

    Raises:
        ValueError: Keyword arguments or a `context_fn` with `use_reentrant=True`; another check.
        CheckpointError: In the backward pass, when the second run saves other tensors than the first.
        RuntimeError: In the backward pass: an argument was written to in between; or with
            `use_reentrant=True` under `autograd.grad`, `backward(inputs=...)` or `create_graph`.
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
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        return _reentrant(function, keep_random, args)
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'], but got {determinism_check}"
        )
    forward_context, again_context = context_fn()
    if modes.current() & modes.NO_GRAD:
        with forward_context:
            return function(*args, **kwargs)
    stop = _early_stop.get()
    frame = Frame(
        function, args, kwargs, again_context, keep_random=keep_random,
        check=determinism_check == "default", early_stop=early_stop if stop is None else stop,
    )  # fmt: skip
    with forward_context:
        return frame.run()


def _reentrant(function: Callable[..., Any], keep_random: bool, args: tuple[Any, ...]) -> Any:
    if not modes.current() & modes.NO_GRAD and not any(
        isinstance(a, Tensor) and a.requires_grad for a in args
    ):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=3
        )
    out = CheckpointFunction.apply(function, keep_random, *args)
    for o in out if isinstance(out, (tuple, list)) else (out,):
        if isinstance(o, Tensor) and o.grad_fn is not None:
            o.grad_fn.all_hooks()  # a node with hooks knows the pass that runs it
    return out


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Call modules one after the other, in `segments` pieces, all but the last one checkpointed.

    Args:
        functions: A Sequential or a list of modules.
        segments: How many pieces.
        input: Of the first one.
        use_reentrant: As for `checkpoint`.
        kwargs: `preserve_rng_state`.

    Raises:
        ValueError: Other keyword arguments.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In "
            "version 2.9 we will raise an exception if use_reentrant is not passed. use_reentrant=False is recommended, "
            "but if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs "
            "for more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    keep_random = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
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
            run(modules[start : start + size]), input, use_reentrant=use_reentrant,
            preserve_rng_state=keep_random,
        )  # fmt: skip
        start += size
    return run(modules[start:])(input)


__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "checkpoint",
    "checkpoint_sequential",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]
