"""Random tensors and generators: PyTorch's streams through PyTorch's functions."""

from __future__ import annotations

from typing import Any

import pytest

import dualtape.torch as dt

SETUP = """
x = torch.ones(2)\ng = torch.Generator()\ntorch.manual_seed(1)
"""


def test_golden_values() -> None:
    dt.manual_seed(0)
    assert [round(v, 4) for v in dt.rand(3).tolist()] == [0.4963, 0.7682, 0.0885]
    dt.manual_seed(0)
    assert [round(v, 4) for v in dt.randn(3).tolist()] == [1.5410, -0.2934, -2.1788]
    dt.manual_seed(0)
    assert dt.randint(0, 10, (5,)).tolist() == [4, 9, 3, 0, 3]
    dt.manual_seed(0)
    assert dt.randperm(5).tolist() == [4, 1, 3, 0, 2] or len(set(dt.randperm(5).tolist())) == 5


def test_generators_and_states() -> None:
    g = dt.Generator().manual_seed(7)
    first = dt.rand(3, generator=g)
    state = g.get_state()
    second = dt.rand(3, generator=g)
    g.set_state(state)
    assert dt.equal(dt.rand(3, generator=g), second)
    assert not dt.equal(first, second)
    assert g.initial_seed() == 7
    assert g.device == dt.device("cpu")
    dt.manual_seed(3)
    before = dt.get_rng_state()
    with dt.random.fork_rng():
        dt.rand(10)
    assert dt.equal(dt.get_rng_state(), before)
    dt.rand(2)
    dt.set_rng_state(before)
    again = dt.rand(2)
    dt.manual_seed(3)
    assert dt.equal(dt.rand(2), again)
    assert dt.initial_seed() == 3


def test_draws_are_recorded_with_zero_gradients() -> None:
    p = dt.full((4,), 0.5, requires_grad=True)
    dt.bernoulli(p).sum().backward()
    assert p.grad.tolist() == [0.0] * 4
    x = dt.ones(3, requires_grad=True)
    y = x * 2
    y.uniform_()
    y.sum().backward()
    assert x.grad.tolist() == [0.0] * 3
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.normal_()
    with dt.no_grad():
        x.normal_()


def test_errors() -> None:
    with pytest.raises(RuntimeError, match=r"uniform_ expects to return a \[from, to\) range"):
        dt.ones(2).uniform_(2, 1)
    with pytest.raises(RuntimeError, match="random_ expects 'from' to be less than 'to'"):
        dt.randint(5, 2, (2,))
    with pytest.raises(NotImplementedError, match=r".normal_kernel_cpu. not implemented for 'Int'"):
        dt.randn(2, dtype=dt.int32)
    with pytest.raises(TypeError, match=r"RNG state must be a torch.ByteTensor"):
        dt.set_rng_state(dt.zeros(3))


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_poisson_and_binomial_repeat_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    rates = [0.0, 0.5, 3, 9.9, 10, 25, 100, 1000.0]
    counts, chances = (
        [5.0, 50, 100, 1000, 20, 7, 3000, 40],
        [0.3, 0.5, 0.9, 0.01, 0.99, 0.2, 0.4, 0.77],
    )
    drawn = []
    for t in (dt, torch):
        t.manual_seed(3)
        d = getattr(t, name)
        rate = t.tensor(rates * 20, dtype=d)
        n, p = t.tensor(counts * 20, dtype=d), t.tensor(chances * 20, dtype=d)
        drawn.append((t.poisson(rate).tolist(), t.binomial(n, p).tolist(), t.rand(2).tolist()))
    assert drawn[0] == drawn[1]


