/** What a step does, with its numbers: the formula, the local derivative, what arrives, the product, where it is added. */

import type { App } from "../app";
import { h } from "../dom";
import { shapeText } from "../format";
import type { Contribution, Derivative, Formula, Pass, Ref, Step } from "../model";
import type { Numbers } from "../numbers";
import { real } from "../numbers";
import { arrayView } from "./array";
import { arrayMath, barMath, byName, byNumber, dotMath, equal, fits, m, maths, partial, substituted } from "./maths";
import type { Element_ } from "./parts";
import { excerpt, mathInline, nodeLink, row, sign } from "./parts";
import { updateSaid, updateStep } from "./update";

export const formulaOf = (app: App, node: number): Formula | undefined => app.model.formulas[app.node(node).formula ?? -1];

/** out = formula, with names and, where they are few, with numbers. */
export function formulaBlock(app: App, node: number): Element_[] {
  const formula = formulaOf(app, node);
  if (!formula) return [];
  const named = substituted(formula.mathml, byName(app, node));
  const { inputs, outs, params } = app.node(node);
  const result = app.numbers(outs[0]);
  const all = app.moment.computed[node] && inputs.length > 0 && inputs.every((ref) => fits(app.numbers(app.slot(ref))));
  return [
    h("h3", {}, app.t("formula")),
    maths(formula.text, named),
    params && params.length > 0 && h("p", { class: "quiet mono" }, params.map(([k, v]) => `${k} = ${v}`).join(", ")),
    all && fits(result) && h("h3", {}, app.t("withNumbers")),
    all && fits(result) && maths(formula.text, substituted(formula.mathml, byNumber(app, node))),
  ];
}

function operationStep(app: App, node: number): Element_[] {
  const { inputs, outs, op } = app.node(node);
  const forward = app.state.direction === "forward";
  const seen = new Set<number>();
  const operands = inputs.filter(([i]) => !seen.has(i) && seen.add(i));
  return [
    h("p", { class: `phase${forward ? " tang" : ""}` }, forward ? app.t("forwardMode") : app.t("forward")),
    h("h2", {}, app.t(forward ? "tangentStep" : "forwardStep", { op, name: app.label(node) })),
    excerpt(app, app.node(node).place),
    ...formulaBlock(app, node),
    operands.length > 0 && h("h3", {}, app.t("inputs")),
    operands.length > 0 && h("div", { class: "sums" }, operands.map((ref) => labelledNode(app, ref, app.slot(ref)))),
    h("h3", {}, app.t("result")),
    h("div", { class: "sums" }, outs.map((slot, i) => labelledNode(app, [node, i], slot))),
    ...(forward ? tangentRows(app, node) : []),
  ];
}

function labelledNode(app: App, [node, output]: Ref, slot: number): HTMLElement {
  const label = output > 0 ? `${app.label(node)} [${output}]` : app.label(node);
  return h("div", { class: "labelled" }, h("small", {}, output > 0 ? label : nodeLink(app, node)), arrayView(app, app.numbers(slot)));
}

function tangentValue(app: App, ref: Ref): HTMLElement {
  const slot = app.tangentSlot(ref);
  return slot === -1 ? h("span", { class: "scalar" }, "0") : arrayView(app, app.numbers(slot));
}

function tangentRows(app: App, node: number): Element_[] {
  const { inputs, outs } = app.node(node);
  const formula = formulaOf(app, node);
  const terms = inputs.flatMap(([i], operand) => {
    const local = formula?.derivatives[operand]?.local;
    return local && app.tangentSlot(inputs[operand]!) !== -1 ? [{ i, local }] : [];
  });
  // The derivative itself, since the two operands of y * y have the same name.
  const rule = terms.flatMap(({ i, local }, k) => {
    const factor = substituted(local.mathml, byName(app, node));
    const whole = local.text.trim().length > 2 ? m("mrow", m("mo", "("), factor, m("mo", ")")) : factor;
    return [...(k > 0 ? [m("mo", "+")] : []), m("mrow", whole, m("mo", "·"), dotMath(app.label(i)))];
  });
  return [
    h(
      "section",
      { class: "flow tang" },
      h("header", {}, app.t("tangent")),
      ...inputs
        .filter(([i], k) => inputs.findIndex(([j]) => j === i) === k)
        .map((ref) => row([app.t("incomingTangent", { name: app.label(ref[0]) })], "", tangentValue(app, ref))),
      terms.length > 0 && row([app.t("formula")], "", maths(app.t("tangent"), dotMath(app.label(node)), equal(...rule))),
      row([app.t("incomingTangent", { name: app.label(node) })], "accumulated", ...outs.map((_, i) => tangentValue(app, [node, i]))),
    ),
  ];
}

