"""From IR to addresses: compiling, the cache, loading, unloading, and what LLVM refuses."""

import ctypes
import gc
import weakref

import pytest

pytest.importorskip("llvmlite")

from dualtape.compiler.native import NativeError, library, load, target
from dualtape.compiler.native.errors import CompilerMissingError

IR = """
declare i64 @outside(i64)
@number = external global i64
define private i64 @three() alwaysinline {
  ret i64 3
}
define i64 @inside(i64 %x) {
  %y = call i64 @outside(i64 %x)
  %n = load i64, ptr @number
  %three = call i64 @three()
  %z = mul i64 %y, %three
  %r = add i64 %z, %n
  ret i64 %r
}
define i64 @double(i64 %x) {
  %r = add i64 %x, %x
  ret i64 %r
}
"""
KIND = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)


@KIND
def outside(x):
    return x + 1


number = ctypes.c_int64(1000)
SYMBOLS = {"outside": library.address_of(outside), "number": ctypes.addressof(number)}


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALTAPE_CACHE_DIR", str(tmp_path / "objects"))
    monkeypatch.delenv("DUALTAPE_CACHE", raising=False)
    return tmp_path / "objects"


@pytest.mark.parametrize(
    "options",
    [{}, {"optimise": True, "level": 1}, {"optimise": True, "level": 2}, {"optimise": True}],
)
def test_compiled_once_then_loaded_from_the_cache(directory, options):
    written = []

    def make_ir():
        written.append(1)
        return IR

    for times in range(3):
        loaded = load("a", make_ir, SYMBOLS, **options)
        assert loaded.was_cached == (times > 0)
        assert loaded.names == ("inside", "double")
        assert KIND(loaded.address("inside"))(4) == 1015
        assert KIND(loaded.address("double"))(4) == 8
    assert len(written) == 1
    assert len(list(directory.iterdir())) == 1
    load("b", make_ir, SYMBOLS, **options)
    assert len(written) == 2
    load("a", make_ir, SYMBOLS, optimise=not options.get("optimise"))  # other passes, other code
    assert len(written) == 3


def test_symbols_are_not_part_of_the_code():
    load("a", lambda: IR, SYMBOLS)
    other = ctypes.c_int64(-1000)
    loaded = load("a", lambda: IR, {**SYMBOLS, "number": ctypes.addressof(other)})
    assert loaded.was_cached
    assert KIND(loaded.address("inside"))(4) == -985


def test_the_ir_as_its_own_key(monkeypatch):
    assert not load(None, lambda: IR, SYMBOLS).was_cached
    monkeypatch.setattr(library.cache, "generator", lambda: "another version")
    assert load(None, lambda: IR, SYMBOLS).was_cached
    assert not load(
        None, lambda: IR.replace("@three() alwaysinline", "@three()"), SYMBOLS
    ).was_cached


def test_without_a_cache(monkeypatch, directory):
    monkeypatch.setenv("DUALTAPE_CACHE", "0")
    for _ in range(2):
        loaded = load("a", lambda: IR, SYMBOLS)
        assert not loaded.was_cached
        assert KIND(loaded.address("double"))(4) == 8
    assert not directory.exists()


def test_a_damaged_entry_is_compiled_again(directory):
    load("a", lambda: IR, SYMBOLS)
    (entry,) = directory.iterdir()
    entry.write_bytes(entry.read_bytes()[:-5])
    loaded = load("a", lambda: IR, SYMBOLS)
    assert not loaded.was_cached
    assert KIND(loaded.address("inside"))(4) == 1015
    assert load("a", lambda: IR, SYMBOLS).was_cached


def test_another_cpu_is_another_entry(directory, monkeypatch):
    load("a", lambda: IR, SYMBOLS)
    here = target.host()
    monkeypatch.setattr(
        target,
        "host",
        lambda: target.Host(here.triple, here.cpu, here.features + ",+x", here.versions),
    )
    assert not load("a", lambda: IR, SYMBOLS).was_cached
    assert len(list(directory.iterdir())) == 2


def test_dropping_a_library_unloads_it():
    loaded = load("a", lambda: IR, SYMBOLS)
    tracker = weakref.ref(loaded._tracker)
    del loaded
    gc.collect()
    assert tracker() is None


def test_libraries_survive_those_loaded_before_and_after(monkeypatch):
    monkeypatch.setattr(library, "_PER_JIT", 3)
    kept = []
    for n in range(20):
        loaded = load("a", lambda: IR, SYMBOLS)
        if n % 4 == 0:
            kept.append(loaded)
    del loaded
    gc.collect()
    assert [KIND(one.address("inside"))(4) for one in kept] == [1015] * 5


def test_an_unknown_function_is_an_error():
    with pytest.raises(NativeError, match="no function 'triple', only inside, double"):
        load("a", lambda: IR, SYMBOLS).address("triple")


def test_a_missing_symbol_is_an_error():
    with pytest.raises(NativeError, match="not among its symbols: number"):
        load("a", lambda: IR, {"number": SYMBOLS["number"]})


def test_what_llvm_refuses_is_shown():
    with pytest.raises(
        NativeError, match=r"(?s)bug in dualtape.*mulx.*\n  +\d+   %three.*\n> +\d+   %z = mulx i64"
    ):
        load("a", lambda: IR.replace("mul ", "mulx "), SYMBOLS)
    wrong = IR.replace(
        "  %r = add i64 %x, %x\n", "  br label %on\non:\n  %r = phi i64 [ %x, %on ]\n"
    )
    with pytest.raises(NativeError, match=r"(?s)PHI.*>  +\d+   %r = phi i64"):
        load("b", lambda: wrong, SYMBOLS)
    with pytest.raises(NativeError, match="without functions"):
        load("c", lambda: "", SYMBOLS)


def test_copies_of_memory_need_no_symbol():
    ir = """
    declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
    define void @copy(ptr %to, ptr %from, i64 %n) {
      call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %n, i1 false)
      ret void
    }
    """
    loaded = load("copy", lambda: ir)
    copy = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int64)(
        loaded.address("copy")
    )
    to = ctypes.create_string_buffer(8)
    copy(to, b"native", 6)
    assert to.value == b"native"


def test_the_machine_is_described():
    here = target.host()
    assert here.cpu
    assert "LLVM" in here.versions
    assert isinstance(target.has_fma(), bool)
    fused = "define double @f(double %x) {\n  %r = call double @llvm.fma.f64(double %x, double %x, double %x)\n  ret double %r\n}\n"
    text = library.assembly("declare double @llvm.fma.f64(double, double, double)\n" + fused)
    assert ("fma" not in text.replace("vfmadd", "")) == target.has_fma()
    assert "define" in library.optimised_ir(IR)


def test_what_to_install_is_said(monkeypatch):
    target.require()
    assert target.available()
    monkeypatch.setattr(target, "_missing", lambda: "it is not installed")
    with pytest.raises(
        CompilerMissingError, match=r"it is not installed.*pip install dualtape\[compile\]"
    ):
        target.require()
    with pytest.raises(ImportError):
        target.require()
    target.available.cache_clear()
    assert not target.available()
    target.available.cache_clear()


def test_an_old_llvmlite_is_refused(monkeypatch):
    import llvmlite

    monkeypatch.setattr(llvmlite, "__version__", "0.43.0")
    assert "at least 0.45" in target._missing.__wrapped__()
    monkeypatch.setattr(target, "find_spec", lambda name: None)
    assert target._missing.__wrapped__() == "it is not installed"
