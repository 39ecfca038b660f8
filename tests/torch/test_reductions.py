"""Reductions, extrema and scans: golden values, and everything against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape.torch as dt

SETUP_2 = """
w=torch.tensor([1,2,3])
x=torch.tensor([[1.,2.,4.],[3.,7.,5.]])
"""

SETUP = """
x=torch.tensor([[1.,2.],[3.,4.]])
i=torch.tensor([[1,2],[3,4]])
b=i>2
c=x*1j
h=x.half()
u=i.to(torch.uint8)
z=torch.zeros(0)
z2=torch.zeros(0,3)
"""


def test_golden_values() -> None:
    x = dt.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.sum().item() == 10
    assert x.sum(0).tolist() == [4.0, 6.0]
    assert x.mean(dim=1, keepdim=True).shape == (2, 1)
    assert x.var().item() == pytest.approx(5 / 3)
    assert x.std(0, correction=0).tolist() == [1.0, 1.0]
    values, indices = x.max(dim=1)
    assert values.tolist() == [2.0, 4.0]
    assert indices.tolist() == [1, 1]
    assert x.max(0).values.tolist() == [3.0, 4.0]
    assert repr(x.max(0)).startswith(
        "torch.return_types.max(\nvalues=tensor([3., 4.]),\nindices=tensor("
    )
    assert isinstance(x.max(0), dt.return_types.max)
    assert dt.tensor([1, 2], dtype=dt.int32).sum().dtype is dt.int64
    assert x.cumsum(0).tolist() == [[1.0, 2.0], [4.0, 6.0]]
    assert x.argmax().item() == 3
    assert (x > 3).any().item() is True
    assert (x > 3).all().item() is False
    assert x.norm().item() == pytest.approx(30**0.5)
    assert x.prod().item() == 24


def test_ties_share_the_gradient_where_pytorch_shares_it() -> None:
    x = dt.tensor([2.0, 2.0, 1.0], requires_grad=True)
    for f, want in (
        (lambda: x.max(), [0.5, 0.5, 0.0]),
        (lambda: x.amax(), [0.5, 0.5, 0.0]),
        (lambda: x.max(0).values, [1.0, 0.0, 0.0]),
    ):
        (g,) = dt.autograd.grad(f(), x)
        assert g.tolist() == want


def test_errors() -> None:
    x = dt.ones(2, 3)
    with pytest.raises(
        IndexError,
        match=r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)",
    ):
        x.sum(2)
    with pytest.raises(RuntimeError, match="dim 0 appears multiple times in the list of dims"):
        x.sum((0, 0))
    with pytest.raises(RuntimeError, match=r"mean\(\): could not infer output dtype"):
        dt.tensor([1, 2]).mean()
    with pytest.raises(
        RuntimeError, match=r"Expected reduction dim to be specified for input.numel\(\) == 0"
    ):
        dt.zeros(0).max()
    with pytest.raises(TypeError, match="missing 1 required positional arguments"):
        x.cumsum()
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        assert dt.ones(1).var().isnan().item()


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: x.sum(0), lambda t, x: x.mean(), lambda t, x: x.prod(), lambda t, x: x.prod(1),
        lambda t, x: x.var(), lambda t, x: x.std(0), lambda t, x: t.var_mean(x, 1), lambda t, x: x.max(),
        lambda t, x: x.max(1).values, lambda t, x: x.amin(0), lambda t, x: t.aminmax(x), lambda t, x: x.norm(),
        lambda t, x: x.norm(3, 0), lambda t, x: x.norm(float("inf")), lambda t, x: x.logsumexp(1),
        lambda t, x: x.cumsum(0), lambda t, x: x.cumprod(1), lambda t, x: x.cummax(0).values,
        lambda t, x: x.logcumsumexp(1), lambda t, x: x.diff(dim=0), lambda t, x: t.trapezoid(x, dx=2.0),
        lambda t, x: t.gradient(x, dim=1), lambda t, x: t.cov(x), lambda t, x: t.corrcoef(x),
        lambda t, x: t.renorm(x, 2, 0, 1.0), lambda t, x: t.dist(x, x.flip(0)), lambda t, x: x.nansum(0),
        lambda t, x: x.median(), lambda t, x: x.sort(0).values, lambda t, x: x.topk(2, 1).values,
        lambda t, x: x.quantile(0.3, 1), lambda t, x: x.kthvalue(2, 1).values, lambda t, x: x.softmax(1),
        lambda t, x: x.log_softmax(0),
    ],
)  # fmt: skip
def test_derivatives(same_gradients: Any, call: Any) -> None:
    x = np.random.default_rng(5).uniform(0.2, 2.0, (3, 4))
    same_gradients(call, x, tolerance=1e-8)


def test_sums_and_moments(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.sum(x)
        torch.sum(x,0)
        torch.sum(x,dim=0)
        torch.sum(x,(0,1))
        torch.sum(x,[])
        torch.sum(x,dim=None)
        torch.sum(x,())
        torch.sum(x,0,True)
        torch.sum(x,dim=0,keepdim=True)
        torch.sum(x,axis=0)
        torch.sum(x,axis=0,keepdims=True)
        torch.sum(x,2)
        torch.sum(x,(0,0))
        torch.sum(x,'a')
        torch.sum(x,1.5)
        torch.sum(i)
        torch.sum(b)
        torch.sum(u)
        torch.sum(i,dtype=torch.float32)
        torch.sum(x,dtype=torch.int32)
        torch.sum(h)
        torch.sum(z)
        torch.sum(z2,0)
        torch.sum(z2,1)
        torch.sum(x,0,out=torch.zeros(2))
        torch.sum(x,0,out=torch.zeros(2,dtype=torch.float64))
        torch.sum(x,0,out=torch.zeros(2,dtype=torch.int32))
        torch.sum(i,0,out=torch.zeros(2))
        torch.sum(3)
        torch.sum(x,0,1)
        torch.sum(torch.tensor(3.),0)
        torch.sum(torch.tensor(3.),-1,keepdim=True)
        x.sum((0,))
        x.sum(torch.tensor(0))
        torch.mean(i)
        torch.mean(b,0)
        torch.mean(i,dtype=torch.float32)
        torch.mean(z)
        torch.mean(x,0,True)
        torch.mean(x,dim=[])
        torch.prod(x)
        torch.prod(x,0)
        torch.prod(x,(0,1))
        torch.prod(i)
        torch.prod(b)
        torch.prod(x,dtype=torch.float64)
        torch.prod(x,1,keepdim=True)
        torch.prod(x,[])
        torch.var(x)
        torch.var(x,0)
        torch.var(x,False)
        torch.var(x,unbiased=False)
        torch.var(x,0,False)
        torch.var(x,0,unbiased=False,keepdim=True)
        torch.var(x,dim=0,correction=0)
        torch.var(x,correction=2)
        torch.var(x,correction=5)
        torch.var(i)
        torch.var(c)
        torch.var(torch.ones(1))
        torch.var(z)
        torch.var(x,[])
        torch.var(x,0,1)
        torch.std(x,0,True,True)
        torch.std(x,(0,1))
        torch.var_mean(x)
        torch.var_mean(x,0,False)
        torch.std_mean(x,dim=1,correction=0)
        torch.std_mean(i)
        torch.var(x,dim=0,out=torch.zeros(2))
        torch.nansum(x)
        torch.nansum(i)
        torch.nansum(c)
        torch.nanmean(x)
        torch.nanmean(i)
        torch.nanmean(x,0)
        """,
    )


