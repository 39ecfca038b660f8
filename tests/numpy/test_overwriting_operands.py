"""Plain arrays beside what is differentiated, overwritten after their use: never another derivative, in any mode."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp

sp = pytest.importorskip("scipy.special")

from dualtape.scipy import linalg, stats  # noqa: E402

X = np.array([0.5, 1.2, -0.7, 2.0])

USES = {
    "compress": lambda x, i, m, w: np.compress(m, np.sin(x)) ** 2,
    "repeat": lambda x, i, m, w: np.repeat(np.sin(x), i) ** 2,
    "average": lambda x, i, m, w: np.average(np.sin(x), weights=w),
    "piecewise": lambda x, i, m, w: np.piecewise(
        x * 1.0, [m], [lambda t: np.sin(t), lambda t: t * t]
    ),
    "place": lambda x, i, m, w: (lambda a: (np.place(a, m, np.sin(x)), a * a)[1])(x * 1.0),
    "putmask": lambda x, i, m, w: (lambda a: (np.putmask(a, m, np.sin(x)), a * a)[1])(x * 1.0),
    "put": lambda x, i, m, w: (lambda a: (np.put(a, i, np.sin(x)), a * a)[1])(x * 1.0),
    "addat": lambda x, i, m, w: (lambda a: (np.add.at(a, i, np.sin(x)), a * a)[1])(x * 1.0),
    "reduceat": lambda x, i, m, w: np.add.reduceat(np.sin(x), np.sort(i)) ** 2,
    "choose": lambda x, i, m, w: np.choose(m.astype(int), [np.sin(x), x * x]),
    "choose2": lambda x, i, m, w: np.choose(i, [np.sin(x), x * x, x**3, x]),
    "extract": lambda x, i, m, w: np.extract(m, np.sin(x)) ** 2,
    "delete": lambda x, i, m, w: np.delete(np.sin(x), i[:2]) ** 2,
    "insert": lambda x, i, m, w: np.insert(np.sin(x), i[:2], w[:2]) ** 2,
    "outer": lambda x, i, m, w: np.outer(w, np.sin(x)),
    "kron": lambda x, i, m, w: np.kron(np.sin(x), w),
    "conv": lambda x, i, m, w: np.convolve(np.sin(x), w),
    "polyval": lambda x, i, m, w: np.polyval(w, x),
    "hypot": lambda x, i, m, w: np.hypot(x, w),
    "copysign": lambda x, i, m, w: np.copysign(x, w) ** 2,
    "max": lambda x, i, m, w: np.maximum(np.sin(x), w) ** 2,
    "xlogy": lambda x, i, m, w: sp.xlogy(w, x * x + 1),
    "gammainc": lambda x, i, m, w: sp.gammainc(w + 2, x * x + 1),
    "sum_where": lambda x, i, m, w: np.sum(np.sin(x), where=m),
    "ufunc_where": lambda x, i, m, w: np.sin(x, where=m, out=x * 2.0) ** 2,
    "nanto": lambda x, i, m, w: np.where(w > 0, np.sin(x), x),
    "dot": lambda x, i, m, w: np.dot(np.outer(w, w), np.sin(x)),
    "cross": lambda x, i, m, w: np.cross(np.sin(x)[:3], w[:3]),
    "lerp": lambda x, i, m, w: np.interp(np.sin(x), np.sort(w), w),
    "trapz": lambda x, i, m, w: np.trapezoid(np.sin(x), w),
    "diff": lambda x, i, m, w: np.gradient(np.sin(x), np.cumsum(abs(w) + 0.1)),
    "digit": lambda x, i, m, w: np.sin(x) * np.digitize(x, np.sort(w)),
    "solve": lambda x, i, m, w: linalg.solve(np.diag(w + 3), np.sin(x)),
    "norm": lambda x, i, m, w: stats.norm.logpdf(np.sin(x), w, w + 2),
    "tile": lambda x, i, m, w: np.sin(x) * np.broadcast_to(w, (2, 4)),
    "pow": lambda x, i, m, w: (x * x + 1) ** w,
    "rpow": lambda x, i, m, w: (w + 2) ** x,
    "imul": lambda x, i, m, w: (lambda a: a.__imul__(w))(np.sin(x)),
    "iset": lambda x, i, m, w: (lambda a: (a.__setitem__(slice(None), w), np.sum(a * x)))(x * 1.0)[
        1
    ],
    "getrow": lambda x, i, m, w: (np.outer(x, x))[i, np.arange(4)],
    "setrow": lambda x, i, m, w: (
        lambda a: (a.__setitem__((i, np.arange(4)), np.sin(x)), a * a)[1]
    )(np.outer(x, x)),
    "lexs": lambda x, i, m, w: np.take(np.sin(x), np.lexsort((w, i))) * w,
    "fft": lambda x, i, m, w: np.abs(np.fft.rfft(np.sin(x) * w)),
    "vander": lambda x, i, m, w: np.vander(np.sin(x)) @ w,
    "lstsq": lambda x, i, m, w: np.linalg.lstsq(np.vander(w, 2), np.sin(x))[0],
    "array": lambda x, i, m, w: dnp.array([np.sin(x), w]).prod(0),
    "full_like": lambda x, i, m, w: np.full_like(x, w) * np.sin(x),
}


@pytest.mark.parametrize("name", USES)
def test_overwritten(name):
    use = USES[name]

    def f(x, overwrite=True):
        i, m, w = (
            np.array([2, 0, 1, 3]),
            np.array([True, False, True, True]),
            np.array([0.5, 1.5, -0.3, 0.9]),
        )
        y = use(x, i, m, w)
        if overwrite:
            i[:], m[:], w[:] = 1, False, 7.0
        y = np.sum(y)
        return y * y

    def as_it_was(x):
        return f(x, False)

    want = dt.grad(as_it_was)(X)
    np.testing.assert_allclose(dt.grad(f)(X), want, rtol=1e-10)
    np.testing.assert_allclose(dt.vmap(dt.grad(f))(X[None])[0], want, rtol=1e-10)
    np.testing.assert_allclose(dt.grad(lambda r: dt.vmap(f)(r).sum())(X[None])[0], want, rtol=1e-10)
    np.testing.assert_allclose(dt.grad(lambda x: dt.jvp(f, (x,), (X,))[0])(X), want, rtol=1e-10)
    _, slope = dt.linearize(f, X)
    np.testing.assert_allclose([slope(e) for e in np.eye(4)], want, rtol=1e-10)
    want = dt.hessian(as_it_was)(X) @ X
    np.testing.assert_allclose(dt.hessian(f)(X) @ X, want, rtol=1e-9, atol=1e-9)
