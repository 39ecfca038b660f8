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
  /** Of what was written to it. */
  update: number;
}

/** Per node the slots of all its gradients, in the order in which the passes gave them. */
function gradientSlots(graph: Graph): number[][] {
  const slots = graph.nodes.map((): number[] => []);
  for (const pass of graph.passes) {
    for (const step of pass.steps) slots[step.node]!.push(...step.cotangents);
    for (const result of pass.results) slots[result.at[0]]!.push(result.gradient, result.gradAfter);
  }
  return slots;
}

function updateSlots(graph: Graph): number[][] {
  const slots = graph.nodes.map((): number[] => []);
  for (const update of graph.updates ?? []) slots[update.leaf[0]]!.push(update.value);
  return slots;
}

/** The nodes whose value, gradient or update differs, in order; `missing` counts those of the other graph that this one lacks. */
export function compare(
  [model, graph, run]: readonly [Model, Graph, Run],
  [otherModel, otherGraph, otherRun]: readonly [Model, Graph, Run],
): { differences: Difference[]; missing: number } {
  const pairs = matched(graph, otherGraph);
  const differences: Difference[] = [];
  const gradients = [gradientSlots(graph), gradientSlots(otherGraph)] as const;
  const updates = [updateSlots(graph), updateSlots(otherGraph)] as const;
  const gap = (slots: readonly number[], others: readonly number[]): number => {
    if (slots.length !== others.length) return NaN;
    let largest = 0;
    slots.forEach((slot, i) => {
      if (run.values[slot] === null || otherRun.values[others[i]!] === null) return; // left out to keep a page small
      const d = distance(slotNumbers(model, graph, run, slot), slotNumbers(otherModel, otherGraph, otherRun, others[i]));
      largest = Number.isNaN(d) ? NaN : Math.max(largest, d);
    });
    return largest;
  };
  pairs.forEach((other, node) => {
    if (other < 0) {
      differences.push({ node, other, value: NaN, gradient: NaN, update: NaN });
      return;
    }
    const value = gap(graph.nodes[node]!.outs, otherGraph.nodes[other]!.outs);
    const gradient = gap(gradients[0][node]!, gradients[1][other]!);
    const update = gap(updates[0][node]!, updates[1][other]!);
    if (value !== 0 || gradient !== 0 || update !== 0) differences.push({ node, other, value, gradient, update });
  });
  const used = new Set(pairs);
  return { differences, missing: otherGraph.nodes.filter((_, i) => !used.has(i)).length };
}

/** What a graph is compared with: the same graph of the other model, or the one in its place. */
function counterGraph(other: Model, graph: Graph, index: number): Graph | undefined {
  return other.graphs.find((g) => g.key === graph.key) ?? other.graphs.find((g) => g.title === graph.title) ?? other.graphs[index];
}

/** What the page compares its graph with: its counterpart, at the same run. */
export function counterpart(app: App): readonly [Model, Graph, Run] | null {
  const { models } = app.page;
  if (models.length < 2 || !app.graph || !app.run) return null;
  const model = models[app.state.model === 0 ? 1 : 0]!;
  const graph = counterGraph(model, app.graph, app.state.graph);
  const number = app.run.number;
  const run = graph?.runs.find((r) => r.number === number) ?? graph?.runs[Math.min(app.state.run, graph.runs.length - 1)];
  return graph && run ? [model, graph, run] : null;
}

/** Where a graph differs first from its counterpart. */
export interface FirstDifference {
  graph: number;
  /** Index in the graph's runs. */
  run: number;
}

let firsts: { page: App["page"]; model: number; found: FirstDifference[] } | undefined;

/** The first run that differs, of each graph that has one: among those whose numbers both pages have. */
export function firstDifferences(app: App): readonly FirstDifference[] {
  const { page, state } = app;
  if (page.models.length < 2) return [];
  if (firsts?.page === page && firsts.model === state.model) return firsts.found;
  const other = page.models[state.model === 0 ? 1 : 0]!;
  const found: FirstDifference[] = [];
  app.model.graphs.forEach((graph, index) => {
    const its = counterGraph(other, graph, index);
    if (!its) {
      found.push({ graph: index, run: 0 });
      return;
    }
    const numbered = new Map(its.runs.map((r) => [r.number, r]));
    const run = graph.runs.findIndex((r) => {
      const partner = numbered.get(r.number);
      if (!partner) return graph.total !== its.total && r.number >= its.total;
      const { differences, missing } = compare([app.model, graph, r], [other, its, partner]);
      return differences.length > 0 || missing > 0;
    });
    if (run >= 0) found.push({ graph: index, run });
  });
  firsts = { page, model: state.model, found };
  return found;
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
