"""Linear algebra against PyTorch's: values, first and second gradients, errors."""

import re
import warnings

import numpy as np
import pytest

from dualtape.core.errors import LinAlgError, NotDifferentiableError
from dualtape.core.tensor import Tensor, wrap
from dualtape.ops import linalg as a
from dualtape.ops import linalg_spectra as s
from dualtape.ops import vectors as v
from dualtape.ops.complex import conj, real
from dualtape.ops.matrices import mh, mt

torch = pytest.importorskip("torch")
L = torch.linalg

DTYPES = ["float64", "complex128", "float32"]


def draw(rng, shape, dtype="float64", kind="general"):
    x = rng.standard_normal(shape)
    if dtype.startswith("c"):
        x = x + 1j * rng.standard_normal(shape)
    if kind == "spd":
        x = x @ np.conj(np.swapaxes(x, -1, -2)) + shape[-1] * np.eye(shape[-1])
    elif kind == "near identity":
        x = x * 0.3 + 2 * np.eye(shape[-2], shape[-1])
    return np.asarray(x, dtype)


def hermitian(f):
    """`f` of the Hermitian part, for functions that read one triangle."""
    return lambda x: f((x + (mh(x) if isinstance(x, Tensor) else x.mH)) / 2)


def squares(*xs):
    """What does not depend on the signs and phases of vectors."""
    return tuple(real(x * conj(x)) if isinstance(x, Tensor) else (x * x.conj()).real for x in xs)


TOLERANCE = {"float64": 1e-9, "complex128": 1e-9, "float32": 3e-4}

SQUARE = {
    "inv": (a.inv, L.inv),
    "det": (a.det, L.det),
    "slogdet": (a.slogdet, L.slogdet),
    "logdet": (a.logdet, torch.logdet),
    "lu": (lambda x: a.lu(x)[1:], lambda x: L.lu(x)[1:]),
    "lu_factor": (lambda x: a.lu_factor(x)[0], lambda x: L.lu_factor(x)[0]),
    "qr": (a.qr, L.qr),
    "svdvals": (s.svdvals, L.svdvals),
    "svd": (lambda x: squares(*s.svd(x)), lambda x: squares(*L.svd(x))),
    "pinv": (s.pinv, L.pinv),
    "matrix_exp": (a.matrix_exp, L.matrix_exp),
    "cond": (s.cond, L.cond),
    "cond 1": (lambda x: s.cond(x, 1), lambda x: L.cond(x, 1)),
    "cond fro": (lambda x: s.cond(x, "fro"), lambda x: L.cond(x, "fro")),
    "eigvals": (lambda x: squares(s.eigvals(x)), lambda x: squares(L.eigvals(x))),
    "eig": (lambda x: squares(*s.eig(x)), lambda x: squares(*L.eig(x))),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SQUARE)
def test_square(against_torch, rng, name, dtype):
    f, g = SQUARE[name]
    for shape in ((3, 3), (2, 2, 2), (1, 1)):
        x = draw(rng, shape, dtype, "near identity")
        if name.startswith("eig"):  # well apart, in the same order everywhere
            x = (x * 0.2 + np.diag(np.arange(1.0, shape[-1] + 1))).astype(dtype)
        # PyTorch overwrites what it would need for the gradient of the others.
        order = 0 if name in ("cond 1", "cond fro") else 2
        against_torch(f, g, x, tolerance=TOLERANCE[dtype], order=order)


