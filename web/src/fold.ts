/** Folding: which boxes stand for which nodes, and how they are linked. */

import type { Graph, Node, Ref } from "./model";

/** A node's box is named by its index, a folded block's by "b" and its index, a number's by its index, "@" and who uses it. */
export type BoxId = string;

export interface Folded {
  /** In topological order. */
  boxes: { id: BoxId; node: number; block: number; frame: BoxId | undefined; members: number[] }[];
  links: { from: BoxId; to: BoxId; refs: { from: Ref; to: number; operand: number }[] }[];
  /** The box of each node. */
  boxOf: BoxId[];
  /** Unfolded blocks that are drawn as frames. */
  frames: Set<number>;
  /** The block in which each node is drawn; -1 at the top. */
  blockOf: number[];
}

/** Above this many nodes a graph starts folded. */
export const FOLD_FROM = 60;

/** The blocks around a block, itself first. */
export function ancestors(graph: Graph, block: number): number[] {
  const found: number[] = [];
  for (let b = block; b >= 0; b = graph.blocks[b]!.parent) found.push(b);
  return found;
}

/** With fewer boxes than this a graph that is all folded says little. */
const AT_LEAST = 8;

/** What is folded at first: in a small graph nothing; in a large one all, but for blocks around nearly everything. */
export function folds(graph: Graph): Set<number> {
  if (graph.nodes.length <= FOLD_FROM) return new Set();
  const folded = new Set(graph.blocks.keys());
  let { boxes } = fold(graph, folded);
  while (boxes.length < AT_LEAST) {
    const largest = boxes.filter((b) => b.block >= 0).sort((a, b) => b.members.length - a.members.length)[0];
    if (!largest) break;
    folded.delete(largest.block);
    boxes = fold(graph, folded).boxes;
    if (boxes.length > FOLD_FROM) {
      folded.add(largest.block);
      break;
    }
  }
  return folded;
}

/** The innermost block that several are in; -1 for none. */
function common(graph: Graph, blocks: readonly number[]): number {
  const [first, ...rest] = [...new Set(blocks)].map((block) => ancestors(graph, block));
  return first?.find((block) => rest.every((others) => others.includes(block))) ?? -1;
}

/**
 * The block in which a node is drawn: a module's parameters, which are made elsewhere, in the module that uses them; data that only one
 * iteration of a loop reads, in that.
 */
function home(graph: Graph, node: Node, index: number, users: ReadonlyMap<number, number[]>): number {
  if (node.block >= 0 || node.inputs.length > 0) return node.block;
  if (node.kind === "constant") {
    const shared = common(graph, (users.get(index) ?? []).map((user) => graph.nodes[user]!.block));
    return ancestors(graph, shared).find((block) => ["loop", "iteration"].includes(graph.blocks[block]!.kind)) ?? -1;
  }
  if (node.name === null) return -1;
  for (const user of users.get(index) ?? []) {
    for (const block of ancestors(graph, graph.nodes[user]!.block)) {
      const { kind, name } = graph.blocks[block]!;
      if (kind === "module" && name && node.name.startsWith(`${name}.`)) return block;
    }
  }
  return -1;
}

/** Where the boxes of a graph are, with some blocks folded. A number is drawn once for each use. */
export function fold(graph: Graph, folded: ReadonlySet<number>, isNumber: (node: number) => boolean = () => false): Folded {
  const users = new Map<number, number[]>();
  graph.nodes.forEach((node, i) => {
    for (const [from] of node.inputs) {
      const list = users.get(from);
      if (list) list.push(i);
      else users.set(from, [i]);
    }
  });
  // The outermost folded block around each block: a node in it is drawn as that.
  const blockOf = graph.nodes.map((node, i) => home(graph, node, i, users));
  const outermost = graph.blocks.map((_, block) => ancestors(graph, block).filter((b) => folded.has(b)).at(-1) ?? -1);
  const boxOf = graph.nodes.map((_, i) => {
    const block = blockOf[i]! >= 0 ? outermost[blockOf[i]!]! : -1;
    return block >= 0 ? `b${block}` : String(i);
  });

  const members = new Map<BoxId, number[]>();
  const join = (id: BoxId, i: number): void => {
    const list = members.get(id);
    if (list) list.push(i);
    else members.set(id, [i]);
  };
  boxOf.forEach((id, i) => {
    if (id.startsWith("b") || !isNumber(i) || !users.has(i)) join(id, i);
  });
  const frames = new Set<number>();
  const links = new Map<string, Folded["links"][number]>();
  graph.nodes.forEach((node, i) => {
    node.inputs.forEach(([from, output], operand) => {
      if (from < 0) return;
      let a = boxOf[from]!;
      const b = boxOf[i]!;
      if (a === b) return;
      if (!a.startsWith("b") && isNumber(from)) {
        // The same number in two places of a program is written twice, so it is drawn twice; in a folded block it is not drawn.
        if (b.startsWith("b")) {
          if (!members.get(b)!.includes(from)) join(b, from);
          return;
        }
        a = `${from}@${b}`;
        if (!members.has(a)) join(a, from);
      }
      const key = `${a} ${b}`;
      const link = links.get(key) ?? { from: a, to: b, refs: [] };
      link.refs.push({ from: [from, output], to: i, operand });
      links.set(key, link);
    });
  });

  const boxes = sorted([...members.keys()], [...links.values()]).map((id) => {
    const inside = members.get(id)!;
    const block = id.startsWith("b") ? Number(id.slice(1)) : -1;
    const around = block >= 0 ? graph.blocks[block]!.parent : id.includes("@") ? blockOf[Number(id.split("@")[1])]! : blockOf[inside[0]!]!;
    for (const outer of ancestors(graph, around)) frames.add(outer);
    return { id, node: inside[0]!, block, frame: around >= 0 ? String(around) : undefined, members: inside };
  });
  return { boxes, links: [...links.values()], boxOf, frames, blockOf };
}

/** Boxes in topological order. Folding may close a circle (a block entered twice); then the order made is kept. */
function sorted(ids: BoxId[], links: Folded["links"]): BoxId[] {
  const waiting = new Map<BoxId, number>(ids.map((id) => [id, 0]));
  const users = new Map<BoxId, BoxId[]>();
  for (const { from, to } of links) {
    waiting.set(to, waiting.get(to)! + 1);
    const list = users.get(from);
    if (list) list.push(to);
    else users.set(from, [to]);
  }
  const ready = ids.filter((id) => waiting.get(id) === 0);
  for (const id of ready) {
    for (const user of users.get(id) ?? []) {
      const left = waiting.get(user)! - 1;
      waiting.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  if (ready.length === ids.length) return ready;
  const done = new Set(ready);
  return [...ready, ...ids.filter((id) => !done.has(id))];
}
