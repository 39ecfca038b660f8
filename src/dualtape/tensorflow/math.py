"""`tf.math`."""
# ruff: noqa: F401 - this module is a namespace

from typing import NoReturn

from ..core.missing import missing_attribute
from . import special_namespace as special
from .activations import log_softmax, softmax, softplus, softsign
from .arithmetic import absolute as abs
from .arithmetic import (
    add,
    divide,
    equal,
    floordiv,
    floormod,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    multiply,
    negative,
    not_equal,
    pow,
    subtract,
    truediv,
)
from .arithmetic import floormod as mod
from .elementwise import (
    acos,
    acosh,
    angle,
    asin,
    asinh,
    atan,
    atanh,
    ceil,
    conj,
    cos,
    cosh,
    digamma,
    erf,
    erfc,
    erfinv,
    exp,
    expm1,
    floor,
    imag,
    is_finite,
    is_inf,
    is_nan,
    lgamma,
    log,
    log1p,
    log_sigmoid,
    real,
    reciprocal,
    rint,
    round,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    tanh,
)
from .nn_norms import l2_normalize, maximum, minimum
from .reductions import (
    argmax,
    argmin,
    count_nonzero,
    reduce_all,
    reduce_any,
    reduce_euclidean_norm,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_variance,
)
from .scanning import cumprod, cumsum, cumulative_logsumexp
from .segments import (
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
    unsorted_segment_max,
    unsorted_segment_mean,
    unsorted_segment_min,
    unsorted_segment_prod,
    unsorted_segment_sqrt_n,
    unsorted_segment_sum,
)
from .sorting import (
    bincount,
    confusion_matrix,
    in_top_k,
    invert_permutation,
    is_non_decreasing,
    is_strictly_increasing,
    top_k,
    zero_fraction,
)
from .special import (
    accumulate_n,
    add_n,
    atan2,
    bessel_i0,
    bessel_i0e,
    bessel_i1,
    bessel_i1e,
    betainc,
    divide_no_nan,
    erfcinv,
    igamma,
    igammac,
    lbeta,
    multiply_no_nan,
    ndtri,
    nextafter,
    polygamma,
    polyval,
    reciprocal_no_nan,
    scalar_mul,
    squared_difference,
    xdivy,
    xlog1py,
    xlogy,
    zeta,
)


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
