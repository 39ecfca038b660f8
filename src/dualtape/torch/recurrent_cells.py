"""One step of a recurrent network: `torch.lstm_cell` and its like, and the recurrence over many steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..ops.affine import linear
from ._tensor import Tensor
from .joints import cat

State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], State]
"""Maps the projected input of a step and the state to the next state, whose first part is the output."""


def checked_cell(
    input: Tensor, states: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, gates: int
) -> None:
    """Check the shapes of one step.

    Raises:
        RuntimeError: They do not fit.
    """
    if input.shape[-1] != w_ih.shape[1]:
        raise RuntimeError(
            f"input has inconsistent input_size: got {input.shape[-1]} expected {w_ih.shape[1]}"
        )
    hidden = w_hh.shape[0] // gates
    for i, h in enumerate(states):
        if input.shape[0] != h.shape[0]:
            raise RuntimeError(
                f"Input batch size {input.shape[0]} doesn't match hidden{i} batch size {h.shape[0]}"
            )
        if h.shape[-1] != (hidden if i else w_hh.shape[1]):
            raise RuntimeError(
                f"hidden{i} has inconsistent hidden_size: got {h.shape[-1]}, expected {hidden}"
            )


def tanh_step(w_hh: Tensor, b_hh: Tensor | None) -> Step:
    """The step of Elman's network."""
    return lambda x, state: ((linear(state[0], w_hh, b_hh) + x).tanh(),)


def relu_step(w_hh: Tensor, b_hh: Tensor | None) -> Step:
    """The step of Elman's network with a rectifier."""
    return lambda x, state: ((linear(state[0], w_hh, b_hh) + x).relu(),)


def lstm_step(w_hh: Tensor, b_hh: Tensor | None, w_hr: Tensor | None = None) -> Step:
    """The step of a long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    Args:
        w_hh, b_hh: Of the four gates: input, forget, cell, output.
        w_hr: Projects the output (Sak, Senior and Beaufays, 2014).
    """

    def step(x: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = (linear(h, w_hh, b_hh) + x).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return (h if w_hr is None else linear(h, w_hr)), c

    return step


def gru_step(w_hh: Tensor, b_hh: Tensor | None) -> Step:
    """The step of a gated recurrent unit (Cho et al., 2014), the reset after the product."""

    def step(x: Tensor, state: State) -> State:
        (h,) = state
        x_r, x_z, x_n = x.chunk(3, 1)
        h_r, h_z, h_n = linear(h, w_hh, b_hh).chunk(3, 1)
        update = (x_z + h_z).sigmoid()
        new = (x_n + (x_r + h_r).sigmoid() * h_n).tanh()
        return ((h - new) * update + new,)

    return step


def recur(step: Step, inputs: Sequence[Tensor], state: State, reverse: bool) -> tuple[Any, State]:
    """Run a step over a sequence.

    Args:
        step: The step.
        inputs: The projected input of each time, (batch, gates * hidden); later ones may have fewer rows,
            those of the first sequences, where others have ended.
        state: At the start: (batch, hidden) each.
        reverse: Whether time runs backwards.

    Returns:
        The outputs, one per time; and the state of each sequence at its end.
    """
    outputs: list[Tensor] = []
    if reverse:
        start, rows = state, inputs[-1].shape[0]
        state = tuple([s[:rows] for s in start]) if start[0].shape[0] != rows else start
        for x in reversed(inputs):
            if x.shape[0] != rows:  # sequences that end here begin here
                pairs = zip(state, start, strict=True)
                state = tuple([cat([s, first[rows : x.shape[0]]]) for s, first in pairs])
                rows = x.shape[0]
            state = step(x, state)
            outputs.append(state[0])
        return outputs[::-1], state
    ended: list[State] = []
    for x in inputs:
        rows = x.shape[0]
        if rows != state[0].shape[0]:
            ended.append(tuple([s[rows:] for s in state]))
            state = tuple([s[:rows] for s in state])
        state = step(x, state)
        outputs.append(state[0])
    if ended:
        state = tuple([cat(parts) for parts in zip(state, *reversed(ended), strict=True)])
    return outputs, state


def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    """tanh(w_ih x + b_ih + w_hh h + b_hh), for a batch."""
    checked_cell(input, (hx,), w_ih, w_hh, 1)
    return tanh_step(w_hh, b_hh)(linear(input, w_ih, b_ih), (hx,))[0]


def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    """relu(w_ih x + b_ih + w_hh h + b_hh), for a batch."""
    checked_cell(input, (hx,), w_ih, w_hh, 1)
    return relu_step(w_hh, b_hh)(linear(input, w_ih, b_ih), (hx,))[0]


def lstm_cell(
    input: Tensor, hx: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None
) -> State:  # fmt: skip
    """One step of a long short-term memory, for a batch: the new (h, c)."""
    checked_cell(input, hx, w_ih, w_hh, 4)
    return lstm_step(w_hh, b_hh)(linear(input, w_ih, b_ih), tuple(hx))


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    """One step of a gated recurrent unit, for a batch."""
    checked_cell(input, (hx,), w_ih, w_hh, 3)
    return gru_step(w_hh, b_hh)(linear(input, w_ih, b_ih), (hx,))[0]


__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]
