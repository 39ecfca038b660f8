/** Formulas: the recorder's MathML with the names or the numbers of a node in it. */

import type { App } from "../app";
import type { Num } from "../model";
import type { Numbers } from "../numbers";
import { numText } from "../numbers";

const NAMESPACE = "http://www.w3.org/1998/Math/MathML";

export function m(tag: string, ...children: (Element | string)[]): Element {
  const element = document.createElementNS(NAMESPACE, tag);
  element.append(...children);
  return element;
}

/** A name as mathematics: one letter slanted, words upright, v₃ with its index. `mark` draws something over what the index belongs to. */
export function nameMath(label: string, mark: (base: Element) => Element = (base) => base): Element {
  const numbered = /^(.+?)(₍?)([₀-₉]+)(₎?)$/.exec(label);
  if (numbered) {
    const digits = [...numbered[3]!].map((d) => d.charCodeAt(0) - "₀".charCodeAt(0)).join("");
    const index = m("mn", digits);
    return m("msub", mark(wordMath(numbered[1]!)), numbered[2] ? m("mrow", m("mo", "("), index, m("mo", ")")) : index);
  }
  if (/^[−-]?[\d.]+(×10.*)?$/.test(label)) return mark(m("mn", label));
  const indexed = /^([A-Za-z])_?(\d+)$/.exec(label);
  if (indexed) return m("msub", mark(m("mi", indexed[1]!)), m("mn", indexed[2]!));
  return mark(wordMath(label));
}

function wordMath(text: string): Element {
  const word = m("mi", text);
  if (text.length > 1) word.setAttribute("class", "word");
  return word;
}

function accented(base: Element, accent: string): Element {
  const over = m("mover", base, m("mo", accent));
  over.setAttribute("accent", "true");
  return over;
}

/** What has arrived at a value: its name under a bar. */
export const barMath = (label: string): Element =>
  nameMath(label, (base) => {
    if ((base.textContent ?? "").length < 3) return accented(base, "¯");
    // Fonts' bars do not stretch over words.
    base.setAttribute("class", "word barred");
    return base;
  });

/** Its derivative along a direction: its name under a dot. */
export const dotMath = (label: string): Element => nameMath(label, (base) => accented(base, "˙"));

/** ∂out/∂in */
export function partial(out: string, by: string): Element {
  return m("mfrac", m("mrow", m("mo", "∂"), nameMath(out)), m("mrow", m("mo", "∂"), nameMath(by)));
}

function numberMath(value: Num, alone: boolean): Element {
  const text = numText(value, 4);
  if (!text.startsWith("−")) return m("mn", text);
  const negative = m("mrow", m("mo", "−"), m("mn", text.slice(1)));
  (negative.firstChild as Element).setAttribute("form", "prefix");
  return alone ? negative : m("mrow", m("mo", "("), negative, m("mo", ")"));
}

/** Numbers that are few enough to stand in a formula: a scalar, a vector, a small matrix. */
export function fits(array: Numbers | null): array is Numbers {
  return array?.elements !== undefined && array?.elements !== null && array.size > 0 && array.size <= 12 && array.shape.length <= 2 && (array.shape.at(-1) ?? 1) <= 4;
}

export function arrayMath({ shape, elements }: Numbers, alone = false): Element {
  if (shape.length === 0) return numberMath(elements![0]!, alone);
  const columns = shape.at(-1)!;
  const rows: Element[] = [];
  for (let i = 0; i < elements!.length; i += columns) {
    rows.push(m("mtr", ...elements!.slice(i, i + columns).map((e) => m("mtd", numberMath(e, true)))));
  }
  return m("mrow", m("mo", "["), m("mtable", ...rows), m("mo", "]"));
}

/** The recorder's MathML, with something else in the place of each variable. */
export function substituted(mathml: string, put: (variable: string) => Element | null): Element {
  const holder = document.createElement("div");
  holder.innerHTML = `<math>${mathml}</math>`;
  for (const variable of holder.querySelectorAll("[data-v]")) {
    const instead = put(variable.getAttribute("data-v")!);
    if (instead) variable.replaceWith(instead);
  }
  const row = m("mrow");
  row.append(...holder.firstElementChild!.childNodes);
  return row;
}

/** A displayed formula, which may be broken before each part. `label` is what a screen reader says. */
export function maths(label: string, ...parts: (Element | null)[]): HTMLElement {
  const holder = document.createElement("div");
  holder.className = "maths";
  holder.setAttribute("role", "math");
  holder.setAttribute("aria-label", label);
  for (const part of parts) {
    if (!part) continue;
    const math = m("math", part);
    math.setAttribute("display", "block");
    holder.append(math);
  }
  return holder;
}

/** A part of a formula that begins with an equals sign. */
export const equal = (...parts: Element[]): Element => m("mrow", m("mo", "="), ...parts);


/** How the variables of a formula are shown: by name. */
export function byName(app: App, node: number): (variable: string) => Element | null {
  return (variable) => {
    if (variable === "out") return nameMath(app.label(node));
    if (variable === "ct") return barMath(app.label(node));
    const input = app.node(node).inputs[Number(variable)];
    return input ? nameMath(app.label(input[0])) : null;
  };
}

/** By their numbers, where these fit; by name otherwise. `cotangent` is the slot of what arrived. */
export function byNumber(app: App, node: number, cotangent = -1): (variable: string) => Element | null {
  const named = byName(app, node);
  return (variable) => {
    const { inputs, outs } = app.node(node);
    const input = inputs[Number(variable)];
    const slot = variable === "out" ? outs[0] : variable === "ct" ? cotangent : input && app.slot(input);
    const array = app.numbers(slot);
    if (variable === "n" && inputs[0]) {
      const size = app.numbers(app.slot(inputs[0]))?.size;
      return size === undefined ? null : m("mn", String(size));
    }
    return fits(array) ? arrayMath(array) : named(variable);
  };
}
