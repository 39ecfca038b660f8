"""Taylor recurrences of factorisations, softmax and normalisations: to order 6, without the order-by-order way."""

import math

import numpy as np
import pytest

import dualtape as dt
from dualtape import torch
from dualtape.ops import factorisation, norms, solving, spectral
from dualtape.ops.taylor_matrices import MATRICES
from dualtape.ops.taylor_sums import SUMS
from dualtape.transforms import jets

RNG = np.random.default_rng(3)
ORDER = 6
SQUARE = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
SYMMETRIC = SQUARE @ SQUARE.T
TALL = RNG.normal(size=(4, 3))
VECTORS = RNG.normal(size=(2, 3))


def norm_layer(kind):
    def layer(x):
        t = torch.nn.functional
        if kind == "layer":
            return t.layer_norm(x, (3,), x[0] * 0.5, x[1])
        if kind == "rms":
            return t.rms_norm(x, (3,), x[0])
        if kind == "group":
            return t.group_norm(x, 1)
        return t.batch_norm(x, None, None, x[0], x[1], training=True)

    return layer


def symmetric(a):
    return (a + a.T) * 0.5


CASES = {
    "solve_triangular lower": (lambda a: solving.solve_triangular_p(a, a[:, :2], upper=False, unit=False), SQUARE),
    "solve_triangular unit": (lambda a: solving.solve_triangular_p(a, a[:, :2], upper=True, unit=True), SQUARE),
    "inv": (np.linalg.inv, SQUARE), "det": (np.linalg.det, SQUARE), "slogdet": (lambda a: np.linalg.slogdet(a)[1], SQUARE),
    "cholesky": (lambda a: np.linalg.cholesky(symmetric(a)), SYMMETRIC),
    "cholesky upper": (lambda a: factorisation.cholesky_p(symmetric(a), upper=True), SYMMETRIC),
    "lu": (lambda a: factorisation.lu_p(a, pivot=True)[0], SQUARE[::-1]), "qr q": (lambda a: np.linalg.qr(a)[0], TALL),
    "qr r": (lambda a: np.linalg.qr(a)[1], TALL), "eigvalsh": (lambda a: np.linalg.eigvalsh(symmetric(a)), SYMMETRIC),
    "eigh w": (lambda a: np.linalg.eigh(symmetric(a))[0], SYMMETRIC), "eigh v": (lambda a: np.linalg.eigh(symmetric(a))[1], SYMMETRIC),
    "svd u": (lambda a: spectral.svd_p(a, full=False)[0], TALL), "svd s": (lambda a: spectral.svd_p(a, full=False)[1], TALL.T),
    "svd v": (lambda a: spectral.svd_p(a, full=False)[2], TALL.T), "svdvals": (np.linalg.svdvals, TALL),
    "norm": (np.linalg.norm, VECTORS), "norms": (lambda x: np.linalg.norm(x, axis=0), VECTORS),
    "var": (np.var, VECTORS), "std": (lambda x: np.std(x, 1, ddof=1), VECTORS),
    "logsumexp": (lambda x: norms.logsumexp(x, 1, False), VECTORS), "logsumexp all": (lambda x: norms.logsumexp(x, None, True), VECTORS),
    "softmax": (lambda x: torch.softmax(x, 0), VECTORS), "log_softmax": (lambda x: torch.log_softmax(x, -1), VECTORS),
    **{f"{kind} norm": (norm_layer(kind), VECTORS) for kind in ("layer", "rms", "group", "batch")},
}  # fmt: skip


def curve(x, terms, t):
    for k, c in enumerate(terms, 1):
        x = x + t**k * c
    return x


@pytest.mark.parametrize("name", CASES)
def test_recurrence(name, monkeypatch):
    """The series of f along a polynomial curve, from f at points of a small circle: Cauchy's integral as a sum."""
    f, x = CASES[name]
    dialect = "norm" in name.split() or "softmax" in name
    wrap = torch.tensor if dialect else np.asarray
    terms = [0.2 * RNG.normal(size=x.shape) for _ in range(ORDER)]

    def refuse(*args):
        raise AssertionError("order by order")

    monkeypatch.setattr(jets, "order_by_order", refuse)
    if dialect and name == "norm":
        wrap = np.asarray
    _, got = dt.jet(f, (wrap(x),), ([wrap(c) for c in terms],), factorial_scaled=False)
    monkeypatch.undo()

    def g(t):
        return f(curve(wrap(x), [wrap(c) for c in terms], t))

    want = g
    for k in range(1, 4):
        want = lambda t, h=want: dt.jvp(h, (t,), (1.0,))[1]  # noqa: E731
        np.testing.assert_allclose(got[k - 1], np.asarray(want(0.0)) / math.factorial(k), rtol=1e-8, atol=1e-9)  # fmt: skip
    # The rest is small where the series is right: it shrinks with the seventh power of the distance.
    errors = []
    for t in (0.08, 0.04):
        sum_ = sum(np.asarray(c) * t**k for k, c in enumerate(got, 1))
        errors.append(np.max(np.abs(np.asarray(g(t)) - np.asarray(g(0.0)) - sum_)))
    assert errors[1] < max(errors[0] / 2**5.5, 1e-13)


def test_the_cost_is_quadratic(monkeypatch):
    count = 0
    process = jets.TaylorMode.process

    def counted(self, *args):
        nonlocal count
        count += 1
        return process(self, *args)

    monkeypatch.setattr(jets.TaylorMode, "process", counted)
    dt.jet(np.linalg.eigvalsh, (SYMMETRIC,), ([SYMMETRIC] * 8,))
    assert count == 1  # no level within


@pytest.mark.parametrize("a", [np.eye(3), np.diag([1.0, 1.0, 2.0]), np.zeros((3, 3))])
def test_what_has_no_recurrence_goes_order_by_order(a):
    v = np.diag([1.0, 2.0, 3.0])
    for f in (lambda x: np.sum(np.linalg.eigvalsh(x)), np.linalg.det):
        _, terms = dt.jet(f, (a,), ([v, 0 * v],))
        h = 1e-4
        np.testing.assert_allclose(terms[0], (f(a + h * v) - f(a - h * v)) / (2 * h), atol=1e-6)
        np.testing.assert_allclose(
            terms[1], (f(a + h * v) - 2 * f(a) + f(a - h * v)) / h**2, atol=1e-6
        )


def test_complex_matrices():
    a, d = SYMMETRIC + 1j * (SQUARE - SQUARE.T), SQUARE + 1j * SYMMETRIC
    for f in (np.linalg.inv, np.linalg.det, np.linalg.eigvalsh, lambda x: np.linalg.qr(x)[1]):
        _, terms = dt.jet(f, (a,), ([d, 0 * d, 0 * d],), factorial_scaled=False)
        want = lambda t, f=f: f(a + t * d)  # noqa: E731
        for k in range(1, 4):
            want = lambda t, h=want: dt.jvp(h, (t,), (1.0,))[1]  # noqa: E731
            np.testing.assert_allclose(
                terms[k - 1], want(0.0) / math.factorial(k), rtol=1e-8, atol=1e-9
            )


def test_every_rule_is_tried_here():
    assert len(MATRICES) + len(SUMS) == 21
