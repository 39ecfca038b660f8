"""What the namespace itself offers: names, switches, legacy types, printing, saving and loading."""

from __future__ import annotations

import collections
import importlib
import io
import pickle
import zipfile

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch.nn.parameter import Parameter


def test_constants_and_dtypes() -> None:
    assert dt.float is dt.float32
    assert dt.long is dt.int64
    assert dt.half is dt.float16
    assert dt.inf == float("inf")
    assert dt.nan != dt.nan
    assert round(dt.pi, 3) == 3.142
    assert dt.__version__ == "2.13.0+cpu"
    assert dt.__version__ > "2.9"
    assert dt.__version__ >= (2, 13)
    assert not dt.cuda.is_available()
    assert dt.cuda.device_count() == 0
    assert dt.get_default_dtype() is dt.float32
    assert repr(dt.strided) == "torch.strided"
    assert dt.device("cpu").type == "cpu"


def test_a_missing_name_says_what_is_near() -> None:
    with pytest.raises(
        AttributeError, match=r"module 'torch' has no attribute 'matmull'\n.*matmul"
    ):
        dt.matmull  # noqa: B018
    with pytest.raises(AttributeError, match=r"module 'torch\.linalg' has no attribute"):
        dt.linalg.invv  # noqa: B018
    assert not hasattr(dt, "no_such_name")


@pytest.mark.parametrize(
    ("module", "name", "near"),
    [
        ("nn", "Lineer", "Linear"),
        ("nn.functional", "reluu", "relu"),
        ("nn.init", "zeros", "zeros_"),
        ("optim.lr_scheduler", "StepLRR", "StepLR"),
        ("special", "erff", "erf"),
        ("utils.data", "DataLoder", "DataLoader"),
    ],
)
def test_a_missing_name_of_a_submodule(module: str, name: str, near: str) -> None:
    found = importlib.import_module(f"dualtape.torch.{module}")
    with pytest.raises(AttributeError, match=rf"module 'torch\.{module}' has no .*\n.*{near}"):
        getattr(found, name)


def test_legacy_types() -> None:
    x = dt.FloatTensor([1, 2])
    assert x.dtype is dt.float32
    assert isinstance(x, dt.FloatTensor)
    assert not isinstance(x, dt.LongTensor)
    assert dt.LongTensor(2, 3).shape == (2, 3)
    assert x.type() == "torch.FloatTensor"
    assert x.type(dt.DoubleTensor).dtype is dt.float64
    assert dt.typename(x) == "torch.FloatTensor"


def test_printing_shows_history_and_dtype() -> None:
    x = dt.ones(2, requires_grad=True)
    assert repr(x) == "tensor([1., 1.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 2.], grad_fn=<MulBackward0>)"
    assert repr(dt.ones(2, dtype=dt.float64)) == "tensor([1., 1.], dtype=torch.float64)"
    with dt.autograd.forward_ad.dual_level():
        d = dt.autograd.forward_ad.make_dual(dt.ones(2), dt.ones(2))
        assert repr(d * 2) == "tensor([2., 2.], tangent=tensor([2., 2.]))"


def test_compile_gives_the_function_back_for_the_eager_backend() -> None:
    def f(x: float) -> float:
        return x + 1

    assert dt.compile(f, backend="eager") is f
    assert dt.compile(mode="max-autotune", disable=True)(f) is f
    assert dt.compile(mode="max-autotune")(f)(dt.ones(2)).tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="Invalid backend: 'nothing'"):
        dt.compile(f, backend="nothing")
    with pytest.raises(RuntimeError, match="Either mode or options can be specified"):
        dt.compile(f, mode="default", options={})


def test_threads() -> None:
    before = dt.get_num_threads()
    dt.set_num_threads(1)
    assert dt.get_num_threads() == 1
    dt.set_num_threads(before)
    with pytest.raises(RuntimeError, match="expects a positive integer"):
        dt.set_num_threads(0)


def test_save_and_load(tmp_path: object) -> None:
    state = collections.OrderedDict(
        w=Parameter(dt.ones(2)), b=dt.arange(3), extra={"lr": 0.1, "dtype": dt.float16}
    )
    memory = io.BytesIO()
    dt.save(state, memory)
    memory.seek(0)
    back = dt.load(memory)
    assert list(back) == ["w", "b", "extra"]
    assert isinstance(back["w"], Parameter)
    assert back["w"].requires_grad
    assert back["b"].tolist() == [0, 1, 2]
    assert back["extra"]["dtype"] is dt.float16


class Unknown:
    """Something that weights_only does not allow."""


def test_load_refuses_what_is_not_data() -> None:
    memory = io.BytesIO()
    dt.save(Unknown(), memory)
    memory.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        dt.load(memory)
    memory.seek(0)
    assert isinstance(dt.load(memory, weights_only=False), Unknown)


def test_load_says_what_a_pt_file_is() -> None:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    memory.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="PyTorch's own format"):
        dt.load(memory)
    with pytest.raises(pickle.UnpicklingError, match=r"not a file that torch\.save"):
        dt.load(io.BytesIO(b"hello"))


def test_conversions() -> None:
    x = dt.tensor([1.5, 2.5])
    assert x.to(dt.int64).tolist() == [1, 2]
    assert x.to(x) is x
    assert x.to("cpu") is x
    assert x.to(dt.float32, copy=True) is not x
    assert x.to("cpu", dt.float64).dtype is dt.float64
    x.data = dt.tensor([3.0, 4.0])
    assert x.tolist() == [3.0, 4.0]
    assert x.stride() == (1,)
    assert x[1:].storage_offset() == 1
    assert x.element_size() == 4
    np.testing.assert_array_equal(dt.ones(2, 3).fill_diagonal_(7).numpy(), [[7, 1, 1], [1, 7, 1]])
    with pytest.raises(RuntimeError, match="CPU only"):
        x.to("cuda")
