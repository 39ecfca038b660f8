"""`tf.GradientTape`: what is recorded, and which derivatives come out."""

import gc
import weakref

import numpy as np
import pytest


def test_first_derivative_of_a_variable(tf, close):
    w = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = w * w
    close(tape.gradient(y, w), 6.0)


def test_gradient_has_the_structure_of_the_sources(tf, close):
    a, b = tf.Variable(2.0), tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = a * tf.reduce_sum(b)
    grads = tape.gradient(y, {"one": a, "two": [b, a]})
    assert set(grads) == {"one", "two"}
    close(grads["one"], 3.0)
    close(grads["two"][0], [2.0, 2.0])
    assert isinstance(tape.gradient(y, [a]), list)
    assert isinstance(tape.gradient(y, (a, b)), (tuple, list))


def test_constants_are_not_watched(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x) is None


def test_watch(tf, close):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    close(tape.gradient(y, x), 6.0)


def test_watching_late_sees_the_rest_only(tf, close):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        before = x * x
        tape.watch(x)
        after = before * x
    assert tape.gradient(before, x) is None
    close(tape.gradient(after, x), 9.0)


def test_watching_an_intermediate_of_an_outer_tape(tf, close):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        y = x * x
        with tf.GradientTape(persistent=True) as inner:
            inner.watch(y)
            z = y * x
    close(outer.gradient(z, x), 27.0)
    close(inner.gradient(z, y), 3.0)
    assert inner.gradient(z, x) is None


def test_gradient_of_an_intermediate(tf, close):
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        z = y * y
    close(tape.gradient(z, y), 18.0)
    close(tape.gradient(z, x), 108.0)


def test_watch_accessed_variables_off(tf, close):
    a, b = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(a)
        y = a * b
    da, db = tape.gradient(y, [a, b])
    close(da, 3.0)
    assert db is None
    assert [v is a for v in tape.watched_variables()] == [True]


def test_untrainable_variables_are_not_watched(tf):
    v = tf.Variable(2.0, trainable=False)
    with tf.GradientTape() as tape:
        y = v * v
    assert tape.gradient(y, v) is None
    assert tape.watched_variables() == ()


def test_watched_variables_are_those_that_were_used(tf):
    a, b = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        _ = b * 2.0
    assert [v is b for v in tape.watched_variables()] == [True]
    assert a is not b


def test_several_targets_add_up(tf, close):
    x = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y, z = x * x, 3.0 * x
    close(tape.gradient([y, z], x), 7.0)
    close(tape.gradient({"a": y, "b": z}, x), 7.0)


def test_a_target_of_many_elements_is_summed(tf, close):
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = x * x
    close(tape.gradient(y, x), [2.0, 4.0])


def test_output_gradients(tf, close):
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        z = tf.reduce_sum(x)
    close(tape.gradient(y, x, output_gradients=tf.constant([1.0, 10.0])), [2.0, 40.0])
    close(tape.gradient([y, z], x, output_gradients=[tf.constant([1.0, 0.0]), 2.0]), [4.0, 2.0])


def test_a_source_that_is_the_target(tf, close):
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = x * 1.0
        z = y * y
    close(tape.gradient(y, y), [1.0, 1.0])
    close(tape.gradient([z, y], y), [3.0, 5.0])


def test_unconnected(tf, close):
    x, other = tf.Variable([1.0, 2.0]), tf.Variable([[5.0]])
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    assert tape.gradient(y, other) is None
    zero = tf.UnconnectedGradients.ZERO
    close(tape.gradient(y, other, unconnected_gradients=zero), [[0.0]])
    close(tape.gradient(y, other, unconnected_gradients="zero"), [[0.0]])


