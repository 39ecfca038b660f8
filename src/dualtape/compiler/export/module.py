"""What the functions of one C file share: private functions, of C's library, of formulas, or from LLVM's text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..emit.writer import Lanes, Module
from ..vecmath import FUNCTIONS
from . import instructions as ins
from .instructions import NotTranslated, typed
from .library import LIBM, TYPES, private


class _Functions(dict[str, str]):
    """Functions of a module, of which those of `vecmath` are said to be there: they are then called."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or str(name).startswith("@dualtape.")


class CModule(Module):
    """What the functions of one file share: private functions, by name, in the order of need."""

    def __init__(self, make: Callable[[CModule], Any]) -> None:
        super().__init__(fma=False, inline=False)
        self.make = make  # a writer of a function
        self.functions = _Functions()
        self.helpers: dict[str, str] = {}

    def helper(self, kind: str, element: str) -> str:
        """The name of a private function of the library's."""
        name, text = private(kind, element)
        self.helpers.setdefault(name, text)
        return name

    def function(self, name: str, element: str, count: int) -> str:
        """The name of an elementary function, of C's library or written out of its formula."""
        if name in LIBM:
            return f"{name}f" if element == "float" else name
        if name in ("sigmoid", "lgamma"):
            return self.helper(name, element)
        full = f"dt_{name}_{'f32' if element == 'float' else 'f64'}"
        if full not in self.helpers:
            w = self.make(self)
            t = Lanes(element)
            operands = [f"%x{i}" for i in range(count)]
            result = FUNCTIONS[name](w, t, *operands)
            w.effect(f"return {w.lane(result, t, 0)};")
            given = ", ".join(f"{element} x{i}" for i in range(count))
            body = w.text()
            self.helpers[full] = f"static {element} {full}({given}) {{\n{body}\n}}"
        return full

    def translated(self, name: str) -> str:
        """The C name of a private function of the module's, whose text is LLVM's.

        Raises:
            NotTranslated: It is another library's.
        """
        full = "dt_" + re.sub(r"\W", "_", name)
        if full in self.helpers:
            return full
        text = self.functions.get(f"@{name}") or self.functions.get(f'@"{name}"')
        if not text:
            raise NotTranslated(f"{name}, a function of another library")
        head, *lines, _ = text.split("\n")
        w = self.make(self)
        found = re.match(r'define internal (\w+) @"?[\w.]+"?\((.*)\)', head)
        if found is None:
            raise NotTranslated(f"{name} of several lanes")
        kind, given = found.groups()
        parameters = []
        for p in ins.parts(given):
            t, token = typed(p.replace("noalias ", ""))
            if t == "ptr":
                w.root(token, token[1:], "char", False)
                parameters.append(f"char *{token[1:]}")
            elif isinstance(t, Lanes) and t.width == 1:
                parameters.append(f"{TYPES[t.element]} {token[1:]}")
            else:
                raise NotTranslated(f"{name} of several lanes")
        for line in lines:
            at = line.strip()
            if re.fullmatch(r"[\w.]+:", at):
                w.label(at[:-1])
            elif at.startswith("%"):
                result, _, rest = at.partition(" = ")
                w.named(result, rest)
            elif at:
                w.do(at)
        result = "void" if kind == "void" else TYPES[kind]
        body = w.text()
        unused = "".join([
            f"    (void){n};\n" for n in [p.split()[-1].lstrip("*") for p in parameters] if not re.search(rf"\b{n}\b", body)
        ])  # fmt: skip
        self.helpers[full] = (
            f"static {result} {full}({', '.join(parameters)}) {{\n{unused}{body}\n}}"
        )
        return full
