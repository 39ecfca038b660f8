"""Every primitive on its samples, lowered or called back; which have no lowering; special numbers."""

from collections import defaultdict

import numpy as np
import pytest

from dualtape.compiler.lowering import lower, scalars
from dualtape.ops import arithmetic as ar
from dualtape.ops import compare as co
from dualtape.ops import complex as cx
from dualtape.ops import extrema as ex
from dualtape.ops import numbers as nu
from dualtape.ops import reduce as re
from dualtape.ops import select as se
from dualtape.testing.samples import every_sample

from .lowering_graphs import agree, of_calls

pytest.importorskip("llvmlite")


def families():
    found = defaultdict(list)
    for s in every_sample():
        found[s.primitive.eval.__module__.rpartition(".")[2]].append(s)
    return dict(found)


FAMILIES = families()


def samples_of(family, dtype):
    """The family's samples as calls, with what they give, those left out that do not know the dtype."""
    calls, wants = [], []
    for s in FAMILIES[family]:
        operands = [np.array(v) for v in s.make(dtype)]
        with np.errstate(all="ignore"):
            try:
                out = s.primitive.eval(*[v.copy() for v in operands], **s.params)
                aval = s.primitive.aval(*operands, **s.params)
            except Exception:
                continue
        outs = out if s.primitive.outputs != 1 else (out,)
        avals = aval if s.primitive.outputs != 1 else (aval,)
        if all(np.asarray(o).dtype == a.dtype for o, a in zip(outs, avals, strict=True)):
            calls.append((s.primitive, operands, s.params))
            wants += [(np.asarray(o), str(s)) for o in outs]
    return calls, wants


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_primitive_lowered_is_the_primitive(family, dtype):
    calls, wants = samples_of(family, dtype)
    graph, arrays = of_calls(calls)
    with np.errstate(all="ignore"):
        got = lower(graph).call(arrays)
    for x, (want, what) in zip(got, wants, strict=True):
        agree(x, want, None, what)


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, 1e-42, 1.0, -1.0, 0.5, -2.5, 3.0, 1e30, -7e4]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_elementwise_lowerings_know_special_numbers(dtype):
    x, y = (v.ravel() for v in np.meshgrid(*[np.array(SPECIAL, dtype)] * 2))
    calls, wants = [], []
    for s in {s.primitive: s for s in every_sample()}.values():
        p = s.primitive
        if p.name in ("lgamma", "polynomial"):  # SciPy's is infinite at 1e-310; of degree 1e30
            continue
        if p not in scalars.SCALARS or p.variadic or not 1 <= len(p.inputs) <= 3:
            continue
        made = s.make(dtype)
        if any(v.dtype.kind not in "fb" for v in made):
            continue
        fill = iter((x, y, x[::-1].copy()))
        operands = [(y > 0) if v.dtype.kind == "b" else next(fill) for v in made]
        with np.errstate(all="ignore"):
            try:
                out = np.asarray(p.eval(*operands, **s.params))
            except ValueError:  # refused for its numbers
                continue
        calls.append((p, operands, s.params))
        wants.append((out, p.name))
    assert len(calls) > 120
    graph, arrays = of_calls(calls)
    got = lower(graph).call(arrays)
    wrong = []
    for g, (want, name) in zip(got, wants, strict=True):
        try:
            agree_each(g, want)
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    assert not wrong, "\n".join(wrong)


def agree_each(got, want):
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want)
        return
    rtol = 1e-5 if want.dtype.itemsize == 4 else 1e-11
    tiny = np.finfo(want.dtype).tiny
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(got, want, rtol, tiny)


INTEGERS = ["bool", "int8", "uint8", "int32", "uint32", "int64", "uint64"]


def integers(dtype, low=None):
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([True, False, True, True, False, True, False])
    info = np.iinfo(dtype)
    known = [info.min, info.max, 0, 1, 2, 100, info.max // 3]
    x = np.array(known, dtype)
    return x if low is None else np.maximum(x, dtype.type(low))


@pytest.mark.parametrize("second", ["uint8", "int16", "int64"])
@pytest.mark.parametrize("first", INTEGERS)
def test_integers_of_all_sizes(first, second):
    x, y = (v.ravel() for v in np.meshgrid(integers(first), integers(second)))
    calls, wants = [], []

    def call(p, *operands, **params):
        with np.errstate(all="ignore"):
            try:
                out = p.eval(*operands, **params)
                aval = p.aval(*operands, **params)
            except Exception:
                return
        if aval.dtype == np.asarray(out).dtype:
            calls.append((p, operands, params))
            wants.append((np.asarray(out), f"{p.name} {first} {second} {params}"))

    for p in (ar.add, ar.sub, ar.mul, ar.div, co.eq, co.ne, co.lt, co.le, co.gt, co.ge, co.logical_and, co.logical_xor,
              co.bitwise_and, co.bitwise_or, co.bitwise_xor, se.maximum, se.minimum):  # fmt: skip
        call(p, x, y)
    some = y != 0
    for p in (ar.floor_divide, ar.truncated_quotient, ar.remainder, ar.fmod):
        call(p, x[some], y[some])
    near = (y >= 0) & (y < 8)
    for p in (co.left_shift, co.right_shift):
        call(p, x[near], y[near])
    call(se.where, x > 0, x, x)
    call(se.keep, y != 0, x)
    for p in (
        ar.neg,
        ar.square,
        nu.abs_,
        nu.sgn,
        nu.signum,
        co.bitwise_not,
        co.logical_not,
        co.signbit,
    ):
        call(p, x)
    call(cx.cast_constant, x, dtype=np.dtype(second))
    call(cx.cast_p, x, dtype=np.dtype(np.float32))
    call(cx.cast_constant, np.array([-3.7, 0.0, 2.5, 100.9]), dtype=np.dtype(first))
    square = x.reshape(7, 7)
    for p in (re.sum_p, ex.amax_p, ex.amin_p, re.all_p, re.any_p, re.count_nonzero_p):
        for axes in ((0,), (1,), (0, 1)):
            call(p, square, axes=axes, keepdims=False)
    graph, arrays = of_calls(calls)
    for got, (want, what) in zip(lower(graph).call(arrays), wants, strict=True):
        agree(got, want, 1e-6, what)
