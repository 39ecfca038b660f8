/** What a step says of a leaf that got another value. */

import type { App } from "../app";
import { h } from "../dom";
import { short } from "../format";
import type { Update } from "../model";
import type { Numbers } from "../numbers";
import { real } from "../numbers";
import { arrayView } from "./array";
import { SAID, said } from "./cell";
import type { Element_ } from "./parts";
import { excerpt, nodeLink, row, sign } from "./parts";

/** change / gradient, where it is one number: down the gradient, that is what plain gradient descent does. */
function ratioText(app: App, update: Update): string {
  const ratio = app.numbers(update.ratio)?.elements?.[0];
  if (ratio === undefined) return "";
  const r = real(ratio);
  const everywhere = (app.numbers(update.change)?.size ?? 0) > 1 ? app.t("everywhere") : "";
  return app.t(r < 0 ? "descentText" : "ratioText", { ratio: short(r, 9), rate: short(-r, 9), everywhere });
}

const updateTitle = (app: App, update: Update): string =>
  app.t(app.run?.values[update.value] === "None" ? "unchangedStep" : "updateStep", { name: app.label(update.leaf[0]) });

/** The panel of the step. */
export function updateStep(app: App, update: Update): Element_[] {
  const node = update.leaf[0];
  const changed = app.run?.values[update.value] !== "None";
  const gradient = app.numbers(update.gradient);
  const ratio = ratioText(app, update);
  const entry = (label: string, slot: number | undefined, after = "") =>
    h("div", { class: `labelled ${after}` }, h("small", {}, label), arrayView(app, app.numbers(slot)));
  return [
    h("p", { class: "phase upd" }, app.t("update")),
    h("h2", {}, updateTitle(app, update)),
    changed && excerpt(app, update.place),
    changed &&
      h(
        "section",
        { class: "flow upd" },
        h("header", {}, nodeLink(app, node)),
        gradient && row([app.t("itsGradient")], "incoming", arrayView(app, gradient)),
        row(
          [app.t("newValue")],
          "accumulated",
          h(
            "div",
            { class: "sums", "data-testid": "update" },
            entry(app.t("before"), app.node(node).outs[0]),
            sign("+"),
            entry(app.t("change"), update.change),
            sign("="),
            entry(app.t("after"), update.value, "after"),
          ),
        ),
      ),
    changed && ratio !== "" && h("p", { "data-testid": "ratio" }, ratio),
  ];
}

/** The numbers of an update in words, where they are few. */
export function updateSaid(app: App, update: Update): string {
  const title = updateTitle(app, update);
  const slots = [app.node(update.leaf[0]).outs[0], update.value, update.change, update.gradient];
  const [before, after, change, gradient] = slots.map((slot) => app.numbers(slot));
  const few = (n: Numbers | null | undefined): n is Numbers => n?.elements !== null && n?.elements !== undefined && n.size <= SAID;
  if (!few(before) || !few(after) || !few(change)) return title;
  const plus = change.size === 1 && real(change.elements![0]!) > 0 ? "+" : "";
  const parts = [
    app.t("updateSaid", { before: said(before), after: said(after), change: plus + said(change) }),
    few(gradient) && app.t("gradientSaid", { gradient: said(gradient) }),
    ratioText(app, update),
  ];
  return title + app.t("colon") + parts.filter(Boolean).join(app.t("semicolon"));
}
