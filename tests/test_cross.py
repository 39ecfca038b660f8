"""One tensor underneath: values and gradients cross from one front end's code into the other's."""

import numpy as np

import dualtape.tensorflow as tf
import dualtape.torch as torch


def test_a_tensorflow_variable_in_pytorch_style_code():
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = (torch.sin(tf.square(v)) * 3).sum()
    assert isinstance(y, torch.Tensor)
    want = 3 * np.cos(np.array([1.0, 4.0])) * np.array([2.0, 4.0])
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), want, rtol=1e-6)


def test_a_pytorch_tensor_in_tensorflow_style_code():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    z = tf.reduce_sum(tf.square(x * 2))
    assert isinstance(z, tf.Tensor)
    w = torch.exp(z * 0.1)
    w.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(2.0) * 0.8 * np.array([1.0, 2.0]), rtol=1e-6)


def test_backward_from_a_tensorflow_result():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    torch.autograd.backward(tf.reduce_sum(tf.square(x)))
    assert x.grad.tolist() == [2.0, 4.0]


def test_second_order_across():
    v = tf.Variable(2.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = torch.pow(tf.convert_to_tensor(v), 3) * 1.0
        g = inner.gradient(y, v)
    assert float(g) == 12.0
    assert float(outer.gradient(g, v)) == 12.0


def test_a_pytorch_model_trained_by_a_tape():
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 1)
    scale = tf.Variable(2.0)
    x = torch.ones(4, 3)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(layer(x) * scale)
    d_scale = tape.gradient(loss, scale)
    np.testing.assert_allclose(float(d_scale), float(layer(x).mean()), rtol=1e-6)


def test_both_see_the_same_numbers():
    a, b = torch.tensor([1.0, 2.0]), tf.constant([3.0, 4.0])
    assert (a * b).tolist() == [3.0, 8.0]
    assert (b * a).numpy().tolist() == [3.0, 8.0]
    assert isinstance(a * b, torch.Tensor)
    assert isinstance(b * a, tf.Tensor)
