"""Graphs of functions, and lowered code held against the primitives themselves."""

import dataclasses

import numpy as np

from dualtape.compiler.graph import Call, Graph, check, program
from dualtape.compiler.lowering import lower
from dualtape.core.aval import Aval
from dualtape.core.tensor import Tensor
from dualtape.core.tracing import trace


def graph_of(f, *avals):
    """The graph of a function that returns a list of values (or of Arrays, inside a trace)."""
    p = trace(lambda *xs: [v.value if isinstance(v, Tensor) else v for v in f(*xs)], *avals)
    known = dict(zip(p.inputs, avals, strict=True))
    constants = {}
    for v, x in p.constants.items():
        x = np.asarray(x)
        constants[v] = x if x.ndim else x[()]
        known[v] = Aval(x.shape, x.dtype)
    for i in p.instructions:
        made = i.primitive.aval(*[known[v] for v in i.operands], **i.params)
        known.update(zip(i.results, made if i.primitive.outputs != 1 else (made,), strict=True))
    table = [known.get(v, Aval((), np.dtype(bool))) for v in range(max(known) + 1)]
    return check(Graph(table, p.inputs, constants, p.instructions, p.outputs))


def of_calls(calls):
    """A graph of independent calls, (primitive, operand arrays, params) each; all results are outputs."""
    avals, inputs, made, outputs, arrays = [], [], [], [], []
    for primitive, operands, params in calls:
        numbers = []
        for x in operands:
            numbers.append(len(avals))
            avals.append(Aval(x.shape, x.dtype))
            arrays.append(x)
        inputs += numbers
        out = primitive.aval(*[avals[v] for v in numbers], **params)
        results = []
        for a in out if primitive.outputs != 1 else (out,):
            results.append(len(avals))
            avals.append(a)
        made.append(Call(primitive, tuple(numbers), params, tuple(results)))
        outputs += results
    return check(Graph(avals, tuple(inputs), {}, tuple(made), tuple(outputs))), arrays


def updating(graph, outputs, targets):
    """The graph with its later outputs written into inputs instead."""
    pairs = zip([graph.inputs[t] for t in targets], graph.outputs[outputs:], strict=True)
    return check(dataclasses.replace(graph, outputs=graph.outputs[:outputs], updates=tuple(pairs)))


def agree(got, want, rtol=None, what=""):
    """Assert that arrays are alike: same shape and dtype, NaN where NaN is."""
    want = np.asarray(want)
    assert (got.shape, got.dtype) == (want.shape, want.dtype), what
    if want.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, want, what)
        return
    rtol = rtol or (3e-5 if want.dtype.itemsize == 4 else 1e-10)
    size = np.abs(want[np.isfinite(want)]).max(initial=1e-3)
    np.testing.assert_allclose(got, want, rtol, rtol * size, err_msg=what)


def held(graph, arrays, rtol=None):
    """Run a graph both ways and compare outputs and updated inputs; returns what was lowered."""
    lowered = lower(graph)
    with np.errstate(all="ignore"):
        want = program(graph)(*[x.copy() for x in arrays])
    own = [np.array(x) for x in arrays]
    got = lowered.call(own)
    places = {v: k for k, v in enumerate(graph.inputs)}
    got += [own[places[t]] for t, _ in graph.updates]
    for x, w in zip(got, want, strict=True):
        agree(x, w, rtol, str(graph)[:2000])
    return lowered


def hold(f, *arrays, rtol=None):
    """`held` for a function."""
    return held(graph_of(f, *[Aval(x.shape, x.dtype) for x in arrays]), arrays, rtol)
