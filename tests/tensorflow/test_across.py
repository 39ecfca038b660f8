"""Tensors of the PyTorch front end in TensorFlow's functions, and the other way round."""

import numpy as np
import pytest

import dualtape.tensorflow as tf
import dualtape.torch as torch


def test_backward_through_functions_of_tensorflow():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = tf.reduce_sum(tf.exp(tf.square(x) * 0.5))
    loss.backward()
    want = np.exp([0.5, 2.0]) * np.array([1.0, 2.0])
    np.testing.assert_allclose(x.grad.numpy(), want, rtol=1e-6)


def test_a_tape_watches_tensors_of_its_own_kind_only():
    x = torch.tensor([1.0, 2.0])
    with tf.GradientTape() as tape:
        with pytest.raises(ValueError, match=r"not tf.Tensor or tf.Variable"):
            tape.watch(x)
        t = tf.convert_to_tensor(x)
        tape.watch(t)
        y = torch.sin(t).sum()
    np.testing.assert_allclose(tape.gradient(y, t).numpy(), np.cos([1.0, 2.0]), rtol=1e-6)


def test_a_variable_in_functions_of_pytorch():
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        y = torch.linalg.det(tf.convert_to_tensor(v)) + torch.nn.functional.relu(v.value()).sum()
    np.testing.assert_allclose(
        tape.gradient(y, v).numpy(), np.array([[4.0, -3.0], [-2.0, 1.0]]) + 1, rtol=1e-5
    )


def test_a_plain_tensor_of_pytorch_is_a_constant_that_does_not_change_with_it():
    x = torch.tensor([1.0, 2.0])
    t = tf.convert_to_tensor(x)
    x += 10.0
    assert t.numpy().tolist() == [1.0, 2.0]


def test_changing_an_operand_in_place_is_noticed():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1.0
    z = tf.reduce_sum(tf.square(y))
    with torch.no_grad():
        y.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_strict_dtypes_hold_across():
    with pytest.raises(tf.errors.InvalidArgumentError, match="was expected to be a float tensor"):
        tf.add(tf.constant([1.0]), torch.tensor([1], dtype=torch.int32))


def test_one_training_loop_over_both():
    torch.manual_seed(0)
    layer = torch.nn.Linear(2, 1)
    bias = tf.Variable(0.0)
    x, y = torch.randn(16, 2), torch.ones(16, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(x) + bias - y))
        losses.append(float(loss))
        bias.assign_sub(0.1 * tape.gradient(loss, bias))
        loss = tf.reduce_mean(tf.square(layer(x) + bias - y))
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.05 * losses[0]
