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
from .gather import (
    boolean_mask,
    gather,
    gather_nd,
    scatter_nd,
    tensor_scatter_nd_add,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_update,
    where,
)
from .indexed_slices import IndexedSlices
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
from .shapes import TensorShape, TensorSpec
from .shaping import (
    broadcast_dynamic_shape,
    broadcast_static_shape,
    broadcast_to,
    concat,
    cumsum,
    expand_dims,
    identity,
    meshgrid,
    pad,
    parallel_stack,
    reshape,
    reverse,
    roll,
    slice,
    split,
    squeeze,
    stack,
    strided_slice,
    tile,
    transpose,
    unstack,
)
from .symbolic import gradients
from .tape import GradientTape
from .tensor import EagerTensor as Tensor
from .variable import Variable

newaxis = None
__version__ = "2.21.0"

# What is imported when it is first asked for: eagerly it would take three times as long.
_LAZY = frozenset({
    "autodiff", "config", "data", "debugging", "keras", "linalg", "math", "nn", "random", "strings",
})  # fmt: skip

# The modules that hold the other names, or know them by another one.
_ELSEWHERE = {
    "Assert": "debugging.Assert",
    "TensorArray": "tensor_array.TensorArray",
    "add_n": "special.add_n",
    "argsort": "sorting.argsort",
    "as_string": "strings.as_string",
    "atan2": "special.atan2",
    "case": "control.case",
    "cond": "control.cond",
    "constant_initializer": "keras.initializers.Constant",
    "dynamic_partition": "sorting.dynamic_partition",
    "dynamic_stitch": "sorting.dynamic_stitch",
    "foldl": "control.foldl",
    "foldr": "control.foldr",
    "group": "control.group",
    "histogram_fixed_width": "sorting.histogram_fixed_width",
    "initializers": "keras.initializers",
    "losses": "keras.losses",
    "map_fn": "control.map_fn",
    "metrics": "keras.metrics",
    "norm": "linalg.norm",
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
    "searchsorted": "sorting.searchsorted",
    "sort": "sorting.sort",
    "switch_case": "control.switch_case",
    "truncatediv": "special.truncatediv",
    "tuple": "control.tuple_",
    "unique": "sorting.unique",
    "unique_with_counts": "sorting.unique_with_counts",
    "vectorized_map": "control.vectorized_map",
    "while_loop": "control.while_loop",
    "zeros_initializer": "keras.initializers.Zeros",
}


def executing_eagerly() -> _bool:
    """True: there are no graphs, not in `tf.function` either."""
    return True


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
