"""Products with an epilogue: what is made of a product element by element is computed while a tile of it is in the first cache.

An elementwise cluster that reads a product as it lies in memory (with scalars, rows, columns, or whole matrices besides) does not run over it
when all of it has been written, but is a function that the product calls for each tile: the bias, the activation, the residual, the
optimizer's update. If nobody else reads the product, it never has memory of its own: its tiles are written to where a
result of the cluster goes. Elements, operations and their order are the same as in a loop, and so are the bits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from ..emit import flow
from ..emit.frames import LoopWriter
from ..vecmath.values import Value
from .domain import Dims, refined, row_major, squeezed
from .fusion import Cluster, Fusion
from .nodes import MAP, REDUCE, Node
from .product import Product
from .schedule import Schedule, merged, schedule
from .values import Chunk

if TYPE_CHECKING:
    from .emission import Emission
    from .kernel import Kernel
    from .program import Program


class Epilogue(NamedTuple):
    """What is made of a product.

    Attributes:
        product: Its node.
        cluster: What is called for each tile.
        alone: Whether nobody else reads the product.
    """

    product: Node
    cluster: Cluster
    alone: bool


def follow(fusion: Fusion, kept: set[Node]) -> dict[int, Epilogue]:
    """Find products with something to follow them, and have it follow them at once.

    Args:
        fusion: The clusters.
        kept: Nodes that are wanted outside.

    Returns:
        By number of the product's cluster.
    """
    readers: dict[Node, list[Cluster]] = {}
    for c in fusion.clusters.values():
        for node in c.members:
            for a in node.args:
                found = readers.setdefault(a.node, [])
                if c not in found:
                    found.append(c)
    out: dict[int, Epilogue] = {}
    taken: set[int] = set()
    for first in [c for c in fusion.clusters.values() if c.routine]:
        product = next(iter(first.members))
        op = product.op
        if not isinstance(op, Product) or not op.followable(*product.args[:2]):
            continue
        for c in readers.get(product, ()):
            if c.number in taken:
                continue
            sums = _sums(c, readers, kept)
            maps = Cluster(c.number, c.dims, c.rows, routine=c.routine)
            maps.members = {n: None for n in c.members if n not in sums}
            if suits(maps, product, op) and fusion.brought(first, c):
                if sums:
                    fusion.parted(c, sums)
                taken.add(c.number)
                read = any(n.args[0].node is product for n in sums)
                alone = not read and readers[product] == [c] and product not in kept
                out[first.number] = Epilogue(product, c, alone)
                break
    return out


def _sums(c: Cluster, readers: dict[Node, list[Cluster]], kept: set[Node]) -> list[Node]:
    """Reductions of a cluster that can as well be a loop of their own, since what they reduce is in memory anyway."""
    if c.rows is not None:
        return []
    sums = [n for n in c.members if n.kind == REDUCE]
    for n in sums:
        (a,) = n.args
        if a.node not in kept and readers[a.node] == [c]:
            return []
    return sums


def suits(c: Cluster, product: Node, op: Product) -> bool:
    """Whether a cluster can be computed tile by tile: maps only, on the product's elements as they lie."""
    if c.routine or not c.members or c.rows is not None or any(n.kind != MAP for n in c.members):
        return False
    dims = _dims(c, op)
    if dims is None:
        return False
    whole = row_major(dims)
    trial = Cluster(c.number, dims, members=c.members)
    own = {a.node for a in product.args}
    for node in c.members:
        if node.target in own or (node.into is not None and node.into.node in own):
            return False  # it would write what other tiles are to be computed from
        for a in node.args:
            if a.node is product and (a.offset or trial.strides(node, a) != whole):
                return False
    return _schedule(trial, op, set(c.members)) is not None


def _dims(c: Cluster, op: Product) -> Dims | None:
    """The cluster's dimensions, split into those of rows and those of columns."""
    rows = prod(op.stack) * op.m
    if rows == 1 or op.n == 1:
        return None
    return refined(c.dims, squeezed((rows, op.n)))


