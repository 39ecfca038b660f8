/** Where boxes go: dagre for graphs that one looks at, the fast layout for those that one scrolls. */

import { Graph, layout as dagre } from "@dagrejs/dagre";

import { framed, layered } from "./layered";
import type { Box, Layout, Link, Place, Point } from "./types";
import { SPACING } from "./types";

export type { Box, Layout, Link, Place, Point } from "./types";

/** With this many boxes and links dagre takes a few tenths of a second. */
const DAGRE_LIMIT = 360;

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

function byDagre(
  boxes: readonly Box[],
  links: readonly Link[],
  outer: ReadonlyMap<string, string>,
  compound: boolean,
): Layout {
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
  links.forEach(({ from, to }, i) => graph.setEdge(from, to, {}, String(i)));
  entrances(boxes, links, outer).forEach(({ from, to }, i) => graph.setEdge(from, to, { weight: 0 }, `entrance ${i}`));
  dagre(graph);

  const place = (id: string): Place => {
    const { x, y, width, height } = graph.node(id) as Place;
    return { x, y, width, height };
  };
  const paths = links.map(({ from, to }, i) => {
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
function byHand(boxes: readonly Box[], links: readonly Link[], outer: ReadonlyMap<string, string>): Layout {
  const plain = byDagre(boxes, links, outer, false);
  return covers(boxes, plain, outer) ? byDagre(boxes, links, outer, true) : plain;
}

/** Lay out a graph, boxes given in topological order; `outer` is the frame around a frame. */
export function layout(
  boxes: readonly Box[],
  links: readonly Link[],
  outer: ReadonlyMap<string, string> = new Map(),
): Layout {
  if (boxes.length === 0) return { boxes: new Map(), paths: [], frames: new Map(), width: 0, height: 0 };
  return boxes.length + links.length > DAGRE_LIMIT ? layered(boxes, links, outer) : byHand(boxes, links, outer);
}
