"""W + c * (A @ B), written over W: one product of BLAS that adds to what is there, without the product's own array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..emit import gemm
from ..emit.writer import Lanes
from .nodes import LITERAL, MAP, ROUTINE, Node, Ref
from .product import Product, layout, write_panels
from .scalars import ELEMENTS

if TYPE_CHECKING:
    from .build import Build
    from .emission import Emission


@dataclass(frozen=True, slots=True)
class Accumulated:
    """A product times a number (its negative, if `minus`), added to what is in the result's place already."""

    product: Product
    minus: bool

    def __repr__(self) -> str:
        return f"{'-' if self.minus else '+'}= {self.product!r}"

    @property
    def externals(self) -> tuple[tuple[str, int], ...]:
        """See `Product`."""
        return self.product.externals

    def room(self, itemsize: int) -> int:
        """See `Product`."""
        return self.product.room(itemsize)

    def write(self, e: Emission, node: Node) -> None:
        """Write it."""
        x, y, c = node.args
        w, p = e.w, self.product
        element = ELEMENTS[node.dtype.char]
        t = Lanes(element)
        pointers = [
            e.at(w, x), e.at(w, y), e.pointer(w, node)
        ]  # fmt: skip
        if c.node.kind == LITERAL:
            value = float(c.node.op)
            factor = t.constant(-value if self.minus else value)
        else:
            factor = e.scalar(c)
            if self.minus:
                factor = w.op(f"fneg {element} {factor}")
        if p.how == "panels":
            room = e.room(self.room(node.dtype.itemsize))
            write_panels(
                w,
                element,
                (p.m, p.n, p.k),
                pointers,
                x.strides,
                y.strides,
                p.n,
                room,
                factor,
                add=True,
            )
            return
        e.symbols_of_blas(element)
        gemm.write(
            w, element, (p.m, p.n, p.k), pointers, layout(x, 0), layout(y, 0), p.n, factor, t.constant(1)
        )  # fmt: skip


def accumulate_updates(b: Build) -> None:
    """Replace updates of this form; the nodes in between are then not used any more."""
    uses: dict[Node, int] = {}
    for n in b.nodes.every:
        for a in n.args:
            uses[a.node] = uses.get(a.node, 0) + 1
    for o in b.outputs:
        uses[o.node] = uses.get(o.node, 0) + 1
    for k, u in enumerate(b.updates):
        found = _matched(u.node, uses)
        if found is not None:
            x, y, c, op = found
            node = Node(ROUTINE, u.node.shape, u.node.dtype, (x, y, c), op, name=repr(op))
            b.nodes.add(node)
            b.updates[k] = u._replace(node=node)


def _matched(u: Node, uses: dict[Node, int]) -> tuple[Ref, Ref, Ref, Accumulated] | None:
    (value,) = u.args
    total = value.node
    if not value.whole or total.kind != MAP or total.name not in ("add", "sub") or uses[total] != 1:
        return None
    own, step = total.args
    if total.name == "add" and own.node is not u.target:
        own, step = step, own
    if own.node is not u.target or not own.whole:
        return None
    m = step.node
    if not step.whole or m.kind != MAP or m.name != "mul" or uses[m] != 1:
        return None
    for made, c in (m.args, m.args[::-1]):
        g = made.node
        if (
            g.kind == ROUTINE
            and isinstance(g.op, Product)
            and g.op.how != "tile"
            and not g.op.stack
            and made.whole
            and uses[g] == 1
            and c.node.size == 1
            and c.dtype == u.dtype
        ):
            return g.args[0], g.args[1], c, Accumulated(g.op, total.name == "sub")
    return None
