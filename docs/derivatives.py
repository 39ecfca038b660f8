"""Derivatives that the code of a rule says less well than mathematics does: the second half of `docs/make_rules.py`.

By primitive and operand, in the notation of `dualtape/show/reading.py`: of the operands, the static parameters, `out` (`out1`, ...
of several) and the cotangent `ct`. What does not read `ct` is a factor of it. A test evaluates each on the samples of its primitive
and holds it against the rule. What begins with `=` is shown as it stands, since it is about places in arrays.
"""

_PLACED = {"x": "add_along(ct1, out2)"}
_TIES = "ct * [x == out] / sum([x == out], axes)"
_ALL_TIES = "ct * [x == out] / sum([x == out])"
_BESSEL = "({f}(order - 1, x) {sign} {f}(order + 1, x)) / 2"
_CENTRED = "x - mean(x, axes)"
_NORMALIZED = {
    "x": "out3 * (g - mean(g, axes) - z * mean(g * z, axes)) where g = ct1 * w; z = (x - out2) * out3",
    "w": "ct1 * (x - out2) * out3",
    "b": "ct1",
}

RULES: dict[str, dict[str, str]] = {
    # activation
    "elu": {"x": "positive if x > 0 else negative * rate * exp(rate * x)"},
    "elu_slope": {"x": "0 if x > 0 else negative * rate ** 2 * exp(rate * x)"},
    "gelu_slope": {"x": "phi(x) * (2 - x ** 2)"},
    "gelu_tanh": {
        "x": "(1 + tanh(u)) / 2 + x / 2 * (1 - tanh(u) ** 2) * sqrt(2 / pi) * (1 + 0.134145 * x ** 2) "
        "where u = sqrt(2 / pi) * (x + 0.044715 * x ** 3)"
    },
    "mish": {"x": "tanh(s) + x * sigma(x) * (1 - tanh(s) ** 2) where s = ln(1 + exp(x))"},
    # affine
    "addmm": {"bias": "beta * ct", "x": "alpha * (ct @ y.T)", "y": "alpha * (x.T @ ct)"},
    # along
    **dict.fromkeys(["cummax", "cummin", "kthvalue", "max_along", "median", "min_along", "mode", "nanmedian", "sort", "topk"], _PLACED),
    # arithmetic
    "div": {"x": "1 / y", "y": "-x / y ** 2"},
    "fmod": {"x": "1", "y": "-trunc(x / y)"},
    "power": {"x": "exponent * x ** (exponent - 1)"},
    "pow": {"x": "0 if y == 0 else y * x ** (y - 1)", "y": "0 if x == 0 and y >= 0 else out * ln(x)"},
    "reciprocal": {"x": "-out ** 2"},
    "remainder": {"x": "1", "y": "-floor(x / y)"},
    "rpow": {"x": "ln(base) * out"},
    # attention, softmax
    "safe_softmax": {"x": "out * (ct - sum(ct * out, -1))"},
    "softmax": {"x": "out * (ct - sum(ct * out, axis))"},
    "log_softmax": {"x": "ct - exp(out) * sum(ct, axis)"},
    # bessel
    "bessel_in": {"x": _BESSEL.format(f="I", sign="+")},
    "bessel_ine": {"x": "exp(-abs(x)) * " + _BESSEL.format(f="I", sign="+") + " - sign(x) * out"},
    "bessel_jn": {"x": _BESSEL.format(f="J", sign="-")},
    "bessel_kn": {"x": "-" + _BESSEL.format(f="K", sign="+")},
    "bessel_kne": {"x": "out - exp(x) * " + _BESSEL.format(f="K", sign="+")},
    "bessel_yn": {"x": _BESSEL.format(f="Y", sign="-")},
    "bessel_k1e": {"x": "out - exp(x) * (K(0, x) + K(2, x)) / 2"},
    "bessel_k0e": {"x": "out - exp(x) * K(1, x)"},
    "i0e": {"x": "exp(-abs(x)) * I(1, x) - sign(x) * out"},
    "i1e": {"x": "exp(-abs(x)) * (I(0, x) + I(2, x)) / 2 - sign(x) * out"},
    # exponential
    "exp2": {"x": "ln(2) * out"},
    "log10": {"x": "1 / (x * ln(10))"},
    "log1p": {"x": "1 / (1 + x)"},
    "log2": {"x": "1 / (x * ln(2))"},
    "logaddexp2": {"x": "sigma(ln(2) * (x - y))", "y": "sigma(ln(2) * (y - x))"},
    "rsqrt": {"x": "-out ** 3 / 2"},
    "xlog1py": {"x": "ln(1 + y) if x != 0 or not (y <= -1) else 0", "y": "x / (1 + y)"},
    "xlogy": {"x": "ln(y) if x != 0 or not (y <= 0) else 0", "y": "x / y"},
    # exponentials
    "matrix_exp": {"x": "integral(s, 0, 1, expm(s * x.T) @ ct @ expm((1 - s) * x.T))"},
    # extrema, sorting
    "amax": {"x": _TIES},
    "amin": {"x": _TIES},
    "aminmax": {"x": "ct1 * [x == out1] / sum([x == out1], axes) + ct2 * [x == out2] / sum([x == out2], axes)"},
    **{key: {"x": _ALL_TIES} for key in ["max_all", "min_all", "median_all", "nanmedian_all"]},
    # factorisation
    "cholesky": {
        "x": "inv(L).T @ (P + P.T) @ inv(L) / 2 where L = out.T if upper else out; P = lower_half(L.T @ (ct.T if upper else ct))"
    },
    "cholesky_inverse": {
        "factor": "-t @ S if upper else -S @ t where t = triangle(factor); S = out @ (ct + ct.T) @ out"
    },
    "cholesky_solve": {
        "b": "inv(t.T @ t if upper else t @ t.T) @ ct where t = triangle(factor)",
        "factor": "-t @ (G + G.T) if upper else -(G + G.T) @ t "
        "where t = triangle(factor); G = inv(t.T @ t if upper else t @ t.T) @ ct @ out.T",
    },
    "lu": {
        "x": "put_back(inv(L).T @ (tril(L.T @ tril(ct1, -1), -1) + triu(ct1 @ U.T)) @ inv(U).T, out2) "
        "where L = tril(out1, -1) + eye(out1); U = triu(out1)"
    },
    "qr": {"x": "(ct1 + out1 @ sym_lower(M)) @ inv(out2).T where M = out2 @ ct2.T - ct1.T @ out1"},
    "qr_complete": {"x": "=that of qr, of square x"},
    # fft
    "fft_c2r": {"x": "=w · fft_r2c(ȳ), w = 1 at frequencies without a mirror image, 2 at others"},
    # fused
    "addcdiv": {"x": "1", "y": "value / z", "z": "-value * y / z ** 2"},
    "addcmul": {"x": "1", "y": "value * z", "z": "value * y"},
    "lerp_number": {"x": "1 - weight", "y": "weight"},
    # grid
    "zero_slope": {"ct": "0", "grid": "0"},
    "at_place": {"x": "ct", "grid": "0"},
    # guarded
    "div_or_zero": {"x": "0 if y == 0 else 1 / y", "y": "0 if y == 0 else -x / y ** 2"},
    "power_or_zero": {"x": "exponent * x ** (exponent - 1)"},
    # incomplete, integrals
    "betainc": {"x": "x ** (a - 1) * (1 - x) ** (b - 1) / Beta(a, b)"},
    "gammainc": {"a": "=∂P(a, x)/∂a", "x": "x ** (a - 1) * exp(-x) / Gamma(a)"},
    "gammainc_slope": {"x": "x ** (a - 1) * exp(-x) / Gamma(a) * (ln(x) - psi(a))"},
    "gammaincc": {"a": "=-∂P(a, x)/∂a", "x": "-x ** (a - 1) * exp(-x) / Gamma(a)"},
    "fresnel_cos": {"x": "cos(pi / 2 * x ** 2)"},
    "fresnel_sin": {"x": "sin(pi / 2 * x ** 2)"},
    "spence": {"x": "-1 if x == 1 else ln(x) / (1 - x)"},
    "spence_slope": {"x": "=spence_slope(x, order + 1)"},
    # joining, shape
    "block_diag": {"x1": "=ȳ[rows of x1, columns of x1]", "x2": "=ȳ[rows of x2, columns of x2]"},
    "concatenate": {"x1": "=split(ȳ)[1]", "x2": "=split(ȳ)[2]", "x3": "=split(ȳ)[3]"},
    "stack": {"x1": "=unbind(ȳ)[1]", "x2": "=unbind(ȳ)[2]"},
    "split": {"x": "=concatenate(ȳ₁, ȳ₂, …)"},
    "split_with_sizes": {"x": "=concatenate(ȳ₁, ȳ₂, …)"},
    "unbind": {"x": "=stack(ȳ₁, ȳ₂, …)"},
    "broadcast_to": {"x": "=sum[axes that were spread](ȳ)"},
    "permute": {"x": "=permute(ȳ, inverse of axes)"},
    "reshape": {"x": "=reshape(ȳ, shape of x)"},
    "unsqueeze": {"x": "=squeeze(ȳ, axis)"},
    # logistic
    "logit": {"x": "1 / (x * (1 - x))"},
    "logit_clamped": {"x": "1 / (x * (1 - x)) if eps <= x <= 1 - eps else 0"},
    "logit_slope": {"x": "out ** 2 * (2 * x - 1)"},
    "softplus": {"x": "1 if beta * x > threshold else sigma(beta * x)"},
    # matmul
    "dot": {"x": "ct * y", "y": "ct * x"},
    "mv": {"x": "=ȳ yᵀ", "y": "x.T @ ct"},
    "vm": {"x": "y @ ct", "y": "=x ȳᵀ"},
    # moments
    "std": {"x": f"ct * ({_CENTRED}) / ((n - correction) * out)"},
    "std_mean": {"x": "ct1 * (x - out2) / ((n - correction) * out1) + ct2 / n"},
    "var": {"x": f"2 * ct * ({_CENTRED}) / (n - correction)"},
    "var_mean": {"x": "2 * ct1 * (x - out2) / (n - correction) + ct2 / n"},
    # normalize, standardize
    "rms_norm": {
        "x": "r * (g - x * mean(g * x, axes) * r ** 2) where g = ct * w; r = 1 / sqrt(mean(x ** 2, axes) + eps)",
        "w": "ct * x / sqrt(mean(x ** 2, axes) + eps)",
    },
    "batch_norm": _NORMALIZED,
    "group_norm": _NORMALIZED | {"b": "=ȳ₁"},
    "layer_norm": _NORMALIZED,
    # norms
    "logsumexp": {"x": "ct * exp(x - out)"},
    "vector_norm": {"x": "ct * sign(x) * (abs(x) / out) ** (ord - 1)"},
    # numbers
    "copysign": {"x": "sign(x) if y >= 0 else -sign(x)", "y": "0"},
    "frexp": {"x": "ct1 / 2 ** out2"},
    "heaviside": {"x": "0", "y": "[x == 0]"},
    "ldexp": {"x": "2 ** y", "y": "ln(2) * out"},
    "nextafter": {"x": "[x != y]", "y": "0"},
    "sgn": {"x": "=(ȳ - Re(conj(out) · ȳ) · out) / |x|, real x: 0"},
    # piecewise
    "hardshrink": {"x": "[abs(x) > lambd]"},
    "hardshrink_backward": {"d": "[abs(x) > lambd]", "x": "0"},
    "hardsigmoid": {"x": "1 / 6 * [-3 < x < 3]"},
    "hardswish_slope": {"x": "1 / 3 * [-3 < x < 3]"},
    "hardtanh": {"x": "[low < x < high]"},
    "hardtanh_backward": {"d": "[low < x < high]", "x": "0"},
    "leaky_relu": {"x": "1 if x > 0 else slope"},
    "leaky_relu_backward": {"d": "1 if x > 0 else slope", "x": "0"},
    "prelu": {"x": "1 if x > 0 else weight", "weight": "0 if x > 0 else x"},
    "relu": {"x": "[out > 0]"},
    "relu_backward": {"x": "[y > 0]", "y": "0"},
    "softshrink": {"x": "[abs(x) > lambd]"},
    "threshold": {"x": "[x > threshold]"},
    "threshold_backward": {"d": "[x > threshold]", "x": "0"},
    # pointwise_loss
    "binary_cross_entropy": {"x": "ct / n * (x - y) / (x * (1 - x))", "y": "ct / n * ln((1 - x) / x)"},
    "binary_cross_entropy_with_logits": {"x": "ct / n * (sigma(x) - y)", "y": "-ct / n * x"},
    "huber_loss": {
        "x": "ct / n * minimum(maximum(x - y, -delta), delta)",
        "y": "ct / n * minimum(maximum(y - x, -delta), delta)",
    },
    "mse_loss": {"x": "ct / n * 2 * (x - y)", "y": "ct / n * 2 * (y - x)"},
    "smooth_l1_loss": {
        "x": "ct / n * minimum(maximum((x - y) / beta, -1), 1)",
        "y": "ct / n * minimum(maximum((y - x) / beta, -1), 1)",
    },
    "soft_margin_loss": {"x": "-ct / n * y * sigma(-x * y)", "y": "-ct / n * x * sigma(-x * y)"},
    # polynomials
    "polynomial": {"x": "=polynomial(n, x, order + 1)"},
    # pooling
    **{key: {"x": "=max_pool_spread(ȳ, x)"} for key in ["adaptive_max_pool2d", "adaptive_max_pool3d", "max_pool2d", "max_pool3d"]},
    # products, scan
    "cumprod": {"x": "suffix_sum(ct * out, axis) / x"},
    "linear_recurrence": {"a": "=b̄ₖ outₖ₋₁", "b": "=b̄ₖ = ȳₖ + aₖ₊₁ b̄ₖ₊₁"},
    "prod": {"x": "ct * out / x"},
    "prod_all": {"x": "ct * out / x"},
    "shift": {"x": "=shift(ȳ, -by)"},
    "cumsum": {"x": "prefix_sum(ct, axis) if reverse else suffix_sum(ct, axis)"},
    "logcumsumexp": {"x": "exp(x) * suffix_sum(ct * exp(-out), axis)"},
    # rearrange
    "roll": {"x": "=roll(ȳ, -shifts)"},
    "tile": {"x": "=sum[repeats](ȳ)"},
    # reduce
    "mean": {"x": "ct / n"},
    "mean_all": {"x": "ct / n"},
    "nansum": {"x": "ct * [x == x]"},
    "sum": {"x": "ct"},
    "sum_all": {"x": "ct"},
    # scatter_reduce
    "scatter_reduce": {"x": "=ȳ · share of x", "v": "=ȳ[positions] · share of v"},
    # select
    "clamp": {"x": "[low <= x <= high]"},
    "clamp_between": {"x": "[low <= x <= high]", "low": "[x < low and low < high]", "high": "[x > high or high < low]"},
    "clamp_high": {"x": "[x <= high]", "high": "[high < x]"},
    "clamp_low": {"x": "[x >= low]", "low": "[x < low]"},
    "fmax": {"x": "[x >= y or y != y]", "y": "1 - [x >= y or y != y]"},
    "fmin": {"x": "[x <= y or y != y]", "y": "1 - [x <= y or y != y]"},
    "keep": {"x": "[mask]"},
    "masked_fill": {"x": "[not mask]", "value": "[mask]"},
    "maximum": {"x": "[x > y] + [x == y] / 2", "y": "[y > x] + [x == y] / 2"},
    "minimum": {"x": "[x < y] + [x == y] / 2", "y": "[y < x] + [x == y] / 2"},
    "nan_to_num": {"x": "[abs(x) < inf]"},
    "where": {"x": "[condition]", "y": "[not condition]"},
    "winner": {"d": "[x > y] + [x == y] / 2"},
    # solving
    "cofactor_slope": {"d": "=cofactor_slope(ȳ, x)", "x": "=cofactor_curve(ȳ, d, x)"},
    "cofactor_curve": {"c": "=cofactor_curve(ȳ, d, x)", "d": "=cofactor_curve(c, ȳ, x)"},
    "cofactor": {"x": "=cofactor_slope(ȳ, x)"},
    "det": {"x": "ct * det(x) * inv(x).T"},
    "inv": {"x": "-out.T @ ct @ out.T"},
    "slogdet": {"x": "ct2 * inv(x).T"},
    "solve": {"a": "-inv(a).T @ ct @ out.T", "b": "inv(a).T @ ct"},
    "solve_triangular": {"a": "-triangle(inv(t).T @ ct @ out.T) where t = triangle(a)", "b": "inv(t).T @ ct where t = triangle(a)"},
    # special
    "digamma": {"x": "psi_derivative(1, x)"},
    "entr": {"x": "-(ln(x) + 1)"},
    "erf": {"x": "2 / sqrt(pi) * exp(-x ** 2)"},
    "erfc": {"x": "-2 / sqrt(pi) * exp(-x ** 2)"},
    "erfcinv": {"x": "-sqrt(pi) / 2 * exp(out ** 2)"},
    "erfcx": {"x": "2 * x * out - 2 / sqrt(pi)"},
    "erfinv": {"x": "sqrt(pi) / 2 * exp(out ** 2)"},
    "log_ndtr": {"x": "phi(x) / Phi(x)"},
    "ndtr": {"x": "phi(x)"},
    "ndtri": {"x": "1 / phi(out)"},
    "polygamma": {"x": "psi_derivative(n + 1, x)"},
    # spectral
    "eig": {
        "x": "Re(inv(V).H @ (diag(ct1) + times(conj(gaps(out1)), V.H @ ct2 - V.H @ V @ diag(Re(diag_part(V.H @ ct2))))) @ V.H) "
        "where V = out2"
    },
    "eigh": {"x": "(G + G.T) / 2 where G = out2 @ (diag(ct1) + times(gaps(out1), out2.T @ ct2)) @ out2.T"},
    "eigvals": {"x": "Re(inv(V).H @ diag(ct) @ V.H) where lam, V = eig(x)"},
    "eigvalsh": {"x": "V @ diag(ct) @ V.T where lam, V = eigh(x)"},
    "pinv": {
        "x": "-out.T @ ct @ out.T + (eye(x @ out) - x @ out) @ ct.T @ out @ out.T + out.T @ out @ ct.T @ (eye(out @ x) - out @ x)"
    },
    "ratio": {"x": "1 / y", "y": "-out / y"},
    "svd": {
        "x": "U @ (times(gaps(s, 2), U.T @ ct1 - ct1.T @ U) @ diag(s) + diag(s) @ times(gaps(s, 2), V.T @ ct3.T - ct3 @ V) + diag(ct2)) @ V.T "
        "+ (ct1 - U @ U.T @ ct1) @ diag(1 / s) @ V.T + U @ diag(1 / s) @ (ct3 - ct3 @ V @ V.T) "
        "where U = out1; s = out2; V = out3.T"
    },
    "svdvals": {"x": "U @ diag(ct) @ V.T where U, s, V = svd(x)"},
    # tf_choices, tf_slopes, trigonometric
    "atan2": {"x": "y / (x ** 2 + y ** 2)", "y": "-x / (x ** 2 + y ** 2)"},
    "atan2_bare": {"x": "y / (x ** 2 + y ** 2)", "y": "-x / (x ** 2 + y ** 2)"},
    "pow_bare": {"x": "y * x ** (y - 1)", "y": "out * ln(x)"},
    "log_or_nothing": {"x": "1 / x if x > 0 else 0"},
    "maximum_first": {"x": "[x >= y]", "y": "[not x >= y]"},
    "minimum_first": {"x": "[x <= y]", "y": "[not x <= y]"},
    "reciprocal_or_nothing": {"x": "-out ** 2"},
    "selu_right": {"x": "out + 1.7580993408473766 if out < 0 else 1.0507009873554805"},
    "xlog1py_masked": {"x": "[x != 0] * ln(1 + y)", "y": "x / (1 + y)"},
    "xlogy_masked": {"x": "[x != 0] * ln(y)", "y": "x / y"},
    "acos_by_root": {"x": "-1 / sqrt(1 - x ** 2)"},
    "asin_by_root": {"x": "1 / sqrt(1 - x ** 2)"},
    "atanh_by_reciprocal": {"x": "1 / (1 - x ** 2)"},
    "log1p_by_reciprocal": {"x": "1 / (1 + x)"},
    "log_by_reciprocal": {"x": "1 / x"},
    "masked_div": {"x": "1 / y", "y": "-out / y"},
    "masked_mul": {"x": "y", "y": "x"},
    "reciprocal_masked": {"x": "-out ** 2"},
    "rsqrt_masked": {"x": "-out ** 3 / 2"},
    "sqrt_masked": {"x": "1 / (2 * out)"},
    "sqrt_slope": {"x": "1 / (2 * y)", "y": "-x / (2 * y ** 2)"},
    "xdivy": {"x": "[x != 0] / y", "y": "-x / y ** 2"},
    "acos": {"x": "-1 / sqrt(1 - x ** 2)"},
    "acosh": {"x": "1 / sqrt(x ** 2 - 1)"},
    "asin": {"x": "1 / sqrt(1 - x ** 2)"},
    "asinh": {"x": "1 / sqrt(x ** 2 + 1)"},
    "atan": {"x": "1 / (x ** 2 + 1)"},
    "atanh": {"x": "1 / (1 - x ** 2)"},
    "deg2rad": {"x": "pi / 180"},
    "rad2deg": {"x": "180 / pi"},
    "sinc": {"x": "sinc_derivative(1, x)"},
    "sinc_derivative": {"x": "sinc_derivative(order + 1, x)"},
    "tan": {"x": "1 + out ** 2"},
    "cross": {"x": "cross(y, ct)", "y": "cross(ct, x)"},
    "power_slope": {"x": "y * (y - 1) * x ** (y - 2)", "y": "x ** (y - 1) * (1 + y * ln(x))"},
    "reciprocal_or_zero": {"x": "-out ** 2"},
    "zeta": {"y": "-x * zeta(x + 1, y)"},
    "fft_r2c": {"x": "=Re(fft_c2c(ȳ)), ȳ with zeros in the half left out"},
    "fft_c2c": {"x": "=fft_c2c(ȳ, axes, inverse, scale)"},
    "imag": {"x": "=i · ȳ, real x: 0"},
    "abs": {"x": "0 if x == 0 else x / abs(x)"},
    "angle": {"x": "=i · ȳ · x / |x|², real x: 0"},
    "cross_entropy": {"x": "=ȳ / n · (softmax(x) - one_hot(target))"},
    "embedding_with_padding": {"x": "=deposit([live] · ȳ, positions)"},
    "deposit": {"v": "=ȳ[positions]"},
    "index_add": {"v": "=ȳ[positions]"},
    "index_put_add": {"v": "=ȳ[positions]"},
    "put_add": {"v": "=ȳ[positions]"},
    "scatter_add": {"v": "=ȳ[positions]"},
    "set_slice": {"v": "=ȳ[index]"},
    "place_slice": {"x": "=ȳ[index]"},
    "constant_pad_nd": {"x": "=constant_pad_nd(ȳ, -pads)"},
    "copies_added": {"x": "=pad(ȳ, pads, mode)"},
    "exchange_rows": {"x": "=exchange_rows(ȳ, pivots, not back)"},
    "transpose": {"x": "=transpose(ȳ, axis0, axis1)"},
    "flip": {"x": "=flip(ȳ, axes)"},
    "squeeze": {"x": "=reshape(ȳ, shape of x)"},
    "squeeze_all": {"x": "=reshape(ȳ, shape of x)"},
    "squeeze_several": {"x": "=reshape(ȳ, shape of x)"},
}  # fmt: skip
