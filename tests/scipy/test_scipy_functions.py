"""`dualtape.scipy`: SciPy's values, and derivatives in every mode against differences of SciPy's values."""

# ruff: noqa: B023 - functions are called where they are made

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.errors import MissingRuleError
from dualtape.numpy import scipy_advice
from dualtape.scipy import integrate, linalg, special, stats

sl = pytest.importorskip("scipy.linalg")
sp = pytest.importorskip("scipy.special")
st = pytest.importorskip("scipy.stats")
si = pytest.importorskip("scipy.integrate")

A = np.array([[4.0, 1.0, 0.2], [1.0, 3.0, 0.5], [0.2, 0.5, 2.0]])
B = np.array([1.0, 2.0, 3.0])
G = A + np.array([[0.1, -0.3, 0.2], [0.4, -0.2, 0.1], [-0.1, 0.3, 0.2]])
C = np.array([[0.5, -1.0], [1.5, 0.3], [-0.7, 0.9]])
PENCIL = A + np.diag([1.0, 2.0, 5.0])
RNG = np.random.default_rng(0)


def flat(out):
    parts = out if isinstance(out, (tuple, list)) else (out,)
    return np.concatenate([np.ravel(p) for p in parts])


def sym(a):
    return (a + np.swapaxes(a, -1, -2)) / 2


def check(ours, theirs, x, second=True, rtol=1e-6):
    x = np.asarray(x, float)
    v = np.cos(np.arange(x.size) + 1.0).reshape(x.shape)
    w = np.sin(np.arange(flat(theirs(x)).size) + 1.0)

    def f(x):
        return np.sum(flat(ours(x)) * w)

    def g(x):
        return np.sum(flat(theirs(x)) * w)

    y, slopes = dt.value_and_grad(f)(x)
    np.testing.assert_allclose(y, g(x), rtol=1e-9, atol=1e-10)
    slope = np.sum(slopes * v)
    np.testing.assert_allclose(
        slope, (g(x + 1e-6 * v) - g(x - 1e-6 * v)) / 2e-6, rtol=rtol, atol=1e-7
    )
    np.testing.assert_allclose(dt.jvp(f, (x,), (v,))[1], slope, rtol=1e-8, atol=1e-10)
    rows = np.stack([x, x * 1.01])
    np.testing.assert_allclose(dt.vmap(f)(rows), [g(r) for r in rows], rtol=1e-8)
    if second:

        def directional(x):
            return np.sum(dt.grad(f)(x) * v)

        want = (directional(x + 1e-5 * v) - directional(x - 1e-5 * v)) / 2e-5
        got = np.sum(dt.grad(directional)(x) * v)
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


