/** What the page promises about its texts and colours. */
import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { Rgb } from "../src/heat";
import { contrast } from "../src/heat";
import type { Key } from "../src/i18n";
import { causeText, LANGUAGES, preferred, text } from "../src/i18n";

const css = readFileSync(new URL("../src/style.css", import.meta.url), "utf8");

function theme(selector: string): Record<string, Rgb> {
  const block = css.slice(css.indexOf(selector)).split("}")[0]!;
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): #([\da-f]{6});/g)].map(([, name, hex]) => [name, [0, 2, 4].map((i) => parseInt(hex!.slice(i, i + 2), 16)) as unknown as Rgb]),
  );
}

describe.each([":root {", ':root[data-theme="dark"] {'])("the colours of %s", (selector) => {
  const c = theme(selector);
  // Text on its ground: WCAG 2.2 asks for 4.5.
  it.each([
    ["ink", "ground"], ["ink", "sheet"], ["ink", "sunken"], ["ink", "mark"], ["ink", "backward-soft"], ["ink", "bad-soft"],
    ["quiet", "ground"], ["quiet", "sheet"], ["quiet", "sunken"], ["quiet", "backward-soft"],
    ["forward", "sheet"], ["forward", "forward-soft"], ["forward", "mark"],
    ["backward", "sheet"], ["backward", "backward-soft"],
    ["tangent", "sheet"], ["tangent", "tangent-soft"], ["tangent", "mark"],
    ["good", "sheet"], ["good", "mark"], ["good", "good-soft"], ["quiet", "good-soft"], ["ink", "good-soft"], ["bad", "sheet"], ["bad", "forward-soft"], ["bad", "backward-soft"], ["focus", "sheet"],
  ])("%s on %s can be read", (text, ground) => expect(contrast(c[text]!, c[ground]!)).toBeGreaterThan(4.5));

  // What is no text, but has to be seen: 3.
  it.each([["line", "ground"], ["line", "sheet"], ["focus", "ground"], ["backward", "ground"], ["forward", "ground"]])(
    "%s on %s can be seen",
    (mark, ground) => expect(contrast(c[mark]!, c[ground]!)).toBeGreaterThan(3),
  );
});

describe("the texts", () => {
  const source = readFileSync(new URL("../src/i18n.ts", import.meta.url), "utf8");
  const keys = [...source.slice(0, source.indexOf("} as const")).matchAll(/^ {2}(\w+): "/gm)].map((m) => m[1] as Key);

  it("have the same fields in both languages", () => {
    expect(keys.length).toBeGreaterThan(100);
    const fields = (language: "en" | "zh", key: Key) => [...text(language, key).matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
    for (const key of keys) expect([key, fields("zh", key)]).toEqual([key, fields("en", key)]);
  });

  it("are Chinese in Chinese", () => {
    const same = keys.filter((key) => text("en", key) === text("zh", key));
    expect(same.sort()).toEqual(["infs", "jacobianOf", "nans", "stepOf"]);
    for (const key of keys) expect(text("zh", key)).not.toMatch(/[\u4e00-\u9fff][,:;?]/);
  });

  it("are joined by the marks of the language", () => {
    for (const key of ["colon", "comma", "semicolon", "stop"] as const) {
      expect(text("en", key)).toMatch(/^[:,;.] $/);
      expect(text("zh", key)).toMatch(/^[：，；。]$/);
    }
  });

  it("are filled in", () => expect(text("en", "stepCount", { i: 3, n: 7 })).toBe("Step 3 of 7"));

  it("begin in the reader's language", () => {
    expect(LANGUAGES).toEqual(["en", "zh"]);
    expect(preferred(null, ["zh-TW", "en"])).toBe("zh");
    expect(preferred(null, ["de", "en-GB", "zh"])).toBe("en");
    expect(preferred(null, ["fr"])).toBe("en");
    expect(preferred("zh", ["en"])).toBe("zh");
    expect(preferred("en", ["en"], "#zh")).toBe("zh");
    expect(preferred("zh", ["zh"], "#en")).toBe("en");
  });

  it("explain every cause of the gradient doctor in Chinese", () => {
    const verdict = readFileSync(new URL("../../src/dualtape/trust/verdict.py", import.meta.url), "utf8");
    const causes = [...verdict.matchAll(/^ {4}[A-Z_]+ = "(\w+)"/gm)].map((m) => m[1]!);
    expect(causes.length).toBeGreaterThan(20);
    for (const cause of causes) expect([cause, causeText("zh", cause)?.[0]]).toEqual([cause, expect.stringMatching(/./)]);
  });
});
