"""Random streams while a function is traced or run again: other threads draw meanwhile, and no number comes twice."""

import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Thread

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch
from dualtape.compiler import turns
from dualtape.tensorflow import keras
from dualtape.torch import nn
from dualtape.torch.random_streams import Stream
from dualtape.torch.utils.checkpoint import checkpoint

pytestmark = pytest.mark.filterwarnings("ignore:.*cannot be compiled")


def _torch_private():
    g = torch.Generator().manual_seed(3)
    return lambda: torch.rand(2, generator=g).tolist()


def _torch_default():
    torch.manual_seed(3)
    return lambda: torch.randn(3).tolist()


def _tf_global():
    tf.random.set_seed(3)
    return lambda: tf.random.uniform([2]).numpy().tolist()


def _tf_private():
    g = tf.random.Generator.from_seed(3)
    return lambda: g.normal([2]).numpy().tolist()


def _keras():
    g = keras.random.SeedGenerator(3)
    return lambda: keras.random.normal([2], seed=g).numpy().tolist()


def _numpy():
    np.random.seed(3)
    return lambda: np.random.random(2).tolist()


def _python():
    random.seed(3)
    return lambda: [random.random()]


OURS = [_torch_private, _torch_default, _tf_global, _tf_private, _keras]


class Meanwhile:
    """Lets another thread draw, whenever it is called, and keeps what that got where no trace looks."""

    def __init__(self, draw):
        self.found = found = SimpleQueue()
        self.pool = pool = ThreadPoolExecutor(1)
        pool.submit(int).result()  # the thread is there from now on
        self.pause = lambda: pool.submit(lambda: found.put(draw())).result()

    def drawn(self):
        self.pool.shutdown()
        return [self.found.get() for _ in range(self.found.qsize())]


def check_others(make, use, least=1):
    """What another thread draws while `use(pause)` runs, and after it, is the start of its stream."""
    draw = make()
    other = Meanwhile(draw)
    use(other.pause)
    other.pause()
    found = other.drawn()
    assert len(found) > least
    draw = make()
    assert found == [draw() for _ in found]


@pytest.mark.parametrize("make", OURS)
@pytest.mark.parametrize("wrap", [dt.jit, torch.compile, tf.function])
def test_a_trace_leaves_other_threads_streams_alone(make, wrap):
    def use(pause):
        if wrap is tf.function:
            own = tf.random.Generator.from_seed(8)
            x, draw = tf.zeros([2]), lambda: own.uniform([2])
        else:
            own = torch.Generator().manual_seed(8)
            x, draw = torch.zeros(2), lambda: torch.rand(2, generator=own)

        def f(x):
            pause()
            a = draw()
            pause()
            return x + a + draw()

        compiled = wrap(f)
        found = [np.asarray(compiled(x)) for _ in range(3)]
        record = (compiled._program() if wrap is tf.function else compiled)._history[0]
        assert record.program is not None, record.eager
        if wrap is tf.function:
            own.reset_from_seed(8)
        else:
            own.manual_seed(8)
        np.testing.assert_allclose(found, [np.asarray(draw() + draw()) for _ in range(3)])

    check_others(make, use)


def test_threads_that_are_traced_at_once(monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 0.1)  # what each waits for the one that waits for it

    def job(number, meet):
        own = torch.Generator().manual_seed(number)

        def f(x):
            meet()
            return F(x, own) * torch.rand(2, generator=own)

        compiled = torch.compile(f)
        return [compiled(torch.ones(2)).tolist() for _ in range(4)]

    def F(x, g):
        return torch.randint(1, 9, (2,), generator=g) + torch.randn(2, generator=g) * x

    serial = [job(i, lambda: None) for i in range(3)]
    for order in ([0, 1, 2], [2, 0, 1]):
        found = {}

        def run(rest, found=found):
            """Each is traced inside the trace of the one before, in a thread of its own."""
            i, *rest = rest
            started = []

            def meet():
                if rest and not started:
                    started.append(Thread(target=run, args=(rest,)))
                    started[0].start()
                    started[0].join()

            hidden = SimpleQueue()  # what a trace changes must be where it does not look
            hidden.put(meet)
            found[i] = job(i, lambda: hidden.empty() or hidden.get()())

        run(order)
        np.testing.assert_allclose([found[i] for i in range(3)], serial, rtol=1e-6)


