"""Cholesky and QR factors, eigenvalues and singular values. Read `matrices` first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import compare as c
from ...ops import factorisation as fa
from ...ops import spectral as sp
from ...ops.diagonals import triu_p
from ..emit import flow
from ..emit.lapack import Caller
from . import lapack
from .checks import finite
from .matrices import (
    INT32,
    Matrix,
    Parts,
    copy,
    made_of,
    memory,
    on_diagonal,
    real,
    returned,
    rows_to_columns,
    usable,
    wide,
)
from .nodes import Ref
from .routine import Arguments, Lowering, rescued

if TYPE_CHECKING:
    from .build import Build


# Cholesky


def _cholesky(upper: bool) -> Matrix:
    def matrix(a: Arguments, call: Caller, i: flow.Value) -> None:
        x, out = a.arrays[:2]
        _, n = a.sizes
        w = a.w
        here = out.past(i * (n * n + 1))
        copy(a, x.past(i * n * n), here, n * n)
        # A triangle by rows is the other triangle by columns.
        info = call.call("potrf", "L" if upper else "U", n, here, n)

        def row(p: flow.Value) -> None:
            def clear(q: flow.Value) -> None:
                at = q * n + p if upper else p * n + q
                here[at] = flow.Value(w, here.t, here.t.constant(0))

            flow.each(w, n, clear, start=p + 1)

        flow.each(w, n, row)
        here[n * n] = real(a, info)

    return matrix


def _choleskied(b: Build, x: Ref, upper: bool) -> tuple[Ref, Ref] | None:
    """The factor, and whether there is one."""
    n = x.shape[-1]
    name = f"cholesky.{upper}"
    parts = made_of(b, name, _cholesky(upper), ("potrf",), [x], x.shape[:-2], n * n + 1, (n,))
    if parts is None:
        return None
    factor = parts.read(0, (n, n))
    # Not every LAPACK takes NaN for a failure.
    return factor, b.call(c.logical_and, finite(b, on_diagonal(b, factor)), parts.well(b))


def _lowered_cholesky(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    found = _choleskied(b, wide(b, xs[0]), params["upper"]) if usable(xs[0]) else None
    return found and returned(b, found[1], [found[0]], outs, fa.cholesky_p, params, xs)


def _cholesky_info(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    found = _choleskied(b, wide(b, xs[0]), params["upper"]) if usable(xs[0]) else None
    if found is None:
        return None
    none = b.nodes.literal(0, INT32).spread(outs[0].shape)
    return rescued(b, found[1], [none], fa.cholesky_info_p, params, xs)


# QR


def _qr(columns: bool) -> Matrix:
    """R and reflections, then Q (as many columns as the third size says) if `columns`."""

    def matrix(a: Arguments, call: Caller, i: flow.Value) -> None:
        x, out = a.arrays[:2]
        _, m, n, width, size, work = a.sizes
        k = (m < n).where(m, n)
        here = out.past(i * size)
        tau, q = here.past(m * n), here.past(m * n + k)
        own = memory(a, 0, x.t.element)
        rows_to_columns(a, x.past(i * m * n), here, m, n)
        info = call.call("geqrf", m, n, here, m, tau, own, work)
        if columns:
            copy(a, here, q, m * k)
            more = call.call("orgqr", m, width, k, q, m, tau, own, work)
            info = info | more
        here[size - 1] = real(a, info)

    return matrix


def _reflected(b: Build, x: Ref, width: int) -> Parts | None:
    *lead, m, n = x.shape
    k = min(m, n)
    letter = lapack.ELEMENTS.get(x.dtype.char, "")
    if not usable(x) or not all(lapack.address(letter + f) for f in ("geqrf", "orgqr")):
        return None
    (work,) = lapack.work(letter + "geqrf", (m, n, None, m, None, None, -1, 0), (5,))
    if width:
        more = lapack.work(letter + "orgqr", (m, width, k, None, m, None, None, -1, 0), (6,))
        work = max(work, *more)
    size = m * n + k + m * width + 1
    return made_of(
        b, f"qr.{bool(width)}", _qr(bool(width)), ("geqrf", "orgqr"), [x], tuple(lead), size,
        (m, n, width, size, work), work * x.dtype.itemsize,
    )  # fmt: skip


def _lowered_qr(p: Primitive, complete: bool) -> Lowering:
    def lower(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
        x = wide(b, xs[0])
        m, n = x.shape[-2:]
        k = min(m, n)
        width = m if complete else k
        found = _reflected(b, x, width) if width else None
        if found is None or (m < n and not complete):
            return None
        r = b.call(triu_p, found.read(0, (m, n), True), offset=0)
        r = Ref(r.node, (*r.shape[:-2], width, n), r.strides, r.offset) if width < m else r
        q = found.read(m * n + k, (m, width), True)
        return returned(b, found.well(b), [q, r], outs, p, params, xs)

    return lower


def _geqrf(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    m, n = xs[0].shape[-2:]
    found = _reflected(b, wide(b, xs[0]), 0)
    if found is None:
        return None
    made = [found.read(0, (m, n), True), found.read(m * n, (min(m, n),))]
    return [b.cast(v, xs[0].dtype) for v in made]


# Eigenvalues and singular values


def _eigen(vectors: bool, upper: bool) -> Matrix:
    """Eigenvectors by columns, then eigenvalues."""

    def matrix(a: Arguments, call: Caller, i: flow.Value) -> None:
        x, out = a.arrays[:2]
        _, n, work, many = a.sizes
        here = out.past(i * (n * n + n + 1))
        own = memory(a, 0, x.t.element)
        whole = memory(a, work * (x.t.bits // 8), f"i{8 * call.item}")
        rows_to_columns(a, x.past(i * n * n), here, n, n)
        info = call.call(
            "syevd", "V" if vectors else "N", "U" if upper else "L", n, here, n, here.past(n * n),
            own, work, whole, many,
        )  # fmt: skip
        here[n * n + n] = real(a, info)

    return matrix


def _eigh(vectors: bool, p: Primitive) -> Lowering:
    def lower(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
        x = wide(b, xs[0])
        n, upper = x.shape[-1], params["upper"]
        letter = lapack.ELEMENTS.get(x.dtype.char, "")
        if not usable(x) or not lapack.address(letter + "syevd"):
            return None
        job = "V" if vectors else "N"
        asked = (job, "U" if upper else "L", n, None, n, None, None, -1, None, -1, 0)
        work, many = lapack.work(letter + "syevd", asked, (6, -8))
        work += work % 2
        parts = made_of(
            b, f"eigen.{vectors}.{upper}", _eigen(vectors, upper), ("syevd",), [x], x.shape[:-2],
            n * n + n + 1, (n, work, many), work * x.dtype.itemsize + many * lapack.integer(),
        )  # fmt: skip
        if parts is None:
            return None
        made = [parts.read(n * n, (n,)), parts.read(0, (n, n), True)]
        made = made if vectors else made[:1]
        return returned(b, _well(b, parts, xs[0]), made, outs, p, params, xs)

    return lower


def _singular(job: str) -> Matrix:
    """U by columns, singular values, V^H by columns."""

    def matrix(a: Arguments, call: Caller, i: flow.Value) -> None:
        x, out = a.arrays[:2]
        _, m, n, k, columns, rows, size, work = a.sizes
        item = x.t.bits // 8
        here = out.past(i * size)
        values = here.past(m * columns)
        vh = values.past(k)
        copied = memory(a, 0, x.t.element)
        own = memory(a, m * n * item, x.t.element)
        whole = memory(a, (m * n + work) * item, f"i{8 * call.item}")
        rows_to_columns(a, x.past(i * m * n), copied, m, n)
        info = call.call(
            "gesdd", job, m, n, copied, m, values, here, m, vh, (rows > 0).where(rows, rows + 1),
            own, work, whole,
        )  # fmt: skip
        here[size - 1] = real(a, info)

    return matrix


def singular(b: Build, x: Ref, job: str) -> tuple[Parts, list[Ref]] | None:
    """U, singular values and V^H: of x's size ("A"), as many as there are values ("S"), or values alone ("N")."""
    *lead, m, n = x.shape
    k = min(m, n)
    letter = lapack.ELEMENTS.get(x.dtype.char, "")
    if not usable(x) or not lapack.address(letter + "gesdd"):
        return None
    columns, rows = {"A": (m, n), "S": (k, k), "N": (0, 0)}[job]
    asked = (job, m, n, None, m, None, None, m, None, max(rows, 1), None, -1, None, 0)
    (work,) = lapack.work(letter + "gesdd", asked, (10,))
    size = m * columns + k + rows * n + 1
    item = x.dtype.itemsize
    work += (m * n + work) % 2
    scratch = (m * n + work) * item + 8 * k * lapack.integer()
    parts = made_of(
        b, f"singular.{job}", _singular(job), ("gesdd",), [x], tuple(lead), size,
        (m, n, k, columns, rows, size, work), scratch,
    )  # fmt: skip
    if parts is None:
        return None
    made = [
        parts.read(0, (m, columns), True), parts.read(m * columns, (k,)),
        parts.read(m * columns + k, (rows, n), True),
    ]  # fmt: skip
    return parts, made if job != "N" else made[1:2]