/** ∂out/∂x = formula = formula with numbers = numbers. */
function localDerivative(app: App, node: number, to: Contribution, derivative: Derivative | null | undefined): Element_[] {
  const local = app.numbers(to.local);
  const target = app.label(to.target[0]);
  const out = app.label(node);
  const lines: Element_[] = [];
  const expression = derivative?.local;
  const diagonal = fits(local) && to.localKind === "diagonal";
  if (expression) {
    const parts = [partial(out, target), equal(substituted(expression.mathml, byName(app, node)))];
    const readable = expression.reads.length > 0 && expression.reads.every((r) => fits(app.numbers(slotRead(app, node, r, -1))));
    const numeric = readable ? equal(substituted(expression.mathml, byNumber(app, node))) : null;
    const result = diagonal ? equal(arrayMath(local, true)) : null;
    if (numeric && numeric.textContent !== parts[1]!.textContent) parts.push(numeric);
    // ∂z/∂y = x = [3 4] is said once.
    if (result && result.textContent !== numeric?.textContent && result.textContent !== parts[1]!.textContent) parts.push(result);
    lines.push(maths(`∂${out}/∂${target} = ${expression.text}`, ...parts));
    if (local && !fits(local)) lines.push(arrayView(app, local));
  } else {
    if (!local) {
      const count = (slot: number): number => (app.model.avals[app.graph!.slots[slot] ?? -1]?.shape ?? []).reduce((n, d) => n * d, 1);
      return [h("p", { class: "quiet" }, app.t("notFormed", { n: count(app.node(node).outs[0] ?? -1) * count(app.slot(to.target)) }))];
    }
    const matrix = diagonal ? local : asMatrix(app, to, local);
    lines.push(maths(`∂${out}/∂${target}`, partial(out, target), fits(matrix) ? equal(arrayMath(matrix, true)) : null));
    if (!fits(matrix)) lines.push(arrayView(app, matrix));
  }
  return lines;
}

/** A Jacobian with a row for each element of the result. */
function asMatrix(app: App, to: Contribution, local: Numbers): Numbers {
  if (to.localKind !== "jacobian" || !local.elements) return local;
  const target = app.model.avals[app.graph!.slots[app.slot(to.target)] ?? -1];
  const columns = Math.max(1, target ? target.shape.reduce((n, d) => n * d, 1) : 1);
  return { ...local, shape: [local.size / columns, columns] };
}

/** The rule as a formula: what it adds to the operand's gradient. */
function ruleLine(app: App, node: number, to: Contribution, derivative: Derivative | null | undefined, cotangent: number): Element_ {
  const target = app.label(to.target[0]);
  const value = app.numbers(to.value);
  const product = app.numbers(to.product);
  const expression = derivative?.rule;
  const parts: Element[] = [];
  if (expression) {
    parts.push(substituted(expression.mathml, byName(app, node)));
    const readable = expression.reads.every((r) => fits(app.numbers(slotRead(app, node, r, cotangent))));
    const [arrived, local] = [app.numbers(cotangent), app.numbers(to.local)];
    // What arrived times the local derivative, as it was found above, where both are element by element.
    if (to.localKind === "diagonal" && fits(arrived) && fits(local) && arrived.shape.join() === local.shape.join()) {
      parts.push(equal(arrayMath(arrived)), m("mrow", m("mo", arrived.size === 1 ? "·" : "⊙"), arrayMath(local)));
    } else if (readable) parts.push(equal(substituted(expression.mathml, byNumber(app, node, cotangent))));
  } else parts.push(m("mrow", barMath(app.label(node)), m("mo", to.localKind === "diagonal" ? "⊙" : "·"), partial(app.label(node), target)));
  const shown = product ?? value;
  const result = fits(shown) ? equal(arrayMath(shown, true)) : null;
  return maths(expression?.text ?? app.t("product"), ...parts, result && result.textContent !== parts.at(-1)!.textContent ? result : null);
}

/** The slot that a variable of an expression stands for. */
function slotRead(app: App, node: number, variable: number | "out" | "ct", cotangent: number): number | undefined {
  if (variable === "ct") return cotangent;
  const { inputs, outs } = app.node(node);
  return variable === "out" ? outs[0] : inputs[variable] && app.slot(inputs[variable]);
}

