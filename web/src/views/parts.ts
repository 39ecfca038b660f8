/** Parts that several panels are made of. */

import type { App } from "../app";
import { h } from "../dom";
import { m } from "./maths";

export type Element_ = HTMLElement | false | null | undefined;

/** A link to a node: its name, which selects it. */
export function nodeLink(app: App, node: number): HTMLElement {
  if (node < 0) return h("span", { class: "mono" }, app.label(node));
  return h("button", { class: "link mono", type: "button", "data-k": `node${node}`, click: () => app.set({ selected: node, tab: "node", folded: app.reveal(node) }) }, app.label(node));
}

/** The line of the program, as it stands there. */
export function excerpt(app: App, place: number | null): HTMLElement | null {
  const at = app.model.places[place ?? -1];
  const source = at && app.model.sources[at[0]];
  const line = source?.text.split("\n")[at![1] - 1];
  if (!at || line === undefined) return null;
  return h("code", { class: "excerpt" }, h("span", { class: "no", title: app.t("line", { n: at[1] }) }, at[1]), line.trim());
}

export function mathInline(content: Element): HTMLElement {
  const holder = document.createElement("span");
  const math = m("math", content);
  holder.append(math);
  return holder;
}

export function row(label: (Node | string | false)[], kind: string, ...content: Element_[]): HTMLElement {
  return h("div", { class: `row ${kind}` }, h("div", { class: "label" }, label), content);
}

export const sign = (text: string): HTMLElement => h("span", { class: "sign", "aria-hidden": "true" }, text);
