"""Element by element: values, dtypes, errors and derivatives, against PyTorch where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape.torch as dt

SETUP = """
x=torch.ones(2)
i=torch.ones(2,dtype=torch.int32)
b=torch.ones(2,dtype=torch.bool)
c=torch.ones(2,dtype=torch.complex64)
h=torch.ones(2,dtype=torch.float16)
d=torch.ones(2,dtype=torch.float64)
u=torch.ones(2,dtype=torch.uint8)
"""


def test_golden_values() -> None:
    x = dt.tensor([1.0, -2.0, 3.5])
    assert (x + 1).tolist() == [2.0, -1.0, 4.5]
    assert (2 - x).tolist() == [1.0, 4.0, -1.5]
    assert (x // 2).tolist() == [0.0, -1.0, 1.0]
    assert (x % 2).tolist() == [1.0, 0.0, 1.5]
    assert dt.fmod(x, 2).tolist() == [1.0, -0.0, 1.5]
    assert (x**2).tolist() == [1.0, 4.0, 12.25]
    assert x.clamp(-1, 2).tolist() == [1.0, -1.0, 2.0]
    assert dt.maximum(x, -x).tolist() == [1.0, 2.0, 3.5]
    assert dt.div(dt.tensor([7, -7]), 2, rounding_mode="floor").tolist() == [3, -4]
    assert dt.div(dt.tensor([7, -7]), 2, rounding_mode="trunc").tolist() == [3, -3]
    assert (x > 0).tolist() == [True, False, True]
    assert (x == 1).dtype is dt.bool
    assert (dt.tensor([6]) & 3).item() == 2
    assert (~dt.tensor([True])).item() is False
    assert dt.addcmul(x, x, x, value=2).tolist() == [3.0, 6.0, 28.0]
    assert dt.lerp(x, x + 4, 0.25).tolist() == [2.0, -1.0, 4.5]


def test_promotion_has_three_ranks() -> None:
    assert (dt.ones(2) + dt.tensor(1.0, dtype=dt.float64)).dtype is dt.float32
    assert (dt.ones(2) + dt.ones(1, dtype=dt.float64)).dtype is dt.float64
    assert (dt.tensor([1]) * 1.5).dtype is dt.float32
    assert (dt.tensor([True]) + 1).dtype is dt.int64
    assert (dt.ones(2) * 1j).dtype is dt.complex64
    assert (dt.tensor([1], dtype=dt.uint8) + 300).item() == 45
    with pytest.raises(
        RuntimeError, match="Promotion for uint16, uint32, uint64 types is not supported"
    ):
        dt.ones(2, dtype=dt.uint16) + dt.ones(2, dtype=dt.int8)


def test_in_place_and_out() -> None:
    x = dt.ones(3)
    y = x
    x += 1
    x.mul_(3).sub_(1, alpha=2)
    assert y is x
    assert x.tolist() == [4.0, 4.0, 4.0]
    assert x._version == 3
    with pytest.raises(
        RuntimeError, match="result type Float can't be cast to the desired output type Long"
    ):
        dt.tensor([1, 2]).add_(1.5)
    with pytest.raises(
        RuntimeError, match=r"output with shape \[3\] doesn't match the broadcast shape"
    ):
        x.add_(dt.ones(2, 3))
    out = dt.empty(0)
    assert dt.exp(dt.zeros(2), out=out) is out
    assert out.tolist() == [1.0, 1.0]
    with pytest.warns(UserWarning, match="An output with one or more elements was resized"):
        dt.exp(dt.zeros(3), out=out)
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        dt.exp(dt.zeros(3, requires_grad=True), out=out)
    with pytest.raises(
        RuntimeError, match="a leaf Variable that requires grad is being used in an in-place"
    ):
        dt.zeros(3, requires_grad=True).add_(1)


def test_errors() -> None:
    with pytest.raises(
        RuntimeError, match=r"The size of tensor a \(2\) must match the size of tensor b \(3\)"
    ):
        dt.ones(2) + dt.ones(3)
    with pytest.raises(
        TypeError, match=r"sin\(\): argument 'input' \(position 1\) must be Tensor, not int"
    ):
        dt.sin(3)
    with pytest.raises(TypeError, match="unsupported operand type"):
        dt.ones(2) + "a"
    with pytest.raises(RuntimeError, match="Subtraction, the `-` operator, with two bool tensors"):
        dt.tensor([True]) - dt.tensor([True])
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        dt.tensor([1]) // 0
    with pytest.raises(RuntimeError, match="Integers to negative integer powers are not allowed"):
        dt.tensor([2]) ** -1
    with pytest.raises(
        NotImplementedError, match=r".erf_vml_cpu. not implemented for 'ComplexFloat'"
    ):
        dt.erf(dt.tensor([1j]))


BINARY_EDGES = [
    "add",
    "sub",
    "mul",
    "div",
    "fmod",
    "remainder",
    "pow",
    "atan2",
    "hypot",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "copysign",
    "xlogy",
]
BINARY = [*BINARY_EDGES, "logaddexp", "logaddexp2", "ldexp", "float_power"]

UNARY = """
abs acos acosh asin asinh atan atanh ceil cos cosh deg2rad digamma erf erfc erfinv exp exp2
expm1 floor frac i0 lgamma log log10 log1p log2 logit nan_to_num neg rad2deg reciprocal relu
round rsqrt sgn sigmoid sign sin sinc sinh sqrt square tan tanh trunc
""".split()  # noqa: SIM905 - a table


@pytest.mark.parametrize("name", UNARY)
def test_unary_derivatives(same_gradients: Any, name: str) -> None:
    x = np.array([[0.1, 0.35, 0.6], [0.75, 0.9, 0.22]])
    x = x + 1 if name == "acosh" else x
    same_gradients(lambda t, a: getattr(t, name)(a), x)
    same_gradients(lambda t, a: getattr(a, name)(), x[0, 0:1].reshape(()))


@pytest.mark.parametrize("name", BINARY)
def test_binary_derivatives(same_gradients: Any, name: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.3, 2, (2, 3)), rng.uniform(0.3, 2, (3,))
    same_gradients(lambda t, a, b: getattr(t, name)(a, b), x, y)


def test_other_derivatives(same_gradients: Any) -> None:
    rng = np.random.default_rng(0)
    x, y, z = (rng.uniform(0.3, 2, (3,)) for _ in range(3))
    same_gradients(lambda t, a, b, c: t.addcmul(a, b, c, value=0.7), x, y, z)
    same_gradients(lambda t, a, b, c: t.addcdiv(a, b, c, value=0.7), x, y, z)
    same_gradients(lambda t, a, b, c: t.lerp(a, b, c), x, y, z)
    same_gradients(lambda t, a, b, c: t.clamp(a, b - 0.2, c + 0.2), x, y, z)
    same_gradients(lambda t, a, b: t.add(a, b, alpha=3).sub(b, alpha=2), x, y)
    same_gradients(lambda t, a: (2.0**a) * a**2.5 / (1 + a) - a**-1, x)
    same_gradients(lambda t, a, b: t.polar(a, b), x, y)
    same_gradients(lambda t, a: t.masked_fill(a, a > 1, 0.0), x)
    z = x + 1j * y
    same_gradients(lambda t, a: (a * a.exp() / (a + 2)).abs(), z)


EDGES = np.array([0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 1e-30, 3e38, 2.5, -2.5])


def test_edge_values() -> None:
    torch = pytest.importorskip("torch")
    x, y = (a.ravel() for a in np.meshgrid(EDGES, EDGES))
    for dtype in (np.float32, np.float64):
        for name in UNARY:
            # digamma at poles, and where NumPy's and PyTorch's libraries round differently near a bound
            if name in ("digamma", "i0", "lgamma", "sinc"):
                continue
            ours = getattr(dt, name)(dt.tensor(EDGES.astype(dtype))).numpy()
            theirs = getattr(torch, name)(torch.tensor(EDGES.astype(dtype))).numpy()
            np.testing.assert_allclose(ours, theirs, rtol=2e-6, err_msg=name)
            np.testing.assert_array_equal(np.signbit(ours) & ~np.isnan(ours), np.signbit(theirs) & ~np.isnan(theirs), err_msg=name) if name in (
                "abs", "neg", "sign", "ceil", "floor", "trunc", "round", "sqrt"
            ) else None  # fmt: skip
        for name in BINARY_EDGES:
            # PyTorch's vectorised remainders give NaN for huge quotients.
            small = np.abs(x) < 1e30 if name in ("fmod", "remainder") else slice(None)
            pair = [v[small].astype(dtype) for v in (x, y)]
            ours, theirs = (getattr(t, name)(*map(t.tensor, pair)).numpy() for t in (dt, torch))
            np.testing.assert_allclose(ours, theirs, rtol=2e-6, err_msg=name)


def test_arrays_and_numpy_numbers_as_operands() -> None:
    x = dt.ones(2, requires_grad=True)
    assert (np.float64(2) * x).dtype is dt.float32
    assert (x * np.float64(2)).tolist() == [2.0, 2.0]
    assert (x + np.ones(2)).dtype is dt.float64
    (x * np.array([3.0, 4.0], np.float32)).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_filling() -> None:
    x = dt.ones(2, requires_grad=True) * 1
    v = dt.tensor(5.0, requires_grad=True)
    x.fill_(v)
    x.sum().backward()
    assert x.tolist() == [5.0, 5.0]
    assert v.grad.item() == 2.0
    assert dt.ones(2).zero_().tolist() == [0.0, 0.0]
    with pytest.raises(
        RuntimeError, match="value cannot be converted to type uint8_t without overflow"
    ):
        dt.ones(2, dtype=dt.uint8).fill_(300)


def test_unary(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.sin(3)
        torch.sin('a')
        torch.sin(x,x)
        torch.sin(x,out=3)
        torch.sin([1])
        torch.neg(b)
        -b
        torch.abs(b)
        torch.abs(c)
        torch.sign(c)
        torch.sgn(c)
        torch.floor(i)
        torch.floor(c)
        torch.floor(b)
        torch.sqrt(i)
        torch.sqrt(b)
        torch.reciprocal(i)
        torch.square(b)
        torch.square(i)
        torch.exp(h)
        torch.exp(b)
        torch.lgamma(c)
        torch.erf(c)
        torch.digamma(i)
        torch.frac(i)
        torch.trunc(i)
        torch.round(i)
        torch.round(x,decimals=2)
        torch.round(i,decimals=2)
        torch.angle(i)
        torch.angle(b)
        torch.angle(x)
        torch.real(x)
        torch.imag(x)
        torch.conj(x)
        torch.positive(b)
        torch.positive(x)
        torch.deg2rad(i)
        torch.rad2deg(i)
        torch.logit(i)
        torch.logit(x,eps=0.1)
        torch.nan_to_num(x,1.,2.,3.)
        torch.nan_to_num(i)
        torch.nan_to_num(c)
        torch.frexp(x)
        torch.frexp(i)
        torch.sigmoid(i)
        torch.relu(b)
        torch.relu(i)
        """,
    )


