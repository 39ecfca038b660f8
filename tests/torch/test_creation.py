"""Making tensors: data, sizes, ranges; golden values, and everything against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape.torch as dt


def test_golden_values() -> None:
    assert dt.tensor([[1, 2], [3, 4]]).dtype is dt.int64
    assert dt.tensor([1, 2.5]).tolist() == [1.0, 2.5]
    assert dt.tensor([1, 2.5]).dtype is dt.float32
    assert dt.tensor(np.array([1.5])).dtype is dt.float64
    assert dt.arange(2, 7, 2).tolist() == [2, 4, 6]
    assert dt.linspace(0, 1, 3).tolist() == [0.0, 0.5, 1.0]
    assert dt.eye(2).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert dt.full((2,), 7).dtype is dt.int64
    assert dt.zeros(2, 3).shape == (2, 3)
    assert dt.zeros((2, 3), dtype=dt.int32).dtype is dt.int32
    assert dt.tensor(3.0, requires_grad=True).is_leaf


def test_from_numpy_shares_memory() -> None:
    array = np.zeros(3)
    t = dt.from_numpy(array)
    array[0] = 5
    assert t[0].item() == 5
    t[1] = 7.0
    assert array[1] == 7
    assert dt.as_tensor(array).numpy() is array or np.shares_memory(
        dt.as_tensor(array).numpy(), array
    )
    copied = dt.tensor(array)
    array[2] = 9
    assert copied[2].item() == 0


def test_bad_data() -> None:
    with pytest.raises(ValueError, match=r"expected sequence of length 2 at dim 1 \(got 1\)"):
        dt.tensor([[1, 2], [3]])
    with pytest.raises(TypeError, match=r"new\(\): invalid data type 'str'"):
        dt.tensor("text")
    with pytest.raises(RuntimeError, match="Could not infer dtype of NoneType"):
        dt.tensor(None)
    with pytest.raises(
        RuntimeError, match="Only Tensors of floating point and complex dtype can require"
    ):
        dt.tensor([1, 2], requires_grad=True)
    with pytest.raises(RuntimeError, match="negative dimension -1"):
        dt.zeros(2, -1)
    with pytest.raises(TypeError, match="must be tuple of ints, not float"):
        dt.zeros(2.0)
    with pytest.raises(
        RuntimeError, match="upper bound and lower bound inconsistent with step sign"
    ):
        dt.arange(5, 0)


def test_strides() -> None:
    assert dt.empty((1, 2, 3, 4), memory_format=dt.channels_last).stride() == (24, 1, 8, 2)
    assert dt.empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert dt.empty_permuted((2, 3, 4), (1, 2, 0)).stride() == (1, 8, 2)
    assert dt.zeros_like(dt.ones(2, 3).t()).stride() == (1, 3)
    assert dt.zeros_like(dt.ones(2, 3).t(), memory_format=dt.contiguous_format).stride() == (2, 1)


def test_default_dtype() -> None:
    dt.set_default_dtype(dt.float64)
    try:
        assert dt.tensor(1.0).dtype is dt.float64
        assert dt.zeros(2).dtype is dt.float64
        assert dt.tensor(1j).dtype is dt.complex128
        assert (dt.tensor([1]) / 2).dtype is dt.float64
        assert dt.finfo().dtype == "float64"
    finally:
        dt.set_default_dtype(dt.float32)
    with pytest.raises(
        TypeError, match="only floating-point types are supported as the default type"
    ):
        dt.set_default_dtype(dt.int32)


def test_ranges_are_those_of_pytorch_bit_for_bit() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    for name in ("float32", "float64"):
        for _ in range(30):
            start, step = float(rng.normal() * 10), abs(float(rng.normal())) * 0.1 + 0.01
            end, count = start + abs(float(rng.normal() * 20)), int(rng.integers(1, 90))
            ours = dt.arange(start, end, step, dtype=getattr(dt, name)).numpy()
            theirs = torch.arange(start, end, step, dtype=getattr(torch, name)).numpy()
            np.testing.assert_array_equal(ours, theirs)
            ours = dt.linspace(start, end, count, dtype=getattr(dt, name)).numpy()
            theirs = torch.linspace(start, end, count, dtype=getattr(torch, name)).numpy()
            np.testing.assert_array_equal(ours, theirs)


def test_type_info() -> None:
    assert repr(dt.finfo(dt.float32)).startswith("finfo(resolution=1e-06, min=-3.40282e+38,")
    assert dt.finfo(dt.bfloat16).eps == 0.0078125
    assert dt.finfo(dt.float16).max == 65504
    assert dt.finfo(dt.complex64).dtype == "float32"
    assert dt.iinfo(dt.uint8).max == 255
    assert repr(dt.iinfo(dt.int8)) == "iinfo(min=-128, max=127, dtype=int8)"
    with pytest.raises(TypeError, match="requires a floating point input type"):
        dt.finfo(dt.int32)
    with pytest.raises(TypeError, match=r"torch.bool is not supported by torch.iinfo"):
        dt.iinfo(dt.bool)


def test_type_info_against_pytorch(agree: Any) -> None:
    agree(
        "",
        """
        torch.finfo(torch.float32)
        torch.finfo(torch.bfloat16).smallest_normal
        torch.finfo(torch.float64).resolution
        torch.iinfo(torch.int64)
        torch.finfo(torch.int32)
        torch.iinfo(torch.float32)
        """,
    )


def test_tensor_from_data(agree: Any) -> None:
    agree(
        "",
        """
        torch.arange(torch.tensor(3))
        torch.arange(torch.tensor(3.))
        torch.linspace(torch.tensor(0),1,3)
        torch.linspace(torch.tensor([0]),1,3)
        torch.linspace(0,1,steps=torch.tensor(3))
        torch.full((2,),torch.tensor(2))
        torch.full((2,),torch.tensor([2]))
        torch.zeros(torch.tensor(2))
        torch.zeros((torch.tensor(2),3))
        torch.tensor([])
        torch.tensor([[],[]])
        torch.tensor([1,2.5])
        torch.tensor([True,2])
        torch.tensor([1,2j])
        torch.tensor([[1,2],[3]])
        torch.tensor([[1,2],3])
        torch.tensor([1,[2,3]])
        torch.tensor('a')
        torch.tensor(['a'])
        torch.tensor(None)
        torch.tensor([None])
        torch.tensor({})
        torch.tensor({1:2})
        torch.tensor(2**63)
        torch.tensor(2**64)
        torch.tensor(-2**63)
        torch.tensor([2**63])
        torch.tensor(2**63,dtype=torch.uint64)
        torch.tensor([1.5],dtype=torch.int32)
        torch.tensor([300],dtype=torch.uint8)
        torch.tensor(300,dtype=torch.uint8)
        torch.tensor(-1,dtype=torch.uint8)
        torch.tensor(200,dtype=torch.int8)
        torch.tensor(1e10,dtype=torch.int32)
        torch.tensor([1e50],dtype=torch.float32)
        torch.tensor(1e50,dtype=torch.float32)
        torch.tensor(1e5,dtype=torch.float16)
        torch.tensor([1+2j],dtype=torch.float32)
        torch.tensor(torch.tensor([1.5]),dtype=torch.int32)
        torch.tensor([torch.tensor(1),torch.tensor(2.5)])
        torch.tensor([torch.tensor([1,2]),torch.tensor([2,3])])
        torch.tensor([torch.tensor([1.,2.],dtype=torch.float64)])
        torch.tensor([np.float64(3)])
        torch.tensor([np.float32(3),np.float32(2)])
        torch.tensor(np.float64(3))
        torch.tensor(np.float32(3))
        torch.tensor(np.int32(3))
        torch.tensor(np.array([1,2]))
        torch.tensor([np.array([1,2]),np.array([1,2])])
        torch.tensor([np.int32(3)])
        torch.tensor(np.array(['a']))
        torch.tensor(np.array([1,None]))
        torch.tensor(range(3))
        torch.tensor((1,2))
        torch.tensor({1,2})
        torch.tensor(x for x in [1])
        torch.tensor(1,dtype=torch.int32,requires_grad=True)
        torch.tensor(1.,requires_grad=True)
        torch.tensor([1,2],device='cpu')
        torch.tensor(data=[1,2])
        torch.tensor([1],torch.float32)
        torch.tensor([1],dtype=float)
        torch.tensor([1],dtype='float32')
        torch.tensor([1],dtype=np.float32)
        torch.tensor(object())
        torch.tensor([object()])
        torch.tensor([[1,2],[3,'a']])
        torch.tensor([float('nan'),1],dtype=torch.int32)
        torch.tensor(float('nan'),dtype=torch.int64)
        torch.tensor([True,False],dtype=torch.float32)
        torch.tensor([1.,float('inf')])
        torch.tensor(np.array([1.5,2.5],dtype='>f4'))
        torch.tensor(np.datetime64('2020-01-01'))
        torch.tensor(np.ones((2,2))[::-1])
        torch.from_numpy(np.ones((2,2))[::-1])
        torch.from_numpy(np.array(['a']))
        torch.from_numpy([1])
        torch.from_numpy(np.float32(1))
        torch.from_numpy(np.array([1.5,2.5],dtype='>f4'))
        torch.from_numpy(np.array(1.5,dtype='f8'))
        torch.as_tensor([1,2])
        torch.as_tensor(np.array([1,2.]))
        torch.as_tensor(3.5)
        torch.as_tensor(torch.ones(2),dtype=torch.int32)
        torch.as_tensor('a')
        torch.asarray([1,2.])
        torch.asarray(np.array([1,2.]))
        torch.asarray(np.array([1,2.]),copy=True)
        torch.asarray(3,requires_grad=True)
        torch.asarray([3.],requires_grad=True)
        torch.asarray(bytearray(b'abcd'),dtype=torch.uint8)
        torch.asarray([1.],copy=False)
        torch.frombuffer(bytearray(b'abcdabcd'),dtype=torch.int32)
        torch.frombuffer(bytearray(b'abcdabc'),dtype=torch.int32)
        torch.frombuffer(bytearray(b'abcdabcd'),dtype=torch.int32,count=1,offset=4)
        torch.frombuffer(bytearray(b''),dtype=torch.int32)
        torch.frombuffer(3,dtype=torch.int32)
        torch.scalar_tensor(3)
        torch.scalar_tensor(3j)
        torch.scalar_tensor(3,dtype=torch.int32)
        torch.zeros(torch.tensor([2,3]))
        torch.full_like(x,torch.tensor(3))
        torch.full_like(x,torch.tensor([3]))
        torch.Tensor([1,2])
        torch.Tensor(2,3).shape
        torch.Tensor(torch.ones(2,dtype=torch.int32))
        torch.Tensor(np.ones(2,dtype='i4'))
        torch.Tensor(np.ones(2,dtype='f8'))
        torch.tensor(-300,dtype=torch.uint8)
        torch.tensor(-255,dtype=torch.uint8)
        torch.tensor(-256,dtype=torch.uint8)
        torch.tensor([-256],dtype=torch.uint8)
        torch.tensor([1j],dtype=torch.bool)
        torch.tensor([1j],dtype=torch.int32)
        torch.tensor([1.5],dtype=torch.bool)
        torch.tensor([2**70],dtype=torch.float32)
        torch.tensor([2**40],dtype=torch.int32)
        torch.tensor(-1.5,dtype=torch.uint8)
        torch.tensor(1.5,dtype=torch.uint8)
        torch.tensor(np.array([300]),dtype=torch.uint8)
        torch.tensor(np.array([1e10]),dtype=torch.int32)
        torch.tensor(np.int64(300),dtype=torch.uint8)
        torch.tensor([[1,2],[3,4]],dtype=torch.float64)
        torch.tensor([float('inf')],dtype=torch.int64)
        torch.tensor(True,dtype=torch.uint8)
        torch.asarray(torch.ones(2,requires_grad=True))
        torch.asarray(torch.ones(2,requires_grad=True),requires_grad=True)
        torch.asarray(torch.ones(2,requires_grad=True)*2,requires_grad=True)
        torch.asarray(torch.ones(2),dtype=torch.int32)
        torch.asarray(torch.ones(2),dtype=torch.int32,copy=False)
        torch.asarray(torch.ones(2),copy=False)
        torch.as_tensor(torch.ones(2,requires_grad=True),dtype=torch.float64)
        torch.tensor(torch.ones(2,requires_grad=True))
        torch.tensor([torch.ones(1,requires_grad=True)])
        torch.arange(torch.tensor([3]))
        torch.linspace(torch.tensor(0,dtype=torch.float64),1,3)
        torch.linspace(torch.tensor(1j),torch.tensor(1),3)
        torch.linspace(torch.tensor(0.,requires_grad=True),1,3)
        torch.logspace(torch.tensor([1]),1,3)
        """,
    )


def test_ranges(agree: Any) -> None:
    agree(
        "",
        """
        torch.arange(5)
        torch.arange(0,1,0.1)
        torch.arange(5,0)
        torch.arange(0,5,0)
        torch.arange(0,5,-1)
        torch.arange(float('inf'))
        torch.arange(0,float('nan'))
        torch.arange(5, dtype=torch.bool)
        torch.arange(2.5)
        torch.arange(end=5,start=2)
        torch.arange(1,5,step=2)
        torch.arange(True)
        torch.arange(1j)
        torch.arange('a')
        torch.arange(0,10,3,dtype=torch.float16)
        torch.arange(2**63)
        torch.arange(2**62,2**62+3)
        torch.arange(0, 2**31, 2**30, dtype=torch.int32)
        torch.linspace(0,1,5)
        torch.linspace(0,1,-1)
        torch.linspace(0,1,5,dtype=torch.int64)
        torch.linspace(0,10,5,dtype=torch.int64)
        torch.linspace(0,1j,5)
        torch.linspace(0,1,1)
        torch.linspace(0,1,0)
        torch.linspace(0,1,3.5)
        torch.logspace(0,2,3)
        torch.logspace(0,2,3,base=2)
        torch.logspace(0,2,-3)
        torch.logspace(0,2,3,dtype=torch.int32)
        torch.tril_indices(3,3)
        torch.tril_indices(3,-3)
        torch.tril_indices(3,4,1)
        torch.triu_indices(3,4,-1)
        torch.arange(0.5,5,dtype=torch.int64)
        torch.arange(0,5,0.5,dtype=torch.int64)
        torch.arange(0,5,1.5,dtype=torch.int64)
        torch.arange(0,5,1.5,dtype=torch.int32)
        torch.arange(1.9,5.2,1,dtype=torch.int32)
        torch.arange(1.9,5.2,1,dtype=torch.int64)
        torch.arange(0,5,out=torch.zeros(0))
        torch.arange(0,5,out=torch.zeros(0,dtype=torch.int32))
        torch.arange(0,3,requires_grad=True)
        torch.arange(0,3.,requires_grad=True)
        torch.arange(np.int64(3))
        torch.arange(np.float32(3))
        torch.arange(0,1,0.1,dtype=torch.complex64)
        torch.arange(3,dtype=torch.uint16)
        torch.arange(10,0,-3)
        torch.arange(300,dtype=torch.uint8).shape
        torch.arange(0,300,100,dtype=torch.uint8)
        torch.tril_indices(2,3,dtype=torch.int32)
        torch.tril_indices(-2,3)
        torch.tril_indices(2,3,dtype=torch.float32)
        torch.linspace(-5,5,7,dtype=torch.int32)
        torch.linspace(-10,-1,7,dtype=torch.int64)
        torch.linspace(0.5,9.7,4,dtype=torch.int32)
        torch.linspace(0,300,4,dtype=torch.uint8)
        torch.linspace(0,1,3,dtype=torch.bool)
        torch.linspace(0,1j,3,dtype=torch.float32)
        torch.linspace(0,1,3,dtype=torch.float16)
        torch.linspace(0,1,3,dtype=torch.complex64)
        torch.linspace(0,1,3,out=torch.zeros(0,dtype=torch.float64))
        torch.linspace(0,1,3,out=torch.zeros(0,dtype=torch.int64))
        torch.linspace(0,1,3,requires_grad=True)
        torch.linspace(2**62,2**62+10,3,dtype=torch.int64)
        torch.linspace('a',1,3)
        torch.logspace(0,10,3,dtype=torch.int64)
        torch.logspace(0,1,3,base=1j)
        torch.logspace(0,1j,3)
        torch.logspace(0,1,1,base=3)
        torch.logspace(2,3,1,base=3)
        torch.logspace(0,3,4,base=-2)
        torch.logspace(0,1,3,10,dtype=torch.float64)
        torch.arange(0,5,1,3)
        torch.arange()
        torch.arange(1,None)
        torch.arange(5,dtype=torch.float32,requires_grad=True)
        torch.arange(5,layout=torch.strided,device='cpu')
        torch.arange(end=5)
        torch.arange(start=5)
        torch.arange(2**53,2**53+3,dtype=torch.float64)
        torch.arange(-3)
        torch.arange(0,-3,-1)
        torch.arange(0)
        torch.arange(0,0.3,0.1)
        torch.arange(1,2,0.1,dtype=torch.float64)
        torch.arange(1,1.3,0.1)
        torch.triu_indices(0,3)
        torch.triu_indices(3,0)
        torch.triu_indices(3,3,-100).shape
        torch.arange(0,10,2.5,dtype=torch.int32)
        torch.arange(0,10,0.5,dtype=torch.int32)
        torch.arange(0,10,1.5,dtype=torch.int16)
        """,
    )


def test_full_and_eye(agree: Any) -> None:
    agree(
        "x = torch.ones(2, 3)",
        """
        torch.eye(3)
        torch.eye(-1)
        torch.eye(2,-1)
        torch.eye(2,3,dtype=torch.int32)
        torch.eye(2.0)
        torch.full((2,),1)
        torch.full((2,),1.5)
        torch.full((2,),True)
        torch.full((2,),1j)
        torch.full(2,3)
        torch.full((-2,),3)
        torch.full((2,),3,dtype=torch.bool)
        torch.full((2,),300,dtype=torch.uint8)
        torch.full((2,),1.5,dtype=torch.int32)
        torch.full((2,),1j,dtype=torch.float32)
        torch.ones(2).new_full((2,),3)
        torch.full_like(torch.ones(2),2)
        torch.full_like(torch.ones(2,dtype=torch.int32),2.5)
        torch.full((2,-1),1)
        x.new_full((2,-1),1)
        torch.full_like(x,1j)
        x.new_full((2,),1j)
        x.new_full(2,1)
        torch.full((2,),1,out=torch.zeros(2))
        torch.full((2,),1,out=torch.zeros(2),dtype=torch.int32)
        torch.full((2,),1.5,out=torch.zeros(2,dtype=torch.int32))
        torch.eye(2,out=torch.zeros(3,dtype=torch.int32))
        torch.full((2,),-1,dtype=torch.uint8)
        torch.full((2,),-255,dtype=torch.uint8)
        torch.full((2,),-256,dtype=torch.uint8)
        torch.full((2,),1e50,dtype=torch.float32)
        torch.full((2,),1e10,dtype=torch.int32)
        torch.full((2,),float('nan'),dtype=torch.int32)
        torch.full((2,),float('nan'),dtype=torch.bool)
        torch.full((2,),2.5,dtype=torch.bool)
        torch.full((2,),1e6,dtype=torch.float16)
        torch.full((2,),2**63)
        torch.full((2,),2**64)
        torch.eye(2,dtype=torch.bool)
        torch.eye(2,dtype=torch.complex64)
        """,
    )


def test_sizes_and_likes(agree: Any) -> None:
    agree(
        "x = torch.ones(2, 3)",
        """
        torch.zeros()
        torch.zeros(())
        torch.zeros(2,3)
        torch.zeros([2,3])
        torch.zeros(size=(2,))
        torch.zeros(2.0)
        torch.zeros('a')
        torch.zeros((2,'a'))
        torch.zeros(np.int64(2))
        torch.zeros(True)
        torch.zeros(2,dtype=float)
        torch.zeros(2,dtype='float32')
        torch.zeros(2,dtype=np.float32)
        torch.zeros(2,requires_grad=True,dtype=torch.int32)
        torch.zeros(None)
        torch.zeros(2,out=torch.ones(3))
        torch.zeros(2,out=torch.ones(2),dtype=torch.int32)
        torch.zeros(2,device='foo')
        torch.empty_strided((2,3),(-1,2))
        torch.empty_strided((2,3),(1,))
        torch.empty_permuted((2,3),(0,0))
        torch.ones(2).new_tensor([1,2])
        torch.ones(2).new_tensor(np.array([1,2]))
        torch.ones(2).new_zeros(2,3)
        torch.ones(2).new_zeros((2,3),dtype=torch.int32)
        torch.ones(2).new_empty(3).shape
        torch.ones(2).new_ones(3)
        torch.ones(2).new_ones()
        torch.zeros_like(3)
        torch.zeros_like(torch.ones(2),dtype=torch.int32)
        torch.empty(-1)
        torch.ones(2,-1)
        torch.ones((2,-1))
        x.new_zeros(-1)
        torch.zeros((2,2.5))
        torch.zeros(2,2.5)
        torch.zeros((True,2))
        torch.zeros(2,True)
        torch.zeros([[2]])
        torch.zeros(torch.Size([2]))
        torch.zeros(range(3))
        torch.zeros((2,),memory_format=torch.contiguous_format)
        torch.empty((2,3),memory_format=torch.channels_last)
        torch.zeros_like(x,memory_format=torch.channels_last)
        torch.zeros_like(x,dtype='a')
        torch.zeros_like(x,requires_grad=True)
        x.new_zeros(2,dtype=torch.int32,requires_grad=True)
        x.new(2,3).shape
        x.new([1,2])
        x.new()
        torch.zeros(2,pin_memory=True)
        torch.empty_strided((2,3),(3,1),dtype=torch.int32,requires_grad=True)
        torch.empty_permuted((2,3),(0,2))
        torch.empty_permuted((2,3),(0,))
        torch.zeros(2**40,2**40)
        torch.finfo(torch.float32).eps
        torch.promote_types(torch.uint8,torch.int8)
        torch.result_type(torch.ones(2),2)
        torch.can_cast(torch.float32,torch.bool)
        """,
    )