def _schedule(c: Cluster, op: Product, stored: set[Node]) -> Schedule | None:
    """The loops over a tile: rows, and one run of columns. None if columns are not one dimension for all that is read."""
    columns, at = 1, len(c.dims)
    while columns < op.n:
        at -= 1
        columns *= c.dims[at]
    left, right = list(range(at)), list(range(at, len(c.dims)))
    made = schedule(c, stored)
    groups = [*merged(c, left, stored), *merged(c, right, stored)]
    if len(groups) < 2 or groups[-1] != right:
        return None
    lengths = [prod([c.dims[i] for i in g]) for g in groups]
    made.groups, made.loops, made.length = groups, tuple(lengths[:-1]), lengths[-1]
    if made.static and op.team > 1 and op.m < op.n:
        return None  # threads share columns, and the loop over so few is written out
    return made if len(made.sweeps) == 1 else None


def arrange(p: Program, k: int, e: Epilogue) -> Node | None:
    """Make an epilogue's kernel part of step k, which computes the product.

    Returns:
        The result that the product's tiles are written to, None if the product has memory of its own.
    """
    op = e.product.op
    dims = _dims(e.cluster, op)
    assert dims is not None
    e.cluster.dims = dims
    made = _schedule(e.cluster, op, p.stored)
    assert made is not None
    p.schedules[k + 1] = made
    p.span[k] = p.span[k + 1] = (k, k + 1)
    for n in made.sweeps[0].stores if e.alone else ():
        # What is updated is read when the product is there.
        if n.dtype == e.product.dtype and n.target is None and n.into is None:
            return n
    return None


PARAMETERS = "i64 %row, i64 %rows, i64 %column, i64 %columns"


def write(e: Emission, k: int) -> None:
    """Write the function that a product calls for its tiles.

    Args:
        e: Where.
        k: The step that it takes; the product's is the one before.
    """
    s = e.p.schedules[k]
    n, width, sweep, w = s.length, s.width, s.sweeps[0], e.w
    main, rest = n - n % width, n % width
    kernel = _kernel(e, k)
    if s.static:  # the tiles have all columns

        def short() -> None:
            for at in range(0, n, width):
                kernel._chunk(sweep, [], Chunk(at, width, min(width, n - at), at), [])

        _over_rows(w, [kernel], short)
        return
    tail = _kernel(e, k)
    column = flow.parameter(w, "column")
    behind = column + flow.parameter(w, "columns")
    end = behind.intrinsic("smin", main)

    def vector(c: str, _: list[str]) -> list[str]:
        kernel.memo.append({})
        kernel._chunk(sweep, [], Chunk(c, width, width), [])
        kernel.memo.pop()
        return []

    def ragged() -> None:
        tail._chunk(sweep, [], Chunk(main, width, rest, main), [])

    def row() -> None:
        vectors = partial(w.loop, "%column", end.name, width, vector)
        flow.when(w, end > column, lambda: (vectors(), None)[1])
        if rest:
            flow.when(w, behind > main, ragged)

    _over_rows(w, [kernel, tail], row)


def _kernel(e: Emission, k: int) -> Kernel:
    """What writes some lanes of an epilogue, in a function of its own."""
    kernel = e.kernel(e.w, e.p.schedules[k], e, e.p.stored)
    kernel.base = e.w.depth
    kernel.memo = [{}, *[{} for _ in kernel.s.loops]]
    return kernel


def _over_rows(w: LoopWriter, kernels: list[Kernel], body: Callable[[], None]) -> None:
    """Write a loop over the rows, in which the outer loops' indices are known to kernels."""
    end = (flow.parameter(w, "row") + flow.parameter(w, "rows")).name

    def row(i: str, _: list[str]) -> list[str]:
        for kernel in kernels:
            kernel.indices = _indices(Value(w, flow.I64, i), kernel.s.loops)
        body()
        return []

    w.loop("%row", end, 1, row)


def _indices(i: Value, loops: Dims) -> list[str]:
    """The outer loops' indices of a row, given its number among all."""
    out = []
    for n in reversed(loops[1:]):
        out.append((i % n).name)
        i = i / n
    return [i.name, *reversed(out)]


def described(e: Epilogue) -> str:
    """What follows a product, as text."""
    names = [n.name for n in e.cluster.members]
    shown = ", ".join(names if len(names) <= 12 else [*names[:11], f"... {len(names) - 11} more"])
    return f" with epilogue {shown}"
