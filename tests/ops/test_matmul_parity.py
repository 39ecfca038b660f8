"""Products of matrices, affine maps and einsum against PyTorch."""

import random

import numpy as np
import pytest

from dualtape.core.backward import gradients
from dualtape.core.tensor import Tensor, wrap
from dualtape.ops import affine, contraction, matmul
from dualtape.ops.einsum import einsum

torch = pytest.importorskip("torch")
F = torch.nn.functional

DTYPES = ("float32", "float64", "complex128")


def numbers(rng, dtype, *s):
    a = rng.standard_normal(s)
    if np.dtype(dtype).kind == "c":
        a = a + 1j * rng.standard_normal(s)
    return np.asarray(a, dtype)


MATMUL = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 2, 3), (3, 4)),
    ((2, 3), (4, 3, 2)),
    ((2, 2, 3), (2, 3, 4)),
    ((2, 1, 2, 3), (4, 3, 2)),
    ((2, 2, 3), (3,)),
    ((3,), (2, 3, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 2)),
    ((2, 3, 0), (0, 4)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("s", "t"), MATMUL)
def test_matmul(against_torch, rng, dtype, s, t):
    against_torch(matmul.matmul, torch.matmul, numbers(rng, dtype, *s), numbers(rng, dtype, *t))


@pytest.mark.parametrize("dtype", DTYPES)
def test_named_products(against_torch, rng, dtype):
    x, y, v, w = (numbers(rng, dtype, *s) for s in ((2, 3), (3, 2), (3,), (3,)))
    against_torch(matmul.mm, torch.mm, x, y)
    against_torch(matmul.mv, torch.mv, x, v)
    against_torch(matmul.dot, torch.dot, v, w)
    against_torch(matmul.vdot, torch.vdot, v, w)
    against_torch(matmul.outer, torch.outer, v, w)
    against_torch(matmul.bmm, torch.bmm, numbers(rng, dtype, 2, 2, 3), numbers(rng, dtype, 2, 3, 1))
    against_torch(contraction.inner, torch.inner, x, numbers(rng, dtype, 2, 2, 3))
    against_torch(contraction.kron, torch.kron, x, numbers(rng, dtype, 2, 1, 2))
    against_torch(
        lambda x, y: contraction.tensordot(x, y, (0, 2), (1, 0)),
        lambda x, y: torch.tensordot(x, y, ((0, 2), (1, 0))),
        numbers(rng, dtype, 2, 3, 4), numbers(rng, dtype, 4, 2, 2),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_affine_maps(against_torch, rng, dtype):
    w, b = numbers(rng, dtype, 4, 3), numbers(rng, dtype, 4)
    for s in ((2, 3), (3,), (2, 2, 3), (0, 3)):
        against_torch(affine.linear, F.linear, numbers(rng, dtype, *s), w, b)
        against_torch(affine.linear, F.linear, numbers(rng, dtype, *s), w)
    x, y = numbers(rng, dtype, 2, 3), numbers(rng, dtype, 3, 4)
    for s in ((2, 4), (4,), (1, 4), ()):
        against_torch(affine.addmm, torch.addmm, numbers(rng, dtype, *s), x, y)
    against_torch(
        lambda b, x, y: affine.addmm(b, x, y, beta=0.5, alpha=-2),
        lambda b, x, y: torch.addmm(b, x, y, beta=0.5, alpha=-2), b, x, y,
    )  # fmt: skip


def test_a_bias_times_zero_does_not_count(against_torch, rng):
    x, y = numbers(rng, "float64", 2, 3), numbers(rng, "float64", 3, 4)
    against_torch(
        lambda b, x, y: affine.addmm(b, x, y, beta=0),
        lambda b, x, y: torch.addmm(b, x, y, beta=0), np.full(4, np.nan), x, y,
    )  # fmt: skip


def test_half_precision_is_added_up_in_single(rng):
    x = np.full((1, 4096), 1.0, np.float16)
    y = np.full((4096, 1), 0.01, np.float16)
    want = np.float16(4096 * np.float32(np.float16(0.01)))
    assert matmul.matmul(x, y).dtype == np.float16
    assert matmul.matmul(x, y)[0, 0] == want
    assert affine.linear(x, y.T, np.zeros(1, np.float16))[0, 0] == want
    assert einsum("ij,jk->", x, y) == want
    assert matmul.matmul(x[None], y[None])[0, 0, 0] == want


def test_infinities_and_nan_pass(against_torch):
    x = np.array([[np.inf, 1.0], [np.nan, -1.0]])
    y = np.array([[1.0, 0.0], [2.0, -np.inf]])
    against_torch(matmul.mm, torch.mm, x, y, order=1)


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 2.0, 3.0, np.inf])
def test_distances(against_torch, rng, p):
    x, y = numbers(rng, "float64", 3, 4), numbers(rng, "float64", 2, 4)
    against_torch(
        lambda x, y: contraction.cdist(x, y, p), lambda x, y: torch.cdist(x, y, p), x, y, order=1
    )


def test_equal_rows_have_no_gradient(against_torch):
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    against_torch(contraction.cdist, torch.cdist, x, x[:1], order=1)


