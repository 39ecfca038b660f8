"""How graphs are arranged: what shares a loop nest, what is written in place, what is called, what is said."""

import dataclasses

import numpy as np
import pytest

import dualtape as dt
from dualtape.compiler.lowering import blas, lower
from dualtape.compiler.native import target
from dualtape.core.aval import Aval
from dualtape.core.errors import ArgumentError, BoundsError
from dualtape.ops import (
    cross_entropy,
    exponential,
    extrema,
    normalize,
    reduce,
    softmax,
    trigonometric,
)
from dualtape.ops.affine import linear
from dualtape.ops.conv import conv2d
from dualtape.ops.fft import irfft, rfft
from dualtape.ops.gather import gather
from dualtape.ops.index import index_p
from dualtape.ops.linalg import cholesky, det
from dualtape.ops.matmul import matmul
from dualtape.ops.piecewise import relu
from dualtape.ops.pointwise_loss import (
    binary_cross_entropy_p,
    binary_cross_entropy_with_logits,
)
from dualtape.ops.shape import concatenate, permute, reshape, slice_p
from dualtape.ops.sorting import sort

from .lowering_graphs import agree, graph_of, held, hold, updating

pytest.importorskip("llvmlite")


def normal(*shape, dtype=np.float32):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def avals(*arrays):
    return [Aval(x.shape, x.dtype) for x in arrays]


def value_and_grad(f, argnums=0):
    def both(*xs):
        value, grads = dt.value_and_grad(f, argnums)(*xs)
        return [value, *(grads if isinstance(grads, tuple) else (grads,))]

    return both


def wide(lowered):
    """The kernels that loop over more than a few hundred elements."""
    return [
        k
        for k in lowered.kernels
        if any(int(n) > 99 for n in k.split()[1].split("x") if n.isdigit())
    ]


# Fusion


def test_a_chain_and_its_sum_are_one_loop():
    lowered = hold(
        lambda x: [reduce.sum(trigonometric.sin(x) * x + exponential.exp(x))], normal(5000)
    )
    assert len(lowered.kernels) == 1
    assert lowered.slots.arena == 0


def test_value_and_gradient_are_one_loop():
    f = value_and_grad(lambda x: reduce.sum(trigonometric.sin(x) * exponential.exp(-(x * x))))
    assert len(hold(f, normal(5000)).kernels) == 1


def test_softmax_is_one_loop_over_rows():
    assert len(hold(lambda x: [softmax.softmax(x)], normal(6, 150)).kernels) == 1
    assert len(hold(lambda x: [softmax.log_softmax(x, 1)], normal(6, 150)).kernels) == 1


def test_cross_entropy_with_gradient_reads_the_logits_in_one_loop():
    target = np.arange(30) % 7
    target[3] = -100
    f = value_and_grad(lambda x, t: cross_entropy.cross_entropy(x, t))
    lowered = hold(f, normal(30, 120), target)
    assert len(wide(lowered)) == 1
    assert not lowered.callbacks


def test_layer_norm_with_all_gradients_is_one_loop():
    x, w, b, c = normal(20, 300), normal(300), normal(300), normal(20, 300)
    f = value_and_grad(
        lambda x, w, b, c: reduce.sum(normalize.layer_norm(x, (300,), w, b) * c), (0, 1, 2)
    )
    assert len(wide(hold(f, x, w, b, c, rtol=1e-4))) == 1


def test_a_logistic_regression_takes_turns_on_blocks_of_rows():
    x, y, w = normal(1111, 13), (normal(1111) > 0).astype(np.float32), normal(13)
    f = value_and_grad(lambda w, x, y: binary_cross_entropy_with_logits(matmul(x, w), y))
    lowered = hold(f, w, x, y)
    assert [len(g) for g in lowered.program.groups.values()] == [3]


def test_views_cost_no_kernel():
    x = normal(8, 30)
    lowered = hold(lambda x: [reshape(permute(x, (1, 0)) * 2, (5, 48)) + 1], x)
    assert len(lowered.kernels) == 1


