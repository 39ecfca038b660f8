"""Texts of tensors, variables and `tf.print`: known ones, and random ones against TensorFlow."""

from __future__ import annotations

import collections
import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dualtape.tensorflow import print_op, printing

Array = np.ndarray[Any, Any]
Pair = collections.namedtuple("Pair", ["left", "right"])


def f32(value: object) -> Array:
    return np.array(value, np.float32)


@pytest.mark.parametrize(
    ("value", "text", "detail", "formatted"),
    [
        (
            f32(7),
            "tf.Tensor(7.0, shape=(), dtype=float32)",
            "<tf.Tensor: shape=(), dtype=float32, numpy=7.0>",
            "7.0",
        ),
        (
            f32([1, 2]),
            "tf.Tensor([1. 2.], shape=(2,), dtype=float32)",
            "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>",
            "[1. 2.]",
        ),
        (
            f32([[1], [2]]),
            "tf.Tensor(\n[[1.]\n [2.]], shape=(2, 1), dtype=float32)",
            "<tf.Tensor: shape=(2, 1), dtype=float32, numpy=\n"
            "array([[1.],\n       [2.]], dtype=float32)>",
            "[[1.]\n [2.]]",
        ),
        (
            f32(1e-10),
            "tf.Tensor(1e-10, shape=(), dtype=float32)",
            "<tf.Tensor: shape=(), dtype=float32, numpy=1.000000013351432e-10>",
            "1.000000013351432e-10",
        ),
        (
            np.array(True),
            "tf.Tensor(True, shape=(), dtype=bool)",
            "<tf.Tensor: shape=(), dtype=bool, numpy=True>",
            "True",
        ),
        (
            np.array("é"),
            "tf.Tensor(b'\\xc3\\xa9', shape=(), dtype=string)",
            "<tf.Tensor: shape=(), dtype=string, numpy=b'\\xc3\\xa9'>",
            "b'\\xc3\\xa9'",
        ),
        (
            np.array(["a", "b"]),
            "tf.Tensor([b'a' b'b'], shape=(2,), dtype=string)",
            "<tf.Tensor: shape=(2,), dtype=string, numpy=array([b'a', b'b'], dtype=object)>",
            "[b'a' b'b']",
        ),
        (
            np.array(1 + 2j),
            "tf.Tensor((1+2j), shape=(), dtype=complex128)",
            "<tf.Tensor: shape=(), dtype=complex128, numpy=(1+2j)>",
            "(1+2j)",
        ),
        (
            np.zeros((0, 2), np.int32),
            "tf.Tensor([], shape=(0, 2), dtype=int32)",
            "<tf.Tensor: shape=(0, 2), dtype=int32, numpy=array([], shape=(0, 2), dtype=int32)>",
            "[]",
        ),
    ],
)
def test_tensor_text(value: Array, text: str, detail: str, formatted: str) -> None:
    assert printing.tensor_str(value) == text
    assert printing.tensor_repr(value) == detail
    assert printing.tensor_format(value, "") == formatted


def test_format_specification_is_that_of_the_python_number() -> None:
    assert printing.tensor_format(f32(9), ".2f") == "9.00"
    assert printing.tensor_format(np.array(3), ">5d") == "    3"
    with pytest.raises(TypeError, match="unsupported format string"):
        printing.tensor_format(f32([1, 2]), ".2f")
    with pytest.raises(TypeError, match="unsupported format string"):
        printing.tensor_format(np.array("a"), "s")
    with pytest.raises(ValueError, match="Unknown format code"):
        printing.tensor_format(f32(1), "d")


def test_bfloat16_text() -> None:
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    value = np.array([1.5, 3], bfloat16)
    assert printing.tensor_str(value) == "tf.Tensor([1.5 3], shape=(2,), dtype=bfloat16)"
    assert printing.tensor_repr(value[0, ...]) == (
        "<tf.Tensor: shape=(), dtype=bfloat16, numpy=1.5>"
    )
    assert print_op.summarize_array(np.array([1 / 3], bfloat16)) == "[0.333984375]"


