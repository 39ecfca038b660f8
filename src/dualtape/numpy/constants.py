"""NumPy's functions whose results have no derivative, and why: NumPy computes them on the numbers."""

from __future__ import annotations

from .functions import INT_OUTPUT, SHAPE, TEXT, without_derivative

without_derivative(
    INT_OUTPUT,
    "all any allclose array_equal array_equiv argmax argmin argpartition argsort argwhere count_nonzero digitize "
    "flatnonzero nonzero isclose isin iscomplex isreal isneginf isposinf lexsort nanargmax nanargmin searchsorted "
    "linalg.matrix_rank ravel_multi_index unravel_index packbits "
    "unpackbits ix_ "
    "is_busday busday_count busday_offset",
)
without_derivative(
    SHAPE,
    "shape ndim size result_type can_cast common_type min_scalar_type iscomplexobj isrealobj ones_like zeros_like "
    "empty_like shares_memory may_share_memory einsum_path tril_indices_from triu_indices_from diag_indices_from",
)
without_derivative(
    TEXT,
    "array2string array_repr array_str save savez savez_compressed savetxt datetime_as_string",
)
