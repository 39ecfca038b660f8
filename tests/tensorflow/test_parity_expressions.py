"""Lines of Python that mean the same in TensorFlow and in dualtape: results, their text, and errors.

Each line is evaluated with `tf` bound to either; what `repr` gives, or the error's type and message, must be
equal (numbers in it to a relative 1e-5). A line is a test of values, dtypes, shapes, printing and messages at once.
"""

import re
import warnings

import numpy as np
import pytest

import dualtape.tensorflow as ours

real = pytest.importorskip("tensorflow")

NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:e[-+]?\d+)?")

TENSORS = """
x + x
x + tf.constant([1., 2., 3.])
x + tf.constant([1, 2])
tf.constant([1, 2]) + x
tf.constant([1, 2]) + 1.5
tf.constant([1, 2]) * True
x + 1
x + np.array([1., 2.])
np.array([1., 2.]) + x
np.float64(2.0) * x
x * np.float64(2.)
tf.constant([1, 2]) + np.array([1., 2.])
tf.constant([1, 2]) + np.int64(2)
x + (1 + 2j)
x + [1, 2]
x + "a"
x + None
tf.constant([1, 2]) / 2
tf.constant([1, 2]) / tf.constant([2, 2])
tf.constant([7, -7]) // 2
tf.constant([7, -7]) % 3
tf.constant([1, 2]) ** 2
x ** 2
2 ** x
x ** -1
tf.constant([1, 2]) ** 2.5
tf.constant([1, 2]) ** -1
x @ x
-x
abs(-x)
x > 1
x == x
x == 1
x == tf.constant([1, 2])
x == None
x != None
x == "a"
x == tf.constant([1., 2., 3.])
x != tf.constant([1., 2., 3.])
x <= tf.constant([1, 2])
x < [1., 3.]
x & x
tf.constant([True]) & tf.constant([False])
tf.constant([6]) & tf.constant([3])
tf.constant([6]) ^ tf.constant([3])
tf.constant([True]) | True
~tf.constant([3])
~tf.constant([True])
1 - x
1 / x
2. // x
5 % x
tf.constant([5]) // tf.constant([0])
tf.constant([5]) % tf.constant([0])
tf.constant([5]) / tf.constant([0])
tf.constant(5.) / 0
bool(x)
bool(tf.constant(True))
bool(tf.constant([1]))
float(tf.constant(2.5))
int(tf.constant(2.5))
int(x)
complex(tf.constant(2.5))
len(x)
len(tf.constant(1.))
list(x)
list(tf.constant(1.))
hash(x)
x.numpy()
x.numpy().flags.writeable
np.asarray(x)
np.asarray(x).flags.writeable
np.array([tf.constant(1.), tf.constant(2.)])
np.sqrt(x)
np.sum(x)
np.mean(x)
np.add(x, x)
np.multiply(np.array([1., 2.]), x)
sum(x)
max(x)
range(tf.constant(3))
[1, 2, 3][tf.constant(1)]
x.shape
str(x.shape)
"%s" % x.shape
x.dtype
x.ndim
x.device
x.name
x.op
x.graph
x.reshape
x.T
x.get_shape()
x.shape.as_list()
x.ref()
x.ref() == x.ref()
x.ref().deref() is x
x.eval()
x.set_shape([2])
x.set_shape([3])
x.consumers()
x.cpu()
x.gpu()
x[0]
x[5]
x[-3]
x[0, 0]
x[1.5]
x['a']
x[tf.constant(1)]
x[tf.constant([0, 1])]
x[x > 1]
x[None]
x[..., None]
x[::-1]
x[tf.newaxis, :1]
x[np.array(1)]
x[True]
m[1, :]
m[:, -1]
m[..., 0]
m[0:1, 1:]
m[tf.constant(0):, 1]
m[m > 2]
f"{x}"
f"{tf.constant(1.5)}"
format(tf.constant(1.5), '.2f')
f"{x:.2f}"
"%f" % tf.constant(1.5)
"%d" % tf.constant(3)
str(x)
str(tf.constant(7.))
str(m)
isinstance(x, tf.Tensor)
isinstance(tf.Variable(1.), tf.Tensor)
tf.is_tensor(x)
tf.is_tensor(tf.Variable(1.))
tf.is_tensor(np.ones(2))
tf.executing_eagerly()
"""

