"""What goes wrong says so in TensorFlow's words and types. Each test holds TensorFlow to the same."""

import numpy as np
import pytest


def message(tf, error, function) -> str:
    """The message of the error that `function` raises, without what stands for the machine."""
    with pytest.raises(error) as info:
        function()
    text = str(info.value)
    return text[text.index("}} ") + 3 :] if text.startswith("{{function_node") else text


def invalid(tf, function) -> str:
    return message(tf, tf.errors.InvalidArgumentError, function)


def test_shapes_that_do_not_broadcast(tf):
    a, b = tf.constant([1.0, 2.0]), tf.constant([1.0, 2.0, 3.0])
    assert invalid(tf, lambda: a + b) == "Incompatible shapes: [2] vs. [3] [Op:AddV2] name: "
    assert invalid(tf, lambda: a * b) == "Incompatible shapes: [2] vs. [3] [Op:Mul] name: "
    assert invalid(tf, lambda: a - b) == "Incompatible shapes: [2] vs. [3] [Op:Sub] name: "
    assert invalid(tf, lambda: a / b) == "Incompatible shapes: [2] vs. [3] [Op:RealDiv] name: "
    assert invalid(tf, lambda: tf.maximum(a, b)).startswith("Incompatible shapes: [2] vs. [3]")


def test_dtypes_that_do_not_match(tf):
    a, i = tf.constant([1.0]), tf.constant([1])
    assert invalid(tf, lambda: a + i) == (
        "cannot compute AddV2 as input #1(zero-based) was expected to be a float tensor but is a "
        "int32 tensor [Op:AddV2] name: "
    )
    assert "was expected to be a int32 tensor but is a float tensor" in invalid(tf, lambda: i * a)
    d = tf.constant([1.0], tf.float64)
    assert "was expected to be a float tensor but is a double tensor" in invalid(tf, lambda: a + d)


def test_real_and_complex_do_not_mix(tf):
    a, z = tf.constant([1.0]), tf.constant([1.0 + 2.0j])
    assert "was expected to be a float tensor but is a complex128 tensor" in invalid(
        tf, lambda: a * z
    )


def test_a_python_number_that_does_not_fit(tf):
    i = tf.constant([1, 2])
    assert invalid(tf, lambda: i + 1.5).startswith(
        "cannot compute AddV2 as input #1(zero-based) was expected to be a int32 tensor but is a float"
    )
    text = message(tf, TypeError, lambda: tf.constant([1.5], tf.int32))
    assert text == "Cannot convert [1.5] to EagerTensor of dtype int32"


def test_no_kernel_for_a_dtype(tf):
    text = invalid(tf, lambda: tf.sqrt(tf.constant([1, 2])))
    assert text.startswith(
        "Value for attr 'T' of int32 is not in the list of allowed values: bfloat16, half, float, double"
    )
    assert "[Op:Sqrt]" in text


def test_matrices_that_do_not_fit(tf):
    a, b = tf.ones([2, 3]), tf.ones([2, 3])
    assert invalid(tf, lambda: a @ b) == (
        "Matrix size-incompatible: In[0]: [2,3], In[1]: [2,3] [Op:MatMul] name: "
    )


def test_indices_out_of_range(tf):
    x = tf.constant([1.0, 2.0])
    assert invalid(tf, lambda: x[5]).startswith("slice index 5 of dimension 0 out of bounds.")
    assert invalid(tf, lambda: x[0, 0]).startswith("Index out of range using input dim 1")
    assert invalid(tf, lambda: tf.gather(x, [0, 5])).startswith(
        "indices[1] = 5 is not in [0, 2) [Op:GatherV2]"
    )
    assert "indices[0] = [5] does not index into param shape [2]" in invalid(
        tf, lambda: tf.gather_nd(x, [[5]])
    )


def test_an_axis_out_of_range(tf):
    x = tf.ones([2, 2])
    assert invalid(tf, lambda: tf.reduce_sum(x, axis=3)).startswith(
        "Invalid reduction dimension (3 for input with 2 dimension(s)"
    )
    assert "Expected dimension in the range [-2, 2)" in invalid(tf, lambda: tf.argmax(x, axis=2))


