"""Guards of native calls, over the trampoline and over ctypes."""

import collections
import contextvars
import types

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from dualtape.compiler.native.plan import (
    MISSING,
    ArgEquals,
    ArgFloatEquals,
    ArgIs,
    ArgType,
    AttributeDictItem,
    CellIs,
    ContextIs,
    DictItem,
    ElementsAre,
    NumbersAre,
    SlotIs,
    SlotIsNot,
)
from dualtape.core.tensor import Tensor, wrap

from . import native_calls
from .native_calls import F8, is_slow

library, make = native_calls.library, native_calls.make


def test_guards_of_arguments(make):
    marker = object()
    f = make("nothing", 1, (), ArgIs(0, marker))
    assert f(marker) is None
    assert is_slow(f(object()))
    f = make("nothing", 1, (), ArgIs(0, None))
    assert f(None) is None
    assert is_slow(f(False))
    f = make("nothing", 1, (), ArgType(0, int))
    assert f(5) is None
    assert is_slow(f(True))
    for value, others in [
        (0.0, (-0.0, 0, False, 1.0)),
        (0.5, (0.25, np.float64(0.5))),
        (float("nan"), (0.0,)),
    ]:
        f = make("nothing", 1, (), ArgFloatEquals(0, value))
        assert f(float(str(value))) is None
        for other in others:
            assert is_slow(f(other))
    for value, same, others in [
        (1, int("1"), (True, 1.0, 2)),
        (10**30, int("1" + "0" * 30), (10**30 + 1, None)),
        ("sum", "".join(["s", "um"]), ("mean", b"sum", "su")),
        (b"x", bytes([120]), ("x", b"y")),
    ]:
        f = make("nothing", 1, (), ArgEquals(0, value))
        assert f(same) is None
        for other in others:
            assert is_slow(f(other))


def test_guards_of_dicts(make):
    one, two = object(), object()
    d = {"x": one, 3: two}
    f = make(
        "nothing", 0, (), DictItem(d, "x", one), DictItem(d, 3, two), DictItem(d, "y", MISSING)
    )
    assert f() is None
    d["x"] = two
    assert is_slow(f())
    d["x"] = one
    assert f() is None
    d["y"] = one
    assert is_slow(f())
    del d["y"], d["x"]
    assert is_slow(f())


def test_guards_of_attributes_see_every_way_of_changing_them(make):
    class Model:
        pass

    model = Model()
    model.training = True
    f = make("nothing", 0, (), AttributeDictItem(model, "training", True))
    missing = make("nothing", 0, (), AttributeDictItem(model, "frozen", MISSING))
    assert f() is None
    assert missing() is None
    model.training = False
    assert is_slow(f())
    model.__dict__["training"] = True
    assert f() is None
    model.__dict__ = {"training": False, "frozen": 1}
    assert is_slow(f())
    assert is_slow(missing())
    model.training = True
    assert f() is None
    del model.training
    assert is_slow(f())
    assert is_slow(make("nothing", 0, (), AttributeDictItem(object(), "x", MISSING))())


def test_guards_of_attributes_of_classes_modules_and_functions(make):
    class Settings:
        depth = 2

    def function():
        pass

    module = types.ModuleType("settings")
    for owner in (Settings, module, function, types.SimpleNamespace()):
        owner.depth = 2
        f = make(
            "nothing",
            0,
            (),
            AttributeDictItem(owner, "depth", 2),
            AttributeDictItem(owner, "x", MISSING),
        )
        assert f() is None
        owner.depth = 3
        assert is_slow(f())
        owner.depth = 2
        owner.x = 1
        assert is_slow(f())
        del owner.x
        assert f() is None


def test_guards_of_slots_and_cells(make):
    t = wrap(Tensor, np.zeros(1))
    edge = Tensor.__dict__["edge"]
    without, unset = (
        make("nothing", 0, (), SlotIs(t, edge, None)),
        make("nothing", 0, (), SlotIs(t, edge, MISSING)),
    )
    assert without() is None
    assert is_slow(unset())
    t.require_grad()
    assert is_slow(without())
    assert make("nothing", 0, (), SlotIs(t, edge, t.edge))() is None
    del t.edge
    assert is_slow(without())
    assert unset() is None

    first = object()
    cell = types.CellType(first)
    f, empty = (
        make("nothing", 0, (), CellIs(cell, first)),
        make("nothing", 0, (), CellIs(cell, MISSING)),
    )
    assert f() is None
    assert is_slow(empty())
    cell.cell_contents = object()
    assert is_slow(f())
    del cell.cell_contents
    assert is_slow(f())
    assert empty() is None