def test_comparison_and_bits(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.bitwise_not(x)
        ~x
        ~b
        ~i
        torch.logical_not(x)
        torch.isnan(i)
        torch.signbit(c)
        torch.clamp(x,min=torch.tensor([1,2]),max=torch.tensor(3.,dtype=torch.float64))
        torch.gcd(i,2)
        torch.gcd(x,x)
        torch.lcm(i,i)
        torch.bitwise_and(x,x)
        torch.bitwise_and(i,2)
        torch.bitwise_and(2,i)
        torch.bitwise_and(i,b)
        i&1.5
        i&2
        2&i
        b&True
        i<<1
        x<<1
        i>>1
        1<<i
        torch.bitwise_left_shift(i,2)
        torch.bitwise_left_shift(x,2)
        torch.bitwise_left_shift(2,i)
        torch.logical_and(x,i)
        torch.logical_and(x,2)
        torch.addcmul(x,x,x,value=2)
        torch.addcmul(i,i,i,value=1.5)
        torch.where(torch.ones(2,dtype=torch.uint8),1,2)
        u==300
        u<300
        torch.tensor([44],dtype=torch.uint8)==300
        torch.tensor([0.1])==0.1
        torch.tensor([float('inf')])==1e50
        torch.tensor([3e38])<1e50
        torch.tensor([3.4028235e38])<3.5e38
        torch.tensor([16777216],dtype=torch.int32)==16777216.5
        torch.tensor([2],dtype=torch.int32)==2.5
        torch.tensor([2],dtype=torch.int32)<2.5
        torch.tensor([16777217],dtype=torch.int32)==torch.tensor([16777216.])
        torch.ones(2).eq(torch.ones(3))
        torch.eq(torch.ones(2),'a')
        torch.ones(2)=='a'
        torch.ones(2)==None
        torch.ones(2)!=None
        torch.ones(2)==[1,1]
        torch.ones(2)<None
        torch.ones(2)<'a'
        torch.ones(2)<1j
        torch.tensor([1j])<1
        torch.tensor([1j])==1j
        torch.eq(2,torch.ones(2))
        torch.eq(2,2)
        torch.equal(torch.ones(2),torch.ones(3))
        torch.equal(torch.ones(2),torch.ones(2,dtype=torch.int32))
        torch.equal(torch.ones(2),2)
        torch.tensor([float('nan')]).equal(torch.tensor([float('nan')]))
        torch.isclose(torch.ones(2),torch.ones(2,dtype=torch.int32))
        torch.isclose(torch.ones(2),1)
        torch.allclose(torch.ones(2),torch.ones(2,dtype=torch.float64))
        torch.isclose(torch.tensor([1],dtype=torch.int32),torch.tensor([1],dtype=torch.int32))
        torch.isin(torch.tensor([1,2,3]),torch.tensor([2]))
        torch.isin(torch.tensor([1,2,3]),2)
        torch.isin(2,torch.tensor([1,2,3]))
        torch.isin(torch.tensor([1,2,3]),[2])
        torch.is_nonzero(torch.tensor(1.))
        torch.is_nonzero(torch.ones(2))
        torch.isreal(torch.tensor([1j,1]))
        torch.isposinf(torch.tensor([1j,1]))
        torch.isinf(torch.tensor([1j,1]))
        torch.isfinite(torch.tensor([1,2]))
        torch.isneginf(torch.tensor([1,2]))
        torch.eq(torch.ones(2),1,out=torch.ones(2))
        torch.eq(torch.ones(2),1,out=torch.ones(2,dtype=torch.uint8))
        torch.ones(2).eq_(1)
        torch.ones(2).logical_not_()
        torch.ones(2).logical_and_(torch.zeros(2))
        torch.logical_not(torch.ones(2),out=torch.ones(2))
        torch.ones(2,dtype=torch.int32).bitwise_not_()
        torch.ones(2,dtype=torch.int32).__iand__(3)
        torch.ones(2,dtype=torch.int32)^3
        torch.ones(2,dtype=torch.bool)&torch.ones(2)
        torch.ones(2,dtype=torch.bool)|None
        torch.ones(2,dtype=torch.bool)<<1
        torch.ones(2)<<torch.ones(2)
        torch.ones(2,dtype=torch.int32)<<1.5
        torch.ones(2,dtype=torch.int8)<<10
        torch.ones(2,dtype=torch.int32)>>100
        torch.gcd(i,torch.ones(2,dtype=torch.int64))
        torch.gcd(b,b)
        torch.lcm(x,x)
        torch.bitwise_and(2,2)
        torch.bitwise_or(b,1)
        torch.bitwise_or(True,b)
        torch.bitwise_left_shift(b,b)
        torch.bitwise_left_shift(i,1.5)
        torch.bitwise_right_shift(2,2)
        torch.logical_xor(c,b)
        torch.logical_and(2,x)
        torch.eq(x,c)
        torch.lt(b,b)
        torch.lt(x,'a')
        torch.greater(x,1)
        torch.not_equal(x,1)
        torch.where(b,torch.tensor(1.,dtype=torch.float64),x)
        x.masked_fill_(torch.ones(3,2,dtype=torch.bool),1)
        torch.masked_fill(x,torch.ones(3,2,dtype=torch.bool),1)
        torch.lerp(x,x,torch.tensor(0.5,dtype=torch.float64))
        torch.addcmul(x,x,x,value='a')
        torch.clamp(x,min=None,max=None)
        torch.clamp(i,min=0,max=2.5)
        torch.clamp(x,min=d)
        torch.clamp(x,min=1j)
        """,
    )


def test_arithmetic(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.add(3,x)
        torch.add(3,4)
        torch.add(x,'a')
        torch.add(x,[1])
        x+'a'
        x+[1,2]
        x+None
        torch.add(x,2,3)
        torch.add(x,2,alpha=3)
        torch.add(i,2,alpha=1.5)
        torch.add(i,x,alpha=1.5)
        torch.add(b,b,alpha=2)
        torch.add(b,b,alpha=True)
        torch.add(b,b)
        torch.add(b,1)
        torch.add(x,x,alpha=1j)
        torch.add(x,torch.ones(3))
        x+torch.ones(3)
        torch.add(torch.ones(2,3),torch.ones(4,3))
        torch.sub(b,b)
        torch.sub(x,b)
        torch.sub(b,x)
        torch.sub(b,1)
        torch.sub(1,b)
        torch.rsub(x,3)
        torch.rsub(b,3)
        1-b
        torch.mul(x,'a')
        torch.mul(i,1.5)
        torch.div(i,2)
        torch.div(i,2,rounding_mode='floor')
        torch.div(i,2,rounding_mode='foo')
        torch.div(x,2,rounding_mode='trunc')
        torch.div(c,2,rounding_mode='floor')
        torch.floor_divide(i,2)
        torch.floor_divide(c,2)
        x//0
        x%0
        torch.remainder(3,x)
        torch.remainder(3,4)
        torch.remainder(x,'a')
        torch.fmod(3,x)
        c%2
        torch.pow(x,2)
        torch.pow(2,x)
        torch.pow(2,3)
        torch.pow(i,-1)
        torch.pow(i,2.5)
        torch.pow(i,torch.tensor([-1,2]))
        torch.pow(b,2)
        torch.pow(b,b)
        b**2
        2**i
        2**b
        torch.pow(x,1j)
        i.pow_(2.5)
        x.pow_(1j)
        i.add_(1.5)
        i.mul_(1.5)
        i.div_(2)
        b.add_(1)
        i.sqrt_()
        x.add_(c)
        x.add_(torch.ones(3))
        x.add_(torch.ones(2,2))
        torch.add(x,1,out=i)
        torch.add(x,1,out=torch.zeros(3))
        torch.add(x,1,out=torch.zeros(0))
        torch.add(i,1.5,out=i)
        torch.add(torch.ones(2,requires_grad=True),1,out=x)
        torch.add(x,1,out=torch.ones(2,requires_grad=True))
        torch.float_power(x,2)
        torch.float_power(2,x)
        torch.float_power(c,i)
        u+300
        u*300
        u-300
        u+(-1)
        i+2**40
        i*2**40
        i==2**40
        torch.ones(2,dtype=torch.int8)+200
        x+1e50
        x*1e300
        torch.ones(2,dtype=torch.float16)*1e6
        x+2**63
        torch.ones(2,dtype=torch.int64)+2**63
        torch.ones(2,dtype=torch.int64)==2**63
        torch.tensor([255],dtype=torch.uint8)==-1
        torch.tensor([0],dtype=torch.uint8)>-1
        torch.isclose(torch.ones(2),torch.ones(2),rtol=-1)
        torch.isclose(torch.ones(2),torch.ones(2),atol=-1)
        torch.allclose(torch.ones(2),torch.ones(2)*1.0001)
        torch.ones(2,dtype=torch.int32)>>-1
        torch.ones(2,dtype=torch.int32)<<-1
        -torch.ones(2,dtype=torch.int32)>>100
        torch.floor_divide(3,x)
        torch.true_divide(3,x)
        torch.div(3,x)
        torch.div(3,4)
        torch.mul(3,4)
        torch.sub(3,4)
        torch.mul(3,x)
        torch.sub(3,x)
        torch.rsub(x,x)
        torch.rsub(x,x,alpha=3)
        torch.rsub(3,x)
        torch.fmod(x,x)
        torch.fmod(c,2)
        torch.fmod(b,b)
        torch.remainder(b,b)
        torch.floor_divide(b,b)
        torch.float_power(2,2)
        torch.float_power(i,i)
        torch.float_power(x,1j)
        torch.float_power(b,2)
        torch.pow(i,i)
        torch.pow(c,2)
        torch.pow(x,c)
        torch.pow(h,2.5)
        torch.pow(2.5,i)
        torch.pow(True,i)
        torch.pow(2,b)
        torch.pow(b,2.5)
        torch.pow(i,True)
        torch.pow(x,True)
        torch.pow(b,True)
        torch.pow(x,'a')
        torch.pow(torch.tensor(2),-1)
        torch.pow(i,torch.tensor(-1))
        torch.pow(2,torch.tensor([-1,1]))
        torch.pow(0,torch.tensor([-1,1]))
        torch.add(x,1,alpha=2)
        torch.add(b,1,alpha=True)
        torch.add(i,1,alpha=True)
        torch.add(x,1,alpha='a')
        torch.sub(i,1,alpha=1.5)
        torch.sub(x,1,alpha=2)
        torch.sub(b,1,alpha=2)
        torch.mul(b,b)
        torch.mul(b,2)
        torch.div(b,b)
        torch.div(b,b,rounding_mode='floor')
        torch.div(b,True,rounding_mode='trunc')
        torch.div(x,0)
        torch.div(i,2,rounding_mode=None)
        torch.div(i,2.5,rounding_mode='trunc')
        torch.floor_divide(x,2.5)
        torch.floor_divide(i,2.5)
        torch.add(torch.ones(2),torch.ones(2,dtype=torch.float64))
        torch.add(torch.ones(2),torch.tensor(2.,dtype=torch.float64))
        torch.add(torch.ones(2,dtype=torch.int32),torch.tensor(2,dtype=torch.int64))
        torch.add(torch.ones(2,dtype=torch.int32),torch.tensor(2.5,dtype=torch.float64))
        x.addcmul_(d,d)
        i.addcmul_(x,x)
        """,
    )