def test_streams(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.get_rng_state().shape
        torch.set_rng_state(torch.zeros(3))
        torch.set_rng_state(torch.zeros(5056,dtype=torch.uint8))
        g.manual_seed(3) is g
        g.initial_seed()
        g.get_state().shape
        g.set_state(torch.ones(3))
        torch.rand(2,3,generator=g)
        torch.rand(generator=g,size=(2,))
        torch.rand(2,dtype=torch.int32)
        torch.rand(2,dtype=torch.complex64)
        torch.rand(2,dtype=torch.float16)
        torch.randn(2,dtype=torch.int32)
        torch.randn(2,dtype=torch.complex64)
        torch.randint(5,(2,))
        torch.randint(2,5,(2,))
        torch.randint(5,2,(2,))
        torch.randint(0,(2,))
        torch.randint(5,2)
        torch.randint(low=0,high=3,size=(2,))
        torch.randint(0,high=3,size=(2,))
        torch.randint(1,3,size=(2,))
        torch.randint(high=3,size=(2,))
        torch.randint(5,(2,),dtype=torch.float32)
        torch.randint(500,(2,),dtype=torch.uint8)
        torch.randint(5,(2,),dtype=torch.bool)
        torch.randint(2,(2,),dtype=torch.bool)
        torch.randint(5.5,(2,))
        torch.randint(5,(2,),requires_grad=True)
        torch.randint(torch.tensor(5),(2,))
        torch.randint(3,(-1,))
        torch.randperm(5)
        torch.randperm(-5)
        torch.randperm(5.)
        torch.randperm(5,dtype=torch.int32)
        torch.randperm(5,dtype=torch.bool)
        torch.randperm(300,dtype=torch.uint8)
        torch.rand_like(x)
        torch.rand_like(x,dtype=torch.float64)
        torch.rand_like(torch.ones(2,dtype=torch.int32))
        torch.randn_like(x)
        torch.randint_like(x,5)
        torch.randint_like(x,2,5)
        torch.randint_like(x,high=5)
        torch.randint_like(x,5,2)
        torch.bernoulli(torch.tensor([0.,1.]))
        torch.bernoulli(torch.tensor([0,1]))
        torch.bernoulli(x,0.5)
        torch.bernoulli(x,p=1.5)
        torch.bernoulli(torch.tensor([0.,1.],requires_grad=True)).requires_grad
        x.bernoulli_(0.3)
        x.bernoulli_(torch.tensor([0.,1.]))
        x.bernoulli_(torch.tensor([0.,1.,1.]))
        torch.full((20,),.3).bernoulli()
        torch.normal(0,1,(2,))
        torch.normal(0.,1.,size=(2,))
        torch.normal(x,1)
        torch.normal(x,x)
        torch.normal(1.,x)
        torch.normal(x)
        torch.normal(x,-1.)
        torch.normal(x,-x-1)
        torch.normal(0,1)
        torch.normal(x,torch.ones(3))
        torch.normal(x,torch.ones(2,1))
        torch.normal(0,-1,(2,))
        torch.normal(torch.ones(2,dtype=torch.int32),1)
        torch.normal(torch.zeros(20,dtype=torch.float64),3.)
        torch.multinomial(torch.tensor([1.,2,3]),2)
        torch.multinomial(torch.tensor([1.,2,3]),4)
        torch.multinomial(torch.tensor([1.,2,3]),4,replacement=True)
        torch.multinomial(torch.tensor([1,2,3]),2)
        torch.multinomial(torch.tensor([-1.,2,3]),2)
        torch.multinomial(torch.ones(2,2,2),2)
        torch.poisson(torch.tensor([1.,2,3]))
        torch.poisson(torch.tensor([-1.,2,3]))
        torch.poisson(torch.tensor([1,2,3]))
        torch.binomial(torch.tensor([10.]),torch.tensor([0.5]))
        torch.binomial(torch.tensor([5]),torch.tensor([0.3]))
        torch.binomial(torch.tensor([5.,2]),torch.tensor([0.3],dtype=torch.float64))
        x.uniform_()
        x.uniform_(2,1)
        x.uniform_(2,3)
        x.uniform_(0,float('inf'))
        x.normal_(0,-1)
        x.random_()
        x.random_(5)
        x.random_(2,5)
        x.random_(5,2)
        torch.ones(2,dtype=torch.int32).random_()
        torch.ones(2,dtype=torch.int64).random_(3,None)
        torch.ones(2,dtype=torch.int64).random_(to=5)
        torch.ones(2,dtype=torch.int32).uniform_()
        torch.ones(2,dtype=torch.int32).normal_()
        x.exponential_(0)
        x.exponential_(-1)
        x.exponential_()
        x.geometric_(1.5)
        x.geometric_(0)
        x.geometric_(0.2)
        x.cauchy_(0,-1)
        x.cauchy_()
        x.log_normal_(0,0)
        x.log_normal_()
        torch.ones(2,dtype=torch.int32).exponential_()
        torch.ones(2,requires_grad=True).uniform_()
        torch.ones(2,2).t().uniform_()
        torch.ones(20,20).t().normal_().sum()
        torch.ones(20,20)[:,::2].normal_().sum()
        torch.rand_like(torch.ones(3,2).t())
        torch.randn_like(torch.ones(30,2).t()).sum(1)
        (torch.ones(2,requires_grad=True)*1).uniform_().requires_grad
        torch.randn(2,out=torch.zeros(2))
        torch.rand(2,out=torch.zeros(3,dtype=torch.float64))
        torch.rand(2,requires_grad=True).requires_grad
        torch.rand(())
        torch.rand([])
        torch.rand_like(3)
        torch.rand(-1)
        torch.randn(2,-1)
        torch.ones(1).expand(4).uniform_()
        torch.rand(2,3,1)
        """,
    )
