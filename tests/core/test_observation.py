"""Observers are told of every primitive on tensors, and only while they watch."""

import numpy as np
import pytest

from dualtape.core import modes
from dualtape.core.observation import observing
from dualtape.core.tensor import Tensor
from dualtape.ops.arithmetic import add, mul
from dualtape.ops.exponential import exp
from dualtape.ops.extrema import max_along
from dualtape.ops.shape import reshape


def names(run):
    seen = []
    with observing(
        lambda p, operands, params, results: seen.append((p.name, len(operands), len(results)))
    ):
        run()
    return seen


def test_calls_of_all_arities_are_seen():
    x = Tensor(np.array([1.0, 3.0]))
    assert names(lambda: mul(exp(x), x)) == [("exp", 1, 1), ("mul", 2, 1)]
    assert names(lambda: reshape(x, (2, 1)))[0][0] == "reshape"
    assert names(lambda: max_along(x, 0))[0][2] == 2
    assert names(lambda: add(np.ones(2), np.ones(2))) == []


def test_recording_goes_on_as_without():
    x = Tensor(np.array([1.0, 3.0]))
    x.require_grad()
    found = []
    with observing(lambda p, operands, params, results: found.append(results[0].edge)):
        y = mul(x, x)
    assert found == [y.edge]
    view = Tensor(np.zeros((2, 2)))
    with observing(lambda *_: None):
        part = reshape(view, (4,))
    assert part.view_of is not None


def test_the_observer_itself_is_not_observed_and_an_outer_one_rests():
    x = Tensor(np.array([1.0]))
    inner, outer = [], []

    def see(p, *_):
        exp(x)
        inner.append(p.name)

    with observing(lambda p, *_: outer.append(p.name)):
        with observing(see):
            mul(x, x)
        exp(x)
    assert (inner, outer) == (["mul"], ["exp"])


def test_nothing_is_left_behind():
    before = modes.current()

    def fail(*_):
        raise KeyError("mine")

    with pytest.raises(KeyError), observing(fail):
        exp(Tensor(np.array([1.0])))
    assert modes.current() == before
    exp(Tensor(np.array([1.0])))
