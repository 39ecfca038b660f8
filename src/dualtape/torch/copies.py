"""Copies: clone, contiguous, and the views that PyTorch also has as copies."""

from __future__ import annotations

from typing import Any

from ..core.modes import BOXED, current
from ..ops import views
from ._tensor import Tensor
from .arguments import tensor_argument
from .arrangements import diagonal
from .joints import split, split_with_sizes, unbind
from .registry import method, store, store_all
from .shapes import (
    as_strided,
    expand,
    narrow,
    permute,
    select,
    squeeze,
    t,
    transpose,
    unfold,
    unsqueeze,
    view_method,
)
from .sizes import contiguous_format, preserve_format


@method()
def clone(input: Tensor, *, memory_format: Any = preserve_format) -> Tensor:
    """A copy, through which gradients flow."""
    return views.clone(tensor_argument("clone", input))  # type: ignore[no-any-return]


@method()
def contiguous(self: Tensor, memory_format: Any = contiguous_format) -> Tensor:
    """The tensor itself where it lies in row-major order, else a copy that does."""
    if current() & BOXED:
        return self
    return views.as_contiguous(self)  # type: ignore[no-any-return]


def _copying(name: str, function: Any) -> Any:
    """`view_copy` and the like: the view's elements in memory of their own."""

    def copy(input: Tensor, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        found = function(input, *args, **kwargs)
        if isinstance(found, tuple):
            return store_all(out, [views.clone(t) for t in found], name)
        return store(out, views.clone(found), name)

    copy.__name__ = copy.__qualname__ = name
    copy.__doc__ = f"As `{name.removesuffix('_copy')}`, in memory of its own."
    return copy


alias_copy = _copying("alias_copy", views.clone)
as_strided_copy = _copying("as_strided_copy", as_strided)
detach_copy = _copying("detach_copy", Tensor.detach)
diagonal_copy = _copying("diagonal_copy", diagonal)
expand_copy = _copying("expand_copy", expand)
permute_copy = _copying("permute_copy", permute)
select_copy = _copying("select_copy", select)
split_copy = _copying("split_copy", split)
split_with_sizes_copy = _copying("split_with_sizes_copy", split_with_sizes)
squeeze_copy = _copying("squeeze_copy", squeeze)
t_copy = _copying("t_copy", t)
transpose_copy = _copying("transpose_copy", transpose)
unbind_copy = _copying("unbind_copy", unbind)
unfold_copy = _copying("unfold_copy", unfold)
unsqueeze_copy = _copying("unsqueeze_copy", unsqueeze)
view_copy = _copying("view_copy", view_method)
narrow_copy = method()(_copying("narrow_copy", narrow))


__all__ = [
    "alias_copy",
    "as_strided_copy",
    "clone",
    "detach_copy",
    "diagonal_copy",
    "expand_copy",
    "narrow_copy",
    "permute_copy",
    "select_copy",
    "split_copy",
    "split_with_sizes_copy",
    "squeeze_copy",
    "t_copy",
    "transpose_copy",
    "unbind_copy",
    "unfold_copy",
    "unsqueeze_copy",
    "view_copy",
]
