"""In-place writes and views: memory, versions and history, against the out-of-place computation."""

import numpy as np
import pytest

from dualtape.core import modes
from dualtape.core.backward import backward, gradients
from dualtape.core.errors import InplaceError
from dualtape.core.inplace import write
from dualtape.core.tensor import Tensor, alias
from dualtape.ops.arithmetic import add, mul, neg, reciprocal, square
from dualtape.ops.exponential import exp
from dualtape.ops.reduce import sum_p
from dualtape.ops.shape import permute, reshape, slice_p
from dualtape.ops.trigonometric import sin


def leaf(value):
    t = Tensor(np.asarray(value, float))
    t.require_grad()
    return t


def total(x):
    return sum_p(x, axes=tuple(range(len(x.shape))), keepdims=False)


def grad(out, *leaves, ct=None, **kwargs):
    return gradients(
        [(out.edge, np.ones(out.shape) if ct is None else ct)], [x.edge for x in leaves], **kwargs
    )


def times(k):
    return lambda x: mul(x, Tensor(np.float64(k)))


def test_writing_to_a_result_continues_its_history():
    x = leaf([1.0, 2.0])
    y = times(3)(x)
    memory = y.value
    assert write(y, square) is y
    assert y.value is memory
    np.testing.assert_array_equal(memory, [9, 36])
    np.testing.assert_array_equal(grad(y, x)[0], [18, 36])


def test_the_old_value_is_kept_for_the_operation_that_overwrites_it():
    x, w = leaf([1.0, 2.0]), leaf([5.0, 7.0])
    y = times(3)(x)
    write(y, lambda old: mul(old, w))
    gx, gw = grad(y, x, w)
    np.testing.assert_array_equal(gx, [15, 21])
    np.testing.assert_array_equal(gw, [3, 6])


def test_a_residual_overwritten_by_another_write_is_an_error():
    x = leaf([1.0, 2.0])
    y = times(3)(x)
    z = square(y)
    write(y, neg)
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        grad(z, x)
    np.testing.assert_array_equal(grad(y, x)[0], [-3, -3])


def test_an_output_kept_as_residual_is_guarded_too():
    x = leaf([1.0, 2.0])
    y = times(1)(x)
    write(y, reciprocal)
    assert np.allclose(grad(y, x, retain_graph=True)[0], [-1, -0.25])
    write(y, neg)
    with pytest.raises(InplaceError, match="output 0 of ReciprocalBackward0"):
        grad(y, x)


def test_a_scalar_is_guarded_though_its_value_is_replaced():
    x = Tensor(np.float64(3.0))
    x.require_grad()
    y = times(2)(x)
    z = square(y)
    write(y, neg)
    assert y.value == -6
    with pytest.raises(InplaceError):
        grad(z, x)


def test_a_leaf_that_wants_a_gradient_is_not_written_to():
    x = leaf([1.0])
    with pytest.raises(
        InplaceError,
        match="a leaf Variable that requires grad is being used in an in-place operation",
    ):
        write(x, neg)
    with pytest.raises(InplaceError, match="a view of a leaf Variable that requires grad"):
        write(slice_p(x, index=(0, ...)), neg)
    with modes.switched(on=modes.NO_GRAD):
        write(x, neg)
    assert x.value[0] == -1
    assert x.version.count == 1


def test_a_write_through_a_view_reaches_the_base_and_its_gradient():
    x, w = leaf([1.0, 2.0, 3.0]), leaf([10.0])
    base = times(1)(x)
    part = slice_p(base, index=(slice(1, 2),))
    write(part, lambda old: mul(old, w))
    np.testing.assert_array_equal(base.value, [1, 20, 3])
    assert base.edge.name() == "CopySlices"
    gx, gw = grad(total(square(base)), x, w, ct=np.ones(()))
    np.testing.assert_array_equal(gx, [2, 2 * 20 * 10, 6])
    np.testing.assert_array_equal(gw, [2 * 20 * 2])


