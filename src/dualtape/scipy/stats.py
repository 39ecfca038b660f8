"""`scipy.stats` with derivatives: densities and distribution functions, by the value and by every parameter."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from ..numpy.operands import is_quiet
from ..ops import special
from ..ops.exponential import exp, expm1, log, log1p, xlog1py, xlogy
from ..ops.incomplete import betainc, gammainc, gammaincc
from ..ops.logistic import log_sigmoid, sigmoid
from .following import floating, rest_of

__getattr__ = rest_of("scipy.stats", __name__)

Function = Callable[..., Any]

_LOG_2PI = math.log(2 * math.pi)
_ABOVE_0 = float(np.nextafter(0.0, 1.0))  # where a support begins that has not 0 in it
lgamma = special.lgamma


def _betaln(a: Any, b: Any) -> Any:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


class Distribution:
    """A distribution: `logpdf` (`logpmf`), `pdf`, `cdf`, `sf` and the like; all else is SciPy's.

    Args:
        name: Its name in `scipy.stats`.
        shapes: The names of its shape parameters.
        log_density: Maps (value, *shapes) to the logarithm of the standard density.
        lower, upper: The support, each a number or a function of the shapes.
        cdf: Maps (value, *shapes) to the distribution function.
        sf: Maps (value, *shapes) to what is left of it; one minus the cdf by default.
        logcdf, logsf: Likewise their logarithms; those of the values by default.
        ppf: Maps (probability, *shapes) to the quantile.
        discrete: Whether it has a location alone, and whole numbers in its support.
    """

    def __init__(
        self, name: str, shapes: str, log_density: Function, lower: Any = -np.inf, upper: Any = np.inf, *,
        cdf: Function | None = None, sf: Function | None = None, logcdf: Function | None = None,
        logsf: Function | None = None, ppf: Function | None = None, discrete: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self._shapes = shapes.split()
        self._log_density = log_density
        self._bounds = lower, upper
        self._discrete = discrete
        self._functions = {"cdf": cdf, "sf": sf, "logcdf": logcdf, "logsf": logsf, "ppf": ppf}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(getattr(import_module("scipy.stats"), self.name), name)

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        """The distribution with its parameters."""
        return Frozen(self, args, kwargs)

    def _call(self, method: str, rule: Function, x: Any, args: Any, kwargs: Any) -> Any:
        if all(is_quiet(v) for v in (x, *args, *kwargs.values())):
            return getattr(getattr(import_module("scipy.stats"), self.name), method)(x, *args, **kwargs)  # fmt: skip
        names = [*self._shapes, "loc", *([] if self._discrete else ["scale"])]
        if len(args) > len(names) or set(kwargs) - set(names[len(args) :]):
            raise TypeError(f"{self.name}.{method}() takes {', '.join(names)}")
        given = {"loc": 0.0, "scale": 1.0} | dict(zip(names, args, strict=False)) | kwargs
        shapes = [floating(given[n]) for n in self._shapes]
        return rule(floating(x), given["loc"], given["scale"], *shapes)

    def _log(self, x: Any, loc: Any, scale: Any, *shapes: Any) -> Any:
        z = (x - loc) / scale if not self._discrete else x - loc
        low, high = [b(*shapes) if callable(b) else b for b in self._bounds]
        inside = (z >= low) & (z <= high)
        if self._discrete:
            inside = inside & (z == np.floor(z))
        # What is outside is moved to where the density and its slope are finite.
        middle = 0.5 * (low + high) if np.all(np.isfinite(high)) else low + 1.0
        if low is not -np.inf:
            z = np.where(inside, z, middle)
        out = self._log_density(z, *shapes)
        if not self._discrete:
            out = out - np.log(scale)
        return np.where(inside, out, -np.inf) if low is not -np.inf or self._discrete else out

    def _of(self, kind: str, x: Any, loc: Any, scale: Any, *shapes: Any) -> Any:
        f = self._functions[kind]
        if f is None:
            one = kind.removeprefix("log")
            if kind != one:
                return np.log(self._of(one, x, loc, scale, *shapes))
            if kind == "ppf" or self._functions["cdf"] is None:
                raise TypeError(
                    f"scipy.stats.{self.name}.{kind} of values that are being differentiated is not covered"
                )
            return 1.0 - self._of("cdf", x, loc, scale, *shapes)
        if kind == "ppf":
            return loc + scale * f(x, *shapes)
        z = np.floor(x - loc) if self._discrete else (x - loc) / scale
        low, high = [b(*shapes) if callable(b) else b for b in self._bounds]
        zero, one_ = (-np.inf, 0.0) if kind.startswith("log") else (0.0, 1.0)
        if kind.endswith("sf"):
            zero, one_ = one_, zero
        # At the very ends functions of the shapes have no derivative worth having.
        below, above = (z < low if self._discrete else z <= low), z >= high
        middle = 0.5 * (low + high) if np.all(np.isfinite(high)) else low + 1.0
        if low is -np.inf:
            return f(z, *shapes)
        out = f(np.where(below | above, middle, z), *shapes)
        return np.where(below, zero, np.where(above, one_, out))

    def logpdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of the density."""
        return self._call("logpdf", self._log, x, args, kwargs)

    def pdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The density."""
        return self._call("pdf", lambda *a: np.exp(self._log(*a)), x, args, kwargs)

    def logpmf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of the probability of a whole number."""
        return self._call("logpmf", self._log, k, args, kwargs)

    def pmf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        """The probability of a whole number."""
        return self._call("pmf", lambda *a: np.exp(self._log(*a)), k, args, kwargs)

    def cdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The probability of at most `x`."""
        return self._call("cdf", lambda *a: self._of("cdf", *a), x, args, kwargs)

    def sf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The probability of more than `x`."""
        return self._call("sf", lambda *a: self._of("sf", *a), x, args, kwargs)

    def logcdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of `cdf`."""
        return self._call("logcdf", lambda *a: self._of("logcdf", *a), x, args, kwargs)

    def logsf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of `sf`."""
        return self._call("logsf", lambda *a: self._of("logsf", *a), x, args, kwargs)

    def ppf(self, q: Any, *args: Any, **kwargs: Any) -> Any:
        """The quantile."""
        return self._call("ppf", lambda *a: self._of("ppf", *a), q, args, kwargs)


