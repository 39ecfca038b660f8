"""Calls of native code without Python on the way: one CPython built-in function, written in LLVM IR.

All plans share its code. Its `self` is a tuple of a record (see `record.py`) and the objects that the record
points to, so the garbage collector sees what a call holds. It looks at the arguments, fills the table of pointers,
calls the core and builds the result, in some 60 to 120 ns and as much again for each new tensor. Its text is in
`ir_call.py`, which to read first, `ir_checks.py`, `ir_result.py`, `ir_arrays.py` and `ir_values.py`.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from string import Template
from typing import Any

import numpy as np

from ...core.tensor import Tensor, wrap
from ...core.views import View
from . import ir_arrays, ir_call, ir_checks, ir_result, ir_values, library
from .builtin import METH_FASTCALL, METH_KEYWORDS, MethodDef, builtin, keep
from .ctypes_checks import WRITEABLE
from .layout import WORD, LayoutError, layout, python_function
from .plan import ArgArray, ArgTensor, ArrayResult, Output, Plan, State, TensorResult
from .record import (
    CHECKS,
    ENTRY,
    HEADER,
    ITEMS,
    LIVE_KINDS,
    PLACE,
    RESULTS,
    WITH_EDGE,
    WITHOUT_EDGE,
    WITHOUT_VIEW,
    record,
)

ON_STACK = 48
"""Slots whose tables fit the stack of the call; more get memory from the heap."""

API = {
    "PyContextVar_Get": "i32 (ptr, ptr, ptr)",
    "PyDict_Next": "i32 (ptr, ptr, ptr, ptr)",
    "PyDict_GetItemWithError": "ptr (ptr, ptr)",
    "PyErr_Clear": "void ()",
    "PyErr_NoMemory": "ptr ()",
    "PyErr_Occurred": "ptr ()",
    "PyIter_Next": "ptr (ptr)",
    "PyList_GetItem": "ptr (ptr, i64)",
    "PyList_New": "ptr (i64)",
    "PyList_SetItem": "i32 (ptr, i64, ptr)",
    "PyList_Size": "i64 (ptr)",
    "PyLong_AsDouble": "double (ptr)",
    "PyLong_AsLongLongAndOverflow": "i64 (ptr, ptr)",
    "PyLong_FromLongLong": "ptr (i64)",
    "PyMem_Free": "void (ptr)",
    "PyMem_Malloc": "ptr (i64)",
    "PyNumber_Add": "ptr (ptr, ptr)",
    "PyObject_CallNoArgs": "ptr (ptr)",
    "PyObject_CallOneArg": "ptr (ptr, ptr)",
    "PyObject_GetAttr": "ptr (ptr, ptr)",
    "PyObject_GenericGetDict": "ptr (ptr, ptr)",
    "PyObject_RichCompareBool": "i32 (ptr, ptr, i32)",
    "PyObject_Vectorcall": "ptr (ptr, ptr, i64, ptr)",
    "PyTuple_New": "ptr (i64)",
    "PyTuple_SetItem": "i32 (ptr, i64, ptr)",
    "PyType_GenericAlloc": "ptr (ptr, i64)",
    "Py_DecRef": "void (ptr)",
    "Py_IncRef": "void (ptr)",
}
"""What it uses of CPython's API, all exported by every interpreter."""

NUMPY_API = {
    "NewArray": (94, "ptr (ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)"),  # PyArray_NewFromDescr
    "NewScalar": (60, "ptr (ptr, ptr, ptr)"),  # PyArray_Scalar
}
"""What it uses of NumPy's: places in its table of functions."""

_PROBE = """
define i32 @probe(ptr %slots) {
  %a = call ptr @pointer(ptr %slots, i64 0)
  %b = call ptr @pointer(ptr %slots, i64 1)
  %c = call ptr @pointer(ptr %slots, i64 2)
  %d = call ptr @pointer(ptr %slots, i64 3)
  %x = load double, ptr %a
  %y = load double, ptr %b
  %z = load double, ptr %c
  %xy = fadd double %x, %y
  %xyz = fadd double %xy, %z
  store double %xyz, ptr %d
  store double %xyz, ptr %c
  ret i32 0
}
"""


