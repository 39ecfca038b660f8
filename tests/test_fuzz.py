"""Random programs, held against the laws of `dualtape.testing.laws`.

The suite runs a few, the same every time. `make fuzz` runs 20,000 new ones, in as many parts as there are workers;
DUALTAPE_FUZZ is how many.
"""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dualtape.torch as torch
from dualtape.ops import complex as co
from dualtape.ops.compare import gt
from dualtape.ops.exponential import sqrt
from dualtape.ops.moments import var
from dualtape.ops.reduce import sum as total
from dualtape.ops.select import where
from dualtape.ops.trigonometric import sin
from dualtape.testing.laws import check_program
from dualtape.testing.program_steps import STEPS
from dualtape.testing.programs import Program, Step, random_inputs, random_program
from dualtape.transforms import checkpoint, fori_loop, grad, hvp, jacrev, jvp, vjp, vmap

WANTED = int(os.environ.get("DUALTAPE_FUZZ", "0"))
PARTS = 2 if WANTED else 1
EXAMPLES = WANTED // PARTS if WANTED else 100


@dataclass
class Case:
    """A program and its inputs, printed so that it can be read."""

    program: Program
    inputs: list[Any]

    def __repr__(self):
        inputs = "\n".join(f"v{i} = {x!r}" for i, x in enumerate(self.inputs))
        return f"\n{inputs}\n{self.program}\n"


@st.composite
def cases(draw):
    def choose(n):
        return draw(st.integers(0, n - 1)) if n > 1 else 0

    inputs = random_inputs(choose)
    return Case(random_program(choose, inputs, length=5), inputs)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_programs(part):
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=not WANTED,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def holds(case):
        check_program(case.program, case.inputs)

    holds()


# --- found by random programs -------------------------------------------------------------------------


def test_a_cotangent_that_comes_after_a_batched_one_is_not_lost():
    """Two arrays were added up in place, a batched value came to them, and what came next went nowhere."""

    def f(x):
        flat = total(co.real(x) * 2.0)
        return flat + total(x * x) + flat + total(co.real(x) * 3.0) + total(co.real(x) * 5.0)

    def many(x):
        parts = [
            total(co.real(x) * 2.0),
            total(co.real(x) * 3.0),
            total(x * x),
            total(co.real(x) * 5.0),
        ]
        out = parts[0]
        for p in parts[1:]:
            out = out + p
        return out

    x = np.array([[1.0, 2.0], [3.0, 5.0]])
    for g in (f, many):
        np.testing.assert_allclose(vmap(grad(g))(x), np.stack([grad(g)(r) for r in x]))


@pytest.mark.parametrize("axes", [None, ()])
def test_the_variance_of_a_number(axes):
    x = np.float64(2.0)
    assert var(x, axes, correction=0) == 0.0
    assert var(np.array(2.0), axes, correction=0) == 0.0
    assert grad(lambda t: var(t, axes, correction=0))(2.0) == 0.0


def test_masked_cotangents_are_looked_after_under_two_batches():
    """Whether a cotangent was zero everywhere was asked of the inner batch as if there were no outer one."""
    write = Program(1, (Step("write view", (0,), {"index": (slice(2, 5, 1),)}),))
    inner = Program(1, (Step("jacrev", (0,), {}, write),))
    program = Program(1, (Step("linearize", (0, 0), {}, inner),))
    check_program(program, [np.array([0.42 - 0.6j, 0.96 + 0.45j, -1.12 + 0.64j])])

    def f(x):
        return total(where(gt(x, 0.0), sqrt(x) * x, x))

    x = np.array([[-1.0, 4.0], [9.0, 0.0]])
    got = vmap(jacrev(grad(f)))(x)
    want = np.stack([jacrev(grad(f))(row) for row in x])
    assert np.isfinite(want).all()
    np.testing.assert_allclose(got, want)


def test_an_array_is_written_into_a_tensor_inside_a_transformation():
    """Outside of transformations arrays went straight into the memory; inside they were taken for tensors."""
    index = (slice(0, 1, 1), slice(2, 5, 2))
    program = Program(1, (Step("assign", (0, 0), {"index": index}),))
    constant = np.arange(3.0).reshape(1, 3)
    _, slope = jvp(lambda x: program(constant) * x, (1.0,), (1.0,))
    np.testing.assert_array_equal(slope, [[0.0, 1.0, 6.0]])


SCALAR = {
    "grad": lambda z: grad(square_sum)(z),
    "vjp": lambda z: vjp(sin, z)[1](np.array([0.5, -1.0]))[0],
    "hvp": lambda z: hvp(square_sum, (z,), (np.array([0.5, -1.0]),))[1],
    "jacrev": lambda z: jacrev(sin)(z),
    "descent": lambda z: fori_loop(0, 2, lambda i, u: u - grad(square_sum)(u) * 0.1, z),
    "vmap of grad": vmap(grad(lambda s: sin(s) * s)),
    "in-place writes": lambda z: STEPS["write with"].run(z, z),
}


def square_sum(u):
    return total(sin(u) ** 2)


@pytest.mark.parametrize("name", SCALAR)
def test_a_checkpointed_function_may_take_gradients_and_write_in_place(name):
    """What the inner pass asked for was computed again while the first run was going on."""
    f = SCALAR[name]
    x, d = np.array([1.0, 2.0]), np.array([0.3, 0.7])

    def plain(z):
        return total(f(z) * 1.5)

    def kept(z):
        return total(checkpoint(f)(z) * 1.5)

    np.testing.assert_allclose(grad(kept)(x), grad(plain)(x))
    np.testing.assert_allclose(jvp(kept, (x,), (d,))[1], jvp(plain, (x,), (d,))[1])
    for a, b in zip(hvp(kept, (x,), (d,)), hvp(plain, (x,), (d,)), strict=True):
        np.testing.assert_allclose(a, b)


def test_a_residual_overwritten_in_a_checkpoint_is_an_error_there_too():
    def f(x):
        y = x * 1.0
        s = torch.sin(y)
        y.mul_(2.0)
        return (s * y).sum()

    x = torch.tensor([0.5, 1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        f(x).backward()
    out = checkpoint(f)(x)
    with pytest.raises(RuntimeError, match="written to in place"):
        out.backward()


def test_an_unbroken_program_is_run_as_it_is_written():
    program = Program(1, (Step("sin", (0,), {}), Step("mul", (0, 1), {})))
    np.testing.assert_allclose(program(np.array([1.0, 2.0])), [np.sin(1.0), 2 * np.sin(2.0)])
    assert str(program) == "v1 = sin(v0)\nv2 = mul(v0, v1)"


def test_random_programs_take_no_jacobian_of_a_real_function_of_complex_numbers():
    """The generator did, and the error that says so was taken for a failure of the law."""
    x = np.array([1.0 + 2.0j])
    for seed in range(400):
        rng = np.random.default_rng(seed)
        program = random_program(lambda n, rng=rng: int(rng.integers(n)), [x], length=5)
        with np.errstate(all="ignore"):
            program(x)
