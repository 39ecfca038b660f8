"""Eigenvalues, singular values and the pseudo-inverse.

The tangents of eigenvectors have denominators w_j - w_i: coinciding eigenvalues leave the vectors,
but not the values, without a derivative (infinities and NaN, as in PyTorch). M. Giles 2008; for
singular vectors of complex matrices, Z. Wan and S. Zhang, Automatic differentiation for complex
valued SVD (2019).

NOTE [phases]
Complex eigenvectors are determined up to a factor exp(i phi) each, and a real loss must not depend
on it: then the imaginary part of diag(V^H V_bar) vanishes. Where it does not, the loss has no
gradient, and `phase_free` says so in PyTorch's words. The tangents keep a phase of their own
choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import LinAlgError, NotDifferentiableError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes, elementwise, general, linear
from .complex import cast, conj, real
from .diagonals import diag_embed, diagonal
from .matmul import matmul
from .matrices import (
    Array,
    batch_matrices,
    column,
    complex_dtype,
    eye_like,
    is_complex,
    mh,
    real_dtype,
    row,
)
from .shape import place_slice_p, slice_p
from .solving import solve_p


def _on_diagonal(x: Any, like: Any) -> Any:
    """A vector as a diagonal matrix, in the dtype of `like`."""
    return diag_embed(cast(x, dtype_of(like)))


def _without_diagonal(x: Any) -> Any:
    return x - diag_embed(diagonal(x, 0, -2, -1))


def _over_gaps(x: Any, w: Any) -> Any:
    """x[i, j] / (w[j] - w[i]), and 0 on the diagonal; 0 / 0 is 0 elsewhere too."""
    gaps = row(w) - column(w) + eye_like(w)  # ones on the diagonal keep 0/0 out of derivatives
    return ratio(_without_diagonal(x), cast(gaps, dtype_of(x)))


def _phase_free_eval(x: Array, *, name: str, vectors: str) -> Array:
    if x.dtype.kind == "c":
        on = np.diagonal(x, 0, -2, -1)
        if not np.allclose(on.imag, 0, rtol=1e-2, atol=1e-2):
            raise NotDifferentiableError(
                f"{name}: The {vectors} in the complex case are specified up to multiplication by "
                f"e^{{i phi}}. The "
                "specified loss function depends on this quantity, so it is ill-defined."
            )
    return x


phase_free_p = linear(
    "phase_free", _phase_free_eval, lambda ct: ct, aval=lambda x, **_: x, view=True,
    batch=batch_matrices(lambda: phase_free_p),
    doc="x itself, after a look at the imaginary part of its diagonals: NOTE [phases].",
)  # fmt: skip


def _ratio_eval(x: Any, y: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.where(x == 0, x, x / y)


ratio = elementwise(
    "ratio", _ratio_eval, lambda d, y: ratio(d, y), lambda d, y, out: -ratio(d * out, y),
    doc="x / y, where 0 / 0 is 0: what nobody asks the derivative of needs no gap between "
        "eigenvalues.",
)  # fmt: skip

# ---- Hermitian matrices


def _failed(name: str, err: Exception, x: Array) -> LinAlgError:
    if not np.isfinite(x).all():
        return LinAlgError(
            f"{name}: The algorithm failed to converge because the input matrix contained "
            "non-finite values."
        )
    return LinAlgError(
        f"{name}: The algorithm failed to converge because the input matrix is ill-conditioned or "
        "has too many repeated "
        f"values ({err})"
    )


def _eigh_eval(x: Array, *, upper: bool) -> tuple[Array, Array]:
    try:
        w, v = np.linalg.eigh(x, "U" if upper else "L")
    except np.linalg.LinAlgError as err:
        raise _failed("linalg.eigh", err, x) from err
    return w, v


def _eigvalsh_eval(x: Array, *, upper: bool) -> Array:
    try:
        return np.linalg.eigvalsh(x, "U" if upper else "L")
    except np.linalg.LinAlgError as err:
        raise _failed("linalg.eigh", err, x) from err


def _eigh_aval(x: Aval, *, upper: bool) -> tuple[Aval, Aval]:
    return Aval(x.shape[:-1], real_dtype(x.dtype)), x


def _eigh_jvp(d: Any, out0: Any, out1: Any, *, upper: bool) -> tuple[Any, Any]:
    d = (d + mh(d)) * 0.5
    inner = matmul(matmul(mh(out1), d), out1)
    return real(diagonal(inner, 0, -2, -1)), matmul(out1, _over_gaps(inner, out0))


def _eigh_vjp(ct: tuple[Any, Any], out0: Any, out1: Any, *, upper: bool) -> Any:
    w_bar, v_bar = ct
    inner = matmul(mh(out1), v_bar)
    if is_complex(inner):
        inner = phase_free_p(inner, name="linalg_eigh_backward", vectors="eigenvectors")
    core = _over_gaps((inner - mh(inner)) * 0.5, out0) + _on_diagonal(w_bar, out1)
    return matmul(matmul(out1, core), mh(out1))


eigh_p = general(
    "eigh", _eigh_eval, outputs=2, aval=_eigh_aval, jvp=_eigh_jvp, vjp=_eigh_vjp, holomorphic=False,
    batch=batch_matrices(lambda: eigh_p), grad_name="LinalgEighBackward0",
    doc="Ascending eigenvalues and orthonormal eigenvectors of Hermitian matrices, read from one "
        "triangle; the "
    "derivative is that on Hermitian matrices.",
)  # fmt: skip


def _eigvalsh_jvp(d: Any, x: Any, *, upper: bool) -> Any:
    _, v = eigh_p(x, upper=upper)
    d = (d + mh(d)) * 0.5
    return real(diagonal(matmul(matmul(mh(v), d), v), 0, -2, -1))


def _eigvalsh_vjp(ct: Any, x: Any, *, upper: bool) -> Any:
    _, v = eigh_p(x, upper=upper)
    return matmul(v * cast(row(ct), dtype_of(v)), mh(v))


eigvalsh_p = general(
    "eigvalsh", _eigvalsh_eval, aval=lambda x, *, upper: Aval(x.shape[:-1], real_dtype(x.dtype)),
    jvp=_eigvalsh_jvp, vjp=_eigvalsh_vjp, holomorphic=False,
    batch=batch_matrices(lambda: eigvalsh_p), grad_name="LinalgEighBackward0",
    doc="The eigenvalues of `eigh` alone; their derivative does not divide by the gaps between "
        "them.",
)  # fmt: skip

# ---- General square matrices


def _eig_eval(x: Array) -> tuple[Array, Array]:
    if not np.isfinite(x).all():
        raise LinAlgError("torch.linalg.eig: input tensor should not contain infs or NaNs.")
    try:
        w, v = np.linalg.eig(x)
    except np.linalg.LinAlgError as err:
        raise _failed("linalg.eig", err, x) from err
    dtype = complex_dtype(x.dtype)
    return w.astype(dtype, copy=False), v.astype(dtype, copy=False)


def _eigvals_eval(x: Array) -> Array:
    if not np.isfinite(x).all():
        raise LinAlgError("torch.linalg.eig: input tensor should not contain infs or NaNs.")
    try:
        return np.linalg.eigvals(x).astype(complex_dtype(x.dtype), copy=False)
    except np.linalg.LinAlgError as err:
        raise _failed("linalg.eig", err, x) from err


def _eig_aval(x: Aval) -> tuple[Aval, Aval]:
    dtype = complex_dtype(x.dtype)
    return Aval(x.shape[:-1], dtype), Aval(x.shape, dtype)


def _eig_jvp(d: Any, out0: Any, out1: Any) -> tuple[Any, Any]:
    v = out1
    inner = solve_p(v, matmul(cast(d, dtype_of(v)), v))
    v_dot = matmul(v, _over_gaps(inner, out0))
    # The columns keep length 1: what would lengthen them is taken off.
    longer = real(diagonal(matmul(mh(v), v_dot), 0, -2, -1))
    return diagonal(inner, 0, -2, -1), v_dot - v * cast(row(longer), dtype_of(v))


def _eig_vjp(ct: tuple[Any, Any], aval: Any, out0: Any, out1: Any) -> Any:
    w_bar, v_bar = ct
    v = out1
    inner = phase_free_p(matmul(mh(v), v_bar), name="linalg_eig_backward", vectors="eigenvectors")
    across = inner - matmul(mh(v), v) * cast(row(real(diagonal(inner, 0, -2, -1))), dtype_of(v))
    core = _over_gaps(across, conj(out0)) + diag_embed(w_bar)
    return _as(solve_p(mh(v), matmul(core, mh(v))), aval.dtype)


def _as(x: Any, dtype: Any) -> Any:
    """`x` in `dtype`: of a complex cotangent of a real matrix the real part."""
    return x if dtype.kind == "c" else real(x)


eig_p = general(
    "eig", _eig_eval, outputs=2, aval=_eig_aval, jvp=_eig_jvp, vjp=_eig_vjp, holomorphic=False,
    batch=batch_matrices(lambda: eig_p), grad_name="LinalgEigBackward0",
    doc="Complex eigenvalues, in no order, and eigenvectors of length 1.",
)  # fmt: skip


def _eigvals_jvp(d: Any, x: Any) -> Any:
    _, v = eig_p(x)
    return diagonal(solve_p(v, matmul(cast(d, dtype_of(v)), v)), 0, -2, -1)


def _eigvals_vjp(ct: Any, x: Any, aval: Any) -> Any:
    _, v = eig_p(x)
    return _as(solve_p(mh(v), column(ct) * mh(v)), aval.dtype)


eigvals_p = general(
    "eigvals", _eigvals_eval, aval=lambda x: Aval(x.shape[:-1], complex_dtype(x.dtype)),
    jvp=_eigvals_jvp, vjp=_eigvals_vjp, holomorphic=False,
    batch=batch_matrices(lambda: eigvals_p), grad_name="LinalgEigBackward0",
    doc="The eigenvalues of `eig` alone.",
)  # fmt: skip

# ---- Singular values


def _svd_eval(x: Array, *, full: bool) -> tuple[Array, Array, Array]:
    try:
        u, s, vh = np.linalg.svd(x, full)
    except np.linalg.LinAlgError as err:
        raise _failed("linalg.svd", err, x) from err
    return u, s, vh


def _svdvals_eval(x: Array) -> Array:
    try:
        return np.asarray(np.linalg.svd(x, compute_uv=False))
    except np.linalg.LinAlgError as err:
        raise _failed("linalg.svd", err, x) from err


def _svd_aval(x: Aval, *, full: bool) -> tuple[Aval, Aval, Aval]:
    *lead, m, n = x.shape
    k = min(m, n)
    return (
        Aval((*lead, m, m if full else k), x.dtype),
        Aval((*lead, k), real_dtype(x.dtype)),
        Aval((*lead, n if full else k, n), x.dtype),
    )


def _over_square_gaps(x: Any, s: Any) -> Any:
    """x[i, j] / (s[j]^2 - s[i]^2), and 0 on the diagonal."""
    gaps = (row(s) - column(s)) * (row(s) + column(s)) + eye_like(s)
    return ratio(_without_diagonal(x), cast(gaps, dtype_of(x)))


def _over(x: Any, s: Any) -> Any:
    """The columns of x over s, where 0 / 0 is 0."""
    return ratio(x, cast(row(s), dtype_of(x)))


def _svd_jvp(d: Any, out0: Any, out1: Any, out2: Any) -> tuple[Any, Any, Any]:
    u, s, v = out0, out1, mh(out2)
    sc = cast(s, dtype_of(u))
    p = matmul(mh(u), matmul(d, v))
    ph = mh(p)
    # P = W_u S + dS - S W_v with skew W_u, W_v.
    turn_u = _over_square_gaps(p * row(sc) + column(sc) * ph, s)
    turn_v = _over_square_gaps(column(sc) * p + ph * row(sc), s)
    if is_complex(p):
        # The phase of both vectors changes by as much: NOTE [phases].
        on = diagonal(p, 0, -2, -1)
        phase = diag_embed(ratio(on - cast(real(on), dtype_of(on)), sc * 2))
        turn_u, turn_v = turn_u + phase, turn_v - phase
    u_dot, v_dot = matmul(u, turn_u), matmul(v, turn_v)
    dv = matmul(d, v)
    if u.shape[-2] > u.shape[-1]:
        u_dot = u_dot + _over(dv - matmul(u, matmul(mh(u), dv)), s)
    if v.shape[-2] > v.shape[-1]:
        du = matmul(mh(d), u)
        v_dot = v_dot + _over(du - matmul(v, matmul(mh(v), du)), s)
    return u_dot, real(diagonal(p, 0, -2, -1)), mh(v_dot)


def _svd_vjp(ct: tuple[Any, Any, Any], out0: Any, out1: Any, out2: Any) -> Any:
    u_bar, s_bar, vh_bar = ct
    u, s, v, v_bar = out0, out1, mh(out2), mh(vh_bar)
    sc = cast(s, dtype_of(u))
    in_u, in_v = matmul(mh(u), u_bar), matmul(mh(v), v_bar)
    core = (
        _over_square_gaps(in_u - mh(in_u), s) * row(sc)
        + column(sc) * _over_square_gaps(in_v - mh(in_v), s)
        + _on_diagonal(s_bar, u)
    )
    if is_complex(core):
        both = phase_free_p(in_u + in_v, name="svd_backward", vectors="singular vectors")
        on = diagonal(in_u * 2 - both, 0, -2, -1)
        core = core + diag_embed(ratio(on - cast(real(on), dtype_of(on)), sc * 2))
    out = matmul(matmul(u, core), out2)
    if u.shape[-2] > u.shape[-1]:
        out = out + matmul(_over(u_bar - matmul(u, in_u), s), out2)
    if v.shape[-2] > v.shape[-1]:
        out = out + matmul(u, mh(_over(v_bar - matmul(v, in_v), s)))
    return out


def _svd_full_jvp(d: Any, out0: Any, out1: Any, out2: Any, *, full: bool) -> Any:
    # As in PyTorch, the vectors that complete the basis count as constant.
    k = out1.shape[-1]
    u = out0 if out0.shape[-1] == k else slice_p(out0, index=(..., slice(k)))
    vh = out2 if out2.shape[-2] == k else slice_p(out2, index=(..., slice(k), slice(None)))
    u_dot, s_dot, vh_dot = _svd_jvp(d, u, out1, vh)
    if u is not out0:
        u_dot = place_slice_p(u_dot, index=(..., slice(k)), shape=tuple(out0.shape))
    if vh is not out2:
        vh_dot = place_slice_p(vh_dot, index=(..., slice(k), slice(None)), shape=tuple(out2.shape))
    return u_dot, s_dot, vh_dot


def _svd_full_vjp(ct: tuple[Any, Any, Any], out0: Any, out1: Any, out2: Any, *, full: bool) -> Any:
    u_bar, s_bar, vh_bar = ct
    columns = (..., slice(out1.shape[-1]))
    rows = (..., slice(out1.shape[-1]), slice(None))
    if out0.shape[-1] > out1.shape[-1]:
        u_bar, out0 = slice_p(u_bar, index=columns), slice_p(out0, index=columns)
    if out2.shape[-2] > out1.shape[-1]:
        vh_bar, out2 = slice_p(vh_bar, index=rows), slice_p(out2, index=rows)
    return _svd_vjp((u_bar, s_bar, vh_bar), out0, out1, out2)


svd_p = general(
    "svd",
    _svd_eval,
    outputs=3,
    aval=_svd_aval,
    jvp=_svd_full_jvp,
    vjp=_svd_full_vjp,
    holomorphic=False,
    batch=batch_matrices(lambda: svd_p),
    grad_name="LinalgSvdBackward0",
    doc="U, descending S and V^H of x = U S V^H; `full` adds vectors that complete the bases.",
)


def _svdvals_jvp(d: Any, x: Any) -> Any:
    u, _, vh = svd_p(x, full=False)
    return real(diagonal(matmul(matmul(mh(u), d), mh(vh)), 0, -2, -1))


def _svdvals_vjp(ct: Any, x: Any) -> Any:
    u, _, vh = svd_p(x, full=False)
    return matmul(u * cast(row(ct), dtype_of(u)), vh)


svdvals_p = general(
    "svdvals",
    _svdvals_eval,
    aval=lambda x: Aval((*x.shape[:-2], min(x.shape[-2:])), real_dtype(x.dtype)),
    jvp=_svdvals_jvp,
    vjp=_svdvals_vjp,
    holomorphic=False,
    batch=batch_matrices(lambda: svdvals_p),
    grad_name="LinalgSvdBackward0",
    doc="The singular values alone; their derivative does not divide by the gaps between them.",
)

# ---- Pseudo-inverse


def kept_values(s: Array, rtol: Array, atol: Array) -> Array:
    """Which singular values (..., k) are above max(atol, rtol * the largest)."""
    size = np.abs(s)
    largest = size.max(-1, initial=0, keepdims=True)
    return np.asarray(size > np.maximum(atol[..., None], rtol[..., None] * largest))


def _pinv_eval(x: Array, rtol: Array, atol: Array, *, hermitian: bool) -> Array:
    if hermitian:
        s, u = _eigh_eval(x, upper=False)
        vh = u.conj().swapaxes(-1, -2)
    else:
        u, s, vh = _svd_eval(x, full=False)
    kept = kept_values(s, np.asarray(rtol), np.asarray(atol))
    s = np.broadcast_to(s, kept.shape)
    inverse = np.divide(1, s, out=np.zeros(kept.shape, s.dtype), where=kept)
    left = vh.conj().swapaxes(-1, -2) * inverse[..., None, :].astype(x.dtype)
    return np.asarray(np.matmul(left, u.conj().swapaxes(-1, -2)))


def _pinv_jvp(d: Any, x: Any, out: Any) -> Any:
    # Golub & Pereyra, SIAM J. Numer. Anal. 10 (1973): constant rank is assumed.
    p, ph, dh = out, mh(out), mh(d)
    first = matmul(p, matmul(ph, dh))
    last = matmul(matmul(dh, ph), p)
    return (
        -matmul(matmul(p, d), p)
        + (first - matmul(matmul(first, x), p))
        + (last - matmul(p, matmul(x, last)))
    )


def _pinv_vjp(ct: Any, x: Any, out: Any) -> Any:
    p, ph, ch = out, mh(out), mh(ct)
    # The adjoints of the three terms above.
    first = matmul(matmul(ch, p), ph)
    last = matmul(ph, matmul(p, ch))
    return (
        -matmul(matmul(ph, ct), ph)
        + (first - matmul(x, matmul(p, first)))
        + (last - matmul(matmul(last, p), x))
    )


def _pinv_aval(x: Aval, rtol: Aval, atol: Aval, *, hermitian: bool) -> Aval:
    lead = broadcast_shapes("pinv", x.shape[:-2], rtol.shape, atol.shape)
    return Aval((*lead, x.shape[-1], x.shape[-2]), x.dtype)


pinv_p = general(
    "pinv", _pinv_eval, inputs="x rtol atol", jvp=(_pinv_jvp, None, None), vjp=(_pinv_vjp, None, None),
    holomorphic=False, aval=_pinv_aval, batch=batch_matrices(lambda: pinv_p, 2, 0, 0),
    grad_name="LinalgPinvBackward0",
    doc="The pseudo-inverse; singular values up to max(atol, rtol * the largest) count as zero.",
)  # fmt: skip
