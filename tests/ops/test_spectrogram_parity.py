"""Short-time Fourier transforms against PyTorch's: values, first and second gradients, errors."""

import re

import numpy as np
import pytest

from dualtape.ops import spectrogram as s

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SETTINGS = [
    {"n_fft": 8},
    {"n_fft": 8, "hop_length": 3, "win_length": 6},
    {"n_fft": 7, "hop_length": 2, "normalized": True},
    {"n_fft": 8, "center": False},
    {"n_fft": 8, "pad_mode": "constant"},
    {"n_fft": 8, "onesided": False},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("windowed", [True, False])
@pytest.mark.parametrize("shape", [(20,), (2, 21)])
def test_stft(against_torch, rng, settings, windowed, shape):
    arrays = [rng.standard_normal(shape)]
    if windowed:
        arrays.append(rng.uniform(0.5, 1, settings.get("win_length", settings["n_fft"])))
    against_torch(
        lambda x, w=None: s.stft(x, window=w, **settings),
        lambda x, w=None: torch.stft(x, window=w, **settings, return_complex=True),
        *arrays,
    )


def test_complex_signals(against_torch, rng):
    x = rng.standard_normal((2, 20)) + 1j * rng.standard_normal((2, 20))
    against_torch(lambda x: s.stft(x, 8), lambda x: torch.stft(x, 8, return_complex=True), x)
    y = rng.standard_normal((2, 8, 5)) + 1j * rng.standard_normal((2, 8, 5))
    against_torch(
        lambda y: s.istft(y, 8, return_complex=True, onesided=False),
        lambda y: torch.istft(y, 8, return_complex=True, onesided=False),
        y,
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hop_length": 3},
        {"normalized": True},
        {"length": 15},
        {"length": 30},
        {"win_length": 6},
    ],
)
@pytest.mark.parametrize("lead", [(), (2,)])
def test_istft(against_torch, rng, settings, lead):
    y = rng.standard_normal((*lead, 5, 6)) + 1j * rng.standard_normal((*lead, 5, 6))
    w = rng.uniform(0.5, 1, settings.get("win_length", 8))
    against_torch(
        lambda y, w: s.istft(y, 8, window=w, **settings),
        lambda y, w: torch.istft(y, 8, window=w, **settings),
        y,
        w,
        tolerance=1e-8,
    )


def test_there_and_back(rng):
    x, w = rng.standard_normal((3, 40)), np.hanning(18)[1:-1]
    back = s.istft(s.stft(x, 16, window=w), 16, window=w, length=40)
    np.testing.assert_allclose(back, x, atol=1e-12)


def test_errors():
    x = np.zeros((2, 20))
    for settings, words in (
        ({"hop_length": 0}, "expected hop_length > 0, but got hop_length=0"),
        ({"win_length": 9}, "expected 0 < win_length <= n_fft, but got win_length=9"),
        ({"window": np.ones(4)}, "expected a 1D window tensor of size equal to win_length=8"),
        ({"onesided": True, "window": np.ones(8) + 0j}, "Cannot have onesided output"),
    ):
        with pytest.raises(RuntimeError, match=re.escape(words)):
            s.stft(x, 8, **settings)
    y = np.zeros((2, 5, 6), complex)
    with pytest.raises(RuntimeError, match="window overlap add min: 1"):
        s.istft(y, 8, window=np.zeros(8))
    with pytest.raises(RuntimeError, match="istft requires a complex-valued input"):
        s.istft(y.real, 8)
    with pytest.raises(RuntimeError, match="expected the frequency dimension"):
        s.istft(y[:, :3], 8)