LINALG = [
    (lambda m, a: m.solve(a, B), G), (lambda m, a: m.solve(a, C), G), (lambda m, a: m.solve(A, a), B),
    (lambda m, a: m.solve(a, B, assume_a="pos"), A), (lambda m, a: m.solve(a, B, lower=True, assume_a="sym"), A),
    (lambda m, a: m.solve(a, B, transposed=True), G), (lambda m, a: m.solve(a, B, assume_a="upper triangular"), G),
    (lambda m, a: m.inv(a, check_finite=False), G), (lambda m, a: m.det(a), G), (lambda m, a: m.norm(a), G), (lambda m, a: m.norm(a, 1, axis=0), G),
    (lambda m, a: m.cholesky(sym(a)), A), (lambda m, a: m.cholesky(sym(a), lower=True), A),
    (lambda m, a: m.cho_solve(m.cho_factor(sym(a)), B), A), (lambda m, a: m.cho_solve(m.cho_factor(sym(a), lower=True), C), A),
    (lambda m, a: m.cho_solve(sl.cho_factor(A), a), B),
    (lambda m, a: m.lu(a), G), (lambda m, a: m.lu(a, permute_l=True), G), (lambda m, a: m.lu_solve(m.lu_factor(a), B), G),
    (lambda m, a: m.lu_solve(m.lu_factor(a), B, 1), G), (lambda m, a: m.lu_solve(m.lu_factor(a), C, 2), G),
    (lambda m, a: m.eigh(sym(a))[0], A), (lambda m, a: m.eigh(sym(a), A)[0], PENCIL), (lambda m, a: np.abs(m.eigh(sym(a), A)[1]), PENCIL),
    (lambda m, a: m.eigvalsh(PENCIL, sym(a)), A), (lambda m, a: np.sort(np.real(m.eigvals(a))), G), (lambda m, a: m.svdvals(a), G),
    (lambda m, a: m.svd(a)[1], G), (lambda m, a: m.svd(a, compute_uv=False), G), (lambda m, a: np.abs(m.qr(a)[1]), G),
    (lambda m, a: np.abs(m.qr(a, mode="economic")[0]), G), (lambda m, a: m.pinv(a), G), (lambda m, a: m.lstsq(a, B)[0], G),
    (lambda m, a: m.expm(a), G * 0.3), (lambda m, a: m.sqrtm(a), A @ A + 0.2 * G), (lambda m, a: m.logm(a), A @ A + 0.2 * G),
    (lambda m, a: m.block_diag(a, B, a[:1]), G), (lambda m, a: m.toeplitz(a), B), (lambda m, a: m.toeplitz(a, a[::-1] * 2), B),
    (lambda m, a: m.circulant(a), B), (lambda m, a: m.hankel(a), B), (lambda m, a: m.hankel(a, a[::-1][:2]), B),
    (lambda m, a: m.solve_toeplitz(a, B), B[::-1]), (lambda m, a: m.solve_toeplitz((a, a * 0.9), a), B[::-1] + 1),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(LINALG)))
def test_linalg(number):
    f, x = LINALG[number]
    check(lambda a: f(linalg, a), lambda a: f(sl, a), x)


@pytest.mark.parametrize("trans", [0, "T", 2])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_triangular_systems(trans, lower, unit):
    for b in (B, C):
        check(
            lambda a, b=b: linalg.solve_triangular(a, b, trans, lower, unit_diagonal=unit),
            lambda a, b=b: sl.solve_triangular(a, b, trans, lower, unit_diagonal=unit), G,
        )  # fmt: skip


def test_functions_of_complex_matrices():
    a, d = A @ A + 0.3j * G, G + 0.5j * A
    for name in ("sqrtm", "logm"):
        f, g = getattr(linalg, name), getattr(sl, name)
        want = (g(a + 1e-6 * d) - g(a - 1e-6 * d)) / 2e-6
        _, slope = dt.jvp(f, (a,), (d,))
        np.testing.assert_allclose(slope, want, rtol=1e-7, atol=1e-9)
        ct = C @ C.T + 1j * G
        back = dt.vjp(f, a)[1](ct)[0]
        np.testing.assert_allclose(np.vdot(back, d).real, np.vdot(ct, slope).real, rtol=1e-10)
    with pytest.raises(ValueError, match="complex matrix"):
        dt.grad(lambda x: np.sum(linalg.sqrtm(-x)))(A)


SPECIAL = [
    (lambda m, a: m.logsumexp(a), G), (lambda m, a: m.logsumexp(a, axis=1, keepdims=True), G), (lambda m, a: m.logsumexp(a, axis=0, b=A), G),
    (lambda m, a: m.logsumexp(G, b=a), A), (lambda m, a: m.logsumexp(a, b=-A, return_sign=True)[0], G), (lambda m, a: m.softmax(a), G),
    (lambda m, a: m.softmax(a, axis=0), G), (lambda m, a: m.softmax(np.reshape(a, (3, 1, 3)), axis=(0, 2)), G),
    (lambda m, a: m.log_softmax(a, axis=-1), G), (lambda m, a: m.log_softmax(a), G), (lambda m, a: m.polygamma(2, a), B),
    (lambda m, a: m.multigammaln(a, 2), B + 1), (lambda m, a: m.factorial(a), B + 0.3), (lambda m, a: m.comb(a, 2.5), B + 3.3),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SPECIAL)))