def test_second_derivative_by_nesting(tf, close):
    x = tf.Variable(2.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x**3
        first = inner.gradient(y, x)
    close(first, 12.0)
    close(outer.gradient(first, x), 12.0)


def test_fourth_derivative(tf, close):
    x = tf.Variable(2.0)

    def derivative(n):
        if n == 0:
            return x**5
        with tf.GradientTape() as tape:
            y = derivative(n - 1)
        return tape.gradient(y, x)

    close(derivative(4), 240.0)


def test_the_gradient_taken_outside_the_outer_tape_is_not_recorded(tf):
    x = tf.Variable(2.0)
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        y = x**3
    first = inner.gradient(y, x)
    assert outer.gradient(first, x) is None


def test_a_persistent_tape_differentiates_itself(tf, close):
    x = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x**3
        first = tape.gradient(y, x)
        second = tape.gradient(first, x)
    close(first, 12.0)
    close(second, 12.0)
    close(tape.gradient(second, x), 6.0)


def test_two_tapes_side_by_side(tf, close):
    x = tf.Variable(2.0)
    with tf.GradientTape() as one, tf.GradientTape() as two:
        y = x**3
    close(one.gradient(y, x), 12.0)
    close(two.gradient(y, x), 12.0)


def test_stop_recording(tf, close):
    x = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        with tape.stop_recording():
            z = y * 3.0
        u = z * x
    assert tape.gradient(z, x) is None
    close(tape.gradient(u, x), 12.0)
    close(tape.gradient(y, x), 4.0)


def test_reset_forgets(tf, close):
    x = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        tape.reset()
        z = x * y
    assert tape.gradient(y, x) is None
    close(tape.gradient(z, x), 4.0)


def test_entering_again_goes_on(tf, close):
    x = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    outside = y * 5.0
    with tape:
        z, cut = y * x, outside * x
    close(tape.gradient(z, x), 12.0)
    close(tape.gradient(cut, x), 20.0)


def test_nothing_is_recorded_after_the_tape(tf):
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x
    z = y * 3.0
    assert tape.gradient(z, x) is None


def test_control_flow_is_recorded_as_it_ran(tf, close):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x
        for _ in range(3):
            y = y * x if y < 10.0 else y + x
    close(tape.gradient(y, x), 28.0)


def test_an_operand_used_twice(tf, close):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x + x * x
    close(tape.gradient(y, x), 12.0)


def test_broadcasting_is_summed_back(tf, close):
    a, b = tf.Variable([[1.0], [2.0]]), tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = a * b
    da, db = tape.gradient(y, [a, b])
    close(da, [[6.0], [6.0]])
    close(db, [3.0, 3.0, 3.0])


def test_stop_gradient(tf, close):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * tf.stop_gradient(x)
    close(tape.gradient(y, x), 3.0)


def test_gradients_flow_through_lists_of_tensors(tf, close):
    x, y = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        z = tf.convert_to_tensor([[x, y], [y * y, 4.0]])
        loss = tf.reduce_sum(z * z)
    dx, dy = tape.gradient(loss, [x, y])
    close(dx, 2.0)
    close(dy, 36.0)


def test_complex(tf, close):
    z = tf.Variable(tf.complex(1.0, 2.0))
    with tf.GradientTape(persistent=True) as tape:
        size = tf.abs(z) ** 2
        square = z * z
    close(tape.gradient(size, z), 2 + 4j)
    close(tape.gradient(square, z), 2 - 4j)


# --- what is refused ----------------------------------------------------------------------------


def test_a_tape_is_used_once(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError) as info:
        tape.gradient(y, x)
    assert str(info.value) == (
        "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
    )


def test_a_tape_is_not_entered_while_open(tf):
    tape = tf.GradientTape(persistent=True)
    with tape, pytest.raises(ValueError, match="Tape is still recording, This can happen"):
        tape.__enter__()


def test_watching_what_is_no_tensor(tf):
    with (
        tf.GradientTape() as tape,
        pytest.raises(ValueError, match=r"Passed in object 3.0 of type"),
    ):
        tape.watch(3.0)


def test_watching_integers_warns_and_gives_none(tf, caplog):
    x = tf.constant([1, 2])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert tape.gradient(y, x) is None


def test_stop_recording_outside(tf):
    tape = tf.GradientTape()
    with pytest.raises(RuntimeError), tape.stop_recording():
        pass


def test_differentiating_none(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        pass
    with pytest.raises((TypeError, AttributeError)):
        tape.gradient(None, x)


def test_a_bad_choice_for_unconnected(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match="nothing"):
        tape.gradient(y, x, unconnected_gradients="nothing")


# --- jacobians ----------------------------------------------------------------------------------


def test_jacobian(tf, close):
    x = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.stack([tf.reduce_sum(x * x), x[0] * x[2]])
    close(tape.jacobian(y, x), [[2.0, 4.0, 6.0], [3.0, 0.0, 1.0]])


def test_jacobian_of_many_sources_and_none(tf, close):
    x, w, other = tf.Variable([1.0, 2.0]), tf.Variable([[1.0, 2.0]]), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = tf.linalg.matvec(w, x)
    jx, jw, none = tape.jacobian(y, [x, w, other])
    close(jx, [[1.0, 2.0]])
    close(jw, [[[1.0, 2.0]]])
    assert none is None


def test_jacobian_of_a_scalar_has_its_gradients_shape(tf, close):
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x * x)
    close(tape.jacobian(y, x), [2.0, 4.0])


def test_hessian_by_jacobian_of_gradient(tf, close):
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x[0] ** 2 * x[1] ** 3
        g = inner.gradient(y, x)
    close(outer.jacobian(g, x), [[16.0, 24.0], [24.0, 12.0]])


def test_batch_jacobian(tf, close):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    close(tape.batch_jacobian(y, x), [[[2.0, 0.0], [0.0, 4.0]], [[6.0, 0.0], [0.0, 8.0]]])


def test_batch_jacobian_needs_matching_batches(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(x, 0, keepdims=True)
    with pytest.raises(ValueError, match="Need first dimension of target shape"):
        tape.batch_jacobian(y, x)


# --- gathers ------------------------------------------------------------------------------------


def test_gradient_of_gather_is_sparse(tf, close):
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with tf.GradientTape() as tape:
        y = tf.gather(v, [0, 2, 0]) * 2.0
    g = tape.gradient(y, v)
    assert isinstance(g, tf.IndexedSlices)
    close(g.indices, [0, 2, 0])
    close(g.values, np.full((3, 2), 2.0))
    close(g.dense_shape, [3, 2])
    close(tf.convert_to_tensor(g), [[4.0, 4.0], [0.0, 0.0], [2.0, 2.0]])


def test_gather_and_a_dense_use_give_a_dense_gradient(tf, close):
    v = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.gather(v, [0, 2, 0])) + tf.reduce_sum(v * v)
    g = tape.gradient(y, v)
    close(tf.convert_to_tensor(g), [4.0, 4.0, 7.0])


def test_an_optimizer_takes_sparse_gradients(tf, close):
    v = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.nn.embedding_lookup(v, [0, 0]) * 3.0
    tf.keras.optimizers.SGD(0.1).apply_gradients([(tape.gradient(y, v), v)])
    close(v, [0.4, 2.0, 3.0])


# --- memory -------------------------------------------------------------------------------------


def one_step(tf):
    w = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
    w.assign_sub(tape.gradient(loss, w))


def persistent(tf):
    w = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_sum(w**3)
    tape.gradient(loss, {"w": [w]})
    tape.jacobian(loss, w)


def second_order(tf):
    w = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            loss = tf.reduce_sum(w**3)
        g = inner.gradient(loss, w)
    outer.gradient(g, w)


def never_used(tf):
    w = tf.Variable([1.0, 2.0])
    with tf.GradientTape():
        _ = tf.reduce_sum(w**3)


def rows(tf):
    w = tf.Variable([1.0, 2.0])
    w[0].assign(3.0)
    with tf.GradientTape() as tape:
        y = tf.gather(w, [0, 0]) * w[1]
    tape.gradient(y, w)


def custom(tf):
    @tf.custom_gradient
    def f(x):
        return x * x, lambda up: up

    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = f(w)
    tape.gradient(y, w)


def in_a_function(tf):
    w = tf.Variable(1.0)
    f = tf.function(lambda x: w * x)
    with tf.GradientTape() as tape:
        y = f(tf.constant(2.0))
    tape.gradient(y, w)


def forward(tf):
    x = tf.constant([1.0, 2.0])
    with tf.autodiff.ForwardAccumulator(x, tf.ones(2)) as acc:
        y = x * x
    acc.jvp(y)


def a_layer(tf):
    layer, optimizer = tf.keras.layers.Dense(2), tf.keras.optimizers.Adam()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.ones([2, 3])))
    variables = layer.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))


