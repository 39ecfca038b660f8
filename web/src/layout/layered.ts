/**
 * A layered layout in near-linear time, for graphs that are too large for dagre's network simplex.
 *
 * Sugiyama's scheme (Sugiyama, Tagawa & Toda 1981) with cheap steps: longest-path ranks, barycentre ordering, and
 * for the coordinates of one rank the exact least-squares places that keep the order, by pooling adjacent violators
 * (isotonic regression; Ayer et al. 1955). Boxes must come in topological order, as an engine creates them.
 */

import type { Box, Frames, Layout, Link, Place, Point, Spacing } from "./types";
import { NONE, SPACING } from "./types";

/** Links longer than this many ranks get no bends: a program's parameters may be used everywhere. */
export const LONGEST_BEND = 8;
/** How often a picture is gone through, down and up: a very large one half as often. */
const SWEEPS = 4;
const LARGE = 6000;

interface Item {
  width: number;
  height: number;
  rank: number;
  order: number;
  x: number;
  above: Item[];
  below: Item[];
}

/** What keeps the frames of iterations apart: all of one is above a barrier, all of the next below it. */
function barriers(boxes: readonly Box[], items: Map<string, Item>, { outer, after }: Frames): Set<Item> {
  const above = new Map<string, Item>();
  const below = new Map<string, Item>();
  for (const [frame, before] of after) {
    const bar: Item = { width: 0, height: 0, rank: 0, order: 0, x: 0, above: [], below: [] };
    below.set(frame, bar);
    above.set(before, bar);
  }
  for (const { id, parent } of after.size > 0 ? boxes : []) {
    const item = items.get(id)!;
    for (let frame = parent; frame !== undefined; frame = outer.get(frame)) {
      const [over, under] = [below.get(frame), above.get(frame)];
      over?.below.push(item);
      if (over) item.above.push(over);
      under?.above.push(item);
      if (under) item.below.push(under);
    }
  }
  return new Set(below.values());
}

/** Items after all that are above them. Those of a circle, which folding may close, come last. */
function inOrder(items: readonly Item[]): Item[] {
  const waiting = new Map(items.map((item) => [item, item.above.length]));
  const found = items.filter((item) => item.above.length === 0);
  for (const item of found) {
    for (const next of item.below) {
      const left = waiting.get(next)! - 1;
      waiting.set(next, left);
      if (left === 0) found.push(next);
    }
  }
  const done = new Set(found);
  return [...found, ...items.filter((item) => !done.has(item))];
}

/** Longest-path ranks; what nothing leads to stands right above its first use. */
export function ranked(boxes: readonly Box[], links: readonly Link[], frames: Frames = NONE): Map<string, Item> {
  const items = new Map<string, Item>();
  for (const box of boxes) {
    const { width, height } = box;
    items.set(box.id, { width, height, rank: 0, order: 0, x: 0, above: [], below: [] });
  }
  for (const link of links) {
    const from = items.get(link.from);
    const to = items.get(link.to);
    if (!from || !to || from === to) continue;
    from.below.push(to);
    to.above.push(from);
  }
  const bars = barriers(boxes, items, frames);
  for (const item of inOrder([...items.values(), ...bars])) {
    for (const other of item.above) item.rank = Math.max(item.rank, other.rank + (bars.has(other) ? 0 : 1));
  }
  for (const item of items.values()) {
    item.above = item.above.filter((other) => !bars.has(other));
    item.below = item.below.filter((other) => !bars.has(other));
  }
  for (const item of [...items.values()].reverse()) {
    if (item.above.length === 0 && item.below.length > 0) {
      item.rank = Math.max(0, Math.min(...item.below.map((b) => b.rank)) - 1);
    }
  }
  return items;
}

/** Put bends into links that cross ranks, so that the ordering makes room for them. */
function withBends(items: Map<string, Item>, links: readonly Link[]): Item[][] {
  for (const item of items.values()) {
    item.above = [];
    item.below = [];
  }
  return links.map((link) => {
    const from = items.get(link.from);
    const to = items.get(link.to);
    if (!from || !to || from === to) return [];
    const span = to.rank - from.rank;
    const chain = [from];
    if (span <= LONGEST_BEND) {
      for (let rank = from.rank + 1; rank < to.rank; rank++) {
        chain.push({ width: 4, height: 0, rank, order: 0, x: 0, above: [], below: [] });
      }
    }
    chain.push(to);
    if (span <= LONGEST_BEND) {
      for (let i = 1; i < chain.length; i++) {
        chain[i - 1]!.below.push(chain[i]!);
        chain[i]!.above.push(chain[i - 1]!);
      }
    }
    return chain;
  });
}

const mean = (items: Item[], of: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0) / items.length;

function order(layers: Item[][], sweeps: number): void {
  const number = (layer: Item[]) => layer.forEach((item, i) => (item.order = i));
  layers.forEach(number);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const down = sweep % 2 === 0;
    for (let i = 0; i < layers.length; i++) {
      const layer = layers[down ? i : layers.length - 1 - i]!;
      if (layer.length < 2) continue;
      const key = new Map<Item, number>();
      for (const item of layer) {
        const near = down ? item.above : item.below;
        key.set(item, near.length > 0 ? mean(near, (n) => n.order) : item.order);
      }
      layer.sort((a, b) => key.get(a)! - key.get(b)! || a.order - b.order);
      number(layer);
    }
  }
}