def test_variable_text() -> None:
    assert printing.variable_repr("w:0", f32([[1], [2]])) == (
        "<tf.Variable 'w:0' shape=(2, 1) dtype=float32, numpy=\n"
        "array([[1.],\n       [2.]], dtype=float32)>"
    )
    loose = printing.variable_repr("Variable:0", np.array(1.0), None)
    assert loose == "<tf.Variable 'Variable:0' shape=<unknown> dtype=float64, numpy=1.0>"
    assert "shape=(None, 3) " in printing.variable_repr("v:0", f32([[1, 2, 3]]), [None, 3])
    assert printing.keras_variable_repr("dense/bias", f32([0, 0])) == (
        "<Variable path=dense/bias, shape=(2,), dtype=float32, value=[0. 0.]>"
    )


def test_shape_dtype_and_spec_text() -> None:
    assert [printing.shape_str(s) for s in (None, [], [1], [2, None])] == [
        "<unknown>",
        "()",
        "(1,)",
        "(2, None)",
    ]
    assert printing.shape_repr(None) == "TensorShape(None)"
    assert printing.shape_repr((2, None)) == "TensorShape([2, None])"
    assert printing.dtype_str(np.float32) == "<dtype: 'float32'>"
    assert printing.dtype_repr("bfloat16") == "tf.bfloat16"
    assert printing.dtype_repr(object) == "tf.string"
    assert printing.tensor_spec_repr([None, 3], np.int32, "x") == (
        "TensorSpec(shape=(None, 3), dtype=tf.int32, name='x')"
    )
    assert printing.symbolic_str("x:0", [None, 3], np.float32) == (
        'Tensor("x:0", shape=(None, 3), dtype=float32)'
    )
    assert printing.symbolic_str("u:0", None, np.float32) == 'Tensor("u:0", dtype=float32)'
    assert printing.symbolic_repr("u:0", None, np.float32) == (
        "<tf.Tensor 'u:0' shape=<unknown> dtype=float32>"
    )


def test_indexed_slices_text() -> None:
    text = printing.indexed_slices_str(np.array([0], np.int32), f32([[1]]), np.array([2, 1]))
    assert text == (
        "IndexedSlices(indices=tf.Tensor([0], shape=(1,), dtype=int32), "
        "values=tf.Tensor([[1.]], shape=(1, 1), dtype=float32), "
        "dense_shape=tf.Tensor([2 1], shape=(2,), dtype=int64))"
    )


# --- tf.print -------------------------------------------------------------------------------------


class Leaf:
    """Stands for a tensor in a structure handed to `print_text`."""

    def __init__(self, value: object) -> None:
        self.array = np.asarray(value)


def leaf_array(value: object) -> Array | None:
    return value.array if isinstance(value, Leaf) else None


@pytest.mark.parametrize(
    ("value", "summarize", "text"),
    [
        (np.arange(10), 3, "[0 1 2 ... 7 8 9]"),
        (np.arange(10), None, "[0 1 2 ... 7 8 9]"),
        (np.arange(10), -1, "[0 1 2 3 4 5 6 7 8 9]"),
        (np.arange(10), 0, "[ ...]"),
        (np.arange(6), 3, "[0 1 2 3 4 5]"),
        (np.arange(16).reshape(4, 4), 1, "[[0 ... 3]\n ...\n [12 ... 15]]"),
        (np.zeros((2, 1, 2)), 3, "[[[0 0]]\n\n [[0 0]]]"),
        (np.zeros((0, 3)), 3, "[]"),
        (np.zeros((3, 0)), 3, "[\n ...]"),
        (np.zeros((2, 0, 3)), 3, "[\n\n ...]"),
        (f32(1), 0, "..."),
        (f32([1 / 3, 1e10, 1e-5, 123456, 1234567, -0.0]), -1, None),
        (np.array([1 / 3, 1e10, 1e16, np.inf]), -1, "[0.33333333333333331 10000000000 1e+16 inf]"),
        (np.array([np.nan, -np.inf]), 3, "[nan -inf]"),
        (np.copysign(np.nan, -1.0), 3, "-nan"),
        (f32([1e-40, -1e-40]), 3, "[0 -0]"),
        (np.array([1e-310]), 3, "[0]"),
        (np.array([True, False]), 3, "[1 0]"),
        (np.array([-1], np.int8), 3, "[-1]"),
        (np.array([[1j, 2], [3, 4]]), 2, "[? ?...]"),
        (np.array(["a", '"\n\\', b"\x00".decode()]), 3, '["a" "\\"\\n\\\\" ""]'),
    ],
)
def test_summary_of_an_array(value: Array, summarize: int | None, text: str | None) -> None:
    expected = text or "[0.333333343 1e+10 1e-05 123456 1234567 -0]"
    assert print_op.summarize_array(value, summarize) == expected


