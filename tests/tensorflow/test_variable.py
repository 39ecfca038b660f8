"""`tf.Variable`: a value put in place of another, never written through."""

import copy
import pickle

import numpy as np
import pytest


def test_assigning_returns_the_variable(tf, close):
    v = tf.Variable([1.0, 2.0])
    out = v.assign([3.0, 4.0])
    close(out, [3.0, 4.0])
    out.assign_add([1.0, 1.0])
    close(v, [4.0, 5.0])
    assert v.assign([0.0, 0.0], read_value=False) is None


def test_arrays_taken_before_keep_their_numbers(tf, close):
    v = tf.Variable([1.0, 2.0])
    array, value, read = v.numpy(), v.value(), v.read_value()
    product = v * 1.0
    for step in (v.assign, v.assign_add, v.assign_sub):
        step([10.0, 20.0])
        v.scatter_nd_update([[0]], [7.0])
        v[1].assign(9.0)
    for kept in (array, value, read, product):
        close(kept, [1.0, 2.0])


def test_the_array_assigned_is_copied(tf, close):
    array = np.array([1.0, 2.0], np.float32)
    v = tf.Variable(array)
    array[0] = 50.0
    close(v, [1.0, 2.0])
    v.assign(array)
    array[1] = 60.0
    close(v, [50.0, 2.0])


def test_a_variable_made_from_another_is_its_own(tf, close):
    a = tf.Variable([1.0, 2.0])
    b = tf.Variable(a)
    t = tf.identity(a)
    a.assign_add([1.0, 1.0])
    close(b, [1.0, 2.0])
    close(t, [1.0, 2.0])
    b.assign(a)
    a.assign([0.0, 0.0])
    close(b, [2.0, 3.0])


def test_updating_with_itself(tf, close):
    v = tf.Variable([1.0, 2.0])
    v.assign_add(v)
    close(v, [2.0, 4.0])
    v.assign_sub(v * 0.5)
    close(v, [1.0, 2.0])


def test_the_gradient_of_before_an_assignment_is_right_after_it(tf, close):
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = v * v
    v.assign([5.0, 5.0])
    close(tape.gradient(y, v), [2.0, 4.0])


def test_assigning_within_a_tape(tf, close):
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = v * v
        v.assign([5.0, 5.0])
        z = v * y
    # v y + y v', and y' = 2 v of the old value times the new one.
    close(tape.gradient(z, v), [5.0 * 2.0 + 1.0, 5.0 * 4.0 + 4.0])


def test_assignments_are_not_differentiated(tf):
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        b.assign(a * 3.0)
        y = b * b
    assert tape.gradient(y, a) is None
    assert float(tape.gradient(y, b)) == 6.0


def test_a_variable_is_watched_by_tapes_opened_before_it_was_made(tf, close):
    with tf.GradientTape() as tape:
        v = tf.Variable(3.0)
        y = v * v
    close(tape.gradient(y, v), 6.0)


def test_operators(tf, close):
    v = tf.Variable([1.0, 2.0])
    close(v + 1.0, [2.0, 3.0])
    close(1.0 - v, [0.0, -1.0])
    close(v * v / 2.0, [0.5, 2.0])
    close(-v, [-1.0, -2.0])
    close(v[1], 2.0)
    close(v[::-1], [2.0, 1.0])
    close(tf.reshape(v, [1, 2]) @ tf.constant([[1.0], [1.0]]), [[3.0]])
    assert isinstance(v + 1.0, tf.Tensor)
    assert not isinstance(v, tf.Tensor)


def test_augmented_assignment_is_refused(tf):
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(RuntimeError, match=r"`variable \+= value` with `tf.Variable`s is not supp"):
        v += 1.0


def test_a_shape_declared_loosely(tf, close):
    v = tf.Variable([1.0, 2.0], shape=tf.TensorShape([None]))
    v.assign([1.0, 2.0, 3.0])
    close(v, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Shape mismatch"):
        v.assign([[1.0]])


def test_scatters_count_duplicates(tf, close):
    v = tf.Variable([1.0, 2.0, 3.0])
    rows = tf.IndexedSlices(tf.constant([1.0, 1.0, 5.0]), tf.constant([0, 0, 2]))
    v.scatter_add(rows)
    close(v, [3.0, 2.0, 8.0])
    v.scatter_nd_sub([[0], [0]], [1.0, 1.0])
    close(v, [1.0, 2.0, 8.0])
    v.scatter_max(rows)
    close(v, [1.0, 2.0, 8.0])


def test_scatters_refuse_rows_that_are_not_there(tf):
    v = tf.Variable([1.0, 2.0])
    for row in (2, -1):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"is not in \[0, 2\)"):
            v.scatter_add(tf.IndexedSlices(tf.constant([1.0]), tf.constant([row])))
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not index into shape"):
        v.scatter_nd_add([[2]], [1.0])


def test_assigning_to_a_part(tf, close):
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    v[0].assign([5.0, 6.0])
    v[:, 1].assign(0.0)
    close(v, [[5.0, 0.0], [3.0, 0.0]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Cannot broadcast input shape"):
        v[0].assign([1.0, 2.0, 3.0])


def test_copies(tf, close):
    v = tf.Variable([1.0, 2.0], name="w")
    w = copy.deepcopy(v)
    v.assign([5.0, 5.0])
    close(w, [1.0, 2.0])
    assert w.name == "w:0"


def test_pickling(dt, close):
    v = dt.Variable([1.0, 2.0], name="w")
    w = pickle.loads(pickle.dumps(v))
    close(w, [1.0, 2.0])
    assert w.name == "w:0"
    assert w.trainable


def test_equality_is_elementwise_and_identity_by_ref(tf):
    v = tf.Variable([1.0, 2.0])
    assert (v == v).numpy().tolist() == [True, True]
    assert v.ref() == v.ref()
    assert {v.ref(): 1}[v.ref()] == 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(v)


def test_setting_an_attribute_that_is_not_there(tf):
    v = tf.Variable(1.0)
    with pytest.raises(AttributeError):
        _ = v.no_such_thing


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "bfloat16", "int32", "complex64"]
)
def test_update_keeps_the_dtype(tf, dtype):
    v = tf.Variable(tf.cast([1, 2], dtype))
    v.assign_add(tf.cast([1, 1], dtype))
    assert v.dtype == dtype
    np.testing.assert_array_equal(np.asarray(tf.cast(v, tf.complex64)), [2, 3])


def test_names_in_scopes(tf):
    with tf.name_scope("outer"), tf.name_scope("inner"):
        v = tf.Variable(1.0, name="w")
    assert v.name == "outer/inner/w:0"


def test_a_missing_initial_value(tf):
    with pytest.raises(ValueError, match=r"The `initial_value` arg to `tf.Variable` must"):
        tf.Variable()


def test_dtype_mismatches(tf):
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(ValueError, match="Tensor conversion requested dtype float32"):
        v.assign(tf.constant([1, 2]))
    with pytest.raises(ValueError, match="Tensor conversion requested dtype float32"):
        v.assign_add(tf.constant([1, 2]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Cannot update variable with shape"):
        v.assign_add([1.0, 2.0, 3.0])
