"""The library of matrix products: any sizes, strides and tiles; and where programs use it."""

import ctypes

import numpy as np
import pytest

import dualtape.torch as torch
from dualtape.compiler.emit import packed
from dualtape.compiler.lowering import packed as used
from dualtape.compiler.native import library, target
from dualtape.core.threads import set_thread_count, thread_count

pytest.importorskip("llvmlite")

LONG, POINTER = ctypes.c_int64, ctypes.c_void_p
KINDS = {
    np.dtype(np.float32): ("float", ctypes.c_float),
    np.dtype(np.float64): ("double", ctypes.c_double),
}


def product_of(dtype, wide):
    """C = factor A B, or C += factor A B, by the library with a given tile."""
    element, number = KINDS[np.dtype(dtype)]
    made = library.load(None, lambda: packed.module(element, wide, target.has_fma()))
    kinds = [
        LONG,
        LONG,
        LONG,
        POINTER,
        LONG,
        LONG,
        POINTER,
        LONG,
        LONG,
        POINTER,
        LONG,
        number,
        LONG,
        POINTER,
        POINTER,
        POINTER,
        LONG,
        LONG,
    ]
    core = ctypes.CFUNCTYPE(None, *kinds)(made.address("product"))

    def run(a, b, c, factor=1.0, add=False, epilogue=None, row=0, column=0):
        (m, k), n = a.shape, b.shape[1]
        room = np.empty(packed.geometry(element, wide).room(m, n, k) + 64, np.uint8)
        item = a.itemsize
        core(
            m, n, k, a.ctypes.data, a.strides[0] // item, a.strides[1] // item, b.ctypes.data, b.strides[0] // item,
            b.strides[1] // item, c.ctypes.data, c.strides[0] // item, factor, add, -(-room.ctypes.data // 64) * 64,
            epilogue, None, row, column,
        )  # fmt: skip
        return made

    return run


def laid(x, how):
    """The same numbers: in rows, in columns, or every second column of a wider matrix."""
    if how == "gaps":
        wide = np.full((x.shape[0], 2 * x.shape[1]), np.nan, x.dtype)
        wide[:, ::2] = x
        return wide[:, ::2]
    return np.asarray(x, order="F" if how == "columns" else "C")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("wide", [False, pytest.param(True, marks=pytest.mark.skipif(not target.has_wide_registers(), reason="needs AVX-512"))])  # fmt: skip
