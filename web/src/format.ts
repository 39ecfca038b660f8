/** Numbers as people read them. */

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function power(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((d) => SUPERSCRIPT[Number(d)]).join("");
  return `×10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/**
 * A number in few characters; `digits` significant ones at most, and no zeros at the end.
 *
 * A sign is U+2212, as wide as a plus.
 */
export function short(value: number, digits = 5): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return Object.is(value, -0) ? "−0" : "0";
  const size = Math.abs(value);
  let text: string;
  if (size >= 1e-4 && size < 10 ** Math.max(digits, 6)) {
    text = Number.isInteger(size) ? String(size) : String(Number(size.toPrecision(digits)));
  } else {
    const [mantissa = "", exponent = "0"] = size.toExponential(digits - 1).split("e");
    text = String(Number(mantissa)) + power(Number(exponent));
  }
  return value < 0 ? `−${text}` : text;
}

/** A number in at most that many characters, as far as two significant digits allow. */
export function fitting(value: number, characters: number): string {
  for (let digits = 5; digits > 2; digits--) {
    const text = short(value, digits);
    if (text.length <= characters) return text;
  }
  return short(value, 2);
}

/** All digits that tell a number from its neighbours, for tooltips and for copying. */
export function exact(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** A shape: `2×3`, or nothing for a scalar. */
export const shapeText = (shape: readonly number[]): string => shape.join("×");
