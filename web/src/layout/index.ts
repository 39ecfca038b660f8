/** Where boxes go: dagre for graphs that one looks at, the fast layout for those that one scrolls. */

import { Graph, layout as dagre } from "@dagrejs/dagre";

import { framed, layered, LONGEST_BEND, ranked } from "./layered";
import type { Box, Frames, Layout, Link, Place, Point } from "./types";
import { NONE, SPACING } from "./types";

export type { Box, Frames, Layout, Link, Place, Point } from "./types";

/** With this many boxes and links dagre takes a few tenths of a second. */
const DAGRE_LIMIT = 360;

/** What is used more often than this has only its first uses linked to it. */
const MANY_USES = 5;

/** Of what nothing leads to, such as a parameter that all iterations of a loop read: the links to where it is used again, far below. */
function farUses(boxes: readonly Box[], links: readonly Link[], around: Frames): Set<Link> {
  const ranks = ranked(boxes, links, around);
  const made = new Set(links.map(({ to }) => to));
  const uses = new Map<string, number>();
  for (const { from } of links) uses.set(from, (uses.get(from) ?? 0) + 1);
  const rank = (id: string): number => ranks.get(id)!.rank;
  const longest = (from: string): number => (uses.get(from)! > MANY_USES ? 2 : LONGEST_BEND);
  return new Set(links.filter(({ from, to }) => !made.has(from) && rank(to) - rank(from) > longest(from)));
}

/**
 * Links that are not drawn: from what goes into a frame to what begins in it, such as a layer's weights.
 *
 * Without them the input of a layer stands beside its weights, in the frame.
 */
function entrances(boxes: readonly Box[], links: readonly Link[], outer: ReadonlyMap<string, string>): Link[] {
  const around = new Map<string, Set<string>>();
  for (const { id, parent } of boxes) {
    const set = new Set<string>();
    for (let frame = parent; frame !== undefined; frame = outer.get(frame)) set.add(frame);
    around.set(id, set);
  }
  const inputs = new Map<string, string[]>();
  for (const { from, to } of links) inputs.set(to, [...(inputs.get(to) ?? []), from]);
  const above = (id: string, what: string, seen = new Set<string>()): boolean => {
    if (id === what) return true;
    if (seen.has(id)) return false;
    seen.add(id);
    return (inputs.get(id) ?? []).some((i) => above(i, what, seen));
  };
  const found = new Map<string, Link>();
  for (const { from, to } of links) {
    for (const frame of around.get(to)!) {
      if (around.get(from)!.has(frame)) continue;
      for (const { id } of boxes) {
        if (!around.get(id)!.has(frame) || inputs.has(id) || above(from, id)) continue;
        found.set(`${from} ${id}`, { from, to: id });
      }
    }
  }
  return found.size > boxes.length * 2 ? [] : [...found.values()];
}

/** Links that are not drawn: from the last box of an iteration to the first of the next, which stands below it. */
function successions(boxes: readonly Box[], { outer, after }: Frames): Link[] {
  const inside = new Map<string, [first: string, last: string]>();
  for (const { id, parent } of boxes) {
    for (let frame = parent; frame !== undefined; frame = outer.get(frame)) inside.set(frame, [inside.get(frame)?.[0] ?? id, id]);
  }
  return [...after].flatMap(([frame, before]) => {
    const [from, to] = [inside.get(before)?.[1], inside.get(frame)?.[0]];
    return from !== undefined && to !== undefined ? [{ from, to }] : [];
  });
}