def test_parts_are_computed_into_place():
    x, y = normal(20, 30), normal(20, 50)
    lowered = hold(lambda x, y: [concatenate([x * 2, trigonometric.sin(y)], 1)], x, y)
    assert lowered.slots.arena == 0


def test_a_small_step_has_no_loop_and_no_memory_of_its_own():
    def step(w, b, x, y):
        v, (dw, db) = dt.value_and_grad(lambda w, b: reduce.mean((x * w + b - y) ** 2), (0, 1))(
            w, b
        )
        return [v, w - dw * 0.01, b - db * 0.01]

    arrays = [normal(), normal(), normal(3), normal(3)]
    lowered = held(updating(graph_of(step, *avals(*arrays)), 1, (0, 1)), arrays)
    assert lowered.slots.arena == 0
    assert "phi" not in lowered.ir()


def test_a_long_chain_is_no_deep_recursion():
    def chain(x):
        for k in range(2000):
            x = x * 0.999 if k % 2 else trigonometric.sin(x)
        return [x]

    hold(chain, normal(40, dtype=np.float64))


# Sums


def test_long_sums_are_accurate_along_any_axis():
    x = np.random.default_rng(0).random((40_000, 10)).astype(np.float32)
    lowered = lower(graph_of(lambda x: [reduce.sum(x, 0), reduce.sum(x)], *avals(x)))
    columns, total = lowered.call([x])
    exact = x.astype(np.float64)
    assert np.abs(columns / exact.sum(0) - 1).max() < 2e-6
    assert abs(total / exact.sum() - 1) < 1e-6


def test_results_are_the_same_bit_for_bit():
    x = normal(301, 57)
    lowered = lower(
        graph_of(lambda x: [reduce.sum(x, 0), reduce.sum(x), softmax.softmax(x)], *avals(x))
    )
    first, again = lowered.call([x]), lowered.call([x.copy()])
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)


# Products


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 3, 2), (7, 70, 45), (64, 100, 90), (3, 784, 10)])
def test_products_by_tiles_and_by_blas(sizes, dtype):
    m, k, n = sizes
    x, y = normal(m, k, dtype=dtype), normal(k, n, dtype=dtype)
    for left in (False, True):
        for right in (False, True):

            def f(a, b, left=left, right=right):
                return [
                    matmul(permute(a, (1, 0)) if left else a, permute(b, (1, 0)) if right else b)
                ]

            a, b = x.T.copy() if left else x, y.T.copy() if right else y
            assert not hold(f, a, b, rtol=1e-4).callbacks


def test_stacks_of_products():
    hold(lambda x, y: [matmul(x, y)], normal(2, 3, 4, 5), normal(3, 5, 6))
    hold(lambda x, y: [matmul(x, y)], normal(3, 80, 90), normal(3, 90, 60), rtol=1e-4)
    hold(
        lambda x, y: [matmul(x, permute(y, (0, 2, 1)))],
        normal(3, 80, 90),
        normal(3, 60, 90),
        rtol=1e-4,
    )


def test_a_gradient_step_of_a_weight_is_one_product_added_in_place():
    def step(w, x, y):
        return [w - matmul(permute(x, (1, 0)), y) * 0.1]

    arrays = [normal(70, 50), normal(80, 70), normal(80, 50)]
    lowered = held(updating(graph_of(step, *avals(*arrays)), 0, (0,)), arrays, 1e-4)
    assert len(lowered.kernels) == 1
    assert lowered.kernels[0].split()[1:3] in (["-=", "panels"], ["-=", "blas"])
    both = dataclasses.replace(lowered.graph, outputs=(lowered.graph.calls[1].results[0],))
    kernels = held(both, arrays, 1e-4).kernels  # the product itself is wanted too
    assert len(kernels) > 1 or "with epilogue" in kernels[0]


