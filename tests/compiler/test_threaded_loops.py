"""Loops of compiled programs on several threads: the same bits for any number of them, whoever asks, and errors as ever."""

import os
import threading

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch
from dualtape.compiler.lowering import lower
from dualtape.compiler.native import threads as pool
from dualtape.core import threads
from dualtape.core.aval import Aval
from dualtape.core.errors import BoundsError
from dualtape.ops import cross_entropy, exponential, extrema, normalize, reduce, trigonometric
from dualtape.ops.compare import gt
from dualtape.ops.conv import conv2d
from dualtape.ops.index import index_p
from dualtape.ops.matmul import matmul
from dualtape.ops.pointwise_loss import binary_cross_entropy_with_logits
from dualtape.ops.pool import max_pool
from dualtape.ops.products import prod
from dualtape.ops.shape import permute

from .lowering_graphs import agree, graph_of, hold

pytest.importorskip("llvmlite")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks of a few rows, so that small arrays will do."""
    monkeypatch.setattr(pool, "THREADED", 200)
    monkeypatch.setattr(pool, "CHUNK", 100)
    monkeypatch.setattr("dualtape.compiler.lowering.division.TERMS", 0)
    before = threads.thread_count()
    yield
    threads.set_thread_count(before)


def normal(*shape, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def gradients(f, argnums=0):
    """Value and gradients as a list."""

    def both(*xs):
        value, grads = dt.value_and_grad(f, argnums)(*xs)
        return [value, *(grads if isinstance(grads, tuple) else (grads,))]

    return both


def _wave(x):
    return reduce.sum(trigonometric.sin(x) * exponential.exp(-(x * x)))


def _normalised(x, w, b):
    y = normalize.layer_norm(x, (x.shape[-1],), w, b)
    return reduce.sum(y * y)


def _everything(x):
    whole = [reduce.sum(x), extrema.amax(x), reduce.mean(x), prod(x * 0.01 + 1)]
    logical = [reduce.all(gt(x, -9.0)), reduce.any(gt(x, 2.0), 0), reduce.all(gt(x, -3.0), 0)]
    return [*whole, reduce.sum(x, 0), reduce.sum(x, 1), extrema.amin(x, 0), *logical]


LABELS = np.random.default_rng(1).integers(0, 50, 700)

LOOPS = {
    "elements": (lambda x: [x * 2 + 1, trigonometric.sin(x)], normal(5003)),
    "elements in double precision": (lambda x: [trigonometric.cos(x) * x], normal(50, 61, dtype=np.float64)),
    "value and gradient": (gradients(_wave), normal(5003)),
    "transposed": (lambda x: [permute(x, (1, 0)) * 2], normal(70, 90)),
    "softmax cross-entropy": (
        gradients(lambda x, y: cross_entropy.cross_entropy(x, y)), normal(700, 50), LABELS,
    ),
    "layer norm": (
        gradients(_normalised, (0, 1, 2)), normal(600, 70), normal(70), normal(70, seed=1),
    ),
    "rows by blocks": (
        gradients(lambda w, x, y: binary_cross_entropy_with_logits(x @ w, y)),
        normal(20), normal(1989, 20), (normal(1989) > 0).astype(np.float32),
    ),
    "many rows added up": (lambda x: [reduce.sum(x, 0)], normal(3001, 20)),
    "sums of every kind": (_everything, normal(301, 50)),
    "convolution": (
        gradients(lambda x, w: reduce.sum(trigonometric.sin(conv2d(x, w, padding=1))), (0, 1)),
        normal(8, 3, 16, 16), normal(4, 3, 3, 3),
    ),
    "pooling": (
        gradients(lambda x: reduce.sum(trigonometric.sin(max_pool(x, 2, rank=2)))), normal(6, 5, 16, 16),
    ),
    "integers": (lambda i: [i * 3, reduce.sum(i), extrema.amax(i, 0)], np.arange(6000).reshape(60, 100)),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
def test_any_number_of_threads_gives_the_same_bits(name):
    f, *arrays = LOOPS[name]
    lowered = hold(f, *arrays)
    assert any("on threads in" in line for line in lowered.kernels), lowered.kernels
    found = set()
    for count in (1, 2, 4, 3, 2, 4, 4, 4):
        threads.set_thread_count(count)
        found.add(tuple([x.tobytes() for x in lowered.call([x.copy() for x in arrays])]))
    assert len(found) == 1
    if name == "rows by blocks":  # a vector has room in each chunk
        assert not any(0 < len(arrays[1]) % d.per < 16 for d in lowered.program.divisions.values())
    # Code that is made where there is one thread is the same code.
    threads.set_thread_count(1)
    again = lower(graph_of(f, *[Aval(x.shape, x.dtype) for x in arrays]))
    assert again.key == lowered.key


def test_stacks_of_small_products_on_threads():
    x, y = normal(600, 20, 20), normal(600, 20, 20, seed=1)
    found = set()
    for count in (4, 2, 1):
        threads.set_thread_count(count)
        lowered = hold(lambda x, y: [matmul(x, y)], x, y)
        assert ("by 2 threads" in lowered.kernels[0]) == (count > 1), lowered.kernels
        found.add(lowered.call([x, y])[0].tobytes())
    assert len(found) == 1


def test_a_training_step_updates_in_place_on_threads():
    def made():
        torch.manual_seed(0)
        model = torch.nn.Sequential(
            torch.nn.Linear(40, 60), torch.nn.GELU(), torch.nn.Linear(60, 5)
        )
        optimizer = torch.optim.Adam(model.parameters())
        x, y = torch.from_numpy(normal(200, 40)), torch.from_numpy(LABELS[:200] % 5)

        def step():
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return step, model

    results = []
    for count in (1, 2, 4):
        threads.set_thread_count(count)
        step, model = made()
        compiled = torch.compile(step, fullgraph=True)
        losses = [compiled().item() for _ in range(6)]
        results.append((losses, [p.detach().numpy().tobytes() for p in model.parameters()]))
    assert results[0] == results[1] == results[2]
    assert "on threads in" in compiled.explain()
    step, model = made()
    np.testing.assert_allclose([step().item() for _ in range(6)], results[0][0], rtol=1e-5)


def test_loops_and_branches_have_threads_within():
    @dt.jit
    def run(x):
        def body(_, y):
            return dt.cond(
                reduce.sum(y) > 0, lambda v: trigonometric.sin(v) + 1, lambda v: v * v, y
            )

        return dt.fori_loop(0, 5, body, x)

    x = normal(4003)
    want = x
    for _ in range(5):
        want = np.sin(want) + 1 if want.sum() > 0 else want * want
    found = set()
    for count in (1, 4):
        threads.set_thread_count(count)
        got = np.asarray(run(x))
        agree(got, want, 1e-4)
        found.add(got.tobytes())
    assert len(found) == 1
    assert "dualtape_parallel" in run.llvm()


def test_an_index_out_of_range_is_an_error_as_ever():
    lowered = hold(
        lambda x, i: [reduce.sum(trigonometric.sin(index_p(x * 2, i, axis=0, depth=1)))],
        normal(3000), np.arange(2999, -1, -1),
    )  # fmt: skip
    assert any("on threads in" in line and "and_reduce" in line for line in lowered.kernels)
    threads.set_thread_count(4)
    wrong = np.arange(3000)
    wrong[1234] = 3000
    for _ in range(3):
        with pytest.raises((BoundsError, IndexError)):
            lowered.call([normal(3000), wrong])
    lowered.call([normal(3000), np.arange(3000)])


def test_several_threads_of_the_users():
    f = dt.jit(lambda x: (exponential.exp(-(x * x)), reduce.sum(x)))
    inputs = [normal(5000 + 16 * k, seed=k) for k in range(4)]
    threads.set_thread_count(4)
    wanted = [[np.asarray(v).tobytes() for v in f(x)] for x in inputs]
    wrong = []

    def use(k):
        for _ in range(60):
            if [np.asarray(v).tobytes() for v in f(inputs[k])] != wanted[k]:
                wrong.append(k)

    users = [threading.Thread(target=use, args=(k,)) for k in range(4)]
    for u in users:
        u.start()
    for u in users:
        u.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_process_computes_the_same():
    f = dt.jit(lambda x: (trigonometric.sin(x), reduce.sum(x * x)))
    x = normal(9000)
    threads.set_thread_count(3)
    want = [np.asarray(v).tobytes() for v in f(x)]
    child = os.fork()
    if not child:
        same = [np.asarray(v).tobytes() for v in f(x)] == want  # alone: it has no threads yet
        torch.set_num_threads(2)  # now it has one
        same &= [np.asarray(v).tobytes() for v in f(x)] == want and threading.active_count() == 2
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert [np.asarray(v).tobytes() for v in f(x)] == want


def test_small_programs_know_nothing_of_threads(monkeypatch):
    monkeypatch.undo()
    lowered = hold(gradients(_wave), normal(4000))
    assert "dualtape_parallel" not in lowered.ir()
    assert not lowered.symbols
    assert "on threads" not in "".join(lowered.kernels)
    large = lower(graph_of(gradients(_wave), Aval((1_000_000,), np.dtype(np.float32))))
    assert "on threads in" in large.kernels[0]


def test_more_threads_are_started_when_they_are_asked_for():
    threads.set_thread_count(1)
    f = dt.jit(lambda x: trigonometric.sin(x))
    f(normal(6000))
    torch.set_num_threads(3)
    assert pool._pool().workers >= 2
