"""Recurrent layers: Elman's, long short-term memory, gated recurrent units."""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from ..filled import empty, zeros
from ..joints import cat, stack
from ..recurrent_cells import Step, checked_cell, gru_step, lstm_step, recur, relu_step, tanh_step
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter
from .recurrent_checks import check_recurrent, refuse_projection
from .utils.rnn import PackedSequence

_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def uniform_by_size(module: Any) -> None:
    """PyTorch's initial weights of recurrent layers: uniform with bound 1/sqrt(hidden_size)."""
    bound = 1.0 / math.sqrt(module.hidden_size) if module.hidden_size > 0 else 0
    for p in module.parameters():
        init.uniform_(p, -bound, bound)


class RNNBase(Module):
    """What the recurrent layers share.

    Args:
        mode: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
        input_size: Length of an input vector.
        hidden_size: Of the state.
        num_layers: How many, each on the outputs of the one before.
        bias: Whether there are any.
        batch_first: Whether inputs and outputs are (batch, time, features), not (time, batch, features).
        dropout: Probability, on the outputs of all layers but the last.
        bidirectional: Whether a second network runs backwards in time.
        proj_size: Of the projected output of an LSTM; 0 for none.
        device: The CPU.
        dtype: Of the parameters.

    Raises:
        ValueError, TypeError: A size or probability that is none.
    """

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: Any = 0.0, bidirectional: bool = False, proj_size: int = 0,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.mode = mode
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        check_recurrent(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        self.directions = 2 if bidirectional else 1
        self.output_size = proj_size or hidden_size
        rows = _GATES[mode] * hidden_size
        self._names: list[list[str]] = []
        for layer in range(num_layers):
            width = input_size if layer == 0 else self.output_size * self.directions
            for direction in range(self.directions):
                end = f"_l{layer}" + ("_reverse" if direction else "")
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (rows, width),
                    "weight_hh": (rows, self.output_size),
                }
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                for name, shape in shapes.items():
                    setattr(self, name + end, Parameter(empty(*shape, dtype=dtype)))
                self._names.append([name + end for name in shapes])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform with bound 1/sqrt(hidden_size)."""
        uniform_by_size(self)

    def flatten_parameters(self) -> None:
        """Nothing: there is no memory layout to prepare on the CPU."""

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._names]

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        text = f"{self.input_size}, {self.hidden_size}"
        defaults = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False
        }  # fmt: skip
        for name, default in defaults.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text

    def step(self, layer: int) -> Step:
        """The step of a layer (counted with directions)."""
        weights = dict(
            zip(["_".join(n.split("_")[:2]) for n in self._names[layer]], self.all_weights[layer], strict=True)
        )  # fmt: skip
        w, b = weights["weight_hh"], weights.get("bias_hh")
        if self.mode == "LSTM":
            return lstm_step(w, b, weights.get("weight_hr"))
        return {"GRU": gru_step, "RNN_TANH": tanh_step, "RNN_RELU": relu_step}[self.mode](w, b)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Run over a sequence.

        Args:
            input: (time, batch, input_size), (batch, time, input_size) with `batch_first`, (time, input_size),
                or a `PackedSequence`.
            hx: The state at the start, (layers * directions, batch, hidden_size), for an LSTM a pair (h, c);
                zeros for None.

        Returns:
            The outputs of the last layer, in the form of the input; the state at the end, in the form of `hx`.

        Raises:
            ValueError: The input has another number of axes, or another dtype than the weights.
            RuntimeError: Sizes do not fit.
        """
        packed = input if isinstance(input, PackedSequence) else None
        single = False
        if packed is not None:
            data, sizes = packed.data, packed.batch_sizes.tolist()
            batch = sizes[0]
        else:
            if input.ndim not in (2, 3):
                kind = type(self).__name__
                raise ValueError(
                    f"{kind}: Expected input to be 2D or 3D, got {input.ndim}D instead"
                )
            single = input.ndim == 2
            data = (
                input.unsqueeze(1)
                if single
                else input.transpose(0, 1)
                if self.batch_first
                else input
            )
            batch = data.shape[1]
        if data.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {data.shape[-1]}"
            )
        want = self.all_weights[0][0].dtype
        if data.dtype != want:
            raise ValueError(
                f"RNN input dtype ({data.dtype}) does not match weight dtype ({want}). Convert input: "
                f"input.to({want}), or convert model: model.to({data.dtype})"
            )
        states = self._start(hx, batch, single, data)
        if packed is not None and packed.sorted_indices is not None:
            states = [s.index_select(1, packed.sorted_indices) for s in states]
        ends: list[list[Tensor]] = [[] for _ in states]
        for layer in range(self.num_layers):
            sides = []
            for direction in range(self.directions):
                place = layer * self.directions + direction
                weights = self.all_weights[place]
                projected = F.linear(data, weights[0], weights[2] if self.bias else None)
                steps = projected.split(sizes) if packed is not None else projected.unbind(0)
                start = tuple([s[place] for s in states])
                outputs, end = recur(self.step(place), steps, start, direction == 1)
                sides.append(cat(outputs) if packed is not None else stack(outputs))
                for kept, e in zip(ends, end, strict=True):
                    kept.append(e)
            data = sides[0] if len(sides) == 1 else cat(sides, -1)
            if self.dropout and self.training and layer < self.num_layers - 1:
                data = F.dropout(data, self.dropout)
        final = [stack(kept) for kept in ends]
        if packed is not None:
            if packed.unsorted_indices is not None:
                final = [s.index_select(1, packed.unsorted_indices) for s in final]
            output: Any = PackedSequence(
                data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices
            )
        elif single:
            output, final = data.squeeze(1), [s.squeeze(1) for s in final]
        else:
            output = data.transpose(0, 1) if self.batch_first else data
        return output, (tuple(final) if self.mode == "LSTM" else final[0])

    def _start(self, hx: Any, batch: int, single: bool, like: Tensor) -> list[Tensor]:
        """The state at the start as a list of (layers * directions, batch, size)."""
        lstm = self.mode == "LSTM"
        layers = self.num_layers * self.directions
        sizes = [self.output_size, self.hidden_size] if lstm else [self.hidden_size]
        if hx is None:
            return [zeros(layers, batch, n, dtype=like.dtype) for n in sizes]
        states = list(hx) if lstm else [hx]
        for i, (s, n) in enumerate(zip(states, sizes, strict=True)):
            if single and s.ndim != 2:
                kind = (
                    "hx and cx should also be 2-D but got"
                    if lstm
                    else "hx should also be 2-D but got"
                )
                dims = (
                    f"({states[0].ndim}-D, {states[1].ndim}-D) tensors"
                    if lstm
                    else f"{s.ndim}-D tensor"
                )
                raise RuntimeError(f"For unbatched 2-D input, {kind} {dims}")
            if not single and s.ndim != 3:
                kind = (
                    "hx and cx should also be 3-D but got"
                    if lstm
                    else "hx should also be 3-D but got"
                )
                dims = (
                    f"({states[0].ndim}-D, {states[1].ndim}-D) tensors"
                    if lstm
                    else f"{s.ndim}-D tensor"
                )
                raise RuntimeError(f"For batched 3-D input, {kind} {dims}")
            states[i] = s = s.unsqueeze(1) if single else s
            if tuple(s.shape) != (layers, batch, n):
                name = f"hidden[{i}]" if lstm else "hidden"
                raise RuntimeError(
                    f"Expected {name} size {(layers, batch, n)}, got {list(s.shape)}"
                )
        return states


