"""TensorFlow's API on dualtape's engine: `import dualtape.tensorflow as tf`.

A tensor is one of the engine's; `tf.GradientTape` is a view of the engine's recording. A name that is
missing raises AttributeError with the nearest ones.
"""
# ruff: noqa: F401 - this module is the namespace

import importlib
from builtins import bool as _bool
from types import ModuleType
from typing import Any

from ..core.missing import missing_attribute
from ..core.tracing import capture as _capture
from . import dtypes, errors, nest
from .arithmetic import absolute as abs
from .arithmetic import (
    add,
    divide,
    equal,
    floordiv,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    multiply,
    negative,
    not_equal,
    pow,
    realdiv,
    subtract,
    truediv,
    truncatemod,
)
from .convert import constant, convert_to_tensor
from .creation import (
    eye,
    fill,
    linspace,
    one_hot,
    ones,
    ones_like,
    range,
    rank,
    sequence_mask,
    shape,
    shape_n,
    size,
    zeros,
    zeros_like,
)
from .custom_gradient import custom_gradient, grad_pass_through, recompute_grad, stop_gradient
from .dtype import (
    DType,
    as_dtype,
    bfloat16,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint16,
    qint32,
    quint8,
    quint16,
    resource,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)
from .dtype import bool_ as bool
from .elementwise import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    cast,
    complex,
    cos,
    cosh,
    exp,
    floor,
    round,
    saturate_cast,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    tanh,
)
from .enums import (
    AggregationMethod,
    UnconnectedGradients,
    VariableAggregation,
    VariableSynchronization,
)
from .function import function
from .gather import boolean_mask, gather, gather_nd, where
from .indexed_slices import IndexedSlices
from .joining import concat, meshgrid, parallel_stack, split, stack, unstack
from .module import Module
from .names import control_dependencies, device, init_scope, name_scope
from .nn_norms import (
    clip_by_global_norm,
    clip_by_norm,
    clip_by_value,
    maximum,
    minimum,
)
from .products import einsum, matmul, tensordot
from .reductions import (
    argmax,
    argmin,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
)
from .scanning import cumsum
from .shapes import TensorShape, TensorSpec
from .shaping import (
    broadcast_dynamic_shape,
    broadcast_static_shape,
    broadcast_to,
    expand_dims,
    identity,
    pad,
    reshape,
    reverse,
    roll,
    slice,
    squeeze,
    strided_slice,
    tile,
    transpose,
)
from .symbolic import gradients
from .tape import GradientTape
from .tensor import EagerTensor as Tensor
from .variable import Variable

newaxis = None
__version__ = "2.21.0"

# What is imported when it is first asked for: eagerly it would take three times as long.
_LAZY = frozenset({
    "autodiff", "autograph", "bitwise", "config", "data", "debugging", "keras", "linalg", "math", "nn", "random", "signal",
    "strings",
})  # fmt: skip

# The modules that hold the other names, or know them by another one.
_ELSEWHERE = {
    "Assert": "debugging.Assert",
    "TensorArray": "tensor_array.TensorArray",
    "add_n": "special.add_n",
    "argsort": "sorting.argsort",
    "as_string": "strings.as_string",
    "assert_equal": "debugging.assert_equal",
    "assert_greater": "debugging.assert_greater",
    "assert_less": "debugging.assert_less",
    "assert_rank": "debugging.assert_rank",
    "atan2": "special.atan2",
    "batch_to_space": "blocks.batch_to_space",
    "bitcast": "small.bitcast",
    "case": "control.case",
    "cond": "control.cond",
    "constant_initializer": "keras.initializers.Constant",
    "dynamic_partition": "sorting.dynamic_partition",
    "dynamic_stitch": "sorting.dynamic_stitch",
    "eig": "linalg.eig",
    "eigvals": "linalg.eigvals",
    "ensure_shape": "small.ensure_shape",
    "foldl": "control.foldl",
    "foldr": "control.foldr",
    "get_logger": "logs.get_logger",
    "get_static_value": "small.get_static_value",
    "group": "control.group",
    "guarantee_const": "shaping.identity",
    "histogram_fixed_width": "sorting.histogram_fixed_width",
    "identity_n": "small.identity_n",
    "initializers": "keras.initializers",
    "inside_function": "small.inside_function",
    "is_symbolic_tensor": "small.is_symbolic_tensor",
    "losses": "keras.losses",
    "map_fn": "control.map_fn",
    "metrics": "keras.metrics",
    "no_op": "small.no_op",
    "norm": "matrix_parts.norm",
    "numpy_function": "control.numpy_function",
    "ones_initializer": "keras.initializers.Ones",
    "optimizers": "keras.optimizers",
    "print": "print_function.print",
    "py_function": "control.py_function",
    "random_normal_initializer": "keras.initializers.RandomNormal",
    "random_uniform_initializer": "keras.initializers.RandomUniform",
    "repeat": "sorting.repeat",
    "reverse_sequence": "sorting.reverse_sequence",
    "scalar_mul": "special.scalar_mul",
    "scan": "control.scan",
    "scatter_nd": "scattering.scatter_nd",
    "searchsorted": "sorting.searchsorted",
    "sort": "sorting.sort",
    "space_to_batch": "blocks.space_to_batch",
    "space_to_batch_nd": "blocks.space_to_batch",
    "switch_case": "control.switch_case",
    "tensor_scatter_nd_add": "scattering.tensor_scatter_nd_add",
    "tensor_scatter_nd_max": "scattering.tensor_scatter_nd_max",
    "tensor_scatter_nd_min": "scattering.tensor_scatter_nd_min",
    "tensor_scatter_nd_sub": "scattering.tensor_scatter_nd_sub",
    "tensor_scatter_nd_update": "scattering.tensor_scatter_nd_update",
    "truncatediv": "special.truncatediv",
    "tuple": "control.tuple_",
    "unique": "sorting.unique",
    "unique_with_counts": "sorting.unique_with_counts",
    "unravel_index": "small.unravel_index",
    "vectorized_map": "control.vectorized_map",
    "version": "small.version",
    "while_loop": "control.while_loop",
    "zeros_initializer": "keras.initializers.Zeros",
}


def executing_eagerly() -> _bool:
    """Whether the running code computes; false in a `tf.function` while it is traced."""
    return _capture.get() is None


def is_tensor(x: Any) -> _bool:
    """Whether `x` is a tensor, a variable or a `tf.IndexedSlices`."""
    return isinstance(x, (Tensor, Variable, IndexedSlices))


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    place = _ELSEWHERE.get(name)
    if place is None:
        public = [n for n, v in globals().items() if not isinstance(v, ModuleType)]
        raise missing_attribute(__name__, name, {*public, *_LAZY, *_ELSEWHERE})
    module, _, attribute = place.rpartition(".")
    found = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_ELSEWHERE})
