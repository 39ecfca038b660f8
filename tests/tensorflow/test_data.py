"""`tf.data.Dataset`."""

import numpy as np
import pytest


def listed(dataset):
    return [np.asarray(e).tolist() for e in dataset]


def test_from_tensor_slices(tf):
    assert listed(tf.data.Dataset.from_tensor_slices([1, 2, 3])) == [1, 2, 3]
    pairs = tf.data.Dataset.from_tensor_slices(([1, 2], {"a": [[3.0], [4.0]]}))
    assert [(int(x), y["a"].numpy().tolist()) for x, y in pairs] == [(1, [3.0]), (2, [4.0])]
    assert len(pairs) == 2


def test_slices_of_different_lengths(tf):
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        tf.data.Dataset.from_tensor_slices(([1, 2], [1, 2, 3]))


def test_map_filter_batch(tf):
    data = tf.data.Dataset.range(10).map(lambda x: x * x).filter(lambda x: x % 2 == 0)
    assert listed(data) == [0, 4, 16, 36, 64]
    assert listed(data.batch(2)) == [[0, 4], [16, 36], [64]]
    assert listed(data.batch(2, drop_remainder=True)) == [[0, 4], [16, 36]]
    assert listed(data.batch(2).unbatch()) == [0, 4, 16, 36, 64]


def test_repeat_take_skip_concatenate(tf):
    data = tf.data.Dataset.range(3)
    assert listed(data.repeat(2)) == [0, 1, 2, 0, 1, 2]
    assert listed(data.repeat().take(4)) == [0, 1, 2, 0]
    assert listed(data.skip(1)) == [1, 2]
    assert listed(data.concatenate(data)) == [0, 1, 2, 0, 1, 2]
    assert listed(data.take_while(lambda x: x < 2)) == [0, 1]


def test_zip_enumerate_reduce(tf):
    a, b = tf.data.Dataset.range(3), tf.data.Dataset.range(5, 8)
    assert [(int(x), int(y)) for x, y in tf.data.Dataset.zip((a, b))] == [(0, 5), (1, 6), (2, 7)]
    assert [(int(i), int(x)) for i, x in b.enumerate()] == [(0, 5), (1, 6), (2, 7)]
    assert int(a.reduce(np.int64(0), lambda s, x: s + x)) == 3


def test_shuffle_keeps_all_and_differs_by_pass(tf):
    tf.random.set_seed(3)
    data = tf.data.Dataset.range(20).shuffle(20)
    one, two = listed(data), listed(data)
    assert sorted(one) == sorted(two) == list(range(20))
    assert one != two
    again = tf.data.Dataset.range(20).shuffle(20, seed=1, reshuffle_each_iteration=False)
    assert listed(again) == listed(again)


def test_padded_batch(tf):
    data = tf.data.Dataset.range(1, 4).map(lambda x: tf.fill([x], x))
    assert listed(data.padded_batch(3)) == [[[1, 0, 0], [2, 2, 0], [3, 3, 3]]]


def test_from_generator(tf):
    def numbers():
        yield from (1.5, 2.5)

    data = tf.data.Dataset.from_generator(numbers, output_signature=tf.TensorSpec([], tf.float32))
    assert listed(data) == [1.5, 2.5]
    assert listed(data) == [1.5, 2.5]


def test_element_spec_and_numpy(tf):
    data = tf.data.Dataset.from_tensor_slices((np.ones((4, 2), np.float32), [1, 2, 3, 4])).batch(2)
    x, y = data.element_spec
    assert x.shape.as_list() == [None, 2]
    assert y.dtype == tf.int32
    first = next(data.as_numpy_iterator())
    assert isinstance(first[0], np.ndarray)
    assert first[1].tolist() == [1, 2]


def test_windows(tf):
    data = tf.data.Dataset.range(7).repeat()
    windows = data.window(3, shift=2, stride=2, drop_remainder=True).take(3)
    assert [listed(w) for w in windows] == [[0, 2, 4], [2, 4, 6], [4, 6, 1]]
    assert [listed(w) for w in tf.data.Dataset.range(5).window(2)] == [[0, 1], [2, 3], [4]]
    assert [listed(w) for w in tf.data.Dataset.range(7).window(2, shift=3)] == [[0, 1], [3, 4], [6]]


def test_cardinality(tf):
    assert int(tf.data.Dataset.range(7).batch(2).cardinality()) == 4
    assert int(tf.data.Dataset.range(7).repeat().cardinality()) == tf.data.INFINITE_CARDINALITY
    with pytest.raises(TypeError):
        len(tf.data.Dataset.range(3).repeat())
    with pytest.raises(TypeError):
        len(tf.data.Dataset.range(3).filter(lambda x: x > 1))


def test_training_from_a_dataset(tf, close):
    x = np.linspace(0, 1, 16, dtype=np.float32)
    data = tf.data.Dataset.from_tensor_slices((x, 3 * x)).shuffle(16).batch(4).prefetch(1)
    w = tf.Variable(0.0)
    for _ in range(60):
        for xb, yb in data:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((w * xb - yb) ** 2)
            w.assign_sub(0.3 * tape.gradient(loss, w))
    close(w, 3.0, atol=1e-3)
