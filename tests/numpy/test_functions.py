"""Every function of the table: NumPy's value and dtype, and the central difference's derivative."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp
from dualtape.core.backward import gradients
from dualtape.core.errors import ConcreteError
from dualtape.numpy import Array

# `x` is the array that is differentiated by, of a shape as its row says.
V = "x:5"  # a vector of 5 positive numbers
P = "x:2,3"  # positive
M = "x:3,3"

# Functions of one argument, on (2, 3) positive numbers below 1 (arccosh: above 1).
UNARY = [
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arctanh", "exp",
    "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square", "reciprocal", "negative",
    "absolute", "abs", "fabs", "sign", "conjugate", "conj", "floor", "ceil", "trunc", "rint", "deg2rad",
    "radians", "rad2deg", "degrees", "positive", "sinc", "i0", "angle", "real", "imag", "fix", "nan_to_num",
    "asin", "acos", "atan", "asinh", "atanh",
]  # fmt: skip

BINARY = [
    "add", "subtract", "multiply", "divide", "true_divide", "maximum", "minimum", "fmax", "fmin", "power",
    "pow", "float_power", "arctan2", "atan2", "hypot", "logaddexp", "logaddexp2", "remainder", "mod", "fmod",
    "copysign", "floor_divide", "heaviside",
]  # fmt: skip

EXPRESSIONS = [
    # ufuncs of another kind
    ("np.arccosh(x + 1.5)", P), ("np.acosh(x + 1.5)", P), ("np.modf(x * 3)[0]", P), ("np.frexp(x)[0]", P), ("np.ldexp(x, 3)", P),
    ("np.divmod(x, 0.3)[1]", P), ("np.nextafter(x, 2)", P), ("x ** 2", P), ("x ** 3", P), ("x ** 0.5", P), ("x ** -1.5", P), ("2 ** x", P),
    ("x ** x", P), ("-x", P), ("+x", P), ("abs(-x)", P), ("x % 0.3", P), ("5 % x", P), ("x // 0.3 + x", P), ("divmod(x, 0.3)[1]", P),
    ("1 - x", P), ("2 / x", P), ("x @ x.T", P), ("np.ones((2, 2)) @ x", P), ("x @ np.arange(3.0)", P), ("np.matmul(x, x.T)", P),
    ("np.vecdot(x, x + 1)", P), ("np.matvec(x, np.arange(3.0))", P), ("np.vecmat(np.arange(2.0), x)", P),
    ("np.add(x, 1, dtype=np.float64)", P), ("np.add(np.float32(2), x)", P), ("np.float64(2) * x", P), ("np.arange(3) * x", P),
    ("x * [1, 2, 3]", P), ("[1, 2, 3] - x", P), ("np.multiply.outer(x, x)", V), ("np.add.reduce(x)", P), ("np.multiply.reduce(x, axis=1)", P),
    ("np.maximum.reduce(x, axis=None)", P), ("np.logaddexp.reduce(x, axis=0)", P), ("np.add.accumulate(x, axis=1)", P),
    ("np.maximum.accumulate(x)", V), ("np.minimum.accumulate(x)", V), ("np.multiply.accumulate(x)", V), ("np.logaddexp.accumulate(x)", V),
    ("np.add.reduceat(x, [0, 2, 1])", V), ("np.minimum.reduce(x)", P),
    # reductions
    ("np.sum(x)", P), ("np.sum(x, 0)", P), ("np.sum(x, axis=(0, 1))", P), ("np.sum(x, axis=1, keepdims=True)", P),
    ("np.sum(x, where=x > 0.5)", P), ("np.sum(x, initial=3.0)", P), ("np.sum(x, dtype=np.float64)", P), ("x.sum()", P), ("x.sum(1)", P),
    ("x.sum(axis=0, keepdims=True)", P), ("np.prod(x)", P), ("np.prod(x, 1)", P), ("np.prod(x, axis=0, where=x > 0.4)", P), ("x.prod()", P),
    ("np.mean(x)", P), ("np.mean(x, 0)", P), ("x.mean(axis=1)", P), ("np.mean(x, where=x > 0.4)", P), ("np.var(x)", P),
    ("np.var(x, 0, ddof=1)", P), ("np.var(x, where=x > 0.3)", P), ("x.var()", P), ("np.var(x, correction=1)", P), ("np.std(x)", P),
    ("np.std(x, axis=1, keepdims=True)", P), ("x.std(ddof=1)", P), ("np.max(x)", P), ("np.max(x, 1)", P), ("np.amax(x, axis=0)", P),
    ("np.min(x)", P), ("x.max()", P), ("x.min(0)", P), ("np.max(x, initial=0.5)", P), ("np.max(x, where=x < 0.5, initial=0.0)", P),
    ("np.min(x, axis=(0, 1), keepdims=True)", P), ("np.ptp(x)", P), ("np.ptp(x, 1)", P), ("np.average(x)", P), ("np.average(x, weights=x)", P),
    ("np.average(x, axis=1, weights=[1.0, 2, 3])", P), ("np.average(x, 0, returned=True)[0]", P), ("np.median(x)", P),
    ("np.median(x, axis=1)", P), ("np.median(x, axis=0)", P), ("np.median(x, axis=(0, 1), keepdims=True)", P), ("np.quantile(x, 0.3)", P),
    ("np.quantile(x, [0.1, 0.6], axis=1)", P), ("np.quantile(x, 0.4, method='median_unbiased')", P),
    ("np.quantile(x, 0.4, method='inverted_cdf')", P), ("np.quantile(x, 0.4, method='averaged_inverted_cdf')", P),
    ("np.quantile(x, 0.4, method='midpoint')", P), ("np.percentile(x, 30)", P), ("np.percentile(x, [25, 50, 75], axis=0, keepdims=True)", P),
    ("np.quantile(np.arange(5.0), x * 0.7)", V), ("np.nansum(x / x)", P), ("np.nansum(np.where(x > 0.4, x, np.nan))", P),
    ("np.nanmean(np.where(x > 0.4, x, np.nan))", P), ("np.nanvar(np.where(x > 0.4, x, np.nan))", P),
    ("np.nanstd(np.where(x > 0.4, x, np.nan))", P), ("np.nanmax(np.where(x > 0.4, x, np.nan), axis=0)", P),
    ("np.nanmin(np.where(x > 0.4, x, np.nan))", P), ("np.nanprod(np.where(x > 0.4, x, np.nan))", P),
    ("np.nanmedian(np.where(x > 0.4, x, np.nan))", P), ("np.nanquantile(np.where(x > 0.4, x, np.nan), 0.3)", P),
    ("np.nanpercentile(np.where(x > 0.4, x, np.nan), [20, 40])", P), ("np.nancumsum(np.where(x > 0.4, x, np.nan))", P),
    ("np.nancumprod(np.where(x > 0.4, x, np.nan))", P), ("np.cumsum(x)", P), ("np.cumsum(x, 1)", P), ("x.cumsum(0)", P),
    ("np.cumprod(x, axis=1)", P), ("np.cumulative_sum(x)", V), ("np.cumulative_sum(x, axis=1, include_initial=True)", P),
    ("np.cumulative_prod(x, axis=0)", P), ("np.linalg.norm(x)", P), ("np.linalg.norm(x, axis=1)", P), ("np.linalg.norm(x, 1, axis=0)", P),
    ("np.linalg.norm(x, np.inf)", V), ("np.linalg.norm(x, 3)", V), ("np.linalg.norm(x, 'nuc')", P), ("np.linalg.norm(x, 2)", P),
    ("np.linalg.norm(x, 1)", P), ("np.linalg.norm(x, 'fro', keepdims=True)", P), ("np.linalg.vector_norm(x)", P),
    ("np.linalg.matrix_norm(x)", P),
    # shapes
    ("np.reshape(x, (3, 2))", P), ("x.reshape(3, 2)", P), ("x.reshape((6,))", P), ("x.reshape(-1)", P),
    ("np.reshape(x, (3, 2), order='F')", P), ("np.ravel(x)", P), ("x.ravel('F')", P), ("x.flatten()", P), ("x.T", P), ("x.mT", P),
    ("np.transpose(x)", P), ("x.transpose(1, 0)", P), ("np.permute_dims(x, (1, 0))", P), ("np.swapaxes(x, 0, 1)", P), ("x.swapaxes(0, 1)", P),
    ("np.moveaxis(x, 0, 1)", P), ("np.rollaxis(x, 1)", P), ("np.matrix_transpose(x)", P), ("np.squeeze(x[None])", P),
    ("np.squeeze(x[None, :, None], axis=0)", P), ("x[None].squeeze()", P), ("np.expand_dims(x, (0, 2))", P),
    ("np.broadcast_to(x, (4, 2, 3))", P), ("np.broadcast_arrays(x, np.ones((4, 1, 1)))[0]", P), ("np.atleast_1d(x[0, 0])", P),
    ("np.atleast_2d(x[0])", P), ("np.atleast_3d(x)", P), ("np.flip(x)", P), ("np.flip(x, 1)", P), ("np.flipud(x)", P), ("np.fliplr(x)", P),
    ("np.rot90(x)", P), ("np.rot90(x, 2)", P), ("np.rot90(x, 3)", P), ("np.roll(x, 1)", P), ("np.roll(x, (1, 2), axis=(0, 1))", P),
    ("np.roll(x, -1, axis=1)", P), ("np.diagonal(x)", P), ("x.diagonal(1)", P), ("np.diag(x)", P), ("np.diag(x, 1)", V), ("np.diagflat(x)", P),
    ("np.trace(x)", P), ("x.trace(1)", P), ("np.linalg.diagonal(x)", P), ("np.linalg.trace(x)", P), ("np.tril(x)", P), ("np.triu(x, 1)", P),
    ("np.copy(x)", P), ("x.copy()", P), ("np.astype(x, np.float64)", P), ("x.astype(np.float32)", P), ("np.real(x)", P), ("x.real", P),
    ("np.real_if_close(x)", P),
    # joining
    ("np.concatenate([x, x * 2])", P), ("np.concatenate([x, np.ones((2, 1))], axis=1)", P), ("np.concat([x, x], axis=None)", P),
    ("np.stack([x, 2 * x], axis=1)", P), ("np.vstack([x, x[0]])", P), ("np.hstack([x, x])", P), ("np.hstack([x[0, 0], x[0]])", P),
    ("np.dstack([x, x])", P), ("np.column_stack([x[0], x[1]])", P), ("np.append(x, 3.0)", P), ("np.append(x, x, axis=0)", P),
    ("np.block([[x, x], [np.zeros((1, 3)), x[:1]]])", P), ("np.array_split(x, 2, axis=1)[0]", P), ("np.split(x, [1], axis=1)[1]", P),
    ("np.split(x, 2)[1]", P), ("np.hsplit(x, 3)[1]", P), ("np.vsplit(x, 2)[0]", P), ("np.dsplit(x[..., None] * np.ones(2), 2)[0]", P),
    ("np.unstack(x, axis=1)[1]", P), ("np.tile(x, (2, 1))", P), ("np.tile(x, 2)", V), ("np.repeat(x, 2)", P),
    ("np.repeat(x, [1, 2], axis=0)", P), ("x.repeat(2, axis=1)", P), ("np.resize(x, (3, 4))", P), ("np.insert(x, 1, 9.0)", V),
    ("np.insert(x, [1, 3], x[:2])", V), ("np.insert(x, 1, x[:, 0], axis=1)", P), ("np.insert(np.ones(3), 1, x)", V), ("np.delete(x, 1)", V),
    ("np.delete(x, [0, 2], axis=1)", P), ("np.trim_zeros(np.append(x, 0.0))", V), ("np.pad(x, 1)", P),
    ("np.pad(x, ((1, 0), (0, 2)), constant_values=3.0)", P), ("np.pad(x, 2, mode='edge')", P), ("np.pad(x, 1, mode='reflect')", P),
    ("np.pad(x, 1, mode='symmetric')", P), ("np.pad(x, (4, 1), mode='reflect', reflect_type='odd')", V),
    ("np.pad(x, 1, mode='wrap')", P), ("np.pad(x, 2, mode='mean')", V),
    ("np.pad(x, 2, mode='linear_ramp', end_values=1.0)", V), ("np.pad(x, (2, 1), mode='maximum', stat_length=2)", V),
    ("np.pad(x, 1, mode='median')", P), ("np.pad(x, 1, mode='minimum')", P), ("np.array_split(x, 3)[2]", V),
    # products
    ("np.dot(x, x)", V), ("x.dot(x)", V), ("np.dot(x, x.T)", P), ("np.dot(x, np.arange(3.0))", P), ("np.dot(x, 2.0)", P),
    ("np.dot(np.ones((2, 4, 2)), x)", P), ("np.dot(x, np.ones((2, 3, 2)))", P), ("np.vdot(x, x)", P), ("np.inner(x, x)", P),
    ("np.outer(x, x)", V), ("np.linalg.outer(x, x)", V), ("np.tensordot(x, x, axes=([0], [0]))", P), ("np.tensordot(x, x)", P),
    ("np.linalg.tensordot(x, x, axes=2)", P), ("np.einsum('ij,kj->ik', x, x)", P), ("np.einsum('ij->j', x)", P),
    ("np.einsum('ii', x @ x.T)", P), ("np.einsum(x, [0, 1], x, [0, 2], [1, 2])", P), ("np.einsum('ij,j', x, np.arange(3.0))", P),
    ("np.kron(x, x)", P), ("np.cross(x, np.array([1.0, 2.0, 3.0]))", P), ("np.linalg.cross(x, x[::-1])", P), ("np.linalg.vecdot(x, x)", P),
    ("np.linalg.matmul(x, x.T)", P), ("np.linalg.multi_dot([x, x.T, x])", P), ("np.linalg.matrix_power(x, 3)", M),
    ("np.linalg.matrix_power(x, -2)", M), ("np.linalg.matrix_power(x, 0) * x", M), ("np.convolve(x, [1.0, 2.0, 3.0])", V),
    ("np.convolve(x, x, 'same')", V), ("np.convolve([1.0, 2.0], x, 'valid')", V), ("np.correlate(x, [1.0, 2.0])", V),
    ("np.correlate(x, x, 'full')", V), ("np.correlate([1.0, 2.0], x, 'same')", V),
    # linalg
    ("np.linalg.inv(x)", M), ("np.linalg.solve(x, np.ones(3))", M), ("np.linalg.solve(x, x.T)", M), ("np.linalg.solve(np.eye(3) * 3, x)", M),
    ("np.linalg.det(x)", M), ("np.linalg.slogdet(x)[1]", M), ("np.linalg.slogdet(x).logabsdet", M),
    ("np.linalg.cholesky(x @ x.T + np.eye(3))", M), ("np.linalg.cholesky(x @ x.T + np.eye(3), upper=True)", M), ("np.linalg.qr(x)[1]", M),
    ("np.linalg.qr(x).Q", M), ("np.linalg.qr(x, mode='r')", M), ("np.linalg.eigh(x + x.T)[0]", M),
    ("np.linalg.eigh(x + x.T).eigenvectors ** 2", M), ("np.linalg.eigvalsh(x + x.T)", M), ("np.linalg.eigvals(x @ x.T)", M),
    ("np.linalg.eig(x @ x.T)[0]", M), ("np.linalg.svd(x, compute_uv=False)", P), ("np.linalg.svd(x).S", P),
    ("np.linalg.svd(x, full_matrices=False)[0] ** 2", P), ("np.linalg.svdvals(x)", P), ("np.linalg.pinv(x)", P),
    ("np.linalg.lstsq(x.T, np.arange(3.0))[0]", P), ("np.linalg.lstsq(x.T, np.arange(3.0))[1]", P),
    ("np.linalg.tensorinv(x.reshape(3, 3, 1) * np.ones((3, 3, 1)), ind=1)", M), ("np.linalg.tensorsolve(x, np.ones(3))", M),
    ("np.linalg.cond(x)", M), ("np.linalg.matrix_transpose(x)", M),
    # choosing
    ("np.where(x > 0.5, x, 0)", P), ("np.where(x > 0.5, x, x ** 2)", P), ("np.where([True, False, True], x, 1.0)", P),
    ("np.select([x > 0.7, x > 0.3], [x, x ** 2], 0.5)", P), ("np.choose([0, 1, 0], [x[0], x[1]])", P),
    ("np.piecewise(x, [x > 0.5], [lambda t: t ** 2, 3.0])", V), ("np.piecewise(x, [x > 0.5, x < 0.2], [lambda t: t ** 2, lambda t: -t])", P),
    ("np.clip(x, 0.3, 0.6)", P), ("np.clip(x, None, 0.6)", P), ("np.clip(x, np.full(3, 0.3), x[0] * 0.9)", P), ("x.clip(0.3, 0.6)", P),
    ("x.clip(min=0.3)", P), ("np.clip(x, min=0.3)", P), ("np.take(x, [0, 2, 2])", P), ("np.take(x, 1, axis=1)", P), ("x.take([5, 0])", P),
    ("np.take(x, [4, -1], axis=1, mode='wrap')", P), ("np.take_along_axis(x, np.array([[0, 2], [1, 1]]), axis=1)", P),
    ("np.take_along_axis(x, np.argsort(x, axis=0), axis=0)", P), ("np.compress([True, False, True], x, axis=1)", P),
    ("np.extract(x > 0.4, x)", P), ("np.sort(x)", P), ("np.sort(x, axis=0)", P), ("np.sort(x, axis=None)", P), ("np.partition(x, 1)", P),
    ("np.unique(x)", P), ("np.unique_values(x)", P), ("np.nan_to_num(np.where(x > 0.5, x, np.nan))", P), ("np.compress(x[0] > 0.3, x[0])", P),
    ("x.compress([True, False], axis=0)", P),
    # calculus
    ("np.diff(x)", P), ("np.diff(x, n=2, axis=1)", P), ("np.diff(x, prepend=0.0)", P), ("np.ediff1d(x, to_begin=1.0)", V),
    ("np.trapezoid(x)", P), ("np.trapezoid(x, np.array([0.0, 1.0, 3.0]))", P), ("np.trapezoid(x, dx=0.1, axis=0)", P),
    ("np.trapezoid(np.arange(5.0), x)", V), ("np.gradient(x)", V), ("np.gradient(x, 0.1, edge_order=2)", V),
    ("np.gradient(x, np.array([0.0, 1.0, 1.5, 3.0, 5.0]))", V), ("np.gradient(x, np.array([0.0, 1.0, 1.5, 3.0, 5.0]), edge_order=2)", V),
    ("np.gradient(x)[1]", P), ("np.gradient(x, axis=1)", P), ("np.gradient(x, 2.0, np.array([0.0, 1.0, 3.0]))[1]", P),
    ("np.interp(x, [0.0, 0.35, 0.8], [1.0, 3.0, -2.0])", V), ("np.interp([0.1, 0.5, 2.0], [0.0, 1.0, 2.0, 3.0, 4.0], x)", V),
    ("np.interp([0.1, 0.5, 2.0], np.cumsum(x), [0.0, 1.0, 2.0, 3.0, 4.0])", V),
    ("np.interp(x, [0.3, 0.5], [1.0, 2.0], left=-1.0, right=7.0)", V), ("np.interp(x, [0.1, 0.4, 0.7], [1.0, 2.0, 0.5], period=0.9)", V),
    ("np.interp(x[0], [0.0, 1.0], [2.0, 5.0])", V), ("np.unwrap(x * 20)", V), ("np.unwrap(x * 20, axis=0)", P),
    ("np.unwrap(x * 20, period=3.0)", V), ("np.linspace(x[0], 2.0, 4)", V), ("np.linspace(x, x ** 2 + 1, 3, axis=1)", V),
    ("np.linspace(x[0], x[1], 4, endpoint=False)", V), ("np.logspace(x[0], x[1], 3)", V), ("np.geomspace(x[0], x[1], 4)", V),
    ("np.round(x, 1) + x", P), ("x.round(1) + x", P),
    # statistics, polynomials
    ("np.cov(x)", P), ("np.cov(x, rowvar=False)", P), ("np.cov(x[0], x[1])", P), ("np.cov(x, aweights=[1.0, 2.0, 3.0])", P),
    ("np.cov(x, bias=True, fweights=[1, 2, 1])", P), ("np.corrcoef(x.T)", P), ("np.corrcoef(x[0] ** 2, x[1])", P),
    ("np.bincount([0, 1, 1, 3, 0], weights=x)", V), ("np.histogram([0.1, 0.5, 0.9, 0.2, 1.0], 3, weights=x)[0]", V),
    ("np.histogram([0.1, 0.5, 0.9, 0.2, 1.0], 3, weights=x, density=True)[0]", V), ("np.polyval(x, 1.5)", V),
    ("np.polyval([1.0, 2.0, 3.0], x)", P), ("np.polyadd(x, [1.0, 2.0])", V), ("np.polysub([1.0, 2.0], x)", V), ("np.polymul(x, x)", V),
    ("np.polydiv(x, [1.0, 2.0])[0]", V), ("np.polydiv(x, [1.0, 2.0])[1]", V), ("np.polyder(x)", V), ("np.polyint(x, 2, k=3.0)", V),
    ("np.poly(x)", V), ("np.poly(x)", M), ("np.roots(x - 0.6)", "x:3"), ("np.polyfit(np.arange(5.0), x, 2)", V),
    ("np.polyfit(x, np.arange(5.0), 1, w=[1.0, 2.0, 1.0, 2.0, 1.0])", V), ("np.vander(x)", V), ("np.vander(x, 3, increasing=True)", V),
    ("np.apply_along_axis(lambda r: r ** 2 / r.sum(), 1, x)", P), ("np.apply_along_axis(np.sum, 0, x)", P),
    ("np.apply_over_axes(np.sum, x, [0, 1])", P), ("np.full_like(x, x[0, 0])", P), ("np.full_like(x, 2.0) * x", P),
    ("np.zeros_like(x) + x", P), ("np.ones_like(x, shape=(4, 1, 1)) * x", P), ("np.meshgrid(x, [1.0, 2.0])[0]", V),
    ("np.meshgrid(x, [1.0, 2.0], indexing='ij', sparse=True)[0]", V),
    # wider domains, edges, unique
    ("np.amin(x)", P), ("np.around(x, 1) + x", P), ("np.histogram_bin_edges(x, 4)", V), ("np.histogram(x, 3, density=True)[0]", V),
    ("np.histogram(x, 3, weights=x)[1]", V), ("np.unique_all(x).values", P), ("np.unique_counts(x)[0]", P), ("np.unique_inverse(x)[0]", P),
    ("np.abs(np.emath.sqrt(x - 0.5))", P), ("np.emath.log(x - 0.5).real", P), ("np.emath.log2(x)", P), ("np.emath.log10(-x).imag + x", P),
    ("np.emath.logn(2, x)", P), ("np.emath.power(x - 0.5, 3).real", P), ("np.emath.arccos(x)", P), ("np.emath.arcsin(x)", P), ("np.emath.arctanh(x)", P),
    # indexing
    ("x[0]", V), ("x[-1]", V), ("x[1, 2]", P), ("x[0]", P), ("x[:, 1]", P), ("x[..., 0]", P), ("x[None]", P), ("x[:, None, 1:]", P),
    ("x[::-1]", V), ("x[::2]", V), ("x[[0, 2, 0]]", V), ("x[x > 0.4]", P), ("x[np.array([[0, 1], [1, 0]])]", P), ("x[[0, 1], [2, 1]]", P),
    ("x[:, [0, 2]]", P), ("x[0, [0, 2]]", P), ("x[[0, 1], :, None]", P), ("x[np.array([True, False])]", P), ("x[np.argmax(x)]", V),
    ("x[np.int64(1)]", V), ("x[()]", P), ("x[...]", P), ("x[np.nonzero(x > 0.4)]", P), ("x[1:, ::-1]", P), ("x[x.argmin(axis=0), 0]", P),
    ("np.array(0.0) + x[1, np.int64(1)]", P), ("sum(x)", V), ("sum([r.sum() * 2 for r in x])", P), ("max(x)", V), ("x.flat[2]", P),
    ("sum(list(x.flat))", P),
    # fft
    ("np.abs(np.fft.fft(x))", P), ("np.fft.fft(x).real", V), ("np.fft.fft(x, 7).imag", V), ("np.fft.ifft(x).real", V),
    ("np.fft.rfft(x).imag", V), ("np.fft.irfft(np.fft.rfft(x), 5)", V), ("np.fft.irfft(x)", V), ("np.fft.hfft(x)", V),
    ("np.fft.ihfft(x).imag", V), ("np.fft.fft2(x).real", P), ("np.fft.ifft2(x).real", P), ("np.fft.fftn(x, axes=(1,)).imag", P),
    ("np.fft.ifftn(x, s=(3, 4), axes=(0, 1)).real", P), ("np.fft.rfft2(x).real", P), ("np.fft.irfft2(x)", P), ("np.fft.rfftn(x).imag", P),
    ("np.fft.irfftn(x)", P), ("np.fft.fftshift(x)", P), ("np.fft.ifftshift(x, axes=1)", P), ("np.fft.fft(x, norm='ortho').real", V),
    ("np.fft.fft(x, axis=0).real", P),
    # complex in between
    ("np.abs(np.exp(1j * x))", P), ("np.real(np.exp(1j * x))", P), ("np.imag(x * (1 + 2j))", P), ("np.angle(x + 0.5j)", P),
    ("np.angle(x + 0.5j, deg=True)", P), ("np.conj(x + 1j * x ** 2).imag", P), ("np.vdot(x + 1j, x * 2j).real", P),
    ("np.sort_complex(x).real", V), ("(x + 1j).conj().imag + x", P), ("np.abs(np.linalg.inv(x + 1j * np.eye(3)))", M),
    # writing
    ("filled(x, np.copyto)", P), ("filled(x, lambda a, x: np.put(a, [0, 4], x[0, :2]))", P),
    ("filled(x, lambda a, x: np.putmask(a, x > 0.4, x * 2))", P), ("filled(x, lambda a, x: np.place(a, x > 0.4, x[0]))", P),
    ("filled(x, lambda a, x: np.fill_diagonal(a, x[0, :2]))", P),
    ("filled(x, lambda a, x: np.put_along_axis(a, np.array([[0], [2]]), x[:, :1], 1))", P),
    ("filled(x, lambda a, x: np.add.at(a, ([0, 0], [1, 1]), x[0, :2]))", P), ("filled(x, lambda a, x: np.add(x, 1, out=a))", P),
    ("filled(x, lambda a, x: np.log(x, where=x > 0.4, out=a))", P), ("filled(x, lambda a, x: np.sum(x, 0, out=a[0]))", P),
    ("filled(x, lambda a, x: np.copyto(a, x, where=x > 0.5))", P), ("filled(x, lambda a, x: a.fill(x[0, 0]))", P),
    ("filled(x, lambda a, x: a.__iadd__(x))", P), ("filled(x, lambda a, x: a[0].__imul__(x[0]))", P),
    ("filled(x, lambda a, x: a.flat.__setitem__(slice(0, 2), x[0, :2]))", P), ("filled(x, lambda a, x: a.put([1], x[0, 0]))", P),
    ("filled(x, lambda a, x: (a.__setitem__(..., x), a.sort()))", P), ("filled(x, lambda a, x: np.subtract.at(a, ([0], [1]), x[0, :1]))", P),
    ("filled(x, lambda a, x: np.multiply.at(a, ([0], [1]), x[0, :1]))", P),
]  # fmt: skip

SPECIAL = [
    "erf", "erfc", "erfinv", "erfcinv", "erfcx", "ndtr", "log_ndtr", "ndtri", "gammaln", "psi", "digamma",
    "gamma", "entr", "expit", "logit", "log_expit", "exp10", "exp2", "cbrt", "expm1", "log1p", "i0", "i1",
    "i0e", "i1e", "j0", "j1", "y0", "y1", "k0", "k1", "k0e", "k1e", "dawsn", "exp1", "expi", "spence",
    "sindg", "cosdg", "cosm1",
]  # fmt: skip

SPECIAL_BINARY = [
    "xlogy(x, x + 1)", "xlog1py(2.0, x)", "rel_entr(x, 0.5)", "kl_div(x, x[::-1])", "gammainc(2.0, x)", "gammaincc(2.0, x)",
    "betainc(2.0, 3.0, x)", "beta(x, x + 1)", "betaln(x, 2.0)", "beta(-1.5, x)", "jv(2, x)", "yv(1, x)", "yn(1, x)", "iv(2, x)", "kv(1, x)",
    "kn(1, x)", "ive(1, x)", "kve(0, x)", "zeta(2.0, x + 1)", "huber(0.5, x)", "pseudo_huber(0.5, x)", "boxcox(x, 0.5)", "fresnel(x)[0]",
]  # fmt: skip


def filled(x, write):
    """What `write` makes of an array of ones, on either kind of array."""
    a = (dnp if isinstance(x, Array) else np).ones(x.shape, x.dtype)
    write(a, x)
    return a


def made(spec, dtype=np.float64):
    shape = tuple(int(n) for n in spec.removeprefix("x:").split(","))
    rng = np.random.default_rng(7)
    n = int(np.prod(shape))
    x = rng.permutation(np.linspace(0.12, 0.93, n) + 0.017 * np.sin(7 * np.arange(n))).reshape(
        shape
    )
    if shape == (3, 3):
        x = x + np.eye(3)
    return x.astype(dtype)


def evaluated(expression, x, **names):
    return eval(expression, {"np": np, "filled": filled, "x": x, **names})


def scalar(out):
    """A number that depends on all of a result, and its weights."""
    w = np.cos(np.arange(float(np.size(out)))).reshape(np.shape(out))
    return np.sum(np.real(out) * w)


def check(expression, x, tolerance=1e-6, **names):
    want = evaluated(expression, x, **names)
    a = Array(x.copy())
    a.require_grad()
    out = evaluated(expression, a, **names)
    assert isinstance(out, Array)
    got = out.value
    assert got.dtype == np.asarray(want).dtype
    assert got.shape == np.shape(want)
    precision = 1e-12 if np.result_type(x, np.float32) == np.float64 else 1e-4
    np.testing.assert_allclose(got, want, rtol=precision, atol=precision)
    if x.dtype != np.float64 or got.dtype == np.float32:
        return
    total = scalar(out)
    g = None if total.edge is None else gradients([(total.edge, np.ones(()))], [a.edge])[0]
    g = np.zeros_like(x) if g is None else g
    assert g.dtype == x.dtype
    h = 1e-6
    for v in (np.ones_like(x), np.sin(1 + np.arange(float(x.size))).reshape(x.shape)):
        up = scalar(evaluated(expression, x + h * v, **names))
        down = scalar(evaluated(expression, x - h * v, **names))
        np.testing.assert_allclose(
            np.sum(g * v), (up - down) / (2 * h), rtol=tolerance, atol=tolerance
        )


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_unary(name, dtype):
    if name == "i0":
        pytest.importorskip("scipy.special")
    check(f"np.{name}(x)", made("x:2,3", dtype))


@pytest.mark.parametrize("name", BINARY)
def test_binary(name):
    x, y = made("x:2,3"), made("x:2,3")[:, ::-1] * 0.77
    check(f"np.{name}(x, y)", x, y=y)
    check(f"np.{name}(y, x)", x, y=y)
    check(f"np.{name}(x, 0.7)", x)
    check(f"np.{name}(0.7, x)", x)
    check(f"np.{name}(x[:, :1], y)", x, y=y)
    check(f"np.{name}(x, y)", x.astype(np.float32), y=y.astype(np.float32))
    check(f"np.{name}(x, 2)", x.astype(np.float32))
    check(f"np.{name}(x, y)", x.astype(np.float32), y=y)


@pytest.mark.parametrize(("expression", "spec"), EXPRESSIONS)
def test_expression(expression, spec):
    check(expression, made(spec))
    if "np.emath" not in expression and "histogram" not in expression:
        check(expression, made(spec, np.float32))


@pytest.mark.parametrize(
    ("expression", "spec"), [row for row in EXPRESSIONS if "float32" not in row[0]]
)
def test_expression_in_other_modes(expression, spec):
    def f(x):
        return scalar(evaluated(expression, x))

    x = made(spec)
    v = np.sin(1 + np.arange(float(x.size))).reshape(x.shape)
    y, slope = dt.jvp(f, (x,), (v,))
    np.testing.assert_allclose(y, f(x), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(slope, np.sum(dt.grad(f)(x) * v), rtol=1e-9, atol=1e-9)
    rows = np.stack([x, x * 0.93 + 0.02])
    try:
        got = dt.vmap(f)(rows)
    except ConcreteError:  # its shape, or its course, depends on the numbers
        return
    np.testing.assert_allclose(got, [f(r) for r in rows], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("call", [f"{n}(x)" for n in SPECIAL] + SPECIAL_BINARY)
def test_special_function_of_scipy(call):
    special = pytest.importorskip("scipy.special")
    x = made("x:2,3")
    check(f"special.{call}", x, special=special, tolerance=2e-5)
