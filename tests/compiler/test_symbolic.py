"""One trace for any length: from the second length of an axis on, and never where that would be wrong."""

import gc
import warnings

import numpy as np
import pytest

import dualtape as dt
from dualtape.compiler import general, jit
from dualtape.compiler.capture import Capture
from dualtape.compiler.graph import check

rng = np.random.default_rng(0)
LENGTHS = (8, 5, 3, 11, 2, 7)


def arrays(shapes, n, m=6):
    return [rng.normal(size=[{"n": n, "m": m}.get(d, d) for d in s]) for s in shapes]


def compare(a, b):
    a, b = [v if isinstance(v, tuple) else (v,) for v in (a, b)]
    for x, y in zip(a, b, strict=True):
        assert np.shape(x) == np.shape(y)
        assert type(x) is type(y)
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12)


def traces(f):
    return len(f._history)


def generals(f):
    return sum(r.general is not None for r in f._history)


def few_calls(trial, general, key):
    trial.general, trial.key, trial.left = general, key, 3


def conditions(f):
    return [c.text for r in f._history if r.general for c in r.general.captured.lengths.conditions]


def run(f, *shapes, lengths=LENGTHS, **options):
    compiled = dt.jit(f, backend="numpy", **options)
    for n in lengths:
        xs = arrays(shapes, n)
        compare(compiled(*xs), f(*xs))
    return compiled


N = ("n", 4)