def test_special(number):
    f, x = SPECIAL[number]
    check(lambda a: f(special, a), lambda a: f(sp, a), x)


def test_logsumexp_of_weights_that_are_zero_and_of_infinities():
    x = np.array([1000.0, -np.inf, 3.0])
    np.testing.assert_allclose(dt.grad(lambda x: special.logsumexp(x))(x), [1.0, 0.0, 0.0])
    b = np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(dt.grad(lambda x: special.logsumexp(x, b=b))(x), [0.0, 0.0, 1.0])


def test_integrals_of_samples():
    check(lambda x: integrate.trapezoid(x * x, x), lambda x: si.trapezoid(x * x, x), B)
    for m in (2, 3, 4, 5, 6, 7):
        x = np.sort(RNG.random(m))
        check(lambda x: integrate.simpson(np.sin(x), x), lambda x: si.simpson(np.sin(x), x=x), x)
        check(lambda y: integrate.simpson(y, dx=0.3), lambda y: si.simpson(y, dx=0.3), x)
    f = lambda m, x: m.cumulative_trapezoid(A * x, x, axis=0, initial=0)  # noqa: E731
    check(lambda x: f(integrate, x), lambda x: f(si, x), B)


SHAPES = {
    "norm": [], "lognorm": [0.7], "halfnorm": [], "expon": [], "uniform": [], "laplace": [], "logistic": [], "cauchy": [],
    "gumbel_r": [], "rayleigh": [], "gamma": [2.3], "chi2": [3.4], "invgamma": [2.5], "beta": [2.3, 1.7], "t": [4.2],
    "weibull_min": [1.7], "pareto": [2.2],
}  # fmt: skip
POINTS = {"uniform": [0.2, 0.5, 0.9], "beta": [0.2, 0.5, 0.9], "pareto": [1.2, 2.0, 3.0]}
SLOPELESS = {"beta", "t"}  # by a shape, their distribution functions


@pytest.mark.parametrize("name", SHAPES)
def test_densities(name):
    shapes, z = SHAPES[name], np.array(POINTS.get(name, [0.3, 0.9, 2.0]))
    d, s = getattr(stats, name), getattr(st, name)
    x = z * 1.3 + 0.2
    for method in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"):
        f, g = getattr(d, method), getattr(s, method)
        density = "pdf" in method
        check(
            lambda x: f(x, *shapes, 0.2, 1.3), lambda x: g(x, *shapes, 0.2, 1.3), x, density, 1e-5
        )
        check(
            lambda p: f(x, *shapes, loc=p[0], scale=p[1]), lambda p: g(x, *shapes, loc=p[0], scale=p[1]), [0.2, 1.3], density, 1e-5
        )  # fmt: skip
        if shapes and (density or name not in SLOPELESS):
            check(
                lambda p: f(z, *list(p)), lambda p: g(z, *list(p)), shapes, method == "logpdf", 1e-4
            )
        elif shapes:
            with pytest.raises(MissingRuleError):
                dt.grad(lambda p: np.sum(f(z, *list(p))))(np.array(shapes))
    if d._functions["ppf"]:
        check(
            lambda q: d.ppf(q, *shapes, scale=2.0),
            lambda q: s.ppf(q, *shapes, scale=2.0),
            [0.2, 0.6, 0.9],
        )


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_densities_at_the_ends_of_their_support(name):
    shapes, x = SHAPES[name], np.array([-5.0, 0.0, 1.0, 7.0])
    for method in ("logpdf", "cdf", "sf"):
        f, want = (
            getattr(getattr(stats, name), method),
            getattr(getattr(st, name), method)(x, *shapes),
        )
        np.testing.assert_allclose(dt.jvp(lambda x: f(x, *shapes), (x,), (x,))[0], want, rtol=1e-9)
        finite = np.isfinite(want)
        slopes = dt.grad(lambda x: np.sum(np.where(finite, f(x, *shapes), 0)))(x)
        assert np.isfinite(slopes).all(), method


