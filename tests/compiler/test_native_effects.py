"""Results and effects of native calls, over the trampoline and over ctypes."""

import ctypes
import weakref

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from dualtape.compiler.native.plan import (
    ArgArray,
    ArgResult,
    ArgTensor,
    ArrayResult,
    Buffer,
    Finish,
    ObjectResult,
    Output,
    State,
    Store,
    TensorResult,
)
from dualtape.core import modes
from dualtape.core.tensor import Tensor, wrap
from dualtape.core.versions import InferenceVersion, Version

from . import native_calls
from .native_calls import F8, I8, Loss, is_slow

library, make = native_calls.library, native_calls.make


@pytest.mark.parametrize("letter", "?bhilqBHILQefdgFD")
def test_results_that_are_scalars(make, letter):
    dtype = np.dtype(letter)
    value = dtype.type(1.5)
    source = np.zeros(2, np.int64)
    source.view(np.uint8)[: dtype.itemsize] = np.frombuffer(value.tobytes(), np.uint8)
    slots = (ArgArray(0, I8, (2,)), Output(dtype, (), scalar=True))
    items = (ArrayResult(1), TensorResult(Loss, 1), ArrayResult(1))
    scalar, loss, again = make("copy", 1, slots, result=items)(source)
    n = min(dtype.itemsize, 8)  # what the core copies
    for found in (scalar, loss.value, again):
        assert type(found) is type(value)
        assert found.tobytes()[:n] == value.tobytes()[:n]
    assert type(make("copy", 1, slots, result=items[0])(source)) is type(value)


def test_stores(make):
    leaf, other = wrap(Tensor, None), wrap(Tensor, None)
    field, edge = Tensor.__dict__["leaf"], Tensor.__dict__["edge"]
    slots = (ArgArray(0, F8, ()), Output(F8, ()), Output(F8, (), scalar=True))
    stores = (
        Store(leaf, field, TensorResult(Loss, 1)),
        Store(leaf, edge, ObjectResult(None)),
        Store(other, field, ArrayResult(1)),
        Store(other, edge, TensorResult(Tensor, 2)),
        Store(other, Tensor.__dict__["view_of"], ArgResult(0)),
    )
    f = make("copy", 1, slots, stores=stores, result=ArrayResult(1))
    leaf.edge = 5
    del other.leaf
    x = np.array(2.5)
    result = f(x)
    assert result == 2.5
    assert type(leaf.leaf) is Loss
    assert leaf.leaf.value is other.leaf is result
    assert leaf.edge is None
    assert type(other.edge.value) is np.float64
    assert other.view_of is x
    kept = leaf.leaf
    assert is_slow(f(None))
    assert leaf.leaf is kept
    failing = make("seven", 1, slots, stores=stores, on_status=lambda status: None)
    failing(x)
    assert leaf.leaf is kept
    f(x)
    assert leaf.leaf is not kept


def test_what_was_stored_is_never_written_to_while_anybody_has_it(make):
    leaf, other = wrap(Tensor, None), wrap(Tensor, None)
    field = Tensor.__dict__["leaf"]
    slots = (ArgArray(0, F8, ()), Output(F8, ()))
    f = make("copy", 1, slots, stores=(Store(leaf, field, TensorResult(Loss, 1)),))
    keepers = [
        lambda: leaf.leaf,
        lambda: leaf.leaf.value,
        lambda: leaf.leaf.value[...],
        lambda: memoryview(leaf.leaf.value),
        lambda: weakref.ref(leaf.leaf.value),
        lambda: wrap(Tensor, leaf.leaf.value),
    ]
    for keep in keepers:
        f(np.array(1.0))
        kept = keep()
        f(np.array(2.0))
        if isinstance(kept, weakref.ref):
            assert kept() is None  # rather than another's numbers
        else:
            kept = kept.value if isinstance(kept, Tensor) else kept
            assert np.asarray(kept) == 1
        assert leaf.leaf.value == 2
        del kept
    f(np.array(3.0))
    f(np.array(4.0))
    assert leaf.leaf.value == 4
    memory = np.zeros(2)
    for odd in (
        wrap(Loss, memory[0:1].reshape(())),
        wrap(Tensor, np.zeros(())),
        wrap(Loss, np.zeros(1)),
        None,
        5,
    ):
        leaf.leaf = odd
        f(np.array(6.0))
        assert type(leaf.leaf) is Loss
        assert leaf.leaf.value == 6
    assert not memory.any()
    leaf.leaf = wrap(Loss, np.zeros(()))
    del leaf.leaf.value
    f(np.array(7.0))
    assert leaf.leaf.value == 7
    both = (Store(leaf, field, TensorResult(Loss, 1)), Store(other, field, TensorResult(Loss, 1)))
    g = make("copy", 1, slots, stores=both, result=ArrayResult(1))
    for number in (1.0, 2.0, 3.0):
        result = g(np.array(number))
        assert leaf.leaf.value is other.leaf.value is result
        assert result == number


