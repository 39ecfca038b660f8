"""Which primitives are lowered: a list, so that one that loses its lowering is noticed."""

import numpy as np
import pytest

from dualtape.compiler.graph import Call, Graph
from dualtape.compiler.lowering import lower
from dualtape.testing.samples import every_primitive, every_sample

pytest.importorskip("llvmlite")

CALLED = """
adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d airy_ai airy_ai_slope argsort
as_strided at_place bessel_in bessel_ine bessel_j0 bessel_j1 bessel_jn bessel_k0 bessel_k0e
bessel_k1 bessel_k1e bessel_kn bessel_kne bessel_y0 bessel_y1 bessel_yn betainc
block_diag cholesky cholesky_info cholesky_inverse cholesky_solve cofactor
cofactor_curve cofactor_slope col2im complex copies_added cummax cummin cumprod cumsum
dawsn det eig eigh eigvals eigvalsh embedding_with_padding erfcinv exchange_rows expint fft_c2c
fft_c2r fft_r2c fold_windows fractional_indices fresnel_cos fresnel_sin frexp gammainc
gammainc_slope gammaincc gcd geqrf grid_node grid_place grid_slope histc i0 i0e i1 i1e im2col
inv inv_info inverse_frequency kthvalue label_places last_rank lcm linear_recurrence log_ndtr
logcumsumexp lu matrix_exp matrix_rank median median_all mode nanmedian nanmedian_all ndtri
nextafter occurrences others phase_free pinv polygamma polynomial pool_gather pool_scatter
power_of_half qr qr_complete raised ratio resample retrieve row_has_nan scatter_reduce
scatter_shares searchsorted sinc_derivative slogdet solve solve_triangular sort sorted_by
spence spence_slope strides_added svd svdvals topk unravel_index upsample_cubic2d
upsample_linear1d upsample_linear2d upsample_linear3d upsample_nearest1d upsample_nearest2d
upsample_nearest3d upsample_nearest_exact1d upsample_nearest_exact2d upsample_nearest_exact3d
view_as_complex view_as_real zero_pivot zero_slope zeta
"""


def lowered(dtype="float32"):
    """Names of primitives of which some sample needs no call of NumPy."""
    found = set()
    for s in every_sample():
        if s.primitive.name in found:
            continue
        operands = [np.asarray(v) for v in s.make(dtype)]
        n = len(operands)
        try:
            avals = [s.primitive.aval(*operands, **s.params)]
        except Exception:
            continue
        avals = list(avals[0]) if s.primitive.outputs != 1 else avals
        from_to = tuple(range(n)), tuple(range(n, n + len(avals)))
        call = Call(s.primitive, from_to[0], s.params, from_to[1])
        given = [type(avals[0])(x.shape, x.dtype) for x in operands]
        if not lower(Graph([*given, *avals], from_to[0], {}, (call,), from_to[1])).callbacks:
            found.add(s.primitive.name)
    return found


def test_which_primitives_numpy_runs():
    every = {s.primitive.name for s in every_sample()} | set(every_primitive())
    assert sorted(every - lowered()) == CALLED.split()
