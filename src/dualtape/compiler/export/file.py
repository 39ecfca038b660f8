"""A C file being written: constants, private functions, and which primitive there is no C for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Graph
from ..lowering.structured import graph_of
from .emission import CEmission, NotExported, Written, c_type
from .instructions import NotTranslated, integer, number
from .library import ALIASED, COPY, MEMORY, PRELUDE, TYPES
from .module import CModule
from .writer import CWriter


@dataclass(slots=True)
class CFile:
    """A file being written: its constants, private functions and public ones."""

    module: CModule = field(default_factory=lambda: CModule(CWriter))
    constants: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    functions: list[Written] = field(default_factory=list)
    count: int = 0

    def next_number(self) -> int:
        """A number that no name has yet."""
        self.count += 1
        return self.count

    def constant(self, array: np.ndarray[Any, Any]) -> str:
        """The name of an array of constants."""
        key = f"{array.dtype.str} {array.shape} ".encode() + array.tobytes()
        found = self.constants.get(key)
        if found is None:
            name = f"dt_c{len(self.constants)}"
            kind = c_type(array.dtype)
            values = [_literal(x, array.dtype) for x in array.reshape(-1)]
            rows = [", ".join(values[i : i + 8]) for i in range(0, len(values), 8)] or ["0"]
            text = (
                f"static const {kind} {name}[{max(array.size, 1)}] = {{\n    "
                + ",\n    ".join(rows)
                + "\n};"
            )
            found = self.constants[key] = name, text
        return found[0]

    def function(self, graph: Graph) -> Written:
        """Write a graph as a private function."""
        name = f"dt_function{self.next_number()}"
        made = CEmission(graph, self.module, name, self).function()
        self.functions.append(made)
        return made

    def private(self) -> str:
        """The text in front of the public functions."""
        body = "\n\n".join([*self._helpers(), *[f.text for f in self.functions]])
        used = [m for m in MEMORY if f"{MEMORY[m]} *" in body]
        types = [f"typedef {TYPES[m]} {MEMORY[m]} DT_ALIAS;" for m in used]
        parts = [PRELUDE]
        if types:
            parts.append(ALIASED + "\n".join(types) + "\n")
        named = set(re.findall(r"\bdt_c\d+\b", body))
        parts += [text for name, text in self.constants.values() if name in named]
        if "dt_copy(" in body:
            parts.append(COPY)
        return "\n".join([*parts, body])

    def _helpers(self) -> list[str]:
        """The private functions of the library's that are called."""
        helpers = self.module.helpers
        todo = [f.text for f in self.functions]
        used: set[str] = set()
        while todo:
            for name in re.findall(r"\bdt_\w+(?=\()", todo.pop()):
                if name in helpers and name not in used:
                    used.add(name)
                    todo.append(helpers[name])
        return [text for name, text in helpers.items() if name in used]


def _literal(x: Any, dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        text = number(float(x), "float" if dtype.itemsize == 4 else "double")
        return text[1:-1] if text.startswith("(-") and text != "(-INFINITY)" else text
    if dtype.kind == "u" and dtype.itemsize == 8:
        return f"UINT64_C({int(x)})"
    text = integer(int(x), f"i{8 * dtype.itemsize}") if dtype.kind == "i" else str(int(x))
    return text


def culprit(graph: Graph) -> Any:
    """The first primitive that cannot be exported, in loops' bodies too; None if each can by itself."""
    for c in graph.calls:
        rules = getattr(c.primitive, "rules", None)
        bodies = [s.body for s in getattr(rules, "sweeps", ())] + list(getattr(rules, "bodies", ()))
        for b in bodies:
            found = culprit(graph_of(b))
            if found is not None:
                return found
        inputs = tuple(dict.fromkeys([v for v in c.operands if v not in graph.constants]))
        constants = {v: graph.constants[v] for v in c.operands if v in graph.constants}
        try:
            CFile().function(Graph(graph.avals, inputs, constants, (c,), c.results))
        except (NotExported, NotTranslated):
            return c.primitive
    return None