CONSTANTS = """
tf.constant(1)
tf.constant(1.5)
tf.constant([1, 2])
tf.constant([1., 2])
tf.constant([1, 2.5])
tf.constant([True, 1])
tf.constant(1e40)
tf.constant(2 ** 40)
tf.constant([1, 2 ** 40])
tf.constant(2 ** 70)
tf.constant([1, 2], tf.float32)
tf.constant([1.5, 2], tf.int32)
tf.constant(np.array([1.5, 2]), tf.int32)
tf.constant(np.array([1.5, 2]))
tf.constant(x, tf.float64)
tf.constant("hi")
tf.constant(["hi", "b"])
tf.constant(b"abc")
tf.constant([1, 2, 3, 4], shape=[2, 2])
tf.constant(1, shape=[2, 2])
tf.constant([1.], shape=(3,))
tf.constant([1, 2, 3], shape=[2, 2])
tf.constant([[1, 2], [3]])
tf.constant(None)
tf.constant([])
tf.constant([[]])
tf.constant(1 + 2j)
tf.constant([1 + 1j, 2])
tf.constant({1, 2})
tf.constant(1, tf.complex64)
tf.constant(True, tf.float32)
tf.constant(1, tf.bool)
tf.constant(1.0, tf.bool)
tf.constant("a", tf.float32)
tf.constant(1, tf.string)
tf.constant(300, tf.uint8)
tf.constant(-1, tf.uint8)
tf.constant(np.array([300]), tf.uint8)
tf.constant(1e40, tf.float64)
tf.constant(float('inf'))
tf.constant(1.5, 'float64')
tf.constant(1.5, np.float16)
tf.constant(1.5, tf.bfloat16)
tf.constant(np.array(['a', 'b']))
tf.constant(np.array([1, 2], dtype=np.uint16))
tf.constant([np.float64(1.)])
tf.constant(np.float64(1.))
tf.constant([np.array([1., 2.]), np.array([1., 2.])])
tf.constant([np.float32(1.), 2.0])
tf.constant([2.0, np.float64(1.)])
tf.constant([np.int64(2)])
tf.constant((1., 2.))
tf.constant(range(3))
tf.convert_to_tensor(3, dtype_hint=tf.float32)
tf.convert_to_tensor(2.5, dtype_hint=tf.int32)
tf.convert_to_tensor(np.array([2.5]), dtype_hint=tf.int32)
tf.convert_to_tensor([tf.constant(1.), 2.])
tf.convert_to_tensor([tf.constant(1), 2.])
tf.convert_to_tensor([[tf.constant(1.), 2.], [3., tf.Variable(4.)]])
tf.convert_to_tensor([tf.constant([1., 2.]), [3., 4.]])
tf.convert_to_tensor([np.array([1., 2.]), tf.constant([3., 4.])])
tf.convert_to_tensor(x, dtype=tf.float64)
tf.convert_to_tensor([1.5], dtype=tf.int32)
tf.convert_to_tensor(tf.Variable(1.), dtype=tf.int32)
tf.convert_to_tensor({'a': 1})
tf.cast(x, tf.int32)
tf.cast(x, int)
tf.cast(x, float)
tf.cast(x, 'float64')
tf.cast(x, 'foo')
tf.cast(2.7, tf.int32)
tf.cast([1, 2], tf.complex64)
tf.cast(tf.constant([True, False]), tf.float32)
tf.saturate_cast([300., -5.], tf.uint8)
tf.zeros([2])
tf.zeros([2], tf.int32)
tf.zeros(2)
tf.zeros([-1])
tf.zeros(tf.shape(m))
tf.ones((2, 2), dtype='float64')
tf.zeros_like(m)
tf.ones_like(m, tf.float64)
tf.fill([2, 2], 3)
tf.fill([2, 2], 3.5)
tf.range(3)
tf.range(1., 3.)
tf.range(1, 10, 3)
tf.range(3, dtype=tf.float32)
tf.range(10, 1)
tf.range(1, 10, 0)
tf.range(10, 0, -3)
tf.range(0, 1, 0.25)
tf.linspace(0., 1., 5)
tf.linspace(0, 1, 5)
tf.eye(2)
tf.eye(2, 3, batch_shape=[2])
tf.one_hot([0, 2], 3)
tf.one_hot([0, 2], 3, on_value=5, off_value=1)
tf.one_hot([0, 5], 3)
tf.one_hot([[0, 1]], 2, axis=1)
tf.sequence_mask([1, 2], 3)
tf.shape(m)
tf.size(m)
tf.rank(m)
"""