function byDagre(boxes: readonly Box[], links: readonly Link[], around: Frames, compound: boolean): Layout {
  const { outer } = around;
  const graph = new Graph({ compound, multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: SPACING.node, ranksep: SPACING.rank, edgesep: 14 });
  graph.setDefaultEdgeLabel(() => ({}));
  const frames = new Set<string>();
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height });
  for (const { id, parent } of compound ? boxes : []) {
    let inner = id;
    for (let frame = parent; frame !== undefined; frame = outer.get(frame)) {
      const known = frames.has(frame);
      if (!known) graph.setNode(`frame ${frame}`, {});
      frames.add(frame);
      graph.setParent(inner, `frame ${frame}`);
      if (known) break;
      inner = `frame ${frame}`;
    }
  }
  const far = farUses(boxes, links, around);
  const drawn = links.filter((link) => !far.has(link));
  links.forEach((link, i) => {
    if (!far.has(link)) graph.setEdge(link.from, link.to, {}, String(i));
  });
  successions(boxes, around).forEach(({ from, to }, i) => graph.setEdge(from, to, { weight: 0 }, `succession ${i}`));
  entrances(boxes, drawn, outer).forEach(({ from, to }, i) => graph.setEdge(from, to, { weight: 0 }, `entrance ${i}`));
  dagre(graph);

  const place = (id: string): Place => {
    const { x, y, width, height } = graph.node(id) as Place;
    return { x, y, width, height };
  };
  const paths = links.map((link, i) => {
    const { from, to } = link;
    if (far.has(link)) {
      const { x, y, height } = place(to);
      return [[x, y - height / 2] as const];
    }
    const edge = graph.edge(from, to, String(i)) as { points?: { x: number; y: number }[] };
    return (edge.points ?? []).map(({ x, y }): Point => [x, y]);
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const places = new Map(boxes.map((box) => [box.id, place(box.id)]));
  return {
    boxes: places,
    paths,
    frames: compound ? new Map([...frames].map((id) => [id, place(`frame ${id}`)])) : framed(boxes, places, outer),
    width,
    height,
  };
}

/** Whether a frame covers a box that is not in it. */
function covers(boxes: readonly Box[], { boxes: places, frames }: Layout, outer: ReadonlyMap<string, string>): boolean {
  return boxes.some(({ id, parent }) => {
    const p = places.get(id)!;
    const around = new Set<string>();
    for (let frame = parent; frame !== undefined; frame = outer.get(frame)) around.add(frame);
    for (const [name, f] of frames) {
      if (around.has(name)) continue;
      if (Math.abs(p.x - f.x) < (p.width + f.width) / 2 && Math.abs(p.y - f.y) < (p.height + f.height) / 2) return true;
    }
    return false;
  });
}

/** dagre keeps frames apart at the cost of straight ways: it is asked to only where they would cover something. */
function byHand(boxes: readonly Box[], links: readonly Link[], around: Frames): Layout {
  if (around.after.size > 0) {
    const rows = layered(boxes, links, around);
    if (!covers(boxes, rows, around.outer)) return rows;
  }
  const plain = byDagre(boxes, links, around, false);
  return covers(boxes, plain, around.outer) ? byDagre(boxes, links, around, true) : plain;
}

/** The label of a frame stands on its upper edge. */
const LABEL = 22;

/** Move a picture so that its frames are within its borders, with their labels. */
function roomy(found: Layout): Layout {
  const sides = [...found.frames.values()].map(({ x, y, width, height }) => [x - width / 2, y - height / 2 - LABEL, x + width / 2, y + height / 2] as const);
  const [left, top] = [0, 1].map((i) => sides.reduce((low, side) => Math.min(low, side[i]!), 0)) as [number, number];
  const [right, bottom] = [2, 3].map((i) => sides.reduce((high, side) => Math.max(high, side[i]!), i === 2 ? found.width : found.height)) as [number, number];
  if (left === 0 && top === 0 && right <= found.width && bottom <= found.height) return found;
  const moved = <K>(places: Map<K, Place>): Map<K, Place> => new Map([...places].map(([id, p]) => [id, { ...p, x: p.x - left, y: p.y - top }]));
  return {
    boxes: moved(found.boxes),
    frames: moved(found.frames),
    paths: found.paths.map((path) => path.map(([x, y]): Point => [x - left, y - top])),
    width: right - left,
    height: bottom - top,
  };
}

/** Lay out a graph, boxes given in topological order. */
export function layout(boxes: readonly Box[], links: readonly Link[], frames: Frames = NONE): Layout {
  if (boxes.length === 0) return { boxes: new Map(), paths: [], frames: new Map(), width: 0, height: 0 };
  return roomy(boxes.length + links.length > DAGRE_LIMIT ? layered(boxes, links, frames) : byHand(boxes, links, frames));
}
