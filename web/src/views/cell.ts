/** What stands in a cell of a card: numbers, a heat map, or the reason that there is none. */

import type { App } from "../app";
import type { Cell, Part } from "../card";
import { LINE } from "../card";
import { svg } from "../dom";
import { shapeText, short } from "../format";
import type { Numbers } from "../numbers";
import { numFitting, numText, real, statistics } from "../numbers";
import { thumbnail } from "./array";

export type Show = { kind: "leftOut"; numbers: Numbers | null; slot: number; pass: number } | { kind: "none" } | { kind: "pending" } | { kind: "null" } | { kind: "zero" } | { kind: "array"; numbers: Numbers; slot: number; updated: boolean };

/** What stands in a cell of a node, at this moment. */
export function show(app: App, node: number, part: Part, output = 0): Show {
  const { computed } = app.moment;
  if (part === "gradient") {
    const arrived = app.moment.gradient([node, output]);
    if (!arrived) {
      if (app.without.has(node) && app.moment.passes > 0) return { kind: "null" };
      const out = app.moment.leftOut([node, output]);
      if (!out) return { kind: "pending" };
      const slot = out.earlier?.slot ?? -1;
      return { kind: "leftOut", numbers: app.numbers(slot), slot, pass: out.pass };
    }
    if (app.isNone(arrived.slot)) return { kind: "null" };
    return array(app, arrived.slot);
  }
  if (!computed[node]) return { kind: "pending" };
  const written = part === "value" && output === 0 ? app.moment.update(node) : undefined;
  if (written !== undefined && !app.isNone(written)) return array(app, written, true);
  const slot = part === "value" ? (app.node(node).outs[output] ?? -1) : app.tangentSlot([node, output]);
  if (part === "tangent" && slot === -1) return { kind: "zero" };
  return array(app, slot);
}

function array(app: App, slot: number, updated = false): Show {
  const numbers = app.numbers(slot);
  return numbers ? { kind: "array", numbers, slot, updated } : { kind: "none" };
}

/** The same for screen readers. */
export function describe(app: App, shown: Show): string {
  if (shown.kind === "pending") return app.t("notYet");
  if (shown.kind === "none") return app.t("notKept");
  if (shown.kind === "null") return "None";
  if (shown.kind === "zero") return "0";
  if (shown.kind === "leftOut") return app.t("leftOut") + (shown.numbers ? app.t("semicolon") + app.t("passNumber", { i: shown.pass }) + app.t("colon") + inWords(app, shown.numbers) : "");
  if (shown.kind !== "array") return "";
  return inWords(app, shown.numbers);
}

function inWords(app: App, numbers: Numbers): string {
  const { elements, size, shape } = numbers;
  if (elements && size <= SAID) return said(numbers);
  const { min, max } = statistics(numbers);
  return app.t("heatmap", { shape: shapeText(shape), min: min === null ? "–" : short(min, 3), max: max === null ? "–" : short(max, 3) });
}

/** As many numbers are read aloud. */
export const SAID = 9;
/** A few numbers in one line. */
export const said = ({ elements }: Numbers): string => elements!.map((e) => numText(e, 4)).join(" ");

const thumbnails = new Map<string, string | null>();

/** What is drawn of it. */
export function cellParts(app: App, cell: Cell, shown: Show): SVGElement[] {
  const { x, y, width, height, part } = cell;
  const middle = x + width / 2;
  const waiting = shown.kind === "pending";
  const look = shown.kind === "leftOut" ? "left-out" : waiting ? "pending" : shown.kind === "null" ? "nothing" : shown.kind === "array" && shown.updated ? "updated" : "";
  const ground = svg("rect", { class: `cell ${part} ${look}`, x, y, width, height, rx: 4 });
  const line = (text: string, row: number, of: number, kind = "") =>
    svg("text", { class: `value ${part} ${kind || look}`, x: middle, y: y + height / 2 + (row - (of - 1) / 2) * LINE + 4, "text-anchor": "middle" }, text);
  if (waiting) return [ground];
  if (shown.kind === "none") return [ground, line("·", 0, 1, "none")];
  if (shown.kind === "null") return [ground, line("None", 0, 1, "none")];
  if (shown.kind === "zero") return [ground, line("0", 0, 1)];
  if (shown.kind === "leftOut" && !shown.numbers) return [ground, line(app.t("leftOutShort"), 0, 1, "none")];
  if (shown.kind !== "array" && shown.kind !== "leftOut") return [ground];
  const { slot } = shown;
  const numbers = shown.numbers!;
  if (numbers.size === 0) return [ground, line("[ ]", 0, 1, "none")];
  if (cell.rows !== null && numbers.elements) {
    const broken = numbers.elements.some((e) => !Number.isFinite(real(e)));
    const per = numbers.size === 1 ? 0 : width / cell.columns;
    const drawnRows: SVGElement[] = [];
    const room = numbers.size === 1 ? 9 : 6;
    numbers.elements.forEach((element, i) => {
      const row = Math.floor(i / cell.columns);
      const text = line(numFitting(element, room), row, cell.rows!, broken && !Number.isFinite(real(element)) ? "broken" : "");
      if (per) text.setAttribute("x", String(x + ((i % cell.columns) + 0.5) * per));
      drawnRows.push(text);
    });
    return [ground, ...drawnRows];
  }
  const { nan, inf, min, max } = statistics(numbers);
  // One colour says little, and of zeros nothing.
  if (min !== null && min === max && nan + inf === 0) return [ground, line(`${short(min, 3)} ${short(min, 3)} …`, 0, 1)];
  const key = `${app.state.model} ${app.state.graph} ${app.state.run} ${slot} ${app.state.theme}`;
  if (!thumbnails.has(key)) {
    if (thumbnails.size > 2000) thumbnails.clear();
    thumbnails.set(key, thumbnail(app, numbers));
  }
  const href = thumbnails.get(key);
  return [
    ground,
    href
      ? svg("image", { href, x: x + 3, y: y + 3, width: width - 6, height: height - 6, preserveAspectRatio: "none", style: "image-rendering:pixelated" })
      : line("…", 0, 1, "none"),
    ...(nan + inf > 0 ? [line("NaN", 0, 1, "broken")] : []),
  ];
}
