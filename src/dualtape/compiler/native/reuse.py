"""Which words of a tensor say that it is as it was made: nobody refers to it weakly, and it has no attributes.

CPython keeps weak references and attributes in other places from version to version. So a tensor is made, and given
each, and it is looked at what changes: a class of which that cannot be told has its tensors made anew at each call.
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from typing import Any

import numpy as np

from ...core.tensor import Tensor
from .layout import WORD, python_function, word
from .slots import Dtype

Words = tuple[tuple[int, int], ...]
FLAGS, INLINE_VALUES = (
    19 * WORD,
    1 << 2,
)  # of a class, behind its header; attributes behind the object (3.13)
_NUMBERS = "bhilqBHILQefdFD"
"""Types of NumPy's scalars that are reused, whose layout `layout.py` verifies."""


_known: weakref.WeakKeyDictionary[Any, Words | None] = weakref.WeakKeyDictionary()


def fresh_words(cls: Any) -> Words | None:
    """Offsets in a tensor of a class, and the words that are there when it has just been made; None if that cannot be told."""
    if cls not in _known:
        _known[cls] = _found_words(cls)
    return _known[cls]


def _found_words(cls: type[Tensor]) -> Words | None:
    places = _places(cls)
    one, two = _made(cls), _made(cls)
    words = tuple([(p, word(id(one) + p)) for p in places])
    if words != tuple([(p, word(id(two) + p)) for p in places]):
        return None
    reference = weakref.ref(one)
    if not _changed(one, words):
        return None
    del reference
    if cls.__dictoffset__:
        two.an_attribute = 1  # type: ignore[attr-defined]
        if not _changed(two, words):
            return None
    return words


def _places(cls: type[Tensor]) -> list[int]:
    places = [cls.__weakrefoffset__] if cls.__weakrefoffset__ > 0 else []
    if cls.__dictoffset__ < 0 or cls.__weakrefoffset__ < 0:
        places += [-4 * WORD, -3 * WORD]  # before the collector's two words
    elif cls.__dictoffset__ > 0:
        places.append(cls.__dictoffset__)
    header = object.__basicsize__
    if sys.version_info >= (3, 13) and word(id(cls) + header + FLAGS) & INLINE_VALUES:
        places.append(cls.__basicsize__)
    return places


def _made(cls: type[Tensor]) -> Tensor:
    """A tensor made as the trampoline makes it."""
    allocate = python_function(
        "PyType_GenericAlloc", ctypes.py_object, ctypes.py_object, ctypes.c_ssize_t
    )
    t: Tensor = allocate(cls, 0)
    t.value = np.zeros(1)
    t.edge = t.version = t.view_of = t.leaf = None
    return t


def _changed(t: Tensor, words: Words) -> bool:
    return any(word(id(t) + p) != w for p, w in words)


def reuse(cls: type[Tensor], dtype: Dtype, scalar: bool) -> list[Any] | None:
    """What the trampoline is told about tensors that are stored to: words, then the type and size of a number.

    Args:
        cls: The tensors' class.
        dtype: Of their numbers.
        scalar: Whether their value is a NumPy scalar.
    """
    words = fresh_words(cls)
    if words is None or (scalar and dtype.char not in _NUMBERS):
        return None
    flat: list[Any] = [x for pair in words for x in pair]
    return [len(words), *flat, dtype.type if scalar else None, dtype.itemsize]
