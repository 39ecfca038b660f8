"""`tf.Module` and `tf.nest`."""

import collections

import pytest


def test_variables_are_found_in_attributes(tf):
    class Layer(tf.Module):
        def __init__(self, n, name=None):
            super().__init__(name=name)
            self.w = tf.Variable(tf.ones([n]), name="w")
            self.steps = tf.Variable(0, trainable=False, name="steps")

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.layers = [Layer(2), Layer(3, name="last")]
            self.extra = {"b": tf.Variable(1.0, name="b")}

    model = Model()
    assert [v.name for v in model.trainable_variables] == ["b:0", "w:0", "w:0"]
    assert len(model.variables) == 5
    assert [m.name for m in model.submodules] == ["layer", "last"]
    assert model.name == "model"
    assert [len(m.trainable_variables) for m in model.submodules] == [1, 1]


def test_names_in_a_scope(tf):
    class Layer(tf.Module):
        @tf.Module.with_name_scope
        def __call__(self):
            if not hasattr(self, "w"):
                self.w = tf.Variable(1.0, name="w")
            return self.w

    layer = Layer(name="mine")
    layer()
    assert layer.w.name == "mine/w:0"


def test_a_name_that_is_none(tf):
    with pytest.raises(ValueError, match="is not a valid module name"):
        tf.Module(name="1 bad name")


def test_training_a_module(tf, close):
    class Line(tf.Module):
        def __init__(self):
            self.a, self.b = tf.Variable(0.0), tf.Variable(0.0)

        def __call__(self, x):
            return self.a * x + self.b

    model, x = Line(), tf.constant([0.0, 1.0, 2.0])
    for _ in range(200):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - (3.0 * x + 1.0)))
        grads = tape.gradient(loss, model.trainable_variables)
        for v, g in zip(model.trainable_variables, grads, strict=True):
            v.assign_sub(0.2 * g)
    close(model.a, 3.0, atol=1e-3)
    close(model.b, 1.0, atol=1e-3)


Point = collections.namedtuple("Point", "x y")


def test_flatten_goes_by_sorted_keys(tf):
    assert tf.nest.flatten({"b": 1, "a": [2, (3, Point(4, 5))]}) == [2, 3, 4, 5, 1]
    assert tf.nest.flatten(7) == [7]
    assert tf.nest.flatten([]) == []


def test_map_structure_keeps_types(tf):
    out = tf.nest.map_structure(lambda a, b: a + b, Point(1, [2]), Point(10, [20]))
    assert out == Point(11, [22])
    assert isinstance(out, Point)


def test_pack_sequence_as(tf):
    assert tf.nest.pack_sequence_as({"b": 0, "a": (0, 0)}, [1, 2, 3]) == {"a": (1, 2), "b": 3}
    with pytest.raises(ValueError, match="Structure had 2 atoms, but flat_sequence had 3 items"):
        tf.nest.pack_sequence_as([0, 0], [1, 2, 3])


def test_structures_that_differ(tf):
    with pytest.raises(ValueError, match="The two structures don't have the same nested structure"):
        tf.nest.assert_same_structure([1, 2], [1])
    with pytest.raises((TypeError, ValueError)):
        tf.nest.map_structure(lambda a, b: a, [1], (1,))
    assert tf.nest.is_nested([1])
    assert not tf.nest.is_nested(tf.constant(1))
