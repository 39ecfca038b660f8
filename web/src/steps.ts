/**
 * What happens one after the other, and what is known after each step.
 *
 * A graph is replayed as its program went: operations in the order in which they were made, a backward pass where it
 * began. The operations that a pass made in its turn (create_graph) belong to the step whose rule ran them.
 */

import type { Graph, Node, Pass, Ref } from "./model";

export type Direction = "reverse" | "forward";

export type Event =
  | { kind: "start" }
  | { kind: "operation"; node: number }
  | { kind: "seed"; pass: number }
  | { kind: "rule"; pass: number; step: number }
  | { kind: "results"; pass: number }
  | { kind: "update"; update: number };

/** How the page marks what happens: forward has no mark of its own. */
export type Tone = "" | "back" | "upd";

export const isOperation = (node: Node): boolean => node.kind === "op" || node.kind === "call";

/** The steps of a graph. In forward mode values and tangents go together, so there are only operations. */
export function events(graph: Graph, direction: Direction): Event[] {
  const found: Event[] = [{ kind: "start" }];
  const passes = graph.passes.map((pass, index) => ({ pass, index })).sort((a, b) => a.pass.after - b.pass.after);
  const updates = (graph.updates ?? []).map((update, index) => ({ update, index })).sort((a, b) => a.update.after - b.update.after);
  let next = 0;
  let changed = 0;
  const run = (until: number): void => {
    for (; next < passes.length && passes[next]!.pass.after <= until; next++) {
      const { pass, index } = passes[next]!;
      found.push({ kind: "seed", pass: index });
      pass.steps.forEach((_, step) => found.push({ kind: "rule", pass: index, step }));
      found.push({ kind: "results", pass: index });
    }
    for (; changed < updates.length && updates[changed]!.update.after <= until; changed++) found.push({ kind: "update", update: updates[changed]!.index });
  };
  graph.nodes.forEach((node, i) => {
    if (direction === "reverse") run(i);
    if (isOperation(node) && (node.pass === undefined || direction === "forward")) found.push({ kind: "operation", node: i });
  });
  if (direction === "reverse") run(Infinity);
  return found;
}

/** A node has fewer outputs than this, as far as one can draw. */
const OUTPUTS = 64;
const key = ([node, output]: Ref): number => node * OUTPUTS + output;

/** A gradient: its slot, or -1 for None. */
export interface Arrived {
  slot: number;
  /** `.grad`, after the pass. */
  stored: boolean;
}

/** What a pass left out: it does not reach the value, whose gradient of an earlier pass is here if there is one. */
export interface LeftOut {
  earlier: Arrived | undefined;
  /** The earlier pass, counted from 1 as the reader does. */
  pass: number;
}

/** What is known at a moment of a replay. It can be moved: forward in the time of the steps between, back from the start. */
export class Moment {
  /** Per node. */
  computed: boolean[] = [];
  /** How many passes are over. */
  passes = 0;
  private gradients = new Map<number, Arrived>();
  private written = new Map<number, number>();
  /** Gradients of passes before the present one, each with the number of its pass. */
  private earlier = new Map<number, { arrived: Arrived; pass: number }>();
  /** How many passes have begun. */
  private begun = 0;
  /** Per node the number of the last pass that reaches it; 0 for none. */
  private readonly lastOf: number[];
  private at = -1;
  /** The nodes that a rule made (create_graph), by its pass and node. */
  private readonly made = new Map<string, number[]>();
  private readonly graph: Graph;
  private readonly steps: readonly Event[];

  constructor(graph: Graph, steps: readonly Event[]) {
    this.graph = graph;
    this.steps = steps;
    graph.nodes.forEach((node, i) => {
      if (node.pass === undefined) return;
      const rule = `${node.pass}.${node.rule ?? -1}`;
      this.made.set(rule, [...(this.made.get(rule) ?? []), i]);
    });
    this.lastOf = graph.nodes.map(() => 0);
    steps
      .filter((event) => event.kind === "seed")
      .forEach(({ pass }, i) => reaching(graph.passes[pass]!).forEach((node) => (this.lastOf[node] = i + 1)));
    this.restart();
  }

  /** What is to be said of a value without a gradient, if the pass that began last does not come there and no later one will. */
  leftOut(at: Ref): LeftOut | undefined {
    if (this.begun === 0 || this.gradients.has(key(at))) return undefined;
    const last = this.lastOf[at[0]]!;
    const known = this.earlier.get(key(at));
    if (last === this.begun || (last > this.begun && !known)) return undefined;
    return { earlier: known?.arrived, pass: known?.pass ?? last };
  }

