import { describe, expect, it } from "vitest";

import { layout, type Box, type Frames, type Link } from "../src/layout";
import { layered, pooled } from "../src/layout/layered";
import { across } from "../src/views/drawing";
import { free } from "../src/views/frame";

const box = (id: number, parent?: string): Box => ({ id: String(id), width: 120, height: 60, parent });

/** A network: parameters of their own in each step, one long way through, a skip now and then. */
function network(count: number): [Box[], Link[]] {
  const boxes: Box[] = [];
  const links: Link[] = [];
  for (let i = 0; i < count; i++) {
    boxes.push(box(i));
    if (i % 3 !== 0 && i > 2) links.push({ from: String(i - 1 - (i % 3 === 1 ? 1 : 0)), to: String(i) });
    if (i % 3 === 1) links.push({ from: String(i - 1), to: String(i) });
    if (i % 30 === 2 && i > 30) links.push({ from: String(i - 30), to: String(i) });
  }
  return [boxes, links];
}

function overlaps({ boxes }: ReturnType<typeof layout>): number {
  const all = [...boxes.values()].sort((a, b) => a.y - b.y);
  let count = 0;
  all.forEach((a, i) => {
    for (const b of all.slice(i + 1, i + 60)) {
      if (Math.abs(a.x - b.x) < (a.width + b.width) / 2 - 1e-6 && Math.abs(a.y - b.y) < (a.height + b.height) / 2 - 1e-6) count++;
    }
  });
  return count;
}

describe.each([
  ["dagre", (boxes: Box[], links: Link[]) => layout(boxes, links)],
  ["the fast layout", (boxes: Box[], links: Link[]) => layered(boxes, links)],
])("%s", (_name, lay) => {
  it("puts every box below what it is computed from, none on another", () => {
    const [boxes, links] = network(90);
    const out = lay(boxes, links);
    expect(out.boxes.size).toBe(90);
    for (const { from, to } of links) expect(out.boxes.get(from)!.y).toBeLessThan(out.boxes.get(to)!.y);
    expect(overlaps(out)).toBe(0);
    for (const p of out.boxes.values()) {
      expect(p.x - p.width / 2).toBeGreaterThanOrEqual(-1e-6);
      expect(p.x + p.width / 2).toBeLessThanOrEqual(out.width + 1e-6);
      expect(p.y + p.height / 2).toBeLessThanOrEqual(out.height + 1e-6);
    }
  });

  it("gives each link a path from box to box, two links between the same boxes included", () => {
    const out = lay([box(0), box(1)], [{ from: "0", to: "1" }, { from: "0", to: "1" }]);
    expect(out.paths.map((p) => p.length >= 2)).toEqual([true, true]);
  });

  it("frames boxes of one parent", () => {
    const boxes = [box(0), box(1, "m"), box(2, "m"), box(3)];
    const out = lay(boxes, [{ from: "0", to: "1" }, { from: "1", to: "2" }, { from: "2", to: "3" }]);
    const frame = out.frames.get("m")!;
    for (const id of ["1", "2"]) {
      const p = out.boxes.get(id)!;
      expect(Math.abs(p.x - frame.x)).toBeLessThanOrEqual((frame.width - p.width) / 2);
      expect(Math.abs(p.y - frame.y)).toBeLessThanOrEqual((frame.height - p.height) / 2);
    }
  });
});

it("lays out 10,000 boxes in less than two seconds", { timeout: 60_000 }, () => {
  const [boxes, links] = network(10_000);
  let out = layout(boxes, links);
  // The best of a few: the machine may be busy with something else.
  let best = Infinity;
  for (let i = 0; i < 5 && best > 1500; i++) {
    const start = performance.now();
    out = layout(boxes, links);
    best = Math.min(best, performance.now() - start);
  }
  expect(best).toBeLessThan(2000);
  expect(out.boxes.size).toBe(10_000);
  expect(overlaps(out)).toBe(0);
});

/** Iterations that do not depend on one another, each of three boxes, all of which read box 0. */
function iterations(count: number): [Box[], Link[], Frames] {
  const boxes = [box(0)];
  const links: Link[] = [];
  for (let i = 0; i < count; i++) {
    const first = 1 + 3 * i;
    boxes.push(box(first, `i${i}`), box(first + 1, `i${i}`), box(first + 2, `i${i}`));
    links.push({ from: "0", to: String(first) }, { from: String(first), to: String(first + 1) }, { from: String(first + 1), to: String(first + 2) });
  }
  const frames = Array.from({ length: count }, (_, i) => `i${i}`);
  return [boxes, links, { outer: new Map(frames.map((f) => [f, "loop"])), after: new Map(frames.slice(1).map((f, i) => [f, frames[i]!])) }];
}

it.each([4, 100])("puts each of %i iterations below the one before, in frames that do not cover one another", (count) => {
  const [boxes, links, frames] = iterations(count);
  const out = layout(boxes, links, frames);
  expect(overlaps(out)).toBe(0);
  const loop = out.frames.get("loop")!;
  for (let i = 1; i < count; i++) {
    const [before, here] = [out.frames.get(`i${i - 1}`)!, out.frames.get(`i${i}`)!];
    expect(here.y - here.height / 2).toBeGreaterThanOrEqual(before.y + before.height / 2);
    expect(here.height).toBeLessThan(loop.height);
  }
  // Frames and their labels are within the picture.
  expect(loop.y - loop.height / 2).toBeGreaterThanOrEqual(20);
  expect(loop.y + loop.height / 2).toBeLessThanOrEqual(out.height + 1e-6);
  // What all iterations read does not draw a line through the whole picture to each of them.
  const far = links.flatMap(({ from, to }, i) => (from === "0" && Number(to) > 15 ? [out.paths[i]!.length] : []));
  expect(new Set(far)).toEqual(count > 8 ? new Set([1]) : new Set());
});

it("finds where a link crosses a line, and where a label has room", () => {
  const way: [number, number][] = [[0, 0], [100, 100], [100, 200]];
  expect(across(way, 50)).toBeCloseTo(50, 3);
  expect(across(way, 0)).toBeCloseTo(0, 3);
  expect(across(way, 150)).toBeCloseTo(100, 3);
  expect(across(way, 300)).toBeUndefined();
  expect(free(0, 200, 50, [])).toBe(0);
  expect(free(0, 200, 50, [20])).toBe(26);
  expect(free(0, 200, 50, [20, 40, 120])).toBe(46);
  // Where there is no room the label stands over the links.
  expect(free(0, 60, 50, [30])).toBe(0);
});

it("lays out nothing", () => {
  expect(layout([], []).width).toBe(0);
  expect(layered([], []).width).toBe(0);
});

it("pools places that would overlap around their mean", () => {
  expect(pooled([0, 0], [2])).toEqual([-1, 1]);
  expect(pooled([0, 10], [2])).toEqual([0, 10]);
  expect(pooled([5, 0, 1], [1, 1])).toEqual([1, 2, 3]);
});