@pytest.mark.parametrize(
    ("name", "shapes", "points"),
    [("poisson", [2.3], [0, 1, 3]), ("bernoulli", [0.3], [0, 1, 1]), ("binom", [5.0, 0.3], [0, 1, 3]), ("geom", [0.3], [1, 2, 4])],
)  # fmt: skip
def test_probabilities_of_whole_numbers(name, shapes, points):
    k = np.array(points, float)
    *rest, p = shapes
    d, s = getattr(stats, name), getattr(st, name)
    for method in ("logpmf", "pmf", "cdf", "sf"):
        if name != "bernoulli" or "pmf" in method:
            f, g = getattr(d, method), getattr(s, method)
            check(
                lambda q: f(k, *rest, q[0]), lambda q: g(k, *rest, q[0]), [p], "log" in method, 1e-5
            )
    elsewhere = np.array([-1.0, 0.5, 2.0, 9.0])
    for method in ("logpmf", "cdf"):
        f, want = getattr(d, method), getattr(s, method)(elsewhere, *shapes)
        got, slope = dt.jvp(lambda q: f(elsewhere, *rest, q), (p,), (1.0,))
        np.testing.assert_allclose(got, want, rtol=1e-10)
        assert np.isfinite(slope[np.isfinite(want)]).all()


def test_multivariate_normal():
    mean = np.array([0.1, 0.2, 0.3])
    d, s = stats.multivariate_normal, st.multivariate_normal
    for f, x in (
        (lambda m, x: m.logpdf(x, mean, A), B), (lambda m, x: m.logpdf(x, mean, A), G), (lambda m, a: m.logpdf(G, mean, sym(a)), A),
        (lambda m, a: m(a, A).logpdf(G), mean), (lambda m, a: m.pdf(B, mean, a), B), (lambda m, a: m.logpdf(B, cov=a[0]), [2.0]),
        (lambda m, a: m.logpdf(a[0]), [0.5]), (lambda m, a: m.logpdf(np.ones((4, 2, 3)), a, 2.0), mean),
    ):  # fmt: skip
        check(lambda a: f(d, a), lambda a: f(s, a), x)


def test_plain_numbers_are_scipys_business():
    assert type(linalg.solve(A, B)) is np.ndarray
    assert type(stats.norm.logpdf(1.0)) is np.float64
    assert np.array_equal(
        stats.norm.rvs(size=2, random_state=0), st.norm.rvs(size=2, random_state=0)
    )
    assert stats.norm(1.0, 2.0).mean() == 1.0
    assert linalg.null_space is sl.null_space
    assert special.erf is sp.erf
    assert stats.norm.interval(0.5) == st.norm.interval(0.5)
    with pytest.raises(AttributeError):
        linalg.no_such_function  # noqa: B018
    from dualtape import scipy

    assert scipy.linalg is linalg
    assert scipy.optimize.brentq(lambda x: x - 1.0, 0.0, 3.0) == 1.0


def test_what_is_not_covered_says_so():
    with pytest.raises(TypeError, match="pivoting"):
        dt.grad(lambda a: np.sum(linalg.qr(a, pivoting=True)[1]))(A)
    with pytest.raises(TypeError, match="loc, scale"):
        dt.grad(lambda a: stats.norm.logpdf(a, wrong=1.0))(1.0)
    with pytest.raises(TypeError, match="not covered"):
        dt.grad(lambda a: stats.gamma.ppf(0.5, a))(2.0)


@pytest.mark.parametrize("module", [integrate, linalg, special, stats])
def test_messages_name_what_is_there(module):
    name = module.__name__.rpartition(".")[2]
    there = {
        n for n, f in vars(module).items()
        if not n.startswith("_") and getattr(f, "__module__", "").startswith("dualtape.scipy")
        and not isinstance(f, type) and n not in ("follows", "rest_of", "floating")
    }  # fmt: skip
    if name == "stats":
        there = {
            n
            for n, d in vars(module).items()
            if isinstance(d, (stats.Distribution, stats.MultivariateNormal))
        }
    assert there == set(scipy_advice.HERE[name].split())