DTYPES = """
tf.float32
str(tf.float32)
tf.float32 == np.float32
tf.float32 == 'float32'
tf.float32 == float
tf.float32 == None
tf.float32 == 3
tf.float32.name
tf.float32.size
tf.float32.max
tf.int32.min
tf.bool.max
tf.float32.limits
tf.int32.limits
tf.complex64.real_dtype
tf.float32.as_datatype_enum
tf.float32.as_numpy_dtype
tf.string.as_numpy_dtype
tf.bfloat16
tf.half is tf.float16
tf.as_dtype(np.int64)
tf.as_dtype(float)
tf.as_dtype(int)
tf.as_dtype(bool)
tf.as_dtype('half')
tf.qint8
np.dtype(tf.float32)
[d.is_floating for d in (tf.float16, tf.int32, tf.complex64, tf.bool)]
[d.is_integer for d in (tf.float16, tf.int32, tf.uint8, tf.bool)]
tf.TensorShape([1, None])
tf.TensorShape(None)
tf.TensorShape([1, None]) == [1, None]
tf.TensorShape([1, 2]) == (1, 2)
tf.TensorShape([1, 2]) == tf.TensorShape(None)
tf.TensorShape([1, 2]).num_elements()
tf.TensorShape([1, None]).num_elements()
tf.TensorShape([1, 2])[1:]
tf.TensorShape([1, 2])[5]
tf.TensorShape([1, 2]) + [3]
[3] + tf.TensorShape([1, 2])
tf.TensorShape([1, 2]).dims
tf.TensorShape(3)
tf.TensorShape([1, 2]).merge_with([1, None])
tf.TensorShape([1, 2]).merge_with([2, None])
tf.TensorShape([1, 2]).is_compatible_with([1, None])
tf.TensorShape(None).as_list()
tf.TensorShape([1, 2]).assert_has_rank(3)
tf.TensorShape([1, 2]).assert_is_compatible_with([1, 3])
tf.TensorShape(['a'])
len(tf.TensorShape(None))
bool(tf.TensorShape([]))
tuple(tf.TensorShape([1, 2]))
tf.TensorSpec([None, 2])
tf.TensorSpec([2], tf.int32, name='a')
tf.TensorSpec([None, 2], tf.float32).is_compatible_with(tf.ones([3, 2]))
tf.TensorSpec.from_tensor(tf.ones([2]))
tf.errors.InvalidArgumentError(None, None, 'msg').message
str(tf.errors.InvalidArgumentError(None, None, 'msg'))
tf.errors.OutOfRangeError(None, None, 'msg').error_code
tf.UnconnectedGradients.ZERO
"""

