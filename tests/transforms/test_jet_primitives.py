"""Taylor mode of every primitive against nested forward mode."""

import numpy as np
import pytest

import dualtape as dt
from dualtape.ops.taylor import TABLE
from dualtape.testing.check import differentiable_operands, direction
from dualtape.testing.samples import every_sample


def rows():
    """A few rows per primitive: small ones that are differentiable twice."""
    seen = {}
    for row in every_sample():
        values = row.make("float64")
        small = 0 < sum(v.size for v in values) <= 40
        if (
            row.second
            and row.primitive.kind != "constant"
            and small
            and differentiable_operands(row, values)
        ):
            seen.setdefault(row.primitive.name, []).append(row)
    return [row for found in seen.values() for row in found[:1]]


ROWS = rows()


def curves(row, values, order):
    """Coefficients of random curves through the operands."""
    rng = np.random.default_rng(5)
    moving = differentiable_operands(row, values)
    return [
        [0.3 * direction(row, rng, v) for _ in range(order)] if i in moving else None
        for i, v in enumerate(values)
    ]


def outputs(row, out):
    return [out[i] for i in row.primitive.differentiable] if row.primitive.outputs != 1 else [out]


def by_jet(row, values, terms):
    primals = tuple(v for v, t in zip(values, terms, strict=True) if t is not None)
    series = tuple(t for t in terms if t is not None)

    def f(*moving):
        given = iter(moving)
        operands = [v if t is None else next(given) for v, t in zip(values, terms, strict=True)]
        return outputs(row, row.primitive(*operands, **row.params))

    return dt.jet(f, primals, series, factorial_scaled=False)[1]


def by_jvps(row, values, terms, order):
    def f(t):
        operands = []
        for v, coefficients in zip(values, terms, strict=True):
            if coefficients is not None:
                power = t
                for c in coefficients:
                    v = v + power * c
                    power = power * t
            operands.append(v)
        return outputs(row, row.primitive(*operands, **row.params))

    found, g, factorial = [], f, 1
    for k in range(1, order + 1):

        def g(t, g=g):
            return dt.jvp(g, (t,), (1.0,))[1]

        factorial *= k
        found.append([np.asarray(d) / factorial for d in g(0.0)])
    return [list(column) for column in zip(*found, strict=True)]


def compare(row, dtype, order):
    values = row.make(dtype)
    terms = curves(row, values, order)
    with np.errstate(all="ignore"):
        got, want = by_jet(row, values, terms), by_jvps(row, values, terms, order)
    for g_series, w_series in zip(got, want, strict=True):
        for k, (g, w) in enumerate(zip(g_series, w_series, strict=True), 1):
            scale = max(1.0, float(np.max(np.abs(w), initial=0.0)))
            np.testing.assert_allclose(g, w, rtol=0, atol=scale * 1e-8, err_msg=f"order {k}")


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{r}" for i, r in enumerate(ROWS)])
def test_order_3(row):
    compare(row, "float64", 3)


ELEMENTARY = [r for r in ROWS if r.primitive in TABLE]


@pytest.mark.parametrize("row", ELEMENTARY, ids=str)
def test_order_6(row):
    compare(row, "float64", 6)


@pytest.mark.parametrize("row", [r for r in ELEMENTARY if r.complex], ids=str)
def test_complex(row):
    compare(row, "complex128", 3)
