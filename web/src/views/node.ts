/** One value of the graph: what it is, its numbers, its neighbours, its Jacobian. */

import type { App } from "../app";
import { h } from "../dom";
import { ancestors } from "../fold";
import { shapeText } from "../format";
import { spread } from "../numbers";
import type { LeftOut } from "../steps";
import { isOperation } from "../steps";
import { arrayView, matrixView, pending } from "./array";
import { barMath } from "./maths";
import type { Element_ } from "./parts";
import { excerpt, mathInline, nodeLink } from "./parts";
import { formulaBlock } from "./step";

const UNRECORDED = { no_grad: "underNoGrad", constant: "withoutDerivative", no_operand: "nothingNeeds" } as const;

/** A Jacobian with more entries than this is not drawn. */
const ENTRIES = 65_536;

function jacobian(app: App, node: number, operand: number): HTMLElement {
  const graph = app.graph!;
  const target = app.node(node).inputs[operand]!;
  const [out, by] = [app.label(node), app.label(target[0])];
  const missing = (why: string): HTMLElement => h("p", { class: "quiet" }, app.t("noJacobian", { why }));
  const to = graph.passes
    .flatMap((pass) => pass.steps)
    .filter((step) => step.node === node)
    .flatMap((step) => step.to)
    .find((t) => t.input === operand);
  const local = to && app.numbers(to.local);
  const shape = (slot: number | undefined): readonly number[] => app.model.avals[graph.slots[slot ?? -1] ?? -1]?.shape ?? [];
  const count = (s: readonly number[]): number => s.reduce((n, d) => n * d, 1);
  const [rows, columns] = [count(shape(app.node(node).outs[0])), count(shape(app.slot(target)))];
  if (!local?.elements) return missing(rows * columns > 256 ? app.t("tooLarge", { n: rows * columns }) : app.t("notKept"));
  if (local.size > ENTRIES || (to!.localKind === "diagonal" && local.size * columns > ENTRIES)) return missing(app.t("tooLarge", { n: rows * columns }));
  const elements = to!.localKind === "jacobian" ? local.elements : spread(local, shape(app.slot(target)));
  if (!elements) return missing(app.t("notKept"));
  const label = app.t("jacobianLayout", { out, in: by });
  return h("div", { "data-testid": "jacobian" }, matrixView(app, elements, columns, label), h("p", { class: "quiet", style: "font-size:12.5px;margin-top:6px" }, label));
}

/** The gradient of an earlier pass, where the present one does not come. */
function leftOut(app: App, { earlier, pass }: LeftOut): HTMLElement {
  return h(
    "div",
    { class: "leftout" },
    h("p", {}, app.t("leftOutText")),
    earlier && h("div", { class: "labelled" }, h("small", {}, app.t("passNumber", { i: pass })), arrayView(app, app.numbers(earlier.slot))),
  );
}