FUNCTIONS = """
tf.add(1, 2.5)
tf.add(1.5, 2)
tf.add(np.array([1., 2.]), [1, 2])
tf.add(np.array([1., 2.]), x)
tf.multiply(2, x)
tf.pow(2, 3)
tf.pow(2, 3.)
tf.maximum(1., 2)
tf.maximum(tf.constant(1.), tf.constant(2))
tf.minimum([1., 2.], [3.])
tf.truediv(tf.constant([1, 2]), 2)
tf.divide(1, 2)
tf.math.floordiv(-7, 2)
tf.math.mod(-7, 2)
tf.truncatediv(-7, 2)
tf.truncatemod(-7, 2)
tf.realdiv(1., 2.)
tf.sqrt(4)
tf.sqrt([True])
tf.exp(tf.constant(2))
tf.square(3)
tf.square(True)
tf.sin(1)
tf.abs(-3)
tf.abs(3 + 4j)
tf.abs(True)
tf.negative(True)
tf.sign(-3)
tf.round([0.5, 1.5, -2.5])
tf.floor([1.5, -1.5])
tf.math.log(2)
tf.math.log(-1.)
tf.sigmoid(1)
tf.math.angle(1j)
tf.math.real([1 + 2j])
tf.math.real(1.)
tf.complex(1., 2.)
tf.logical_and([True], [False])
tf.logical_and([1], [0])
tf.logical_not([True])
tf.equal([1], [1.])
tf.equal([1, 2], [1, 2, 3])
tf.reduce_sum([1, 2, 3])
tf.reduce_sum([[1., 2.], [3., 4.]], axis=1)
tf.reduce_sum([[1., 2.], [3., 4.]], axis=3)
tf.reduce_sum([[1., 2.], [3., 4.]], axis=[0, 1], keepdims=True)
tf.reduce_sum(tf.ones([2, 2]), axis=tf.constant(0))
tf.reduce_sum(tf.constant([True]))
tf.reduce_mean([1, 2, 4])
tf.reduce_mean([-1, -2, -4])
tf.reduce_mean(tf.constant([True]))
tf.reduce_max([1., 2.])
tf.reduce_max(tf.zeros([0]))
tf.reduce_min(tf.zeros([0, 2]), axis=0)
tf.reduce_all([True, False])
tf.reduce_all([1, 0])
tf.reduce_any([[True, False], [False, False]], axis=1)
tf.reduce_prod([[1, 2], [3, 4]], 0)
tf.math.reduce_variance([1, 2])
tf.math.reduce_std([1., 2.])
tf.math.count_nonzero([1, 0])
tf.argmax([1, 3, 2])
tf.argmax([[1, 3], [2, 0]], axis=1)
tf.argmax([[1, 3], [2, 0]], axis=1, output_type=tf.int32)
tf.argmax([[1, 3], [2, 0]], axis=2)
tf.argmin([3, 1, 2])
tf.matmul(x, x)
tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))
tf.matmul(tf.ones([2, 3]), tf.ones([3, 2], tf.float64))
tf.matmul(tf.ones([4, 2, 3]), tf.ones([5, 3, 2]))
tf.matmul([[1]], [[2]])
tf.matmul([[1]], [[2.]])
tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]), transpose_b=True)
tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]), transpose_a=True)
tf.linalg.matvec([[1., 2.], [3., 4.]], [1., 1.])
tf.transpose([[1, 2], [3, 4]])
tf.transpose(tf.ones([2, 3, 4]), [0, 2, 1]).shape
tf.transpose(tf.ones([2, 3, 4]), [0, 2])
tf.reshape([1, 2, 3, 4], [2, -1])
tf.reshape([1, 2, 3, 4], [3, -1])
tf.reshape([1, 2, 3, 4], [3])
tf.reshape([1, 2, 3, 4], [-1, -1])
tf.concat([[1, 2], [3]], 0)
tf.concat([[1, 2], [3.]], 0)
tf.concat([tf.ones([2, 2]), tf.ones([3, 2])], 1)
tf.concat([tf.ones([2, 2]), tf.ones([2])], 0)
tf.concat([tf.ones([2, 2]), tf.ones([2, 2])], 2)
tf.stack([1, 2])
tf.stack([tf.ones(2), tf.ones(3)])
tf.stack([tf.ones(2), tf.ones(2)], axis=5)
tf.unstack([[1, 2], [3, 4]])
tf.split(tf.range(6), 3)
tf.split(tf.range(6), 4)
tf.split(tf.range(6), [1, 2, 3])
tf.split(tf.range(6), [1, 2, 4])
tf.squeeze(tf.ones([1, 2, 1]))
tf.squeeze(tf.ones([1, 2, 1]), axis=1)
tf.expand_dims([1, 2], 5)
tf.expand_dims([1, 2], -1)
tf.broadcast_to([1, 2], [3, 2])
tf.broadcast_to([1, 2], [3, 3])
tf.tile([1, 2], [2])
tf.tile([1, 2], [2, 2])
tf.where([True, False], [1, 2], [3, 4])
tf.where([True, False], 1., 0.)
tf.where([[True, False], [True, True]])
tf.where([1, 0], 1., 0.)
tf.where([True, False], [1., 2.], [3, 4])
tf.where(tf.constant([True, False]), tf.constant([1., 2.]), tf.constant([3, 4]))
tf.where(tf.constant([True, False, True]), tf.constant([1., 2.]), tf.constant([3., 4.]))
tf.cumsum([1, 2, 3])
tf.cumsum([1, 2, 3], exclusive=True, reverse=True)
tf.cumsum([1, 2, 3], axis=1)
tf.math.cumprod([1, 2, 3], exclusive=True)
tf.gather([1, 2, 3], [0, 2])
tf.gather(tf.constant([1, 2, 3]), tf.constant([0, 5]))
tf.gather(tf.constant([1, 2, 3]), tf.constant([-1]))
tf.gather([1, 2, 3], 1.)
tf.gather([[1, 2, 3]], [0, 2], axis=1)
tf.gather([[1, 2], [3, 4]], [[0], [1]], batch_dims=1)
tf.gather_nd([[1, 2], [3, 4]], [[0, 0], [1, 1]])
tf.gather_nd(tf.constant([[1, 2], [3, 4]]), tf.constant([[0, 0], [1, 5]]))
tf.boolean_mask([1, 2, 3], [True, False, True])
tf.boolean_mask([1, 2, 3], [True, False])
tf.pad([[1, 2]], [[1, 1], [0, 1]])
tf.pad([[1, 2]], [[1, 1]])
tf.pad([1, 2, 3], [[1, 1]], 'REFLECT')
tf.pad([1, 2, 3], [[1, 1]], 'SYMMETRIC')
tf.pad([1, 2, 3], [[1, 1]], constant_values=9)
tf.slice([1, 2, 3], [1], [2])
tf.slice([1, 2, 3], [1], [-1])
tf.slice([1, 2, 3], [1], [5])
tf.reverse([1, 2, 3], [0])
tf.roll([1, 2, 3], 1, 0)
tf.repeat([1, 2], 2)
tf.repeat([1, 2], [1, 3])
tf.repeat([[1, 2], [3, 4]], 2, axis=1)
tf.meshgrid([1, 2], [3, 4])
tf.meshgrid([1, 2], [3, 4, 5], indexing='ij')
tf.sort([3, 1, 2])
tf.sort([3, 1, 2], direction='DESCENDING')
tf.argsort([3, 1, 2])
tf.unique([2, 1, 1, 2])
tf.searchsorted([1, 3, 5], [2])
tf.nn.top_k([1., 3., 2.], 2)
tf.nn.top_k([1., 3., 2.], 5)
tf.scatter_nd([[0], [2]], [1, 2], [4])
tf.tensor_scatter_nd_update([1, 2, 3], [[0]], [9])
tf.tensor_scatter_nd_add([1, 2, 3], [[0], [0]], [9, 1])
tf.math.segment_sum([1., 2., 3.], [0, 0, 1])
tf.math.segment_max([1., 2., 3.], [0, 0, 2])
tf.math.unsorted_segment_mean([1., 2., 3.], [0, 0, 1], 3)
tf.math.unsorted_segment_max([1., 2., 3.], [0, 0, 1], 3)
tf.math.bincount([1, 1, 2])
tf.math.confusion_matrix([1, 2], [1, 1])
tf.math.in_top_k([1], [[1., 2.]], 1)
tf.math.invert_permutation([2, 0, 1])
tf.reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3], seq_axis=1)
tf.dynamic_stitch([[0, 2], [1]], [[10, 30], [20]])
tf.dynamic_partition([1, 2, 3], [0, 1, 0], 2)
tf.histogram_fixed_width([1., 2.], [0., 5.], nbins=5)
tf.einsum('ij,jk->ik', tf.ones([2, 3]), tf.ones([3, 4])).shape
tf.einsum('ij,jk->ik', tf.ones([2, 3]), tf.ones([2, 4]))
tf.tensordot([1., 2.], [3., 4.], 1)
tf.tensordot(tf.ones([2, 3]), tf.ones([2, 4]), 1)
tf.norm([3., 4.])
tf.norm([[3., 4.]], ord=1, axis=1)
tf.norm([3, 4])
tf.clip_by_value([1., 5.], 2., 3.)
tf.clip_by_value([1, 5], 2, 3)
tf.clip_by_norm([3., 4.], 1.)
tf.clip_by_global_norm([tf.constant([3., 4.]), None], 1.)
tf.linalg.inv(tf.constant([[1., 2.], [2., 4.]]))
tf.linalg.inv(tf.constant([[1., 2.]]))
tf.linalg.det([[1., 2.], [3., 4.]])
tf.linalg.solve(tf.constant([[1., 2.], [2., 4.]]), tf.constant([[1.], [2.]]))
tf.linalg.cholesky([[4., 2.], [2., 3.]])
tf.linalg.trace([[1., 2.], [3., 4.]])
tf.linalg.diag([1., 2.])
tf.linalg.diag([1., 2.], k=1)
tf.linalg.diag_part([[1., 2.], [3., 4.]])
tf.linalg.band_part([[1., 2.], [3., 4.]], 0, -1)
tf.linalg.tensor_diag([1., 2.])
tf.linalg.set_diag(tf.ones([2, 2]), tf.constant([5., 6.]))
tf.linalg.cross([1., 0., 0.], [0., 1., 0.])
tf.add_n([tf.constant(1.), tf.constant(2.)])
tf.add_n([])
tf.nn.relu(-1)
tf.nn.relu(tf.constant([True]))
tf.nn.softmax([1, 2])
tf.nn.softmax(1.)
tf.nn.sigmoid_cross_entropy_with_logits(labels=[1., 2.], logits=[2.])
tf.nn.softmax_cross_entropy_with_logits(labels=tf.constant([[1., 0., 0.]]), logits=tf.constant([[2., 1.]]))
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.constant([5]), logits=tf.constant([[2., 1.]]))
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[0]], logits=[[2., 1.]])
tf.nn.bias_add(tf.ones([2, 3]), tf.ones([2]))
tf.nn.zero_fraction([0., 1.])
tf.debugging.assert_equal([1], [2])
tf.debugging.assert_less([1, 5, 3], [2, 2, 2], message='oh')
tf.debugging.check_numerics(tf.constant(float('nan')), 'msg')
tf.cond(tf.constant(True), lambda: 1, lambda: 2)
tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [tf.constant(0)])
tf.foldl(lambda a, v: a + v, tf.constant([1, 2, 3]))
tf.strings.as_string(1.5)
tf.strings.join(['a', 'b'])
tf.strings.format('{}', tf.constant([1]))
tf.broadcast_static_shape(tf.TensorShape([2, 1]), tf.TensorShape([3]))
tf.nest.flatten({'b': 1, 'a': [2, (3,)]})
tf.nest.map_structure(lambda v: v + 1, {'b': 1, 'a': [2, (3,)]})
tf.nest.pack_sequence_as([1, 2], [1])
"""

