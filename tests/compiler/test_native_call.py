"""Calls of native code, over the trampoline and over ctypes: arguments, states, numbers, fetches."""

import collections
import pickle

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from dualtape.compiler.native import NativeError, Plan
from dualtape.compiler.native.plan import (
    MISSING,
    ArgArray,
    ArgFloat,
    ArgTensor,
    ArrayResult,
    Buffer,
    DictItem,
    ElementsAre,
    Fetch,
    Live,
    NumbersAre,
    Output,
    SlotIs,
    State,
    Store,
)
from dualtape.core.tensor import Tensor, wrap
from dualtape.core.views import View

from . import native_calls
from .native_calls import F4, F8, I8, Loss, is_slow

library, make = native_calls.library, native_calls.make


def test_an_array_a_state_and_a_fresh_output(make):
    state = wrap(Tensor, np.array([1.0, 2.0, 3.0]))
    slots = (ArgArray(0, F8, (3,)), State(state, F8, (3,)), Output(F8, (3,)))
    f = make("add", 1, slots, result=ArrayResult(2), written=frozenset({1}))
    x = np.array([10.0, 10.0, 10.0])
    first, second = f(x), f(x)
    np.testing.assert_array_equal(first, [11, 12, 13])
    np.testing.assert_array_equal(second, [21, 22, 23])
    assert type(first) is np.ndarray
    assert first.dtype is F8
    assert first.flags.carray
    assert first.flags.owndata
    state.value = np.zeros(3)  # read at each call
    np.testing.assert_array_equal(f(x), x)
    np.testing.assert_array_equal(state.value, x)


def readings(dtype, shape):
    """Arrays that a slot of this dtype and shape takes, and such that it does not."""
    good = np.zeros(shape, dtype)
    other = np.zeros(shape, np.float32 if dtype != np.float32 else np.float64)
    frozen = good.copy()
    frozen.flags.writeable = False
    unpickled = pickle.loads(pickle.dumps(good))
    assert unpickled.dtype is not good.dtype
    yield from [
        (True, good),
        (True, frozen),
        (True, unpickled),
        (True, np.zeros((2, *shape), dtype)[1, ...]),
    ]
    yield False, other
    yield False, good.astype(good.dtype.newbyteorder("S"))
    yield False, good.astype(np.dtype(good.dtype, metadata={"unit": "m"}))
    yield False, good.view(np.matrix) if good.ndim == 2 else good.view(np.ma.MaskedArray)
    yield False, good.view(type("Mine", (np.ndarray,), {}))
    yield False, np.zeros((*shape, 1), dtype)
    yield False, np.zeros((1, *shape), dtype)
    yield False, np.frombuffer(bytearray(good.nbytes + 1), np.uint8)[1:].view(dtype).reshape(shape)
    yield False, good.astype(object)
    for odd in [
        None,
        1,
        2.0,
        True,
        [],
        good.tolist(),
        "a",
        good.dtype,
        np.float64(1),
        Tensor(good),
        int,
    ]:
        yield False, odd
    if good.ndim == 2:
        yield False, np.asfortranarray(good)
        yield False, good.T
        yield False, np.zeros((shape[0], 2 * shape[1]), dtype)[:, ::2]
    if good.ndim:
        yield False, good[:0]
        yield False, np.zeros((2 * shape[0], *shape[1:]), dtype)[::2]
        yield False, good[::-1]


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [(F8, (3, 2)), (F4, (5,)), (F8, ()), (I8, (2, 2, 2)), (np.dtype(complex), (2,))],
)
def test_only_arrays_as_planned_are_taken(make, dtype, shape):
    array = make("nothing", 1, [ArgArray(0, dtype, shape)])
    tensor = make("nothing", 1, [ArgTensor(0, Tensor, dtype, shape)])
    t = wrap(Tensor, None)
    state = make("nothing", 0, [State(t, dtype, shape)])
    for good, value in readings(dtype, shape):
        assert is_slow(array(value)) != good, value
        t.value = value
        scalar = shape == () and type(value) is dtype.type  # what a 0-d tensor usually has
        assert is_slow(tensor(t)) != (good or scalar), value
        assert is_slow(state()) != (good or scalar), value