HERMITIAN = {
    "cholesky": (a.cholesky, L.cholesky),
    "cholesky upper": (lambda x: a.cholesky(x, upper=True), lambda x: L.cholesky(x, upper=True)),
    "cholesky_ex": (lambda x: a.cholesky_ex(x)[0], lambda x: L.cholesky_ex(x)[0]),
    "eigvalsh": (s.eigvalsh, L.eigvalsh),
    "eigh": (
        lambda x: (s.eigh(x)[0], *squares(s.eigh(x)[1])),
        lambda x: (L.eigh(x)[0], *squares(L.eigh(x)[1])),
    ),
    "eigh upper": (lambda x: squares(*s.eigh(x, "U")), lambda x: squares(*L.eigh(x, "U"))),
    "pinv hermitian": (lambda x: s.pinv(x, hermitian=True), lambda x: L.pinv(x, hermitian=True)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", HERMITIAN)
def test_hermitian(against_torch, rng, name, dtype):
    f, g = HERMITIAN[name]
    for shape in ((3, 3), (2, 2, 2)):
        x = draw(rng, shape, dtype, "spd")
        against_torch(hermitian(f), hermitian(g), x, tolerance=TOLERANCE[dtype])
        # The first gradient agrees without the Hermitian part being taken, too; but for complex
        # Cholesky, where PyTorch's has another part from imaginary cotangents of the diagonal,
        # which is real.
        if not (dtype.startswith("c") and "cholesky" in name):
            against_torch(f, g, x, tolerance=TOLERANCE[dtype], order=1)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (2, 5, 3), (2, 3, 5)])
def test_rectangular(against_torch, rng, shape, dtype):
    x = draw(rng, shape, dtype)
    pairs = [
        (a.qr, L.qr),
        (lambda x: a.lu(x)[1:], lambda x: L.lu(x)[1:]),
        (
            lambda x: squares(*s.svd(x, full_matrices=False)),
            lambda x: squares(*L.svd(x, full_matrices=False)),
        ),
        (lambda x: s.svd(x)[1], lambda x: L.svd(x)[1]),
        (s.svdvals, L.svdvals),
        (s.pinv, L.pinv),
        (s.cond, L.cond),
    ]
    if shape[-2] <= shape[-1]:
        pairs.append((lambda x: a.qr(x, "complete"), lambda x: L.qr(x, "complete")))
    for f, g in pairs:
        against_torch(f, g, x)


def test_qr_modes(rng):
    x = draw(rng, (4, 2))
    for mode in ("complete", "r"):
        for got, want in zip(a.qr(x, mode), L.qr(torch.from_numpy(x), mode), strict=True):
            np.testing.assert_allclose(got, want.numpy(), atol=1e-12)
    leaf = wrap(Tensor, x)
    leaf.require_grad()
    q, _ = a.qr(leaf, "complete")
    from dualtape.core.backward import gradients

    with pytest.raises(
        NotDifferentiableError, match="not differentiable when mode='complete' and nrows > ncols"
    ):
        gradients([(q.edge, np.ones((4, 4)))], [leaf.edge])
    with pytest.raises(RuntimeError, match="qr received unrecognized mode 'foo'"):
        a.qr(x, "foo")


SYSTEMS = [
    ((3, 3), (3, 2)),
    ((3, 3), (3,)),
    ((2, 3, 3), (2, 3)),
    ((2, 3, 3), (3, 1)),
    ((3, 3), (2, 3, 4)),
    ((2, 1, 2, 2), (3, 2, 2)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "sides"), SYSTEMS)
def test_solve(against_torch, rng, shape, sides, dtype):
    m, b = draw(rng, shape, dtype, "near identity"), draw(rng, sides, dtype)
    against_torch(a.solve, L.solve, m, b, tolerance=TOLERANCE[dtype])
    if len(sides) >= 2 and sides[:-1] != shape[:-2] + shape[-1:] and sides != shape[:-1]:
        b = np.swapaxes(b, -1, -2).copy()
        against_torch(
            lambda m, b: a.solve(m, b, left=False), lambda m, b: L.solve(m, b, left=False), m, b,
            tolerance=TOLERANCE[dtype],
        )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("upper", [True, False])
