"""`export_c`: a compiled function and its derivatives as one C file with its header."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...core.aval import Aval, aval_of, is_inexact
from ...transforms import tree
from .derivatives import Derived, ExportError, Pure, is_operand, line_of, pure
from .emission import NotExported, c_type
from .file import CFile, culprit
from .instructions import NotTranslated
from .names import chosen, identifier, names_of, number_of, unique

KINDS = ("gradient", "vjp", "jvp", "jacobian")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an exported function: its name, dtype and shape, and whether the function writes to it or reads it."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    written: bool = False
    read: bool = True

    @property
    def c(self) -> str:
        """As C declares it."""
        return f"{'' if self.written else 'const '}{c_type(self.dtype)} *{self.name}"


@dataclass(frozen=True, slots=True)
class ExportedFunction:
    """One function of an exported file.

    Attributes:
        name: Its name in C.
        parameters: In order; after them comes `void *work`.
        work: Bytes of workspace, aligned as a `double`.
    """

    name: str
    parameters: tuple[Parameter, ...]
    work: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What `export_c` has written.

    Attributes:
        source, header: The files.
        functions: By kind: "value", "gradient", "vjp", "jvp", "jacobian".
    """

    source: Path
    header: Path
    functions: dict[str, ExportedFunction]


def export_c(
    f: Callable[..., Any], label: str, directory: str | os.PathLike[str], args: tuple[Any, ...], kwargs: dict[str, Any],
    derivatives: Sequence[str] | str | None, wrt: Sequence[int | str] | int | str | None, name: str | None,
) -> Exported:  # fmt: skip
    """See `Compiled.export_c`."""
    leaves, structure = tree.flatten((args, kwargs))
    names = names_of(f, args, kwargs)
    base = identifier(name or str(getattr(f, "__name__", type(f).__name__)), set())
    arrays = [i for i, x in enumerate(leaves) if is_operand(x)]
    value = pure(f, leaves, structure, label)
    outs = [value.graph.avals[v] for v in value.graph.outputs]
    out_names = unique(
        ["out"] if len(outs) == 1 else [f"out_{k}" for k in range(len(outs))], set(names.values())
    )
    picked = chosen(wrt, names, leaves, arrays)
    smooth = [k for k, a in enumerate(outs) if is_inexact(a.dtype)]
    kinds = _kinds(derivatives, outs, smooth, picked, label)
    if value.states and kinds:
        raise ExportError(
            f"{label}: it writes to arrays from outside, so only its values can be exported: derivatives=()"
        )
    file = CFile()
    writer = _Functions(file, base, f, label, leaves, structure, names, arrays, out_names)
    functions = {"value": writer.write("value", f, value, outs, [], [])}
    derived = Derived(f, leaves, structure, picked)
    by = [names[k] for k in picked]
    avals = [aval_of(number_of(leaves[k])) for k in picked]
    extra_in: list[tuple[str, Aval]]
    extra_out: list[tuple[str, Aval]]
    for kind in kinds:
        extra_in, extra_out = [], []
        if kind in ("gradient", "vjp"):
            extra_out = [
                (f"{n}_bar" if kind == "vjp" else f"{n}_grad", a)
                for n, a in zip(by, avals, strict=True)
            ]
        if kind == "vjp":
            extra_in = [(f"{out_names[k]}_bar", outs[k]) for k in smooth]
        if kind == "jvp":
            extra_in = [(f"{n}_dot", a) for n, a in zip(by, avals, strict=True)]
            extra_out = [(f"{out_names[k]}_dot", outs[k]) for k in smooth]
        if kind == "jacobian":
            extra_out = [
                (f"d{out_names[k]}_d{n}", Aval((*outs[k].shape, *a.shape), outs[k].dtype))
                for k in smooth for n, a in zip(by, avals, strict=True)
            ]  # fmt: skip
        function = getattr(derived, kind)
        more = [np.zeros(a.shape, a.dtype) for _, a in extra_in]
        given = (*leaves, *more)
        flat, flat_structure = tree.flatten((given, {}))
        graph = pure(function, flat, flat_structure, f"{label} ({kind})")
        functions[kind] = writer.write(kind, function, graph, outs, extra_in, extra_out)
    return _files(Path(directory), base, file, writer.public, functions, label)


