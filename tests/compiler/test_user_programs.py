"""What users of other compilers try first: state changed behind the function's back, errors of their own, threads, copies."""

from __future__ import annotations

import copy
import pickle
import threading
import warnings

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch

ZERO = 0.0


@dt.jit
def doubled(x):
    return 2 * x


def reciprocals(f, *zeros):
    with np.errstate(divide="ignore"):
        return [float(f(np.ones(1), z)[0]) for z in zeros]


def test_zeros_of_either_sign_are_different_arguments():
    f = dt.jit(lambda x, k: 1 / (x * k))
    assert reciprocals(f, 0.0, -0.0, 0.0) == [np.inf, -np.inf, np.inf]
    assert "argument 1 was 0.0 and is -0.0" in f.explain()


def test_zeros_of_either_sign_are_different_globals_and_elements():
    global ZERO
    where = [0.0]
    f = dt.jit(lambda x: np.copysign(x, ZERO) + 2 * np.copysign(x, where[0]))
    found = []
    for ZERO, where[0] in ((0.0, 0.0), (-0.0, 0.0), (-0.0, -0.0), (0.0, 0.0)):  # noqa: B007
        found.append(float(f(np.ones(1))[0]))
    assert found == [3, 1, -3, 3]


def test_complex_numbers_that_differ_in_the_sign_of_a_zero_are_different():
    f = dt.jit(lambda x, k: x * np.angle(k))
    values = [complex(-1, 0.0), complex(-1, -0.0)]
    assert [f(np.ones(()), k) for k in values] == [np.pi, -np.pi]


def test_not_a_number_is_one_argument():
    f = dt.jit(lambda x, k: x * k)
    f(np.ones(2), float("nan"))
    f(np.ones(2), -float("nan"))
    assert "traced 1 time" in f.explain()


def test_another_forward_of_a_module_or_of_its_class_is_noticed():
    class Inner(torch.nn.Module):
        def forward(self, x):
            return x + 1

    class Outer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.own, self.ours = Inner(), torch.nn.Identity()

        def forward(self, x):
            return self.ours(self.own(x))

    net, x = Outer(), torch.ones(1)
    f = torch.compile(net)
    assert f(x).item() == 2
    Inner.forward = lambda self, x: x * 7
    assert f(x).item() == 7
    net.ours.forward = lambda x: x * 10
    assert f(x).item() == 70
    net.own.forward = lambda x: x * 3
    assert f(x).item() == 30
    del net.ours.forward
    assert f(x).item() == 3


def test_another_call_of_a_class_is_noticed():
    class Scale:
        def __call__(self, x):
            return 2 * x

    scale = Scale()
    f = dt.jit(lambda x: scale(x))
    assert f(np.ones(())) == 2
    Scale.__call__ = lambda self, x: 5 * x
    assert f(np.ones(())) == 5


def test_strict_functions_say_the_same_at_every_call():
    @dt.jit(strict=True)
    def f(x):
        return x if x.sum() > 0 else -x

    messages = []
    for _ in range(2):
        with pytest.raises(dt.CompileError) as raised:
            f(np.ones(3))
        messages.append(str(raised.value))
    assert messages[0] == messages[1]
    assert "x.sum() > 0" in messages[0]


def test_an_error_of_the_function_itself_is_no_reason_to_give_up():
    ready = False

    def f(x):
        if not ready:
            raise ValueError("not ready")
        return x + 1

    g = dt.jit(f)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(ValueError, match="not ready"):
                g(np.ones(2))
        ready = True
        np.testing.assert_array_equal(g(np.ones(2)), [2, 2])
    assert "the call before failed" in g.explain()
    assert "add" in str(g.graph())


def test_a_function_that_runs_eagerly_says_so_once():
    f = dt.jit(lambda x: x * float(x.sum()))
    with pytest.warns(UserWarning, match="cannot be compiled: float") as seen:
        found = [f(np.ones(2)) for _ in range(3)]
    assert len(seen) == 1
    np.testing.assert_array_equal(found, np.full((3, 2), 2.0))


def test_threads_share_parameters_and_arguments_while_one_of_them_traces():
    layer = torch.nn.Linear(4, 4)
    f = torch.compile(lambda x: layer(x).tanh(), backend="aot_eager")
    inputs = [torch.randn(n, 4) for n in range(2, 7)]
    wanted = [layer(x).tanh().detach().numpy() for x in inputs]
    start, wrong = threading.Barrier(6), []

    def work():
        start.wait()
        for k in range(25):
            try:
                found = f(inputs[k % 5]).detach().numpy()
                if not np.allclose(found, wanted[k % 5], atol=1e-6):
                    wrong.append(found)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert "traced 2 times" in f.explain()


