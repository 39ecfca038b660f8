/** What the colours and dashes of the graph mean. */

import type { App } from "../app";
import { h } from "../dom";

export function legend(app: App): HTMLElement[] {
  const { graph, state } = app;
  const entry = (style: string, label: string) => h("span", {}, h("i", { style }), label);
  const filled = (color: string, label: string) => entry(`background:var(--${color}-soft);border-color:transparent`, label);
  const found = [filled("forward", app.t("value"))];
  if (state.direction === "forward") found.push(filled("tangent", app.t("tangent")));
  else {
    found.push(filled("backward", app.t("gradient")));
    if ((graph?.updates ?? []).length > 0) found.push(filled("good", app.t("update")));
  }
  found.push(entry("border-style:dashed", app.t("notYet")));
  if (state.direction === "reverse" && (graph?.passes.length ?? 0) > 1) found.push(entry("border-style:dotted;border-width:2px", app.t("leftOut")));
  return found;
}
