"""The recording and the backward pass: size, memory, accumulation, pruning, errors."""

import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

from dualtape.core import modes
from dualtape.core.backward import backward, gradients
from dualtape.core.errors import GraphError, InplaceError, RuleError
from dualtape.core.inplace import write
from dualtape.core.kinds import general
from dualtape.core.tensor import Tensor
from dualtape.ops.arithmetic import add, mul, neg, power, square
from dualtape.ops.reduce import sum_p


def leaf(value):
    t = Tensor(np.asarray(value, float))
    t.require_grad()
    return t


def total(x):
    return sum_p(x, axes=tuple(range(len(x.shape))), keepdims=False)


def test_a_chain_of_a_million_operations_runs_and_is_freed():
    x = Tensor(np.float64(1.0))
    x.require_grad()
    c = Tensor(np.float64(1.0))
    y = x
    for _ in range(1_000_000):
        y = mul(y, c)
    first = weakref.ref(y)
    backward([(y.edge, np.float64(1.0))])
    assert x.leaf.grad.value == 1.0
    del y
    assert first() is None


def test_memory_returns_without_the_garbage_collector():
    def second_order():
        x = leaf(np.ones(20_000))
        y = total(power(x * x + 1.0, exponent=1.5))
        (g,) = gradients([(y.edge, Tensor(np.ones(())))], [x.edge], create_graph=True)
        (h,) = gradients([(total(g * g).edge, np.ones(()))], [x.edge])
        return h

    gc.collect()
    gc.disable()
    try:
        second_order()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(5):
            second_order()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < 20_000


def test_residuals_are_freed_as_the_pass_goes():
    x = leaf(np.ones(3))
    y = square(x)
    z = neg(y)
    backward([(z.edge, np.ones(3))])
    with pytest.raises(
        GraphError, match="Trying to backward through the graph a second time"
    ) as error:
        backward([(z.edge, np.ones(3))])
    assert error.value.args[0].count("test_backward.py") == 2


def test_a_graph_without_residuals_may_run_twice():
    x = leaf(np.ones(3))
    y = add(x, x)
    backward([(y.edge, np.ones(3))])
    backward([(y.edge, np.ones(3))])
    np.testing.assert_array_equal(x.leaf.grad.value, [4, 4, 4])


def test_gradients_of_two_leaves_do_not_share_memory():
    x, y = leaf(np.ones(3)), leaf(np.ones(3))
    z = add(x, y)
    backward([(z.edge, np.ones(3))])
    x.leaf.grad.value[0] = 9
    np.testing.assert_array_equal(y.leaf.grad.value, [1, 1, 1])


def test_the_given_cotangent_is_not_the_gradient():
    x = leaf(np.ones(3))
    ct = np.ones(3)
    backward([(neg(neg(add(x, x))).edge, ct)])
    backward([(add(x, x).edge, ct)])
    np.testing.assert_array_equal(ct, [1, 1, 1])


def test_accumulation_is_in_place():
    x = leaf(np.ones(3))
    backward([(square(x).edge, np.ones(3))])
    grad, memory = x.leaf.grad, x.leaf.grad.value
    backward([(square(x).edge, np.ones(3))])
    assert x.leaf.grad is grad
    assert grad.value is memory
    np.testing.assert_array_equal(memory, [4, 4, 4])


def test_cotangents_that_others_hold_are_not_added_to():
    n = 1 << 13  # large enough to be added up in place
    x, y = leaf(np.ones(n)), leaf(np.ones(n))
    ct = np.ones(n)
    backward([(add(add(x, y), mul(x, x)).edge, ct)])
    np.testing.assert_array_equal(ct, 1)
    np.testing.assert_array_equal(y.leaf.grad.value, 1)  # it was the same array as a part of x's
    np.testing.assert_array_equal(x.leaf.grad.value, 3)

    held = []
    made = general(
        "held", lambda x: x * 2, vjp=lambda ct: (held.append(ct * 2), held[-1])[1], jvp=lambda d: d * 2,
        aval=lambda x: x,
    )  # fmt: skip
    z = leaf(np.ones(n))
    backward([(add(made(z), made(z)).edge, np.ones(n))])
    for g in held:
        np.testing.assert_array_equal(g, 2)
    np.testing.assert_array_equal(z.leaf.grad.value, 4)


def test_only_the_path_to_the_wanted_inputs_is_visited():
    x, w = leaf(np.ones(3)), leaf(np.full(3, 2.0))

    def explode(ct, x):
        raise AssertionError("visited")

    bad = general("bad", lambda x: x.copy(), aval=lambda x: x, jvp=explode, vjp=explode)
    y = add(square(w), bad(x))
    (g,) = gradients([(y.edge, np.ones(3))], [w.edge])
    np.testing.assert_array_equal(g, [4, 4, 4])


def test_an_unused_input_has_no_gradient():
    x, w = leaf(np.ones(3)), leaf(np.ones(3))
    assert gradients([(square(x).edge, np.ones(3))], [x.edge, w.edge])[1] is None


def test_a_wrong_rule_is_blamed_by_name():
    wrong = general(
        "wrong_shape",
        lambda x: x.copy(),
        aval=lambda x: x,
        jvp=lambda d: d,
        vjp=lambda ct: np.ones((2, 5)),
    )
    with pytest.raises(
        RuleError,
        match=r"wrong_shape.*\n.*returned float64\[2,5\] for operand 0, expected float64\[3\]",
    ):
        backward([(wrong(leaf(np.ones(3))).edge, np.ones(3))])


def test_an_error_in_a_rule_carries_the_forward_line():
    def fail(ct):
        raise KeyError("inside")

    failing = general("failing", lambda x: x.copy(), aval=lambda x: x, jvp=lambda d: d, vjp=fail)
    with pytest.raises(KeyError) as error:
        backward([(failing(leaf(np.ones(3))).edge, np.ones(3))])
    assert "test_backward.py" in error.value.__notes__[0]


def test_an_overwritten_residual_names_both_lines():
    x = leaf(np.ones(3))
    y = mul(x, Tensor(np.full(3, 2.0)))
    z = square(y)
    write(y, neg)
    with pytest.raises(InplaceError, match="modified by an inplace operation") as error:
        backward([(total(z).edge, np.ones(()))])
    text = str(error.value)
    assert "z = square(y)" in text
    assert "write(y, neg)" in text
    assert "is at version 1; expected version 0" in text


def test_a_dead_leaf_does_not_stop_the_pass():
    def make():
        return square(leaf(np.ones(3)))

    backward([(make().edge, np.ones(3))])


def test_eight_threads_give_the_serial_gradients():
    def work(seed):
        x = leaf(np.random.default_rng(seed).standard_normal(50))
        y = total(power(x * x + 1.0, exponent=1.5))
        (g,) = gradients([(y.edge, np.ones(()))], [x.edge])
        return g

    want = [work(i) for i in range(8)]
    got = [None] * 8

    def run(i):
        for _ in range(20):
            got[i] = work(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for g, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(g, w)


def test_a_mode_set_in_a_block_that_raises_is_restored():
    with pytest.raises(ZeroDivisionError), modes.switched(on=modes.NO_GRAD):
        1 / 0  # noqa: B018
    assert modes.is_recording()
    with pytest.raises(ZeroDivisionError), modes.deeper():
        1 / 0  # noqa: B018
    assert modes.depth() == 0
    assert modes.is_recording()