function contribution(app: App, pass: Pass, node: number, step: Step, to: Contribution): HTMLElement {
  const target = to.target[0];
  const derivative = formulaOf(app, node)?.derivatives[to.input];
  const cotangent = step.cotangents[0] ?? -1;
  const [value, product] = [app.numbers(to.value), app.numbers(to.product)];
  const all = pass.steps.flatMap((s) => s.to).filter((t) => t.target[0] === target && t.target[1] === to.target[1]);
  const position = all.indexOf(to) + 1;
  const shown = product ?? value;
  const first = to.before < 0;
  return h(
    "section",
    { class: "flow", "data-towards": target },
    h("header", {}, app.t("towards", { name: "" }), nodeLink(app, target)),
    row([app.t("localDerivative")], "", ...localDerivative(app, node, to, derivative)),
    row(
      [app.t("product")],
      "product",
      ruleLine(app, node, to, derivative, cotangent),
      !fits(shown) && arrayView(app, shown),
      product && value && h("div", { class: "sums" }, sign("Σ →"), h("span", { class: "quiet" }, `${shapeText(product.shape)} → ${shapeText(value.shape) || app.t("scalar")}`), arrayView(app, value)),
    ),
    row(
      [app.t("addedTo", { name: app.label(target) }), all.length > 1 && h("span", {}, app.t("contribution", { i: position, n: all.length }))],
      "accumulated",
      h(
        "div",
        { class: "sums", "data-testid": "sum" },
        h("div", { class: "labelled" }, h("small", {}, app.t("before")), first ? h("span", { class: "pendingbox" }, app.t("nothingYet")) : arrayView(app, app.numbers(to.before))),
        sign("+"),
        h("div", { class: "labelled" }, h("small", {}, app.t("product")), arrayView(app, value)),
        sign("="),
        h("div", { class: "labelled after" }, h("small", {}, mathInline(barMath(app.label(target)))), arrayView(app, app.numbers(to.after))),
      ),
    ),
  );
}

function ruleStep(app: App, pass: Pass, step: Step): Element_[] {
  const node = step.node;
  const { op, inputs, cut: cuts = [] } = app.node(node);
  const targets = new Set(step.to.map((to) => to.input));
  const idle = inputs.filter(([i], k) => i >= 0 && !targets.has(k) && inputs.findIndex(([j]) => j === i) === k && !step.to.some((to) => to.target[0] === i));
  return [
    h("p", { class: "phase back" }, app.t("backward")),
    h("h2", {}, app.t("backwardStep", { op, name: app.label(node) })),
    excerpt(app, app.node(node).place),
    ...formulaBlock(app, node).slice(0, 2),
    h("h3", {}, app.t("incoming"), " ", mathInline(barMath(app.label(node)))),
    h(
      "div",
      { class: "sums", "data-testid": "incoming" },
      step.cotangents.map((slot, i) =>
        slot < 0
          ? step.cotangents.length > 1 && h("span", { class: "quiet" }, `[${i}] ${app.t("noGradient")}`)
          : h("div", { class: "labelled" }, step.cotangents.length > 1 && h("small", {}, `[${i}]`), arrayView(app, app.numbers(slot))),
      ),
    ),
    ...step.to.map((to) => contribution(app, pass, node, step, to)),
    ...idle.map(([i], k) => {
      const cut = cuts.includes(inputs.findIndex(([j]) => j === i));
      return h("p", { class: "quiet", "data-k": `idle${k}` }, app.t(cut ? "cutOff" : "notNeeded", { name: app.label(i) }));
    }),
  ];
}

const whyLink = (app: App): Element_ => app.model.why.length > 0 && h("button", { class: "link", type: "button", "data-k": "why", click: () => app.set({ tab: "why" }) }, app.t("tabWhy"));

/** What the end of a pass says of variables that got no gradient, or a NaN. */
function troubles(app: App, pass: Pass): Element_ {
  const none = app.model.why.filter(({ kind }) => kind === "none").map(({ name }) => name);
  const broken = pass.results.filter(({ gradient }) => (app.numbers(gradient)?.elements ?? []).some((e) => Number.isNaN(real(e)))).map(({ at }) => app.label(at[0]));
  if (none.length + broken.length === 0) return null;
  const list = (names: readonly string[]): string => [...new Set(names)].join(app.t("comma"));
  const said = [none.length > 0 && app.t("whyNoneTitle", { name: list(none) }), broken.length > 0 && app.t("whyNanTitle", { name: list(broken) })];
  return h("p", { "data-testid": "troubles" }, said.filter(Boolean).join(app.t("semicolon")), " ", whyLink(app));
}

