"""Random plans and random calls: the trampoline and ctypes agree on every one."""

import pickle
import random

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from dualtape.compiler.native import Plan, load, trampoline
from dualtape.compiler.native.ctypes_call import CtypesCall
from dualtape.compiler.native.plan import (
    MISSING,
    ArgArray,
    ArgEquals,
    ArgFloat,
    ArgIs,
    ArgTensor,
    ArrayResult,
    AttributeDictItem,
    Buffer,
    DictItem,
    ElementsAre,
    Finish,
    Live,
    Output,
    SlotIs,
    State,
    Store,
    TensorResult,
)
from dualtape.core.tensor import Tensor, wrap
from dualtape.core.views import View

IR = """
define i32 @nothing(ptr %s) {
  ret i32 0
}
"""


class Mine(Tensor):
    __slots__ = ("__dict__",)


class Holder:
    pass


DTYPES = [np.dtype(d) for d in "?bhilqfdFD"]
SHAPES = [(), (1,), (3,), (2, 3), (0, 2), (2, 1, 2)]
VALUES = [None, True, False, 0, 1, 2**70, 0.0, -0.0, 1.5, float("nan"), "a", "b", b"a", (), MISSING]
SLOW = object()
MEMORY = np.zeros(4096, np.uint8)


def array(r, dtype, shape):
    """An array, mostly as asked for."""
    kind = r.randrange(40)
    if kind == 0:
        dtype = r.choice(DTYPES)
    if kind == 1:
        shape = r.choice(SHAPES)
    size = int(np.prod(shape)) * dtype.itemsize
    if kind in (2, 3, 4) and size:  # memory that others have too; sometimes not aligned
        start = r.randrange(0, 64) * (1 if kind == 2 else 16)
        return MEMORY[start : start + size].view(dtype).reshape(shape)
    a = np.zeros(shape, dtype)
    if kind == 5:
        a = np.asfortranarray(a)
    if kind == 6:
        a.flags.writeable = False
    if kind == 7:
        return pickle.loads(pickle.dumps(a))
    if kind == 8:
        return a[..., ::-1] if a.ndim else a[()]
    if kind == 9:
        return r.choice(VALUES)
    if kind == 10:
        return a.astype(dtype.newbyteorder("S"))
    return a


def tensor(r, cls, dtype, shape):
    """A tensor, mostly without history."""
    t = wrap(r.choice([cls, cls, cls, cls, cls, Tensor, Mine]), array(r, dtype, shape))
    kind = r.randrange(20)
    if kind == 0:
        t.edge = object()
    if kind in (1, 2):
        base = wrap(Tensor, None)
        t.view_of = View(base, (), True)
        if kind == 2:
            base.edge = object()
    if kind == 3:
        delattr(t, r.choice(["value", "edge", "view_of"]))
    return t


def put(container, key, value):
    if value is MISSING:
        container.pop(key, None)
    else:
        container[key] = value