def test_print_lays_out_structures_and_strings() -> None:
    def printed(*inputs: object, **options: Any) -> str:
        return print_op.print_text(inputs, leaf_array, **options)

    assert printed() == "\n"
    assert printed(1.0, "a{}", None, True, sep="|", end="!") == "1.0|a{}|None|True!"
    assert printed(Leaf("a\n")) == "a\n\n"
    assert printed("x", Leaf("a\n")) == 'x "a\\n"\n'
    assert printed([Leaf(1.0), (Leaf([2.0]), "s")]) == "[1, ([2], 's')]\n"
    assert printed({"b": Leaf([1.5, 2]), "a": 1}) == "{'a': 1, 'b': [1.5 2]}\n"
    assert printed(Pair(1, Leaf(2.0))) == "Pair(left=1, right=2)\n"
    assert printed(np.array([1.0, 2.0])) == "array([1., 2.])\n"
    assert printed(range(3), {"k": 1}.keys()) == "[0, 1, 2] ['k']\n"
    assert printed([Leaf(1)] * 30) == "[" + ",\n ".join(["1"] * 30) + "]\n"
    assert printed("\ue000" * 4, ["\ue000" * 4, Leaf(1)]).endswith("\\ue000', 1]\n")
    assert printed(Leaf(b"\xff")).encode("utf-8", "surrogateescape") == b"\xff\n"
    with pytest.raises(TypeError, match="not supported between"):
        printed({1: 2, "a": 3})


def test_values_of_an_unsorted_mapping_go_astray_as_in_tensorflow() -> None:
    mapping = collections.OrderedDict([("z", Leaf(1)), ("a", Leaf(2))])
    # The mapping's own repr, which Python 3.12 changed.
    want = repr(collections.OrderedDict([("z", 2), ("a", 1)]))
    assert print_op.print_text([mapping], leaf_array) == want + "\n"


def test_string_format_counts_placeholders() -> None:
    arrays = [np.array(1), np.array(["a"])]
    assert print_op.string_format("x {} y {}", arrays) == 'x 1 y ["a"]'
    assert print_op.string_format("%s", [f32([1])], "%s") == "[1]"
    with pytest.raises(ValueError, match="expects 1 tensors, but the inputs only has 2"):
        print_op.string_format("x {}", arrays)


def test_write_text_chooses_the_stream(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    print_op.write_text("one\n")
    print_op.write_text("two\n", sys.stdout)
    out, err = capfd.readouterr()
    assert (out, err) == ("two\n", "one\n")
    path = tmp_path / "log.txt"
    for text in ("a\n", "\udcff\n"):
        print_op.write_text(text, f"file://{path}")
    assert path.read_bytes() == b"a\n\xff\n"
    for stream in ("elsewhere", io.StringIO()):
        with pytest.raises(ValueError, match="Unsupported output stream"):
            print_op.write_text("x", stream)


def test_undecodable_bytes_reach_a_text_stream_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, "utf-8"))
    print_op.write_text("\udcff\n")
    assert raw.getvalue() == b"\xff\n"


# --- against TensorFlow ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tf() -> ModuleType:
    pytest.importorskip("ml_dtypes")
    module: ModuleType = pytest.importorskip("tensorflow")
    return module


