/** The size of a node's card, which depends on shapes and names only: iterations do not move the graph. */

import type { App } from "./app";
import type { Aval } from "./model";
import { isOperation } from "./steps";

export const CHAR = 7.3;
export const LINE = 15;
const HEAD = 26;
const GAP = 6;
const LONGEST = 28;

export type Part = "value" | "gradient" | "tangent";

export interface Cell {
  part: Part;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Rows and columns of numbers; null for a picture. */
  rows: number | null;
  columns: number;
}

export interface Card {
  width: number;
  height: number;
  title: string;
  named: boolean;
  op: string;
  text: string;
  cells: Cell[];
}

export const shortened = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;

function cellSize(aval: Aval | undefined): Pick<Cell, "width" | "height" | "rows" | "columns"> {
  if (!aval) return { width: 76, height: 22, rows: 1, columns: 1 };
  const size = aval.shape.reduce((n, d) => n * d, 1);
  const wide = aval.dtype.startsWith("complex") ? 2 : 1;
  const columns = aval.shape.at(-1) ?? 1;
  const rows = columns > 0 ? size / columns : 0;
  if (size === 0) return { width: 76, height: 22, rows: 1, columns: 1 };
  if (rows <= 4 && columns <= 4) {
    const per = size === 1 ? 9 : 7;
    return { width: wide * columns * per * CHAR + 12, height: rows * LINE + 8, rows, columns };
  }
  return { width: 78, height: 40, rows: null, columns };
}

/** How a node is drawn. */
export function card(app: App, index: number, parts: readonly Part[]): Card {
  const node = app.node(index);
  const graph = app.graph!;
  const title = shortened(app.label(index), LONGEST);
  const op = isOperation(node) ? node.op : "";
  const text = node.text !== null && node.text !== title ? shortened(node.text, LONGEST + 4) : "";
  // A number in the program is its own name and needs no second line.
  if (app.isNumber(index)) parts = [];
  const size = cellSize(app.model.avals[graph.slots[node.outs[0] ?? -1] ?? -1]);
  const heading = title.length * 8.1 + (op ? 14 + op.length * 6.8 : 0) + 22;
  const beside = parts.length > 1 && 2 * size.width <= 190;
  const inner = Math.max(parts.length > 0 ? 92 : 24, heading - 20, text.length * 6.8, parts.length === 0 ? 0 : beside ? 2 * size.width + GAP : size.width);
  const y = HEAD + (text ? LINE : 0) + 2;
  const cells = parts.map((part, i): Cell => {
    const width = beside ? (inner - GAP) / 2 : inner;
    return {
      ...size,
      part,
      x: 10 + (beside ? i * (width + GAP) : 0),
      y: y + (beside ? 0 : i * (size.height + 4)),
      width,
    };
  });
  const last = cells.at(-1);
  return { width: inner + 20, height: last ? last.y + last.height + 10 : y, title, named: node.name !== null, op, text, cells };
}

/** The width of small text; Chinese characters are wide. */
const widthOf = (text: string): number => [...text].reduce((w, c) => w + (c > "⺀" ? 11.5 : 6.8), 0);

/** How a folded block is drawn. */
export function blockCard(app: App, block: number, operations: number): Card {
  const { blocks } = app.graph!;
  const { shape, kind } = blocks[block]!;
  const { title: full, type: op } = app.block(block);
  const same = blocks.filter((b) => b.shape === shape).length;
  const title = shortened(full, LONGEST + (kind === "loop" ? 16 : 0));
  const text = app.t("folded", { n: operations }) + (same > 1 && kind !== "iteration" ? ` · ${app.t("repeated", { n: same })}` : "");
  const width = Math.max(130, widthOf(title) * 1.2 + (op ? widthOf(op) + 14 : 0) + 46, widthOf(text) + 20);
  return { width, height: 66, title, named: true, op, text, cells: [] };
}