def _kinds(
    derivatives: Sequence[str] | str | None, outs: Sequence[Aval], smooth: Sequence[int], chosen: Sequence[int], label: str
) -> tuple[str, ...]:  # fmt: skip
    one = bool(smooth) and smooth[0] == 0 and not outs[0].shape
    if derivatives is None:
        if not smooth or not chosen:
            return ()
        return ("gradient",) if one and len(outs) == 1 else ("vjp", "jvp")
    kinds = (derivatives,) if isinstance(derivatives, str) else tuple(derivatives)
    for k in kinds:
        if k not in KINDS:
            raise ValueError(f"export_c: derivatives are {', '.join(KINDS)}, got {k!r}")
    if kinds and not chosen:
        raise ExportError(
            f"{label}: no argument is an array of real numbers, so there is no derivative"
        )
    if "gradient" in kinds and not one:
        raise ExportError(
            f"{label}: only a function whose (first) result is one real number has a gradient; it is {outs[0] if outs else 'None'}. "
            "Ask for 'vjp', 'jvp' or 'jacobian'"
        )
    return kinds


@dataclass(slots=True)
class _Functions:
    """Writes the public functions."""

    file: CFile
    base: str
    f: Callable[..., Any]
    label: str
    leaves: Sequence[Any]
    structure: tree.Structure
    names: dict[int, str]
    arrays: Sequence[int]
    out_names: Sequence[str]
    public: list[tuple[str, str]] = field(default_factory=list)

    def write(
        self, kind: str, function: Callable[..., Any], made: Pure, outs: Sequence[Aval],
        extra_in: list[tuple[str, Aval]], extra_out: list[tuple[str, Aval]],
    ) -> ExportedFunction:  # fmt: skip
        """Write one: a private function of the graph, and a public one of all arguments that calls it."""
        name = self.base if kind == "value" else f"{self.base}_{kind}"
        try:
            inner = self.file.function(made.graph)
        except (NotExported, NotTranslated) as error:
            raise self._refused(error, made, kind, function, extra_in) from error
        leaf_count = len(self.leaves)
        updated = {t for t, _ in made.graph.updates}
        inputs = made.graph.inputs
        written = {k for k, v in zip(made.arguments, inputs, strict=False) if v in updated}
        parameters = [
            Parameter(self.names[i], *_form(self.leaves[i]), i in written) for i in self.arrays
        ]
        parameters += [Parameter(n, a.dtype, a.shape) for n, a in extra_in]
        by_leaf = {i: self.names[i] for i in self.arrays}
        by_leaf |= {leaf_count + k: n for k, (n, _) in enumerate(extra_in)}
        states = [f"state_{k}" for k in range(len(made.states))]
        parameters += [
            Parameter(n, x.dtype, x.shape, True) for n, x in zip(states, made.states, strict=True)
        ]
        results = [
            Parameter(n, a.dtype, a.shape, True, False)
            for n, a in zip(self.out_names, outs, strict=True)
        ]
        taken = {p.name for p in (*parameters, *results)}
        names = [identifier(n, taken) for n, _ in extra_out]
        results += [
            Parameter(n, a.dtype, a.shape, True, False)
            for n, (_, a) in zip(names, extra_out, strict=True)
        ]
        for p, v in zip(results, made.graph.outputs, strict=True):
            a = made.graph.avals[v]
            if (p.shape, p.dtype) != (a.shape, a.dtype):
                raise AssertionError(f"{p.name} is {a}, not {p.dtype}{p.shape}")
        every = (*parameters, *results)
        head = f"int {name}({', '.join([*[p.c for p in every], 'void *work'])})"
        given = [by_leaf[k] for k in made.arguments] + states + [p.name for p in results]
        unused = [p.name for p in parameters if p.name not in given]
        body = "".join([f"    (void){n};\n" for n in unused])
        call = f"{inner.name}({', '.join([*given, '(char *)work'])})"
        self.public.append((head, f"{head} {{\n{body}    return {call};\n}}"))
        return ExportedFunction(name, every, inner.work)

    def _refused(
        self, error: Exception, made: Pure, kind: str, function: Callable[..., Any], extra_in: list[tuple[str, Aval]]
    ) -> ExportError:  # fmt: skip
        p = culprit(made.graph)
        if p is None:
            return ExportError(
                f"{self.label} cannot be exported: it has {error}, which there is no C for"
            )
        given, structure = self.leaves, self.structure
        if kind != "value":
            given = (*self.leaves, *[np.zeros(a.shape, a.dtype) for _, a in extra_in])
            given, structure = tree.flatten((given, {}))
        line = line_of(p, lambda: pure(function, given, structure, self.label))
        where = f"\n  at {line}" if line else ""
        what = "its derivative" if kind != "value" else "it"
        return ExportError(
            f"{self.label} cannot be exported: {what} uses {p.name}, which NumPy or another library runs, so that there is "
            f"no C for it. Compute that part outside, and pass the result as an argument{where}"
        )