def test_other_threads_may_draw_in_the_middle_of_a_draw(monkeypatch):
    def use(pause):
        own, real, calls = torch.Generator().manual_seed(1), Stream.uniform, []

        def uniform(self, *args, **kwargs):
            out = real(self, *args, **kwargs)
            if self is own.stream and not calls:
                calls.append(1)
                pause()
            return out

        monkeypatch.setattr(Stream, "uniform", uniform)
        f = torch.compile(lambda x: x + torch.rand(2, generator=own))
        f(torch.zeros(2))
        monkeypatch.setattr(Stream, "uniform", real)
        assert calls

    check_others(_torch_default, use)


POISSON = torch.ones(4)
DIRECT = {
    "orthogonal": lambda: nn.init.orthogonal_(torch.empty(3, 3)),
    "truncated": lambda: nn.init.trunc_normal_(torch.empty(3)),
    "sparse": lambda: nn.init.sparse_(torch.empty(4, 3), 0.5),
    "poisson": lambda: torch.poisson(POISSON),
    "binomial": lambda: torch.binomial(POISSON * 5, POISSON / 2),
    "rrelu": lambda: nn.functional.rrelu(-POISSON, training=True),
    "initializer": lambda: keras.initializers.GlorotUniform()([2, 2]),
    "keras default": lambda: keras.random.normal([3]),
    "keras layer": lambda: keras.layers.Dropout(0.5)(np.ones((2, 3), np.float32), training=True),
    "shuffle": lambda: list(tf.data.Dataset.range(9).shuffle(9, seed=1)),
    "tf poisson": lambda: tf.random.poisson([3], 2.0),
    "tf gamma": lambda: tf.random.gamma([3], 0.5),
}  # fmt: skip


@pytest.mark.parametrize("name", DIRECT)
@pytest.mark.parametrize("wrap", [torch.compile, tf.function])
def test_draws_besides_those_that_are_asked_for_are_eager_ones(name, wrap):
    f = DIRECT[name]

    def run(f):
        keras.utils.set_random_seed(5)
        torch.manual_seed(5)
        out = [np.asarray(f()) for _ in range(3)]
        return [*out, torch.rand(2).numpy(), np.random.rand(2), [random.random()], tf.random.normal([2]).numpy()]  # fmt: skip

    for e, c in zip(run(f), run(wrap(f)), strict=True):
        np.testing.assert_allclose(c, e, rtol=2e-6)


@pytest.mark.parametrize("private", [torch.Generator, lambda: tf.random.Generator.from_seed(2)])
def test_a_generator_made_inside_starts_afresh(private):
    def f(x):
        g = private()
        return x + (torch.rand(2, generator=g) if private is torch.Generator else g.uniform([2]))

    x = torch.zeros(2) if private is torch.Generator else tf.zeros([2])
    compiled = dt.jit(f)
    with pytest.warns(UserWarning, match="make the generator outside"):
        found = [np.asarray(compiled(x)) for _ in range(3)]
    np.testing.assert_array_equal(found, [np.asarray(f(x))] * 3)


def _dt(f, x):
    return dt.checkpoint(f)(x)


def _recomputed(f, x):
    return checkpoint(f, x, use_reentrant=False)


def _reentrant(f, x):
    return checkpoint(f, x, use_reentrant=True)


