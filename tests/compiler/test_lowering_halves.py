"""Half precision in native code: the conversions bit by bit, and every primitive as it is in eager mode."""

import numpy as np
import pytest

from dualtape.compiler.lowering import lower
from dualtape.ops.arithmetic import add, mul
from dualtape.ops.complex import cast_p
from dualtape.ops.exponential import exp
from dualtape.ops.reduce import sum_p
from dualtape.ops.select import nan_to_num_p
from dualtape.ops.softmax import softmax
from dualtape.testing.samples import every_sample

from .lowering_graphs import graph_of, of_calls

pytest.importorskip("llvmlite")


def dtype_of(name):
    if name == "float16":
        return np.dtype(np.float16)
    return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)


NAMES = ["float16", "bfloat16"]


@pytest.mark.parametrize("name", NAMES)
def test_every_half_and_every_rounding_is_numpys(name):
    dtype = dtype_of(name)
    every = np.arange(1 << 16, dtype=np.uint16).view(dtype)
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        single = every.astype(np.float32)
        ties = ((single[:-1].astype(np.float64) + single[1:]) / 2).astype(np.float32)
        some = rng.integers(0, 1 << 32, 50_000, dtype=np.uint32).view(np.float32)
        x = np.concatenate([single, np.nextafter(single, np.float32(9)), ties, some])
        other = every[::-1].copy()
        graph, arrays = of_calls([
            (cast_p, [every], {"dtype": np.dtype(np.float32)}), (cast_p, [x], {"dtype": dtype}),
            (add, [every, other], {}), (mul, [every, other], {}),
        ])  # fmt: skip
        lowered = lower(graph)
        assert not lowered.callbacks
        got = lowered.call(arrays)
        for g, w in zip(got, (single, x.astype(dtype), every + other, every * other), strict=True):
            assert g.dtype == w.dtype
            np.testing.assert_array_equal(g.astype(np.float32), w.astype(np.float32))
            np.testing.assert_array_equal(
                np.signbit(g.astype(np.float32))[w == 0], np.signbit(w.astype(np.float32))[w == 0]
            )


def sampled(dtype, step):
    """A call of every primitive in `step` that knows the dtype, with what it gives."""
    calls, wants, seen = [], [], set()
    for s in every_sample():
        p = s.primitive
        if p.name in seen:
            continue
        operands = [np.array(v) for v in s.make("float32")]
        if not any(x.dtype == np.float32 for x in operands):
            continue
        operands = [x.astype(dtype) if x.dtype == np.float32 else x for x in operands]
        params = {
            k: dtype if isinstance(v, np.dtype) and v == np.float32 else v
            for k, v in s.params.items()
        }
        with np.errstate(all="ignore"):
            try:
                out = p.eval(*[x.copy() for x in operands], **params)
                aval = p.aval(*operands, **params)
            except Exception:
                continue
        outs, avals = (out, aval) if p.outputs != 1 else ((out,), (aval,))
        if all(np.asarray(o).dtype == a.dtype for o, a in zip(outs, avals, strict=True)):
            seen.add(p.name)
            if len(seen) % step:
                continue
            calls.append((p, operands, params))
            wants += [(np.asarray(o), p.name) for o in outs]
    return calls, wants


@pytest.mark.parametrize(("name", "step"), [("float16", 2), ("bfloat16", 5)])
def test_primitives_are_what_they_are_in_eager_mode(name, step):
    dtype = dtype_of(name)
    calls, wants = sampled(dtype, step)
    assert len(calls) > 380 // step
    graph, arrays = of_calls(calls)
    lowered = lower(graph)
    assert len(set(lowered.callbacks)) < 16, lowered.callbacks
    with np.errstate(all="ignore"):
        got = lowered.call(arrays)
    tolerance = 2e-3 if name == "float16" else 1.6e-2
    for g, (w, what) in zip(got, wants, strict=True):
        assert (g.dtype, g.shape) == (w.dtype, w.shape), what
        if w.dtype.kind not in "fV":
            np.testing.assert_array_equal(g, w, what)
            continue
        wide = w.astype(np.float64)
        size = np.abs(wide[np.isfinite(wide)]).max(initial=1e-3)
        np.testing.assert_allclose(
            g.astype(np.float64), wide, tolerance, tolerance * size, err_msg=what
        )


def test_a_chain_is_rounded_after_each_operation_in_one_loop():
    x = np.random.default_rng(1).normal(size=(4, 100)).astype(np.float16)
    graph = graph_of(lambda x: [softmax(x, -1), sum_p(exp(x) * x, axes=(1,), keepdims=False)],
                     *of_calls([(exp, [x], {})])[0].avals[:1])  # fmt: skip
    lowered = lower(graph)
    assert not lowered.callbacks
    assert len(lowered.kernels) <= 3
    got = lowered.call([x])
    np.testing.assert_allclose(got[0], softmax(x, -1), 2e-3)
    np.testing.assert_allclose(got[1], (np.exp(x) * x).sum(1), 2e-3)


def test_the_largest_number_is_that_of_the_precision():
    x = np.array([np.inf, -np.inf, 1], np.float16)
    graph, arrays = of_calls([(nan_to_num_p, [x], {"nan": 0.0, "posinf": None, "neginf": None})])
    np.testing.assert_array_equal(lower(graph).call(arrays)[0], np.nan_to_num(x))