def test_compiled_modules_are_copied_and_pickled():
    net, x = torch.nn.Linear(3, 2), torch.ones(1, 3)
    f = torch.compile(net)
    wanted = f(x).detach().numpy()
    other, third = copy.deepcopy(f), pickle.loads(pickle.dumps(f))
    with torch.no_grad():
        net.weight.zero_()
        net.bias.zero_()
    assert not f(x).detach().numpy().any()
    np.testing.assert_array_equal(other(x).detach().numpy(), wanted)
    np.testing.assert_array_equal(third(x).detach().numpy(), wanted)


def test_a_decorated_function_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    assert copy.deepcopy(doubled) is doubled
    sine = copy.deepcopy(dt.jit(np.sin, backend="numpy"))
    assert sine(np.zeros(1)) == 0
    assert "sin" in repr(sine)


def test_functions_of_tensorflow_explain_themselves_by_their_own_name():
    @tf.function
    def thrice(x):
        return 3 * x

    assert thrice(tf.constant(2.0)).numpy() == 6
    assert "thrice): traced 1 time" in thrice.explain()
    assert "mul" in str(thrice.graph())


def test_functions_of_tensorflow_return_text_beside_numbers():
    f = tf.function(lambda x: {"sum": x + 1, "name": "abc", "none": None})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in (1.0, 2.0):
            found = f(tf.constant(k))
            assert found["sum"].numpy() == k + 1
            assert found["name"].numpy() == b"abc"
            assert found["none"] is None


def test_text_about_values_is_made_anew_at_each_call():
    f = dt.jit(lambda x: (2 * x, f"{np.sum(x):.1f}"))
    g = torch.compile(lambda x: (2 * x, str(x)))
    with pytest.warns(UserWarning, match="returns text about values"):
        assert [f(np.full(2, k))[1] for k in (1.0, 2.0)] == ["2.0", "4.0"]
    with pytest.warns(UserWarning, match="returns text about values"):
        assert [g(torch.tensor(k))[1] for k in (1.0, 2.0)] == ["tensor(1.)", "tensor(2.)"]


@pytest.mark.parametrize("use", [torch.Tensor.numpy, np.asarray, lambda x: range(3)[x.long()[0]]])
def test_values_without_numbers_say_so(use):
    with pytest.raises(dt.CompileError, match="inside a compiled function: it has no concrete"):
        torch.compile(use, fullgraph=True)(torch.ones(1))


def test_the_warning_about_many_traces_names_what_needs_a_length():
    f = torch.compile(lambda x: x * float(x.shape[0]), backend="aot_eager")
    with pytest.warns(UserWarning, match=r"traced 9 times.*cannot be left open: float\(\) needs"):
        _ = [f(torch.ones(n)) for n in range(2, 12)]


def test_the_first_step_of_an_optimizer_is_explained():
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([weight])

    @torch.compile
    def step():
        optimizer.zero_grad()
        weight.sum().backward()
        optimizer.step()

    step()
    step()
    told = step.explain()
    assert "ran eagerly: it changes what it will find at the next call: `optimizer.state`" in told
    assert "why: the call before set up what it finds now" in told


def test_numbers_with_their_bytes_the_other_way_round():
    f = dt.jit(lambda x: np.sin(x) * 2 + x.T)
    x = np.arange(9.0).reshape(3, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = f(x.astype(x.dtype.newbyteorder()))
    np.testing.assert_allclose(found, np.sin(x) * 2 + x.T)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8])
@pytest.mark.parametrize("rounding", ["floor", "trunc", "remainder", "fmod"])
def test_an_integer_divided_by_zero_is_an_error(dtype, rounding):
    def divide(a, b):
        if rounding in ("floor", "trunc"):
            return torch.div(a, b, rounding_mode=rounding)
        return getattr(torch, rounding)(a, b)

    f = torch.compile(divide, fullgraph=True)
    a = torch.tensor([7, 5, 3], dtype=dtype)
    for b in ([2, 1, 3], [3, 2, 5]):
        b = torch.tensor(b, dtype=dtype)
        assert f(a, b).tolist() == divide(a, b).tolist()
    for each in (f, divide, f):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            each(a, torch.tensor([2, 0, 3], dtype=dtype))
    assert f(a[:0], a[:0]).tolist() == []
    assert torch.compile(lambda a: a // 2, fullgraph=True)(a).tolist() == [3, 2, 1]