function results(app: App, pass: Pass): Element_[] {
  return [
    h("p", { class: "phase back" }, app.t("backward")),
    h("h2", {}, app.t("endText")),
    excerpt(app, pass.place),
    troubles(app, pass),
    ...pass.results.map((result) =>
      h(
        "section",
        { class: "flow" },
        h("header", {}, nodeLink(app, result.at[0]), pass.kind === "backward" && h("code", {}, ".grad")),
        result.gradient < 0
          ? row([], "", h("p", {}, h("code", {}, "None"), " ", whyLink(app)))
          : result.gradBefore >= 0 && app.numbers(result.gradBefore)
            ? row(
                [app.t("sum")],
                "accumulated",
                h(
                  "div",
                  { class: "sums" },
                  h("div", { class: "labelled" }, h("small", {}, app.t("before")), arrayView(app, app.numbers(result.gradBefore))),
                  sign("+"),
                  arrayView(app, app.numbers(result.gradient)),
                  sign("="),
                  h("div", { class: "labelled after" }, h("small", {}, app.t("after")), arrayView(app, app.numbers(result.gradAfter))),
                ),
              )
            : row([], "accumulated", arrayView(app, app.numbers(result.gradient))),
      ),
    ),
  ];
}

const KEYS = [
  [["←", "→"], "keyStep"],
  [["Home", "End"], "keyEnds"],
  [["␣"], "keyPlay"],
  [["/"], "keySearch"],
  [["F"], "keyFit"],
  [["[", "]"], "keyRun"],
  [["T"], "keyTheme"],
  [["?"], "keyHelp"],
] as const;

/** The keys that the page listens to. */
export const keyList = (app: App): HTMLElement =>
  h("dl", { class: "keylist" }, KEYS.map(([keys, what]) => [h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, app.t(what))]));

/** Where a pass begins: all of its roots. */
const seedText = (app: App, { roots }: Pass): string =>
  app.t(roots.length > 1 ? "seedsText" : "seedText", { name: roots.map((r) => app.label(r.at[0])).join(app.t("comma")) });

/** The panel of the present step. */
export function stepPanel(app: App): Element_[] {
  const { graph, event } = app;
  if (!graph) return [];
  switch (event.kind) {
    case "operation":
      return operationStep(app, event.node);
    case "seed": {
      const pass = graph.passes[event.pass]!;
      return [
        h("p", { class: "phase back" }, app.t("backward")),
        h("h2", {}, seedText(app, pass)),
        excerpt(app, pass.place),
        h(
          "div",
          { class: "sums" },
          pass.roots.map((r) => h("div", { class: "labelled" }, h("small", {}, mathInline(barMath(app.label(r.at[0])))), arrayView(app, app.numbers(r.cotangent)))),
        ),
      ];
    }
    case "rule":
      return ruleStep(app, graph.passes[event.pass]!, graph.passes[event.pass]!.steps[event.step]!);
    case "results":
      return results(app, graph.passes[event.pass]!);
    case "update":
      return updateStep(app, graph.updates![event.update]!);
    default: {
      const leaves = graph.nodes.flatMap((node, i) => (node.kind === "leaf" ? [i] : []));
      const view = app.state.direction === "forward" ? app.tangents : undefined;
      return [
        h("h2", {}, app.t("start")),
        h("p", {}, app.t("startText")),
        view && view.leaf >= 0 && h("p", {}, app.t("alongText", { name: app.label(view.leaf) })),
        view && view.leaf >= 0 && h("div", { class: "sums" }, h("div", { class: "labelled" }, h("small", {}, mathInline(dotMath(app.label(view.leaf)))), arrayView(app, app.numbers(view.direction)))),
        leaves.length > 0 && h("h3", {}, app.t("input")),
        leaves.length > 0 && h("div", { class: "sums" }, leaves.slice(0, 12).map((i) => labelledNode(app, [i, 0], app.node(i).outs[0] ?? -1))),
        h("h3", {}, app.t("keys")),
        keyList(app),
      ];
    }
  }
}

/** One sentence about the step, for screen readers. */
export function stepSentence(app: App): string {
  const { graph, event, state } = app;
  if (!graph) return "";
  const at = (...what: string[]): string => app.t("stepCount", { i: state.step, n: app.events.length - 1 }) + app.t("colon") + what.join(app.t("stop"));
  switch (event.kind) {
    case "operation":
      return at(app.t(state.direction === "forward" ? "tangentStep" : "forwardStep", { op: app.node(event.node).op, name: app.label(event.node) }));
    case "seed":
      return at(seedText(app, graph.passes[event.pass]!));
    case "rule": {
      const step = graph.passes[event.pass]!.steps[event.step]!;
      const targets = [...new Set(step.to.map((to) => app.label(to.target[0])))];
      const title = app.t("backwardStep", { op: app.node(step.node).op, name: app.label(step.node) });
      return at(title, targets.map((name) => app.t("towards", { name })).join(app.t("comma")));
    }
    case "results":
      return at(app.t("endText"));
    case "update":
      return at(updateSaid(app, graph.updates![event.update]!));
    default:
      return app.t("start") + app.t("stop") + app.t("startText");
  }
}
