import { expect, it } from "vitest";

import { highlight } from "../src/python";

const kinds = (line: string): string[] => highlight([line])[0]!.map((t) => `${t.kind}:${t.text}`);

it("colours keywords, strings, numbers and comments", () => {
  expect(kinds("for i in x: # all")).toEqual(["keyword:for", "plain: ", "plain:i", "plain: ", "keyword:in", "plain: ", "plain:x", "plain:: ", "comment:# all"]);
  expect(kinds("f'a#b' + 1e-3")).toEqual(["string:f'a#b'", "plain: + ", "number:1e-3"]);
  expect(kinds("x1 = 值")).toEqual(["plain:x1", "plain: = ", "plain:值"]);
});

it("keeps strings in three quotes open over lines", () => {
  const lines = ['s = """one', "for two", 'three""" + 1'];
  expect(highlight(lines).map((l) => l.map((t) => t.kind))).toEqual([
    ["plain", "plain", "string", "string"],
    ["string"],
    ["string", "plain", "number"],
  ]);
});

it("loses no character", () => {
  const lines = ["x = '\\'' # é", "  '''", "", "a'''b", "print(f\"{x:.4f}\", 0x1F, .5)", "\t'unclosed"];
  expect(highlight(lines).map((l) => l.map((t) => t.text).join(""))).toEqual(lines);
});