class RNN(RNNBase):
    """Elman's network: h' = tanh(w_ih x + b_ih + w_hh h + b_hh), or relu; see `RNNBase`."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, device: Any = None,
        dtype: Any = None, *, proj_size: Any = None,
    ) -> None:  # fmt: skip
        refuse_projection(proj_size)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        self.nonlinearity = nonlinearity
        super().__init__(
            "RNN_" + nonlinearity.upper(), input_size, hidden_size, num_layers, bias, batch_first, dropout,
            bidirectional, 0, device, dtype,
        )  # fmt: skip


class LSTM(RNNBase):
    """Long short-term memory; see `RNNBase`."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size,
            device, dtype,
        )  # fmt: skip


class GRU(RNNBase):
    """Gated recurrent units; see `RNNBase`."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, device: Any = None, dtype: Any = None, *, proj_size: Any = None,
    ) -> None:  # fmt: skip
        refuse_projection(proj_size)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )  # fmt: skip


class RNNCellBase(Module):
    """One step of a recurrent layer, as a module.

    Args:
        input_size, hidden_size: Lengths of the input and of the state.
        bias: Whether there are any.
        num_chunks: Gates.
        device: The CPU.
        dtype: Of the parameters.
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty(rows, input_size, dtype=dtype))
        self.weight_hh = Parameter(empty(rows, hidden_size, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform with bound 1/sqrt(hidden_size)."""
        uniform_by_size(self)

    def extra_repr(self) -> str:
        """See `Module.extra_repr`."""
        text = f"{self.input_size}, {self.hidden_size}"
        if not self.bias:
            text += ", bias=False"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def run(self, step: Step, input: Tensor, hx: Any) -> tuple[Tensor, ...]:
        """Take one step from a state, which may be None for zeros; vectors are batches of one.

        Raises:
            ValueError: Neither a vector nor a batch of them.
            RuntimeError: Sizes do not fit.
        """
        kind, count = type(self).__name__, 2 if isinstance(self, LSTMCell) else 1
        if input.ndim not in (1, 2):
            raise ValueError(f"{kind}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        x = input.unsqueeze(0) if input.ndim == 1 else input
        if hx is None:
            states = [zeros(x.shape[0], self.hidden_size, dtype=x.dtype)] * count
        else:
            states = list(hx) if count == 2 else [hx]
            for i, s in enumerate(states):
                if s.ndim not in (1, 2):
                    name = f"hx[{i}]" if count == 2 else "hidden"
                    raise ValueError(
                        f"{kind}: Expected {name} to be 1D or 2D, got {s.ndim}D instead"
                    )
            states = [s.unsqueeze(0) if s.ndim == 1 else s for s in states]
        gates = self.weight_hh.shape[0] // self.hidden_size
        checked_cell(x, states, self.weight_ih, self.weight_hh, gates)
        out = step(F.linear(x, self.weight_ih, self.bias_ih), tuple(states))
        return tuple([s.squeeze(0) for s in out]) if input.ndim == 1 else out


class RNNCell(RNNCellBase):
    """One step of Elman's network; see `RNNCellBase`."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state, (batch, hidden_size) or (hidden_size)."""
        steps = {"tanh": tanh_step, "relu": relu_step}
        if self.nonlinearity not in steps:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self.run(steps[self.nonlinearity](self.weight_hh, self.bias_hh), input, hx)[0]


class LSTMCell(RNNCellBase):
    """One step of a long short-term memory; see `RNNCellBase`."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Tensor, Tensor]:
        """The next (h, c), each (batch, hidden_size) or (hidden_size)."""
        h, c = self.run(lstm_step(self.weight_hh, self.bias_hh), input, hx)
        return h, c


class GRUCell(RNNCellBase):
    """One step of gated recurrent units; see `RNNCellBase`."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state, (batch, hidden_size) or (hidden_size)."""
        return self.run(gru_step(self.weight_hh, self.bias_hh), input, hx)[0]


__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]