def test_extrema(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.max(x)
        torch.max(x,0)
        torch.max(x,0,True)
        torch.max(x,dim=0,keepdim=True)
        torch.max(x,(0,1))
        torch.max(x,x)
        torch.max(x,2)
        torch.max(x,other=x)
        torch.max(z)
        torch.max(z2,0)
        torch.max(z2,1)
        torch.max(c)
        torch.max(b)
        torch.max(x,0,out=(torch.zeros(2),torch.zeros(2)))
        torch.max(x,out=torch.zeros(()))
        torch.max(torch.tensor(3.),0)
        torch.max(torch.tensor([1.,float('nan'),2.]))
        torch.max(torch.tensor([1.,float('nan'),2.]),0)
        torch.min(b,0)
        torch.amax(x)
        torch.amax(x,0)
        torch.amax(x,(0,1),True)
        torch.amax(x,[])
        torch.amax(z)
        torch.amax(z2,0)
        torch.amax(z2,1)
        torch.amax(c)
        torch.amax(i,0)
        torch.amax(b)
        torch.amax(x,0,out=torch.zeros(2,dtype=torch.float64))
        torch.aminmax(x)
        torch.aminmax(x,dim=0)
        torch.aminmax(x,keepdim=True)
        torch.aminmax(torch.tensor(3.),dim=0)
        torch.aminmax(z)
        torch.aminmax(z2,dim=1)
        torch.aminmax(c)
        torch.argmax(x)
        torch.argmax(x,0)
        torch.argmax(x,1,True)
        torch.argmax(x,keepdim=True)
        torch.argmax(x,(0,1))
        torch.argmax(z)
        torch.argmax(z2,0)
        torch.argmax(c)
        torch.argmax(b)
        torch.argmax(x,0,out=torch.zeros(2,dtype=torch.int64))
        torch.argmax(x,0,out=torch.zeros(2))
        """,
    )


def test_questions_and_norms(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.all(x)
        torch.all(b,0)
        torch.all(b,(0,1))
        torch.all(u)
        torch.all(u,0)
        torch.all(z)
        torch.all(b,0,True)
        torch.all(x,0,out=torch.zeros(2))
        torch.any(x>3,dim=[0,1])
        torch.any(c)
        torch.any(b,dim=())
        torch.all(b,dim=())
        torch.logsumexp(x,0)
        torch.logsumexp(x)
        torch.logsumexp(i,0)
        torch.logsumexp(x,(0,1),True)
        torch.logsumexp(z2,0)
        torch.logsumexp(b,0)
        torch.count_nonzero(x)
        torch.count_nonzero(x,0)
        torch.count_nonzero(x,(0,1))
        torch.count_nonzero(x,[])
        torch.norm(x)
        torch.norm(x,1)
        torch.norm(x,2,0)
        torch.norm(x,'fro')
        torch.norm(x,'nuc')
        torch.norm(x,float('inf'))
        torch.norm(x,'foo')
        torch.norm(i)
        torch.norm(i.float(),dtype=torch.float64)
        torch.norm(x,p=3,dim=1,keepdim=True)
        torch.norm(x,dim=(0,1))
        torch.norm(x,p=2,dim=(0,1))
        torch.norm(c)
        torch.norm(x,0)
        x.norm()
        x.norm(1,0)
        x.norm(p=2,dim=-1)
        torch.norm(z)
        torch.dist(x,x+1)
        torch.dist(x,x+1,p=1)
        torch.renorm(x,2,0,1)
        torch.renorm(x,2,5,1)
        torch.cov(x)
        torch.corrcoef(x)
        """,
    )