VARIABLES = """
tf.Variable([1., 2.], name="v")
str(tf.Variable([1., 2.], name="v"))
tf.Variable(1).name
tf.Variable(2., name='w').name
tf.Variable([1, 2], dtype=tf.float32)
tf.Variable([1.5, 2], dtype=tf.int32)
tf.Variable(tf.constant([1., 2.]), dtype=tf.float64)
tf.Variable(np.array([1., 2.]))
tf.Variable(lambda: tf.ones([2]))
tf.Variable()
tf.Variable("a")
tf.Variable(1., shape=tf.TensorShape(None))
tf.Variable([1., 2.], shape=[None])
tf.Variable([1., 2.], shape=[3])
v.assign([3., 4.])
v.assign_add([1., 1.])
v.assign_sub(tf.constant([1., 1.]))
v.assign([1., 2., 3.])
v.assign([1, 2])
v.assign(tf.constant([1, 2]))
v.assign(np.array([1., 2.]))
v.assign_add(tf.constant([1, 2]))
v.assign_add([1., 2., 3.])
v.assign_add(1.0)
v.assign_sub(tf.constant(2.0))
v.assign(['a', 'b'])
v.assign([5., 6.])
v.read_value()
v.value()
v.numpy()
v + 1
1 + v
v * v
v[0]
v[0].assign(7.)
v
-v
abs(v)
v == v
v ** 2
2 ** v
v > 1
v @ tf.ones([2, 2])
hash(v)
len(v)
[a for a in v]
bool(v)
float(tf.Variable(2.))
np.asarray(v)
v.shape
v.dtype
v.trainable
v.foo
v.op
v.initial_value
v.ref()
v.ref() == v.ref()
v.constraint
v.synchronization
v.aggregation
v.sparse_read([0])
v.gather_nd([0])
v.is_initialized()
v.scatter_sub(tf.IndexedSlices(tf.constant([1.]), tf.constant([0])))
v.scatter_update(tf.IndexedSlices(tf.constant([1.]), tf.constant([0])))
v.scatter_nd_add([[1]], [2.])
setattr(v, 'shape', 3)
~tf.Variable(True)
f"{tf.Variable(1.)}"
f"{tf.Variable(1.):.2f}"
"%.3f" % tf.Variable(1.5)
type(v)
__import__('copy').deepcopy(v)
"""


