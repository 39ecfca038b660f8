"""Convolutions and poolings as native code, against the primitives themselves."""

import time

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from dualtape.compiler.lowering import direct, lower
from dualtape.compiler.native.library import compile_ir
from dualtape.core.aval import Aval
from dualtape.ops import convolution as cv
from dualtape.ops import pooling as pl
from dualtape.ops import resampling as rs
from dualtape.ops.shape import permute, reshape, slice_p
from dualtape.ops.stencils import Adaptive, Sliding
from dualtape.ops.windows import window_count

from .lowering_graphs import held, hold, of_calls

GENERATOR = np.random.default_rng(3)
GRID = [
    # n, inner channels, space, rows, kernel, stride, padding, dilation, groups
    (2, 3, (9,), 4, (3,), (1,), ((1, 1),), (1,), 1),
    (2, 3, (40,), 5, (11,), (3,), ((2, 1),), (2,), 2),
    (1, 3, (60,), 5, (12,), (1,), ((2, 1),), (1,), 1),
    (2, 3, (14, 14), 9, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    (2, 2, (7, 7), 17, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    (3, 1, (28, 28), 8, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    (2, 4, (11, 13), 3, (3, 2), (2, 2), ((1, 0), (2, 1)), (1, 2), 3),
    (2, 1, (12, 37), 2, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 2),
    (1, 2, (6, 7, 9), 3, (2, 3, 2), (1, 2, 1), ((0, 1), (1, 1), (1, 0)), (1, 1, 2), 1),
    (4, 17, (8, 33), 12, (3, 3), (1, 1), ((2, 2), (3, 3)), (1, 1), 1),  # more padding than window
    (2, 2, (10, 10), 3, (3, 3), (1, 1), ((5, 1), (6, 2)), (1, 1), 1),
    (2, 2, (5, 5), 3, (5, 4), (1, 1), ((4, 4), (4, 4)), (1, 1), 1),
    (1, 2, (20, 20), 3, (3, 3), (3, 3), ((0, 0), (0, 0)), (1, 1), 1),
    (2, 3, (8, 18), 7, (2, 2), (1, 2), ((0, 0), (0, 0)), (2, 1), 1),
    (1, 1, (4, 3, 30), 1, (1, 3, 3), (2, 1, 1), ((0, 0), (1, 1), (1, 1)), (1, 1, 1), 1),
    (0, 2, (5, 5), 3, (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
]


def numbers(dtype, *shape):
    return GENERATOR.normal(size=shape).astype(dtype)


def three(case, dtype):
    """Calls of the three maps for one geometry."""
    n, inner, space, rows, kernel, stride, padding, dilation, groups = case
    counts = tuple(map(window_count, space, kernel, stride, padding, dilation))
    x = numbers(dtype, n, inner * groups, *space)
    w = numbers(dtype, rows * groups, inner, *kernel)
    y = numbers(dtype, n, rows * groups, *counts)
    own = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return [
        (cv.conv_p, (x, w), own),
        (cv.conv_weight_gradient_p, (x, y), {"kernel": kernel, **own}),
        (cv.conv_input_gradient_p, (y, w), {"size": space, **own}),
    ]


@pytest.mark.parametrize("used", [0, 9], ids=["tiles", "columns"])
@pytest.mark.parametrize("case", GRID, ids=str)
def test_convolutions(case, used, monkeypatch):
    monkeypatch.setattr(direct, "USED", used)
    for dtype in "fd":
        graph, arrays = of_calls(three(case, dtype))
        lowered = held(graph, arrays)
        if case[0]:
            assert lowered.callbacks == []


def test_the_rule_chooses_tiles_where_rows_fill_vectors():
    def kernels(wide):
        case = (2, 8, (8, wide), 8, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1)
        return " ".join(lower(of_calls(three(case, "f"))[0]).kernels)

    assert kernels(14).count("Direct") == 3
    assert kernels(8).count("Direct") == 0


def test_examples_in_chunks(monkeypatch):
    """The weights' gradient adds up blocks of examples."""
    monkeypatch.setattr(direct, "CACHED", 1 << 13)
    case = (6, 2, (14, 14), 5, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    held(*of_calls(three(case, "f")))


def test_operands_that_are_views():
    own = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}

    def f(x, w):
        x = slice_p(permute(x, (1, 0, 2, 3)), index=(..., slice(1, None), slice(2, None)))
        w = permute(w, (1, 0, 2, 3))
        y = cv.conv_p(x, w, **own)
        return [y, cv.conv_weight_gradient_p(x, y, kernel=(3, 3), **own),
                cv.conv_input_gradient_p(y, w, size=tuple(x.shape[2:]), **own)]  # fmt: skip

    hold(f, numbers("f", 3, 2, 9, 18), numbers("f", 3, 4, 3, 3))


def test_infinities_stay_in_their_windows():
    """Lanes that are not there must not be read: 0 times infinity is no number."""
    case = (1, 1, (3, 20), 2, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    calls = three(case, "f")
    for _, (x, _), _ in calls:
        x[0, 0, 1, 19] = np.inf
    held(*of_calls(calls))


def test_small_networks_compile_quickly():
    case = (32, 8, (14, 14), 16, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    texts = [lower(of_calls([c])[0]).ir() for c in three(case, "f")]
    compile_ir("define i32 @core(ptr %slots) {\n  ret i32 0\n}\n")
    for text in texts:
        best = 1.0
        for _ in range(3):
            start = time.process_time()
            compile_ir(text)
            best = min(best, time.process_time() - start)
        assert best < 0.05


TWO = Sliding(2, 2, 0, 0, 1, 3)
STENCILS = [
    ((2, 3, 6, 7), (TWO, TWO)),
    ((2, 3, 6, 44), (Sliding(3, 3, 0, 0, 1, 2), Sliding(4, 4, 0, 0, 1, 11))),
    ((2, 6, 5), (TWO, Sliding(3, 2, 1, 1, 1, 3))),
    ((2, 40), (Sliding(3, 1, 1, 1, 2, 38),)),
    ((3, 9), (Sliding(2, 2, 0, 1, 1, 5),)),  # the last window hangs over
    ((2, 9, 9), (Sliding(5, 3, 2, 2, 1, 3),) * 2),
    ((2, 4, 4, 4), (Sliding(2, 2, 0, 0, 1, 2),) * 3),
    ((1, 2, 70), (Sliding(2, 2, 0, 0, 1, 35),)),
    ((2, 6, 8), (Adaptive(3), Adaptive(2))),
    ((2, 5, 3), (Adaptive(3), Adaptive(4))),  # left to NumPy
    ((2, 10), (Sliding(2, 1, 1, 1, 3, 9),)),
    ((1, 32, 33), (Sliding(9, 2, 4, 4, 1, 16), Sliding(9, 3, 0, 0, 1, 9))),
    ((1, 2, 21), (Sliding(1, 1, 0, 0, 1, 1), Sliding(7, 7, 0, 0, 1, 3))),
    ((0, 6), (TWO,)),
    ((2, 3, 200), (Adaptive(2),)),
    ((2, 70, 3), (Adaptive(1), Adaptive(1))),
    ((2, 71), (Sliding(70, 70, 0, 0, 1, 1),)),
]


def pooled(x, stencils):
    """Calls of all poolings of x."""
    shape = pl.max_pool2d_p.aval(Aval(x.shape, x.dtype), stencils=stencils).shape
    y = numbers(x.dtype, *shape)
    d = numbers(x.dtype, *x.shape)
    own = {"stencils": stencils}
    space = x.shape[-len(stencils) :]
    calls = [
        (pl.max_pool2d_p, (x,), own),
        (pl.max_pool_indices_p, (x,), own),
        (pl.max_pool_pick_p, (d, x), own),
        (pl.max_pool_spread_p, (y, x), own),
    ]
    for divide in ("padding", "inside", 3.0, None):
        calls.append((rs.avg_pool2d_p, (x,), {**own, "divide": divide}))
        calls.append((rs.resample_transpose_p, (y,), {"space": space, **own, "divide": divide}))
    return calls


@pytest.mark.parametrize(("shape", "stencils"), STENCILS, ids=str)
@pytest.mark.parametrize("kind", ["any", "ties", "nan", "infinite"])
def test_poolings(shape, stencils, kind):
    for dtype in "fd":
        x = numbers(dtype, *shape)
        if kind == "ties":
            x = np.round(x)
        elif kind == "nan":
            x[GENERATOR.random(shape) < 0.3] = np.nan
        elif kind == "infinite":  # equal to what fills the padding
            x = np.full(shape, -np.inf, dtype)
        calls = pooled(x, stencils)
        if kind != "any":
            calls = calls[:4]
        held(*of_calls(calls))


def test_poolings_need_no_callback():
    for shape, stencils in (
        ((2, 3, 6, 7), (TWO, TWO)),
        ((2, 6, 5), (TWO, Sliding(3, 2, 1, 1, 1, 3))),
    ):
        calls = pooled(numbers("f", *shape), stencils)
        assert lower(of_calls(calls[:6])[0]).callbacks == []


def test_a_pooled_convolution_and_its_gradient():
    """Everything in one graph, as a training step has it."""
    own = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    stencils = (Sliding(2, 2, 0, 0, 1, 7),) * 2

    def f(x, w, b):
        h = cv.conv_p(x, w, **own) + reshape(b, (1, 5, 1, 1))
        ct = pl.max_pool_spread_p(pl.max_pool2d_p(h, stencils=stencils), h, stencils=stencils)
        return [cv.conv_weight_gradient_p(x, ct, kernel=(3, 3), **own),
                cv.conv_input_gradient_p(ct, w, size=(14, 14), **own)]  # fmt: skip

    arrays = numbers("f", 3, 2, 14, 14), numbers("f", 5, 2, 3, 3), numbers("f", 5)
    assert hold(f, *arrays).callbacks == []
