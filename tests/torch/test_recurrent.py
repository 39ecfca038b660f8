"""Recurrent layers: PyTorch's weights, outputs, states, gradients and errors; packed sequences."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch import nn

PACK = nn.utils.rnn


def program(torch: Any, kind: str, options: dict[str, Any], batched: bool = True) -> Any:
    """Everything that a layer computes, twice, with its gradients."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        m = getattr(torch.nn, kind)(4, 6, **options)
    x = torch.randn(5, 3, 4) if batched else torch.randn(5, 4)
    if options.get("batch_first") and batched:
        x = x.transpose(0, 1)
    x.requires_grad_()
    out, end = m(x)
    states = end if isinstance(end, tuple) else (end,)
    ((out * out).sum() + sum((s * s * s).sum() for s in states)).backward()
    again, _ = m(x, end)
    found = (out, *states, again, x.grad, *[p.grad for p in m.parameters()])
    return repr(m), list(m.state_dict()), [t.detach().numpy() for t in found]


def same(ours: Any, theirs: Any) -> None:
    assert ours[:2] == theirs[:2]
    assert len(ours[2]) == len(theirs[2])
    for a, b in zip(ours[2], theirs[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": False, "batch_first": True},
        {"num_layers": 2, "dropout": 0.4},
        {"num_layers": 2, "bidirectional": True, "batch_first": True},
        {"num_layers": 3, "bidirectional": True, "dropout": 0.2, "bias": False},
    ],
    ids=str,
)
def test_layers_as_pytorch(kind, options):
    torch = pytest.importorskip("torch")
    for batched in (True, False):
        same(program(dt, kind, options, batched), program(torch, kind, options, batched))


@pytest.mark.parametrize(
    ("kind", "options"),
    [("RNN", {"nonlinearity": "relu"}), ("LSTM", {"proj_size": 3, "num_layers": 2, "bidirectional": True})],
)  # fmt: skip
def test_variants_as_pytorch(kind, options):
    torch = pytest.importorskip("torch")
    same(program(dt, kind, options), program(torch, kind, options))


def test_an_lstm_without_pytorch():
    dt.manual_seed(0)
    m = nn.LSTM(2, 2)
    out, (h, c) = m(dt.tensor([[[1.0, 2.0]], [[-1.0, 0.5]]]))
    assert out.shape == (2, 1, 2)
    np.testing.assert_allclose(
        out.detach().numpy().ravel(), [-0.0920379, -0.0137628, -0.3178592, 0.0973628], atol=1e-6
    )
    assert h.tolist() == [out[-1].tolist()]
    assert c.shape == (1, 1, 2)


CELLS = [("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"}), ("LSTMCell", {}), ("GRUCell", {"bias": False})]  # fmt: skip


@pytest.mark.parametrize(("kind", "options"), CELLS)
@pytest.mark.parametrize("shape", [(3, 4), (4,)])
def test_cells_as_pytorch(kind, options, shape):
    torch = pytest.importorskip("torch")

    def run(torch):
        torch.manual_seed(0)
        m = getattr(torch.nn, kind)(4, 6, **options)
        x = torch.randn(*shape, requires_grad=True)
        h = m(x, m(x))
        parts = h if isinstance(h, tuple) else (h,)
        sum((p * p).sum() for p in parts).backward()
        found = (*parts, x.grad, *[p.grad for p in m.parameters()])
        return repr(m), list(m.state_dict()), [t.detach().numpy() for t in found]

    same(run(dt), run(torch))


def test_cell_functions_are_those_of_the_modules():
    dt.manual_seed(0)
    x, h = dt.randn(3, 4), dt.randn(3, 6)
    m = nn.LSTMCell(4, 6)
    weights = [m.weight_ih, m.weight_hh, m.bias_ih, m.bias_hh]
    for a, b in zip(dt.lstm_cell(x, (h, h), *weights), m(x, (h, h)), strict=True):
        assert (a == b).all()
    g = nn.GRUCell(4, 6)
    assert (dt.gru_cell(x, h, g.weight_ih, g.weight_hh, g.bias_ih, g.bias_hh) == g(x, h)).all()


def test_second_derivatives_through_time():
    torch = pytest.importorskip("torch")

    def run(torch):
        torch.manual_seed(0)
        m = torch.nn.LSTM(2, 3).double()
        x = torch.randn(4, 1, 2, dtype=torch.float64, requires_grad=True)
        (g,) = torch.autograd.grad(m(x)[0].pow(2).sum(), x, create_graph=True)
        g.pow(2).sum().backward()
        return m.weight_hh_l0.grad.numpy()

    np.testing.assert_allclose(run(dt), run(torch), rtol=1e-10)


# --- packed sequences -----------------------------------------------------------------------------------