def a_dataset(tf):
    list(tf.data.Dataset.range(5).shuffle(3).batch(2))


@pytest.mark.parametrize(
    "work",
    [
        one_step, persistent, second_order, never_used, rows, custom, in_a_function, forward, a_layer,
        a_dataset,
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_memory_returns_without_the_garbage_collector(dt, work, cycles):
    work(dt)  # what is made once may stay
    gc.collect()
    gc.disable()
    try:
        work(dt)
        assert not cycles()
    finally:
        gc.enable()


def test_a_tape_frees_what_it_recorded(dt):
    x = dt.Variable(np.ones(5))
    with dt.GradientTape() as tape:
        y = dt.sin(x)
        z = dt.reduce_sum(dt.exp(y))
    held = weakref.ref(y)
    tape.gradient(z, x)
    del tape, y, z
    assert held() is None


def test_state_carried_from_step_to_step_does_not_hold_the_steps(dt):
    """A value computed under one tape and used under the next is a constant there."""
    w = dt.Variable(np.ones(3))
    state = dt.zeros([3], "float64")
    nodes = []
    for _ in range(5):
        with dt.GradientTape() as tape:
            state = 0.5 * state + w * w
            loss = dt.reduce_sum(state)
        nodes.append(weakref.ref(loss))
        np.testing.assert_allclose(tape.gradient(loss, w), 2 * np.ones(3))
    del loss, tape
    assert all(n() is None for n in nodes)


def test_an_edge_is_dead_outside_of_tapes(dt):
    w = dt.Variable(2.0)
    with dt.GradientTape():
        y = w * w
        assert y.edge is not None
    assert y.edge is None
    assert (y * 2).edge is None


def test_evenly_spaced_numbers_have_gradients(tf, close):
    a, b = tf.constant([1.0, 2.0]), tf.constant([5.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        y = tf.linspace(a, b, 5, axis=1)
    close(y, [[1, 2, 3, 4, 5], [2, 2.5, 3, 3.5, 4]])
    ga, gb = tape.gradient(y, [a, b])
    close(ga, [2.5, 2.5])
    close(gb, [2.5, 2.5])