def test_a_perceptron_step():
    def step(w1, b1, w2, b2, x, t):
        def loss(w1, b1, w2, b2):
            return cross_entropy.cross_entropy(linear(relu(linear(x, w1, b1)), w2, b2), t)

        v, grads = dt.value_and_grad(loss, (0, 1, 2, 3))(w1, b1, w2, b2)
        return [v, *[p - g * 0.1 for p, g in zip((w1, b1, w2, b2), grads, strict=True)]]

    arrays = [
        normal(60, 90),
        normal(60),
        normal(10, 60),
        normal(10),
        normal(40, 90),
        np.arange(40) % 10,
    ]
    graph = updating(graph_of(step, *avals(*arrays)), 1, (0, 1, 2, 3))
    lowered = held(graph, arrays, 2e-4)
    assert not lowered.callbacks


# Updates and outputs


@pytest.mark.parametrize("n", [3, 100, 5000])
def test_updates_are_written_after_every_read(n):
    x, y = normal(n), normal(n)[::-1].copy()

    def both(f, outputs, targets, *arrays):
        return held(updating(graph_of(f, *avals(*arrays)), outputs, targets), arrays)

    both(lambda x, y: [x + y, y, x], 1, (0, 1), x, y)
    both(lambda x: [x - reduce.mean(x), x * 2], 1, (0,), x)
    both(lambda x: [x / reduce.sum(x * x)], 0, (0,), x)
    both(lambda x: [reduce.sum(x), -x], 1, (0,), x)
    z = normal(7, n)
    both(lambda x: [x - extrema.amax(x, 1, True)], 0, (0,), z)
    both(lambda x: [permute(x, (1, 0)), x + 1], 1, (0,), z)


def test_outputs_are_arrays_of_their_own():
    x = normal(5)
    graph = graph_of(lambda x: [x, x, x * 2, x * 2, reshape(x, (5, 1))], *avals(x))
    outs = held(graph, [x]).call([x])
    for k, a in enumerate(outs):
        assert not any(np.shares_memory(a, b) for b in (x, *outs[:k]))


def test_constants_are_read_at_each_call():
    x, c = normal(4), normal(4)
    graph = graph_of(lambda x: [x * c], *avals(x))
    lowered = lower(graph)
    first = lowered.call([x])[0]
    next(iter(graph.constants.values()))[...] = 2
    assert not np.array_equal(lowered.call([x])[0], first)


# Calls of NumPy and errors


def test_what_has_no_lowering_is_called():
    x = normal(4, 4, dtype=np.float64)
    lowered = hold(lambda x: [det(x * 2) + 1, irfft(rfft(x))], x)
    assert sorted(lowered.callbacks) == ["fft_c2r", "fft_r2c"]


def test_an_error_in_a_callback_is_raised():
    lowered = lower(graph_of(lambda x: [cholesky(x)], Aval((2, 2), np.dtype(np.float64))))
    with pytest.raises(np.linalg.LinAlgError):
        lowered.call([-np.eye(2)])


@pytest.mark.parametrize("bad", [-4, 3])
def test_an_index_out_of_range_is_the_error_of_eager_mode(bad):
    x, i = normal(3, 2), np.array([0, bad, 1])
    lowered = lower(graph_of(lambda x, i: [index_p(x, i, axis=0, depth=1)], *avals(x, i)))
    assert not lowered.callbacks
    with pytest.raises(BoundsError):
        lowered.call([x, i])
    agree(lowered.call([x, i % 3])[0], x[i % 3])
    lowered = lower(graph_of(lambda x, i: [gather(x, 0, i)], *avals(x, i[:, None])))
    with pytest.raises(BoundsError):
        lowered.call([x, i[:, None]])


def test_a_class_out_of_range_is_the_error_of_eager_mode():
    x, t = normal(3, 4), np.array([0, 4, 1])
    lowered = lower(graph_of(lambda x, t: [cross_entropy.cross_entropy(x, t)], *avals(x, t)))
    with pytest.raises(BoundsError, match=r"Target 4 is out of bounds"):
        lowered.call([x, t])


