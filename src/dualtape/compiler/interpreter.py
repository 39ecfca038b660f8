"""Running a graph by NumPy: what compiled functions do without llvmlite, and what their results are tested against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ..core import modes
from ..core.tracing import Evaluation
from .graph import Array, Graph, program


class Executable(Protocol):
    """What runs a graph: takes one array per input, writes the updates into them, and returns the outputs.

    Attributes:
        native: Whether it is native code.
        size: The bytes of memory that it works in, kept between calls.
    """

    native: bool
    size: int

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
    size = 0

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.evaluation = Evaluation(program(graph))
        self.updated = [graph.inputs.index(t) for t, _ in graph.updates]

    def explain(self) -> list[str]:
        """What is there to say of it."""
        return [
            f"{len(self.graph.calls)} NumPy calls (install llvmlite for native code: pip install dualtape[compile])"
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
        before = modes.current()
        modes.set_mode(modes.NO_GRAD)  # whoever called: these are arrays
        try:
            results = self.evaluation(arrays)
        finally:
            modes.set_mode(before)
        given = {id(a) for a in arrays} | {id(a) for a in self.graph.constants.values()}
        count = len(self.graph.outputs)
        outputs = []
        seen: set[int] = set()
        for x in map(np.asarray, results[:count]):  # arrays of their own
            own = x.base is None and x.flags.writeable and id(x) not in seen | given
            outputs.append(x if own else x.copy())
            seen.add(id(x))
        values = results[count:]
        if len(values) > 1:  # a value may be (a view of) what another update is about to overwrite
            values = [
                v.copy()
                if isinstance(v, np.ndarray) and (v.base is not None or id(v) in given)
                else v
                for v in values
            ]
        for i, value in zip(self.updated, values, strict=True):
            np.copyto(arrays[i], value)
        return outputs