def test_scans(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.cumsum(x,0)
        torch.cumsum(x)
        torch.cumsum(i,0)
        torch.cumsum(b,0)
        torch.cumsum(x,0,dtype=torch.float64)
        torch.cumsum(x,2)
        torch.cumsum(torch.tensor(3.),0)
        torch.cumsum(x,dim=0,out=torch.zeros(2,2))
        torch.cumsum(x,0,out=torch.zeros(2,2,dtype=torch.int32))
        x.cumsum_(0)
        i.cumsum_(0)
        torch.cumprod(i,0)
        torch.cumprod(x,dim=1)
        torch.cummax(x,0)
        torch.cummin(x,1)
        torch.cummax(c,0)
        torch.cummax(i,0)
        torch.cummax(z,0)
        torch.logcumsumexp(x,0)
        torch.logcumsumexp(i,0)
        torch.diff(x)
        torch.diff(x,n=2)
        torch.diff(x,dim=0)
        torch.diff(b)
        torch.diff(x,prepend=torch.zeros(2,1))
        torch.diff(x,n=-1)
        torch.diff(torch.tensor(1.))
        torch.diff(x,n=5)
        torch.trapezoid(x)
        torch.trapezoid(x,dx=2)
        torch.trapezoid(x,x)
        torch.trapz(x,dim=0)
        torch.cumulative_trapezoid(x)
        torch.gradient(x)
        torch.gradient(x,dim=0)
        torch.gradient(x,spacing=2.)
        torch.gradient(torch.tensor([1.,4.,9.,16.,30.]),edge_order=2)
        torch.gradient(torch.tensor([1.,4.,9.,16.,30.]),spacing=(torch.tensor([0.,1.,3.,4.,4.5]),),edge_order=2)
        torch.gradient(torch.tensor([1.,4.,9.,16.,30.]),spacing=(torch.tensor([0.,1.,3.,4.,4.5]),))
        torch.gradient(torch.arange(12.).reshape(4,3)**2,spacing=[2.,3.],dim=(0,1))
        """,
    )


def test_covariance(agree: Any) -> None:
    agree(
        SETUP_2,
        """
        torch.cov(x,fweights=w)
        torch.cov(x,aweights=w.float())
        torch.cov(x,fweights=w,aweights=w.float())
        torch.cov(x,fweights=w,aweights=w.float(),correction=0)
        torch.cov(x[0])
        torch.cov(torch.tensor(3.))
        torch.cov(x,fweights=w.float())
        torch.cov(x,correction=3)
        torch.corrcoef(x[0])
        """,
    )


def test_recorded(agree: Any) -> None:
    agree(
        "r=torch.tensor([[1.5,-2.5],[1.5,0.]],requires_grad=True)",
        """
        r.sum()
        r.sum(0)
        r.mean()
        r.mean(1)
        r.prod()
        r.prod(1)
        r.var()
        r.std(0)
        r.max()
        r.max(0)
        r.amax(0)
        r.norm()
        r.cumsum(0)
        r.cumprod(0)
        r.logsumexp(0)
        torch.var_mean(r)
        r.argmax()
        r.all()
        r.nansum()
        r.cummax(0)
        r.diff()
        torch.aminmax(r)
        r.logcumsumexp(1)
        """,
    )
