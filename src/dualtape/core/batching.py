"""vmap's values: a value with one axis that the program does not see.

Elementwise primitives align the batch axes and run once. Others use their `batch` rule, or, where none
is written, run slice by slice: slower, never another answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .boxes import Box, Interpreter
from .callsite import warn
from .errors import TransformError
from .forward import dtype_of
from .primitive import Primitive
from .vocabulary import vocabulary

_slow: set[str] = set()
"""The primitives without a rule for whole batches that a warning has named."""


class Batched(Box):
    """A value whose axis `axis` is the batch."""

    __slots__ = ("axis", "content")

    def __init__(self, interpreter: Batching, content: Any, axis: int) -> None:
        self.interpreter = interpreter
        self.content = content
        self.axis = axis

    @property
    def shape(self) -> Any:
        """The shape of one example."""
        s = tuple(self.content.shape)
        return s[: self.axis] + s[self.axis + 1 :]

    @property
    def dtype(self) -> Any:
        """The NumPy dtype."""
        return dtype_of(self.content)

    def __repr__(self) -> str:
        return f"Batched({self.content!r}, axis={self.axis})"


open_batches: ContextVar[tuple[Batching, ...]] = ContextVar("dualtape_batches", default=())
"""The batches around the running code, outermost first: random operations have no operand to tell them."""


class Batching(Interpreter):
    """Runs primitives on whole batches."""

    __slots__ = ("randomness", "size")

    name = "vmap"

    def __init__(self, level: int, size: int, randomness: str = "error") -> None:
        super().__init__(level)
        self.size = size
        self.randomness = randomness

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Let random operations know, for the block, that they run for a batch."""
        before = open_batches.get()
        open_batches.set((*before, self))
        try:
            yield
        finally:
            open_batches.set(before)
            self.open = False

    def process(self, primitive: Primitive, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """See `Interpreter.process`."""
        contents = []
        axes: list[int | None] = []
        for v in values:
            own = isinstance(v, Batched) and v.interpreter is self
            contents.append(v.content if own else v)
            axes.append(v.axis if own else None)
        if all(
            a is None for a in axes
        ):  # an open trace or a sibling let it through: nothing to map
            return primitive(*contents, **params)  # type: ignore[operator]
        if primitive.batch is not None:
            out, where = primitive.batch(contents, axes, self.size, **params)
        elif primitive.pointwise:
            out, where = primitive(*aligned(contents, axes), **params), 0  # type: ignore[operator]
        else:
            out, where = self.by_slices(primitive, contents, axes, params), 0
        if primitive.outputs == 1:
            return Batched(self, out, where)
        places = where if isinstance(where, tuple) else (where,) * len(out)
        return tuple(Batched(self, o, a) for o, a in zip(out, places, strict=True))

    def by_slices(
        self,
        primitive: Primitive,
        contents: list[Any],
        axes: list[int | None],
        params: dict[str, Any],
    ) -> Any:
        """Run the primitive on one example after the other and stack the results."""
        if self.size == 0:
            raise TransformError(
                f"vmap over an empty axis of {primitive.name}, which has no batching rule"
            )
        if primitive.name not in _slow:
            _slow.add(primitive.name)
            warn(
                f"vmap runs {primitive.name} on one example after the other, since it has no rule for whole "
                "batches: the result is right, and slow (this warning comes once)"
            )
        rows = [
            primitive(  # type: ignore[operator]
                *[
                    c if a is None else vocabulary.take_slice(c, a, i)
                    for c, a in zip(contents, axes, strict=True)
                ],
                **params,
            )
            for i in range(self.size)
        ]
        if primitive.outputs == 1:
            return vocabulary.stack(rows)
        return tuple(vocabulary.stack([r[k] for r in rows]) for k in range(primitive.outputs))


def aligned(contents: list[Any], axes: list[int | None]) -> list[Any]:
    """Batch axes to the front, ranks made equal so that broadcasting lines up the examples."""
    rank = max(len(c.shape) - (a is not None) for c, a in zip(contents, axes, strict=True))
    out = []
    for c, a in zip(contents, axes, strict=True):
        if a is not None:
            c = vocabulary.move_axis(c, a, 0)
            s = tuple(c.shape)
            if len(s) - 1 < rank:
                c = vocabulary.reshape(c, (s[0],) + (1,) * (rank - len(s) + 1) + s[1:])
        out.append(c)
    return out