def _form(x: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    a = aval_of(number_of(x))
    return a.dtype, a.shape


def _files(
    directory: Path, base: str, file: CFile, public: list[tuple[str, str]], functions: dict[str, ExportedFunction], label: str
) -> Exported:  # fmt: skip
    header, source = directory / f"{base}.h", directory / f"{base}.c"
    guard = f"{base.upper()}_H"
    lines = [
        f"/* {label.replace('*/', '')}: written by dualtape. C99, needs math.h only (link with -lm).",
        " *",
        " * Arrays are row-major. Each function returns 0, or 1 if an index is out of range or a number is not where it has",
        " * to be. `work` points to as many bytes as the function's _WORK says, aligned as a double; where that is 0 it may",
        " * be NULL. Arrays that are written must not overlap others. Calls with different arrays and workspaces may run at",
        " * the same time. -DDUALTAPE_CBLAS takes large products of matrices from CBLAS. */",
        f"#ifndef {guard}", f"#define {guard}", "", "#include <stdint.h>", "",
        "#ifdef __cplusplus", 'extern "C" {', "#endif", "",
    ]  # fmt: skip
    for kind, f in functions.items():
        lines.append(f"/* {_told(kind)}")
        for p in f.parameters:
            shape = "x".join(map(str, p.shape)) or "one number"
            lines.append(
                f" *   {p.name}: {shape}, {' and '.join(w for w, is_so in (('read', p.read), ('written', p.written)) if is_so)}"
            )
        head = next(h for h, _ in public if h.startswith(f"int {f.name}("))
        lines += [" */", f"#define {f.name.upper()}_WORK {f.work}", f"{head};", ""]
    lines += ["#ifdef __cplusplus", "}", "#endif", "", "#endif", ""]
    directory.mkdir(parents=True, exist_ok=True)
    header.write_text("\n".join(lines), encoding="utf-8")
    text = "\n\n".join(
        [f'#include "{header.name}"\n', file.private(), *[body for _, body in public], ""]
    )
    source.write_text(text, encoding="utf-8")
    return Exported(source, header, functions)


def _told(kind: str) -> str:
    return {
        "value": "The values.",
        "gradient": "The values, and the gradient of the first.",
        "vjp": "The values, and cotangents (_bar) pulled back from the results to the arguments.",
        "jvp": "The values, and tangents (_dot) pushed forward from the arguments to the results.",
        "jacobian": "The values, and the derivatives of each by each argument, the result's axes first.",
    }[kind]
