/** Two runs side by side: what differs, and where first. */

import type { App } from "../app";
import { runName } from "../app";
import { comparison, counterpart, firstDifferences } from "../compare";
import { h } from "../dom";
import { short } from "../format";
import { slotNumbers } from "../numbers";
import { arrayView } from "./array";
import { nodeLink } from "./parts";

const SHOWN = 200;

export function comparePanel(app: App): (HTMLElement | false | null | undefined)[] {
  const { models } = app.page;
  const names = models.map((model, i) => `${i + 1}: ${runName(model)}`);
  const choose = h(
    "div",
    { class: "segments", role: "group", "aria-label": app.t("run") },
    names.map((name, i) => h("button", { type: "button", "data-k": `model${i}`, "aria-pressed": String(i === app.state.model), click: () => app.set({ model: i }) }, name)),
  );
  const result = comparison(app);
  const other = counterpart(app);
  if (!result || !other || !app.graph) return [choose, h("p", { class: "quiet" }, app.t("compareText"))];
  const { differences, missing } = result;
  const [otherModel, otherGraph, otherRun] = other;
  const amount = (x: number): string => (x === 0 ? "=" : Number.isNaN(x) ? "≠" : x === Number.MIN_VALUE ? "≠" : short(x, 3));
  const [first] = differences;
  const firsts = firstDifferences(app);
  const [mine, its] = [app.graph.total, otherGraph.total];
  const written = new Set((app.graph.updates ?? []).map((u) => u.leaf[0]));
  const equal = differences.length === 0 && missing === 0;
  const updated = differences.some((d) => d.update !== 0 && d.other >= 0);
  // Where this run is equal, another may not be.
  const elsewhere = firsts
    .filter((f) => f.graph !== app.state.graph || f.run !== app.state.run)
    .sort((a, b) => Number(b.graph === app.state.graph) - Number(a.graph === app.state.graph))
    .slice(0, SHOWN / 10);
  const where = (f: { graph: number; run: number }): string => {
    const graph = app.model.graphs[f.graph]!;
    const title = f.graph === app.state.graph ? "" : graph.title;
    const run = graph.total > 1 ? `${app.t("iteration")} ${app.t("iterationOf", { i: graph.runs[f.run]!.number + 1, n: graph.total })}` : "";
    return [title, run].filter(Boolean).join(app.t("comma"));
  };
  return [
    choose,
    h("h2", {}, !equal ? app.t("differ", { n: differences.length, total: app.graph.nodes.length }) : firsts.length === 0 && mine === its ? app.t("same") : app.t(mine > 1 ? "sameHere" : "sameGraph")),
    mine !== its && h("p", { class: "quiet" }, app.t("runsDiffer", { n: mine, other: its })),
    app.run!.number !== otherRun.number && h("p", { class: "quiet" }, app.t("besideRun", { i: otherRun.number + 1 })),
    elsewhere.length > 0 && h("h3", {}, app.t("firstDifference")),
    elsewhere.length > 0 &&
      h(
        "div",
        { class: "sums", "data-testid": "elsewhere" },
        elsewhere.map((f) => h("button", { class: "button", type: "button", "data-k": `first${f.graph}`, click: () => app.set({ graph: f.graph, run: f.run }) }, where(f))),
      ),
    missing > 0 && h("p", { class: "quiet" }, `${app.t("onlyThere")}${app.t("colon")}${missing}`),
    first && first.other >= 0 && h("h3", {}, app.t("firstNode"), app.t("colon"), nodeLink(app, first.node)),
    first && first.other >= 0 && first.value !== 0 &&
      h(
        "div",
        { class: "sums" },
        h("div", { class: "labelled" }, h("small", {}, app.t("thisRun")), arrayView(app, app.numbers(app.node(first.node).outs[0]))),
        h("div", { class: "labelled" }, h("small", {}, app.t("otherRun")), arrayView(app, slotNumbers(otherModel, otherGraph, otherRun, otherGraph.nodes[first.other]!.outs[0]))),
      ),
    differences.length > 0 &&
      h(
        "table",
        { class: "diff" },
        h("caption", { class: "sr" }, app.t("difference")),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, app.t("tabNode")), h("th", { scope: "col" }, `Δ ${app.t("value")}`), h("th", { scope: "col" }, `Δ ${app.t("gradient")}`), updated && h("th", { scope: "col" }, `Δ ${app.t("update")}`))),
        h(
          "tbody",
          {},
          differences.slice(0, SHOWN).map((d) =>
            h("tr", {}, h("td", {}, nodeLink(app, d.node), " ", h("span", { class: "quiet" }, app.node(d.node).op)), d.other < 0 ? h("td", { colspan: updated ? 3 : 2, class: "quiet" }, app.t("onlyHere")) : [h("td", { class: "mono" }, amount(d.value)), h("td", { class: "mono" }, app.reached[d.node] ? amount(d.gradient) : "–"), updated && h("td", { class: "mono" }, written.has(d.node) ? amount(d.update) : "–")]),
          ),
        ),
      ),
  ];
}
