import { describe, expect, it } from "vitest";

import { events, focus, isOperation, Moment, placeOf, reached } from "../src/steps";
import type { Graph } from "../src/model";
import { FIXTURES, GRAPH } from "./model";

describe("the steps of a graph", () => {
  const steps = events(GRAPH, "reverse");

  it("are its operations, with the backward pass where it began", () => {
    expect(steps.map((e) => e.kind)).toEqual(["start", "operation", "operation", "operation", "seed", "rule", "rule", "rule", "results", "operation", "update"]);
    expect(events(GRAPH, "forward").map((e) => e.kind)).toEqual(["start", "operation", "operation", "operation", "operation"]);
  });

  it("tell what is not computed yet from what is", () => {
    const moment = new Moment(GRAPH, steps);
    expect(moment.to(0).computed).toEqual([true, true, false, false, false, false]);
    expect(moment.to(2).computed).toEqual([true, true, true, true, false, false]);
    expect(moment.gradient([4, 0])).toBeUndefined();
    expect(moment.to(4).gradient([4, 0])).toEqual({ slot: 6, stored: false });
    expect(moment.gradient([0, 0])).toBeUndefined();
  });

  it("add up gradients one contribution at a time, and go back again", () => {
    const moment = new Moment(GRAPH, steps);
    expect(moment.to(6).gradient([0, 0])!.slot).toBe(9);
    expect(moment.to(7).gradient([0, 0])!.slot).toBe(10);
    expect(moment.to(8).gradient([0, 0])).toEqual({ slot: 12, stored: true });
    expect(moment.to(6).gradient([0, 0])!.slot).toBe(9);
    expect(moment.to(0).gradient([4, 0])).toBeUndefined();
  });

  it("end with the updates, each behind the pass and the operations that came before it", () => {
    const update = GRAPH.updates![0]!;
    const kinds = (graph: Graph) => events(graph, "reverse").map((e) => e.kind).slice(-3);
    expect(kinds({ ...GRAPH, updates: [{ ...update, after: 5 }] })).toEqual(["results", "update", "operation"]);
    expect(kinds({ ...GRAPH, updates: undefined } as unknown as Graph)).toEqual(["rule", "results", "operation"]);
    const moment = new Moment(GRAPH, steps);
    expect(moment.to(9).update(0)).toBeUndefined();
    expect(moment.passes).toBe(1);
    expect(moment.to(10).update(0)).toBe(13);
    expect(moment.gradient([0, 0])).toEqual({ slot: 12, stored: true });
    expect(moment.to(3).update(0)).toBeUndefined();
    expect(moment.passes).toBe(0);
  });

  it("tell what a later pass leaves out from what is not computed yet", () => {
    // A second pass, from t to x: it does not come to z.
    const [pass] = GRAPH.passes;
    const second = { ...pass!, kind: "gradient" as const, roots: [{ at: [3, 0] as [number, number], cotangent: 6 }], steps: pass!.steps.slice(1), results: [{ at: [0, 0] as [number, number], gradient: 10, gradBefore: -1, gradAfter: -1 }] };
    const graph: Graph = { ...GRAPH, passes: [pass!, second], updates: [] };
    const all = events(graph, "reverse");
    const moment = new Moment(graph, all);
    const seeds = all.flatMap((e, i) => (e.kind === "seed" ? [i] : []));
    expect(moment.to(seeds[0]! - 1).leftOut([4, 0])).toBeUndefined();
    expect(moment.to(seeds[1]! - 1).leftOut([3, 0])).toBeUndefined();
    moment.to(seeds[1]!);
    expect(moment.gradient([4, 0])).toBeUndefined();
    expect(moment.leftOut([4, 0])).toEqual({ earlier: { slot: 6, stored: false }, pass: 1 });
    // What it has not come to yet is not left out.
    expect(moment.leftOut([2, 0])).toBeUndefined();
    expect(moment.to(all.length - 1).leftOut([4, 0])!.pass).toBe(1);
    expect(moment.to(seeds[0]!).leftOut([4, 0])).toBeUndefined();
    // The other way round: the first pass leaves out what the second one will come to.
    const swapped = { ...graph, passes: [second, pass!] };
    expect(new Moment(swapped, events(swapped, "reverse")).to(seeds[0]! + 1).leftOut([4, 0])).toBeUndefined();
  });

  it("say where to look", () => {
    expect(focus(GRAPH, steps[2])).toEqual({ nodes: [3], links: [[2, 3], [0, 3]], tone: "" });
    expect(focus(GRAPH, steps[6])).toEqual({ nodes: [3], links: [[2, 3], [0, 3]], tone: "back" });
    expect(focus(GRAPH, steps[10])).toEqual({ nodes: [0], links: [], tone: "upd" });
    expect(placeOf(GRAPH, steps[10])).toBe(3);
    expect(focus(GRAPH, steps[0]).nodes).toEqual([]);
    expect(reached(GRAPH)).toEqual([true, false, true, true, true, false]);
    expect(placeOf(GRAPH, steps[1])).toBeNull();
  });
});

