"""Running a graph by NumPy: what compiled functions do without llvmlite, and what their results are tested against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..core import modes
from .graph import Array, Graph

Step = tuple[
    Callable[..., Any], tuple[int, ...], dict[str, Any], tuple[int, ...], bool, tuple[int, ...]
]


class Executable(Protocol):
    """What runs a graph: takes one array per input, writes the updates into them, and returns the outputs."""

    def __call__(self, arrays: Sequence[Array], /) -> list[Any]:
        """Run it."""
        ...

    def explain(self) -> list[str]:
        """What is there to say of it."""
        ...

    def llvm(self) -> str:
        """Its LLVM code, if there is any."""
        ...

    def asm(self) -> str:
        """Its machine code, if there is any."""
        ...


class Interpreted:
    """A graph as a list of NumPy calls; values are let go of after their last use.

    Calling it with one array per input writes the graph's updates into the arrays and returns the outputs.
    """

    native = False

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        last: dict[int, int] = {}
        for i, c in enumerate(graph.calls):
            for v in (*c.operands, *c.results):
                last[v] = i
        wanted = {*graph.wanted(), *graph.constants, *[t for t, _ in graph.updates]}
        self.steps: list[Step] = [
            (
                c.primitive.eval,
                c.operands,
                c.params,
                c.results,
                c.primitive.outputs != 1,
                tuple({v for v in (*c.operands, *c.results) if last[v] == i and v not in wanted}),
            )
            for i, c in enumerate(graph.calls)
        ]

    def explain(self) -> list[str]:
        """What is there to say of it."""
        return [
            f"{len(self.steps)} NumPy calls (install llvmlite for native code: pip install dualtape[compile])"
        ]

    def llvm(self) -> str:
        """There is none.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            "the function runs as NumPy calls: there is no native code (pip install dualtape[compile])"
        )

    asm = llvm

    def __call__(self, arrays: Sequence[Array]) -> list[Any]:
        """Run it."""
        graph = self.graph
        env: dict[int, Any] = dict(graph.constants)
        env.update(zip(graph.inputs, arrays, strict=True))
        before = modes.current()
        modes.set_mode(modes.NO_GRAD)  # whoever called: these are arrays
        try:
            for evaluate, operands, params, results, several, over in self.steps:
                out = evaluate(*[env[v] for v in operands], **params)
                if several:
                    env.update(zip(results, out, strict=True))
                else:
                    env[results[0]] = out
                for v in over:
                    del env[v]
        finally:
            modes.set_mode(before)
        given = {id(a) for a in arrays} | {id(a) for a in graph.constants.values()}
        outputs = []
        seen: set[int] = set()
        for v in graph.outputs:  # arrays of their own
            x = np.asarray(env[v])
            if id(x) in seen or id(x) in given or x.base is not None or not x.flags.writeable:
                x = x.copy()
            seen.add(id(x))
            outputs.append(x)
        values = [(env[t], env[v]) for t, v in graph.updates]
        if len(values) > 1:  # a value may be (a view of) what another update is about to overwrite
            values = [
                (
                    t,
                    v.copy()
                    if isinstance(v, np.ndarray) and (v.base is not None or id(v) in given)
                    else v,
                )
                for t, v in values
            ]
        for target, value in values:
            np.copyto(target, value)
        return outputs
