/** A loop's iterations: the loss and each parameter as curves. */

import type { App } from "../app";
import type { Axis } from "../curve";
import { along, axis, path } from "../curve";
import { h, svg } from "../dom";
import { short } from "../format";
import type { Curve } from "../model";
import { real } from "../numbers";

const WIDTH = 340;
const HEIGHT = 110;
const LEFT = 46;
const COLORS = ["", "b", "c", "d"];

interface Bundle {
  title: string;
  curves: { name: string; x: readonly number[]; y: readonly number[] }[];
}

/** Curves of one parameter's elements belong in one picture. */
function bundles(curves: readonly Curve[]): Bundle[] {
  const found = new Map<string, Bundle>();
  for (const curve of curves) {
    const key = `${curve.kind} ${curve.node}`;
    const name = curve.name;
    const bundle = found.get(key) ?? { title: curve.element ? name.replace(/\[[^\]]*\]$/, "") : name, curves: [] };
    bundle.curves.push({ name, x: curve.x, y: curve.y.map(real) });
    found.set(key, bundle);
  }
  return [...found.values()];
}

function picture(app: App, { title, curves }: Bundle, other: Bundle | undefined, number: number): HTMLElement {
  const all = [...curves, ...(other?.curves ?? [])];
  const y: Axis = axis(all.flatMap((c) => c.y));
  const last = Math.max(1, ...all.map((c) => c.x.at(-1) ?? 0));
  const at = (n: number): number => LEFT + (n / last) * WIDTH;
  const [main] = curves;
  const nearest = main!.x.reduce((best, n, i) => (Math.abs(n - number) < Math.abs(main!.x[best]! - number) ? i : best), 0);
  const here = main!.y[nearest]!;
  const label = app.t("curveOf", { name: title, n: last + 1, first: short(main!.y[0]!, 4), last: short(main!.y.at(-1)!, 4) });
  // A curve may be thinned: its points stand where their runs do, so it is drawn over its own part of the axis.
  const line = (c: Bundle["curves"][number], style: string, dashed: boolean) => {
    const width = ((c.x.at(-1) ?? 0) / last) * WIDTH;
    return svg("path", { class: `plot ${style}`, d: path(c.y, y, Math.max(1, width), HEIGHT), "stroke-dasharray": dashed ? "4 3" : null, transform: `translate(${LEFT} 6)` });
  };
  const go = (event: MouseEvent): void => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const n = (((event.clientX - box.left) / box.width) * (WIDTH + LEFT + 8) - LEFT) / WIDTH * last;
    const runs = app.graph!.runs;
    const run = runs.reduce((best, r, i) => (Math.abs(r.number - n) < Math.abs(runs[best]!.number - n) ? i : best), 0);
    app.set({ run });
  };
  return h(
    "figure",
    { class: "curve" },
    h("figcaption", {}, h("b", {}, title), h("span", { class: "mono" }, curves.length === 1 && Number.isFinite(here) ? short(here, 5) : "")),
    svg(
      "svg",
      { viewBox: `0 0 ${LEFT + WIDTH + 8} ${HEIGHT + 26}`, role: "img", "aria-label": label, click: go as (event: never) => void },
      y.ticks.map((tick) => {
        const ty = 6 + HEIGHT - along(tick, y) * HEIGHT;
        return [
          svg("line", { class: "ax", x1: LEFT, x2: LEFT + WIDTH, y1: ty, y2: ty }),
          svg("text", { x: LEFT - 6, y: ty + 3.5, "text-anchor": "end" }, short(tick, 3)),
        ];
      }),
      svg("text", { x: LEFT, y: HEIGHT + 20 }, "1"),
      svg("text", { x: LEFT + WIDTH, y: HEIGHT + 20, "text-anchor": "end" }, last + 1),
      (other?.curves ?? []).map((c, i) => line(c, COLORS[i % 4]!, true)),
      curves.map((c, i) => line(c, COLORS[i % 4]!, false)),
      number <= last && svg("line", { class: "at", x1: at(number), x2: at(number), y1: 6, y2: HEIGHT + 6 }),
    ),
  );
}

export function trainingPanel(app: App): (HTMLElement | false | null | undefined)[] {
  const { graph, run } = app;
  if (!graph || !run) return [];
  const other = (app.page.models.length > 1 ? app.page.models[app.state.model === 0 ? 1 : 0] : undefined)?.graphs.find((g) => g.key === graph.key);
  const kinds = [
    ["loss", "loss"],
    ["parameter", "parameters"],
    ["gradient", "gradient"],
  ] as const;
  const previous = graph.runs[app.state.run - 1];
  const next = graph.runs[app.state.run + 1];
  const go = (i: number) => () => app.set({ run: i });
  return [
    h("h2", {}, `${app.t("iteration")} ${app.t("iterationOf", { i: run.number + 1, n: graph.total })}`),
    h(
      "div",
      { class: "sums" },
      h("button", { class: "button", type: "button", "data-k": "run-", disabled: !previous, click: go(app.state.run - 1) }, "←"),
      h("button", { class: "button", type: "button", "data-k": "run+", disabled: !next, click: go(app.state.run + 1) }, "→"),
      graph.runs.length < graph.total && h("span", { class: "quiet", style: "font-size:12.5px" }, app.t("keptRuns", { n: graph.runs.length, total: graph.total })),
    ),
    other && other !== graph && h("p", { class: "quiet" }, app.t("dashed")),
    ...kinds.flatMap(([kind, title]) => {
      const mine = bundles(graph.curves.filter((c) => c.kind === kind));
      const theirs = other ? bundles(other.curves.filter((c) => c.kind === kind)) : [];
      if (mine.length === 0) return [];
      return [h("h3", {}, app.t(title)), ...mine.map((b) => picture(app, b, theirs.find((o) => o.title === b.title), run.number))];
    }),
  ];
}
