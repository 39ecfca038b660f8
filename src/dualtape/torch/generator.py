"""`torch.Generator`, the default generator, and seeding."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..core import random_state
from ..core.batching import open_batches
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..core.tracing import capture, not_while_compiling
from ._tensor import Tensor, concrete
from .batched_draws import varying
from .random_streams import DEFAULT_SEED, Stream
from .sizes import CPU
from .sizes import device as Device


class Generator:
    """A stream of random numbers of its own.

    Attributes:
        stream: The numbers, as NumPy arrays.

    Args:
        device: The CPU.

    Raises:
        RuntimeError: Another device.
    """

    __slots__ = ("__weakref__", "stream")

    def __init__(self, device: Any = "cpu") -> None:
        Device(device)
        self.stream = Stream(DEFAULT_SEED)

    @property
    def device(self) -> Device:
        """The CPU."""
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream afresh and return the generator.

        Raises:
            ValueError: The seed has more than 64 bits.
        """
        not_while_compiling("random numbers are seeded")
        self.stream.seed(int(seed))
        return self

    def seed(self) -> int:
        """Seed from the operating system's entropy and return the seed."""
        not_while_compiling("random numbers are seeded")
        return self.stream.seed_from_system()

    def initial_seed(self) -> int:
        """The seed last set."""
        return self.stream.initial_seed

    def get_state(self) -> Tensor:
        """The state, a tensor of 5056 bytes that PyTorch accepts too."""
        not_while_compiling("the state of random numbers is read")
        return wrap(Tensor, self.stream.get_state())  # type: ignore[return-value]

    def set_state(self, new_state: Tensor) -> None:
        """Continue from a state of `get_state`.

        Raises:
            TypeError: Not a tensor of bytes.
            RuntimeError: Not a state.
        """
        not_while_compiling("the state of random numbers is set")
        if not isinstance(new_state, CoreTensor):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        self.stream.set_state(np.asarray(concrete(new_state.value, "set_state()")))

    def clone_state(self) -> Generator:
        """A new generator in the same state."""
        not_while_compiling("the state of random numbers is read")
        twin = Generator()
        twin.stream = self.stream.copy()
        return twin

    def graphsafe_get_state(self) -> Generator:
        """As `clone_state`: there are no CUDA graphs here."""
        return self.clone_state()

    def graphsafe_set_state(self, state: Generator) -> None:
        """Continue from another generator's state."""
        self.stream.set_state(state.stream.get_state())

    def __reduce__(self) -> Any:
        return _restored, (self.stream.get_state(),)


def _restored(state: Any) -> Generator:
    generator = Generator()
    generator.stream.set_state(state)
    return generator


default_generator = Generator()
default_generator.seed()  # an unseeded program draws other numbers each time


def stream_of(generator: Any, function: str = "Generator") -> Stream:
    """The stream to draw from: a generator's, or for None the default one's.

    Raises:
        TypeError: No generator.
        RuntimeError: Inside a vmap that allows no random operations.
    """
    if open_batches.get():
        varying()
    if generator is None:
        return default_generator.stream
    if not isinstance(generator, Generator):
        raise TypeError(
            f"{function}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}"
        )
    return generator.stream


Draws = dict[random_state.Cursor, random_state.Cursor]


def present_draws() -> Draws:
    """Where the default stream is, and in a function being compiled which of its draws comes next; for `drawn_again`."""
    trace = capture.get()
    cursors: list[random_state.Cursor] = [default_generator.stream.cursor]
    if trace is not None:
        cursors.append(trace.count)
    return {c: random_state.at(c).copy() for c in cursors}


def drawn_again(present: Draws | None) -> AbstractContextManager[Any]:
    """A block in which the default stream gives what it gave from `present_draws` on, to this thread only; None: goes on."""
    return nullcontext() if present is None else random_state.apart(present, rest=False)


def manual_seed(seed: int) -> Generator:
    """Seed the default generator and return it.

    Raises:
        ValueError: The seed has more than 64 bits.
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the operating system's entropy and return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator was last given."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Let the default generator continue from a state.

    Raises:
        TypeError, RuntimeError: Not a state.
    """
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(
    devices: Any = None, enabled: bool = True, _caller: str = "fork_rng", _devices_kw: str = "devices",
    device_type: str = "cuda",
) -> Iterator[None]:  # fmt: skip
    """A context after which the default generator is in the state it had before.

    Args:
        devices: Ignored: there is the CPU only.
        enabled: Whether to do anything.
        device_type: Ignored.
    """
    if not enabled:
        yield
        return
    not_while_compiling("the state of random numbers is read")
    state = default_generator.stream.get_state()
    try:
        yield
    finally:
        default_generator.stream.set_state(state)
