"""Indexing, gathering and scattering against PyTorch and NumPy."""

import random
from operator import getitem

import numpy as np
import pytest

from dualtape.core.backward import gradients
from dualtape.core.errors import InplaceError
from dualtape.core.tensor import Tensor, wrap
from dualtape.ops import assign, gather, index, lookup, masked, scatter_reduce, slices

torch = pytest.importorskip("torch")
F = torch.nn.functional

ANY = (RuntimeError, IndexError, ValueError, TypeError)  # whatever PyTorch raises

TRIALS = 400


class Draw:
    """Random indices: ints, slices, None, Ellipsis, arrays, masks and booleans in any order."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.pick = random.Random(seed)

    def shape(self):
        return tuple(self.pick.choice((1, 2, 3, 4, 4)) for _ in range(self.pick.randrange(5)))

    def index(self, shape):
        pick, items, d, dots = self.pick, [], 0, False
        common = pick.choice([(2,), (3, 1), (1,)])
        while d < len(shape):
            n, k = shape[d], pick.random()
            if k < 0.2:
                items.append(pick.randrange(-n, n))
            elif k < 0.4:
                ends = [None, *range(-n - 1, n + 2)]
                items.append(slice(pick.choice(ends), pick.choice(ends), pick.choice([None, 1, 2])))
            elif k < 0.5:
                items.append(None)
                continue
            elif k < 0.56 and not dots:
                items.append(...)
                dots = True
                d += pick.randrange(len(shape) - d + 1)
                continue
            elif k < 0.8:
                items.append(self.rng.integers(-n, n, pick.choice([common, common[-1:]])))
            elif k < 0.9:
                depth = pick.randrange(1, len(shape) - d + 1)
                items.append(self.rng.random(shape[d : d + depth]) < 0.6)
                d += depth
                continue
            elif k < 0.93:
                items.append(pick.random() < 0.5)
                continue
            else:
                break
            d += 1
        return tuple(items)


def as_torch(key):
    return tuple(torch.from_numpy(i) if isinstance(i, np.ndarray) else i for i in key)


def leaf(a):
    x = wrap(Tensor, np.array(a))
    x.require_grad()
    return x


def outcome(f, *args):
    try:
        return f(*args), None
    except Exception as error:  # whatever it is, the other side must agree
        return None, error


@pytest.mark.parametrize("seed", range(4))
def test_reading_is_pytorchs(seed):
    draw = Draw(seed)
    for _ in range(TRIALS):
        s = draw.shape()
        key = draw.index(s)
        x = draw.rng.standard_normal(s)
        real = torch.from_numpy(np.array(x)).requires_grad_()
        ours = leaf(x)
        want, error = outcome(getitem, real, as_torch(key))
        got, mine = outcome(index.getitem, ours, key)
        where = f"{s} {key}"
        if error is not None or mine is not None:
            assert isinstance(mine, type(error)), f"{where}: {mine!r}, torch {error!r}"
            continue
        assert tuple(want.shape) == got.shape, where
        np.testing.assert_array_equal(got.value, want.detach().numpy(), err_msg=where)
        assert (got.view_of is not None) == want._is_view() or not want.numel(), where
        ct = draw.rng.standard_normal(got.shape)
        (g,) = gradients([(got.edge, ct)], [ours.edge])
        (h,) = torch.autograd.grad(want, real, torch.from_numpy(np.array(ct)))
        np.testing.assert_allclose(g, h.numpy(), err_msg=where)


@pytest.mark.parametrize("seed", range(4, 6))
def test_reading_with_numpys_rules(seed):
    draw = Draw(seed)
    for _ in range(TRIALS):
        s = draw.shape()
        key = draw.index(s)
        x = draw.rng.standard_normal(s)
        want, error = outcome(getitem, x, key)
        got, mine = outcome(index.getitem, x, key, True)
        assert (error is None) == (mine is None), f"{s} {key}: {mine!r}, NumPy {error!r}"
        if error is None:
            np.testing.assert_array_equal(got, want, err_msg=f"{s} {key}")


@pytest.mark.parametrize("seed", range(6, 9))
def test_writing_is_pytorchs(seed):
    draw = Draw(seed)
    for _ in range(TRIALS):
        s = draw.shape()
        key = draw.index(s)
        x = draw.rng.standard_normal(s)
        places, error = outcome(index.getitem, np.arange(x.size).reshape(s), key)
        if error is not None:
            continue
        v = draw.rng.standard_normal(places.shape[draw.pick.randrange(places.ndim + 1) :])
        real, value = (torch.from_numpy(np.array(a)).requires_grad_() for a in (x, v))
        y = real * 2
        y[as_torch(key)] = value
        ours, mine = leaf(x), leaf(v)
        z = ours * 2.0
        assign.setitem(z, key, mine)
        where = f"{s} {key} {v.shape}"
        np.testing.assert_array_equal(z.value, y.detach().numpy(), err_msg=where)
        ct = draw.rng.standard_normal(s)
        g = gradients([(z.current_edge(), ct)], [ours.edge, mine.edge])
        h = torch.autograd.grad(y, [real, value], torch.from_numpy(np.array(ct)), allow_unused=True)
        g, h = ([0 if a is None else np.asarray(a) for a in both] for both in (g, h))
        np.testing.assert_allclose(g[0], h[0], err_msg=where)
        if len(np.unique(places)) == places.size:  # else PyTorch's is what it calls incorrect
            np.testing.assert_allclose(g[1], h[1], err_msg=where)
        plain = wrap(Tensor, x.copy())
        assign.setitem(plain, key, v)
        copy = torch.from_numpy(np.array(x))
        copy[as_torch(key)] = torch.from_numpy(np.array(v))
        np.testing.assert_array_equal(plain.value, copy.numpy(), err_msg=where)
        np.testing.assert_array_equal(assign.index_put(x, key, v), copy.numpy(), err_msg=where)


def test_the_last_of_several_writes_gets_the_gradient():
    x, v = leaf(np.zeros(3)), leaf([1.0, 2.0, 3.0])
    y = assign.index_put(x, (np.array([1, 0, 1]),), v)
    np.testing.assert_array_equal(y.value, [2.0, 3.0, 0.0])
    g = gradients([(y.edge, np.array([10.0, 20.0, 30.0]))], [x.edge, v.edge])
    np.testing.assert_array_equal(g[0], [0.0, 0.0, 30.0])
    np.testing.assert_array_equal(g[1], [0.0, 10.0, 20.0])


def test_assignment_to_a_leaf_is_refused():
    with pytest.raises(InplaceError, match="a leaf Variable that requires grad"):
        assign.setitem(leaf(np.zeros(3)), 0, 1.0)


def test_an_overwritten_index_is_noticed():
    x, i = leaf(np.arange(3.0)), wrap(Tensor, np.array([0, 2]))
    picked = index.getitem(x, i)
    assign.setitem(i, 0, 1)
    with pytest.raises(InplaceError):
        gradients([(picked.edge, np.ones(2))], [x.edge])
    taken = masked.take(x, i)  # works out positions of its own
    assign.setitem(i, 0, 0)
    (g,) = gradients([(taken.edge, np.ones(2))], [x.edge])
    np.testing.assert_array_equal(g, [0.0, 1.0, 1.0])


PLACES = np.array([[0, 2, 1, 0], [1, 0, 0, 2]])
V = np.array([2, 0, 2])
U = np.array([2, 0])
M = np.array([[True, False, True, True], [False, False, True, False], [True, True, False, True]])


def case(f, g, *shapes):
    return f, g, shapes


CASES = {
    "gather": case(lambda x, i: gather.gather(x, 0, i), lambda x, i: x.gather(0, i), (3, 4), PLACES),
    "gather part": case(
        lambda x, i: gather.gather(x, 1, i), lambda x, i: x.gather(1, i), (3, 4), PLACES[:, :2]
    ),
    "take_along_dim": case(
        lambda x, i: gather.take_along_dim(x, i, 1),
        lambda x, i: torch.take_along_dim(x, i, 1), (3, 4), np.array([[1, -1]]),
    ),
    "take_along_dim flat": case(
        gather.take_along_dim, torch.take_along_dim, (3, 4), np.array([1, 11])
    ),
    "scatter": case(
        lambda x, i, v: gather.scatter(x, 1, i, v),
        lambda x, i, v: x.scatter(1, i, v), (3, 4), np.array([[0, 3], [1, 2]]), (2, 2),
    ),
    "scatter number": case(
        lambda x, i: gather.scatter(x, 1, i, 2.5), lambda x, i: x.scatter(1, i, 2.5), (3, 4), PLACES
    ),
    "scatter_add": case(
        lambda x, i, v: gather.scatter_add(x, 0, i, v),
        lambda x, i, v: x.scatter_add(0, i, v), (3, 4), PLACES, (2, 4),
    ),
    "scatter_add 0-d": case(
        lambda x, i, v: gather.scatter_add(x, 0, i, v),
        lambda x, i, v: x.scatter_add(0, i, v), (), np.array(0), (),
    ),
    "take": case(masked.take, torch.take, (3, 4), np.array([[1, -1], [1, 5]])),
    "put": case(masked.put, torch.Tensor.put, (3, 4), np.array([1, -1]), (2,)),
    "put accumulate": case(
        lambda x, i, v: masked.put(x, i, v, True),
        lambda x, i, v: x.put(i, v, accumulate=True), (3, 4), np.array([1, -1, 1]), (3,),
    ),
    "index_put accumulate": case(
        lambda x, i, v: assign.index_put(x, (i, i), v, True),
        lambda x, i, v: x.index_put((i, i), v, accumulate=True), (3, 4), V, (3,),
    ),
    "index_select": case(
        lambda x, i: slices.index_select(x, 1, i), lambda x, i: x.index_select(1, i), (2, 3), V
    ),
    "index_select 0-d": case(
        lambda x, i: slices.index_select(x, 0, i),
        lambda x, i: x.index_select(0, i), (), np.array([0]),
    ),
    "index_add": case(
        lambda x, i, v: slices.index_add(x, 1, i, v, 2.0),
        lambda x, i, v: x.index_add(1, i, v, alpha=2.0), (2, 3), V, (2, 3),
    ),
    "index_copy": case(
        lambda x, i, v: slices.index_copy(x, 0, i, v),
        lambda x, i, v: x.index_copy(0, i, v), (3, 2), U, (2, 2),
    ),
    "index_fill": case(
        lambda x, i: slices.index_fill(x, 0, i, 1.5),
        lambda x, i: x.index_fill(0, i, 1.5), (3, 2), V,
    ),
    "index_fill value": case(
        lambda x, i, v: slices.index_fill(x, 0, i, v),
        lambda x, i, v: x.index_fill(0, i, v), (3, 2), U, (),
    ),
    "masked_select": case(masked.masked_select, torch.masked_select, (3, 4), M),
    "masked_select rows": case(masked.masked_select, torch.masked_select, (3, 4), M[0]),
    "masked_scatter": case(masked.masked_scatter, torch.masked_scatter, (3, 4), M, (3, 3)),
    "select_scatter": case(
        lambda x, v: slices.select_scatter(x, v, 1, -1),
        lambda x, v: x.select_scatter(v, 1, -1), (3, 4), (3,),
    ),
    "slice_scatter": case(
        lambda x, v: slices.slice_scatter(x, v, 1, 0, None, 2),
        lambda x, v: x.slice_scatter(v, 1, 0, None, 2), (3, 4), (3, 2),
    ),
    "diagonal_scatter": case(
        lambda x, v: slices.diagonal_scatter(x, v, 1),
        lambda x, v: x.diagonal_scatter(v, 1), (3, 4), (3,),
    ),
    "embedding": case(
        lambda w, i: lookup.embedding(i, w, -2),
        lambda w, i: F.embedding(i, w, padding_idx=-2), (4, 2), np.array([[2, 0], [2, 3]]),
    ),
    "embedding by frequency": case(
        lambda w, i: lookup.embedding(i, w, scale_grad_by_freq=True),
        lambda w, i: F.embedding(i, w, scale_grad_by_freq=True), (4, 2), V,
    ),
    "repeat_interleave": case(
        lambda x, n: lookup.repeat_interleave(x, n, 0),
        lambda x, n: x.repeat_interleave(n, 0), (3, 2), np.array([2, 0, 1]),
    ),
    "combinations": case(
        lambda x: lookup.combinations(x, 2, True),
        lambda x: torch.combinations(x, 2, True), (3,),
    ),
    **{
        f"scatter_reduce {reduce} {old}": case(
            lambda x, i, v, r=reduce, o=old: scatter_reduce.scatter_reduce(x, 0, i, v, r, o),
            lambda x, i, v, r=reduce, o=old: x.scatter_reduce(0, i, v, r, include_self=o),
            (3, 4), PLACES, (2, 4),
        )
        for reduce in scatter_reduce.REDUCTIONS
        for old in (True, False)
    },
    **{
        f"index_reduce {reduce} {old}": case(
            lambda x, i, v, r=reduce, o=old: scatter_reduce.index_reduce(x, 1, i, v, r, o),
            lambda x, i, v, r=reduce, o=old: x.index_reduce(1, i, v, r, include_self=o),
            (2, 3), V, (2, 3),
        )
        for reduce in ("prod", "mean", "amax", "amin")
        for old in (True, False)
    },
}  # fmt: skip

# What PyTorch cannot do for complex numbers, and where its second derivatives are missing or wrong.
REAL_ONLY = ("reduce", "embedding", "select_scatter", "slice_scatter")
ONCE = ("prod", "frequency")


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:index_reduce")
def test_picking_and_putting(against_torch, rng, name, dtype):
    ours, theirs, shapes = CASES[name]
    if dtype == "complex128" and any(word in name for word in REAL_ONLY):
        pytest.skip("PyTorch has none for complex numbers")
    operands = []
    for s in shapes:
        if isinstance(s, np.ndarray):
            operands.append(s)
            continue
        a = rng.standard_normal(s)
        operands.append(np.asarray(a + 1j * a[::-1] if dtype[0] == "c" and s else a, dtype))
    against_torch(ours, theirs, *operands, order=1 if any(word in name for word in ONCE) else 2)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding", [None, 2])
def test_bags_of_rows(against_torch, rng, mode, padding):
    w = rng.standard_normal((5, 3))
    flat, offsets = np.array([0, 2, 4, 1, 2, 3]), np.array([0, 2, 2, 5])
    for places, starts in ((flat.reshape(2, 3), None), (flat, offsets)):
        against_torch(
            lambda w, i, o=starts: lookup.embedding_bag(i, w, o, mode, padding_idx=padding),
            lambda w, i, o=starts: F.embedding_bag(
                i, w, None if o is None else torch.from_numpy(o), mode=mode, padding_idx=padding
            ),
            w, places, order=1,
        )  # fmt: skip
    if mode == "sum":
        against_torch(
            lambda w, i, f: lookup.embedding_bag(i, w, offsets, "sum", weights=f),
            lambda w, i, f: F.embedding_bag(
                i, w, torch.from_numpy(offsets), mode="sum", per_sample_weights=f
            ),
            w, flat, rng.standard_normal(6), order=1,
        )  # fmt: skip


def test_products_of_zeros_have_derivatives(against_torch):
    """Both orders; PyTorch has no second one here."""
    x, i, v = np.array([2.0, 3.0]), np.array([0, 0, 1, 1]), np.array([0.0, 5.0, 0.0, 0.0])
    against_torch(
        lambda x, v: scatter_reduce.scatter_reduce(x, 0, i, v, "prod"),
        lambda x, v: x.scatter_reduce(0, torch.from_numpy(i), v, "prod"),
        x, v, order=1,
    )  # fmt: skip
    ours = [leaf(x), leaf(v)]
    y = scatter_reduce.scatter_reduce(ours[0], 0, i, ours[1], "prod")
    first = gradients([(y.edge, wrap(Tensor, np.ones(2)))], [ours[1].edge], create_graph=True)
    second = gradients([(first[0].edge, np.array([0.0, 0.0, 1.0, 0.0]))], [ours[1].edge])
    np.testing.assert_array_equal(second[0], [0.0, 0.0, 0.0, 3.0])


def test_integers_are_picked_and_put_too(against_torch):
    x, v = np.arange(12).reshape(3, 4), np.array([[5, 6, 7, 8], [1, 1, 1, 1]])
    for reduce in scatter_reduce.REDUCTIONS:
        against_torch(
            lambda x, i, v, r=reduce: scatter_reduce.scatter_reduce(x, 0, i, v, r),
            lambda x, i, v, r=reduce: x.scatter_reduce(0, i, v, r),
            x, PLACES, v, order=0,
        )  # fmt: skip
    against_torch(lambda x, i: index.getitem(x, i), lambda x, i: x[i], x, V, order=0)


def test_constants(against_torch):
    x = np.array([[0.0, 1.5], [np.nan, 0.0]])
    for f, g, a in (
        (lookup.nonzero, torch.nonzero, x),
        (lookup.nonzero, torch.nonzero, np.array(2.0)),
        (lookup.one_hot, F.one_hot, V),
        (lambda i: lookup.one_hot(i, 4), lambda i: F.one_hot(i, 4), V),
        (
            lambda i: lookup.unravel_index(i, (3, 4)),
            lambda i: torch.unravel_index(i, (3, 4)), V,
        ),
    ):  # fmt: skip
        against_torch(f, g, a, order=0)
    np.testing.assert_array_equal(lookup.tril_indices(3, 4, 1), torch.tril_indices(3, 4, 1))
    np.testing.assert_array_equal(lookup.triu_indices(3, 4, -1), torch.triu_indices(3, 4, -1))


X = np.arange(12.0).reshape(3, 4)


def tensors(*arrays):
    return [torch.from_numpy(np.asarray(a)) for a in arrays]


N = np.array([-1])
FIVE = np.array([5])
ERRORS = [
    (lambda: index.getitem(X, 5), lambda: tensors(X)[0][5]),
    (lambda: index.getitem(X, (0, -5)), lambda: tensors(X)[0][0, -5]),
    (lambda: index.getitem(X, (0, 0, 0)), lambda: tensors(X)[0][0, 0, 0]),
    (lambda: index.getitem(X[0, 0], 0), lambda: torch.tensor(1.0)[0]),
    (lambda: index.getitem(X, (FIVE,)), lambda: tensors(X)[0][tensors(FIVE)[0]]),
    (lambda: index.getitem(X, (V, U)), lambda: tensors(X)[0][tuple(tensors(V, U))]),
    (lambda: index.getitem(X, 1.5), lambda: tensors(X)[0][1.5]),
    (lambda: index.getitem(X, np.array([1.0])), lambda: tensors(X)[0][torch.tensor([1.0])]),
    (lambda: index.getitem(X, M[:, :3]), lambda: tensors(X)[0][tensors(M[:, :3])[0]]),
    (lambda: index.getitem(X, slice(None, None, -1)), lambda: tensors(X)[0][::-1]),
    (
        lambda: assign.setitem(wrap(Tensor, X.copy()), (U,), np.ones(3)),
        lambda: tensors(X)[0].__setitem__(tensors(U)[0], torch.ones(3, dtype=torch.double)),
    ),
    (
        lambda: gather.gather(X, 1, FIVE[None]),
        lambda: tensors(X)[0].gather(1, tensors(FIVE)[0][None]),
    ),
    (lambda: gather.gather(X, 1, N[None]), lambda: tensors(X)[0].gather(1, tensors(N)[0][None])),
    (lambda: gather.gather(X, 1, V), lambda: tensors(X)[0].gather(1, tensors(V)[0])),
    (
        lambda: gather.gather(X, 1, np.zeros((5, 1), int)),
        lambda: tensors(X)[0].gather(1, torch.zeros(5, 1, dtype=torch.long)),
    ),
    (
        lambda: gather.scatter(X, 1, np.zeros((3, 2), int), np.zeros((3, 1))),
        lambda: tensors(X)[0].scatter(
            1, torch.zeros(3, 2, dtype=torch.long), torch.zeros(3, 1, dtype=torch.double)
        ),
    ),
    (
        lambda: gather.scatter_add(X, 1, FIVE[None], X),
        lambda: tensors(X)[0].scatter_add(1, tensors(FIVE)[0][None], tensors(X)[0]),
    ),
    (
        lambda: slices.index_select(X, 0, FIVE),
        lambda: tensors(X)[0].index_select(0, tensors(FIVE)[0]),
    ),
    (lambda: slices.index_select(X, 0, N), lambda: tensors(X)[0].index_select(0, tensors(N)[0])),
    (
        lambda: slices.index_add(X, 0, V, X[:1]),
        lambda: tensors(X)[0].index_add(0, tensors(V)[0], tensors(X)[0][:1]),
    ),
    (
        lambda: slices.index_add(X, 0, FIVE, X[:1]),
        lambda: tensors(X)[0].index_add(0, tensors(FIVE)[0], tensors(X)[0][:1]),
    ),
    (
        lambda: slices.index_copy(X, 0, FIVE, X[:1]),
        lambda: tensors(X)[0].index_copy(0, tensors(FIVE)[0], tensors(X)[0][:1]),
    ),
    (lambda: masked.take(X, np.array([20])), lambda: tensors(X)[0].take(torch.tensor([20]))),
    (
        lambda: masked.masked_scatter(X, X > 5, np.ones(2)),
        lambda: tensors(X)[0].masked_scatter(tensors(X)[0] > 5, torch.ones(2, dtype=torch.double)),
    ),
    (lambda: lookup.embedding(FIVE, X), lambda: F.embedding(tensors(FIVE)[0], tensors(X)[0])),
    (lambda: lookup.embedding(N, X), lambda: F.embedding(tensors(N)[0], tensors(X)[0])),
    (lambda: lookup.one_hot(N), lambda: F.one_hot(tensors(N)[0])),
    (lambda: lookup.one_hot(FIVE, 2), lambda: F.one_hot(tensors(FIVE)[0], 2)),
    (
        lambda: lookup.repeat_interleave(X, np.array([1, 2]), 0),
        lambda: tensors(X)[0].repeat_interleave(torch.tensor([1, 2]), 0),
    ),
]


@pytest.mark.parametrize(("ours", "theirs"), ERRORS)
def test_errors_are_pytorchs(ours, theirs):
    with pytest.raises(ANY) as expected:
        theirs()
    with pytest.raises(expected.type) as found:
        ours()
    assert str(expected.value).splitlines()[0] in str(found.value)