/** The places nearest to `wanted`, least squares, at least `gap` apart and in order. */
export function pooled(wanted: readonly number[], gaps: readonly number[]): number[] {
  const blocks: { sum: number; count: number }[] = [];
  let offset = 0;
  const offsets: number[] = [];
  wanted.forEach((w, i) => {
    if (i > 0) offset += gaps[i - 1]!;
    offsets.push(offset);
    let block = { sum: w - offset, count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count > block.sum / block.count; last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: block.sum + last.sum, count: block.count + last.count };
    }
    blocks.push(block);
  });
  let i = 0;
  for (const { sum, count } of blocks) {
    for (const end = i + count; i < end; i++) offsets[i]! += sum / count;
  }
  return offsets;
}

function place(layers: Item[][], space: number, sweeps: number): void {
  const gaps = layers.map((layer) =>
    layer.slice(1).map((item, i) => (layer[i]!.width + item.width) / 2 + space),
  );
  layers.forEach((layer, r) => {
    let x = 0;
    layer.forEach((item, i) => {
      if (i > 0) x += gaps[r]![i - 1]!;
      item.x = x;
    });
    const middle = x / 2;
    for (const item of layer) item.x -= middle;
  });
  for (let sweep = 0; sweep < 2 * sweeps; sweep++) {
    const down = sweep % 2 === 0;
    for (let i = 0; i < layers.length; i++) {
      const r = down ? i : layers.length - 1 - i;
      const layer = layers[r]!;
      const wanted = layer.map((item) => {
        const near = down ? item.above : item.below;
        return near.length > 0 ? mean(near, (n) => n.x) : item.x;
      });
      if (layer.length === 1) {
        layer[0]!.x = wanted[0]!;
        continue;
      }
      pooled(wanted, gaps[r]!).forEach((x, j) => (layer[j]!.x = x));
    }
  }
}

/** Lay out a graph. Links that lead nowhere or to themselves get an empty path, those that are too long to follow only their end. */
export function layered(
  boxes: readonly Box[],
  links: readonly Link[],
  around: Frames = NONE,
  spacing: Spacing = SPACING,
): Layout {
  const items = ranked(boxes, links, around);
  const chains = withBends(items, links);
  const layers: Item[][] = [];
  const put = (item: Item) => (layers[item.rank] ??= []).push(item);
  for (const item of items.values()) put(item);
  for (const chain of chains) chain.slice(1, -1).forEach(put);
  for (let r = 0; r < layers.length; r++) layers[r] ??= [];
  const sweeps = boxes.length > LARGE ? SWEEPS / 2 : SWEEPS;
  order(layers, sweeps);
  place(layers, spacing.node, sweeps);

  const tops: number[] = [];
  let y = 0;
  for (const layer of layers) {
    const height = Math.max(0, ...layer.map((item) => item.height));
    tops.push(y + height / 2);
    y += height + spacing.rank;
  }
  let left = Infinity;
  let right = -Infinity;
  for (const layer of layers) {
    for (const item of layer) {
      left = Math.min(left, item.x - item.width / 2);
      right = Math.max(right, item.x + item.width / 2);
    }
  }
  const at = (item: Item): number => tops[item.rank]!;
  const places = new Map<string, Place>();
  for (const [id, item] of items) {
    places.set(id, { x: item.x - left, y: at(item), width: item.width, height: item.height });
  }
  const paths = chains.map((chain) => {
    const [from, to] = [chain[0], chain.at(-1)];
    if (from && to && to.rank - from.rank > LONGEST_BEND) return [[to.x - left, at(to) - to.height / 2] as Point];
    return chain.map((item, i): Point => {
      const edge = i === 0 ? item.height / 2 : i === chain.length - 1 ? -item.height / 2 : 0;
      return [item.x - left, at(item) + edge];
    });
  });
  const width = Number.isFinite(right - left) ? right - left : 0;
  return { boxes: places, paths, frames: framed(boxes, places, around.outer), width, height: Math.max(0, y - spacing.rank) };
}

const PADDING = 12;

/** The rectangles around boxes that have the same parent, and around those in turn. */
export function framed(boxes: readonly Box[], places: Map<string, Place>, outer: ReadonlyMap<string, string>): Map<string, Place> {
  const sides = new Map<string, [number, number, number, number]>();
  for (const box of boxes) {
    const p = places.get(box.id)!;
    let room = PADDING;
    for (let frame = box.parent; frame !== undefined; frame = outer.get(frame), room += PADDING) {
      const s = sides.get(frame) ?? [Infinity, Infinity, -Infinity, -Infinity];
      sides.set(frame, [
        Math.min(s[0], p.x - p.width / 2 - room),
        Math.min(s[1], p.y - p.height / 2 - room),
        Math.max(s[2], p.x + p.width / 2 + room),
        Math.max(s[3], p.y + p.height / 2 + room),
      ]);
    }
  }
  return new Map(
    [...sides].map(([id, [left, top, right, bottom]]) => [
      id,
      { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left, height: bottom - top },
    ]),
  );
}
