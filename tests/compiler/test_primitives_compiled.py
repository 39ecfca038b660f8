"""Every primitive's samples, all in one graph: native code, NumPy's plan and the primitive itself agree."""

import importlib.util
from collections import defaultdict

import numpy as np
import pytest

from dualtape.compiler.executable import executable
from dualtape.compiler.graph import Call, Graph, check
from dualtape.core.aval import aval_of
from dualtape.testing.samples import every_sample

BACKENDS = ["native", "numpy"] if importlib.util.find_spec("llvmlite") else ["numpy"]
ROWS = defaultdict(list)
for _row in every_sample():
    ROWS[_row.primitive.name].append(_row)


def gathered(rows):
    """A graph of every row's call in every dtype, its inputs, and the results of the primitive."""
    avals, inputs, constants, calls, outputs, arrays, wanted = [], [], {}, [], [], [], []
    for row in rows:
        for dtype in (*row.dtypes(), "float32"):
            operands = [np.ascontiguousarray(x) for x in row.make(dtype)]
            primitive = row.primitive
            try:
                with np.errstate(all="ignore"):
                    out = primitive.eval(*[x.copy() for x in operands], **row.params)
                made = primitive.aval(*[aval_of(x) for x in operands], **row.params)
            except (TypeError, ValueError, np.linalg.LinAlgError):
                continue  # not in this dtype
            made = made if primitive.outputs != 1 else (made,)
            first = len(avals)
            avals += [aval_of(x) for x in operands]
            numbers = tuple(range(first, len(avals)))
            results = tuple(range(len(avals), len(avals) + len(made)))
            avals += made
            inputs += numbers
            arrays += operands
            calls.append(Call(primitive, numbers, row.params, results))
            outputs += results
            wanted += [(row, np.asarray(o)) for o in (out if primitive.outputs != 1 else (out,))]
    return (
        check(Graph(avals, tuple(inputs), constants, tuple(calls), tuple(outputs))),
        arrays,
        wanted,
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ROWS)
def test_samples_compiled(name, backend):
    graph, arrays, wanted = gathered(ROWS[name])
    with np.errstate(all="ignore"):
        got = executable(graph, backend)(arrays)
    for g, (row, w) in zip(got, wanted, strict=True):
        assert (g.dtype, g.shape) == (w.dtype, w.shape), f"{row}"
        loose = 2e-5 if w.dtype.char in "fF" else 1e-2 if w.dtype.itemsize == 2 else 1e-11
        kind = np.complex128 if w.dtype.kind == "c" else np.float64
        np.testing.assert_allclose(
            g.astype(kind), w.astype(kind), rtol=loose, atol=loose * 10, err_msg=f"{row}"
        )
