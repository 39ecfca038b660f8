"""Results that the backward pass computes again: the non-reentrant checkpoint.

What the graph saves while the function runs goes through hooks (`core.saved`), which keep a number instead of
the tensor. When the backward pass asks for the first of them, the function runs once more, under hooks that
put what is saved this time under the same numbers. So a pass works as if nothing had been left out:
`autograd.grad`, higher derivatives, keyword arguments and checkpoints inside checkpoints included.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any

from ...core import modes, sweep
from ...core.errors import InplaceError
from ...core.saved import Packed, active_hooks, packing
from ...core.tensor import wrap
from .._tensor import Tensor
from ..autograd.grad_mode import enable_grad
from ..generator import drawn_again, present_draws


class CheckpointError(RuntimeError):
    """The second run of a checkpointed function did not save what the first one did."""


class _Done(Exception):
    """Ends a second run: everything that is needed has been computed."""


class _Argument:
    """A tensor that the function was called with, for the second call.

    Inside another checkpoint (or other hooks) it goes through their hooks, as everything that is kept.
    """

    __slots__ = ("count", "edge", "holder", "kind")

    def __init__(self, tensor: Tensor) -> None:
        hooks = active_hooks()
        is_result = tensor.grad_fn is not None
        self.kind = type(tensor)
        self.holder: Any = tensor if hooks is None or not is_result else Packed(tensor, hooks)
        self.edge = tensor.current_edge()
        self.count = None if tensor.version is None else tensor.version.count

    def again(self) -> Tensor:
        """The tensor.

        Raises:
            InplaceError: It was written to since the first run.
        """
        holder = self.holder
        if isinstance(holder, Packed):
            return wrap(self.kind, holder.value, self.edge)  # type: ignore[return-value]
        now = 0 if holder.version is None else holder.version.count
        if now != (self.count or 0):
            raise InplaceError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: "
                f"an argument of a checkpointed function, of shape {list(holder.shape)}, is at version {now}; "
                f"expected version {self.count or 0} instead.\n"
                "  Write to a copy (x = x.clone()) between checkpoint() and the backward pass."
            )
        return holder  # type: ignore[no-any-return]


class Frame:
    """One checkpointed call.

    Args:
        function, args, kwargs: What to call.
        context: To run it again in.
        keep_random: Whether the second run sees the random stream of the first.
        check: Whether shapes and dtypes are compared.
        early_stop: Whether the second run ends once all is there.
    """

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any],
        context: AbstractContextManager[Any], *, keep_random: bool, check: bool, early_stop: bool,
    ) -> None:  # fmt: skip
        self.function = function
        self.call = (args, kwargs)
        self.args = tuple([_Argument(a) if isinstance(a, Tensor) else a for a in args])
        self.kwargs = {k: _Argument(v) if isinstance(v, Tensor) else v for k, v in kwargs.items()}
        self.context = context
        self.random = present_draws() if keep_random else None
        self.check = check
        self.early_stop = early_stop
        self.saved: list[tuple[Any, Any]] = []  # shape and dtype of what the first run saved
        self.values: dict[int, Tensor] = {}
        self.work: Callable[[], Any] = lambda: None

    def run(self) -> Any:
        """Call the function, keeping numbers for what the graph saves."""
        args, kwargs = self.call
        del self.call

        def pack(tensor: Tensor) -> int:
            self.saved.append((tensor.shape, tensor.dtype))
            return len(self.saved) - 1

        with packing(Tensor, pack, self.unpack):
            return self.function(*args, **kwargs)

    def unpack(self, number: int) -> Tensor:
        """The tensor of a number, from a second run in each backward pass."""
        work = sweep.running.get()
        if work is None or self.work() is not work:
            self.values = {}
            self.work = (lambda: None) if work is None else weakref.ref(work)
        if number not in self.values:
            self.recompute()
        return self.values.pop(number)

    def recompute(self) -> None:
        """Run the function again, for all that it saves.

        Raises:
            CheckpointError: It saves something else.
        """
        values: dict[int, Tensor] = {}
        count = len(self.saved)

        def pack(tensor: Tensor) -> Tensor:
            number = len(values)
            if number >= count:
                raise CheckpointError(
                    "torch.utils.checkpoint: trying to save more tensors during recomputation than during the "
                    "original forward pass."
                )
            kept = tensor.detach()
            values[number] = kept
            if self.early_stop and number + 1 == count:
                raise _Done
            return kept

        args = [a.again() if isinstance(a, _Argument) else a for a in self.args]
        kwargs = {k: a.again() if isinstance(a, _Argument) else a for k, a in self.kwargs.items()}
        with (
            suppress(_Done),
            drawn_again(self.random),
            modes.switched(),
            enable_grad(),
            self.context,
            packing(Tensor, pack, lambda t: t),
        ):
            self.function(*args, **kwargs)
        self.compare(values)
        self.values = values

    def compare(self, values: dict[int, Tensor]) -> None:
        """Raise unless the second run saved tensors of the shapes and dtypes of the first.

        Raises:
            CheckpointError: It did not.
        """
        if len(values) != len(self.saved):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.saved)}\n"
                f"Number of tensors saved during recomputation: {len(values)}."
            )
        if not self.check:
            return
        wrong = [
            f"tensor at position {i}:\n"
            f"saved metadata: {{'shape': {self.saved[i][0]}, 'dtype': {self.saved[i][1]}}}\n"
            f"recomputed metadata: {{'shape': {t.shape}, 'dtype': {t.dtype}}}"
            for i, t in values.items()
            if (t.shape, t.dtype) != self.saved[i]
        ]
        if wrong:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                "during the forward pass.\n" + "\n".join(wrong)
            )
