"""torch.special and softmax, against PyTorch where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape.torch as dt

SETUP = """
x=torch.tensor([.5,1.5])
i=torch.tensor([1,2])
h=x.half()
c=x*1j
"""


def test_golden_values() -> None:
    assert dt.special.expit(dt.zeros(1)).item() == 0.5
    assert dt.special.gammaln(dt.tensor([5.0])).item() == pytest.approx(np.log(24.0))
    assert dt.special.bessel_j0(dt.zeros(1)).item() == pytest.approx(1.0)
    assert dt.special.chebyshev_polynomial_t(dt.tensor([0.5]), 2).item() == pytest.approx(-0.5)
    assert dt.softmax(dt.zeros(4), 0).tolist() == [0.25] * 4
    with pytest.raises(NotImplementedError, match=r".erfcx_cpu. not implemented for 'Half'"):
        dt.special.erfcx(dt.ones(1, dtype=dt.float16))


def test_derivatives(same_gradients: Any) -> None:
    x = np.array([0.3, 0.6, 0.9])
    for name in [
        "entr",
        "erfcx",
        "i0e",
        "i1",
        "i1e",
        "log_ndtr",
        "ndtr",
        "ndtri",
        "expit",
        "gammaln",
        "psi",
        "xlog1py",
    ]:
        f = (lambda t, a: t.special.xlog1py(a, a + 1)) if name == "xlog1py" else (
            lambda t, a, n=name: getattr(t.special, n)(a)
        )  # fmt: skip
        same_gradients(f, x)


def test_special_functions(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.special.airy_ai(x)
        torch.special.bessel_j0(i)
        torch.special.bessel_y0(x)
        torch.special.chebyshev_polynomial_t(x,2)
        torch.special.chebyshev_polynomial_t(x,i)
        torch.special.chebyshev_polynomial_t(2,x)
        torch.special.chebyshev_polynomial_t(2,2)
        torch.special.hermite_polynomial_h(i,i)
        torch.special.legendre_polynomial_p(x,2.5)
        torch.special.log_softmax(x,0)
        torch.special.softmax(x,0)
        torch.special.logsumexp(x,0)
        torch.special.multigammaln(x+3,2)
        torch.special.round(x)
        torch.special.xlog1py(x,x)
        torch.special.xlog1py(x,2)
        torch.special.zeta(x+1,1)
        torch.special.zeta(2,x)
        torch.special.zeta(i,i)
        torch.special.sinc(x)
        torch.special.expit(x)
        torch.special.polygamma(1,x)
        torch.special.erfcx(h)
        torch.special.ndtr(i)
        torch.special.ndtr(h)
        torch.special.scaled_modified_bessel_k1(x)
        torch.special.shifted_chebyshev_polynomial_t(x,2)
        torch.special.entr(x,out=torch.zeros(2))
        torch.special.modified_bessel_i0(c)
        torch.special.i1(torch.tensor([.5],requires_grad=True))
        torch.special.ndtr(torch.tensor([.5],requires_grad=True)).detach()
        torch.special.log_ndtr(torch.tensor([.5],requires_grad=True))
        torch.polygamma(2,x)
        x.polygamma(2)
        torch.mvlgamma(x+3,2)
        torch.digamma(x)
        """,
    )


def test_softmax(agree: Any) -> None:
    agree(
        "x=torch.ones(2,3)",
        """
        torch.softmax(x,1)
        torch.softmax(x,-1,torch.float64)
        torch.softmax(x,dim=1,dtype=torch.float64)
        torch.softmax(x,0)
        torch.softmax(x.int(),1)
        torch.softmax(x.int(),1,dtype=torch.float32)
        torch.softmax(x,2)
        torch.softmax(x*1j,1)
        torch.log_softmax(x.bool(),1)
        x.softmax(-1)
        x.log_softmax(dim=-1)
        torch.softmax(torch.tensor(1.),0)
        torch.softmax(torch.zeros(0),0)
        torch.softmax(x,None)
        torch.softmax(x,(0,1))
        """,
    )
