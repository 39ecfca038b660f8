import { describe, expect, it } from "vitest";

import { compare, distance, matched } from "../src/compare";
import type { Model } from "../src/model";
import { cells, numbers, numExact, numText, sameNum, slotNumbers, spread, statistics } from "../src/numbers";
import { GRAPH } from "./model";

const f32 = (...shape: number[]) => ({ shape, dtype: "float32" });

describe("numbers", () => {
  it("are scalars, lists or pictures", () => {
    expect(numbers(3, f32()).elements).toEqual([3]);
    expect(numbers([1, 2], f32(2)).elements).toEqual([1, 2]);
    expect(numbers([1, 2], { shape: [], dtype: "complex64" }).elements).toEqual([[1, 2]]);
    expect(numbers([[1, 2]], { shape: [1], dtype: "complex64" }).elements).toEqual([[1, 2]]);
    const large = { min: 0, max: 1, mean: 0.5, std: 0.5, nan: 0, inf: 0, zero: 1, heat: { rows: 1, columns: 3, low: 0, high: 254, cells: btoa("\x00\x7f\xff") } };
    expect(cells(numbers(large, f32(300)))!.values).toEqual([0, 127, NaN]);
    expect(statistics(numbers(large, f32(300))).mean).toBe(0.5);
  });

  it("keep what JSON has no number for", () => {
    expect(numText("nan")).toBe("NaN");
    expect(numText("-inf")).toBe("−∞");
    expect(numText(true)).toBe("True");
    expect(numText("9007199254740993")).toBe("9007199254740993");
    expect(numText([1, -2])).toBe("1−2i");
    expect(numExact(-0)).toBe("-0");
    expect(sameNum(0, -0)).toBe(false);
    expect(sameNum("nan", "nan")).toBe(true);
  });

  it("count only finite elements in statistics", () => {
    const s = statistics(numbers([1, "nan", 3, "inf", 0], f32(5)));
    expect(s).toMatchObject({ min: 0, max: 3, nan: 1, inf: 1, zero: 1 });
    expect(s.mean).toBeCloseTo(4 / 3);
  });

  it("are null where they were not kept", () => {
    const model = { avals: [f32()] } as unknown as Model;
    const run = { number: 0, values: [1, null] };
    const graph = { ...GRAPH, slots: [0, 0] };
    expect(slotNumbers(model, graph, run, 0)!.elements).toEqual([1]);
    expect(slotNumbers(model, graph, run, 1)).toBeNull();
    expect(slotNumbers(model, graph, run, -1)).toBeNull();
  });
});

describe("the Jacobian of an elementwise operation", () => {
  it("is diagonal", () => expect(spread(numbers([2, 3], f32(2)), [2])).toEqual([2, 0, 0, 3]));
  it("has a column for each element of a broadcast operand", () => {
    // out is 2 by 2; the operand is a row, a column, a scalar
    const local = numbers([1, 2, 3, 4], f32(2, 2));
    expect(spread(local, [2])).toEqual([1, 0, 0, 2, 3, 0, 0, 4]);
    expect(spread(local, [2, 1])).toEqual([1, 0, 2, 0, 0, 3, 0, 4]);
    expect(spread(local, [])).toEqual([1, 2, 3, 4]);
  });
});

describe("a comparison", () => {
  const model = { avals: [f32()] } as unknown as Model;
  const run = GRAPH.runs[0]!;

  it("finds nothing between equal runs", () => {
    expect(compare([model, GRAPH, run], [model, GRAPH, run])).toEqual({ differences: [], missing: 0 });
  });

  it("finds the first value that differs, and the gradient that does", () => {
    const values = run.values.map((v, i) => (i === 3 || i === 10 ? 99 : v));
    const { differences } = compare([model, GRAPH, run], [model, GRAPH, { ...run, values }]);
    expect(differences.map((d) => d.node)).toEqual([0, 3]);
    expect(differences[1]!.value).toBe(96);
  });

  it("finds what was written to a leaf, and numbers that only one page has are no difference", () => {
    const values = run.values.map((v, i) => (i === 13 ? 99 : i === 4 ? null : v));
    const { differences } = compare([model, GRAPH, run], [model, GRAPH, { ...run, values }]);
    expect(differences).toEqual([{ node: 0, other: 0, value: 0, gradient: 0, update: 86 }]);
  });

  it("matches graphs of different shapes by what their nodes are", () => {
    const other = { ...GRAPH, key: "other", nodes: [GRAPH.nodes[0]!, ...GRAPH.nodes.slice(2)] };
    expect(matched(GRAPH, other)).toEqual([0, -1, 1, 2, 3, 4]);
  });

  it("tells NaN from numbers, and one zero from the other", () => {
    const scalar = (v: number | "nan") => numbers(v, f32());
    expect(distance(scalar(1), scalar("nan"))).toBeNaN();
    expect(distance(scalar("nan"), scalar("nan"))).toBe(0);
    expect(distance(scalar(0), scalar(-0))).toBeGreaterThan(0);
    expect(distance(numbers([1], f32(1)), scalar(1))).toBeNaN();
    expect(distance(null, null)).toBe(0);
  });
});
