"""The exponential of matrices by scaling and squaring, always with the approximant of order 13: see `ops.exponentials`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import exponentials as ex
from ...ops.compare import logical_and
from ..emit import flow
from ..emit.lapack import Caller
from . import lapack
from .checks import finite
from .matrices import made_of, memory, returned, usable, wide
from .nodes import Ref
from .routine import Arguments, Lowering

if TYPE_CHECKING:
    from .build import Build

ORDER = 13
TERMS = [float(c) for c in ex._COEFFICIENTS[ORDER]]
TOP = dict(ex._BOUNDS[8])[ORDER]
ITEM = 8


def _norm(a: Arguments, x: flow.Array, n: flow.Value) -> flow.Value:
    """The largest sum of a column's sizes (of a row's of what is by columns)."""
    w = a.w
    zero = flow.Value(w, x.t, x.t.constant(0))

    def column(j: flow.Value, most: flow.Value) -> list[flow.Value]:
        (total,) = flow.each(w, n, lambda i, total: [total + abs(x[i * n + j])], zero)
        return [(total > most).where(total, most)]

    return flow.each(w, n, column, zero)[0]


def _matrix(a: Arguments, call: Caller, i: flow.Value) -> None:
    x, out = a.arrays[:2]
    _, n = a.sizes
    w = a.w
    size = n * n
    here = out.past(i * (size + 1))
    own = [memory(a, size * (ITEM * k), "double") for k in range(7)]
    scaled, two, four, six, mixed, odd, even = own
    pivots = memory(a, size * (ITEM * 7), f"i{8 * call.item}")

    def product(p: flow.Array, q: flow.Array, r: flow.Array) -> None:
        call.call("gemm", "N", "N", n, n, n, 1.0, p, n, q, n, 0.0, r, n, info=False)

    def combined(target: flow.Array, parts: list[tuple[float, flow.Array]], one: float = 0) -> None:
        """A sum of multiples, and of the unit matrix."""

        def element(k: flow.Value) -> None:
            total = None
            for c, m in parts:
                term = m[k] * c
                total = term if total is None else total + term
            assert total is not None
            target[k] = total

        def diagonal(k: flow.Value) -> None:
            target[k * n + k] = target[k * n + k] + one

        flow.each(w, size, element)
        if one:
            flow.each(w, n, diagonal)

    matrix = x.past(i * size)
    norm = _norm(a, matrix, n)
    zero = flow.whole(w, 0)
    one = flow.Value(w, x.t, x.t.constant(1))
    finite_norm = (norm < float("inf")).where(norm, one)
    squarings, _, factor = flow.during(
        w,
        [zero, finite_norm, one],
        lambda s, m, f: m > TOP,
        lambda s, m, f: [s + 1, m * 0.5, f * 0.5],
    )

    def scale(k: flow.Value) -> None:
        scaled[k] = matrix[k] * factor

    flow.each(w, size, scale)
    product(scaled, scaled, two)
    product(two, two, four)
    product(two, four, six)
    b = TERMS
    combined(mixed, [(b[13], six), (b[11], four), (b[9], two)])
    product(six, mixed, odd)
    combined(mixed, [(1.0, odd), (b[7], six), (b[5], four), (b[3], two)], b[1])
    product(scaled, mixed, odd)
    combined(mixed, [(b[12], six), (b[10], four), (b[8], two)])
    product(six, mixed, even)
    combined(mixed, [(1.0, even), (b[6], six), (b[4], four), (b[2], two)], b[0])
    combined(two, [(1.0, mixed), (-1.0, odd)])
    combined(here, [(1.0, mixed), (1.0, odd)])
    info = call.call("gesv", n, n, two, n, pivots, here, n)

    def square(_: flow.Value) -> None:
        product(here, here, mixed)
        combined(here, [(1.0, mixed)])

    flow.each(w, squarings, square)
    here[size] = info.cast("sitofp", "double")


def _lowered(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    if not usable(xs[0]):
        return None
    x = wide(b, xs[0])
    n = x.shape[-1]
    scratch = 7 * n * n * ITEM + n * lapack.integer()
    parts = made_of(
        b, "matrix_exp", _matrix, ("gemm", "gesv"), [x], x.shape[:-2], n * n + 1, (n,), scratch
    )
    if parts is None:
        return None
    made = parts.read(0, (n, n))
    good = b.call(logical_and, parts.well(b), finite(b, made))
    return returned(b, good, [made], outs, ex.matrix_exp_p, params, xs)


ROUTINES: dict[Primitive, Lowering] = {ex.matrix_exp_p: _lowered}
