/** The bar at the top: which graph, which direction, search, language, light or dark. */

import type { App, Changed, Theme } from "../app";
import { runName } from "../app";
import { h, refill } from "../dom";
import type { Direction } from "../steps";

type Handler = (event: never) => void;

export function barView(app: App, actions: { language: () => void; theme: () => void }): { element: HTMLElement; update: (changed: Changed) => void; search: () => void } {
  const { models } = app.page;
  const title = h("h1", {});
  const graphs = h("select", { class: "field", "aria-label": app.t("picture"), change: () => app.set({ graph: Number(graphs.value) }) });
  const graphLabel = h("label", {}, h("span", {}, app.t("picture")), graphs);
  const segment = (direction: Direction, label: string, hint: string) =>
    h("button", { type: "button", title: hint, "data-direction": direction, click: () => app.set({ direction }) }, label);
  const directions = h(
    "div",
    { class: "segments", role: "group", "aria-label": app.t("mode") },
    segment("reverse", app.t("reverse"), app.t("reverseHint")),
    segment("forward", app.t("forwardMode"), app.t("forwardHint")),
  );
  const views = h("select", { class: "field", "aria-label": app.t("tangent"), change: () => app.set({ view: Number(views.value) }) });
  const found = h("span", { class: "found", role: "status", "aria-live": "polite" });
  let at = 0;
  const search = h("input", {
    class: "field",
    type: "search",
    placeholder: app.t("search"),
    title: app.t("searchHint"),
    "aria-label": app.t("search") + app.t("colon") + app.t("searchHint"),
    value: app.state.query,
    input: () => {
      at = 0;
      app.set({ query: search.value });
    },
    keydown: ((event: KeyboardEvent) => {
      if (event.key === "Escape") {
        search.value = "";
        app.set({ query: "" });
        search.blur();
      }
      if (event.key !== "Enter") return;
      const nodes = app.found(app.graph, app.state.query);
      const node = nodes[at++ % Math.max(1, nodes.length)];
      if (node !== undefined) app.set({ selected: node, tab: "node", folded: app.reveal(node) });
    }) as Handler,
  });
  const theme = h("button", { class: "button", type: "button", "aria-label": app.t("theme"), title: app.t("theme"), click: actions.theme });
  const language = h("button", { class: "button", type: "button", id: "language", title: app.t("languageHint"), lang: app.state.language === "en" ? "zh" : "en", click: actions.language }, app.t("language"));
  const element = h("header", { class: "bar" }, title, graphLabel, directions, views, h("span", { class: "gap" }), search, found, theme, language);
  const icons: Record<Theme, string> = { light: "☾", dark: "☀" };

  function update(changed: Changed): void {
    const { model, graph, state } = app;
    const name = runName(model);
    title.title = [model.program, ...model.arguments].join(" ");
    refill(title, h("span", {}, "explain "), name);
    document.title = `${name} – ${app.t("title")}`;
    if (changed("model") || changed("graph")) {
      refill(
        graphs,
        model.graphs.map((g, i) => {
          const fields = { i: g.title, n: g.nodes.length, count: g.total };
          return h("option", { value: i, selected: i === state.graph }, app.t(g.total > 1 ? "pictureLabel" : "pictureOnce", fields));
        }),
      );
      graphLabel.style.display = model.graphs.length > 1 || models.length > 1 ? "" : "none";
    }
    const tangents = graph?.tangents ?? [];
    directions.style.display = tangents.length > 0 ? "" : "none";
    views.style.display = state.direction === "forward" && tangents.length > 1 ? "" : "none";
    refill(views, tangents.map((v, i) => h("option", { value: i, selected: i === state.view }, v.leaf < 0 ? app.t("ownTangents") : `∂ / ∂ ${app.label(v.leaf)}`)));
    for (const button of directions.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset["direction"] === state.direction));
    theme.textContent = icons[state.theme];
    const count = app.found(graph, state.query).length;
    found.textContent = !state.query.trim() || !graph ? "" : count === 0 ? app.t("noMatches") : app.t("matches", { n: count, total: graph.nodes.length });
    found.style.display = found.textContent ? "" : "none";
  }
  return {
    element,
    update,
    search: () => {
      search.focus();
      search.select();
    },
  };
}
