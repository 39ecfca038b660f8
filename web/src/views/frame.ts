/** Unfolded blocks: a frame around what is in them, and a label that folds them again. */

import type { App } from "../app";
import { shortened } from "../card";
import { svg } from "../dom";
import type { Place } from "../layout";
import type { Drawn } from "./drawing";
import { across } from "./drawing";

const CHAR = 6.95;
const MARGIN = 8;
const HEIGHT = 13;

export const frame = ({ x, y, width, height }: Place): SVGGElement =>
  svg("g", { class: "frame" }, svg("rect", { x: x - width / 2, y: y - height / 2 - 8, width, height: height + 8, rx: 10 }));

/** Where a label is not crossed by a link: as far to the left as there is room. */
export function free(left: number, right: number, width: number, crossings: readonly number[]): number {
  const fits = (x: number): boolean => x + width <= right && crossings.every((c) => c < x - 4 || c > x + width + 4);
  return [left, ...crossings.map((c) => c + 6).sort((a, b) => a - b)].find((x) => x >= left && fits(x)) ?? left;
}

/** The label of a frame, over the links: what cannot go around it goes behind it. */
export function frameLabel(app: App, drawn: Drawn, block: number, close: () => void): SVGGElement {
  const { x, y, width, height } = drawn.layout.frames.get(String(block))!;
  const { title, type } = app.block(block);
  const { compiled, name } = app.graph!.blocks[block]!;
  const text = `− ${shortened(type ? `${title} · ${type}` : title, Math.max(6, Math.floor(width / 7.2) - 3))}`;
  const long = text.length * CHAR + MARGIN;
  // On the upper edge: inside there are arrows.
  const top = y - height / 2 - 8 - HEIGHT + 2;
  const [left, right] = [x - width / 2 + 4, x + width / 2 - 4];
  const crossings = drawn.ways.flatMap((way) => {
    const at = way[0]![1] > top + HEIGHT || way.at(-1)![1] < top ? undefined : across(way, top + HEIGHT / 2);
    return at === undefined || at < left || at > right ? [] : [at];
  });
  const start = free(left, right, long, crossings);
  return svg(
    "g",
    {
      class: "frame label",
      role: "button",
      tabindex: 0,
      "aria-label": app.t("fold", { name: type ? `${title} · ${type}` : title }),
      "aria-expanded": "true",
      click: close,
      keydown: ((event: KeyboardEvent) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }) as (event: never) => void,
    },
    compiled !== undefined && svg("title", {}, app.t("compiledText", { by: compiled, name })),
    svg("rect", { class: "plate", x: start, y: top, width: Math.min(long, width - 8), height: HEIGHT, rx: 5 }),
    svg("text", { x: start + 4, y: top + 10 }, text),
  );
}
