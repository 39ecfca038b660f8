/** The program, its current line marked. */

import type { App, Changed } from "../app";
import { h, refill } from "../dom";
import type { Place } from "../model";
import { highlight } from "../python";
import type { Tone } from "../steps";
import { focus, placeOf } from "../steps";

const CLASS = { keyword: "k", string: "s", comment: "c", number: "n", plain: null } as const;

export function sourceView(app: App): { element: HTMLElement; update: (changed: Changed) => void } {
  const heading = h("h2", { class: "part", id: "program-name" });
  const code = h("ol", { class: "code", role: "list" });
  const element = h("section", { class: "program", tabindex: 0, "aria-labelledby": "program-name" }, heading, code);
  let shown = -1;

  /** The first step of each line, to which a click on the line goes. */
  function stepsByLine(source: number): Map<number, number> {
    const found = new Map<number, number>();
    app.events.forEach((event, i) => {
      const place = app.graph && app.model.places[placeOf(app.graph, event) ?? -1];
      if (place && place[0] === source && !found.has(place[1])) found.set(place[1], i);
    });
    return found;
  }

  function fill(source: number): void {
    shown = source;
    const { name = app.model.program, text = "" } = app.model.sources[source] ?? {};
    const lines = text.replace(/\n$/, "").split("\n");
    const steps = stepsByLine(source);
    const select =
      app.model.sources.length > 1 &&
      h(
        "select",
        { class: "field", "aria-label": app.t("source"), change: ((e: { target: HTMLSelectElement }) => fill(Number(e.target.value))) as never },
        app.model.sources.map((s, i) => h("option", { value: i, selected: i === source }, s.name)),
      );
    refill(heading, select || name);
    if (!text) {
      refill(code, h("li", { class: "quiet", style: "padding:0 16px" }, app.t("noSource")));
      return;
    }
    refill(
      code,
      highlight(lines).map((tokens, i) => {
        const step = steps.get(i + 1);
        const known = step !== undefined;
        return h(
          "li",
          { "data-line": i + 1, class: known ? "known" : null, click: known ? () => app.set({ step, tab: "step" }) : null },
          known
            ? h("button", { class: "no", type: "button", tabindex: -1, "data-step": step, "aria-label": app.t("lineStep", { n: i + 1, i: step }) }, i + 1)
            : h("span", { class: "no" }, i + 1),
          h("span", {}, tokens.map(({ kind, text }) => (CLASS[kind] ? h("span", { class: CLASS[kind] }, text) : text))),
        );
      }),
    );
    rove(code.querySelector<HTMLElement>("button.no"));
    markError();
  }

  /** One of the lines can be reached by Tab; from there arrow keys go to the others. */
  function rove(to: HTMLElement | null | undefined): void {
    if (!to) return;
    for (const button of code.querySelectorAll<HTMLElement>("button.no")) button.tabIndex = button === to ? 0 : -1;
  }
  code.addEventListener("keydown", (event) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!by) return;
    const all = [...code.querySelectorAll<HTMLElement>("button.no")];
    const next = all[all.indexOf(event.target as HTMLElement) + by];
    event.preventDefault();
    rove(next);
    next?.focus();
  });

  /** The place to be marked: the step's, or the chosen node's while one looks at it. */
  function current(): { place: Place | undefined; tone: Tone } {
    const { graph, event, state } = app;
    if (!graph) return { place: app.model.places[app.model.error?.place ?? -1], tone: "back" };
    const node = state.tab === "node" && state.selected !== null ? app.node(state.selected).place : null;
    const at = node ?? placeOf(graph, event);
    return { place: app.model.places[at ?? -1], tone: node === null ? focus(graph, event).tone : "" };
  }

  function markError(): void {
    const place = app.model.places[app.model.error?.place ?? -1];
    if (place?.[0] === shown) code.querySelector(`[data-line="${place[1]}"]`)?.classList.add("failed");
  }

  function mark(): void {
    const { place, tone } = current();
    if (place && place[0] !== shown) fill(place[0]);
    for (const line of code.querySelectorAll(".now")) {
      line.classList.remove("now", "back", "upd");
      line.removeAttribute("aria-current");
    }
    if (!place) return;
    for (let n = place[1]; n <= Math.max(place[1], place[2]); n++) {
      const line = code.querySelector<HTMLElement>(`[data-line="${n}"]`);
      if (!line) continue;
      line.classList.add("now");
      if (tone) line.classList.add(tone);
      line.setAttribute("aria-current", "true");
      if (!code.contains(document.activeElement)) rove(line.querySelector<HTMLElement>("button.no"));
      if (n !== place[1]) continue;
      const top = line.offsetTop - element.offsetTop;
      if (top < element.scrollTop + 20 || top > element.scrollTop + element.clientHeight - 60) {
        element.scrollTop = top - element.clientHeight / 3;
      }
    }
  }

  function update(changed: Changed): void {
    if (changed("model") || changed("graph") || changed("direction")) {
      const place = app.graph && app.model.places[app.graph.place ?? -1];
      fill(place?.[0] ?? 0);
    }
    mark();
  }
  return { element, update };
}
