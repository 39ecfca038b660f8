/** Two runs of a program, number by number. */

import type { App } from "./app";
import type { Graph, Model, Node, Num, Run } from "./model";
import type { Numbers } from "./numbers";
import { real, sameNum, slotNumbers, statistics } from "./numbers";

/** Which node of one graph is which of the other; -1 where it has no counterpart. */
export function matched(one: Graph, other: Graph): number[] {
  if (one.key === other.key) return one.nodes.map((_, i) => i);
  // The first "mul" named "z" is the other's first "mul" named "z", the second the second.
  const signature = (node: Node): string => [node.kind, node.op, node.name ?? "", node.text ?? ""].join("|");
  const places = new Map<string, number[]>();
  other.nodes.forEach((node, i) => {
    const s = signature(node);
    const list = places.get(s);
    if (list) list.push(i);
    else places.set(s, [i]);
  });
  return one.nodes.map((node) => places.get(signature(node))?.shift() ?? -1);
}

/** The largest difference of two arrays: 0 where all bits agree, NaN where one is NaN and the other not, or shapes differ. */
export function distance(a: Numbers | null, b: Numbers | null): number {
  if (!a || !b) return a === b ? 0 : NaN;
  if (a.shape.join() !== b.shape.join()) return NaN;
  if (a.elements && b.elements) {
    let largest = 0;
    for (let i = 0; i < a.elements.length; i++) {
      const [x, y] = [a.elements[i] as Num, b.elements[i] as Num];
      if (sameNum(x, y)) continue;
      const gap = Math.abs(real(x) - real(y));
      if (Number.isNaN(gap)) return NaN;
      largest = Math.max(largest, gap, Number.MIN_VALUE);
    }
    return largest;
  }
  const [s, t] = [statistics(a), statistics(b)];
  const gaps = (["min", "max", "mean", "std"] as const).map((k) => Math.abs((s[k] ?? 0) - (t[k] ?? 0)));
  const counts = s.nan !== t.nan || s.inf !== t.inf || s.zero !== t.zero;
  const picture = (a.large?.heat?.cells ?? "") !== (b.large?.heat?.cells ?? "");
  return Math.max(...gaps, counts || picture ? Number.MIN_VALUE : 0);
}

export interface Difference {
  node: number;
  /** In the other graph; -1: it is not there. */
  other: number;
  value: number;
  gradient: number;
}

/** The slot of a node's gradient after the last pass that reached it. */
function gradientSlot(graph: Graph, node: number): number {
  for (const pass of [...graph.passes].reverse()) {
    for (const result of pass.results) if (result.at[0] === node && result.at[1] === 0) return result.gradient;
    for (const step of pass.steps) if (step.node === node && step.cotangents[0] !== undefined) return step.cotangents[0];
  }
  return -1;
}

/** The nodes whose value or gradient differs, in order; `missing` counts those of the other graph that this one lacks. */
export function compare(
  [model, graph, run]: readonly [Model, Graph, Run],
  [otherModel, otherGraph, otherRun]: readonly [Model, Graph, Run],
): { differences: Difference[]; missing: number } {
  const pairs = matched(graph, otherGraph);
  const differences: Difference[] = [];
  pairs.forEach((other, node) => {
    if (other < 0) {
      differences.push({ node, other, value: NaN, gradient: NaN });
      return;
    }
    const here = (slot: number | undefined) => slotNumbers(model, graph, run, slot);
    const there = (slot: number | undefined) => slotNumbers(otherModel, otherGraph, otherRun, slot);
    const value = distance(here(graph.nodes[node]!.outs[0]), there(otherGraph.nodes[other]!.outs[0]));
    const gradient = distance(here(gradientSlot(graph, node)), there(gradientSlot(otherGraph, other)));
    if (value !== 0 || gradient !== 0) differences.push({ node, other, value, gradient });
  });
  const used = new Set(pairs);
  return { differences, missing: otherGraph.nodes.filter((_, i) => !used.has(i)).length };
}

/** What the page compares its graph with: the same graph of the other model, at the same run. */
export function counterpart(app: App): readonly [Model, Graph, Run] | null {
  const { models } = app.page;
  if (models.length < 2 || !app.graph || !app.run) return null;
  const model = models[app.state.model === 0 ? 1 : 0]!;
  const graph = model.graphs.find((g) => g.key === app.graph!.key) ?? model.graphs.find((g) => g.title === app.graph!.title) ?? model.graphs[app.state.graph];
  const number = app.run.number;
  const run = graph?.runs.find((r) => r.number === number) ?? graph?.runs[Math.min(app.state.run, graph.runs.length - 1)];
  return graph && run ? [model, graph, run] : null;
}

let last: { model: Model; graph: Graph; run: Run; result: ReturnType<typeof compare> | null } | undefined;

export function comparison(app: App): ReturnType<typeof compare> | null {
  const { model, graph, run } = app;
  if (!graph || !run) return null;
  if (last?.model !== model || last.graph !== graph || last.run !== run) {
    const other = counterpart(app);
    last = { model, graph, run, result: other && compare([model, graph, run], other) };
  }
  return last.result;
}

/** The nodes to be marked in the graph. */
export function different(app: App): Set<number> {
  if (app.page.models.length < 2 || app.state.tab !== "compare") return new Set();
  return new Set(comparison(app)?.differences.map((d) => d.node));
}
