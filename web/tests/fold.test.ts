import { expect, it } from "vitest";

import { ancestors, fold, folds } from "../src/fold";
import { FIXTURES, GRAPH } from "./model";

const ids = (folded: Iterable<number>): string[] => fold(GRAPH, new Set(folded)).boxes.map((b) => b.id);

it("draws each node by itself when nothing is folded", () => {
  expect(ids([])).toEqual(["0", "1", "2", "3", "4", "5"]);
  expect([...fold(GRAPH, new Set()).frames]).toEqual([1, 0]);
});

it("draws a block as one box, and an outer one instead of an inner one", () => {
  expect(ids([1])).toEqual(["0", "1", "b1", "3", "4", "5"]);
  expect(ids([0, 1])).toEqual(["0", "1", "b0", "4", "5"]);
  const { links, boxOf } = fold(GRAPH, new Set([0]));
  expect(boxOf).toEqual(["0", "1", "b0", "b0", "4", "5"]);
  // x goes into the block twice, by one link.
  expect(links.map((l) => `${l.from}>${l.to}`)).toEqual(["0>b0", "1>b0", "b0>4", "4>5"]);
  expect(links[0]!.refs).toHaveLength(2);
});

it("draws a number once for each use", () => {
  const twice = { ...GRAPH, nodes: GRAPH.nodes.map((n, i) => (i === 5 ? { ...n, inputs: [[4, 0], [1, 0]] as [number, number][] } : n)) };
  const { boxes } = fold(twice, new Set(), (i) => i === 1);
  expect(boxes.map((b) => b.id).sort()).toEqual(["0", "1@2", "1@5", "2", "3", "4", "5"]);
  expect(boxes.find((b) => b.id === "1@2")!.frame).toBe("1");
  const folded = fold(twice, new Set([1]), (i) => i === 1);
  expect(folded.boxes.map((b) => b.id).sort()).toEqual(["0", "1@5", "3", "4", "5", "b1"]);
  expect(folded.boxes.find((b) => b.id === "b1")!.members).toEqual([2, 1]);
});

it("puts a module's parameters into the module", () => {
  const graph = {
    ...GRAPH,
    nodes: GRAPH.nodes.map((n, i) => (i === 0 ? { ...n, name: "g.weight" } : n)),
    blocks: GRAPH.blocks.map((b) => ({ ...b, kind: "module" as const })),
  };
  expect(fold(graph, new Set([1])).boxOf[0]).toBe("b1");
});

it("puts data that one iteration reads into it, and what all read beside them", () => {
  const blocks = [
    { ...GRAPH.blocks[0]!, kind: "loop" as const, name: "for t in range(2)", count: 2 },
    { ...GRAPH.blocks[1]!, kind: "iteration" as const, name: "t = 0", number: 0 },
    { ...GRAPH.blocks[1]!, kind: "iteration" as const, name: "t = 1", number: 1 },
  ];
  // y is read in iteration 0 only; t of the graph is in iteration 1; x is a leaf, and stays outside.
  const nodes = GRAPH.nodes.map((n, i) => (i === 3 ? { ...n, block: 2 } : n));
  const graph = { ...GRAPH, nodes, blocks };
  expect(fold(graph, new Set()).blockOf).toEqual([-1, 1, 1, 2, -1, -1]);
  expect(fold(graph, new Set([0])).boxOf).toEqual(["0", "b0", "b0", "b0", "4", "5"]);
  // A function around it keeps what is given to it outside.
  const called = { ...graph, blocks: blocks.map((b) => ({ ...b, kind: "function" as const })) };
  expect(fold(called, new Set()).blockOf[1]).toBe(-1);
});

it("starts large graphs folded and small ones open", () => {
  expect(folds(GRAPH).size).toBe(0);
  // A network in one block, of ten blocks with ten nodes each: the outer one is open.
  const nodes = Array.from({ length: 100 }, (_, i) => ({ ...GRAPH.nodes[5]!, inputs: i ? [[i - 1, 0] as [number, number]] : [], block: 1 + Math.floor(i / 10) }));
  const blocks = [GRAPH.blocks[0]!, ...Array.from({ length: 10 }, () => GRAPH.blocks[1]!)];
  expect([...folds({ ...GRAPH, nodes, blocks })]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  // One whose content would be too much at once stays folded.
  const wide = nodes.map((n) => ({ ...n, block: 0 }));
  expect([...folds({ ...GRAPH, nodes: wide, blocks: [GRAPH.blocks[0]!] })]).toEqual([0]);
  expect(ancestors(GRAPH, 1)).toEqual([1, 0]);
});

it.each(FIXTURES)("%s: every node is in one box, whatever is folded", (_name, page) => {
  for (const graph of page.models.flatMap((m) => m.graphs)) {
    for (const folded of [new Set<number>(), new Set(graph.blocks.keys())]) {
      const { boxes, boxOf, links } = fold(graph, folded);
      const all = boxes.flatMap((b) => b.members);
      expect(all.sort((a, b) => a - b)).toEqual([...graph.nodes.keys()]);
      const known = new Set(boxes.map((b) => b.id));
      for (const id of boxOf) expect(known.has(id)).toBe(true);
      const position = new Map(boxes.map((b, i) => [b.id, i]));
      for (const { from, to } of links) expect(position.get(from)!).toBeLessThan(position.get(to)!);
    }
  }
});