@pytest.mark.parametrize("make", OURS)
@pytest.mark.parametrize("call", [_dt, _recomputed, _reentrant, tf.recompute_grad])
def test_a_second_run_leaves_other_threads_streams_alone(make, call):
    def use(pause):
        if call is tf.recompute_grad:
            own = tf.random.Generator.from_seed(8)

            def f(x):
                pause()
                a = own.uniform([3])
                pause()
                return x * a * x * own.normal([3])

            def gradient(f):
                own.reset_from_seed(8)
                x = tf.Variable([1.0, 2.0, 3.0])
                with tf.GradientTape() as tape:
                    y = f(x)
                return tape.gradient(y, x).numpy(), own.uniform([1]).numpy()

            wrapped = tf.recompute_grad(f)
        else:
            own = torch.Generator() if call is _dt else None  # PyTorch's is about the default one

            def f(x):
                pause()
                a = torch.rand(3, generator=own)
                pause()
                return x * a * x * torch.randn(3, generator=own)

            def gradient(f):
                (own or torch.random.default_generator).manual_seed(8)
                x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
                f(x).sum().backward()
                return x.grad.numpy(), torch.rand(1, generator=own).numpy()

            def wrapped(x):
                return call(f, x)

        for w, g in zip(gradient(lambda x: f(x)), gradient(wrapped), strict=True):
            np.testing.assert_allclose(g, w, rtol=1e-6)

    if make is _torch_default and call in (_recomputed, _reentrant):
        pytest.skip("the stream that they share, in no order")
    check_others(make, use)


def test_others_draw_from_the_default_stream_during_a_second_run():
    second = []
    other = Meanwhile(lambda: torch.rand(2).tolist())

    def f(x):
        if second:
            other.pause()
        return x * x * torch.rand(3)

    for use_reentrant in (False, True):
        second.clear()
        torch.manual_seed(4)
        x = torch.ones(3, requires_grad=True)
        y = checkpoint(f, x, use_reentrant=use_reentrant).sum()
        second.append(1)
        y.backward()
        after = torch.rand(2).tolist()
        torch.manual_seed(4)
        np.testing.assert_allclose(x.grad.numpy(), 2 * torch.rand(3).numpy(), rtol=1e-6)
        assert [other.found.get(), after] == [torch.rand(2).tolist(), torch.rand(2).tolist()]
    assert not other.drawn()


@pytest.mark.parametrize("make", [_numpy, _python])
def test_a_global_stream_that_another_thread_draws_from_is_not_set_back(make):
    compiled = []

    def use(pause):
        hidden = SimpleQueue()
        hidden.put(pause)

        def f(x):
            if not hidden.empty():
                hidden.get()()
            return x * 2

        compiled.append(torch.compile(f))
        for _ in range(3):
            assert compiled[0](torch.ones(2)).tolist() == [2.0, 2.0]

    check_others(make, use)
    first, second = compiled[0]._history
    assert first.program is None
    assert "another thread" in first.eager
    assert second.program is not None


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize("make", [_numpy, _python])
def test_a_global_stream_that_the_function_names_is_set_back(make, threads):
    other = Meanwhile(int) if threads else None
    by_numpy = make is _numpy

    def f(x):
        return x * (np.random.random() if by_numpy else random.random())

    compiled = torch.compile(f)
    draw = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [compiled(torch.ones(1)).tolist() for _ in range(3)]
    after = draw()
    draw = make()
    np.testing.assert_allclose(found, [f(torch.ones(1)).tolist() for _ in range(3)])
    assert after == draw()
    if other is not None:
        other.drawn()


def test_numbers_drawn_in_the_backward_pass_are_not_those_of_the_trace(monkeypatch):
    monkeypatch.setattr("threading.active_count", lambda: 1)  # whatever other tests left behind

    class Noisy(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * np.random.random()

    def run(f):
        np.random.seed(2)
        found = []
        for _ in range(3):
            x = torch.ones(1, requires_grad=True)
            f(x).sum().backward()
            found.append(x.grad.item())
        return found

    assert run(torch.compile(Noisy.apply)) == run(Noisy.apply)
