"""Transformations nest in every order: all pairs and triples of them, on a sample of functions, against numbers."""

import gc
import hashlib
import itertools
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from dualtape.core import boxes, modes
from dualtape.core.batching import open_batches
from dualtape.ops import exponential as ex
from dualtape.ops import trigonometric as tr
from dualtape.ops.compare import gt
from dualtape.ops.index import getitem
from dualtape.ops.matmul import matmul
from dualtape.ops.norms import logsumexp, vector_norm
from dualtape.ops.products import cumprod
from dualtape.ops.reduce import sum as total
from dualtape.ops.select import maximum, where
from dualtape.ops.shape import stack
from dualtape.ops.softmax import softmax
from dualtape.transforms import (
    grad,
    hessian,
    hvp,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
    vmap,
)

POINT = np.array([0.7, -0.4])
W = np.array([0.8, -1.3])  # a cotangent
D = np.array([0.6, 1.1])  # a direction
S = np.array([0.5, 1.0])  # a batch of factors
A = np.array([[0.9, -0.3], [0.4, 1.2]])

# --- functions of two numbers to two numbers, on dualtape's values and on NumPy's long doubles ----------


FUNCTIONS = {
    "sin": (tr.sin, np.sin),
    "exp": (lambda x: ex.exp(x * 0.7), lambda x: np.exp(x * 0.7)),
    "cube": (lambda x: x**3, lambda x: x * x * x),
    "rational": (lambda x: x / (x * x + 1.0), lambda x: x / (x * x + 1)),
    "reduction": (lambda x: x * total(x * x), lambda x: x * np.sum(x * x)),
    "softmax": (lambda x: softmax(x) * x, lambda x: np.exp(x) / np.sum(np.exp(x)) * x),
    "matmul": (lambda x: tr.sin(matmul(A, x)), lambda x: np.sin(A.astype(x.dtype) @ x)),
    "where": (
        lambda x: where(gt(x, 0.0), tr.sin(x), x * x * x),
        lambda x: np.where(x > 0, np.sin(x), x * x * x),
    ),
    "maximum": (lambda x: maximum(x * x, x), lambda x: np.maximum(x * x, x)),
    "index": (
        lambda x: stack([getitem(x, 1) * getitem(x, 0), tr.tanh(getitem(x, 0))]),
        lambda x: np.stack([x[1] * x[0], np.tanh(x[0])]),
    ),
    "cumprod": (lambda x: cumprod(x + 2.0), lambda x: np.cumprod(x + 2)),
    "norms": (
        lambda x: x * vector_norm(x) + logsumexp(x),
        lambda x: x * np.sqrt(np.sum(x * x)) + np.log(np.sum(np.exp(x))),
    ),
}

# --- transformations, each as a map of such functions to such functions ---------------------------------


def by_vmap(f):
    return lambda x: total(vmap(lambda s: f(x * s))(S), 0)


TRANSFORMS = {
    "grad": lambda f: grad(lambda x: total(f(x) * W)),
    "jvp": lambda f: lambda x: jvp(f, (x,), (D,))[1],
    "vmap": by_vmap,
    "jacfwd": lambda f: lambda x: matmul(jacfwd(f)(x), D),
    "jacrev": lambda f: lambda x: matmul(W, jacrev(f)(x)),
    "vjp": lambda f: lambda x: vjp(f, x)[1](W)[0],
    "linearize": lambda f: lambda x: linearize(f, x)[1](D),
}


STEP = np.longdouble("2e-3")


def along(f, x, d):
    """The derivative of f along d: the five-point formula, of order h**4."""
    h = STEP
    return (8 * (f(x + h * d) - f(x - h * d)) - (f(x + 2 * h * d) - f(x - 2 * h * d))) / (12 * h)


def pushed(f):
    return lambda x: along(f, x, D.astype(x.dtype))


def pulled(f):
    return lambda x: np.stack([np.sum(along(f, x, e) * W) for e in np.eye(2, dtype=x.dtype)])