class Frozen:
    """A distribution with its parameters."""

    def __init__(self, dist: Distribution, args: Any, kwargs: Any) -> None:
        self.dist, self.args, self.kwds = dist, args, kwargs

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self.dist, name)
        return lambda *x, **k: method(*x, *self.args, **self.kwds, **k)


_normal: dict[str, Any] = {
    "cdf": special.ndtr, "sf": lambda z: special.ndtr(-z), "logcdf": special.log_ndtr,
    "logsf": lambda z: special.log_ndtr(-z), "ppf": special.ndtri,
}  # fmt: skip


_over_logs: dict[str, Any] = {
    k: (lambda z, s, f=f: f(log(z) / s)) for k, f in _normal.items() if k != "ppf"
}


def _t_cdf(z: Any, df: Any) -> Any:
    # At 0, where the beta function's slope is infinite, the first two terms of the series.
    near = np.abs(z) < 1e-7
    away = np.where(near, 1.0, z)
    tail = 0.5 * betainc(0.5 * df, 0.5 + 0.0 * df, df / (df + away * away))
    return np.where(near, 0.5 + z * exp(_t_log(0.0 * z, df)), np.where(z < 0, tail, 1.0 - tail))


def _t_log(z: Any, n: Any) -> Any:
    half = 0.5 * (n + 1.0)
    return lgamma(half) - lgamma(0.5 * n) - 0.5 * log(math.pi * n) - half * log1p(z * z / n)