  gradient(at: Ref): Arrived | undefined {
    return this.gradients.get(key(at));
  }

  /** The slot of what was written to a leaf, if anything was. */
  update(node: number): number | undefined {
    return this.written.get(node);
  }

  /** Move to the moment after the event of that index. */
  to(index: number): this {
    if (index < this.at) this.restart();
    while (this.at < index) this.apply(this.steps[++this.at]!);
    return this;
  }

  private restart(): void {
    this.computed = this.graph.nodes.map((node) => !isOperation(node));
    this.gradients.clear();
    this.written.clear();
    this.earlier.clear();
    this.begun = 0;
    this.passes = 0;
    this.at = -1;
  }

  private apply(event: Event): void {
    const { graph, gradients, computed } = this;
    if (event.kind === "update") {
      const { leaf, value } = graph.updates![event.update]!;
      this.written.set(leaf[0], value);
    }
    if (event.kind === "operation") computed[event.node] = true;
    if (event.kind === "seed") {
      // A new pass starts from nothing, but what earlier ones left in .grad stays there.
      for (const [k, arrived] of gradients) {
        if (arrived.stored) continue;
        gradients.delete(k);
        this.earlier.set(k, { arrived, pass: this.begun });
      }
      this.begun++;
      for (const root of graph.passes[event.pass]!.roots) gradients.set(key(root.at), { slot: root.cotangent, stored: false });
    }
    if (event.kind === "rule") {
      const step = graph.passes[event.pass]!.steps[event.step]!;
      step.cotangents.forEach((slot, output) => {
        if (slot >= 0) gradients.set(key([step.node, output]), { slot, stored: false });
      });
      for (const to of step.to) gradients.set(key(to.target), { slot: to.after, stored: false });
      for (const node of this.made.get(`${event.pass}.${step.node}`) ?? []) computed[node] = true;
    }
    if (event.kind === "results") {
      this.passes++;
      for (const result of graph.passes[event.pass]!.results) {
        const stored = result.gradAfter >= 0;
        gradients.set(key(result.at), { slot: stored ? result.gradAfter : result.gradient, stored });
      }
      graph.nodes.forEach((node, i) => {
        if (node.pass === event.pass) computed[i] = true;
      });
    }
  }
}

/** The nodes that a backward pass reaches, some of them more than once. */
const reaching = (pass: Pass): number[] => [
  ...pass.roots.map((root) => root.at[0]),
  ...pass.steps.flatMap((step) => [step.node, ...step.to.map((to) => to.target[0])]),
  ...pass.results.map((result) => result.at[0]),
];

/** The nodes that any pass reaches: they get a place for a gradient, which may stay empty. */
export function reached(graph: Graph): boolean[] {
  const found = graph.nodes.map(() => false);
  for (const pass of graph.passes) for (const node of reaching(pass)) found[node] = true;
  return found;
}

/** The nodes that an event is about, the first of them to be looked at, and the links that light up. */
export function focus(graph: Graph, event: Event | undefined): { nodes: number[]; links: [number, number][]; tone: Tone } {
  switch (event?.kind) {
    case "operation":
      return { nodes: [event.node], links: graph.nodes[event.node]!.inputs.flatMap(([from]) => (from < 0 ? [] : [[from, event.node] as [number, number]])), tone: "" };
    case "seed":
      return { nodes: graph.passes[event.pass]!.roots.map((root) => root.at[0]), links: [], tone: "back" };
    case "rule": {
      const step = graph.passes[event.pass]!.steps[event.step]!;
      return { nodes: [step.node], links: step.to.map((to) => [to.target[0], step.node]), tone: "back" };
    }
    case "results":
      return { nodes: graph.passes[event.pass]!.results.map((result) => result.at[0]), links: [], tone: "back" };
    case "update":
      return { nodes: [graph.updates![event.update]!.leaf[0]], links: [], tone: "upd" };
    default:
      return { nodes: [], links: [], tone: "" };
  }
}

/** The line of the program that an event belongs to. */
export function placeOf(graph: Graph, event: Event | undefined): number | null {
  switch (event?.kind) {
    case "operation":
      return graph.nodes[event.node]!.place;
    case "seed":
    case "results":
      return graph.passes[event.pass]!.place;
    case "rule":
      return graph.nodes[graph.passes[event.pass]!.steps[event.step]!.node]!.place ?? graph.passes[event.pass]!.place;
    case "update":
      return graph.updates![event.update]!.place;
    default:
      return null;
  }
}
