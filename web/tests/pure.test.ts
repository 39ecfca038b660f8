import { describe, expect, it } from "vitest";

import { numbered } from "../src/app";
import { along, axis, path, ticks } from "../src/curve";
import { exact, shapeText, short } from "../src/format";
import { color, contrast, css, grid, limitOf } from "../src/heat";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [-0, "−0"],
    [1.5, "1.5"],
    [-2, "−2"],
    [1 / 3, "0.33333"],
    [123456, "123456"],
    [1234567, "1.2346×10⁶"],
    [1e-7, "1×10⁻⁷"],
    [NaN, "NaN"],
    [-Infinity, "−∞"],
  ])("%d is %s", (value, text) => expect(short(value)).toBe(text));

  it("are exact where it matters", () => {
    expect(Number(exact(0.1 + 0.2))).toBe(0.1 + 0.2);
    expect(exact(-0)).toBe("-0");
    expect(exact(Infinity)).toBe("inf");
  });

  it("come with shapes and sizes", () => {
    expect(shapeText([2, 3])).toBe("2×3");
    expect(shapeText([])).toBe("");
  });
});

describe("names of several values", () => {
  it("have an index, in parentheses where the program has such a name", () => {
    expect(numbered("y", 2, new Set(["y", "x"]))).toBe("y₂");
    expect(numbered("net.h", 10, new Set([null]))).toBe("net.h₁₀");
    expect(numbered("y", 2, new Set(["y", "y2"]))).toBe("y₍₂₎");
    expect(numbered("y", 2, new Set(["y_2"]))).toBe("y₍₂₎");
    expect(numbered("y", 12, new Set(["y2"]))).toBe("y₁₂");
  });
});

describe("heat maps", () => {
  it("have no colour at zero, full colour at the limit, and another for NaN", () => {
    for (const dark of [false, true]) {
      const scale = { limit: 2, dark };
      const zero = color(0, scale);
      expect(color(-0, scale)).toEqual(zero);
      expect(contrast(color(2, scale), zero)).toBeGreaterThan(4.5);
      expect(contrast(color(-2, scale), zero)).toBeGreaterThan(4.5);
      expect(color(3, scale)).toEqual(color(2, scale));
      expect(color(NaN, scale)).toEqual(color(Infinity, scale));
      expect(css(color(NaN, scale))).not.toBe(css(color(2, scale)));
    }
  });

  it("take their limit from finite numbers", () => {
    expect(limitOf([1, -3, Infinity, NaN])).toBe(3);
    expect(limitOf([])).toBe(1);
  });

  it("draw the last axis across", () => {
    expect(grid([4, 6], 24)).toEqual([4, 6]);
    expect(grid([2, 3, 5], 30)).toEqual([6, 5]);
    expect(grid([], 1)).toEqual([1, 1]);
    expect(grid([1000], 1000)[0]).toBeGreaterThan(8);
    expect(grid([3, 0], 0)).toEqual([0, 0]);
  });
});

describe("curves", () => {
  it("have round ticks", () => {
    expect(ticks(0, 1)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(ticks(3, 3)).toEqual([3]);
  });

  it("take a logarithm for a loss that falls by decades", () => {
    const y = axis([100, 1, 0.01]);
    expect(y.log).toBe(true);
    expect(along(1, y)).toBeCloseTo(0.5);
    expect(axis([1, -1]).log).toBe(false);
    expect(axis([NaN]).ticks).toEqual([0, 1]);
    expect(along(5, axis([5, 5]))).toBeCloseTo(0.5);
  });

  it("leave a gap for NaN and keep the extremes of many points", () => {
    expect(path([0, NaN, 1], axis([0, 1]), 100, 50).match(/M/g)).toHaveLength(2);
    const many = Array.from({ length: 100_000 }, (_, i) => (i === 77_777 ? 1 : 0));
    const text = path(many, axis(many), 300, 100);
    expect(text.length).toBeLessThan(20_000);
    expect(text).toContain(` ${(100 - along(1, axis(many)) * 100).toFixed(1)}`);
  });
});
