/** Buttons and a slider through the steps, and the slider of a loop's iterations. */

import type { App, Changed } from "../app";
import { h, refill, svg } from "../dom";
import type { Direction, Event } from "../steps";

const ICONS = {
  first: "M2 2h2.4v11H2zM13 2v11L5 7.5z",
  previous: "M11.5 2v11l-8-5.5z",
  play: "M3.5 1.5v12l10-6z",
  pause: "M3 2h3.4v11H3zM8.6 2H12v11H8.6z",
  next: "M3.5 2v11l8-5.5z",
  last: "M10.6 2H13v11h-2.4zM2 2v11l8-5.5z",
} as const;

/** Milliseconds per step; short graphs are shown slowly. */
const pace = (steps: number): number => (steps > 2000 ? 30 : steps > 200 ? 120 : 800);

/** The colours of the track: a program goes forward and back, perhaps more than once. */
export function phases(events: readonly Event[], direction: Direction): string {
  const color = (event: Event): string => (direction === "forward" ? "tangent" : event.kind === "update" ? "good" : event.kind === "operation" || event.kind === "start" ? "forward" : "backward");
  const end = Math.max(1, events.length - 1);
  const stops: string[] = [];
  let from = 0;
  events.forEach((event, i) => {
    const next = events[i + 1];
    if (next && color(next) === color(event)) return;
    const to = next ? ((i + 0.5) / end) * 100 : 100;
    stops.push(`var(--${color(event)}) ${from.toFixed(2)}% ${to.toFixed(2)}%`);
    from = to;
  });
  return `linear-gradient(to right, ${stops.slice(0, 200).join(", ")})`;
}

export function transportView(app: App): { element: HTMLElement; update: (changed: Changed) => void; toggle: () => void } {
  const go = (step: number) => app.set({ step, playing: false, tab: app.state.tab === "node" ? "step" : app.state.tab });
  const key = (name: keyof typeof ICONS, click: () => void, extra = "") =>
    h("button", { type: "button", "aria-label": app.t(name), title: app.t(name), class: extra, click }, svg("svg", { viewBox: "0 0 15 15", "aria-hidden": "true" }, svg("path", { d: ICONS[name] })));
  const first = key("first", () => go(0));
  const previous = key("previous", () => go(app.state.step - 1));
  const play = key("play", toggle, "main-key");
  const next = key("next", () => go(app.state.step + 1));
  const last = key("last", () => go(app.events.length - 1));
  const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": app.t("step"), input: () => go(Number(slider.value)) });
  const track = h("div", { class: "track" }, slider);
  const count = h("output", { class: "count" });
  const iteration = h("input", { type: "range", min: 0, step: 1, "aria-label": app.t("iteration"), input: () => app.set({ run: Number(iteration.value) }) });
  const iterationText = h("output", {});
  const iterations = h("div", { class: "iterations" }, h("span", { class: "quiet" }, app.t("iteration")), h("div", { class: "track plain" }, iteration), iterationText);
  const element = h(
    "section",
    { class: "steps", "aria-label": app.t("transport") },
    h("div", { class: "keys" }, first, previous, play, next, last),
    track,
    count,
    iterations,
  );

  let timer = 0;
  function tick(): void {
    const end = app.events.length - 1;
    if (app.state.step >= end) {
      app.set({ playing: false });
      return;
    }
    app.set({ step: app.state.step + 1 });
    timer = window.setTimeout(tick, pace(app.events.length));
  }
  function toggle(): void {
    clearTimeout(timer);
    if (app.state.playing) app.set({ playing: false });
    else {
      const again = app.state.step >= app.events.length - 1;
      app.set({ playing: true, ...(again ? { step: 0 } : {}), tab: app.state.tab === "node" ? "step" : app.state.tab });
      timer = window.setTimeout(tick, again ? pace(app.events.length) : 60);
    }
  }

  function update(changed: Changed): void {
    const { events, state, graph } = app;
    const end = events.length - 1;
    if (!state.playing) clearTimeout(timer);
    slider.max = String(end);
    slider.value = String(state.step);
    slider.disabled = end === 0;
    if (changed("graph") || changed("model") || changed("direction")) track.style.setProperty("--phases", phases(events, state.direction));
    const event = app.event;
    const phase = event.kind === "start" ? "" : event.kind === "operation" ? (state.direction === "forward" ? app.t("forwardMode") : app.t("forward")) : app.t(event.kind === "update" ? "update" : "backward");
    const tone = state.direction === "forward" ? "tan" : event.kind === "operation" ? "fwd" : event.kind === "update" ? "upd" : "bwd";
    refill(count, app.t("stepOf", { i: state.step, n: end }), phase && " · ", phase && h("b", { class: tone }, phase));
    slider.setAttribute("aria-valuetext", `${app.t("stepCount", { i: state.step, n: end })} ${phase}`);
    first.disabled = previous.disabled = state.step === 0;
    next.disabled = last.disabled = state.step === end;
    play.disabled = end === 0;
    const name = state.playing ? "pause" : "play";
    play.setAttribute("aria-label", app.t(name));
    play.title = app.t(name);
    play.querySelector("path")!.setAttribute("d", ICONS[name]);
    const runs = graph?.runs.length ?? 0;
    iterations.style.display = runs > 1 ? "" : "none";
    if (runs > 1 && (changed("run") || changed("graph") || changed("model"))) {
      iteration.max = String(runs - 1);
      iteration.value = String(state.run);
      const text = app.t("iterationOf", { i: (app.run?.number ?? 0) + 1, n: graph!.total });
      iterationText.textContent = text;
      iteration.setAttribute("aria-valuetext", text);
    }
  }
  return { element, update, toggle };
}
