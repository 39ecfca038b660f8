/** The page: reads the model, builds the views, listens to keys. */

import "./style.css";

import type { Theme } from "./app";
import { App } from "./app";
import { h, refill } from "./dom";
import type { Language } from "./i18n";
import { preferred, text } from "./i18n";
import type { Page } from "./model";
import { barView } from "./views/bar";
import { graphView } from "./views/graph";
import { panelView } from "./views/panel";
import { sourceView } from "./views/source";
import { keyList } from "./views/step";
import { transportView } from "./views/transport";

const ALL = (): boolean => true;

/** What the reader chose earlier. A page in a sandboxed frame may not remember. */
const memory = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(`dualtape.${key}`);
    } catch {
      return null;
    }
  },
  set(key: string, value: string): void {
    try {
      localStorage.setItem(`dualtape.${key}`, value);
    } catch {
      // Then it holds until the page is closed.
    }
  },
};

function build(app: App, root: HTMLElement): void {
  app.clear();
  document.documentElement.lang = app.state.language === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset["theme"] = app.state.theme;
  const language = (): void => {
    const next: Language = app.state.language === "en" ? "zh" : "en";
    memory.set("language", next);
    app.set({ language: next, playing: false });
    build(app, root);
    document.getElementById("language")?.focus();
  };
  const theme = (): void => {
    const next: Theme = app.state.theme === "light" ? "dark" : "light";
    memory.set("theme", next);
    document.documentElement.dataset["theme"] = next;
    app.set({ theme: next });
  };
  const bar = barView(app, { language, theme });
  const source = sourceView(app);
  const graph = graphView(app);
  const panel = panelView(app);
  const transport = transportView(app);
  const skip = h("a", { class: "skip", href: "#panel" }, app.t("skip"));
  const none = !app.graph && h("section", { class: "graph" }, h("p", { style: "padding:24px" }, app.t("noGraphs")));
  const help = h("dialog", { class: "help", "aria-labelledby": "keys" }, h("h2", { id: "keys" }, app.t("keys")), keyList(app), h("button", { class: "button", type: "button", click: () => help.close() }, app.t("close")));
  refill(root, h("div", {}, skip, bar.element), h("main", { class: "main" }, source.element, none || graph.element, panel.element), transport.element, help);
  const views = app.graph ? [bar, source, graph, panel, transport] : [bar, source, panel, transport];
  for (const view of views) view.update(ALL);
  app.listen((changed) => {
    for (const view of views) view.update(changed);
  });

  const send = (detail: string): boolean => graph.element.dispatchEvent(new CustomEvent("graph-key", { detail }));
  const step = (by: number): void => app.set({ step: app.state.step + by, playing: false, tab: app.state.tab === "node" ? "step" : app.state.tab });
  const keys: Record<string, () => void> = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    Home: () => step(-Infinity),
    End: () => step(Infinity),
    " ": transport.toggle,
    "/": bar.search,
    f: () => send("fit"),
    "0": () => send("fit"),
    "+": () => send("in"),
    "=": () => send("in"),
    "-": () => send("out"),
    "[": () => app.set({ run: Math.max(0, app.state.run - 1) }),
    "]": () => app.set({ run: Math.min((app.graph?.runs.length ?? 1) - 1, app.state.run + 1) }),
    t: theme,
    "?": () => (help.open ? help.close() : help.showModal()),
  };
  document.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof HTMLElement || event.target instanceof SVGElement ? event.target : document.body;
    if (target.matches("input, select, textarea")) return;
    if (event.key === " " && target.closest("button, a, [role=button]")) return;
    const action = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!action || (help.open && event.key !== "?") || (!app.graph && event.key !== "t" && event.key !== "?")) return;
    event.preventDefault();
    action();
  };
}

/** The page's data: JSON, or `gzip:` and compressed JSON in base64. */
async function read(text: string): Promise<Page> {
  if (!text.startsWith("gzip:")) return JSON.parse(text) as Page;
  const bytes = Uint8Array.from(atob(text.slice("gzip:".length)), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(stream).json()) as Page;
}

async function start(): Promise<void> {
  const root = document.getElementById("app")!;
  const language = preferred(memory.get("language"), navigator.languages, location.hash);
  try {
    const page = await read((document.getElementById("model")!.textContent ?? "").trim());
    if (page.format !== 1) throw new Error(`format ${String(page.format)}`);
    const remembered = memory.get("theme");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const theme: Theme = remembered === "light" || remembered === "dark" ? remembered : dark.matches ? "dark" : "light";
    const app = new App(page, { language, theme });
    build(app, root);
    dark.addEventListener("change", () => {
      if (memory.get("theme") !== null) return;
      const next: Theme = dark.matches ? "dark" : "light";
      document.documentElement.dataset["theme"] = next;
      app.set({ theme: next });
    });
  } catch (error) {
    refill(root, h("p", { style: "padding:24px" }, text(language, "loadFailed", { why: String(error) })));
    throw error;
  }
}

void start();
