/** Curves over iterations, as SVG paths. */

export interface Axis {
  low: number;
  high: number;
  log: boolean;
  ticks: number[];
}

/** Round numbers, three to six of them, over a range. */
export function ticks(low: number, high: number, count = 4): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * unit).find((s) => s >= rough)!;
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

/** An axis for values; logarithmic where all are positive and they span more than two decades. */
export function axis(values: readonly number[]): Axis {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (!Number.isFinite(v)) continue;
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low > high) return { low: 0, high: 1, log: false, ticks: [0, 1] };
  if (low > 0 && high / low > 100) {
    const first = Math.floor(Math.log10(low));
    const last = Math.ceil(Math.log10(high));
    const every = Math.max(1, Math.ceil((last - first) / 4));
    const marks: number[] = [];
    for (let e = first; e <= last; e += every) marks.push(10 ** e);
    return { low: 10 ** first, high: 10 ** last, log: true, ticks: marks };
  }
  if (low === high) {
    const room = Math.abs(low) || 1;
    return { low: low - room / 2, high: high + room / 2, log: false, ticks: [low] };
  }
  const room = (high - low) * 0.06;
  return { low: low - room, high: high + room, log: false, ticks: ticks(low, high) };
}

/** Where a value stands on an axis, 0 to 1. */
export function along(value: number, { low, high, log }: Axis): number {
  if (log) return (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low));
  return (value - low) / (high - low);
}

/**
 * The path of a curve in a box, the first value at the left.
 *
 * Values that are not finite leave a gap. A curve with many more points than pixels is drawn by the extremes of each
 * pixel, which looks the same.
 */
export function path(values: readonly number[], y: Axis, width: number, height: number): string {
  const last = Math.max(1, values.length - 1);
  const stride = Math.max(1, Math.floor(values.length / (2 * width)));
  let text = "";
  let pen = false;
  const point = (i: number): void => {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      pen = false;
      return;
    }
    text += `${pen ? "L" : "M"}${((i / last) * width).toFixed(1)} ${(height - along(value, y) * height).toFixed(1)}`;
    pen = true;
  };
  for (let i = 0; i < values.length; i += stride) {
    let low = i;
    let high = i;
    for (let j = i; j < Math.min(i + stride, values.length); j++) {
      if (!Number.isFinite(values[j]!)) {
        low = high = j;
        break;
      }
      if (values[j]! < values[low]!) low = j;
      if (values[j]! > values[high]!) high = j;
    }
    point(Math.min(low, high));
    if (low !== high) point(Math.max(low, high));
  }
  return text;
}