NUMERIC = {
    "grad": pulled,
    "jvp": pushed,
    "vmap": lambda f: lambda x: f(x * x.dtype.type(0.5)) + f(x),
    "jacfwd": pushed,
    "jacrev": pulled,
    "vjp": pulled,
    "linearize": pushed,
}

PAIRS = list(itertools.product(TRANSFORMS, repeat=2))
TRIPLES = list(itertools.product(TRANSFORMS, repeat=3))
NAMES = list(FUNCTIONS)


def compare(chain, name):
    ours, reference = FUNCTIONS[name]
    for t in chain:
        ours, reference = TRANSFORMS[t](ours), NUMERIC[t](reference)
    got = np.asarray(ours(POINT))
    want = reference(POINT.astype(np.longdouble)).astype(float)
    assert got.shape == want.shape, (chain, name)
    np.testing.assert_allclose(
        got, want, rtol=1e-5, atol=1e-6, err_msg=f"{' of '.join(reversed(chain))} of {name}"
    )


@pytest.mark.parametrize("outer", TRANSFORMS)
def test_every_pair_on_every_function(outer):
    for chain in (p for p in PAIRS if p[1] == outer):
        for name in NAMES:
            compare(chain, name)


@pytest.mark.parametrize("outer", TRANSFORMS)
def test_every_triple(outer):
    for k, chain in enumerate(TRIPLES):
        if chain[2] == outer:
            compare(chain, NAMES[k % len(NAMES)])


# --- perturbation confusion ------------------------------------------------------------------------------
# Siskind and Pearlmutter, "Perturbation confusion and referential transparency", IFL 2005.


DERIVATIVES = {
    "grad": lambda f, x: grad(f)(x),
    "jvp": lambda f, x: jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f, x: vjp(f, x)[1](1.0)[0],
    "jacfwd": lambda f, x: jacfwd(f)(x),
    "jacrev": lambda f, x: jacrev(f)(x),
    "linearize": lambda f, x: linearize(f, x)[1](1.0),
}


@pytest.mark.parametrize("outer", DERIVATIVES)
@pytest.mark.parametrize("inner", DERIVATIVES)
def test_an_inner_derivative_does_not_see_the_outer_perturbation(outer, inner):
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    assert d(lambda x: x * e(lambda y: x + y, 1.0), 1.0) == 1.0
    assert d(lambda x: x * e(lambda y: x * y, 2.0), 3.0) == 6.0
    assert d(lambda x: e(lambda y: x * y * y, x), 3.0) == 12.0
    assert d(lambda x: e(lambda y: x, 1.0) * 1.0 + x, 3.0) == 1.0
    np.testing.assert_allclose(
        d(lambda x: e(lambda y: tr.sin(x * y), x) * x, 0.5),
        2 * 0.5 * np.cos(0.25) - 2 * 0.5**3 * np.sin(0.25),
    )


@pytest.mark.parametrize("outer", DERIVATIVES)
@pytest.mark.parametrize("inner", DERIVATIVES)
def test_nor_does_it_under_vmap(outer, inner):
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    xs = np.array([1.0, 2.0])
    np.testing.assert_array_equal(
        vmap(lambda x: d(lambda u: u * e(lambda y: u * y * x, 2.0), x))(xs), 2 * xs * xs
    )
    got = d(lambda u: total(vmap(lambda x: e(lambda y: u * y * x, x) * u)(xs)), 3.0)
    assert got == 2 * 3.0 * 3.0


def test_three_levels_keep_apart():
    def f(x):
        return grad(lambda y: y * grad(lambda z: x * y * z * z)(x))(x)

    # d/dz = 2xyz at z = x: 2x^2 y; y * that: 2x^2 y^2; d/dy at x: 4x^3 and, in x, 12x^2
    value = f(2.0)
    assert getattr(value, "value", value) == 4 * 2.0**3
    assert grad(f)(2.0) == 12 * 2.0**2
    assert jvp(f, (2.0,), (1.0,))[1] == 12 * 2.0**2


def test_a_function_may_close_over_what_another_transformation_holds():
    seen = {}

    def f(x):
        seen["g"] = grad(lambda y: x * y)
        return seen["g"](x) * x

    assert grad(f)(3.0) == 6.0
    assert hessian(lambda x: f(x))(3.0) == 2.0
    _, h = hvp(lambda x: f(x) * x, (3.0,), (1.0,))
    assert h == 6 * 3.0


