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

/** A name as mathematics: one letter slanted, words upright, v₃ with its index. */
export function nameMath(label: string): Element {
  const numbered = /^v([₀-₉]+)$/.exec(label);
  if (numbered) {
    const digits = [...numbered[1]!].map((d) => d.charCodeAt(0) - "₀".charCodeAt(0)).join("");
    return m("msub", m("mi", "v"), m("mn", digits));
  }
  if (/^[−-]?[\d.]+(×10.*)?$/.test(label)) return m("mn", label);
  const indexed = /^([A-Za-z])_?(\d+)$/.exec(label);
  if (indexed) return m("msub", m("mi", indexed[1]!), m("mn", indexed[2]!));
  const word = m("mi", label);
  if (label.length > 1) word.setAttribute("class", "word");
  return word;
}

/** What has arrived at a value: its name under a bar. */
export function barMath(label: string): Element {
  if (label.length > 2 && !label.startsWith("v")) {
    // Fonts' bars do not stretch over words.
    const word = nameMath(label);
    word.setAttribute("class", "word barred");
    return word;
  }
  const over = m("mover", nameMath(label), m("mo", "¯"));
  over.setAttribute("accent", "true");
  return over;
}

/** Its derivative along a direction: its name under a dot. */
export function dotMath(label: string): Element {
  const over = m("mover", nameMath(label), m("mo", "˙"));
  over.setAttribute("accent", "true");
  return over;
}

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
