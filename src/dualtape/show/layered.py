"""Laying out a graph in layers, top to bottom, with few crossings: after Sugiyama, Tagawa and Toda (1981).

Layers by the longest path; edges over several layers get a place in each; the order within a layer by the mean place of the
neighbours, swept down and up (the barycentre heuristic); then each box is pulled to the mean of its neighbours as far as its
neighbours in the layer allow.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

SWEEPS = 12
GAP, RISE = 24.0, 52.0
"""Pixels between two boxes of a layer, and between two layers."""


@dataclass
class Placed:
    """Where everything goes, in pixels.

    Attributes:
        x, y: The centre of each box.
        routes: Per edge the points that it goes through, from the lower edge of one box to the upper of the other.
        width, height: Of the picture.
    """

    x: list[float]
    y: list[float]
    routes: list[list[tuple[float, float]]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def place(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]) -> Placed:
    """Lay out boxes of the given (width, height), with edges (from, to) that all go down.

    Args:
        sizes: Of the boxes; a box comes after all that lead to it.
        edges: Pairs of numbers of boxes, the first smaller.
    """
    count = len(sizes)
    if not count:
        return Placed([], [])
    ranks = layers_of(count, edges)
    ups: list[list[int]] = [[] for _ in range(count)]
    downs: list[list[int]] = [[] for _ in range(count)]
    widths = [w for w, _ in sizes]
    chains = []
    for a, b in edges:
        chain = [a]
        for rank in range(ranks[a] + 1, ranks[b]):
            chain.append(len(ups))
            ups.append([])
            downs.append([])
            widths.append(0.0)
            ranks.append(rank)
        chain.append(b)
        chains.append(chain)
        for i, j in itertools.pairwise(chain):
            downs[i].append(j)
            ups[j].append(i)
    layers: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    for i, rank in enumerate(ranks):
        layers[rank].append(i)
    ordered(layers, ups, downs)
    x = across(layers, widths, ups, downs)
    heights = [max((sizes[i][1] for i in layer if i < count), default=0.0) for layer in layers]
    tops = [GAP / 2]
    for h in heights:
        tops.append(tops[-1] + h + RISE)
    left = min(x[i] - widths[i] / 2 for i in range(len(x))) - GAP / 2
    x = [v - left for v in x]
    middle = [tops[rank] + heights[rank] / 2 for rank in ranks]
    routes = []
    for chain in chains:
        a, b = chain[0], chain[-1]
        points = [(x[a], middle[a] + sizes[a][1] / 2)]
        for i in chain[1:-1]:
            points += [(x[i], tops[ranks[i]]), (x[i], tops[ranks[i]] + heights[ranks[i]])]
        points.append((x[b], middle[b] - sizes[b][1] / 2))
        routes.append(points)
    width = max(v + w / 2 for v, w in zip(x, widths, strict=True)) + GAP / 2
    return Placed(x[:count], middle[:count], routes, width, tops[-1] - RISE + GAP / 2)


def layers_of(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each box: below all that leads to it; a box that nothing leads to right above what it leads to."""
    ranks = [0] * count
    outs: list[list[int]] = [[] for _ in range(count)]
    ins = [0] * count
    for a, b in sorted(edges):
        ranks[b] = max(ranks[b], ranks[a] + 1)
        outs[a].append(b)
        ins[b] += 1
    for i in range(count):
        if not ins[i] and outs[i]:
            ranks[i] = min(ranks[j] for j in outs[i]) - 1
    return ranks


def ordered(layers: list[list[int]], ups: list[list[int]], downs: list[list[int]]) -> None:
    """Order each layer by the mean place of the neighbours above, then below, in turn; the best order found stays."""
    at = {i: float(k) for layer in layers for k, i in enumerate(layer)}
    best, fewest = [list(layer) for layer in layers], crossings(layers, downs, at)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            near = ups if down else downs
            layer.sort(
                key=lambda i: sum(at[j] for j in near[i]) / len(near[i]) if near[i] else at[i]
            )
            at.update((i, float(k)) for k, i in enumerate(layer))
        found = crossings(layers, downs, at)
        if found < fewest:
            best, fewest = [list(layer) for layer in layers], found
    layers[:] = best


def crossings(layers: list[list[int]], downs: list[list[int]], at: dict[int, float]) -> int:
    """How many pairs of edges cross between neighbouring layers: inversions, counted by a tree of sums."""
    total = 0
    for layer, below in itertools.pairwise(layers):
        size = len(below) + 1
        tree = [0] * (size + 1)
        seen = 0
        for i in layer:
            ends = sorted(int(at[j]) for j in downs[i])
            for end in ends:
                k, smaller = end + 1, 0
                while k:
                    smaller += tree[k]
                    k -= k & -k
                total += seen - smaller
            for end in ends:
                k = end + 1
                while k <= size:
                    tree[k] += 1
                    k += k & -k
                seen += 1
    return total


def across(
    layers: list[list[int]], widths: list[float], ups: list[list[int]], downs: list[list[int]]
) -> list[float]:
    """The centre of each box across: near the mean of its neighbours, in the layer's order, without overlap."""
    x = [0.0] * len(widths)
    for layer in layers:
        right = 0.0
        for i in layer:
            x[i] = right + widths[i] / 2
            right += widths[i] + GAP
    for sweep in range(2 * SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            near = ups if down else downs
            wish = [sum(x[j] for j in near[i]) / len(near[i]) if near[i] else x[i] for i in layer]
            for i, v in zip(layer, spread(wish, [widths[i] for i in layer]), strict=True):
                x[i] = v
    return x


def spread(wish: list[float], widths: list[float]) -> list[float]:
    """Places in the given order, without overlap, of least squared distance from those wished for.

    Boxes that touch move as one block, to the mean of its wishes (pooling of adjacent violators).
    """
    offsets = [0.0]
    for a, b in itertools.pairwise(widths):
        offsets.append(offsets[-1] + (a + b) / 2 + GAP)
    blocks: list[list[float]] = []  # [sum of wishes less offsets, how many]
    for v, o in zip(wish, offsets, strict=False):
        blocks.append([v - o, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, number = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += number
    out: list[float] = []
    for total, number in blocks:
        out += [total / number + offsets[len(out) + k] for k in range(int(number))]
    return out


__all__ = ["Placed", "place"]
