/** Colours for numbers: one hue below zero, one above, the page's ground at zero. */

export type Rgb = readonly [number, number, number];

export interface Scale {
  /** The magnitude that gets the full colour. */
  limit: number;
  dark: boolean;
}

/** Both directions differ in lightness and in hue (blue, orange), so that colour-blind readers tell them apart. */
const POSITIVE: readonly [Rgb, Rgb] = [[13, 95, 134], [120, 199, 233]];
const NEGATIVE: readonly [Rgb, Rgb] = [[176, 72, 16], [245, 164, 104]];
const GROUND: readonly [Rgb, Rgb] = [[247, 246, 242], [32, 38, 44]];
/** NaN and infinities are no colour of the scale. */
const BROKEN: readonly [Rgb, Rgb] = [[196, 30, 110], [255, 110, 180]];

/** The largest finite magnitude; 1 for arrays of nothing or of zeros. */
export function limitOf(values: Iterable<number>): number {
  let limit = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > limit && size < Infinity) limit = size;
  }
  return limit || 1;
}

export function color(value: number, { limit, dark }: Scale): Rgb {
  const theme = dark ? 1 : 0;
  if (!Number.isFinite(value)) return BROKEN[theme];
  const full = value < 0 ? NEGATIVE[theme] : POSITIVE[theme];
  // The square root shows small numbers beside large ones; a gradient's sizes spread over decades.
  const t = Math.sqrt(Math.min(1, Math.abs(value) / limit));
  const mix = (i: 0 | 1 | 2) => Math.round(GROUND[theme][i] + (full[i] - GROUND[theme][i]) * t);
  return [mix(0), mix(1), mix(2)];
}

export const css = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`;

function linear(channel: number): number {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

const luminance = ([r, g, b]: Rgb): number =>
  0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

/** The contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance). */
export function contrast(one: Rgb, other: Rgb): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Rows and columns to draw an array in: the last axis runs across, all others down. */
export function grid(shape: readonly number[], size: number): [rows: number, columns: number] {
  const columns = shape.at(-1) ?? 1;
  if (shape.length < 2) {
    // A long vector is wrapped, so that it has an area.
    if (size <= 32) return [1, Math.max(1, size)];
    const across = Math.ceil(Math.sqrt(size * 4));
    return [Math.ceil(size / across), across];
  }
  return [columns > 0 ? Math.round(size / columns) : 0, columns];
}
