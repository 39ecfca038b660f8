/** Where everything of a graph is drawn: cards, the ways of the links, and where a way crosses a line. */

import type { App } from "../app";
import type { Card, Part } from "../card";
import { blockCard, card } from "../card";
import type { Layout, Point } from "../layout";
import { layout } from "../layout";
import { isOperation } from "../steps";

/** The piece that is drawn of a link too long to follow, named after where it comes from. */
export const STUB = 24;

export interface Drawn {
  cards: Map<string, Card>;
  layout: Layout;
  /** Per link its points, from top to bottom, and the curve through them. */
  ways: Point[][];
  curves: string[];
  ends: Point[];
  /** Where the shape stands. */
  middles: Point[];
}

/** Between two points a way leaves downward and arrives downward. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let text = `M${first[0].toFixed(1)} ${first[1].toFixed(1)}`;
  let [x, y] = first;
  for (const [nx, ny] of rest) {
    const middle = (y + ny) / 2;
    text += `C${x.toFixed(1)} ${middle.toFixed(1)} ${nx.toFixed(1)} ${middle.toFixed(1)} ${nx.toFixed(1)} ${ny.toFixed(1)}`;
    [x, y] = [nx, ny];
  }
  return text;
}

/** Where `curve` is at a height; undefined where it does not come there. */
export function across(points: readonly Point[], height: number): number | undefined {
  for (let i = 1; i < points.length; i++) {
    const [[x, y], [nx, ny]] = [points[i - 1]!, points[i]!];
    if (height < y || height > ny || ny <= y) continue;
    // Both coordinates are polynomials of t: y is one that grows, so t is found by halving.
    let [low, high] = [0, 1];
    for (let k = 0; k < 20; k++) {
      const t = (low + high) / 2;
      const at = y + (ny - y) * (1.5 * t * (1 - t) + t ** 3);
      if (at < height) low = t;
      else high = t;
    }
    return x + (nx - x) * low ** 2 * (3 - 2 * low);
  }
  return undefined;
}

/** Lay out the boxes of the graph, as they are folded now; `parts` are what a node's card shows. */
export function drawing(app: App, parts: (node: number) => Part[]): Drawn {
  const { boxes, links, frames: open } = app.folded;
  const cards = new Map<string, Card>();
  for (const box of boxes) {
    const inside = (): number => box.members.filter((i) => isOperation(app.node(i))).length;
    cards.set(box.id, box.block >= 0 ? blockCard(app, box.block, inside()) : card(app, box.node, parts(box.node)));
  }
  const outer = new Map<string, string>();
  const after = new Map<string, string>();
  const latest = new Map<number, number>();
  for (const frame of [...open].sort((a, b) => a - b)) {
    const { parent, kind } = app.graph!.blocks[frame]!;
    if (parent >= 0) outer.set(String(frame), String(parent));
    if (kind !== "iteration") continue;
    if (latest.has(parent)) after.set(String(frame), String(latest.get(parent)));
    latest.set(parent, frame);
  }
  const placed = layout(
    boxes.map((box) => ({ id: box.id, width: cards.get(box.id)!.width, height: cards.get(box.id)!.height, parent: box.frame })),
    links,
    { outer, after },
  );
  // Links arrive beside one another, in the order in which they come from left to right.
  const arriving = new Map<string, number[]>();
  links.forEach(({ to }, i) => {
    const list = arriving.get(to);
    if (list) list.push(i);
    else arriving.set(to, [i]);
  });
  const ends: Point[] = [];
  for (const [to, list] of arriving) {
    const place = placed.boxes.get(to)!;
    const gap = Math.min(26, (place.width - 16) / list.length);
    const from = (i: number): number => (placed.paths[i]!.length > 2 ? placed.paths[i]!.at(-2)![0] : placed.boxes.get(links[i]!.from)!.x);
    list.sort((a, b) => from(a) - from(b));
    list.forEach((i, j) => (ends[i] = [place.x + (j - (list.length - 1) / 2) * gap, place.y - place.height / 2]));
  }
  const ways = links.map(({ from }, i): Point[] => {
    const start = placed.boxes.get(from)!;
    const [x, y] = ends[i]!;
    if (placed.paths[i]!.length < 2) return [[x, y - STUB], [x, y - 5]];
    // dagre bends a link between two ranks once in the middle, for nothing.
    const bends = placed.paths[i]!.length > 3 ? placed.paths[i]!.slice(1, -1) : [];
    return [[start.x, start.y + start.height / 2], ...bends, [x, y - 5]];
  });
  const middles = ways.map((way): Point => [way[0]![0] + 6, way[0]![1] + 15]);
  return { cards, layout: placed, ways, curves: ways.map(curve), ends, middles };
}