def test_guards_of_context_variables(make):
    mode = contextvars.ContextVar("mode", default=0)
    bare = contextvars.ContextVar("bare")
    usual, other = (
        make("nothing", 0, (), ContextIs(mode, 0)),
        make("nothing", 0, (), ContextIs(mode, 1000)),
    )
    without = make("nothing", 0, (), ContextIs(bare, 0))
    assert usual() is None
    assert is_slow(other())
    assert is_slow(without())
    token = mode.set(int("1000"))
    assert is_slow(usual())
    assert other() is None
    assert contextvars.Context().run(usual) is None
    mode.reset(token)
    assert usual() is None

    def slow_with(value):
        mode.set(value)
        return is_slow(usual())

    for value in (False, 0.0, None, 2**80):
        assert contextvars.copy_context().run(slow_with, value)


SAME = [
    (1, int("1"), True, 1.0, 2),
    (10**30, int("1" + "0" * 30), 10**30 + 1),
    ("sum", "".join(["s", "um"]), "mean", b"sum", None),
    (b"x", bytes([120]), "x", b"y"),
    (0.0, float("0"), -0.0, 0, False),
    (0.5, float("0.5"), np.float64(0.5), 0.25),
    (float("nan"), float("nan"), 0.0),
    (None, None, 0, False),
    (True, True, 1, 1.0, False),
]


@pytest.mark.parametrize(("expected", "same", "others"), [(e, s, o) for e, s, *o in SAME])
def test_the_same_is_equal_or_identical(make, expected, same, others):
    d, settings, cell, t = {}, types.SimpleNamespace(), types.CellType(), wrap(Tensor, None)
    leaf = Tensor.__dict__["leaf"]
    guards = [
        DictItem(d, "x", expected),
        AttributeDictItem(settings, "x", expected),
        CellIs(cell, expected),
        SlotIs(t, leaf, expected),
        ElementsAre([], ()),
    ]
    calls = [make("nothing", 0, (), guard) for guard in guards]
    f = make("nothing", 1, (), ArgEquals(0, expected))
    assert f(same) is None
    assert all(is_slow(f(other)) for other in others)
    for value in (same, *others, MISSING):
        if value is not MISSING:
            d["x"] = settings.x = cell.cell_contents = t.leaf = value
        else:
            del d["x"], settings.x, cell.cell_contents, t.leaf
        slow = [is_slow(f()) for f in calls]
        assert slow == [value is not same] * 4 + [False]


def test_guards_of_elements(make):
    numbers, names = [1, "a", None], {"a": 1, "b": 2}
    f = make("nothing", 0, (), ElementsAre(numbers, (int("1"), "a", None)))
    g = make("nothing", 0, (), ElementsAre(names, ("a", "b")))
    assert f() is None
    assert g() is None
    numbers.append(3)
    names["c"] = 3
    assert is_slow(f())
    assert is_slow(g())
    del numbers[-1], names["c"]
    assert f() is None
    assert g() is None
    names["a"] = 5
    assert g() is None
    del names["a"]
    names["a"] = 1  # another order
    assert is_slow(g())
    numbers[1] = "b"
    assert is_slow(f())
    numbers.clear()
    names.clear()
    assert is_slow(f())
    assert is_slow(g())
    assert make("nothing", 0, (), ElementsAre(names, ()), ElementsAre(numbers, ()))() is None
    default = collections.defaultdict(int, a=1)
    f = make("nothing", 0, (), ElementsAre(default, ("a",)))
    assert f() is None
    default["b"] += 1
    assert is_slow(f())


@pytest.mark.parametrize("shape", [(), (7,), (8, 8), (3, 50), (0, 2)])
@pytest.mark.parametrize("dtype", [np.dtype("?"), F8])
def test_guards_of_numbers(make, shape, dtype):
    array = np.ones(shape, dtype)
    f = make("nothing", 0, (), NumbersAre(array, array.copy()))
    assert f() is None
    for i in {0, array.size // 2, array.size - 1} if array.size else ():
        array.flat[i] = 0
        assert is_slow(f())
        array.flat[i] = 1
        assert f() is None
    if array.ndim:
        array.resize((*shape, 1), refcheck=False)
        assert is_slow(f())


def test_a_guard_against_one_object(make):
    t = wrap(Tensor, None)
    f = make("nothing", 0, (), SlotIsNot(t, Tensor.__dict__["leaf"], None))
    assert is_slow(f())
    t.leaf = 3
    assert f() is None
    del t.leaf
    assert is_slow(f())