class Case:
    """A random plan, and what it depends on."""

    def __init__(self, r, address):
        self.r = r
        self.makers, slots, guards, written = [], [], [], set()
        self.states, self.dict, self.holder = [], {}, Holder()
        self.list = [1, "a"]
        for k in range(r.randrange(4)):
            dtype, shape = r.choice(DTYPES), r.choice(SHAPES)
            kind = r.randrange(5)
            if kind == 0:
                slots.append(ArgFloat(k))
                self.makers.append(lambda: r.choice([1.5, 0.5, 1.5, 2, np.float64(2)]))
            elif kind == 1:
                expected = r.choice(VALUES[:-2])
                guards.append(
                    (ArgIs if expected is None or r.random() < 0.3 else ArgEquals)(k, expected)
                )
                self.makers.append(lambda e=expected: r.choice([e, e, e, *VALUES]))
            else:
                cls = r.choice([Tensor, Mine])
                wanted = r.random() < 0.7
                slots.append(
                    ArgArray(k, dtype, shape)
                    if kind == 2
                    else ArgTensor(k, cls, dtype, shape, wanted)
                )
                if kind == 2:
                    self.makers.append(lambda d=dtype, s=shape: array(r, d, s))
                else:
                    self.makers.append(lambda c=cls, d=dtype, s=shape: tensor(r, c, d, s))
        for _ in range(r.randrange(4)):
            dtype, shape = r.choice(DTYPES), r.choice(SHAPES)
            self.states.append((wrap(Tensor, np.zeros(shape, dtype)), dtype, shape))
            slots.append(State(*self.states[-1]))
        for _ in range(r.randrange(3)):
            key = r.choice("xyz")
            expected = r.choice(VALUES)
            put(self.dict, key, expected)
            put(vars(self.holder), key, expected)
            guards.append(
                r.choice(
                    [
                        DictItem(self.dict, key, expected),
                        AttributeDictItem(self.holder, key, expected),
                    ]
                )
            )
        if r.random() < 0.3:
            guards.append(ElementsAre(self.list, tuple(self.list)))
        if self.states and r.random() < 0.5:
            guards.append(SlotIs(self.states[0][0], Tensor.__dict__["leaf"], None))
        if r.random() < 0.3:
            self.dict["lr"] = 0.5
            slots.append(Live(self.dict, "lr", r.choice(["float", "number", "int"])))
        self.initial = dict(self.dict)
        if r.random() < 0.3:
            slots.append(Buffer(MEMORY[512:640]))
        r.shuffle(slots)
        for i, slot in enumerate(slots):
            if isinstance(slot, ArgArray | ArgTensor | State) and r.random() < 0.4:
                written.add(i)
        outputs = [
            Output(r.choice(DTYPES), s, not s and r.random() < 0.5)
            for s in r.choices(SHAPES, k=r.randrange(3))
        ]
        items = [
            r.choice(
                [
                    ArrayResult(len(slots) + i),
                    TensorResult(r.choice([Tensor, Mine]), len(slots) + i),
                ]
            )
            for i in range(len(outputs))
        ]
        leaf = wrap(Tensor, None)
        stores = [Store(leaf, Tensor.__dict__["leaf"], item) for item in items if r.random() < 0.3]
        result = r.choice([None, tuple(items), Finish(list, tuple(items)), *items])
        stamped = {i for i in written if not isinstance(slots[i], ArgArray) and r.random() < 0.3}
        plan = Plan(
            len(self.makers),
            (*slots, *outputs),
            tuple(guards),
            result,
            frozenset(written),
            stamped=frozenset(stamped),
            stores=tuple(stores),
            calls_back=r.random() < 0.3,
        )
        self.calls = [
            make(plan, address, lambda *args: (SLOW, args))
            for make in (trampoline.trampoline_call, CtypesCall)
        ]

    def disturb(self):
        """Change something, now and then; or put everything back."""
        r = self.r
        if r.random() < 0.5:
            self.dict.clear()
            self.dict.update(self.initial)
            self.holder.__dict__ = {key: x for key, x in self.initial.items() if key != "lr"}
            self.list[:] = [1, "a"]
            for t, dtype, shape in self.states:
                t.value, t.leaf = np.zeros(shape, dtype), None
            return
        kind = r.randrange(8)
        if kind == 0 and self.states:
            t, dtype, shape = r.choice(self.states)
            t.value = array(r, dtype, shape)
        if kind == 1:
            put(self.dict, r.choice(["x", "y", "z", "lr"]), r.choice(VALUES))
        if kind == 2:
            put(vars(self.holder), r.choice("xyz"), r.choice(VALUES))
        if kind == 3:
            self.list[0] = r.choice([1, 1.0, "b"])
        if kind == 4 and self.states:
            self.states[0][0].leaf = r.choice([None, None, 1])
        if kind == 5:
            self.holder.__dict__ = dict(vars(self.holder))


def described(result):
    """What a result is, but for identity."""
    if isinstance(result, tuple) and result and result[0] is SLOW:
        return (SLOW, len(result[1]))
    if isinstance(result, tuple | list):
        return (type(result), *[described(x) for x in result])
    if isinstance(result, Tensor):
        return (
            type(result),
            described(result.value),
            result.edge,
            result.version,
            result.view_of,
            result.leaf,
        )
    if isinstance(result, np.ndarray):
        return (np.ndarray, result.dtype, result.shape, result.flags.num)
    return type(result)


@pytest.mark.parametrize("seed", range(6))
def test_both_ways_agree(seed):
    library = load("test_native_fuzz" + IR, lambda: IR)
    r = random.Random(seed)
    slow = fast = 0
    for _ in range(60):
        case = Case(r, library.address("nothing"))
        for _ in range(12):
            args = [maker() for maker in case.makers]
            if r.random() < 0.03:
                args.append(None)
            found, expected = (described(call(*args)) for call in case.calls)
            assert found == expected
            if type(found) is tuple and found[0] is SLOW:
                slow += 1
            else:
                fast += 1
            case.disturb()
    assert min(slow, fast) > 100