@pytest.mark.parametrize("letter", "?bhilqBHILQefdFD")
def test_scalars_are_read_where_they_are(make, letter):
    dtype = np.dtype(letter)
    state = wrap(Tensor, dtype.type(1))
    f = make("copy", 0, (State(state, dtype, ()), Output(np.dtype("D"), ())), result=ArrayResult(1))
    g = make(
        "copy",
        1,
        (ArgTensor(0, Tensor, dtype, ()), Output(np.dtype("D"), ())),
        result=ArrayResult(1),
    )
    for result in (f(), g(state), g(wrap(Tensor, np.array(1, dtype)))):
        n = min(dtype.itemsize, 8)  # what the core copies
        assert result.tobytes()[:n] == state.value.tobytes()[:n]
    assert is_slow(
        make("copy", 0, (State(state, dtype, ()), Output(F8, ())), written=frozenset({0}))()
    )


def test_arrays_without_elements(make):
    f = make("nothing", 1, [ArgArray(0, F8, (0, 3))])
    assert f(np.zeros((0, 3))) is None
    assert is_slow(f(np.zeros((0, 4))))
    assert is_slow(f(np.zeros((3, 0))))


@pytest.mark.parametrize("same", ["bhilqBHILQ"])
def test_c_names_of_one_integer_type(make, same):
    for letter in same:
        planned = np.dtype(letter)
        f = make("nothing", 1, [ArgArray(0, planned, (2,))])
        for other in same:
            assert is_slow(f(np.zeros(2, other))) == (np.dtype(other) != planned), (letter, other)


def test_the_wrong_number_of_arguments_goes_the_slow_way_and_keywords_are_refused(make):
    f = make("nothing", 2, [ArgArray(0, F8, ())])
    assert f(np.array(1.0), None) is None
    for args in [(), (np.array(1.0),), (np.array(1.0), 2, 3)]:
        assert f(*args) == ("slow", *args)
    with pytest.raises(TypeError):
        f(np.array(1.0), b=2)


def test_a_tensor_with_history_or_of_another_class_goes_the_slow_way(make):
    value = np.zeros(2)
    f = make("nothing", 1, [ArgTensor(0, Tensor, F8, (2,))])
    g = make("nothing", 1, [ArgTensor(0, Tensor, F8, (2,), requires_edge_none=False)])
    t = wrap(Tensor, value)
    assert f(t) is None
    assert g(t) is None
    t.require_grad()
    assert is_slow(f(t))
    assert g(t) is None
    view = wrap(Tensor, value)
    view.view_of = object()
    for other in (view, wrap(Loss, value), object.__new__(Tensor), value):
        assert is_slow(f(other))
        assert is_slow(g(other))
    t = wrap(Tensor, value)
    del t.view_of
    assert is_slow(f(t))


def test_a_tensor_that_views_another_is_read_as_long_as_its_history_is_up_to_date(make):
    base = wrap(Tensor, np.zeros(4))
    part = wrap(Tensor, base.value[:2])
    part.view_of = View(base, (), True)
    f = make("nothing", 1, [ArgTensor(0, Tensor, F8, (2,))])
    g = make("nothing", 1, [ArgTensor(0, Tensor, F8, (2,), requires_edge_none=False)])
    written = make("nothing", 1, [ArgTensor(0, Tensor, F8, (2,))], written=frozenset({0}))
    assert f(part) is None
    assert g(part) is None
    assert is_slow(written(part))
    base.require_grad()
    assert is_slow(f(part))
    assert is_slow(g(part))
    part.view_of = object.__new__(View)
    assert is_slow(f(part))
    part.view_of = None
    assert written(part) is None


def test_what_is_written_must_be_writeable(make):
    slots = (ArgArray(0, F8, (3,)), State(wrap(Tensor, np.ones(3)), F8, (3,)), Output(F8, (3,)))
    frozen = np.ones(3)
    frozen.flags.writeable = False
    f = make("add", 1, slots, written=frozenset({1}))
    assert f(frozen) is None
    slots[1].tensor.value = frozen
    assert is_slow(f(np.ones(3)))
    g = make("nothing", 1, slots, written=frozenset({0}))
    assert is_slow(g(frozen))