def sequences(torch: Any) -> Any:
    torch.manual_seed(0)
    return [torch.randn(n, 4) for n in (2, 4, 1)]


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_packed_sequences_as_pytorch(kind):
    torch = pytest.importorskip("torch")

    def run(torch):
        rnn = torch.nn.utils.rnn
        packed = rnn.pack_sequence(sequences(torch), enforce_sorted=False)
        m = getattr(torch.nn, kind)(4, 3, 2, bidirectional=True)
        out, end = m(packed)
        states = end if isinstance(end, tuple) else (end,)
        (out.data.pow(2).sum() + sum(s.pow(3).sum() for s in states)).backward()
        padded, lengths = rnn.pad_packed_sequence(out, padding_value=-1.0, total_length=5)
        found = [out.data, padded, lengths, *states, *[p.grad for p in m.parameters()]]
        again = m(packed, end)[0].data
        return "", [out.batch_sizes.tolist()], [t.detach().numpy() for t in (*found, again)]

    same(run(dt), run(torch))


def test_packed_is_each_sequence_alone():
    parts = sequences(dt)
    m = nn.GRU(4, 3, bidirectional=True)
    out, h = m(PACK.pack_sequence(parts, enforce_sorted=False))
    for i, (part, got) in enumerate(zip(parts, PACK.unpack_sequence(out), strict=True)):
        alone, end = m(part)
        np.testing.assert_allclose(got.detach().numpy(), alone.detach().numpy(), atol=1e-6)
        np.testing.assert_allclose(h[:, i].detach().numpy(), end.detach().numpy(), atol=1e-6)


def test_packing():
    p = PACK.pack_padded_sequence(dt.arange(6.0).view(2, 3), dt.tensor([3, 1]), batch_first=True)
    assert p.data.tolist() == [0.0, 3.0, 1.0, 2.0]
    assert p.batch_sizes.tolist() == [2, 1, 1]
    assert p.sorted_indices is None
    padded, lengths = PACK.pad_packed_sequence(p, batch_first=True, padding_value=-1.0)
    assert padded.tolist() == [[0.0, 1.0, 2.0], [3.0, -1.0, -1.0]]
    assert lengths.tolist() == [3, 1]


# --- errors -----------------------------------------------------------------------------------------------

ERRORS = {
    "features": lambda t: t.nn.LSTM(4, 6)(t.ones(2, 3, 5)),
    "axes": lambda t: t.nn.LSTM(4, 6)(t.ones(2, 3, 4, 1)),
    "state batch": lambda t: t.nn.GRU(4, 6)(t.ones(2, 3, 4), t.ones(1, 2, 6)),
    "state axes": lambda t: t.nn.GRU(4, 6)(t.ones(2, 3, 4), t.ones(3, 6)),
    "state of one": lambda t: t.nn.GRU(4, 6)(t.ones(2, 4), t.ones(1, 1, 6)),
    "cell state": lambda t: t.nn.LSTM(4, 6)(t.ones(2, 3, 4), (t.ones(1, 3, 6), t.ones(1, 3, 5))),
    "lstm state axes": lambda t: t.nn.LSTM(4, 6)(t.ones(2, 3, 4), (t.ones(3, 6), t.ones(3, 6))),
    "dtype": lambda t: t.nn.LSTM(4, 6)(t.ones(2, 3, 4, dtype=t.float64)),
    "nonlinearity": lambda t: t.nn.RNN(4, 6, nonlinearity="sin"),
    "hidden size": lambda t: t.nn.LSTM(4, 0),
    "hidden type": lambda t: t.nn.LSTM(4, 2.5),
    "layers": lambda t: t.nn.LSTM(4, 2, 0),
    "projection": lambda t: t.nn.LSTM(4, 2, proj_size=2),
    "dropout": lambda t: t.nn.LSTM(4, 2, dropout=1.5),
    "cell features": lambda t: t.nn.LSTMCell(4, 6)(t.ones(2, 5)),
    "cell axes": lambda t: t.nn.LSTMCell(4, 6)(t.ones(2, 2, 4)),
    "cell batch": lambda t: t.nn.GRUCell(4, 6)(t.ones(2, 4), t.ones(3, 6)),
    "cell hidden": lambda t: t.nn.GRUCell(4, 6)(t.ones(2, 4), t.ones(2, 5)),
    "cell nonlinearity": lambda t: t.nn.RNNCell(4, 6, nonlinearity="sin")(t.ones(2, 4)),
    "unsorted": lambda t: t.nn.utils.rnn.pack_sequence([t.ones(1), t.ones(2)]),
    "empty": lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(3, 2, 2), [3, 0]),
    "lengths": lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(3, 2, 2), [3, 2, 1]),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ERRORS)
def test_errors_as_pytorch(case):
    torch = pytest.importorskip("torch")
    caught = []
    for t in (dt, torch):
        with pytest.raises(Exception) as error:  # noqa: PT011 - the type is what is compared
            ERRORS[case](t)
        caught.append(error.value)
    ours, theirs = caught
    assert isinstance(ours, type(theirs)), ours
    assert str(ours).split()[:8] == str(theirs).split()[:8]


def test_lengths_beyond_the_padding_are_refused():
    with pytest.raises(RuntimeError, match="lengths to be at most 3"):
        PACK.pack_padded_sequence(dt.ones(3, 2, 2), [4, 2])
