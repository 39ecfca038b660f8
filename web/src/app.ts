/** What the page knows: the model, what is chosen, and what follows from both. */

import type { Folded } from "./fold";
import { ancestors, fold, folds } from "./fold";
import type { Key, Language } from "./i18n";
import { text } from "./i18n";
import type { Graph, Model, Node, Page, Ref, Run, TangentView } from "./model";
import type { Numbers } from "./numbers";
import { numText, slotNumbers } from "./numbers";
import type { Direction, Event } from "./steps";
import { events, isOperation, Moment, reached } from "./steps";

export type Tab = "step" | "node" | "training" | "compare" | "why";
export type Theme = "light" | "dark";

export interface State {
  language: Language;
  theme: Theme;
  /** Which of the page's models is shown. */
  model: number;
  graph: number;
  /** Index in the graph's runs. */
  run: number;
  direction: Direction;
  /** Index in the graph's tangent views. */
  view: number;
  step: number;
  playing: boolean;
  selected: number | null;
  folded: ReadonlySet<number>;
  query: string;
  tab: Tab;
  /** The operand whose Jacobian is shown, of the selected node. */
  jacobian: number | null;
}

export type Changed = (key: keyof State) => boolean;
export type Listener = (changed: Changed) => void;

/** Remember the last result for the same arguments. */
function memo<A extends readonly unknown[], R>(compute: (...args: A) => R): (...args: A) => R {
  let last: { args: A; result: R } | undefined;
  return (...args) => {
    if (!last || args.some((arg, i) => !Object.is(arg, last!.args[i]))) last = { args, result: compute(...args) };
    return last.result;
  };
}

/** A program without its folders, and what it was given. */
export const runName = (model: Model): string =>
  [model.program.split(/[\\/]/).at(-1) ?? "", ...model.arguments].join(" ");

const SUBSCRIPT = "₀₁₂₃₄₅₆₇₈₉";
/** The name of a value that the program gives none: v₃, as textbooks on differentiation number them. */
export const subscript = (i: number): string => [...String(i)].map((d) => SUBSCRIPT[Number(d)]).join("");

/** A name that several values have, with the number of this one: y₂. Where the program has a y2 of its own, y₍₂₎. */
export function numbered(name: string, number: number, names: ReadonlySet<string | null>): string {
  const index = subscript(number);
  return names.has(`${name}${number}`) || names.has(`${name}_${number}`) ? `${name}₍${index}₎` : name + index;
}

export class App {
  readonly page: Page;
  state: State;
  private listeners: Listener[] = [];

  constructor(page: Page, state: Pick<State, "language" | "theme">) {
    this.page = page;
    const graph = this.firstGraph(0);
    this.state = {
      ...state,
      model: 0,
      graph,
      run: this.lastRun(0, graph),
      direction: this.directionOf(0, graph),
      view: 0,
      step: 0,
      playing: false,
      selected: null,
      folded: this.foldsOf(0, graph),
      query: "",
      tab: page.models.length > 1 ? "compare" : page.models[0]!.graphs.length === 0 && page.models[0]!.error ? "why" : "step",
      jacobian: null,
    };
  }

  /** The graph to begin with: the one that ran most often, among those with a backward pass. */
  private firstGraph(model: number): number {
    const graphs = this.page.models[model]!.graphs;
    const weight = (g: Graph) => (g.passes.length > 0 ? 1e9 : 0) + g.total * 1e4 + Math.min(g.nodes.length, 9999);
    return graphs.reduce((best, g, i) => (weight(g) > weight(graphs[best]!) ? i : best), 0);
  }

  private lastRun(model: number, graph: number): number {
    return this.page.models[model]!.graphs[graph] ? 0 : -1;
  }

  /** A graph without backward pass whose program carries tangents is one of forward mode. */
  private directionOf(model: number, graph: number): Direction {
    const g = this.page.models[model]!.graphs[graph];
    return g && g.passes.length === 0 && g.tangents[0]?.leaf === -1 ? "forward" : "reverse";
  }

