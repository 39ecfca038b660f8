"""`safe_gradients`: masked cotangents stay zero, in the front ends too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..core import modes
from ..ops import rescue as rescue  # gives the engine the operation that it needs


@contextmanager
def safe_gradients(enabled: bool = True) -> Iterator[None]:
    """Keep a cotangent that a mask made zero at zero, for the backward passes inside.

    `where(x > 0, sqrt(x), 0)` has the gradient NaN at 0 in PyTorch, TensorFlow and JAX; inside this context, and
    in `dualtape.grad` and its kin on arrays always, it is 0, as forward mode gives it.

    Args:
        enabled: False for the frameworks' own bits, in native transformations too.

    >>> import dualtape as dt, dualtape.torch as torch
    >>> x = torch.tensor([0.0, 4.0], requires_grad=True)
    >>> with dt.safe_gradients():
    ...     torch.where(x > 0, torch.sqrt(x), 0.0).sum().backward()
    >>> x.grad
    tensor([0.0000, 0.2500])
    """
    on, off = (modes.SAFE, modes.UNSAFE) if enabled else (modes.UNSAFE, modes.SAFE)
    with modes.switched(on=on, off=off):
        yield