# --- exceptions --------------------------------------------------------------------------------------------


class Mine(Exception):
    pass


def fails(*xs):
    raise Mine


@pytest.mark.parametrize(
    "run",
    [
        lambda f: grad(f)(1.0),
        lambda f: value_and_grad(f)(1.0),
        lambda f: jvp(f, (1.0,), (1.0,)),
        lambda f: vjp(f, 1.0),
        lambda f: vmap(f)(S),
        lambda f: jacfwd(f)(POINT),
        lambda f: jacrev(f)(POINT),
        lambda f: hessian(f)(POINT),
        lambda f: linearize(f, 1.0),
        lambda f: grad(lambda x: jvp(lambda y: total(vmap(f)(y)), (x,), (x,))[1])(POINT),
        lambda f: vmap(lambda x: linearize(grad(f), x)[1](1.0))(POINT),
    ],
)
def test_an_exception_leaves_no_state_behind(run):
    def state():
        return modes.current(), modes.depth(), open_batches.get(), boxes.open_trace.get()

    before = state()
    with pytest.raises(Mine):
        run(fails)
    assert state() == before
    with modes.switched(on=modes.NO_GRAD):
        during = state()
        with pytest.raises(Mine):
            run(fails)
        assert state() == during
    assert grad(tr.sin)(0.0) == 1.0


# --- threads, memory, repeatability --------------------------------------------------------------------------


def workload(k):
    """Second-order derivatives of everything, from a point of its own."""
    x = POINT + 0.01 * k
    parts = []
    for name in NAMES:
        f = FUNCTIONS[name][0]
        parts.append(hessian(lambda y, f=f: total(f(y) * W))(x))
        parts.append(jacrev(lambda y, f=f: jvp(f, (y,), (D,))[1])(x))
        parts.append(vmap(grad(lambda y, f=f: total(f(y) * W)))(np.stack([x, -x])))
    return np.concatenate([np.ravel(p) for p in parts])


def test_eight_threads_compute_what_one_does():
    serial = [workload(k) for k in range(8)]
    found, errors = {}, []
    start = threading.Barrier(8)

    def work(k):
        try:
            start.wait()
            found[k] = [workload(k) for _ in range(2)]
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    for k in range(8):
        for got in found[k]:
            np.testing.assert_array_equal(got, serial[k])


STEPS = int(os.environ.get("DUALTAPE_MEMORY_STEPS", "300"))


@pytest.mark.parametrize(
    "step",
    [
        lambda x: hvp(lambda y: total(tr.sin(y) * y), (x,), (D,)),
        lambda x: grad(lambda y: total(grad(lambda z: total(z * z * z))(y) * W))(x),
        lambda x: vmap(grad(lambda s: total(tr.sin(x * s))))(S),
        lambda x: linearize(grad(lambda y: total(ex.exp(y))), x)[1](D),
    ],
    ids=["hvp", "reverse over reverse", "vmap of grad", "linearize"],
)
def test_memory_stays_flat_without_the_garbage_collector(step, cycles):
    for _ in range(20):
        step(POINT)
    gc.collect()
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        for _ in range(STEPS):
            step(POINT)
        found = cycles()  # which also empties the interpreter's lists of free objects
        grown = sys.getallocatedblocks() - before
    finally:
        gc.enable()
    assert not found
    assert grown < 100, f"{grown} blocks after {STEPS} steps"


PROGRAM = """
import hashlib, sys
sys.path.insert(0, {folder!r})
import test_nesting
print(hashlib.sha256(test_nesting.workload(0).tobytes()).hexdigest())
"""


def test_the_same_bits_whatever_the_hash_seed():
    digests = set()
    for seed in ("0", "1"):
        program = PROGRAM.format(folder=os.path.dirname(__file__))
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )  # fmt: skip
        digests.add(run.stdout.strip())
    own = hashlib.sha256(workload(0).tobytes()).hexdigest()
    assert digests == {own}
