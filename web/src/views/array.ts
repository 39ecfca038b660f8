/** Arrays on the page: small ones in full, large ones as heat maps, always with what one asks of them. */

import type { App } from "../app";
import { h } from "../dom";
import { shapeText, short } from "../format";
import { color, grid, limitOf } from "../heat";
import type { Num } from "../model";
import type { Numbers } from "../numbers";
import { cells, numExact, numText, real, statistics } from "../numbers";

/** More elements than this are drawn as a heat map. */
export const IN_FULL = 64;
const WIDE = 12;
/** As many can still be read as numbers, if one asks for them. */
const LISTED = 1024;

function td(value: Num): HTMLTableCellElement {
  const broken = !Number.isFinite(real(value));
  return h("td", { class: broken ? "broken" : null, title: numExact(value) }, numText(value));
}

function matrix(rows: readonly (readonly Num[])[], label: string): HTMLElement {
  return h(
    "div",
    { class: "scroller", tabindex: rows[0] && rows[0].length > 5 ? 0 : null, role: "group", "aria-label": label },
    h("table", { class: "matrix" }, h("tbody", {}, rows.map((row) => h("tr", {}, row.map(td))))),
  );
}

function inFull(app: App, { shape, elements }: Numbers): HTMLElement {
  const all = elements!;
  const label = app.t("array", { shape: shapeText(shape) });
  if (shape.length === 0) return h("span", { class: "scalar", title: numExact(all[0]!) }, numText(all[0]!, 7));
  const columns = shape.at(-1)!;
  const rows = Array.from({ length: all.length / columns }, (_, i) => all.slice(i * columns, (i + 1) * columns));
  if (shape.length <= 2) return matrix(rows, label);
  const deep = shape.at(-2)!;
  return h(
    "div",
    { class: "matrices" },
    Array.from({ length: rows.length / deep }, (_, i) => matrix(rows.slice(i * deep, (i + 1) * deep), label)),
  );
}

/** Paint cells on a canvas, one pixel each. */
function paint(canvas: HTMLCanvasElement, values: readonly number[], rows: number, columns: number, dark: boolean): void {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(columns, rows);
  const scale = { limit: limitOf(values), dark };
  for (let i = 0; i < rows * columns; i++) {
    const value = values[i];
    if (value === undefined) continue;
    const [r, g, b] = color(value, scale);
    image.data.set([r, g, b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

export function heatmap(app: App, values: readonly number[], rows: number, columns: number, label: string): HTMLElement {
  const canvas = h("canvas", { role: "img", "aria-label": label });
  paint(canvas, values, rows, columns, app.state.theme === "dark");
  const size = Math.max(2, Math.min(16, Math.floor(280 / Math.max(columns, rows / 1.4))));
  canvas.style.width = `${columns * size}px`;
  canvas.style.height = `${rows * size}px`;
  return canvas;
}

/** A heat map as an image, for the small pictures in the graph. */
export function thumbnail(app: App, array: Numbers): string | null {
  const picture = cells(array) ?? full(array);
  if (!picture) return null;
  const canvas = document.createElement("canvas");
  paint(canvas, picture.values, picture.rows, picture.columns, app.state.theme === "dark");
  return canvas.toDataURL();
}

function full({ shape, elements, size }: Numbers): { rows: number; columns: number; values: number[] } | null {
  if (!elements || size === 0) return null;
  const [rows, columns] = grid(shape, size);
  return { rows, columns, values: elements.map(real) };
}

function figures(app: App, array: Numbers): HTMLElement {
  const s = statistics(array);
  const entry = (name: string, value: string, broken = false) =>
    h("div", { class: broken ? "broken" : null }, h("dt", {}, name), h("dd", {}, value));
  const number = (value: number | null) => (value === null ? "–" : short(value, 4));
  return h(
    "dl",
    { class: "stats", "aria-label": app.t("statistics") },
    entry(app.t("min"), number(s.min)),
    entry(app.t("max"), number(s.max)),
    entry(app.t("mean"), number(s.mean)),
    entry(app.t("std"), number(s.std)),
    s.zero > 0 && entry(app.t("zeros"), String(s.zero)),
    s.nan > 0 && entry(app.t("nans"), String(s.nan), true),
    s.inf > 0 && entry(app.t("infs"), String(s.inf), true),
  );
}

/** An array with its numbers. */
export function arrayView(app: App, array: Numbers | null): HTMLElement {
  if (!array) return h("span", { class: "pendingbox" }, app.t("notKept"));
  const shape = shapeText(array.shape);
  if (array.size === 0) return h("span", { class: "quiet" }, `${shape} · ${app.t("empty")}`);
  const columns = array.shape.at(-1) ?? 1;
  if (array.elements && array.size <= IN_FULL && columns <= WIDE) return inFull(app, array);
  const picture = cells(array) ?? full(array);
  const { min, max } = statistics(array);
  return h(
    "figure",
    { class: "heat" },
    picture &&
      heatmap(
        app,
        picture.values,
        picture.rows,
        picture.columns,
        app.t("heatmap", { shape, min: min === null ? "–" : short(min, 3), max: max === null ? "–" : short(max, 3) }),
      ),
    h("figcaption", {}, `${shape} ${array.dtype}`, !picture && ` · ${app.t("notKept")}`, figures(app, array)),
    array.elements && array.size <= LISTED && h("details", {}, h("summary", {}, app.t("allNumbers", { n: array.size })), inFull(app, array)),
  );
}

/** A matrix of its own, such as a Jacobian. */
export function matrixView(app: App, elements: readonly Num[], columns: number, label: string): HTMLElement {
  const rows = Array.from({ length: elements.length / columns }, (_, i) => elements.slice(i * columns, (i + 1) * columns));
  if (rows.length <= WIDE && columns <= WIDE) return matrix(rows, label);
  return h("figure", { class: "heat" }, heatmap(app, elements.map(real), rows.length, columns, label), h("figcaption", {}, label));
}

/** The place of a number that is not there yet. */
export const pending = (app: App): HTMLElement => h("span", { class: "pendingbox" }, app.t("notYet"));
