"""Which primitives are lowered: a list, so that one that loses its lowering is noticed."""

import numpy as np
import pytest

from dualtape.compiler.graph import Call, Graph
from dualtape.compiler.lowering import lower
from dualtape.testing.samples import every_primitive, every_sample

pytest.importorskip("llvmlite")

CALLED = """
cofactor_curve complex eig eigvals fft_c2c fft_c2r fft_r2c fractional_indices view_as_complex
view_as_real
"""


def lowered(dtype="float32"):
    """Names of primitives of which some sample needs no call of NumPy."""
    found = set()
    for s in every_sample():
        if s.primitive.name in found:
            continue
        operands = [np.asarray(v) for v in s.make(dtype)]
        n = len(operands)
        try:
            avals = [s.primitive.aval(*operands, **s.params)]
        except Exception:
            continue
        avals = list(avals[0]) if s.primitive.outputs != 1 else avals
        from_to = tuple(range(n)), tuple(range(n, n + len(avals)))
        call = Call(s.primitive, from_to[0], s.params, from_to[1])
        given = [type(avals[0])(x.shape, x.dtype) for x in operands]
        if not lower(Graph([*given, *avals], from_to[0], {}, (call,), from_to[1])).callbacks:
            found.add(s.primitive.name)
    return found


def test_which_primitives_numpy_runs():
    every = {s.primitive.name for s in every_sample()} | set(every_primitive())
    assert sorted(every - lowered()) == CALLED.split()
