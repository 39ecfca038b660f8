"""Window functions: golden values, and everything against PyTorch where it is installed."""

from __future__ import annotations

from typing import Any

import pytest

import dualtape.torch as dt


def test_golden_values() -> None:
    assert dt.hann_window(4).tolist() == pytest.approx([0.0, 0.5, 1.0, 0.5])
    assert dt.signal.windows.hann(3).tolist() == pytest.approx([0.0, 1.0, 0.0])
    assert dt.bartlett_window(5, periodic=False).tolist() == [0.0, 0.5, 1.0, 0.5, 0.0]
    with pytest.raises(ValueError, match="Tau must be positive"):
        dt.signal.windows.exponential(3, tau=0)
    with pytest.raises(RuntimeError, match="requires non-negative window_length"):
        dt.hann_window(-1)


def test_against_pytorch(agree: Any) -> None:
    agree(
        "",
        """
        torch.signal.windows.hann(-1)
        torch.signal.windows.hann(3,dtype=torch.int32)
        torch.signal.windows.hann(3,dtype=torch.float16)
        torch.signal.windows.hann(0)
        torch.signal.windows.hann(1)
        torch.signal.windows.hann(1,sym=False)
        torch.signal.windows.hann(5)
        torch.signal.windows.hann(5,sym=False)
        torch.signal.windows.hamming(5)
        torch.signal.windows.exponential(5,center=1.)
        torch.signal.windows.exponential(5,center=1.,sym=False)
        torch.signal.windows.exponential(5,tau=-1)
        torch.signal.windows.exponential(5,tau=2)
        torch.signal.windows.gaussian(5,std=-1)
        torch.signal.windows.gaussian(5,std=2)
        torch.signal.windows.kaiser(5,beta=-1)
        torch.signal.windows.kaiser(5,beta=3)
        torch.signal.windows.kaiser(1)
        torch.signal.windows.kaiser(5,sym=False,beta=3)
        torch.signal.windows.cosine(5)
        torch.signal.windows.cosine(5,sym=False)
        torch.signal.windows.bartlett(5)
        torch.signal.windows.bartlett(5,sym=False)
        torch.signal.windows.nuttall(5)
        torch.signal.windows.general_cosine(5,a=[0.5,0.5])
        torch.signal.windows.general_cosine(5,a=0.5)
        torch.signal.windows.general_cosine(5,a=[])
        torch.signal.windows.general_hamming(5,alpha=.6)
        torch.signal.windows.gaussian(1)
        torch.signal.windows.exponential(1)
        torch.signal.windows.cosine(1)
        torch.hann_window(5)
        torch.hann_window(5,False)
        torch.hann_window(5,periodic=False,dtype=torch.float64)
        torch.hann_window(-1)
        torch.hann_window(0)
        torch.hann_window(1)
        torch.hamming_window(5)
        torch.hamming_window(5,True,0.6,0.4)
        torch.bartlett_window(5)
        torch.bartlett_window(5,False)
        torch.kaiser_window(5)
        torch.kaiser_window(5,False,3.)
        torch.kaiser_window(1)
        torch.hann_window(2.5)
        torch.hann_window(5,requires_grad=True)
        """,
    )
