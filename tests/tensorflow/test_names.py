"""Which names are there, and what importing costs."""

import subprocess
import sys

import pytest

# What real programs use most, in that order; the layers of Keras but for Dense aside.
NAMES = """
constant float32 Variable reduce_mean reduce_sum matmul reshape shape cast zeros ones int32
GradientTape nn.relu nn.softmax transpose concat keras.Model keras.layers.Dense keras.Sequential
expand_dims Tensor convert_to_tensor square sqrt exp math.log random.normal random.uniform
random.set_seed stack tile range zeros_like ones_like function data.Dataset keras.optimizers.Adam
keras.optimizers.SGD keras.losses TensorShape TensorSpec gather gather_nd where equal squeeze split
unstack argmax maximum minimum abs reduce_max reduce_min reduce_prod reduce_all reduce_any sigmoid
tanh nn.sigmoid nn.tanh nn.conv2d nn.max_pool2d nn.bias_add nn.dropout nn.embedding_lookup
nn.l2_loss nn.moments nn.batch_normalization nn.sigmoid_cross_entropy_with_logits
nn.softmax_cross_entropy_with_logits nn.sparse_softmax_cross_entropy_with_logits linalg.eye
linalg.inv linalg.det linalg.solve linalg.cholesky linalg.svd linalg.eigh linalg.qr linalg.norm
linalg.diag linalg.diag_part linalg.trace linalg.matmul linalg.band_part linalg.matvec einsum
tensordot norm cumsum math.cumprod clip_by_value clip_by_norm clip_by_global_norm stop_gradient
custom_gradient identity one_hot eye fill linspace meshgrid pad slice strided_slice boolean_mask
scatter_nd tensor_scatter_nd_update sort argsort unique searchsorted repeat reverse roll logical_and
logical_or logical_not greater less greater_equal less_equal not_equal add subtract multiply divide
pow negative sign floor round math.ceil math.floormod math.reduce_std math.reduce_variance
math.reduce_logsumexp math.top_k math.erf math.lgamma math.digamma math.real math.imag math.conj
math.angle complex sin cos tan asin acos atan atan2 sinh cosh math.segment_sum
math.unsorted_segment_sum math.bincount math.confusion_matrix math.is_nan math.is_inf math.is_finite
debugging.assert_equal debugging.check_numerics errors.InvalidArgumentError print cond while_loop
case map_fn scan foldl vectorized_map TensorArray Module nest.map_structure nest.flatten name_scope
device control_dependencies init_scope executing_eagerly is_tensor IndexedSlices
UnconnectedGradients autodiff.ForwardAccumulator config.list_physical_devices dtypes.as_dtype
as_dtype bool string complex64 float16 float64 bfloat16 uint8 int64 newaxis random.stateless_normal
random.stateless_uniform random.Generator random.shuffle random.categorical random.truncated_normal
signal.fft bitwise.bitwise_and strings.join keras.initializers keras.regularizers keras.metrics.Mean
keras.activations keras.callbacks keras.utils.to_categorical keras.backend
keras.losses.MeanSquaredError keras.layers.Layer
""".split()  # noqa: SIM905 - a list of quoted names is harder to read


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_there(tf, name):
    found = tf
    for part in name.split("."):
        found = getattr(found, part)
    assert found is not None or name == "newaxis"


def test_a_name_is_listed(dt):
    assert {"constant", "keras", "linalg", "sort", "while_loop"} <= set(dir(dt))


def test_importing_leaves_the_rest_for_later():
    code = (
        "import sys, dualtape.tensorflow as tf; t = tf.constant([1.0]) + 1.0\n"
        "late = ['keras', 'data', 'random', 'nn', 'linalg', 'convolutions', 'sorting', 'signal']\n"
        "print([n for n in late if 'dualtape.tensorflow.' + n in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert out.stdout.strip() == "[]"
