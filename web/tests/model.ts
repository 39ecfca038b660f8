/** A small graph to test with: z = mean((x + 2) * y), differentiated with respect to x, which is then updated; y is in a block. */
import { readFileSync, readdirSync } from "node:fs";

import type { Graph, Node, Page } from "../src/model";

const node = (part: Partial<Node>): Node => ({
  kind: "op", op: "", name: null, text: null, formula: null, inputs: [], outs: [], place: null, block: -1, recorded: true, ...part,
});

export const GRAPH: Graph = {
  key: "k", title: "z", place: null,
  nodes: [
    node({ kind: "leaf", name: "x", outs: [0] }),
    node({ kind: "constant", outs: [1] }),
    node({ op: "add", inputs: [[0, 0], [1, 0]], outs: [2], block: 1 }),
    node({ op: "mul", name: "t", inputs: [[2, 0], [0, 0]], outs: [3], block: 0 }),
    node({ op: "mean", name: "z", inputs: [[3, 0]], outs: [4] }),
    node({ op: "neg", name: "later", inputs: [[4, 0]], outs: [5] }),
  ],
  blocks: [
    { parent: -1, kind: "function", name: "f", type: "", place: null, shape: 0 },
    { parent: 0, kind: "function", name: "g", type: "", place: null, shape: 1 },
  ],
  passes: [{
    kind: "backward", place: null, after: 5, recorded: false,
    roots: [{ at: [4, 0], cotangent: 6 }],
    steps: [
      { node: 4, cotangents: [6], to: [{ input: 0, target: [3, 0], local: -1, localKind: "none", product: -1, value: 7, before: -1, after: 7 }] },
      { node: 3, cotangents: [7], to: [
        { input: 0, target: [2, 0], local: -1, localKind: "none", product: -1, value: 8, before: -1, after: 8 },
        { input: 1, target: [0, 0], local: -1, localKind: "none", product: -1, value: 9, before: -1, after: 9 },
      ] },
      { node: 2, cotangents: [8], to: [{ input: 0, target: [0, 0], local: -1, localKind: "none", product: -1, value: 8, before: 9, after: 10 }] },
    ],
    results: [{ at: [0, 0], gradient: 10, gradBefore: 11, gradAfter: 12 }],
  }],
  updates: [{ leaf: [0, 0], after: 6, place: 3, gradient: 12, value: 13, change: 14, ratio: 15 }],
  slots: Array<number>(16).fill(0), total: 1, runs: [{ number: 0, values: Array.from({ length: 16 }, (_, i) => i) }], curves: [], tangents: [],
};

const folder = new URL("../fixtures/", import.meta.url);
export const FIXTURES: [string, Page][] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Page]);
