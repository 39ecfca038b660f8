/** The graph: cards for values, curves for their ways, drawn only where one looks. */

import type { App, Changed } from "../app";
import type { Part } from "../card";
import { shortened } from "../card";
import { different } from "../compare";
import { h, refill, svg } from "../dom";
import { ancestors } from "../fold";
import { shapeText } from "../format";
import type { Place } from "../layout";
import { focus, isOperation } from "../steps";
import { cameraOf, FAR } from "./camera";
import { cellParts, describe, show } from "./cell";
import type { Drawn } from "./drawing";
import { drawing, STUB } from "./drawing";
import { frame, frameLabel } from "./frame";
import { legend } from "./legend";

export function graphView(app: App): { element: HTMLElement; update: (changed: Changed) => void } {
  const edges = svg("g");
  const frames = svg("g");
  const labels = svg("g");
  const nodes = svg("g");
  const far = svg("g", { "aria-hidden": "true" });
  const world = svg("g", {}, frames, edges, far, labels, nodes);
  const picture = svg("svg", { role: "group", "aria-label": app.t("graph"), "aria-describedby": "graph-help" }, world);
  const tools = h("div", { class: "tools", role: "toolbar", "aria-label": app.t("graph") });
  const legendOf = h("div", { class: "legend", "aria-hidden": "true" });
  const element = h(
    "section",
    { class: "graph", "aria-label": app.t("graph") },
    picture,
    tools,
    legendOf,
    h("p", { id: "graph-help", class: "sr" }, app.t("graphHelp")),
  );

  let drawn: Drawn;
  const camera = cameraOf(element, picture, () => cull());
  const shownNodes = new Map<string, SVGGElement>();
  const shownEdges = new Map<number, SVGGElement>();
  const shownFrames = new Map<string, SVGGElement>();
  const shownLabels = new Map<string, SVGGElement>();
  let marks = { matches: new Set<string>(), differs: new Set<number>(), now: new Set<string>(), links: new Set<string>(), tone: "" };

  const parts = (node: number): Part[] => {
    if (app.state.direction === "forward") return ["value", "tangent"];
    return app.reached[node] || app.without.has(node) ? ["value", "gradient"] : ["value"];
  };

  function lay(): void {
    drawn = drawing(app, parts);
    camera.hold(drawn.layout);
    for (const shown of [shownNodes, shownEdges, shownFrames, shownLabels]) {
      for (const part of shown.values()) part.remove();
      shown.clear();
    }
  }

  // --- one node ----------------------------------------------------------------------------------------------------

  function fillNode(id: string, g: SVGGElement): void {
    const { width, height, named, op, text, cells, ...heading } = drawn.cards.get(id)!;
    const block = id.startsWith("b") ? Number(id.slice(1)) : -1;
    // A number may be another in another run, such as a learning rate.
    const number = block < 0 && app.isNumber(Number.parseInt(id, 10));
    const title = number ? app.label(Number.parseInt(id, 10)) : heading.title;
    const classes = ["node"];
    if (marks.now.has(id)) classes.push("now", marks.tone);
    if (marks.matches.has(id)) classes.push("match");
    else if (marks.matches.size > 0) classes.push("dim");
    const background = [
      svg("rect", { class: "halo", x: -4, y: -4, width: width + 8, height: height + 8, rx: 12 }),
      svg("rect", { class: "card", width, height, rx: 8 }),
      svg("text", { class: "name", x: 10, y: 18 }, title),
    ];
    if (!named) (background[2] as SVGElement).setAttribute("style", "font-weight:400;font-style:italic");
    const opText = op && svg("text", { class: "op", x: width - 10, y: 18, "text-anchor": "end" }, op);
    if (block >= 0) {
      const box = app.folded.boxes.find((b) => b.id === id)!;
      const operations = box.members.filter((i) => isOperation(app.node(i)));
      const done = operations.filter((i) => app.moment.computed[i]).length;
      const wanted = box.members.filter((i) => app.reached[i]);
      const graded = wanted.filter((i) => app.moment.gradient([i, 0])).length;
      const bar = (y: number, share: number, part: Part) => [
        svg("rect", { class: "bar", x: 10, y, width: width - 20, height: 6, rx: 3 }),
        svg("rect", { x: 10, y, width: (width - 20) * share, height: 6, rx: 3, style: `fill:var(--${part === "value" ? "forward" : "backward"})` }),
      ];
      classes.push("group");
      if (done === 0 && operations.length > 0) classes.push("pending");
      if (box.members.some((i) => marks.differs.has(i))) classes.push("differs");
      g.setAttribute("aria-label", [[app.t("unfold", { name: title }), op].filter(Boolean).join(" "), text].join(app.t("comma")));
      g.setAttribute("aria-expanded", "false");
      refill(
        g,
        svg("rect", { class: "card", x: 4, y: 4, width, height, rx: 8 }),
        background,
        op && svg("text", { class: "op", x: width - 28, y: 18, "text-anchor": "end" }, op),
        svg("text", { class: "name", x: width - 12, y: 18, "text-anchor": "end" }, "+"),
        svg("text", { class: "chip", x: 10, y: 34 }, text),
        bar(42, operations.length ? done / operations.length : 1, "value"),
        app.state.direction === "reverse" && wanted.length > 0 && bar(52, graded / wanted.length, "gradient"),
      );
    } else {
      const index = Number.parseInt(id, 10);
      const node = app.node(index);
      if (!app.moment.computed[index]) classes.push("pending");
      if (node.kind === "leaf") classes.push("leaf");
      if (node.kind === "constant" || node.kind === "earlier") classes.push("constant");
      if (app.state.selected === index) classes.push("selected");
      if (marks.differs.has(index)) classes.push("differs");
      const shows = cells.map((cell) => show(app, index, cell.part));
      const words = cells.map((cell, i) => `${app.t(cell.part)} ${describe(app, shows[i]!)}`);
      g.setAttribute("aria-label", [app.label(index), op, text, ...words].filter(Boolean).join(app.t("comma")));
      g.setAttribute("aria-pressed", String(app.state.selected === index));
      refill(
        g,
        background,
        opText,
        text && svg("text", { class: "op", x: 10, y: 33 }, text),
        cells.map((cell, i) => cellParts(app, cell, shows[i]!)),
      );
    }
    const full = block >= 0 ? title : [app.label(Number.parseInt(id, 10)), app.node(Number.parseInt(id, 10)).text].filter(Boolean).join(" = ");
    g.append(svg("title", {}, full));
    g.setAttribute("class", classes.filter(Boolean).join(" "));
  }

  function makeNode(id: string): SVGGElement {
    const { x, y, width, height } = drawn.layout.boxes.get(id)!;
    const g = svg("g", {
      transform: `translate(${(x - width / 2).toFixed(1)} ${(y - height / 2).toFixed(1)})`,
      tabindex: 0,
      role: "button",
      "data-id": id,
    });
    fillNode(id, g);
    return g;
  }

  function activate(id: string): void {
    if (id.startsWith("b")) unfold(Number(id.slice(1)));
    else app.set({ selected: Number.parseInt(id, 10), tab: app.state.tab === "step" || app.state.tab === "node" ? "node" : app.state.tab });
  }

  function unfold(block: number): void {
    const folded = new Set(app.state.folded);
    folded.delete(block);
    app.set({ folded });
    const first = app.folded.boxes.find((box) => box.frame === String(block));
    if (first) {
      reveal(first.id, true);
      shownNodes.get(first.id)?.focus();
    }
  }

  function foldTo(folded: Set<number>): void {
    app.set({ folded });
    fit(false);
    tools.querySelector("button")?.focus();
  }

  function foldAgain(block: number): void {
    app.set({ folded: new Set([...app.state.folded, block]) });
    reveal(`b${block}`, true);
    shownNodes.get(`b${block}`)?.focus();
  }

  // --- links and frames --------------------------------------------------------------------------------------------

  /** Whether the operands that a link stands for are detached: nothing comes back by it. */
  const cut = (refs: readonly { to: number; operand: number }[]): boolean => refs.every(({ to, operand }) => app.node(to).cut?.includes(operand));

  function fillEdge(i: number, g: SVGGElement): void {
    const { from, to, refs } = app.folded.links[i]!;
    const on = marks.links.has(`${from} ${to}`) ? ` now ${marks.tone}` : "";
    (g.children[0] as SVGElement).setAttribute("class", `edge${on}${cut(refs) ? " quiet" : ""}`);
    (g.children[1] as SVGElement).setAttribute("class", `head${on}`);
  }

  function makeEdge(i: number): SVGGElement {
    const link = app.folded.links[i]!;
    const [x, y] = drawn.ends[i]!;
    const [from0, output] = link.refs[0]!.from;
    const aval = app.model.avals[app.graph!.slots[app.node(from0).outs[output] ?? -1] ?? -1];
    const shape = aval ? shapeText(aval.shape) : "";
    const more = new Set(link.refs.map((ref) => ref.from.join("."))).size;
    const [lx, ly] = drawn.middles[i]!;
    const stub = drawn.layout.paths[i]!.length < 2;
    const g = svg(
      "g",
      {},
      svg("path", { d: drawn.curves[i]! }),
      svg("path", { d: `M${x - 4} ${y - 7}h8l-4 7z` }),
      stub && svg("text", { class: "shape", x: x + 5, y: y - STUB + 8 }, shortened(app.label(from0), 14)),
      !stub && (shape || more > 1) && svg("text", { class: "shape", x: lx, y: ly }, shape + (more > 1 ? ` (${more})` : "")),
    );
    fillEdge(i, g);
    return g;
  }

  const makeFrame = (id: string): SVGGElement => frame(drawn.layout.frames.get(id)!);
  const makeLabel = (id: string): SVGGElement => frameLabel(app, drawn, Number(id), () => foldAgain(Number(id)));

  // --- what is in sight --------------------------------------------------------------------------------------------

  function cull(): void {
    const { view } = camera;
    world.setAttribute("transform", `translate(${view.x.toFixed(2)} ${view.y.toFixed(2)}) scale(${view.k.toFixed(4)})`);
    const s = camera.sight();
    const inside = ({ x, y, width, height }: Place): boolean =>
      x + width / 2 > s.left && x - width / 2 < s.right && y + height / 2 > s.top && y - height / 2 < s.bottom;
    const distant = view.k < FAR;
    nodes.style.display = edges.style.display = labels.style.display = distant ? "none" : "";

    const depth = (id: string): number => ancestors(app.graph!, Number(id)).length;
    const framed = [...drawn.layout.frames].flatMap(([id, place]) => (inside(place) ? [id] : []));
    framed.sort((a, b) => depth(a) - depth(b));
    sync(shownFrames, frames, framed, makeFrame);
    sync(shownLabels, labels, framed, makeLabel);
    const { boxes, links } = app.folded;
    if (distant) {
      drawFar(inside);
      return;
    }
    far.replaceChildren();
    sync(shownNodes, nodes, boxes.flatMap(({ id }) => (inside(drawn.layout.boxes.get(id)!) ? [id] : [])), makeNode);
    const near: number[] = [];
    links.forEach(({ from, to }, i) => {
      const b = drawn.layout.boxes.get(to)!;
      // Of a link too long to follow only the end is drawn: what all use would be in sight everywhere.
      const a = drawn.layout.paths[i]!.length < 2 ? b : drawn.layout.boxes.get(from)!;
      const half = (a.height + b.height) / 2;
      if (Math.max(a.y, b.y) + half < s.top || Math.min(a.y, b.y) - half > s.bottom) return;
      if (Math.max(a.x, b.x) + 400 < s.left || Math.min(a.x, b.x) - 400 > s.right) return;
      near.push(i);
    });
    sync(shownEdges, edges, near, makeEdge);
  }

  /** All boxes as a few paths: ten thousand of them are drawn at once. */
  function drawFar(inside: (place: Place) => boolean): void {
    const paths = { waiting: "", done: "", graded: "" };
    for (const { id, node, members } of app.folded.boxes) {
      const place = drawn.layout.boxes.get(id)!;
      if (!inside(place)) continue;
      const { x, y, width, height } = place;
      const last = members.at(-1) ?? node;
      const state = app.moment.gradient([node, 0]) ? "graded" : app.moment.computed[last] ? "done" : "waiting";
      paths[state] += `M${(x - width / 2).toFixed(0)} ${(y - height / 2).toFixed(0)}h${width.toFixed(0)}v${height.toFixed(0)}h-${width.toFixed(0)}z`;
    }
    refill(
      far,
      svg("path", { class: "edge", d: drawn.curves.join("") , style: `stroke-width:${1 / camera.view.k}` }),
      svg("path", { class: "far", d: paths.waiting }),
      svg("path", { class: "far done", d: paths.done }),
      svg("path", { class: "far graded", d: paths.graded }),
    );
  }

  function sync<K>(shown: Map<K, SVGGElement>, parent: SVGGElement, wanted: readonly K[], make: (key: K) => SVGGElement): void {
    const keep = new Set(wanted);
    for (const [key, part] of shown) {
      if (keep.has(key) || part.contains(document.activeElement)) continue;
      part.remove();
      shown.delete(key);
    }
    let before: Element | null = parent.firstElementChild;
    for (const key of wanted) {
      let part = shown.get(key);
      if (!part) {
        part = make(key);
        shown.set(key, part);
        parent.insertBefore(part, before);
      } else if (part === before) before = part.nextElementSibling;
    }
  }

  nodes.addEventListener("click", (event) => {
    const id = (event.target as Element).closest("[data-id]")?.getAttribute("data-id");
    if (id && camera.moved < 5) activate(id);
  });
  // Not on a part of the picture: what listens for the focus there would get it itself.
  element.addEventListener("focusin", (event) => {
    const id = (event.target as Element).getAttribute("data-id");
    if (id && (event.target as Element).matches(":focus-visible")) reveal(id, true);
  });
  nodes.addEventListener("keydown", (event) => {
    const id = (event.target as Element).getAttribute("data-id");
    if (!id) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      event.stopPropagation();
      activate(id);
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const up = event.key === "ArrowUp";
      const link = app.folded.links.find(({ from, to }) => (up ? to : from) === id);
      event.preventDefault();
      event.stopPropagation();
      if (!link) return;
      const next = up ? link.from : link.to;
      reveal(next, true);
      shownNodes.get(next)?.focus();
    }
  });

  /** The whole graph if it can be read so, else its top in full width. */
  const fit = (whole = true): void => {
    camera.fit(drawn.layout, whole);
    // In a wide graph what comes first is not in the middle.
    const first = [...drawn.layout.boxes.values()].reduce<Place | undefined>((top, place) => (top && top.y - top.height / 2 <= place.y - place.height / 2 ? top : place), undefined);
    if (first) camera.centre(first);
  };

  /** Bring a box into view. */
  function reveal(id: string, atOnce = false): void {
    const place = drawn.layout.boxes.get(id);
    if (place) camera.reveal(place, atOnce || app.state.playing);
  }

  // --- changes -----------------------------------------------------------------------------------------------------

  function mark(): void {
    const { nodes: current, links, tone } = focus(app.graph!, app.event);
    const box = (node: number): string => app.folded.boxOf[node]!;
    marks = {
      matches: new Set(app.found(app.graph, app.state.query).map(box)),
      differs: different(app),
      now: new Set(current.map(box)),
      links: new Set(links.map(([from, to]) => `${box(from)} ${box(to)}`)),
      tone: app.state.direction === "forward" ? "tang" : tone,
    };
  }

  function fillTools(): void {
    const button = (label: string, click: () => void, text = label) => h("button", { class: "button", type: "button", "aria-label": label, title: label, click }, text);
    const blocks = app.graph && app.graph.blocks.length > 0;
    refill(
      tools,
      blocks && app.state.folded.size > 0 && button(app.t("unfoldAll"), () => foldTo(new Set())),
      blocks && app.state.folded.size < app.graph.blocks.length && button(app.t("foldAll"), () => foldTo(new Set(app.graph!.blocks.keys()))),
      button(app.t("zoomOut"), () => camera.zoom(1 / 1.25), "−"),
      button(app.t("zoomIn"), () => camera.zoom(1.25), "+"),
      button(app.t("fit"), () => fit()),
    );
    refill(legendOf, legend(app));
  }

  function update(changed: Changed): void {
    if (!app.graph) return;
    const relay = changed("graph") || changed("model") || changed("folded") || changed("direction");
    if (relay) lay();
    if (relay || changed("folded")) fillTools();
    mark();
    if (changed("graph") || changed("model") || changed("direction")) fit(false);
    for (const [id, g] of shownNodes) fillNode(id, g);
    for (const [i, g] of shownEdges) fillEdge(i, g);
    if (relay || camera.view.k < FAR) cull();
    const [now] = focus(app.graph, app.event).nodes;
    if (changed("step") && now !== undefined) reveal(app.folded.boxOf[now]!);
    if (changed("selected") && app.state.selected !== null) reveal(app.folded.boxOf[app.state.selected]!);
    if (changed("query")) {
      const [first] = marks.matches;
      if (first !== undefined) reveal(first);
    }
  }

  const observer = new ResizeObserver(() => {
    if (!app.graph) return;
    if (started) cull();
    else {
      started = true;
      fit(false);
    }
  });
  let started = false;
  observer.observe(element);
  element.addEventListener("graph-key", (event) => {
    const key = (event as CustomEvent<string>).detail;
    if (key === "fit") fit();
    else camera.zoom(key === "in" ? 1.25 : 1 / 1.25);
  });
  return { element, update };
}