def test_writes_are_noted(make):
    state, bare, arg = (wrap(Tensor, np.zeros(3)) for _ in range(3))
    version, inferred = state.shared_version(), wrap(Tensor, np.zeros(3))
    inferred.version = InferenceVersion()
    slots = (*[State(t, F8, (3,)) for t in (state, bare, inferred)], ArgTensor(0, Tensor, F8, (3,)))
    f = make("nothing", 1, slots, written=frozenset(range(4)), stamped=frozenset(range(4)))
    node = modes.next_order()
    assert f(arg) is None
    assert [t.version.count for t in (state, bare, inferred, arg)] == [1, 1, 0, 1]
    assert state.version is version
    assert type(bare.version) is Version
    assert (
        max(state.version.stamp, bare.version.stamp, arg.version.stamp) < node
    )  # later: clocks count down
    stamp = version.stamp
    assert is_slow(f(None))
    assert version.stamp == stamp
    f(arg)
    assert version.count == 2
    assert version.stamp < stamp

    class Broken(Version):
        def bump_quietly(self):
            raise ValueError("broken")

    state.version = Broken()
    with pytest.raises(ValueError, match="broken"):
        f(arg)


def test_a_core_that_calls_python_works_on_what_was_there(make):
    state, called = wrap(Tensor, np.array(1.5)), []

    @ctypes.PYFUNCTYPE(ctypes.c_int32)
    def replace():
        called.append(state.value)
        state.value = np.full((), 7.0)
        called.clear()
        return 0

    address = np.array(ctypes.cast(replace, ctypes.c_void_p).value, np.int64)
    slots = (State(state, F8, ()), Buffer(address), Output(F8, ()))
    f = make("back", 0, slots, result=ArrayResult(2), calls_back=True)
    assert f() == 1.5
    assert f() == 7


def test_results(make):
    x = np.array(2.0)
    thing = object()
    items = (
        ArrayResult(1),
        TensorResult(Loss, 1),
        ArgResult(0),
        ObjectResult(thing),
        TensorResult(Tensor, 2),
    )
    slots = (ArgArray(0, F8, ()), Output(F8, ()), Output(F8, ()))
    result = make("copy", 1, slots, result=items)(x)
    assert type(result) is tuple
    array, loss, argument, kept, other = result
    assert array == 2
    assert array.shape == ()
    assert type(loss) is Loss
    assert loss.value is array
    assert loss.edge is loss.version is loss.view_of is loss.leaf is None
    loss.name = "loss"
    assert argument is x
    assert kept is thing
    assert other.value is not array
    assert type(make("copy", 1, slots, result=())(x)) is tuple
    assert make("copy", 1, slots, result=items[3])(x) is thing
    assert make("copy", 1, slots, result=items[2])(x) is x
    assert make("copy", 1, slots, result=items[1])(x).value == 2
    finished = make("copy", 1, slots, result=Finish(lambda found: found, items[:2]))(x)
    assert type(finished) is list
    assert finished[1].value is finished[0]

    def fail(found):
        raise KeyError(found[0].item())

    with pytest.raises(KeyError, match="2"):
        make("copy", 1, slots, result=Finish(fail, items[:1]))(x)
