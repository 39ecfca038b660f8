"""Texts of tensors: recorded from PyTorch 2.13, and random ones against PyTorch itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from dualtape.torch import printing

Array = np.ndarray[Any, Any]
nan, inf = np.nan, np.inf


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    printing.set_printoptions(profile="default")
    yield
    printing.set_printoptions(profile="default")


# values, dtype, suffixes, options, PyTorch's text
RECORDED: list[tuple[Any, str, list[str], dict[str, Any], str]] = [
    (
        [[27.0, 27.0], [27.0, 27.0]],
        "float32",
        ["grad_fn=<MulBackward0>"],
        {},
        "tensor([[27., 27.],\n        [27., 27.]], grad_fn=<MulBackward0>)",
    ),
    (7.0, "float32", [], {}, "tensor(7.)"),
    (0.1, "float32", [], {}, "tensor(0.1000)"),
    (-0.0, "float32", [], {}, "tensor(-0.)"),
    (nan, "float32", [], {}, "tensor(nan)"),
    (
        [1.0, 2.5, -3.0],
        "float32",
        ["requires_grad=True"],
        {},
        "tensor([ 1.0000,  2.5000, -3.0000], requires_grad=True)",
    ),
    ([1e-5, 1.0], "float32", [], {}, "tensor([1.0000e-05, 1.0000e+00])"),
    ([1e8, 1.0], "float32", [], {}, "tensor([1.0000e+08, 1.0000e+00])"),
    (
        [100000000.0, 99999999.0],
        "float64",
        [],
        {},
        "tensor([100000000.,  99999999.], dtype=torch.float64)",
    ),
    ([0.001, 1.0], "float64", [], {}, "tensor([0.0010, 1.0000], dtype=torch.float64)"),
    ([0.001, 1.5], "float64", [], {}, "tensor([1.0000e-03, 1.5000e+00], dtype=torch.float64)"),
    ([nan, inf, -inf, 1.0, 0.0], "float32", [], {}, "tensor([nan, inf, -inf, 1., 0.])"),
    ([nan, inf, 1.5], "float32", [], {}, "tensor([   nan,    inf, 1.5000])"),
    ([0.0, -0.0], "float32", [], {}, "tensor([0., -0.])"),
    ([], "float32", [], {}, "tensor([])"),
    ([], "int64", [], {}, "tensor([], dtype=torch.int64)"),
    ([[], []], "float32", [], {}, "tensor([], size=(2, 0))"),
    ([[], []], "float64", [], {}, "tensor([], size=(2, 0), dtype=torch.float64)"),
    ([1.0, 2.0], "float64", [], {}, "tensor([1., 2.], dtype=torch.float64)"),
    ([1.5, 0.1], "float16", [], {}, "tensor([1.5000, 0.1000], dtype=torch.float16)"),
    ([1.5, 0.1], "bfloat16", [], {}, "tensor([1.5000, 0.1001], dtype=torch.bfloat16)"),
    ([65504.0, 1.0], "float16", [], {}, "tensor([6.5504e+04, 1.0000e+00], dtype=torch.float16)"),
    ([True, False], "bool", [], {}, "tensor([ True, False])"),
    (True, "bool", [], {}, "tensor(True)"),
    ([1, -20, 300], "int64", [], {}, "tensor([  1, -20, 300])"),
    ([1, 20], "int32", [], {}, "tensor([ 1, 20], dtype=torch.int32)"),
    (
        [[1, 200], [3, 4]],
        "uint8",
        [],
        {},
        "tensor([[  1, 200],\n        [  3,   4]], dtype=torch.uint8)",
    ),
    ([1 + 2j, 3 - 0.5j], "complex64", [], {}, "tensor([1.+2.0000j, 3.-0.5000j])"),
    ([1 + 2j, -3j], "complex128", [], {}, "tensor([1.+2.j, -0.-3.j], dtype=torch.complex128)"),
    (1.5 - 2j, "complex64", [], {}, "tensor(1.5000-2.j)"),
    (
        np.arange(1001.0),
        "float32",
        [],
        {},
        "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])",
    ),
    (
        np.arange(24.0).reshape(2, 3, 4),
        "float32",
        [],
        {},
        "tensor([[[ 0.,  1.,  2.,  3.],\n"
        "         [ 4.,  5.,  6.,  7.],\n"
        "         [ 8.,  9., 10., 11.]],\n"
        "\n"
        "        [[12., 13., 14., 15.],\n"
        "         [16., 17., 18., 19.],\n"
        "         [20., 21., 22., 23.]]])",
    ),
    (
        np.arange(16).reshape(2, 2, 2, 2),
        "int32",
        [],
        {},
        "tensor([[[[ 0,  1],\n"
        "          [ 2,  3]],\n"
        "\n"
        "         [[ 4,  5],\n"
        "          [ 6,  7]]],\n"
        "\n"
        "\n"
        "        [[[ 8,  9],\n"
        "          [10, 11]],\n"
        "\n"
        "         [[12, 13],\n"
        "          [14, 15]]]], dtype=torch.int32)",
    ),
    (
        np.arange(30.0) / 3,
        "float32",
        [],
        {},
        "tensor([0.0000, 0.3333, 0.6667, 1.0000, 1.3333, 1.6667, 2.0000, 2.3333, 2.6667,\n"
        "        3.0000, 3.3333, 3.6667, 4.0000, 4.3333, 4.6667, 5.0000, 5.3333, 5.6667,\n"
        "        6.0000, 6.3333, 6.6667, 7.0000, 7.3333, 7.6667, 8.0000, 8.3333, 8.6667,\n"
        "        9.0000, 9.3333, 9.6667])",
    ),
    (
        np.arange(30.0) * 1000.5,
        "float32",
        ["grad_fn=<AddBackward0>"],
        {},
        "tensor([    0.0000,  1000.5000,  2001.0000,  3001.5000,  4002.0000,  5002.5000,\n"
        "         6003.0000,  7003.5000,  8004.0000,  9004.5000, 10005.0000, 11005.5000,\n"
        "        12006.0000, 13006.5000, 14007.0000, 15007.5000, 16008.0000, 17008.5000,\n"
        "        18009.0000, 19009.5000, 20010.0000, 21010.5000, 22011.0000, 23011.5000,\n"
        "        24012.0000, 25012.5000, 26013.0000, 27013.5000, 28014.0000, 29014.5000],\n"
        "       grad_fn=<AddBackward0>)",
    ),
    (
        [0.123456789] * 7,
        "float32",
        ["grad_fn=<LogSoftmaxBackward0>"],
        {},
        "tensor([0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235],\n"
        "       grad_fn=<LogSoftmaxBackward0>)",
    ),
    (
        [0.123456789] * 8,
        "float32",
        ["grad_fn=<LogSoftmaxBackward0>"],
        {},
        "tensor([0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235],\n"
        "       grad_fn=<LogSoftmaxBackward0>)",
    ),
    (
        [0.5] * 8,
        "float64",
        ["requires_grad=True"],
        {},
        "tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000],\n"
        "       dtype=torch.float64, requires_grad=True)",
    ),
    ([3.14159265, 2.71828], "float32", [], {"precision": 2}, "tensor([3.14, 2.72])"),
    ([3.14159265, 200.0], "float32", [], {"sci_mode": True}, "tensor([3.1416e+00, 2.0000e+02])"),
    ([1e-6, 1e6], "float32", [], {"sci_mode": False}, "tensor([      0.0000, 1000000.0000])"),
    (
        np.arange(20.0),
        "float32",
        [],
        {"threshold": 5, "edgeitems": 2},
        "tensor([ 0.,  1.,  ..., 18., 19.])",
    ),
    (np.arange(20.0), "float32", [], {"threshold": 5, "edgeitems": 0}, "tensor([...], size=(20,))"),
    (
        np.arange(12.0),
        "float32",
        [],
        {"linewidth": 20},
        "tensor([ 0.,  1.,\n"
        "         2.,  3.,\n"
        "         4.,  5.,\n"
        "         6.,  7.,\n"
        "         8.,  9.,\n"
        "        10., 11.])",
    ),
    ([[1.5, 2.25]], "float32", [], {"profile": "short"}, "tensor([[1.50, 2.25]])"),
]


def numpy_dtype(name: str) -> np.dtype[Any]:
    if name == "bfloat16":
        return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.dtype(name)


@pytest.mark.parametrize(("values", "dtype", "suffixes", "options", "text"), RECORDED)
def test_recorded_text(
    values: Any, dtype: str, suffixes: list[str], options: dict[str, Any], text: str
) -> None:
    array = np.array(values).astype(numpy_dtype(dtype))
    with printing.printoptions(**options):
        assert printing.tensor_str(array, dtype=f"torch.{dtype}", suffixes=suffixes) == text


def test_another_default_dtype_moves_the_dtype_suffix() -> None:
    array = np.array([1.0, 2.0])
    assert printing.tensor_str(array, dtype="torch.float64", default_dtype="torch.float64") == (
        "tensor([1., 2.])"
    )
    single = printing.tensor_str(array, dtype="torch.float32", default_dtype="torch.float64")
    assert single == "tensor([1., 2.], dtype=torch.float32)"
    wide = np.array([1 + 2j])
    assert printing.tensor_str(wide, dtype="torch.complex128", default_dtype="torch.float64") == (
        "tensor([1.+2.j])"
    )


def test_parameter_and_subclass_prefix() -> None:
    text = printing.tensor_str(np.array([1.5, 2.0], np.float32), suffixes=["requires_grad=True"])
    assert printing.parameter_str(text) == (
        "Parameter containing:\ntensor([1.5000, 2.0000], requires_grad=True)"
    )
    grid = printing.tensor_str(np.eye(2, dtype=np.float32), prefix="Image(")
    assert grid == "Image([[1., 0.],\n       [0., 1.]])"


def test_options_are_kept_until_set_again_and_sci_mode_is_always_set() -> None:
    printing.set_printoptions(precision=2, sci_mode=True)
    assert printing.get_printoptions() == {
        "precision": 2,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 80,
        "sci_mode": True,
    }
    printing.set_printoptions(profile="short", edgeitems=5)
    options = printing.get_printoptions()
    assert (options["edgeitems"], options["sci_mode"]) == (5, None)


def test_printoptions_restores_after_an_exception() -> None:
    before = printing.get_printoptions()
    with pytest.raises(KeyError), printing.printoptions(precision=9):
        raise KeyError
    assert printing.get_printoptions() == before


def test_options_of_one_call_leave_the_common_ones_alone() -> None:
    own = printing.PrintOptions(precision=1)
    assert printing.tensor_str(np.array([0.25], np.float32), options=own) == "tensor([0.2])"
    assert printing.tensor_str(np.array([0.25], np.float32)) == "tensor([0.2500])"


# --- against PyTorch ------------------------------------------------------------------------------

SHAPES = [
    (),
    (0,),
    (1,),
    (7,),
    (40,),
    (1001,),
    (2, 3),
    (9, 1),
    (2, 0),
    (3, 400),
    (2, 2, 5),
    (7, 8, 20),
]
DTYPES = ["float32", "float32", "float64", "float16", "bfloat16", "complex64", "complex128"]
DTYPES += ["int64", "int32", "int8", "uint8", "uint16", "bool"]


def random_values(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    size = int(np.prod(shape))
    kind = rng.integers(6)
    if kind == 0:
        values = rng.random(size)
    elif kind == 1:
        values = rng.integers(-50, 50, size).astype(float)
    elif kind == 2:
        values = rng.standard_normal(size) * 10.0 ** rng.integers(-6, 10)
    elif kind == 3:
        values = rng.standard_normal(size) * 10.0 ** rng.integers(-4, 5, size)
    elif kind == 4:
        values = rng.choice([0.0, -0.0, 1.0, 2.5, nan, inf, -inf, 1e8, 1e-4], size)
    else:
        values = np.full(size, rng.choice([0.0, -0.0, 1.0, 0.1, 1e8, 1e8 + 1, 1000.5, nan, inf]))
    return values.reshape(shape)


def random_options(rng: np.random.Generator) -> dict[str, Any]:
    choices: dict[str, list[Any]] = {
        "precision": [None, 0, 1, 6],
        "threshold": [None, 0, 5, inf],
        "edgeitems": [None, 0, 1, 5],
        "linewidth": [None, 1, 30, 200],
        "profile": [None, "short", "full"],
        "sci_mode": [None, True, False],
    }
    picked = {name: values[rng.integers(len(values))] for name, values in choices.items()}
    return picked if rng.random() < 0.5 else {}


@pytest.mark.parametrize("seed", range(8))
def test_random_tensors_print_as_in_pytorch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    try:
        for _ in range(40):
            name = DTYPES[rng.integers(len(DTYPES))]
            shape = SHAPES[rng.integers(len(SHAPES))]
            values = random_values(rng, shape)
            if name.startswith("complex"):
                values = values.astype(complex)
                values.imag = random_values(rng, shape)
            elif name == "bool":
                values = values > 0
            elif "int" in name:
                values = np.nan_to_num(values, posinf=5, neginf=-5).astype(np.int64) % 100
            with np.errstate(all="ignore"):
                array = np.asarray(values, numpy_dtype(name))
            bits = name == "bfloat16"  # PyTorch does not read ml_dtypes' arrays
            tensor = torch.tensor(array.view(np.int16) if bits else array)
            tensor = tensor.view(torch.bfloat16) if bits else tensor
            suffixes = []
            if (tensor.is_floating_point() or tensor.is_complex()) and rng.random() < 0.5:
                tensor.requires_grad_()
                suffixes = ["requires_grad=True"]
                if rng.random() < 0.5:
                    tensor = tensor.clone()
                    suffixes = ["grad_fn=<CloneBackward0>"]
            default = ["float32", "float64"][rng.integers(2)]
            options = random_options(rng)
            torch.set_printoptions(profile="default")
            torch.set_printoptions(**options)
            torch.set_default_dtype(getattr(torch, default))
            expected = repr(tensor)
            with printing.printoptions(**options):
                text = printing.tensor_str(
                    array,
                    dtype=f"torch.{name}",
                    default_dtype=f"torch.{default}",
                    suffixes=suffixes,
                )
            assert text == expected, (name, shape, options)
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_printoptions(profile="default")