ONE_TRACE = {
    "moments": (lambda x: (np.mean(x), np.var(x, axis=0), np.std(x, ddof=1), x.mean(0)), [N]),
    "shapes": (lambda x: (x.reshape(-1), np.reshape(x, (x.shape[0], 2, 2)), x.ravel(), x.T, x[None], x.reshape(-1, 2)), [N]),
    "arithmetic": (lambda x: (x / x.shape[0], x.sum() / x.size, x * (x.shape[0] - 1), x * x.shape[0] ** -0.5 + 1 / x.shape[0]), [N]),
    "len": (lambda x: x.sum() / len(x), [N]),
    "gradient": (lambda x: dt.grad(lambda x: np.sum(np.sin(x) ** 2) / x.shape[0])(x), [N]),
    "vmap": (lambda x: dt.vmap(lambda r: (r @ r) * np.exp(r))(x), [N]),
    "rows": (lambda x: (np.exp(x).sum(1), np.max(x, 0), np.sort(x, 0), np.cumsum(x, 0), np.prod(x, 1)), [N]),
    "joined": (lambda x, y: (np.concatenate([x, y]), np.stack([x, y]), np.hstack([x, y]), np.concatenate([x, x[:1]])), [N, N]),
    "parts": (lambda x: (x[1:] - x[:-1], x[::2], x[-1], x[x.shape[0] // 2], x[: x.shape[0] // 2], x[::-1], np.diff(x, axis=0)), [N]),
    "like": (lambda x: (np.zeros_like(x) + x, np.ones_like(x), np.full_like(x, 2.0)), [N]),
    "products": (lambda x, w: (x @ w, x.T @ x, np.einsum("ij,jk->ik", x, w), np.linalg.norm(x, axis=1)), [N, (4, 3)]),
    "solved": (lambda x: np.linalg.solve(x.T @ x + np.eye(4), x.T), [N]),
    "chosen": (lambda x: (np.where(x > 0, x, 0), np.clip(x, 0, 1), np.minimum(x, x.shape[0])), [N]),
    "loop": (lambda x: dt.fori_loop(0, 5, lambda i, c: c * 0.9 + x / x.shape[0], 0.0 * x), [N]),
    "loop's gradient": (lambda x: dt.grad(lambda x: np.sum(dt.fori_loop(0, 4, lambda i, c: np.sin(c) + x / len(x), x)))(x), [N]),
    "condition": (lambda x: dt.grad(lambda x: np.sum(dt.cond(x.sum() > 0, lambda x: x * x, lambda x: x / x.shape[0], x)))(x), [N]),
    "while": (lambda x: dt.while_loop(lambda c: c.sum() < 100.0, lambda c: c + np.abs(x) + 1, x * 0), [N]),
    "scan": (lambda x: dt.scan(lambda c, r: (np.sin(c) + r.sum(), c), 0.0, x), [N]),
    "scan's gradient": (lambda x: dt.grad(lambda x: dt.scan(lambda c, r: (np.sin(c) + r.sum(), c), 0.0, x)[0])(x), [N]),
    "outer": (lambda x, y: x @ y.T, [N, N]),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_TRACE)
def test_two_traces_serve_all_lengths(name):
    f, shapes = ONE_TRACE[name]
    compiled = run(f, *shapes, lengths=(8, 5, 3, 11, 7))
    assert traces(compiled) == 2
    assert generals(compiled) == 1


def test_lengths_differ_from_each_other():
    compiled = dt.jit(lambda x, y: (x @ y.T).sum() / (x.shape[0] * len(y)), backend="numpy")
    f = compiled._function
    for n, m in ((8, 3), (5, 4), (7, 7), (2, 9), (4, 2)):
        x, y = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
        compare(compiled(x, y), f(x, y))
    assert traces(compiled) == 2
    assert "for any n >= 2: axis 0 of argument 0" in compiled.explain()
    assert "for any m >= 2: axis 0 of argument 1" in compiled.explain()


def test_equal_lengths_are_one():
    compiled = dt.jit(lambda x, y: x * y, backend="numpy")
    for n in (3, 4, 5):
        compiled(np.ones(n), np.ones(n))
    assert "axis 0 of argument 0, axis 0 of argument 1" in compiled.explain()
    assert traces(compiled) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="broadcast"):
            compiled(np.ones(4), np.ones(6))


def test_the_second_axis_to_change_is_left_open_too():
    compiled = dt.jit(lambda x: np.sin(x).sum(1), backend="numpy")
    for shape in ((3, 4), (5, 4), (6, 4), (6, 7), (2, 9), (8, 3)):
        x = rng.normal(size=shape)
        compare(compiled(x), np.sin(x).sum(1))
    assert traces(compiled) == 3


def test_a_branch_on_the_length_is_a_condition():
    compiled = run(lambda x: x * 2 if x.shape[0] > 6 else x * 3, N, lengths=(8, 5, 3, 7, 11, 6))
    assert traces(compiled) == 3
    assert conditions(compiled) == ["n > 6", "n > 6"]
    assert "as long as n > 6 is False" in compiled.explain()
    assert "test_symbolic.py" in compiled.explain()


def test_a_branch_taken_alike_by_both_lengths_seen():
    compiled = run(
        lambda x: x.sum() if x.shape[0] > 100 else x.mean(), N, lengths=(8, 5, 300, 4, 101)
    )
    assert traces(compiled) == 3


def test_a_branch_on_divisibility():
    run(
        lambda x: x[::2].sum() if x.shape[0] % 2 else x.mean(),
        N,
        lengths=(8, 5, 3, 11, 7, 6, 12, 9),
    )


def test_a_loop_over_parts_is_for_its_length_alone():
    def f(x):
        return sum(np.sum(x[i : i + 6] ** 2) for i in range(0, x.shape[0], 6))

    compiled = run(f, N, lengths=(4, 5, 11, 20))
    assert generals(compiled) == 0
    assert (
        "for these lengths alone: an index, a range or a count needs the number"
        in compiled.explain()
    )
    assert "test_symbolic.py" in compiled.explain()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + np.zeros((x.shape[0], 4)),
        lambda x: x * {8: 2.0}.get(x.shape[0], 3.0),
        lambda x: x * (2.0 if x.shape[0] in {5, 8} else 3.0),
        lambda x: x * float(x.shape[0]),
        lambda x: x * sum([1.0, 2.0, 3.0, 4.0][: x.shape[0] - 2]),
        lambda x: x * len(f"{x.shape[0]}"),
        lambda x: x * np.sqrt(x.shape[0]),
        lambda x: sum(row for row in x),
        lambda x: x * int(str(x.shape[0])[0]),
    ],
)
def test_what_needs_the_number_is_traced_for_each(f):
    compiled = run(f, N, lengths=(8, 5, 3, 12, 8, 5))
    assert generals(compiled) == 0
    assert traces(compiled) == 4