def test_solve_triangular(against_torch, rng, upper, unit, left, dtype):
    for n, lead in ((3, (2,)), (12, ())):
        m = draw(rng, (*lead, n, n), dtype, "near identity")
        b = draw(rng, (n, 2) if left else (2, n), dtype)
        against_torch(
            lambda m, b: a.solve_triangular(m, b, upper=upper, left=left, unitriangular=unit),
            lambda m, b: L.solve_triangular(m, b, upper=upper, left=left, unitriangular=unit),
            m, b, tolerance=1e-8,
        )  # fmt: skip


def test_triangles_with_a_zero_on_the_diagonal_give_infinities():
    m, b = np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[1.0, 2.0], [3.0, -4.0]])
    want = L.solve_triangular(torch.from_numpy(m), torch.from_numpy(b), upper=True).numpy()
    np.testing.assert_array_equal(a.solve_triangular(m, b, upper=True), want)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("upper", [True, False])
def test_with_a_cholesky_factor(against_torch, rng, upper, dtype):
    factor = np.linalg.cholesky(draw(rng, (2, 3, 3), dtype, "spd"), upper=upper)
    b = draw(rng, (2, 3, 2), dtype)
    against_torch(
        lambda b, f: a.cholesky_solve(b, f, upper),
        lambda b, f: torch.cholesky_solve(b, f, upper),
        b,
        factor,
    )
    against_torch(
        lambda f: a.cholesky_inverse(f, upper), lambda f: torch.cholesky_inverse(f, upper), factor
    )


def _gradients(f, *arrays):
    from dualtape.core.backward import gradients

    leaves = [wrap(Tensor, x.copy()) for x in arrays]
    for x in leaves:
        x.require_grad()
    out = f(*leaves)
    return [
        np.asarray(g)
        for g in gradients([(out.edge, np.ones(out.shape, out.dtype))], [x.edge for x in leaves])
    ]


def _torch_gradients(f, *arrays):
    leaves = [torch.from_numpy(x.copy()).requires_grad_() for x in arrays]
    out = f(*leaves)
    return [
        g.resolve_conj().numpy() for g in torch.autograd.grad(out, leaves, torch.ones_like(out))
    ]


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("adjoint", [True, False])
@pytest.mark.parametrize("left", [True, False])
def test_lu_solve(against_torch, rng, left, adjoint, dtype):
    m, b = draw(rng, (2, 3, 3), dtype), draw(rng, (3, 2) if left else (2, 3), dtype)

    def mine(m, b):
        return a.lu_solve(*a.lu_factor(m), b, left=left, adjoint=adjoint)

    def theirs(m, b):
        return L.lu_solve(*L.lu_factor(m), b, left=left, adjoint=adjoint)

    against_torch(mine, theirs, m, b, tolerance=1e-8)


def test_lu_parts(rng):
    for shape in ((5, 3), (3, 5), (2, 6, 6), (0, 0)):
        x = draw(rng, shape)
        p, low, up = a.lu(x)
        np.testing.assert_allclose(p @ low @ up, x, atol=1e-12)
        for got, want in zip((p, low, up), L.lu(torch.from_numpy(x)), strict=True):
            np.testing.assert_allclose(got, want.numpy(), atol=1e-12)
        pivots = a.lu_factor(x)[1]
        assert pivots.dtype == np.int32
        np.testing.assert_array_equal(pivots, L.lu_factor(torch.from_numpy(x))[1].numpy())


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_householder(against_torch, rng, dtype):
    for shape, k in (((4, 3), 3), ((2, 4, 4), 2), ((3, 1), 1)):
        x, tau = draw(rng, shape, dtype), draw(rng, (*shape[:-2], k), dtype) * 0.3
        against_torch(a.householder_product, L.householder_product, x, tau, tolerance=1e-8)
    h, tau = a.geqrf(draw(rng, (4, 3), dtype))
    other = draw(rng, (4, 4), dtype)
    for left in (True, False):
        for transpose in (True, False):
            against_torch(
                lambda *o, p=(left, transpose): a.ormqr(*o, *p),
                lambda *o, p=(left, transpose): torch.ormqr(*o, *p),
                h,
                tau,
                other,
                order=0,
            )


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_matrix_norm(against_torch, rng, ord, dtype):
    x = draw(rng, (2, 3, 4), dtype)
    for settings in ({}, {"dim": (0, 2)}, {"dim": (2, 1), "keepdim": True}):
        against_torch(
            lambda x, k=settings: s.matrix_norm(x, ord, **k),
            lambda x, k=settings: L.matrix_norm(x, ord, **k),
            x,
        )
    empty = np.zeros((0, 3), dtype)
    assert s.matrix_norm(empty, "fro") == 0