export function nodePanel(app: App): Element_[] {
  const { graph, state } = app;
  const index = state.selected;
  if (!graph || index === null) return [h("p", { class: "quiet" }, app.t("pickNode"))];
  const node = app.node(index);
  const slot = node.outs[0] ?? -1;
  const aval = app.model.avals[graph.slots[slot] ?? -1];
  const users = graph.nodes.flatMap((n, i) => (n.inputs.some(([j]) => j === index) ? [i] : []));
  const { computed } = app.moment;
  const arrived = app.moment.gradient([index, 0]);
  const { forward, backward, update } = app.stepOf(index);
  const written = app.moment.update(index);
  const names = { leaf: "input", constant: "constant", earlier: "constant", op: "operation", call: "operation" } as const;
  const fact = (name: string, ...value: (HTMLElement | string | false | null)[]) => [h("dt", {}, name), h("dd", {}, value)];
  const list = (nodes: number[]) => [...new Set(nodes)].slice(0, 24).flatMap((i, k) => [k > 0 ? ", " : "", nodeLink(app, i)]);
  const step = (i: number) => i >= 0 && h("button", { class: "button", type: "button", "data-k": `step${i}`, click: () => app.set({ step: i, tab: "step" }) }, app.t("gotoStep", { i }));
  const around = ancestors(graph, app.folded.blockOf[index]!).reverse();
  const compiled = around.find((b) => graph.blocks[b]!.compiled !== undefined);
  const out = app.moment.leftOut([index, 0]);
  const differentiable = isOperation(node) ? node.inputs.flatMap((_, i) => (graph.passes.some((p) => p.steps.some((s) => s.node === index && s.to.some((t) => t.input === i))) ? [i] : [])) : [];
  return [
    h("p", { class: "phase", style: "color:var(--quiet)" }, app.t(names[node.kind]), node.op && " · ", node.op),
    h("h2", { class: "mono" }, app.label(index)),
    excerpt(app, node.place),
    h(
      "dl",
      { class: "facts" },
      aval && fact(app.t("shape"), aval.shape.length ? shapeText(aval.shape) : app.t("scalar"), ` · ${aval.dtype}`),
      node.also && node.also.length > 0 && fact(app.t("alsoNamed"), node.also.join(", ")),
      around.length > 0 && fact(app.t("within"), ...around.flatMap((b, k) => [k > 0 && " › ", h("code", {}, app.block(b).title), app.block(b).type && ` ${app.block(b).type}`])),
      node.unrecorded && fact(app.t("recording"), app.t(UNRECORDED[node.unrecorded])),
      node.inputs.length > 0 && fact(app.t("from"), ...list(node.inputs.map(([i]) => i).filter((i) => i >= 0))),
      users.length > 0 && fact(app.t("usedBy"), ...list(users)),
    ),
    compiled !== undefined && h("p", { class: "quiet", "data-testid": "compiled" }, app.t("compiledText", { by: graph.blocks[compiled]!.compiled!, name: graph.blocks[compiled]!.name })),
    Math.max(forward, backward, update) >= 0 && h("div", { class: "sums" }, step(forward), step(backward), step(update)),
    h("h3", {}, app.t("value")),
    h("div", { "data-testid": "value" }, computed[index] ? arrayView(app, app.numbers(slot)) : pending(app)),
    written !== undefined && !app.isNone(written) && h("h3", {}, app.t("updated")),
    written !== undefined && !app.isNone(written) && h("div", { "data-testid": "updated" }, arrayView(app, app.numbers(written))),
    state.direction === "forward" && h("h3", {}, app.t("tangent")),
    state.direction === "forward" && (app.tangentSlot([index, 0]) === -1 ? h("span", { class: "scalar" }, "0") : arrayView(app, app.numbers(app.tangentSlot([index, 0])))),
    state.direction === "reverse" && h("h3", {}, arrived?.stored ? h("code", {}, ".grad") : app.t("gradient"), " ", mathInline(barMath(app.label(index)))),
    state.direction === "reverse" &&
      h(
        "div",
        { "data-testid": "gradient" },
        arrived || (app.without.has(index) && app.moment.passes > 0) ? (!arrived || app.isNone(arrived.slot) ? h("code", {}, "None") : arrayView(app, app.numbers(arrived.slot))) : out ? leftOut(app, out) : app.reached[index] ? pending(app) : h("span", { class: "quiet" }, app.t("noGradient")),
      ),
    ...formulaBlock(app, index),
    differentiable.length > 0 && h("h3", {}, app.t("jacobian")),
    differentiable.length > 0 &&
      h(
        "div",
        { class: "sums" },
        differentiable.map((i) =>
          h(
            "button",
            { class: "button", type: "button", "data-k": `jac${i}`, "aria-pressed": String(state.jacobian === i), click: () => app.set({ jacobian: state.jacobian === i ? null : i }) },
            app.t("jacobianOf", { out: app.label(index), in: app.label(node.inputs[i]![0]) }),
            // The operands of y * y have the same name.
            node.inputs.filter(([j]) => j === node.inputs[i]![0]).length > 1 && ` (${i + 1})`,
          ),
        ),
      ),
    state.jacobian !== null && jacobian(app, index, state.jacobian),
  ];
}
