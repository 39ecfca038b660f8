"""`torch.special`: functions that SciPy's `special` has, by the same names.

Some of them PyTorch does not differentiate (Bessel and Airy functions, orthogonal polynomials): here they have
derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ...core.missing import missing_attribute
from ...core.tensor import Tensor as CoreTensor
from ...ops import bessel, polynomials
from ...ops import special as ops
from .. import dtypes
from .._tensor import Tensor
from ..arguments import invalid_combination, not_implemented
from ..norms import logsumexp
from ..operators import is_operand
from ..pointwise import (
    as_floating,
    digamma,
    erf,
    erfc,
    erfinv,
    exp2,
    expm1,
    floating,
    i0,
    lgamma,
    log1p,
    logit,
    mvlgamma,
    polygamma,
    sigmoid,
    sinc,
)
from ..pointwise_binary import as_operands, igamma, igammac, xlog1py, xlogy, zeta
from ..promotion import result_numpy
from ..registry import store
from ..rounding import round
from ..softmax import log_softmax, softmax

expit = sigmoid
gammaln = lgamma
gammainc = igamma
gammaincc = igammac
multigammaln = mvlgamma
psi = digamma


def _function(name: str, primitive: Any, half: bool = False) -> Callable[..., Tensor]:
    """A function of real numbers; most have no kernel for half precision."""
    kernel = f"{name}_cpu"
    return floating(
        name, primitive, real=kernel, half=None if half else kernel, inplace=False, as_method=False
    )


entr = _function("entr", ops.entr, half=True)
erfcx = _function("erfcx", ops.erfcx)
ndtr = _function("ndtr", ops.ndtr, half=True)
ndtri = _function("ndtri", ops.ndtri)
log_ndtr = _function("log_ndtr", ops.log_ndtr)

i0e = _function("i0e", bessel.i0e, half=True)
i1 = _function("i1", bessel.i1, half=True)
i1e = _function("i1e", bessel.i1e, half=True)
airy_ai = _function("airy_ai", bessel.airy_ai)
bessel_j0 = _function("bessel_j0", bessel.j0)
bessel_j1 = _function("bessel_j1", bessel.j1)
bessel_y0 = _function("bessel_y0", bessel.y0)
bessel_y1 = _function("bessel_y1", bessel.y1)
modified_bessel_i0 = _function("modified_bessel_i0", bessel.i0)
modified_bessel_i1 = _function("modified_bessel_i1", bessel.i1)
modified_bessel_k0 = _function("modified_bessel_k0", bessel.k0)
modified_bessel_k1 = _function("modified_bessel_k1", bessel.k1)
scaled_modified_bessel_k0 = _function("scaled_modified_bessel_k0", bessel.k0e)
scaled_modified_bessel_k1 = _function("scaled_modified_bessel_k1", bessel.k1e)


def spherical_bessel_j0(input: Any, *, out: Any = None) -> Tensor:
    """The spherical Bessel function of the first kind of order 0, sin(x) / x.

    Raises:
        NotImplementedError: Complex or half precision input.
    """
    x = as_floating("spherical_bessel_j0", input, "spherical_bessel_j0_cpu")
    if x.value.dtype.itemsize == 2:
        raise not_implemented("spherical_bessel_j0_cpu", x.value.dtype)
    return store(out, bessel.spherical_j0(x), "spherical_bessel_j0")


def _polynomial(name: str, operation: Callable[..., Any]) -> Callable[..., Tensor]:
    def function(input: Any, n: Any, *, out: Any = None) -> Tensor:
        if not (is_operand(input) and is_operand(n)) or not (
            isinstance(input, CoreTensor) or isinstance(n, CoreTensor)
        ):
            raise invalid_combination(f"special_{name}", (input, n))
        d = result_numpy(input, n)
        if d.kind in "biu":
            d = dtypes.default_numpy
        elif d.kind == "c" or d.itemsize == 2:
            raise not_implemented(f"{name}_cpu", d)
        return store(out, operation(*as_operands(input, n, d)), name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{operation.__doc__} Either of `input` and the degree `n` may be a number; degrees are cut to integers.\n\n"
        "Raises:\n    NotImplementedError: Complex or half precision input."
    )
    return function


chebyshev_polynomial_t = _polynomial("chebyshev_polynomial_t", polynomials.chebyshev_t)
chebyshev_polynomial_u = _polynomial("chebyshev_polynomial_u", polynomials.chebyshev_u)
chebyshev_polynomial_v = _polynomial("chebyshev_polynomial_v", polynomials.chebyshev_v)
chebyshev_polynomial_w = _polynomial("chebyshev_polynomial_w", polynomials.chebyshev_w)
hermite_polynomial_h = _polynomial("hermite_polynomial_h", polynomials.hermite_h)
hermite_polynomial_he = _polynomial("hermite_polynomial_he", polynomials.hermite_he)
laguerre_polynomial_l = _polynomial("laguerre_polynomial_l", polynomials.laguerre_l)
legendre_polynomial_p = _polynomial("legendre_polynomial_p", polynomials.legendre_p)
shifted_chebyshev_polynomial_t = _polynomial(
    "shifted_chebyshev_polynomial_t", polynomials.shifted_chebyshev_t
)
shifted_chebyshev_polynomial_u = _polynomial(
    "shifted_chebyshev_polynomial_u", polynomials.shifted_chebyshev_u
)
shifted_chebyshev_polynomial_v = _polynomial(
    "shifted_chebyshev_polynomial_v", polynomials.shifted_chebyshev_v
)
shifted_chebyshev_polynomial_w = _polynomial(
    "shifted_chebyshev_polynomial_w", polynomials.shifted_chebyshev_w
)

__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "chebyshev_polynomial_t", "chebyshev_polynomial_u",
    "chebyshev_polynomial_v", "chebyshev_polynomial_w", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2",
    "expit", "expm1", "gammainc", "gammaincc", "gammaln", "hermite_polynomial_h", "hermite_polynomial_he", "i0", "i0e",
    "i1", "i1e", "laguerre_polynomial_l", "legendre_polynomial_p", "log1p", "log_ndtr", "log_softmax", "logit",
    "logsumexp", "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "multigammaln",
    "ndtr", "ndtri", "polygamma", "psi", "round", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1",
    "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w", "sinc", "softmax", "spherical_bessel_j0", "xlog1py", "xlogy", "zeta",
]  # fmt: skip


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