def test_nuclear_norm_of_repeated_singular_values(against_torch):
    against_torch(
        lambda x: s.matrix_norm(x, "nuc"), lambda x: L.matrix_norm(x, "nuc"), np.eye(3) * 2, order=1
    )


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("driver", [None, "gels", "gelsd", "gelss"])
def test_lstsq(against_torch, rng, driver, dtype):
    for shape, sides in (((4, 3), (4, 2)), ((3, 4), (3, 2)), ((2, 4, 3), (2, 4)), ((3, 3), (3, 1))):
        m, b = draw(rng, shape, dtype), draw(rng, sides, dtype)
        against_torch(
            lambda m, b: s.lstsq(m, b, driver=driver)[0],
            lambda m, b: L.lstsq(m, b, driver=driver)[0],
            m,
            b,
            tolerance=1e-8,
        )
        for got, want in zip(
            s.lstsq(m, b, driver=driver),
            L.lstsq(torch.from_numpy(m), torch.from_numpy(b), driver=driver),
            strict=True,
        ):
            assert (got.shape, got.dtype) == (tuple(want.shape), want.numpy().dtype)
            np.testing.assert_allclose(got, want.numpy(), atol=1e-9)


def test_rank_deficient(rng):
    x = draw(rng, (4, 2)) @ draw(rng, (2, 3))
    assert s.matrix_rank(x) == 2
    assert s.matrix_rank(x, atol=100.0) == 0
    np.testing.assert_allclose(s.pinv(x), L.pinv(torch.from_numpy(x)).numpy(), atol=1e-12)
    tolerances = np.array([0.1, 100.0])
    want = L.matrix_rank(torch.from_numpy(x), atol=torch.from_numpy(tolerances)).numpy()
    np.testing.assert_array_equal(s.matrix_rank(x, atol=tolerances), want)
    want = L.pinv(torch.from_numpy(x), rtol=torch.from_numpy(tolerances / 1000)).numpy()
    np.testing.assert_allclose(s.pinv(x, rtol=tolerances / 1000), want, atol=1e-12)
    got, want = s.lstsq(x, np.ones((4, 1))), L.lstsq(torch.from_numpy(x), torch.ones(4, 1).double())
    np.testing.assert_allclose(got[0], want[0].numpy(), atol=1e-12)
    # Of constant rank: both factors move.
    p, q = draw(rng, (4, 2)), draw(rng, (2, 3))
    from dualtape.ops.matmul import matmul

    got = _gradients(lambda p, q: s.pinv(matmul(p, q)), p, q)
    want = _torch_gradients(lambda p, q: L.pinv(p @ q), p, q)
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, atol=1e-9)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
def test_svd_lowrank(against_torch, rng, shape, monkeypatch):
    start = rng.standard_normal((4, 2))
    monkeypatch.setattr(torch, "randn", lambda *size, **_: torch.from_numpy(start))
    x = draw(rng, (shape[0], 2)) @ draw(rng, (2, shape[1]))
    against_torch(
        lambda x: squares(*s.svd_lowrank(x, start)),
        lambda x: squares(*torch.svd_lowrank(x, 2)),
        x,
        order=1,
    )


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_cross_vander_tensors(against_torch, rng, dtype):
    x, y = draw(rng, (2, 3), dtype), draw(rng, (1, 3), dtype)
    against_torch(v.cross, L.cross, x, y)
    against_torch(
        lambda x, y: v.cross(x, y, 0), lambda x, y: L.cross(x, y, dim=0), x.T.copy(), y.T.copy()
    )
    against_torch(v.vander, L.vander, x)
    against_torch(lambda x: v.vander(x, 2), lambda x: L.vander(x, N=2), np.zeros_like(x))
    t = draw(rng, (2, 3, 6), dtype)
    against_torch(a.tensorinv, L.tensorinv, t)
    against_torch(a.tensorsolve, L.tensorsolve, t, draw(rng, (2, 3), dtype))
    against_torch(
        lambda t, b: a.tensorsolve(t, b, (0, 2)),
        lambda t, b: L.tensorsolve(t, b, (0, 2)),
        draw(rng, (2, 6, 3), dtype),
        draw(rng, (6,), dtype),
    )