def _reals(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    makers: list[Callable[[], Array]] = [
        lambda: rng.normal(size=shape),
        lambda: rng.normal(size=shape) * 10.0 ** rng.integers(-40, 39, shape),
        lambda: np.round(rng.normal(size=shape) * 100, int(rng.integers(4))),
        lambda: rng.integers(-5, 2 ** int(rng.integers(3, 40)), shape).astype(float),
    ]
    out = np.asarray(makers[rng.integers(len(makers))]())
    if rng.random() < 0.2:
        special = rng.choice([np.nan, -np.nan, np.inf, -np.inf, -0.0], shape)
        out = np.where(rng.random(shape) < 0.3, special, out)
    return out


def random_array(rng: np.random.Generator) -> Array:
    from ml_dtypes import bfloat16

    shape = tuple(int(n) for n in rng.choice([0, 1, 2, 3, 4, 7, 8], rng.integers(0, 4)))
    dtype: Any = rng.choice(
        np.array(["f4", "f8", "f2", bfloat16, "?", "i4", "i8", "u1", "c8", "c16", "S"], object)
    )
    if dtype == "S":
        out = np.empty(shape, object)
        for index in np.ndindex(shape):
            out[index] = rng.integers(0, 256, rng.integers(0, 5)).astype(np.uint8).tobytes()
        return out
    if dtype in ("i4", "i8", "u1"):
        high = np.iinfo(dtype).max if rng.random() < 0.5 else 20
        return np.asarray(rng.integers(0, high, shape, dtype=dtype))
    if dtype == "?":
        return np.asarray(rng.integers(0, 2, shape), bool)
    with np.errstate(all="ignore"):
        if dtype in ("c8", "c16"):
            return np.asarray(_reals(rng, shape) + 1j * _reals(rng, shape)).astype(dtype)
        return _reals(rng, shape).astype(dtype)


def test_tensor_text_equals_tensorflows(tf: ModuleType, rng: np.random.Generator) -> None:
    for _ in range(300):
        value = random_array(rng)
        tensor = tf.constant(value)
        assert printing.tensor_repr(value) == repr(tensor)
        assert printing.tensor_str(value) == str(tensor)
        assert printing.tensor_format(value, "") == f"{tensor}"
        assert printing.variable_repr("v:0", value) == str(tf.Variable(tensor, name="v"))


def test_print_equals_tensorflows(tf: ModuleType, rng: np.random.Generator, tmp_path: Path) -> None:
    def as_array(value: object) -> Array | None:
        return printed[id(value)] if isinstance(value, tf.Tensor) else None

    def tensor() -> Any:
        value = random_array(rng) if rng.random() < 0.4 else f32(rng.random())
        made = tf.constant(value)
        printed[id(made)] = value
        return made

    def structure(depth: int) -> Any:
        kind = rng.integers(10 if depth < 3 else 5)
        if kind < 3:
            return tensor()
        if kind < 5:
            return [1.5, "x" * int(rng.integers(60)), "{}", b"b", None][rng.integers(5)]
        parts = [structure(depth + 1) for _ in range(rng.integers(4))]
        keys = rng.permutation(list("abcdefgh"))[: len(parts)].tolist()
        mappings = dict(zip(keys, parts, strict=True))
        ordered = collections.OrderedDict(mappings)
        return [parts, tuple(parts), mappings, ordered, Pair(parts, 1)][kind - 5]

    printed: dict[int, Array] = {}
    path = tmp_path / "printed"
    expected = ""
    for i in range(200):
        inputs = [structure(0) for _ in range(rng.integers(4))]
        summarize = [3, 3, 2, -1, 0][rng.integers(5)]
        tf.print(
            *inputs, sep="; ", end=f"#{i}\n", summarize=summarize, output_stream=f"file://{path}"
        )
        expected += print_op.print_text(inputs, as_array, "; ", f"#{i}\n", summarize)
    assert path.read_bytes().decode("utf-8", "surrogateescape") == expected