def text() -> str:
    """The module, with this interpreter's offsets."""
    names = {
        **asdict(layout()),
        **{f"h_{name}": WORD * i for i, name in enumerate(HEADER)},
        **{f"c_{name}": n for name, n in CHECKS.items()},
        **{f"i_{name}": n for name, n in ITEMS.items()},
        **{f"r_{name}": n for name, n in RESULTS.items()},
        **{f"kind_{name}": n for name, n in LIVE_KINDS.items()},
        "entry": ENTRY,
        "place": WORD * PLACE,
        "without_edge": WITHOUT_EDGE,
        "without_view": WITHOUT_VIEW,
        "with_edge": WITH_EDGE,
        "apart": WITHOUT_EDGE | WITHOUT_VIEW,
        "written": WRITEABLE << 32,
        "on_stack": ON_STACK,
        "table": 4 * ON_STACK,
        "swapped": ord(">" if sys.byteorder == "little" else "<"),
    }
    declarations = [f"@{name} = external global i8" for name in _objects()]
    numpy_api = {name: kind for name, (_, kind) in NUMPY_API.items()}
    for name, kind in {**API, **numpy_api}.items():
        result, _, parameters = kind.partition(" ")
        declarations.append(f"declare {result} @{name}{parameters}")
    rooms = (ir_values, ir_arrays, ir_checks, ir_result, ir_call)
    pieces = [piece for room in rooms for piece in room.PIECES]
    # Without the attribute LLVM turns loops into calls of memcpy.
    attributes = 'attributes #0 = { nounwind "no-builtins" }\n'
    return (
        "\n".join(declarations)
        + Template("".join([*pieces, _PROBE])).substitute(names)
        + attributes
    )


def _objects() -> dict[str, Any]:
    types = {
        "ndarray": np.ndarray,
        "float": float,
        "int": int,
        "str": str,
        "bytes": bytes,
        "view": View,
    }
    return {"none": None, **{f"{name}_type": cls for name, cls in types.items()}}


def _symbols() -> dict[str, int]:
    """Addresses of what the module declares."""
    functions = {name: library.address_of(python_function(name, None)) for name in API}
    objects = {name: id(thing) for name, thing in _objects().items()}
    numpy_functions = {name: _numpy_function(number) for name, (number, _) in NUMPY_API.items()}
    return {**functions, **objects, **numpy_functions}


def _numpy_function(number: int) -> int:
    """The address of a function of NumPy's C API."""
    pointer = python_function(
        "PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p
    )
    # As `import_array()` of C extensions does it.
    capsule = getattr(import_module("numpy._core._multiarray_umath"), "_ARRAY_API", None)
    if capsule is None:
        raise LayoutError("NumPy's functions are elsewhere")
    table = pointer(capsule, None)
    return int(ctypes.c_void_p.from_address(table + WORD * number).value or 0)


@functools.cache
def _code() -> tuple[library.Library, MethodDef]:
    """The loaded code, and what built-in functions of it refer to."""
    loaded = library.load(None, text, _symbols(), optimise=True, level=1)
    flags = METH_FASTCALL | METH_KEYWORDS
    definition = MethodDef(b"compiled", loaded.address("trampoline"), flags, None)
    # Both are needed for good: at the interpreter's end a built-in function may go later than this module.
    keep(loaded, definition)
    return loaded, definition


def trampoline_call(plan: Plan, core_address: int, slow: Callable[..., Any]) -> Callable[..., Any]:
    """A built-in function that makes a plan's call; see `call.make_call`."""
    return builtin(_code()[1], record(plan, core_address, slow))


def go_on_with(call: Any, following: Callable[..., Any]) -> None:
    """See `call.go_on_with`."""
    array, *_, held = call.__self__
    before = held[:]  # what runs now may still need it
    held[:] = [following]
    array[HEADER.index("slow")] = id(following)
    del before


@functools.cache
def why_not() -> str | None:
    """Why built-in functions cannot be used in this process; None if they can.

    The first time, objects' layouts are verified and a call is made.
    """
    try:
        layout()
        _try()
    except (LayoutError, ModuleNotFoundError) as err:
        return f"objects are laid out differently ({err})"
    return None


def _try() -> None:
    """Make one call, and look at what it did.

    Raises:
        LayoutError: Something else than it should.
    """
    dtype = np.dtype(np.float64)
    state, tensor = wrap(Tensor, np.array([4.0])), wrap(Tensor, np.array([2.0]))
    plan = Plan(
        arguments=2,
        slots=(
            ArgArray(0, dtype, (1,)),
            ArgTensor(1, Tensor, dtype, (1,)),
            State(state, dtype, (1,)),
            Output(dtype, (1,)),
        ),
        result=(ArrayResult(3), TensorResult(Tensor, 3)),
        written=frozenset({2}),
    )
    call = trampoline_call(plan, _code()[0].address("probe"), lambda *_: None)
    result = call(np.array([1.0]), tensor)
    if result is None or not state.value[0] == result[0][0] == result[1].value[0] == 7.0:
        raise LayoutError(f"a call gave {result!r}")