def test_determinants_of_singular_matrices_have_gradients():
    x = np.array([[1.0, 2.0], [2.0, 4.0]])
    (got,) = _gradients(a.det, x)
    np.testing.assert_allclose(got, [[4, -2], [-2, 1]], atol=1e-14)
    (got,) = _gradients(a.det, np.zeros((2, 2)))
    np.testing.assert_array_equal(got, np.zeros((2, 2)))
    assert a.slogdet(x)[1] == -np.inf
    (got,) = _gradients(lambda x: a.slogdet(x)[1], x)
    assert np.isinf(got).all()


def test_logdet_of_a_negative_determinant_is_nan():
    assert np.isnan(a.logdet(np.array([[0.0, 1.0], [1.0, 0.0]])))


SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
BATCH = np.stack([np.eye(2), SINGULAR])
FAILURES = [
    (a.inv, L.inv, (SINGULAR,)),
    (a.inv, L.inv, (BATCH,)),
    (a.solve, L.solve, (SINGULAR, SINGULAR)),
    (a.solve, L.solve, (BATCH, BATCH)),
    (a.cholesky, L.cholesky, (-SINGULAR,)),
    (a.cholesky, L.cholesky, (np.array([[2.0, 0, 0], [0, 1, 2], [0, 2, 1]]),)),
    (a.cholesky, L.cholesky, (np.stack([np.eye(2), SINGULAR - 5]),)),
    (a.cholesky, L.cholesky, (np.array([[np.nan]]),)),
    (a.lu_factor, L.lu_factor, (SINGULAR,)),
    (a.lu_factor, L.lu_factor, (BATCH,)),
    (s.svd, L.svd, (np.array([[np.nan]]),)),
    (a.cholesky_inverse, torch.cholesky_inverse, (np.zeros((2, 2)),)),
]


@pytest.mark.parametrize(("f", "g", "arrays"), FAILURES)
def test_failures_are_worded_as_in_torch(f, g, arrays):
    with pytest.raises(RuntimeError) as want:
        g(*map(torch.from_numpy, arrays))
    with pytest.raises(LinAlgError, match=re.escape(str(want.value))):
        f(*arrays)


def test_failures_are_runtime_errors_and_numpys():
    assert issubclass(LinAlgError, RuntimeError)
    assert issubclass(LinAlgError, np.linalg.LinAlgError)


