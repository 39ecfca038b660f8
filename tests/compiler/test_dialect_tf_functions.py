"""TensorFlow's functions on traced values: those that compute by NumPy are called back, the rest is the engine's."""

import numpy as np
import pytest

import dualtape.tensorflow as tf


def f32(*shape, seed=0):
    return tf.constant(np.random.RandomState(seed).randn(*shape).astype("f"))


x, y, m, v = f32(4, 5), f32(4, 5, seed=1), f32(4, 4), f32(5)
n = tf.reshape(tf.range(20), (4, 5))
ids, some = tf.constant([0, 0, 1, 2]), tf.constant([2, -1, 0, 2])

CALLS = {
    "gather": lambda x, n, ids: tf.gather(x, ids),
    "gather batch": lambda x, n, ids: tf.gather(x, n % 5, batch_dims=1),
    "gather axis": lambda x, n, ids: tf.gather(x, ids, axis=1),
    "gather_nd": lambda x, n, ids: tf.gather_nd(x, n[:2, :2] // 4),
    "scatter_nd": lambda x, n, ids: tf.scatter_nd(n[:2, :1], x[:2], [9, 5]),
    "tensor_scatter": lambda x, n, ids: tf.tensor_scatter_nd_add(x, n[:2, :1] % 4, x[2:]),
    "one_hot": lambda x, n, ids: tf.one_hot(ids, 4) + tf.one_hot(ids, 4, 3.0, -1.0),
    "sequence_mask": lambda x, n, ids: tf.sequence_mask(ids, 4, tf.float32),
    "segments": lambda x, n, ids: tf.math.unsorted_segment_sum(x, ids, 3),
    "segment means": lambda x, n, ids: tf.math.unsorted_segment_mean(x, ids - 1, 2),
    "segment maxima": lambda x, n, ids: tf.math.unsorted_segment_max(x, ids, 4),
    "reverse": lambda x, n, ids: tf.reverse_sequence(x, ids, 1),
    "index": lambda x, n, ids: x[ids[3]] + x[0, ids[2]] + x[:, ids[0]][ids[1]],
    "negative index": lambda x, n, ids: x[1:, tf.newaxis, ids[3] - 4],
    "integer mean": lambda x, n, ids: tf.reduce_mean(n - 7, 1),
    "truncation": lambda x, n, ids: tf.truncatediv(n - 7, tf.constant(3)),
    "saturation": lambda x, n, ids: tf.saturate_cast(x * 300, tf.uint8),
    "bits": lambda x, n, ids: tf.bitcast(x, tf.int32),
    "to int": lambda x, n, ids: tf.cast(x * 3, tf.int32),
    "fill": lambda x, n, ids: tf.fill([2, 3], x[0, 0]),
    "in_top_k": lambda x, n, ids: tf.math.in_top_k(ids, x, 2),
    "zeros": lambda x, n, ids: tf.nn.zero_fraction(tf.nn.relu(x)),
    "confusion": lambda x, n, ids: tf.math.confusion_matrix(ids, ids, 3),
    "histogram": lambda x, n, ids: tf.histogram_fixed_width(x, [-1.0, 1.0], 5),
    "increasing": lambda x, n, ids: tf.math.is_non_decreasing(ids),
    "rank": lambda x, n, ids: tf.linalg.matrix_rank(x),
    "permutation": lambda x, n, ids: tf.math.invert_permutation(n[0]),
    "clip": lambda x, n, ids: tf.clip_by_norm(x, 0.5),
    "clip all": lambda x, n, ids: tf.clip_by_global_norm([x, 2 * x], 0.5)[0][1],
    "hinge": lambda x, n, ids: tf.keras.losses.hinge(tf.sign(x), x),
    "leaky": lambda x, n, ids: tf.nn.leaky_relu(n),
    "crossentropy": lambda x, n, ids: tf.nn.sparse_softmax_cross_entropy_with_logits(ids, x),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_and_gradients_are_those_of_eager_code(name):
    call = CALLS[name]

    def run(x, n, ids):
        with tf.GradientTape() as tape:
            tape.watch(x)
            out = call(x, n, ids)
            loss = tf.reduce_sum(tf.sin(tf.cast(out, tf.float32)))
        g = tape.gradient(loss, x)
        return out, tf.convert_to_tensor(g) if g is not None else None

    f = tf.function(run)
    for seed in (0, 3):
        args = (f32(4, 5, seed=seed), n, ids)
        for e, c in zip(run(*args), f(*args), strict=True):
            assert (e is None) == (c is None)
            if e is not None:
                assert e.dtype == c.dtype
                np.testing.assert_allclose(c.numpy(), e.numpy(), rtol=1e-5, atol=1e-6)
    assert f._compiled._history[-1].program is not None, f._compiled._history[-1].eager


WRITES = {
    "rows": lambda w, i, u: w.scatter_add(tf.IndexedSlices(u, i)),
    "new rows": lambda w, i, u: w.scatter_update(tf.IndexedSlices(u, i)),
    "places": lambda w, i, u: w.scatter_nd_sub(i[:, tf.newaxis], u),
    "a part": lambda w, i, u: w[1:3].assign(u),
    "an element": lambda w, i, u: w[0, 1].assign(u[0, 0] * 2),
    "a row of its own": lambda w, i, u: w[0].assign(w[1] + u[1]),
}


@pytest.mark.parametrize("name", WRITES)
def test_parts_of_variables_are_written(name):
    def run(use):
        w = tf.Variable(np.ones((4, 3), "f"))
        holder = [w]
        f = tf.function(lambda i, u: tf.reduce_sum(WRITES[name](holder[0], i, u))) if use else (
            lambda i, u: tf.reduce_sum(WRITES[name](holder[0], i, u)))  # fmt: skip
        out = []
        for k in range(3):
            out += [f(tf.constant([k, 3]), f32(2, 3, seed=k)).numpy(), w.numpy()]
        if use:
            assert f._compiled._history[-1].program is not None, f._compiled._history[-1].eager
        return out

    for e, c in zip(run(False), run(True), strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda i: tf.gather(x, i), "= 9 is not in"),
        (lambda i: tf.gather_nd(x, i[:, tf.newaxis]), "does not index into param shape"),
        (lambda i: tf.math.unsorted_segment_sum(tf.ones([2]), i, 3), "out of range"),
        (lambda i: x[i[1]], "out of bounds"),
        (lambda i: tf.nn.sparse_softmax_cross_entropy_with_logits(i, x[:2]), "label value of 9"),
    ],
)  # fmt: skip
def test_indices_out_of_range_are_errors_when_they_come(call, words):
    f = tf.function(call)
    f(tf.constant([0, 1]))
    assert f._compiled._history[-1].program is not None
    with pytest.raises(Exception, match=words):
        f(tf.constant([0, 9]))


