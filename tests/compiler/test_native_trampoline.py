"""The trampoline as an object among others: references, garbage, threads, and when it is not used."""

import gc
import subprocess
import sys
import threading
import tracemalloc
import types
import weakref

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from dualtape.compiler.native import Plan, call, layout, load, make_call, trampoline
from dualtape.compiler.native.ctypes_call import CtypesCall
from dualtape.compiler.native.plan import (
    ArgArray,
    ArgTensor,
    ArrayResult,
    AttributeDictItem,
    Buffer,
    ContextIs,
    DictItem,
    ElementsAre,
    Fetch,
    Finish,
    Live,
    NumbersAre,
    Output,
    SlotIs,
    State,
    Store,
    TensorResult,
)
from dualtape.core import modes
from dualtape.core.tensor import Tensor, wrap

# slot 1 = slot 0, one double
IR = """
define i32 @copy(ptr %s) {
  %a = load ptr, ptr %s
  %b.at = getelementptr ptr, ptr %s, i64 1
  %b = load ptr, ptr %b.at
  %x = load double, ptr %a
  store double %x, ptr %b
  ret i32 0
}
"""
F8 = np.dtype(np.float64)


class Loss(Tensor):
    __slots__ = ("__dict__",)


class Settings:
    pass


@pytest.fixture(scope="module")
def library():
    return load("test_native_trampoline" + IR, lambda: IR)


@pytest.fixture(params=["trampoline", "ctypes"])
def made(request, library, monkeypatch):
    """`made(plan parts...)` by one way or the other."""
    monkeypatch.setenv("DUALTAPE_FAST_CALL", "10"[request.param == "ctypes"])

    def made(arguments, slots, guards=(), slow=lambda *args: "slow", **parts):
        plan = Plan(arguments, tuple(slots), tuple(guards), keep=(library,), **parts)
        return make_call(plan, library.address("copy"), slow)

    return made


def everything(made):
    """A call with a part of most kinds, and the objects it refers to."""
    state, group, settings = wrap(Tensor, np.ones(())), {"lr": 0.5, "mode": "a"}, Settings()
    settings.training = True
    constant, drawn, slow, finish = (
        np.zeros(3),
        np.ones(2),
        (lambda *args: "slow"),
        (lambda found: found),
    )
    slots = (
        ArgTensor(0, Loss, F8, ()),
        Output(F8, ()),
        State(state, F8, ()),
        Buffer(constant),
        Fetch(lambda: drawn, F8, (2,)),
        Live(group, "lr"),
        ArgArray(1, F8, (2,)),
        Output(F8, (), scalar=True),
    )
    guards = (
        DictItem(group, "mode", group["mode"]),
        AttributeDictItem(settings, "training", True),
        SlotIs(state, Tensor.__dict__["edge"], None),
        ContextIs(modes._mode, modes.current()),
        ElementsAre(group, ("lr", "mode")),
        NumbersAre(constant, constant.copy()),
    )
    items = (ArrayResult(1), TensorResult(Loss, 1), TensorResult(Loss, 7))
    leaf = wrap(Tensor, None)
    stores = (
        Store(leaf, Tensor.__dict__["leaf"], TensorResult(Tensor, 1)),
        Store(leaf, Tensor.__dict__["edge"], items[2]),
    )
    effects = {
        "stores": stores,
        "written": frozenset({2}),
        "stamped": frozenset({2}),
        "calls_back": True,
    }
    f = made(2, slots, guards, slow, result=Finish(finish, items), **effects)
    return f, (state, group, settings, constant, drawn, slow, finish, slots[4].callable)


def test_no_reference_is_lost_or_kept_by_calls(made):
    f, held = everything(made)
    x, other = wrap(Loss, np.array(2.0)), np.zeros(2)
    watched = (*held, x, x.value, other, F8, Loss, None, np.ndarray, held[0].value)
    assert f(x, other)[1].value == 2
    before = [sys.getrefcount(thing) for thing in watched]
    for _ in range(1000):
        f(x, other)
        f(x, None)
        f(x)
    after = [sys.getrefcount(thing) for thing in watched]
    assert [abs(a - b) < 20 for a, b in zip(after, before, strict=True)] == [True] * len(watched)
    assert held[0].version.count == 1001
    array, loss, scalar = f(x, other)
    assert sys.getrefcount(loss) == sys.getrefcount(scalar) == 2
    del loss
    assert sys.getrefcount(array) == 3  # one is in the stored tensor, and that is all


