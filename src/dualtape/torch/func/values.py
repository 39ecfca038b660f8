"""`functionalize`, and a look inside a transformation's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.boxes import Box
from ...core.tensor import Tensor as CoreTensor
from ...core.tensor import unboxed, wrap
from .._tensor import Tensor
from .derivatives import wraps


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """Return `func` for programs that remove its in-place writes before they trace it.

    Writes in place need no removal here: transformations take them as they are. So the result only
    calls `func`.

    Raises:
        RuntimeError: In the call: an unknown `remove`.
    """

    @wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        if remove not in ("mutations", "mutations_and_views"):
            raise RuntimeError(
                f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid "
                "options are: 'mutations' and 'mutations_and_views'."
            )
        return func(*args, **kwargs)

    return run


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """The tensor that a transformation computes on where the program sees `tensor`, for printing.

    Args:
        tensor: A tensor inside `vmap` or `jvp`; any other is returned as it is.
        recurse: Whether to look through all transformations around the code, or the innermost only.
    """
    value = tensor.value
    while isinstance(value, Box):
        value = unboxed(getattr(value, "primal", getattr(value, "content", value)))
        if isinstance(value, CoreTensor):
            value = value.value
        if not recurse:
            break
    return tensor if value is tensor.value else wrap(Tensor, value)  # type: ignore[return-value]