def test_metrics_inside_a_step():
    def run(use):
        K = tf.keras.metrics
        metrics = [
            K.SparseCategoricalAccuracy(), K.Mean(), K.Sum(), K.SparseCategoricalCrossentropy(from_logits=True),
        ]  # fmt: skip
        pair = [K.Precision(), K.Recall(), K.BinaryAccuracy(), K.RootMeanSquaredError()]

        def step(labels, logits):
            for k in (0, 3):
                metrics[k].update_state(labels, logits)
            metrics[1](tf.reduce_sum(logits))
            metrics[2].update_state(logits, sample_weight=tf.ones([4, 1]) * 2)
            hits = tf.cast(logits > 0.3, tf.float32)
            for p in pair:
                p.update_state(hits, tf.sigmoid(logits))
            return metrics[0].result(), pair[0].result()

        f = tf.function(step) if use else step
        out = []
        for k in range(6):
            out += [r.numpy() for r in f(ids, f32(4, 5, seed=k))]
            if k == 3:
                for q in (*metrics, *pair):
                    q.reset_state()
        if use:
            assert f._compiled._history[-1].program is not None, f._compiled._history[-1].eager
            assert len(f._compiled._history) == 1
        return out + [q.result().numpy() for q in (*metrics, *pair)]

    for e, c in zip(run(False), run(True), strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-5)


def test_variables_of_a_module_that_are_only_written_to():
    class Model(tf.Module):
        pass

    model = Model()
    setattr(model, "hid" + "den", tf.Variable([1.0, 2.0]))
    setattr(model, "in" + "ner", [tf.Variable(3.0)])

    @tf.function
    def step():
        for w in model.variables:
            w.assign_add(tf.ones_like(w))
            w.assign(w * 1.0)

    @tf.function
    def reset():
        for w in model.variables:
            w.assign(tf.zeros(w.shape))

    for k in range(3):
        step()
        reset() if k == 1 else None
    assert [w.numpy().tolist() for w in model.variables] == [[1.0, 1.0], 1.0]


def test_variables_in_a_long_list_are_not_frozen():
    variables = [tf.Variable([float(i)]) for i in range(300)]

    @tf.function
    def f(x):
        for v in variables:
            v.assign([5.0])
        return x

    for _ in range(3):
        f(tf.constant([1.0]))
        assert variables[0].numpy() == variables[299].numpy() == 5
        variables[299].assign([0.0])