  private foldsOf(model: number, graph: number): ReadonlySet<number> {
    const g = this.page.models[model]!.graphs[graph];
    return g ? folds(g) : new Set();
  }

  listen(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Forget all listeners: the page is built anew. */
  clear(): void {
    this.listeners = [];
  }

  set(patch: Partial<State>): void {
    const before = this.state;
    const next = { ...before, ...patch };
    const graphChanged = next.model !== before.model || next.graph !== before.graph;
    if (graphChanged) {
      next.graph = Math.min(next.graph, this.page.models[next.model]!.graphs.length - 1);
      next.run = patch.run ?? 0;
      next.step = patch.step ?? 0;
      next.selected = patch.selected ?? null;
      next.jacobian = null;
      next.folded = this.foldsOf(next.model, next.graph);
      next.view = 0;
      if (!patch.direction && this.directionOf(next.model, next.graph) === "forward") next.direction = "forward";
    }
    if (next.selected !== before.selected && patch.jacobian === undefined) next.jacobian = null;
    this.state = next;
    if (next.direction === "forward" && !this.tangents) next.direction = "reverse";
    if (next.direction !== before.direction) next.step = 0;
    next.step = Math.max(0, Math.min(next.step, this.events.length - 1));
    const changed: Changed = (key) => !Object.is(next[key], before[key]);
    if ((Object.keys(next) as (keyof State)[]).some(changed)) for (const listener of this.listeners) listener(changed);
  }

  t(key: Key, fields?: Record<string, string | number>): string {
    return text(this.state.language, key, fields);
  }

  get model(): Model {
    return this.page.models[this.state.model]!;
  }

  get graph(): Graph | undefined {
    return this.model.graphs[this.state.graph];
  }

  get run(): Run | undefined {
    return this.graph?.runs[this.state.run];
  }

  get tangents(): TangentView | undefined {
    return this.graph?.tangents[this.state.view] ?? this.graph?.tangents[0];
  }

  private readonly eventsOf = memo((graph: Graph | undefined, direction: Direction) => (graph ? events(graph, direction) : [{ kind: "start" } as const]));
  get events(): readonly Event[] {
    return this.eventsOf(this.graph, this.state.direction);
  }

  get event(): Event {
    return this.events[this.state.step]!;
  }

  private readonly momentOf = memo((graph: Graph, steps: readonly Event[]) => new Moment(graph, steps));
  get moment(): Moment {
    return this.momentOf(this.graph!, this.events).to(this.state.step);
  }

  private readonly foldedOf = memo((graph: Graph, folded: ReadonlySet<number>) => fold(graph, folded, (i) => this.isNumber(i)));
  get folded(): Folded {
    return this.foldedOf(this.graph!, this.state.folded);
  }

  private readonly reachedOf = memo((graph: Graph) => reached(graph));
  /** Per node, whether a gradient ever arrives there. */
  get reached(): boolean[] {
    return this.reachedOf(this.graph!);
  }

  /** The step that computes a node, the rule that carries its gradient on, and the write to it; -1 where there is none. */
  stepOf(node: number): { forward: number; backward: number; update: number } {
    const graph = this.graph!;
    const forward = this.events.findIndex((e) => e.kind === "operation" && e.node === node);
    const backward = this.events.findIndex((e) => e.kind === "rule" && graph.passes[e.pass]!.steps[e.step]!.node === node);
    const update = this.events.findIndex((e) => e.kind === "update" && graph.updates![e.update]!.leaf[0] === node);
    return { forward, backward, update };
  }

  numbers(slot: number | undefined): Numbers | null {
    return this.graph && this.run ? slotNumbers(this.model, this.graph, this.run, slot) : null;
  }

  private readonly withoutOf = memo(
    (model: Model, graph: number) => new Set(model.why.flatMap(({ kind, at }) => (kind === "none" && at?.graph === graph ? [at.node] : []))),
  );
  /** The nodes whose gradient is None when all is over, and that no pass speaks of. */
  get without(): ReadonlySet<number> {
    return this.withoutOf(this.model, this.state.graph);
  }

  /** Whether a slot says None: a `.grad` that was not there. */
  isNone(slot: number): boolean {
    return slot < 0 || this.run?.values[slot] === "None";
  }

  node(index: number): Node {
    return this.graph!.nodes[index]!;
  }

  /** The slot of a value. */
  slot([node, output]: Ref): number {
    if (node < 0) return -1;
    return this.node(node).outs[output] ?? -1;
  }

  /** The tangent's slot of a node: -1 exactly zero, -2 not known. */
  tangentSlot([node, output]: Ref): number {
    return this.tangents?.nodes[node]?.[output] ?? -2;
  }

  /** What a node is called: its name, a number for what is one, or v₃. */
  label(index: number): string {
    if (index < 0) return "…";
    const node = this.node(index);
    if (node.name !== null) return node.number === undefined ? node.name : numbered(node.name, node.number, this.named);
    if (!isOperation(node)) {
      if (node.text !== null && node.text.length <= 12) return node.text;
      const value = this.numbers(node.outs[0]);
      if (value?.elements && value.size === 1) return numText(value.elements[0]!, 4);
    }
    return `v${subscript(index)}`;
  }

  private readonly namesOf = memo((graph: Graph) => new Set(graph.nodes.map((node) => node.name)));
  /** The names that the program gives. */
  private get named(): ReadonlySet<string | null> {
    return this.namesOf(this.graph!);
  }

  /** What a block is called, and what is said behind its name. */
  block(index: number): { title: string; type: string } {
    const { kind, name, type, count = 0, number = 0, compiled } = this.graph!.blocks[index]!;
    if (kind === "thread") return { title: this.t("thread", { name }), type: "" };
    if (kind === "loop") return { title: name, type: this.t("times", { n: count }) };
    if (kind === "iteration") return { title: [this.t("iterationNumber", { i: number + 1 }), name].filter(Boolean).join(" · "), type: "" };
    const by = compiled === undefined ? "" : this.t("compiledBy", { by: compiled });
    return { title: name || type, type: [name ? type : "", by].filter(Boolean).join(" · ") };
  }

  /** Whether a node is a number that stands in the program: the 2 of x + 2. */
  isNumber(index: number): boolean {
    const node = this.node(index);
    return node.kind === "constant" && node.name === null && /^[−-]?[\d.]/.test(this.label(index));
  }

  /** The steps that are to be passed for an event in a folded block or a search; where to look. */
  reveal(node: number): ReadonlySet<number> {
    const folded = new Set(this.state.folded);
    for (let b = this.folded.blockOf[node]!; b >= 0; b = this.graph!.blocks[b]!.parent) folded.delete(b);
    return folded.size === this.state.folded.size ? this.state.folded : folded;
  }

  private readonly textsOf = memo((graph: Graph, _language: Language): string[] => {
    const { avals, places } = this.model;
    return graph.nodes.map((node, i) => {
      const place = node.place === null ? undefined : places[node.place];
      const shape = avals[graph.slots[node.outs[0] ?? -1] ?? -1]?.shape ?? [];
      const blocks = ancestors(graph, node.block).map((b) => this.block(b).title);
      const words = [this.label(i), node.name ?? "", node.op, node.text ?? "", shape.join("x"), shape.join("×"), ...blocks, ...(node.also ?? [])];
      if (node.number !== undefined) words.push(`${node.name}${node.number}`);
      if (place) words.push(`:${place[1]}`, `line ${place[1]}`);
      return words.join("\n").toLowerCase();
    });
  });

  /** The nodes that a search finds: by name, operation, text, shape, block or line. What stands there word for word comes before what has all words. */
  readonly found = memo((graph: Graph | undefined, query: string): number[] => {
    const whole = query.trim().toLowerCase();
    if (!graph || !whole) return [];
    const texts = this.textsOf(graph, this.state.language);
    const having = (words: string[]): number[] => texts.flatMap((text, i) => (words.every((word) => text.includes(word)) ? [i] : []));
    const exact = having([whole]);
    return exact.length > 0 ? exact : having(whole.split(/\s+/));
  });
}
