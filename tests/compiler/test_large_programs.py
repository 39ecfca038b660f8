"""Kernels on arrays larger than caches: rows fetched ahead, sums kept in registers, functions that underflow."""

import numpy as np
import pytest

import dualtape.torch as torch

functional = torch.nn.functional


def numbers(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def both_ways(step, leaf):
    """A step's value and its leaf's gradient, as it stands and compiled; the compiled function."""
    out = []
    compiled = torch.compile(step)
    for f in (step, compiled, compiled):
        leaf.grad = None
        out.append((f().detach().numpy(), leaf.grad.numpy().copy()))
    assert (out[1][1] == out[2][1]).all()
    return out[0], out[2], compiled


@pytest.mark.parametrize(("rows", "columns"), [(400, 300), (300, 1000), (5000, 50)])
def test_rows_of_cross_entropy_are_fetched_ahead(rows, columns):
    x = torch.from_numpy(numbers(rows, columns)).requires_grad_()
    y = torch.from_numpy(np.random.default_rng(1).integers(0, columns, rows))

    def step():
        out = functional.cross_entropy(x, y)
        out.backward()
        return out

    (value, grad), (again, same), f = both_ways(step, x)
    np.testing.assert_allclose(again, value, rtol=1e-5)
    np.testing.assert_allclose(same, grad, rtol=1e-4, atol=1e-8)
    if columns > 64:
        assert "llvm.prefetch" in f.llvm()


@pytest.mark.parametrize("columns", [1, 7, 16, 33, 50, 64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_over_short_rows_stay_in_registers(columns, dtype):
    x = torch.from_numpy(numbers(2500, columns, dtype=dtype))
    y = torch.from_numpy((numbers(2500, seed=1) > 0).astype(dtype))
    w = torch.from_numpy(numbers(columns, seed=2, dtype=dtype)).requires_grad_()

    def step():
        out = functional.binary_cross_entropy_with_logits(x @ w, y)
        out.backward()
        return out

    (value, grad), (again, same), _ = both_ways(step, w)
    close = 2e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(again, value, rtol=close)
    np.testing.assert_allclose(same, grad, rtol=close, atol=close)
    sums = torch.compile(lambda x: (x.sum(0), (x * x).sum(0), x.amax(0)))
    a = x.numpy()
    for got, want in zip(sums(x), (a.sum(0), (a * a).sum(0), a.max(0)), strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=1e-3)


def test_what_underflows_is_zero():
    x = np.array([-np.inf, -1e30, -746.5, -745.2, -104.5, -103.5, -90, 0, np.nan, np.inf])
    for dtype in (np.float64, np.float32):
        given = torch.from_numpy(np.tile(x.astype(dtype), 4))
        for f, g in ((torch.exp, np.exp), (torch.exp2, np.exp2)):
            with np.errstate(all="ignore"):
                want = g(given.numpy())
            out = torch.compile(f)(given).numpy()
            np.testing.assert_allclose(
                out, want, rtol=1e-5, atol=2 * np.finfo(dtype).smallest_subnormal
            )
            assert (out[given.numpy() < (-746 if dtype == np.float64 else -151) * 1.5] == 0).all()
