"""Properties of random programs: broadcasting, nesting, in-place writes, and both modes agree."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dualtape.core import modes
from dualtape.core.backward import gradients
from dualtape.core.forward import Dual, ForwardMode
from dualtape.core.inplace import write
from dualtape.core.tensor import Tensor
from dualtape.ops import arithmetic as a
from dualtape.ops.exponential import exp, log1p
from dualtape.ops.reduce import sum as total
from dualtape.ops.trigonometric import sin, tanh

UNARY = [sin, tanh, a.neg, a.square, lambda x: exp(sin(x)), lambda x: log1p(a.square(x))]
BINARY = [
    a.add,
    a.sub,
    a.mul,
    lambda x, y: a.div(x, a.square(y) + 1.0),
    lambda x, y: a.mul(sin(x), y),
]

shapes = hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3)
programs = st.lists(
    st.tuples(
        st.integers(0, len(UNARY) - 1),
        st.integers(0, len(BINARY) - 1),
        st.integers(0, 2),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def run(program, leaves, in_place=True):
    """A scalar from a few operands, by a list of (unary, binary, operand, write in place)."""
    x = leaves[0]
    for u, b, k, written in program:
        x = BINARY[b](UNARY[u](x), leaves[k])
        if written and in_place and isinstance(x, Tensor):
            write(x, UNARY[u])
        elif written:
            x = UNARY[u](x)
    return total(x)


def numbers(shape, seed):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


@settings(max_examples=150, deadline=None)
@given(shapes, programs, st.integers(0, 1000))
def test_reverse_equals_forward_equals_the_out_of_place_program(shapes, program, seed):
    values = [numbers(s, seed + i) for i, s in enumerate(shapes.input_shapes)]
    dots = [numbers(s, seed + 7 + i) for i, s in enumerate(shapes.input_shapes)]

    def reverse(in_place):
        leaves = [Tensor(v.copy()) for v in values]
        for t in leaves:
            t.require_grad()
        out = run(program, leaves, in_place)
        grads = gradients([(out.edge, np.ones(()))], [t.edge for t in leaves])
        return out.value, [
            np.zeros(v.shape) if g is None else g for g, v in zip(grads, values, strict=True)
        ]

    with np.errstate(all="ignore"):
        y, grads = reverse(True)
        y2, grads2 = reverse(False)
        np.testing.assert_allclose(y, y2, rtol=1e-12)
        with modes.deeper() as level:
            mode = ForwardMode(level)
            out = run(program, [Dual(mode, v, d) for v, d in zip(values, dots, strict=True)])
            mode.open = False
    tangent = out.tangent if isinstance(out, Dual) else 0.0
    if np.isfinite(tangent) and np.isfinite(y):
        for g, g2, v in zip(grads, grads2, values, strict=True):
            assert g.shape == v.shape
            np.testing.assert_allclose(g, g2, rtol=1e-9, atol=1e-12)
        want = sum(float(np.sum(g * d)) for g, d in zip(grads, dots, strict=True))
        np.testing.assert_allclose(float(tangent), want, rtol=1e-7, atol=1e-9)