def test_all_sizes_and_strides(dtype, wide):
    run = product_of(dtype, wide)
    rng = np.random.default_rng(0)
    sizes = [(1, 1, 1), (14, 32, 300), (15, 33, 1), (400, 20, 17), (9, 800, 300), (57, 31, 520)]
    sizes += [tuple(rng.integers(1, 70, 3)) for _ in range(30)]
    hows = ["rows", "columns", "gaps"]
    for i, (m, n, k) in enumerate(sizes):
        a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        whole = np.full((m, n + 3), 7, dtype)
        c = whole[:, :n]
        run(laid(a, hows[i % 3]), laid(b, hows[i // 3 % 3]), c)
        want = a.astype(np.float64) @ b.astype(np.float64)
        close = {"rtol": 0, "atol": 30 * np.finfo(dtype).eps * np.sqrt(k)}
        np.testing.assert_allclose(c, want, **close)
        run(laid(a, hows[i // 2 % 3]), laid(b, hows[i % 3]), c, -0.5, add=True)
        np.testing.assert_allclose(c, want / 2, **close)
        assert (whole[:, n:] == 7).all()


@pytest.mark.parametrize(
    "size", [(1, 1, 1), (57, 31, 520), (14, 32, 64), (400, 801, 3), (33, 800, 300)]
)
def test_an_epilogue_is_called_once_for_each_element_when_it_is_whole(size):
    run = product_of(np.float32, False)
    m, n, k = size
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(m, k)).astype(np.float32), rng.normal(size=(k, n)).astype(np.float32)
    c, seen = np.full((m, n), np.nan, np.float32), np.full((m, n), np.nan, np.float32)

    def note(_, row, rows, column, columns):
        here = np.s_[row - 5 : row - 5 + rows, column - 7 : column - 7 + columns]
        assert np.isnan(seen[here]).all()
        seen[here] = c[here]

    kind = ctypes.CFUNCTYPE(None, POINTER, LONG, LONG, LONG, LONG)(note)
    run(a, b, c, epilogue=ctypes.cast(kind, POINTER), row=5, column=7)
    assert (seen == c).all()
    np.testing.assert_allclose(c, a @ b, rtol=1e-3, atol=1e-3)


def test_nan_and_infinity_stay_where_they_belong():
    run = product_of(np.float64, False)
    a, b, c = np.ones((20, 9)), np.ones((9, 11)), np.empty((20, 11))
    a[3, 8], a[5, 0] = np.nan, np.inf
    run(a, b, c)
    assert np.isnan(c[3]).all()
    assert (c[5] == np.inf).all()
    assert (np.delete(c, [3, 5], 0) == 9).all()


def compiled(f, *arrays):
    """What a compiled function gives, twice, and its kernels."""
    g = torch.compile(f)
    tensors = [torch.from_numpy(a) for a in arrays]
    first, again = g(*tensors), g(*tensors)
    assert (first.numpy() == again.numpy()).all()  # the same bits each time
    return first.numpy(), g.explain()


@pytest.mark.parametrize("shape", [(1000, 25, 10), (300, 3, 64), (40, 50, 7)])
def test_interleaved_stacks_are_divided_and_written_in_their_final_order(shape):
    rng = np.random.default_rng(1)
    _, k, d = shape
    x, f = rng.normal(size=shape), rng.normal(size=(k, d, d))
    for names, args in (
        ("kij,nkj->nki", (f, x)), ("nki,nkj->kij", (x, x)), ("nki,kij->nkj", (x, f)), ("nki,nkj->kji", (x, x)),
    ):  # fmt: skip
        out, how = compiled(lambda a, b, names=names: torch.einsum(names, a, b), *args)
        np.testing.assert_allclose(out, np.einsum(names, *args), rtol=1e-10, atol=1e-10)
        assert "copy" not in str(how) or d < 48  # tiles copy a right operand that lies in columns


def test_another_order_of_the_result_is_another_program():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 2, 4)), rng.normal(size=(2, 4, 3))
    for names in ("bik,bkj->bij", "bik,bkj->ibj"):  # of the same shape
        out, _ = compiled(lambda a, b, names=names: torch.einsum(names, a, b), x, y)
        np.testing.assert_allclose(out, np.einsum(names, x, y), rtol=1e-13, atol=1e-13)


def test_heads_are_read_where_they_lie():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 96, 3 * 128)).astype(np.float32)

    def scores(x):
        q, k, _ = (t.reshape(2, 96, 2, 64).transpose(1, 2) for t in x.split(128, -1))
        return q @ k.transpose(-1, -2)

    out, how = compiled(scores, x)
    q, k = (x[..., i * 128 : (i + 1) * 128].reshape(2, 96, 2, 64).swapaxes(1, 2) for i in (0, 1))
    np.testing.assert_allclose(out, q @ k.swapaxes(-1, -2), rtol=1e-4, atol=1e-4)
    if "panels" in str(how):
        assert "copy" not in str(how)


@pytest.mark.parametrize(
    "shapes", [((128, 784), (784, 256)), ((700, 90), (90, 64)), ((40, 64, 64), (40, 64, 33))]
)
def test_the_bits_do_not_depend_on_the_number_of_threads(shapes):
    rng = np.random.default_rng(3)
    arrays = [rng.normal(size=s).astype(np.float32) for s in shapes]
    before = thread_count()
    try:
        set_thread_count(3)
        f = torch.compile(lambda a, b: a @ b)
        outs = []
        for count in (3, 1, 2):
            set_thread_count(count)
            outs.append(f(*[torch.from_numpy(a) for a in arrays]).numpy())
        set_thread_count(1)
        outs.append(
            torch.compile(lambda a, b: a @ b)(*[torch.from_numpy(a) for a in arrays]).numpy()
        )
    finally:
        set_thread_count(before)
    assert all((x == outs[0]).all() for x in outs)
    np.testing.assert_allclose(outs[0], np.matmul(*arrays), rtol=1e-3, atol=1e-3)
    assert not used.usable() or "threads" in str(f.explain())
