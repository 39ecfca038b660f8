"""Sorting, ranks, distinct values and counts, against PyTorch where it is installed."""

from __future__ import annotations

from typing import Any

import pytest

import dualtape.torch as dt

SETUP = """
x=torch.tensor([[3.,1.,2.],[1.,1.,5.]])
i=x.long()
b=i>1
c=x*1j
z=torch.zeros(0)
n=torch.tensor([1.,float('nan'),0.,2.])
"""


def test_golden_values() -> None:
    x = dt.tensor([3.0, 1.0, 2.0])
    values, indices = dt.sort(x)
    assert values.tolist() == [1.0, 2.0, 3.0]
    assert indices.tolist() == [1, 2, 0]
    assert x.topk(2).values.tolist() == [3.0, 2.0]
    assert x.median().item() == 2.0
    assert x.argsort(descending=True).tolist() == [0, 2, 1]
    assert dt.unique(dt.tensor([2, 1, 2])).tolist() == [1, 2]
    assert dt.bincount(dt.tensor([0, 2, 2])).tolist() == [1, 0, 2]
    assert dt.searchsorted(dt.tensor([1.0, 3.0]), 2.0).item() == 1
    assert dt.histc(x, 2).tolist() == [1.0, 2.0]


def test_errors() -> None:
    with pytest.raises(RuntimeError, match="selected index k out of range"):
        dt.ones(2).topk(3)
    with pytest.raises(RuntimeError, match="Sort does not support complex dtypes on CPU"):
        dt.sort(dt.tensor([1j]))
    with pytest.raises(
        RuntimeError, match=r"quantile\(\) q must be in the range \[0, 1\] but got 1.5"
    ):
        dt.quantile(dt.ones(2), 1.5)
    with pytest.raises(
        RuntimeError, match="bincount only supports 1-d non-negative integral inputs"
    ):
        dt.bincount(dt.tensor([-1]))