def test_an_index_that_is_none(tf):
    x = tf.constant([1.0, 2.0])
    assert message(tf, TypeError, lambda: x["a"]).startswith(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`)"
    )


def test_reshape_of_another_size(tf):
    text = invalid(tf, lambda: tf.reshape(tf.ones([4]), [3]))
    assert text == (
        "Input to reshape is a tensor with 4 values, but the requested shape has 3 [Op:Reshape]"
    )


def test_the_truth_of_many(tf):
    x = tf.constant([1.0, 2.0])
    text = message(tf, ValueError, lambda: bool(x))
    assert text == (
        "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"
    )


def test_tensors_are_not_written_to(tf):
    x = tf.constant([1.0, 2.0])

    def write():
        x[0] = 5.0

    text = message(tf, TypeError, write)
    assert "EagerTensor' object does not support item assignment" in text


def test_hashing_a_tensor(tf):
    x = tf.constant([1.0, 2.0])
    assert message(tf, TypeError, lambda: hash(x)) == (
        "Tensor is unhashable. Instead, use tensor.ref() as the key."
    )


def test_iterating_a_scalar(tf):
    x = tf.constant(1.0)
    assert message(tf, TypeError, lambda: list(x)) == "Cannot iterate over a scalar tensor."
    assert message(tf, TypeError, lambda: len(x)) == "Scalar tensor has no `len()`"


def test_ragged_lists(tf):
    with pytest.raises(ValueError, match="non-rectangular Python sequence"):
        tf.constant([[1, 2], [3]])


def test_what_cannot_be_a_tensor(tf):
    with pytest.raises(ValueError, match=r"Attempt to convert a value .None. with an unsupported"):
        tf.constant(None)
    with pytest.raises(ValueError, match="Attempt to convert a value"):
        tf.convert_to_tensor(object())


def test_integers_that_are_too_large(tf):
    with pytest.raises(ValueError, match=r"too large|out of range|Can't convert"):
        tf.constant(2**70)


def test_concat_of_shapes_that_do_not_fit(tf):
    text = invalid(tf, lambda: tf.concat([tf.ones([2, 2]), tf.ones([3, 2])], 1))
    assert text == (
        "ConcatOp : Dimension 0 in both shapes must be equal: shape[0] = [2,2] vs. shape[1] = [3,2] "
        "[Op:ConcatV2] name: concat"
    )


def test_singular_matrices(tf):
    a = tf.constant([[1.0, 2.0], [2.0, 4.0]])
    assert invalid(tf, lambda: tf.linalg.inv(a)) == (
        "Input is not invertible. [Op:MatrixInverse] name: "
    )
    assert "Input matrix is not invertible." in invalid(
        tf, lambda: tf.linalg.solve(a, tf.ones([2, 1]))
    )


def test_a_matrix_without_a_cholesky_factor_gives_nan(tf):
    a = tf.Variable([[1.0, 2.0], [2.0, 1.0]])
    with tf.GradientTape() as tape:
        y = tf.linalg.cholesky(a)
    assert np.isnan(np.asarray(y)[1]).all()
    assert np.isnan(np.asarray(tape.gradient(y, a))).any()


def test_dividing_integers_by_zero(tf):
    x, zero = tf.constant([5]), tf.constant([0])
    assert "Integer division by zero" in invalid(tf, lambda: x // zero)


def test_dividing_floats_by_zero_gives_what_is_not_finite(tf):
    x = tf.constant([1.0, 0.0, -1.0])
    y = x / 0.0
    assert np.isinf(np.asarray(y)[[0, 2]]).all()
    assert np.isnan(np.asarray(y)[1])
    assert np.isnan(np.asarray(tf.math.log(tf.constant([-1.0]))))


def test_check_numerics(tf):
    x = tf.constant([1.0, float("nan"), float("inf")])
    text = invalid(tf, lambda: tf.debugging.check_numerics(x, "the loss"))
    assert text.startswith("the loss : Tensor had NaN") or text.startswith(
        "the loss : Tensor had Inf"
    )


def test_checking_all_numbers(tf):
    zero = tf.constant([1.0, 0.0])
    tf.debugging.enable_check_numerics()
    try:
        text = message(tf, tf.errors.InvalidArgumentError, lambda: tf.math.log(zero))
        assert 'Detected Infinity or NaN in output 0 of eagerly-executing op "Log"' in text
        assert "# of -Inf elements: 1" in text
        assert "Input tensor: tf.Tensor([1. 0.], shape=(2,), dtype=float32)" in text
        text = message(tf, tf.errors.InvalidArgumentError, lambda: zero / zero)
        assert 'op "RealDiv"' in text
        assert "Tensor had NaN values" in text
        assert np.asarray(zero + 1).tolist() == [2.0, 1.0]
    finally:
        tf.debugging.disable_check_numerics()
    assert np.isneginf(np.asarray(tf.math.log(zero))[1])


def test_a_number_that_is_none_names_its_line(dt):
    x = dt.constant(-1.0)
    dt.debugging.enable_check_numerics()
    try:
        with pytest.raises(dt.errors.InvalidArgumentError) as info:
            dt.sqrt(x)  # here
        v = dt.Variable(0.0)
        with dt.GradientTape() as tape:
            y = (v * v) ** 0.5
        with pytest.raises(RuntimeError, match="returned nan values"):
            tape.gradient(y, v)
    finally:
        dt.debugging.disable_check_numerics()
    assert "test_errors.py" in str(info.value)
    assert "dt.sqrt(x)  # here" in str(info.value)


def test_assertions(tf):
    tf.debugging.assert_equal([1], [1])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Condition x == y did not hold"):
        tf.debugging.assert_equal([1], [2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Condition x < y did not hold"):
        tf.debugging.assert_less([5], [2])


def test_errors_have_codes_and_families(tf):
    error = tf.errors.InvalidArgumentError(None, None, "text")
    assert isinstance(error, tf.errors.OpError)
    assert error.error_code == tf.errors.INVALID_ARGUMENT == 3
    assert error.message == "text"
    assert tf.errors.OutOfRangeError(None, None, "text").error_code == tf.errors.OUT_OF_RANGE


def test_optimizers_refuse_gradients_that_are_all_none(tf):
    v = tf.Variable(1.0)
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        tf.keras.optimizers.SGD().apply_gradients([(None, v)])


# --- where there is no gradient -------------------------------------------------------------------------


def test_outputs_without_a_derivative_give_none(tf):
    v = tf.Variable([1.0, 2.0])
    for f in (tf.argmax, lambda x: tf.cast(x, tf.int32), lambda x: tf.constant(x.numpy()) * 2.0):
        with tf.GradientTape() as tape:
            y = f(v)
        assert tape.gradient(y, v) is None


def test_sources_that_are_no_tensors(tf):
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = v * 2
    with pytest.raises((AttributeError, TypeError)):
        tape.gradient(y, [v, None])


def test_assigning_what_does_not_fit(tf):
    v, i = tf.Variable([1.0, 2.0]), tf.Variable([1, 2])
    with pytest.raises(ValueError, match="shape"):
        v.assign([1.0, 2.0, 3.0])
    assert "shapes must be equal" in invalid(tf, lambda: v.assign_add([1.0, 2.0, 3.0]))
    with pytest.raises(TypeError):
        i.assign([1.5, 2.5])
    assert np.asarray(v).tolist() == [1.0, 2.0]
    assert np.asarray(i).tolist() == [1, 2]


def test_rows_out_of_range(tf):
    assert "is not in [0, 3)" in invalid(tf, lambda: tf.nn.embedding_lookup(tf.ones([3, 2]), [5]))
    assert "Received a label value of 5" in invalid(
        tf,
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=[5, 1], logits=tf.ones([2, 3])
        ),
    )
    assert "does not index into shape" in invalid(
        tf, lambda: tf.tensor_scatter_nd_update(tf.ones(3), [[4]], [1.0])
    )


def test_sequences_of_text_and_numbers(tf):
    for data in ([1, "a"], ["a", 1.0], [b"a", True]):
        with pytest.raises(ValueError, match="Can't convert Python sequence with mixed types"):
            tf.convert_to_tensor(data)


def test_negative_lengths(tf):
    for make in (
        lambda: tf.zeros([-1]),
        lambda: tf.fill([-1], 1.0),
        lambda: tf.random.normal([-1]),
        lambda: tf.random.stateless_uniform([-1], [1, 2]),
    ):
        assert "Dimension -1 must be >= 0" in invalid(tf, make)


def test_errors_inside_a_function_reach_the_caller(tf):
    @tf.function
    def f(x):
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        f(tf.constant(1.0))


# --- what is not there says so ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "name", "near"),
    [
        ("", "reduce_summ", "reduce_sum"),
        ("math", "reduce_meann", "reduce_mean"),
        ("nn", "sofmax", "softmax"),
        ("linalg", "invv", "inv"),
        ("keras.layers", "Densee", "Dense"),
        ("keras.optimizers", "Adamm", "Adam"),
    ],
)
def test_a_missing_name_says_what_is_near(dt, place, name, near):
    module = dt
    for part in filter(None, place.split(".")):
        module = getattr(module, part)
    with pytest.raises(AttributeError) as info:
        getattr(module, name)
    text = str(info.value)
    assert f"has no attribute '{name}'" in text
    assert near in text
    assert "docs/coverage.md" in text


def test_sources_of_integers_are_refused_where_they_cannot_be_right(tf):
    x = tf.Variable([1, 2])
    with tf.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x) is None


def test_steps_of_slices_are_not_zero(tf):
    x = tf.ones((2, 3))
    for index in (np.s_[::0], np.s_[:, ::0]):
        place = 0 if isinstance(index, slice) else 1
        text = f"strides[{place}] must be non-zero [Op:StridedSlice] name: strided_slice/"
        assert invalid(tf, lambda index=index: x[index]) == text


def test_numbers_that_do_not_fit_what_is_there(tf):
    x = tf.ones((2, 3))
    text = "Input shape axis 0 must equal 3, got shape [2,3] [Op:Unpack] name: unstack"
    assert invalid(tf, lambda: tf.unstack(x, num=3)) == text
    with pytest.raises(ValueError, match="Dimensions 2 and 3 are not compatible"):
        tf.repeat([1, 2], [1, 2, 3])
    text = "Expected multiples[1] >= 0, but got -1 [Op:Tile]"
    assert invalid(tf, lambda: tf.repeat([1, 2], -1)) == text
    text = "partitions[1] = 5 is not in [0, 2) [Op:DynamicPartition]"
    assert text in invalid(tf, lambda: tf.dynamic_partition([1, 2], [0, 5], 2))
    assert "5 is not between 0 and 2" in invalid(tf, lambda: tf.math.invert_permutation([0, 5]))
    assert "0 is duplicated in the input." in invalid(
        tf, lambda: tf.math.invert_permutation([0, 0])
    )
    text = "Need minval < maxval, got 5 >= 5 [Op:StatelessRandomUniformIntV2] name: "
    assert invalid(tf, lambda: tf.random.stateless_uniform((2,), [1, 2], 5, 5, tf.int32)) == text
    assert "Input arr must be non-negative!" in invalid(tf, lambda: tf.math.bincount([-1]))
    text = "Input 0: [2] != input 1: [3] [Op:AddN] name: "
    assert invalid(tf, lambda: tf.add_n([tf.ones(2), tf.ones(3)])).endswith(text)
    text = "Requires start <= limit when delta > 0: 1/-1"
    assert text in invalid(tf, lambda: tf.linspace(0.0, 1.0, -1))
    assert tf.linspace(0.0, 1.0, 0).shape == (0,)
    text = "Cross-products are only defined for 3-element vectors."
    cross = message(
        tf, tf.errors.FailedPreconditionError, lambda: tf.linalg.cross([1.0, 2.0], [3.0, 4.0])
    )
    assert text in cross


def test_batch_jacobians_have_an_axis_besides_the_batch(tf):
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        z = y[:, None] * tf.ones((2, 1))
    for target in (y, z):
        with pytest.raises(ValueError, match=r"Shape \(2,\) must have rank at least 2"):
            tape.batch_jacobian(target, x)


def test_a_triangle_with_a_zero_on_its_diagonal_has_no_finite_solution(tf):
    found = tf.linalg.triangular_solve(tf.zeros((2, 2)), tf.ones((2, 1))).numpy()
    assert np.isinf(found[0, 0])
    assert np.isnan(found[1, 0])


def test_shapes_of_weights_are_tensor_shapes(tf):
    layer = tf.keras.layers.Dense(2)
    layer.build((None, 3))
    assert repr([w.shape for w in layer.weights]) == "[TensorShape([3, 2]), TensorShape([2])]"