class Equation:
    """Random equations: repeated letters, axes of length 1 that broadcast, ellipses, any output."""

    def __init__(self, seed):
        pick = random.Random(seed)
        letters = "abcdeAB"
        size = {c: pick.choice((1, 2, 3, 2, 3)) for c in letters}
        dots = [pick.choice((1, 2, 3)) for _ in range(pick.randrange(3))]
        inputs, self.shapes = [], []
        for _ in range(pick.choice((1, 1, 2, 2, 2, 3, 4))):
            text = [pick.choice(letters) for _ in range(pick.randrange(4))]
            own = {}
            s = [own.setdefault(c, size[c] if pick.random() < 0.9 else 1) for c in text]
            if dots and pick.random() < 0.4:
                some = [n if pick.random() < 0.8 else 1 for n in dots[pick.randrange(len(dots)) :]]
                at = pick.randrange(len(text) + 1)
                text, s = [*text[:at], "...", *text[at:]], [*s[:at], *some, *s[at:]]
            inputs.append("".join(text))
            self.shapes.append(tuple(s))
        self.text = ",".join(inputs)
        if pick.random() < 0.8:
            out = sorted(set(self.text) - set(",."))
            pick.shuffle(out)
            out = out[: pick.randrange(len(out) + 1)]
            if "..." in self.text and pick.random() < 0.8:
                out.insert(pick.randrange(len(out) + 1), "...")
            self.text += "->" + "".join(out)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("seed", range(3))
def test_any_equation(rng, seed, dtype):
    for number in range(150):
        equation = Equation(1000 * seed + number)
        arrays = [numbers(rng, dtype, *s) for s in equation.shapes]
        real = [torch.tensor(a).requires_grad_() for a in arrays]
        ours = [wrap(Tensor, a) for a in arrays]
        for x in ours:
            x.require_grad()
        want = torch.einsum(equation.text, *real)
        got = einsum(equation.text, *ours)
        where = f"{equation.text} {equation.shapes}"
        assert got.shape == tuple(want.shape), where
        np.testing.assert_allclose(got.value, want.detach().numpy(), atol=1e-9, err_msg=where)
        ct = numbers(rng, dtype, *got.shape)
        for g, h in zip(
            gradients([(got.edge, ct)], [x.edge for x in ours]),
            torch.autograd.grad(want, real, torch.tensor(ct)),
            strict=True,
        ):
            np.testing.assert_allclose(g, h.numpy(), atol=1e-9, err_msg=where)


def test_einsum_has_every_order(against_torch, rng):
    for equation, *shapes in (
        ("bi,oij,bj->bo", (2, 3), (4, 3, 2), (2, 2)),
        ("ij,jk,kl", (2, 3), (3, 2), (2, 2)),
        ("iij->j", (2, 2, 3)),
    ):
        against_torch(
            lambda *xs, e=equation: einsum(e, *xs),
            lambda *xs, e=equation: torch.einsum(e, *xs),
            *[numbers(rng, "complex128", *s) for s in shapes],
        )


def test_einsum_of_one_operand_is_a_view(rng):
    x = wrap(Tensor, numbers(rng, "float64", 3, 3))
    assert einsum("ii->i", x).view_of.base is x
    assert einsum("ij->ji", x).view_of.base is x


X = np.zeros((3, 4))
V = X[0]


def malformed(equation, *operands):
    return (
        lambda: einsum(equation, *operands),
        lambda: torch.einsum(equation, *[torch.from_numpy(o) for o in operands]),
    )


ERRORS = [
    (lambda: matmul.matmul(X, X), lambda: torch.from_numpy(X) @ torch.from_numpy(X)),
    (lambda: matmul.matmul(X, V[:3]), lambda: torch.from_numpy(X) @ torch.from_numpy(V[:3])),
    (lambda: matmul.matmul(V, V[:3]), lambda: torch.from_numpy(V) @ torch.from_numpy(V[:3])),
    (lambda: matmul.matmul(V, X), lambda: torch.from_numpy(V) @ torch.from_numpy(X)),
    (lambda: matmul.matmul(X, V[0]), lambda: torch.from_numpy(X) @ torch.tensor(1.0).double()),
    (
        lambda: matmul.matmul(np.zeros((2, 3, 4)), np.zeros((3, 4, 3))),
        lambda: torch.zeros(2, 3, 4) @ torch.zeros(3, 4, 3),
    ),
    (
        lambda: matmul.matmul(np.zeros((2, 3, 4)), np.zeros((2, 3, 3))),
        lambda: torch.zeros(2, 3, 4) @ torch.zeros(2, 3, 3),
    ),
    (lambda: matmul.mm(X, V), lambda: torch.from_numpy(X).mm(torch.from_numpy(V))),
    (lambda: matmul.dot(X, X), lambda: torch.from_numpy(X).dot(torch.from_numpy(X))),
    (lambda: matmul.bmm(X, X), lambda: torch.from_numpy(X).bmm(torch.from_numpy(X))),
    (
        lambda: matmul.bmm(X[None], X[None]),
        lambda: torch.from_numpy(X)[None].bmm(torch.from_numpy(X)[None]),
    ),
    (
        lambda: affine.linear(X, X[:, :2]),
        lambda: F.linear(torch.from_numpy(X), torch.from_numpy(X[:, :2])),
    ),
    (
        lambda: affine.addmm(X, X, X.T),
        lambda: torch.addmm(*map(torch.from_numpy, (X, X, X.T))),
    ),
    malformed("ij,jk", X, X),
    malformed("ijk", X),
    malformed("ij->ijk", X),
    malformed("ii", X),
    malformed("ij,jk->ii", X, X.T),
    malformed("i$", X),
    malformed("ij,ij", X),
    malformed("ij", X, X),
    malformed("i...j...", X),
    malformed("i.j", X),
    malformed("ij->ij->", X),
]


@pytest.mark.parametrize(("ours", "theirs"), ERRORS)
def test_errors_are_pytorchs(ours, theirs):
    with pytest.raises(RuntimeError) as expected:
        theirs()
    with pytest.raises(RuntimeError) as found:
        ours()
    assert str(expected.value).splitlines()[0] in str(found.value)
