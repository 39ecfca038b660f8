"""Derivatives inside of derivatives, compiled: by Python numbers, by constants, and by what is closed over."""

import numpy as np
import pytest

import dualtape as dt

C = np.array([1.0, 2.0])
T = np.array(3.0)

# A function of a number t, and its derivative at 3.
INNER = {
    "grad by the argument": (lambda t: dt.grad(lambda x: x**3)(t), 18.0),
    "vjp by the argument": (lambda t: dt.vjp(lambda x: x * x * t, t)[1](t)[0], 54.0),
    "grad by a number": (lambda t: dt.grad(lambda x: x * x * t)(2.0), 4.0),
    "vjp by a number": (lambda t: dt.vjp(lambda x: x * x * t, 2.0)[1](t)[0], 24.0),
    "vjp by an array": (lambda t: np.sum(dt.vjp(lambda x: x * x * t, C)[1](C)[0]), 10.0),
    "jacrev by an array": (lambda t: np.sum(dt.jacrev(lambda x: x * x * t)(C)), 6.0),
    "jvp by a number": (lambda t: dt.jvp(lambda x: x * x * t, (2.0,), (1.0,))[1], 4.0),
    "grad of a branch": (
        lambda t: dt.grad(lambda x: dt.cond(x > 0, lambda x: x * t * t, np.sin, x))(2.0),
        6.0,
    ),
}
CALLS = {
    "grad": lambda f: dt.grad(f)(3.0),
    "jit(grad), a number": lambda f: dt.jit(dt.grad(f))(3.0),
    "jit(grad), an array": lambda f: dt.jit(dt.grad(f))(T),
    "jit(jvp)": lambda f: dt.jit(lambda t: dt.jvp(f, (t,), (1.0,))[1])(3.0),
    "grad(jit)": lambda f: dt.grad(dt.jit(f))(3.0),
    "jit(jacfwd)": lambda f: dt.jit(dt.jacfwd(f))(3.0),
    "vmap(grad)": lambda f: dt.vmap(dt.grad(f))(T[None])[0],
    "jit(vmap(grad))": lambda f: dt.jit(dt.vmap(dt.grad(f)))(T[None])[0],
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("inner", INNER)
def test_derivatives_of_derivatives(inner, call):
    f, expected = INNER[inner]
    found = CALLS[call](f)
    assert isinstance(found, (np.ndarray, np.generic))  # no history of inner variables hangs on it
    np.testing.assert_allclose(found, expected)
