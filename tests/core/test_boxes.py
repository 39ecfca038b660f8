"""The seam: batched, traced and dual values under the same tensors, through recorded backward passes."""

import numpy as np
import pytest

from dualtape.core import modes
from dualtape.core.aval import Aval
from dualtape.core.backward import gradients
from dualtape.core.batching import Batched, Batching
from dualtape.core.errors import TransformError
from dualtape.core.forward import Dual, ForwardMode
from dualtape.core.tensor import Tensor
from dualtape.core.tracing import trace
from dualtape.ops.arithmetic import add, div, mul, neg, power, reciprocal, square, sub
from dualtape.ops.reduce import sum_p
from dualtape.ops.shape import concatenate, move_axis, permute, reshape, slice_p


def total(x):
    return sum_p(x, axes=tuple(range(len(x.shape))), keepdims=False)


def dozen(x, w):
    """A scalar made by a dozen primitives."""
    y = mul(add(x, w), sub(x, w))
    y = div(y, add(square(w), 1.5 * w * w))
    y = concatenate([neg(y), reciprocal(add(square(y), square(w)))], axis=0)
    y = permute(reshape(y, (2, *x.shape)), (1, 0))
    y = slice_p(y, index=(slice(1, None),))
    return total(mul(power(y, exponent=3), 2.0 * y))


def gradient(f, x, *rest, create_graph=False):
    """The gradient of f by its first argument, on whatever values x and rest are."""
    leaf = Tensor(x)
    leaf.require_grad()
    out = f(leaf, *rest)
    one = np.ones(())
    (g,) = gradients(
        [(out.edge, Tensor(one) if create_graph else one)], [leaf.edge], create_graph=create_graph
    )
    return g


X = np.array([[0.3, 1.2, -0.7], [0.9, -0.4, 0.5], [1.1, 0.2, 0.8], [-1.3, 0.6, 0.4]])
W = np.array([0.7, 1.9, 1.1])


def vmapped(f, xs, axis=0):
    with modes.deeper() as level:
        batching = Batching(level, xs.shape[axis])
        out = f(Batched(batching, xs, axis))
        batching.open = False
    assert isinstance(out, Batched)
    return move_axis(out.content, out.axis, 0)


def test_vmap_of_a_recorded_gradient_is_the_loop():
    want = np.stack([gradient(dozen, x, Tensor(W)) for x in X])
    got = vmapped(lambda x: gradient(dozen, x, Tensor(W)), X)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    got = vmapped(lambda x: gradient(dozen, x, Tensor(W)), X.T.copy(), axis=1)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_gradient_through_vmap_reaches_closed_over_weights():
    w = Tensor(W)
    w.require_grad()

    def loss(xs):
        with modes.deeper() as level:
            batching = Batching(level, 4)
            out = dozen(Tensor(Batched(batching, xs, 0)), w)
            batching.open = False
        return total(out.value.content)

    out = loss(X)
    (got,) = gradients([(out.edge, np.ones(()))], [w.edge])
    want = sum(gradient(lambda w, x: dozen(x, w), W, Tensor(x)) for x in X)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_second_order_through_vmap():
    def curvature(x):
        leaf = Tensor(x)
        leaf.require_grad()
        g = gradient_of(leaf)
        (h,) = gradients([(total(g).edge, np.ones(()))], [leaf.edge])
        return h

    def gradient_of(leaf):
        out = dozen(leaf, Tensor(W))
        (g,) = gradients([(out.edge, Tensor(np.ones(())))], [leaf.edge], create_graph=True)
        return g

    np.testing.assert_allclose(
        vmapped(curvature, X), np.stack([curvature(x) for x in X]), rtol=1e-11
    )


def test_a_traced_gradient_is_a_program():
    program = trace(
        lambda x, w: [gradient(dozen, x, Tensor(w))],
        Aval((3,), np.dtype(float)),
        Aval((3,), np.dtype(float)),
    )
    (got,) = program(X[0], W)
    np.testing.assert_allclose(got, gradient(dozen, X[0], Tensor(W)), rtol=1e-12)
    assert len(program.instructions) > 12


def test_a_trace_records_weights_it_closes_over_without_freezing_them():
    w = Tensor(W.copy())
    program = trace(lambda x: [total(mul(x, square(w))).value], Aval((3,), np.dtype(float)))
    assert any(i.primitive is square for i in program.instructions), (
        "w*w was frozen into a constant"
    )


def test_forward_over_reverse_equals_reverse_over_reverse():
    direction = np.array([0.2, -1.0, 0.5])
    with modes.deeper() as level:
        mode = ForwardMode(level)
        dot = gradient(dozen, Dual(mode, X[0], direction), Tensor(W)).tangent
        mode.open = False
    leaf = Tensor(X[0])
    leaf.require_grad()
    out = dozen(leaf, Tensor(W))
    (g,) = gradients([(out.edge, Tensor(np.ones(())))], [leaf.edge], create_graph=True)
    (hvp,) = gradients([(g.edge, direction)], [leaf.edge])
    np.testing.assert_allclose(dot, hvp, rtol=1e-11)


def test_reverse_over_forward():
    direction = np.array([0.2, -1.0, 0.5])
    leaf = Tensor(X[0])
    leaf.require_grad()
    with modes.deeper() as level:
        mode = ForwardMode(level)
        out = dozen(Tensor(Dual(mode, leaf, direction)), Tensor(W))
        tangent = out.value.tangent
        mode.open = False
    (got,) = gradients([(tangent.edge, np.ones(()))], [leaf.edge])
    leaf2 = Tensor(X[0])
    leaf2.require_grad()
    out = dozen(leaf2, Tensor(W))
    (g,) = gradients([(out.edge, Tensor(np.ones(())))], [leaf2.edge], create_graph=True)
    (hvp,) = gradients([(g.edge, direction)], [leaf2.edge])
    np.testing.assert_allclose(got, hvp, rtol=1e-11)


def test_perturbations_are_not_confused():
    # d/dx [x * d/dy (x + y)] = 1 for every x: an inner derivative must not see the outer tangent.
    with modes.deeper() as outer_level:
        outer = ForwardMode(outer_level)
        x = Dual(outer, np.float64(3.0), np.float64(1.0))
        with modes.deeper() as inner_level:
            inner = ForwardMode(inner_level)
            y = Dual(inner, np.float64(2.0), np.float64(1.0))
            z = add(x, y)
            dy = z.tangent
            inner.open = False
        out = mul(x, dy)
        outer.open = False
    assert out.tangent == 1.0


def test_a_value_that_outlives_its_transformation_says_so():
    with modes.deeper() as level:
        batching = Batching(level, 4)
        escaped = Batched(batching, X, 0)
        batching.open = False
    with pytest.raises(TransformError, match="after the vmap had ended"), modes.deeper():
        add(escaped, escaped)
