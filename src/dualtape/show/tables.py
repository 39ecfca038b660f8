"""What all pictures of a page share: source files, places, shapes, formulas. Each is numbered when first asked for."""

from __future__ import annotations

import linecache
import os
from typing import Any

import numpy as np

from ..core.callsite import Site
from .formulas import formula_of
from .syntax import span

_MOST_TEXT = 300_000


class Tables:
    """The lists that the numbers in pictures point into."""

    def __init__(self) -> None:
        self.sources: list[dict[str, Any]] = []
        self.places: list[list[int]] = []
        self.formulas: list[dict[str, Any]] = []
        self.avals: list[dict[str, Any]] = []
        self.shown: list[str] = []  # the same in words, that mean the same in another run
        self._sources: dict[str, int] = {}
        self._places: dict[Any, int] = {}
        self._formulas: dict[Any, int | None] = {}
        self._avals: dict[Any, int] = {}

    def source(self, file: str) -> int:
        """The number of a file."""
        number = self._sources.get(file)
        if number is None:
            number = self._sources[file] = len(self.sources)
            text = "".join(linecache.getlines(file)).replace("\r\n", "\n")
            name = os.path.basename(file) if not file.startswith("<") else file.strip("<>")
            self.sources.append({"name": name, "file": file, "text": text[:_MOST_TEXT], "ran": []})
        return number

    def place(self, site: Site | None) -> int | None:
        """The number of a call site."""
        if site is None:
            return None
        known = (id(site[0]), site[1])  # `syntax` keeps code objects alive
        number = self._places.get(known)
        if number is None:
            at = span(site)
            key = (self.source(at.file), *at[1:])
            number = self._places.get(key)
            if number is None:
                number = len(self.places)
                self.places.append(list(key))
                ran = self.sources[key[0]]["ran"]
                if at.line not in ran:
                    ran.append(at.line)
                    ran.sort()
            self._places[known] = self._places[key] = number
        return number

    def line(self, file: str, line: int) -> int:
        """The number of a whole line."""
        key = (self.source(file), line, line, -1, -1)
        number = self._places.get(key)
        if number is None:
            number = self._places[key] = len(self.places)
            self.places.append(list(key))
        return number

    def aval(self, x: Any) -> int:
        """The number of a shape with its dtype."""
        key = (x.shape, x.dtype)
        number = self._avals.get(key)
        if number is None:
            number = self._avals[key] = len(self.avals)
            shape = [int(n) for n in x.shape]
            dtype = np.dtype(x.dtype).name
            self.avals.append({"shape": shape, "dtype": dtype})
            self.shown.append(f"{dtype}{shape}")
        return number

    def formula(self, ran: Any) -> int | None:
        """The number of an operation's formula."""
        if ran.primitive is None:
            return None
        shapes = tuple([self.aval(s.shot) for s in ran.operands])
        shown = (
            ()
            if not ran.params
            else tuple(
                [(k, repr(v)) for k, v in ran.params.items() if not isinstance(v, np.ndarray)]
            )
        )
        key = (ran.primitive, shapes, shown)
        if key not in self._formulas:
            made = formula_of(ran.primitive, [s.shot for s in ran.operands], ran.params)
            same = [i for i, f in enumerate(self.formulas) if f == made]
            if same:
                self._formulas[key] = same[0]
            else:
                self._formulas[key] = len(self.formulas)
                self.formulas.append(made)
        return self._formulas[key]