def test_memory_shared_with_what_is_written_goes_the_slow_way(make):
    memory = np.zeros(9)
    state, other = wrap(Tensor, memory[:3]), wrap(Tensor, np.zeros(3))
    constant = memory[6:]
    slots = (
        ArgArray(0, F8, (3,)),
        State(state, F8, (3,)),
        State(other, F8, (3,)),
        Buffer(constant),
    )
    f = make("nothing", 1, slots, written=frozenset({1}))
    reads = make("nothing", 1, slots)
    apart = np.zeros(3)
    for _ in range(2):
        assert f(apart) is None
        assert f(memory[3:6]) is None
        assert is_slow(f(memory[2:5]))
        assert is_slow(f(memory[:3]))
        assert reads(memory[2:5]) is None
        other.value = memory[1:4]
        assert is_slow(f(apart))
        assert is_slow(f(apart))  # a second time, with nothing moved
        assert reads(apart) is None
        other.value = constant  # neither is written
        assert f(apart) is None
        other.value = np.zeros(3)
        state.value = memory[4:7]
        assert is_slow(f(apart))
        state.value = memory[:3]
    g = make("nothing", 2, (ArgArray(0, F8, (3,)), ArgArray(1, F8, (3,))), written=frozenset({1}))
    assert g(memory[:3], memory[3:6]) is None
    assert is_slow(g(memory[:3], memory[:3]))
    h = make("nothing", 1, (*slots[1:], ArgArray(0, F8, (3,))), written=frozenset({3}))
    assert h(apart) is None
    assert is_slow(h(memory[4:7]))


@pytest.mark.parametrize(
    ("kind", "value", "dtype", "expected"),
    [
        ("float", 0.25, F8, 0.25),
        ("float", 1, F8, None),
        ("number", 0.25, F8, 0.25),
        ("number", -1.0, F8, -1.0),
        ("number", 3, F8, 3.0),
        ("number", -1, F8, -1.0),
        ("number", 2**70, F8, 2.0**70),
        ("number", 10**400, F8, None),
        ("number", True, F8, None),
        ("number", np.float64(1), F8, None),
        ("number", None, F8, None),
        ("int", 3, I8, 3),
        ("int", -1, I8, -1),
        ("int", 2**63 - 1, I8, 2**63 - 1),
        ("int", 2**63, I8, None),
        ("int", 1.0, I8, None),
    ],
)
def test_numbers_are_read_when_called(make, kind, value, dtype, expected):
    group = {"lr": value}
    f = make("copy", 0, (Live(group, "lr", kind), Output(dtype, ())), result=ArrayResult(1))
    result = f()
    if expected is None:
        assert is_slow(result)
    else:
        assert result == expected
    group["lr"] = 7 if kind == "int" else 7.0
    assert f() == 7
    del group["lr"]
    assert is_slow(f())


def test_a_float_given_as_an_argument_is_data(make):
    f = make("copy", 1, (ArgFloat(0), Output(F8, ())), result=ArrayResult(1))
    assert f(2.5) == 2.5
    assert np.isnan(f(float("nan")))
    for other in (1, True, np.float64(2.5), np.array(2.5), None, "2.5"):
        assert is_slow(f(other))


def test_fetches_come_after_the_checks_and_in_their_order(make):
    calls = []

    def draw(name, dtype=F8):
        calls.append(name)
        return np.full((3,), len(calls), dtype)

    state = wrap(Tensor, np.zeros(3))
    slots = (
        Fetch(lambda: draw("a"), F8, (3,)),
        State(state, F8, (3,)),
        Output(F8, (3,)),
        Fetch(lambda: draw("b", kind), F8, (3,)),
        ArgArray(0, F8, ()),
    )
    kind = F8
    f = make("add", 1, slots, result=ArrayResult(2), written=frozenset({1}))
    assert is_slow(f(None))
    assert not calls
    np.testing.assert_array_equal(f(np.array(0.0)), [1, 1, 1])
    assert calls == ["a", "b"]
    kind = F4
    with pytest.raises(NativeError, match="was to give an array float64"):
        f(np.array(0.0))
    np.testing.assert_array_equal(state.value, [1, 1, 1])


def test_an_exception_of_a_fetch_is_the_calls(make):
    def draw():
        raise ValueError("no more numbers")

    f = make("nothing", 0, (Fetch(draw, F8, (3,)),))
    with pytest.raises(ValueError, match="no more numbers"):
        f()


def test_what_a_fetch_changes_is_not_worked_on_unseen(make):
    state = wrap(Tensor, np.zeros(3))

    def draw():
        state.value = replaced
        return np.ones(3)

    f = make(
        "add",
        0,
        (Fetch(draw, F8, (3,)), State(state, F8, (3,)), Output(F8, (3,))),
        written=frozenset({1}),
    )
    replaced = np.full(3, 5.0)
    assert f() is None
    np.testing.assert_array_equal(replaced, [6, 6, 6])
    replaced = np.zeros(4)
    with pytest.raises(NativeError, match="was changed while it drew"):
        f()


