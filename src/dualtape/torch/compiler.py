"""`torch.compile` and `torch.compiler`: PyTorch's names for the compiler, which is loaded when first used."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..core.errors import ArgumentError
from ..core.tracing import capture

_EAGER = frozenset({"eager"})
_BACKENDS = {
    "inductor": "auto",
    "aot_eager": "numpy",
    "cudagraphs": "auto",
    "openxla": "auto",
    "tvm": "auto",
}


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
    **rest: Any,
) -> Any:
    """Return the function, or a module around the module, that runs as compiled programs.

    Args:
        model: What to compile; without it a decorator is returned.
        fullgraph: Raise for what cannot be compiled, instead of running eagerly with a warning.
        dynamic: Whether one trace serves all lengths: from the second length of an axis on (None), of all axes from the
            first call on (True), never (False).
        backend: "inductor" compiles to native code where llvmlite is installed, "aot_eager" runs the traced graph by
            NumPy, "eager" gives the function back. A function of your own is not called.
        mode: Accepted.
        options: Accepted.
        disable: Give the function back.
        **rest: Accepted.

    Raises:
        RuntimeError: Both `mode` and `options`; a backend that there is not.
    """
    if mode is not None and options is not None:
        raise ArgumentError(
            "Either mode or options can be specified, but both can't be specified at the same time."
        )
    if model is None:
        return functools.partial(
            compile, fullgraph=fullgraph, dynamic=dynamic, backend=backend, mode=mode, options=options, disable=disable,
        )  # fmt: skip
    if not callable(model):
        raise AssertionError(f"torch.compile() expects a callable, got {type(model)}")
    if isinstance(backend, str) and backend not in _BACKENDS and backend not in _EAGER:
        raise RuntimeError(
            f"Invalid backend: {backend!r}, see `torch.compiler.list_backends()` for available backends."
        )
    if disable or backend in _EAGER:
        return model
    chosen = _BACKENDS.get(backend, "auto") if isinstance(backend, str) else "auto"
    compiled = import_module("dualtape.compiler.jit").Compiled(
        model, fullgraph, chosen, "torch.compile", dynamic=dynamic
    )
    around = getattr(model, "_optimized", None)
    return compiled if around is None else around(model, compiled)


def disable(
    fn: Callable[..., Any] | None = None, recursive: bool = True, *, reason: str | None = None
) -> Any:
    """Mark a function that is not to be compiled: what calls it runs eagerly from then on."""
    if fn is None:
        return functools.partial(disable, recursive=recursive, reason=reason)

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        if capture.get() is not None:
            raise RuntimeError(
                f"{fn.__name__} is marked by torch.compiler.disable{f': {reason}' if reason else ''}"
            )
        return fn(*args, **kwargs)

    return run


def reset() -> None:
    """Accepted: programs belong to their functions and go with them."""


def is_compiling() -> bool:
    """Whether the running code is being traced."""
    return capture.get() is not None


is_dynamo_compiling = is_compiling


def is_exporting() -> bool:
    """False."""
    return False


def allow_in_graph(fn: Any) -> Any:
    """Return the function: all functions are traced through."""
    return fn


def list_backends(exclude_tags: Any = ()) -> list[str]:
    """The names that `compile` knows as backends."""
    return sorted(_BACKENDS)


def cudagraph_mark_step_begin() -> None:
    """Accepted."""