def test_sorting_and_ranks(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.sort(x)
        torch.sort(x,0)
        torch.sort(x,dim=0,descending=True)
        torch.sort(x,-1,True)
        torch.sort(x,stable=True)
        torch.sort(x,stable=True,dim=0)
        torch.sort(c)
        torch.sort(n)
        torch.sort(n,descending=True)
        torch.sort(x,5)
        torch.sort(torch.tensor(3.))
        torch.sort(b)
        torch.argsort(x)
        torch.argsort(x,0,True)
        torch.argsort(x,dim=1,stable=True)
        torch.msort(x)
        torch.topk(x,2)
        torch.topk(x,2,0)
        torch.topk(x,4)
        torch.topk(x,-1)
        torch.topk(x,2,largest=False)
        torch.topk(x,2,sorted=False)
        torch.topk(x,0)
        torch.topk(c,1)
        torch.topk(x,torch.tensor(2))
        torch.kthvalue(x,2,0,True)
        torch.kthvalue(x,4)
        torch.kthvalue(x,0)
        torch.kthvalue(c,1)
        torch.median(x)
        torch.median(x,0)
        torch.median(x,1,True)
        torch.median(x,dim=1,keepdim=True)
        torch.median(z)
        torch.median(i)
        torch.median(c)
        torch.median(n)
        torch.median(n,0)
        torch.nanmedian(n)
        torch.nanmedian(n,0)
        torch.mode(x)
        torch.mode(x,0)
        torch.mode(i,-1,True)
        torch.mode(z)
        torch.quantile(x,0.5)
        torch.quantile(x,torch.tensor([0.25,0.5]))
        torch.quantile(x,0.5,0)
        torch.quantile(x,0.5,dim=1,keepdim=True)
        torch.quantile(x,1.5)
        torch.quantile(x,0.5,interpolation='nearest')
        torch.quantile(x,0.5,interpolation='foo')
        torch.quantile(i,0.5)
        torch.quantile(x,torch.tensor([0.5],dtype=torch.float64))
        torch.quantile(z,0.5)
        torch.nanquantile(n,0.5)
        torch.quantile(n,0.5)
        torch.quantile(x,torch.tensor([[0.5]]))
        """,
    )


def test_binning(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.unique(x)
        torch.unique(x,return_inverse=True)
        torch.unique(x,return_counts=True)
        torch.unique(x,return_inverse=True,return_counts=True)
        torch.unique(x,dim=0)
        torch.unique(x,False)
        torch.unique(x,sorted=True,dim=1,return_inverse=True,return_counts=True)
        torch.unique(n)
        torch.unique(z)
        torch.unique_consecutive(torch.tensor([1,1,2,2,1]))
        torch.unique_consecutive(torch.tensor([1,1,2,2,1]),return_inverse=True,return_counts=True)
        torch.unique_consecutive(torch.tensor([[1,1],[1,1],[2,2]]),dim=0)
        x.unique()
        x.unique(return_counts=True)
        torch.searchsorted(torch.tensor([1.,3.,5.]),torch.tensor([2.,3.]))
        torch.searchsorted(torch.tensor([1.,3.,5.]),torch.tensor([2.,3.]),right=True)
        torch.searchsorted(torch.tensor([1.,3.,5.]),3)
        torch.searchsorted(torch.tensor([1.,3.,5.]),3,side='right')
        torch.searchsorted(torch.tensor([1.,3.,5.]),3,side='left',right=True)
        torch.searchsorted(torch.tensor([1.,3.,5.]),3,side='foo')
        torch.searchsorted(torch.tensor([1.,3.,5.]),torch.tensor([2]))
        torch.searchsorted(torch.tensor([1.,3.,5.]),3,out_int32=True)
        torch.searchsorted(torch.tensor([5.,3.,1.]),3.,sorter=torch.tensor([2,1,0]))
        torch.searchsorted(torch.tensor([[1.,3.],[2.,4.]]),torch.tensor([[2.],[3.]]))
        torch.searchsorted(torch.tensor([[1.,3.],[2.,4.]]),torch.tensor([2.,3.]))
        torch.searchsorted(torch.tensor([[1.,3.],[2.,4.]]),2.)
        torch.bucketize(torch.tensor([2.,3.]),torch.tensor([1.,3.,5.]))
        torch.bucketize(3,torch.tensor([1.,3.,5.]))
        torch.bucketize(torch.tensor([2.,3.]),torch.tensor([1.,3.,5.]),right=True)
        torch.bucketize(torch.tensor([2.,3.]),torch.tensor([[1.,3.,5.]]))
        torch.bucketize(torch.tensor([2.,3.]),torch.tensor([1.,3.,5.]),out_int32=True)
        torch.histc(x).sum()
        torch.histc(x,4)
        torch.histc(x,4,0,4)
        torch.histc(x,bins=4,min=0,max=4)
        torch.histc(x,0)
        torch.histc(x,4,5,1)
        torch.histc(i,4)
        torch.histogram(x,3)
        torch.histogram(x,torch.tensor([0.,1.,2.]))
        torch.histogram(x,3,range=(0.,4.))
        torch.histogram(x,3,range=(0.,4.),density=True)
        torch.histogram(x,3,weight=torch.ones(2,3))
        torch.histogram(i,3)
        torch.histogramdd(torch.tensor([[0.,1.],[1.,0.],[2.,2.]]),bins=[2,2])
        torch.bincount(torch.tensor([0,1,1,3]))
        torch.bincount(torch.tensor([0,1,1,3]),torch.tensor([.5,1.,2.,3.]))
        torch.bincount(torch.tensor([0,1,1,3]),minlength=6)
        torch.bincount(torch.tensor([0.,1.]))
        torch.bincount(torch.tensor([-1,1]))
        torch.bincount(torch.tensor([[1]]))
        torch.bincount(torch.tensor([],dtype=torch.int64))
        torch.bincount(torch.tensor([0,1]),minlength=-1)
        torch.bincount(torch.tensor([0,1]),torch.ones(3))
        """,
    )


def test_recorded(agree: Any) -> None:
    agree(
        "r=torch.tensor([[1.5,-2.5],[1.5,0.]],requires_grad=True)",
        """
        r.sort()
        r.topk(1)
        r.kthvalue(1)
        r.median()
        r.median(0)
        r.mode()
        r.argsort()
        r.msort()
        r.nanmedian()
        torch.searchsorted(r,r)
        torch.aminmax(torch.zeros(0,3),dim=1)
        """,
    )