def test_other_binary(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.maximum(x,c)
        torch.maximum(x,2)
        torch.maximum(x,i)
        torch.fmax(c,c)
        torch.logaddexp(x,x)
        torch.logaddexp(i,i)
        torch.logaddexp(x,2)
        torch.atan2(i,i)
        torch.atan2(x,2)
        torch.hypot(i,i)
        torch.hypot(x,h)
        torch.copysign(i,2)
        torch.copysign(x,i)
        torch.copysign(c,x)
        torch.nextafter(x,h)
        torch.ldexp(x,i)
        torch.ldexp(i,i)
        torch.heaviside(x,i)
        torch.heaviside(x,x)
        torch.heaviside(c,c)
        torch.xlogy(i,i)
        torch.xlogy(2,x)
        torch.xlogy(x,2)
        torch.maximum(torch.ones(2),torch.tensor(2.))
        torch.maximum(b,b)
        torch.fmax(b,b)
        torch.fmax(i,x)
        torch.atan2(c,c)
        torch.atan2(x,i)
        torch.atan2(b,b)
        torch.logaddexp(c,c)
        torch.logaddexp(x,c)
        torch.logaddexp(x,i)
        torch.logaddexp2(x,x)
        torch.logaddexp2(c,c)
        torch.logaddexp2(i,i)
        torch.hypot(c,c)
        torch.hypot(x,i)
        torch.hypot(x,2)
        torch.nextafter(i,i)
        torch.nextafter(x,d)
        torch.nextafter(x,2)
        torch.nextafter(h,h)
        torch.copysign(b,b)
        torch.copysign(2,x)
        torch.copysign(i,i)
        torch.ldexp(d,i)
        torch.ldexp(h,i)
        torch.ldexp(x,x)
        torch.ldexp(x,2)
        torch.ldexp(c,x)
        torch.heaviside(i,i)
        torch.heaviside(b,b)
        torch.heaviside(x,2)
        torch.xlogy(i,x)
        torch.xlogy(c,c)
        torch.xlogy(2,2)
        torch.xlogy(b,b)
        torch.igamma(i,i)
        torch.igamma(x,2)
        torch.igammac(h,h)
        x.float_power_(2)
        d.float_power_(2)
        d.float_power_(1j)
        torch.polar(x,d)
        torch.polar(x,x)
        torch.polar(x,2)
        x.sub_(b)
        torch.maximum(i,b)
        """,
    )


def test_three_operands(agree: Any) -> None:
    agree(
        SETUP,
        """
        torch.clamp(x)
        torch.clamp(x,2,1)
        torch.clamp(c,1)
        torch.clamp(i,1.5)
        torch.clamp_min(x,2)
        torch.lerp(x,x,0.5)
        torch.lerp(x,h,0.5)
        torch.lerp(x,x,i)
        torch.lerp(x,x,x)
        torch.lerp(i,i,1)
        torch.addcmul(x,2,x,x)
        torch.addcdiv(x,i,x)
        torch.addcdiv(i,i,i)
        torch.addcdiv(x,i,i)
        torch.where(b,x,2)
        torch.where(b,x,i)
        torch.where(b,1,2)
        torch.where(b,1.,2)
        torch.where(x,1,2)
        torch.where(i,1,2)
        torch.where(b)
        torch.where(b,x)
        torch.where(b,x,c)
        torch.where(b,torch.ones(3),x)
        torch.clamp(u,0,300)
        torch.where(b,1,2.5)
        torch.where(b,x,1j)
        torch.where(b,i,2.5)
        torch.where(b,h,x)
        torch.where(b,x,'a')
        x.where(b,2)
        x.where(b,i)
        torch.masked_fill(x,b,2)
        torch.masked_fill(x,b,torch.tensor(2))
        torch.masked_fill(x,b,torch.ones(2))
        torch.masked_fill(i,b,2.5)
        torch.masked_fill(x,i,2.5)
        torch.masked_fill(x,b,1j)
        torch.lerp(c,c,0.5)
        torch.lerp(x,x,1j)
        torch.lerp(x,d,0.5)
        torch.lerp(x,x,'a')
        torch.addcmul(x,x,i)
        torch.addcmul(i,x,x)
        torch.addcmul(b,b,b)
        torch.addcmul(x,torch.ones(3),x)
        torch.addcmul(x,2,3)
        torch.addcdiv(x,x,i)
        torch.addcdiv(x,2,x,x)
        torch.clamp(x,'a')
        torch.clamp(b,1,2)
        torch.clamp(b,0)
        torch.clamp(x,1,torch.tensor(2))
        torch.clamp(i,torch.tensor(1.5))
        torch.clamp_max(i,torch.tensor([1,0]))
        torch.clamp_max(x,None)
        torch.clamp_min(c,1)
        i.clamp_(2)
        i.clamp_min_(5)
        torch.clip(x,0,.5)
        torch.clamp(x,float('nan'))
        torch.clamp(x,torch.ones(3))
        """,
    )


def test_recorded(agree: Any) -> None:
    agree(
        "r=torch.tensor([1.5,-2.5],requires_grad=True)",
        """
        r.sin()
        r+1
        r-1
        1-r
        r*2
        r/2
        2/r
        r**2
        r**3
        2**r
        r**r
        r%2
        -r
        abs(r)
        +r
        r.clamp(0,1)
        r.clamp(r,r)
        r.add(r,alpha=2)
        r.exp().log().sqrt()
        r>0
        r.floor()
        r.round()
        r.frac()
        r.sign()
        torch.maximum(r,r)
        torch.where(r>0,r,0)
        torch.lerp(r,r,.3)
        r.erf()
        r.lgamma()
        r.square()
        r.reciprocal()
        r.float_power(2)
        torch.float_power(r,r)
        torch.xlogy(r,2)
        torch.addcmul(r,r,r)
        r.nan_to_num()
        r.double()+r
        torch.sigmoid(r)
        r.relu()
        torch.atan2(r,r)
        torch.fmod(r,2)
        torch.remainder(r,r)
        torch.rsub(r,1)
        torch.hypot(r,r)
        torch.isclose(r,r)
        torch.logaddexp(r,r)
        r.masked_fill(r>0,0)
        torch.copysign(r,-1)
        torch.copysign(r,r)
        r.mul_(2)
        r.mul_(2)
        r.add_(1,alpha=2)
        r.div_(2)
        r.pow_(2)
        r.clamp_(0,3)
        r.addcmul_(r,r,value=.5)
        r.zero_()
        r.fill_(3)
        """,
    )
