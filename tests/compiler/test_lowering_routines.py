"""Scans, sorts, factorisations, borrowed functions: numbers that are special, shapes, errors, and what is optional."""

import re
import subprocess
import sys

import numpy as np
import pytest

from dualtape.compiler.lowering import capsules, lapack, lower
from dualtape.core.errors import BoundsError
from dualtape.ops import (
    bessel,
    binning,
    distances,
    exponentials,
    loss,
    matmul,
    pooling,
    products,
    quantile,
    scan,
)
from dualtape.ops import factorisation as fa
from dualtape.ops import scatter_reduce as sr
from dualtape.ops import solving as so
from dualtape.ops import sorting as srt
from dualtape.ops import special as sp
from dualtape.ops import spectral as spe
from dualtape.ops import stencils as st
from dualtape.ops.resampling import resample_p, resample_transpose_p

from .lowering_graphs import agree, of_calls

pytest.importorskip("llvmlite")
SHAPES = [(1,), (300,), (5, 1), (2, 9, 20)]


def values(rng, shape, dtype):
    """Numbers with ties and, of floats, everything special."""
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        low = 0 if dtype.kind in "ub" else -5
        return rng.integers(low, 2 if dtype.kind == "b" else 6, shape).astype(dtype)
    x = np.round(rng.normal(size=shape) * 3).astype(dtype)
    flat = x.reshape(-1)
    for v in (np.nan, np.inf, -np.inf, 0.0, -0.0):
        flat[rng.integers(0, flat.size, flat.size // 12)] = v
    return x


def run(calls, called=()):
    """Results of native code, and those of the primitives."""
    wants = []
    with np.errstate(all="ignore"):
        for p, xs, params in calls:
            out = p.eval(*[x.copy() for x in xs], **params)
            wants += [(np.asarray(o), str((p.name, params, [x.shape for x in xs], xs[0].dtype)))
                      for o in (out if p.outputs != 1 else (out,))]  # fmt: skip
        graph, arrays = of_calls(calls)
        lowered = lower(graph)
        assert sorted(set(lowered.callbacks)) == sorted(called)
        return lowered.call(arrays), wants


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "uint64", "bool"])
def test_orders_and_what_follows_from_them_are_exact(dtype):
    rng = np.random.default_rng(0)
    calls = []
    for shape in SHAPES:
        for axis in range(-len(shape), 0):
            x = values(rng, shape, dtype)
            n = shape[axis]
            for descending in (False, True):
                calls.append((srt.sort_p, [x], {"axis": axis, "descending": descending}))
                calls.append(
                    (srt.topk_p, [x], {"axis": axis, "k": 1 + n // 2, "largest": descending})
                )
            where = {"axis": axis, "keepdims": n % 2 == 0}
            calls += [(p, [x], where) for p in (srt.median_p, srt.nanmedian_p, srt.mode_p)]
            calls.append((srt.kthvalue_p, [x], {**where, "k": 1 + n // 3}))
            if dtype != "bool":
                calls += [(p, [x], {"axis": axis}) for p in (scan.cummax_p, scan.cummin_p)]
        calls += [(p, [x], {}) for p in (srt.median_all_p, srt.nanmedian_all_p)]
        if dtype != "bool":
            rows = np.sort(values(rng, (11,), dtype))
            pair = [rows, values(rng, shape, dtype)]
            calls += [
                (binning.searchsorted_p, pair, {"right": r, "int32": r}) for r in (True, False)
            ]
    for got, (want, what) in zip(*run(calls), strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want, what)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_scans_go_along_any_axis_and_from_either_end(dtype):
    rng = np.random.default_rng(1)
    calls = []
    for shape in SHAPES:
        for axis in range(-len(shape), 0):
            x, y = (values(rng, shape, dtype) for _ in range(2))
            for reverse in (False, True):
                how = {"axis": axis, "reverse": reverse}
                calls.append((scan.cumsum_p, [x], how))
                calls.append((products.cumprod_p, [x], how))
                if x.dtype.kind == "f":
                    finite = rng.normal(size=shape).astype(dtype)
                    calls.append((products.linear_recurrence, [finite, y], how))
            if x.dtype.kind == "f":
                calls.append((scan.logcumsumexp_p, [x], {"axis": axis}))
    for got, (want, what) in zip(*run(calls), strict=True):
        agree(got, want, None, what)


def test_a_histogram_has_a_place_for_everything():
    rng = np.random.default_rng(2)
    calls = []
    for dtype in ("float32", "float64"):
        x = rng.normal(size=(3, 70)).astype(dtype)
        special = values(rng, (90,), dtype)
        for bins in (1, 7):
            calls += [
                (binning.histc_p, [x], {"bins": bins, "low": 0, "high": 0, "lead": k})
                for k in (0, 1)
            ]
            calls.append((binning.histc_p, [special], {"bins": bins, "low": -1.1, "high": 0.7}))
            calls.append(
                (binning.histc_p, [np.full(5, 2, dtype)], {"bins": bins, "low": 0, "high": 0})
            )
    for got, (want, what) in zip(*run(calls), strict=True):
        np.testing.assert_array_equal(got, want, what)
    graph, arrays = of_calls(
        [(binning.histc_p, [np.array([np.inf, 1])], {"bins": 3, "low": 0, "high": 0})]
    )
    with pytest.raises(ValueError, match="is not finite"):
        lower(graph).call(arrays)


def test_missing_numbers_are_told_in_each_row():
    x = np.array([[1, np.nan, 2], [3, 4, 5], [np.nan] * 3])
    calls = [(quantile.row_has_nan, [x], {})]
    calls += [(quantile.last_rank, [x], {"skip_nan": skip}) for skip in (True, False)]
    for got, (want, what) in zip(*run(calls), strict=True):
        np.testing.assert_array_equal(got, want, what)


# Linear algebra

SQUARE = [
    (so.inv_p, {"check": True}), (so.inv_p, {"check": False}), (so.inv_info_p, {}), (so.det_p, {}), (so.slogdet_p, {}),
    (so.cofactor_p, {}), (fa.cholesky_p, {"upper": False}), (fa.cholesky_p, {"upper": True}),
    (fa.cholesky_info_p, {"upper": False}), (spe.eigh_p, {"upper": False}), (spe.eigvalsh_p, {"upper": True}),
    (spe.svd_p, {"full": False}), (spe.svdvals_p, {}), (fa.qr_p, {}), (fa.lu_p, {"pivot": True}), (fa.lu_p, {"pivot": False}),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_factorisations_are_numpys_with_their_signs(dtype):
    rng = np.random.default_rng(3)
    calls = []
    for n, lead in ((1, ()), (4, (2, 1)), (12, (3,))):
        if n:
            a = rng.normal(size=(*lead, n, n))
            positive = (a @ a.swapaxes(-1, -2) + n * np.eye(n)).astype(dtype)
            half = a[..., : 1 + n // 2].astype(dtype)
            calls += [(p, [positive], params) for p, params in SQUARE]
            calls += [(spe.svd_p, [half], {"full": True}), (fa.qr_complete_p, [half], {})]
            calls += [
                (spe.svd_p, [half.swapaxes(-1, -2).copy()], {"full": False}),
                (fa.geqrf_p, [half], {}),
            ]
            calls.append((so.solve_p, [positive, half], {}))
            for upper in (False, True):
                calls.append(
                    (so.solve_triangular_p, [positive, half], {"upper": upper, "unit": upper})
                )
                calls.append((fa.cholesky_solve_p, [half, positive], {"upper": upper}))
    for got, (want, what) in zip(*run(calls), strict=True):
        agree(got, want, 2e-3 if dtype == "float32" else 1e-9, what)


ZERO, ONES = np.zeros((3, 3)), np.ones((3, 3))
ODD = [ZERO, ONES, -np.eye(3), ZERO + np.nan, ZERO + np.inf, np.stack([np.eye(3), ONES, ZERO])]


def eager_error(p, xs, params):
    """What NumPy says of matrices that it cannot do it with, else None."""
    try:
        with np.errstate(all="ignore"):
            p.eval(*[v.copy() for v in xs], **params)
    except np.linalg.LinAlgError as error:
        return error
    return None


@pytest.mark.parametrize("k", range(len(ODD)))
def test_matrices_that_have_no_result_give_what_numpy_gives(k):
    x = ODD[k]
    some = np.ones((3, 2))
    cases = [(p, [x], params) for p, params in SQUARE]
    cases.append((so.solve_p, [x, some], {}))
    cases.append((so.solve_triangular_p, [x, some], {"upper": True, "unit": False}))
    good = []
    for p, xs, params in cases:
        error = eager_error(p, xs, params)
        if error is None:
            good.append((p, xs, params))
            continue
        graph, arrays = of_calls([(p, xs, params)])
        with pytest.raises(type(error), match=re.escape(str(error))):
            lower(graph).call(arrays)
    for got, (want, what) in zip(*run(good), strict=True):
        np.testing.assert_allclose(got, want, 1e-9, 1e-9, err_msg=what)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exponentials_of_small_and_large_matrices(dtype):
    rng = np.random.default_rng(4)
    stack = rng.normal(size=(6, 5, 5)) * np.array([1e-6, 0.1, 1, 5, 20, np.nan])[:, None, None]
    (got,), ((want, _),) = run([(exponentials.matrix_exp_p, [stack.astype(dtype)], {})])
    for g, w in zip(got, want, strict=True):
        agree(g, w, 1e-3 if dtype == "float32" else 1e-9)


def test_lapack_and_blas_are_called_in_one_program():
    x = np.random.default_rng(5).normal(size=(90, 90))
    (power, both), wants = run(
        [(exponentials.matrix_exp_p, [x / 9], {}), (matmul.mm_p, [x, x], {})]
    )
    agree(power, wants[0][0], 1e-8)
    agree(both, wants[1][0])


def test_lapack_with_short_integers_does_the_same(monkeypatch):
    pytest.importorskip("scipy")
    # Symmetric, with values apart: vectors of equal ones are anybody's.
    calls = [(p, [np.diag([3.0, 5.0, 8.0, 12.0]) + 1], params) for p, params in SQUARE]
    monkeypatch.setattr(lapack, "_numpys", lambda: None)
    lapack.address.cache_clear()
    try:
        assert lapack.integer() == 4
        for got, (want, what) in zip(*run(calls), strict=True):
            np.testing.assert_allclose(np.abs(got), np.abs(want), 1e-9, 1e-9, err_msg=what)
    finally:
        lapack.address.cache_clear()


def test_without_lapack_numpy_is_called(monkeypatch):
    monkeypatch.setattr(lapack, "_numpys", lambda: None)
    monkeypatch.setattr(lapack, "_scipys", dict)
    lapack.address.cache_clear()
    try:
        run([(so.inv_p, [np.eye(2)], {"check": True}), (so.det_p, [np.eye(2)], {})], ["det", "inv"])
    finally:
        lapack.address.cache_clear()


# Borrowed functions


def test_functions_of_scipys_are_called_where_it_is(monkeypatch):
    pytest.importorskip("scipy")
    x = np.linspace(0.1, 5, 50)
    calls = [(bessel.j0, [x], {}), (bessel.bessel_kn, [x.astype(np.float32)], {"order": 3})]
    graph, _ = of_calls(calls)
    lowered = lower(graph)
    assert all(name.startswith("dualtape_special_") for name in lowered.symbols)
    assert not any(str(address) in lowered.ir() for address in lowered.symbols.values())
    for got, (want, what) in zip(*run(calls), strict=True):
        agree(got, want, None, what)
    monkeypatch.setattr(capsules, "_specials", dict)
    run(calls, ["bessel_j0", "bessel_kn"])


def test_scipy_is_not_imported_for_nothing():
    program = (
        "import sys, numpy as np, dualtape as dt\n"
        "f = dt.jit(lambda x: np.sort(np.exp(x)))\n"
        "f(np.ones(3)); assert not any(m.startswith('scipy') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_zeta_is_scipys():
    special = pytest.importorskip("scipy.special")
    s, q = (
        v.ravel()
        for v in np.meshgrid(
            [0.5, 1, 1.5, 2, 3, 7, 30], [-2.5, -1, 0, 1e-3, 0.5, 1, 8.5, 12, 1e3, 1e9, np.inf]
        )
    )
    (got,), _ = run([(sp.zeta, [s, q], {})])
    want = special.zeta(s, q)
    np.testing.assert_array_equal(np.isfinite(got), np.isfinite(want))
    some = np.isfinite(want)
    np.testing.assert_allclose(got[some], want[some], 1e-13, 1e-300)


# Indices, windows


def raises(error, p, xs, **params):
    graph, arrays = of_calls([(p, xs, params)])
    lowered = lower(graph)
    assert not lowered.callbacks
    with pytest.raises(error):
        lowered.call(arrays)


def test_places_are_looked_at_before_they_are_used():
    x = np.ones((2, 3, 3))
    raises(IndexError, pooling.pool_gather_p, [x, np.full((2, 1, 1), 9)], rank=2)
    raises(IndexError, fa.exchange_rows_p, [x[0], np.array([4, 2], np.int32)], back=False)
    raises(BoundsError, loss.others, [np.array([0, 3])], classes=3)
    raises(BoundsError, loss.label_places, [np.array([[0, 3, -1]])])
    raises(IndexError, sr.scatter_extremum_p, [np.ones(3), np.array([3]), np.ones(1)], axis=0, depth=1,
           reduce="amax", include_self=True)  # fmt: skip
    raises(ValueError, distances.raised, [np.array([1.0, -1.0])], low=0.1, refuse_negative=True)


@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("reduce", ["amax", "amin"])
def test_extrema_meet_as_in_eager_mode(reduce, include):
    rng = np.random.default_rng(5)
    calls = []
    for dtype in ("float32", "float64", "int64", "uint8"):
        x, v = values(rng, (2, 4, 3), dtype), values(rng, (2, 5, 3), dtype)
        how = {"axis": 1, "depth": 1, "reduce": reduce, "include_self": include}
        calls.append((sr.scatter_extremum_p, [x, np.array([0, -1, 2, 2, 0]), v], how))
    for got, (want, what) in zip(*run(calls), strict=True):
        np.testing.assert_array_equal(got, want, what)


@pytest.mark.parametrize("kind", ["nearest", "linear", "cubic", "lanczos-aa"])
def test_resampling_is_its_own_transposes_transpose(kind):
    rng = np.random.default_rng(6)
    for size, count in ((7, 20), (20, 7), (1, 4), (64, 64)):
        s = (st.Interpolation(kind, count, False, None, False),)
        x, y = rng.normal(size=(3, size)), rng.normal(size=(3, count))
        calls = [(resample_p, [x], {"stencils": s, "divide": None}),
                 (resample_transpose_p, [y], {"stencils": s, "divide": None, "space": (size,)})]  # fmt: skip
        (forth, back), wants = run(calls)
        agree(forth, wants[0][0])
        agree(back, wants[1][0])
        assert np.isclose((forth * y).sum(), (back * x).sum())


def test_a_routine_is_written_once():
    rng = np.random.default_rng(7)
    calls = [
        (srt.argsort_p, [rng.normal(size=(3, k))], {"axis": -1, "descending": False})
        for k in range(2, 30)
    ]
    graph, _ = of_calls(calls)
    ir = lower(graph).ir()
    assert ir.count("define internal void @order") == 1
    assert len(ir) < 60_000