def _svd(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    found = singular(b, wide(b, xs[0]), "A" if params["full"] else "S")
    return found and returned(b, _well(b, found[0], xs[0]), found[1], outs, sp.svd_p, params, xs)


def _well(b: Build, parts: Parts, x: Ref) -> Ref:
    """Whether LAPACK found the result: of infinite numbers not all of its versions say that they did not."""
    return b.call(c.logical_and, parts.well(b), finite(b, x))


def _svdvals(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    found = singular(b, wide(b, xs[0]), "N")
    return found and returned(
        b, _well(b, found[0], xs[0]), found[1], outs, sp.svdvals_p, params, xs
    )


def _phase_free(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    return [xs[0]] if xs[0].dtype.kind == "f" else None


ROUTINES: dict[Primitive, Lowering] = {
    fa.cholesky_p: _lowered_cholesky,
    fa.cholesky_info_p: _cholesky_info,
    fa.qr_p: _lowered_qr(fa.qr_p, False),
    fa.qr_complete_p: _lowered_qr(fa.qr_complete_p, True),
    fa.geqrf_p: _geqrf,
    sp.eigh_p: _eigh(True, sp.eigh_p),
    sp.eigvalsh_p: _eigh(False, sp.eigvalsh_p),
    sp.svd_p: _svd,
    sp.svdvals_p: _svdvals,
    sp.phase_free_p: _phase_free,
}