def test_a_fetch_of_written_memory_is_an_error(make):
    state = wrap(Tensor, np.zeros(3))
    slots = (Fetch(lambda: state.value, F8, (3,)), State(state, F8, (3,)), Output(F8, (3,)))
    f = make("add", 0, slots, written=frozenset({1}))
    with pytest.raises(NativeError, match="was changed while it drew"):
        f()


def test_a_status_is_reported(make):
    with pytest.raises(NativeError, match="status 7"):
        make("seven", 0, (Output(F8, ()),))()
    assert make("seven", 0, (Output(F8, ()),), on_status=lambda status: status * 2)() == 14

    def fail(status):
        raise IndexError(status)

    with pytest.raises(IndexError, match="7"):
        make("seven", 0, (), on_status=fail)()


def test_an_exception_of_the_slow_callable_is_the_calls_alone(make):
    def slow(*args):
        raise LookupError("slow")

    for parts in [(ArgArray(0, F8, ()),), (Live({"a": 10**400}, "a"),)]:
        with pytest.raises(LookupError, match="slow") as caught:
            make("nothing", 1, parts, slow=slow)(None)
        assert caught.value.__context__ is None


def test_calls_within_calls(make):
    def slow(x):
        return f(np.array(float(x)))

    f = make("copy", 1, (ArgArray(0, F8, ()), Output(F8, ())), result=ArrayResult(1), slow=slow)
    assert f(3) == 3

    def draw():
        return np.array(inner(np.array(1.0)) + 1)

    inner = f
    g = make("copy", 0, (Fetch(draw, F8, ()), Output(F8, ())), result=ArrayResult(1))
    assert g() == 2


@pytest.mark.parametrize("count", [47, 48, 49, 300])
def test_many_slots(make, count):
    states = [wrap(Tensor, np.full(3, float(i))) for i in range(count)]
    slots = [ArgArray(0, F8, (3,)), State(states[0], F8, (3,)), Output(F8, (3,))]
    slots += [State(s, F8, (3,)) for s in states[1:]] + [Output(F8, (3,))] * 5
    f = make(
        "add",
        1,
        slots,
        result=tuple(ArrayResult(len(slots) - i) for i in range(1, 6)),
        written=frozenset({1, 5}),
    )
    assert len(f(np.ones(3))) == 5
    assert states[0].value[0] == 1
    assert is_slow(f(None))
    states[9].value = states[0].value
    assert is_slow(f(np.ones(3)))


@pytest.mark.parametrize(
    "parts",
    [
        {"slots": (ArgArray(1, F8, ()),)},
        {"slots": (ArgArray(0, np.dtype(object), ()),)},
        {"slots": (ArgArray(0, np.dtype(">f8"), ()),)},
        {"slots": (Buffer(np.zeros((2, 2))[:, 1]),)},
        {"slots": (Output(F8, ()),), "written": frozenset({0})},
        {"slots": (ArgArray(0, F8, ()),), "result": ArrayResult(0)},
        {"slots": (), "guards": (ElementsAre(collections.OrderedDict(), ()),)},
        {"slots": (), "guards": (NumbersAre(np.zeros(2), np.zeros(3)),)},
        {"slots": (), "guards": (SlotIs(3, Tensor.__dict__["edge"], None),)},
        {
            "slots": (ArgFloat(0),),
            "stores": (Store(wrap(Tensor, None), Tensor.__dict__["leaf"], ArrayResult(0)),),
        },
        {"slots": (Output(F8, (1,), scalar=True),)},
        {"slots": (Output(np.dtype("G"), (), scalar=True),)},
        {"slots": (ArgArray(0, F8, ()),), "written": frozenset({0}), "stamped": frozenset({0})},
        {"slots": (ArgTensor(0, Tensor, F8, ()),), "stamped": frozenset({0})},
        {"slots": (Live({}, ("a",)),)},
        {"slots": (), "guards": (DictItem(vars(Loss), "x", MISSING),)},
    ],
)
def test_a_faulty_plan_is_refused(parts):
    with pytest.raises(NativeError, match="faulty call plan"):
        Plan(1, **parts)
