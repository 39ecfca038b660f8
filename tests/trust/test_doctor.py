"""`dualtape.doctor()` and `dualtape.lint()`: what they see, what they warn of, and that they leave no trace."""

import gc
import linecache
import subprocess
import sys
import warnings
import weakref
from contextlib import contextmanager

import numpy as np
import pytest

import dualtape.tensorflow as tf
import dualtape.torch as torch
from dualtape.core import departures, modes
from dualtape.core.errors import GradientWarning
from dualtape.trust.doctor import doctor, lint
from dualtape.trust.verdict import Cause
from dualtape.trust.why import why_none


def line_of(text):
    """The number of the only line of this file that ends with `text` in a comment."""
    lines = linecache.getlines(__file__)
    (number,) = [i for i, line in enumerate(lines, 1) if line.rstrip().endswith(f"# {text}")]
    return number


@contextmanager
def recorded():
    """Collect the warnings of the block, also those that Python would show only once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def told(verdict, cause, mark):
    assert verdict.cause is cause, str(verdict)
    assert verdict.where is not None
    assert (verdict.where.filename, verdict.where.line) == (__file__, line_of(mark))
    assert verdict.certain


# What the source alone cannot show: the function is chosen at run time.
def under_no_grad(x):
    with torch.no_grad():
        return x * 2  # lost under no_grad


def compared(x):
    return (x > 1.0).float()  # lost in a comparison


def to_numpy_and_back(x):
    h = x.detach()
    return torch.from_numpy(h.numpy())  # lost in numpy


def detached(x):
    return (x * 2).detach()  # lost by detach


LOSSES = {
    "no_grad": (under_no_grad, Cause.NO_GRAD, "lost under no_grad"),
    "compared": (compared, Cause.NOT_DIFFERENTIABLE, "lost in a comparison"),
    "numpy": (to_numpy_and_back, Cause.NUMPY, "lost in numpy"),
    "detached": (detached, Cause.DETACHED, "lost by detach"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_doctor_saw_it(name):
    function, cause, mark = LOSSES[name]
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with doctor():
        y = (w * LOSSES[name][0](x * 3) * 2).sum()
        told(why_none(y, x), cause, mark)
        z = function(x).mean() * 2
        told(why_none(z, x), cause, mark)


def test_of_two_losses_the_one_in_between_is_told():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    z = torch.tensor([1.0, 2.0], requires_grad=True)
    with doctor() as visit:
        other = under_no_grad(z)
        y = (compared(x) + other).sum()
    told(visit.why_none(y, x), Cause.NOT_DIFFERENTIABLE, "lost in a comparison")
    told(visit.why_none(y, z), Cause.NO_GRAD, "lost under no_grad")


def test_stop_recording_is_seen():
    x = tf.Variable(2.0)
    steps = [lambda tape, h: stopped(tape, h)]
    with doctor(warn=False), tf.GradientTape() as tape:
        y = steps[0](tape, x * x) + 1.0
        told(tape.why_none(y, x), Cause.NO_GRAD, "lost while stopped")


def stopped(tape, h):
    with tape.stop_recording():
        return h * 2.0  # lost while stopped


def test_results_are_the_same_under_the_doctor():
    def run():
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(3):
            opt.zero_grad()
            loss = net(torch.ones(5, 3)).pow(2).mean()
            loss.backward()
            opt.step()
        return [p.detach().numpy().copy() for p in net.parameters()]

    plain = run()
    with doctor(lint=True), warnings.catch_warnings():
        warnings.simplefilter("error")
        watched = run()
    for a, b in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(a, b)


def test_nothing_is_left_behind():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    kept = []

    def fail():
        with doctor():
            kept.append(weakref.ref(under_no_grad(x)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert departures.watchers == ()
    assert not modes.current()
    gc.collect()
    assert kept[0]() is None


def test_what_is_remembered_keeps_nothing_alive():
    big = torch.ones(1000, requires_grad=True)
    h = big * 2
    h.detach()
    h.sum().item()
    gone = weakref.ref(h)
    del h
    gc.collect()
    assert gone() is None


def test_the_memory_is_bounded():
    x = torch.ones(1, requires_grad=True)
    for _ in range(3 * departures.REMEMBERED):
        x.item()
    assert len(list(departures.recent())) == departures.REMEMBERED


# --- warnings ---------------------------------------------------------------------------------------


def test_a_step_without_gradients_is_warned_of_once_at_the_users_line():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    opt = torch.optim.SGD([x], lr=0.1)
    with doctor(), recorded() as caught:
        for _ in range(3):
            opt.step()  # the idle step
    assert len(caught) == 1
    assert caught[0].category is GradientWarning
    assert "SGD.step() did nothing" in str(caught[0].message)
    assert (caught[0].filename, caught[0].lineno) == (__file__, line_of("the idle step"))


def test_a_none_of_a_tape_is_warned_of_once_at_the_users_line():
    x, z = tf.Variable(2.0), tf.Variable(3.0)
    with doctor(), recorded() as caught:
        for _ in range(3):
            with tf.GradientTape() as tape:
                y = x * x
            grads = tape.gradient(y, [x, z])  # the missing one
    assert grads[1] is None
    assert len(caught) == 1
    assert (caught[0].filename, caught[0].lineno) == (__file__, line_of("the missing one"))
    text = str(caught[0].message)
    assert "None for z" in text
    assert "no_path" in text


def test_without_the_doctor_nobody_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torch.optim.SGD([torch.ones(2, requires_grad=True)], lr=0.1).step()
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.constant(1.0)
        assert tape.gradient(y, x) is None


def test_an_optimizer_of_keras_warns_as_tensorflow_does():
    v, u = tf.Variable(1.0, name="v"), tf.Variable(1.0, name="u")
    with pytest.warns(
        UserWarning, match=r"Gradients do not exist for variables \['u:0'\]"
    ) as caught:
        tf.keras.optimizers.SGD(0.1).apply_gradients([(tf.constant(1.0), v), (None, u)])  # keras
    assert (caught[0].filename, caught[0].lineno) == (__file__, line_of("keras"))


# --- lint -------------------------------------------------------------------------------------------


def test_lint_names_the_leaf_and_both_lines():
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    with lint(), recorded() as caught:
        (weight * weight).sum().backward()  # the first pass
        (weight * 3).sum().backward()  # the second pass
        (weight * 3).sum().backward()
    assert len(caught) == 1
    assert (caught[0].filename, caught[0].lineno) == (__file__, line_of("the second pass"))
    assert caught[0].category is GradientWarning
    text = str(caught[0].message)
    assert "summed in the .grad of weight" in text
    assert f"first pass  {__file__}:{line_of('the first pass')} " in text
    assert f"second pass {__file__}:{line_of('the second pass')} " in text


@pytest.mark.parametrize("to_none", [True, False])
def test_lint_is_silent_where_gradients_are_zeroed(to_none):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    opt = torch.optim.SGD([x], lr=0.1)
    with lint(), warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            opt.zero_grad(set_to_none=to_none)
            (x * x).sum().backward()
            opt.step()


def test_the_doctor_lints_if_asked():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with doctor(lint=True), recorded() as caught:
        for _ in range(2):
            x.sum().backward()
    assert "summed" in str(caught[0].message)


# --- questions that are answered by an error, or need no reason -----------------------------------------


def test_nothing_missing():
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    assert why_none(y, x).cause is Cause.HAS_GRADIENT
    v = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        z = v * v
    assert tape.why_none(z, v).cause is Cause.HAS_GRADIENT


def test_what_is_no_tensor_is_refused():
    x = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(TypeError, match="x is a float"):
        why_none(x * 2, 2.0)
    with pytest.raises(TypeError, match="y is a str"):
        why_none("loss", x)
    with pytest.raises(TypeError, match="x is a ndarray"):
        why_none(x * 2, np.ones(2))


def test_a_result_that_is_a_plain_number():
    x = torch.tensor(2.0, requires_grad=True)
    loss = (x * 2).item()  # a number
    told(why_none(loss, x), Cause.PYTHON_NUMBER, "a number")


def test_why_none_changes_nothing():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x.detach() * 2).sum()
    before = (x.grad, x.requires_grad, y.grad_fn, modes.current())
    why_none(y, x)
    assert (x.grad, x.requires_grad, y.grad_fn, modes.current()) == before


def test_without_source_the_recording_still_answers():
    names = {"torch": torch, "why_none": why_none}
    program = """