M23, M22 = np.zeros((2, 3)), np.zeros((2, 2))
SHAPES = [
    (a.inv, L.inv, (M23,)),
    (a.inv, L.inv, (M23[0],)),
    (a.det, L.det, (M23,)),
    (a.slogdet, L.slogdet, (M23,)),
    (a.cholesky, L.cholesky, (M23,)),
    (s.eigh, L.eigh, (M23,)),
    (s.eig, L.eig, (M23,)),
    (s.svd, L.svd, (M23[0],)),
    (a.qr, L.qr, (M23[0],)),
    (a.matrix_exp, L.matrix_exp, (M23,)),
    (a.solve, L.solve, (M23, M22)),
    (a.solve, L.solve, (M22, np.zeros(3))),
    (a.solve, L.solve, (M22, np.zeros((3, 2)))),
    (a.solve, L.solve, (M22, np.zeros(()))),
    (
        lambda a_, b: a.solve_triangular(a_, b, upper=True),
        lambda a_, b: L.solve_triangular(a_, b, upper=True),
        (M22, np.zeros((3, 2))),
    ),
    (s.lstsq, L.lstsq, (M23, np.zeros((3, 1)))),
    (lambda x: s.matrix_norm(x, "foo"), lambda x: L.matrix_norm(x, "foo"), (M23,)),
    (lambda x: s.matrix_norm(x, dim=(0, 0)), lambda x: L.matrix_norm(x, dim=(0, 0)), (M23,)),
    (lambda x: s.cond(x, 1), lambda x: L.cond(x, 1), (M23,)),
    (v.cross, L.cross, (M22, M22)),
    (v.cross, L.cross, (M23, np.zeros(3))),
    (v.vander, L.vander, (np.zeros(1),)),
    (a.tensorinv, L.tensorinv, (np.zeros((2, 3, 5)),)),
    (a.tensorsolve, L.tensorsolve, (np.zeros((2, 3, 6)), np.zeros((2, 4)))),
    (lambda x: s.eigh(x, "X"), lambda x: L.eigh(x, "X"), (M22,)),
    (a.cholesky_solve, torch.cholesky_solve, (M22, np.zeros((3, 3)))),
]


@pytest.mark.parametrize(("f", "g", "arrays"), SHAPES)
def test_shape_errors_are_worded_as_in_torch(f, g, arrays):
    with pytest.raises(RuntimeError) as want:
        g(*[torch.from_numpy(np.asarray(x)) for x in arrays])
    with pytest.raises(RuntimeError, match=re.escape(str(want.value))):
        f(*[np.asarray(x) for x in arrays])


def test_half_precision_is_refused():
    for f in (a.inv, a.det, a.cholesky, s.svd, s.eigh, a.qr):
        with pytest.raises(TypeError, match="Low precision dtypes not supported"):
            f(np.eye(2, dtype=np.float16))


def test_losses_that_depend_on_a_phase_have_no_gradient(rng):
    x = draw(rng, (3, 3), "complex128")
    for f in (lambda x: s.svd(x)[0], lambda x: s.eigh(x)[1], lambda x: s.eig(x)[1]):
        with pytest.raises(
            NotDifferentiableError, match=re.escape("specified up to multiplication by e^{i phi}")
        ):
            _gradients(f, x)


def test_what_ex_says():
    for f, g, x in (
        (a.inv_ex, L.inv_ex, SINGULAR),
        (a.lu_factor_ex, L.lu_factor_ex, BATCH),
        (a.cholesky_ex, L.cholesky_ex, -BATCH),
    ):
        got, want = f(x)[-1], g(torch.from_numpy(x))[-1].numpy()
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)


def test_fallbacks_without_scipy(monkeypatch, rng):
    from dualtape.ops import factorisation, solving

    m, b = draw(rng, (2, 20, 20), "complex128", "near identity"), draw(rng, (20, 3), "complex128")
    for upper in (True, False):
        with_scipy = a.solve_triangular(m[0], b, upper=upper)
        with monkeypatch.context() as patch:
            patch.setattr(solving, "_trsm", lambda dtype: None)
            np.testing.assert_allclose(
                a.solve_triangular(m[0], b, upper=upper), with_scipy, rtol=1e-9
            )
    with_scipy = a.lu_factor(m)
    monkeypatch.setattr(factorisation, "_getrf", lambda dtype: None)
    for got, want in zip(a.lu_factor(m), with_scipy, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_transposes_are_views(rng):
    x = draw(rng, (3, 2))
    assert np.shares_memory(mt(x), x)
    assert np.shares_memory(mh(x), x)


warnings.filterwarnings("ignore", message="torch.lu_solve is deprecated")
