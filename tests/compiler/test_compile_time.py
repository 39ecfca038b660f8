"""What keeps compiling short: nothing is computed in every sweep anew, long chains call their functions, texts are kept."""

import dis

import numpy as np
import pytest

import dualtape as dt
from dualtape.compiler.emit.writer import Lanes, Module, Writer
from dualtape.compiler.lowering import schedule
from dualtape.compiler.reach import stored_by
from dualtape.compiler.vecmath import ARITY, FUNCTIONS, written

pytest.importorskip("llvmlite")


def compiled(f, *arguments):
    f = dt.jit(f, strict=True, dynamic=False)
    return f, f(*arguments)


def normed(x, count=12):
    """Rows that are summed up `count` times, with ten operations in between, each of which needs the one before."""
    for k in range(count):
        y = x
        for _ in range(5):
            y = y * x * 0.25 + k / 64
        x = x + y - np.mean(y, 1, keepdims=True)
    return x


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("length", [37, 100, 300])
def test_rows_that_are_swept_often_are_kept(monkeypatch, length, dtype):
    x = np.random.default_rng(0).uniform(-0.9, 0.9, (5, length)).astype(dtype)
    monkeypatch.setenv("DUALTAPE_CACHE", "0")
    f, kept = compiled(normed, x)
    with monkeypatch.context() as m:
        m.setattr(schedule, "NEAR", 10**9)
        g, anew = compiled(normed, x)
    assert kept.tobytes() == anew.tobytes()
    close = 1e-4 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(kept, normed(x), rtol=close, atol=close)
    if length > 64:
        assert len(f.llvm().splitlines()) < len(g.llvm().splitlines()) / 2


def test_what_is_cheap_is_computed_again_rather_than_kept():
    """Two operations for each element are less than memory for it."""
    f, _ = compiled(
        lambda x: (x - np.mean(x, 1, keepdims=True)) / np.std(x, 1, keepdims=True),
        np.ones((4, 999)),
    )
    assert not any(s.saved for s in f._last().run.lowered.program.schedules.values())


def test_functions_in_long_chains_are_called():
    def chain(x, count):
        for _ in range(count):
            x = np.tanh(x) + 0.5
        return x

    x = np.linspace(-1, 1, 640)
    for count, called in ((8, False), (9, True)):
        f, y = compiled(lambda x, count=count: chain(x, count), x)
        assert ("call <8 x double> @dualtape.tanh" in f.llvm()) is called
        np.testing.assert_allclose(y, chain(x, count), rtol=1e-14)
    # Side by side they overlap; nor is there a chain where sums over the rows lie between.
    f, _ = compiled(lambda x: sum(np.tanh(x * k) for k in range(1, 13)), x)
    assert "@dualtape.tanh" not in f.llvm()

    def rows(x):
        for _ in range(9):
            x = np.tanh(x - np.mean(x, 1, keepdims=True))
        return x

    f, _ = compiled(rows, x.reshape(4, 160))
    assert "@dualtape.tanh" not in f.llvm()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_from_its_text(name):
    for t in (Lanes("float"), Lanes("double", 8), Lanes("float", 16)):
        for fma in (True, False):
            texts = []
            for f in (lambda *a: written(*a), lambda w, name, *a: FUNCTIONS[name](w, *a)):
                w = Writer(Module(fma=fma))
                w.label("here")
                operands = [w.op(f"fadd {t.text} %x, %y") for _ in range(ARITY[name])]
                result = f(w, name, t, *operands)
                last = w.op(f"fneg {t.text} {result}")
                texts.append(("\n".join(w.lines), last, w.block, w.module))
            assert texts[0] == texts[1]


def test_what_loops_count_is_followed_by_llvm_only_where_its_passes_run():
    f, y = compiled(lambda x: np.sum(x * 2, 1), np.ones((3, 500)))
    assert 'asm ""' in f.llvm()
    assert "#APP" in f.asm()  # with nothing in between
    assert (y == 1000).all()
    f, y = compiled(lambda x: dt.fori_loop(0, 10, lambda i, v: v * 0.5 + i, x), np.ones(3))
    assert 'asm ""' not in f.llvm()


def test_lanes_are_there_once():
    assert Lanes("float", 8) is Lanes("double", 8).of("float")
    assert (Lanes("i1").suffix, Lanes("float", 8).suffix) == ("i1", "v8f32")
    assert Lanes("double").constant(-0.0) != Lanes("double").constant(0.0)


class Holder:
    def many(self, other):
        self.a = other.b = 1
        other.c.d, self.e = self.f, other.g

    def none(self):
        return self.a


def test_names_of_attributes_that_are_set():
    namespace = {}
    exec(
        "def wide(x):\n"
        + "".join(f"    x.n{k} = x.m{k}\n" for k in range(300)),  # more names than a byte counts
        namespace,
    )
    for f in (Holder.many, Holder.none, namespace["wide"], compiled):
        want = {i.argval for i in dis.get_instructions(f) if i.opname == "STORE_ATTR"}
        assert stored_by(f.__code__) == want
    assert len(stored_by(namespace["wide"].__code__)) == 300