norm = Distribution("norm", "", lambda z: -0.5 * (z * z + _LOG_2PI), **_normal)
lognorm = Distribution(
    "lognorm", "s", lambda z, s: -0.5 * ((log(z) / s) ** 2 + _LOG_2PI) - log(s * z), _ABOVE_0, **_over_logs,
    ppf=lambda q, s: exp(s * special.ndtri(q)),
)  # fmt: skip
halfnorm = Distribution(
    "halfnorm", "", lambda z: 0.5 * math.log(2 / math.pi) - 0.5 * z * z, 0.0,
    cdf=lambda z: special.erf(z * math.sqrt(0.5)), sf=lambda z: special.erfc(z * math.sqrt(0.5)),
)  # fmt: skip
expon = Distribution(
    "expon", "", lambda z: -z, 0.0, cdf=lambda z: -expm1(-z), sf=lambda z: exp(-z), logsf=lambda z: -z,
    ppf=lambda q: -log1p(-q),
)  # fmt: skip
uniform = Distribution("uniform", "", lambda z: 0.0 * z, 0.0, 1.0, cdf=lambda z: z, ppf=lambda q: q)
laplace = Distribution(
    "laplace", "", lambda z: math.log(0.5) - np.abs(z),
    cdf=lambda z: np.where(z < 0, 0.5 * exp(-np.abs(z)), 1.0 - 0.5 * exp(-np.abs(z))),
)  # fmt: skip
logistic = Distribution(
    "logistic", "", lambda z: log_sigmoid(z) + log_sigmoid(-z), cdf=sigmoid, sf=lambda z: sigmoid(-z),
    logcdf=log_sigmoid, logsf=lambda z: log_sigmoid(-z), ppf=lambda q: log(q) - log1p(-q),
)  # fmt: skip
cauchy = Distribution(
    "cauchy", "", lambda z: -math.log(math.pi) - log1p(z * z), cdf=lambda z: 0.5 + np.arctan(z) / math.pi,
    sf=lambda z: 0.5 - np.arctan(z) / math.pi, ppf=lambda q: np.tan(math.pi * (q - 0.5)),
)  # fmt: skip
gumbel_r = Distribution(
    "gumbel_r", "", lambda z: -z - exp(-z), cdf=lambda z: exp(-exp(-z)), sf=lambda z: -expm1(-exp(-z)),
    logcdf=lambda z: -exp(-z), ppf=lambda q: -log(-log(q)),
)  # fmt: skip
rayleigh = Distribution(
    "rayleigh", "", lambda z: log(z) - 0.5 * z * z, 0.0, cdf=lambda z: -expm1(-0.5 * z * z),
    sf=lambda z: exp(-0.5 * z * z), logsf=lambda z: -0.5 * z * z,
)  # fmt: skip
gamma = Distribution(
    "gamma", "a", lambda z, a: xlogy(a - 1.0, z) - z - lgamma(a), 0.0, cdf=lambda z, a: gammainc(a, z),
    sf=lambda z, a: gammaincc(a, z),
)  # fmt: skip
chi2 = Distribution(
    "chi2", "df", lambda z, k: xlogy(0.5 * k - 1.0, z) - 0.5 * z - lgamma(0.5 * k) - 0.5 * math.log(2) * k, 0.0,
    cdf=lambda z, k: gammainc(0.5 * k, 0.5 * z), sf=lambda z, k: gammaincc(0.5 * k, 0.5 * z),
)  # fmt: skip
invgamma = Distribution(
    "invgamma", "a", lambda z, a: -(a + 1.0) * log(z) - lgamma(a) - 1.0 / z, _ABOVE_0,
    cdf=lambda z, a: gammaincc(a, 1.0 / z), sf=lambda z, a: gammainc(a, 1.0 / z),
)  # fmt: skip
beta = Distribution(
    "beta", "a b", lambda z, a, b: xlogy(a - 1.0, z) + xlog1py(b - 1.0, -z) - _betaln(a, b), 0.0, 1.0,
    cdf=lambda z, a, b: betainc(a, b, z), sf=lambda z, a, b: betainc(b, a, 1.0 - z),
)  # fmt: skip
t = Distribution("t", "df", _t_log, cdf=_t_cdf, sf=lambda z, df: _t_cdf(-z, df))
weibull_min = Distribution(
    "weibull_min", "c", lambda z, c: log(c) + xlogy(c - 1.0, z) - z**c, 0.0, cdf=lambda z, c: -expm1(-(z**c)),
    sf=lambda z, c: exp(-(z**c)), logsf=lambda z, c: -(z**c),
)  # fmt: skip
pareto = Distribution(
    "pareto", "b", lambda z, b: log(b) - (b + 1.0) * log(z), 1.0, cdf=lambda z, b: 1.0 - exp(-b * log(z)),
    sf=lambda z, b: exp(-b * log(z)), logsf=lambda z, b: -b * log(z),
)  # fmt: skip