def test_a_call_keeps_what_it_needs_and_nothing_after_its_end(made):
    f, held = everything(made)
    state, settings = weakref.ref(held[0]), weakref.ref(held[2])
    del held
    gc.collect()
    assert f(wrap(Loss, np.array(2.0)), np.zeros(2))[0] == 2
    del f
    gc.collect()
    assert state() is settings() is None


def test_a_call_in_a_cycle_is_collected(made):
    class Model:
        def __init__(self):
            self.state = wrap(Tensor, np.zeros(()))
            slots = (State(self.state, F8, ()), Output(F8, ()))
            self.call = made(0, slots, [AttributeDictItem(self, "call", None)], slow=lambda: self)

    model = Model()
    assert model.call() is model
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_making_and_dropping_many_leaves_nothing_behind(made):
    def make_some(n):
        for _ in range(n):
            f, _ = everything(made)
            f(wrap(Loss, np.array(2.0)), np.zeros(2))

    make_some(20)
    gc.collect()
    tracemalloc.start()
    try:
        make_some(20)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        make_some(200)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Lists of free objects may still fill up. What one call keeps takes several kB.
    assert after - before < 200_000


def test_threads_share_a_call(made):
    state = wrap(Tensor, np.zeros(()))
    errors = []

    def draw():
        return np.zeros(2)  # Python code, where threads take turns

    f = made(
        1,
        (ArgArray(0, F8, ()), Output(F8, ()), Fetch(draw, F8, (2,)), State(state, F8, ())),
        result=TensorResult(Loss, 1),
        written=frozenset({3}),
    )

    def run(number):
        x = np.array(float(number))
        for _ in range(1000):
            if f(x).value != number:
                errors.append(number)
            state.value = np.zeros(())

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not errors


def test_garbage_collected_while_results_are_made(made):
    x = np.array(3.0)
    result = (ArrayResult(1), TensorResult(Loss, 1), TensorResult(Tensor, 2), TensorResult(Loss, 2))
    f = made(1, (ArgArray(0, F8, ()), Output(F8, ()), Output(F8, (4,))), result=result)
    kept = []
    threshold = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(200):
            array, loss, *_ = f(x)
            loss.cycle = loss
            kept.append(array)
    finally:
        gc.set_threshold(*threshold)
    assert all(array == 3 for array in kept)


def test_the_builtin_can_be_referred_to_weakly_and_says_what_it_is(library):
    f = trampoline.trampoline_call(Plan(0, ()), library.address("copy"), int)
    assert type(f) is types.BuiltinFunctionType
    assert weakref.ref(f)() is f
    assert "compiled" in repr(f)


def test_ctypes_are_used_when_objects_are_laid_out_differently(library, monkeypatch):
    def layout_of_tomorrow():
        raise layout.LayoutError("arrays are smaller")

    monkeypatch.delenv("DUALTAPE_FAST_CALL", raising=False)
    monkeypatch.setattr(trampoline, "layout", layout_of_tomorrow)
    trampoline.why_not.cache_clear()
    try:
        assert not call.is_fast()
        assert "arrays are smaller" in trampoline.why_not()
        assert isinstance(make_call(Plan(0, ()), library.address("copy"), int), CtypesCall)
    finally:
        trampoline.why_not.cache_clear()


@pytest.mark.parametrize(
    "what",
    ["nd", "dims", "descr", "flags", "number", "metadata", "value", "view_base", "version_stamp"],
)
def test_a_wrong_offset_is_noticed(monkeypatch, what):
    right = layout.layout()
    wrong = layout.Layout(
        **{name: getattr(right, name) for name in right.__slots__}
        | {what: getattr(right, what) + 8}
    )
    with pytest.raises(layout.LayoutError):
        layout.verify(wrong)
    layout.verify(right)


def test_only_fields_of_slots_have_an_offset():
    for other in (
        Tensor.__dict__["shape"],
        Tensor.__dict__["__weakref__"],
        types.FunctionType.__dict__["__doc__"],
        1,
    ):
        with pytest.raises(layout.LayoutError):
            layout.member_offset(other)


def test_nothing_of_llvm_is_imported_before_it_is_needed():
    code = (
        "import sys; import dualtape.compiler.native, dualtape.compiler.native.trampoline;"
        "assert not [name for name in sys.modules if name.startswith('llvmlite')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
