/** What the gradient doctor says, the program's exception, and what the page leaves out. */

import type { App } from "../app";
import { h } from "../dom";
import { causeText, NOTES } from "../i18n";
import { excerpt } from "./parts";

export const troubled = (app: App): boolean => app.model.why.length > 0 || app.model.error !== null;

export function whyPanel(app: App): (HTMLElement | false | null)[] {
  const { why, error, notes } = app.model;
  const jump = (at: { graph: number; node: number } | null, text: string) =>
    at &&
    h(
      "button",
      {
        class: "button",
        type: "button",
        click: () => {
          if (at.graph !== app.state.graph) app.set({ graph: at.graph });
          app.set({ selected: at.node, tab: "node", folded: app.reveal(at.node) });
        },
      },
      text,
    );
  return [
    why.length === 0 && !error && h("p", {}, app.t("whyNone")),
    error &&
      h(
        "section",
        { class: "why" },
        h("h3", {}, `${error.type}: ${error.message}`),
        h("p", {}, app.t("programError")),
        excerpt(app, error.place),
        h("pre", { class: "excerpt", tabindex: 0 }, error.text),
      ),
    why.length > 0 && h("p", { class: "quiet" }, app.t("whyText")),
    ...why.map((answer) => {
      const translated = causeText(app.state.language, answer.cause);
      return h(
        "section",
        { class: "why" },
        h("h3", {}, app.t(answer.kind === "none" ? "whyNoneTitle" : "whyNanTitle", { name: answer.name })),
        translated && h("p", {}, translated[0]),
        excerpt(app, answer.place),
        h("p", { lang: "en", class: translated ? "quiet" : null }, answer.reason),
        (translated?.[1] ?? answer.advice) && h("p", {}, h("b", {}, app.t("advice")), " ", translated?.[1] ?? answer.advice),
        answer.also.slice(0, 5).map((place) => excerpt(app, place)),
        !answer.certain && h("p", { class: "quiet" }, app.t("uncertain")),
        h("div", { class: "sums" }, jump(answer.at, app.t("showNode", { name: answer.name })), jump(answer.culprit, app.t("showNode", { name: answer.operation ?? "" }))),
      );
    }),
    notes.length > 0 && h("h3", {}, app.t("notes")),
    notes.length > 0 &&
      h(
        "ul",
        { style: "padding-left:1.2em" },
        notes.map((note) => {
          const key = NOTES[note.code];
          return h("li", { class: "quiet" }, key && app.state.language !== "en" ? app.t(key, { ...Object.fromEntries(note.numbers.map((n, i) => [`n${i}`, n])), names: (note.names ?? []).join(app.t("comma")) }) : note.text);
        }),
      ),
  ];
}
