/** Two runs side by side: what differs, and where first. */

import type { App } from "../app";
import { runName } from "../app";
import { comparison, counterpart } from "../compare";
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
  return [
    choose,
    h("h2", {}, differences.length === 0 ? app.t("same") : app.t("differ", { n: differences.length, total: app.graph.nodes.length })),
    missing > 0 && h("p", { class: "quiet" }, `${app.t("onlyThere")}${app.t("colon")}${missing}`),
    first && first.other >= 0 && h("h3", {}, app.t("firstDifference"), app.t("colon"), nodeLink(app, first.node)),
    first && first.other >= 0 &&
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
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, app.t("tabNode")), h("th", { scope: "col" }, `Δ ${app.t("value")}`), h("th", { scope: "col" }, `Δ ${app.t("gradient")}`))),
        h(
          "tbody",
          {},
          differences.slice(0, SHOWN).map((d) =>
            h("tr", {}, h("td", {}, nodeLink(app, d.node), " ", h("span", { class: "quiet" }, app.node(d.node).op)), d.other < 0 ? h("td", { colspan: 2, class: "quiet" }, app.t("onlyHere")) : [h("td", { class: "mono" }, amount(d.value)), h("td", { class: "mono" }, app.reached[d.node] ? amount(d.gradient) : "–")]),
          ),
        ),
      ),
  ];
}