describe.each(FIXTURES)("%s", (_name, page) => {
  it("ends with everything computed, and with the gradients that the recorder reports", () => {
    for (const graph of page.models.flatMap((m) => m.graphs)) {
      const steps = events(graph, "reverse");
      const end = new Moment(graph, steps).to(steps.length - 1);
      expect(end.computed.every(Boolean)).toBe(true);
      expect(steps.filter((e) => e.kind === "operation")).toHaveLength(graph.nodes.filter((n) => isOperation(n) && n.pass === undefined).length);
      for (const result of graph.passes.at(-1)?.results ?? []) {
        expect(end.gradient(result.at)!.slot).toBe(result.gradAfter >= 0 ? result.gradAfter : result.gradient);
      }
    }
  });

  it("ends with the parameters that the next iteration begins with", () => {
    for (const model of page.models) {
      for (const graph of model.graphs) {
        const steps = events(graph, "reverse");
        const end = new Moment(graph, steps).to(steps.length - 1);
        for (const { leaf, value } of graph.updates ?? []) expect(end.update(leaf[0])).toBe(value);
        graph.runs.forEach((run, i) => {
          const next = graph.runs[i + 1];
          for (const { leaf, value } of graph.updates ?? []) {
            expect(run.values[value]).toBeDefined();
            if (next?.number === run.number + 1) expect(run.values[value]).toEqual(next.values[graph.nodes[leaf[0]]!.outs[0]!]);
          }
        });
      }
    }
    const updated = page.models.flatMap((m) => m.graphs).reduce((n, g) => n + (g.updates ?? []).length, 0);
    expect(updated > 0).toBe(["regression.json", "mlp.json"].includes(_name));
  });

  it("never shows a gradient before it has arrived", () => {
    for (const graph of page.models.flatMap((m) => m.graphs)) {
      const steps = events(graph, "reverse");
      const seeds = steps.findIndex((e) => e.kind === "seed");
      if (seeds < 0) continue;
      const before = new Moment(graph, steps).to(seeds - 1);
      graph.nodes.forEach((_, i) => expect(before.gradient([i, 0])).toBeUndefined());
    }
  });

  it("refers only to what is there", () => {
    for (const model of page.models) {
      for (const graph of model.graphs) {
        graph.nodes.forEach((node, i) => {
          for (const [from] of node.inputs) expect(from).toBeLessThan(i); // -1: not seen
          for (const slot of node.outs) expect(slot).toBeLessThan(graph.slots.length);
          if (node.formula !== null) expect(model.formulas[node.formula]).toBeDefined();
          if (node.place !== null) expect(model.places[node.place]).toBeDefined();
        });
        for (const run of graph.runs) expect(run.values).toHaveLength(graph.slots.length);
      }
    }
  });
});
