"""What must hold of every random program: the ways of differentiating it agree with each other and with numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..ops import complex as co
from ..ops.reduce import sum as total
from ..transforms import grad, jvp, vmap
from ..transforms.surface import lift
from ..trust.numeric import differences, inner, moved, size, slope
from ..trust.safe import safe_gradients
from .programs import Program

Array = np.ndarray[Any, Any]


class BrokenLaw(AssertionError):
    """A law that does not hold; the message has the program."""


def arrays(values: Sequence[Any]) -> list[Array]:
    """Results of transformations as arrays."""
    return [np.asarray(v.value if isinstance(v, Tensor) else v) for v in values]


def agree(
    got: Sequence[Any], want: Sequence[Any], rtol: float, what: str, slack: float = 0.0
) -> None:
    """Assert that two lists of arrays agree, relative to the larger."""
    got, want = arrays(got), arrays(want)
    for k, (g, w) in enumerate(zip(got, want, strict=True)):
        if g.shape != w.shape:
            raise BrokenLaw(f"{what}: number {k} has shape {g.shape}, expected {w.shape}")
        off, scale = size([g - w]), max(1.0, size(want), size(got))
        if not off <= rtol * scale + slack:
            raise BrokenLaw(
                f"{what}: number {k} is off by {off:.3g} on a scale of {scale:.3g}\n got {g}\nwant {w}"
            )


def compare(got: list[Array], at: Callable[[float], list[Array]], rtol: float, what: str) -> None:
    """Assert that a derivative is the difference quotient of a path at 0; one step mostly says so."""
    want = [(4 * n - w) / 3 for n, w in zip(slope(at, 5e-5), slope(at, 1e-4), strict=True)]
    if size([g - w for g, w in zip(got, want, strict=True)]) <= rtol * max(1.0, size(want)):
        return
    careful = differences(lambda t: at(t * 0.1))  # short steps: a kink may be near
    agree(got, [10 * w for w in careful.slopes], rtol, what, 100 * careful.error)


class Case:
    """A program at a point, and a random direction."""

    def __init__(self, program: Program, inputs: Sequence[Array], seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.program = program
        self.inputs = [np.asarray(x) for x in inputs]
        self.v = [self._random(rng, x) for x in self.inputs]
        self.numbers = tuple(range(len(self.inputs)))
        self.gradient: Callable[..., tuple[Any, ...]] = grad(program.loss, self.numbers)
        self.found = arrays(self.gradient(*self.inputs))

    @staticmethod
    def _random(rng: np.random.Generator, x: Array) -> Array:
        a = np.asarray(rng.uniform(-1, 1, x.shape))
        return a + 1j * rng.uniform(-1, 1, x.shape) if x.dtype.kind == "c" else a

    def loss(self, values: Sequence[Any], loops: bool = False) -> list[Array]:
        """The program's loss, as a list of one."""
        return arrays([self.program.loss(*values, loops=loops)])


def gradients_have_the_form_of_inputs(case: Case) -> None:
    """One gradient per input, of its shape and dtype."""
    for g, x in zip(case.found, case.inputs, strict=True):
        if (g.shape, g.dtype) != (x.shape, x.dtype):
            raise BrokenLaw(f"the gradient of a {x.dtype}{x.shape} is a {g.dtype}{g.shape}")


def forward_is_reverse(case: Case) -> None:
    """<gradient, v> is the pushforward of v."""
    _, slope = jvp(case.program.loss, tuple(case.inputs), tuple(case.v))
    agree([inner(case.found, case.v)], [slope], 1e-9, "reverse against forward")


def reverse_is_numeric(case: Case) -> None:
    """<gradient, v> is the difference quotient along v."""
    compare(
        [np.asarray(inner(case.found, case.v))],
        lambda t: case.loss(moved(case.inputs, case.v, t)),
        1e-6,
        "reverse against differences",
    )


def vmap_is_a_loop(case: Case) -> None:
    """Wherever the program uses vmap, a Python loop gives the same value and gradient."""
    loop = grad(lambda *xs: case.program.loss(*xs, loops=True), case.numbers)
    agree(case.loss(case.inputs), case.loss(case.inputs, loops=True), 1e-10, "vmap against loop")
    agree(case.found, loop(*case.inputs), 1e-8, "the gradient of vmap against that of a loop")


def batch_of_gradients_is_a_loop(case: Case) -> None:
    """Vmap of the gradient of the whole program."""
    other = [0.9 * x + 0.03 for x in case.inputs]
    together = vmap(case.gradient)(*[np.stack(p) for p in zip(case.inputs, other, strict=True)])
    second = arrays(case.gradient(*other))
    want = [np.stack(p) for p in zip(case.found, second, strict=True)]
    if all(np.isfinite(w).all() for w in want):
        agree(together, want, 1e-8, "vmap of grad against a loop")


def hessian_is_symmetric(case: Case) -> None:
    """Forward over reverse gives H v, reverse over reverse its transpose times v; and the numbers H v too."""
    xs, v = tuple(case.inputs), tuple(case.v)
    hv = arrays(jvp(case.gradient, xs, v)[1])
    if size(hv) > 1e7:
        return
    twice = grad(lambda *ys: product(case.gradient(*ys), v), case.numbers)
    agree(twice(*xs), hv, 1e-8, "reverse over reverse against forward over reverse")
    compare(
        hv,
        lambda t: arrays(case.gradient(*moved(xs, v, t))),
        1e-5,
        "second order against differences",
    )


def product(gs: Sequence[Any], v: Sequence[Array]) -> Any:
    """Re<g, v> in operations that can be differentiated."""
    out: Any = 0.0
    for g, d in zip(gs, v, strict=True):
        out = total(co.real(lift(g) * np.conj(d))) + out
    return out


def single_precision_is_close(case: Case) -> None:
    """The same gradient from inputs in single precision."""
    narrow = [x.astype(np.complex64 if x.dtype.kind == "c" else np.float32) for x in case.inputs]
    got = case.gradient(*narrow)
    for g, x in zip(arrays(got), narrow, strict=True):
        if g.dtype != x.dtype:
            raise BrokenLaw(f"the gradient of a {x.dtype} is a {g.dtype}")
    exact = arrays(
        case.gradient(*[x.astype(y.dtype) for x, y in zip(narrow, case.inputs, strict=True)])
    )
    if size(exact) < 1e4:
        agree(got, exact, 2e-2, "single against double precision")


def unmasked_gradients_are_not_touched(case: Case) -> None:
    """Looking after masked cotangents changes nothing where none is NaN (but perhaps the order of a sum)."""
    for enabled in (False, True):
        with safe_gradients(enabled):
            got = case.gradient(*case.inputs)
        agree(got, case.found, 1e-13, f"gradients with safe_gradients({enabled})")


LAWS: tuple[Callable[[Case], None], ...] = (
    gradients_have_the_form_of_inputs,
    forward_is_reverse,
    reverse_is_numeric,
    vmap_is_a_loop,
    batch_of_gradients_is_a_loop,
    hessian_is_symmetric,
    single_precision_is_close,
    unmasked_gradients_are_not_touched,
)


def check_program(program: Program, inputs: Sequence[Array]) -> None:
    """Hold a program against all laws.

    Raises:
        BrokenLaw: One does not hold.
    """
    with np.errstate(all="ignore"):
        case = Case(program, inputs)
        for law in LAWS:
            law(case)