x = torch.tensor([1.0, 2.0], requires_grad=True)
h = (x * 2).detach()
y = h.sum()
verdict = why_none(y, x)
z = torch.tensor([1.0], requires_grad=True)
other = why_none(z.sum(), x)
"""
    exec(compile(program, "<nowhere>", "exec"), names)
    assert names["verdict"].cause is Cause.DETACHED
    assert str(names["verdict"].where) == "<nowhere>:3"
    assert not names["verdict"].certain
    assert not names["other"].certain


# --- where the question is asked ------------------------------------------------------------------------


def test_asked_by_a_helper():
    def ask(result, wanted):
        return why_none(result, wanted)

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = (x * 2).detach()  # detached, asked by a helper
    other = torch.tensor([1.0], requires_grad=True)
    other.item()
    y = h.sum()
    told(ask(y, x), Cause.DETACHED, "detached, asked by a helper")


class Trainer:
    def __init__(self):
        self.weight = torch.tensor([1.0, 2.0], requires_grad=True)
        self.loss = None

    def features(self, data):
        return (self.weight.detach() * data).sum()  # detached in a method

    def step(self, data):
        self.loss = self.features(data) ** 2

    def ask(self):
        return why_none(self.loss, self.weight)


def test_asked_in_a_method():
    trainer = Trainer()
    trainer.step(torch.ones(2))
    told(trainer.ask(), Cause.DETACHED, "detached in a method")


CELLS = [
    "x = torch.tensor([1.0, 2.0], requires_grad=True)\n",
    "def smooth(t):\n    with torch.no_grad():\n        return t * 0.5\n",
    "h = smooth(x * 2)\ny = h.sum()\n",
    "z = x.detach() * 2\nverdict = why_none(y, x)\n",
]


@pytest.mark.parametrize("session", ["notebook", "console"])
def test_asked_in_a_later_cell(session, monkeypatch):
    names = {"torch": torch, "why_none": why_none, "__name__": "__main__"}
    files = []
    for number, cell in enumerate(CELLS):
        file = f"/nowhere/{number}.py" if session == "notebook" else f"<python-input-{number}>"
        lines = cell.splitlines(keepends=True)
        monkeypatch.setitem(linecache.cache, file, (len(cell), None, lines, file))
        files.append(file)
        if session == "notebook":
            names["In"] = ["", *CELLS[: number + 1]]
        exec(compile(cell, file, "exec"), names)
    verdict = names["verdict"]
    assert verdict.cause is Cause.NO_GRAD
    assert (verdict.where.filename, verdict.where.line) == (files[1], 3)


def test_the_doctor_is_not_loaded_before_it_is_asked():
    program = (
        "import sys, dualtape.torch, dualtape.tensorflow\n"
        "print([m for m in sys.modules if m.startswith('dualtape.trust.') and 'safe' not in m])"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"
