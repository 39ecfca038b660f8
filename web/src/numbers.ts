/** The numbers of the model, decoded. */

import { fitting, short } from "./format";
import type { ArrayValue, Aval, Graph, Large, Model, Num, Run } from "./model";

/** An array with its numbers, as far as they are in the page. */
export interface Numbers {
  shape: readonly number[];
  dtype: string;
  size: number;
  complex: boolean;
  /** All elements in C order; null where there is only a picture. */
  elements: readonly Num[] | null;
  large: Large | null;
}

const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

const isLarge = (value: ArrayValue): value is Large =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function numbers(value: ArrayValue, aval: Aval): Numbers {
  const complex = aval.dtype.startsWith("complex");
  const common = { shape: aval.shape, dtype: aval.dtype, size: count(aval.shape), complex };
  if (isLarge(value)) return { ...common, elements: null, large: value };
  // A complex scalar is a pair of numbers, as a real array of two elements is.
  const scalar = !Array.isArray(value) || (complex && aval.shape.length === 0 && !Array.isArray(value[0]) && value.length === 2);
  return { ...common, elements: scalar ? [value as Num] : (value as Num[]), large: null };
}

/** The numbers in a slot of a run; null where they were not kept or there is no such slot. */
export function slotNumbers(model: Model, graph: Graph, run: Run, slot: number | undefined): Numbers | null {
  if (slot === undefined || slot < 0) return null;
  const value = run.values[slot];
  const aval = model.avals[graph.slots[slot] ?? -1];
  return value === null || value === undefined || value === "None" || !aval ? null : numbers(value, aval);
}

/** A number for drawing: a complex one by its magnitude. */
export function real(value: Num): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (Array.isArray(value)) return Math.hypot(real(value[0]), real(value[1]));
  if (value === "nan") return NaN;
  if (value === "inf") return Infinity;
  if (value === "-inf") return -Infinity;
  return Number(value);
}

/** A number for reading. */
export function numText(value: Num, digits = 5): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) {
    const imaginary = numText(value[1], digits);
    return `${numText(value[0], digits)}${/^[−-]/.test(imaginary) ? "" : "+"}${imaginary}i`;
  }
  if (typeof value === "string" && /^-?\d+$/.test(value)) return value.replace("-", "−");
  return short(real(value), digits);
}

/** A number for a cell of that many characters. */
export const numFitting = (value: Num, characters: number): string =>
  typeof value === "number" ? fitting(value, characters) : numText(value, 3);

/** A number as Python would read it back. */
export function numExact(value: Num): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `(${numExact(value[0])}, ${numExact(value[1])})`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Whether both are the same in every bit that the page has. */
export function sameNum(a: Num, b: Num): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return sameNum(a[0], b[0]) && sameNum(a[1], b[1]);
  return Object.is(a, b);
}

export interface Statistics {
  min: number | null;
  max: number | null;
  mean: number | null;
  std: number | null;
  nan: number;
  inf: number;
  zero: number;
}

/** What stands under an array: of the finite elements, as the recorder counts for large ones. */
export function statistics(array: Numbers): Statistics {
  if (array.large) return array.large;
  const all = (array.elements ?? []).map(real);
  const finite = all.filter(Number.isFinite);
  const n = finite.length;
  const mean = n ? finite.reduce((s, v) => s + v, 0) / n : null;
  return {
    min: n ? Math.min(...finite) : null,
    max: n ? Math.max(...finite) : null,
    mean,
    std: mean === null ? null : Math.sqrt(finite.reduce((s, v) => s + (v - mean) ** 2, 0) / n),
    nan: all.filter(Number.isNaN).length,
    inf: all.filter((v) => Math.abs(v) === Infinity).length,
    zero: all.filter((v) => v === 0).length,
  };
}

/** The cells of a heat map, from the numbers or from the bytes of the picture. */
export function cells(array: Numbers): { rows: number; columns: number; values: number[] } | null {
  if (array.large) {
    const { heat } = array.large;
    if (!heat) return null;
    const bytes = atob(heat.cells);
    const values = Array.from(bytes, (byte) => {
      const code = byte.charCodeAt(0);
      return code === 255 ? NaN : heat.low + ((heat.high - heat.low) * code) / 254;
    });
    return { rows: heat.rows, columns: heat.columns, values };
  }
  return null;
}

/** The full Jacobian of an elementwise operation whose derivative is `local` in the shape of the result. */
export function spread(local: Numbers, operand: readonly number[]): Num[] | null {
  if (!local.elements) return null;
  const size = count(operand);
  const shape = local.shape;
  const strides: number[] = [];
  let stride = 1;
  for (let axis = operand.length - 1; axis >= 0; axis--) {
    strides[axis] = operand[axis] === 1 ? 0 : stride;
    stride *= operand[axis]!;
  }
  const pad = shape.length - operand.length;
  const out = Array<Num>(local.size * size).fill(0);
  local.elements.forEach((value, i) => {
    let rest = i;
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const index = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      if (axis >= pad) at += index * strides[axis - pad]!;
    }
    out[i * size + at] = value;
  });
  return out;
}
