"""Cores for the tests of calls, and calls of them over the trampoline and over ctypes."""

import types

import numpy as np
import pytest

from dualtape.compiler.native import Plan, call, load, make_call, trampoline
from dualtape.core.tensor import Tensor

IR = """
define i32 @nothing(ptr %s) {
  ret i32 0
}
define i32 @seven(ptr %s) {
  ret i32 7
}
; slot 1 = slot 0, 8 bytes
define i32 @copy(ptr %s) {
  %a = load ptr, ptr %s
  %b.at = getelementptr ptr, ptr %s, i64 1
  %b = load ptr, ptr %b.at
  %x = load i64, ptr %a, align 1
  store i64 %x, ptr %b, align 1
  ret i32 0
}
; slot 1 is a function: call it, then as `copy` from slot 0 to slot 2
define i32 @back(ptr %s) {
  %a = load ptr, ptr %s
  %f.at = getelementptr ptr, ptr %s, i64 1
  %f.place = load ptr, ptr %f.at
  %f = load ptr, ptr %f.place
  %status = call i32 %f()
  %b.at = getelementptr ptr, ptr %s, i64 2
  %b = load ptr, ptr %b.at
  %x = load i64, ptr %a
  store i64 %x, ptr %b
  ret i32 %status
}
; three doubles: slot 2 = slot 0 + slot 1, and slot 1 = slot 2
define i32 @add(ptr %s) {
  %a = load ptr, ptr %s
  %b.at = getelementptr ptr, ptr %s, i64 1
  %b = load ptr, ptr %b.at
  %c.at = getelementptr ptr, ptr %s, i64 2
  %c = load ptr, ptr %c.at
  %x = load <3 x double>, ptr %a, align 8
  %y = load <3 x double>, ptr %b, align 8
  %z = fadd <3 x double> %x, %y
  store <3 x double> %z, ptr %c, align 8
  store <3 x double> %z, ptr %b, align 8
  ret i32 0
}
"""
F8, F4, I8 = np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.int64)


class Loss(Tensor):
    __slots__ = ("__dict__",)


@pytest.fixture(scope="module")
def library():
    return load("test_native_call" + IR, lambda: IR)


@pytest.fixture(params=["trampoline", "ctypes"])
def make(request, library, monkeypatch):
    """`make(name of a core, plan parts...)`; the slow callable gives ("slow", *arguments)."""
    if request.param == "ctypes":
        monkeypatch.setenv("DUALTAPE_FAST_CALL", "0")
    else:
        monkeypatch.delenv("DUALTAPE_FAST_CALL", raising=False)
        assert trampoline.why_not() is None
        assert call.is_fast()

    def make(core, arguments, slots, *guards, slow=lambda *args: ("slow", *args), **parts):
        plan = Plan(arguments, tuple(slots), guards, keep=(library,), **parts)
        made = make_call(plan, library.address(core), slow)
        assert isinstance(made, types.BuiltinFunctionType) == (request.param == "trampoline")
        return made

    return make


def is_slow(result):
    return type(result) is tuple and result[:1] == ("slow",)