poisson = Distribution(
    "poisson", "mu", lambda k, mu: xlogy(k, mu) - lgamma(k + 1.0) - mu, 0.0,
    cdf=lambda k, mu: gammaincc(k + 1.0, mu), sf=lambda k, mu: gammainc(k + 1.0, mu), discrete=True,
)  # fmt: skip
bernoulli = Distribution(
    "bernoulli", "p", lambda k, p: xlogy(k, p) + xlog1py(1.0 - k, -p), 0.0, 1.0, cdf=lambda k, p: 1.0 - p + 0.0 * k,
    discrete=True,
)  # fmt: skip
binom = Distribution(
    "binom", "n p",
    lambda k, n, p: lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + xlogy(k, p) + xlog1py(n - k, -p),
    0.0, lambda n, p: n, cdf=lambda k, n, p: betainc(n - k, k + 1.0, 1.0 - p), discrete=True,
)  # fmt: skip
geom = Distribution(
    "geom", "p", lambda k, p: log(p) + xlog1py(k - 1.0, -p), 1.0, cdf=lambda k, p: -expm1(k * log1p(-p)), discrete=True,
)  # fmt: skip


class MultivariateNormal:
    """`scipy.stats.multivariate_normal`, of a covariance that is positive definite."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(import_module("scipy.stats").multivariate_normal, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        """The distribution with its parameters."""
        return Frozen(self, args, kwargs)  # type: ignore[arg-type]

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1.0, allow_singular: bool = False) -> Any:
        """The logarithm of the density.

        Args:
            x: (..., n).
            mean: (n,), or a number.
            cov: (n, n); (n,) or a number for a diagonal.
            allow_singular: Passed to SciPy for plain numbers; here the covariance must have an inverse.

        Raises:
            LinAlgError: The covariance is not positive definite.
        """
        if all(is_quiet(v) for v in (x, mean, cov)):
            return import_module("scipy.stats").multivariate_normal.logpdf(
                x, mean, cov, allow_singular
            )
        x, mean, cov = floating(x), floating(0.0 if mean is None else mean), floating(cov)
        n = (cov.shape or mean.shape or (1,))[-1]
        if len(cov.shape) < 2:
            cov = cov * np.eye(n)
        away = (x[..., None] if n == 1 and len(x.shape) < 2 else x) - mean
        factor = np.linalg.cholesky(cov)
        z = np.linalg.solve(factor, np.matrix_transpose(np.reshape(away, (-1, n))))
        square = np.squeeze(np.reshape(np.sum(z * z, 0), away.shape[:-1]))
        return -0.5 * (n * _LOG_2PI + square) - np.sum(np.log(np.diagonal(factor)))

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1.0, allow_singular: bool = False) -> Any:
        """The density; arguments as for `logpdf`."""
        return np.exp(self.logpdf(x, mean, cov, allow_singular))


multivariate_normal = MultivariateNormal()

__all__ = ["Distribution", "Frozen", "MultivariateNormal"]