@pytest.mark.parametrize("small", [0, 1])
def test_lengths_of_0_and_1_have_programs_of_their_own(small):
    def f(x, y):
        return (x + y).sum(0) * 2

    compiled = dt.jit(f, backend="numpy")
    for n, m in (
        (4, 4),
        (5, 5),
        (6, 6),
        (small, small),
        (7, 7),
        (small, 1),
        (1, 3),
        (3, 1),
        (2, 2),
    ):
        x, y = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
        compare(compiled(x, y), f(x, y))


def test_dynamic():
    for dynamic, expected in ((None, 2), (True, 1), (False, 4)):
        compiled = run(lambda x: np.tanh(x).mean(), N, lengths=(8, 5, 3, 11, 8), dynamic=dynamic)
        assert traces(compiled) == expected, dynamic


def test_a_dimension_that_happens_to_equal_the_length():
    def f(x, w):
        return x + w  # (n, 4) + (m,): n rows of 4, and m is 4

    w = np.arange(4.0)
    compiled = dt.jit(f, backend="numpy")
    for n in (8, 5, 4, 3, 6):
        x = rng.normal(size=(n, 4))
        compare(compiled(x, w), f(x, w))
    closed = np.arange(5.0)
    f = dt.jit(lambda x: x * closed, backend="numpy")
    compare(f(np.ones((3, 5))), np.ones((3, 5)) * closed)
    compare(f(np.ones((5, 5))), np.ones((5, 5)) * closed)
    compare(f(np.ones((7, 5))), np.ones((7, 5)) * closed)


def test_shapes_that_are_returned():
    def f(x):
        return x.shape[0], x.sum(), 1 / x.shape[0], x.shape

    compiled = run(lambda x: f(x)[:3], N)
    assert traces(compiled) == 2
    compiled = dt.jit(f, backend="numpy")
    for n in (4, 5, 6):
        found = compiled(np.ones((n, 2)))
        assert found[0] == n
        assert type(found[0]) is int
        assert found[3] == (n, 2)
        assert type(found[3][0]) is int


def test_a_changed_global_is_still_noticed():
    scale = {"by": 2.0}
    compiled = dt.jit(lambda x: x * scale["by"], backend="numpy")
    for n in (3, 4, 5):
        compare(compiled(np.ones(n)), np.ones(n) * 2)
    scale["by"] = 5.0
    for n in (5, 6, 3, 7):
        compare(compiled(np.ones(n)), np.ones(n) * 5)
    assert traces(compiled) == 3


def test_programs_of_lengths_long_past_are_dropped(monkeypatch):
    monkeypatch.setattr(jit, "MOST_LENGTHS", 10)
    compiled = dt.jit(lambda x: x * x.shape[0], backend="numpy")
    for n in range(2, 60):
        compare(compiled(np.ones(n)), np.full(n, float(n)))
    assert traces(compiled) == 2
    assert len(compiled._entries) < 20
    compare(compiled(np.ones(2)), np.full(2, 2.0))


def test_an_argument_that_is_found_by_name_too():
    x = np.arange(3.0) + np.zeros(3)
    f = dt.jit(lambda a: (a * x).sum(), backend="numpy")
    assert f(x) == 5.0
    assert f(x * 10) == 50.0
    big = np.ones(1 << 16)
    f = dt.jit(lambda a: (a * big).sum(), backend="numpy")
    assert f(big) == 1 << 16
    assert f(big * 3) == 3 << 16