def run(line: str, names: dict) -> str:
    """What a line gives, or raises, as text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return repr(eval(line, names))
    except Exception as error:
        return f"!! {type(error).__name__}: {plain(str(error))}"


def plain(message: str) -> str:
    """An error's message without what depends on how the operation was called, or on the machine."""
    message = re.sub(r"\{\{function_node [^}]*\}\} ", "", message)
    message = re.sub(r"\n\t; NodeDef.*?>(?= \[Op:)", "\n\t; NodeDef", message, flags=re.DOTALL)
    message = re.sub(r"\n\t; NodeDef: \{\{node \w+\}\}(?= \[Op:)", "\n\t; NodeDef", message)
    message = message.replace(
        "property 'shape' of 'ResourceVariable' object has no setter", "no setter"
    )
    return message.removesuffix(" name: ")


def same(got: str, want: str) -> bool:
    if NUMBER.sub("#", got) != NUMBER.sub("#", want):
        return False
    pairs = zip(NUMBER.findall(got), NUMBER.findall(want), strict=True)
    return all(g == w or abs(float(g) - float(w)) <= 1e-5 * max(1, abs(float(w))) for g, w in pairs)


def names_for(tf) -> dict:
    return {
        "tf": tf, "np": np, "x": tf.constant([1.0, 2.0]), "m": tf.constant([[1, 2], [3, 4]]),
        "v": tf.Variable([1.0, 2.0], name="v"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "lines", [TENSORS, CONSTANTS, DTYPES, FUNCTIONS, VARIABLES],
    ids=["tensors", "constants", "dtypes", "functions", "variables"],
)  # fmt: skip
def test_lines_mean_the_same(lines):
    mine, theirs = names_for(ours), names_for(real)
    wrong = []
    for line in filter(None, lines.splitlines()):
        got, want = run(line, mine), run(line, theirs)
        if not same(got, want):
            wrong.append(f"{line}\n  got      {got}\n  expected {want}")
    assert not wrong, f"{len(wrong)} lines differ\n" + "\n".join(wrong)