# Keys


def test_keys_say_what_the_code_depends_on():
    def key(f, *arrays):
        return lower(graph_of(f, *avals(*arrays))).key

    x = normal(4)
    same = key(lambda x: [x * 2.0], x)
    assert key(lambda x: [x * 2.0], x) == same
    others = {
        key(lambda x: [x * 3.0], x),
        key(lambda x: [x + 2.0], x),
        key(lambda x: [x * 2.0], normal(5)),
        key(lambda x: [x * 2.0], x.astype(np.float64)),
        key(lambda x: [x * 2.0, x * 2.0], x),
    }
    assert len(others) == 5
    assert same not in others


def test_a_short_read_is_not_taken_for_a_longer_one():
    x = normal(18, dtype=np.float64)

    def f(x):
        y = sort(x)[0]  # in memory, and read in two lengths
        return [concatenate([slice_p(y, index=(slice(0, 6),)), slice_p(y, index=(slice(0, 12),))])]

    hold(f, x)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_with_both_gradients(stride, groups):
    x, w = normal(3, 4, 9, 11, dtype=np.float64), normal(6, 4 // groups, 3, 2, dtype=np.float64)
    f = value_and_grad(
        lambda x, w: reduce.sum(
            trigonometric.sin(conv2d(x, w, None, stride, (1, 0), 1, groups))
        ), (0, 1),
    )  # fmt: skip
    assert not hold(f, x, w).callbacks


def test_probabilities_out_of_range_are_the_error_of_eager_mode():
    x, y = np.array([0.2, 0.9, 1.0]), np.array([0.0, 1.0, 1.0])
    graph = graph_of(lambda x, y: [binary_cross_entropy_p(x, y, reduction="mean")], *avals(x, y))
    assert not held(graph, [x, y]).callbacks
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        lower(graph).call([x * 2, y])


def test_without_blas_and_without_fused_multiply_add(monkeypatch):
    monkeypatch.setattr(blas, "find", lambda: blas.Blas("", {}, 0))
    monkeypatch.setattr(target, "has_fma", lambda: False)
    x, y = normal(70, 80), normal(80, 60)
    lowered = hold(lambda x, y: [matmul(x, y), softmax.softmax(x)], x, y, rtol=1e-4)
    assert lowered.callbacks == ["mm"]
    hold(lambda x, y: [matmul(x, y)], normal(7, 9), normal(9, 5), rtol=1e-4)


def test_blas_by_way_of_scipys_pointers(monkeypatch):
    pytest.importorskip("scipy")
    found = blas._scipys()
    assert found is not None
    monkeypatch.setattr(blas, "find", lambda: found)
    x, y = normal(70, 80), normal(80, 60)
    assert not hold(lambda x, y: [matmul(x, y)], x, y, rtol=1e-4).callbacks
    transposed = lambda a, b: [matmul(permute(a, (1, 0)), permute(b, (1, 0)))]  # noqa: E731
    assert not hold(transposed, x.T.copy(), y.T.copy(), rtol=1e-4).callbacks


@pytest.mark.parametrize(
    "shape", [(1,), (2,), (7,), (8,), (9,), (64,), (3, 2), (5, 1), (1, 5), (9, 70)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sum_of_nothing_but_negative_zeros_is_positive(shape, dtype):
    x = np.full(shape, -0.0, dtype)
    for axis in (None, *range(len(shape))):
        for f in (np.sum, np.mean):
            found = dt.jit(lambda x, f=f, axis=axis: f(x, axis), strict=True)(x)
            np.testing.assert_array_equal(np.signbit(found), np.signbit(f(x, axis)))


def test_small_sums_of_powers_keep_their_digits():
    x, y = np.array([0.0, 0.0, 3.0]), np.array([-104.0, -1000.0, 2.5])
    found = dt.jit(lambda x, y: np.logaddexp2(x, y), strict=True)(x, y)
    np.testing.assert_allclose(found, np.logaddexp2(x, y), rtol=1e-15)
