"""`import dualtape.numpy as np`: NumPy's names, Arrays as results."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp
from dualtape.numpy import Array

CALLS = [
    "zeros(3)", "zeros((2, 3), dtype=np.float32)", "ones(2, int)", "empty(0)", "full((2, 2), 7.0)", "full(3, 1)", "arange(5)",
    "arange(0, 1, 0.25)",
    "linspace(0, 1, 5)", "logspace(0, 2, 3)", "geomspace(1, 8, 4)", "eye(3)", "identity(2)", "array([1, 2.5])", "array(3.0)", "array([[1, 2]], np.float32)",
    "asarray([True, False])", "array(1.0, ndmin=2)", "diag([1.0, 2.0])", "tri(3)", "sin([0.1, 0.2])", "add([1, 2], 3)", "add.reduce([1, 2])",
    "multiply.outer([1, 2], [3, 4])", "sum([1.0, 2.0])", "concatenate([[1], [2]])", "concat([[1], [2]])", "linalg.inv([[2.0, 0.0], [0.0, 4.0]])",
    "linalg.norm([3.0, 4.0])", "fft.fft([1.0, 2.0])", "fft.fftfreq(4)", "hamming(4)", "indices((2, 2))", "where([True], 1, 2)", "meshgrid([1, 2], [3])[0]",
    "linalg.eigh([[2.0, 0.0], [0.0, 1.0]])[0]", "linalg.slogdet([[2.0]]).logabsdet", "tril_indices(2)[0]",
    "fromfunction(lambda i: i, (3,))", "acos(0.5)", "pow(2.0, 3)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_results_are_arrays_of_numpys_value(call):
    got = eval(f"dnp.{call}", {"dnp": dnp, "np": np})
    want = eval(f"np.{call}", {"np": np})
    assert isinstance(got, Array)
    assert got.dtype == want.dtype
    assert got.shape == np.shape(want)
    if "empty" not in call:
        np.testing.assert_array_equal(np.asarray(got), want)


def test_constants_types_and_settings_are_numpys_own():
    assert dnp.pi == np.pi
    assert dnp.newaxis is None
    assert dnp.float64 is np.float64
    assert dnp.ndarray is Array
    assert dnp.finfo(dnp.float32).eps == np.finfo(np.float32).eps
    assert dnp.shape([[1, 2]]) == (1, 2)
    assert dnp.result_type(np.float32, 1.0) == np.float32
    assert dnp.allclose([1.0], [1.0]) is True
    with dnp.errstate(divide="ignore"):
        assert np.isinf(float(dnp.divide(1.0, 0.0)))


def test_it_lists_its_names():
    assert {"zeros", "sin", "linalg", "Array"} <= set(dir(dnp))
    assert "inv" in dir(dnp.linalg)
    assert "random" not in dir(dnp)


def test_what_is_missing_is_an_error_with_advice():
    with pytest.raises(AttributeError, match="concatenate"):
        _ = dnp.concatenat
    with pytest.raises(AttributeError, match="solve"):
        _ = dnp.linalg.slove
    assert not hasattr(dnp, "random")


def test_a_program_on_the_namespace_is_differentiated():
    def f(x):
        a = dnp.array([x[0], x[1] ** 2, 3.0])
        b = dnp.full(3, x[1])
        c = dnp.array([[x[0], 1], [2, x[1]]])
        return dnp.sum(a * b) + dnp.linalg.det(c) + dnp.asarray(x)[0]

    # x0 x1 + x1^3 + 3 x1 + x0 x1 - 2 + x0
    np.testing.assert_allclose(dt.grad(f)(np.array([2.0, 3.0])), [3 + 3 + 1, 2 + 27 + 3 + 2])
    np.testing.assert_allclose(dt.hessian(f)(np.array([2.0, 3.0])), [[0, 2], [2, 18]], atol=1e-12)


def test_an_array_of_an_array_is_a_copy_and_asarray_is_not():
    a = dnp.zeros(2)
    b = dnp.array(a)
    c = dnp.asarray(a)
    a[0] = 1.0
    assert b.tolist() == [0, 0]
    assert c.tolist() == [1, 0]


def test_shapes_and_dtypes_of_attributes():
    a = dnp.zeros((2, 3), np.float32)
    assert (a.shape, a.ndim, a.size, a.dtype, a.nbytes, a.itemsize) == (
        (2, 3),
        2,
        6,
        np.float32,
        24,
        4,
    )
    assert a.T.shape == a.mT.shape == (3, 2)
    assert a.T.base is a
    assert a.flags.c_contiguous
    assert a.to_device("cpu") is a
    assert a.device == "cpu"
    z = dnp.array([1 + 2j, 3.0])
    z.real = 5.0
    z.imag[0]
    assert z.tolist() == [5 + 2j, 5]
    with pytest.raises(AttributeError, match="no attribute 'shap'"):
        _ = a.shap


def test_copies_and_pickles():
    import copy
    import pickle

    a = dnp.arange(3.0)
    for b in (copy.copy(a), copy.deepcopy(a), pickle.loads(pickle.dumps(a))):
        assert isinstance(b, Array)
        b[0] = 9.0
        assert a.tolist() == [0, 1, 2]
        assert b.tolist() == [9, 1, 2]


@pytest.mark.parametrize(
    "dtype",
    [np.float32, np.float64, np.complex64, np.int32, np.int8, np.bool_, np.uint8, np.float16],
)
@pytest.mark.parametrize(
    "other", [2, 2.0, 2j, True, np.float32(2), np.int64(2), np.ones(2, np.float32), np.ones(2, int)]
)
def test_promotion_is_numpys(dtype, other):
    plain = np.ones(2, dtype)
    for op in ("+", "*", "/", "**", "<"):
        if op == "<" and isinstance(other, complex):
            continue
        want = eval(f"a {op} b", {"a": plain, "b": other})
        assert eval(f"a {op} b", {"a": Array(plain), "b": other}).dtype == want.dtype
        want = eval(f"b {op} a", {"a": plain, "b": other})
        assert eval(f"b {op} a", {"a": Array(plain), "b": other}).dtype == want.dtype
        if np.dtype(dtype).kind in "fc":

            def f(a, op=op):
                for text in (f"a {op} b", f"b {op} a"):
                    out = eval(text, {"a": a, "b": other})
                    assert out.dtype == eval(text, {"a": plain, "b": other}).dtype
                return np.sum(np.real(a))

            assert dt.grad(f)(plain).dtype == dtype