def test_a_write_through_a_view_of_a_view():
    x = leaf(np.arange(12.0))
    base = times(1)(x)
    rows = reshape(base, (3, 4))
    column = slice_p(permute(rows, (1, 0)), index=(2,))
    write(column, square)
    want = np.arange(12.0)
    want[2::4] **= 2
    np.testing.assert_array_equal(base.value, want)
    (g,) = grad(total(rows), x, ct=np.ones(()))
    want = np.ones(12)
    want[2::4] = 2 * np.arange(12.0)[2::4]
    np.testing.assert_array_equal(g, want)


def test_a_view_taken_before_sees_a_write_to_its_base():
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    base = times(1)(x)
    view = slice_p(base, index=(1, ...))
    write(base, lambda old: mul(old, w))
    gx, gw = grad(Tensor(view.value, view.current_edge()), x, w)
    np.testing.assert_array_equal(gx, [0, 4])
    np.testing.assert_array_equal(gw, [0, 2])


def test_a_constant_written_with_something_differentiable_becomes_differentiable():
    w = leaf([3.0, 4.0])
    zeros = Tensor(np.zeros((2, 2)))
    write(slice_p(zeros, index=(0,)), lambda old: add(old, w))
    assert zeros.edge is not None
    np.testing.assert_array_equal(grad(total(square(zeros)), w, ct=np.ones(()))[0], [6, 8])


def test_second_derivative_through_a_written_view():
    x = leaf([1.0, 2.0, 3.0])
    base = square(x)
    write(
        slice_p(base, index=(slice(0, 2),)), lambda old: mul(old, slice_p(x, index=(slice(1, 3),)))
    )
    y = total(square(base))
    (g,) = gradients([(y.edge, Tensor(np.ones(())))], [x.edge], create_graph=True)
    (h,) = gradients([(g.edge, np.array([1.0, 0.0, 0.0]))], [x.edge])
    # y = x0^4 x1^2 + x1^4 x2^2 + x2^4; the first row of its Hessian
    np.testing.assert_allclose(h, [12 * 4, 8 * 2, 0])


def test_aliases_share_versions_and_data_does_not():
    x = leaf([1.0, 2.0])
    y = times(3)(x)
    shared, apart = alias(y), alias(y, track=False)
    z = square(y)
    write(apart, neg)
    np.testing.assert_array_equal(y.value, [-3, -6])
    grad(z, x, retain_graph=True)
    write(shared, neg)
    with pytest.raises(InplaceError):
        grad(z, x)


def test_a_view_taken_under_no_grad_is_not_written_to_with_grad():
    x = leaf([1.0, 2.0])
    base = times(1)(x)
    with modes.switched(on=modes.NO_GRAD):
        view = slice_p(base, index=(0, ...))
    with pytest.raises(InplaceError, match="A view was created in no_grad mode"):
        write(view, neg)


def test_gradients_survive_many_writes():
    x = leaf([0.5])
    y = times(1)(x)
    for _ in range(50):
        write(y, times(1.01))
    backward([(y.edge, np.ones(1))])
    np.testing.assert_allclose(x.leaf.grad.value, [1.01**50])


def test_a_composite_operation_in_place_keeps_the_old_value_for_its_first_step():
    # exp(sin(x)) in place: the residual of sin is the value that the write overwrites.
    x = leaf([0.5, 1.5])
    y = times(1)(x)
    write(y, lambda old: exp(sin(old)))
    want = np.exp(np.sin([0.5, 1.5])) * np.cos([0.5, 1.5])
    np.testing.assert_allclose(grad(y, x)[0], want)


def test_a_composite_operation_in_place_that_keeps_a_view_is_refused_rather_than_wrong():
    x = leaf([0.5, 1.5])
    y = times(1)(x)
    write(
        y, lambda old: reshape(sin(reshape(old, (2, 1))), (2,))
    )  # sin keeps a view of the old memory
    with pytest.raises(InplaceError, match="modified by an inplace operation"):
        grad(y, x)