def test_the_graph_at_another_length_is_the_one_traced_there():
    def f(x, w):
        return dt.value_and_grad(lambda w: np.mean(np.tanh(x @ w) ** 2) / x.shape[0])(w)

    compiled = dt.jit(f, backend="numpy")
    w = rng.normal(size=(4,))
    for n in (6, 5):
        compiled(np.ones((n, 4)), w)
    general = compiled._history[1].general
    again = general.captured.program([9]).graph
    plain = dt.jit(f, backend="numpy", dynamic=False)
    plain(np.ones((9, 4)), w)

    def calls(graph):
        return sorted(
            f"{c.primitive.name} {[str(graph.avals[v]) for v in c.results]}" for c in graph.calls
        )

    assert calls(again) == calls(plain.graph())
    check(again)


def test_nothing_is_held_after_a_capture():
    compiled = dt.jit(lambda x: x * x.shape[0], backend="numpy")
    for n in (3, 4, 5):
        compiled(np.ones(n))
    gc.collect()
    assert not [x for x in gc.get_objects() if type(x) is Capture]


def test_native_code_at_several_lengths():
    compiled = dt.jit(lambda x, w: dt.value_and_grad(lambda w: np.mean((x @ w) ** 2))(w))
    w = rng.normal(size=4)
    for n in (6, 5, 9, 33, 5, 70):
        x = rng.normal(size=(n, 4))
        value, gradient = compiled(x, w)
        np.testing.assert_allclose(value, np.mean((x @ w) ** 2))
        np.testing.assert_allclose(gradient, 2 * x.T @ (x @ w) / n)
    assert traces(compiled) == 2
    assert "lowered for 4 of them;" in compiled.explain()


def test_further_lengths_run_by_numpy_until_they_are_worth_native_code(monkeypatch):
    monkeypatch.setattr(general.Trial, "__init__", few_calls)
    compiled = dt.jit(lambda x: dt.value_and_grad(lambda x: np.sum(np.sin(x) ** 2))(x))
    native = []
    for n in (3, 4, 5, 6, 7, 8, 8, 8, 8, 9):
        x = rng.normal(size=n)
        value, gradient = compiled(x)
        np.testing.assert_allclose(value, np.sum(np.sin(x) ** 2))
        np.testing.assert_allclose(gradient, np.sin(2 * x))
        native.append(
            next(r.general.native for r in compiled._history[::-1] if r.general) if n > 3 else 0
        )
    assert native == [
        0,
        1,
        2,
        3,
        4,
        4,
        4,
        4,
        5,
        5,
    ]  # the fourth call of length 8 is the one that is worth it
    assert traces(compiled) == 2
    assert "lowered for 5 of them, run by NumPy for 1 others" in compiled.explain()
    assert "define" in compiled.llvm()


def test_programs_by_numpy_are_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(jit, "MOST_LENGTHS", 3)
    compiled = dt.jit(lambda x: np.sin(x) * x.shape[0])
    for n in (*range(2, 30), *range(2, 30)):
        x = rng.normal(size=n)
        np.testing.assert_allclose(compiled(x), np.sin(x) * n)
    assert traces(compiled) == 2
    assert len(compiled._entries) == 1 + general.AT_ONCE + 3


def test_a_loop_is_native_at_any_length():
    compiled = dt.jit(lambda x: dt.fori_loop(0, 1000, lambda i, v: np.sin(v) + x, x))
    for n in range(2, 9):
        compiled(np.ones(n))
    assert compiled._history[-1].general.native == 6


def test_an_object_that_is_returned_is_the_same_one_at_any_length():
    own, given = object(), object()
    compiled = dt.jit(lambda x, y: (x * 2, y, own), backend="numpy")
    passed_on = dt.jit(lambda x, y: (x * 2, y), backend="numpy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in (3, 4, 5, 6):
            for f, expected in ((compiled, (given, own)), (passed_on, (given,))):
                doubled, *objects = f(np.ones(n), given)
                assert doubled.shape == (n,)
                assert all(a is b for a, b in zip(objects, expected, strict=True))
    assert traces(passed_on) == 2
